"""Writing prompts: keys, growth, the button, drafts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QToolButton
from pytestqt.qtbot import QtBot

from coderapp.qt import theme
from coderapp.widgets.composer import Composer

SHIFT = Qt.KeyboardModifier.ShiftModifier


class Bench:
    def __init__(self) -> None:
        self.composer = Composer(theme.load("light"))
        self.composer.set_enter_sends(True)
        self.composer.resize(500, 200)
        self.sent: list[tuple[str, str]] = []
        self.drafts: list[str] = []
        self.composer.sent.connect(lambda text: self.sent.append((text, self.composer.editing)))
        self.composer.draft_changed.connect(lambda text, files: self.drafts.append(text))

    @property
    def edit(self) -> QPlainTextEdit:
        found = self.composer.findChild(QPlainTextEdit)
        assert isinstance(found, QPlainTextEdit)
        return found

    @property
    def button(self) -> QToolButton:
        found = self.composer.findChild(QToolButton, "sendButton")
        assert isinstance(found, QToolButton)
        return found

    def type(self, text: str) -> None:
        QTest.keyClicks(self.edit, text)

    def press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.keyClick(self.edit, key, modifiers)


@pytest.fixture
def bench(qtbot: QtBot) -> Iterator[Bench]:
    made = Bench()
    with qtbot.waitExposed(made.composer):
        made.composer.show()
    yield made
    made.composer.close()
    made.composer.deleteLater()


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_enter_sends(bench: Bench, key: Qt.Key) -> None:
    bench.type("hello")
    bench.press(key)
    assert bench.sent == [("hello", "")]
    assert bench.edit.toPlainText() == ""


def test_control_enter_always_sends(bench: Bench) -> None:
    for enter_sends in (True, False):
        bench.composer.set_enter_sends(enter_sends)
        bench.type("x")
        bench.press(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert len(bench.sent) == 2


def test_the_placeholder_says_which_key_sends(bench: Bench) -> None:
    assert "(Enter sends)" in bench.edit.placeholderText()
    bench.composer.set_enter_sends(False)
    assert "(Shift+Enter sends)" in bench.edit.placeholderText()


def test_it_grows_with_its_lines_up_to_a_bound(bench: Bench) -> None:
    heights = [bench.edit.height()]
    for _ in range(30):
        bench.press(Qt.Key.Key_Return, SHIFT)
        heights.append(bench.edit.height())
    assert heights[1] > heights[0]
    assert heights == sorted(heights)
    assert heights[-1] == heights[-10]
    bench.edit.clear()
    assert bench.edit.height() == heights[0]


def test_a_long_line_wraps_and_grows_it(bench: Bench) -> None:
    before = bench.edit.height()
    bench.type("word " * 60)
    assert bench.edit.height() > before


def test_the_button_is_ready_when_there_is_text(bench: Bench) -> None:
    assert not bench.button.isEnabled()
    bench.type(" ")
    assert not bench.button.isEnabled()
    bench.type("x")
    assert bench.button.isEnabled()
    QTest.mouseClick(bench.button, Qt.MouseButton.LeftButton)
    assert bench.sent == [(" x", "")]
    assert not bench.button.isEnabled()


def test_while_busy_the_button_and_escape_stop(qtbot: QtBot, bench: Bench) -> None:
    bench.composer.set_busy(True)
    bench.type("next")
    bench.press(Qt.Key.Key_Return)
    assert bench.sent == []
    with qtbot.waitSignal(bench.composer.stop_requested, timeout=1000):
        QTest.mouseClick(bench.button, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(bench.composer.stop_requested, timeout=1000):
        bench.press(Qt.Key.Key_Escape)
    bench.composer.set_busy(False)
    assert bench.edit.toPlainText() == "next"
    with qtbot.assertNotEmitted(bench.composer.stop_requested):
        bench.press(Qt.Key.Key_Escape)


def test_drafts_are_told_when_typing_pauses(qtbot: QtBot, bench: Bench) -> None:
    with qtbot.waitSignal(bench.composer.typing_began, timeout=1000):
        bench.type("a")
    bench.type("b")
    assert bench.drafts == []
    qtbot.waitUntil(lambda: bench.drafts == ["ab"], timeout=2000)
    bench.type("c")
    bench.composer.report_draft()
    assert bench.drafts == ["ab", "abc"]


def test_a_shown_draft_is_not_told_back(qtbot: QtBot, bench: Bench) -> None:
    with qtbot.assertNotEmitted(bench.composer.draft_changed, wait=700):
        bench.composer.show_draft("of another conversation")
    assert bench.edit.toPlainText() == "of another conversation"


def test_editing_shows_itself_and_ends(qtbot: QtBot, bench: Bench) -> None:
    def banner() -> bool:
        return any("Editing" in label.text() and label.isVisible() for label in bench.composer.findChildren(QLabel))

    assert not banner()
    bench.composer.edit_message("m1", "old words")
    assert banner()
    bench.press(Qt.Key.Key_End)
    bench.type("!")
    with qtbot.waitSignal(bench.composer.editing_ended, timeout=1000):
        bench.press(Qt.Key.Key_Return)
    assert bench.sent == [("old words!", "m1")]
    assert not banner()
    assert bench.composer.editing == ""
    bench.composer.edit_message("m1", "old words")
    with qtbot.waitSignal(bench.composer.editing_ended, timeout=1000):
        bench.press(Qt.Key.Key_Escape)
    assert len(bench.sent) == 1


def test_up_in_text_moves_the_cursor(bench: Bench) -> None:
    bench.composer.set_last_prompt("earlier")
    bench.press(Qt.Key.Key_Up)
    assert bench.edit.toPlainText() == "earlier"
    assert bench.edit.textCursor().atEnd()
    bench.press(Qt.Key.Key_Return, SHIFT)
    bench.type("two")
    bench.press(Qt.Key.Key_Up)
    assert bench.edit.toPlainText() == "earlier\ntwo"
    assert bench.edit.textCursor().blockNumber() == 0


def test_tab_leaves_the_field(bench: Bench) -> None:
    bench.composer.activateWindow()
    bench.edit.setFocus()
    bench.type("x")
    bench.press(Qt.Key.Key_Tab)
    assert bench.edit.toPlainText() == "x"
    assert bench.button.hasFocus()
