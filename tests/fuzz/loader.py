"""Fuzzes what is read of the data folder: damaged conversations and journals, lists, settings, the trash.

Of each case this is asked: nothing is raised; what comes is a legal conversation, which saves and loads equal; the
bytes as they were are on disk still, there or beside it, if anything in them was of no use; and every message that
stands undamaged in them is there.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from coderapp.core.conversation import ROOT, Conversation
from coderapp.storage import schema
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.document import Document
from coderapp.storage.heads import HeadState
from coderapp.storage.journal import parse_journal
from coderapp.storage.paths import Paths
from coderapp.storage.reading import read_conversation
from tests.fuzz import small_files
from tests.fuzz.mutations import ODD, as_bytes, damaged, mutated
from tests.fuzz.talks import ONE, talk

MOST_FAILURES = 20


class Wrong(AssertionError):
    """What was read is not what has to be."""


def run(seconds: float, seed: int) -> dict[str, Any]:
    """Cases until the time is over. `failures` name the seed of their case, which `one` repeats."""
    end = time.monotonic() + seconds
    found: dict[str, Any] = {"cases": 0, "opened_damaged": 0, "undamaged_messages": 0}
    failures: list[str] = []
    number = 0
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=base, prefix="coderapp-fuzz-") as folder:
        while time.monotonic() < end and len(failures) < MOST_FAILURES:
            number += 1
            case = f"{seed}-{number}"
            try:
                one(case, Path(folder), found)
            except Exception:  # noqa: BLE001  # whatever it is, it is what is looked for
                failures.append(f"loader {case}: {traceback.format_exc(limit=-4)}")
    return {**found, "failures": failures}


def one(case: str, folder: Path, found: dict[str, Any]) -> None:
    random = Random(case)
    place = folder / case
    try:
        if random.random() < 0.15:
            small_files.one(random, Paths.under(place))
        else:
            _conversation(random, Paths.under(place), found)
        found["cases"] += 1
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _conversation(random: Random, paths: Paths, found: dict[str, Any]) -> None:
    talk(random, paths)
    path, journal_path = (paths.conversations / f"{ONE}.{kind}" for kind in ("json", "journal"))
    data, journal = path.read_bytes(), journal_path.read_bytes() if journal_path.exists() else b""
    before = read_conversation(path, journal_path, ONE).document.conversation
    records = set(journal.split(b"\n"))
    which = random.choice(("json", "json", "json", "journal", "journal", "both"))
    if which != "journal":
        data = _damaged_json(data, random)
        path.write_bytes(data)
    if which != "json" and journal:
        journal = _damaged_journal(journal, random)
        journal_path.write_bytes(journal)
    if random.random() < 0.03:
        path.unlink()
        data = b""
    if not data and not journal:
        return

    _parsers(data, journal)
    intact = _undamaged(before, data, journal, records)
    found["undamaged_messages"] += len(intact)
    store = ConversationStore(paths)
    (head,) = store.list()
    first = store.load(ONE)
    told = bool(store.take_problems())
    store.close()
    if told:
        found["opened_damaged"] += 1
    _legal(first)
    if head.message_count > len(first) and head.state is not HeadState.NEWER and not told:
        raise Wrong(f"{head.message_count} messages are listed, {len(first)} open")
    everything = b"\0".join(each.read_bytes() for each in paths.conversations.iterdir())
    if told and not all(bytes_ in everything for bytes_ in (data, journal)) and not _is_held(journal, everything, told):
        raise Wrong("the bytes of the damaged file are not kept")
    for identity, text in intact.items():
        message = first.messages.get(identity)
        if message is None:
            raise Wrong(f"message {identity} stands in the file and is not there")
        if text not in message.text and not _set_aside(text, everything):
            raise Wrong(f"message {identity} has lost its words")
    again = ConversationStore(paths)
    if schema.encode(Document(again.load(ONE))) != schema.encode(Document(first)):
        raise Wrong("what was saved loads different")
    if again.take_problems() and not first.read_only:
        raise Wrong("what was saved is damaged")
    if not first.read_only:
        again.set_fields(ONE, draft="later")
    again.close()


def _is_held(journal: bytes, everything: bytes, told: bool) -> bool:
    """A journal of which everything could be used is folded in and goes."""
    return told and (not journal or parse_journal(journal).bad_lines == 0 or journal in everything)


def _set_aside(text: str, everything: bytes) -> bool:
    """In a line that half a character stands in too, everything is escaped."""
    return not text or schema.encode_value(text)[1:-1] in everything or json.dumps(text)[1:-1].encode() in everything


def _parsers(data: bytes, journal: bytes) -> None:
    """The steps by themselves: the store might hide what one of them raises."""
    parse_journal(data)
    parse_journal(journal)
    schema.read_head(data)
    schema.read_head(data[:2048])
    document = schema.decode(ONE, data, newest=schema.ANY_VERSION)
    _legal(document.conversation)
    whole = schema.encode(document)
    again = schema.decode(ONE, whole)
    if again.complaints:
        raise Wrong(f"what was written complains: {again.complaints}")
    if schema.encode(again) != whole:  # times are written in milliseconds: a file may have them with more digits
        raise Wrong("what was written decodes different")


def _undamaged(before: Conversation, data: bytes, journal: bytes, records: set[bytes]) -> dict[str, str]:
    """Id → text of the messages whose bytes are as they were; not of those that stand there twice."""
    intact = {}
    lines = set(data.split(b"\n"))
    left = b"\n".join(line for line in journal.split(b"\n") if line in records)
    values = [value for value in parse_journal(left).values if isinstance(value, dict)]
    added = [value["message"] for value in values if value.get("op") == "add"]
    in_journal = {message.get("id") for message in added if isinstance(message, dict)}
    for identity, message in before.messages.items():
        form = b"    " + schema.encode_message(before.parents[identity], message)
        if form in lines or form + b"," in lines:
            intact[identity] = message.text
        elif identity in in_journal:
            intact[identity] = ""
    return intact


def _legal(conversation: Conversation) -> None:
    messages = conversation.messages
    placed = [child for children in conversation.children.values() for child in children]
    if sorted(placed) != sorted(messages) or conversation.parents.keys() != messages.keys():
        raise Wrong("the tree is not that of the messages")
    seen = {ROOT}
    for identity, message in messages.items():
        if message.id != identity or conversation.parents[identity] not in seen:
            raise Wrong("a message stands before its parent")
        if identity not in conversation.children[conversation.parents[identity]]:
            raise Wrong("a parent does not know its child")
        seen.add(identity)
    for parent, child in conversation.chosen.items():
        if child not in conversation.children.get(parent, ()):
            raise Wrong("a branch is chosen that is not there")
    list(conversation.path())
    for value in (conversation.title, conversation.draft, conversation.folder, conversation.system_prompt):
        if not isinstance(value, str):
            raise Wrong("a text is none")


# damage


def _damaged_json(data: bytes, random: Random) -> bytes:
    kinds: tuple[Callable[[bytes, Random], bytes], ...] = (
        *(_bytes_damaged,) * 4,
        *(_values_changed,) * 3,
        *(_lines_moved, _zeroed, _cut, _other_encoding, _nested, _huge_number, _key_twice, _half_written),
    )
    return random.choice(kinds)(data, random)


def _damaged_journal(journal: bytes, random: Random) -> bytes:
    kind = random.randrange(6)
    lines = journal.splitlines(keepends=True)
    if kind == 0 and lines:
        random.shuffle(lines)
        return b"".join(lines)
    if kind == 1 and lines:
        return b"".join(lines[: random.randrange(len(lines))] + random.choices(lines, k=3) + lines)
    if kind == 2 and lines:
        del lines[random.randrange(len(lines))]
        return b"".join(lines)
    if kind == 3:
        return random.choice((_zeroed, _cut, _other_encoding))(journal, random)
    if kind == 4 and lines:
        import zlib

        row = random.randrange(len(lines))
        try:
            value, _ = mutated(json.loads(lines[row][9:]), random, random.randint(1, 3))
            body = json.dumps(value).encode()
        except (ValueError, RecursionError):
            return journal
        lines[row] = b"%08x %s\n" % (zlib.crc32(body), body)
        return b"".join(lines)
    return damaged(journal, random)


def _bytes_damaged(data: bytes, random: Random) -> bytes:
    return damaged(data, random)


def _values_changed(data: bytes, random: Random) -> bytes:
    value, _ = mutated(json.loads(data), random, random.randint(1, 4))
    if random.random() < 0.3:
        return as_bytes(value, random)
    if isinstance(value, dict) and isinstance(value.get("messages"), list):  # in the form that the program writes
        rows = b",\n".join(b"    " + schema.encode_value(row) for row in value.pop("messages"))
        head = b",\n".join(b"  %s: %s" % (schema.encode_value(k), schema.encode_value(v)) for k, v in value.items())
        return b'{\n%s,\n  "messages": [\n%s\n  ]\n}\n' % (head, rows)
    return schema.encode_value(value)


def _lines_moved(data: bytes, random: Random) -> bytes:
    lines = data.splitlines(keepends=True)
    for _ in range(random.randint(1, 4)):
        at, other = random.randrange(len(lines)), random.randrange(len(lines))
        kind = random.randrange(3)
        if kind == 0:
            lines[at], lines[other] = lines[other], lines[at]
        elif kind == 1:
            lines.insert(at, lines[other])
        elif len(lines) > 1:
            del lines[at]
    return b"".join(lines)


def _zeroed(data: bytes, random: Random) -> bytes:
    """As after a loss of power: blocks, the end, or all of it."""
    block = random.choice((16, 512, 4096))
    at = random.randrange(len(data) // block + 1) * block
    end = random.choice((at + block, len(data)))
    return data[:at] + bytes(len(data[at:end])) + data[end:]


def _cut(data: bytes, random: Random) -> bytes:
    return data[: random.randrange(len(data) + 1)] + random.choice((b"", b"", b"\0" * 600, b"\n", data[:300]))


def _other_encoding(data: bytes, random: Random) -> bytes:
    text = data.decode("utf-8", "replace")
    encoding = random.choice(("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252"))
    if random.random() < 0.3:
        text = text.replace("\n", "\r\n")
    return text.encode(encoding, "replace")


def _nested(data: bytes, random: Random) -> bytes:
    depth = random.choice((50, 900, 5000, 200_000))
    opening = random.choice((b"[", b'{"a":'))
    closing = random.choice((b"", {b"[": b"]"}.get(opening, b"}") * depth))
    inner = opening * depth + (b"0" if opening != b"[" else b"") + closing
    rows = data.split(b"\n")
    at = random.randrange(len(rows))
    return b"\n".join([*rows[:at], b'  "deep": ' + inner + b",", *rows[at:]])


def _huge_number(data: bytes, random: Random) -> bytes:
    digits = random.choice((20, 400, 5000))
    names = (b"version", b"created", b"updated", b"message_count", b"journal", b"started", b"duration", b"input_tokens")
    name = b'"%s":' % random.choice(names)
    start = data.find(name)
    if start < 0:
        return data
    start += len(name)
    end = start
    while data[end : end + 1] in b" -0123456789.eE" and end < len(data):
        end += 1
    return data[:start] + random.choice((b"", b"-")) + b"9" * digits + data[end:]


def _key_twice(data: bytes, random: Random) -> bytes:
    rows = data.split(b"\n")
    at = random.randrange(1, min(len(rows), 20))
    name = random.choice((b"messages", b"title", b"version", b"journal", b"id", b"chosen"))
    value = schema.encode_value(random.choice(ODD))
    return b"\n".join([*rows[:at], b'  "%s": %s,' % (name, value), *rows[at:]])


def _half_written(data: bytes, random: Random) -> bytes:
    """A new file over an old one that was longer."""
    at = random.randrange(len(data))
    return data[:at] + data[max(0, at - random.randrange(500)) :]
