"""Asking, watching, copying, asking again: with keys and clicks, against a server on loopback."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from coderapp.core.message import FinishReason, Role
from coderapp.qt import theme
from coderapp.qt.session import SessionState
from coderapp.widgets.conversation.hot_spots import Action
from tests.end2end.conftest import Open
from tests.helpers.desktop import PATIENCE, Desktop, clipboard, coder_profile
from tests.helpers.hostile_server import Exchange, chunk, head, stalls
from tests.helpers.pictures import has_colour
from tests.helpers.talker import Gate, Talker, says

CODE = "def add(a: int, b: int) -> int:\n    return a + b"
ANSWER = f"Here it is:\n\n```python\n{CODE}\n```\n\nThat *adds*."
LONG = "\n\n".join(f"Paragraph {n} of a long answer, with words enough to fill a line." for n in range(60))
SHIFT = Qt.KeyboardModifier.ShiftModifier
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def gate() -> Iterator[Gate]:
    """Opened at the end, so that the server's task ends too."""
    made = Gate()
    yield made
    made.open()


# asking


def test_enter_sends_and_the_code_can_be_copied(desk: Desktop, server: Talker) -> None:
    server.behave(says(ANSWER))
    desk.type("Add two numbers")
    desk.press(Qt.Key.Key_Return)
    assert desk.edit.toPlainText() == ""
    desk.answered()
    assert desk.last.text == ANSWER
    assert server.bodies[0]["messages"] == [{"role": "user", "content": "Add two numbers"}]
    desk.click(Action.COPY_CODE)
    assert clipboard() == CODE
    assert desk.notice == "Code copied."
    assert desk.shown_text() == f"Add two numbers\n\nHere it is:\n\n{CODE}\n\nThat adds."


def test_copying_an_answer_gives_its_markdown(desk: Desktop, server: Talker) -> None:
    server.behave(says(ANSWER))
    desk.ask("Add")
    desk.click(Action.COPY_MESSAGE)
    assert clipboard() == ANSWER
    desk.click(Action.COPY_MESSAGE, 0)
    assert clipboard() == "Add"


def test_shift_enter_breaks_the_line_and_the_setting_turns_it_round(desk: Desktop, server: Talker) -> None:
    desk.type("one")
    desk.press(Qt.Key.Key_Return, SHIFT)
    desk.type("two")
    assert desk.edit.toPlainText() == "one\ntwo"
    assert server.requests == []
    desk.program.settings.set("send_with", "shift-enter")
    desk.press(Qt.Key.Key_Return)
    desk.type("three")
    assert desk.edit.toPlainText() == "one\ntwo\nthree"
    desk.press(Qt.Key.Key_Return, SHIFT)
    desk.answered()
    assert desk.messages[0].text == "one\ntwo\nthree"


def test_blank_prompts_are_not_sent(desk: Desktop) -> None:
    desk.type("   ")
    desk.press(Qt.Key.Key_Return)
    assert desk.session.is_idle
    assert desk.messages == []


def test_the_code_is_coloured(desk: Desktop, server: Talker) -> None:
    server.behave(says(ANSWER))
    desk.program.window.show_theme("light")
    desk.ask("Add")
    keyword = theme.load("light").code_keyword
    desk.until(lambda: has_colour(desk.view.viewport().grab().toImage(), keyword))


def test_the_answer_is_shown_while_it_streams(desk: Desktop, server: Talker, gate: Gate) -> None:
    server.behave(says(ANSWER, gate=gate, before_gate=56))
    desk.type("Add")
    desk.press(Qt.Key.Key_Return)
    desk.streaming("def add")
    assert "return" not in desk.shown_text()
    gate.open()
    desk.answered()
    assert desk.shown_text().endswith("That adds.")


def test_typing_and_sending_go_on_in_the_next_turn(desk: Desktop, server: Talker) -> None:
    server.behave(says("First.", "Second."))
    desk.ask("one")
    desk.ask("two")
    assert [message.text for message in desk.messages] == ["one", "First.", "two", "Second."]
    assert [message["content"] for message in server.bodies[1]["messages"]] == ["one", "First.", "two"]


def test_up_recalls_the_last_prompt_in_an_empty_field_only(desk: Desktop) -> None:
    desk.ask("remember me")
    desk.press(Qt.Key.Key_Up)
    assert desk.edit.toPlainText() == "remember me"
    desk.edit.clear()
    desk.type("x")
    desk.press(Qt.Key.Key_Up)
    assert desk.edit.toPlainText() == "x"


def test_a_suggestion_of_the_empty_window_is_sent(desk: Desktop, server: Talker) -> None:
    from PySide6.QtWidgets import QPushButton

    button = next(b for b in desk.program.window.pane.empty.findChildren(QPushButton) if "login" in b.accessibleName())
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    desk.answered()
    assert desk.messages[0].text == "A login form in HTML and CSS with validation"


# branches


def test_regenerating_keeps_both_answers(desk: Desktop, server: Talker) -> None:
    server.behave(says("First try.", "Second try."))
    desk.ask("Go")
    desk.click(Action.REGENERATE)
    desk.answered()
    assert desk.last.text == "Second try."
    assert desk.session.model.rows[-1].branch == (1, 2)
    assert server.bodies[1]["messages"] == [{"role": "user", "content": "Go"}]
    assert [spot.enabled for spot in desk.spots(Action.NEXT)] == [False]
    desk.click(Action.PREVIOUS)
    assert desk.last.text == "First try."
    assert desk.session.model.rows[-1].branch == (0, 2)
    assert "First try." in desk.shown_text()
    desk.click(Action.NEXT)
    assert desk.last.text == "Second try."
    assert "Second try." in desk.shown_text()


def test_editing_a_prompt_makes_a_branch(desk: Desktop, server: Talker) -> None:
    server.behave(says("About cats.", "About dogs."))
    desk.ask("cats")
    desk.click(Action.EDIT)
    assert desk.edit.toPlainText() == "cats"
    desk.edit.selectAll()
    desk.ask("dogs")
    assert [message.text for message in desk.messages] == ["dogs", "About dogs."]
    assert server.bodies[1]["messages"] == [{"role": "user", "content": "dogs"}]
    desk.click(Action.PREVIOUS, 0)
    assert [message.text for message in desk.messages] == ["cats", "About cats."]
    desk.click(Action.NEXT, 0)
    assert [message.text for message in desk.messages] == ["dogs", "About dogs."]


def test_escape_gives_up_an_edit_and_brings_the_draft_back(desk: Desktop) -> None:
    desk.ask("cats")
    desk.type("half a thought")
    desk.click(Action.EDIT)
    assert desk.edit.toPlainText() == "cats"
    desk.press(Qt.Key.Key_Escape)
    assert desk.edit.toPlainText() == "half a thought"
    desk.press(Qt.Key.Key_Return)
    desk.answered()
    assert [message.text for message in desk.messages if message.role is Role.USER] == ["cats", "half a thought"]


def test_sending_an_edit_brings_the_draft_back(desk: Desktop) -> None:
    desk.ask("cats")
    desk.type("half a thought")
    desk.click(Action.EDIT)
    desk.edit.selectAll()
    desk.ask("dogs")
    assert desk.edit.toPlainText() == "half a thought"
    assert desk.session.conversation.draft == "half a thought"


# stopping


def stop_in_time(desk: Desktop) -> None:
    """Esc ends the answer within a tenth of a second, as the window shows it."""
    begun = time.perf_counter()
    desk.press(Qt.Key.Key_Escape)
    assert desk.session.state is SessionState.IDLE
    desk.view.viewport().repaint()
    assert time.perf_counter() - begun < 0.1
    assert desk.finish() is FinishReason.STOPPED


def test_escape_keeps_what_has_arrived(desk: Desktop, server: Talker, gate: Gate) -> None:
    server.behave(says(ANSWER, gate=gate, before_gate=63))
    desk.type("Add")
    desk.press(Qt.Key.Key_Return)
    desk.streaming("def add")
    stop_in_time(desk)
    kept = desk.last.text
    assert ANSWER.startswith(kept)
    assert "def add" in kept
    server.behave(says("Fine."))
    desk.ask("And now?")
    assert server.bodies[1]["messages"][1] == {"role": "assistant", "content": kept}


def test_stopping_before_the_first_byte(desk: Desktop, server: Talker) -> None:
    server.behave(stalls)
    desk.type("Add")
    desk.press(Qt.Key.Key_Return)
    desk.until(lambda: bool(server.requests))
    assert desk.session.state is SessionState.WAITING
    stop_in_time(desk)
    assert desk.last.text == ""
    desk.until(lambda: server.open_connections == 0)
    server.behave(says("Back."))
    assert desk.ask("Again").text == "Back."
    assert [m["role"] for m in server.bodies[1]["messages"]] == ["user", "user"]


def test_stopping_while_the_server_is_silent_in_mid_answer(desk: Desktop, server: Talker) -> None:
    async def behave(exchange: Exchange) -> None:
        await exchange.send(head(content_type="text/event-stream", transfer_encoding="chunked"))
        await exchange.send(chunk(b'data: {"choices":[{"delta":{"content":"Half an"}}]}\n\n'))
        await exchange.stall()

    server.behave(behave)
    desk.type("Add")
    desk.press(Qt.Key.Key_Return)
    desk.streaming("Half an")
    stop_in_time(desk)
    assert desk.last.text == "Half an"
    desk.until(lambda: server.open_connections == 0)


def test_the_button_stops_as_well_and_text_can_be_written_meanwhile(desk: Desktop, server: Talker, gate: Gate) -> None:
    from PySide6.QtWidgets import QToolButton

    server.behave(says(ANSWER, gate=gate, before_gate=63))
    desk.type("Add")
    desk.press(Qt.Key.Key_Return)
    desk.streaming()
    desk.type("next")
    desk.press(Qt.Key.Key_Return)  # not yet
    assert len(desk.messages) == 2
    assert desk.edit.toPlainText() == "next"
    button = desk.program.window.pane.composer.findChild(QToolButton, "sendButton")
    assert isinstance(button, QToolButton)
    assert button.accessibleName() == "Stop (Esc)"
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert desk.finish() is FinishReason.STOPPED
    assert button.accessibleName() == "Send"
    assert desk.edit.toPlainText() == "next"


# following


def test_the_view_follows_until_the_user_scrolls_up(desk: Desktop, server: Talker, gate: Gate) -> None:
    half = len(LONG) // 2
    server.behave(says(LONG, gate=gate, before_gate=half))
    desk.type("Long")
    desk.press(Qt.Key.Key_Return)
    desk.streaming("Paragraph 25")
    bar = desk.view.verticalScrollBar()
    desk.until(lambda: bar.value() == bar.maximum() > 0)  # the bar follows a moment later
    desk.view.setFocus()
    QTest.keyClick(desk.view, Qt.Key.Key_PageUp)
    place = bar.value()
    assert place < bar.maximum()
    gate.open()
    desk.answered()
    assert bar.value() == place
    QTest.keyClick(desk.view, Qt.Key.Key_End)
    assert bar.value() == bar.maximum()
    server.behave(says(LONG))
    desk.ask("More")
    assert bar.value() == bar.maximum()


# several conversations


def test_switching_away_and_back_shows_all_of_a_streaming_answer(desk: Desktop, server: Talker, gate: Gate) -> None:
    server.behave(says("Other.", LONG, gate=None))
    desk.ask("Other conversation")
    other = desk.session.conversation.id
    desk.program.workspace.new()
    middle = Gate()

    async def behave(exchange: Exchange) -> None:
        await exchange.send(head(content_type="text/event-stream", transfer_encoding="chunked"))
        for number, piece in enumerate(("one ", "two ", "three ", "four")):
            if number == 2:
                await middle.passed()
            if number == 3:
                await gate.passed()
            await exchange.send(chunk(b'data: {"choices":[{"delta":{"content":"%s"}}]}\n\n' % piece.encode()))
        await exchange.send(chunk(b"data: [DONE]\n\n") + chunk(b""))

    server.behave(behave)
    desk.type("Count")
    desk.press(Qt.Key.Key_Return)
    desk.streaming("one two")
    writing = desk.session
    counting = writing.conversation.id
    desk.program.workspace.open(other)
    desk.until(lambda: desk.session.conversation.id == other)
    with desk.bot.waitSignal(writing.model.text_appended, timeout=PATIENCE):
        middle.open()
    desk.program.workspace.open(counting)
    desk.until(lambda: desk.session.conversation.id == counting)
    desk.streaming("one two three")
    gate.open()
    desk.answered()
    assert desk.last.text == "one two three four"
    assert desk.shown_text() == "Count\n\none two three four"


def test_an_answer_goes_on_behind_another_conversation(desk: Desktop, server: Talker, gate: Gate) -> None:
    server.behave(says(LONG, gate=gate, before_gate=70))
    desk.type("Long")
    desk.press(Qt.Key.Key_Return)
    desk.streaming("Paragraph 0")
    writing = desk.session.conversation.id
    desk.program.workspace.new()
    assert desk.session.conversation.id != writing
    gate.open()
    desk.until(lambda: desk.program.workspace.is_quiet)
    assert "Long" in desk.notice
    desk.program.workspace.open(writing)
    desk.until(lambda: desk.session.conversation.id == writing)
    assert desk.last.text == LONG
    assert desk.finish() is FinishReason.STOP


def test_a_failure_behind_another_conversation_is_told(desk: Desktop, server: Talker, gate: Gate) -> None:
    async def behave(exchange: Exchange) -> None:
        await gate.passed()
        await exchange.reply({"error": {"message": "No luck."}}, 500)

    server.behave(behave)
    desk.type("Go")
    desk.press(Qt.Key.Key_Return)
    desk.until(lambda: bool(server.requests))
    failing = desk.session.conversation.id
    desk.program.workspace.new()
    gate.open()
    desk.until(lambda: "failed" in desk.notice)
    assert "No luck." in desk.notice
    desk.program.workspace.open(failing)
    desk.until(lambda: desk.session.conversation.id == failing)
    assert desk.finish() is FinishReason.FAILED


def test_drafts_belong_to_their_conversation(desk: Desktop) -> None:
    desk.ask("first")
    first = desk.session.conversation.id
    desk.type("draft of the first")
    desk.program.workspace.new()
    assert desk.edit.toPlainText() == ""
    desk.ask("second")
    desk.type("draft of the second")
    second = desk.session.conversation.id
    desk.program.workspace.open(first)
    desk.until(lambda: desk.session.conversation.id == first)
    assert desk.edit.toPlainText() == "draft of the first"
    desk.program.workspace.open(second)
    desk.until(lambda: desk.session.conversation.id == second)
    assert desk.edit.toPlainText() == "draft of the second"


def test_the_footer_tells_how_the_answer_came_about(open_program: Open, server: Talker) -> None:
    from coderapp.widgets.conversation import captions

    desk = open_program(coder_profile(server.coder_url, stream=True), keys=_with_key())
    desk.session.set_parameter("temperature", 0.5)
    desk.ask("Go")
    words = captions.footer(desk.session.model.rows[-1])
    assert "Mine" in words
    assert "temperature 0.5" in words
    assert "3 → 5 tokens" in words
    assert captions.author(desk.session.model.rows[-1]) == "talker-1"


def _with_key() -> object:
    from coderapp.core.secret import Secret
    from coderapp.storage.keys import MemoryKeyStore

    keys = MemoryKeyStore()
    keys.set("mine", Secret("k-123"))
    return keys
