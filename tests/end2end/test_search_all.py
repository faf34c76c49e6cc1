"""Searching every conversation in the whole program, by keys."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QListView, QWidget

from coderapp.qt.search_model import SearchModel
from coderapp.widgets.conversation.hot_spots import Action
from tests.helpers.desktop import Desktop
from tests.helpers.talker import Gate, Talker, says

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def field(desk: Desktop) -> QLineEdit:
    frame = desk.program.window.history.findChild(QWidget, "searchField")
    assert isinstance(frame, QWidget)
    found = frame.findChild(QLineEdit)
    assert isinstance(found, QLineEdit)
    return found


def found(desk: Desktop) -> list[tuple[str, str]]:
    """(conversation's title, snippet) of each result that is shown."""
    shown = desk.program.window.history.findChild(QListView, "searchList")
    assert isinstance(shown, QListView)
    model = shown.model()
    assert isinstance(model, SearchModel)
    hits = [model.hit(row) for row in range(model.rowCount())] if shown.isVisible() else []
    return [(hit.title, hit.snippet) for hit in hits]


def look_for(desk: Desktop, words: str) -> QLineEdit:
    desk.press(Qt.Key.Key_F, CONTROL | SHIFT)
    edit = field(desk)
    assert edit.hasFocus()
    QTest.keyClicks(edit, words)
    return edit


def test_from_words_to_the_message_and_back_to_the_list(desk: Desktop, server: Talker) -> None:
    server.behave(says("With `useEffect(() => {})`."))
    desk.ask("How do hooks clean up?")
    first, answer = desk.session.conversation.id, desk.last.id
    desk.program.workspace.new()
    server.behave(says("Purring."))
    desk.ask("And cats?")
    edit = look_for(desk, "useeff")
    desk.until(lambda: [title for title, _ in found(desk)] == ["How do hooks clean up?"])
    QTest.keyClick(edit, Qt.Key.Key_Return)
    desk.until(lambda: desk.session.conversation.id == first and desk.view.marks.current >= 0)
    row, block, start, end = desk.view.marks[desk.view.marks.current]
    assert desk.session.model.rows[row].message.id == answer
    assert desk.view._layout.item(row).body.item(block).text()[start:end].casefold().startswith("useeff")
    edit.setFocus()
    QTest.keyClick(edit, Qt.Key.Key_Escape)
    assert not found(desk)
    listed = desk.program.window.history.findChild(QListView, "historyList")
    assert isinstance(listed, QListView)
    assert listed.isVisible()
    assert desk.edit.hasFocus()


def test_escape_in_the_search_does_not_stop_the_answer(desk: Desktop, server: Talker) -> None:
    gate = Gate()
    server.behave(says("Some words and more.", gate=gate, before_gate=14))
    desk.type("Go")
    desk.press(Qt.Key.Key_Return)
    desk.streaming("Some words")
    edit = look_for(desk, "go")
    QTest.keyClick(edit, Qt.Key.Key_Escape)
    assert not desk.session.is_idle
    gate.open()
    desk.answered()
    assert desk.last.text == "Some words and more."


def test_starred_messages_by_one_click(desk: Desktop) -> None:
    desk.ask("Hello")
    desk.click(Action.STAR)
    edit = look_for(desk, "")
    chip = next(
        button
        for button in desk.program.window.history.findChildren(QWidget)
        if button.accessibleName().startswith("Starred messages")
    )
    QTest.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert edit.text() == "is:starred"
    desk.until(lambda: [snippet for _, snippet in found(desk)] == ["Fine."])
    current = desk.program.window._search.results.current
    assert current is not None
    assert (current.role, current.model) == ("assistant", "talker-1")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    desk.until(desk.view.hasFocus)


def test_a_hidden_sidebar_comes_back_for_it(desk: Desktop) -> None:
    window = desk.program.window
    window.toggle_history()
    assert not window.history.isVisible()
    look_for(desk, "x")
    assert window.history.isVisible()
