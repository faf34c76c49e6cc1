"""Blocks that lay themselves out and paint: text, rules and formulas. Tables and code have files of their own."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from coderapp.text.blocks import LINE_BREAK, Place, RuleBlock, Style, TextBlock
from coderapp.widgets import metrics
from coderapp.widgets.conversation.paragraph import Paragraph
from coderapp.widgets.conversation.ranges import Ranges
from coderapp.widgets.conversation.style import DocumentStyle

WIDEST = 1e6
"""Line width that never breaks."""


class BlockItem:
    """A block on screen. Coordinates are relative to the item's own top left corner; `height` is known after `layout`.

    Offsets count characters of the block's plain text.
    """

    height: float = 0.0
    place: Place
    joined: int = 0
    """Steps of the path that the block above shares."""
    gap: float = 0.0
    """The space above, over which quote bars run on."""
    waits: bool = False
    """Whether a formula in it is being drawn."""

    def layout(self, width: float, style: DocumentStyle) -> None:
        """Costs nothing where nothing changed."""
        raise NotImplementedError

    def paint(self, painter: QPainter, clip: QRectF, style: DocumentStyle, ranges: Ranges) -> None:
        """`clip`: the part to paint, in the item's coordinates. `ranges`: what is selected or was found."""
        raise NotImplementedError

    def offset_at(self, point: QPointF) -> int:
        raise NotImplementedError

    def rect_at(self, offset: int) -> QRectF:
        """Where a caret stands before the character `offset`."""
        raise NotImplementedError

    def text(self) -> str:
        """The block's plain text, as `text.blocks.plain_text` gives it."""
        raise NotImplementedError

    def length(self) -> int:
        return len(self.text())

    def link_at(self, point: QPointF) -> str:
        return ""

    def release(self) -> None:
        """The item is not shown any more."""


class Sideways:
    """What is wider than its room and scrolls on its own. `whole` and `room` in pixels are set by `layout`."""

    scroll_x: float = 0.0
    whole: float = 0.0
    room: float = 1.0

    @property
    def overflows(self) -> bool:
        return self.whole > self.room + 0.5

    @property
    def most_scroll(self) -> float:
        return max(0.0, self.whole - self.room) if self.overflows else 0.0

    def scroll_by(self, dx: float) -> bool:
        """True where it moved."""
        before = self.scroll_x
        self.scroll_x = min(max(0.0, self.scroll_x + dx), self.most_scroll)
        return self.scroll_x != before

    def reveal_x(self, x: float) -> bool:
        """Scrolls so that what stands at `x` of the whole is seen; True where it moved."""
        margin = min(40.0, self.room / 4)
        if x < self.scroll_x + margin:
            return self.scroll_by(x - margin - self.scroll_x)
        if x > self.scroll_x + self.room - margin:
            return self.scroll_by(x + margin - self.room - self.scroll_x)
        return False

    def track(self) -> QRectF:
        """The whole length of the scroll bar."""
        raise NotImplementedError

    def thumb(self) -> QRectF:
        """Empty where there is nothing to scroll."""
        if not self.overflows:
            return QRectF()
        track = self.track()
        wide = max(30.0, track.width() * self.room / self.whole)
        x = track.left() + (track.width() - wide) * (self.scroll_x / max(self.most_scroll, 1.0))
        return QRectF(x, track.top(), wide, track.height())

    def drag(self, dx: float) -> bool:
        """Moves the thumb by `dx` pixels."""
        free = self.track().width() - self.thumb().width()
        return self.scroll_by(dx * self.most_scroll / max(free, 1.0))

    def paint_thumb(self, painter: QPainter, style: DocumentStyle) -> None:
        if self.overflows:
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(style.colour("border_strong"))
            painter.drawRoundedRect(self.thumb(), 2.5, 2.5)
            painter.restore()


def left_of(place: Place) -> float:
    """How far a block is indented."""
    if not place.path:
        return float(metrics.INDENT) if place.marker else 0.0  # a footnote's mark stands before it
    lists = place.path.count("l")
    return float(lists * metrics.INDENT + (len(place.path) - lists) * metrics.QUOTE_INDENT)


def paint_place(painter: QPainter, item: BlockItem, first_line: float, s: DocumentStyle) -> None:
    """Quote bars, which run on from the block above where it shares them, and the list marker."""
    place = item.place
    if not place.path:
        if place.marker:
            _paint_marker(painter, place.marker, metrics.INDENT, first_line, s)
        return
    x = 0.0
    for depth, step in enumerate(place.path):
        if step == "q":
            above = item.gap if depth < item.joined else 0.0
            painter.fillRect(QRectF(x, -above, metrics.QUOTE_BAR, item.height + above), s.colour("quote_bar"))
            x += metrics.QUOTE_INDENT
        else:
            x += metrics.INDENT
    if place.task is not None:
        _paint_task(painter, QPointF(x - metrics.INDENT + 4, (first_line - 12) / 2), place.task, s)
    elif place.marker:
        _paint_marker(painter, place.marker, x, first_line, s)


def _paint_marker(painter: QPainter, marker: str, right: float, first_line: float, s: DocumentStyle) -> None:
    painter.setFont(s.base)
    painter.setPen(s.colour("text_muted"))
    # Long numbers and labels of notes reach into the margin, and no further.
    marker = s.metrics.elidedText(marker, Qt.TextElideMode.ElideRight, right + metrics.COLUMN_MARGIN - 12)
    wide = max(metrics.INDENT, s.metrics.horizontalAdvance(marker) + 7)
    box = QRectF(right - wide, 0, wide - 7, first_line)
    painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, marker)


def _paint_task(painter: QPainter, corner: QPointF, done: bool, s: DocumentStyle) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    box = QRectF(corner.x() + 0.5, corner.y() + 0.5, 12, 12)
    painter.setPen(QPen(s.colour("accent" if done else "border_strong"), 1.2))
    painter.setBrush(s.colour("accent") if done else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(box, 3, 3)
    if done:
        painter.setPen(QPen(s.colour("accent_text"), 1.7))
        left, middle = corner + QPointF(3.2, 6.6), corner + QPointF(5.5, 9)
        painter.drawLine(left, middle)
        painter.drawLine(middle, corner + QPointF(9.6, 3.8))
    painter.restore()


class TextItem(BlockItem):
    """A paragraph or a heading."""

    def __init__(self, block: TextBlock, colour: str = "text") -> None:
        self.block = block
        self.place = block.place
        self._colour = colour
        self._left = left_of(block.place)
        self._paragraph = Paragraph(block.text, block.spans)
        self._top = 0.0
        self._key: tuple[float, int] | None = None

    def adopt(self, old: TextItem) -> float:
        """Takes over layouts from the item whose text grew into this one's; returns where it changes, from its top."""
        if (old.block.level, old._left, old._colour) != (self.block.level, self._left, self._colour):
            return 0.0
        return old._top + self._paragraph.adopt(old._paragraph)

    def layout(self, width: float, style: DocumentStyle) -> None:
        key = (width, style.serial)
        if key == self._key and not self.waits:
            return
        self._key = key
        if self.waits:
            self._paragraph.drop()
        self._top = float(metrics.HEADING_SPACE) if self.block.level in (1, 2, 3) else 0.0
        self._paragraph.lay_out(width - self._left, style.headings[self.block.level], style)
        self.height = self._top + self._paragraph.height
        self.waits = self._paragraph.waits

    def paint(self, painter: QPainter, clip: QRectF, style: DocumentStyle, ranges: Ranges) -> None:
        paint_place(painter, self, self._paragraph.first_line, style)
        painter.setPen(style.colour(self._colour))
        self._paragraph.paint(painter, QPointF(self._left, self._top), clip, ranges)

    def offset_at(self, point: QPointF) -> int:
        return self._paragraph.offset_at(point - QPointF(self._left, self._top))

    def rect_at(self, offset: int) -> QRectF:
        return self._paragraph.rect_at(offset).translated(self._left, self._top)

    def text(self) -> str:
        return self.block.text.replace(LINE_BREAK, "\n")

    def length(self) -> int:
        return len(self.block.text)

    def link_at(self, point: QPointF) -> str:
        span = self._paragraph.span_at(point - QPointF(self._left, self._top))
        return span.href if span and span.style & Style.LINK else ""


class RuleItem(BlockItem):
    def __init__(self, block: RuleBlock) -> None:
        self.place = block.place
        self._width = 0.0

    def layout(self, width: float, style: DocumentStyle) -> None:
        self._width = width
        self.height = float(metrics.RULE_HEIGHT)

    def paint(self, painter: QPainter, clip: QRectF, style: DocumentStyle, ranges: Ranges) -> None:
        paint_place(painter, self, self.height, style)
        left = left_of(self.place)
        painter.fillRect(QRectF(left, self.height // 2, self._width - left, 1), style.colour("border"))

    def offset_at(self, point: QPointF) -> int:
        return 0

    def rect_at(self, offset: int) -> QRectF:
        return QRectF(left_of(self.place), 0, 1, self.height)

    def text(self) -> str:
        return ""
