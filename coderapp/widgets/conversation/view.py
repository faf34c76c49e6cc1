"""The conversation as a painted document: lays out and paints what is on screen, and nothing else."""

from __future__ import annotations

from bisect import bisect_right

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QGuiApplication,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QMenu, QToolTip, QWidget

from coderapp.core.errors import Remedy
from coderapp.qt.conversation_model import ConversationModel
from coderapp.qt.highlighter import Highlighter
from coderapp.qt.theme import Theme
from coderapp.text.languages import suggested_file_name
from coderapp.widgets import metrics
from coderapp.widgets.conversation.code_item import CodeItem
from coderapp.widgets.conversation.items import Picked
from coderapp.widgets.conversation.message_item import Action, HotSpot, MessageItem, moved
from coderapp.widgets.conversation.selection import Position, Selection
from coderapp.widgets.conversation.style import DocumentStyle

FAR = 3
"""Screens above and below that keep their layouts."""

AUTOSCROLL_MS = 30


class ConversationView(QAbstractScrollArea):
    """Shows a ConversationModel. Follows the end until the user scrolls up.

    Signals: `copied(what)`, `save_code_requested(code, suggested name)`, `regenerate_requested(message id)`,
    `edit_requested(message id)`, `branch_requested(message id, step)`, `remedy_requested(message id, Remedy)`,
    `retry_requested(message id)`, `raw_requested(message id)`, `link_activated(address)`, `following_changed(bool)`.
    """

    copied = Signal(str)
    save_code_requested = Signal(str, str)
    regenerate_requested = Signal(str)
    edit_requested = Signal(str)
    branch_requested = Signal(str, int)
    remedy_requested = Signal(str, Remedy)
    retry_requested = Signal(str)
    raw_requested = Signal(str)
    link_activated = Signal(str)
    following_changed = Signal(bool)

    def __init__(self, theme: Theme, highlighter: Highlighter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Conversation")
        self.viewport().setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._style = DocumentStyle(theme, self.font())
        self._highlighter = highlighter
        self._model: ConversationModel | None = None
        self._items: list[MessageItem] = []
        self._tops: list[float] = [0.0]  # tops of the items, and the end
        self._selection = Selection()
        self._following = True
        self._adjusting = False
        self._hovered: tuple[int, HotSpot] | None = None
        self._focused: tuple[int, int] | None = None  # message, number of the hot spot
        self._pressed: HotSpot | None = None
        self._pressed_link = ""
        self._dragging = False
        self._dragged_bar: CodeItem | None = None
        self._last_point = QPointF()
        self._wrap_code = False
        self._autoscroll = QTimer(self, interval=AUTOSCROLL_MS)
        self._autoscroll.timeout.connect(self._on_autoscroll)
        self.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        self.verticalScrollBar().setSingleStep(round(self._style.code_height * 2))

    # what is shown

    def set_model(self, model: ConversationModel) -> None:
        if self._model is not None:
            self._model.disconnect(self)
        self._model = model
        model.was_reset.connect(self._on_reset)
        model.row_added.connect(self._on_row_added)
        model.row_changed.connect(self._on_row_changed)
        model.text_appended.connect(self._on_text_appended)
        model.text_replaced.connect(self._on_text_replaced)
        self._on_reset()

    def set_theme(self, theme: Theme) -> None:
        self._style = DocumentStyle(theme, self.font())
        for item in self._items:
            item.drop()
        self._lay_out_again()

    def set_wrap_code(self, wrap: bool) -> None:
        """How code blocks that come from now on start."""
        self._wrap_code = wrap

    @property
    def following(self) -> bool:
        return self._following

    def follow(self) -> None:
        """Goes to the end and stays there."""
        self._set_following(True)
        self._place()

    def go_to_top(self) -> None:
        self._set_following(False)
        self.verticalScrollBar().setValue(0)

    def scroll_position(self) -> int:
        return self.verticalScrollBar().value()

    # model

    def _on_reset(self) -> None:
        model = self._model
        self._selection.clear()
        self._hovered = self._focused = None
        self._items = [self._new_item(index) for index in range(len(model.rows) if model else 0)]
        self._set_following(True)
        self._lay_out_again()

    def _new_item(self, index: int) -> MessageItem:
        assert self._model is not None
        item = MessageItem(self._model.rows[index], self._highlighter, self._on_coloured, wrap=self._wrap_code)
        if tail := self._model.tail(index):
            item.append(tail)
        item.estimate(self._column_width, self._style)
        return item

    def _on_row_added(self, index: int) -> None:
        self._items.append(self._new_item(index))
        self._retop(index)
        self._place()
        self.viewport().update()

    def _on_row_changed(self, index: int) -> None:
        assert self._model is not None
        item = self._items[index]
        item.replace_row(self._model.rows[index])
        self._focused = None
        if item.realised:
            item.layout(self._column_width, self._style)
        self._retop(index)
        self._place()
        self._update_from(self._tops[index])

    def _on_text_appended(self, index: int, text: str) -> None:
        item = self._items[index]
        top = item.append(text)
        item.layout(self._column_width, self._style)
        self._retop(index)
        self._place()
        self._update_from(self._tops[index] + top - 2)

    def _on_text_replaced(self, index: int) -> None:
        self._items[index] = self._new_item(index)
        self._retop(index)
        self._place()
        self._update_from(self._tops[index])

    def _on_coloured(self, message: MessageItem, code: CodeItem) -> None:
        self.viewport().update()

    # geometry

    @property
    def _column_width(self) -> float:
        return float(max(160, min(metrics.COLUMN_WIDTH, self.width() - 2 * metrics.COLUMN_MARGIN)))

    @property
    def _column_left(self) -> float:
        return float(max(metrics.COLUMN_MARGIN, (self.width() - round(self._column_width)) // 2))

    def _retop(self, index: int) -> None:
        """Tops anew from an item on."""
        del self._tops[index + 1 :]
        y = self._tops[index] if index else float(metrics.MESSAGE_GAP)
        self._tops[index:] = [y]
        for item in self._items[index:]:
            y += item.height + metrics.MESSAGE_GAP
            self._tops.append(y)

    def _lay_out_again(self) -> None:
        for item in self._items:
            if not item.realised:
                item.estimate(self._column_width, self._style)
        self._retop(0)
        self._place()
        self.viewport().update()

    def _place(self) -> None:
        """Sets the scroll range, and the end where it is followed, with everything on screen laid out."""
        for _ in range(4):
            self._set_range()
            if not self._realise_visible():
                break

    def _set_range(self) -> None:
        bar = self.verticalScrollBar()
        page = self.viewport().height()
        most = max(0, round(self._tops[-1]) - page)
        self._adjusting = True
        bar.setPageStep(page)
        bar.setRange(0, most)
        if self._following:
            bar.setValue(most)
        self._adjusting = False

    def _visible(self) -> range:
        offset = self.verticalScrollBar().value()
        first = max(0, bisect_right(self._tops, offset) - 1)
        last = bisect_right(self._tops, offset + self.viewport().height())
        return range(min(first, len(self._items)), min(last, len(self._items)))

    def _realise_visible(self) -> bool:
        """Lays out what is on screen. True where heights changed; what stood on screen keeps its place."""
        width = self._column_width
        visible = self._visible()
        if not visible:
            return False
        known = visible.start
        if self.scroll_position() > 0:
            known = next((index for index in visible if self._items[index].realised), known)
        before = self._tops[known]
        first_changed = -1
        for index in visible:
            item = self._items[index]
            height = item.height
            item.layout(width, self._style)
            if item.height != height and first_changed < 0:
                first_changed = index
        if first_changed < 0:
            return False
        self._retop(first_changed)
        drift = round(self._tops[known] - before)
        if drift and not self._following:
            self._adjusting = True
            bar = self.verticalScrollBar()
            bar.setRange(0, max(0, round(self._tops[-1]) - self.viewport().height()))
            bar.setValue(bar.value() + drift)
            self._adjusting = False
        return True

    def _drop_far(self) -> None:
        page = self.viewport().height()
        offset = self.verticalScrollBar().value()
        for index, item in enumerate(self._items):
            far = self._tops[index + 1] < offset - FAR * page or self._tops[index] > offset + (FAR + 1) * page
            if far and item.realised:
                item.drop()

    def _set_following(self, following: bool) -> None:
        if following != self._following:
            self._following = following
            self.following_changed.emit(following)

    def _on_scrolled(self, value: int) -> None:
        if not self._adjusting:
            self._set_following(value >= self.verticalScrollBar().maximum() - metrics.FOLLOW_SLACK)
            self._place()
            if len(self._items) > 40:
                self._drop_far()
            self._hover(self.viewport().mapFromGlobal(self.cursor().pos()).toPointF())

    def _update_from(self, y: float) -> None:
        """Paints anew from a height of the document down."""
        top = max(0, int(y) - self.verticalScrollBar().value())
        if top < self.viewport().height():
            self.viewport().update(0, top, self.viewport().width(), self.viewport().height() - top)

    # places

    def _local(self, index: int, point: QPointF) -> QPointF:
        """A point of the viewport in a message's coordinates."""
        return point - QPointF(self._column_left, self._tops[index] - self.verticalScrollBar().value())

    def _message_at(self, point: QPointF) -> int:
        """The message at or nearest above a point of the viewport; -1 where there is none."""
        if not self._items:
            return -1
        y = point.y() + self.verticalScrollBar().value()
        return max(0, min(bisect_right(self._tops, y) - 1, len(self._items) - 1))

    def _position_at(self, point: QPointF) -> Position | None:
        index = self._message_at(point)
        if index < 0:
            return None
        item = self._items[index]
        local = self._local(index, point)
        block = item.block_at(local.y())
        return Position(index, block, item.offset_at(block, local)) if block >= 0 else None

    def _spot_at(self, point: QPointF) -> tuple[int, HotSpot] | None:
        index = self._message_at(point)
        if index < 0:
            return None
        local = self._local(index, point)
        for spot in self._items[index].hot_spots(self._style):
            if spot.rect.contains(local):
                return index, spot
        return None

    def _code_at(self, point: QPointF) -> tuple[CodeItem, QPointF] | None:
        """The code block under a point, and the point in its coordinates."""
        index = self._message_at(point)
        if index < 0:
            return None
        item = self._items[index]
        local = self._local(index, point)
        block = item.block_at(local.y())
        if block < 0:
            return None
        placed = item.placed[block]
        inside = local - QPointF(item.pad, placed.top)
        if isinstance(placed.item, CodeItem) and 0 <= inside.y() < placed.item.height:
            return placed.item, inside
        return None

    def hot_spots(self) -> list[HotSpot]:
        """The places on screen that act, in reading order, in the viewport's coordinates."""
        offset = self.verticalScrollBar().value()
        found = []
        for index in self._visible():
            shift = self._tops[index] - offset
            found += [moved(spot, self._column_left, shift) for spot in self._items[index].hot_spots(self._style)]
        return found

    # selection

    def selected_text(self) -> str:
        """The selected plain text; blocks are parted by an empty line, list items by a line's end."""
        ends = self._selection.ends
        if ends is None:
            return ""
        pieces: list[str] = []
        for row in range(ends[0].row, min(ends[1].row + 1, len(self._items))):
            item = self._items[row]
            item.realise()
            for block, placed in enumerate(item.placed):
                part = self._selection.part_of(row, block)
                if part is None:
                    continue
                marker = placed.item.place.marker
                whole = placed.item.text()
                text = whole[part[0] : part[1]]
                if pieces:
                    pieces.append("\n" if marker else "\n\n")
                if marker and part[0] == 0:
                    text = f"{marker} {text}"
                pieces.append(text)
        return "".join(pieces)

    def select_all(self) -> None:
        if not self._items:
            return
        last = self._items[-1]
        last.realise()
        block = max(0, len(last.placed) - 1)
        end = len(last.placed[block].item.text()) if last.placed else 0
        self._selection.select(Position(0, 0, 0), Position(len(self._items) - 1, block, end))
        self.viewport().update()

    def copy_selection(self) -> None:
        text = self.selected_text()
        if text:
            QGuiApplication.clipboard().setText(text)
            self.copied.emit("Selection copied.")

    def _select_word(self, at: Position, *, line: bool) -> None:
        text = self._items[at.row].placed[at.block].item.text()
        start = end = min(at.offset, len(text))
        if line:
            start = text.rfind("\n", 0, start) + 1
            end = text.find("\n", end)
            end = len(text) if end < 0 else end
        else:
            while start > 0 and (text[start - 1].isalnum() or text[start - 1] == "_"):
                start -= 1
            while end < len(text) and (text[end].isalnum() or text[end] == "_"):
                end += 1
        self._selection.select(at._replace(offset=start), at._replace(offset=end))
        self.viewport().update()

    def _picked(self, index: int) -> dict[int, Picked]:
        if self._selection.ends is None:
            return {}
        found = {}
        for block, placed in enumerate(self._items[index].placed):
            part = self._selection.part_of(index, block)
            if part is not None:
                end = len(placed.item.text()) if part[1] is None else part[1]
                found[block] = Picked(part[0], end)
        return found

    # acting

    def _act(self, index: int, spot: HotSpot) -> None:
        item = self._items[index]
        message = item.row.message
        placed = item.placed[spot.block].item if 0 <= spot.block < len(item.placed) else None
        match spot.action:
            case Action.COPY_CODE if isinstance(placed, CodeItem):
                QGuiApplication.clipboard().setText(placed.block.code)
                self.copied.emit("Code copied.")
            case Action.SAVE_CODE if isinstance(placed, CodeItem):
                self.save_code_requested.emit(placed.block.code + "\n", suggested_file_name(placed.block.info))
            case Action.WRAP_CODE if isinstance(placed, CodeItem):
                placed.toggle_wrap()
                self._relayout(index)
            case Action.COPY_MESSAGE:
                QGuiApplication.clipboard().setText(message.text)
                self.copied.emit("Prompt copied." if item.is_prompt else "Answer copied as Markdown.")
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

    def _relayout(self, index: int) -> None:
        item = self._items[index]
        item.drop()
        item.layout(self._column_width, self._style)
        following, self._following = self._following, False  # a click must not move what was clicked
        self._retop(index)
        self._place()
        self._following = following and self.scroll_position() >= self.verticalScrollBar().maximum()
        self.viewport().update()

    def _hover(self, point: QPointF) -> None:
        found = self._spot_at(point) if self.viewport().rect().contains(point.toPoint()) else None
        if found != self._hovered:
            self._hovered = found
            self.viewport().update()
        link = ""
        if found is None and (index := self._message_at(point)) >= 0:
            link = self._items[index].link_at(self._local(index, point))
        shape = Qt.CursorShape.ArrowCursor
        if found or link:
            shape = Qt.CursorShape.PointingHandCursor
        elif self._over_text(point):
            shape = Qt.CursorShape.IBeamCursor
        if self.viewport().cursor().shape() != shape:
            self.viewport().setCursor(shape)

    def _over_text(self, point: QPointF) -> bool:
        index = self._message_at(point)
        if index < 0:
            return False
        local = self._local(index, point)
        return 0 <= local.x() <= self._column_width and self._items[index].block_at(local.y()) >= 0

    def _on_autoscroll(self) -> None:
        y = self._last_point.y()
        over = y if y < 0 else max(0.0, y - self.viewport().height())
        if over:
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() + round(over / 2))
            self._extend_to(self._last_point)

    def _extend_to(self, point: QPointF) -> None:
        at = self._position_at(point)
        if at is not None:
            self._selection.extend(at)
            self.viewport().update()

    # keyboard focus on hot spots

    def _step_focus(self, step: int) -> bool:
        spots = [(index, n) for index in self._visible() for n in range(len(self._items[index].hot_spots(self._style)))]
        if not spots:
            return False
        place = spots.index(self._focused) + step if self._focused in spots else 0 if step > 0 else len(spots) - 1
        if not 0 <= place < len(spots):
            return False
        self._focused = spots[place]
        spot = self._focused_spot()
        if spot is not None:
            self.setAccessibleDescription(spot[1].label)
        self.viewport().update()
        return True

    def _focused_spot(self) -> tuple[int, HotSpot] | None:
        if self._focused is None or self._focused[0] >= len(self._items):
            return None
        spots = self._items[self._focused[0]].hot_spots(self._style)
        return (self._focused[0], spots[self._focused[1]]) if self._focused[1] < len(spots) else None

    def _show_menu(self, point: QPointF, where: QPoint) -> None:
        menu = QMenu(self)
        index = self._message_at(point)
        copy = menu.addAction("Copy", self.copy_selection)
        copy.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        copy.setEnabled(bool(self._selection.ends))
        menu.addAction("Select all", self.select_all).setShortcut(QKeySequence(QKeySequence.StandardKey.SelectAll))
        link = self._items[index].link_at(self._local(index, point)) if index >= 0 else ""
        if link:
            menu.addAction("Open link…", lambda: self.link_activated.emit(link))
            menu.addAction("Copy link", lambda: QGuiApplication.clipboard().setText(link))
        if index >= 0:
            menu.addSeparator()
            for spot in self._items[index].hot_spots(self._style):
                if spot.block < 0:
                    entry = menu.addAction(spot.label)
                    entry.setEnabled(spot.enabled)
                    entry.triggered.connect(lambda _=False, at=index, chosen=spot: self._act(at, chosen))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(where)

    # Qt

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        region: QRect = event.rect()
        painter.setClipRect(region)
        painter.fillRect(region, self._style.colour("surface"))
        offset = self.verticalScrollBar().value()
        ratio = self.devicePixelRatioF()
        focused = self._focused_spot() if self.hasFocus() else None
        for index in self._visible():
            top = self._tops[index] - offset
            item = self._items[index]
            if top > region.bottom() + 1 or top + item.height < region.top():
                continue
            item.layout(self._column_width, self._style)
            painter.save()
            painter.translate(self._column_left, top)
            clip = QRectF(region).translated(-self._column_left, -top)
            lit = (
                self._hovered[1] if self._hovered and self._hovered[0] == index else None,
                focused[1] if focused and focused[0] == index else None,
            )
            item.paint(painter, clip, self._style, self._picked(index), lit, ratio)
            painter.restore()
        painter.end()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().scroll(0, dy)

    def resizeEvent(self, event: QResizeEvent) -> None:
        visible = self._visible()
        anchor = visible.start if visible else 0
        offset = self.scroll_position()
        depth = (offset - self._tops[anchor]) / max(self._items[anchor].height, 1.0) if visible else 0.0
        self._lay_out_again()
        if visible and not self._following:
            self._adjusting = True
            self.verticalScrollBar().setValue(round(self._tops[anchor] + depth * self._items[anchor].height))
            self._adjusting = False
            self._place()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        point = event.position()
        self._focused = None
        found = self._spot_at(point)
        self._pressed = found[1] if found else None
        if found:
            return
        code = self._code_at(point)
        if code and code[0].overflows and code[1].y() >= code[0].height - metrics.CODE_SCROLLBAR - 4:
            self._dragged_bar = code[0]
            self._last_point = point
            return
        index = self._message_at(point)
        self._pressed_link = self._items[index].link_at(self._local(index, point)) if index >= 0 else ""
        at = self._position_at(point)
        if at is None:
            self._selection.clear()
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._selection.extend(at)
        else:
            self._selection.begin(at)
        self._dragging = at is not None
        self.viewport().update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        point = event.position()
        if self._dragged_bar is not None:
            self._dragged_bar.drag_scrollbar(point.x() - self._last_point.x())
            self._last_point = point
            self.viewport().update()
        elif self._dragging:
            self._last_point = point
            self._extend_to(point)
            if not self._autoscroll.isActive():
                self._autoscroll.start()
        else:
            self._hover(point)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self._autoscroll.stop()
        self._dragged_bar = None
        found = self._spot_at(event.position())
        if self._pressed is not None and found and found[1] == self._pressed and self._pressed.enabled:
            self._act(*found)
        elif self._dragging and self._pressed_link and self._selection.ends is None:
            index = self._message_at(event.position())
            if self._items[index].link_at(self._local(index, event.position())) == self._pressed_link:
                self.link_activated.emit(self._pressed_link)
        self._pressed = None
        self._dragging = False

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        at = self._position_at(event.position())
        if self._spot_at(event.position()) is not None:
            self.mousePressEvent(event)
        elif at is not None:
            self._select_word(at, line=False)

    def wheelEvent(self, event: QWheelEvent) -> None:
        delta = event.pixelDelta() if not event.pixelDelta().isNull() else event.angleDelta() / 2
        sideways = delta.x() or (delta.y() if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0)
        if sideways and abs(sideways) > abs(delta.y() if delta.x() else 0):
            code = self._code_at(event.position())
            if code and code[0].scroll_by(-sideways):
                self.viewport().update()
                event.accept()
            return
        super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        bar = self.verticalScrollBar()
        key = event.key()
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_selection()
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            self.select_all()
        elif key == Qt.Key.Key_Home:
            bar.setValue(0)
        elif key == Qt.Key.Key_End:
            bar.setValue(bar.maximum())
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._focused_spot():
            spot = self._focused_spot()
            if spot and spot[1].enabled:
                self._act(*spot)
        elif key == Qt.Key.Key_Escape and self._selection.ends:
            self._selection.clear()
            self.viewport().update()
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        if self._step_focus(1 if forward else -1):
            return True
        self._focused = None
        return super().focusNextPrevChild(forward)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self._show_menu(event.pos().toPointF(), event.globalPos())

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            self._show_tip(event)
            return True
        if event.type() is QEvent.Type.Leave and self._hovered is not None:
            self._hovered = None
            self.viewport().update()
        return super().viewportEvent(event)

    def _show_tip(self, event: QHelpEvent) -> None:
        point = event.pos().toPointF()
        spot = self._spot_at(point)
        index = self._message_at(point)
        link = self._items[index].link_at(self._local(index, point)) if index >= 0 else ""
        if spot and not spot[1].text:
            QToolTip.showText(event.globalPos(), spot[1].label, self)
        elif link:
            QToolTip.showText(event.globalPos(), link[:300], self)
        elif index >= 0 and (footer := self._items[index].footer_at(self._local(index, point))):
            QToolTip.showText(event.globalPos(), footer, self)
        else:
            QToolTip.hideText()
