"""An import on its way in: everything is made ready apart, then it comes in as one.

`incoming/<job>/` holds `new/<id>.json`, whole conversations, and `grown/<id>.json`, messages for conversations that are
there already. Nothing of it counts until `ready.json`, which lists it, is renamed to `committed.json`: from then on it
comes in, and where the program ends in between, at its next start. A job without that mark is removed.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from coderapp.core.errors import Problem, StorageError
from coderapp.core.message import JsonValue, Message
from coderapp.storage import heads, schema
from coderapp.storage.atomic import make_folder, sync_folder, write_all, write_atomically
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.document import Document
from coderapp.storage.errors import UnknownConversation, from_os
from coderapp.storage.heads import ConversationHead
from coderapp.storage.ids import is_valid
from coderapp.storage.lenient import read_message
from coderapp.storage.paths import Paths

READY = "ready.json"
COMMITTED = "committed.json"

_MAKE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class Imported:
    """What came in: the heads of new conversations, and the ids of those that grew."""

    new: tuple[ConversationHead, ...] = ()
    grown: tuple[str, ...] = ()


@dataclass(slots=True)
class Staging:
    """Made by the one who reads the import; may be a process of its own. Every call raises StorageError where the disk
    refuses; `discard` leaves nothing then.
    """

    paths: Paths
    job: str = field(default_factory=lambda: secrets.token_hex(8))
    heads: dict[str, ConversationHead] = field(default_factory=dict)
    grown: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.paths.incoming / self.job

    @property
    def scratch(self) -> Path:
        """For files that are unpacked."""
        return self.folder / "scratch"

    def begin(self) -> None:
        try:
            for name in ("new", "grown", "scratch"):
                make_folder(self.folder / name)
        except OSError as error:
            raise from_os(error, "could not be made", self.folder) from error

    def add(self, document: Document) -> None:
        """A new conversation, or one of this import anew."""
        conversation = document.conversation
        self._write(self.folder / "new" / f"{conversation.id}.json", schema.encode(document))
        self.heads[conversation.id] = heads.head_of(conversation)

    def staged(self, conversation_id: str) -> Document:
        path = self.folder / "new" / f"{conversation_id}.json"
        try:
            return schema.decode(conversation_id, path.read_bytes())
        except OSError as error:
            raise from_os(error, "could not be read", path) from error

    def grow(
        self,
        conversation_id: str,
        rows: Sequence[tuple[str, Message]],
        origin: dict[str, JsonValue],
        updated: float,
    ) -> None:
        """Messages, each with the id of its parent, for a conversation that is there."""
        number = self.grown.count(conversation_id)
        lines = b",\n".join(schema.encode_message(parent, message) for parent, message in rows)
        head = b'{"id":%s,"origin":%s,"updated":%s,\n"messages":[\n' % (
            schema.encode_value(conversation_id),
            schema.encode_value(origin),
            schema.encode_value(updated),
        )
        self._write(self.folder / "grown" / f"{conversation_id}.{number}.json", head + lines + b"\n]}\n")
        self.grown.append(conversation_id)

    def ready(self, about: JsonValue = None) -> None:
        """Everything is there and on disk; `about` is kept with it."""
        rows: list[JsonValue] = [_head_json(head) for head in self.heads.values()]
        try:
            shutil.rmtree(self.scratch, ignore_errors=True)
            for name in ("new", "grown"):
                sync_folder(self.folder / name)
        except OSError as error:
            raise from_os(error, "could not be saved", self.folder) from error
        told: dict[str, JsonValue] = {"new": rows, "grown": [*dict.fromkeys(self.grown)], "about": about}
        write_atomically(self.folder / READY, json.dumps(told).encode())

    def discard(self) -> None:
        """Leaves nothing. Never fails: what can't be removed now is removed at the next start."""
        remove_job(self.folder)

    def discard_unless_committed(self) -> None:
        """For the end of one who has tried: what was committed and could not be completed stays for the next start."""
        if not (self.folder / COMMITTED).exists():
            self.discard()

    def _write(self, path: Path, data: bytes) -> None:
        try:
            descriptor = os.open(path, _MAKE, 0o600)
            try:
                write_all(descriptor, data)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise from_os(error, "could not be saved", path) from error


class Arrival:
    """A job that is ready comes in, a slice at a time. For the thread that has the store. Each call raises
    StorageError: before the mark nothing came in, after it the rest follows at the next start.
    """

    def __init__(self, paths: Paths, job: str, store: ConversationStore) -> None:
        """Marks it: from here on it comes in."""
        folder = paths.incoming / job
        try:
            os.rename(folder / READY, folder / COMMITTED)
            sync_folder(folder)
        except OSError as error:
            raise from_os(error, "could not be brought in", folder) from error
        self._new: list[ConversationHead] = []
        self._grown: dict[str, None] = {}
        self._steps = _completing(paths, folder, store, self._new, self._grown)

    @property
    def imported(self) -> Imported:
        return Imported(tuple(self._new), tuple(self._grown))

    def advance(self, seconds: float) -> bool:
        """Goes on for about that long; whether something is left."""
        until = time.monotonic() + seconds
        return any(time.monotonic() >= until for _ in self._steps)


def commit(paths: Paths, job: str, store: ConversationStore) -> Imported:
    """Brings a job in that is ready, in one go. Raises as Arrival does."""
    arrival = Arrival(paths, job, store)
    arrival.advance(float("inf"))
    return arrival.imported


def recover(paths: Paths, store: ConversationStore) -> Imported:
    """At the start: completes what was committed, removes what was not. What goes wrong is told in the store's
    `problems`.
    """
    new: list[ConversationHead] = []
    grown: dict[str, None] = {}
    try:
        jobs = sorted(os.listdir(paths.incoming))
    except OSError:
        return Imported()
    for name in jobs:
        folder = paths.incoming / name
        if not (folder / COMMITTED).exists():
            remove_job(folder)
            continue
        try:
            for _ in _completing(paths, folder, store, new, grown):
                pass
        except StorageError as error:
            store.problems.append(Problem.of(error))
    _remove_if_empty(paths.incoming)
    return Imported(tuple(new), tuple(grown))


def remove_job(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _remove_if_empty(folder.parent)


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return


def _completing(
    paths: Paths, folder: Path, store: ConversationStore, new: list[ConversationHead], grown: dict[str, None]
) -> Iterator[None]:
    """A step for each file. May begin anew after any of them."""
    told = _manifest(folder / COMMITTED)
    known = {head.id: head for row in _rows(told, "new") if (head := _head_of(row)) is not None}
    try:
        make_folder(paths.conversations)
        for name in sorted(_names(folder / "new")):
            identity = name.removesuffix(".json")
            target = _free(paths.conversations, identity)
            os.rename(folder / "new" / name, target)
            if (head := known.pop(identity, None)) is not None:
                new.append(_named(head, target.stem))
            yield
        if new:
            sync_folder(paths.conversations)
    except OSError as error:
        raise from_os(error, "could not be brought in", folder) from error
    for name in sorted(_names(folder / "grown")):
        if identity := _grow(folder / "grown" / name, store):
            grown[identity] = None
        yield
    remove_job(folder)


def _free(conversations: Path, identity: str) -> Path:
    """Nothing that is there is written over."""
    target = conversations / f"{identity}.json"
    number = 2
    while target.exists() or target.with_suffix(".journal").exists():
        target = conversations / f"{identity[:56]}-{number}.json"
        number += 1
    return target


def _grow(path: Path, store: ConversationStore) -> str:
    """Adds the messages that are not there yet; the id of the conversation, "" where it is gone."""
    value = _manifest(path)
    identity = value.get("id")
    if not isinstance(identity, str):
        return ""
    try:
        conversation = store.load(identity)
    except UnknownConversation:
        return ""  # deleted meanwhile: an import does not bring it back
    if conversation.read_only:
        return ""  # a later version has saved it meanwhile
    leaf = conversation.leaf_id
    for row in _rows(value, "messages"):
        read = read_message(row)
        if read is not None and read.message.id not in conversation.messages:
            parent = read.parent if read.parent in conversation.messages else ""
            store.add_message(identity, read.message, parent, sync=False)
            conversation.add(read.message, parent=parent)
    if leaf and leaf not in {message.id for message in conversation.path()}:
        store.choose(identity, leaf)  # the user went on here: what came in stands beside it
    fields: dict[str, Any] = {"origin": value.get("origin"), "updated": value.get("updated")}
    store.set_fields(identity, sync=True, **{name: item for name, item in fields.items() if item is not None})
    return identity


def _manifest(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except OSError as error:
        raise from_os(error, "could not be read", path) from error
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _rows(value: dict[str, Any], name: str) -> Iterable[Any]:
    rows = value.get(name)
    return rows if isinstance(rows, list) else []


def _names(folder: Path) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if is_valid(name.split(".")[0])]
    except FileNotFoundError:
        return []


def _head_json(head: ConversationHead) -> dict[str, JsonValue]:
    return {
        "id": head.id,
        "version": schema.VERSION,
        "title": head.title,
        "created": head.created,
        "updated": head.updated,
        "message_count": head.message_count,
        "folder": head.folder,
        "tags": [*head.tags],
        "pinned": head.pinned,
        "archived": head.archived,
    }


def _head_of(row: Any) -> ConversationHead | None:
    return heads.from_fields(row["id"], row) if isinstance(row, dict) and isinstance(row.get("id"), str) else None


def _named(head: ConversationHead, identity: str) -> ConversationHead:
    return head if head.id == identity else replace(head, id=identity)
