"""A selection that runs across blocks and messages."""

from __future__ import annotations

from typing import NamedTuple


class Position(NamedTuple):
    """A place in the conversation's text: message row, block in it, character offset in the block's plain text."""

    row: int
    block: int
    offset: int


class Selection:
    """From `anchor`, where it was begun, to `cursor`, which moves. None: nothing was begun."""

    def __init__(self) -> None:
        self.anchor: Position | None = None
        self.cursor: Position | None = None

    def begin(self, at: Position) -> None:
        self.anchor = self.cursor = at

    def extend(self, to: Position) -> None:
        if self.anchor is None:
            self.anchor = to
        self.cursor = to

    def copy(self) -> Selection:
        made = Selection()
        made.anchor, made.cursor = self.anchor, self.cursor
        return made

    def touches(self, row: int) -> bool:
        ends = self.ends
        return ends is not None and ends[0].row <= row <= ends[1].row

    def shift(self, row: int, count: int) -> None:
        """The blocks of a message have moved on by `count`; what lay in those that went is not selected any more."""

        def moved(at: Position | None) -> Position | None:
            return at._replace(block=at.block + count) if at is not None and at.row == row else at

        self.anchor, self.cursor = moved(self.anchor), moved(self.cursor)
        for at in (self.anchor, self.cursor):
            if at is not None and at.block < 0:
                self.clear()

    def clear(self) -> None:
        self.anchor = self.cursor = None

    def select(self, start: Position, end: Position) -> None:
        self.anchor, self.cursor = start, end

    @property
    def ends(self) -> tuple[Position, Position] | None:
        """First and last position; None where nothing is selected."""
        if self.anchor is None or self.cursor is None or self.anchor == self.cursor:
            return None
        return min(self.anchor, self.cursor), max(self.anchor, self.cursor)

    def part_of(self, row: int, block: int) -> tuple[int, int | None] | None:
        """(first offset, last offset or None for all the rest) of a block that is selected."""
        ends = self.ends
        if ends is None:
            return None
        first, last = ends
        here = (row, block)
        if here < (first.row, first.block) or here > (last.row, last.block):
            return None
        start = first.offset if here == (first.row, first.block) else 0
        end = last.offset if here == (last.row, last.block) else None
        return start, end
