"""Icons from `resources/icons`, in the theme's colours. The desktop's icon theme is empty on many machines."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from coderapp.core.resources import resource_path

SIZE = 16
"""Side of an icon in device-independent pixels."""


@cache
def _source(name: str) -> str:
    return resource_path("icons", f"{name}.svg").read_text(encoding="utf-8")


@cache
def pixmap(name: str, colour: str, ratio: float = 1.0, size: int = SIZE) -> QPixmap:
    """The icon in `colour` (#rrggbb), sharp at the device pixel ratio."""
    renderer = QSvgRenderer(QByteArray(_source(name).replace("currentColor", colour).encode()))
    image = QPixmap(round(size * ratio), round(size * ratio))
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    renderer.render(painter, QRectF(0, 0, image.width(), image.height()))
    painter.end()
    image.setDevicePixelRatio(ratio)
    return image


@cache
def icon(name: str, colour: str, disabled_colour: str = "") -> QIcon:
    """For buttons and menus, at 1× and 2×."""
    made = QIcon()
    for ratio in (1.0, 2.0):
        made.addPixmap(pixmap(name, colour, ratio))
        if disabled_colour:
            made.addPixmap(pixmap(name, disabled_colour, ratio), QIcon.Mode.Disabled)
    return made


def application_icon() -> QIcon:
    made = QIcon()
    for size in (16, 32, 64, 128):
        made.addPixmap(pixmap("coderapp", "#000000", 1.0, size))
    return made
