"""Importing in the window: files that are dropped, progress and its end, the summary, and the way back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QLabel, QPushButton, QWidget

from coderapp.core.search import Order
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.document import Document
from coderapp.storage.paths import Paths
from coderapp.storage.staging import COMMITTED, READY, Staging
from coderapp.widgets.dialogs.imported import ImportedDialog
from tests.benchmarks.storage_import import make_export
from tests.helpers.desktop import Desktop
from tests.helpers.talker import Talker, says
from tests.unit.exchange import foreign
from tests.unit.exchange.test_importers import grown
from tests.unit.storage.test_staging import NEW, conversation

Open = Callable[..., Desktop]


def export(folder: Path, *values: Any, name: str = "conversations.json") -> str:
    path = folder / name
    path.write_text(json.dumps([*values]))
    return str(path)


def drop(target: QWidget, *paths: str) -> bool:
    """Whether it is taken."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(path) for path in paths])
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(5, 5), Qt.DropAction.CopyAction, data, left, none)
    QApplication.sendEvent(target, enter)
    if not enter.isAccepted():
        return False
    QApplication.sendEvent(target, QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, left, none))
    return True


def summary(desk: Desktop) -> ImportedDialog:
    desk.until(lambda: bool(desk.program.window.findChildren(ImportedDialog)))
    return desk.program.window.findChildren(ImportedDialog)[-1]


def told(dialog: ImportedDialog) -> list[str]:
    return [label.text() for label in dialog.findChildren(QLabel)]


def button(dialog: ImportedDialog, words: str) -> QPushButton:
    box = dialog.findChild(QDialogButtonBox)
    assert box is not None
    return next(each for each in box.findChildren(QPushButton) if each.text().replace("&", "") == words)


def titles(desk: Desktop) -> list[str]:
    return [entry.title for entry in desk.program.workspace.history.entries()]


def test_a_file_dropped_on_the_list_comes_in_and_can_be_taken_back(desk: Desktop, tmp_path: Path, paths: Paths) -> None:
    window = desk.program.window
    assert not drop(window.history, str(tmp_path / "picture.png"))
    assert drop(window.history, export(tmp_path, foreign.chatgpt(), foreign.chatgpt("c2")))
    dialog = summary(desk)
    headline, *details = told(dialog)
    assert headline == "Imported 2 conversations with 16 messages."
    assert details[0] == "From ChatGPT (2)."
    assert any("weird_new_thing" in line for line in details)
    assert not dialog.isModal()
    assert titles(desk) == ["«Sorting»", "«Sorting»"]
    assert not paths.incoming.exists()
    desk.program.workspace.open(desk.program.workspace.history.entries()[0].id)
    desk.until(lambda: "«the list» is sorted" in desk.shown_text())
    button(dialog, "Undo the import").click()
    desk.until(lambda: titles(desk) == [])
    desk.until(lambda: paths.trash.is_dir() and len(list(paths.trash.iterdir())) >= 2)
    window.import_files([str(tmp_path / "conversations.json")])
    desk.until(lambda: len(titles(desk)) == 2)
    assert "2 conversations of them are in the trash too; what is there stays there." in told(summary(desk))


def test_nothing_new(desk: Desktop, tmp_path: Path) -> None:
    window, file = desk.program.window, export(tmp_path, foreign.chatgpt())
    desk.program.window.import_files([file, file])
    assert told(summary(desk))[0] == "Imported 1 conversation with 8 messages."
    summary(desk).close()
    desk.until(lambda: not window.findChildren(ImportedDialog))
    window.import_files([file])
    assert told(summary(desk)) == ["Nothing new: 1 conversation had been imported before.", "From ChatGPT (1)."]


def test_a_conversation_that_is_open_grows(desk: Desktop, tmp_path: Path) -> None:
    window = desk.program.window
    window.import_files([export(tmp_path, foreign.chatgpt())])
    summary(desk)
    desk.program.workspace.open(desk.program.workspace.history.entries()[0].id)
    desk.until(lambda: len(desk.messages) == 7)
    desk.type("a draft")
    window.import_files([export(tmp_path, grown(), name="later.json")])
    desk.until(lambda: len(desk.messages) == 8)
    assert desk.last.text == "«one more»"
    desk.until(lambda: desk.edit.toPlainText() == "a draft")


def test_cancelling_leaves_nothing(desk: Desktop, tmp_path: Path, paths: Paths) -> None:
    file = tmp_path / "large.json"
    make_export(file, 20)
    window = desk.program.window
    imports = desk.program.imports

    def cancel(part: float) -> None:
        if part > 0.05:
            imports.cancel()

    imports.progressed.connect(cancel)
    window.import_files([str(file)])
    desk.until(lambda: desk.notice == "The import was cancelled; nothing came in.")
    desk.until(lambda: not paths.incoming.exists())
    assert titles(desk) == []
    window.import_files([export(tmp_path, foreign.claude())])
    desk.until(lambda: titles(desk) == ["«A parser»"])


def test_closing_the_window_in_the_middle_leaves_nothing(open_program: Open, tmp_path: Path, paths: Paths) -> None:
    file = tmp_path / "large.json"
    make_export(file, 20)
    desk = open_program()
    seen: list[float] = []
    desk.program.imports.progressed.connect(lambda part, _: seen.append(part))
    desk.program.window.import_files([str(file)])
    desk.until(lambda: bool(seen) and seen[-1] > 0.05)
    desk.program.window.close()
    desk.program.end()
    assert not paths.incoming.exists()


def test_an_import_that_was_committed_is_completed_at_the_start(open_program: Open, paths: Paths) -> None:
    for job, mark in (("done", True), ("half", False)):
        staging = Staging(paths, job)
        staging.begin()
        made = conversation(NEW[0] if mark else NEW[1])
        staging.add(Document(made))
        staging.ready()
        if mark:
            (staging.folder / READY).rename(staging.folder / COMMITTED)
    desk = open_program()
    desk.until(lambda: titles(desk) == [NEW[0]])
    assert not paths.incoming.exists()
    assert [head.id for head in ConversationStore(paths).list()] == [NEW[0]]


def test_answers_go_on_while_something_comes_in_and_is_found(desk: Desktop, server: Talker, tmp_path: Path) -> None:
    server.behave(says("word " * 50))
    many = [foreign.chatgpt(f"c{number}") for number in range(40)]
    assert drop(desk.program.window.pane.empty, export(tmp_path, *many, foreign.claude()))
    desk.ask("Say it")
    desk.until(lambda: len(titles(desk)) == 42)
    assert desk.last.text.count("word") == 50
    found: list[Any] = []

    def look() -> bool:
        desk.program.library.search("hologram", next(iter(Order)), found.append)
        return any(each.hits for each in found)

    desk.until(look)
