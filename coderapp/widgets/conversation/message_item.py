"""A message on screen: header, thoughts, blocks, error panel and footer. Parsed and laid out where it is seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from coderapp.core.errors import Problem, in_words
from coderapp.core.message import FilePart, Role
from coderapp.qt import icons
from coderapp.qt.conversation_model import Row, RowState
from coderapp.qt.highlighter import Highlighter
from coderapp.text.blocks import Block, CodeBlock, MathBlock, RuleBlock, TableBlock, TextBlock
from coderapp.widgets import metrics
from coderapp.widgets.conversation import captions
from coderapp.widgets.conversation.body import Body
from coderapp.widgets.conversation.code_item import CodeItem, CodeState
from coderapp.widgets.conversation.hot_spots import Action, HotSpot, paint_spot
from coderapp.widgets.conversation.items import BlockItem, RuleItem, TextItem
from coderapp.widgets.conversation.math_item import MathItem
from coderapp.widgets.conversation.message_spots import BRANCH_ROOM, MessageSpots
from coderapp.widgets.conversation.paragraph import Paragraph
from coderapp.widgets.conversation.ranges import Ranges
from coderapp.widgets.conversation.style import DocumentStyle
from coderapp.widgets.conversation.table_item import TableItem

if TYPE_CHECKING:
    from coderapp.text.stream import MarkdownStream, Update

AT_ONCE = 12_000
"""Characters of a finished message up to which it is parsed where it is needed; longer ones are parsed in a thread."""

_OPENINGS = {"json": "```json\n", "text": "```````text\n"}
"""An answer that was asked for in another format than Markdown is one block, shown as it is."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the items of a view share. `coloured(item, top, bottom)`: a block got colours between
    two of its heights. `parse_later(work, done)` runs `work`
    in a thread and calls `done` with its blocks in the UI thread.
    """

    highlighter: Highlighter
    coloured: Callable[[CodeItem, float, float], None]
    parse_later: Callable[[Callable[[], list[Block]], Callable[[list[Block]], None]], None]


class MessageItem:
    """`realise` parses; until then nothing is known but the row. Heights are in the message's own coordinates."""

    def __init__(self, row: Row, around: Surroundings, *, wrap: bool, numbered: bool) -> None:
        self.row = row
        self.has_thoughts = bool(row.message.reasoning)
        self.is_prompt = row.message.role is Role.USER
        self.body = Body(self._make_item)
        self.body.wrap = wrap or self.format_of(row) == "text"
        self.body.fold = row.state is RowState.SETTLED
        self.on_parsed: Callable[[MessageItem, list[Block]], None] | None = None
        """Called with the blocks of a long message when they are there; it is to call `show`."""
        self.thoughts_shown: bool | None = None  # None: while there is nothing else
        self.is_provisional = False
        """Whether it is shown plain until a thread has parsed it: its blocks are not the ones that it will have."""
        self._around = around
        self._numbered = numbered
        self._stream: MarkdownStream | None = None  # of an answer
        self._thoughts: MarkdownStream | None = None
        self._thought = ""  # the part of the thoughts that was fed
        self._lead = 0  # blocks of thoughts that are shown
        self._moved = 0
        self._parsed: list[Block] | None = None  # what the text says, where it did not come as a stream
        self._opening = ""  # of the block that holds a whole answer which is not Markdown
        self._fed = False
        self._width = 1.0
        self._style: DocumentStyle | None = None
        self._problem = Paragraph("", ())
        self._problem_height = 0.0
        self.spots = MessageSpots(self)

    @property
    def settled(self) -> bool:
        return self.row.state is RowState.SETTLED

    @property
    def realised(self) -> bool:
        return self._stream is not None or self._parsed is not None

    @property
    def _main(self) -> list[Block]:
        return self._stream.blocks if self._stream is not None else self._parsed or []

    @property
    def pad(self) -> float:
        return float(metrics.PROMPT_PADDING) if self.is_prompt else 0.0

    @property
    def width(self) -> float:
        return self._width

    # content

    def realise(self) -> None:
        """Reads the text. That of a long finished message is shown plain until a thread has parsed it; that of one
        which is on its way is to be fed.
        """
        if self.realised:
            return
        message = self.row.message
        text, files = message.text, message.files
        size = len(text) + sum(len(file.text) for file in files)
        if message.role is Role.ASSISTANT and not (self.settled and size > AT_ONCE):
            from coderapp.text.stream import MarkdownStream  # imports markdown-it: not before the first paint

            self._stream = MarkdownStream()
            self._opening = _OPENINGS.get(self.format_of(self.row), "")
            self._stream.feed(self._opening + (text if self.settled else ""))
            self._stream.flush(final=self.settled)
        elif size > AT_ONCE:
            from coderapp.text.provisional import provisional

            self._parsed = provisional(text)
            self.is_provisional = True
            work = parsing(message.role, _OPENINGS.get(self.format_of(self.row), "") + text, files)
            self._around.parse_later(work, self._on_parsed)
        else:
            self._parsed = parsing(message.role, text, files)()
        self._show_all()

    def _on_parsed(self, blocks: list[Block]) -> None:
        if self.on_parsed is not None and self.settled and self._stream is None:
            self.on_parsed(self, blocks)

    def show(self, blocks: list[Block]) -> None:
        """Takes the blocks that a thread has parsed."""
        self._parsed = blocks
        self.is_provisional = False
        self._show_all()

    def _show_all(self) -> None:
        self._read_thoughts()
        thoughts = self._shown_thoughts()
        self._lead = len(thoughts)
        self.body.change(0, [*thoughts, *self._main, *self._calls()])

    def feed(self, text: str) -> tuple[float, float | None]:
        """More text came. Returns the heights between which the message may look different; None: to its end."""
        self.realise()
        self._fed = True
        if self._stream is None:
            return self.height, None
        self._stream.feed(text)
        height, bottom = self.height, self.body_bottom
        top = self._take(self._stream.flush())
        if self.height != height:
            return top, None
        end = self.body.take_last_change()
        return top, bottom if end is None else self._body_top + end

    def settle(self) -> float:
        """No more text comes. Returns the height from which on the message may look different."""
        self.realise()
        return self._take(self._stream.flush(final=True)) if self._stream is not None else self.height

    def replace_row(self, row: Row) -> float:
        """Another value of the same message: state, notice, generation. Its text must be what was fed. Returns the
        height from which on the message looks different.
        """
        before, self.row = self.row, row
        had_thoughts, self.has_thoughts = self.has_thoughts, bool(row.message.reasoning)
        if self._stream is not None and _OPENINGS.get(self.format_of(row), "") != self._opening and not self._fed:
            self._stream = self._parsed = None  # what it will be written in is known only when it is sent
            self.body.change(0, [])
            self._lead = 0
        if not self.realised:
            return 0.0
        top = 0.0
        if before.message.reasoning != row.message.reasoning:
            top = self._grow_thoughts()
        if before.message.tool_calls != row.message.tool_calls:
            top = min(top, self._body_top + self.body.change(self._lead + len(self._main), self._calls()))
        if before.state is not row.state:
            self._read_thoughts()
            self._fold_thoughts()
            self._lay_out_problem()
        only_thoughts = before.state is row.state and had_thoughts == self.has_thoughts and before.notice == row.notice
        return top if only_thoughts else 0.0

    @staticmethod
    def format_of(row: Row) -> str:
        """What the answer was asked to be written in; "" where nothing was said."""
        generation = row.message.generation
        return str(generation.parameters.get("format", "")) if generation else ""

    def _calls(self) -> list[Block]:
        return [block for call in self.row.message.tool_calls for block in captions.tool_call_blocks(call)]

    def _take(self, update: Update | None) -> float:
        if self._stream is None or update is None:
            return self.height
        blocks = self._stream.blocks
        had_text = len(self.body.blocks) > self._lead
        index = self._lead + update.first
        if update.grown and index < len(self.body.blocks):
            top = self.body.grew(index, update.kept)
            if len(blocks) > update.first + 1 or len(self.body.blocks) > index + 1:
                self.body.change(index + 1, [*blocks[update.first + 1 :], *self._calls()])
        else:
            top = self.body.change(index, [*blocks[update.first :], *self._calls()])
        if not had_text and self._lead and self._fold_thoughts():
            return 0.0
        return self._body_top + top

    # thoughts

    def _read_thoughts(self) -> Update | None:
        """Takes in what came of the reasoning."""
        reasoning = self.row.message.reasoning
        if not reasoning or (len(reasoning) == len(self._thought) and not self.settled):
            return None
        from coderapp.text.stream import MarkdownStream, Update

        begun = self._thoughts is not None and reasoning.startswith(self._thought)
        if not begun:
            self._thoughts, self._thought = MarkdownStream(), ""
        assert self._thoughts is not None
        self._thoughts.feed(reasoning[len(self._thought) :])
        self._thought = reasoning
        update = self._thoughts.flush()
        return update if begun else Update(0)

    @property
    def thoughts_open(self) -> bool:
        """As the user chose; else while they are all that there is."""
        if self.thoughts_shown is not None:
            return self.thoughts_shown
        return not self.settled and not self._main

    def toggle_thoughts(self) -> None:
        self.thoughts_shown = not self.thoughts_open
        self._fold_thoughts()

    def set_numbered(self, numbered: bool) -> None:
        """Whether lines of code have numbers."""
        self._numbered = numbered
        for index, item in self.body.items.items():
            if isinstance(item, CodeItem):
                item.set_numbered(numbered)
                self.body.measure(index)

    def _shown_thoughts(self) -> list[Block]:
        return list(self._thoughts.blocks) if self._thoughts is not None and self.thoughts_open else []

    def _fold_thoughts(self) -> bool:
        """Shows the thoughts or not, as they are to be; True where that changes something."""
        shown = self._shown_thoughts()
        before, self._lead = self._lead, len(shown)
        if before != self._lead:
            self.body.replace_lead(before, shown)
            self._moved += self._lead - before
        return before != self._lead

    def take_moved(self) -> int:
        """By how many blocks those of the answer have moved since this was last asked."""
        moved, self._moved = self._moved, 0
        return moved

    def _grow_thoughts(self) -> float:
        """More was thought. Returns the height from which on the message looks different."""
        update = self._read_thoughts()
        if update is None or not self.thoughts_open or self._thoughts is None:
            return self.height
        if len(self.body.blocks) > self._lead:  # the answer has begun: this is rare
            self.body.replace_lead(self._lead, self._thoughts.blocks)
            self._moved += len(self._thoughts.blocks) - self._lead
            self._lead = len(self._thoughts.blocks)
            return 0.0
        blocks = self._thoughts.blocks
        self._lead = len(blocks)
        if update.grown and update.first < len(self.body.blocks):
            top = self.body.grew(update.first, update.kept)
            if len(blocks) > update.first + 1:
                self.body.change(update.first + 1, blocks[update.first + 1 :])
        else:
            top = self.body.change(update.first, blocks[update.first :])
        return self._body_top + top

    # items

    def _make_item(self, block: Block, state: CodeState) -> BlockItem:
        match block:
            case CodeBlock():
                return CodeItem(block, state, self._around.highlighter, self._around.coloured, numbered=self._numbered)
            case TableBlock():
                return TableItem(block)
            case RuleBlock():
                return RuleItem(block)
            case MathBlock():
                return MathItem(block)
            case TextBlock():
                muted = self._lead and any(block is thought for thought in self.body.blocks[: self._lead])
                return TextItem(block, "text_muted" if muted else "text")

    def release(self) -> None:
        """The message is not shown any more. Lets go of what refers back to it: collecting garbage is rare here."""
        self.body.release()
        self.spots.release()
        self.on_parsed = None

    # geometry

    @property
    def _body_top(self) -> float:
        thoughts = metrics.FOLD_LINE if self.has_thoughts else 0
        return self.pad / 2 + metrics.HEADER_HEIGHT + thoughts

    @property
    def body_bottom(self) -> float:
        return self._body_top + self.body.heights.total

    @property
    def height(self) -> float:
        bottom = self.body_bottom + self._problem_height
        return bottom + (self.pad if self.is_prompt else metrics.GAP_SMALL + metrics.FOOTER_HEIGHT)

    def set_width(self, width: float, style: DocumentStyle) -> bool:
        """True where everything has to be measured anew."""
        self.realise()
        self._width, self._style = width, style
        changed = self.body.set_width(width - 2 * self.pad, style)
        if changed:
            self._lay_out_problem()
        return changed

    def realise_between(self, top: float, bottom: float) -> bool:
        """Measures what stands between two heights; True where something is higher or lower than was thought."""
        return self.body.realise(top - self._body_top, bottom - self._body_top)

    def block_top(self, block: int) -> float:
        return self._body_top + self.body.top(block)

    @property
    def problem(self) -> Problem | None:
        generation = self.row.message.generation
        return generation.problem if generation and self.settled else None

    def _lay_out_problem(self) -> None:
        problem, style = self.problem, self._style
        self._problem_height = 0.0
        if problem is None or style is None:
            return
        self._problem = Paragraph(in_words(problem.sentence, problem.advice), ())
        self._problem.lay_out(self._width - 2 * metrics.PANEL_PADDING - metrics.ICON - metrics.GAP, style.base, style)
        gap = metrics.GAP_SMALL + (metrics.BLOCK_GAP if self.body.blocks else 0)
        self._problem_height = gap + self._problem.height + 2 * metrics.PANEL_PADDING + metrics.GAP + metrics.BUTTON

    def problem_rect(self) -> QRectF:
        gap = metrics.GAP_SMALL + (metrics.BLOCK_GAP if self.body.blocks else 0)
        return QRectF(0, self.body_bottom + gap, self._width, self._problem_height - gap)

    # finding

    def block_at(self, y: float) -> int:
        """The block at or nearest to `y`; -1 where there is none."""
        return self.body.at(y - self._body_top)

    def local(self, block: int, point: QPointF) -> QPointF:
        """A point in the coordinates of a block."""
        return point - QPointF(self.pad, self.block_top(block))

    def offset_at(self, block: int, point: QPointF) -> int:
        item, local = self.body.item(block), self.local(block, point)
        if local.y() < 0:
            return 0
        return item.length() if local.y() > item.height else item.offset_at(local)

    def rect_at(self, block: int, offset: int) -> QRectF:
        """Where a caret stands, in the message's coordinates."""
        return self.body.item(block).rect_at(offset).translated(self.pad, self.block_top(block))

    def link_at(self, point: QPointF) -> str:
        index = self.block_at(point.y())
        item = self.body.items.get(index)
        return item.link_at(self.local(index, point)) if item is not None else ""

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
        ranges: Callable[[int], Ranges],
        lit: tuple[HotSpot | None, HotSpot | None],
        ratio: float,
    ) -> None:
        """`ranges(block)`: what is selected or was found there. `lit`: the place under the pointer and the one with
        the focus.
        """
        if self.is_prompt:
            self._paint_panel(painter, style, clip)
        if clip.top() < self._body_top:
            self._paint_header(painter, style)
        for index, item, top in self.body.between(clip.top() - self._body_top, clip.bottom() - self._body_top):
            painter.save()
            y = self._body_top + top
            painter.translate(self.pad, y)
            item.paint(painter, clip.translated(-self.pad, -y), style, ranges(index))
            painter.restore()
        bottom = clip.bottom()
        if bottom > self.body_bottom + metrics.GAP_SMALL:
            if self.problem is not None:
                self._paint_problem(painter, style, ratio)
            if not self.is_prompt:
                self._paint_footer(painter, style)
        for spot in self.spots.between(clip.top(), bottom, style):
            paint_spot(painter, spot, style, hovered=spot == lit[0], focused=spot == lit[1], ratio=ratio)
            if spot.action is Action.PREVIOUS:
                self._paint_count(painter, spot.rect, style)

    def _paint_panel(self, painter: QPainter, style: DocumentStyle, clip: QRectF) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(style.colour("surface_alt"))
        # A panel taller than the largest number that a raster path takes is cut to what is seen of it.
        box = QRectF(0, 0, self._width, self.height).intersected(clip.adjusted(-99, -99, 99, 99))
        painter.drawRoundedRect(box, metrics.RADIUS, metrics.RADIUS)
        painter.restore()

    def _paint_header(self, painter: QPainter, style: DocumentStyle) -> None:
        painter.setFont(style.label)
        painter.setPen(style.colour("text_muted"))
        box = QRectF(self.pad, self.pad / 2, self._width - 2 * self.pad, metrics.HEADER_HEIGHT)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, captions.author(self.row))

    def _paint_footer(self, painter: QPainter, style: DocumentStyle) -> None:
        top = self.height - metrics.FOOTER_HEIGHT
        branch = self.spots.branch_width
        left = branch + 3 * metrics.BUTTON + metrics.GAP if self.settled else 0.0
        painter.setFont(style.small)
        painter.setPen(style.colour("text_muted"))
        room = self._width - left
        text = style.small_metrics.elidedText(captions.footer(self.row), Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRectF(left, top, room, metrics.BUTTON), Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_count(self, painter: QPainter, back: QRectF, style: DocumentStyle) -> None:
        painter.setFont(style.small)
        painter.setPen(style.colour("text_muted"))
        box = QRectF(back.right(), back.top(), BRANCH_ROOM, back.height())
        place, of = self.row.branch
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{place + 1}/{of}")

    def _paint_problem(self, painter: QPainter, style: DocumentStyle, ratio: float) -> None:
        rect = self.problem_rect()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(style.colour("error_border"))
        painter.setBrush(style.colour("error_background"))
        painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), metrics.RADIUS, metrics.RADIUS)
        painter.restore()
        corner = rect.topLeft() + QPointF(metrics.PANEL_PADDING, metrics.PANEL_PADDING)
        painter.drawPixmap(corner + QPointF(0, 2), icons.pixmap("warning", style.theme.error, ratio))
        painter.setPen(style.colour("text"))
        self._problem.paint(painter, corner + QPointF(metrics.ICON + metrics.GAP, 0), QRectF())


def parsing(role: Role, text: str, files: tuple[FilePart, ...]) -> Callable[[], list[Block]]:
    """What parses a finished message; it may run in a thread."""

    def parse() -> list[Block]:
        from coderapp.text.prompt import prompt_blocks
        from coderapp.text.stream import parse as parse_markdown

        blocks = parse_markdown(text) if role is Role.ASSISTANT else prompt_blocks(text)
        for file in files:
            title = file.name.replace('"', "'")
            blocks.append(CodeBlock(f'text title="{title}"', file.text.split("\n")))
        return blocks

    return parse


def parsing_of(row: Row) -> Callable[[], list[Block]]:
    """What reads a settled message without showing it; it may run in a thread."""
    message = row.message
    opening = _OPENINGS.get(MessageItem.format_of(row), "") if message.role is Role.ASSISTANT else ""
    read = parsing(message.role, opening + message.text, message.files)
    return lambda: [*read(), *(block for call in message.tool_calls for block in captions.tool_call_blocks(call))]


def reading_of(
    row: Row, item: MessageItem | None, may_matter: Callable[[str], bool] | None = None
) -> Callable[[], list[Block]]:
    """What gives the blocks of a message as they are, or will be, shown; it may run in a thread. A message that was not
    shown yet is left out where its text, as it was written, does not matter.
    """
    if item is not None and item.realised and not item.is_provisional:
        known = list(item.body.blocks)
        return lambda: known
    message, read = row.message, parsing_of(row)
    sources = [message.text, *(file.text for file in message.files)]
    if may_matter is None or message.tool_calls:
        return read
    return lambda: read() if any(map(may_matter, sources)) else []
