"""Stars, branches and going on elsewhere, each with its way back, in the whole program."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QListView, QToolButton

from coderapp.core.conversation import Conversation
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.paths import Paths
from coderapp.widgets.branch_map import BranchMap
from coderapp.widgets.conversation.hot_spots import Action
from tests.end2end.conftest import Open
from tests.helpers.desktop import Desktop
from tests.helpers.talker import Gate, Talker, says


def control_z(desk: Desktop) -> None:
    """The menu's undo, whatever has the focus."""
    desk.view.setFocus()
    QTest.keyClick(desk.view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)


def on_disk(desk: Desktop, paths: Paths, conversation_id: str = "") -> Conversation:
    """What another program would read, once everything is written."""
    done: list[bool] = []
    desk.program.keeper.list(lambda _: done.append(True))
    desk.until(lambda: bool(done))
    return ConversationStore(paths).load(conversation_id or desk.session.conversation.id)


def test_a_star_by_click_is_kept_and_undone(desk: Desktop, paths: Paths) -> None:
    desk.ask("Hello")
    prompt, answer = (message.id for message in desk.messages)
    desk.click(Action.STAR)
    desk.click(Action.STAR, 0)
    assert desk.session.conversation.starred == {prompt, answer}
    assert [spot.lit for spot in desk.spots(Action.STAR)] == [True, True]
    assert on_disk(desk, paths).starred == {prompt, answer}
    control_z(desk)
    assert desk.session.conversation.starred == {answer}
    assert on_disk(desk, paths).starred == {answer}
    desk.click(Action.STAR)
    assert on_disk(desk, paths).starred == set()


def test_stars_in_two_conversations_are_undone_at_once(desk: Desktop, paths: Paths) -> None:
    names = []
    for prompt in ("one", "two", "three"):
        desk.program.workspace.new()
        desk.ask(prompt)
        names.append(desk.session.conversation.id)
        if prompt != "three":
            desk.click(Action.STAR)
    control_z(desk)
    control_z(desk)
    desk.until(lambda: desk.session.conversation.id == names[0])
    assert [on_disk(desk, paths, name).starred for name in names] == [set(), set(), set()]


def test_stars_are_there_after_a_restart(open_program: Open) -> None:
    first = open_program()
    first.ask("Hello")
    first.click(Action.STAR)
    starred = first.last.id
    first.program.window.close()
    first.program.end()
    again = open_program()
    again.until(lambda: len(again.messages) == 2)
    assert again.session.conversation.starred == {starred}
    assert [spot.lit for spot in again.spots(Action.STAR)] == [False, True]


def test_a_star_is_undone_in_a_conversation_that_was_left(desk: Desktop, paths: Paths) -> None:
    desk.ask("Hello")
    first = desk.session.conversation.id
    desk.click(Action.STAR)
    desk.program.workspace.new()
    control_z(desk)
    desk.until(lambda: desk.session.conversation.id == first and not desk.session.conversation.starred)
    assert not on_disk(desk, paths).starred


def test_switching_branches_is_undone(desk: Desktop, server: Talker) -> None:
    desk.ask("Hello")
    first = desk.last.id
    server.behave(says("Another."))
    desk.click(Action.REGENERATE)
    desk.answered()
    second = desk.last.id
    desk.click(Action.PREVIOUS)
    assert desk.last.id == first
    control_z(desk)
    assert desk.last.id == second


def test_an_answer_goes_on_while_another_branch_is_shown(desk: Desktop, server: Talker) -> None:
    desk.ask("Hello")
    first = desk.last.id
    gate = Gate()
    server.behave(says("Some words and more.", gate=gate, before_gate=14))
    desk.click(Action.REGENERATE)
    desk.streaming("Some words")
    second = desk.last.id
    desk.session.lead_to(first)
    assert "Some words" not in desk.shown_text()
    desk.session.lead_to(second)
    assert "Some words" in desk.shown_text()
    desk.session.lead_to(first)
    gate.open()
    desk.answered()
    desk.session.lead_to(second)
    assert desk.last.text == "Some words and more."
    assert "Some words and more." in desk.shown_text()


def test_continuing_in_a_new_conversation(desk: Desktop, paths: Paths) -> None:
    desk.ask("First")
    source = desk.session.conversation.id
    desk.ask("Second")
    desk.session.set_parameter("temperature", 0.25)
    ends_at = desk.messages[1].id
    desk.view.continue_requested.emit(ends_at)
    made = desk.session.conversation
    assert made.id != source
    assert [message.text for message in desk.messages] == ["First", "Fine."]
    assert (made.title, made.parameters) == ("First (continued)", {"temperature": 0.25})
    assert "Continued" in desk.notice
    desk.ask("Elsewhere")
    assert [message.text for message in on_disk(desk, paths).path()] == ["First", "Fine.", "Elsewhere", "Fine."]
    assert len(on_disk(desk, paths, source)) == 4
    control_z(desk)
    desk.until(lambda: desk.session.conversation.id == source)
    desk.until(lambda: not (paths.conversations / f"{made.id}.json").exists())
    assert len(desk.messages) == 4


def test_the_branches_lead_to_a_message_and_control_z_back(desk: Desktop, server: Talker) -> None:
    branches = desk.program.window.pane.findChild(QToolButton, "branches")
    assert isinstance(branches, QToolButton)
    desk.ask("Cats")
    assert branches.isHidden()
    desk.press(Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert "No branches here" in desk.notice
    first = desk.messages[0].id
    desk.session.resend(first, "Dogs")
    desk.answered()
    ends = desk.last.id
    assert branches.isVisible()
    desk.press(Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    shown = desk.program.window.findChild(BranchMap)
    assert isinstance(shown, BranchMap)
    listed = shown.findChild(QListView)
    assert isinstance(listed, QListView)
    QTest.keyClick(listed, Qt.Key.Key_Up)
    QTest.keyClick(listed, Qt.Key.Key_Return)
    assert desk.messages[0].id == first
    assert desk.view.hasFocus()
    control_z(desk)
    assert desk.last.id == ends


def test_what_was_taken_back_is_done_again(desk: Desktop, server: Talker) -> None:
    desk.ask("Hello")
    first = desk.last.id
    desk.click(Action.STAR)
    server.behave(says("Another."))
    desk.click(Action.REGENERATE)
    desk.answered()
    second = desk.last.id
    desk.click(Action.PREVIOUS)
    undo = desk.program.workspace.undo
    undo.undo()
    undo.undo()
    assert (desk.last.id, desk.session.conversation.starred) == (second, set())
    undo.redo()
    undo.redo()
    assert (desk.last.id, desk.session.conversation.starred) == (first, {first})
