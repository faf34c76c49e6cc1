"""Writes docs/parameters.md and docs/settings.md from the tables: ``python -m tests.helpers.table_docs``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from coderapp.core.parameters import PARAMETERS, Group, Kind, Parameter
from coderapp.core.profile import ProfileKind
from coderapp.core.settings import SETTINGS, Setting, SettingKind

DOCS = Path(__file__).resolve().parents[2] / "docs"

_MADE_FROM = "<!-- Made from coderapp/core/{table}.py by `python -m tests.helpers.table_docs`: change it there. -->"

PARAMETERS_LEAD = """\
# Parameters

What the sidebar offers. One table, `coderapp/core/parameters.py`, makes the sidebar, the check of each value, the
request, `--set`, the built-in endpoint's own check and this page.

## Set or not set

A parameter is set or it is not; there is no third state. What you have not set is **not sent**, and the server does as
it does by default. What you set is sent exactly, also where it equals the default shown here. A reset makes a
parameter unset again. Beyond that, a parameter stays at home

- where the endpoint of the profile does not take it ("accepted by" below), and
- where it needs another one: `top_logprobs` goes out only while `logprobs` is true.

It stays set meanwhile, and goes out again when the profile or the other parameter changes back.

Two are also fields of a profile: `model` and `stream`. What a conversation sets wins over its profile. A profile's
model is sent to the built-in endpoint and to OpenAI-compatible servers; a profile's `stream` is sent where it is on.

A value outside its range is refused before anything is sent, with a sentence such as
`temperature must be between 0 and 2, got 3`. The built-in endpoint answers it with HTTP 400 and the same sentence.

## Where values are kept

With the conversation: in the field `parameters` of its file, by the names below ([storage.md](storage.md)). Under an
answer stand the parameters that it was made with, exactly those sent. A profile can hold values that new conversations
start with (`starts_with`); they show as set and can be reset. The built-in profile starts with `format` set to
`markdown`, since the default of its endpoint is plain text.

On the command line: `coderapp snapshot --set temperature=0.2 --set 'stop=["END"]'`. Numbers, `true`, `false` and lists
are written as JSON; a single text for `stop` may stand bare.
"""

SETTINGS_LEAD = """\
# Settings

What belongs to the program and not to a conversation. One table, `coderapp/core/settings.py`, makes the dialog, the
check of each value and this page. They are kept in `settings.json` in the data folder ([storage.md](storage.md)), where
only what differs from its default has to stand. A value that the table does not allow counts as the default, and the
window says so; it stays in the file until the setting is changed.
"""

_TYPES = {
    Kind.FLOAT: "number",
    Kind.INTEGER: "whole number",
    Kind.BOOLEAN: "true or false",
    Kind.CHOICE: "one of",
    Kind.TEXT: "text",
    Kind.TEXTS: "list of texts, or one text",
    Kind.TOOLS: "list of function tools",
}


def parameters_page() -> str:
    sections = [_parameter_group(group) for group in Group]
    return "\n".join([_MADE_FROM.format(table="parameters"), PARAMETERS_LEAD, *sections])


def settings_page() -> str:
    table = _table(
        ("name", "in the dialog", "type", "values", "default"),
        (
            (f"`{row.name}`", row.label, row.kind.value, _setting_values(row), _setting_value(row, row.default))
            for row in SETTINGS
        ),
    )
    notes = "".join(f"- `{row.name}`: {row.help}\n" for row in SETTINGS)
    return "\n".join([_MADE_FROM.format(table="settings"), SETTINGS_LEAD, table, notes])


def write() -> None:
    (DOCS / "parameters.md").write_text(parameters_page(), encoding="utf-8")
    (DOCS / "settings.md").write_text(settings_page(), encoding="utf-8")


def _parameter_group(group: Group) -> str:
    rows = [row for row in PARAMETERS if row.group is group]
    table = _table(
        ("name", "field", "type", "range", "default", "accepted by"),
        (
            (
                f"`{row.name}`",
                f"`{row.field}`",
                _TYPES[row.kind],
                _range(row),
                row.default_text,
                _accepted_by(row.accepted_by),
            )
            for row in rows
        ),
    )
    notes = "".join(
        f"- `{row.name}`, “{row.label}” in the sidebar: {_note(row)} Source: {row.source}.\n" for row in rows
    )
    return f"## {group}\n\n{table}\n{notes}"


def _note(row: Parameter) -> str:
    sentences = [row.help]
    if row.advice:
        sentences.append(f"**{row.advice}**")
    if row.needs:
        sentences.append(f"Sent only while `{row.needs}` is true.")
    if row.wire_values:
        sent_as = ", ".join(f"`{choice}` as `{str(sent).lower()}`" for choice, sent in row.wire_values)
        sentences.append(f"Sent as the field `{row.field}`: {sent_as}.")
    return " ".join(sentences)


def _range(row: Parameter) -> str:
    if row.choices:
        return ", ".join(f"`{choice}`" for choice in row.choices)
    if row.minimum is None or row.maximum is None:
        return "–"
    unit = " texts" if row.kind is Kind.TEXTS else f" {row.unit}".rstrip()
    return f"{_number(row.minimum)} to {_number(row.maximum)}{unit}"


def _number(value: float) -> str:
    return (f"{value:,.0f}" if value == int(value) else f"{value:g}").replace("-", "−")


def _accepted_by(kinds: frozenset[ProfileKind]) -> str:
    return "all" if kinds == frozenset(ProfileKind) else ", ".join(kind.label for kind in ProfileKind if kind in kinds)


def _setting_values(row: Setting) -> str:
    if row.kind is SettingKind.CHOICE:
        return "; ".join(f"`{value}`: {label}" for value, label in row.choices)
    if row.kind is SettingKind.INTEGER:
        return f"{_number(row.minimum)} to {_number(row.maximum)} {row.unit}".rstrip()
    return "`true`, `false`"


def _setting_value(row: Setting, value: object) -> str:
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


if __name__ == "__main__":
    write()
