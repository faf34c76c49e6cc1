"""The list of conversations under keys and mouse: several at once, groups, dragging."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from coderapp.qt import theme
from coderapp.qt.history_entry import GroupKind
from coderapp.qt.history_model import ENTRY_ROLE, FOLDER_MIME, MIME, HistoryEntry, HistoryModel, Scope
from coderapp.widgets.history_list import HistoryList
from coderapp.widgets.history_sidebar import FootButton, HistorySidebar
from coderapp.widgets.history_tags import TagsDialog
from coderapp.widgets.history_trash import HistoryTrash

LEFT = Qt.MouseButton.LeftButton
SHIFT, CONTROL, PLAIN = (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.NoModifier,
)
NOW = time.time()


@pytest.fixture
def model(qtbot: QtBot) -> HistoryModel:
    made = HistoryModel()
    made.set_folders(["Work", "Home"])
    made.reset(
        [
            HistoryEntry("p", "Pinned one", NOW - 5, pinned=True),
            HistoryEntry("w", "At work", NOW - 4, folder="Work"),
            *(HistoryEntry(name, f"Plain {name}", NOW - place) for place, name in enumerate("abc")),
            HistoryEntry("z", "Old", NOW - 9, archived=True),
        ]
    )
    return made


@pytest.fixture
def sidebar(qtbot: QtBot, model: HistoryModel) -> Iterator[HistorySidebar]:
    made = HistorySidebar(theme.load("light"), model)
    made.resize(240, 700)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def view(sidebar: HistorySidebar) -> HistoryList:
    found = sidebar.findChild(HistoryList)
    assert isinstance(found, HistoryList)
    found.setFocus()
    return found


def place_of(view: HistoryList, row: int) -> QPoint:
    return view.visualRect(view.model().index(row, 0)).center()


def click(view: HistoryList, model: HistoryModel, name: str, modifiers: Qt.KeyboardModifier = PLAIN) -> None:
    QTest.mouseClick(view.viewport(), LEFT, modifiers, place_of(view, model.row_of(name)))


def header(view: HistoryList, model: HistoryModel, key: str) -> QPoint:
    return place_of(view, model.header_row(key))


# selecting


def test_only_a_plain_click_opens(qtbot: QtBot, view: HistoryList, model: HistoryModel) -> None:
    opened: list[str] = []
    view.open_requested.connect(opened.append)
    click(view, model, "a")
    click(view, model, "c", CONTROL)
    assert (opened, view.selected()) == (["a"], ["a", "c"])
    click(view, model, "a")
    assert (opened, view.selected()) == (["a", "a"], ["a"])
    click(view, model, "c", SHIFT)
    assert (opened, view.selected()) == (["a", "a"], ["a", "b", "c"])


def test_keys_extend_and_select_all_without_headers(view: HistoryList, model: HistoryModel) -> None:
    opened: list[str] = []
    view.open_requested.connect(opened.append)
    view.select(["w"])
    for _ in range(3):  # over two headers
        QTest.keyClick(view, Qt.Key.Key_Down, SHIFT)
    assert view.selected() == ["w", "a"]
    QTest.keyClick(view, Qt.Key.Key_A, CONTROL)
    assert view.selected() == ["p", "w", "a", "b", "c"]
    assert opened == []
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert len(view.selected()) <= 1


def test_delete_takes_all_that_are_selected_and_backspace_none(
    qtbot: QtBot, sidebar: HistorySidebar, view: HistoryList, model: HistoryModel
) -> None:
    view.select(["a", "c"])
    with qtbot.assertNotEmitted(sidebar.delete_requested, wait=10):
        QTest.keyClick(view, Qt.Key.Key_Backspace)
        QTest.keyClick(view, Qt.Key.Key_Backspace, CONTROL)
    with qtbot.waitSignal(sidebar.delete_requested, timeout=1000) as wanted:
        QTest.keyClick(view, Qt.Key.Key_Delete)
    assert wanted.args == [["a", "c"]]


def test_a_selection_outlives_a_reset_and_other_conversations(view: HistoryList, model: HistoryModel) -> None:
    view.select(["b", "w"])
    model.put_many(HistoryEntry(f"n{number}", "New", NOW - number) for number in range(40))
    assert view.selected() == ["w", "b"]
    model.put(HistoryEntry("b", "Plain b", NOW, pinned=True))
    assert view.selected() == ["b", "w"]


def test_the_open_one_stays_marked_while_others_are_selected(sidebar: HistorySidebar, view: HistoryList) -> None:
    sidebar.show_open("b")
    view.select(["a", "c"])
    sidebar.show_open("b")  # it changes while an answer comes
    assert view.selected() == ["a", "c"]
    assert sidebar.targets() == ["a", "c"]
    sidebar.show_open("a")
    assert view.selected() == ["a"]


# groups


def test_a_click_on_a_header_closes_the_group_and_keeps_the_selection(view: HistoryList, model: HistoryModel) -> None:
    view.select(["a"])
    QTest.mouseClick(view.viewport(), LEFT, PLAIN, header(view, model, "folder:Work"))
    assert model.row_of("w") == -1
    assert view.selected() == ["a"]
    QTest.mouseClick(view.viewport(), LEFT, PLAIN, header(view, model, "folder:Work"))
    assert model.row_of("w") > 0


def test_keys_reach_headers(view: HistoryList, model: HistoryModel) -> None:
    view.select(["w"])
    QTest.keyClick(view, Qt.Key.Key_Left)
    group = view.current_group()
    assert group is not None
    assert (group.kind, group.folder) == (GroupKind.FOLDER, "Work")
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert model.row_of("w") == -1
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert model.row_of("w") > 0
    QTest.keyClick(view, Qt.Key.Key_Space)
    assert model.row_of("w") == -1
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert model.row_of("w") > 0
    QTest.keyClick(view, Qt.Key.Key_Up)
    assert view.currentIndex().data() == "Pinned one"


def test_delete_on_a_header_deletes_nothing(qtbot: QtBot, sidebar: HistorySidebar, view: HistoryList) -> None:
    view.select(["w"])
    QTest.keyClick(view, Qt.Key.Key_Left)
    with qtbot.assertNotEmitted(sidebar.delete_requested, wait=10):
        QTest.keyClick(view, Qt.Key.Key_Delete)


def test_renaming_a_folder_in_its_row(qtbot: QtBot, sidebar: HistorySidebar, view: HistoryList) -> None:
    sidebar.rename_folder("Home")
    editor = view.findChild(QLineEdit)
    assert isinstance(editor, QLineEdit)
    assert (editor.text(), editor.accessibleName()) == ("Home", "Name of the folder")
    editor.selectAll()
    QTest.keyClicks(editor, "House")
    with qtbot.waitSignal(sidebar.folder_rename_requested, timeout=1000) as wanted:
        QTest.keyClick(editor, Qt.Key.Key_Return)
    assert wanted.args == ["Home", "House"]


def test_the_archive_and_back(sidebar: HistorySidebar, view: HistoryList, model: HistoryModel) -> None:
    sidebar.show_scope(Scope.ARCHIVE)
    assert [entry.id for entry in model.listed()] == ["z"]
    view.setFocus()
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert [sidebar.scope, model.scope] == [Scope.CURRENT, Scope.CURRENT]
    assert model.row_of("a") > 0
    sidebar.rename("z")
    assert [sidebar.scope, model.scope] == [Scope.ARCHIVE, Scope.ARCHIVE]
    assert view.findChild(QLineEdit) is not None


def test_the_menu_by_keys_is_for_the_row_with_the_focus(
    qtbot: QtBot, sidebar: HistorySidebar, view: HistoryList, model: HistoryModel
) -> None:
    view.select(["b", "c"])
    far = QPoint(5, 5)
    with qtbot.waitSignal(sidebar.menu_requested, timeout=1000) as wanted:
        QApplication.sendEvent(view.viewport(), QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, far, far))
    assert wanted.args is not None
    assert wanted.args[0] == ["b", "c"]
    QTest.keyClick(view, Qt.Key.Key_Up)
    QTest.keyClick(view, Qt.Key.Key_Left)
    view.setCurrentIndex(view.index_of(model.folder_row("Home")))
    with qtbot.waitSignal(sidebar.folder_menu_requested, timeout=1000) as asked:
        QApplication.sendEvent(view.viewport(), QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, far, far))
    assert asked.args is not None
    assert asked.args[0] == "Home"


# dragging


def drop(target: QWidget, at: QPoint, data: QMimeData) -> bool:
    """A whole drag onto a place; whether it was taken."""
    actions, none = Qt.DropAction.MoveAction, Qt.KeyboardModifier.NoModifier
    entering = QDragEnterEvent(at, actions, data, LEFT, none)
    QApplication.sendEvent(target, entering)
    moving = QDragMoveEvent(at, actions, data, LEFT, none)
    QApplication.sendEvent(target, moving)
    dropping = QDropEvent(QPointF(at), actions, data, LEFT, none)
    QApplication.sendEvent(target, dropping)
    return moving.isAccepted()


def carried(model: HistoryModel, *names: str) -> QMimeData:
    return model.mimeData([model.index(model.row_of(name)) for name in names])


@pytest.mark.parametrize(
    ("key", "kind", "folder"),
    [("folder:Home", GroupKind.FOLDER, "Home"), ("pinned", GroupKind.PINNED, ""), ("today", GroupKind.DAYS, "")],
)
def test_several_are_dragged_onto_a_group(
    sidebar: HistorySidebar, view: HistoryList, model: HistoryModel, key: str, kind: GroupKind, folder: str
) -> None:
    moved: list[tuple[list[str], object]] = []
    sidebar.moved.connect(lambda ids, group: moved.append((ids, group)))
    data = carried(model, "a", "w")
    assert data.data(MIME).data() == b"a\nw"
    assert drop(view.viewport(), header(view, model, key), data)
    [(ids, group)] = moved
    assert ids == ["a", "w"]
    assert (group.kind, group.folder) == (kind, folder)  # type: ignore[attr-defined]
    assert view.rows.drop_key == ""


def test_onto_a_row_means_its_folder_and_below_the_rows_none(
    sidebar: HistorySidebar, view: HistoryList, model: HistoryModel
) -> None:
    moved: list[str] = []
    sidebar.moved.connect(lambda _, group: moved.append(group.folder))
    drop(view.viewport(), place_of(view, model.row_of("w")), carried(model, "a"))
    drop(view.viewport(), QPoint(50, view.viewport().height() - 3), carried(model, "w"))
    assert moved == ["Work", ""]


def test_the_group_under_a_drag_is_shown(view: HistoryList, model: HistoryModel) -> None:
    at, data = header(view, model, "folder:Home"), carried(model, "a")
    before = view.viewport().grab().toImage()
    QApplication.sendEvent(view.viewport(), QDragEnterEvent(at, Qt.DropAction.MoveAction, data, LEFT, PLAIN))
    QApplication.sendEvent(view.viewport(), QDragMoveEvent(at, Qt.DropAction.MoveAction, data, LEFT, PLAIN))
    assert view.rows.drop_key == "folder:Home"
    assert view.viewport().grab().toImage() != before


def test_folders_are_dragged_into_another_order(
    sidebar: HistorySidebar, view: HistoryList, model: HistoryModel
) -> None:
    moved: list[tuple[str, str]] = []
    sidebar.folder_moved.connect(lambda folder, before: moved.append((folder, before)))
    data = model.mimeData([model.index(model.folder_row("Home"))])
    assert data.hasFormat(FOLDER_MIME)
    drop(view.viewport(), header(view, model, "folder:Work"), data)
    assert moved == [("Home", "Work")]


def test_what_is_not_ours_is_refused(sidebar: HistorySidebar, view: HistoryList, model: HistoryModel) -> None:
    moved: list[object] = []
    sidebar.moved.connect(lambda *found: moved.append(found))
    data = QMimeData()
    data.setText("a")
    assert not drop(view.viewport(), header(view, model, "folder:Home"), data)
    assert moved == []


def test_dragging_to_the_archive_and_the_trash(qtbot: QtBot, sidebar: HistorySidebar, model: HistoryModel) -> None:
    archive, trash = sidebar.findChildren(FootButton)
    with qtbot.waitSignal(sidebar.archive_requested, timeout=1000) as wanted:
        drop(archive, QPoint(5, 5), carried(model, "a", "b"))
    assert wanted.args == [["a", "b"]]
    with qtbot.waitSignal(sidebar.delete_requested, timeout=1000) as wanted:
        drop(trash, QPoint(5, 5), carried(model, "c"))
    assert wanted.args == [["c"]]


# how it looks


@pytest.mark.parametrize("name", ["light", "dark"])
def test_every_kind_of_row_is_painted(
    sidebar: HistorySidebar, view: HistoryList, model: HistoryModel, name: str
) -> None:
    sidebar.set_theme(theme.load(name))
    plain = view.viewport().grab(view.visualRect(view.model().index(model.row_of("a"), 0))).toImage()
    looks = [
        HistoryEntry("a", "Plain a", NOW, tags=("one", "two", "a very long tag that has no room")),
        HistoryEntry("a", "Plain a", NOW, draft=True),
        HistoryEntry("a", "Plain a", NOW, busy=True),
        HistoryEntry("a", "Plain a", NOW, problem="It was saved by a newer coderapp.", newer=True),
        HistoryEntry("a", "عنوان طويل جدا 🎉 " * 20, NOW),
    ]
    seen = [plain]
    for entry in looks:
        model.put(entry)
        image = view.viewport().grab(view.visualRect(view.model().index(model.row_of("a"), 0))).toImage()
        assert all(image != other for other in seen)
        seen.append(image)


def test_rows_grow_with_the_font(sidebar: HistorySidebar, view: HistoryList) -> None:
    font = view.font()
    font.setPointSizeF(font.pointSizeF() * 2)
    before = view.sizeHintForIndex(view.model().index(0, 0)).height()
    assert view.rows.row_height(font) > before


def test_five_thousand_are_laid_out_without_asking_each(view: HistoryList, model: HistoryModel) -> None:
    asked: list[int] = []
    original = view.rows.sizeHint

    class Counting(type(view.rows)):  # type: ignore[misc]
        def sizeHint(self, option: object, index: object) -> object:
            asked.append(1)
            return original(option, index)  # type: ignore[arg-type]

    counting = Counting(theme.load("light"), lambda: Scope.CURRENT, view)
    view.setItemDelegate(counting)
    model.reset(HistoryEntry(f"n{number}", "Title", NOW - 60 * number) for number in range(5000))
    view.doItemsLayout()
    view.viewport().grab()
    assert len(asked) < 100
    counting.deleteLater()


# tags


def test_tags_of_several(qtbot: QtBot) -> None:
    entries = [
        HistoryEntry("a", "A", 1, tags=("python", "old")),
        HistoryEntry("b", "B", 1, tags=("python",)),
    ]
    dialog = TagsDialog(entries, ["old", "python", "rust"])
    qtbot.addWidget(dialog)
    dialog.show()
    field = dialog.findChild(QLineEdit)
    assert isinstance(field, QLineEdit)
    with qtbot.waitSignal(dialog.chosen, timeout=1000) as wanted:
        QTest.keyClicks(field, "New one, RUST")
        QTest.keyClick(field, Qt.Key.Key_Return)
        QTest.keyClick(field, Qt.Key.Key_Return)
    assert wanted.args is not None
    add, remove = wanted.args
    assert (sorted(add), remove) == (["New one", "rust"], [])


def test_tags_are_taken_away(qtbot: QtBot) -> None:
    from PySide6.QtWidgets import QDialogButtonBox, QListWidget

    dialog = TagsDialog([HistoryEntry("a", "A", 1, tags=("python", "old"))], ["old", "python"])
    qtbot.addWidget(dialog)
    found = dialog.findChild(QListWidget)
    assert isinstance(found, QListWidget)
    found.item(0).setCheckState(Qt.CheckState.Unchecked)
    box = dialog.findChild(QDialogButtonBox)
    assert isinstance(box, QDialogButtonBox)
    with qtbot.waitSignal(dialog.chosen, timeout=1000) as wanted:
        box.button(QDialogButtonBox.StandardButton.Ok).click()
    assert wanted.args == [[], ["old"]]


# the trash


@pytest.fixture
def trash(qtbot: QtBot) -> Iterator[HistoryTrash]:
    model = HistoryModel(scope=Scope.TRASH)
    until = NOW + 3 * 86400
    model.reset([HistoryEntry(name, f"Gone {name}", NOW - 60, kept_until=until) for name in "ab"])
    made = HistoryTrash(theme.load("light"), model)
    made.resize(240, 500)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.close()
    made.deleteLater()


def button(widget: QWidget, text: str) -> QWidget:
    from PySide6.QtWidgets import QPushButton

    return next(found for found in widget.findChildren(QPushButton) if found.text() == text and found.isVisible())


def test_restoring_what_is_selected(qtbot: QtBot, trash: HistoryTrash) -> None:
    view = trash.findChild(HistoryList)
    assert isinstance(view, HistoryList)
    assert not button(trash, "Restore").isEnabled()
    QTest.mouseClick(view.viewport(), LEFT, PLAIN, place_of(view, 1))
    with qtbot.waitSignal(trash.restore_requested, timeout=1000) as wanted:
        QTest.mouseClick(button(trash, "Restore"), LEFT)
    assert wanted.args == [[view.model().index(1, 0).data(ENTRY_ROLE).id]]


def test_for_good_is_asked_for_first(qtbot: QtBot, trash: HistoryTrash) -> None:
    view = trash.findChild(HistoryList)
    assert isinstance(view, HistoryList)
    view.select(["a"])
    view.setFocus()
    with qtbot.assertNotEmitted(trash.destroy_requested, wait=10):
        QTest.keyClick(view, Qt.Key.Key_Delete)
        assert button(trash, "Keep").hasFocus()
        QTest.mouseClick(button(trash, "Keep"), LEFT)
        QTest.mouseClick(button(trash, "Empty…"), LEFT)
    with qtbot.waitSignal(trash.destroy_requested, timeout=1000) as wanted:
        QTest.mouseClick(button(trash, "Delete for good"), LEFT)
    assert wanted.args is not None
    assert sorted(wanted.args[0]) == ["a", "b"]
