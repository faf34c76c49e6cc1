"""The list of conversations and the line of notices, alone."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QListView, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from coderapp.qt import theme
from coderapp.qt.history_model import HistoryEntry, HistoryModel
from coderapp.widgets import notice_bar
from coderapp.widgets.history_sidebar import HistorySidebar, ago
from coderapp.widgets.notice_bar import NoticeBar

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def model(qtbot: QtBot) -> HistoryModel:
    made = HistoryModel()
    made.reset([HistoryEntry("a", "Alpha", 2), HistoryEntry("b", "Beta", 1)])
    return made


@pytest.fixture
def sidebar(qtbot: QtBot, model: HistoryModel) -> Iterator[HistorySidebar]:
    made = HistorySidebar(theme.load("light"), model)
    made.resize(240, 400)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.close()
    made.deleteLater()


def list_of(sidebar: HistorySidebar) -> QListView:
    found = sidebar.findChild(QListView)
    assert isinstance(found, QListView)
    return found


def click_row(sidebar: HistorySidebar, row: int) -> None:
    """The conversation at a place of the list, headers not counted."""
    view = list_of(sidebar)
    at = view.visualRect(view.model().index(row + 1, 0, QModelIndex())).center()
    QTest.mouseClick(view.viewport(), LEFT, Qt.KeyboardModifier.NoModifier, at)


def test_a_click_opens(qtbot: QtBot, sidebar: HistorySidebar) -> None:
    with qtbot.waitSignal(sidebar.open_requested, timeout=1000) as wanted:
        click_row(sidebar, 1)
    assert wanted.args == ["b"]


def test_keys_move_and_enter_opens(qtbot: QtBot, sidebar: HistorySidebar) -> None:
    sidebar.show_open("a")
    view = list_of(sidebar)
    QTest.keyClick(view, Qt.Key.Key_Down)
    with qtbot.waitSignal(sidebar.open_requested, timeout=1000) as wanted:
        QTest.keyClick(view, Qt.Key.Key_Return)
    assert wanted.args == ["b"]


def test_the_open_one_is_marked(sidebar: HistorySidebar) -> None:
    sidebar.show_open("b")
    assert list_of(sidebar).currentIndex().data() == "Beta"
    assert list_of(sidebar).selectionModel().isSelected(list_of(sidebar).currentIndex())
    sidebar.show_open("a new one")
    assert not list_of(sidebar).currentIndex().isValid()
    assert not list_of(sidebar).selectionModel().hasSelection()


def test_a_new_one(qtbot: QtBot, sidebar: HistorySidebar) -> None:
    button = next(b for b in sidebar.findChildren(QToolButton) if b.accessibleName() == "New conversation")
    with qtbot.waitSignal(sidebar.new_requested, timeout=1000):
        QTest.mouseClick(button, LEFT)


def test_delete_by_key_and_menu(qtbot: QtBot, sidebar: HistorySidebar) -> None:
    sidebar.show_open("a")
    with qtbot.waitSignal(sidebar.delete_requested, timeout=1000) as wanted:
        QTest.keyClick(list_of(sidebar), Qt.Key.Key_Delete)
    assert wanted.args == [["a"]]
    at = list_of(sidebar).visualRect(list_of(sidebar).model().index(2, 0, QModelIndex())).center()
    with qtbot.waitSignal(sidebar.menu_requested, timeout=1000) as wanted:
        list_of(sidebar).customContextMenuRequested.emit(at)
    assert wanted.args[0] == ["b"]


def test_renaming(qtbot: QtBot, sidebar: HistorySidebar, model: HistoryModel) -> None:
    sidebar.show_open("a")
    sidebar.rename_current()
    editor = list_of(sidebar).findChild(QLineEdit)
    assert isinstance(editor, QLineEdit)
    assert editor.text() == "Alpha"
    editor.selectAll()
    QTest.keyClicks(editor, " Omega ")
    with qtbot.waitSignal(sidebar.rename_requested, timeout=1000) as wanted:
        QTest.keyClick(editor, Qt.Key.Key_Return)
    assert wanted.args == ["a", "Omega"]
    assert [entry.title for entry in model.listed()] == ["Alpha", "Beta"], "the model changes with the conversation"


def test_escape_and_an_empty_name_leave_the_name(qtbot: QtBot, sidebar: HistorySidebar) -> None:
    sidebar.show_open("a")
    with qtbot.assertNotEmitted(sidebar.rename_requested, wait=20):
        sidebar.rename_current()
        editor = list_of(sidebar).findChild(QLineEdit)
        assert isinstance(editor, QLineEdit)
        QTest.keyClicks(editor, "other")
        QTest.keyClick(editor, Qt.Key.Key_Escape)
        sidebar.rename_current()
        editor = [e for e in list_of(sidebar).findChildren(QLineEdit) if e.isVisible()][-1]
        editor.clear()
        QTest.keyClick(editor, Qt.Key.Key_Return)


def test_an_empty_list_says_what_will_be_there(sidebar: HistorySidebar, model: HistoryModel) -> None:
    note = next(label for label in sidebar.findChildren(QLabel) if "appear here" in label.text())
    assert not note.isVisible()
    model.remove("a")
    model.remove("b")
    assert note.isVisible()
    model.put(HistoryEntry("c", "Gamma", 3))
    assert not note.isVisible()


def test_a_damaged_one_is_painted_as_such(sidebar: HistorySidebar, model: HistoryModel) -> None:
    def reddish() -> bool:
        image = list_of(sidebar).viewport().grab().toImage()
        colours = [image.pixelColor(x, y) for y in range(120) for x in range(image.width())]
        return any(colour.red() - colour.green() > 80 for colour in colours)

    model.put(HistoryEntry("z", "HHHH", 9))
    assert not reddish()
    model.put(HistoryEntry("z", "HHHH", 9, problem="Damaged."))
    assert reddish()


def test_ago() -> None:
    noon = time.mktime((2026, 5, 20, 12, 0, 0, 0, 0, -1))
    assert ago(noon - 30, noon) == "just now"
    assert ago(noon + 100, noon) == "just now"
    assert ago(noon - 600, noon) == "10 min ago"
    assert ago(noon - 3 * 3600, noon) == "today 09:00"
    assert ago(noon - 86400, noon) == "yesterday 12:00"
    assert ago(noon - 4 * 86400, noon).startswith("16 ")
    assert ago(noon - 400 * 86400, noon).endswith("2025")


# notices


@pytest.fixture
def notices(qtbot: QtBot) -> Iterator[NoticeBar]:
    made = NoticeBar(theme.load("light"))
    yield made
    made.close()
    made.deleteLater()


def test_what_went_well_goes_by_itself_and_a_warning_stays(qtbot: QtBot, notices: NoticeBar) -> None:
    assert notices.text == ""
    other = NoticeBar(theme.load("light"))
    qtbot.addWidget(other)
    other.tell("Saved.")
    notices.tell("Saved.")
    notices.warn("The disk is full.")
    qtbot.waitUntil(lambda: other.text == "", timeout=notice_bar.SHORT_MS + 1500)
    assert notices.text == "The disk is full."
    close = next(b for b in notices.findChildren(QToolButton) if b.accessibleName() == "Close notice")
    QTest.mouseClick(close, LEFT)
    assert notices.text == ""


def test_an_offer_is_taken_once(notices: NoticeBar) -> None:
    done: list[int] = []
    notices.offer("Deleted.", "Undo", lambda: done.append(1))
    assert notices.offers
    button = next(b for b in notices.findChildren(QPushButton) if b.text() == "Undo")
    QTest.mouseClick(button, LEFT)
    assert done == [1]
    assert notices.text == ""
    notices.act()
    assert done == [1]


def test_markup_in_a_notice_is_text(notices: NoticeBar) -> None:
    notices.warn("The server said <b>no</b> <img src=x>")
    label = next(label for label in notices.findChildren(QLabel) if label.text())
    assert label.textFormat() is Qt.TextFormat.PlainText


def test_a_later_notice_replaces_an_offer(notices: NoticeBar) -> None:
    done: list[int] = []
    notices.offer("Deleted.", "Undo", lambda: done.append(1))
    notices.tell("Copied.")
    assert not notices.offers
    assert done == []
