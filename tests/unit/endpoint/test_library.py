from __future__ import annotations

import logging
from pathlib import Path

import pytest

from coderapp.endpoint.library import FRAMEWORKS, Snippet, SnippetError, load_library, parse_snippet

GOOD = """---
title: T
keywords: a, b
framework: qml
language: qml
pattern: card
theme: both
file: T.qml
---
Words.

```qml title="T.qml"
Item {}
```

- Note.
"""


def test_a_snippet_is_taken_apart() -> None:
    snippet = parse_snippet(GOOD, "qml/t")
    assert (snippet.title, snippet.keywords, snippet.framework, snippet.theme) == ("T", ("a", "b"), "qml", "both")
    assert (snippet.explanation, snippet.code, snippet.notes) == ("Words.", "Item {}", "- Note.")
    assert snippet.body == 'Words.\n\n```qml title="T.qml"\nItem {}\n```\n\n- Note.'
    assert snippet.label == "T (QML)"


def test_windows_line_ends_are_read() -> None:
    assert parse_snippet(GOOD.replace("\n", "\r\n"), "qml/t").code == "Item {}"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("---\ntitle", "title"), "first line must be ---"),
        (("\n---\nWords", "\nWords"), "does not end"),
        (("title: T", "title T"), "line 2 is not one of"),
        (("title: T", "name: T"), "line 2 is not one of"),
        (("theme: both\n", ""), "theme is missing"),
        (("title: T", "title:"), "title is missing"),
        (("framework: qml", "framework: vb6"), "framework must be one of"),
        (("theme: both", "theme: pink"), "theme must be one of"),
        (("```qml", "~~~qml"), "one fenced block of code, found 0"),
        (("- Note.", "```js\n1\n```"), "found 2"),
        (("Words.", ""), "explanation"),
    ],
)
def test_faults_are_named(change: tuple[str, str], sentence: str) -> None:
    with pytest.raises(SnippetError, match=sentence):
        parse_snippet(GOOD.replace(*change), "qml/t")


@pytest.mark.expected_log("left out of the library: qml/bad|qml/latin")
def test_damaged_files_are_left_out(library_folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (library_folder / "qml").mkdir()
    (library_folder / "qml" / "bad.md").write_text("nothing", encoding="utf-8")
    (library_folder / "qml" / "latin.md").write_bytes(b"---\xff")
    with caplog.at_level(logging.WARNING):
        assert len(load_library(library_folder)) == 3
    assert len(caplog.records) == 2


def test_an_empty_library_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SnippetError, match="no snippet"):
        load_library(tmp_path)


def test_a_theme_of_both_suits_all() -> None:
    snippet = parse_snippet(GOOD, "qml/t")
    assert snippet.suits("dark")
    assert snippet.suits("light")
    assert snippet.suits("")


def test_the_shipped_library_is_whole(library: tuple[Snippet, ...]) -> None:
    assert len(library) >= 80
    assert {snippet.framework for snippet in library} <= FRAMEWORKS.keys()
    openings = [snippet.explanation.split("\n")[0] for snippet in library]
    assert len(set(openings)) == len(openings)
