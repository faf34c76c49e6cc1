"""The conversation as a painted document: lays out and paints what is on screen, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QGuiApplication,
    QHelpEvent,
    QHideEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QRegion,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QToolTip, QWidget

from coderapp.core.errors import Remedy
from coderapp.qt.conversation_model import ConversationModel, Row, RowState
from coderapp.qt.theme import Theme
from coderapp.qt.tips import plain_tip
from coderapp.text.blocks import Block
from coderapp.text.languages import suggested_file_name
from coderapp.widgets import metrics
from coderapp.widgets.conversation import accessible, menu
from coderapp.widgets.conversation.arrivals import Arrivals
from coderapp.widgets.conversation.code_item import CodeItem
from coderapp.widgets.conversation.copying import AT_ONCE, Copied, Cutting
from coderapp.widgets.conversation.finding import Finding
from coderapp.widgets.conversation.hot_spots import Action, HotSpot, paint_spot
from coderapp.widgets.conversation.keyboard import Keyboard
from coderapp.widgets.conversation.layout import Anchor, DocumentLayout
from coderapp.widgets.conversation.marks import Marks
from coderapp.widgets.conversation.message_item import MessageItem, Surroundings
from coderapp.widgets.conversation.pointer import Pointer
from coderapp.widgets.conversation.ranges import Ranges
from coderapp.widgets.conversation.reading import ReadableDocument
from coderapp.widgets.conversation.selection import Position, Selection
from coderapp.widgets.conversation.style import DocumentStyle
from coderapp.widgets.conversation.tools import ViewTools

EVERYTHING = 1 << 60
"""An offset behind the end of any block."""

DROP_AFTER = 20
"""Pieces of text after which what has gone far up is let go."""

BAR_MS = 80
"""Milliseconds by which the scroll bar may be behind text that arrives."""


class _Unpainted(NamedTuple):
    """What is laid out and not painted: the offset and stuck header before, and between which heights it changed."""

    offset: float
    stuck: CodeItem | None
    top: float
    end: float | None


class ConversationView(ReadableDocument, QAbstractScrollArea):
    """Shows a ConversationModel. Follows the end until the user scrolls up.

    Signals: `copied(what)`, `save_code_requested(code, suggested name)`, `picture_requested(message id, CodeBlock or
    None, save)`: of that block, or of the message, to save or to copy, `regenerate_requested(message id)`,
    `edit_requested(message id)`, `star_requested(message id, bool)`, `continue_requested(message id)`,
    `branch_requested(message id, step)`, `remedy_requested(message id, Remedy)`, `retry_requested(message id)`,
    `raw_requested(message id)`, `link_activated(address)`, `following_changed(bool)`, `arrived_unseen()`: text came
    below what is on screen.
    """

    copied = Signal(str)
    save_code_requested = Signal(str, str)
    picture_requested = Signal(str, object, bool)
    regenerate_requested = Signal(str)
    edit_requested = Signal(str)
    star_requested = Signal(str, bool)
    continue_requested = Signal(str)
    branch_requested = Signal(str, int)
    remedy_requested = Signal(str, Remedy)
    retry_requested = Signal(str)
    raw_requested = Signal(str)
    link_activated = Signal(str)
    following_changed = Signal(bool)
    arrived_unseen = Signal()

    def __init__(
        self,
        theme: Theme,
        tools: ViewTools,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Conversation")
        self.viewport().setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._theme = theme
        self._zoom = 1.0
        self._in_thread = in_thread = tools.in_thread
        self._around = Surroundings(tools.highlighter, self._on_coloured, self._parse_later)
        self._formulas = formulas = tools.formulas
        self._layout = DocumentLayout(self._style(), self._new_item)
        self._model: ConversationModel | None = None
        self._selection = Selection()
        self.marks = Marks(self._layout, self.refresh)
        self.finding = Finding(self._layout, self.marks, in_thread, self.show_position, self)
        self._following = True
        self._adjusting = False
        self._taken = 0
        self._changed: tuple[float, float | None] | None = None  # what of the growing answer is to be painted
        self._wrap_code = False
        self._numbered = True
        self._pointer = Pointer(self.viewport(), self._layout, self._selection, self, self)
        self._keyboard = Keyboard(self._layout, self._selection, self)
        self._stale = -1  # a growing row that changed while nothing could be seen
        self._wanted: tuple[str, int, float] | None = None  # a place to go to when its message has been parsed
        self._unpainted: _Unpainted | None = None
        self._paint_timer = QTimer(self, singleShot=True, interval=0)
        self._paint_timer.timeout.connect(self._paint_arrived)
        self._arrivals = Arrivals(self._can_show, self._take_arrived, self._show_arrived, self._on_settled, self)
        accessible.expose(self)
        if formulas is not None:
            formulas.ready.connect(self._on_formulas)
        self._bar_timer = QTimer(self, singleShot=True, interval=BAR_MS)
        self._bar_timer.timeout.connect(self._sync_bar)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self.verticalScrollBar().setSingleStep(round(self._layout.style.code_height * 2))

    # what is shown

    def set_model(self, model: ConversationModel) -> None:
        if self._model is not None:
            self._model.disconnect(self)
        self._model = model
        model.was_reset.connect(self._on_reset)
        model.rows_replaced.connect(self._on_rows_replaced)
        model.row_changed.connect(self._on_row_changed)
        model.text_appended.connect(self._on_text_appended)
        self._on_reset()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._restyle()

    def set_zoom(self, zoom: float) -> None:
        """The size of text, 1.0 being the application's."""
        if zoom != self._zoom:
            self._zoom = zoom
            self._restyle()

    def _style(self) -> DocumentStyle:
        font = self.font()
        font.setPointSizeF(font.pointSizeF() * self._zoom)
        return DocumentStyle(self._theme, font, self._formulas, self.devicePixelRatioF())

    def _restyle(self) -> None:
        with self._keeping_place():
            self._layout.style = self._style()
            self._layout.estimate()
        self.verticalScrollBar().setSingleStep(round(self._layout.style.code_height * 2))

    def set_wrap_code(self, wrap: bool) -> None:
        """How code blocks that come from now on start."""
        self._wrap_code = wrap

    def set_line_numbers(self, numbered: bool) -> None:
        if numbered != self._numbered:
            self._numbered = numbered
            with self._keeping_place():
                for index, item in self._layout.items.items():
                    item.set_numbered(numbered)
                    self._layout.measure(index)

    @property
    def following(self) -> bool:
        return self._following

    def follow(self) -> None:
        """Goes to the end and stays there."""
        self._pointer.stop_gliding()
        self._set_following(True)
        self._place(None)
        self.refresh()

    def go_to_top(self) -> None:
        self._set_following(False)
        self.scroll_to(0)

    def scroll_position(self) -> int:
        return round(self._layout.offset)

    def reading_place(self) -> tuple[str, int, float] | None:
        """(message id, block, pixels below the top) of what stands at the top of the screen; None at the end."""
        if self._wanted is not None:
            return self._wanted
        anchor = None if self._following else self._layout.anchor()
        return (self._layout.rows[anchor.row].message.id, anchor.block, anchor.y) if anchor else None

    def go_to_place(self, message_id: str, block: int, y: float) -> None:
        """Back to where `reading_place` was, if the message is there."""
        index = self._model.index_of(message_id) if self._model else -1
        if index >= 0:
            self._set_following(False)
            # A long message has other blocks until it is parsed: it is gone to then, unless the user has scrolled.
            provisional = self._layout.item(index).is_provisional
            self._place(Anchor(index, -1 if provisional else block, 0.0 if provisional else y))
            self._wanted = (message_id, block, y) if provisional else None
            self.refresh()

    # model

    def _on_reset(self) -> None:
        self._forget()
        self._wanted = None
        self._layout.width = self.width()
        self._layout.reset(self._model.rows if self._model else [])
        self._take_up_growing()
        accessible.messages_replaced(self)
        self._set_following(True)
        self._place(None)
        self.refresh()
        self.finding.look_again()

    def _forget(self) -> None:
        self._arrivals.clear()
        self._changed = None
        self._selection.clear()
        self.finding.stop()
        self.marks.clear()
        self._pointer.forget()
        self._pointer.stop_gliding()
        self._keyboard.forget()

    def _take_up_growing(self) -> None:
        """What an answer that is on its way has said before this view came to it."""
        rows = self._layout.rows
        if self._model and rows and rows[-1].state is not RowState.SETTLED:
            last = len(rows) - 1
            self._arrivals.put(last, rows[last].message.text + self._model.tail(last))

    def _new_item(self, row: Row) -> MessageItem:
        item = MessageItem(row, self._around, wrap=self._wrap_code, numbered=self._numbered)
        item.on_parsed = self._on_parsed
        return item

    def _on_rows_replaced(self, first: int) -> None:
        """Rows from `first` on are others; those before stay."""
        assert self._model is not None
        waited = self._arrivals.clear()
        self._changed = None
        if (ends := self._selection.ends) is None or ends[1].row >= first:
            self._selection.clear()
        self._pointer.forget()
        self._keyboard.forget()
        with self._keeping_place():
            self._layout.reset(self._model.rows, first)
            if 0 <= waited < first:  # an answer that ended with text that was not read yet: it is read anew
                self._layout.replace(waited)
            self._take_up_growing()
        self.finding.look_again()
        if first == len(self._layout.rows) - 1:
            accessible.message_added(self, first)
        else:
            accessible.messages_replaced(self)

    def _on_row_changed(self, index: int) -> None:
        assert self._model is not None
        row = self._model.rows[index]
        if row.state is RowState.SETTLED and self._arrivals.settle_later(index):
            return
        item = self._layout.items.get(index)
        if item is None:
            return
        if row.state is not RowState.SETTLED:
            if self._can_show():
                self._changed = (item.replace_row(row), None)
                self._show_arrived(index, at_once=True)
            else:
                self._stale = index
            return
        ends = item.row.state is not RowState.SETTLED and item.realised
        with self._keeping_place():
            if ends:
                item.settle()
                accessible.announce(self, "The answer is complete.")
            item.replace_row(row)
            self._take_moved(index, item)
            self._layout.measure(index)
        if ends:
            self.finding.look_again()

    def _take_moved(self, row: int, item: MessageItem) -> None:
        """Thoughts were folded or unfolded: what is known of the blocks behind them moves with these."""
        if moved := item.take_moved():
            self._selection.shift(row, moved)
            self.marks.shift(row, moved)
            self._keyboard.shift(row, moved)

    def _wake(self) -> None:
        """Something can be seen again: what came meanwhile is taken in."""
        stale, self._stale = self._stale, -1
        if self._model is not None and 0 <= stale < len(self._model.rows):
            self._on_row_changed(stale)
        self._arrivals.wake()

    def _on_settled(self, index: int) -> None:
        """All of an answer that ended has been taken in."""
        if self._model and index < len(self._model.rows):
            self._on_row_changed(index)

    def _on_text_appended(self, index: int, text: str) -> None:
        self._arrivals.put(index, text)

    def _can_show(self) -> bool:
        return self.isVisible() and not self.window().isMinimized()

    def _take_arrived(self, index: int, text: str) -> None:
        """A piece of text that came."""
        top, end = self._layout.item(index).feed(text)
        if self._changed is None:
            self._changed = (top, end)
        else:  # of several pieces, from the first change to the end
            self._changed = (min(self._changed[0], top), None)

    def _show_arrived(self, index: int, at_once: bool) -> None:
        """Lays out and paints what the pieces have changed."""
        layout = self._layout
        changed, self._changed = self._changed, None
        if changed is None:
            return
        self._take_moved(index, layout.item(index))
        self._paint_arrived()  # what waits for it was laid out with another offset
        before, was_stuck = layout.offset, self._stuck()
        layout.measure(index)
        place = layout.top(index)
        top = place + changed[0]
        self._taken += 1
        if self._taken % DROP_AFTER == 0:
            layout.drop_far()
        if self._following:
            self._go_to_end()
            still = changed[1] is not None and before == layout.offset
            self._unpainted = _Unpainted(before, was_stuck, top, place + changed[1] if still and changed[1] else None)
            if at_once:
                self._paint_arrived()
            else:
                self._paint_timer.start()  # keys and clicks come between laying out and painting
            return
        self._bar_soon()
        if layout.realise_visible():
            self._place(layout.anchor())
        if top < layout.offset + layout.page:
            self._repaint_from(top)
        else:
            self.arrived_unseen.emit()

    def _paint_arrived(self) -> None:
        """Moves and repaints what the text that came has changed on screen."""
        waiting, self._unpainted = self._unpainted, None
        if waiting is None:
            return
        self._paint_timer.stop()
        if moved := waiting.offset - self._layout.offset:
            self._blit(moved, waiting.stuck)
        self._repaint_from(waiting.top, waiting.end)

    def _on_parsed(self, item: MessageItem, blocks: list[Block]) -> None:
        """A long message is there as it is meant; until now it was shown plain."""
        index = next((index for index, known in self._layout.items.items() if known is item), -1)
        if index < 0:
            return
        layout = self._layout
        top, height = layout.top(index), max(item.height, 1.0)
        depth = (layout.offset - top) / height
        inside = 0 < depth < 1 and not self._following
        if self._selection.touches(index):
            self._selection.clear()
        wanted = self._wanted
        with self._keeping_place():
            item.show(blocks)
            layout.measure(index)
        self.finding.look_again(item.row.message.id)
        if wanted is not None and wanted[0] == item.row.message.id:
            self.go_to_place(*wanted)
        elif inside:
            self._place(Anchor(index, -1, -(depth * item.height)))
            self.refresh()

    def _on_formulas(self) -> None:
        """Formulas that were waited for are drawn."""
        layout = self._layout
        waiting = [
            (row, index)
            for row, item in layout.items.items()
            for index, shown in item.body.items.items()
            if shown.waits
        ]
        if waiting:
            with self._keeping_place():
                for row, index in waiting:
                    layout.items[row].body.measure(index)
                    layout.measure(row)

    def _parse_later(self, work: Callable[[], list[Block]], done: Callable[[list[Block]], None]) -> None:
        self._in_thread(work, done)

    # geometry

    @contextmanager
    def _keeping_place(self) -> Iterator[None]:
        """What is on screen stays where it is, whatever happens to heights meanwhile; then all is painted anew."""
        anchor = None if self._following else self._layout.anchor()
        yield
        self._place(anchor)
        self.refresh()

    def _go_to_end(self) -> None:
        """As `_place` at the end, but the scroll bar follows a moment later: to paint one costs as much as to paint the
        text that came.
        """
        layout = self._layout
        for _ in range(8):
            layout.offset = float(layout.scroll_range)
            if not layout.realise_visible():
                break
        self._bar_soon()

    def _bar_soon(self) -> None:
        if not self._bar_timer.isActive():
            self._bar_timer.start()

    def _sync_bar(self) -> None:
        """The scroll bar shows where the document is."""
        self._bar_timer.stop()
        self._set_range()
        bar, value = self.verticalScrollBar(), round(self._layout.offset)
        if bar.value() != value:
            self._adjusting = True
            bar.setValue(value)
            self._adjusting = False

    def _set_range(self) -> None:
        layout, bar = self._layout, self.verticalScrollBar()
        layout.page = self.viewport().height()
        if (bar.maximum(), bar.pageStep()) != (layout.scroll_range, layout.page):
            self._adjusting = True
            bar.setPageStep(layout.page)
            bar.setRange(0, layout.scroll_range)
            self._adjusting = False

    def _place(self, anchor: Anchor | None) -> None:
        """Sets the scroll range, and the end where it is followed, with everything on screen measured; else `anchor`
        stays where it was.
        """
        layout = self._layout
        layout.page = self.viewport().height()
        for _ in range(8):
            most = layout.scroll_range
            target = most if self._following else round(layout.offset_for(anchor) if anchor else layout.offset)
            layout.offset = float(min(max(0, target), most))
            if not layout.realise_visible():
                break
        self._sync_bar()

    def _set_following(self, following: bool) -> None:
        if following != self._following:
            self._following = following
            self.following_changed.emit(following)

    def _on_scrolled(self, value: int) -> None:
        if self._adjusting:
            return
        self._paint_arrived()
        self._wanted = None
        layout = self._layout
        seen = layout.anchor()
        self._set_following(value >= layout.scroll_range - metrics.FOLLOW_SLACK)
        was_stuck = self._stuck()
        layout.offset = float(value)
        # What is measured keeps its place while what comes into sight turns out to be higher or lower than was thought.
        self._place(layout.anchor())
        moved = round(layout.screen_y(seen) - seen.y) if seen else 0
        if seen is None:
            self.refresh()
        elif moved:
            self._blit(moved, was_stuck)
        layout.drop_far()
        self._pointer.drop_hover()

    def _blit(self, dy: float, stuck_before: CodeItem | None) -> None:
        """Moves the pixels that stay; Qt asks for what comes into sight. A header that sticks does not move."""
        dy = round(dy)
        port, header = self.viewport(), metrics.CODE_HEADER
        stuck = self._stuck()
        if abs(dy) >= self._layout.page - header:
            port.update()
        elif stuck is not None and stuck is stuck_before:
            port.scroll(0, dy, QRect(0, header, port.width(), port.height() - header))
        else:
            port.scroll(0, dy)
            if stuck_before is not None:
                port.update(0, dy, port.width(), header + 1)
            if stuck is not None:
                port.update(0, 0, port.width(), header + 1)

    def _stuck(self) -> CodeItem | None:
        """The code whose header is painted at the top of the screen."""
        found = self._layout.sticky()
        return found[2] if found else None

    def scroll_to(self, offset: float) -> None:
        self._sync_bar()
        self.verticalScrollBar().setValue(round(offset))

    def refresh(self) -> None:
        self._unpainted = None
        self.viewport().update()

    def _repaint_from(self, y: float, end: float | None = None) -> None:
        """Paints anew from a height of the document to another, or all below."""
        port, layout = self.viewport(), self._layout
        top = max(0, int(y - layout.offset) - 2)
        bottom = layout.page if end is None else min(layout.page, round(end - layout.offset) + 1)
        if top < bottom:
            left = round(self._layout.left) - metrics.GAP_LARGE
            port.update(left, top, round(self._layout.column) + 2 * metrics.GAP_LARGE, bottom - top)

    def _on_coloured(self, code: CodeItem, top: float, bottom: float) -> None:
        """The rows between two heights of a block have other colours."""
        layout = self._layout
        for row in layout.visible():
            item = layout.items.get(row)
            found = next((block for block, known in item.body.items.items() if known is code), -1) if item else -1
            if item is not None and found >= 0:
                y = layout.top(row) + item.block_top(found) - layout.offset
                first, last = max(0, int(y + top)), min(layout.page, round(y + bottom) + 1)
                if first < last:
                    self.viewport().update(0, first, self.viewport().width(), last - first)
                return

    def hot_spots(self) -> list[HotSpot]:
        """The places on screen that act, in reading order, in the viewport's coordinates."""
        return self._layout.visible_spots()

    # selection

    def selected_text(self) -> str:
        """The selected plain text; blocks are parted by an empty line, list items by a line's end."""
        return Cutting(self._layout, self._selection).plain()

    @property
    def has_selection(self) -> bool:
        return self._selection.ends is not None

    @property
    def selection_is_short(self) -> bool:
        """Whether it lies within one block."""
        ends = self._selection.ends
        return ends is not None and ends[0][:2] == ends[1][:2] and ends[1].offset - ends[0].offset < 500

    def select_all(self) -> None:
        end = self._keyboard.end()
        if end is not None:
            self._selection.select(Position(0, 0, 0), end)
            self.refresh()

    def copy_selection(self, kind: str = "") -> None:
        """`kind`: "" for all forms at once, "plain" or "markdown" for that one as text."""
        if self._selection.ends is None:
            return
        cutting = Cutting(self._layout, self._selection)

        def done(copied: Copied) -> None:
            if kind:
                QGuiApplication.clipboard().setText(copied.markdown if kind == "markdown" else copied.plain)
            else:
                QGuiApplication.clipboard().setMimeData(copied.mime())
            self.copied.emit("Selection copied as Markdown." if kind == "markdown" else "Selection copied.")

        if cutting.size <= AT_ONCE:
            done(cutting.copied())
        else:
            self.copied.emit("Copying…")
            self._in_thread(cutting.copied, done)

    # acting

    def act(self, row: int, spot: HotSpot) -> None:
        item = self._layout.item(row)
        message = item.row.message
        code = item.body.item(spot.block) if 0 <= spot.block < len(item.body.blocks) else None
        match spot.action:
            case Action.COPY_CODE if isinstance(code, CodeItem):
                QGuiApplication.clipboard().setText(code.block.code)
                self.copied.emit("Code copied.")
            case Action.SAVE_CODE if isinstance(code, CodeItem):
                self.save_code_requested.emit(code.block.code + "\n", suggested_file_name(code.named_info))
            case Action.WRAP_CODE if isinstance(code, CodeItem):
                self._change_code(row, spot.block, code.toggle_wrap)
            case Action.FOLD if isinstance(code, CodeItem):
                self._change_code(row, spot.block, code.toggle_fold)
            case Action.THOUGHTS:
                with self._keeping_clicked(Anchor(row, -1, self._layout.top(row) - self._layout.offset)):
                    item.toggle_thoughts()
                    self._take_moved(row, item)
                    self._layout.measure(row)
            case Action.COPY_MESSAGE:
                QGuiApplication.clipboard().setText(message.text)
                self.copied.emit("Prompt copied." if item.is_prompt else "Answer copied as Markdown.")
            case Action.STAR:
                self.star_requested.emit(message.id, not item.row.starred)
            case Action.REGENERATE:
                self.regenerate_requested.emit(message.id)
            case Action.EDIT:
                self.edit_requested.emit(message.id)
            case Action.PREVIOUS:
                self.branch_requested.emit(message.id, -1)
            case Action.NEXT:
                self.branch_requested.emit(message.id, 1)
            case Action.RETRY:
                self.retry_requested.emit(message.id)
            case Action.REMEDY if item.problem is not None:
                self.remedy_requested.emit(message.id, item.problem.remedy)
            case Action.SHOW_RAW:
                self.raw_requested.emit(message.id)

    def open_thoughts(self, row: int) -> None:
        """Unfolds what a model thought before an answer."""
        item = self._layout.item(row)
        if item.has_thoughts and not item.thoughts_open:
            with self._keeping_clicked(Anchor(row, -1, self._layout.top(row) - self._layout.offset)):
                item.toggle_thoughts()
                self._take_moved(row, item)
                self._layout.measure(row)

    def _change_code(self, row: int, block: int, change: Callable[[], None]) -> None:
        item = self._layout.item(row)
        top = self._layout.top(row) + item.block_top(block) - self._layout.offset
        with self._keeping_clicked(Anchor(row, block, max(top, 0.0))):
            change()
            item.body.measure(block)
            self._layout.measure(row)

    @contextmanager
    def _keeping_clicked(self, anchor: Anchor) -> Iterator[None]:
        """A click must not move what was clicked, also at the end."""
        yield
        following, self._following = self._following, False
        self._place(anchor)
        self._following = following
        self._set_following(following and self._layout.offset >= self._layout.scroll_range)
        self._pointer.drop_hover()
        self.refresh()

    def open_link(self, address: str) -> None:
        self.link_activated.emit(address)

    def reveal_spot(self, row: int, spot: HotSpot) -> None:
        layout = self._layout
        self.setAccessibleDescription(spot.label)
        top = round(layout.top(row) + spot.rect.top())
        lowest, highest = top - metrics.GAP, round(top + spot.rect.height()) + metrics.GAP - layout.page
        if layout.offset > lowest:
            self.scroll_to(lowest)
        elif layout.offset < highest:
            self.scroll_to(highest)

    def show_position(self, at: Position) -> None:
        """Scrolls no further than needed to have a place in the text on screen."""
        self._set_following(False)
        self._keyboard.reveal(at)

    def ask_menu(self, at: QPoint) -> None:
        menu.show(self, self._layout, QPointF(at), self.viewport().mapToGlobal(at))

    # painting

    def _ranges(self, row: int, block: int) -> Ranges:
        """What is selected and what was found in a block."""
        marked = self.marks.ranges(row, block)
        part = self._selection.part_of(row, block)
        if part is None:
            return marked
        end = EVERYTHING if part[1] is None else part[1]
        return marked.with_over((part[0], end, self._layout.style.selected))

    def paintEvent(self, event: QPaintEvent) -> None:
        begin = time.perf_counter()
        if self._unpainted is not None:  # pixels that were to be moved stand where they were
            self._unpainted = None
            self.viewport().update()
        painter = QPainter(self.viewport())
        # A strip at the top and one at the foot have a bounding box that is the whole screen: each is painted alone.
        for region in _rects(event.region()):
            painter.save()
            painter.setClipRect(region)
            self._paint_region(painter, region)
            painter.restore()
        painter.end()
        self._arrivals.painting = time.perf_counter() - begin
        self._wake()

    def _paint_region(self, painter: QPainter, region: QRect) -> None:
        layout = self._layout
        painter.fillRect(region, layout.style.colour("surface"))
        ratio = self.devicePixelRatioF()
        focused = self._keyboard.focused_spot() if self.hasFocus() else None
        hovered = self._pointer.hovered
        for row in layout.between(region.top(), region.bottom()):
            top = layout.top(row) - layout.offset
            item = layout.items.get(row)
            if item is None:
                continue
            painter.save()
            painter.translate(layout.left, top)
            clip = QRectF(region).translated(-layout.left, -top)
            lit = (
                hovered[1] if hovered and hovered[0] == row else None,
                focused[1] if focused and focused[0] == row else None,
            )
            item.paint(painter, clip, layout.style, lambda block, row=row: self._ranges(row, block), lit, ratio)  # type: ignore[misc]
            painter.restore()
        if self.hasFocus():
            self._paint_cursor(painter)
        if region.top() <= metrics.CODE_HEADER:
            self._paint_sticky(painter, ratio)

    def _paint_sticky(self, painter: QPainter, ratio: float) -> None:
        layout = self._layout
        found = layout.sticky()
        if found is None:
            return
        row, _, code, y = found
        painter.save()
        painter.translate(layout.left + layout.items[row].pad, 0)
        code.paint_header(painter, layout.style, 0.0, stuck=True)
        painter.restore()
        painter.save()
        painter.translate(layout.left, -y)
        for spot in layout.sticky_spots()[1]:
            hovered = self._pointer.hovered is not None and self._pointer.hovered[1] == spot
            paint_spot(painter, spot, layout.style, hovered=hovered, focused=False, ratio=ratio)
        painter.restore()

    def _paint_cursor(self, painter: QPainter) -> None:
        """The block that arrow keys reached, and the caret that selects."""
        layout = self._layout
        block = self._keyboard.block
        if block is not None and block[0] in layout.items and block[1] < len(layout.items[block[0]].body.blocks):
            rect = layout.block_rect(*block)
            painter.fillRect(QRectF(layout.left - 10, rect.top(), 3, rect.height()), layout.style.colour("focus_ring"))
        at = self._selection.cursor
        if self._keyboard.shows_caret and at is not None and at.row in layout.items:
            blocks = layout.items[at.row].body.blocks
            if at.block < len(blocks):
                painter.fillRect(layout.rect_of(at).toRect(), layout.style.colour("text"))

    # Qt

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Pixels are moved where it is known what of the document stays the same."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        anchor = None if self._following else self._layout.anchor()
        column = self._layout.column
        self._layout.width = self.width()
        if self._layout.column != column:
            self._layout.estimate()
        self._place(anchor)
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._wake()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._pointer.stop_gliding()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._keyboard.focused = self._keyboard.block = None
        self._keyboard.shows_caret = False
        self._pointer.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pointer.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._pointer.double_click(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self._pointer.wheel(event):
            event.accept()
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        self._pointer.stop_gliding()
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_selection()
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            self.select_all()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._keyboard.activate():
            pass
        elif key == Qt.Key.Key_Escape and self._selection.ends:
            self._selection.clear()
            self._keyboard.shows_caret = False
            self.refresh()
        elif not self._keyboard.press(event):
            super().keyPressEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        if self._keyboard.step(1 if forward else -1) is not None:
            return True
        self._keyboard.focused = None
        return super().focusNextPrevChild(forward)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.refresh()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.refresh()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.ask_menu(event.pos())

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            self._show_tip(event)
            return True
        if event.type() is QEvent.Type.Leave:
            self._pointer.leave()
        return super().viewportEvent(event)

    def _show_tip(self, event: QHelpEvent) -> None:
        point = event.pos().toPointF()
        spot = self._layout.spot_at(point)
        link = self._layout.link_at(point)
        if spot and not spot[1].text:
            QToolTip.showText(event.globalPos(), spot[1].label, self)
        elif link:
            QToolTip.showText(event.globalPos(), plain_tip(link), self)
        elif footer := self._layout.footer_at(point):
            QToolTip.showText(event.globalPos(), plain_tip(footer), self)
        else:
            QToolTip.hideText()


def _rects(region: QRegion) -> Iterator[QRect]:
    rects: Any = region  # iterable, which the binding's types don't say
    yield from rects
