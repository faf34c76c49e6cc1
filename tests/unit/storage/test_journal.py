from __future__ import annotations

import errno
import json
import os
import resource
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderapp.core.conversation import Conversation
from coderapp.core.errors import StorageError
from coderapp.core.message import FinishReason, Generation, JsonValue, Message, ReasoningPart, Role, TextPart
from coderapp.storage import atomic, journal, records
from coderapp.storage.document import Document
from coderapp.storage.errors import DiskFull, FolderMissing
from coderapp.storage.journal import Journal, JournalRead, parse_journal, read_journal
from coderapp.storage.reading import replay
from tests.unit.storage.strategies import files, generations, json_values, messages, texts

RECORDS = [b'{"n":1}', '{"n":2,"text":"ü😀"}'.encode(), b'{"n":3}']


def written(folder: Path, *rows: bytes) -> bytes:
    log = Journal(folder / "x.journal")
    for row in rows:
        log.append(row)
    log.close()
    return (folder / "x.journal").read_bytes()


def good(read: JournalRead) -> list[JsonValue]:
    return [value for value in read.values if value is not None]


def test_records_come_back(folder: Path) -> None:
    data = written(folder, *RECORDS)
    read = parse_journal(data)
    assert good(read) == [json.loads(row) for row in RECORDS]
    assert (read.bad_lines, read.torn) == (0, False)
    assert data.splitlines()[0] == b"%08x " % zlib.crc32(RECORDS[0]) + RECORDS[0]
    assert (folder / "x.journal").stat().st_mode & 0o777 == 0o600
    assert read_journal(folder / "x.journal") == (data, read)
    assert read_journal(folder / "missing") == (b"", parse_journal(b""))


def test_every_place_at_which_a_journal_can_end(folder: Path) -> None:
    data = written(folder, *RECORDS)
    ends = [place for place, byte in enumerate(data) if byte == ord("\n")]
    for length in range(len(data) + 1):
        read = parse_journal(data[:length])
        whole = sum(length >= end for end in ends)
        assert good(read) == [json.loads(row) for row in RECORDS[:whole]], length
        assert read.torn == (length not in (0, *ends, *(end + 1 for end in ends))), length
        assert read.bad_lines == read.torn


@pytest.mark.parametrize(
    "rubbish", [b"\0" * 50, b"rubbish", b"00000000 {}", b"zzzzzzzz {}", b"\xff" * 12, b"[" * 10**5]
)
def test_a_bad_line_costs_itself(rubbish: bytes, folder: Path) -> None:
    lines = written(folder, *RECORDS).splitlines(keepends=True)
    read = parse_journal(b"".join([lines[0], rubbish, b"\n", *lines[1:]]))
    assert good(read) == [json.loads(row) for row in RECORDS]
    assert (read.values[1], read.bad_lines, read.torn) == (None, 1, False)
    read = parse_journal(b"".join([*lines, rubbish]))
    assert (len(good(read)), read.bad_lines, read.torn) == (3, 1, True)


def test_a_checksummed_line_that_is_no_json_is_bad() -> None:
    body = b"[" * 100_000
    assert parse_journal(b"%08x %s\n" % (zlib.crc32(body), body)).bad_lines == 1


@given(st.binary(max_size=200))
def test_any_bytes_parse(data: bytes) -> None:
    parse_journal(data)


def test_a_torn_line_does_not_take_the_next_with_it(folder: Path) -> None:
    (folder / "x.journal").write_bytes(written(folder, *RECORDS)[:-5])
    read = parse_journal(written(folder, b'{"n":4}'))
    assert good(read) == [*(json.loads(row) for row in RECORDS[:2]), {"n": 4}]
    assert read.bad_lines == 1


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """A file may not grow beyond `size` bytes here."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_record_for_which_there_is_no_room_leaves_no_trace(folder: Path) -> None:
    log = Journal(folder / "x.journal")
    log.append(RECORDS[0])
    before = (folder / "x.journal").read_bytes()
    with room_for(len(before) + 20), pytest.raises(DiskFull, match=r"x\.journal could not be saved"):
        log.append(b'{"n":2,"text":"' + b"x" * 1000 + b'"}')
    assert (folder / "x.journal").read_bytes() == before
    assert log.size == len(before)
    log.append(RECORDS[2])
    log.close()
    assert [row["n"] for row in parse_journal((folder / "x.journal").read_bytes()).values] == [1, 3]  # type: ignore[index,call-overload]  # plain JSON


def failing(*_: object) -> None:
    raise OSError(errno.EIO, "Input/output error")


def test_a_disk_that_fails_altogether_spoils_one_line_at_most(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = Journal(folder / "x.journal")
    log.append(RECORDS[0])
    with monkeypatch.context() as broken, room_for(log.size + 5):
        broken.setattr(os, "ftruncate", failing)
        with pytest.raises(DiskFull):
            log.append(RECORDS[1])
    log.append(RECORDS[2])
    log.close()
    read = parse_journal((folder / "x.journal").read_bytes())
    assert good(read) == [{"n": 1}, {"n": 3}]
    assert read.bad_lines == 1


def test_a_folder_that_is_gone_is_a_sentence(folder: Path) -> None:
    with pytest.raises(FolderMissing):
        Journal(folder / "gone" / "x.journal").append(b"{}")
    (folder / "x.journal").mkdir()
    with pytest.raises(StorageError, match="could not be read"):
        read_journal(folder / "x.journal")
    with pytest.raises(StorageError, match="could not be removed"):
        Journal(folder / "x.journal").remove()


def test_syncs_come_when_asked_for_and_once_a_second(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    real_data, real_folder = atomic.sync_data, atomic.sync_folder

    def sync_data(descriptor: int) -> None:
        synced.append("data")
        real_data(descriptor)

    def sync_folder(path: Path) -> None:
        synced.append("folder")
        real_folder(path)

    monkeypatch.setattr(journal, "sync_data", sync_data)
    monkeypatch.setattr(journal, "sync_folder", sync_folder)
    now = [100.0]
    log = Journal(folder / "x.journal", now=lambda: now[0])

    def after(step: float, *, sync: bool = False) -> list[str]:
        now[0] += step
        synced.clear()
        log.append(b"{}", sync=sync)
        return synced.copy()

    assert after(0.0, sync=True) == ["data", "folder"]
    assert after(0.1, sync=True) == ["data"]
    assert [after(0.3) for _ in range(8)] == [[], [], [], ["data"], [], [], [], ["data"]]
    synced.clear()
    log.sync()
    assert synced == []
    after(0.1)
    synced.clear()
    log.sync()
    assert synced == ["data"]
    log.append(b"{}")
    monkeypatch.setattr(journal, "sync_data", failing)
    with pytest.raises(StorageError, match="the disk reports an error"):
        log.sync()
    size = log.size
    with pytest.raises(StorageError):
        log.append(b"{}", sync=True)
    assert log.size == size == (folder / "x.journal").stat().st_size
    log.close()


# records

changes = st.one_of(
    st.builds(records.Added, texts, messages(texts.filter(bool))),
    st.builds(records.Appended, texts, st.integers(0, 9), texts, st.booleans()),
    st.builds(records.Updated, messages(texts.filter(bool))),
    st.builds(records.Ended, texts, st.none() | generations),
    st.builds(records.FieldsSet, st.fixed_dictionaries({}, optional={"title": texts, "updated": st.floats(0, 9)})),
    st.builds(records.DraftFilesSet, st.lists(files, max_size=2).map(tuple)),
    st.builds(records.Chosen, texts),
)


@given(st.integers(1, 10**9), changes)
def test_a_record_comes_back(number: int, change: records.Record) -> None:
    body = records.encode(number, change)
    assert b"\n" not in body
    assert records.decode(json.loads(body)) == (number, change)


KINDS = ("add", "text", "reasoning", "update", "end", "set", "choose", "draft_files", "later")
FIELDS = dict.fromkeys(("id", "message", "text", "at", "fields", "files", "generation"), json_values)
near_records = st.fixed_dictionaries({"n": st.integers(), "op": st.sampled_from(KINDS)}, optional=FIELDS)


@given(st.lists(json_values | near_records))
def test_any_json_replays(values: list[Any]) -> None:
    replay(Document(Conversation("c", 1.0)), values)


def value(number: int, change: records.Record) -> Any:
    return json.loads(records.encode(number, change))


def test_replay_skips_what_is_folded_in_and_says_what_does_not_fit() -> None:
    question, answer = Message("q", Role.USER, (TextPart("Why?"),), 5.0), Message("a", Role.ASSISTANT, (), 6.0)
    rows = [
        value(1, records.Added("", question)),
        value(2, records.Added("q", answer)),
        value(3, records.Appended("a", 0, "Hm", reasoning=True)),
        value(4, records.Appended("a", 0, "Be")),
        value(5, records.Appended("a", 2, "cause")),
        value(6, records.FieldsSet({"draft": "More"})),
    ]
    document = Document(Conversation("c", 1.0))
    assert replay(document, rows) == (0, 0)
    assert document.journal == 6
    assert document.conversation.messages["a"].parts == (ReasoningPart("Hm"), TextPart("Because"))
    assert document.conversation.messages["a"].generation == Generation()
    assert (document.conversation.title, document.conversation.draft) == ("Why?", "More")
    assert replay(document, rows) == (0, 0), "it is all there already"
    assert document.conversation.messages["a"].text == "Because"
    misfits: list[Any] = [
        value(7, records.Appended("a", 3, "?")),
        value(8, records.Appended("gone", 0, "?")),
        value(9, records.Ended("gone", None)),
        value(10, records.Updated(Message("gone", Role.USER))),
        value(11, records.Chosen("gone")),
        value(12, records.Added("", question)),
        {"n": 13, "op": "later"},
        "rubbish",
        value(14, records.Ended("a", Generation(finish=FinishReason.STOP))),
    ]
    assert replay(document, misfits) == (8, 0)
    assert document.journal == 14
    assert not records.streaming(document.conversation.messages["a"])


def test_a_message_whose_parent_is_lost_goes_to_the_end() -> None:
    document = Document(Conversation("c", 1.0))
    first, second = Message("1", Role.USER), Message("2", Role.USER)
    assert replay(document, [value(1, records.Added("", first)), value(3, records.Added("gone", second))]) == (0, 0)
    assert document.conversation.parents == {"1": "", "2": "1"}


@given(st.lists(st.tuples(st.booleans(), st.text(st.sampled_from("a\ud83d\ude00é"), max_size=3)), max_size=8))
def test_split_characters_join_live_and_in_replay(pieces: list[tuple[bool, str]]) -> None:
    live = Conversation("c", 1.0)
    live.add(Message("a", Role.ASSISTANT))
    rows: list[Any] = []
    for number, (reasoning, piece) in enumerate(pieces, 1):
        message, piece = live.messages["a"], records.whole(piece)
        change = records.Appended("a", len(message.reasoning if reasoning else message.text), piece, reasoning)
        rows.append(value(number, change))
        assert records.apply(live, change)
    again = Document(Conversation("c", 1.0))
    again.conversation.add(Message("a", Role.ASSISTANT))
    assert replay(again, rows) == (0, 0)
    assert again.conversation.messages["a"].text == live.messages["a"].text
    assert again.conversation.messages["a"].reasoning == live.messages["a"].reasoning
    if len(pieces) == 2 and pieces[0] == (False, "\ud83d") and pieces[1] == (False, "\ude00"):
        assert live.messages["a"].text == "😀"
