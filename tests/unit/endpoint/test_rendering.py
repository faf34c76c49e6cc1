from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderapp.endpoint.library import Snippet
from coderapp.endpoint.model import SampleModel
from coderapp.endpoint.rendering import Answer, escaped, plain, render


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("A **bold** and *soft* word", "A bold and soft word"),
        ("Use `a*b*c` and `__init__`", "Use a*b*c and __init__"),
        ("**Say `x` aloud**", "Say x aloud"),
        ("- one\n- two\n* three\n+ four", "one\ntwo\nthree\nfour"),
        ("- [x] done\n- [ ] open", "done\nopen"),
        ("# Title\n> quote", "Title\nquote"),
        ("[docs](https://example.invalid) and [x](x)", "docs (https://example.invalid) and x"),
        ("snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4"),
        ("```py\nx = 1\n```", "x = 1\n"),
        ("~~old~~ new", "old new"),
        ("a ` alone", "a  alone"),
    ],
)
def test_marks_go_and_words_stay(markdown: str, text: str) -> None:
    assert plain(markdown) == text


@given(st.text("ab `*_-#[]()\n\x00", max_size=60))
def test_no_backtick_survives(text: str) -> None:
    assert "`" not in plain(text)


def test_every_format_of_a_snippet(small_model: SampleModel) -> None:
    snippet = small_model.snippets[1]
    answer = Answer(snippet=snippet)
    assert render(answer, "markdown").texts == (snippet.body,)
    (text,) = render(answer, "text").texts
    assert text == f"A sign-in form with autocomplete hints.\n\n{snippet.code}\n\nPoint action at your server."
    rendered = render(answer, "json")
    filled = "".join(
        part for pair in zip(rendered.frame, [*map(escaped, rendered.texts), ""], strict=True) for part in pair
    )
    assert json.loads(filled)["code"] == snippet.code


def test_code_alone(small_model: SampleModel) -> None:
    snippet = small_model.snippets[2]
    answer = Answer("Note.", snippet=snippet, whole=False)
    assert render(answer, "text").texts == (f"Note.\n\n{snippet.code}",)
    assert render(answer, "markdown").texts == (f'Note.\n\n```python title="read.py"\n{snippet.code}\n```',)
    assert '"explanation"' not in "".join(render(answer, "json").frame)


def test_offers_become_a_list() -> None:
    answer = Answer("None.", ("One", "Two"))
    assert render(answer, "markdown").texts == ("None.\n\n- One\n- Two",)
    assert render(answer, "text").texts == ("None.\n\nOne\nTwo",)
    assert render(answer, "json").frame == ('{"message": "', '", "suggestions": ["', '", "', '"]}')


def test_the_shipped_library_leaves_no_marks_in_text(library: tuple[Snippet, ...]) -> None:
    for snippet in library:
        prose = plain(snippet.explanation) + plain(snippet.notes)
        assert "`" not in prose, snippet.slug
        assert not re.search(r"\*\*\w[^*\n]*\*\*", prose), snippet.slug
        assert not any(line.startswith(("- ", "# ")) for line in prose.splitlines()), snippet.slug
