"""The index beside a running program: the list, the search, what was saved just now, and an index that goes bad."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from coderapp.core.conversation import Conversation
from coderapp.core.message import Message, Role, TextPart
from coderapp.core.search import Found, Order
from coderapp.qt.background import Worker
from coderapp.qt.conversation_keeper import ConversationKeeper
from coderapp.qt.history_model import HistoryEntry
from coderapp.qt.library import Library
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.paths import Paths


class Desk:
    """A keeper with its library, as the program has them."""

    def __init__(self, paths: Paths, qtbot: QtBot) -> None:
        self.paths, self.qtbot = paths, qtbot
        self.worker = Worker("storage")
        self.library = Library(paths, later=0.0)
        self.keeper = ConversationKeeper(self.worker, lambda: ConversationStore(paths), None, self.library)
        self.troubles: list[str] = []
        self.refreshed: list[tuple[list[HistoryEntry], list[str]]] = []
        self.steps: list[tuple[int, int]] = []
        self.keeper.aside.connect(self.troubles.append)
        self.keeper.refreshed.connect(lambda entries, gone: self.refreshed.append((entries, gone)))
        self.library.progress.connect(lambda done, total: self.steps.append((done, total)))
        self.stopped = False

    def listed(self) -> list[HistoryEntry]:
        found: list[list[HistoryEntry]] = []
        self.keeper.list(found.append)
        self.qtbot.waitUntil(lambda: bool(found))
        return found[0]

    def found(self, query: str, order: Order = Order.NEWEST) -> Found:
        found: list[Found] = []
        self.library.search(query, order, found.append)
        self.qtbot.waitUntil(lambda: bool(found))
        return found[0]

    def wait_for(self, query: str, ids: list[str]) -> None:
        def there() -> bool:
            return [hit.message_id for hit in self.found(query).hits if hit.message_id] == ids

        self.qtbot.waitUntil(there)

    def stop(self) -> None:
        if not self.stopped:
            self.stopped = True
            self.keeper.close()
            self.worker.stop()
            self.library.stop()


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.under(tmp_path)


@pytest.fixture
def open_desk(paths: Paths, qtbot: QtBot) -> Iterator[Callable[[], Desk]]:
    """Opens desks, which end with the test, however it ends."""
    desks: list[Desk] = []

    def open_() -> Desk:
        desks.append(Desk(paths, qtbot))
        return desks[-1]

    yield open_
    for desk in desks:
        desk.stop()
    assert not {"index", "search"} & {thread.name for thread in threading.enumerate()}


@pytest.fixture
def desk(open_desk: Callable[[], Desk]) -> Desk:
    return open_desk()


def made(paths: Paths, *names: str) -> None:
    store = ConversationStore(paths)
    for place, name in enumerate(names):
        conversation = Conversation(name, 1.0, title=f"About {name}", updated=2.0)
        conversation.add(message(f"m-{name}", f"words of {name}", 5.0 + place))
        store.create(conversation)
    store.close()


def message(name: str, text: str, at: float = 5.0) -> Message:
    return Message(name, Role.USER, (TextPart(text),), at)


def test_the_first_list_is_read_from_the_files_and_the_next_from_the_index(
    paths: Paths, open_desk: Callable[[], Desk], qtbot: QtBot
) -> None:
    made(paths, "one", "two")
    desk = open_desk()
    first = desk.listed()
    assert {entry.id for entry in first} == {"one", "two"}
    desk.wait_for("words", ["m-two", "m-one"])
    desk.stop()
    (paths.conversations / "one.json").write_text((paths.conversations / "one.json").read_text().replace("About", "On"))
    (paths.conversations / "two.json").unlink()
    made(paths, "three")
    again = open_desk()
    assert {(entry.id, entry.title) for entry in again.listed()} == {("one", "About one"), ("two", "About two")}
    qtbot.waitUntil(lambda: len(again.refreshed) == 2)
    assert again.refreshed[0] == ([], ["two"])
    assert {(entry.id, entry.title) for entry in again.refreshed[1][0]} == {("one", "On one"), ("three", "About three")}
    again.stop()
    assert not again.troubles


def test_the_index_lists_what_the_files_say(paths: Paths, open_desk: Callable[[], Desk], qtbot: QtBot) -> None:
    store = ConversationStore(paths)
    store.create(Conversation("a", 1.0, title="A", updated=5.0, folder="F/G", tags=("x", "é"), pinned=True))
    store.create(Conversation("b", 1.0, updated=4.0, archived=True))
    store.close()
    (paths.conversations / "c.json").write_bytes(b'{"version": 99, "id": "c", "title": "C", "messages": []}')
    (paths.conversations / "d.json").write_bytes(b"\0" * 50)
    first = open_desk()
    scanned = first.listed()
    qtbot.waitUntil(lambda: (index := first.library._keeping._index) is not None and index.complete)
    first.stop()
    again = open_desk()
    listed = again.listed()
    again.stop()
    assert {entry.id: entry for entry in listed if not entry.newer} == {
        entry.id: entry for entry in scanned if not entry.newer
    }
    assert [(entry.id, entry.title, bool(entry.problem)) for entry in listed if entry.newer] == [("c", "C", True)]
    assert len(scanned) == len(listed) == 4


def test_what_is_saved_is_found(desk: Desk) -> None:
    desk.listed()
    conversation = desk.keeper.new_conversation()
    conversation.title = "Colours"
    desk.keeper.ensure(conversation)
    first = message("first", "a question about tulips")
    conversation.add(first)
    desk.keeper.add_messages(conversation, [first], lambda: None)
    desk.wait_for("tulips", ["first"])
    other = message("first", "an answer about roses")
    conversation.update(other)
    desk.keeper.finish_message(conversation, other)
    desk.wait_for("roses", ["first"])
    assert not desk.found("tulips").hits
    conversation.title = "Flowers"
    desk.keeper.set_fields(conversation)
    desk.keeper.set_star(conversation, "first", True)
    desk.wait_for("is:starred", ["first"])
    assert [hit.title for hit in desk.found("flowers").hits] == ["Flowers"]
    trashed: list[object] = []
    desk.keeper.delete(conversation.id, trashed.append, lambda error: None)
    desk.wait_for("roses", [])
    desk.keeper.restore(trashed[0], lambda entry: None)  # type: ignore[arg-type]
    desk.wait_for("roses", ["first"])


def test_nothing_is_read_again_after_an_ordinary_end(desk: Desk, paths: Paths, qtbot: QtBot) -> None:
    desk.listed()
    for n in range(3):
        conversation = desk.keeper.new_conversation()
        desk.keeper.ensure(conversation)
        conversation.add(message("m", f"words {n}"))
        desk.keeper.add_messages(conversation, list(conversation.messages.values()), lambda: None)
    desk.stop()
    from coderapp.storage.index import Index
    from coderapp.storage.index_files import stamps

    index = Index(paths.index)
    assert index.stamps() == stamps(paths.conversations)
    assert index.complete
    index.close()


def test_progress_ends_with_everything(desk: Desk, paths: Paths, qtbot: QtBot) -> None:
    made(paths, "small")
    for n in range(3):
        store = ConversationStore(paths)
        conversation = Conversation(f"c{n}", 1.0)
        for m in range(60):
            conversation.add(message(f"m{m}", f"words {n} {m} " * 5_000))
        store.create(conversation)
        store.close()
    desk.listed()
    qtbot.waitUntil(lambda: bool(desk.steps) and desk.steps[-1][0] == desk.steps[-1][1])
    assert desk.steps[-1] == (4, 4)
    assert desk.steps == sorted(desk.steps)


def test_only_what_was_asked_last_is_answered(desk: Desk, paths: Paths, qtbot: QtBot) -> None:
    made(paths, "one")
    desk.listed()
    desk.wait_for("words", ["m-one"])
    answers: list[Found] = []
    for text in ("w", "wo", "wor", "word", "words"):
        desk.library.search(text, Order.NEWEST, answers.append)
    qtbot.waitUntil(lambda: bool(answers))
    qtbot.wait(30)
    assert [found.query for found in answers] == ["words"]


def test_a_search_without_an_index_says_so(desk: Desk) -> None:
    assert "is being made" in desk.found("words").problem


@pytest.mark.parametrize("damage", ["overwritten", "deleted"])
def test_an_index_that_goes_bad_is_made_again_meanwhile(desk: Desk, paths: Paths, damage: str) -> None:
    made(paths, *(f"c{n}" for n in range(30)))
    desk.listed()
    desk.wait_for("words c7", ["m-c7"])
    if damage == "overwritten":
        with paths.index.open("r+b") as file:
            file.truncate(5000)
            file.write(b"\xff" * 4000)
    else:
        paths.index.unlink()
    desk.wait_for("words c7", ["m-c7"])
    assert not desk.troubles


def test_after_a_kill_the_first_list_says_what_the_files_say(paths: Paths, open_desk: Callable[[], Desk]) -> None:
    made(paths, "one", "two", "three")
    first = open_desk()
    first.listed()
    first.wait_for("words", ["m-three", "m-two", "m-one"])
    first.qtbot.waitUntil(lambda: first.library._keeping._in_line)
    first.stop()
    with contextlib.closing(sqlite3.connect(paths.index, isolation_level=None)) as index:
        assert index.execute("DELETE FROM facts WHERE name = 'in line'").rowcount == 1  # as a kill leaves it
    store = ConversationStore(paths)
    store.set_fields("one", title="Another", folder="Work")
    store.delete("two")
    store.close()
    desk = open_desk()
    assert {(entry.id, entry.title, entry.folder) for entry in desk.listed()} == {
        ("one", "Another", "Work"),
        ("three", "About three", ""),
    }


def test_a_folder_that_takes_no_index_costs_only_the_search(
    paths: Paths, open_desk: Callable[[], Desk], qtbot: QtBot
) -> None:
    made(paths, "one")
    paths.index.mkdir()
    desk = open_desk()
    assert [entry.id for entry in desk.listed()] == ["one"]
    qtbot.waitUntil(lambda: bool(desk.troubles))
    assert "can't be written" in desk.troubles[0]
    assert desk.found("words").problem
    desk.stop()


def test_a_full_disk_costs_only_what_is_not_indexed(desk: Desk, paths: Paths, qtbot: QtBot) -> None:
    made(paths, "one")
    desk.listed()
    desk.wait_for("words", ["m-one"])
    index = desk.library._keeping._index
    assert index is not None
    pages = index._db.execute("PRAGMA page_count").fetchone()[0]
    index._db.execute(f"PRAGMA max_page_count = {pages}")  # SQLite's own limit gives the error of a full disk
    conversation = desk.keeper.new_conversation()
    conversation.add(message("long", "words " + " ".join(f"w{n}" for n in range(60_000))))
    desk.keeper.ensure(conversation)
    qtbot.waitUntil(lambda: bool(desk.found("words")) and bool(desk.troubles))  # a search has it written
    assert "database or disk is full" in desk.troubles[0]
    assert "Your conversations are not affected." in desk.troubles[0]
    assert "m-one" in [hit.message_id for hit in desk.found("words").hits]
    desk.stop()
    assert (paths.conversations / f"{conversation.id}.json").exists()


def test_an_index_that_another_program_holds_costs_only_the_search(paths: Paths, open_desk: Callable[[], Desk]) -> None:
    made(paths, "one")
    first = open_desk()
    first.listed()
    first.wait_for("words", ["m-one"])
    first.stop()
    with contextlib.closing(sqlite3.connect(paths.index, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("DELETE FROM facts")
        desk = open_desk()
        assert [entry.id for entry in desk.listed()] == ["one"]
        assert "locked" in desk.found("words").problem
        other.execute("ROLLBACK")
    desk.library._keeping._again = 0.0  # it is not tried for some seconds
    desk.wait_for("words", ["m-one"])


def test_what_came_during_a_lock_is_found_without_a_further_change(desk: Desk, paths: Paths) -> None:
    made(paths, "one")
    desk.listed()
    desk.wait_for("words", ["m-one"])
    with contextlib.closing(sqlite3.connect(paths.index, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        made(paths, "two")
        desk.library.files_changed("two")
        desk.qtbot.waitUntil(lambda: bool(desk.found("words")) and bool(desk.troubles))
        other.execute("ROLLBACK")
    desk.library._keeping._again = 0.0  # it is not tried for some seconds
    desk.qtbot.waitUntil(lambda: len(desk.found("words").hits) == 2)
    assert len(desk.troubles) == 1


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE conversations SET tags = '[\"x'",
        "UPDATE conversations SET tags = x'5bff'",
        "UPDATE conversations SET title = cast(x'fffe' AS TEXT)",
        "UPDATE conversations SET folder = NULL",
        "UPDATE conversations SET updated = 'yesterday'",
        "DELETE FROM messages",
    ],
)
def test_a_bad_value_in_the_index_hides_nothing(
    paths: Paths, open_desk: Callable[[], Desk], qtbot: QtBot, damage: str
) -> None:
    made(paths, "one", "two")
    first = open_desk()
    first.listed()
    first.wait_for("words", ["m-two", "m-one"])
    first.stop()
    with contextlib.closing(sqlite3.connect(paths.index, isolation_level=None)) as other:
        other.execute(damage)
    desk = open_desk()
    assert sorted(entry.id for entry in desk.listed()) == ["one", "two"]
    fields = {"title": "Another title"}
    desk.worker.submit(lambda: desk.keeper.set_stored(ConversationStore(paths), "one", fields), print, print)
    qtbot.waitUntil(lambda: [hit.title for hit in desk.found("another title").hits][:1] == ["Another title"])
    assert desk.troubles == []


def test_half_a_character_in_the_id_of_a_message(paths: Paths, open_desk: Callable[[], Desk]) -> None:
    made(paths, "one")
    store = ConversationStore(paths)
    odd = Conversation("odd", 1.0, title="Odd")
    names = ["m\ud800", "m\ud801", "m?"]
    for number, name in enumerate(names):
        odd.add(message(name, "words", 9.0 - number))
    store.create(odd)
    store.close()
    desk = open_desk()
    assert sorted(entry.id for entry in desk.listed()) == ["odd", "one"]
    desk.wait_for("words", [*names, "m-one"])
    desk.library.star_changed("odd", "m\ud801", True)
    desk.wait_for("words is:starred", ["m\ud801"])
    desk.library.files_changed("odd")
    desk.wait_for("words", [*names, "m-one"])
    assert desk.troubles == []


def test_changes_are_written_together(desk: Desk, paths: Paths) -> None:
    made(paths, "one")
    desk.listed()
    desk.wait_for("words", ["m-one"])
    written = desk.library._keeping._index
    assert written is not None
    desk.qtbot.waitUntil(lambda: desk.library._keeping._steps is None)
    before = written._db.total_changes
    conversation = desk.keeper.new_conversation()
    desk.keeper.ensure(conversation)
    for number in range(20):
        conversation.add(message(f"n{number}", f"number {number}"))
        desk.keeper.add_messages(conversation, [conversation.messages[f"n{number}"]], lambda: None)
    saved: list[None] = []
    desk.worker.submit(lambda: None, saved.append, print)
    desk.qtbot.waitUntil(lambda: bool(saved))
    assert written._db.total_changes == before
    desk.stop()
    with contextlib.closing(sqlite3.connect(paths.index)) as other:
        assert other.execute("SELECT count(*) FROM messages").fetchone() == (21,)


def test_a_query_that_sqlite_does_not_like_is_no_reason_to_make_the_index_again(desk: Desk, paths: Paths) -> None:
    made(paths, "one")
    desk.listed()
    desk.wait_for("words", ["m-one"])
    for query in (
        "wor " * 500,
        '"' + "a " * 5_000 + '"',
        "-a " * 40,
        "a.b." * 5_000,
        "NOT AND OR NEAR(a b)",
        "*",
        "^a",
    ):
        found = desk.found(query)
        assert not found.problem or "letter" in found.problem, query
        found = desk.found(query, Order.RANK)
        assert not found.problem or "letter" in found.problem, query
