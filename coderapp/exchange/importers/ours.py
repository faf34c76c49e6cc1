"""Our own conversations, of any version that this program knows: as they are stored, and as they are exported."""

from __future__ import annotations

import json
from pathlib import Path

from coderapp.core.errors import StorageError
from coderapp.exchange.importers.values import JsonObject
from coderapp.storage import schema
from coderapp.storage.document import Document
from coderapp.storage.ids import is_valid
from coderapp.storage.reading import read_conversation
from coderapp.storage.records import interrupted, streaming

SOURCE = "coderapp"


class TooNew(Exception):
    """The file is of a later version of the program."""


def is_ours(value: JsonObject) -> bool:
    return isinstance(value.get("messages"), list) and (
        ("message_count" in value and "journal" in value) or ("titled_by_user" in value and "version" in value)
    )


def read(value: JsonObject) -> Document:
    """With everything that is in it. Raises TooNew."""
    version = value.get("version")
    if isinstance(version, int) and not isinstance(version, bool) and version > schema.VERSION:
        raise TooNew
    identity = value.get("id")
    named = identity if isinstance(identity, str) and is_valid(identity) else ""
    document = schema.decode(named, json.dumps(value).encode())
    return _settled(document)


def with_journal(path: Path) -> Document | None:
    """A conversation that stands in a data folder with its journal beside it; None for any other file."""
    journal = path.with_suffix(".journal")
    if path.suffix != ".json" or not is_valid(path.stem) or not journal.is_file():
        return None
    try:
        document = read_conversation(path, journal, path.stem).document
    except StorageError:
        return None
    return _settled(document)


def _settled(document: Document) -> Document:
    """As a conversation that no program is at work on."""
    document.journal = 0
    conversation = document.conversation
    for message in [message for message in conversation.messages.values() if streaming(message)]:
        conversation.update(interrupted(message))
    return document
