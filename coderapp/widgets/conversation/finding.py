"""Finds text in the whole conversation, on screen or not: message by message, in a thread, and marks it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal

from coderapp.core.errors import CoderappError
from coderapp.qt.background import InThread
from coderapp.text.blocks import Block
from coderapp.text.find import Finder, Query
from coderapp.widgets.conversation.layout import DocumentLayout
from coderapp.widgets.conversation.marks import Mark, Marks
from coderapp.widgets.conversation.message_item import reading_of
from coderapp.widgets.conversation.selection import Position

AT_A_TIME = 200_000
"""Characters of messages that one job of the thread looks through."""

MOST = 10_000
"""Hits in all."""


class Finding(QObject):
    """Signals: `result(current, count, complete)`, current from 1, 0 for none; `fault(sentence)`."""

    result = Signal(int, int, bool)
    fault = Signal(str)

    def __init__(
        self,
        layout: DocumentLayout,
        marks: Marks,
        in_thread: InThread,
        show: Callable[[Position], None],
        parent: QObject,
    ) -> None:
        """`show(position)` scrolls to a hit."""
        super().__init__(parent)
        self._layout = layout
        self._marks = marks
        self._in_thread = in_thread
        self._show = show
        self._finder: Finder | None = None
        self._found: list[Mark] = []
        self._complete = True
        self._query = Query()
        self._quiet = False

    def look_for(self, query: Query) -> None:
        """Begins anew; an empty query takes the marks away."""
        self._quiet = False
        self._query = query
        self._begin()

    def look_again(self) -> None:
        """The messages are others, or have other text: what was looked for is looked for in them, where one is."""
        self._quiet = True
        self._begin()

    def _begin(self) -> None:
        self.stop()
        self._marks.clear()
        query = self._query
        if not query.text:
            return
        try:
            self._finder = query.compile()
        except CoderappError as error:
            self.fault.emit(f"{error.sentence} {error.advice}".strip())
            return
        self._complete = False
        self.result.emit(0, 0, False)
        self._go_on(self._finder, 0)

    def clear(self) -> None:
        """Nothing is looked for; the marks go."""
        self._query = Query()
        self.stop()
        self._marks.clear()

    def stop(self) -> None:
        """What is being looked through is not waited for."""
        if self._finder is not None:
            self._finder.abandon()
            self._finder = None
        self._found = []
        self._complete = True

    def step(self, step: int) -> None:
        """To the next hit, or the one before, round and round."""
        count = len(self._marks)
        if count:
            now = self._marks.current
            self._choose((now + step) % count if now >= 0 else self._nearest())

    def _choose(self, number: int) -> None:
        self._marks.choose(number)
        row, block, start, _ = self._marks[number]
        self._show(Position(row, block, start))
        self.result.emit(number + 1, len(self._marks), self._complete)

    def _nearest(self) -> int:
        """The first hit on screen or below."""
        visible = self._layout.visible()
        first = visible.start if visible else 0
        low, high = 0, len(self._marks)
        while low < high:  # they are in reading order
            middle = (low + high) // 2
            row, block, start, _ = self._marks[middle]
            above = row < first or (row == first and self._layout.rect_of(Position(row, block, start)).top() < 0)
            low, high = (middle + 1, high) if above else (low, middle)
        return low % len(self._marks)

    def _go_on(self, finder: Finder, first: int) -> None:
        reading: list[tuple[int, Callable[[], Sequence[Block]]]] = []
        size, row = 0, first
        while row < len(self._layout.rows) and size < AT_A_TIME:
            reading.append((row, reading_of(self._layout.rows[row], self._layout.items.get(row))))
            size += len(self._layout.rows[row].message.text) + 100
            row += 1

        def work() -> list[Mark] | CoderappError:
            found: list[Mark] = []
            try:
                for index, read in reading:
                    if finder.abandoned or len(found) >= MOST:
                        break
                    found += [(index, block, start, end) for block, start, end in finder.search_blocks(read(), MOST)]
            except CoderappError as error:
                return error
            return found

        def done(found: list[Mark] | CoderappError) -> None:
            if finder is not self._finder:
                finder.close()
                return
            if isinstance(found, CoderappError):
                self.stop()
                self.fault.emit(f"{found.sentence} {found.advice}".strip())
                return
            self._take(finder, found, row)

        self._in_thread(work, done)

    def _take(self, finder: Finder, found: list[Mark], row: int) -> None:
        had = len(self._found)
        self._found = (self._found + found)[:MOST]
        self._complete = row >= len(self._layout.rows) or len(self._found) >= MOST
        current = self._marks.current
        if len(self._found) > had:
            self._marks.set(self._found, current)
        if (
            current < 0
            and not self._quiet
            and self._found
            and (self._complete or self._found[-1][0] >= self._layout.visible().start)
        ):
            self._choose(self._nearest())
        else:
            self.result.emit(current + 1, len(self._found), self._complete)
        if self._complete:
            finder.close()
            self._finder = None
        else:
            self._go_on(finder, row)
