"""Exporting from the window: the dialog, the file, and what is said about it."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QPoint, Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QDialogButtonBox, QFileDialog, QMenu, QPushButton, QRadioButton

from coderapp.core.exporting import ExportFormat
from coderapp.widgets.conversation.hot_spots import Action, HotSpot
from coderapp.widgets.dialogs.export import ExportDialog
from tests.helpers.desktop import Desktop
from tests.helpers.talker import Talker, says

CODE = "Look:\n\n```python app.py\nprint(1)\n```\n"


@pytest.fixture(autouse=True)
def our_file_dialogs() -> None:
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)


def dialog_of(desk: Desktop) -> ExportDialog:
    QTest.keyClick(
        desk.program.window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    desk.until(lambda: bool(desk.program.window.findChildren(ExportDialog)))
    return desk.program.window.findChildren(ExportDialog)[-1]


def choose(dialog: ExportDialog, form: ExportFormat, scope: int = 0) -> None:
    box = dialog.findChild(QComboBox, "exportFormat")
    assert box is not None
    box.setCurrentIndex(box.findData(form.value))
    dialog.findChildren(QRadioButton)[scope].setChecked(True)


def export_to(desk: Desktop, dialog: ExportDialog, path: Path) -> None:
    buttons = dialog.findChild(QDialogButtonBox)
    assert buttons is not None
    primary = next(each for each in buttons.findChildren(QPushButton) if each.isDefault())
    primary.click()
    window = desk.program.window
    desk.until(lambda: bool(window.findChildren(QFileDialog)))
    chooser = window.findChildren(QFileDialog)[-1]
    if chooser.fileMode() is not QFileDialog.FileMode.Directory:
        chooser.setDirectory(str(path.parent))
        chooser.selectFile(path.name)
    chooser.fileSelected.emit(str(path))
    chooser.close()


def test_the_conversation_that_is_shown_becomes_a_page(desk: Desktop, server: Talker, tmp_path: Path) -> None:
    server.behave(says(CODE))
    desk.ask("Write it")
    dialog = dialog_of(desk)
    choose(dialog, ExportFormat.HTML)
    assert [button.text() for button in dialog.findChildren(QRadioButton)] == [
        "The one shown: “Write it”",
        "Every conversation (1)",
    ]
    export_to(desk, dialog, tmp_path / "page.html")
    desk.until(lambda: desk.notice == f"Exported to {tmp_path / 'page.html'}.")
    page = (tmp_path / "page.html").read_text()
    assert "app.py" in page
    assert "Write it" in page
    assert desk.program.state.get("export") == {
        "format": "html", "branches": False, "reasoning": False, "details": False, "folder": False
    }  # fmt: skip
    assert desk.program.state.get("export_folder") == str(tmp_path)
    desk.program.window.show_export()
    again = desk.program.window.findChildren(ExportDialog)[-1]
    box = again.findChild(QComboBox, "exportFormat")
    assert box is not None
    assert box.currentData() == "html"
    again.close()


def test_everything_becomes_an_archive(desk: Desktop, server: Talker, tmp_path: Path) -> None:
    server.behave(says(CODE))
    desk.ask("Write it")
    dialog = dialog_of(desk)
    choose(dialog, ExportFormat.CODE, scope=1)
    export_to(desk, dialog, tmp_path / "all")
    desk.until(lambda: desk.notice == f"Exported to {tmp_path / 'all.zip'}.")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert [name.rsplit("/", 1)[-1] for name in archive.namelist()] == ["app.py"]


def test_a_failure_is_told_and_nothing_is_there(desk: Desktop, server: Talker, tmp_path: Path) -> None:
    desk.ask("Write it")
    dialog = dialog_of(desk)
    choose(dialog, ExportFormat.TEXT)
    export_to(desk, dialog, tmp_path / "gone" / "x.txt")
    desk.until(lambda: "does not exist" in desk.notice)
    assert not os.path.exists(tmp_path / "gone")


def test_without_a_conversation_there_is_nothing_to_export(desk: Desktop) -> None:
    desk.program.window.show_export()
    assert "no conversation to export yet" in desk.notice
    assert not desk.program.window.findChildren(ExportDialog)


def picture_actions(desk: Desktop, at: HotSpot) -> dict[str, QAction]:
    """Of the menu there. A header's place acts on the code below it."""
    desk.view.ask_menu(at.rect.bottomLeft().toPoint() + QPoint(0, 20))
    menus = [menu for menu in desk.view.findChildren(QMenu) if menu.title() == "As a picture"]
    return {action.text(): action for action in menus[-1].actions() if action.text()}


def test_code_and_messages_as_pictures(desk: Desktop, server: Talker, tmp_path: Path) -> None:
    server.behave(says(CODE))
    desk.ask("Write it")
    actions = picture_actions(desk, desk.spots(Action.COPY_CODE)[0])
    assert list(actions) == ["Copy the code block", "Save the code block…", "Copy the message", "Save the message…"]
    actions["Copy the code block"].trigger()
    desk.until(lambda: desk.notice == "Copied as a picture.")
    small = QGuiApplication.clipboard().image()
    assert not small.isNull()
    actions["Copy the message"].trigger()
    desk.until(lambda: QGuiApplication.clipboard().image().width() > small.width())
    actions["Save the message…"].trigger()
    chooser = desk.program.window.findChildren(QFileDialog)[-1]
    chooser.fileSelected.emit(str(tmp_path / "answer.svg"))
    desk.until(lambda: desk.notice == f"Saved as {tmp_path / 'answer.svg'}.")
    assert (tmp_path / "answer.svg").read_bytes().startswith(b"<?xml")
    picture_actions(desk, desk.spots(Action.COPY_CODE)[0])["Save the code block…"].trigger()
    chooser = desk.program.window.findChildren(QFileDialog)[-1]
    chooser.fileSelected.emit(str(tmp_path / "none" / "x.png"))
    desk.until(lambda: "could not be written" in desk.notice)
