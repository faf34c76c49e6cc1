"""Tables on screen: rows below each other, columns as wide as their cells, formulas in cells."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QFont, QImage, QPainter
from pytestqt.qtbot import QtBot

from coderapp.qt import theme
from coderapp.qt.formulas import Formulas
from coderapp.text.blocks import TableBlock
from coderapp.text.stream import parse
from coderapp.widgets.conversation.ranges import NOTHING
from coderapp.widgets.conversation.style import DocumentStyle
from coderapp.widgets.conversation.table_item import MEASURED, TableItem

WIDE = "words that break into several lines where the column is narrow " * 4


@pytest.fixture
def formulas(qtbot: QtBot) -> Iterator[Formulas]:
    made = Formulas()
    yield made
    made.stop()


def style(formulas: Formulas | None = None) -> DocumentStyle:
    return DocumentStyle(theme.load("light"), QFont(), formulas)


def table(rows: list[tuple[str, str]]) -> TableItem:
    text = "| a | b |\n|---|---|\n" + "\n".join(f"| {one} | {two} |" for one, two in rows)
    (block,) = parse(text)
    assert isinstance(block, TableBlock)
    return TableItem(block)


def paint(item: TableItem, made: DocumentStyle, top: float, bottom: float) -> None:
    image = QImage(400, 400, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    item.paint(painter, QRectF(0, top, 400, bottom - top), made, NOTHING)
    painter.end()


def test_rows_that_painting_meets_first_get_their_height(qtbot: QtBot) -> None:
    item, made = table([("one", WIDE)] * 20), style()
    item.layout(300.0, made)
    guessed = item.height
    paint(item, made, 0, 200)
    item.realise(0, 1e6, made)
    for row in range(1, 21):
        tall = max(cell.height for cell in item._rows[row])
        assert item.top_of_row(row + 1) - item.top_of_row(row) >= tall
    assert item.height > guessed


def test_a_late_wide_cell_widens_its_column_where_there_is_room(qtbot: QtBot) -> None:
    narrow = [("one", "two")] * (MEASURED + 20)
    item, made = table([*narrow, ("one", "a much longer cell than all above it")]), style()
    item.layout(800.0, made)
    item.realise(0, 1e6, made)
    assert {
        row: len(cells[1]._runs) for row, cells in item._rows.items() if cells[1].height > made.text_line_height
    } == {}
    grown = table(narrow)
    grown.layout(800.0, made)
    known = len(grown.block.rows)
    grown.block.rows.append(item.block.rows[-1])
    grown.grew(known)
    grown.layout(800.0, made)
    assert grown._columns == item._columns


def test_formulas_in_cells_are_drawn_when_they_come(qtbot: QtBot, formulas: Formulas) -> None:
    item, made = table([("$x^2$", "two")]), style(formulas)
    item.layout(300.0, made)
    item.realise(0, 1e6, made)
    assert item.waits
    with qtbot.waitSignal(formulas.ready, timeout=20_000):
        pass
    item.layout(300.0, made)
    item.realise(0, 1e6, made)
    assert not item.waits
