from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coderapp.core import parameters
from coderapp.core.errors import ParameterError
from coderapp.core.message import JsonValue
from coderapp.core.parameters import ALL, BY_FIELD, BY_NAME, OURS, PARAMETERS, WITH_OPENAI, Kind, Parameter
from coderapp.core.profile import ProfileKind

NUMBERS = tuple(row for row in PARAMETERS if row.kind in (Kind.FLOAT, Kind.INTEGER))

# The endpoint's contract, by hand: field → type and range.
CONTRACT: dict[str, tuple[Kind, float | None, float | None]] = {
    "format": (Kind.CHOICE, None, None),
    "openai-reply": (Kind.CHOICE, None, None),
    "temperature": (Kind.FLOAT, 0, 2),
    "top_p": (Kind.FLOAT, 0, 1),
    "max_tokens": (Kind.INTEGER, 1, 180_000),
    "frequency_penalty": (Kind.FLOAT, -2, 2),
    "presence_penalty": (Kind.FLOAT, -2, 2),
    "tools": (Kind.TOOLS, None, None),
    "logprobs": (Kind.BOOLEAN, None, None),
    "top_logprobs": (Kind.INTEGER, 0, 20),
}
BEYOND_THE_CONTRACT = {"seed", "stop", "model", "stream"}

TOOL: dict[str, JsonValue] = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "temperature": st.floats(0, 2),
    "top_p": st.floats(0, 1),
    "frequency_penalty": st.floats(-2, 2),
    "presence_penalty": st.floats(-2, 2),
    "seed": st.integers(0, 2**53 - 1),
    "max_tokens": st.integers(1, 180_000),
    "stop": st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=4),
    "model": st.text(max_size=8),
    "format": st.sampled_from(["text", "json", "markdown"]),
    "reply_style": st.sampled_from(["simple", "openai"]),
    "stream": st.booleans(),
    "logprobs": st.booleans(),
    "top_logprobs": st.integers(0, 20),
    "tools": st.just([TOOL]),
}
some_values = st.fixed_dictionaries({}, optional=VALUES)

anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=80)
    | st.sampled_from([10**400, -(10**400), b"bytes", object(), {1: 2}, {(1, 2): 3}, (1, 2)])
    | st.just(5000).map(lambda digits: 10**digits),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


HUGE = 10**5000
"""More digits than Python writes out."""


def refusal(row: str, value: object) -> str:
    with pytest.raises(ParameterError) as caught:
        BY_NAME[row].validate(value)
    assert caught.value.name == row
    return caught.value.sentence


def attempt(act: Callable[[Any], JsonValue], value: object) -> JsonValue | ParameterError:
    try:
        return act(value)
    except ParameterError as error:
        return error


def test_the_ranges_are_the_contract_s() -> None:
    table = {row.field: (row.kind, row.minimum, row.maximum) for row in PARAMETERS}
    assert {field: rule for field, rule in table.items() if field not in BEYOND_THE_CONTRACT} == CONTRACT
    assert BY_NAME["format"].choices == ("text", "json", "markdown")
    assert BY_NAME["format"].default == "text"
    assert set(table) == set(CONTRACT) | BEYOND_THE_CONTRACT


def test_who_accepts_what() -> None:
    assert {row.name for row in PARAMETERS if row.accepted_by == WITH_OPENAI} == {"seed", "stop", "model"}
    assert {row.name for row in PARAMETERS if row.accepted_by == OURS} == {"format", "reply_style"}
    assert {row.name for row in PARAMETERS if row.accepted_by == ALL} == set(BY_NAME) - {
        "seed", "stop", "model", "format", "reply_style",
    }  # fmt: skip
    for kind in ProfileKind:
        assert parameters.accepted(kind) == tuple(row for row in PARAMETERS if kind in row.accepted_by)


@pytest.mark.parametrize("row", PARAMETERS, ids=lambda row: row.name)
def test_every_row_explains_itself(row: Parameter) -> None:
    assert row.label
    assert row.default_text
    assert row.source
    assert row.help.endswith(".")
    assert bool(row.advice) == bool(row.advice_beside)
    if row.default is not None:
        assert row.validate(row.default) == row.default
    if row.needs:
        assert BY_NAME[row.needs].kind is Kind.BOOLEAN
    if row.advice_beside:
        assert BY_NAME[row.advice_beside].advice == row.advice
    if row.wire_values:
        assert {choice for choice, _ in row.wire_values} == set(row.choices)


def test_names_and_fields_are_unique() -> None:
    assert len(BY_NAME) == len(BY_FIELD) == len(PARAMETERS)


@pytest.mark.parametrize("row", NUMBERS, ids=lambda row: row.name)
def test_bounds_are_accepted_and_what_is_just_outside_is_refused(row: Parameter) -> None:
    low, high = row.minimum, row.maximum
    assert low is not None
    assert high is not None
    for value in (low, high):
        assert row.validate(value) == value
        assert row.validate(float(value)) == value
        assert type(row.validate(value)) is (float if row.kind is Kind.FLOAT else int)
    for outside in (low - 1, high + 1):
        assert refusal(row.name, outside) == f"{row.field} must be between {low} and {high}, got {outside}"
    if row.kind is Kind.FLOAT:
        for near in (math.nextafter(low, -math.inf), math.nextafter(high, math.inf)):
            assert refusal(row.name, near) == f"{row.field} must be between {low} and {high}, got {near}"
        middle = (low + high) / 2 + 0.1
        assert row.validate(middle) == middle


@pytest.mark.parametrize(
    ("row", "value", "sentence"),
    [
        ("temperature", 3, "temperature must be between 0 and 2, got 3"),
        ("temperature", -0.1, "temperature must be between 0 and 2, got -0.1"),
        ("temperature", math.nan, "temperature must be a number, got NaN"),
        ("temperature", math.inf, "temperature must be a number, got Infinity"),
        ("temperature", True, "temperature must be a number, got true"),
        ("temperature", "1", 'temperature must be a number, got "1"'),
        ("temperature", None, "temperature must be a number, got null"),
        ("temperature", [1], "temperature must be a number, got [1]"),
        ("temperature", 10**400, f"temperature must be between 0 and 2, got 1{'0' * 56}…"),
        ("presence_penalty", 2.5, "presence_penalty must be between -2 and 2, got 2.5"),
        ("max_tokens", 0, "max_tokens must be between 1 and 180000, got 0"),
        ("max_tokens", 180_001, "max_tokens must be between 1 and 180000, got 180001"),
        ("max_tokens", 2.5, "max_tokens must be a whole number, got 2.5"),
        ("max_tokens", math.nan, "max_tokens must be a whole number, got NaN"),
        ("max_tokens", -math.inf, "max_tokens must be a whole number, got -Infinity"),
        ("max_tokens", False, "max_tokens must be a whole number, got false"),
        ("max_tokens", "12", 'max_tokens must be a whole number, got "12"'),
        ("seed", 2**53, "seed must be between 0 and 9007199254740991, got 9007199254740992"),
        ("top_logprobs", 21, "top_logprobs must be between 0 and 20, got 21"),
        ("logprobs", 1, "logprobs must be true or false, got 1"),
        ("logprobs", "true", 'logprobs must be true or false, got "true"'),
        ("format", "html", 'format must be one of text, json, markdown, got "html"'),
        ("format", ["text"], 'format must be one of text, json, markdown, got ["text"]'),
        ("reply_style", True, "openai-reply must be one of simple, openai, got true"),
        ("model", 3, "model must be text, got 3"),
        ("model", object, "model must be text, got \"<class 'object'>\""),
        ("stop", "", 'stop must be a text or a list of texts, got ""'),
        ("stop", ["a", 1], 'stop must be a text or a list of texts, got ["a", 1]'),
        ("stop", {"a": 1}, 'stop must be a text or a list of texts, got {"a": 1}'),
        ("stop", [], "stop takes 1 to 4 texts, got 0"),
        ("stop", list("abcde"), "stop takes 1 to 4 texts, got 5"),
        ("tools", [], "tools must be a list of function tools, got []"),
        ("tools", {"type": "function"}, 'tools must be a list of function tools, got {"type": "function"}'),
        ("tools", [TOOL, "f"], 'tools: entry 2 must be {"type": "function", "function": {…}}'),
        ("tools", [{"type": "function"}], 'tools: entry 1 must be {"type": "function", "function": {…}}'),
        (
            "tools",
            [{"type": "other", "function": {"name": "f"}}],
            'tools: entry 1 must be {"type": "function", "function": {…}}',
        ),
        ("tools", [{"type": "function", "function": {}}], "tools: the function of entry 1 has no name"),
        ("tools", [{"type": "function", "function": {"name": ""}}], "tools: the function of entry 1 has no name"),
        (
            "tools",
            [{"type": "function", "function": {"name": "f", "parameters": [1]}}],
            "tools: the parameters of f must be a JSON schema",
        ),
        ("format", "ü" * 99, f'format must be one of text, json, markdown, got "{"ü" * 56}…'),
        pytest.param(
            "temperature", -HUGE, "temperature must be between 0 and 2, got a value that can't be shown", id="-huge"
        ),
        pytest.param(
            "seed", HUGE, "seed must be between 0 and 9007199254740991, got a value that can't be shown", id="huge"
        ),
        pytest.param(
            "format", HUGE, "format must be one of text, json, markdown, got a value that can't be shown", id="h"
        ),
    ],
)
def test_refusals_say_the_rule_and_what_came(row: str, value: object, sentence: str) -> None:
    assert refusal(row, value) == sentence


@pytest.mark.parametrize(("low", "high", "rule"), [(0.5, None, "at least 0.5"), (None, 2, "at most 2")])
def test_a_row_that_is_bounded_on_one_side(low: float | None, high: float | None, rule: str) -> None:
    like = BY_NAME["temperature"]
    row = Parameter("x", Kind.FLOAT, like.group, "X", "", ALL, "", minimum=low, maximum=high)
    assert row.validate(1) == 1
    value = 0 if high is None else 3
    with pytest.raises(ParameterError, match=f"x must be {rule}, got {value}"):
        row.validate(value)


def test_proper_types_come_out() -> None:
    assert BY_NAME["max_tokens"].validate(5.0) == 5
    assert type(BY_NAME["max_tokens"].validate(5.0)) is int
    assert BY_NAME["stop"].validate("END") == ["END"]
    assert BY_NAME["tools"].validate([TOOL]) == [TOOL]
    assert BY_NAME["tools"].validate([{"type": "function", "function": {"name": "f"}}])


@pytest.mark.parametrize("row", PARAMETERS, ids=lambda row: row.name)
@settings(max_examples=40)  # for each row
@given(value=anything)
def test_anything_is_accepted_or_refused_in_a_short_sentence(row: Parameter, value: object) -> None:
    outcome = attempt(row.validate, value)
    if isinstance(outcome, ParameterError):
        assert outcome.sentence.startswith(row.field)
        assert len(outcome.sentence) < 160
        assert "\n" not in outcome.sentence
    else:
        assert row.validate(outcome) == outcome


@pytest.mark.parametrize("row", PARAMETERS, ids=lambda row: row.name)
@settings(max_examples=40)  # for each row
@given(data=st.data())
def test_what_is_allowed_is_accepted(row: Parameter, data: st.DataObject) -> None:
    value = data.draw(VALUES[row.name])
    assert row.validate(value) == value
    assert row.from_the_wire(row.on_the_wire(value)) == value
    written = value if row.kind in (Kind.CHOICE, Kind.TEXT) else json.dumps(value)
    assert row.parse(written) == value


@pytest.mark.parametrize(
    ("row", "text", "value"),
    [
        ("temperature", "0.2", 0.2),
        ("temperature", " 1 ", 1.0),
        ("temperature", "1e-1", 0.1),
        ("max_tokens", "512", 512),
        ("max_tokens", "1e3", 1000),
        ("logprobs", "true", True),
        ("stream", "false", False),
        ("format", "json", "json"),
        ("reply_style", "openai", "openai"),
        ("model", "123", "123"),
        ("model", "true", "true"),
        ("model", "", ""),
        ("stop", "END", ["END"]),
        ("stop", "123", ["123"]),
        ("stop", '["a", "b"]', ["a", "b"]),
        ("stop", "[not JSON", ["[not JSON"]),
        ("stop", "[" * 99_999, ["[" * 99_999]),
        ("tools", json.dumps([TOOL]), [TOOL]),
    ],
)
def test_values_from_the_command_line(row: str, text: str, value: object) -> None:
    assert BY_NAME[row].parse(text) == value


@pytest.mark.parametrize(
    ("row", "text", "sentence"),
    [
        ("temperature", "hot", 'temperature must be a number, got "hot"'),
        ("temperature", "", 'temperature must be a number, got ""'),
        ("temperature", "NaN", "temperature must be a number, got NaN"),
        ("temperature", "1e999", "temperature must be a number, got Infinity"),
        ("temperature", "3", "temperature must be between 0 and 2, got 3"),
        ("temperature", "9" * 5000, f'temperature must be a number, got "{"9" * 56}…'),
        ("max_tokens", "many", 'max_tokens must be a whole number, got "many"'),
        ("logprobs", "True", 'logprobs must be true or false, got "True"'),
        ("logprobs", "1", "logprobs must be true or false, got 1"),
        ("format", "JSON", 'format must be one of text, json, markdown, got "JSON"'),
        ("stop", "", 'stop must be a text or a list of texts, got [""]'),
        ("stop", "[1]", "stop must be a text or a list of texts, got [1]"),
        ("tools", "f", 'tools must be a list of function tools, got "f"'),
        ("tools", "[" * 99_999, f'tools must be a list of function tools, got "{"[" * 56}…'),
    ],
)
def test_refusals_on_the_command_line(row: str, text: str, sentence: str) -> None:
    with pytest.raises(ParameterError) as caught:
        BY_NAME[row].parse(text)
    assert caught.value.sentence == sentence


@pytest.mark.parametrize("row", PARAMETERS, ids=lambda row: row.name)
@settings(max_examples=40)  # for each row
@given(text=st.text(st.characters(), max_size=30))
def test_any_text_on_the_command_line_is_taken_or_refused(row: Parameter, text: str) -> None:
    outcome = attempt(row.parse, text)
    if isinstance(outcome, ParameterError):
        assert outcome.sentence.startswith(row.field)
    else:
        assert row.validate(outcome) == outcome


@given(values=some_values, kind=st.sampled_from(ProfileKind))
def test_exactly_what_is_set_accepted_and_not_in_need_is_sent(values: dict[str, JsonValue], kind: ProfileKind) -> None:
    found = parameters.sent(values, kind)
    accepted = {row.name for row in parameters.accepted(kind)}
    expected = {name: value for name, value in values.items() if name in accepted}
    if values.get("logprobs") is not True:
        expected.pop("top_logprobs", None)
    assert found == expected
    assert list(found) == [row.name for row in PARAMETERS if row.name in found]


@pytest.mark.parametrize("logprobs", [None, False, 1, "true"])
def test_top_logprobs_never_goes_without_logprobs(logprobs: JsonValue) -> None:
    values: dict[str, JsonValue] = (
        {"top_logprobs": 5} if logprobs is None else {"top_logprobs": 5, "logprobs": logprobs}
    )
    assert not parameters.is_sent(BY_NAME["top_logprobs"], values, ProfileKind.BUILT_IN)
    assert parameters.is_sent(BY_NAME["top_logprobs"], {"top_logprobs": 0, "logprobs": True}, ProfileKind.OPENAI)


def test_a_bad_value_is_refused_only_where_it_would_be_sent() -> None:
    with pytest.raises(ParameterError, match="temperature must be between 0 and 2, got 3"):
        parameters.sent({"temperature": 3}, ProfileKind.PIXLAB)
    assert parameters.sent({"seed": -1, "top_logprobs": 99, "unknown": 1}, ProfileKind.PIXLAB) == {}


@given(values=some_values)
def test_to_the_wire_and_back(values: dict[str, JsonValue]) -> None:
    wire = parameters.to_wire(values)
    assert {BY_FIELD[field].name: BY_FIELD[field].from_the_wire(value) for field, value in wire.items()} == values
    assert json.loads(json.dumps(wire)) == wire


def test_the_reply_style_is_a_boolean_with_a_hyphen() -> None:
    assert parameters.to_wire({"reply_style": "openai", "top_p": 1.0}) == {"openai-reply": True, "top_p": 1.0}
    assert parameters.to_wire({"reply_style": "simple"}) == {"openai-reply": False}


@pytest.mark.parametrize("value", [1, 0, "openai", "true", None, [True]])
def test_another_value_on_the_wire_is_refused_in_the_wire_s_terms(value: object) -> None:
    with pytest.raises(ParameterError) as caught:
        BY_NAME["reply_style"].from_the_wire(value)
    assert caught.value.sentence == f"openai-reply must be true or false, got {json.dumps(value)}"


def test_rows_are_found_by_name_and_by_field() -> None:
    assert parameters.row_named("openai-reply") is parameters.row_named("reply_style") is BY_NAME["reply_style"]
    with pytest.raises(ParameterError) as caught:
        parameters.row_named("temprature")
    assert caught.value.sentence.startswith("There is no parameter temprature. Known: temperature, top_p, ")
