"""Long texts that go along with a prompt as files: pasted, kept, sent, edited."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from coderapp.core.message import FilePart, TextPart
from coderapp.storage.paths import Paths
from coderapp.widgets.composer import Composer
from coderapp.widgets.conversation.hot_spots import Action
from tests.helpers.desktop import Desktop, desktop, keep_profile, openai_profile
from tests.helpers.talker import Talker

CONTROL = Qt.KeyboardModifier.ControlModifier
LONG = "x = 1  # ``` a fence\n" * 12_000
FILE = FilePart("pasted.txt", "text/plain", LONG)
SENT = f"File: pasted.txt\n````\n{LONG}````"


@pytest.fixture
def kept(paths: Paths, server: Talker) -> Paths:
    """A data folder whose chosen profile is `server`."""
    keep_profile(paths, openai_profile(server.openai_url))
    return paths


def composer(desk: Desktop) -> Composer:
    return desk.program.window.pane.composer


def paste(desk: Desktop, text: str) -> None:
    QGuiApplication.clipboard().setText(text)
    desk.edit.setFocus()
    QTest.keyClick(desk.edit, Qt.Key.Key_V, CONTROL)


def attach(desk: Desktop) -> None:
    (button,) = [
        button
        for button in composer(desk).findChildren(QPushButton)
        if button.text() == "Attach as a file" and button.isVisible()
    ]
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_a_pasted_file_outlives_a_restart_and_is_sent(qtbot: QtBot, kept: Paths, server: Talker) -> None:
    with desktop(qtbot, kept) as desk:
        paste(desk, LONG)
        attach(desk)
        desk.type("What is it?")
        name = desk.session.conversation.id
    with desktop(qtbot, kept) as desk:
        if desk.session.conversation.id != name:
            desk.program.workspace.open(name)
            desk.until(lambda: desk.session.conversation.id == name)
        assert composer(desk).files == (FILE,)
        assert composer(desk).text() == "What is it?"
        desk.press(Qt.Key.Key_Return)
        desk.answered()
        assert server.bodies[-1]["messages"][-1] == {"role": "user", "content": f"{SENT}\n\nWhat is it?"}
        assert desk.messages[0].parts == (FILE, TextPart("What is it?"))
        assert composer(desk).files == ()
        desk.ask("And now?")
        assert server.bodies[-1]["messages"][0]["content"] == f"{SENT}\n\nWhat is it?"
    with desktop(qtbot, kept) as desk:
        desk.until(lambda: desk.session.conversation.id == name)
        assert desk.messages[0].parts == (FILE, TextPart("What is it?"))
        assert desk.session.conversation.draft_files == ()


def test_an_edited_prompt_keeps_its_file_until_it_is_removed(desk: Desktop, server: Talker) -> None:
    paste(desk, LONG)
    attach(desk)
    desk.ask("one")
    desk.click(Action.EDIT)
    assert composer(desk).files == (FILE,)
    desk.press(Qt.Key.Key_End)
    desk.ask("!")
    assert server.bodies[-1]["messages"] == [{"role": "user", "content": f"{SENT}\n\none!"}]
    assert composer(desk).files == ()


def test_a_file_alone_is_a_prompt(desk: Desktop, server: Talker, tmp_path: Path) -> None:
    path = tmp_path / "notes.md"
    path.write_text("# Notes")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    desk.edit.insertFromMimeData(data)
    desk.until(lambda: len(composer(desk).files) == 1)
    desk.press(Qt.Key.Key_Return)
    desk.answered()
    assert server.bodies[-1]["messages"] == [{"role": "user", "content": "File: notes.md\n```\n# Notes\n```"}]
    assert desk.session.conversation.title == "notes.md"


def test_what_can_not_be_attached_is_told(desk: Desktop, tmp_path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path))])
    desk.edit.insertFromMimeData(data)
    desk.until(lambda: "was not attached: it is a folder" in desk.notice)


def test_each_conversation_has_its_own_files(desk: Desktop) -> None:
    desk.ask("one")
    first = desk.session.conversation.id
    paste(desk, LONG)
    attach(desk)
    desk.program.workspace.new()
    assert composer(desk).files == ()
    desk.program.workspace.open(first)
    desk.until(lambda: desk.session.conversation.id == first)
    assert composer(desk).files == (FILE,)
