"""What is painted over the text of a block: what was found, and what is selected."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from PySide6.QtGui import QTextCharFormat

Span = tuple[int, int, QTextCharFormat]
"""(start, end, format) in characters of the block; `end` may lie behind its text."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """`found` may be thousands: in order, apart from each other, and of them only those at a place are looked at. The
    few in `over` are painted above them. Positions are asked for from `origin` on.
    """

    found: Sequence[Span] = ()
    over: Sequence[Span] = ()
    origin: int = 0

    def __bool__(self) -> bool:
        return bool(self.found or self.over)

    def __iter__(self) -> Iterator[Span]:
        yield from self.found
        yield from self.over

    def without_found(self) -> Ranges:
        return replace(self, found=())

    def only_found(self) -> Ranges:
        return replace(self, over=())

    def with_over(self, span: Span) -> Ranges:
        """One more, above the others."""
        return replace(self, over=(*self.over, span))

    def count_found(self, start: int, end: int) -> int:
        """How much was found in some characters."""
        first = bisect_right(self.found, start + self.origin, key=_end_of)
        return bisect_left(self.found, end + self.origin, key=_start_of) - first

    def moved(self, origin: int) -> Ranges:
        """As a part of the block sees them that begins at `origin`."""
        return replace(self, origin=self.origin + origin) if self else self

    def between(self, start: int, end: int) -> Iterator[Span]:
        """What touches the characters from `start` to `end`, in their coordinates."""
        origin = self.origin
        start, end = start + origin, end + origin
        for number in range(bisect_right(self.found, start, key=_end_of), len(self.found)):
            span = self.found[number]
            if span[0] >= end:
                break
            yield span[0] - origin, span[1] - origin, span[2]
        for first, last, made in self.over:
            if first < end and last > start:
                yield first - origin, last - origin, made


NOTHING = Ranges()


def _start_of(span: Span) -> int:
    return span[0]


def _end_of(span: Span) -> int:
    return span[1]
