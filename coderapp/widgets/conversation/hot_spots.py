"""Places in the painted conversation that act when they are clicked, or entered from the keyboard."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from coderapp.qt import icons
from coderapp.widgets import metrics
from coderapp.widgets.conversation.style import DocumentStyle


class Action(Enum):
    """What a click on a place in the view does."""

    COPY_CODE = "copy-code"
    SAVE_CODE = "save-code"
    WRAP_CODE = "wrap-code"
    FOLD = "fold"
    THOUGHTS = "thoughts"
    COPY_MESSAGE = "copy-message"
    STAR = "star"
    REGENERATE = "regenerate"
    EDIT = "edit"
    PREVIOUS = "previous"
    NEXT = "next"
    REMEDY = "remedy"
    RETRY = "retry"
    SHOW_RAW = "show-raw"


@dataclass(frozen=True, slots=True)
class HotSpot:
    """A place that acts. `rect` is relative to the message; `label` is its name for tooltips and screen readers; `text`
    stands on it where it is a button with words, `flat` ones have no frame. `block`: what it belongs to, -1 for the
    message itself. `lit`: it is on, as a star is.
    """

    action: Action
    rect: QRectF
    label: str
    icon: str = ""
    text: str = ""
    block: int = -1
    enabled: bool = True
    flat: bool = False
    lit: bool = False


def button_rect(x: float, y: float) -> QRectF:
    return QRectF(x, y, metrics.BUTTON, metrics.BUTTON)


def paint_spot(
    painter: QPainter, spot: HotSpot, style: DocumentStyle, *, hovered: bool, focused: bool, ratio: float
) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    box = spot.rect.adjusted(0.5, 0.5, -0.5, -0.5)
    framed = bool(spot.text) and not spot.flat
    painter.setPen(style.colour("border_strong") if framed else Qt.PenStyle.NoPen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if hovered and spot.enabled:
        painter.setBrush(style.colour("hover"))
    elif framed:
        painter.setBrush(style.colour("field"))
    if focused:
        painter.setPen(style.colour("focus_ring"))
    if hovered or focused or framed:
        painter.drawRoundedRect(box, 5, 5)
    if spot.text and spot.icon:
        _paint_line(painter, spot, style, ratio)
    elif spot.text:
        painter.setFont(style.small if spot.flat else style.base)
        painter.setPen(style.colour("text_muted" if spot.flat and not hovered else "text"))
        painter.drawText(spot.rect, Qt.AlignmentFlag.AlignCenter, spot.text)
    else:
        colour = style.theme.text if hovered and spot.enabled else style.theme.text_muted
        if spot.lit:
            colour = style.theme.warning
        if not spot.enabled:
            painter.setOpacity(0.35)
        inset = (metrics.BUTTON - metrics.ICON) / 2
        painter.drawPixmap(spot.rect.topLeft() + QPointF(inset, inset), icons.pixmap(spot.icon, colour, ratio))
    painter.restore()


def _paint_line(painter: QPainter, spot: HotSpot, style: DocumentStyle, ratio: float) -> None:
    """Words behind an icon."""
    inset = (spot.rect.height() - metrics.ICON) / 2
    painter.drawPixmap(
        spot.rect.topLeft() + QPointF(inset - 3, inset), icons.pixmap(spot.icon, style.theme.text_muted, ratio)
    )
    painter.setFont(style.small)
    painter.setPen(style.colour("text_muted"))
    box = spot.rect.adjusted(metrics.ICON + 8, 0, 0, 0)
    painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, spot.text)


def moved(spot: HotSpot, dx: float, dy: float) -> HotSpot:
    return replace(spot, rect=spot.rect.translated(dx, dy))
