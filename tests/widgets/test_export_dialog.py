"""The export dialog and the strip that says how far long work is."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QProgressBar, QPushButton, QRadioButton
from pytestqt.qtbot import QtBot

from coderapp.core.exporting import ExportFormat, ExportOptions
from coderapp.widgets.dialogs.export import ExportDialog, ExportWish, Scope
from coderapp.widgets.progress_strip import ProgressStrip

ONE = Scope("The one shown: “Tom & Jerry”", ("a",), "Tom & Jerry")
ALL = Scope("All 3 conversations", ())
LAST = ExportWish(ALL, ExportOptions(ExportFormat.PDF, branches=True, details=True), folder=True).as_state()


def made(qtbot: QtBot, last: dict[str, object] | None = None, chosen: int = 0) -> ExportDialog:
    dialog = ExportDialog([ONE, ALL], last or {}, chosen)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def box(dialog: ExportDialog, name: str) -> QComboBox:
    return next(each for each in dialog.findChildren(QComboBox) if each.accessibleName() == name)


@pytest.mark.parametrize(
    ("form", "enabled"),
    [
        (ExportFormat.MARKDOWN, [True, True, True]),
        (ExportFormat.PDF, [True, True, True]),
        (ExportFormat.JSON, [False, False, False]),
        (ExportFormat.CODE, [True, False, False]),
    ],
)
def test_only_what_fits_the_format_can_be_chosen(qtbot: QtBot, form: ExportFormat, enabled: list[bool]) -> None:
    dialog = made(qtbot)
    box(dialog, "Format").setCurrentIndex(list(ExportFormat).index(form))
    assert [check.isEnabled() for check in dialog.findChildren(QCheckBox)] == enabled
    assert box(dialog, "Write to").isVisible() is (form is ExportFormat.CODE)
    dialog.findChildren(QRadioButton)[1].setChecked(True)
    assert box(dialog, "Write to").isVisible()


def test_the_last_choices_come_back(qtbot: QtBot) -> None:
    dialog = made(qtbot, LAST, chosen=1)
    assert dialog.wish.as_state() == LAST
    assert dialog.wish.scope is ALL


@pytest.mark.parametrize("last", [{"format": 7, "branches": "yes", "folder": None}, {"format": "docx"}])
def test_choices_that_are_not_known_do_no_harm(qtbot: QtBot, last: dict[str, object]) -> None:
    assert made(qtbot, last).wish.options == ExportOptions()


def test_it_can_be_used_by_keys(qtbot: QtBot) -> None:
    dialog = made(qtbot)
    wishes: list[ExportWish] = []
    dialog.wanted.connect(wishes.append)
    assert dialog.focusWidget() is box(dialog, "Format")
    QTest.keyClick(dialog.focusWidget(), Qt.Key.Key_Down)
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert [wish.options.format for wish in wishes] == [ExportFormat.HTML]
    assert dialog.findChildren(QRadioButton)[0].text() == "The one shown: “Tom && Jerry”"
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_the_strip_comes_when_something_takes_long_and_cancels_once(qtbot: QtBot) -> None:
    strip = ProgressStrip()
    qtbot.addWidget(strip)
    strip.resize(400, 50)
    cancelled: list[bool] = []
    strip.begin("Exporting", lambda: cancelled.append(True))
    assert not strip.isVisible()
    qtbot.waitUntil(strip.isVisible)
    strip.show_part(0.25, "A title\nof two lines " * 20)
    bar = strip.findChild(QProgressBar)
    assert bar is not None
    assert (bar.value(), bar.maximum()) == (250, 1000)
    width = strip.sizeHint().width()
    strip.show_part(0.5, "short")
    assert strip.sizeHint().width() == width
    button = strip.findChild(QPushButton)
    assert button is not None
    assert button.accessibleName() == "Cancel: Exporting"
    button.click()
    button.click()
    assert cancelled == [True]
    strip.end()
    assert not strip.isVisible()


def test_what_is_done_at_once_shows_no_strip(qtbot: QtBot) -> None:
    strip = ProgressStrip()
    qtbot.addWidget(strip)
    strip.begin("Exporting", lambda: None)
    strip.end()
    qtbot.wait(400)
    assert not strip.isVisible()
