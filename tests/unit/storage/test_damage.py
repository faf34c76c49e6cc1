"""Files of the data folder in states that no program writes: what opens, what stays, and what is said."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from coderapp.core.conversation import Conversation
from coderapp.core.errors import StorageError
from coderapp.core.message import FinishReason, Generation, Message, Role, TextPart, ToolCallPart
from coderapp.storage import schema
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.document import Document
from coderapp.storage.ids import new_id
from coderapp.storage.paths import Paths
from tests.unit.storage.test_atomic import as_ordinary_user

ONE = "20261122-170355-ab12cd"
BLOCK = 4096


def talk(count: int = 60) -> Conversation:
    conversation = Conversation(ONE, 100.0, title="Talk", draft="a draft", tags=("one",), folder="Work")
    for number in range(count):
        role = Role.ASSISTANT if number % 2 else Role.USER
        about = Generation(model="coder-1", finish=FinishReason.STOP, duration=1.0) if number % 2 else None
        parts = (TextPart(f"words of {number} " * 12), ToolCallPart("c", "look", "{}"))
        conversation.add(Message(f"m{number}", role, parts if number % 2 else parts[:1], 100.0 + number, about))
    return conversation


@pytest.fixture
def kept(paths: Paths) -> Path:
    """A conversation of 60 messages in its JSON, and two more in its journal."""
    store = ConversationStore(paths)
    store.create(talk())
    for name in ("m60", "m61"):
        store.add_message(ONE, Message(name, Role.USER, (TextPart(f"late {name}"),), 300.0))
    store.sync()
    return paths.conversations / f"{ONE}.json"


def opened(paths: Paths) -> tuple[Conversation, list[str]]:
    """What is read, and said; then once more: it is whole by now, and says nothing."""
    store = ConversationStore(paths)
    conversation = store.load(ONE)
    told = [problem.sentence for problem in store.take_problems()]
    store.close()
    again = ConversationStore(paths)
    assert again.load(ONE) == conversation
    assert again.take_problems() == []
    again.close()
    return conversation, told


def copies(path: Path) -> list[bytes]:
    return [copy.read_bytes() for copy in sorted(path.parent.glob(f"{path.name}.damaged-*"))]


@pytest.mark.parametrize(
    ("begin", "end", "least"), [(0, None, 2), (-BLOCK, None, 40), (2 * BLOCK, 3 * BLOCK, 40), (0, BLOCK, 40)]
)
def test_blocks_of_nul_in_the_json(begin: int, end: int | None, least: int, paths: Paths, kept: Path) -> None:
    data = bytearray(kept.read_bytes())
    data[begin:end] = bytes(len(data[begin:end]))
    kept.write_bytes(data)
    conversation, told = opened(paths)
    assert len(told) == 1
    assert "was damaged" in told[0]
    assert len(conversation) >= least
    assert {"m60", "m61"} <= conversation.messages.keys(), "the journal is as it was"
    assert copies(kept) == [bytes(data)]


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_blocks_of_nul_in_the_journal(share: float, paths: Paths, kept: Path) -> None:
    journal = kept.with_suffix(".journal")
    data = bytearray(journal.read_bytes())
    at = int(len(data) * share)
    data[at:] = bytes(len(data) - at)
    journal.write_bytes(data)
    conversation, told = opened(paths)
    assert len(told) == 1
    assert len(conversation) >= (61 if share >= 0.5 else 60)
    assert copies(journal) == [bytes(data)]


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.99])
def test_a_json_that_is_cut_off_with_a_journal_beside_it(share: float, paths: Paths, kept: Path) -> None:
    data = kept.read_bytes()
    kept.write_bytes(data[: int(len(data) * share)])
    conversation, told = opened(paths)
    assert len(told) == 1
    assert {"m60", "m61"} <= conversation.messages.keys()
    assert len(conversation) >= 2 + int(60 * max(0.0, share - 0.1))


WRONG: tuple[Any, ...] = (7, [1], {"a": 1}, "text", True)
HEAD = json.loads(schema.encode(Document(talk(2))))
MESSAGE = HEAD["messages"][1]


def _places() -> list[tuple[str | int, ...]]:
    """Every field: of the head, of a message, of its part, of its generation."""
    rows: list[tuple[str | int, ...]] = [(name,) for name in HEAD]
    rows += [("messages", 1, name) for name in MESSAGE]
    rows += [("messages", 1, "parts", 1, name) for name in MESSAGE["parts"][1]]
    rows += [("messages", 1, "generation", name) for name in MESSAGE["generation"]]
    return rows


@pytest.mark.parametrize("place", _places(), ids=lambda place: ".".join(map(str, place)))
def test_null_and_wrong_types_in_every_field(place: tuple[str | int, ...], paths: Paths) -> None:
    paths.conversations.mkdir(parents=True)
    path = paths.conversations / f"{ONE}.json"
    for number, wrong in enumerate((None, *WRONG)):
        value = json.loads(json.dumps(HEAD))
        inside = value
        for step in place[:-1]:
            inside = inside[step]
        same = type(inside[place[-1]]) is type(wrong)
        inside[place[-1]] = wrong
        path.write_text(json.dumps(value))
        data = path.read_bytes()
        conversation, told = opened(paths)
        assert len(told) <= 1
        if place != ("messages",):
            assert "m0" in conversation.messages
            assert conversation.messages["m0"].text == talk(1).messages["m0"].text
        if told and not same:
            assert data in copies(path), (number, wrong)
        for copy in path.parent.glob("*.damaged-*"):
            copy.unlink()


def test_a_journal_with_foreign_double_and_shuffled_records(paths: Paths, kept: Path) -> None:
    journal = kept.with_suffix(".journal")
    first, second = journal.read_bytes().splitlines(keepends=True)
    foreign = b"not ours at all\n" + b'00000000 {"n":9,"op":"add"}\n'
    data = second + foreign + second + first
    journal.write_bytes(data)
    conversation, told = opened(paths)
    assert {"m60", "m61"} <= conversation.messages.keys()
    assert len(conversation) == 62
    assert len(told) == 1
    assert copies(journal) == [data]


def test_a_wrong_number_of_the_journal_hides_nothing(paths: Paths, kept: Path) -> None:
    kept.write_bytes(kept.read_bytes().replace(b'"journal": 0', b'"journal": 80'))
    conversation, told = opened(paths)
    assert {"m60", "m61"} <= conversation.messages.keys()
    assert len(told) == 1


def test_a_wrong_letter_in_a_name_hides_nothing(paths: Paths, kept: Path) -> None:
    kept.write_bytes(kept.read_bytes().replace(b'"messages": [', b'"mussages": [').replace(b'"title"', b'"tit\0e"'))
    conversation, told = opened(paths)
    assert len(conversation) == 62
    assert conversation.draft == "a draft"
    assert len(told) == 1


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-32"])
def test_a_file_that_an_editor_has_saved_in_another_encoding(encoding: str, paths: Paths, kept: Path) -> None:
    kept.write_bytes(kept.read_bytes().decode().replace("\n", "\r\n").encode(encoding))
    conversation, _ = opened(paths)
    assert len(conversation) == 62


@pytest.mark.slow
@pytest.mark.usefixtures("untraced")
def test_fifty_megabytes_open(paths: Paths) -> None:
    conversation = Conversation(ONE, 1.0, title="Long")
    for number in range(10_000):
        conversation.add(Message(f"m{number}", Role.USER, (TextPart(f"{number} " + "word " * 1000),), float(number)))
    data = schema.encode(Document(conversation))
    assert len(data) > 50_000_000
    paths.conversations.mkdir(parents=True)
    (paths.conversations / f"{ONE}.json").write_bytes(data)
    begun = time.perf_counter()
    store = ConversationStore(paths)
    assert len(store.load(ONE)) == 10_000
    seconds = time.perf_counter() - begun
    print(f"{len(data) / 1e6:.0f} MB opened in {seconds:.2f} s")
    assert seconds < 10
    begun = time.perf_counter()
    store.set_fields(ONE, title="Longer")
    store.close()
    assert time.perf_counter() - begun < 2
    assert (paths.conversations / f"{ONE}.json").read_bytes() == data, "a title is not worth fifty megabytes"


def test_a_clock_that_is_set_back(paths: Paths) -> None:
    now = 2_000_000_000.0
    store = ConversationStore(paths, now=lambda: now)
    first = new_id(now)
    store.create(Conversation(first, now, updated=now, title="Before"))
    store.add_message(first, Message("a", Role.USER, (TextPart("first"),), now))
    trashed = store.delete(first)
    store.restore(trashed)
    store.close()
    now -= 1_000_000.0
    store = ConversationStore(paths, now=lambda: now)
    second = new_id(now)
    assert second < first
    store.create(Conversation(second, now, updated=now, title="After"))
    store.add_message(first, Message("b", Role.USER, (TextPart("second"),), now))
    again = store.delete(first)
    assert again.deleted < trashed.deleted
    store.clean_up()
    assert [row.trashed for row in store.trashed()] == [again]
    store.restore(again)
    assert [head.title for head in store.list()] == ["Before", "After"], "by what stands in them"
    assert list(store.load(first).messages) == ["a", "b"], "the journal goes by numbers"
    store.close()


def test_names_that_are_no_ids_folders_and_links(paths: Paths, kept: Path) -> None:
    folder = paths.conversations
    (folder / "notes of mine.json").write_text("{}")
    (folder / ".hidden.json").write_text("{}")
    (folder / "20261122-170356-aaaaaa.json").mkdir()
    (folder / "20261122-170357-bbbbbb.json").symlink_to("20261122-170357-bbbbbb.json")
    (folder / "20261122-170358-cccccc.json").symlink_to(kept)
    (folder / "20261122-170359-dddddd.json").symlink_to("nowhere")
    before = sorted(os.listdir(folder))
    store = ConversationStore(paths)
    heads = {head.id: head for head in store.list()}
    assert sorted(heads) == [
        ONE, "20261122-170356-aaaaaa", "20261122-170357-bbbbbb", "20261122-170358-cccccc",
    ]  # fmt: skip
    assert len(store.take_problems()) == 1, "one sentence for both"
    assert heads["20261122-170358-cccccc"].title == "Talk"
    for name in ("20261122-170356-aaaaaa", "20261122-170357-bbbbbb"):
        with pytest.raises(StorageError) as caught:
            store.load(name)
        assert caught.value.sentence.endswith(".")
    store.restore(store.delete("20261122-170356-aaaaaa"))
    store.clean_up()
    store.close()
    assert sorted(os.listdir(folder)) == before


def test_a_folder_that_may_only_be_read(folder: Path) -> None:
    paths = Paths.under(folder)
    store = ConversationStore(paths)
    store.create(talk())
    store.close()
    path = paths.conversations / f"{ONE}.json"
    path.chmod(0o644)
    for place in (folder, paths.conversations):
        place.chmod(0o555)
    data = path.read_bytes()
    try:
        with as_ordinary_user():
            store = ConversationStore(paths)
            assert [head.title for head in store.list()] == ["Talk"]
            assert len(store.load(ONE)) == 60
            with pytest.raises(StorageError, match="permission"):
                store.set_fields(ONE, title="Other")
            with pytest.raises(StorageError, match="permission"):
                store.delete(ONE)
            assert store.load(ONE).title == "Talk"
            store.clean_up()
            store.close()
    finally:
        for place in (folder, paths.conversations):
            place.chmod(0o755)
    assert path.read_bytes() == data


def test_hundreds_of_damaged_files_are_one_sentence(paths: Paths) -> None:
    paths.conversations.mkdir(parents=True)
    for number in range(300):
        (paths.conversations / f"c{number}.json").write_bytes(bytes(50))
    store = ConversationStore(paths)
    assert len(store.list()) == 300
    (problem,) = store.take_problems()
    assert problem.sentence.startswith("300 conversations are damaged")
    store.list()
    assert store.take_problems() == [], "it is said once"
