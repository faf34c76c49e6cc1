"""Writing prompts: keys, growth, the button, drafts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from coderapp.core.errors import CoderappError, StorageError
from coderapp.core.message import FilePart
from coderapp.qt import theme
from coderapp.widgets.composer import Composer
from coderapp.widgets.composer_chips import Chip
from coderapp.widgets.composer_edit import LONG_TEXT
from coderapp.widgets.composer_offer import PasteOffer

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
    in_use = bench.composer.is_in_use
    assert in_use
    qtbot.waitUntil(lambda: bench.drafts == ["ab"], timeout=2000)
    assert not bench.composer.is_in_use
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


# long texts and files


def copied(text: str) -> None:
    QGuiApplication.clipboard().setText(text)


def paste(bench: Bench) -> None:
    bench.edit.setFocus()
    QTest.keyClick(bench.edit, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)


def offer(bench: Bench) -> PasteOffer | None:
    found = bench.composer.findChild(PasteOffer)
    return found if isinstance(found, PasteOffer) and found.isVisible() else None


def choose(bench: Bench, label: str) -> None:
    for button in bench.composer.findChildren(QPushButton):
        if button.text() == label and button.isVisible():
            QTest.mouseClick(button, Qt.MouseButton.LeftButton)
            return
    raise AssertionError(f"no button {label}")


def chips(bench: Bench) -> list[Chip]:
    return [chip for chip in bench.composer.findChildren(Chip) if chip.isVisible()]


LONG = "a line of text\n" * 15_000


def test_a_text_that_is_not_long_is_pasted(qtbot: QtBot, bench: Bench) -> None:
    text = LONG[:LONG_TEXT]
    copied(text)
    paste(bench)
    qtbot.waitUntil(lambda: bench.composer.text() == text, timeout=5000)
    assert offer(bench) is None


def test_a_long_text_is_offered_as_a_file(bench: Bench) -> None:
    copied(LONG)
    paste(bench)
    shown = offer(bench)
    assert shown is not None
    assert shown.sentence == "The pasted text is long (225.0 KB, 15,000 lines)."
    assert bench.composer.text() == ""
    choose(bench, "Attach as a file")
    assert offer(bench) is None
    assert bench.composer.files == (FilePart("pasted.txt", "text/plain", LONG),)
    assert [chip.accessibleName() for chip in chips(bench)] == ["Attached file pasted.txt, 225.0 KB, 15,000 lines"]
    assert bench.button.isEnabled()
    paste(bench)
    choose(bench, "Attach as a file")
    assert [file.name for file in bench.composer.files] == ["pasted.txt", "pasted-2.txt"]


def test_ten_megabytes_are_offered_but_not_for_the_field(bench: Bench) -> None:
    copied("x" * 79 + "\n" + "0123456789\n" * 909_084)
    paste(bench)
    shown = offer(bench)
    assert shown is not None
    assert shown.sentence == "The pasted text is long (10.0 MB, 909,085 lines)."
    assert not [b for b in bench.composer.findChildren(QPushButton) if b.isVisible() and "Paste" in b.text()]
    choose(bench, "Discard")
    assert (bench.composer.text(), bench.composer.files) == ("", ())


def test_a_long_text_can_be_pasted_all_the_same(qtbot: QtBot, bench: Bench) -> None:
    copied(LONG)
    bench.type("ab")
    bench.press(Qt.Key.Key_Left)
    paste(bench)
    choose(bench, "Paste into the prompt")
    qtbot.waitUntil(lambda: bench.composer.text() == f"a{LONG}b", timeout=5000)


def test_the_offer_is_answered_by_keys(bench: Bench) -> None:
    bench.composer.activateWindow()
    copied(LONG)
    paste(bench)
    focused = bench.composer.focusWidget()
    assert isinstance(focused, QPushButton)
    assert focused.text() == "Attach as a file"
    QTest.keyClick(focused, Qt.Key.Key_Return)
    assert len(bench.composer.files) == 1
    assert bench.edit.hasFocus()
    paste(bench)
    focused = bench.composer.focusWidget()
    assert focused is not None
    QTest.keyClick(focused, Qt.Key.Key_Escape)
    assert offer(bench) is None
    assert len(bench.composer.files) == 1


def test_an_offer_outlives_a_prompt_that_is_sent_meanwhile(bench: Bench) -> None:
    bench.type("first")
    copied(LONG)
    paste(bench)
    bench.press(Qt.Key.Key_Return)
    assert bench.sent == [("first", "")]
    assert offer(bench) is not None


def test_chips_are_reached_and_removed_by_keys(bench: Bench) -> None:
    bench.composer.activateWindow()
    reported: list[tuple[str, int]] = []
    bench.composer.draft_changed.connect(lambda text, files: reported.append((text, len(files))))
    for text in ("one", "two"):
        bench.composer.attach_text(text)
    bench.type("words")
    assert reported == [("", 1), ("", 2)]
    bench.edit.setFocus()
    bench.press(Qt.Key.Key_Backtab)
    focused = bench.composer.focusWidget()
    assert isinstance(focused, QToolButton)
    assert focused.accessibleName() == "Remove pasted-2.txt"
    QTest.keyClick(focused, Qt.Key.Key_Backtab)
    focused = bench.composer.focusWidget()
    assert isinstance(focused, QToolButton)
    assert focused.accessibleName() == "Remove pasted.txt"
    QTest.keyClick(focused, Qt.Key.Key_Delete)
    assert [file.name for file in bench.composer.files] == ["pasted-2.txt"]
    focused = bench.composer.focusWidget()
    assert isinstance(focused, QToolButton)
    QTest.keyClick(focused, Qt.Key.Key_Return)
    assert bench.composer.files == ()
    assert bench.edit.hasFocus()
    assert reported[-1] == ("words", 0)


def test_files_are_sent_with_the_words_and_gone(bench: Bench) -> None:
    sent: list[tuple[str, tuple[FilePart, ...]]] = []
    bench.composer.sent.connect(lambda text, files: sent.append((text, files)))
    bench.composer.attach_text("one")
    bench.type("Why?")
    bench.press(Qt.Key.Key_Return)
    bench.composer.attach_text("two")
    bench.press(Qt.Key.Key_Return)
    file = FilePart("pasted.txt", "text/plain", "one")
    assert sent == [("Why?", (file,)), ("", (FilePart("pasted.txt", "text/plain", "two"),))]
    assert bench.composer.files == ()
    assert not chips(bench)
    assert not bench.button.isEnabled()


def test_each_draft_has_its_own_files(bench: Bench) -> None:
    file = FilePart("a.txt", "text/plain", "x")
    bench.composer.attach_text("one")
    bench.composer.show_draft("other", (file,))
    assert [each.name for each in bench.composer.files] == ["a.txt"]
    bench.composer.edit_message("m1", "old", ())
    assert not bench.composer.files
    copied(LONG)
    paste(bench)
    assert offer(bench) is not None
    bench.composer.show_draft("third")
    assert offer(bench) is None


def test_a_long_draft_is_told_whole_while_it_is_put_in(bench: Bench) -> None:
    draft = "one word after another " * 40_000
    bench.composer.show_draft(draft)
    bench.composer.report_draft()
    assert bench.drafts == [draft]


def test_bounds_on_files_are_told(bench: Bench) -> None:
    told: list[str] = []
    bench.composer.complained.connect(told.append)
    bench.composer.attach_text("x" * 20_000_001)
    assert told == ["pasted.txt was not attached: a file may have 20.0 MB, all together 50.0 MB."]
    for _ in range(21):
        bench.composer.attach_text("x")
    assert len(bench.composer.files) == 20
    assert told[1:] == ["A prompt takes at most 20 files; the others were not attached."]
    bench.composer.attach_files(["/a"])
    assert told[2:] == ["Files can't be attached here."]


def test_dropped_files_are_read_and_attached(bench: Bench, tmp_path: Path) -> None:
    told: list[str] = []
    bench.composer.complained.connect(told.append)
    waiting: list[tuple[str, Callable[[FilePart], None], Callable[[CoderappError], None]]] = []
    bench.composer.set_file_reader(lambda path, done, failed: waiting.append((path, done, failed)))
    data = QMimeData()
    paths = [str(tmp_path / name) for name in ("a.txt", "b.bin")]
    data.setUrls([QUrl.fromLocalFile(path) for path in paths])
    data.setText("file:///…")
    assert bench.edit.canInsertFromMimeData(data)
    bench.edit.insertFromMimeData(data)
    assert bench.composer.text() == ""
    assert [path for path, _, _ in waiting] == paths
    waiting[0][1](FilePart("a.txt", "text/plain", "A"))
    waiting[1][2](StorageError("b.bin is no text.", advice="Choose another."))
    assert [file.name for file in bench.composer.files] == ["a.txt"]
    assert told == ["b.bin is no text. Choose another."]
    bench.composer.show_draft("of another conversation")
    waiting[0][1](FilePart("a.txt", "text/plain", "A"))
    assert bench.composer.files == ()
    assert told[1:] == ["a.txt was not attached: the prompt is another one by now."]


def test_chips_take_as_many_rows_as_they_need(qtbot: QtBot, bench: Bench) -> None:
    bench.composer.resize(500, 600)
    for number in range(6):
        bench.composer.attach_text("x" * number)
    QTest.qWait(0)
    rows = {chip.y() for chip in chips(bench)}
    assert len(rows) > 1
    frame = chips(bench)[0].parentWidget()
    assert frame is not None
    assert all(frame.rect().contains(chip.geometry()) for chip in chips(bench))
