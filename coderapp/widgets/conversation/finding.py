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

AT_FIRST = 10_000
"""Of the first job: where the user is, something is to be seen at once."""

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
        self._from = 0  # the message that the search began with
        self._above: list[Mark] = []  # found in the messages before that one, which are searched last
        self._below: list[Mark] = []
        self._complete = True
        self._query = Query()
        self._quiet = False
        self._preferred = ""  # the message that a hit is wanted in

    def prefer(self, message_id: str) -> None:
        """What is looked for next is to be shown in this message, or, where it is not there, nowhere."""
        self._preferred = message_id
        self._query = Query()  # also where it is the same as before

    def look_for(self, query: Query) -> None:
        """Begins anew; an empty query takes the marks away."""
        self._quiet = False
        if self._query.text:
            self._preferred = ""
        self._query = query
        self._begin()

    def look_again(self, parsed: str = "") -> None:
        """The messages are others, or have other text: what was looked for is looked for in them, where one is.
        `parsed`: a message that was shown plain until now; where the hit shown is in it, it stands elsewhere.
        """
        self._quiet = not (self._preferred and self._preferred == parsed)
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
        self._from = max(self._wanted_row(), 0) if self._preferred else self._first_seen()
        self._go_on(self._finder, self._from)

    def _wanted_row(self) -> int:
        rows = self._layout.rows
        return next((n for n in range(len(rows) - 1, -1, -1) if rows[n].message.id == self._preferred), -1)

    def _first_seen(self) -> int:
        visible = self._layout.visible()
        return visible.start if visible else 0

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
        self._above, self._below = [], []
        self._complete = True

    def step(self, step: int) -> None:
        """To the next hit, or the one before, round and round."""
        count = len(self._marks)
        self._preferred = ""
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
        first = self._first_seen()
        low, high = 0, len(self._marks)
        while low < high:  # they are in reading order
            middle = (low + high) // 2
            row, block, start, _ = self._marks[middle]
            above = row < first or (row == first and self._layout.rect_of(Position(row, block, start)).top() < 0)
            low, high = (middle + 1, high) if above else (low, middle)
        return low % len(self._marks)

    def _go_on(self, finder: Finder, first: int) -> None:
        """From where the user is to the end, then from the beginning."""
        reading: list[tuple[int, Callable[[], Sequence[Block]]]] = []
        size, row = 0, first
        end = len(self._layout.rows) if first >= self._from else self._from
        most = AT_FIRST if first == self._from else AT_A_TIME
        while row < end and size < most:
            reading.append((row, reading_of(self._layout.rows[row], self._layout.items.get(row), finder.may_find)))
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
            elif isinstance(found, CoderappError):
                failed(found)
            else:
                self._take(finder, found, first, row)

        def failed(error: CoderappError) -> None:
            finder.close()
            if finder is self._finder:
                self.stop()
                self.fault.emit(f"{error.sentence} {error.advice}".strip())

        self._in_thread(work, done, failed)

    def _take(self, finder: Finder, found: list[Mark], first: int, row: int) -> None:
        """What was found in the messages from `first` to before `row`."""
        found = found[: MOST - len(self._above) - len(self._below)]
        current = self._marks.current
        if first >= self._from:
            self._below += found
            onward = row if row < len(self._layout.rows) else 0
            ends = onward == 0 and self._from == 0
        else:
            if current >= len(self._above):
                current += len(found)
            self._above += found
            onward = row
            ends = row >= self._from
        everything = self._above + self._below
        self._complete = ends or len(everything) >= MOST
        if found:
            self._marks.set(everything, current)
        chosen = self._first_choice() if current < 0 and everything and not self._quiet else -1
        if chosen >= 0:
            self._choose(chosen)
        else:
            self.result.emit(current + 1, len(everything), self._complete)
        if self._complete:
            finder.close()
            self._finder = None
        else:
            self._go_on(finder, onward)

    def _first_choice(self) -> int:
        """The hit to show first; -1 where it is wanted in a message that has none."""
        if not self._preferred:
            return self._nearest()
        wanted = self._wanted_row()
        found = next((n for n in range(len(self._marks)) if self._marks[n][0] == wanted), -1)
        self._quiet = found < 0
        return found
