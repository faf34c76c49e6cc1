"""The sums the view stands on, against the plainest thing that gives the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coderapp.widgets import metrics
from coderapp.widgets.conversation.code_rows import Rows
from coderapp.widgets.conversation.heights import Heights
from coderapp.widgets.conversation.words import line_at, next_word, previous_word, word_at

HEIGHT = st.integers(1, 500).map(float)
STEP = st.one_of(
    st.tuples(st.just("append"), st.just(0), HEIGHT),
    st.tuples(st.just("set"), st.integers(0, 60), HEIGHT),
    st.tuples(st.just("truncate"), st.integers(0, 60), HEIGHT),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(HEIGHT, max_size=20), st.lists(STEP, max_size=30))
def test_heights_are_a_list(begin: list[float], steps: list[tuple[str, int, float]]) -> None:
    plain, heights = list(begin), Heights(begin)
    for kind, number, height in steps:
        if kind == "append":
            plain.append(height)
            heights.append(height)
        elif kind == "set" and plain:
            index = number % len(plain)
            assert heights.set(index, height) == height - plain[index]
            plain[index] = height
        elif kind == "truncate":
            count = number % (len(plain) + 1)
            del plain[count:]
            heights.truncate(count)
    assert len(heights) == len(plain)
    assert heights.total == sum(plain)
    top = 0.0
    for index, height in enumerate(plain):
        assert heights[index] == height
        assert heights.top(index) == top
        assert heights.at(top) == heights.at(top + height - 0.5) == index
        top += height
    assert heights.top(len(plain)) == top
    assert heights.at(-5) == 0
    assert heights.at(top + 5) == max(0, len(plain) - 1)


def cut(line: str, columns: int) -> list[str]:
    """A line's rows, made one after the other."""
    rows = []
    while columns and len(line) > columns:
        third = line[columns - columns // 3 : columns]
        size = columns - columns // 3 + third.rindex(" ") + 1 if " " in third else columns
        rows.append(line[:size])
        line = line[size:]
    return [*rows, line]


def compare(rows: Rows, lines: list[str], columns: int) -> None:
    naive = [(number, part) for number, line in enumerate(lines) for part in cut(line, columns)]
    assert rows.total == len(naive)
    row = 0
    for number, line in enumerate(lines):
        assert rows.first_row(number) == row
        assert rows.offset_of(number) == sum(len(before) + 1 for before in lines[:number])
        begin = 0
        for part in cut(line, columns):
            assert rows.at(row) == (number, begin)
            assert rows.end_of(row) == begin + len(part)
            for inside in range(len(part)):
                assert rows.row_of(rows.offset_of(number) + begin + inside) == (row, inside)
            begin += len(part)
            row += 1
    assert rows.first_row(len(lines)) == row
    assert rows.length == len("\n".join(lines))


@settings(max_examples=60, deadline=None)
@given(
    st.text("ab \n\t", max_size=120), st.lists(st.integers(1, 30), max_size=8), st.sampled_from([0, 3, 7, 12, 40]),
    st.sampled_from([0, 5, 20]),
)  # fmt: skip
def test_rows_of_growing_code_are_those_of_whole_code(text: str, sizes: list[int], columns: int, later: int) -> None:
    lines: list[str] = []
    rows = Rows(lines)
    rows.set_columns(columns)
    at = 0
    for size in [*sizes, len(text)]:
        known = text[: at + size]
        at += size
        kept = max(0, len(lines) - 1)
        lines[kept:] = known.split("\n")[kept:]
        rows.forget(kept)
        rows.count(complete=False)
        compare(rows, lines, columns)
    assert rows.longest == max(len(line.expandtabs(metrics.TAB_STOP)) for line in lines)
    rows.set_columns(later)
    rows.count(complete=True)
    compare(rows, lines, later)


@pytest.mark.parametrize(
    ("text", "at", "word"),
    [
        ("call snake_case(x)", 7, "snake_case"), ("one two", 3, "one"), ("one two", 7, "two"), ("a  b", 2, "  "),
        ("x += 1", 2, "+="), ("größe ende", 2, "größe"), ("", 0, ""), ("a\n\nb", 2, ""), ("+", 5, "+"),
    ],
)  # fmt: skip
def test_the_word_at_a_place(text: str, at: int, word: str) -> None:
    start, end = word_at(text, at)
    assert text[start:end] == word


@settings(max_examples=60, deadline=None)
@given(st.text("ab_ +\n", max_size=40), st.integers(0, 40))
def test_words_and_lines_hold_together(text: str, at: int) -> None:
    at = min(at, len(text))
    start, end = word_at(text, at)
    assert 0 <= start <= end <= len(text)
    begin, after = line_at(text, at)
    assert begin <= at <= after
    assert text[begin:after].rstrip("\n").count("\n") == 0
    if at < len(text):
        assert at < next_word(text, at) <= len(text)
    if at:
        assert 0 <= previous_word(text, at) < at
