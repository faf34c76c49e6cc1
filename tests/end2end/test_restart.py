"""What a closed and opened program finds again."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QDialog, QLineEdit, QMenu, QPushButton, QSplitter
from pytestqt.qtbot import QtBot

from coderapp.core.message import FinishReason
from coderapp.storage.paths import Paths
from coderapp.widgets.conversation.hot_spots import Action
from tests.helpers.desktop import Desktop, desktop, keep_profile, openai_profile
from tests.helpers.panel import PanelHands
from tests.helpers.talker import Gate, Talker, says

CONTROL = Qt.KeyboardModifier.ControlModifier

SMALL = (790, 600)
"""Fits the screen of the offscreen platform; a window is not restored beyond its screen."""


@pytest.fixture
def kept(paths: Paths, server: Talker) -> Paths:
    """A data folder whose chosen profile is `server`."""
    keep_profile(paths, openai_profile(server.openai_url))
    return paths


def opened(desk: Desktop, conversation_id: str) -> None:
    desk.until(lambda: desk.session.conversation.id == conversation_id)


def splitter(desk: Desktop) -> QSplitter:
    found = desk.program.window.findChild(QSplitter)
    assert isinstance(found, QSplitter)
    return found


def move_panes(desk: Desktop, left: int, right: int) -> None:
    """As the handles do when they are dragged."""
    panes = splitter(desk)
    panes.setSizes([left, panes.width() - left - right - 2, right])
    panes.splitterMoved.emit(left, 1)


def test_conversation_draft_and_parameters(qtbot: QtBot, kept: Paths, server: Talker) -> None:
    server.behave(says("First **answer**.", "Second."))
    with desktop(qtbot, kept) as desk:
        hands = PanelHands(desk.program.window.panel)
        hands.type_number("Temperature", "0.4")
        hands.type_text("System prompt", "Be kind.")
        desk.ask("one")
        desk.click(Action.REGENERATE)
        desk.answered()
        desk.click(Action.PREVIOUS)
        desk.type("not yet sent")
        before = desk.session.conversation
    with desktop(qtbot, kept) as desk:
        opened(desk, before.id)
        assert [message.text for message in desk.messages] == ["one", "First **answer**."]
        assert desk.session.model.rows[-1].branch == (0, 2)
        assert "First answer." in desk.shown_text()
        assert desk.edit.toPlainText() == "not yet sent"
        hands = PanelHands(desk.program.window.panel)
        assert hands.number("Temperature").value() == 0.4
        assert hands.is_set("Temperature")
        assert not hands.is_set("Top p")
        assert desk.session.conversation.system_prompt == "Be kind."
        assert {name: message.parts for name, message in desk.session.conversation.messages.items()} == {
            name: message.parts for name, message in before.messages.items()
        }
        assert desk.program.window.windowTitle().startswith("one")
        desk.press(Qt.Key.Key_Return)
        desk.answered()
        assert server.bodies[-1]["temperature"] == 0.4


def test_a_draft_alone_is_kept(qtbot: QtBot, kept: Paths) -> None:
    with desktop(qtbot, kept) as desk:
        desk.type("only a thought")
    with desktop(qtbot, kept) as desk:
        desk.until(lambda: desk.edit.toPlainText() == "only a thought")


def test_panes_and_their_sizes(qtbot: QtBot, kept: Paths) -> None:
    with desktop(qtbot, kept) as desk:
        desk.program.window.resize(*SMALL)
        move_panes(desk, 185, 280)
        sizes = splitter(desk).sizes()
    with desktop(qtbot, kept) as desk:
        assert (desk.program.window.width(), desk.program.window.height()) == SMALL
        assert splitter(desk).sizes() == sizes
        assert (sizes[0], sizes[2]) == (185, 280)


def test_a_hidden_pane_stays_hidden_and_keeps_its_size(qtbot: QtBot, kept: Paths) -> None:
    with desktop(qtbot, kept) as desk:
        desk.program.window.resize(*SMALL)
        move_panes(desk, 185, 280)
        sizes = splitter(desk).sizes()
        QTest.keyClick(desk.edit, Qt.Key.Key_B, CONTROL)
        assert not desk.program.window.history.isVisible()
        assert desk.program.window.panel.isVisible()
    with desktop(qtbot, kept) as desk:
        assert not desk.program.window.history.isVisible()
        QTest.keyClick(desk.edit, Qt.Key.Key_B, CONTROL | Qt.KeyboardModifier.ShiftModifier)
        assert not desk.program.window.panel.isVisible()
    with desktop(qtbot, kept) as desk:
        assert not desk.program.window.panel.isVisible()
        QTest.keyClick(desk.edit, Qt.Key.Key_B, CONTROL)
        QTest.keyClick(desk.edit, Qt.Key.Key_B, CONTROL | Qt.KeyboardModifier.ShiftModifier)
        desk.until(lambda: splitter(desk).sizes() == sizes)
    with desktop(qtbot, kept) as desk:
        assert splitter(desk).sizes() == sizes


def test_the_profile_chosen_last_is_that_of_new_conversations(qtbot: QtBot, kept: Paths, server: Talker) -> None:
    with desktop(qtbot, kept) as desk:
        box = next(b for b in desk.program.window.pane.findChildren(QComboBox) if b.accessibleName() == "Profile")
        assert box.currentText() == "Mine"
        while box.currentText() != "PixLab CODER":
            QTest.keyClick(box, Qt.Key.Key_Up)
    with desktop(qtbot, kept) as desk:
        assert desk.session.profile.name == "PixLab CODER"


def test_a_profile_made_in_the_dialog(qtbot: QtBot, kept: Paths, server: Talker) -> None:
    with desktop(qtbot, kept) as desk:
        desk.program.window.show_profiles()
        dialog = desk.program.window.findChild(QDialog)
        assert isinstance(dialog, QDialog)
        add = next(button for button in dialog.findChildren(QPushButton) if button.text() == "Add…")
        menu = add.menu()
        assert isinstance(menu, QMenu)
        menu.actions()[0].trigger()
        for label, text in (("Name", "Fresh"), ("Address", server.openai_url), ("Key", "sk-1")):
            line = next(each for each in dialog.findChildren(QLineEdit) if each.accessibleName() == label)
            line.selectAll()
            QTest.keyClicks(line, text)
        save = next(button for button in dialog.findChildren(QPushButton) if button.text() == "Save")
        QTest.mouseClick(save, Qt.MouseButton.LeftButton)
        dialog.reject()
        assert desk.notice == ""
    with desktop(qtbot, kept) as desk:
        assert "Fresh" in [profile.name for profile in desk.program.profiles.profiles]
    with desktop(qtbot, kept) as desk:
        desk.program.profiles.remove("mine")
    with desktop(qtbot, kept) as desk:
        assert "mine" not in [profile.id for profile in desk.program.profiles.profiles]
        assert desk.session.profile.name == "Built-in"
        assert desk.notice == ""


def test_settings_are_kept(qtbot: QtBot, kept: Paths) -> None:
    with desktop(qtbot, kept) as desk:
        desk.program.settings.set("send_with", "shift-enter")
        desk.program.settings.set("theme", "dark")
    with desktop(qtbot, kept) as desk:
        desk.type("a")
        desk.press(Qt.Key.Key_Return)
        desk.type("b")
        assert desk.edit.toPlainText() == "a\nb"
        assert desk.program.settings["theme"] == "dark"
        assert desk.program.window.palette().window().color().lightness() < 100


def test_closing_in_mid_answer_keeps_what_has_arrived(qtbot: QtBot, kept: Paths, server: Talker) -> None:
    gate = Gate()
    server.behave(says("Half of it, and the other half.", gate=gate, before_gate=14))
    with desktop(qtbot, kept) as desk:
        desk.type("Go")
        desk.press(Qt.Key.Key_Return)
        desk.streaming("Half of it")
        name = desk.session.conversation.id
    gate.open()
    with desktop(qtbot, kept) as desk:
        opened(desk, name)
        assert "Half of it, an".startswith(desk.last.text)
        assert len(desk.last.text) >= 10
        assert desk.finish() is FinishReason.STOPPED


def test_closing_while_another_conversation_writes(qtbot: QtBot, kept: Paths, server: Talker) -> None:
    gate = Gate()
    server.behave(says("Half of it, and the other half.", gate=gate, before_gate=14))
    with desktop(qtbot, kept) as desk:
        for prompt in ("one", "two"):
            desk.type(prompt)
            desk.press(Qt.Key.Key_Return)
            desk.streaming("Half of it")
            desk.program.workspace.new()
        desk.type("a draft")
        drafted = desk.session.conversation.id
    gate.open()
    with desktop(qtbot, kept) as desk:
        opened(desk, drafted)
        assert desk.edit.toPlainText() == "a draft"
        history = desk.program.workspace.history
        desk.until(lambda: len(history.listed()) == 3)
        for title in ("one", "two"):
            found = [entry for entry in history.listed() if entry.title == title]
            assert len(found) == 1
            desk.program.workspace.open(found[0].id)
            opened(desk, found[0].id)
            assert desk.last.text.startswith("Half of it")
            assert desk.finish() is FinishReason.STOPPED


def test_a_damaged_conversation_hides_no_other(qtbot: QtBot, kept: Paths, server: Talker) -> None:
    with desktop(qtbot, kept) as desk:
        desk.ask("whole")
        whole = desk.session.conversation.id
        desk.program.workspace.new()
        desk.ask("damaged")
        damaged = desk.session.conversation.id
    path = kept.conversations / f"{damaged}.json"
    path.write_bytes(path.read_bytes()[:40])
    with desktop(qtbot, kept) as desk:
        history = desk.program.workspace.history
        desk.until(lambda: len(history.listed()) == 2)
        desk.until(lambda: desk.notice != "")
        desk.program.workspace.open(whole)
        opened(desk, whole)
        assert desk.messages[0].text == "whole"


def test_empty_conversations_leave_nothing_behind(qtbot: QtBot, kept: Paths) -> None:
    for _ in range(2):
        with desktop(qtbot, kept) as desk:
            desk.program.workspace.new()
            desk.type("x")
            desk.edit.clear()
            desk.program.workspace.new()
    assert not list(kept.conversations.glob("*.json")) if kept.conversations.exists() else True


def test_no_file_of_the_data_folder_holds_the_key(qtbot: QtBot, kept: Paths, server: Talker) -> None:
    from coderapp.core.secret import Secret
    from coderapp.storage.keys import MemoryKeyStore

    keys = MemoryKeyStore()
    keys.set("mine", Secret("sk-Geheim-123"))
    server.behave(says("You said sk-nothing."))
    with desktop(qtbot, kept, keys=keys) as desk:
        desk.ask("one")
    files = [path for path in kept.root.rglob("*") if path.is_file()]
    assert any(path.parent == kept.conversations for path in files)
    assert not [path for path in files if b"Geheim" in path.read_bytes()]
    profiles = json.loads(kept.profiles.read_text())
    assert "Geheim" not in json.dumps(profiles)
