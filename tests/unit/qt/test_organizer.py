"""Any course of deeds in the history: taken back it is as it was, done again as it became, and so it is on disk."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp

from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QCoreApplication
from pytestqt.qtbot import QtBot

from coderapp.core.conversation import Conversation
from coderapp.core.message import Message, Role, TextPart
from coderapp.qt.background import Worker
from coderapp.qt.conversation_keeper import ConversationKeeper
from coderapp.qt.folder_book import FolderBook
from coderapp.qt.history_entry import HistoryEntry
from coderapp.qt.history_model import HistoryModel
from coderapp.qt.organizer import Organizer
from coderapp.qt.session import Session
from coderapp.qt.shelf import Shelf
from coderapp.qt.undo_stack import UndoStack
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.paths import Paths

COUNT = 4


class NoneOpen:
    """No conversation is open."""

    def session_of(self, conversation_id: str) -> Session | None:
        return None

    def open(self, conversation_id: str) -> None:
        return None

    def let_go(self, ids: list[str]) -> str:
        return ""


class Hands:
    """A history on a data folder of its own."""

    def __init__(self, folder: Path, count: int = COUNT) -> None:
        self.paths = Paths.under(folder)
        store = ConversationStore(self.paths)
        now = time.time()
        for number in range(count):
            made = Conversation(f"20260101-{number:06}-aaaaaa", now - number, title=f"c{number}", updated=now - number)
            made.add(Message("m", Role.USER, (TextPart("words"),), now - number))
            store.create(made)
        store.close()
        self.worker = Worker("storage")
        self.keeper = ConversationKeeper(self.worker, lambda: ConversationStore(self.paths))
        self.history = HistoryModel()
        self.folders = FolderBook()
        self.shelf = Shelf(self.keeper)
        self.undo = UndoStack()
        self.sentences: list[str] = []
        self.keeper.trouble.connect(self.sentences.append)
        self.organizer = Organizer(
            history=self.history, folders=self.folders, shelf=self.shelf, sessions=NoneOpen(), undo=self.undo
        )
        self.organizer.trouble.connect(self.sentences.append)
        listed: list[int] = []

        def on_listed(entries: list[HistoryEntry]) -> None:
            self.history.reset(entries)
            listed.append(1)

        self.keeper.list(on_listed)
        self.until(lambda: bool(listed))

    @staticmethod
    def until(seen: Callable[[], bool]) -> None:
        end = time.monotonic() + 10
        while not seen():
            assert time.monotonic() < end, "it takes too long"
            QCoreApplication.processEvents()
            time.sleep(0.0005)

    def settle(self) -> None:
        """Until everything that was asked for is done."""
        while self.shelf.is_busy:
            self.until(lambda: not self.shelf.is_busy)

    def state(self) -> tuple[list[str], list[HistoryEntry]]:
        return self.folders.names, sorted(self.history.entries(), key=lambda entry: entry.id)

    def on_disk(self) -> list[tuple[object, ...]]:
        heads = ConversationStore(self.paths).list()
        return sorted((h.id, h.title, h.updated, h.folder, h.tags, h.pinned, h.archived) for h in heads)

    def shown(self) -> list[tuple[object, ...]]:
        entries = self.history.entries()
        return sorted((e.id, e.title, e.updated, e.folder, e.tags, e.pinned, e.archived) for e in entries)

    def close(self) -> None:
        self.shelf.finish()
        self.keeper.close()
        self.worker.stop()


IDS = st.lists(st.integers(0, COUNT - 1), min_size=1, max_size=3, unique=True)
NAMES = st.sampled_from(["Work", "Home", "a/b", "日本 🎉"])
DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("pin"), IDS, st.booleans()),
        st.tuples(st.just("archive"), IDS, st.booleans()),
        st.tuples(st.just("move"), IDS, NAMES),
        st.tuples(st.just("lay down"), IDS, st.none()),
        st.tuples(st.just("tag"), IDS, NAMES),
        st.tuples(st.just("untag"), IDS, NAMES),
        st.tuples(st.just("rename"), IDS, NAMES),
        st.tuples(st.just("delete"), IDS, st.none()),
        st.tuples(st.just("new folder"), IDS, NAMES),
        st.tuples(st.just("rename folder"), NAMES, NAMES),
        st.tuples(st.just("remove folder"), NAMES, st.none()),
        st.tuples(st.just("undo"), st.none(), st.none()),
        st.tuples(st.just("redo"), st.none(), st.none()),
    ),
    max_size=10,
)


def do(hands: Hands, what: str, which: object, value: object) -> None:
    organizer = hands.organizer
    ids = [f"20260101-{number:06}-aaaaaa" for number in which] if isinstance(which, list) else []
    match what:
        case "pin":
            organizer.pin(ids, bool(value))
        case "archive":
            organizer.archive(ids, bool(value))
        case "move":
            organizer.move(ids, str(value))
        case "lay down":
            organizer.lay_down(ids)
        case "tag":
            organizer.tag(ids, [str(value)])
        case "untag":
            organizer.tag(ids, remove=[str(value)])
        case "rename":
            organizer.rename(ids[0], str(value))
        case "delete":
            organizer.delete(ids)
        case "new folder":
            organizer.new_folder(str(value), ids)
        case "rename folder" if which in organizer.folders:
            organizer.rename_folder(str(which), str(value))
        case "remove folder" if which in organizer.folders:
            organizer.remove_folder(str(which))
        case "undo":
            hands.undo.undo()
        case "redo":
            hands.undo.redo()


def undo_all(hands: Hands) -> None:
    while hands.undo.can_undo:
        hands.undo.undo()


@settings(max_examples=25, deadline=None)
@given(DEEDS)
def test_any_course_is_taken_back_and_done_again(qapp: object, deeds: list[tuple[str, object, object]]) -> None:
    folder = Path(mkdtemp())
    hands = Hands(folder)
    try:
        start = hands.state()
        for what, which, value in deeds:
            do(hands, what, which, value)
        end = hands.state()
        undo_all(hands)
        assert hands.state() == start
        while hands.undo.can_redo:
            hands.undo.redo()
        hands.settle()
        assert hands.shown() == hands.on_disk()
        if not any(what == "undo" for what, *_ in deeds):
            assert hands.state() == end
        undo_all(hands)
        hands.settle()
        assert hands.state() == start
        assert hands.shown() == hands.on_disk()
        assert all("already" in sentence for sentence in hands.sentences), hands.sentences
    finally:
        hands.close()
        shutil.rmtree(folder)


def test_what_waits_is_done_at_the_end(qtbot: QtBot, tmp_path: Path) -> None:
    hands = Hands(tmp_path)
    hands.organizer.tag([entry.id for entry in hands.history.entries()], ["x"])
    shown = hands.shown()
    hands.close()
    assert hands.on_disk() == shown


def test_what_was_deleted_does_not_come_back_with_a_list_that_was_read_before(qtbot: QtBot, tmp_path: Path) -> None:
    hands = Hands(tmp_path)
    before = hands.history.entries()
    gone = before[0].id
    hands.organizer.delete([gone])
    assert gone not in [entry.id for entry in hands.shelf.ahead(before)]
    hands.settle()
    assert gone not in [entry.id for entry in hands.shelf.ahead(before)]
    assert len(hands.shelf.ahead(before)) == COUNT - 1
    hands.undo.undo()
    hands.settle()
    assert len(hands.shelf.ahead(before)) == COUNT
    hands.undo.redo()
    hands.settle()
    assert gone not in [entry.id for entry in hands.shelf.ahead(before)]
    found: list[list[HistoryEntry]] = []
    trashed = [head.trashed for head in ConversationStore(hands.paths).trashed()]
    hands.shelf.bring_back(lambda: trashed, found.append, lambda _, error: None)
    hands.settle()
    assert [entry.id for entry in found[0]] == [gone]
    assert len(hands.shelf.ahead(before)) == COUNT
    hands.close()


def test_a_folder_of_many_is_renamed_at_once_and_back(qtbot: QtBot, tmp_path: Path) -> None:
    hands = Hands(tmp_path, count=20)
    ids = [entry.id for entry in hands.history.entries()]
    hands.organizer.new_folder("Work", ids)
    resets: list[int] = []
    hands.history.modelReset.connect(lambda: resets.append(1))
    hands.organizer.rename_folder("Work", "Home")
    assert len(resets) == 1
    assert {entry.folder for entry in hands.history.entries()} == {"Home"}
    hands.settle()
    assert hands.on_disk() == hands.shown()
    hands.undo.undo()
    hands.settle()
    assert hands.folders.names == ["Work"]
    assert hands.on_disk() == hands.shown()
    assert {entry.folder for entry in hands.history.entries()} == {"Work"}
    assert hands.sentences == []
    hands.close()


def test_what_could_not_be_moved_goes_back_in_the_list(qtbot: QtBot, tmp_path: Path) -> None:
    hands = Hands(tmp_path, count=20)
    ids = sorted(entry.id for entry in hands.history.entries())
    next(hands.paths.conversations.glob(f"{ids[0]}*")).unlink()
    hands.organizer.new_folder("Work", ids)
    hands.settle()
    hands.until(lambda: bool(hands.sentences))
    assert {entry.folder for entry in hands.history.entries() if entry.id != ids[0]} == {"Work"}
    left = hands.history.get(ids[0])
    assert left is None or left.folder == ""
    hands.close()
