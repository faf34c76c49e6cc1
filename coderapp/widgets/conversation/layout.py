"""Where everything of a conversation is: messages one below the other, and what a point or a height belongs to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF

from coderapp.qt.conversation_model import Row
from coderapp.widgets import metrics
from coderapp.widgets.conversation.code_item import CodeItem
from coderapp.widgets.conversation.heights import Heights
from coderapp.widgets.conversation.hot_spots import HotSpot, moved
from coderapp.widgets.conversation.items import BlockItem
from coderapp.widgets.conversation.message_item import AT_ONCE, MessageItem
from coderapp.widgets.conversation.selection import Position
from coderapp.widgets.conversation.style import DocumentStyle

NEAR = 1.0
"""Screens above and below whose items stay."""

KEPT = 60
"""Messages near the screen that stay parsed."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """What keeps its place on screen: a block (-1: the message's top), `y` pixels below the viewport's top."""

    row: int
    block: int
    y: float
    height: float = 0.0


class DocumentLayout:
    """Messages with their heights in a column. Those that were never near the screen have a guess and no item.

    Points are in the viewport's coordinates: `offset` is the document's height at the viewport's top, `page` the
    viewport's height, `width` the view's with its scroll bar, so that the column stands still when that comes.
    """

    def __init__(self, style: DocumentStyle, make: Callable[[Row], MessageItem]) -> None:
        self.style = style
        self.rows: list[Row] = []  # the model's own list
        self.items: dict[int, MessageItem] = {}
        self.width = 0
        self.offset = 0.0
        self.page = 0
        self._make = make
        self._heights = Heights()
        self._sizes: list[int] = []  # characters of each message

    @property
    def column(self) -> float:
        return float(max(160, min(metrics.COLUMN_WIDTH, self.width - 2 * metrics.COLUMN_MARGIN)))

    @property
    def left(self) -> float:
        return float(max(metrics.COLUMN_MARGIN, (self.width - round(self.column)) // 2))

    @property
    def scroll_range(self) -> int:
        """The largest sensible offset."""
        return max(0, round(self._heights.total + metrics.MESSAGE_GAP) - self.page)

    # messages

    def reset(self, rows: list[Row], first: int = 0) -> None:
        """The rows from `first` on are others."""
        self.rows = rows
        for index in [index for index in self.items if index >= first]:
            self.items.pop(index).release()
        del self._sizes[first:]
        self._sizes += [len(row.message.text) for row in rows[first:]]
        if first:
            self._heights.truncate(first)
            for index in range(first, len(rows)):
                self._heights.append(self._estimate(index))
        else:
            self.estimate()

    def item(self, index: int) -> MessageItem:
        """The item of a message; made, and read, when it is first asked for."""
        found = self.items.get(index)
        if found is None:
            found = self.items[index] = self._make(self.rows[index])
            self._fit(index, found)
        return found

    def replace(self, index: int) -> None:
        """A message has other content."""
        if item := self.items.pop(index, None):
            item.release()
        self._sizes[index] = len(self.rows[index].message.text)
        self._heights.set(index, self._estimate(index))

    def estimate(self) -> None:
        """All heights anew, after the width or the style changed."""
        height, a_character = self._guess()
        guesses = [height + float(round(size * a_character)) for size in self._sizes]  # whole pixels can be moved
        for index, item in self.items.items():
            item.set_width(self.column, self.style)
            guesses[index] = item.height + metrics.MESSAGE_GAP
        self._heights = Heights(guesses)

    def _fit(self, index: int, item: MessageItem) -> None:
        item.set_width(self.column, self.style)
        self.measure(index)

    def measure(self, index: int) -> float:
        """Takes over the height of an item; returns by how much it changed."""
        return self._heights.set(index, self.items[index].height + metrics.MESSAGE_GAP)

    def _estimate(self, index: int) -> float:
        height, a_character = self._guess()
        return height + round(self._sizes[index] * a_character)

    def _guess(self) -> tuple[float, float]:
        """What a message without a word takes, and what each character adds: answers are half code, and few lines are
        full.
        """
        frame = metrics.HEADER_HEIGHT + metrics.FOOTER_HEIGHT + metrics.MESSAGE_GAP
        columns = min(60.0, self.column / self.style.average_width)
        return frame + self.style.code_height, self.style.code_height / columns

    # geometry

    def top(self, index: int) -> float:
        return metrics.MESSAGE_GAP + self._heights.top(index)

    def bottom(self, index: int) -> float:
        return self.top(index) + self._heights[index] - metrics.MESSAGE_GAP

    def visible(self) -> range:
        return self.between(0, self.page)

    def between(self, top: float, bottom: float) -> range:
        """The messages between two heights of the screen."""
        if not self.rows:
            return range(0)
        above = self.offset - metrics.MESSAGE_GAP
        return range(self._heights.at(above + top), self._heights.at(above + bottom) + 1)

    def realise_visible(self) -> bool:
        """Measures what is on screen. True where something is higher or lower than was thought."""
        changed = False
        for index in self.visible():
            known = index in self.items
            before = self._heights[index]
            item = self.item(index)
            top = self.offset - self.top(index)
            changed |= item.realise_between(top, top + self.page)
            changed |= self.measure(index) != 0 or (not known and self._heights[index] != before)
        return changed

    def anchor(self) -> Anchor | None:
        """The first block on screen that is measured; where none is, the first message."""
        for index in self.visible():
            item = self.items.get(index)
            if item is None:
                continue
            y = self.top(index) - self.offset
            body_y = y + (item.block_top(0) if item.body.blocks else item.body_bottom)
            for block, shown, top in item.body.between(-body_y, self.page - body_y):
                if body_y + top + shown.height > 0:
                    return Anchor(index, block, body_y + top, shown.height)
            if y >= 0 or not item.body.blocks:
                return Anchor(index, -1, y, item.height)
        visible = self.visible()
        if not visible:
            return None
        first = visible.start
        return Anchor(first, -1, self.top(first) - self.offset, self._heights[first])

    def offset_for(self, anchor: Anchor) -> float:
        """The offset that has the anchor where it was; what begins above the screen keeps the part that is seen."""
        top, height = self._placed(anchor)
        y = anchor.y
        if y < 0 and anchor.height > 0:
            y *= height / anchor.height
        return top - y

    def screen_y(self, anchor: Anchor) -> float:
        """Where it stands now."""
        return self._placed(anchor)[0] - self.offset

    def _placed(self, anchor: Anchor) -> tuple[float, float]:
        """(top in the document, height)."""
        row = min(anchor.row, len(self.rows) - 1)
        if row < 0:
            return 0.0, 0.0
        item = self.items.get(row)
        if item is None or anchor.block < 0 or anchor.block >= len(item.body.blocks):
            return self.top(row), self._heights[row]
        heights = item.body.heights
        gap = item.body.top(anchor.block) - heights.top(anchor.block)
        return self.top(row) + item.block_top(anchor.block), heights[anchor.block] - gap

    def drop_far(self) -> None:
        """Lets go of what is far from the screen: items of blocks, then whole messages."""
        above, below = self.offset - NEAR * self.page, self.offset + (1 + NEAR) * self.page
        for index, item in self.items.items():
            top = self.top(index) + (item.block_top(0) if item.body.blocks else 0.0)
            item.body.drop_outside(above - top, below - top)
        if len(self.items) > KEPT:
            visible = self.visible()
            for index in list(self.items):
                near = KEPT // 2 if self._sizes[index] < AT_ONCE else 2 * KEPT  # long ones are parsed anew in a thread
                if abs(index - visible.start) > near and self.items[index].settled:
                    self.items.pop(index).release()

    # finding

    def local(self, index: int, point: QPointF) -> QPointF:
        """A point in a message's coordinates."""
        return point - QPointF(self.left, self.top(index) - self.offset)

    def message_at(self, point: QPointF) -> int:
        """The message at or nearest above a point; -1 where there is none."""
        return self._heights.at(point.y() + self.offset - metrics.MESSAGE_GAP) if self.rows else -1

    def position_at(self, point: QPointF) -> Position | None:
        index = self.message_at(point)
        if index < 0:
            return None
        item, local = self.item(index), self.local(index, point)
        block = item.block_at(local.y())
        return Position(index, block, item.offset_at(block, local)) if block >= 0 else None

    def rect_of(self, at: Position) -> QRectF:
        """Where a caret stands, in the viewport's coordinates."""
        item = self.item(at.row)
        if not 0 <= at.block < len(item.body.blocks):
            return QRectF(self.left, self.top(at.row) - self.offset, 1, 20)
        return item.rect_at(at.block, at.offset).translated(self.left, self.top(at.row) - self.offset)

    def block_rect(self, row: int, block: int) -> QRectF:
        """In the viewport's coordinates."""
        item = self.item(row)
        top = self.top(row) - self.offset + item.block_top(block)
        height = self._placed(Anchor(row, block, 0.0))[1]
        return QRectF(self.left + item.pad, top, self.column - 2 * item.pad, height)

    def message_rect(self, row: int) -> QRectF:
        """In the viewport's coordinates."""
        return QRectF(self.left, self.top(row) - self.offset, self.column, self._heights[row] - metrics.MESSAGE_GAP)

    def block_at(self, point: QPointF) -> tuple[int, int, BlockItem, QPointF] | None:
        """(message, block, item, the point in its coordinates) of the block under a point."""
        index = self.message_at(point)
        if index < 0 or index not in self.items:
            return None
        item, local = self.items[index], self.local(index, point)
        block = item.block_at(local.y())
        shown = item.body.items.get(block)
        if shown is None:
            return None
        inside = item.local(block, local)
        return (index, block, shown, inside) if 0 <= inside.y() < shown.height else None

    def link_at(self, point: QPointF) -> str:
        found = self.block_at(point)
        return found[2].link_at(found[3]) if found else ""

    def footer_at(self, point: QPointF) -> str:
        index = self.message_at(point)
        return self.item(index).footer_at(self.local(index, point)) if index >= 0 else ""

    def is_text(self, point: QPointF) -> bool:
        index = self.message_at(point)
        if index < 0:
            return False
        local = self.local(index, point)
        return 0 <= local.x() <= self.column and self.item(index).block_at(local.y()) >= 0

    # places that act

    def sticky(self) -> tuple[int, int, CodeItem, float] | None:
        """(message, block, item, y in the message) of the code whose header is above the screen while its lines are on
        it: its header is painted at the top of the screen.
        """
        for index in self.visible()[:1]:
            item = self.items.get(index)
            if item is None or not item.body.blocks:
                return None
            y = self.offset - self.top(index)
            block = item.block_at(y)
            code = item.body.items.get(block)
            if not isinstance(code, CodeItem):
                return None
            top = item.block_top(block)
            room = top + code.height - metrics.CODE_HEADER - 2 * self.style.code_height
            return (index, block, code, y) if top < y < room else None
        return None

    def spots_of(self, index: int) -> list[HotSpot]:
        """The places of a message that are on screen, or near it, in the message's coordinates."""
        item = self.items.get(index)
        if item is None:
            return []
        y = self.offset - self.top(index)
        return list(item.spots.between(y, y + self.page, self.style))

    def sticky_spots(self) -> tuple[int, list[HotSpot]]:
        found = self.sticky()
        if found is None:
            return -1, []
        index, block, code, y = found
        return index, self.items[index].spots.header_of(block, code, y)

    def spot_at(self, point: QPointF) -> tuple[int, HotSpot] | None:
        stuck, spots = self.sticky_spots()
        if stuck >= 0:
            local = self.local(stuck, point)
            for spot in spots:
                if spot.rect.contains(local):
                    return stuck, spot
            if 0 <= point.y() < metrics.CODE_HEADER:
                return None
        index = self.message_at(point)
        if index < 0:
            return None
        local = self.local(index, point)
        return next(((index, spot) for spot in self.spots_of(index) if spot.rect.contains(local)), None)

    def visible_spots(self) -> list[HotSpot]:
        """The places on screen that act, in reading order, in the viewport's coordinates."""
        found: list[HotSpot] = []
        stuck, spots = self.sticky_spots()
        found += [moved(spot, self.left, self.top(stuck) - self.offset) for spot in spots]
        for index in self.visible():
            shift = self.top(index) - self.offset
            for spot in self.spots_of(index):
                placed = moved(spot, self.left, shift)
                if placed.rect.bottom() > 0 and placed.rect.top() < self.page:
                    found.append(placed)
        return found
