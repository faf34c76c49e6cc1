"""An import comes in as one, or not at all: also where the program ends in the middle, or the disk is full."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from coderapp.core.conversation import Conversation
from coderapp.core.message import Message, Role, TextPart
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.document import Document
from coderapp.storage.errors import DiskFull
from coderapp.storage.paths import Paths
from coderapp.storage.staging import Arrival, Staging, commit, recover
from tests.unit.storage.test_crash import Dead, mortal

OLD = "20260101-000000-aaaaaa"
NEW = [f"20260202-00000{n}-bbbbbb" for n in range(3)]
ORIGIN: dict[str, Any] = {"source": "test", "id": "1", "digest": "d"}


def message(identity: str, words: str) -> Message:
    return Message(identity, Role.USER, (TextPart(words),), 1.0)


def conversation(identity: str) -> Conversation:
    made = Conversation(identity, 1.0, title=identity)
    made.add(message("a", "first"), parent="")
    return made


def prepared(root: Path) -> tuple[Paths, str]:
    """A data folder with one conversation, and a job with three new ones and growth for that one."""
    paths = Paths(root)
    store = ConversationStore(paths)
    store.create(conversation(OLD))
    store.close()
    staging = Staging(paths)
    staging.begin()
    for identity in NEW:
        staging.add(Document(conversation(identity)))
    staging.grow(OLD, [("a", message("b", "second")), ("b", message("c", "third"))], ORIGIN, 5.0)
    staging.ready()
    return paths, staging.job


def state(paths: Paths) -> str:
    """ "before", "after", or a tale of what is neither."""
    store = ConversationStore(paths)
    recover(paths, store)
    torn = [problem for problem in store.take_problems() if "cut off in mid-write" not in problem.sentence]
    assert not torn, torn  # a journal's last line may be: it is told, and the import adds it once more
    found = {head.id: store.load(head.id) for head in store.list()}
    assert not paths.incoming.exists()
    sizes = {identity: len(each) for identity, each in found.items()}
    assert not store.problems, store.problems
    if sizes == {OLD: 1}:
        return "before"
    if sizes == {OLD: 3} | dict.fromkeys(NEW, 1):
        assert found[OLD].origin == ORIGIN
        assert [each.id for each in found[OLD].path()] == ["a", "b", "c"]
        return "after"
    return f"neither: {sizes}"


def test_what_is_ready_comes_in(tmp_path: Path) -> None:
    paths, job = prepared(tmp_path)
    store = ConversationStore(paths)
    imported = commit(paths, job, store)
    assert [head.id for head in imported.new] == NEW
    assert [head.title for head in imported.new] == NEW
    assert imported.grown == (OLD,)
    store.close()
    assert state(paths) == "after"


def test_it_comes_in_by_slices_with_room_for_others_between(tmp_path: Path) -> None:
    paths, job = prepared(tmp_path)
    store = ConversationStore(paths)
    arrival = Arrival(paths, job, store)
    slices = 0
    while arrival.advance(0.0):
        slices += 1
        store.add_message(OLD, message(f"mine-{slices}", "said meanwhile"))
    assert slices == len(NEW) + 1
    assert [head.id for head in arrival.imported.new] == NEW
    assert arrival.imported.grown == (OLD,)
    assert {"b", "c", "mine-1", "mine-4"} < store.load(OLD).messages.keys()
    assert not paths.incoming.exists()


def test_an_end_at_every_step_of_coming_in(tmp_path: Path) -> None:
    seen = []
    for step in range(200):
        paths, job = prepared(tmp_path / str(step))
        store = ConversationStore(paths)
        with mortal(step) as life, suppress(Dead):
            commit(paths, job, store)
        seen.append(state(paths))
        assert seen[-1] in ("before", "after"), step
        if life.steps < step:
            break
    assert seen[0] == "before"
    assert seen == sorted(seen, key=["before", "after"].index), "once committed, it stays so"
    assert len(seen) > 15


def test_an_end_at_every_step_of_recovery(tmp_path: Path) -> None:
    for step in range(1, 200):
        paths, job = prepared(tmp_path / str(step))
        store = ConversationStore(paths)
        with mortal(6), suppress(Dead):
            commit(paths, job, store)
        again = ConversationStore(paths)
        with mortal(step) as life, suppress(Dead):
            recover(paths, again)
        assert state(paths) == "after", step
        if life.steps < step:
            break


def test_an_end_while_it_is_made_ready_leaves_nothing(tmp_path: Path) -> None:
    for step in range(1, 200):
        paths = Paths(tmp_path / str(step))
        store = ConversationStore(paths)
        store.create(conversation(OLD))
        store.close()
        with mortal(step) as life:
            try:
                staging = Staging(paths)
                staging.begin()
                staging.add(Document(conversation(NEW[0])))
                staging.grow(OLD, [("a", message("b", "second"))], ORIGIN, 5.0)
                staging.ready()
            except Dead:
                pass
        assert state(paths) == "before", step
        if life.steps < step:
            break


@pytest.mark.parametrize("call", ["write", "fsync", "mkdir", "rename", "replace"])
@pytest.mark.parametrize("number", range(6))
def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int) -> None:
    paths = Paths(tmp_path)
    store = ConversationStore(paths)
    store.create(conversation(OLD))
    real: Callable[..., Any] = getattr(os, call)
    left = number

    def full(*arguments: Any, **options: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments, **options)

    staging = Staging(paths)
    monkeypatch.setattr(os, call, full)
    with suppress(DiskFull):
        staging.begin()
        staging.add(Document(conversation(NEW[0])))
        staging.grow(OLD, [("a", message("b", "second"))], ORIGIN, 5.0)
        staging.ready()
    monkeypatch.undo()
    staging.discard_unless_committed()
    assert state(paths) == "before"


def test_a_conversation_that_went_away_meanwhile_is_not_brought_back(tmp_path: Path) -> None:
    paths, job = prepared(tmp_path)
    store = ConversationStore(paths)
    store.delete(OLD)
    imported = commit(paths, job, store)
    assert imported.grown == ()
    assert {head.id for head in store.list()} == set(NEW)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    paths, job = prepared(tmp_path)
    store = ConversationStore(paths)
    store.create(conversation(NEW[0]))
    store.add_message(NEW[0], message("mine", "my own"))
    imported = commit(paths, job, store)
    assert imported.new[0].id == f"{NEW[0]}-2"
    assert store.load(NEW[0]).leaf_id == "mine"
    assert len(store.load(f"{NEW[0]}-2")) == 1


def test_foreign_things_in_the_folder_do_no_harm(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    (paths.incoming / "a" / "new").mkdir(parents=True)
    (paths.incoming / "b").mkdir()
    (paths.incoming / "b" / "committed.json").write_bytes(b"\0\0 no JSON")
    (paths.incoming / "a" / "new" / "../../stray.txt").write_text("x")
    store = ConversationStore(paths)
    recover(paths, store)
    assert store.list() == []
    assert not store.problems
