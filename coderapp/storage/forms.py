"""The JSON shapes of a message for msgspec, which is imported with this module, and only with it.

Strict on reading: whatever does not fit exactly goes through `coderapp.storage.lenient`, which is slower and forgives.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import cast

import msgspec

from coderapp.core.errors import Problem, Remedy
from coderapp.core.message import (
    FilePart,
    FinishReason,
    Generation,
    JsonValue,
    Message,
    Part,
    ReasoningPart,
    Role,
    TextPart,
    TokenLogprob,
    TokenUsage,
    ToolCallPart,
    ToolResultPart,
)

UNIX_TIME_DIGITS = 3
DURATION_DIGITS = 4


class TextForm(msgspec.Struct, tag_field="type", tag="text", gc=False, forbid_unknown_fields=True):
    text: str


class ReasoningForm(msgspec.Struct, tag_field="type", tag="reasoning", gc=False, forbid_unknown_fields=True):
    text: str


class ToolCallForm(msgspec.Struct, tag_field="type", tag="tool_call", gc=False, forbid_unknown_fields=True):
    id: str
    name: str
    arguments: str


class ToolResultForm(msgspec.Struct, tag_field="type", tag="tool_result", gc=False, forbid_unknown_fields=True):
    call_id: str
    name: str
    content: str


class FileForm(msgspec.Struct, tag_field="type", tag="file", gc=False, forbid_unknown_fields=True):
    name: str
    media_type: str
    text: str


PartForm = TextForm | ReasoningForm | ToolCallForm | ToolResultForm | FileForm


class UsageForm(msgspec.Struct, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    input_tokens: int | None = None
    output_tokens: int | None = None


class ProblemForm(msgspec.Struct, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    kind: str = ""
    sentence: str = ""
    advice: str = ""
    remedy: Remedy = Remedy.NONE
    raw: str = ""
    parameter: str | None = None


LogprobRow = tuple[str, float, Sequence[tuple[str, float]]]


class GenerationForm(msgspec.Struct, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    profile: str = ""
    model: str = ""
    parameters: dict[str, object] = {}
    usage: UsageForm | None = None
    started: float = 0.0
    first_token_after: float | None = None
    duration: float | None = None
    finish: FinishReason | None = None
    problem: ProblemForm | None = None
    reply_id: str = ""
    logprobs: list[LogprobRow] | None = None


class MessageForm(msgspec.Struct, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """`parent` is "" for a first message; `created` is Unix time in seconds."""

    id: str
    parent: str
    role: Role
    created: float
    parts: list[PartForm]
    generation: GenerationForm | None = None


decode_messages = msgspec.json.Decoder(list[MessageForm]).decode
decode_message = msgspec.json.Decoder(MessageForm).decode
decode_pieces = msgspec.json.Decoder(list[msgspec.Raw]).decode
decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
decode_any = msgspec.json.Decoder().decode
encode = msgspec.json.Encoder().encode
to_plain = msgspec.to_builtins


def generation_form(generation: Generation) -> GenerationForm:
    usage, after, duration = generation.usage, generation.first_token_after, generation.duration
    problem = generation.problem
    return GenerationForm(
        generation.profile,
        generation.model,
        dict(generation.parameters),
        UsageForm(usage.input_tokens, usage.output_tokens) if usage != _NO_USAGE else None,
        round(generation.started, UNIX_TIME_DIGITS),
        None if after is None else round(after, DURATION_DIGITS),
        None if duration is None else round(duration, DURATION_DIGITS),
        generation.finish,
        None
        if problem is None
        else ProblemForm(
            problem.kind, problem.sentence, problem.advice, problem.remedy, problem.raw, problem.parameter
        ),
        generation.reply_id,
        [(row.token, row.logprob, row.top) for row in generation.logprobs] if generation.logprobs else None,
    )


def message_form(parent: str, message: Message) -> MessageForm:
    generation = message.generation
    return MessageForm(
        message.id,
        parent,
        message.role,
        round(message.created, UNIX_TIME_DIGITS),
        [part_form(part) for part in message.parts],
        None if generation is None else generation_form(generation),
    )


# Values are made by the ten thousand when a long conversation is opened. The constructor of a frozen dataclass looks
# each field up by its name to get past its own lock; the setters of the slots, called directly, take half the time.


def _setters(kind: type) -> tuple[Callable[[object, object], None], ...]:
    """One for each field of a dataclass with slots, in their order."""
    return tuple(kind.__dict__[field.name].__set__ for field in dataclasses.fields(kind))


_new = object.__new__
_set_id, _set_role, _set_parts, _set_created, _set_generation = _setters(Message)
(_set_text,) = _setters(TextPart)
_set_input, _set_output = _setters(TokenUsage)
_GENERATION = _setters(Generation)


def message_of(form: MessageForm) -> Message:
    message = _new(Message)
    parts, generation = form.parts, form.generation
    _set_id(message, form.id)
    _set_role(message, form.role)
    if len(parts) == 1 and type(only := parts[0]) is TextForm:
        part = _new(TextPart)
        _set_text(part, only.text)
        _set_parts(message, (part,))
    else:
        _set_parts(message, tuple([_part_of(part) for part in parts]))
    _set_created(message, form.created)
    _set_generation(message, None if generation is None else _generation_of(generation))
    return message


_NO_USAGE = TokenUsage()


def part_form(part: Part) -> PartForm:
    kind = type(part)
    if kind is TextPart:
        return TextForm(part.text)  # type: ignore[union-attr]  # `is` does not narrow, and isinstance costs more
    if isinstance(part, ReasoningPart):
        return ReasoningForm(part.text)
    if isinstance(part, ToolCallPart):
        return ToolCallForm(part.id, part.name, part.arguments)
    if isinstance(part, ToolResultPart):
        return ToolResultForm(part.call_id, part.name, part.content)
    assert isinstance(part, FilePart)
    return FileForm(part.name, part.media_type, part.text)


def _part_of(form: PartForm) -> Part:
    if isinstance(form, TextForm):
        return TextPart(form.text)
    if isinstance(form, ReasoningForm):
        return ReasoningPart(form.text)
    if isinstance(form, ToolCallForm):
        return ToolCallPart(form.id, form.name, form.arguments)
    if isinstance(form, ToolResultForm):
        return ToolResultPart(form.call_id, form.name, form.content)
    return FilePart(form.name, form.media_type, form.text)


def _generation_of(form: GenerationForm) -> Generation:
    problem = form.problem
    values = (
        form.profile,
        form.model,
        form.parameters,
        _NO_USAGE if form.usage is None else _usage_of(form.usage),
        form.started,
        form.first_token_after,
        form.duration,
        form.finish,
        None
        if problem is None
        else Problem(problem.kind, problem.sentence, problem.advice, problem.remedy, problem.raw, problem.parameter),
        form.reply_id,
        tuple([TokenLogprob(row[0], row[1], tuple(row[2])) for row in form.logprobs]) if form.logprobs else (),
    )
    generation = _new(Generation)
    for set_, value in zip(_GENERATION, values, strict=True):
        set_(generation, value)
    return generation


def _usage_of(form: UsageForm) -> TokenUsage:
    usage = _new(TokenUsage)
    _set_input(usage, form.input_tokens)
    _set_output(usage, form.output_tokens)
    return usage


def plain_json(value: object) -> JsonValue:
    """What `json.dumps` writes as standard JSON: numbers that JSON does not have become null."""
    if isinstance(value, float):
        return value if value - value == 0.0 else None
    if isinstance(value, dict):
        return {str(name): plain_json(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    return cast(JsonValue, value)
