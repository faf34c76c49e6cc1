"""A code block on screen: header with language, file and actions; highlighted lines that scroll sideways or wrap."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QTextLayout, QTextOption

from coderapp.qt.highlighter import Highlighter, Spans
from coderapp.text.blocks import CodeBlock
from coderapp.text.languages import Fence, fence
from coderapp.text.utf16 import Units
from coderapp.widgets import metrics
from coderapp.widgets.conversation.items import WIDEST, BlockItem, left_of, paint_place
from coderapp.widgets.conversation.paragraph import Picked, format_range
from coderapp.widgets.conversation.style import DocumentStyle, Formats

MOST_LAYOUTS = 400
"""Line layouts that an item keeps."""


class CodeItem(BlockItem):
    """Lines have one height: an item of any length is laid out by counting. `on_coloured`: called when spans came."""

    def __init__(
        self, block: CodeBlock, highlighter: Highlighter, on_coloured: Callable[[CodeItem], None], *, wrap: bool
    ) -> None:
        self.block = block
        self.place = block.place
        self.wrapped = wrap
        self.scroll_x = 0.0
        self._highlighter = highlighter
        self._on_coloured = on_coloured
        self._left = left_of(block.place)
        self._width = 0.0
        self._line_height = 1.0
        self._char_width = 1.0
        self._columns = 1  # characters that fit a row
        self._longest = 0  # columns of the longest line
        self._counted = 0  # complete lines that `_rows` and `_longest` know
        self._rows: list[tuple[int, int]] = []  # (line, first character) of each visual row
        self._spans: list[Spans] = []
        self._exact = False
        self._requested = False
        self._layouts: dict[int, QTextLayout] = {}
        self._live = highlighter.live(self.language) if not block.closed else None

    @property
    def fence(self) -> Fence:
        return fence(self.block.info)

    @property
    def language(self) -> str:
        return self.fence.language.name

    # geometry

    def layout(self, width: float, style: DocumentStyle) -> None:
        wide = width - self._left
        if wide != self._width or style.code_height != self._line_height:
            self._width = wide
            self._line_height = style.code_height
            self._char_width = style.code_width
            self._columns = max(8, int((wide - 2 * metrics.CODE_PADDING) / style.code_width))
            self._recount(0)
        else:
            self._recount(self._counted)
        self.height = metrics.CODE_HEADER + 2 * metrics.CODE_PADDING_Y + len(self._rows) * self._line_height
        if self.overflows:
            self.height += metrics.CODE_SCROLLBAR

    def grew(self, kept_lines: int) -> None:
        """Lines from `kept_lines` on are new. Call `layout` next."""
        for row in [row for row in self._layouts if row >= self._first_row(kept_lines)]:
            del self._layouts[row]
        self._counted = min(self._counted, kept_lines)
        del self._spans[kept_lines:]

    def height_of_lines(self, count: int) -> float:
        """Where the row of line `count` begins."""
        return self._body_top + self._first_row(count) * self._line_height

    def closed(self) -> None:
        """The block will not grow any more: exact colours are asked for."""
        self._live = None
        self._exact = self._requested = False

    def _first_row(self, line: int) -> int:
        if not self.wrapped:
            return line
        return next((index for index, (of, _) in enumerate(self._rows) if of >= line), len(self._rows))

    def _recount(self, line: int) -> None:
        lines = self.block.lines
        if line == 0:
            self._longest = 0
            self._layouts.clear()
        del self._rows[self._first_row(line) :]
        for number in range(line, len(lines)):
            size = len(lines[number])
            if "\t" in lines[number]:
                size = len(lines[number].expandtabs(metrics.TAB_STOP))
            self._longest = max(self._longest, size)
            self._rows += [(number, start) for start in (self._breaks(lines[number]) if self.wrapped else (0,))]
        self._counted = len(lines) if self.block.closed else max(0, len(lines) - 1)

    def _breaks(self, line: str) -> list[int]:
        """Where the rows of a wrapped line begin: behind a space, where one stands in the last third of a row."""
        starts = [0]
        while len(line) - starts[-1] > self._columns:
            limit = starts[-1] + self._columns
            space = line.rfind(" ", limit - self._columns // 3, limit)
            starts.append(space + 1 if space >= 0 else limit)
        return starts

    @property
    def overflows(self) -> bool:
        return not self.wrapped and self._longest > self._columns

    @property
    def most_scroll(self) -> float:
        room = self._width - 2 * metrics.CODE_PADDING
        return max(0.0, self._longest * self._char_width - room) if self.overflows else 0.0

    def scroll_by(self, dx: float) -> bool:
        """Sideways; True where it moved."""
        before = self.scroll_x
        self.scroll_x = min(max(0.0, self.scroll_x + dx), self.most_scroll)
        return self.scroll_x != before

    def toggle_wrap(self) -> None:
        """Call `layout` next."""
        self.wrapped = not self.wrapped
        self.scroll_x = 0.0
        self._width = -1.0

    @property
    def _body_top(self) -> float:
        return metrics.CODE_HEADER + metrics.CODE_PADDING_Y

    def header(self) -> QRectF:
        return QRectF(self._left, 0, self._width, metrics.CODE_HEADER)

    def title(self) -> str:
        count = len(self.block.lines)
        said = self.fence
        name = f"{said.language.label}  ·  {said.file_name}" if said.file_name else said.language.label
        if not count:
            return name if self.block.info else ""
        return f"{name}  ·  {count} line{'' if count == 1 else 's'}"

    # colours

    def _colour_up_to(self, line: int) -> None:
        """Makes sure that spans are known, or asked for, up to `line`."""
        if self._exact:
            return
        if self._live is not None:
            complete = max(0, len(self.block.lines) - 1)
            if len(self._spans) < complete:
                self._spans += self._live.lex(self.block.lines[len(self._spans) : complete])
            return
        if not self._requested:
            self._requested = True
            self._highlighter.request(self.block.lines, self.language, self._set_spans)

    def _set_spans(self, spans: Sequence[Spans]) -> None:
        self._spans = list(spans)
        self._exact = True
        self._layouts.clear()
        self._on_coloured(self)

    # painting

    def paint(self, painter: QPainter, clip: QRectF, style: DocumentStyle, picked: Picked | None) -> None:
        paint_place(painter, self, metrics.CODE_HEADER, style)
        self._paint_frame(painter, style)
        top = self._body_top
        first = max(0, int((clip.top() - top) // self._line_height))
        last = min(len(self._rows), int((clip.bottom() - top) // self._line_height) + 1)
        self._colour_up_to(self._rows[last - 1][0] + 1 if last > first else 0)
        painter.save()
        inside = QRectF(self._left + 1, 0, self._width - 2, self.height)
        painter.setClipRect(inside, Qt.ClipOperation.IntersectClip)
        x = self._left + metrics.CODE_PADDING - self.scroll_x
        start = self._row_offset(first) if picked else 0
        for row in range(first, last):
            layout = self._row_layout(row, style)
            size = self._row_length(row)
            part: Formats = []
            if picked and picked.start < start + size + 1 and picked.end > start:
                part = self._selected(row, picked.start - start, picked.end - start, style)
            painter.setPen(style.colour("code_text"))
            layout.draw(painter, QPointF(x, top + row * self._line_height), part)
            start += size + (1 if self._ends_line(row) else 0)
        painter.restore()
        if self.overflows:
            self._paint_scrollbar(painter, style)

    def _selected(self, row: int, start: int, end: int, style: DocumentStyle) -> Formats:
        """The part of a row from character `start` to `end` as selected; both may lie outside it."""
        text = self._row_text(row)
        first, last = max(0, start), min(len(text), end)
        return [format_range(first, last - first, style.selected, Units(text))] if last > first else []

    def _paint_frame(self, painter: QPainter, style: DocumentStyle) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(style.colour("border"))
        painter.setBrush(style.colour("code_background"))
        box = QRectF(self._left + 0.5, 0.5, self._width - 1, self.height - 1)
        painter.drawRoundedRect(box, metrics.RADIUS, metrics.RADIUS)
        painter.setClipRect(QRectF(self._left, 0, self._width, metrics.CODE_HEADER), Qt.ClipOperation.IntersectClip)
        painter.setBrush(style.colour("code_header"))
        painter.drawRoundedRect(box, metrics.RADIUS, metrics.RADIUS)
        painter.restore()
        line = QRectF(self._left + 1, metrics.CODE_HEADER - 1, self._width - 2, 1)
        painter.fillRect(line, style.colour("border"))
        painter.setFont(style.small)
        painter.setPen(style.colour("text_muted"))
        room = self._width - metrics.CODE_PADDING - 3 * (metrics.BUTTON + metrics.GAP_SMALL) - metrics.GAP
        text = style.small_metrics.elidedText(self.title(), Qt.TextElideMode.ElideMiddle, max(room, 20.0))
        box = QRectF(self._left + metrics.CODE_PADDING, 0, max(room, 20.0), metrics.CODE_HEADER)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)

    def scrollbar(self) -> QRectF:
        """The thumb of the sideways scroll bar; empty where there is none."""
        if not self.overflows:
            return QRectF()
        track = self._width - 2 * metrics.CODE_PADDING
        whole = self._longest * self._char_width
        wide = max(30.0, track * track / whole)
        x = self._left + metrics.CODE_PADDING + (track - wide) * (self.scroll_x / max(self.most_scroll, 1.0))
        return QRectF(x, self.height - metrics.CODE_SCROLLBAR, wide, 5)

    def drag_scrollbar(self, dx: float) -> None:
        """Moves the thumb by `dx` pixels."""
        track = self._width - 2 * metrics.CODE_PADDING - self.scrollbar().width()
        self.scroll_by(dx * self.most_scroll / max(track, 1.0))

    def _paint_scrollbar(self, painter: QPainter, style: DocumentStyle) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(style.colour("border_strong"))
        painter.drawRoundedRect(self.scrollbar(), 2.5, 2.5)
        painter.restore()

    # rows

    def _row_text(self, row: int) -> str:
        line, start = self._rows[row]
        return self.block.lines[line][start : start + self._row_length(row)]

    def _row_length(self, row: int) -> int:
        line, start = self._rows[row]
        goes_on = row + 1 < len(self._rows) and self._rows[row + 1][0] == line
        return (self._rows[row + 1][1] if goes_on else len(self.block.lines[line])) - start

    def _ends_line(self, row: int) -> bool:
        return row + 1 >= len(self._rows) or self._rows[row + 1][1] == 0

    def _row_offset(self, row: int) -> int:
        """The offset in `text()` at which a row begins."""
        if row >= len(self._rows):
            return len(self.text())
        line, start = self._rows[row]
        return sum(len(text) + 1 for text in self.block.lines[:line]) + start

    def _row_layout(self, row: int, style: DocumentStyle) -> QTextLayout:
        known = self._layouts.get(row)
        if known is not None:
            return known
        if len(self._layouts) >= MOST_LAYOUTS:
            self._layouts.clear()
        line, start = self._rows[row]
        text = self._row_text(row)
        layout = QTextLayout(text, style.code)
        layout.setCacheEnabled(True)
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.NoWrap)
        option.setTabStopDistance(metrics.TAB_STOP * style.code_width)
        layout.setTextOption(option)
        layout.setFormats(self._formats(line, start, text, style))
        layout.beginLayout()
        made = layout.createLine()
        made.setLineWidth(WIDEST)
        made.setPosition(QPointF(0, (self._line_height - made.height()) / 2))
        layout.endLayout()
        self._layouts[row] = layout
        return layout

    def _formats(self, line: int, start: int, text: str, style: DocumentStyle) -> Formats:
        if line < len(self._spans):
            spans = self._spans[line]
        elif self._live is not None and line == len(self._spans):
            spans = self._live.peek(self.block.lines[line])
        else:
            return []
        units = Units(text)
        made: Formats = []
        for at, length, kind in spans:
            begin, end = max(at - start, 0), min(at + length - start, len(text))
            if end > begin:
                made.append(format_range(begin, end - begin, style.code_formats[kind], units))
        return made

    def offset_at(self, point: QPointF) -> int:
        if not self._rows:
            return 0
        if point.y() < metrics.CODE_HEADER:
            return 0
        row = int((point.y() - self._body_top) // self._line_height)
        if row >= len(self._rows):
            return len(self.text())
        row = max(row, 0)
        x = point.x() - self._left - metrics.CODE_PADDING + self.scroll_x
        layout = self._layouts.get(row)
        if layout:
            within = Units(self._row_text(row)).from_utf16(layout.lineAt(0).xToCursor(x))
        else:
            within = round(x / self._char_width)
        return self._row_offset(row) + min(max(within, 0), self._row_length(row))

    def text(self) -> str:
        return self.block.code

    def drop(self) -> None:
        self._layouts.clear()
