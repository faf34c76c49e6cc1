"""Deleted conversations: a folder each under `trash/`, with everything that belonged to them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from coderapp.storage.atomic import make_folder, sync_folder
from coderapp.storage.errors import UnknownConversation, from_os


@dataclass(frozen=True, slots=True)
class Trashed:
    """What brings a conversation back: its id and the name of its folder in the trash."""

    id: str
    folder: str


class Trash:
    """Moves, never copies. `conversations` and `trash` lie on one file system."""

    def __init__(self, conversations: Path, trash: Path) -> None:
        self._conversations = conversations
        self._trash = trash

    def put(self, conversation_id: str, now: float) -> Trashed:
        """The JSON first: a journal that stays behind in a sudden end is recognised by `sweep`. Raises StorageError."""
        source = self._conversations
        try:
            names = _belonging(source, conversation_id)
            if not names:
                raise UnknownConversation(f"There is no conversation {conversation_id}.")
            make_folder(self._trash)
            number = int(now)
            while (folder := self._trash / f"{conversation_id}.{number}").exists():
                number += 1
            folder.mkdir(mode=0o700)
            for name in names:
                os.rename(source / name, folder / name)
            for changed in (folder, self._trash, source):
                sync_folder(changed)
        except OSError as error:
            raise from_os(error, "could not be moved to the trash", source / f"{conversation_id}.json") from error
        return Trashed(conversation_id, folder.name)

    def take(self, trashed: Trashed) -> None:
        """Back to where it was. Raises StorageError; nothing that stands there is overwritten."""
        folder = self._trash / trashed.folder
        target = self._conversations
        try:
            names = _belonging(folder, trashed.id)
            if not names:
                raise UnknownConversation(f"The conversation {trashed.id} is not in the trash any more.")
            if _belonging(target, trashed.id):
                raise UnknownConversation(
                    f"A conversation {trashed.id} is there already.", advice="Delete that one first."
                )
            make_folder(target)
            for name in reversed(names):  # the JSON last: what is listed is whole
                os.rename(folder / name, target / name)
            sync_folder(target)
            folder.rmdir()
        except OSError as error:
            raise from_os(error, "could not be brought back", folder) from error

    def folders(self) -> list[Trashed]:
        """What is in the trash, oldest deletion last."""
        try:
            names = os.listdir(self._trash)
        except OSError:
            return []
        found = [(name.partition("."), name) for name in names]
        rows = [(int(when), Trashed(stem, name)) for (stem, _, when), name in found if when.isdecimal()]
        return [row for _, row in sorted(rows, key=lambda row: row[0], reverse=True)]

    def sweep(self, conversation_id: str) -> bool:
        """Moves a journal after the JSON that a deletion cut short had moved already; whether there was one."""
        for row in self.folders():
            folder = self._trash / row.folder
            if row.id == conversation_id and (folder / f"{row.id}.json").exists():
                try:
                    for name in _belonging(self._conversations, conversation_id):
                        os.rename(self._conversations / name, folder / name)
                except OSError:
                    return False
                return True
        return False


def _belonging(folder: Path, conversation_id: str) -> list[str]:
    """Names of the conversation's files, its JSON first."""
    if not folder.is_dir():
        return []
    names = [name for name in os.listdir(folder) if name.partition(".")[0] == conversation_id]
    return sorted(names, key=lambda name: (name != f"{conversation_id}.json", name))
