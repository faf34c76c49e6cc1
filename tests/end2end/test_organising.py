"""Folders, tags, pins, the archive and the trash in the real program: done, undone, and there after a restart."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QMenu
from pytestqt.qtbot import QtBot

from coderapp.core.conversation import Conversation
from coderapp.core.message import FinishReason, Message, Role, TextPart
from coderapp.qt.history_entry import HistoryEntry, Scope
from coderapp.qt.organizer import Organizer
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.ids import new_id
from coderapp.storage.paths import Paths
from tests.end2end.conftest import Open
from tests.helpers.desktop import Desktop, desktop, keep_profile, openai_profile
from tests.helpers.talker import Gate, Talker, says
from tests.widgets.test_history_list import carried, drop

UNDO = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def kept(paths: Paths) -> Paths:
    """A data folder with conversations: c0, the newest, to c5."""
    fill(paths, 6)
    return paths


def fill(paths: Paths, count: int) -> None:
    store = ConversationStore(paths)
    now = time.time()
    for number in range(count):
        at = now - 100 - number * 60
        made = Conversation(f"{new_id(at)[:-6]}{number:06}", at, title=f"c{number}", updated=at)
        made.add(Message(f"m{number}", Role.USER, (TextPart(f"words of c{number}"),), at))
        store.create(made)
    store.close()


@pytest.fixture
def desk(kept: Paths, open_program: Open) -> Desktop:
    made = open_program()
    made.until(lambda: len(listed(made)) >= 1)
    return made


def listed(desk: Desktop) -> list[HistoryEntry]:
    return desk.program.workspace.history.listed()


def titles(desk: Desktop) -> list[str]:
    return [entry.title for entry in listed(desk)]


def named(desk: Desktop, *names: str) -> list[str]:
    """Ids of conversations by their titles."""
    known = {entry.title: entry.id for entry in desk.program.workspace.history.entries()}
    return [known[name] for name in names]


def entry(desk: Desktop, title: str) -> HistoryEntry:
    found = desk.program.workspace.history.get(named(desk, title)[0])
    assert found is not None
    return found


def on_disk(paths: Paths, conversation_id: str) -> Conversation:
    return ConversationStore(paths).load(conversation_id)


def undo(desk: Desktop) -> None:
    """Ctrl+Z in the empty prompt."""
    desk.press(Qt.Key.Key_Z, UNDO)


def redo(desk: Desktop) -> None:
    desk.press(Qt.Key.Key_Z, UNDO | Qt.KeyboardModifier.ShiftModifier)


def settled(desk: Desktop) -> None:
    """Until everything that was asked for is on disk."""
    done: list[object] = []
    desk.until(lambda: not desk.program.workspace.organizer.is_busy)
    desk.program.keeper.batch(lambda: [None], lambda *_: None, lambda *_: done.append(1), lambda _: None).begin()
    desk.until(lambda: bool(done))  # also what an open conversation has to save


DEEDS: dict[str, Callable[[Organizer, list[str]], object]] = {
    "pin": lambda organizer, ids: organizer.pin(ids),
    "archive": lambda organizer, ids: organizer.archive(ids),
    "move": lambda organizer, ids: organizer.move(ids, "Work"),
    "tag": lambda organizer, ids: organizer.tag(ids, ["python", "to read"]),
    "rename": lambda organizer, ids: organizer.rename(ids[0], "Another name"),
    "delete": lambda organizer, ids: organizer.delete(ids),
    "new folder": lambda organizer, ids: organizer.new_folder("Fresh", ids),
}


@pytest.mark.parametrize("opened", [True, False])
def test_each_deed_is_undone_and_done_again(desk: Desktop, opened: bool) -> None:
    organizer, history = desk.program.workspace.organizer, desk.program.workspace.history
    ids = named(desk, "c1", "c3")
    if opened:
        desk.program.workspace.open(ids[0])
        desk.until(lambda: desk.session.conversation.id == ids[0])

    def state() -> tuple[list[str], list[HistoryEntry]]:
        return history.folders, sorted(history.entries(), key=lambda found: found.id)

    times = {found.id: found.updated for found in history.entries()}
    for name, deed in DEEDS.items():
        before = state()
        deed(organizer, ids)
        after = state()
        assert after != before, name
        assert all(times[found.id] == found.updated for found in history.entries()), name
        for _ in range(2):
            undo(desk)
            assert state() == before, name
            redo(desk)
            assert state() == after, name
        undo(desk)
        settled(desk)
        assert state() == before, name
        assert desk.notice.startswith("Undone: "), name
        if opened:
            desk.until(lambda: desk.session.conversation.id == ids[0])


def test_organised_closed_and_opened_again(qtbot: QtBot, kept: Paths, server: Talker) -> None:
    keep_profile(kept, openai_profile(server.openai_url))
    with desktop(qtbot, kept) as desk:
        desk.until(lambda: len(listed(desk)) == 6)
        organizer = desk.program.workspace.organizer
        organizer.new_folder("Work", named(desk, "c0", "c1"))
        organizer.new_folder("Empty")
        organizer.move_folder("Empty", "Work")
        organizer.pin(named(desk, "c5"))
        organizer.archive(named(desk, "c4"))
        organizer.tag(named(desk, "c1", "c2"), ["python", "日本語 🎉"])
        organizer.rename(named(desk, "c3")[0], "Renamed")
        organizer.delete(named(desk, "c2"))
        desk.program.workspace.history.collapse("folder:Work", True)
    with desktop(qtbot, kept) as desk:
        history = desk.program.workspace.history
        desk.until(lambda: len(listed(desk)) == 4)
        assert history.folders == ["Empty", "Work"]
        assert titles(desk) == ["c5", "c0", "c1", "Renamed"]
        assert history.row_of(named(desk, "c0")[0]) == -1, "the folder is collapsed"
        assert entry(desk, "c1").tags == ("python", "日本語 🎉")
        assert entry(desk, "c4").archived
        desk.until(lambda: desk.program.workspace.trash.count == 1)
        assert [found.title for found in desk.program.workspace.trash.model.listed()] == ["c2"]


def test_a_folder_renamed_and_removed(desk: Desktop) -> None:
    organizer, history = desk.program.workspace.organizer, desk.program.workspace.history
    organizer.new_folder("Work", named(desk, "c0", "c1"))
    organizer.new_folder("Home")
    history.collapse("folder:Work", True)
    organizer.rename_folder("Work", "  Day   job ")
    assert history.folders == ["Day job", "Home"]
    assert "folder:Day job" in history.collapsed
    assert entry(desk, "c0").folder == "Day job"
    organizer.rename_folder("Home", "Day job")
    assert "already" in desk.notice
    organizer.remove_folder("Day job")
    assert (history.folders, entry(desk, "c0").folder) == (["Home"], "")
    for _ in range(2):
        undo(desk)
    assert (history.folders, entry(desk, "c0").folder) == (["Work", "Home"], "Work")


def test_a_duplicate_has_everything_and_a_name_of_its_own(desk: Desktop, paths: Paths) -> None:
    organizer = desk.program.workspace.organizer
    organizer.tag(named(desk, "c2"), ["kept"])
    organizer.duplicate(named(desk, "c2"))
    desk.until(lambda: desk.session.conversation.title == "c2 (copy)")
    assert [message.text for message in desk.messages] == ["words of c2"]
    copy = entry(desk, "c2 (copy)")
    assert copy.tags == ("kept",)
    assert titles(desk)[0] == "c2 (copy)"
    undo(desk)
    desk.until(lambda: "c2 (copy)" not in titles(desk))
    redo(desk)
    desk.until(lambda: "c2 (copy)" in titles(desk))
    settled(desk)
    assert on_disk(paths, copy.id).messages.keys() == {"m2"}


def test_an_open_and_a_stored_one_are_changed_on_disk(desk: Desktop, paths: Paths) -> None:
    ids = named(desk, "c0", "c1")
    desk.program.workspace.open(ids[0])
    desk.until(lambda: desk.session.conversation.id == ids[0])
    updated = [on_disk(paths, name).updated for name in ids]
    desk.program.workspace.organizer.move(ids, "Work")
    desk.program.workspace.organizer.tag(ids, ["x"])
    settled(desk)
    for name, before in zip(ids, updated, strict=True):
        found = on_disk(paths, name)
        assert (found.folder, found.tags, found.updated) == ("Work", ("x",), before)


def test_opened_before_its_change_is_on_disk(desk: Desktop, paths: Paths) -> None:
    [name] = named(desk, "c1")
    desk.program.workspace.organizer.move([name], "Work")
    desk.program.workspace.open(name)
    desk.until(lambda: desk.session.conversation.id == name)
    assert desk.session.conversation.folder == "Work"
    desk.session.set_system_prompt("Be brief.")
    settled(desk)
    assert on_disk(paths, name).folder == "Work"


def test_what_can_not_be_deleted_comes_back_with_a_sentence(desk: Desktop, paths: Paths) -> None:
    workspace = desk.program.workspace
    paths.trash.write_text("in the way")
    before = titles(desk)
    workspace.organizer.delete(named(desk, "c1", "c2"))
    assert titles(desk) != before
    desk.until(lambda: titles(desk) == before)
    assert "could not be moved to the trash" in desk.notice
    assert not workspace.undo.can_undo


def test_what_can_not_be_changed_is_shown_as_it_was(desk: Desktop, paths: Paths) -> None:
    names = named(desk, "c1", "c2")
    (paths.conversations / f"{names[0]}.json").unlink()
    desk.program.workspace.organizer.move(names, "Work")
    desk.until(lambda: entry(desk, "c1").folder == "")
    assert entry(desk, "c2").folder == "Work"
    assert "no conversation" in desk.notice


def test_moved_while_it_is_opened_and_answered(desk: Desktop, paths: Paths, server: Talker) -> None:
    gate = Gate()
    server.behave(says("Some words and more.", gate=gate, before_gate=14))
    [name] = named(desk, "c1")
    desk.program.workspace.organizer.move(named(desk, *(f"c{n}" for n in range(6))), "Work")
    desk.program.workspace.open(name)
    desk.until(lambda: desk.session.conversation.id == name)
    desk.type("Go")
    desk.press(Qt.Key.Key_Return)
    desk.streaming("Some words")
    desk.program.workspace.organizer.tag([name], ["later"])
    settled(desk)
    gate.open()
    assert desk.answered().text == "Some words and more."
    settled(desk)
    found = on_disk(paths, name)
    assert (found.folder, found.tags, list(found.path())[-1].text) == ("Work", ("later",), "Some words and more.")


def test_deleted_while_it_is_read(desk: Desktop) -> None:
    shown = desk.session
    desk.program.workspace.open(named(desk, "c1")[0])
    desk.program.workspace.organizer.delete(named(desk, "c1"))
    settled(desk)
    assert desk.session is shown
    assert "c1" not in titles(desk)


# by hand


def test_dragged_onto_a_folder_and_taken_back(desk: Desktop) -> None:
    desk.program.workspace.organizer.new_folder("Work")
    model, side = desk.program.workspace.history, desk.program.window.history
    view = side._list
    at = view.visualRect(view.model().index(model.folder_row("Work"), 0)).center()
    assert drop(view.viewport(), at, carried(model, *named(desk, "c1", "c2")))
    assert [entry(desk, name).folder for name in ("c1", "c2", "c3")] == ["Work", "Work", ""]
    assert "Moved 2 conversations to “Work”." in desk.notice
    undo(desk)
    assert entry(desk, "c1").folder == ""


def test_a_new_folder_is_named_in_its_row(desk: Desktop) -> None:
    desk.press(Qt.Key.Key_N, UNDO | Qt.KeyboardModifier.ShiftModifier)
    editor = next(
        found for found in desk.program.window.history.findChildren(QLineEdit) if "folder" in found.accessibleName()
    )
    editor.selectAll()
    QTest.keyClicks(editor, "Recipes")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    desk.until(lambda: desk.program.workspace.history.folders == ["Recipes"])


def test_undo_by_key_leaves_what_is_typed_its_own(desk: Desktop) -> None:
    desk.program.workspace.organizer.pin(named(desk, "c1"))
    desk.type("words")
    undo(desk)
    assert entry(desk, "c1").pinned, "the prompt's own text was taken back first"
    while desk.edit.document().isUndoAvailable():
        undo(desk)
    undo(desk)
    assert not entry(desk, "c1").pinned


def test_the_menu_names_what_is_undone(desk: Desktop) -> None:
    bar = desk.program.window.menuBar()
    action = next(found for menu in bar.findChildren(QMenu) for found in menu.actions() if found.iconText() == "Undo")
    assert not action.isEnabled()
    desk.program.workspace.organizer.rename(named(desk, "c1")[0], "Tom & Jerry")
    assert action.isEnabled()
    assert action.text() == "&Undo: renamed to “Tom && Jerry”"


# the trash


def test_restored_and_deleted_for_good(desk: Desktop, paths: Paths) -> None:
    workspace = desk.program.workspace
    ids = named(desk, "c1", "c2", "c3")
    workspace.organizer.delete(ids)
    desk.until(lambda: workspace.trash.count == 3)
    desk.program.window.history.show_scope(Scope.TRASH)
    keys = {found.title: found.id for found in workspace.trash.model.listed()}
    workspace.trash.restore([keys["c1"]])
    desk.until(lambda: "c1" in titles(desk) and workspace.trash.count == 2)
    workspace.trash.destroy([keys["c2"]])
    desk.until(lambda: workspace.trash.count == 1)
    desk.until(lambda: desk.notice == "Deleted “c2” for good.")
    assert [found.title for found in workspace.trash.model.listed()] == ["c3"]
    undo(desk)
    desk.until(lambda: "c1" not in titles(desk) and workspace.trash.count == 2)
    undo(desk)  # of the three, one is gone for good
    desk.until(lambda: {"c1", "c3"} <= set(titles(desk)) and "c2" not in titles(desk))


def test_what_is_restored_and_taken_back_at_once_stays_in_the_trash(desk: Desktop) -> None:
    workspace = desk.program.workspace
    workspace.organizer.delete(named(desk, "c1"))
    desk.until(lambda: workspace.trash.count == 1)
    desk.program.window.history.show_scope(Scope.TRASH)
    workspace.trash.restore([found.id for found in workspace.trash.model.listed()])
    undo(desk)  # before it is done
    settled(desk)
    desk.until(lambda: workspace.trash.count == 1)
    assert "c1" not in titles(desk)


def test_many_at_once_leave_the_window_free(paths: Paths, open_program: Open, qtbot: QtBot) -> None:
    fill(paths, 100)
    desk = open_program()
    desk.until(lambda: len(listed(desk)) == 100)
    ids = [found.id for found in listed(desk)]
    began = time.perf_counter()
    desk.program.workspace.organizer.delete(ids)
    assert time.perf_counter() - began < 0.25, "the work is another thread's"
    assert listed(desk) == []
    undo(desk)  # before it is done
    desk.until(lambda: len(listed(desk)) == 100)
    settled(desk)
    desk.until(lambda: len(list(Path(paths.conversations).glob("*.json"))) == 100)
    desk.program.workspace.organizer.delete(ids)
    desk.program.window.close()
    desk.program.end()
    assert list(Path(paths.conversations).glob("*.json")) == []


def test_deleting_while_it_writes_keeps_the_text_in_the_trash(desk: Desktop, server: Talker) -> None:
    gate = Gate()
    server.behave(says("Some words and more.", gate=gate, before_gate=14))
    desk.type("Go")
    desk.press(Qt.Key.Key_Return)
    desk.streaming("Some words")
    gone = desk.session.conversation.id
    desk.program.workspace.organizer.delete([gone, *named(desk, "c1")])
    gate.open()
    undo(desk)
    desk.until(lambda: desk.session.conversation.id == gone)
    assert desk.last.text.startswith("Some words")
    assert desk.finish() is FinishReason.STOPPED


def test_a_draft_is_listed_by_its_words_also_after_a_restart(qtbot: QtBot, kept: Paths, server: Talker) -> None:
    keep_profile(kept, openai_profile(server.openai_url))
    with desktop(qtbot, kept) as desk:
        desk.until(lambda: len(listed(desk)) == 6)
        desk.type("Why is the sky")
        desk.program.window.pane.composer.report_draft()
        desk.until(lambda: "Why is the sky" in titles(desk))
        desk.program.workspace.open(named(desk, "c1")[0])
        desk.until(lambda: desk.session.conversation.title == "c1")
        assert entry(desk, "Why is the sky").draft
    with desktop(qtbot, kept) as desk:
        desk.until(lambda: "Why is the sky" in titles(desk))


def test_of_a_newer_version_is_shown_as_such_and_not_changed(qtbot: QtBot, kept: Paths, server: Talker) -> None:
    keep_profile(kept, openai_profile(server.openai_url))
    path = next(kept.conversations.glob("*000001.json"))
    newer = path.read_bytes().replace(b'"version": ', b'"version": 9', 1)
    path.write_bytes(newer)
    with desktop(qtbot, kept) as desk:
        desk.until(lambda: len(listed(desk)) == 6)
        desk.until(lambda: entry(desk, "c1").newer)
        desk.program.workspace.organizer.pin(named(desk, "c1", "c2"))
        assert "can't be changed" in desk.notice or entry(desk, "c2").pinned
        assert not entry(desk, "c1").pinned
    assert path.read_bytes() == newer


def test_what_is_not_wanted_any_more_is_not_spoken_of(desk: Desktop) -> None:
    """It could not be read, but something else was asked for meanwhile."""
    workspace = desk.program.workspace
    said: list[str] = []
    workspace.notice.connect(said.append)
    workspace.open("20200101-000000-aaaaaa")
    workspace.open(named(desk, "c1")[0])
    desk.until(lambda: workspace.current.conversation.title == "c1")
    assert said == []
    workspace.open("20200101-000000-aaaaaa")
    desk.until(lambda: bool(said))
    assert said[0].startswith("There is no conversation")
