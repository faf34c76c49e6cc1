"""Brings the index in line with the files: only what changed since it was indexed is read."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from coderapp.core.errors import StorageError
from coderapp.storage import heads, schema
from coderapp.storage.errors import NewerVersion, UnknownConversation
from coderapp.storage.heads import ConversationHead, HeadState
from coderapp.storage.ids import is_valid
from coderapp.storage.index import Index, Source
from coderapp.storage.reading import read_conversation

BATCH = 4_000_000
"""Bytes of conversations that are read before they are written to the index."""

_TRIES = 3


@dataclass(frozen=True, slots=True)
class Step:
    """`done` of `total` conversations are indexed. `between`: the index is whole so far, and others may change it.
    `changed` and `gone` are what a list that the index served has to show since the last step.
    """

    done: int
    total: int
    between: bool = True
    changed: Sequence[ConversationHead] = ()
    gone: Sequence[str] = ()


def stamps(folder: Path) -> Mapping[str, str]:
    """Conversation id → a stamp of its files. Raises OSError but for a missing folder."""
    parts: dict[str, list[str]] = {}
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        return {}
    with entries:
        for entry in entries:
            stem, _, suffix = entry.name.partition(".")
            if suffix not in ("json", "journal") or not is_valid(stem):
                continue
            try:
                status = entry.stat()
            except OSError:
                continue  # it went away meanwhile
            parts.setdefault(stem, ["", ""])[suffix == "journal"] = f"{status.st_size}.{status.st_mtime_ns}"
    return {stem: "/".join(pair) for stem, pair in parts.items()}


def stamp_of(folder: Path, conversation_id: str) -> str:
    """The same for one conversation; "" where none of its files is there."""
    pair = ["", ""]
    for place, suffix in enumerate(("json", "journal")):
        try:
            status = os.stat(f"{folder}{os.sep}{conversation_id}.{suffix}")
        except OSError:
            continue
        pair[place] = f"{status.st_size}.{status.st_mtime_ns}"
    return "/".join(pair) if any(pair) else ""


def read_source(folder: Path, conversation_id: str) -> Source | None:
    """The conversation with the stamp of the files that it was read from; None where there are none."""
    path, journal = folder / f"{conversation_id}.json", folder / f"{conversation_id}.journal"
    for last in (*[False] * (_TRIES - 1), True):
        stamp = stamp_of(folder, conversation_id)
        if not stamp:
            return None
        newer = False
        try:
            try:
                reading = read_conversation(path, journal, conversation_id)
            except NewerVersion:
                newer = True
                reading = read_conversation(path, journal, conversation_id, newest=schema.ANY_VERSION)
        except UnknownConversation:
            return None
        except StorageError as error:
            return Source(heads.damaged_head(conversation_id, error.sentence), None, stamp)
        if last or stamp == stamp_of(folder, conversation_id):
            conversation = reading.document.conversation
            head = heads.head_of(conversation)
            if newer:
                head = replace(head, state=HeadState.NEWER, reason=heads.NEWER_REASON)
            elif reading.complaints:
                head = replace(head, state=HeadState.DAMAGED, reason=f"{'; '.join(reading.complaints)}.")
            return Source(head, conversation, stamp)
    return None


def reconcile(index: Index, folder: Path, pause: Callable[[], None] = lambda: None) -> Iterator[Step]:
    """Steps until the index says what the files say. Raises sqlite3.Error and OSError; what was done till then stays.

    `pause` is called after each conversation that was read.
    """
    served = index.complete
    known, there = index.stamps(), stamps(folder)
    gone = [name for name in known if name not in there]
    for name in gone:
        index.remove(name)
    # Those used last come first: what is looked for soonest is found soonest.
    todo = sorted(
        (name for name, stamp in there.items() if known.get(name) != stamp),
        key=lambda name: max(part.partition(".")[2] for part in there[name].split("/")),
        reverse=True,
    )
    total = len(todo)
    yield Step(0, total, gone=gone)
    batch: list[Source] = []
    size = 0
    for done, name in enumerate(todo, 1):
        source = read_source(folder, name)
        pause()
        if source is not None:
            batch.append(source)
            size += sum(int(part.partition(".")[0] or 0) for part in source.stamp.split("/"))
        else:
            index.remove(name)
        if batch and (size >= BATCH or done == total):
            for _ in index.put(batch):
                pause()
                yield Step(done, total, between=False)
            yield Step(done, total, changed=[source.head for source in batch] if served else ())
            batch, size = [], 0
    index.set_complete()
    yield Step(total, total)
    for _ in index.join():
        yield Step(total, total)
