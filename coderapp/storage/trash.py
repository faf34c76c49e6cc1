"""Deleted conversations: a folder each under `trash/`, with everything that belonged to them.

What has been there for KEPT_DAYS is deleted for good. A clock that is wrong must not empty the trash: see `expire`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from coderapp.core.errors import StorageError
from coderapp.storage.atomic import FILE_MODE, make_folder, sync_folder, write_atomically
from coderapp.storage.errors import UnknownConversation, from_os
from coderapp.storage.ids import is_valid

DAY_S = 86_400.0
KEPT_DAYS = 30

_CHECKED = "checked.json"
_TIME = re.compile(r"[0-9]{1,11}")
"""Whole seconds; more digits are no time, and no date could be made of them."""

_LOG = "emptied.log"


@dataclass(frozen=True, slots=True)
class Trashed:
    """What brings a conversation back: its id and the name of its folder in the trash."""

    id: str
    folder: str

    @property
    def deleted(self) -> float:
        """When, in Unix time."""
        return float(self.folder.partition(".")[2])


class Trash:
    """Moves, never copies. `conversations` and `trash` lie on one file system. `older` holds files that go after the
    same time as what is deleted.
    """

    def __init__(self, conversations: Path, trash: Path, older: Path | None = None) -> None:
        self._conversations = conversations
        self._trash = trash
        self._older = older

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
            _move(names, source, folder)
            for changed in (folder, self._trash, source):
                sync_folder(changed)
        except OSError as error:
            raise from_os(error, "could not be moved to the trash", source / f"{conversation_id}.json") from error
        return Trashed(conversation_id, folder.name)

    def take(self, trashed: Trashed) -> None:
        """Back to where it was. Raises StorageError; nothing that stands there is overwritten.

        Where it was brought back and deleted again since, what that put there comes back.
        """
        folder = self._trash / trashed.folder
        target = self._conversations
        try:
            names = _belonging(folder, trashed.id)
            if not names:
                again = [row for row in self.folders() if row.id == trashed.id and row.deleted >= trashed.deleted]
                folder = self._trash / (again[0] if again else trashed).folder
                names = _belonging(folder, trashed.id)
            if not names:
                raise UnknownConversation(f"The conversation {trashed.id} is not in the trash any more.")
            if _belonging(target, trashed.id):
                raise UnknownConversation(
                    f"A conversation {trashed.id} is there already.", advice="Delete that one first."
                )
            make_folder(target)
            _move(names[::-1], folder, target)  # the JSON last: what is listed is whole
            sync_folder(target)
            with suppress(OSError):
                folder.rmdir()
        except OSError as error:
            raise from_os(error, "could not be brought back", folder) from error

    def folders(self) -> list[Trashed]:
        """What is in the trash, oldest deletion last. What has another name, or is no folder, is not ours."""
        rows = []
        try:
            with os.scandir(self._trash) as entries:
                for entry in entries:
                    conversation_id, _, deleted = entry.name.partition(".")
                    ours = is_valid(conversation_id) and _TIME.fullmatch(deleted) is not None
                    if ours and entry.is_dir(follow_symlinks=False):
                        rows.append(Trashed(conversation_id, entry.name))
        except OSError:
            return []
        return sorted(rows, key=lambda row: (row.deleted, row.folder), reverse=True)

    def is_empty(self, trashed: Trashed) -> bool:
        """Of a deletion that was cut short before anything was moved."""
        try:
            with os.scandir(self.path(trashed)) as entries:
                return next(entries, None) is None
        except OSError:
            return False

    def remove_empty(self) -> None:
        for row in self.folders():
            with suppress(OSError):  # as where it is not empty
                os.rmdir(self.path(row))

    def path(self, trashed: Trashed) -> Path:
        return self._trash / trashed.folder

    def destroy(self, trashed: Trashed, now: float) -> None:
        """Deletes it for good; a line in the trash's log says so. Raises StorageError."""
        folder = self.path(trashed)
        try:
            size = sum(entry.stat(follow_symlinks=False).st_size for entry in os.scandir(folder))
            self._note(f"{int(now)} {trashed.id} deleted at {int(trashed.deleted)}, {size} bytes")
            shutil.rmtree(folder)
        except FileNotFoundError:
            raise UnknownConversation(f"The conversation {trashed.id} is not in the trash any more.") from None
        except OSError as error:
            raise from_os(error, "could not be deleted", folder) from error

    def expire(self, now: float) -> int:
        """Deletes for good what was deleted, or put among the older files, KEPT_DAYS ago; how many. Never fails: what
        can't go stays.

        A clock that jumps ahead makes everything look old at once, so nothing goes before the clock has run on for a
        day without a leap. A leap is a step back, or one ahead of KEPT_DAYS: the trash just waits a day longer then.
        """
        rows = self.folders()
        older = _files(self._older) if self._older is not None else []
        if not rows and not older:
            return 0
        gone = 0
        if now - self._steady_since(now) < DAY_S:
            return gone
        due = now - KEPT_DAYS * DAY_S
        for row in rows:
            if row.deleted <= due:
                with suppress(StorageError):
                    self.destroy(row, now)
                    gone += 1
        for path, changed in older:
            if changed <= due:
                with suppress(OSError):
                    path.unlink()
                    gone += 1
        return gone

    def _steady_since(self, now: float) -> float:
        """Since when the clock has run without a leap; notes that it was looked at."""
        path = self._trash / _CHECKED
        try:
            noted = json.loads(path.read_bytes())
            since, last = float(noted["since"]), float(noted["last"])
        except (OSError, ValueError, TypeError, KeyError, RecursionError, OverflowError):
            since, last = now, now
        if not (since <= last <= now <= last + KEPT_DAYS * DAY_S):
            since = now
        with suppress(StorageError, OSError):
            make_folder(self._trash)
            write_atomically(path, json.dumps({"since": int(since), "last": int(now)}).encode())
        return since

    def _note(self, line: str) -> None:
        descriptor = os.open(self._trash / _LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, FILE_MODE)
        try:
            os.write(descriptor, line.encode() + b"\n")
        finally:
            os.close(descriptor)

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


def _move(names: list[str], source: Path, target: Path) -> None:
    """All or none, as far as the disk lets it."""
    moved: list[str] = []
    try:
        for name in names:
            os.rename(source / name, target / name)
            moved.append(name)
    except OSError:
        for name in reversed(moved):
            with suppress(OSError):
                os.rename(target / name, source / name)
        raise


def _files(folder: Path) -> list[tuple[Path, float]]:
    """Each with the time of its last change."""
    try:
        with os.scandir(folder) as entries:
            return [(Path(entry.path), entry.stat().st_mtime) for entry in entries if entry.is_file()]
    except OSError:
        return []


def _belonging(folder: Path, conversation_id: str) -> list[str]:
    """Names of the conversation's files, its JSON first."""
    if not folder.is_dir():
        return []
    names = [name for name in os.listdir(folder) if name.partition(".")[0] == conversation_id]
    return sorted(names, key=lambda name: (name != f"{conversation_id}.json", name))
