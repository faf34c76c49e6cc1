"""Mouse, wheel and touchpad in the conversation: selecting, clicking, dragging scroll bars of blocks, scrolling."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from coderapp.widgets.conversation.hot_spots import HotSpot
from coderapp.widgets.conversation.items import Sideways
from coderapp.widgets.conversation.layout import DocumentLayout
from coderapp.widgets.conversation.selection import Position, Selection
from coderapp.widgets.conversation.stage import Stage
from coderapp.widgets.conversation.words import line_at, word_at

AUTOSCROLL_MS = 16
GLIDE_MS = 8
GLIDE = 0.28
"""The part of the way left that a step of a glide takes."""

STEP_PIXELS = 100
"""What one notch of a wheel scrolls, at three lines a notch."""


class Pointer(QObject):
    """`hovered` is the place under the pointer, as (message, place)."""

    def __init__(
        self, port: QWidget, layout: DocumentLayout, selection: Selection, stage: Stage, parent: QObject
    ) -> None:
        super().__init__(parent)
        self.hovered: tuple[int, HotSpot] | None = None
        self._port = port
        self._layout = layout
        self._selection = selection
        self._stage = stage
        self._pressed: HotSpot | None = None
        self._pressed_link = ""
        self._dragging = False
        self._unit = 1  # what a drag selects: 1 characters, 2 words, 3 lines
        self._origin: tuple[Position, Position] | None = None  # the word or line that a drag began with
        self._bar: Sideways | None = None
        self._last = QPointF()
        self._clicked_twice = 0.0
        self._autoscroll = QTimer(self, interval=AUTOSCROLL_MS)
        self._autoscroll.timeout.connect(self._on_autoscroll)
        self._target = 0.0
        self._glide = QTimer(self, interval=GLIDE_MS)
        self._glide.setTimerType(Qt.TimerType.PreciseTimer)
        self._glide.timeout.connect(self._on_glide)

    # buttons

    def press(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self._glide.stop()
        point = event.position()
        found = self._layout.spot_at(point)
        self._pressed = found[1] if found else None
        if found:
            return
        if self._grab_bar(point):
            return
        self._pressed_link = self._layout.link_at(point)
        at = self._layout.position_at(point)
        self._unit, self._origin = 1, None
        if at is None:
            self._selection.clear()
        elif time.monotonic() - self._clicked_twice < QApplication.doubleClickInterval() / 1000:
            self._take_unit(at, 3)
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self._selection.extend(at)
        else:
            self._selection.begin(at)
        self._clicked_twice = 0.0
        self._dragging = at is not None
        self._stage.refresh()

    def _grab_bar(self, point: QPointF) -> bool:
        found = self._layout.block_at(point)
        if found and isinstance(found[2], Sideways) and found[2].overflows:
            track = found[2].track()
            if track.top() - 4 <= found[3].y() <= track.bottom() + 3:
                self._bar, self._last = found[2], point
                return True
        return False

    def double_click(self, event: QMouseEvent) -> None:
        """A word; a third click takes the line."""
        if self._layout.spot_at(event.position()) is not None:
            self.press(event)
            return
        at = self._layout.position_at(event.position())
        if at is not None:
            self._clicked_twice = time.monotonic()
            self._take_unit(at, 2)
            self._dragging = True
            self._stage.refresh()

    def _take_unit(self, at: Position, unit: int) -> None:
        self._unit = unit
        self._origin = self._around(at)
        self._selection.select(*self._origin)

    def _around(self, at: Position) -> tuple[Position, Position]:
        text = self._layout.item(at.row).body.item(at.block).text()
        start, end = word_at(text, at.offset) if self._unit == 2 else line_at(text, at.offset)
        if self._unit == 3 and end > start and text[end - 1] == "\n":
            end -= 1
        return at._replace(offset=start), at._replace(offset=end)

    def move(self, event: QMouseEvent) -> None:
        point = event.position()
        if self._bar is not None:
            if self._bar.drag(point.x() - self._last.x()):
                self._stage.refresh()
            self._last = point
        elif self._dragging:
            self._last = point
            self._extend_to(point)
            outside = not 0 <= point.y() <= self._port.height()
            if outside and not self._autoscroll.isActive():
                self._autoscroll.start()
        else:
            self.hover(point)

    def release(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self._autoscroll.stop()
        self._bar = None
        point = event.position()
        found = self._layout.spot_at(point)
        pressed, self._pressed = self._pressed, None
        link = self._pressed_link if self._dragging and self._selection.ends is None else ""
        self._dragging = False
        if pressed is not None and found and found[1] == pressed and pressed.enabled:
            self._stage.act(*found)
        elif link and self._layout.link_at(point) == link:
            self._stage.open_link(link)

    def _extend_to(self, point: QPointF) -> None:
        at = self._layout.position_at(point)
        if at is None:
            return
        if self._origin is None:
            self._selection.extend(at)
        else:
            start, end = self._around(at)
            if start < self._origin[0]:
                self._selection.select(self._origin[1], start)
            else:
                self._selection.select(self._origin[0], max(end, self._origin[1]))
        self._stage.refresh()

    def _on_autoscroll(self) -> None:
        y = self._last.y()
        over = y if y < 0 else max(0.0, y - self._port.height())
        if not over:
            self._autoscroll.stop()
            return
        self._stage.scroll_to(self._layout.offset + over / 3)
        self._extend_to(self._last)

    # hovering

    def hover(self, point: QPointF) -> None:
        inside = self._port.rect().contains(point.toPoint())
        found = self._layout.spot_at(point) if inside else None
        if found != self.hovered:
            self.hovered = found
            self._stage.refresh()
        shape = Qt.CursorShape.ArrowCursor
        if found or (inside and self._layout.link_at(point)):
            shape = Qt.CursorShape.PointingHandCursor
        elif inside and self._layout.is_text(point):
            shape = Qt.CursorShape.IBeamCursor
        if self._port.cursor().shape() != shape:
            self._port.setCursor(shape)

    def leave(self) -> None:
        if self.hovered is not None:
            self.hovered = None
            self._stage.refresh()

    # the wheel

    def wheel(self, event: QWheelEvent) -> bool:
        """True where the event was for the conversation or a block in it."""
        pixels, angle = event.pixelDelta(), event.angleDelta()
        delta = QPointF(pixels) if not pixels.isNull() else QPointF(angle) / 2
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and not delta.x():
            delta = QPointF(delta.y(), 0)
        if abs(delta.x()) > abs(delta.y()):
            self._scroll_block(event.position(), delta.x())
            return True
        if not pixels.isNull():  # a touchpad is smooth by itself
            self._glide.stop()
            self._stage.scroll_to(self._layout.offset - pixels.y())
            return True
        if not angle.y():
            return False
        step = STEP_PIXELS * QApplication.wheelScrollLines() / 3
        begin = self._target if self._glide.isActive() else self._layout.offset
        self._target = max(0.0, min(begin - angle.y() / 120 * step, float(self._layout.scroll_range)))
        self._glide.start()
        return True

    def _scroll_block(self, point: QPointF, dx: float) -> None:
        found = self._layout.block_at(point)
        if found and isinstance(found[2], Sideways) and found[2].scroll_by(-dx):
            self._stage.refresh()

    def _on_glide(self) -> None:
        left = self._target - self._layout.offset
        step = left * GLIDE
        if abs(left) < 1.5:
            self._glide.stop()
            step = left
        before = self._layout.offset
        self._stage.scroll_to(before + (step if abs(step) >= 1 else (1 if left > 0 else -1)))
        moved = self._layout.offset - before
        # Heights above that were estimated move the document under the glide: the way left is what counts.
        self._target = self._layout.offset + left - (step if abs(step) >= 1 else moved)
        if not moved:
            self._glide.stop()

    def stop_gliding(self) -> None:
        self._glide.stop()

    def forget(self) -> None:
        """The document is another: nothing of it is held."""
        self.hovered = self._pressed = self._bar = self._origin = None
        self._dragging = False
        self._pressed_link = ""
        self._autoscroll.stop()

    def drop_hover(self) -> None:
        """What was under the pointer is not there any more."""
        self.hovered = None
