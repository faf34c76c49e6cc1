"""A message on screen: its header, blocks, error panel and footer, with the places that can be clicked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from coderapp.core.errors import Problem, Remedy, in_words
from coderapp.core.message import Role
from coderapp.qt import icons
from coderapp.qt.conversation_model import Row, RowState
from coderapp.qt.highlighter import Highlighter
from coderapp.text.blocks import Block, CodeBlock, MathBlock, Place, RuleBlock, TableBlock, TextBlock
from coderapp.text.prompt import prompt_blocks
from coderapp.widgets import metrics
from coderapp.widgets.conversation import captions
from coderapp.widgets.conversation.code_item import CodeItem
from coderapp.widgets.conversation.hot_spots import Action, HotSpot, button_rect, paint_spot
from coderapp.widgets.conversation.items import BlockItem, RuleItem, TableItem, TextItem
from coderapp.widgets.conversation.paragraph import Paragraph, Picked
from coderapp.widgets.conversation.style import DocumentStyle

if TYPE_CHECKING:
    from coderapp.text.stream import MarkdownStream


REMEDY_WORDS = {
    Remedy.EDIT_KEY: "Enter key…",
    Remedy.EDIT_PROFILE: "Open profile…",
    Remedy.EDIT_PARAMETERS: "Show parameters",
}


_OPENINGS = {"json": "```json\n", "text": "```````text\n"}
"""An answer that was asked for in another format than Markdown is one block, shown as it is."""


@dataclass(slots=True)
class _Placed:
    item: BlockItem
    top: float = 0.0


class MessageItem:
    """Blocks are parsed when `realise` is first called; until then `height` is an estimate."""

    def __init__(
        self, row: Row, highlighter: Highlighter, on_coloured: Callable[[MessageItem, CodeItem], None], *, wrap: bool
    ) -> None:
        self.row = row
        self.height = 0.0
        self.placed: list[_Placed] = []
        self._stream: MarkdownStream | None = None  # of an answer
        self._source: list[Block] | None = None  # what the text says, once it was looked at
        self._opening = ""  # of the block that holds a whole answer which is not Markdown
        self._fed = False
        self._highlighter = highlighter
        self._on_coloured = on_coloured
        self._wrap = wrap
        self._width = -1.0
        self._body_bottom = 0.0
        self._problem = Paragraph("", ())
        self._problem_rect = QRectF()

    @property
    def is_prompt(self) -> bool:
        return self.row.message.role is Role.USER

    @property
    def realised(self) -> bool:
        return self._source is not None

    @property
    def pad(self) -> float:
        return metrics.PROMPT_PADDING if self.is_prompt else 0.0

    # content

    def estimate(self, width: float, style: DocumentStyle) -> None:
        """A height from the number of characters and lines."""
        text = self.row.message.text
        columns = max(20.0, (width - 2 * self.pad) / style.metrics.averageCharWidth())
        lines = text.count("\n") + len(text) / columns + 1
        self.height = metrics.HEADER_HEIGHT + lines * style.code_height + metrics.FOOTER_HEIGHT + 2 * self.pad

    def realise(self) -> None:
        if self._source is not None:
            return
        text = self.row.message.text
        if self.row.message.role is Role.ASSISTANT:
            from coderapp.text.stream import MarkdownStream  # imports markdown-it: not before the first paint

            self._stream = MarkdownStream()
            self._opening = _OPENINGS.get(self._format(self.row), "")
            self._stream.feed(self._opening + text)
            self._stream.flush(final=self.row.state is RowState.SETTLED)
            self._source = self._stream.blocks
        else:
            self._source = prompt_blocks(text)
        self._make_items(0)

    def append(self, text: str) -> float:
        """More text came. Returns the top from where on the item must be painted anew; call `layout` next."""
        self.realise()
        self._fed = True
        if self._stream is not None:
            self._stream.feed(text)
        return self._take_update(final=False)

    def settle(self) -> float:
        """No more text comes. Returns as `append` does."""
        self.realise()
        return self._take_update(final=True)

    def replace_row(self, row: Row) -> None:
        """Another value of the same message: state, notice, generation. Its text must be what was appended."""
        was_streaming = self.row.state is not RowState.SETTLED
        if self._stream is not None and _OPENINGS.get(self._format(row), "") != self._opening and not self._fed:
            self._source = self._stream = None  # what it will be written in is known only when it is sent
        extras_changed = self._extras(self.row) != self._extras(row)
        self.row = row
        self._width = -1.0
        if was_streaming and row.state is RowState.SETTLED and self.realised:
            self.settle()
        if extras_changed and self.realised:
            self._make_items(0)

    @staticmethod
    def _format(row: Row) -> str:
        """What the answer was asked to be written in; "" where nothing was said."""
        generation = row.message.generation
        return str(generation.parameters.get("format", "")) if generation else ""

    @staticmethod
    def _extras(row: Row) -> tuple[object, object]:
        return row.message.tool_calls, row.message.reasoning

    def _take_update(self, *, final: bool) -> float:
        update = self._stream.flush(final=final) if self._stream else None
        if self._stream is None or update is None:
            return self.height
        lead = len(self._reasoning_blocks())
        index = lead + update.first
        top = self.placed[index].top if index < len(self.placed) else self._body_bottom
        item = self.placed[index].item if index < len(self.placed) else None
        if update.grown and isinstance(item, CodeItem):
            self._width = -1.0
            item.grew(update.kept)
            top += item.height_of_lines(update.kept)
            if item.block.closed:
                item.closed()
            if len(self._stream.blocks) > update.first + 1:
                self._make_items(index + 1)
            return top
        self._make_items(index)
        return top

    def _reasoning_blocks(self) -> list[Block]:
        text = self.row.message.reasoning
        if not text:
            return []
        return [TextBlock(part, (), 0, Place("q")) for part in text.strip().split("\n\n")]

    def _make_items(self, first: int) -> None:
        """Items for the blocks from `first` on; equal ones are kept, with their layout."""
        reasoning = self._reasoning_blocks()
        calls = [block for call in self.row.message.tool_calls for block in captions.tool_call_blocks(call)]
        blocks = [*reasoning, *(self._source or ()), *calls]
        old = self.placed[first:]
        del self.placed[first:]
        for place, block in enumerate(blocks[first:]):
            known = old[place].item if place < len(old) else None
            if known is None or not _shows(known, block):
                known = self._item(block, muted=first + place < len(reasoning))
            self.placed.append(_Placed(known))
        for here, below in pairwise(self.placed):
            here.item.joined = _shared(here.item.place, below.item.place)
            here.item.gap = metrics.ITEM_GAP if below.item.place.marker and here.item.place.path else metrics.BLOCK_GAP
        self._width = -1.0

    def _item(self, block: Block, *, muted: bool) -> BlockItem:
        match block:
            case CodeBlock():
                return CodeItem(
                    block,
                    self._highlighter,
                    lambda item: self._on_coloured(self, item),
                    wrap=self._wrap or self._format(self.row) == "text",
                )
            case TableBlock():
                return TableItem(block)
            case RuleBlock():
                return RuleItem(block)
            case MathBlock():
                return TextItem(TextBlock(block.tex, (), 0, block.place), "text")
            case TextBlock():
                return TextItem(block, "text_muted" if muted else "text")

    # geometry

    def layout(self, width: float, style: DocumentStyle) -> None:
        if width == self._width:
            return
        self.realise()
        self._width = width
        y = self.pad / 2 + metrics.HEADER_HEIGHT
        for placed in self.placed:
            placed.item.layout(width - 2 * self.pad, style)
            placed.top = y
            y += placed.item.height + placed.item.gap
        if self.placed:
            y -= self.placed[-1].item.gap
        self._body_bottom = y
        problem = self.problem
        if problem is not None:
            y = self._lay_out_problem(problem, y, width, style)
        if self.is_prompt:
            y += self.pad
        else:
            y += metrics.GAP_SMALL + metrics.FOOTER_HEIGHT
        self.height = y

    @property
    def problem(self) -> Problem | None:
        generation = self.row.message.generation
        return generation.problem if generation and self.row.state is RowState.SETTLED else None

    def _lay_out_problem(self, problem: Problem, y: float, width: float, style: DocumentStyle) -> float:
        self._problem = Paragraph(in_words(problem.sentence, problem.advice), ())
        inner = width - 2 * metrics.PANEL_PADDING - metrics.ICON - metrics.GAP
        self._problem.lay_out(inner, style.base, style)
        y += metrics.GAP_SMALL + (metrics.BLOCK_GAP if self.placed else 0)
        tall = self._problem.height + 2 * metrics.PANEL_PADDING + metrics.GAP + metrics.BUTTON
        self._problem_rect = QRectF(0, y, width, tall)
        return y + tall

    def hot_spots(self, style: DocumentStyle) -> list[HotSpot]:
        """In reading order. Call after `layout`."""
        spots: list[HotSpot] = []
        if self.is_prompt:
            spots += self._header_spots()
        for index, placed in enumerate(self.placed):
            if isinstance(placed.item, CodeItem):
                spots += self._code_spots(index, placed.item, placed.top)
        if self.problem is not None:
            spots += self._problem_spots(self.problem, style)
        if not self.is_prompt:
            spots += self._footer_spots()
        return spots

    def _header_spots(self) -> list[HotSpot]:
        top = self.pad / 2
        spots = self._branch_spots(self._width - 2 * metrics.BUTTON - self.pad - self._branch_width(), top)
        x = self._width - self.pad - metrics.BUTTON + metrics.GAP_SMALL
        spots.append(HotSpot(Action.EDIT, button_rect(x - metrics.BUTTON, top), "Edit and send again", "edit"))
        spots.append(HotSpot(Action.COPY_MESSAGE, button_rect(x, top), "Copy prompt", "copy"))
        return spots

    def _footer_spots(self) -> list[HotSpot]:
        if self.row.state is not RowState.SETTLED:
            return []
        top = self.height - metrics.FOOTER_HEIGHT
        spots = self._branch_spots(0, top)
        x = self._branch_width()
        spots.append(HotSpot(Action.COPY_MESSAGE, button_rect(x, top), "Copy answer as Markdown", "copy"))
        spots.append(HotSpot(Action.REGENERATE, button_rect(x + metrics.BUTTON, top), "Answer again", "regenerate"))
        return spots

    def _branch_width(self) -> float:
        return 2 * metrics.BUTTON + 34 if self.row.branch.of > 1 else 0.0

    def _branch_spots(self, x: float, top: float) -> list[HotSpot]:
        place, of = self.row.branch
        if of < 2:
            return []
        what = "prompt" if self.is_prompt else "answer"
        back, forth = button_rect(x, top), button_rect(x + metrics.BUTTON + 34, top)
        return [
            HotSpot(Action.PREVIOUS, back, f"Previous {what}", "previous", enabled=place > 0),
            HotSpot(Action.NEXT, forth, f"Next {what}", "next", enabled=place < of - 1),
        ]

    def _code_spots(self, index: int, item: CodeItem, top: float) -> list[HotSpot]:
        header = item.header().translated(self.pad, top)
        y = header.top() + (metrics.CODE_HEADER - metrics.BUTTON) / 2
        x = header.right() - metrics.GAP_SMALL - metrics.BUTTON
        step = metrics.BUTTON + metrics.GAP_SMALL
        wrap = "Don't wrap lines" if item.wrapped else "Wrap lines"
        return [
            HotSpot(Action.WRAP_CODE, button_rect(x - 2 * step, y), wrap, "wrap", block=index),
            HotSpot(Action.SAVE_CODE, button_rect(x - step, y), "Save to a file…", "save", block=index),
            HotSpot(Action.COPY_CODE, button_rect(x, y), "Copy code", "copy", block=index),
        ]

    def _problem_spots(self, problem: Problem, style: DocumentStyle) -> list[HotSpot]:
        words: list[tuple[Action, str]] = []
        if problem.remedy in REMEDY_WORDS:
            words.append((Action.REMEDY, REMEDY_WORDS[problem.remedy]))
        words.append((Action.RETRY, "Try again"))
        if problem.raw:
            words.append((Action.SHOW_RAW, "Show the raw reply"))
        x = self._problem_rect.left() + metrics.PANEL_PADDING + metrics.ICON + metrics.GAP
        y = self._problem_rect.bottom() - metrics.PANEL_PADDING - metrics.BUTTON
        spots = []
        for action, text in words:
            wide = style.metrics.horizontalAdvance(text) + 24
            spots.append(HotSpot(action, QRectF(x, y, wide, metrics.BUTTON), text, text=text))
            x += wide + metrics.GAP
        return spots

    # finding

    def block_at(self, y: float) -> int:
        """The block at or nearest to `y`; -1 where there is none."""
        found = -1
        for index, placed in enumerate(self.placed):
            if index and placed.top > y:
                break
            found = index
        return found

    def offset_at(self, block: int, point: QPointF) -> int:
        placed = self.placed[block]
        local = point - QPointF(self.pad, placed.top)
        if local.y() < 0:
            return 0
        if local.y() > placed.item.height:
            return len(placed.item.text())
        return placed.item.offset_at(local)

    def link_at(self, point: QPointF) -> str:
        index = self.block_at(point.y())
        if index < 0:
            return ""
        placed = self.placed[index]
        return placed.item.link_at(point - QPointF(self.pad, placed.top))

    def footer_at(self, point: QPointF) -> str:
        """The whole footer, where the point is on it: on screen its end may be cut."""
        on_it = not self.is_prompt and self.height - metrics.FOOTER_HEIGHT <= point.y() <= self.height
        return captions.footer(self.row) if on_it else ""

    # painting

    def paint(
        self,
        painter: QPainter,
        clip: QRectF,
        style: DocumentStyle,
        picked: dict[int, Picked],
        lit: tuple[HotSpot | None, HotSpot | None],
        ratio: float,
    ) -> None:
        """`picked`: selected part by block. `lit`: the place under the pointer and the one with the focus."""
        if self.is_prompt:
            painter.save()
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(style.colour("surface_alt"))
            painter.drawRoundedRect(QRectF(0, 0, self._width, self.height), metrics.RADIUS, metrics.RADIUS)
            painter.restore()
        self._paint_header(painter, style)
        for index, placed in enumerate(self.placed):
            if placed.top > clip.bottom() or placed.top + placed.item.height + metrics.BLOCK_GAP < clip.top():
                continue
            painter.save()
            painter.translate(self.pad, placed.top)
            placed.item.paint(painter, clip.translated(-self.pad, -placed.top), style, picked.get(index))
            painter.restore()
        if self.problem is not None:
            self._paint_problem(painter, style, ratio)
        if not self.is_prompt:
            self._paint_footer(painter, style)
        self._paint_branch(painter, style)
        for spot in self.hot_spots(style):
            paint_spot(painter, spot, style, hovered=spot == lit[0], focused=spot == lit[1], ratio=ratio)

    def _paint_header(self, painter: QPainter, style: DocumentStyle) -> None:
        painter.setFont(style.label)
        painter.setPen(style.colour("text_muted"))
        box = QRectF(self.pad, self.pad / 2, self._width - 2 * self.pad, metrics.HEADER_HEIGHT)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, captions.author(self.row))

    def _paint_footer(self, painter: QPainter, style: DocumentStyle) -> None:
        top = self.height - metrics.FOOTER_HEIGHT
        settled = self.row.state is RowState.SETTLED
        left = self._branch_width() + 2 * metrics.BUTTON + metrics.GAP if settled else 0.0
        painter.setFont(style.small)
        painter.setPen(style.colour("text_muted"))
        room = self._width - left
        text = style.small_metrics.elidedText(captions.footer(self.row), Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRectF(left, top, room, metrics.BUTTON), Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_branch(self, painter: QPainter, style: DocumentStyle) -> None:
        spots = [spot for spot in self.hot_spots(style) if spot.action is Action.PREVIOUS]
        for spot in spots:
            painter.setFont(style.small)
            painter.setPen(style.colour("text_muted"))
            box = QRectF(spot.rect.right(), spot.rect.top(), 34, spot.rect.height())
            place, of = self.row.branch
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{place + 1}/{of}")

    def _paint_problem(self, painter: QPainter, style: DocumentStyle, ratio: float) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(style.colour("error_border"))
        painter.setBrush(style.colour("error_background"))
        box = self._problem_rect.adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(box, metrics.RADIUS, metrics.RADIUS)
        painter.restore()
        corner = self._problem_rect.topLeft() + QPointF(metrics.PANEL_PADDING, metrics.PANEL_PADDING)
        painter.drawPixmap(corner + QPointF(0, 2), icons.pixmap("warning", style.theme.error, ratio))
        painter.setPen(style.colour("text"))
        at = corner + QPointF(metrics.ICON + metrics.GAP, 0)
        self._problem.paint(painter, at, QRectF(), style, None)

    def drop(self) -> None:
        """Lets go of layouts; the height stays."""
        for placed in self.placed:
            placed.item.drop()
        self._width = -1.0


def _shows(item: BlockItem, block: Block) -> bool:
    if isinstance(item, CodeItem):
        if item.block is block:
            return True
        same = isinstance(block, CodeBlock) and (item.block.info, item.block.place) == (block.info, block.place)
        return same and isinstance(block, CodeBlock) and item.block.lines == block.lines
    return isinstance(item, TextItem) and item.block == block  # a table may have grown


def _shared(one: Place, other: Place) -> int:
    """How many steps of their paths two neighbours share."""
    count = 0
    for a, b in zip(one.path, other.path, strict=False):
        if a != b:
            break
        count += 1
    return count
