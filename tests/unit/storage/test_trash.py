"""What is deleted can be seen, brought back, and goes for good after its time, whatever the clock says."""

from __future__ import annotations

import pytest

from coderapp.core.conversation import Conversation
from coderapp.core.message import Message, Role, TextPart
from coderapp.storage.conversations import ConversationStore, HeadState
from coderapp.storage.errors import UnknownConversation
from coderapp.storage.paths import Paths
from coderapp.storage.trash import DAY_S

NOW = 1_800_000_000.0


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now

    def pass_days(self, days: int, store: ConversationStore) -> None:
        """With a start of the program each day."""
        for _ in range(days):
            self.now += DAY_S
            store.clean_up()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(paths: Paths, clock: Clock) -> ConversationStore:
    return ConversationStore(paths, now=clock)


def made(store: ConversationStore, name: str) -> str:
    conversation = Conversation(name, NOW, title=f"Title of {name}")
    conversation.add(Message("m", Role.USER, (TextPart("Hello"),), NOW))
    store.create(conversation)
    return name


def names(store: ConversationStore) -> list[str]:
    return [row.head.id for row in store.trashed()]


def test_it_lists_newest_first_with_titles(store: ConversationStore, clock: Clock) -> None:
    for name in ("a", "b"):
        made(store, name)
        store.delete(name)
        clock.now += 10
    rows = store.trashed()
    assert [(row.head.title, row.deleted, row.head.message_count) for row in rows] == [
        ("Title of b", NOW + 10, 1),
        ("Title of a", NOW, 1),
    ]
    store.restore(rows[0].trashed)
    assert names(store) == ["a"]
    assert [head.id for head in store.list()] == ["b"]


def test_one_that_was_deleted_again_since_comes_back(store: ConversationStore, clock: Clock) -> None:
    made(store, "a")
    first = store.delete("a")
    store.restore(first)
    clock.now += 5
    again = store.delete("a")
    assert again != first
    store.restore(first)
    assert [head.id for head in store.list()] == ["a"]
    assert names(store) == []


def test_a_damaged_one_is_listed_too(store: ConversationStore, paths: Paths) -> None:
    made(store, "a")
    trashed = store.delete("a")
    (paths.trash / trashed.folder / "a.json").write_bytes(b"\0" * 100)
    assert [row.head.state for row in store.trashed()] == [HeadState.DAMAGED]
    store.restore(trashed)
    assert [head.id for head in store.list()] == ["a"]


def test_deleting_for_good_leaves_a_line(store: ConversationStore, paths: Paths) -> None:
    made(store, "a")
    trashed = store.delete("a")
    store.destroy(trashed)
    assert store.trashed() == []
    log = (paths.trash / "emptied.log").read_text()
    assert " a deleted at 1800000000, " in log
    assert "Title" not in log
    with pytest.raises(UnknownConversation):
        store.destroy(trashed)
    with pytest.raises(UnknownConversation):
        store.restore(trashed)


def test_emptying_at_once_or_up_to_a_time(store: ConversationStore, clock: Clock) -> None:
    for name in ("a", "b", "c"):
        made(store, name)
        store.delete(name)
        clock.now += 10
    assert store.empty_trash(before=NOW + 10) == 1
    assert names(store) == ["c", "b"]
    assert store.empty_trash() == 2
    assert names(store) == []


def test_an_empty_folder_is_no_conversation_and_goes(paths: Paths, store: ConversationStore, clock: Clock) -> None:
    made(store, "a")
    store.delete("a")
    empty = paths.trash / "b.20261122-170355"
    empty.mkdir()
    template = next(path.name.partition(".")[2] for path in paths.trash.iterdir() if path.name.startswith("a."))
    empty.rename(paths.trash / f"b.{template}")
    assert names(store) == ["a"]
    store.clean_up()
    assert not (paths.trash / f"b.{template}").exists()
    assert names(store) == ["a"]


def test_it_goes_after_thirty_days(store: ConversationStore, clock: Clock) -> None:
    made(store, "a")
    store.delete("a")
    store.clean_up()
    clock.pass_days(29, store)
    assert names(store) == ["a"]
    clock.pass_days(2, store)
    assert names(store) == []


@pytest.mark.parametrize("leap", [400 * DAY_S, -400 * DAY_S, -NOW])
def test_a_leap_of_the_clock_empties_nothing(store: ConversationStore, clock: Clock, leap: float) -> None:
    made(store, "a")
    store.delete("a")
    clock.pass_days(3, store)
    clock.now += leap
    store.clean_up()
    assert names(store) == ["a"]
    clock.now -= leap
    clock.pass_days(20, store)
    assert names(store) == ["a"]
    clock.pass_days(30, store)
    assert names(store) == []


def test_after_a_long_pause_it_waits_a_day(store: ConversationStore, clock: Clock) -> None:
    made(store, "a")
    store.delete("a")
    store.clean_up()
    clock.now += 100 * DAY_S
    store.clean_up()
    assert names(store) == ["a"]
    clock.pass_days(1, store)
    assert names(store) == []


def test_a_note_that_does_not_read_empties_nothing(store: ConversationStore, clock: Clock, paths: Paths) -> None:
    made(store, "a")
    store.delete("a")
    clock.now += 40 * DAY_S
    for rubbish in (
        b"",
        b"\0" * 20,
        b"[]",
        b'{"since": "x"}',
        b'{"since": 1e400, "last": 0}',
        b'{"since":0,"last":9e99}',
    ):
        (paths.trash / "checked.json").write_bytes(rubbish)
        store.clean_up()
        assert names(store) == ["a"], rubbish
