"""Makes a message of any JSON value, as far as it goes, and says which fields were of no use."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

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

_T = TypeVar("_T")
_E = TypeVar("_E", bound=Enum)

MINUS_INFINITY = float("-inf")


@dataclass(slots=True)
class LenientMessage:
    """`faults` names the fields that had to be left out; `extras` are fields that this version does not know."""

    parent: str
    message: Message
    extras: dict[str, JsonValue]
    faults: list[str]


def read_message(value: object) -> LenientMessage | None:
    """None where there is no id or no role: then it can't be placed in a conversation."""
    if not isinstance(value, dict):
        return None
    fields = Fields(value)
    identity, role = fields.text("id"), fields.choice("role", Role)
    if not identity or role is None:
        return None
    parent = fields.text("parent")
    parts = tuple(part for item in fields.items("parts") if (part := _part(item, fields.faults)) is not None)
    created = fields.number("created") or 0.0
    extras: dict[str, JsonValue] = {}
    generation = None
    about = fields.mapping("generation")
    if about is not None:
        inner = Fields(about, fields.faults, "generation.")
        generation = _generation(inner)
        if inner.rest:
            extras["generation"] = inner.rest
    extras |= fields.rest
    return LenientMessage(parent, Message(identity, role, parts, created, generation), extras, fields.faults)


class Fields:
    """Takes typed fields out of a JSON object. Absent and null give the default; a wrong type does and is a fault."""

    def __init__(self, value: dict[str, JsonValue], faults: list[str] | None = None, prefix: str = "") -> None:
        self.rest = dict(value)
        self.faults = [] if faults is None else faults
        self._prefix = prefix

    def take(self, name: str, read: Callable[[JsonValue], _T | None]) -> _T | None:
        """What `read` makes of the field; None from it means that it is of no use."""
        value = self.rest.pop(name, None)
        if value is None:
            return None
        result = read(value)
        if result is None:
            self.faults.append(self._prefix + name)
        return result

    def text(self, name: str) -> str:
        return self.take(name, _text) or ""

    def number(self, name: str) -> float | None:
        return self.take(name, _number)

    def count(self, name: str) -> int | None:
        return self.take(name, _count)

    def flag(self, name: str) -> bool | None:
        return self.take(name, lambda value: value if isinstance(value, bool) else None)

    def choice(self, name: str, kind: type[_E]) -> _E | None:
        known = {member.value: member for member in kind}
        return self.take(name, lambda value: known.get(value) if isinstance(value, str) else None)

    def mapping(self, name: str) -> dict[str, JsonValue] | None:
        return self.take(name, lambda value: value if isinstance(value, dict) else None)

    def texts(self, name: str) -> tuple[str, ...]:
        """Each once, without empty ones."""
        found = self.take(name, _texts)
        return tuple(dict.fromkeys(text for text in found or () if text))

    def items(self, name: str) -> list[JsonValue]:
        return self.take(name, lambda value: value if isinstance(value, list) else None) or []


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: JsonValue) -> list[str] | None:
    if not isinstance(value, list):
        return None
    texts = [text for text in value if isinstance(text, str)]
    return texts if len(texts) == len(value) else None


def _number(value: JsonValue) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _count(value: JsonValue) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _part(value: JsonValue, faults: list[str]) -> Part | None:
    if not isinstance(value, dict):
        faults.append("parts")
        return None
    fields = Fields(value, faults, "parts.")
    kind = fields.text("type")
    part: Part
    if kind == "text":
        part = TextPart(fields.text("text"))
    elif kind == "reasoning":
        part = ReasoningPart(fields.text("text"))
    elif kind == "tool_call":
        part = ToolCallPart(fields.text("id"), fields.text("name"), fields.text("arguments"))
    elif kind == "tool_result":
        part = ToolResultPart(fields.text("call_id"), fields.text("name"), fields.text("content"))
    elif kind == "file":
        part = FilePart(fields.text("name"), fields.text("media_type"), fields.text("text"))
    else:
        faults.append("parts.type")
        return None
    faults.extend(f"parts.{name}" for name in fields.rest)
    return part


def read_files(value: object) -> tuple[FilePart, ...] | None:
    """The files of a draft; None where something in the value is no file."""
    if not isinstance(value, list):
        return None
    faults: list[str] = []
    parts = [_part(item, faults) for item in value]
    files = tuple(part for part in parts if isinstance(part, FilePart))
    return files if len(files) == len(value) and not faults else None


def read_generation(value: object, faults: list[str]) -> Generation | None:
    """A generation that stands alone, as in a journal record."""
    return _generation(Fields(value, faults)) if isinstance(value, dict) else None


def _generation(fields: Fields) -> Generation:
    """What is left in `fields` after this is unknown."""
    usage = Fields(fields.mapping("usage") or {}, fields.faults, "usage.")
    counts = TokenUsage(usage.count("input_tokens"), usage.count("output_tokens"))
    fields.faults.extend(f"usage.{name}" for name in usage.rest)
    return Generation(
        profile=fields.text("profile"),
        model=fields.text("model"),
        parameters=fields.mapping("parameters") or {},
        usage=counts,
        started=fields.number("started") or 0.0,
        first_token_after=fields.number("first_token_after"),
        duration=fields.number("duration"),
        finish=fields.choice("finish", FinishReason),
        problem=_problem(fields.mapping("problem"), fields.faults),
        reply_id=fields.text("reply_id"),
        logprobs=tuple(row for item in fields.items("logprobs") if (row := _logprob(item, fields.faults)) is not None),
    )


def _problem(value: dict[str, JsonValue] | None, faults: list[str]) -> Problem | None:
    if value is None:
        return None
    fields = Fields(value, faults, "problem.")
    problem = Problem(
        kind=fields.text("kind"),
        sentence=fields.text("sentence"),
        advice=fields.text("advice"),
        remedy=fields.choice("remedy", Remedy) or Remedy.NONE,
        raw=fields.text("raw"),
        parameter=fields.take("parameter", _text),
    )
    faults.extend(f"problem.{name}" for name in fields.rest)
    return problem


def _logprob(value: JsonValue, faults: list[str]) -> TokenLogprob | None:
    """A row [token, logprob, [[token, logprob], …]]. JSON has no −∞: there stands null."""
    match value:
        case [str(token), int() | float() | None as logprob, list(top)]:
            pairs = [pair for item in top if (pair := _pair(item)) is not None]
            if len(pairs) < len(top):
                faults.append("logprobs")
            return TokenLogprob(token, _log(logprob), tuple(pairs))
    faults.append("logprobs")
    return None


def _pair(value: JsonValue) -> tuple[str, float] | None:
    match value:
        case [str(token), int() | float() | None as logprob]:
            return token, _log(logprob)
    return None


def _log(value: float | None) -> float:
    if value is None:
        return MINUS_INFINITY
    number = _number(value)
    return 0.0 if number is None else number
