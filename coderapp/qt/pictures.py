"""A block of code or a message as a picture to share: PNG, or SVG with letters as shapes. Runs in any thread."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QBuffer, QIODevice, QRectF, QSize
from PySide6.QtGui import QColor, QImage, QPainter

from coderapp.core.errors import CoderappError
from coderapp.core.exporting import ExportOptions
from coderapp.core.message import Message
from coderapp.exchange.exporters.transcript import single_entry
from coderapp.qt.sheets import Column, Sheet, Strip
from coderapp.qt.theme import Theme
from coderapp.qt.typeset import Typesetter
from coderapp.qt.typeset_message import entry_strips
from coderapp.text.blocks import CodeBlock

UNIT = 4
"""Units of layout to a pixel."""

TEXT_SIZE = 15
MARGIN = 24
MESSAGE_WIDTH = 720
"""Pixels."""

WIDEST_CODE = 100
NARROWEST_CODE = 36
"""Columns; longer lines are wrapped."""

HIGHEST = 12_000
"""Pixels of a picture: programs that show pictures take not much more, and nobody reads them."""

MOST_CHARACTERS = 200_000
"""Of a message: what is longer would be higher, and need not be laid out to know."""

RATIO = 2.0

_EMPTY_TEXT = re.compile(rb"<text [^<>]*>\s*</text>\s*")


class TooLongForPicture(CoderappError):
    default_advice = "Export the conversation as a web page or PDF instead."


@dataclass(frozen=True, slots=True)
class Picture:
    """`width` and `height` in pixels of a screen with one pixel to a point."""

    width: float
    height: float
    background: str
    sheet: Sheet

    def image(self, ratio: float = RATIO) -> QImage:
        made = QImage(round(self.width * ratio), round(self.height * ratio), QImage.Format.Format_ARGB32_Premultiplied)
        made.fill(QColor(self.background))
        painter = QPainter(made)
        hints = QPainter.RenderHint
        painter.setRenderHints(hints.Antialiasing | hints.TextAntialiasing | hints.SmoothPixmapTransform)
        painter.scale(ratio, ratio)
        self._paint(painter)
        painter.end()
        return made

    def png(self) -> bytes:
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        # The stub wants bytes for the format, which the binding refuses; it takes a str.
        self.image().save(buffer, "PNG")  # type: ignore[call-overload]
        return bytes(buffer.data().data())

    def svg(self) -> bytes:
        from PySide6.QtSvg import QSvgGenerator

        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        made = QSvgGenerator()
        made.setOutputDevice(buffer)
        made.setResolution(96)
        made.setSize(QSize(round(self.width), round(self.height)))
        made.setViewBox(QRectF(0, 0, self.width, self.height))
        made.setTitle("coderapp")
        made.setDescription("")
        painter = QPainter(made)
        painter.fillRect(QRectF(0, 0, self.width, self.height), QColor(self.background))
        self._paint(painter)
        painter.end()
        # Where letters are shapes, Qt writes an empty text beside each.
        return _EMPTY_TEXT.sub(b"", bytes(buffer.data().data()))

    def _paint(self, painter: QPainter) -> None:
        painter.translate(MARGIN, MARGIN)
        painter.scale(1 / UNIT, 1 / UNIT)
        self.sheet.paint(painter)


def code_picture(theme: Theme, block: CodeBlock, *, outlines: bool = False) -> Picture:
    """As wide as its longest line, within bounds. `outlines` is for SVG. Raises TooLongForPicture."""
    if sum(map(len, block.lines)) > MOST_CHARACTERS:
        raise TooLongForPicture("This code is too long for a picture.")
    setter = Typesetter(theme, TEXT_SIZE * UNIT, outlines=outlines)
    column = Column(0.0, _code_width(setter, block.lines))
    return _picture(theme, setter.code_strips(block, column, 0.0), column.width, "This code")


def message_picture(theme: Theme, message: Message, *, outlines: bool = False) -> Picture:
    """With its header; without thoughts. `outlines` is for SVG. Raises TooLongForPicture."""
    if sum(len(file.text) for file in message.files) + len(message.text) > MOST_CHARACTERS:
        raise TooLongForPicture("This message is too long for a picture.")
    setter = Typesetter(theme, TEXT_SIZE * UNIT, outlines=outlines)
    column = Column(0.0, float(MESSAGE_WIDTH * UNIT))
    strips = entry_strips(setter, single_entry(message, ExportOptions()), column)
    return _picture(theme, strips, column.width, "This message")


def _picture(theme: Theme, strips: Iterable[Strip], width: float, what: str) -> Picture:
    sheet = Sheet(None)
    for strip in strips:
        sheet.put([strip])
        if sheet.end > HIGHEST * UNIT:
            raise TooLongForPicture(f"{what} is too long for a picture.")
    return Picture(width / UNIT + 2 * MARGIN, sheet.end / UNIT + 2 * MARGIN, theme.surface, sheet)


def _code_width(setter: Typesetter, lines: Sequence[str]) -> float:
    """Of the band that the code stands on."""
    letter = setter.code_width
    widest = max((setter.natural_code_width(line[: WIDEST_CODE * 2]) for line in lines), default=0.0)
    bounded = min(max(widest, NARROWEST_CODE * letter), WIDEST_CODE * letter)
    return bounded + 2 * setter.code_inset + letter * 0.5
