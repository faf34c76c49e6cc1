"""**The** table of sampling parameters. Sidebar, validation, payload, command line, endpoint and docs derive from it.

Ranges are those of the CODER documentation (2.197) and of OpenAI's chat completions reference. A parameter that the
user has not set is not in the values and is not sent.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from coderapp.core.errors import ParameterError
from coderapp.core.message import JsonValue
from coderapp.core.profile import ProfileKind

Values = Mapping[str, JsonValue]
"""Parameter name → value, only the ones that are set."""


class Kind(StrEnum):
    FLOAT = "float"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    TEXT = "text"
    TEXTS = "texts"  # one to four strings
    TOOLS = "tools"  # OpenAI function tools


class Group(StrEnum):
    SAMPLING = "Sampling"
    LENGTH = "Length"
    REPLY = "Reply"
    INSPECTION = "Log probabilities"
    TOOLS = "Tools"


ALL = frozenset(ProfileKind)
OURS = frozenset({ProfileKind.BUILT_IN, ProfileKind.PIXLAB})
WITH_OPENAI = frozenset({ProfileKind.BUILT_IN, ProfileKind.OPENAI})


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row. `default` is what the server does where the parameter is not sent, as far as it is known, and what an
    editor starts from; `default_text` is how it is shown. `wire` is the field's name in the request, `wire_values`
    translates a choice. `needs` names a boolean parameter that must be true for this one to be sent.
    """

    name: str
    kind: Kind
    group: Group
    label: str
    help: str
    accepted_by: frozenset[ProfileKind]
    source: str
    default: JsonValue = None
    default_text: str = ""
    minimum: float | None = None
    maximum: float | None = None
    step: float = 1
    unit: str = ""
    choices: tuple[str, ...] = ()
    needs: str = ""
    advice_beside: str = ""
    advice: str = ""
    wire: str = ""
    wire_values: tuple[tuple[str, JsonValue], ...] = ()

    @property
    def field(self) -> str:
        return self.wire or self.name

    def on_the_wire(self, value: JsonValue) -> JsonValue:
        return next((sent for choice, sent in self.wire_values if choice == value), value)

    def from_the_wire(self, value: object) -> JsonValue:
        """A field's value as the table holds it. Raises ParameterError."""
        for choice, sent_as in self.wire_values:
            if value is sent_as:
                return choice
        if self.wire_values:
            known = " or ".join(json.dumps(sent_as) for _, sent_as in reversed(self.wire_values))
            raise ParameterError(self.name, f"{self.field} must be {known}, got {_got(value)}")
        return self.validate(value)

    def validate(self, value: object) -> JsonValue:
        """The value in its proper type. Raises ParameterError with a sentence that names the rule and what came."""
        return _VALIDATORS[self.kind](self, value)

    def parse(self, text: str) -> JsonValue:
        """From the command line: `NAME=VALUE`. Raises ParameterError."""
        if self.kind in (Kind.CHOICE, Kind.TEXT):
            return self.validate(text)
        if self.kind is Kind.TEXTS and not text.lstrip().startswith("["):
            return self.validate([text])
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            value = text
        return self.validate(value)


def _got(value: object) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):  # keys that JSON lacks; whole numbers of thousands of digits; depth
        return "a value that can't be shown"
    return text if len(text) <= 60 else text[:57] + "…"


def _plain(number: float) -> str:
    return f"{number:g}" if abs(number) < 1e6 and number != int(number) else str(int(number))


def _in_range(row: Parameter, value: float) -> None:
    low, high = row.minimum, row.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        if low is not None and high is not None:
            rule = f"between {_plain(low)} and {_plain(high)}"
        else:
            rule = f"at least {_plain(low)}" if low is not None else f"at most {_plain(high or 0)}"
        raise ParameterError(row.name, f"{row.field} must be {rule}, got {_got(value)}")


def _float(row: Parameter, value: object) -> JsonValue:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ParameterError(row.name, f"{row.field} must be a number, got {_got(value)}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ParameterError(row.name, f"{row.field} must be a number, got {_got(value)}")
    _in_range(row, value)
    return float(value)


def _integer(row: Parameter, value: object) -> JsonValue:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ParameterError(row.name, f"{row.field} must be a whole number, got {_got(value)}")
    _in_range(row, value)
    return value


def _boolean(row: Parameter, value: object) -> JsonValue:
    if not isinstance(value, bool):
        raise ParameterError(row.name, f"{row.field} must be true or false, got {_got(value)}")
    return value


def _choice(row: Parameter, value: object) -> JsonValue:
    if not isinstance(value, str) or value not in row.choices:
        raise ParameterError(row.name, f"{row.field} must be one of {', '.join(row.choices)}, got {_got(value)}")
    return value


def _text(row: Parameter, value: object) -> JsonValue:
    if not isinstance(value, str):
        raise ParameterError(row.name, f"{row.field} must be text, got {_got(value)}")
    return value


def _texts(row: Parameter, value: object) -> JsonValue:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) and text for text in texts):
        raise ParameterError(row.name, f"{row.field} must be a text or a list of texts, got {_got(value)}")
    if not 1 <= len(texts) <= int(row.maximum or 4):
        raise ParameterError(row.name, f"{row.field} takes 1 to {int(row.maximum or 4)} texts, got {len(texts)}")
    return list(texts)


def _tools(row: Parameter, value: object) -> JsonValue:
    if not isinstance(value, list) or not value:
        raise ParameterError(row.name, f"{row.field} must be a list of function tools, got {_got(value)}")
    for place, tool in enumerate(value, 1):
        function = tool.get("function") if isinstance(tool, dict) else None
        if not isinstance(tool, dict) or tool.get("type") != "function" or not isinstance(function, dict):
            raise ParameterError(
                row.name, f'{row.field}: entry {place} must be {{"type": "function", "function": {{…}}}}'
            )
        if not isinstance(function.get("name"), str) or not function["name"]:
            raise ParameterError(row.name, f"{row.field}: the function of entry {place} has no name")
        if not isinstance(function.get("parameters", {}), dict):
            raise ParameterError(row.name, f"{row.field}: the parameters of {function['name']} must be a JSON schema")
    return value


_VALIDATORS = {
    Kind.FLOAT: _float,
    Kind.INTEGER: _integer,
    Kind.BOOLEAN: _boolean,
    Kind.CHOICE: _choice,
    Kind.TEXT: _text,
    Kind.TEXTS: _texts,
    Kind.TOOLS: _tools,
}

_CODER = "CODER documentation 2.197"
_OPENAI = "OpenAI chat completions reference"
_ONE_OF_TWO = "Change temperature or top_p, not both: together their effects are hard to tell apart."

PARAMETERS: tuple[Parameter, ...] = (
    Parameter(
        "temperature",
        Kind.FLOAT,
        Group.SAMPLING,
        "Temperature",
        "How freely the model picks its words: 0 always takes the likeliest, 1 follows the model, 2 wanders.",
        ALL,
        _CODER,
        default=1.0,
        default_text="1",
        minimum=0,
        maximum=2,
        step=0.05,
        advice_beside="top_p",
        advice=_ONE_OF_TWO,
    ),
    Parameter(
        "top_p",
        Kind.FLOAT,
        Group.SAMPLING,
        "Top p",
        "Nucleus sampling: only the likeliest tokens that together reach this probability are drawn from.",
        ALL,
        _CODER,
        default=1.0,
        default_text="1",
        minimum=0,
        maximum=1,
        step=0.01,
        advice_beside="temperature",
        advice=_ONE_OF_TWO,
    ),
    Parameter(
        "frequency_penalty",
        Kind.FLOAT,
        Group.SAMPLING,
        "Frequency penalty",
        "Above 0, each use of a token makes its next use less likely; below 0, more likely.",
        ALL,
        _CODER,
        default=0.0,
        default_text="0",
        minimum=-2,
        maximum=2,
        step=0.1,
    ),
    Parameter(
        "presence_penalty",
        Kind.FLOAT,
        Group.SAMPLING,
        "Presence penalty",
        "Above 0, tokens that occur already become less likely, however often they occur; below 0, more likely.",
        ALL,
        _CODER,
        default=0.0,
        default_text="0",
        minimum=-2,
        maximum=2,
        step=0.1,
    ),
    Parameter(
        "seed",
        Kind.INTEGER,
        Group.SAMPLING,
        "Seed",
        "The same seed and the same request give the same answer, as far as the server can.",
        WITH_OPENAI,
        _OPENAI,
        default_text="random",
        minimum=0,
        maximum=2**53 - 1,
    ),
    Parameter(
        "max_tokens",
        Kind.INTEGER,
        Group.LENGTH,
        "Max tokens",
        "The most tokens that an answer may have. Input and output together are bounded by the model's context.",
        ALL,
        _CODER,
        default_text="server's limit",
        minimum=1,
        maximum=180_000,
        step=256,
        unit="tokens",
    ),
    Parameter(
        "stop",
        Kind.TEXTS,
        Group.LENGTH,
        "Stop",
        "Texts at which the answer ends; they are not part of it. At most four.",
        WITH_OPENAI,
        _OPENAI,
        default_text="none",
        minimum=1,
        maximum=4,
    ),
    Parameter(
        "model",
        Kind.TEXT,
        Group.REPLY,
        "Model",
        "Which of the server's models answers.",
        WITH_OPENAI,
        _OPENAI,
        default_text="the profile's",
    ),
    Parameter(
        "format",
        Kind.CHOICE,
        Group.REPLY,
        "Format",
        "What the answer is written in: plain text, JSON, or Markdown.",
        OURS,
        _CODER,
        default="text",
        default_text="text",
        choices=("text", "json", "markdown"),
    ),
    Parameter(
        "reply_style",
        Kind.CHOICE,
        Group.REPLY,
        "Reply style",
        "The shape of the reply on the wire: PixLab's simple form, or OpenAI's.",
        OURS,
        _CODER,
        default="simple",
        default_text="simple",
        choices=("simple", "openai"),
        wire="openai-reply",
        wire_values=(("simple", False), ("openai", True)),
    ),
    Parameter(
        "stream",
        Kind.BOOLEAN,
        Group.REPLY,
        "Stream",
        "The answer arrives as it is written instead of whole at the end.",
        ALL,
        _OPENAI,
        default_text="the profile's",
    ),
    Parameter(
        "logprobs",
        Kind.BOOLEAN,
        Group.INSPECTION,
        "Log probabilities",
        "How likely the model found each token of its answer.",
        ALL,
        _CODER,
        default=False,
        default_text="off",
    ),
    Parameter(
        "top_logprobs",
        Kind.INTEGER,
        Group.INSPECTION,
        "Alternatives",
        "How many of the likeliest tokens are reported at each position.",
        ALL,
        _CODER,
        default=0,
        default_text="0",
        minimum=0,
        maximum=20,
        needs="logprobs",
    ),
    Parameter(
        "tools",
        Kind.TOOLS,
        Group.TOOLS,
        "Tools",
        "Functions that the model may choose to call, in OpenAI's format.",
        ALL,
        _CODER,
        default_text="none",
    ),
)

BY_NAME: Mapping[str, Parameter] = {row.name: row for row in PARAMETERS}
BY_FIELD: Mapping[str, Parameter] = {row.field: row for row in PARAMETERS}


def accepted(kind: ProfileKind) -> tuple[Parameter, ...]:
    """The rows that an endpoint of this kind takes, in the table's order."""
    return tuple(row for row in PARAMETERS if kind in row.accepted_by)


def is_sent(row: Parameter, values: Values, kind: ProfileKind) -> bool:
    """Whether this row goes into a request: set, accepted by the endpoint, and what it needs is true."""
    return row.name in values and kind in row.accepted_by and (not row.needs or values.get(row.needs) is True)


def sent(values: Values, kind: ProfileKind) -> dict[str, JsonValue]:
    """What of `values` is sent to an endpoint of this kind, validated, by name. Raises ParameterError."""
    return {row.name: row.validate(values[row.name]) for row in PARAMETERS if is_sent(row, values, kind)}


def to_wire(values: Values) -> dict[str, JsonValue]:
    """Names and values as the request's fields."""
    return {BY_NAME[name].field: BY_NAME[name].on_the_wire(value) for name, value in values.items()}


def row_named(name: str) -> Parameter:
    """By name, or by the field's name on the wire. Raises ParameterError with the known names."""
    row = BY_NAME.get(name) or BY_FIELD.get(name)
    if row is None:
        raise ParameterError(name, f"There is no parameter {name}. Known: {', '.join(BY_NAME)}.")
    return row
