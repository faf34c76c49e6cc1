"""What will be sent. The key is not part of it: a client gets it separately, at the moment of sending."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from coderapp.core import parameters
from coderapp.core.conversation import Conversation
from coderapp.core.message import JsonValue, Message, Role, TextPart, ToolCallPart, ToolResultPart
from coderapp.core.profile import Profile, ProfileKind


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """`messages` begin with the system prompt, if there is one. `parameters` holds, by table name, exactly what is
    sent of the table; `model` is "" where the server's default applies; `stream` says whether a stream is asked for.
    """

    profile: Profile
    messages: tuple[Message, ...]
    parameters: dict[str, JsonValue] = field(default_factory=dict)
    model: str = ""
    stream: bool = False


def request_for(conversation: Conversation, profile: Profile, messages: tuple[Message, ...]) -> GenerationRequest:
    """The request that asks for an answer to `messages` with the conversation's settings. Raises ParameterError.

    Of `messages`, only the `sendable` ones go out. A conversation's own `stream` and `model` win over the profile's;
    the profile's `stream` is sent only where it is on.
    """
    values = parameters.sent(conversation.parameters, profile.kind)
    model = str(values.pop("model", "")) or (profile.model if profile.kind is not ProfileKind.PIXLAB else "")
    if "stream" not in values and profile.stream:
        values["stream"] = True
    if conversation.system_prompt.strip():
        system = Message("system", Role.SYSTEM, (TextPart(conversation.system_prompt),))
        messages = (system, *messages)
    return GenerationRequest(profile, sendable(messages), values, model, values.get("stream") is True)


def sendable(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Without what servers refuse: tool calls that were never answered, and answers in which nothing came."""
    answered = {part.call_id for message in messages for part in message.parts if isinstance(part, ToolResultPart)}
    kept = []
    for message in messages:
        parts = tuple(part for part in message.parts if not isinstance(part, ToolCallPart) or part.id in answered)
        if parts or message.role is not Role.ASSISTANT:
            kept.append(message if len(parts) == len(message.parts) else replace(message, parts=parts))
    return tuple(kept)
