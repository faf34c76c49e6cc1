"""The list of conversations: opening, renaming and deleting, each with its way back."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QListView, QPushButton

from coderapp.core.conversation import Conversation
from coderapp.core.message import FinishReason, Message, Role, TextPart
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.paths import Paths
from tests.end2end.conftest import Open
from tests.helpers.desktop import Desktop
from tests.helpers.talker import Gate, Talker, says


def listed(desk: Desktop) -> list[str]:
    return [entry.title for entry in desk.program.workspace.history.listed()]


def history_list(desk: Desktop) -> QListView:
    found = desk.program.window.history.findChild(QListView, "historyList")
    assert isinstance(found, QListView)
    return found


def click_row(desk: Desktop, row: int) -> None:
    """The conversation at a place of the list, headers not counted."""
    view = history_list(desk)
    model = desk.program.workspace.history
    row = model.row_of(model.listed()[row].id)
    at = view.visualRect(view.model().index(row, 0, QModelIndex())).center()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(at))


def two(desk: Desktop) -> tuple[str, str]:
    """Two conversations, older and newer; the newer one is open."""
    desk.ask("older")
    older = desk.session.conversation.id
    QTest.keyClick(desk.edit, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    desk.ask("newer")
    return older, desk.session.conversation.id


def undo_button(desk: Desktop) -> QPushButton:
    return next(b for b in desk.program.window.pane.notices.findChildren(QPushButton) if b.text() == "Undo")


def test_newest_first_named_after_the_first_prompt(desk: Desktop) -> None:
    older, _ = two(desk)
    assert listed(desk) == ["newer", "older"]
    click_row(desk, 1)
    desk.until(lambda: desk.session.conversation.id == older)
    assert desk.messages[0].text == "older"
    desk.ask("again")
    assert listed(desk) == ["older", "newer"]


def test_an_empty_conversation_is_not_listed(desk: Desktop) -> None:
    two(desk)
    desk.program.workspace.new()
    assert len(listed(desk)) == 2
    assert not history_list(desk).currentIndex().isValid()


def test_renaming_in_the_list_and_undoing_it(desk: Desktop) -> None:
    two(desk)
    QTest.keyClick(desk.edit, Qt.Key.Key_F2)
    editor = history_list(desk).findChild(QLineEdit)
    assert isinstance(editor, QLineEdit)
    assert editor.text() == "newer"
    editor.selectAll()
    QTest.keyClicks(editor, "Better name")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    desk.until(lambda: listed(desk) == ["Better name", "older"])
    assert desk.program.window.windowTitle().startswith("Better name")
    QTest.mouseClick(undo_button(desk), Qt.MouseButton.LeftButton)
    assert listed(desk) == ["newer", "older"]


def test_a_name_given_by_the_user_outlives_prompts(desk: Desktop) -> None:
    desk.ask("first")
    desk.program.workspace.rename(desk.session.conversation.id, "Mine")
    desk.ask("second")
    assert listed(desk) == ["Mine"]


def test_a_name_that_was_taken_back_leaves_room_for_a_suggestion(desk: Desktop) -> None:
    desk.ask("first")
    desk.program.workspace.rename(desk.session.conversation.id, "Mine")
    desk.program.workspace.undo.undo()
    desk.session.suggest_title("Suggested")
    assert listed(desk) == ["Suggested"]


def test_what_was_prepared_stays_when_another_is_shown(desk: Desktop, paths: Paths) -> None:
    older, _ = two(desk)
    desk.program.workspace.new()
    desk.session.set_system_prompt("Be brief.")
    prepared = desk.session.conversation.id
    desk.program.workspace.open(older)
    desk.until(lambda: desk.session.conversation.id == older)
    desk.program.workspace.open(prepared)
    desk.until(lambda: desk.session.conversation.system_prompt == "Be brief.")
    assert not list(paths.trash.glob("*"))


def test_the_end_does_not_write_a_long_conversation_anew(open_program: Open, paths: Paths) -> None:
    long = Conversation("20260101-000000-abcdef", 1.0, title="Long")
    for number in range(2000):
        role = Role.ASSISTANT if number % 2 else Role.USER
        long.add(Message(f"m{number}", role, (TextPart(f"{number} " + "word " * 100),), float(number)))
    store = ConversationStore(paths)
    store.create(long)
    store.close()
    path = paths.conversations / f"{long.id}.json"
    before = path.stat().st_mtime_ns
    desk = open_program()
    desk.program.workspace.open(long.id)
    desk.until(lambda: desk.session.conversation.id == long.id)
    desk.ask("short")
    desk.program.window.close()
    desk.program.end()
    assert path.stat().st_mtime_ns == before
    assert [message.text for message in ConversationStore(paths).load(long.id).path()][-2:] == ["short", "Fine."]


def test_renaming_one_that_is_not_open(desk: Desktop, paths: Paths) -> None:
    older, _ = two(desk)
    desk.program.workspace.rename(older, "Long ago")
    assert listed(desk) == ["newer", "Long ago"]
    desk.program.workspace.open(older)
    desk.until(lambda: desk.session.conversation.id == older)
    assert desk.session.conversation.title == "Long ago"


def test_deleting_the_open_one_shows_its_neighbour_and_undo_brings_it_back(desk: Desktop, paths: Paths) -> None:
    older, newer = two(desk)
    view = history_list(desk)
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Delete)
    assert listed(desk) == ["older"]
    desk.until(lambda: desk.session.conversation.id == older)
    desk.until(lambda: "Deleted" in desk.notice)
    desk.until(lambda: not (paths.conversations / f"{newer}.json").exists())
    QTest.mouseClick(undo_button(desk), Qt.MouseButton.LeftButton)
    desk.until(lambda: desk.session.conversation.id == newer)
    assert [message.text for message in desk.messages] == ["newer", "Fine."]
    assert listed(desk) == ["newer", "older"]


def test_deleting_another_one_leaves_the_open_one(desk: Desktop) -> None:
    older, newer = two(desk)
    desk.program.workspace.delete(older)
    desk.until(lambda: "Deleted" in desk.notice)
    assert desk.session.conversation.id == newer
    assert listed(desk) == ["newer"]
    QTest.keyClick(desk.edit, Qt.Key.Key_Escape)
    desk.edit.setFocus()
    QTest.mouseClick(undo_button(desk), Qt.MouseButton.LeftButton)
    desk.until(lambda: listed(desk) == ["newer", "older"])


def test_deleting_the_last_one_leaves_an_empty_window(desk: Desktop) -> None:
    desk.ask("only")
    desk.program.workspace.delete(desk.session.conversation.id)
    assert desk.messages == []
    assert desk.program.window.pane.empty.isVisible()
    desk.ask("fresh start")
    assert listed(desk) == ["fresh start"]


def test_deleting_in_mid_answer_keeps_the_partial_text_with_it(desk: Desktop, server: Talker) -> None:
    gate = Gate()
    server.behave(says("Some words and more.", gate=gate, before_gate=14))
    desk.type("Go")
    desk.press(Qt.Key.Key_Return)
    desk.streaming("Some words")
    gone = desk.session.conversation.id
    desk.program.workspace.delete(gone)
    assert listed(desk) == []
    desk.until(lambda: "Deleted" in desk.notice)
    gate.open()
    QTest.mouseClick(undo_button(desk), Qt.MouseButton.LeftButton)
    desk.until(lambda: desk.session.conversation.id == gone)
    assert desk.last.text.startswith("Some words")
    assert desk.finish() is FinishReason.STOPPED


def test_deleting_one_that_writes_in_the_background(desk: Desktop, server: Talker) -> None:
    gate = Gate()
    server.behave(says("Some words and more.", gate=gate, before_gate=14))
    desk.type("Go")
    desk.press(Qt.Key.Key_Return)
    desk.streaming("Some words")
    gone = desk.session.conversation.id
    desk.program.workspace.new()
    desk.program.workspace.delete(gone)
    gate.open()
    assert listed(desk) == []
    desk.until(lambda: "Deleted" in desk.notice)
    assert desk.program.workspace.is_quiet


def test_control_z_in_the_window_undoes(desk: Desktop) -> None:
    two(desk)
    desk.program.workspace.delete(desk.session.conversation.id)
    desk.until(lambda: "Deleted" in desk.notice)
    view = history_list(desk)
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    desk.until(lambda: listed(desk) == ["newer", "older"])
