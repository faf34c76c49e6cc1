"""Long and odd texts in the composer's field: what comes out is what was put in, whatever was done to it between."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from coderapp.widgets.composer_edit import PromptEdit
from coderapp.widgets.composer_pieces import LONGEST_PIECE, PIECE, Break

CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier

ODD = "\n\r\u2028\u2029\ufdd0\ufdd1\0\t \u00a0\ufffc\ufeff\u200d"
"""Ends of lines of every kind, and what Qt gives a meaning of its own."""

letters = st.characters(exclude_categories=["Cs"]) | st.sampled_from(ODD)
texts = st.text(letters, max_size=40)
long_texts = st.lists(
    st.tuples(
        texts, st.sampled_from(["", "a", "word ", "e\u0301", "漢", "😀", "x\r", "y\u2029"]), st.integers(0, 4000)
    ),
    max_size=3,
).map(lambda rows: "".join(text + unit * count for text, unit, count in rows))

MEGABYTE = {
    "lines": "def f(x): return x + 1  # some code\n" * 27_000,
    "one line": "a word and another " * 52_000,
    "one word": "abcdefghij" * 100_000,
}


@pytest.fixture
def edit(qtbot: QtBot) -> Iterator[PromptEdit]:
    made = PromptEdit()
    made.resize(500, 200)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture(scope="module")
def bare() -> Iterator[PromptEdit]:
    """One for many examples; never shown."""
    made = PromptEdit()
    yield made
    made.deleteLater()


def settle(edit: PromptEdit) -> None:
    while edit.content.is_busy:
        QTest.qWait(0)


def put(edit: PromptEdit, text: str) -> None:
    edit.content.replace(text)
    settle(edit)


def stand(edit: PromptEdit, start: int, end: int | None = None) -> None:
    cursor = edit.textCursor()
    cursor.setPosition(start)
    cursor.setPosition(start if end is None else end, QTextCursor.MoveMode.KeepAnchor)
    edit.setTextCursor(cursor)


def longest_block(edit: PromptEdit) -> int:
    block = edit.document().begin()
    longest = 0
    while block.isValid():
        longest = max(longest, block.length())
        block = block.next()
    return longest


@pytest.mark.usefixtures("qtbot")
@given(texts | long_texts)
@settings(max_examples=150)
def test_any_text_comes_back(bare: PromptEdit, text: str) -> None:
    bare.content.replace(text)
    assert bare.content.text() == text
    settle(bare)
    assert bare.content.text() == text
    assert longest_block(bare) <= 2 * LONGEST_PIECE + 1


@pytest.mark.usefixtures("qtbot")
@given(texts, long_texts, texts)
@settings(max_examples=60)
def test_any_text_is_pasted_and_taken_back(bare: PromptEdit, before: str, pasted: str, after: str) -> None:
    put(bare, before)
    place = bare.document().characterCount() - 1
    put(bare, before + after)
    stand(bare, min(place, bare.document().characterCount() - 1))
    first = bare.content.between(0, bare.textCursor().position())
    rest = (before + after)[len(first) :]
    bare.content.insert(pasted)
    assert bare.content.text() == first + pasted + rest
    settle(bare)
    assert bare.content.text() == first + pasted + rest
    if pasted:
        bare.undo()
        assert bare.content.text() == before + after
        bare.redo()
        assert bare.content.text() == first + pasted + rest


steps = st.lists(
    st.tuples(
        st.sampled_from(["type", "enter", "delete", "backspace", "cut", "paste", "undo", "redo"]),
        st.floats(0, 1),
        st.floats(0, 1),
        st.sampled_from(["x", "word ", "\n", "ab\ncd", "\r\n", "z" * (PIECE + 7), "\n\n", "q\u2029"]),
    ),
    max_size=14,
)


@pytest.mark.usefixtures("qtbot")
@given(st.lists(st.sampled_from(["", "abc", "\n", "\r\n", "y" * (LONGEST_PIECE + 50), "one two"]), max_size=6), steps)
@settings(max_examples=60)
def test_editing_does_to_the_text_what_it_does_to_a_string(
    bare: PromptEdit, start: list[str], todo: list[tuple[str, float, float, str]]
) -> None:
    """Against a string that is edited the same way; a cursor between two characters of a CR LF is not tried."""
    text = "".join(start)
    put(bare, text)
    undone: list[str] = []
    for what, at, to, word in todo:
        size = bare.document().characterCount() - 1
        first, last = sorted((round(at * size), round(to * size)))
        head, chosen = bare.content.between(0, first), bare.content.between(first, last)
        tail = text[len(head) + len(chosen) :]
        assert head + chosen + tail == text
        stand(bare, first, last if what in ("cut", "type", "paste") else None)
        rest = chosen + tail
        match what:
            case "type":
                QTest.keyClicks(bare, "k")
                text = f"{head}k{tail}"
            case "enter":
                QTest.keyClick(bare, Qt.Key.Key_Return, SHIFT)
                text = f"{head}\n{rest}"
            case "delete":
                QTest.keyClick(bare, Qt.Key.Key_Delete)
                text = head + rest[2 if rest.startswith("\r\n") else 1 :]
            case "backspace":
                QTest.keyClick(bare, Qt.Key.Key_Backspace)
                text = head[: -2 if head.endswith("\r\n") else -1] + rest
            case "cut":
                bare.textCursor().removeSelectedText()
                text = head + tail
            case "paste":
                bare.content.insert(word)
                settle(bare)
                text = head + word + tail
            case "undo":
                undone.append(text)
                bare.undo()
                text = bare.content.text()
                bare.redo()
                assert bare.content.text() == undone[-1], (start, todo)
                text = undone[-1]
            case _:
                bare.redo()
        assert bare.content.text() == text, (what, start, todo)
        assert longest_block(bare) <= 2 * LONGEST_PIECE + 1


@pytest.mark.parametrize("shape", MEGABYTE)
def test_a_megabyte_comes_in_slices_and_out_unchanged(edit: PromptEdit, shape: str) -> None:
    text = MEGABYTE[shape]
    edit.content.replace(text)
    assert edit.content.is_busy
    assert edit.document().characterCount() < len(text) // 2  # the rest comes later
    assert edit.content.text() == text
    settle(edit)
    assert edit.content.text() == text
    assert edit.textCursor().atEnd()
    assert longest_block(edit) <= 2 * LONGEST_PIECE + 1
    QTest.keyClicks(edit, "!")
    assert edit.content.text() == f"{text}!"


def test_keys_that_come_while_text_is_put_in_wait_for_it(qtbot: QtBot, edit: PromptEdit) -> None:
    edit.content.replace(MEGABYTE["lines"])
    QTest.keyClicks(edit, "late")
    QTest.keyClick(edit, Qt.Key.Key_Return, SHIFT)
    QTest.keyClicks(edit, "r")
    with qtbot.assertNotEmitted(edit.escaped, wait=0):
        assert edit.content.text() == MEGABYTE["lines"]
    with qtbot.waitSignal(edit.escaped, timeout=1000):
        QTest.keyClick(edit, Qt.Key.Key_Escape)
    settle(edit)
    assert edit.content.text() == MEGABYTE["lines"] + "late\nr"


def test_enter_waits_too_and_sends_all(qtbot: QtBot, edit: PromptEdit) -> None:
    edit.content.replace(MEGABYTE["one word"])
    with qtbot.waitSignal(edit.submitted, timeout=5000):
        QTest.keyClick(edit, Qt.Key.Key_Return)
        assert edit.content.is_busy
    assert edit.content.text() == MEGABYTE["one word"]


def test_a_long_line_is_one_line_for_the_keys(edit: PromptEdit) -> None:
    line = "abcdefghi " * 1000
    put(edit, line)
    boundary = edit.document().begin().length() - 1
    assert edit.document().blockCount() > 3
    stand(edit, boundary + 1)  # the beginning of the second piece
    QTest.keyClick(edit, Qt.Key.Key_Backspace)
    line = line[: boundary - 1] + line[boundary:]
    assert edit.content.text() == line
    stand(edit, boundary - 1)  # the end of the first
    QTest.keyClick(edit, Qt.Key.Key_Delete)
    line = line[: boundary - 1] + line[boundary:]
    assert edit.content.text() == line
    stand(edit, boundary - 2)
    for _ in range(2):
        QTest.keyClick(edit, Qt.Key.Key_Right)
    QTest.keyClicks(edit, "|")
    assert edit.content.text() == f"{line[:boundary]}|{line[boundary:]}"
    for _ in range(3):
        QTest.keyClick(edit, Qt.Key.Key_Left)
    QTest.keyClicks(edit, "/")
    assert edit.content.text() == f"{line[: boundary - 2]}/{line[boundary - 2 : boundary]}|{line[boundary:]}"
    stand(edit, boundary - 4)
    QTest.keyClick(edit, Qt.Key.Key_Return, SHIFT)
    assert edit.content.text().count("\n") == 1


def test_copy_gives_the_text_as_it_is(edit: PromptEdit) -> None:
    text = f"a\u00a0b\r\n{'long ' * 1500}\u2028end"
    put(edit, text)
    QTest.keyClick(edit, Qt.Key.Key_A, CONTROL)
    QTest.keyClick(edit, Qt.Key.Key_C, CONTROL)
    assert QGuiApplication.clipboard().text() == text
    QTest.keyClick(edit, Qt.Key.Key_X, CONTROL)
    assert edit.content.text() == ""
    QTest.keyClick(edit, Qt.Key.Key_V, CONTROL)
    settle(edit)
    assert edit.content.text() == text
    QTest.keyClick(edit, Qt.Key.Key_Z, CONTROL)
    assert edit.content.text() == ""


def test_a_line_that_grows_under_the_keys_is_cut_and_undone_as_one_step(edit: PromptEdit) -> None:
    put(edit, "y" * LONGEST_PIECE)
    assert edit.document().blockCount() == 1
    QTest.keyClicks(edit, "z")
    assert edit.document().blockCount() == 2
    assert edit.content.text() == "y" * LONGEST_PIECE + "z"
    edit.undo()
    assert edit.content.text() == "y" * LONGEST_PIECE
    edit.redo()
    assert edit.content.text() == "y" * LONGEST_PIECE + "z"


def test_a_megabyte_that_was_deleted_comes_back(edit: PromptEdit) -> None:
    put(edit, MEGABYTE["lines"])
    QTest.keyClick(edit, Qt.Key.Key_A, CONTROL)
    QTest.keyClick(edit, Qt.Key.Key_Delete)
    assert edit.content.text() == ""
    QTest.keyClick(edit, Qt.Key.Key_Z, CONTROL)
    assert edit.content.text() == MEGABYTE["lines"]


def test_letters_are_not_parted_from_their_marks(edit: PromptEdit) -> None:
    put(edit, "xe\u0301\u0302" * 4000)
    block = edit.document().begin().next()
    while block.isValid():
        assert block.text()[0] in "xe"
        block = block.next()


def test_what_can_be_undone_is_bounded(edit: PromptEdit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coderapp.widgets.composer_text.UNDO_CHARACTERS", 1000)
    put(edit, "start ")
    QTest.keyClicks(edit, "a")
    assert edit.document().isUndoAvailable()
    edit.content.insert("b" * 2000)
    QTest.keyClicks(edit, "c")
    assert not edit.document().isUndoAvailable()


def test_blank_is_told_without_reading_all(edit: PromptEdit) -> None:
    for text, blank in (("", True), (" \n\t\n", True), (" \n x", False), ("\n" * 1000, False)):
        put(edit, text)
        assert edit.content.seems_blank() is blank


@pytest.mark.parametrize(("text", "shown"), [("a\ud83db", "a\ufffdb"), ("\udc00", "\ufffd"), ("\ud83d\ude00", "😀")])
def test_half_characters_are_seen(edit: PromptEdit, text: str, shown: str) -> None:
    put(edit, text)
    assert edit.content.text() == shown


def test_a_drop_is_taken_as_a_paste(edit: PromptEdit) -> None:
    data = QMimeData()
    data.setText("dropped\r\ntext")
    assert edit.canInsertFromMimeData(data)
    edit.insertFromMimeData(data)
    assert edit.content.text() == "dropped\r\ntext"
    assert len(Break) == 7
