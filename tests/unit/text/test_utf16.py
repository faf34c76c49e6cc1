"""Positions in characters and in UTF-16 units."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from coderapp.text.utf16 import Units, spans_to_utf16

_TEXT = st.text(alphabet=st.sampled_from("ab é\u20ac\uffff😀🏳\U0010ffff\ud83d"), max_size=30)


def _size(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@given(_TEXT)
def test_every_position(text: str) -> None:
    units = Units(text)
    assert units.size == _size(text)
    assert units.same == (units.size == len(text))
    for position in range(len(text) + 1):
        unit = units.to_utf16(position)
        assert unit == _size(text[:position])
        assert units.from_utf16(unit) == position
        if position < len(text) and text[position] > "\uffff":
            assert units.from_utf16(unit + 1) == position


@given(_TEXT, st.data())
def test_spans(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    length = data.draw(st.integers(0, len(text) - start))
    first, size = Units(text).span_to_utf16(start, length)
    assert first == _size(text[:start])
    assert size == _size(text[start : start + length])
    assert list(spans_to_utf16(text, [(start, length, "x")])) == [(first, size, "x")]


def test_nothing_is_made_where_nothing_changes() -> None:
    spans = [(0, 1, 1)]
    assert spans_to_utf16("abc", spans) is spans
    assert spans_to_utf16("äöü€", spans) is spans
    assert spans_to_utf16("😀", []) == []
    assert spans_to_utf16("😀x", [(1, 1, 7)]) == [(2, 1, 7)]
