"""What a turn does with the conversation: asks, thanks, wants it again, shorter, explained …"""

from __future__ import annotations

import re
from enum import StrEnum

_LONGEST = 120
"""Characters; what is longer asks for something."""


class Act(StrEnum):
    ASK = "ask"  # for code
    NOTHING = "nothing"  # it is empty
    GREET = "greet"
    THANK = "thank"
    WHO = "who"  # asks what this is and what it can do
    AGAIN = "again"
    OTHER = "other"  # another answer to the same wish
    SHORTER = "shorter"
    LONGER = "longer"
    CODE_ONLY = "code-only"
    EXPLAIN = "explain"

    @property
    def needs_answer(self) -> bool:
        """Whether it is said of an earlier answer."""
        return self in (Act.AGAIN, Act.OTHER, Act.SHORTER, Act.LONGER, Act.CODE_ONLY, Act.EXPLAIN)


def _spaced(*alternatives: str) -> str:
    """One of the phrases; a space stands for any white space."""
    return "(?:" + "|".join(alternatives).replace(" ", r"\s+") + ")"


_SMALL = _spaced(
    "please", "pls", "bitte", "you", "very much", "so much", "a lot", "that", "it", "this", "was", "is",
    "very", "really",
    "then", "now", "for (?:that|this|it|the help|your help)",
)  # fmt: skip
_TAIL = rf"(?:\W*{_SMALL})*"


def _whole(*alternatives: str, more: str = "") -> str:
    """The whole turn is one of the phrases, with small words after it."""
    return rf"^\W*{_spaced(*alternatives)}{more}{_TAIL}\W*$"


def _within(*alternatives: str) -> str:
    """A short turn has one of the phrases in it."""
    return rf"^.{{0,24}}\b{_spaced(*alternatives)}\b.{{0,24}}$"


_PRAISE = _spaced(
    "thanks?",
    "thank you",
    "great",
    "perfect",
    "nice",
    "cool",
    "job",
    "work",
    "one",
    "answer",
    "looks? (?:good|great|nice)",
)
_LEAD = _spaced("and", "ok", "now", "give me", "show me", "i want", "can i have", "try", "do", "have you(?: got)?")
_KIND = _spaced("one", "version", "variant", "design", "style", "example", "solution", "idea", "approach")

_PATTERNS: tuple[tuple[Act, str], ...] = (
    (
        Act.THANK,
        _whole(
            "(?:many )?thanks?", "thank you", "thx", "ty", "cheers", "danke(?: schön| sehr)?", "merci", "great",
            "perfect", "nice", "cool", "awesome", "ok(?:ay)?", "good(?: job)?", "well done", "excellent", "wonderful",
            "super", "lovely",
            more=rf"(?:\W*(?:{_PRAISE}|{_SMALL}))*",
        ),
    ),
    (
        Act.GREET,
        _whole(
            "hi", "hello", "hey", "hallo", "howdy", "servus", "bonjour", "hola",
            "good (?:morning|day|evening|afternoon)",
            more=r"(?:\s+(?:there|you|all|everyone))?",
        ),
    ),
    (
        Act.WHO,
        _whole(
            "(?:so )?(?:who|what) are you", "what (?:can|do) you (?:do|know|have|offer)(?: for me)?", "help(?: me)?",
            "what is this", "which model (?:is this|are you)", "(?:show|list)(?: me)? (?:everything|all(?: snippets)?)",
            "examples?", r"\?+",
        ),
    ),
    (
        Act.AGAIN,
        _whole(
            "(?:once |and )?again", "repeat(?: that)?", "once more", "one more time", "same again", "regenerate",
            "retry",
            "try again", "(?:show|do|give|write)(?: me)? (?:it|that|me|this) (?:again|once more)",
            "nochmals?", "noch mal", "encore",
        ),
    ),
    (
        Act.OTHER,
        r"^\W*(?:" + _LEAD + r"\s+)*(?:an?\s+|the\s+|some\s+)?" + _spaced(
            f"(?:completely )?(?:another|different|other|alternative|next|new)(?: {_KIND})?",
            "something (?:else|different|new)",
            "alternatives?", "anything else", "more(?: like (?:this|that))?",
        ) + _TAIL + r"\W*$",
    ),
    (
        Act.SHORTER,
        _within(
            "shorter", "shorten", "simpler", "simplify", "smaller", "more compact", "less code", "fewer lines",
            "minimal",
            "kürzer", "einfacher",
        ),
    ),
    (
        Act.LONGER,
        _within(
            "longer", "more (?:detail(?:ed|s)?|complete|code|elaborate)", "extend(?:ed)?", "länger", "ausführlicher",
        ),
    ),
    (Act.CODE_ONLY, _within("(?:just|only) (?:the )?code", "code only", "(?:no|without)(?: the)? explanations?")),
    (
        Act.EXPLAIN,
        r"^\W*" + _spaced(
            "(?:please |can you |could you |now )*(?:explain|describe)"
            "(?: (?:it|this|that|how|what|the code|to me|please).{0,40})?",
            "how does (?:it|this|that) work", "what does (?:it|this|that)(?: code)? do",
        ) + r"\W*$",
    ),
)  # fmt: skip


def act_of(text: str, *, answered: bool) -> Act:
    """What a turn does. `answered`: an answer came before, to which it may refer."""
    if not text.strip():
        return Act.NOTHING
    if len(text) > _LONGEST:
        return Act.ASK
    act = next((act for act, pattern in _PATTERNS if re.search(pattern, text, re.IGNORECASE)), Act.ASK)
    return Act.ASK if act.needs_answer and not answered else act
