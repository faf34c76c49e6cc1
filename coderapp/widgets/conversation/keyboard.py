"""The conversation by keyboard: places that act (Tab), blocks (arrows), a caret that selects (Shift with arrows)."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent

from coderapp.widgets import metrics
from coderapp.widgets.conversation.code_item import CodeItem
from coderapp.widgets.conversation.hot_spots import HotSpot
from coderapp.widgets.conversation.layout import DocumentLayout
from coderapp.widgets.conversation.selection import Position, Selection
from coderapp.widgets.conversation.stage import Stage
from coderapp.widgets.conversation.table_item import TableItem
from coderapp.widgets.conversation.words import next_word, previous_word

SHIFT = Qt.KeyboardModifier.ShiftModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
Key = Qt.Key


class Keyboard:
    """`focused`: the place with the focus, as (message, group, number in the group). `block`: the block that arrow keys
    have reached, as (message, block).
    """

    def __init__(self, layout: DocumentLayout, selection: Selection, stage: Stage) -> None:
        self.focused: tuple[int, int, int] | None = None
        self.block: tuple[int, int] | None = None
        self.shows_caret = False
        self._layout = layout
        self._selection = selection
        self._stage = stage
        self._x = -1.0  # where a caret that goes up and down wants to be

    def forget(self) -> None:
        """The document is another."""
        self.focused = self.block = None
        self.shows_caret = False

    # places that act

    def shift(self, row: int, count: int) -> None:
        """The blocks of a message have moved on by `count`."""
        if self.block is not None and self.block[0] == row:
            self.block = (row, self.block[1] + count) if self.block[1] + count >= 0 else None
        if self.focused is not None and self.focused[0] == row and self.focused[1] > 0:
            self.focused = None

    def focused_spot(self) -> tuple[int, HotSpot] | None:
        if self.focused is None or self.focused[0] >= len(self._layout.rows):
            return None
        row, group, number = self.focused
        spots = self._layout.item(row).spots
        if group >= spots.groups:
            return None
        found = spots.group(group, self._layout.style)
        return (row, found[number]) if number < len(found) else None

    def step(self, step: int) -> HotSpot | None:
        """To the next place, or the one before; None where there is none."""
        at = self.focused if self.focused_spot() else None
        found = self._first(step) if at is None else self._next(at, step)
        if found is None:
            return None
        self.focused, self.block = found, None
        spot = self.focused_spot()
        if spot is None:
            return None
        self._stage.reveal_spot(*spot)
        self._stage.refresh()
        return spot[1]

    def _first(self, step: int) -> tuple[int, int, int] | None:
        """The first place on screen, or the last one where the way leads back."""
        layout = self._layout
        found = []
        for row in layout.visible():
            spots = layout.item(row).spots
            shift = layout.top(row) - layout.offset
            for group in self._groups_on_screen(row):
                for number, spot in enumerate(spots.group(group, layout.style)):
                    if 0 <= spot.rect.top() + shift < layout.page:
                        found.append((row, group, number))
        return found[0 if step > 0 else -1] if found else None

    def _groups_on_screen(self, row: int) -> list[int]:
        item, layout = self._layout.item(row), self._layout
        top = layout.offset - layout.top(row)
        first, last = item.block_at(top), item.block_at(top + layout.page)
        blocks = range(first + 1, last + 2) if first >= 0 else range(0)
        return [0, *blocks, item.spots.groups - 1]

    def _next(self, at: tuple[int, int, int], step: int) -> tuple[int, int, int] | None:
        """One on, in this message or one that follows; they may be off the screen."""
        row, group, number = at
        layout = self._layout
        found = layout.item(row).spots.group(group, layout.style)
        if 0 <= number + step < len(found):
            return row, group, number + step
        while True:
            group += step
            if not 0 <= group < layout.item(row).spots.groups:
                row += step
                if not 0 <= row < len(layout.rows):
                    return None
                group = 0 if step > 0 else layout.item(row).spots.groups - 1
            found = layout.item(row).spots.group(group, layout.style)
            if found:
                return row, group, 0 if step > 0 else len(found) - 1

    def activate(self) -> bool:
        """Enter or Space; True where there was a place with the focus."""
        spot = self.focused_spot()
        if spot and spot[1].enabled:
            self._stage.act(*spot)
        return spot is not None

    # keys

    def press(self, event: QKeyEvent) -> bool:
        """True where the key was for the conversation."""
        key, modifiers = event.key(), event.modifiers()
        if modifiers & SHIFT:
            return self._extend(key, control=bool(modifiers & CONTROL))
        if modifiers & ~Qt.KeyboardModifier.KeypadModifier:
            return False
        layout = self._layout
        page = max(layout.page - metrics.CODE_HEADER - 2 * layout.style.code_height, layout.page / 2)
        match key:
            case Key.Key_Home:
                self._stage.scroll_to(0)
            case Key.Key_End:
                self._stage.scroll_to(layout.scroll_range)
            case Key.Key_PageUp:
                self._stage.scroll_to(layout.offset - page)
            case Key.Key_PageDown:
                self._stage.scroll_to(layout.offset + page)
            case Key.Key_Up:
                self._step_block(-1)
            case Key.Key_Down:
                self._step_block(1)
            case Key.Key_Left | Key.Key_Right if self.block:
                self._scroll_sideways(-1 if key == Key.Key_Left else 1)
            case _:
                return False
        return True

    # blocks

    def _step_block(self, step: int) -> None:
        """To the next block. One that is taller than the screen is gone through line by line first."""
        layout = self._layout
        self.focused = None
        if self.block is None or not self._is_on_screen(self.block):
            at = layout.position_at(QPointF(layout.left + 1, 4 if step > 0 else layout.page - 4))
            target = (at.row, at.block) if at else None
        else:
            rect = layout.block_rect(*self.block)
            line = 3 * layout.style.code_height
            if step > 0 and rect.bottom() > layout.page + 1:
                self._stage.scroll_to(layout.offset + min(line, rect.bottom() - layout.page + metrics.GAP))
                return
            if step < 0 and rect.top() < -1:
                self._stage.scroll_to(layout.offset - min(line, metrics.GAP - rect.top()))
                return
            target = self._neighbour(self.block, step)
        if target is None:
            self._stage.scroll_to(0 if step < 0 else layout.scroll_range)
            return
        self.block = target
        self.show_block(*target)
        self._stage.refresh()

    def _is_on_screen(self, block: tuple[int, int]) -> bool:
        if block[0] >= len(self._layout.rows) or block[1] >= len(self._layout.item(block[0]).body.blocks):
            return False
        rect = self._layout.block_rect(*block)
        return rect.bottom() > 0 and rect.top() < self._layout.page

    def _neighbour(self, block: tuple[int, int], step: int) -> tuple[int, int] | None:
        row, index = block[0], block[1] + step
        while not 0 <= index < len(self._layout.item(row).body.blocks):
            row += step
            if not 0 <= row < len(self._layout.rows):
                return None
            index = 0 if step > 0 else len(self._layout.item(row).body.blocks) - 1
        return row, index

    def show_block(self, row: int, block: int) -> None:
        """Scrolls no further than needed to have a block on screen, or its top where it is taller."""
        layout = self._layout
        for _ in range(3):  # what comes on screen is measured, and may be higher than was thought
            layout.item(row).body.item(block)
            layout.measure(row)
            rect = layout.block_rect(row, block)
            lowest, highest = rect.top() - metrics.GAP_LARGE, rect.bottom() + metrics.GAP_LARGE - layout.page
            if lowest < 0 or rect.height() > layout.page - 2 * metrics.GAP_LARGE:
                move = lowest
            elif highest > 0:
                move = highest
            else:
                return
            if abs(move) < 1:
                return
            self._stage.scroll_to(layout.offset + move)

    def _scroll_sideways(self, step: int) -> None:
        if self.block is None or self.block[0] not in self._layout.items:
            return
        item = self._layout.items[self.block[0]].body.items.get(self.block[1])
        if isinstance(item, CodeItem | TableItem) and item.scroll_by(step * 60.0):
            self._stage.refresh()

    # the caret

    def _start(self) -> Position | None:
        """Where a selection by keyboard begins."""
        if self._selection.cursor is not None:
            return self._within(self._selection.cursor)
        if self.block is not None:
            return self._within(Position(*self.block, 0))
        return self._layout.position_at(QPointF(self._layout.left + 1, metrics.GAP))

    def _within(self, at: Position) -> Position | None:
        """The place nearest to one that may not be there any more."""
        if at.row >= len(self._layout.rows):
            return self.end()
        body = self._layout.item(at.row).body
        if at.block >= len(body.blocks):
            return self._end_of(at.row)
        return at._replace(offset=min(at.offset, body.item(at.block).length()))

    def _end_of(self, row: int) -> Position | None:
        """The end of a message's text, or of that of the nearest one above which has some."""
        for index in range(row, -1, -1):
            body = self._layout.item(index).body
            if last := len(body.blocks):
                return Position(index, last - 1, body.item(last - 1).length())
        return None

    def _extend(self, key: int, *, control: bool) -> bool:
        at = self._start()
        if at is None:
            return False
        layout = self._layout
        vertical = key in (Key.Key_Up, Key.Key_Down, Key.Key_PageUp, Key.Key_PageDown)
        if not vertical:
            self._x = -1.0
        match key:
            case Key.Key_Left:
                to = self._sideways(at, -1, by_word=control)
            case Key.Key_Right:
                to = self._sideways(at, 1, by_word=control)
            case Key.Key_Home:
                to = (self._within(Position(0, 0, 0)) or at) if control else self._on_line(at, 0.0)
            case Key.Key_End:
                to = (self.end() or at) if control else self._on_line(at, 1e6)
            case Key.Key_Up:
                to = self._vertically(at, -1)
            case Key.Key_Down:
                to = self._vertically(at, 1)
            case Key.Key_PageUp | Key.Key_PageDown:
                way = layout.page * 0.9 * (-1 if key == Key.Key_PageUp else 1)
                rect = layout.rect_of(at)
                self._stage.scroll_to(layout.offset + way)
                to = layout.position_at(QPointF(rect.center().x(), rect.center().y())) or at
            case _:
                return False
        if self._selection.anchor is None:
            self._selection.begin(at)
        self._selection.extend(to)
        self.shows_caret = True
        self.reveal(to)
        self._stage.refresh()
        return True

    def _sideways(self, at: Position, step: int, *, by_word: bool) -> Position:
        item = self._layout.item(at.row).body.item(at.block)
        text = item.text()
        if step > 0 and at.offset < len(text):
            return at._replace(offset=next_word(text, at.offset) if by_word else at.offset + 1)
        if step < 0 and at.offset > 0:
            return at._replace(offset=previous_word(text, at.offset) if by_word else at.offset - 1)
        beside = self._neighbour((at.row, at.block), step)
        if beside is None:
            return at
        end = 0 if step > 0 else self._layout.item(beside[0]).body.item(beside[1]).length()
        return Position(*beside, end)

    def _on_line(self, at: Position, x: float) -> Position:
        """The position at `x` pixels on the caret's line."""
        rect = self._layout.rect_of(at)
        block = self._layout.block_rect(at.row, at.block)
        point = QPointF(block.left() + min(x, 10 * block.width()), rect.center().y())
        item = self._layout.item(at.row)
        return at._replace(offset=item.offset_at(at.block, self._layout.local(at.row, point)))

    def _vertically(self, at: Position, step: int) -> Position:
        layout = self._layout
        rect = layout.rect_of(at)
        if self._x < 0:
            self._x = rect.center().x()
        y = rect.top() - rect.height() / 2 if step < 0 else rect.bottom() + rect.height() / 2
        block = layout.block_rect(at.row, at.block)
        item = layout.item(at.row)
        if block.top() <= y < block.bottom():
            offset = item.offset_at(at.block, layout.local(at.row, QPointF(self._x, y)))
            found = at._replace(offset=offset)
            if found != at:
                return found
        beside = self._neighbour((at.row, at.block), step)
        if beside is None:
            return at._replace(offset=0 if step < 0 else item.body.item(at.block).length())
        other = layout.block_rect(*beside)
        y = other.bottom() - 2 if step < 0 else other.top() + 2
        owner = layout.item(beside[0])
        shown = owner.body.item(beside[1])
        if isinstance(shown, CodeItem):
            y = layout.rect_of(Position(*beside, shown.length() if step < 0 else 0)).center().y()
        return Position(*beside, owner.offset_at(beside[1], layout.local(beside[0], QPointF(self._x, y))))

    def end(self) -> Position | None:
        """The end of the last text; None where there is none."""
        return self._end_of(len(self._layout.rows) - 1)

    def reveal(self, at: Position) -> None:
        """Scrolls no further than needed to have a position on screen."""
        layout = self._layout
        body = layout.item(at.row).body
        if not 0 <= at.block < len(body.blocks):
            return
        item = body.item(at.block)
        if isinstance(item, CodeItem | TableItem) and item.reveal(at.offset):
            body.measure(at.block)
            layout.measure(at.row)
            self._stage.refresh()
        for _ in range(3):
            rect = layout.rect_of(at)
            margin = 2 * rect.height()
            covered = metrics.CODE_HEADER if isinstance(item, CodeItem) else 0  # a header that sticks
            if rect.top() < covered + margin / 2:
                self._stage.scroll_to(layout.offset + rect.top() - covered - margin)
            elif rect.bottom() > layout.page - margin / 2:
                self._stage.scroll_to(layout.offset + rect.bottom() - layout.page + margin)
            else:
                return
