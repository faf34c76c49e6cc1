"""A code block on screen: header with language, file and actions; numbered, coloured lines that scroll sideways, wrap
and fold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QTextLayout, QTextOption

from coderapp.qt.colouring import Colouring
from coderapp.qt.highlighter import Highlighter, Spans
from coderapp.text.blocks import CodeBlock
from coderapp.text.languages import Fence, Language, fence
from coderapp.text.utf16 import Units
from coderapp.widgets import metrics
from coderapp.widgets.conversation.code_rows import Rows
from coderapp.widgets.conversation.items import WIDEST, BlockItem, Sideways, left_of, paint_place
from coderapp.widgets.conversation.paragraph import cursor_x, format_range, within
from coderapp.widgets.conversation.ranges import Ranges
from coderapp.widgets.conversation.style import DocumentStyle, Formats

MOST_LAYOUTS = 400
"""Layouts of rows that an item keeps."""

SEGMENT = 400
"""Characters of a long row that are laid out at a time."""

GUESS_FROM = 12
"""Lines of a growing block without a language after which one is guessed."""


@dataclass(slots=True)
class CodeState:
    """What the user chose for a block; kept when its item is not."""

    wrapped: bool = False
    folded: bool = False
    scroll_x: float = 0.0


class CodeItem(BlockItem, Sideways):
    """Lines have one height: an item of any length is laid out by counting. `on_coloured`: called when colours came."""

    def __init__(
        self,
        block: CodeBlock,
        state: CodeState,
        highlighter: Highlighter,
        on_coloured: Callable[[CodeItem, float, float], None],
        *,
        numbered: bool,
    ) -> None:
        self.block = block
        self.place = block.place
        self.state = state
        self.scroll_x = state.scroll_x
        self._highlighter = highlighter
        self._on_coloured = on_coloured
        self._numbered = numbered
        self._left = left_of(block.place)
        self._width = 0.0
        self._serial = 0
        self._line_height = 1.0
        self._char_width = 1.0
        self._gutter = 0.0
        self._rows = Rows(block.lines)
        self._layouts: dict[tuple[int, int], QTextLayout] = {}  # by row and number of the segment
        self._fence = fence(block.info)
        self._guessed: Language | None = None
        self._colouring = self._start_colouring()

    # what it is

    @property
    def language(self) -> Language:
        return self._guessed or self._fence.language

    @property
    def fence(self) -> Fence:
        return self._fence

    def _start_colouring(self) -> Colouring:
        if not self.block.info:
            self._guess()
        return self._highlighter.colouring(
            self.block.lines, self.language.name, closed=self.block.closed, on_change=self._recolour
        )

    def _guess(self) -> bool:
        """Looks once, when there is enough to see, what language a block without a name is written in."""
        if self.block.info or self._guessed is not None:
            return False
        lines = self.block.lines
        if not lines or (not self.block.closed and len(lines) < GUESS_FROM):
            return False
        from coderapp.text.guess import guess_language

        name = guess_language(lines)
        self._guessed = fence(name).language
        return bool(name)

    def title(self) -> str:
        count = len(self.block.lines)
        name = self.language.label
        if self._fence.file_name:
            name = f"{name}  ·  {self._fence.file_name}"
        if not count or not self.block.closed:
            return name if self.block.info else ""
        return f"{name}  ·  {count:,} line{'' if count == 1 else 's'}"

    @property
    def folds(self) -> bool:
        """Whether it is long enough to be folded."""
        return self.block.closed and len(self.block.lines) > metrics.CODE_FOLDS_FROM

    @property
    def folded(self) -> bool:
        return self.state.folded and self.folds

    # geometry

    def layout(self, width: float, style: DocumentStyle) -> None:
        wide = width - self._left
        gutter = self._gutter_width(style)
        if (wide, style.serial, gutter) != (self._width, self._serial, self._gutter):
            self._width, self._serial, self._gutter = wide, style.serial, gutter
            self._line_height = style.code_height
            self._char_width = style.code_width
            self._layouts.clear()
            self.room = wide - 2 * metrics.CODE_PADDING - gutter
            self._rows.set_columns(max(8, int(self.room / style.code_width)) if self.state.wrapped else 0)
        self._rows.count(complete=self.block.closed)
        self.whole = 0.0 if self.state.wrapped else self._rows.longest * self._char_width
        self.height = self._body_top + metrics.CODE_PADDING_Y + self._shown_rows * self._line_height
        if self.folds:
            self.height += metrics.CODE_FOLD
        elif self.overflows:
            self.height += metrics.CODE_SCROLLBAR

    def _gutter_width(self, style: DocumentStyle) -> float:
        if not self._numbered or len(self.block.lines) < 2:
            return 0.0
        digits = max(2, len(str(len(self.block.lines))))
        return round(digits * style.code_width) + metrics.GUTTER_PADDING

    @property
    def _shown_rows(self) -> int:
        return self._rows.first_row(metrics.CODE_FOLDED_LINES) if self.folded else self._rows.total

    def grew(self, kept_lines: int) -> float:
        """Lines from `kept_lines` on are new. Returns the height from which on it looks different. `layout` is next."""
        had_gutter = bool(self._gutter)
        first = self._rows.first_row(kept_lines)
        for key in [key for key in self._layouts if key[0] >= first]:
            del self._layouts[key]
        self._rows.forget(kept_lines)
        self._colouring.grew(kept_lines)
        if self.block.closed:
            self._colouring.close()
        if self._guess():
            self._colouring.release()
            self._colouring = self._start_colouring()
            return 0.0
        gains_gutter = self._numbered and not had_gutter and len(self.block.lines) > 1
        if gains_gutter or self.block.closed:
            return 0.0
        return self._body_top + first * self._line_height

    def bottom_of_line(self, line: int) -> float:
        """The height at which the rows of a line end, in a block that is not wrapped; of a wrapped one its end."""
        return self.height if self.state.wrapped else self._body_top + (line + 1) * self._line_height

    @property
    def named_info(self) -> str:
        """The info string, or the language that was guessed."""
        return self.block.info or self.language.name

    def set_numbered(self, numbered: bool) -> None:
        """Call `layout` next."""
        self._numbered = numbered

    def toggle_wrap(self) -> None:
        """Call `layout` next."""
        self.state.wrapped = not self.state.wrapped
        self.scroll_x = self.state.scroll_x = 0.0
        self._width = -1.0

    def toggle_fold(self) -> None:
        """Call `layout` next."""
        self.state.folded = not self.state.folded

    @property
    def wrapped(self) -> bool:
        return self.state.wrapped

    @property
    def _body_top(self) -> float:
        return float(metrics.CODE_HEADER + metrics.CODE_PADDING_Y)

    def header(self) -> QRectF:
        return QRectF(self._left, 0, self._width, metrics.CODE_HEADER)

    def fold_bar(self) -> QRectF:
        """The bar that unfolds it, or folds it again."""
        return QRectF(self._left, self.height - metrics.CODE_FOLD, self._width, metrics.CODE_FOLD)

    def track(self) -> QRectF:
        bottom = self.height - (metrics.CODE_FOLD if self.folds else 0)
        return QRectF(self._text_left, bottom - metrics.CODE_SCROLLBAR + 2, self.room, 5)

    @property
    def _text_left(self) -> float:
        return self._left + metrics.CODE_PADDING + self._gutter

    def scroll_by(self, dx: float) -> bool:
        moved = super().scroll_by(dx)
        self.state.scroll_x = self.scroll_x
        return moved

    # colours

    def _recolour(self, first: int, last: int) -> None:
        begin, end = self._rows.first_row(first), self._rows.first_row(last)
        for key in [key for key in self._layouts if begin <= key[0] < end]:
            del self._layouts[key]
        top = self._body_top
        self._on_coloured(self, top + begin * self._line_height, top + end * self._line_height)

    def release(self) -> None:
        self._colouring.release()

    # painting

    def paint(self, painter: QPainter, clip: QRectF, style: DocumentStyle, ranges: Ranges) -> None:
        paint_place(painter, self, metrics.CODE_HEADER, style)
        self._paint_frame(painter, style, clip)
        if clip.top() < metrics.CODE_HEADER:
            self.paint_header(painter, style, 0.0)
        top = self._body_top
        first = max(0, int((clip.top() - top) // self._line_height))
        last = min(self._shown_rows, int((clip.bottom() - top) // self._line_height) + 1)
        if last > first:
            painter.save()
            inside = QRectF(self._left + 1, 0, self._width - 2, self.height)
            painter.setClipRect(inside, Qt.ClipOperation.IntersectClip)
            self._paint_rows(painter, first, last, style, ranges)
            painter.restore()
        self.paint_thumb(painter, style)
        if self.folds:
            self._paint_fold_bar(painter, style)

    def _paint_rows(self, painter: QPainter, first: int, last: int, style: DocumentStyle, ranges: Ranges) -> None:
        rows = self._rows
        line, start = rows.at(first)
        last_line = rows.at(last - 1)[0]
        spans = self._colouring.spans(line, last_line + 1)
        first_line = line
        text_colour, number_colour = style.colour("code_text"), style.colour("text_muted")
        x, y = self._text_left - self.scroll_x, self._body_top + first * self._line_height
        offset = rows.offset_of(line) if ranges else 0
        painter.setPen(text_colour)
        if self._gutter:
            self._paint_numbers(painter, first, last, style, number_colour)
            painter.setClipRect(
                QRectF(self._text_left - 4, 0, self.room + metrics.CODE_PADDING, self.height),
                Qt.ClipOperation.IntersectClip,
            )
            painter.setPen(text_colour)
        for row in range(first, last):
            line, start = rows.at(row)
            end = rows.end_of(row)
            here = spans[line - first_line] if line - first_line < len(spans) else ()
            for number in self._segments(end - start):
                begin = start + number * SEGMENT if end - start > 2 * SEGMENT else start
                until = min(begin + SEGMENT, end) if end - start > 2 * SEGMENT else end
                layout = self._row_layout(row, number, line, begin, until, here, style)
                part: Formats = []
                if ranges:
                    text = self.block.lines[line][begin:until]
                    at = offset + (rows.offset_of(line) - rows.offset_of(first_line)) + begin
                    part = within(ranges, at, len(text), Units(text))
                layout.draw(painter, QPointF(x + (begin - start) * self._char_width, y), part)
            y += self._line_height

    def _segments(self, size: int) -> range:
        """The numbers of a row's segments that are in sight."""
        if size <= 2 * SEGMENT:
            return range(1)
        wide = SEGMENT * self._char_width
        return range(int(self.scroll_x // wide), min(int((self.scroll_x + self.room) // wide) + 1, -(-size // SEGMENT)))

    def _paint_numbers(self, painter: QPainter, first: int, last: int, style: DocumentStyle, colour: object) -> None:
        painter.setFont(style.code_small)
        painter.setPen(colour)
        right = self._left + metrics.CODE_PADDING + self._gutter - metrics.GUTTER_PADDING
        drop = (self._line_height - style.number_height) / 2
        for row in range(first, last):
            line, start = self._rows.at(row)
            if not start:
                number = style.number(line + 1)
                y = self._body_top + row * self._line_height + drop
                painter.drawStaticText(QPointF(right - number.size().width(), y), number)

    def _paint_frame(self, painter: QPainter, style: DocumentStyle, clip: QRectF) -> None:
        """Rounded only where the corners are: a rounded path as tall as a long block costs too much."""
        radius = float(metrics.RADIUS)
        left, width = self._left, self._width
        top, bottom = max(clip.top(), radius), min(clip.bottom() + 1, self.height - radius)
        if bottom > top:
            painter.fillRect(QRectF(left, top, width, bottom - top), style.colour("code_background"))
            painter.fillRect(QRectF(left, top, 1, bottom - top), style.colour("border"))
            painter.fillRect(QRectF(left + width - 1, top, 1, bottom - top), style.colour("border"))
        if clip.bottom() >= self.height - radius:
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(style.colour("border"))
            painter.setBrush(style.colour("code_background"))
            painter.setClipRect(QRectF(left, self.height - radius, width, radius), Qt.ClipOperation.IntersectClip)
            tall = 3 * radius
            painter.drawRoundedRect(QRectF(left + 0.5, self.height - tall - 0.5, width - 1, tall), radius, radius)
            painter.restore()

    def paint_header(self, painter: QPainter, style: DocumentStyle, y: float, *, stuck: bool = False) -> None:
        """The header at height `y`. `stuck`: at the top of the screen, while the block's own header is above it."""
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(style.colour("border"))
        painter.setBrush(style.colour("code_header"))
        bar = QRectF(self._left, y, self._width, metrics.CODE_HEADER)
        painter.setClipRect(bar, Qt.ClipOperation.IntersectClip)
        box = QRectF(self._left + 0.5, y + 0.5, self._width - 1, metrics.CODE_HEADER + metrics.RADIUS * 2)
        if stuck:
            painter.drawRect(box.adjusted(0, -metrics.RADIUS, 0, 0))
        else:
            painter.drawRoundedRect(box, metrics.RADIUS, metrics.RADIUS)
        painter.restore()
        painter.fillRect(QRectF(self._left + 1, bar.bottom() - 1, self._width - 2, 1), style.colour("border"))
        painter.setFont(style.small)
        painter.setPen(style.colour("text_muted"))
        room = max(20.0, self._width - metrics.CODE_PADDING - 3 * (metrics.BUTTON + metrics.GAP_SMALL) - metrics.GAP)
        text = style.small_metrics.elidedText(self.title(), Qt.TextElideMode.ElideMiddle, room)
        box = QRectF(self._left + metrics.CODE_PADDING, y, room, metrics.CODE_HEADER)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)

    def _paint_fold_bar(self, painter: QPainter, style: DocumentStyle) -> None:
        bar = self.fold_bar()
        painter.fillRect(QRectF(bar.left() + 1, bar.top(), bar.width() - 2, 1), style.colour("border"))

    # rows

    def _row_layout(
        self, row: int, number: int, line: int, begin: int, end: int, spans: Spans, style: DocumentStyle
    ) -> QTextLayout:
        known = self._layouts.get((row, number))
        if known is not None:
            return known
        if len(self._layouts) >= MOST_LAYOUTS:
            self._layouts.clear()
        text = self.block.lines[line][begin:end]
        layout = QTextLayout(text, style.code)
        layout.setCacheEnabled(True)
        layout.setTextOption(self._option(style))
        if spans:
            layout.setFormats(_formats(spans, begin, text, style))
        layout.beginLayout()
        made = layout.createLine()
        made.setLineWidth(WIDEST)
        made.setPosition(QPointF(0, (self._line_height - made.height()) / 2))
        layout.endLayout()
        self._layouts[row, number] = layout
        return layout

    @staticmethod
    def _option(style: DocumentStyle) -> QTextOption:
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.NoWrap)
        option.setTabStopDistance(metrics.TAB_STOP * style.code_width)
        return option

    # finding

    def offset_at(self, point: QPointF) -> int:
        if not self._rows.total or point.y() < metrics.CODE_HEADER:
            return 0
        row = int((point.y() - self._body_top) // self._line_height)
        if row >= self._shown_rows:
            return self.length()
        row = max(row, 0)
        line, start = self._rows.at(row)
        size = self._rows.end_of(row) - start
        x = max(0.0, point.x() - self._text_left + self.scroll_x)
        number = int(x // (SEGMENT * self._char_width)) if size > 2 * SEGMENT else 0
        layout = self._layouts.get((row, number))
        if layout:
            text = self.block.lines[line][start + number * SEGMENT :][: len(layout.text())]
            local = layout.lineAt(0).xToCursor(x - number * SEGMENT * self._char_width)
            inside = number * SEGMENT + Units(text).from_utf16(local)
        else:
            inside = round(x / self._char_width)
        return self._rows.offset_of(line) + start + min(max(inside, 0), size)

    def rect_at(self, offset: int) -> QRectF:
        row, inside = self._rows.row_of(offset)
        y = self._body_top + row * self._line_height
        line, start = self._rows.at(row)
        size = self._rows.end_of(row) - start
        number = min(inside // SEGMENT, max(0, (size - 1) // SEGMENT)) if size > 2 * SEGMENT else 0
        layout = self._layouts.get((row, number))
        x = inside * self._char_width
        if layout:
            text = self.block.lines[line][start + number * SEGMENT :][: len(layout.text())]
            unit = Units(text).to_utf16(inside - number * SEGMENT)
            x = cursor_x(layout.lineAt(0), unit) + number * SEGMENT * self._char_width
        return QRectF(self._text_left + x - self.scroll_x, y, 1, self._line_height)

    def reveal(self, offset: int) -> bool:
        """Unfolds and scrolls sideways so that a character is seen; True where it moved."""
        moved = False
        row, inside = self._rows.row_of(offset)
        if row >= self._shown_rows and self.folded:
            self.toggle_fold()
            moved = True
        return (self.overflows and self.reveal_x(inside * self._char_width)) or moved

    def text(self) -> str:
        return self.block.code

    def length(self) -> int:
        return self._rows.length


def _formats(spans: Spans, begin: int, text: str, style: DocumentStyle) -> Formats:
    units = Units(text)
    made: Formats = []
    for at, length, kind in spans:
        first, last = max(at - begin, 0), min(at + length - begin, len(text))
        if last > first:
            made.append(format_range(first, last - first, style.code_formats[kind], units))
    return made
