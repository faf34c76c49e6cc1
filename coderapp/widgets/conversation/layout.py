"""Where everything of a conversation is: messages one below the other, and what a point or a height belongs to."""

from __future__ import annotations

from bisect import bisect_right

from PySide6.QtCore import QPointF

from coderapp.text.blocks import TOP, Place
from coderapp.widgets import metrics
from coderapp.widgets.conversation.code_item import CodeItem
from coderapp.widgets.conversation.hot_spots import HotSpot, moved
from coderapp.widgets.conversation.message_item import MessageItem
from coderapp.widgets.conversation.paragraph import Picked
from coderapp.widgets.conversation.selection import Position, Selection
from coderapp.widgets.conversation.style import DocumentStyle

FAR = 3
"""Screens above and below that keep their layouts."""


class DocumentLayout:
    """Messages with their tops in a column. Heights are estimates until a message was on screen.

    Points are in the viewport's coordinates: `offset` is the document's height at the viewport's top, `page` the
    viewport's height, `width` the view's with its scroll bar, so that the column stands still when that comes.
    """

    def __init__(self, style: DocumentStyle) -> None:
        self.style = style
        self.items: list[MessageItem] = []
        self.tops: list[float] = [float(metrics.MESSAGE_GAP)]  # of each item, and where the next would stand
        self.width = 0
        self.offset = 0
        self.page = 0

    @property
    def column(self) -> float:
        return float(max(160, min(metrics.COLUMN_WIDTH, self.width - 2 * metrics.COLUMN_MARGIN)))

    @property
    def left(self) -> float:
        return float(max(metrics.COLUMN_MARGIN, (self.width - round(self.column)) // 2))

    @property
    def scroll_range(self) -> int:
        """The largest sensible offset."""
        return max(0, round(self.tops[-1]) - self.page)

    # measuring

    def estimate(self) -> None:
        """Heights anew of what was never on screen; call after `width` changed."""
        for item in self.items:
            if not item.realised:
                item.estimate(self.column, self.style)
        self.stack(0)

    def stack(self, first: int) -> None:
        """Tops anew from an item on."""
        del self.tops[first + 1 :]
        y = self.tops[first] if first else float(metrics.MESSAGE_GAP)
        self.tops[first:] = [y]
        for item in self.items[first:]:
            y += item.height + metrics.MESSAGE_GAP
            self.tops.append(y)

    def lay_out(self, index: int) -> None:
        self.items[index].layout(self.column, self.style)
        self.stack(index)

    def visible(self) -> range:
        first = max(0, bisect_right(self.tops, self.offset) - 1)
        last = bisect_right(self.tops, self.offset + self.page)
        return range(min(first, len(self.items)), min(last, len(self.items)))

    def realise_visible(self) -> int | None:
        """Lays out what is on screen. None where no height changed, else how far what stood on screen has moved."""
        visible = self.visible()
        if not visible:
            return None
        known = visible.start
        if self.offset > 0:
            known = next((index for index in visible if self.items[index].realised), known)
        before = self.tops[known]
        first_changed = -1
        for index in visible:
            item = self.items[index]
            height = item.height
            item.layout(self.column, self.style)
            if item.height != height and first_changed < 0:
                first_changed = index
        if first_changed < 0:
            return None
        self.stack(first_changed)
        return round(self.tops[known] - before)

    def drop_far(self) -> None:
        """Lets go of the layouts of messages that are far from what is on screen."""
        above, below = self.offset - FAR * self.page, self.offset + (FAR + 1) * self.page
        for index, item in enumerate(self.items):
            if item.realised and (self.tops[index + 1] < above or self.tops[index] > below):
                item.drop()

    def drop_all(self) -> None:
        for item in self.items:
            item.drop()

    # finding

    def local(self, index: int, point: QPointF) -> QPointF:
        """A point in a message's coordinates."""
        return point - QPointF(self.left, self.tops[index] - self.offset)

    def message_at(self, point: QPointF) -> int:
        """The message at or nearest above a point; -1 where there is none."""
        if not self.items:
            return -1
        return max(0, min(bisect_right(self.tops, point.y() + self.offset) - 1, len(self.items) - 1))

    def position_at(self, point: QPointF) -> Position | None:
        index = self.message_at(point)
        if index < 0:
            return None
        local = self.local(index, point)
        block = self.items[index].block_at(local.y())
        return Position(index, block, self.items[index].offset_at(block, local)) if block >= 0 else None

    def spot_at(self, point: QPointF) -> tuple[int, HotSpot] | None:
        index = self.message_at(point)
        if index < 0:
            return None
        local = self.local(index, point)
        return next(((index, spot) for spot in self.spots_of(index) if spot.rect.contains(local)), None)

    def code_at(self, point: QPointF) -> tuple[CodeItem, QPointF] | None:
        """The code block under a point, and the point in its coordinates."""
        index = self.message_at(point)
        if index < 0:
            return None
        item, local = self.items[index], self.local(index, point)
        block = item.block_at(local.y())
        if block < 0:
            return None
        placed = item.placed[block]
        inside = local - QPointF(item.pad, placed.top)
        if isinstance(placed.item, CodeItem) and 0 <= inside.y() < placed.item.height:
            return placed.item, inside
        return None

    def link_at(self, point: QPointF) -> str:
        index = self.message_at(point)
        return self.items[index].link_at(self.local(index, point)) if index >= 0 else ""

    def footer_at(self, point: QPointF) -> str:
        index = self.message_at(point)
        return self.items[index].footer_at(self.local(index, point)) if index >= 0 else ""

    def is_text(self, point: QPointF) -> bool:
        index = self.message_at(point)
        if index < 0:
            return False
        local = self.local(index, point)
        return 0 <= local.x() <= self.column and self.items[index].block_at(local.y()) >= 0

    def spots_of(self, index: int) -> list[HotSpot]:
        return self.items[index].hot_spots(self.style)

    def visible_spots(self) -> list[HotSpot]:
        """The places on screen that act, in reading order, in the viewport's coordinates."""
        found: list[HotSpot] = []
        for index in self.visible():
            shift = self.tops[index] - self.offset
            found += [moved(spot, self.left, shift) for spot in self.spots_of(index)]
        return found

    # text

    def end(self) -> Position:
        """The end of the last message's text."""
        last = self.items[-1]
        last.realise()
        block = max(0, len(last.placed) - 1)
        return Position(len(self.items) - 1, block, len(last.placed[block].item.text()) if last.placed else 0)

    def word_at(self, at: Position) -> tuple[Position, Position]:
        """Both ends of the word at a position."""
        text = self.items[at.row].placed[at.block].item.text()
        start = end = min(at.offset, len(text))
        while start > 0 and (text[start - 1].isalnum() or text[start - 1] == "_"):
            start -= 1
        while end < len(text) and (text[end].isalnum() or text[end] == "_"):
            end += 1
        return at._replace(offset=start), at._replace(offset=end)

    def picked(self, selection: Selection, index: int) -> dict[int, Picked]:
        """What of a message is selected, by block."""
        if selection.ends is None:
            return {}
        found = {}
        for block, placed in enumerate(self.items[index].placed):
            part = selection.part_of(index, block)
            if part is not None:
                end = len(placed.item.text()) if part[1] is None else part[1]
                found[block] = Picked(part[0], end)
        return found

    def text_of(self, selection: Selection) -> str:
        """The selected plain text; blocks are parted by an empty line, list items by a line's end."""
        ends = selection.ends
        if ends is None:
            return ""
        pieces: list[str] = []
        above = TOP
        for row in range(ends[0].row, min(ends[1].row + 1, len(self.items))):
            item = self.items[row]
            item.realise()
            for block, placed in enumerate(item.placed):
                part = selection.part_of(row, block)
                if part is None or not placed.item.text():
                    continue
                place = placed.item.place
                text = placed.item.text()[part[0] : part[1]]
                if pieces:
                    pieces.append("\n" if place.marker and _in_one_list(above, place) else "\n\n")
                pieces.append(f"{_marker(place)} {text}" if place.marker and part[0] == 0 else text)
                above = place
        return "".join(pieces)


def _in_one_list(one: Place, other: Place) -> bool:
    for a, b in zip(one.path, other.path, strict=False):
        if a != b:
            return False
        if a == "l":
            return True
    return False


def _marker(place: Place) -> str:
    return place.marker if place.task is None else "[x]" if place.task else "[ ]"
