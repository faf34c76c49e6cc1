"""Looking at pictures of widgets."""

from __future__ import annotations

from PySide6.QtGui import QColor, QImage


def has_colour(image: QImage, colour: str) -> bool:
    """Whether a pixel has exactly this colour (#rrggbb)."""
    data = bytes(image.convertToFormat(QImage.Format.Format_RGB32).constBits())
    wanted = QColor(colour).rgb().to_bytes(4, "little")
    at = data.find(wanted)
    while at >= 0:
        if at % 4 == 0:
            return True
        at = data.find(wanted, at + 1)
    return False
