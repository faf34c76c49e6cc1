"""Icons from `resources/icons`, in the theme's colours. The desktop's icon theme is empty on many machines."""

from __future__ import annotations

import re
from functools import cache

from PySide6.QtCore import QByteArray
from PySide6.QtGui import QIcon, QPixmap

from coderapp.core.resources import resource_path

SIZE = 16
"""Side of an icon in device-independent pixels."""


@cache
def _source(name: str) -> str:
    return resource_path("icons", f"{name}.svg").read_text(encoding="utf-8")


@cache
def pixmap(name: str, colour: str, ratio: float = 1.0, size: int = SIZE) -> QPixmap:
    """The icon in `colour` (#rrggbb), sharp at the device pixel ratio.

    Rendered by Qt's SVG image plugin: importing PySide6.QtSvg for it would cost the start some 20 ms.
    """
    side = round(size * ratio)
    source = _source(name).replace("currentColor", colour)
    sized = re.sub(r'width="\d+" height="\d+"', f'width="{side}" height="{side}"', source, count=1)
    image = QPixmap()
    image.loadFromData(QByteArray(sized.encode()), "SVG")
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
