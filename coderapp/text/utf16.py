"""Positions in Python strings count characters, Qt's count UTF-16 units: a character above U+FFFF is two of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import TypeVar

_Kind = TypeVar("_Kind")


class Units:
    """Maps positions in `text` to UTF-16 positions and back. Without characters above U+FFFF that is the identity;
    with them it costs a bisection a position.
    """

    __slots__ = ("_wide", "size")

    def __init__(self, text: str) -> None:
        self._wide: Sequence[int] = wide_positions(text)
        self.size = len(text) + len(self._wide)
        """UTF-16 units of the text."""

    @property
    def same(self) -> bool:
        """Both count alike."""
        return not self._wide

    def to_utf16(self, position: int) -> int:
        """The unit at which the character at `position` begins."""
        return position + bisect_left(self._wide, position) if self._wide else position

    def from_utf16(self, unit: int) -> int:
        """The character that `unit` belongs to; both halves of a pair are of one."""
        low, high = 0, len(self._wide)
        while low < high:
            middle = (low + high) // 2
            if self._wide[middle] + middle < unit:
                low = middle + 1
            else:
                high = middle
        return unit - low

    def span_to_utf16(self, start: int, length: int) -> tuple[int, int]:
        """(start, length) of a span."""
        first = self.to_utf16(start)
        return first, self.to_utf16(start + length) - first


def wide_positions(text: str) -> Sequence[int]:
    """Where the characters above U+FFFF stand."""
    if text.isascii() or max(text) <= "\uffff":
        return ()
    return [position for position, character in enumerate(text) if character > "\uffff"]


def spans_to_utf16(text: str, spans: Sequence[tuple[int, int, _Kind]]) -> Sequence[tuple[int, int, _Kind]]:
    """(start, length, class) of a line of code, as `highlight` gives them, in UTF-16 units."""
    if not spans or text.isascii():
        return spans
    units = Units(text)
    return spans if units.same else [(*units.span_to_utf16(start, length), kind) for start, length, kind in spans]
