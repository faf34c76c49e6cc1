"""The pages that are made from the tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from coderapp.core.parameters import PARAMETERS, Parameter
from coderapp.core.settings import SETTINGS, Setting
from tests.helpers import table_docs

STALE = "write it again: python -m tests.helpers.table_docs"


def test_the_pages_are_up_to_date() -> None:
    assert (table_docs.DOCS / "parameters.md").read_text("utf-8") == table_docs.parameters_page(), STALE
    assert (table_docs.DOCS / "settings.md").read_text("utf-8") == table_docs.settings_page(), STALE


def test_both_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_docs, "DOCS", tmp_path)
    table_docs.write()
    assert (tmp_path / "parameters.md").read_text("utf-8") == table_docs.parameters_page()
    assert (tmp_path / "settings.md").read_text("utf-8") == table_docs.settings_page()


@pytest.mark.parametrize("row", PARAMETERS, ids=lambda row: row.name)
def test_a_parameter_is_described_whole(row: Parameter) -> None:
    page = table_docs.parameters_page()
    (line,) = (line for line in page.splitlines() if line.startswith(f"| `{row.name}` | `{row.field}` |"))
    assert line.count("|") == 7
    assert row.default_text in line
    (note,) = (line for line in page.splitlines() if line.startswith(f"- `{row.name}`, “{row.label}”"))
    assert row.help in note
    assert row.advice in note


@pytest.mark.parametrize("row", SETTINGS, ids=lambda row: row.name)
def test_a_setting_is_described_whole(row: Setting) -> None:
    page = table_docs.settings_page()
    (line,) = (line for line in page.splitlines() if line.startswith(f"| `{row.name}` | {row.label} |"))
    assert line.count("|") == 6
    assert f"- `{row.name}`: {row.help}" in page.splitlines()
    for value, label in row.choices:
        assert f"`{value}`: {label}" in line


def test_signs_and_unknown_bars() -> None:
    page = table_docs.parameters_page()
    assert "| −2 to 2 |" in page
    assert "| 1 to 180,000 tokens |" in page
    assert "`simple` as `false`, `openai` as `true`" in page
    assert "Sent only while `logprobs` is true." in page
