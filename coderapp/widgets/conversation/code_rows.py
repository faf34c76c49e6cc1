"""Which line, and which part of it, stands on which row of a code block."""

from __future__ import annotations

from bisect import bisect_right

from coderapp.widgets import metrics


class Rows:
    """Unwrapped, a row is a line. Wrapped, a line takes as many rows as it needs; they are counted once and kept as
    sums. `lines` grows in place: `forget` what may have changed, then `count`.
    """

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        self._columns = 0  # characters of a row; 0: unwrapped
        self._counted = 0  # lines that `longest` and `_firsts` know and that are complete
        self._firsts: list[int] = [0]  # the first row of each line, and of the next
        self._starts: list[int] = [0]  # the offset in the text at which a line begins; made when asked for
        self._cut: tuple[int, list[int]] = (-1, [])  # a line and its breaks
        self.longest = 0
        """Columns of the longest line."""

    def set_columns(self, columns: int) -> None:
        if columns != self._columns:
            self._columns = columns
            self._counted = 0
            self._firsts = [0]
            self._cut = (-1, [])

    def forget(self, kept: int) -> None:
        """Lines from `kept` on are others."""
        self._counted = min(self._counted, kept)
        del self._firsts[kept + 1 :]
        del self._starts[kept + 1 :]
        if self._cut[0] >= kept:
            self._cut = (-1, [])

    def count(self, *, complete: bool) -> None:
        """Takes in the lines that are new. `complete`: the last line is not a part of one."""
        lines = self._lines
        if self._counted == 0:
            self.longest = 0
        if self._columns:
            del self._firsts[self._counted + 1 :]
        for number in range(self._counted, len(lines)):
            line = lines[number]
            size = len(line)
            if size > self.longest // metrics.TAB_STOP:
                if "\t" in line[:1000]:
                    size = len(line.expandtabs(metrics.TAB_STOP))
                self.longest = max(self.longest, size)
            if self._columns:
                rows = 1 if size <= self._columns else len(self._breaks(number))
                self._firsts.append(self._firsts[-1] + rows)
        self._counted = len(lines) if complete else max(0, len(lines) - 1)

    @property
    def total(self) -> int:
        return self._firsts[-1] if self._columns else len(self._lines)

    def first_row(self, line: int) -> int:
        """The row that a line begins on; that behind the last for lines that are not there."""
        if not self._columns:
            return min(line, len(self._lines))
        return self._firsts[min(line, len(self._firsts) - 1)]

    def at(self, row: int) -> tuple[int, int]:
        """(line, first character) of a row."""
        if not self._columns or not self._lines:
            return row, 0
        line = min(bisect_right(self._firsts, row), len(self._firsts) - 1) - 1
        part = row - self._firsts[line]
        return line, self._breaks(line)[part] if part else 0

    def end_of(self, row: int) -> int:
        """The character of its line that a row ends before."""
        line, _ = self.at(row)
        if line >= len(self._lines):
            return 0
        if self._columns:
            breaks, part = self._breaks(line), row - self._firsts[line]
            if part + 1 < len(breaks):
                return breaks[part + 1]
        return len(self._lines[line])

    def _breaks(self, number: int) -> list[int]:
        """Where the rows of a wrapped line begin: behind a space, where one stands in the last third of a row."""
        line, columns = self._lines[number], self._columns
        if len(line) <= columns:
            return [0]
        if self._cut[0] == number and self._cut[1]:
            return self._cut[1]
        starts = [0]
        while len(line) - starts[-1] > columns:
            limit = starts[-1] + columns
            space = line.rfind(" ", limit - columns // 3, limit)
            starts.append(space + 1 if space >= 0 else limit)
        self._cut = (number, starts)
        return starts

    # offsets in the text

    def offset_of(self, line: int) -> int:
        """The offset at which a line begins."""
        starts, lines = self._starts, self._lines
        for number in range(len(starts), line + 1):
            starts.append(starts[-1] + len(lines[number - 1]) + 1)
        return starts[line]

    @property
    def length(self) -> int:
        if not self._lines:
            return 0
        last = len(self._lines) - 1
        return self.offset_of(last) + len(self._lines[last])

    def row_of(self, offset: int) -> tuple[int, int]:
        """(row, character in the row) of an offset."""
        if not self._lines:
            return 0, 0
        self.offset_of(len(self._lines) - 1)
        line = max(0, bisect_right(self._starts, offset, 0, len(self._lines)) - 1)
        inside = min(offset - self._starts[line], len(self._lines[line]))
        if not self._columns:
            return line, inside
        breaks = self._breaks(line)
        part = bisect_right(breaks, inside) - 1
        return self._firsts[line] + part, inside - breaks[part]
