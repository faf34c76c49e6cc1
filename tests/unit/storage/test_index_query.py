"""What is typed becomes a query, whatever it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coderapp.storage.index_query import MOST_TERMS, Filter, Query, Word, parse
from coderapp.storage.index_snippets import LENGTH, pattern_of, snippet
from coderapp.storage.index_words import fold, tokens

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
DAY = 86400.0
MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC).timestamp()

TYPED = st.text() | st.lists(
    st.sampled_from(
        ["a", "-", '"', " ", ":", "model:", "before:", "2026-13", "has:", "is:pinned", "-lang:py", "返", "é", "\ud83d",
         "\x00", "foo.bar(", "tag:\"a b\"", "after:0d", "title:x", "“", "9999-12-31", "before:0000", "--x", "\n"]
    )
).map("".join)  # fmt: skip


def words(query: Query) -> list[tuple[str, ...]]:
    return [word.tokens for word in query.words]


@given(TYPED)
@example("before:9999999w")
@example('"')
@example("-")
@example("has:code" * 50)
def test_anything_that_is_typed_gives_a_query(text: str) -> None:
    query = parse(text, NOW)
    assert not query.problem or query.problem.endswith(".")
    for word in query.words:
        assert word.tokens
        for token in word.tokens:
            assert token == fold(token)
            assert tokens(token) == [token]
    pattern_of(query)


@given(TYPED, st.text(max_size=400))
def test_a_snippet_is_one_line_whose_marks_lie_in_it(typed: str, text: str) -> None:
    shown = snippet(text, pattern_of(parse(typed, NOW)))
    assert "\n" not in shown.text
    assert len(shown.text) <= LENGTH + 2
    assert all(0 <= first < last <= len(shown.text) for first, last in shown.marks)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two Words", Query((Word(("two",), "two"), Word(("words",), "Words")), typing=True)),
        ("two ", Query((Word(("two",), "two"),))),
        ('"a phrase" -not', Query((Word(("a", "phrase"), "a phrase", whole=True), Word(("not",), "not", negated=True)),
                                  typing=True)),
        ('“curly”', Query((Word(("curly",), "curly", whole=True),))),
        ("foo.bar()", Query((Word(("foo", "bar"), "foo.bar()"),), typing=True)),
        ("x:y", Query((Word(("x", "y"), "x:y"),), typing=True)),
        ("--verbose", Query((Word(("verbose",), "--verbose"),), typing=True)),
        ("model:GPT-4o", Query(filters=(Filter("model", "gpt-4o"),))),
        ('-tag:"two words"', Query(filters=(Filter("tag", "two words", negated=True),))),
        ("in:Work", Query(filters=(Filter("folder", "work"),))),
        ("HAS:co", Query(filters=(Filter("has", "code"),))),
        ("from:me", Query(filters=(Filter("role", "user"),))),
        ("after:today", Query(after=MIDNIGHT)),
        ("before:yesterday", Query(before=MIDNIGHT - DAY)),
        ("after:7d", Query(after=MIDNIGHT - 7 * DAY)),
        ("-after:2026", Query(before=datetime(2026, 1, 1, tzinfo=UTC).timestamp())),
        ("after:2026-11 after:2026-11-22", Query(after=MIDNIGHT)),
        ("model:", Query()), ("before:", Query()), ('"', Query()), ("-", Query()), ("", Query()), ("   ", Query()),
    ],
)  # fmt: skip
def test_the_language(text: str, expected: Query) -> None:
    assert parse(text, NOW) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("before:soon", "“soon” is not a date. Write before:2026-11-22, 2026-11 or 7d."),
        ("after:2026-02-30", "“2026-02-30” is not a date. Write after:2026-11-22, 2026-11 or 7d."),
        ("has:cake", "There is no has:cake. There is has:code, has:file, has:reasoning, has:tool."),
        ("is:x word", "There is no is:x. There is is:archived, is:pinned, is:starred."),
        ("!= &&", "There is no letter or digit in “!= &&” to search for."),
    ],
)
def test_what_can_not_be_understood_is_said(text: str, said: str) -> None:
    assert parse(text, NOW).problem == said


def test_days_begin_where_the_user_is() -> None:
    there = datetime(2026, 11, 22, 1, tzinfo=timezone(timedelta(hours=9)))
    assert parse("after:2026-11-22", there).after == MIDNIGHT - 9 * 3600


def test_no_more_than_a_query_can_hold() -> None:
    assert len(parse("a " * 1000, NOW).words) == MOST_TERMS


def found(query: str, text: str) -> tuple[str, list[str]]:
    shown = snippet(text, pattern_of(parse(query, NOW)))
    return shown.text, [shown.text[first:last] for first, last in shown.marks]


@pytest.mark.parametrize(
    ("query", "text", "marked"),
    [
        ("effect", "call useEffect here", ["Effect"]),
        ('"effect"', "useEffect, effect", ["effect"]),
        ("snake_case", "a snake_case or Snake-Case", ["snake_case"]),
        ("foo.bar()", "foo.bar() and foo.barn", ["foo.bar()"]),
        ("C++", "C, C++ and objc++", ["C++"]),
        ("don't", "I don’t, you don't", ["don’t", "don't"]),
        ('"a, b"', "a b, a,\tb", ["a, b"]),
        ("strasse", "Die Straße hier", ["Straße"]),
        ("cafe", "un cafe\u0301 noir", ["cafe\u0301"]),
        ("返回", "函数返回值", ["返回"]),
        ("lodz", "in Łódź, Æon", ["Łódź"]),
        ("aeon", "in Łódź, Ǽon, bœuf", ["Ǽon"]),
        ("a", "a cat, a dog", ["a", "a"]),
        ("ca", "a cat", ["ca"]),
        ("ca ", "a cat", []),
        ("-cat dog", "a cat, a dog", ["dog"]),
    ],
)
def test_marks(query: str, text: str, marked: list[str]) -> None:
    assert found(query, text)[1] == marked


def test_a_snippet_shows_the_place() -> None:
    text, marked = found("needle", "straw\n\n" * 300 + "the needle\tis here " + "straw " * 300)
    assert marked == ["needle"]
    assert text.startswith("…")
    assert text.endswith("…")
    assert "the needle is here straw" in text


def test_a_snippet_shows_the_place_where_folding_changes_lengths() -> None:
    text, marked = found("needle", "ßﬁ… " * 500 + "needle " + "x" * 500)
    assert marked == ["needle"]
    assert text.startswith("…")


def test_a_snippet_of_no_words_is_the_beginning() -> None:
    assert found("is:starred", "  first\nline") == ("first line", [])


def test_a_long_run_of_letters_is_cut() -> None:
    assert [len(token) for token in tokens("x" * 150)] == [64, 64, 22]
    assert [len(token) for token in tokens("é" * 150)] == [64, 64, 22]
