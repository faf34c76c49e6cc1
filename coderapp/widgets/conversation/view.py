"""The conversation as a painted document: lays out and paints what is on screen, and nothing else."""

from __future__ import annotations

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
from coderapp.qt.tips import plain_tip
from coderapp.text.languages import suggested_file_name
from coderapp.widgets import metrics
from coderapp.widgets.conversation.code_item import CodeItem
from coderapp.widgets.conversation.hot_spots import Action, HotSpot
from coderapp.widgets.conversation.layout import DocumentLayout
from coderapp.widgets.conversation.message_item import MessageItem
from coderapp.widgets.conversation.selection import Position, Selection
from coderapp.widgets.conversation.style import DocumentStyle

AUTOSCROLL_MS = 30

MANY = 40
"""Messages from which layouts far from the screen are dropped."""


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
        self._layout = DocumentLayout(DocumentStyle(theme, self.font()))
        self._highlighter = highlighter
        self._model: ConversationModel | None = None
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
        self.verticalScrollBar().setSingleStep(round(self._layout.style.code_height * 2))

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
        self._layout.style = DocumentStyle(theme, self.font())
        self._layout.drop_all()
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
        self._layout.items = [self._new_item(index) for index in range(len(model.rows) if model else 0)]
        self._set_following(True)
        self._lay_out_again()

    def _new_item(self, index: int) -> MessageItem:
        assert self._model is not None
        item = MessageItem(self._model.rows[index], self._highlighter, self._on_coloured, wrap=self._wrap_code)
        if tail := self._model.tail(index):
            item.append(tail)
        item.estimate(self._layout.column, self._layout.style)
        return item

    def _on_row_added(self, index: int) -> None:
        self._layout.items.append(self._new_item(index))
        self._layout.stack(index)
        self._place()
        self.viewport().update()

    def _on_row_changed(self, index: int) -> None:
        assert self._model is not None
        item = self._layout.items[index]
        item.replace_row(self._model.rows[index])
        self._focused = None
        if item.realised:
            item.layout(self._layout.column, self._layout.style)
        self._layout.stack(index)
        self._place()
        self._update_from(self._layout.tops[index])

    def _on_text_appended(self, index: int, text: str) -> None:
        item = self._layout.items[index]
        top = item.append(text)
        item.layout(self._layout.column, self._layout.style)
        self._layout.stack(index)
        self._place()
        self._update_from(self._layout.tops[index] + top - 2)

    def _on_text_replaced(self, index: int) -> None:
        self._layout.items[index] = self._new_item(index)
        self._layout.stack(index)
        self._place()
        self._update_from(self._layout.tops[index])

    def _on_coloured(self, message: MessageItem, code: CodeItem) -> None:
        self.viewport().update()

    # geometry

    def _lay_out_again(self) -> None:
        self._layout.width = self.width()
        self._layout.estimate()
        self._place()
        self.viewport().update()

    def _place(self) -> None:
        """Sets the scroll range, and the end where it is followed, with everything on screen laid out.

        What stands on screen keeps its place where heights above turn out to be others than estimated.
        """
        bar = self.verticalScrollBar()
        layout = self._layout
        self._adjusting = True
        for _ in range(4):
            layout.page = self.viewport().height()
            bar.setPageStep(layout.page)
            bar.setRange(0, layout.scroll_range)
            if self._following:
                bar.setValue(layout.scroll_range)
            layout.offset = bar.value()
            drift = layout.realise_visible()
            if drift is None:
                break
            if drift and not self._following:
                bar.setRange(0, layout.scroll_range)
                bar.setValue(bar.value() + drift)
        self._adjusting = False

    def _set_following(self, following: bool) -> None:
        if following != self._following:
            self._following = following
            self.following_changed.emit(following)

    def _on_scrolled(self, value: int) -> None:
        if not self._adjusting:
            self._set_following(value >= self.verticalScrollBar().maximum() - metrics.FOLLOW_SLACK)
            self._place()
            if len(self._layout.items) > MANY:
                self._layout.drop_far()
            self._hover(self.viewport().mapFromGlobal(self.cursor().pos()).toPointF())

    def _update_from(self, y: float) -> None:
        """Paints anew from a height of the document down."""
        top = max(0, int(y) - self.verticalScrollBar().value())
        if top < self.viewport().height():
            self.viewport().update(0, top, self.viewport().width(), self.viewport().height() - top)

    def hot_spots(self) -> list[HotSpot]:
        """The places on screen that act, in reading order, in the viewport's coordinates."""
        return self._layout.visible_spots()

    # selection

    def selected_text(self) -> str:
        """The selected plain text; blocks are parted by an empty line, list items by a line's end."""
        return self._layout.text_of(self._selection)

    def select_all(self) -> None:
        if self._layout.items:
            self._selection.select(Position(0, 0, 0), self._layout.end())
            self.viewport().update()

    def copy_selection(self) -> None:
        text = self.selected_text()
        if text:
            QGuiApplication.clipboard().setText(text)
            self.copied.emit("Selection copied.")

    # acting

    def _act(self, index: int, spot: HotSpot) -> None:
        item = self._layout.items[index]
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
        item = self._layout.items[index]
        item.drop()
        item.layout(self._layout.column, self._layout.style)
        following, self._following = self._following, False  # a click must not move what was clicked
        self._layout.stack(index)
        self._place()
        self._following = following and self.scroll_position() >= self.verticalScrollBar().maximum()
        self.viewport().update()

    def _hover(self, point: QPointF) -> None:
        found = self._layout.spot_at(point) if self.viewport().rect().contains(point.toPoint()) else None
        if found != self._hovered:
            self._hovered = found
            self.viewport().update()
        link = ""
        if found is None:
            link = self._layout.link_at(point)
        shape = Qt.CursorShape.ArrowCursor
        if found or link:
            shape = Qt.CursorShape.PointingHandCursor
        elif self._layout.is_text(point):
            shape = Qt.CursorShape.IBeamCursor
        if self.viewport().cursor().shape() != shape:
            self.viewport().setCursor(shape)

    def _clicked_link(self, point: QPointF) -> bool:
        """Whether a press that selected nothing ends on the link that it began on."""
        pressed = self._dragging and bool(self._pressed_link) and self._selection.ends is None
        return pressed and self._layout.link_at(point) == self._pressed_link

    def _on_autoscroll(self) -> None:
        y = self._last_point.y()
        over = y if y < 0 else max(0.0, y - self.viewport().height())
        if over:
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() + round(over / 2))
            self._extend_to(self._last_point)

    def _extend_to(self, point: QPointF) -> None:
        at = self._layout.position_at(point)
        if at is not None:
            self._selection.extend(at)
            self.viewport().update()

    # keyboard focus on hot spots

    def _step_focus(self, step: int) -> bool:
        at = self._focused if self._focused_spot() else None
        found = self._first_spot(step) if at is None else self._next_spot(at, step)
        if found is None:
            return False
        self._focused = found
        spot = self._focused_spot()
        if spot is not None:
            self.setAccessibleDescription(spot[1].label)
            self._bring_on_screen(*spot)
        self.viewport().update()
        return True

    def _first_spot(self, step: int) -> tuple[int, int] | None:
        """The first place on screen, or the last one where the way leads back."""
        layout = self._layout
        found = [
            (index, number)
            for index in layout.visible()
            for number, spot in enumerate(layout.spots_of(index))
            if 0 <= layout.tops[index] + spot.rect.top() - layout.offset < layout.page
        ]
        return found[0 if step > 0 else -1] if found else None

    def _next_spot(self, at: tuple[int, int], step: int) -> tuple[int, int] | None:
        """One on, in this message or one that follows; they may be off the screen."""
        layout = self._layout
        index, number = at[0], at[1] + step
        while not 0 <= number < len(layout.spots_of(index)):
            index += step
            if not 0 <= index < len(layout.items):
                return None
            layout.lay_out(index)
            number = 0 if step > 0 else len(layout.spots_of(index)) - 1
        return index, number

    def _bring_on_screen(self, index: int, spot: HotSpot) -> None:
        layout = self._layout
        top = round(layout.tops[index] + spot.rect.top())
        lowest, highest = top - metrics.GAP, round(top + spot.rect.height()) + metrics.GAP - layout.page
        if layout.offset > lowest or layout.offset < highest:
            self._place()
            self.verticalScrollBar().setValue(lowest if layout.offset > lowest else highest)

    def _focused_spot(self) -> tuple[int, HotSpot] | None:
        if self._focused is None or self._focused[0] >= len(self._layout.items):
            return None
        spots = self._layout.items[self._focused[0]].hot_spots(self._layout.style)
        return (self._focused[0], spots[self._focused[1]]) if self._focused[1] < len(spots) else None

    def _show_menu(self, point: QPointF, where: QPoint) -> None:
        menu = QMenu(self)
        index = self._layout.message_at(point)
        copy = menu.addAction("Copy", self.copy_selection)
        copy.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        copy.setEnabled(bool(self._selection.ends))
        menu.addAction("Select all", self.select_all).setShortcut(QKeySequence(QKeySequence.StandardKey.SelectAll))
        link = self._layout.link_at(point)
        if link:
            menu.addAction("Open link…", lambda: self.link_activated.emit(link))
            menu.addAction("Copy link", lambda: QGuiApplication.clipboard().setText(link))
        if index >= 0:
            menu.addSeparator()
            for spot in self._layout.spots_of(index):
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
        painter.fillRect(region, self._layout.style.colour("surface"))
        offset = self.verticalScrollBar().value()
        ratio = self.devicePixelRatioF()
        focused = self._focused_spot() if self.hasFocus() else None
        for index in self._layout.visible():
            top = self._layout.tops[index] - offset
            item = self._layout.items[index]
            if top > region.bottom() + 1 or top + item.height < region.top():
                continue
            item.layout(self._layout.column, self._layout.style)
            painter.save()
            painter.translate(self._layout.left, top)
            clip = QRectF(region).translated(-self._layout.left, -top)
            lit = (
                self._hovered[1] if self._hovered and self._hovered[0] == index else None,
                focused[1] if focused and focused[0] == index else None,
            )
            item.paint(painter, clip, self._layout.style, self._layout.picked(self._selection, index), lit, ratio)
            painter.restore()
        painter.end()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().scroll(0, dy)

    def resizeEvent(self, event: QResizeEvent) -> None:
        visible = self._layout.visible()
        anchor = visible.start if visible else 0
        offset = self.scroll_position()
        depth = (offset - self._layout.tops[anchor]) / max(self._layout.items[anchor].height, 1.0) if visible else 0.0
        self._lay_out_again()
        if visible and not self._following:
            self._adjusting = True
            self.verticalScrollBar().setValue(
                round(self._layout.tops[anchor] + depth * self._layout.items[anchor].height)
            )
            self._adjusting = False
            self._place()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        point = event.position()
        self._focused = None
        found = self._layout.spot_at(point)
        self._pressed = found[1] if found else None
        if found:
            return
        code = self._layout.code_at(point)
        if code and code[0].overflows and code[1].y() >= code[0].height - metrics.CODE_SCROLLBAR - 4:
            self._dragged_bar = code[0]
            self._last_point = point
            return
        self._pressed_link = self._layout.link_at(point)
        at = self._layout.position_at(point)
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
        found = self._layout.spot_at(event.position())
        if self._pressed is not None and found and found[1] == self._pressed and self._pressed.enabled:
            self._act(*found)
        elif self._clicked_link(event.position()):
            self.link_activated.emit(self._pressed_link)
        self._pressed = None
        self._dragging = False

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        at = self._layout.position_at(event.position())
        if self._layout.spot_at(event.position()) is not None:
            self.mousePressEvent(event)
        elif at is not None:
            self._selection.select(*self._layout.word_at(at))
            self.viewport().update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        delta = event.pixelDelta() if not event.pixelDelta().isNull() else event.angleDelta() / 2
        sideways = delta.x() or (delta.y() if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0)
        if sideways and abs(sideways) > abs(delta.y() if delta.x() else 0):
            code = self._layout.code_at(event.position())
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
