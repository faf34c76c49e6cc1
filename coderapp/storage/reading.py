"""Reads a conversation: its JSON, then what its journal adds. Changes nothing on disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from coderapp.core.conversation import Conversation
from coderapp.core.message import JsonValue
from coderapp.storage import records, schema
from coderapp.storage.document import Document
from coderapp.storage.errors import UnknownConversation, from_os
from coderapp.storage.ids import time_of
from coderapp.storage.journal import read_journal


@dataclass(slots=True)
class Reading:
    """`complaints` are clauses about what could not be used, `rescue` the files (with their bytes) that hold it.
    Sizes are in bytes."""

    document: Document
    json_size: int = 0
    journal_size: int = 0
    complaints: list[str] = field(default_factory=list)
    rescue: list[tuple[Path, bytes]] = field(default_factory=list)


def read_conversation(path: Path, journal_path: Path, conversation_id: str, *, newest: int = schema.VERSION) -> Reading:
    """Raises UnknownConversation, StorageError where the file system refuses to read, or NewerVersion where the file is
    of a later version than `newest`.
    """
    try:
        data: bytes | None = path.read_bytes()
    except FileNotFoundError:
        data = None
    except OSError as error:
        raise from_os(error, "could not be read", path) from error
    journal_data, journal = read_journal(journal_path)
    if data is None and not journal_data:
        raise UnknownConversation(f"There is no conversation {conversation_id}.")
    if data is None:
        document = Document(Conversation(conversation_id, 0.0), version=schema.VERSION)
        document.complaints.append("its file is gone, and only what its journal holds is left")
    else:
        document = schema.decode(conversation_id, data, newest=newest)
    reading = Reading(document, len(data or b""), len(journal_data), complaints=document.complaints)
    if data is not None and document.complaints:
        reading.rescue.append((path, data))
    lost, missing = replay(document, journal.values)
    if missing:
        if data is not None and not document.complaints:
            reading.rescue.append((path, data))
        reading.complaints.append(f"{missing} changes that it should hold were in its journal alone")
    if lost:
        reading.rescue.append((journal_path, journal_data))
        if journal.torn and lost == 1:
            reading.complaints.append("its last change was cut off in mid-write")
        else:
            reading.complaints.append(f"{lost} of the last changes could not be read")
    conversation = document.conversation
    if not conversation.created:
        conversation.created = time_of(conversation_id)
    return reading


def replay(document: Document, values: Iterable[JsonValue]) -> tuple[int, int]:
    """Applies the records that the document does not hold yet; how many could not be, and how many of those that it
    should hold, by its number, it did not.
    """
    lost = missing = 0
    conversation, base = document.conversation, document.journal
    rows = list(_joined(_numbered(values)))
    numbers = [number for number, _ in rows if number is not None]
    if numbers and max(numbers) < base and len(numbers) == len(rows):
        # A journal never ends before the number in its file. So that is wrong, and nobody knows which of these the file
        # holds: all are applied. What it holds does not fit a second time, and of a field the last value is right.
        missing, document.journal = 1, 0
        for _, record in rows:
            assert record is not None
            records.apply(conversation, record)
        document.journal = max(numbers)
        return 0, missing
    found: set[str] = set()
    for number, record in rows:
        if record is None:
            lost += 1
        elif number is not None and number > base:
            lost += not records.apply(conversation, record)
            document.journal = max(document.journal, number)
        elif _is_missing(conversation, record, found) and records.apply(conversation, record):
            missing += 1
    return lost, missing


def _is_missing(conversation: Conversation, record: records.Record, found: set[str]) -> bool:
    """Whether the file lacks a change that its number says it holds: of a message that is not there, as none is ever
    taken away, or that it has as one still growing. `found` are those met before.
    """
    if isinstance(record, records.Added):
        found.add(record.message.id)
        return record.message.id not in conversation.messages
    if isinstance(record, records.Updated):
        identity, ends = record.message.id, not records.streaming(record.message)
    elif isinstance(record, records.Ended):
        identity, ends = record.message_id, record.generation is not None and record.generation.finish is not None
    elif isinstance(record, records.Appended):
        identity, ends = record.message_id, True
    else:
        return False
    message = conversation.messages.get(identity)
    return ends and message is not None and identity in found and records.streaming(message)


_Numbered = tuple[int | None, records.Record | None]


def _numbered(values: Iterable[JsonValue]) -> Iterator[_Numbered]:
    """The records with their numbers; a piece that goes on where the record before ended gets its place from that."""
    number = 0
    before: records.Appended | None = None
    for value in values:
        text = records.more(value)
        if text is not None and before is not None:
            number += 1
            before = records.Appended(before.message_id, before.at + len(before.text), text, before.reasoning)
            yield number, before
        elif (decoded := records.decode(value)) is not None:
            number, record = decoded
            before = record if isinstance(record, records.Appended) else None
            yield decoded
        else:
            number += 1  # most likely; what follows in the same text is not lost with it
            yield None, None


def _joined(rows: Iterable[_Numbered]) -> Iterator[_Numbered]:
    """Makes one of the pieces of a text that follow each other: ten thousand small ones cost as much as one."""
    pending: list[str] = []
    first: records.Appended | None = None
    last_number = end = 0
    for number, record in rows:
        follows = (
            first is not None
            and number is not None
            and isinstance(record, records.Appended)
            and (record.message_id, record.reasoning, record.at) == (first.message_id, first.reasoning, end)
            and number == last_number + 1
        )
        if not follows:
            if first is not None:
                yield last_number, _with(first, pending)
                first = None
            if number is None or not isinstance(record, records.Appended):
                yield number, record
                continue
            first, pending, end = record, [], record.at
        assert isinstance(record, records.Appended)
        assert number is not None
        pending.append(record.text)
        last_number, end = number, end + len(record.text)
    if first is not None:
        yield last_number, _with(first, pending)


def _with(first: records.Appended, pieces: list[str]) -> records.Appended:
    # Where pieces end in mid-character, the whole is shorter than they are, and a run ends there by its `at`.
    return records.Appended(first.message_id, first.at, records.whole("".join(pieces)), first.reasoning)
