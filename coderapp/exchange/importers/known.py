"""Which conversations are here already, by where they came from. Reads heads of files, changes nothing."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

from coderapp.core.errors import StorageError
from coderapp.core.message import JsonValue
from coderapp.exchange.importers.values import mapping
from coderapp.storage.document import Document
from coderapp.storage.ids import is_valid
from coderapp.storage.paths import Paths
from coderapp.storage.reading import read_conversation

HEAD = 32 * 1024
"""Bytes of a file in which its fields nearly always stand."""

_MESSAGES = b'\n  "messages": ['
_ORIGIN = b'\n  "origin": '

Key = tuple[str, str]
"""Source, and the id that the source gave."""


@dataclass(frozen=True, slots=True)
class Here:
    """A conversation that is here: its id and what its source said when it was imported last."""

    id: str
    digest: str = ""


@dataclass(slots=True)
class Known:
    by_origin: dict[Key, Here] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)
    in_trash: set[Key] = field(default_factory=set)
    trashed_ids: set[str] = field(default_factory=set)


def look(paths: Paths) -> Known:
    """Never raises: what can't be read is not known."""
    known = Known()
    for path in _files(paths.conversations):
        known.ids.add(path.stem)
        if (origin := _origin(path)) is not None:
            key, digest = origin
            known.by_origin[key] = Here(path.stem, digest)
    for folder in _folders(paths.trash):
        known.trashed_ids.add(folder.name.partition(".")[0])
        for path in _files(folder):
            known.in_trash.add(("coderapp", path.stem))
            if (origin := _origin(path)) is not None:
                known.in_trash.add(origin[0])
    return known


def load(paths: Paths, conversation_id: str) -> Document | None:
    """A conversation as it is on disk; None where it can't be read."""
    path = paths.conversations / f"{conversation_id}.json"
    try:
        return read_conversation(path, path.with_suffix(".journal"), conversation_id).document
    except StorageError:
        return None


def _files(folder: Path) -> list[Path]:
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    stems = {name.partition(".")[0] for name in names if name.endswith((".json", ".journal"))}
    return [folder / f"{stem}.json" for stem in sorted(stems) if is_valid(stem)]


def _folders(trash: Path) -> list[Path]:
    try:
        return [Path(entry.path) for entry in os.scandir(trash) if entry.is_dir()]
    except OSError:
        return []


def _origin(path: Path) -> tuple[Key, str] | None:
    """What the journal says last wins over the file."""
    try:
        journal = path.with_suffix(".journal").read_bytes()
    except OSError:
        journal = b""
    if b'"origin"' in journal:
        try:
            document = read_conversation(path, path.with_suffix(".journal"), path.stem).document
        except StorageError:
            return None
        return _key_of(document.conversation.origin)
    head = _head(path)
    begin = head.find(_ORIGIN)
    if begin < 0:
        return None
    try:
        value, _ = json.JSONDecoder().raw_decode(head[begin + len(_ORIGIN) :].decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return _key_of(value)


def _head(path: Path) -> bytes:
    """The file up to its messages."""
    found = b""
    try:
        with path.open("rb") as file:
            while piece := file.read(HEAD):
                found += piece
                end = found.find(_MESSAGES)
                if end >= 0:
                    return found[:end]
    except OSError:
        return b""
    return found


def _key_of(origin: JsonValue) -> tuple[Key, str] | None:
    value = mapping(origin)
    source, identity, digest = value.get("source"), value.get("id"), value.get("digest")
    if not isinstance(source, str) or not isinstance(identity, str) or not identity:
        return None
    return (source, identity), digest if isinstance(digest, str) else ""
