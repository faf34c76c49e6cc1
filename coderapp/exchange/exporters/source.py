"""Conversations read from a data folder that another program may be writing to. Changes nothing on disk."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from coderapp.core.errors import StorageError
from coderapp.storage import heads, schema
from coderapp.storage.document import Document
from coderapp.storage.errors import UnknownConversation, from_os
from coderapp.storage.heads import ConversationHead
from coderapp.storage.ids import checked
from coderapp.storage.paths import Paths
from coderapp.storage.reading import Reading, read_conversation
from coderapp.storage.trash import Trash

TRIES = 6
"""How often a conversation is read anew because it was folded meanwhile."""


class Source:
    """`unsaved` are conversations (as their files would be, by id) that are newer than what is on disk."""

    def __init__(self, paths: Paths, unsaved: Mapping[str, bytes] | None = None) -> None:
        self._folder = paths.conversations
        self._trash = Trash(paths.conversations, paths.trash)
        self._unsaved = dict(unsaved or {})

    def list(self) -> Sequence[ConversationHead]:
        """Newest first. Raises StorageError where the folder can't be read."""
        try:
            files = heads.files(str(self._folder))
        except OSError as error:
            raise from_os(error, "could not be read", self._folder) from error
        found = []
        trashed: set[str] | None = None
        for conversation_id, kinds in files.items():
            head = None
            if "json" not in kinds:
                trashed = {row.id for row in self._trash.folders()} if trashed is None else trashed
                if conversation_id in trashed:
                    continue  # the journal of a deletion that was cut short
            elif kinds == {"json"} and conversation_id not in self._unsaved:
                head = self._quick_head(conversation_id)
            found.append(head or self._head_from_all(conversation_id))
        found += [self._head_from_all(name) for name in self._unsaved if name not in files]
        found.sort(key=lambda head: (head.updated, head.id), reverse=True)
        return found

    def _quick_head(self, conversation_id: str) -> ConversationHead | None:
        try:
            return heads.read_head(f"{self._folder}{os.sep}{conversation_id}.json", conversation_id)
        except OSError:
            return None  # the thorough way finds the sentence

    def _head_from_all(self, conversation_id: str) -> ConversationHead:
        try:
            document = self.read(conversation_id)
        except StorageError as error:
            return heads.damaged_head(conversation_id, error.sentence)
        return heads.head_of(document.conversation)

    def read(self, conversation_id: str) -> Document:
        """With what its journal adds; of a later version what this one understands. Raises UnknownConversation, or
        StorageError where the file can't be read at all; what could not be used of a damaged one is told in
        `complaints`.
        """
        if (data := self._unsaved.get(conversation_id)) is not None:
            return schema.decode(conversation_id, data, newest=schema.ANY_VERSION)
        path = self._folder / f"{checked(conversation_id)}.json"
        journal = self._folder / f"{conversation_id}.journal"
        return self._settled(path, journal, conversation_id).document

    def _settled(self, path: Path, journal: Path, conversation_id: str) -> Reading:
        """Reads both files in one state: where the JSON is another afterwards, the journal may be gone whose records
        only the new one holds. A last line that is cut off is being written just now.
        """
        seen: tuple[tuple[int, ...], int] | None = None
        for _ in range(TRIES):
            before = _mark(path)
            try:
                reading = read_conversation(path, journal, conversation_id, newest=schema.ANY_VERSION)
            except UnknownConversation:
                if before == _mark(path):
                    raise
                continue
            settled = (before, reading.journal_size)
            if before == _mark(path) and (not reading.complaints or seen == settled):
                return reading
            seen = settled
        return read_conversation(path, journal, conversation_id, newest=schema.ANY_VERSION)


def _mark(path: Path) -> tuple[int, ...]:
    """Tells one state of a file from another: files are replaced, not written over."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return (status.st_ino, status.st_mtime_ns, status.st_size)
