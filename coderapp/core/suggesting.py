"""A title for a conversation, asked of the endpoint: what is sent, and what is made of the reply."""

from __future__ import annotations

import re

from coderapp.core.conversation import UNTITLED, Conversation, title_from
from coderapp.core.message import FinishReason, Message, Role, TextPart
from coderapp.core.profile import Profile, ProfileKind
from coderapp.core.request import GenerationRequest

PROMPT_SENT = 1_500
"""Characters of the prompt that are sent."""

ANSWER_SENT = 500
"""Characters of the answer that are sent."""

MAX_TOKENS = 64
"""Tokens that a title may have; room for a reply that says a little more than it was asked for."""

LONGEST_REPLY = 4_000
"""Characters of a reply; one that goes on is given up."""

_ASKED = (
    "Write a title of at most six words for the conversation that begins below. Use its language. "
    "Reply with the title only.\n\nPrompt:\n{prompt}\n\nAnswer:\n{answer}"
)

_THOUGHTS = re.compile(r"<(think|thinking|thought|reasoning)>.*?(</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_LABEL = re.compile(r"^(?:chat |conversation )?(?:title|titel|titre|título|titolo)\s*[:：]", re.IGNORECASE)
_CLOSING = dict(zip("\"'“„‘«»「『_*", ('"', "'", "”", "“”", "’", "»", "«", "」", "』", "_", "*"), strict=True))
"""What ends what was begun around a whole line."""


def wants_title(conversation: Conversation) -> Message | None:
    """The answer that a title may be asked for with: the first that ended well, in a conversation of one prompt which
    the user did not name. None where there is none.
    """
    if conversation.titled_by_user or conversation.origin or conversation.read_only:
        return None
    messages = list(conversation.messages.values())[:20]
    if len(conversation) > len(messages) or sum(message.role is Role.USER for message in messages) != 1:
        return None
    ended = [message for message in messages if message.role is Role.ASSISTANT and _ended_well(message)]
    return ended[0] if len(ended) == 1 else None


def _ended_well(message: Message) -> bool:
    finish = message.generation.finish if message.generation else None
    return finish in (FinishReason.STOP, FinishReason.LENGTH) and bool(message.text.strip())


def can_suggest(profile: Profile) -> bool:
    """The built-in model completes code; it knows nothing of titles."""
    return profile.kind is not ProfileKind.BUILT_IN


def title_request(conversation: Conversation, profile: Profile, answer: Message) -> GenerationRequest:
    """The beginnings of prompt and answer, the model of the conversation and a bound on the reply; nothing else: no
    files, no system prompt, none of the parameters that were set.
    """
    prompt = next(message for message in conversation.path_to(answer.id) if message.role is Role.USER)
    asked = _ASKED.format(prompt=prompt.text.strip()[:PROMPT_SENT], answer=answer.text.strip()[:ANSWER_SENT])
    model = str(conversation.parameters.get("model", "")) or (
        profile.model if profile.kind is not ProfileKind.PIXLAB else ""
    )
    message = Message("title", Role.USER, (TextPart(asked),))
    return GenerationRequest(profile, (message,), {"max_tokens": MAX_TOKENS}, model)


def title_of_reply(reply: str) -> str:
    """The title in a reply: its first line with words, without what models put around it; "" where there is none."""
    for line in _THOUGHTS.sub("\n", reply[:LONGEST_REPLY]).splitlines():
        if line.lstrip().startswith("```"):
            continue
        title = title_from(_bare(_LABEL.sub("", _bare(line))))
        if title != UNTITLED and any(character.isalnum() for character in title):
            return title
    return ""


def _bare(words: str) -> str:
    """Without marks of Markdown, quotes around all of it, and a full stop."""
    words = words.replace("`", "").replace("**", "")
    while True:
        before = words
        words = words.strip().lstrip("#>*").strip()
        if len(words) > 1 and words[-1] in _CLOSING.get(words[0], ""):
            words = words[1:-1]
        if words.endswith(".") and not words.endswith(("..", "etc.")):
            words = words[:-1]
        if words == before:
            return words
