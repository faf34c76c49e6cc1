from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coderapp.core.settings import BY_NAME, SETTINGS, Setting, SettingError, SettingKind, defaults


def refusal(name: str, value: object) -> SettingError:
    with pytest.raises(SettingError) as caught:
        BY_NAME[name].validate(value)
    return caught.value


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: row.name)
def test_every_row_is_sound(row: Setting) -> None:
    assert row.validate(row.default) == row.default
    assert defaults()[row.name] == row.default
    assert row.label
    assert row.help.endswith(".")
    assert row.rule.endswith(".")
    assert (row.kind is SettingKind.CHOICE) == bool(row.choices)
    assert (row.kind is SettingKind.INTEGER) == (row.minimum < row.maximum)
    assert BY_NAME[row.name] is row


def test_names_are_unique() -> None:
    assert len(BY_NAME) == len(SETTINGS) == len(defaults())


@pytest.mark.parametrize("row", [row for row in SETTINGS if row.choices], ids=lambda row: row.name)
def test_each_choice_is_allowed_its_label_is_not(row: Setting) -> None:
    for value, label in row.choices:
        assert row.validate(value) == value
        refusal(row.name, label)


def test_a_number_that_can_t_be_written_out() -> None:
    assert refusal("built_in_pace", 10**5000).sentence == "Pace of the built-in model can't be this value."


def test_bounds() -> None:
    pace = BY_NAME["built_in_pace"]
    assert pace.validate(0) == 0
    assert pace.validate(20_000) == 20_000
    for outside in (-1, 20_001):
        error = refusal("built_in_pace", outside)
        assert error.sentence == f"Pace of the built-in model can't be {outside}."
        assert error.advice == "Use a whole number from 0 to 20000."


@pytest.mark.parametrize(
    ("name", "value", "sentence", "advice"),
    [
        ("theme", "pink", "Theme can't be 'pink'.", "Use one of system, light, dark."),
        ("theme", ["dark"], "Theme can't be ['dark'].", "Use one of system, light, dark."),
        ("theme", None, "Theme can't be None.", "Use one of system, light, dark."),
        ("wrap_code", 1, "Wrap long lines of code can't be 1.", "Use true or false."),
        ("wrap_code", "true", "Wrap long lines of code can't be 'true'.", "Use true or false."),
        ("built_in_pace", True, "Pace of the built-in model can't be True.", "Use a whole number from 0 to 20000."),
        ("built_in_pace", 1.0, "Pace of the built-in model can't be 1.0.", "Use a whole number from 0 to 20000."),
        ("theme", "x" * 1000, f"Theme can't be '{'x' * 56}….", "Use one of system, light, dark."),
    ],
)
def test_refusals(name: str, value: object, sentence: str, advice: str) -> None:
    error = refusal(name, value)
    assert (error.sentence, error.advice) == (sentence, advice)


values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters())
    | st.just(5000).map(lambda digits: 10**digits),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: row.name)
@settings(max_examples=40)  # for each row
@given(value=values)
def test_anything_is_allowed_or_refused(row: Setting, value: object) -> None:
    outcome: object
    try:
        outcome = row.validate(value)
    except SettingError as error:
        outcome = error
    if isinstance(outcome, SettingError):
        assert outcome.advice == row.rule
        assert len(outcome.sentence) < 120
    else:
        assert outcome is value
        assert type(outcome) is type(row.default)
