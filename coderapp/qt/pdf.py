"""A conversation as PDF: highlighted code, wrapped at the margin; page numbers; embedded fonts; text to select."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator

from PySide6.QtCore import QBuffer, QIODevice, QLocale, QMarginsF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QGuiApplication, QPageLayout, QPageSize, QPainter, QPdfWriter

from coderapp.core.conversation import Conversation
from coderapp.core.exporting import ExportOptions
from coderapp.exchange.exporters.transcript import models, moment, settings_facts, title_of, transcript
from coderapp.qt import theme
from coderapp.qt.sheets import Column, Pages, Sheet, Strip
from coderapp.qt.typeset import Typesetter
from coderapp.qt.typeset_message import entry_strips
from coderapp.text.prompt import prompt_blocks

POINT = 8
"""Units of layout to a typographic point: sizes of fonts are whole numbers of them."""

TEXT_SIZE = 10
"""Points."""

MARGIN = 18.0
FOOT = 10.0
"""Millimetres; the footer stands below the text."""

_MM = 72 / 25.4


def use_fonts() -> QGuiApplication:
    """The application that fonts need, where there is none. It needs no display."""
    running = QGuiApplication.instance()
    if isinstance(running, QGuiApplication):
        return running
    if sys.platform == "linux":
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    return QGuiApplication([sys.argv[0]])


def as_pdf(conversation: Conversation, options: ExportOptions, tick: Callable[[float], None]) -> bytes:
    """`tick` hears which part of the work is done, 0 to 1. Needs a QGuiApplication; runs in any thread."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    paper = _Paper(buffer, title_of(conversation))
    try:
        for strip in _strips(conversation, options, paper, tick):
            paper.pages.add(strip)
        paper.pages.end()
    finally:
        paper.end()
    return bytes(buffer.data().data())


class _Paper:
    """The pages of a PDF, painted one by one as they are full."""

    def __init__(self, device: QIODevice, title: str) -> None:
        self._writer = QPdfWriter(device)
        self._writer.setTitle(title)
        self._writer.setCreator("coderapp")
        self._writer.setResolution(72 * POINT)
        system = QLocale.system().measurementSystem()
        letter = system is QLocale.MeasurementSystem.ImperialUSSystem
        size = QPageSize(QPageSize.PageSizeId.Letter if letter else QPageSize.PageSizeId.A4)
        margins = QMarginsF(MARGIN, MARGIN, MARGIN, MARGIN)
        layout = QPageLayout(size, QPageLayout.Orientation.Portrait, margins, QPageLayout.Unit.Millimeter)
        self._writer.setPageLayout(layout)
        # The painter's origin is where the margins meet; units are those of the resolution.
        self.width = float(self._writer.width())
        self._height = float(self._writer.height())
        self.setter = Typesetter(theme.load("light"), TEXT_SIZE * POINT, links=True)
        self.pages = Pages(self._height - FOOT * _MM * POINT / 2, self._turn)
        self._painter: QPainter | None = None
        self._number = 0
        self._title = title

    def _turn(self, sheet: Sheet) -> None:
        if self._painter is None:
            self._painter = QPainter(self._writer)
        else:
            self._writer.newPage()
        self._number += 1
        sheet.paint(self._painter)
        self._foot(self._painter)

    def _foot(self, painter: QPainter) -> None:
        """The title and the number of the page."""
        font = self.setter.small
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        painter.setPen(QColor(self.setter.theme.text_muted))
        baseline = self._height + FOOT * _MM * POINT / 2
        number = str(self._number)
        room = self.width - metrics.horizontalAdvance(number) - self.setter.em * 2
        painter.drawText(QPointF(0.0, baseline), metrics.elidedText(self._title, Qt.TextElideMode.ElideRight, room))
        box = QRectF(0.0, baseline - metrics.ascent(), self.width, metrics.height())
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop, number)

    def end(self) -> None:
        """Comes before the writer goes, also after a failure: a painter that outlives what it paints on crashes."""
        if self._painter is not None:
            self._painter.end()


def _strips(
    conversation: Conversation, options: ExportOptions, paper: _Paper, tick: Callable[[float], None]
) -> Iterator[Strip]:
    setter, em = paper.setter, paper.setter.em
    column = Column(0.0, paper.width)
    yield from setter.title(title_of(conversation), column)
    about = " · ".join(filter(None, [moment(conversation.created), *models(conversation)]))
    if about:
        yield from setter.line(about, column, space=em * 0.2)
    if options.details:
        if conversation.system_prompt.strip():
            yield from setter.line("System prompt", column, space=em, keep=True, bold=True)
            yield from setter.blocks(prompt_blocks(conversation.system_prompt), column, em * 0.3)
        if facts := settings_facts(conversation):
            yield from setter.line(" · ".join(facts), column, space=em * 0.5)
    sections = transcript(conversation, options)
    total = sum(len(section.entries) for section in sections) or 1
    done = 0
    for section in sections:
        if section.title:
            yield from setter.title(section.title, column, level=2, space=em * 3)
        for entry in section.entries:
            yield from entry_strips(setter, entry, column, space=em * 1.8)
            done += 1
            tick(done / total)
