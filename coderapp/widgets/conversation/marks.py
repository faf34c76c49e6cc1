"""What was found in the conversation, marked in the text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from coderapp.widgets.conversation.layout import DocumentLayout
from coderapp.widgets.conversation.ranges import NOTHING, Ranges, Span
from coderapp.widgets.conversation.style import DocumentStyle

Mark = tuple[int, int, int, int]
"""(message, block, first character, end)."""


class Marks:
    """`set` what was found, in reading order; `current` is set off from the others."""

    def __init__(self, layout: DocumentLayout, changed: Callable[[], None]) -> None:
        self.current = -1
        self._layout = layout
        self._changed = changed
        self._all: list[Mark] = []
        self._by_block: dict[tuple[int, int], list[int]] = {}
        self._spans: dict[tuple[int, int], list[Span]] = {}  # of blocks that were painted
        self._style: DocumentStyle | None = None  # in whose colours

    def __len__(self) -> int:
        return len(self._all)

    def __getitem__(self, number: int) -> Mark:
        return self._all[number]

    def set(self, marks: Sequence[Mark], current: int = -1) -> None:
        self._all = list(marks)
        self._by_block = {}
        for number, (row, block, _, _) in enumerate(self._all):
            self._by_block.setdefault((row, block), []).append(number)
        self.current = current
        self._spans = {}
        self._changed()

    def shift(self, row: int, count: int) -> None:
        """The blocks of a message have moved on by `count`."""
        if any(mark[0] == row for mark in self._all):
            moved = [(r, b + count if r == row else b, first, end) for r, b, first, end in self._all]
            self.set(moved, self.current)

    def choose(self, number: int) -> None:
        self.current = number
        self._changed()

    def clear(self) -> None:
        if self._all:
            self.set([])

    def ranges(self, row: int, block: int) -> Ranges:
        """For painting."""
        numbers = self._by_block.get((row, block))
        if not numbers:
            return NOTHING
        style = self._layout.style
        if style is not self._style:
            self._style, self._spans = style, {}
        found = self._spans.get((row, block))
        if found is None:
            found = [(self._all[n][2], self._all[n][3], style.found) for n in numbers]
            self._spans[row, block] = found
        if self.current < 0 or self._all[self.current][:2] != (row, block):
            return Ranges(found)
        _, _, start, end = self._all[self.current]
        return Ranges(found, ((start, end, style.found_here),))
