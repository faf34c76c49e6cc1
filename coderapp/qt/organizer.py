"""What can be done with conversations and folders in the history, each with its way back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import QObject, Signal

from coderapp.core.errors import CoderappError
from coderapp.qt.folder_book import FolderBook, clean
from coderapp.qt.history_entry import HistoryEntry
from coderapp.qt.history_groups import FOLDER
from coderapp.qt.history_model import ONE_BY_ONE, HistoryModel
from coderapp.qt.shelf import Shelf
from coderapp.qt.undo_stack import Step, UndoStack

if TYPE_CHECKING:
    from coderapp.qt.batch import Batch
    from coderapp.qt.session import Session
    from coderapp.storage.conversations import Trashed

Fields = Mapping[str, Any]
"""Fields of a HistoryEntry, which a conversation has by the same names."""

SHOWN = 40
"""Characters of a title in a sentence."""


class Sessions(Protocol):
    """Which conversations are open."""

    def session_of(self, conversation_id: str) -> Session | None: ...

    def open(self, conversation_id: str) -> None: ...

    def let_go(self, ids: list[str]) -> str:
        """Stops and forgets them; returns the one that was shown, "" where that stays. Another is shown then."""
        ...


class Organizer(QObject):
    """Signal: `trouble(sentence)`."""

    trouble = Signal(str)

    def __init__(
        self,
        *,
        history: HistoryModel,
        folders: FolderBook,
        shelf: Shelf,
        sessions: Sessions,
        undo: UndoStack,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._history = history
        self._folders = folders
        self._shelf = shelf
        self._sessions = sessions
        self._undo = undo
        history.set_folders(folders.names)
        folders.changed.connect(lambda: history.set_folders(folders.names))

    @property
    def is_busy(self) -> bool:
        """Whether something that is shown is not on disk yet."""
        return self._shelf.is_busy

    # fields

    def rename(self, conversation_id: str, title: str) -> None:
        title = " ".join(title.split())
        if title:
            self._change(f"Renamed to “{short(title)}”.", {conversation_id: {"title": title}})

    def pin(self, ids: Iterable[str], on: bool = True) -> None:
        known = self._known(ids)
        self._change(f"{'Pinned' if on else 'Unpinned'} {named(known)}.", {e.id: {"pinned": on} for e in known})

    def archive(self, ids: Iterable[str], on: bool = True) -> None:
        known = self._known(ids)
        words = "Archived" if on else "Took out of the archive:"
        self._change(f"{words} {named(known)}.", {e.id: {"archived": on} for e in known})

    def move(self, ids: Iterable[str], folder: str) -> None:
        """Into a folder; "" takes them out. What lies in the archive comes back from it."""
        known = self._known(ids)
        where = f"to “{short(folder)}”" if folder else "out of the folder"
        self._change(f"Moved {named(known)} {where}.", {e.id: {"folder": folder, "archived": False} for e in known})

    def lay_down(self, ids: Iterable[str]) -> None:
        """Among those by day: out of folders, and no longer pinned."""
        known = self._known(ids)
        plain = {"folder": "", "pinned": False, "archived": False}
        self._change(f"Moved {named(known)} out.", {e.id: plain for e in known})

    def tag(self, ids: Iterable[str], add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
        known, more, fewer = self._known(ids), [clean(tag) for tag in add], set(remove)
        new = {
            e.id: {"tags": tuple(dict.fromkeys([*(t for t in e.tags if t not in fewer), *filter(None, more)]))}
            for e in known
        }
        self._change(f"Changed the tags of {named(known)}.", new)

    def _known(self, ids: Iterable[str]) -> list[HistoryEntry]:
        """Those that can be changed; why the others can't be is said."""
        found = [entry for name in ids if (entry := self._history.get(name)) is not None]
        fixed = [entry for entry in found if entry.newer]
        if fixed:
            self.trouble.emit(f"{named(fixed)} can't be changed: {fixed[0].problem}")
        return [entry for entry in found if not entry.newer]

    def _change(self, sentence: str, new: Mapping[str, Fields]) -> None:
        """Sets fields of conversations, where they differ; nothing is remembered where none does."""
        old: dict[str, Fields] = {}
        for name, fields in new.items():
            if (entry := self._history.get(name)) is None:
                continue
            before = {field: getattr(entry, field) for field in fields}
            if before != dict(fields):
                old[name] = before
                if "title" in fields and (session := self._sessions.session_of(name)) is not None:
                    before["titled_by_user"] = session.conversation.titled_by_user
        if old:
            changed = {name: _by_hand(new[name]) for name in old}
            self._undo.do(sentence, lambda: self._apply(changed), lambda: self._apply(old))

    def _apply(self, changes: Mapping[str, Fields], before: list[HistoryEntry] | None = None) -> None:
        """`before` is what the list goes back to where it fails, if that is not what it shows now."""
        entries, stored = [], []
        for name, fields in changes.items():
            entry = self._history.get(name)
            if entry is None:
                continue
            if (session := self._sessions.session_of(name)) is not None:
                self._shelf.supersede(name, fields)
                session.set_about(**fields)
                continue
            entries.append(replace(entry, **{field: fields[field] for field in fields.keys() - {"titled_by_user"}}))
            stored.append((name, _as_stored(fields)))
        shown = [entry for name, _ in stored if (entry := self._history.get(name)) is not None]
        earlier = shown if before is None else before
        self._history.put_many(entries)

        def failed(ids: list[str], error: CoderappError) -> None:
            left = set(ids)
            self._history.put_many(entry for entry in earlier if entry.id in left)
            self._say(error)

        if stored:
            self._shelf.change(stored, failed)

    # the trash

    def delete(self, ids: Iterable[str]) -> None:
        """To the trash. What is writing stops first; its text is kept with it."""
        entries = [entry for name in ids if (entry := self._history.get(name)) is not None]
        if not entries:
            return
        names = [entry.id for entry in entries]
        shown = ""
        batch: Batch[str, Trashed] | None = None

        def act() -> None:
            nonlocal shown, batch
            shown = self._sessions.let_go(names) or shown
            self._history.put_many((), names)
            batch = self._shelf.delete(names, failed)

        def failed(left: list[str], error: CoderappError) -> None:
            self._history.put_many(entry for entry in entries if entry.id in left)
            self._say(error)
            if len(left) == len(names):
                self._undo.drop(step)

        def lost(left: list[str], error: CoderappError) -> None:
            self._history.put_many((), left)
            self._say(error)

        def back(_: list[HistoryEntry]) -> None:
            if shown and self._history.get(shown) is not None:  # not deleted again meanwhile
                self._sessions.open(shown)

        def undo() -> None:
            assert batch is not None
            self._history.put_many(replace(entry, busy=False) for entry in entries)
            self._shelf.restore(batch, back, lost)

        step = self._undo.do(f"Deleted {named(entries)}.", act, undo)

    def restore(self, trashed: list[Trashed], title: str) -> None:
        """From the trash; `title` names what there is one of."""
        sentence = f"Restored “{short(title)}”." if len(trashed) == 1 else f"Restored {len(trashed)} conversations."
        batch: Batch[str, Trashed] | None = None
        wanted = True

        def back(entries: list[HistoryEntry]) -> None:
            if wanted:  # not taken back meanwhile
                self._history.put_many(entries)

        def act() -> None:
            nonlocal wanted
            wanted, again = True, batch

            def items() -> list[Trashed]:
                return trashed if again is None else [found for _, found in again.results]

            self._shelf.bring_back(items, back, lambda _, error: self._say(error))

        def undo() -> None:
            nonlocal batch, wanted
            wanted = False
            names = [one.id for one in trashed]
            self._sessions.let_go(names)
            self._history.put_many((), names)
            batch = self._shelf.delete(names, lambda _, error: self._say(error))

        self._undo.do(sentence, act, undo)

    # copies

    def duplicate(self, ids: Iterable[str]) -> None:
        """A single copy is shown."""
        known = self._known(ids)
        if not known:
            return

        def made(entries: list[HistoryEntry]) -> None:
            if not entries:
                return
            self._history.put_many(entries)
            names = [entry.id for entry in entries]
            deleted: list[Batch[str, Trashed]] = []

            def undo() -> None:
                self._sessions.let_go(names)
                self._history.put_many((), names)
                deleted.append(self._shelf.delete(names, lambda _, error: self._say(error)))

            def redo() -> None:
                self._history.put_many(entries)
                self._shelf.restore(deleted.pop(), lambda _: None, lambda _, error: self._say(error))

            self._undo.push(Step(f"Duplicated {named(known[: len(entries)])}.", undo, redo))
            if len(entries) == 1:
                self._sessions.open(names[0])

        self._shelf.duplicate([entry.id for entry in known], made, lambda _, error: self._say(error))

    def arrived(self, sentence: str, entries: list[HistoryEntry], grown: int = 0) -> None:
        """Conversations came in from elsewhere; taken back, they are in the trash. Messages that came to `grown`
        others stay.
        """
        self._history.put_many(entries)
        self._folders.adopt(self._history.folders)
        names = [entry.id for entry in entries]
        deleted: list[Batch[str, Trashed]] = []

        def undo() -> None:
            self._sessions.let_go(names)
            self._history.put_many((), names)
            deleted.append(self._shelf.delete(names, lambda _, error: self._say(error)))
            if grown:
                others = "1 conversation" if grown == 1 else f"{grown} conversations"
                self.trouble.emit(f"The new ones are in the trash; messages that were added to {others} stay.")

        def redo() -> None:
            self._history.put_many(entries)
            self._shelf.restore(deleted.pop(), lambda _: None, lambda _, error: self._say(error))

        if names:
            self._undo.push(Step(sentence, undo, redo))

    # folders

    @property
    def folders(self) -> list[str]:
        return self._history.folders

    def new_folder(self, name: str = "", ids: Iterable[str] = ()) -> str:
        """Makes a folder, and moves conversations into it; returns its name, which may have got a number."""
        known = self._known(ids)
        name = self._folders.free_name(clean(name) or "New folder")
        old = {entry.id: {"folder": entry.folder, "archived": entry.archived} for entry in known}
        new = {entry.id: {"folder": name, "archived": False} for entry in known}
        self._change_folders(f"Made the folder “{short(name)}”.", [*self._folders.names, name], new, old)
        return name

    def rename_folder(self, old: str, wanted: str) -> None:
        new = clean(wanted)
        if not new or new == old:
            return
        if new in self.folders:
            self.trouble.emit(f"There is a folder “{short(new)}” already. Choose another name, or move them there.")
            return
        names = [new if name == old else name for name in self.folders]
        members = [entry.id for entry in self._history.in_folder(old) if not entry.newer]
        collapsed, closed = self._history.collapsed, FOLDER + old in self._history.collapsed
        if closed:
            self._history.set_collapsed([*collapsed, FOLDER + new])
        self._change_folders(
            f"Renamed the folder “{short(old)}” to “{short(new)}”.",
            names,
            {name: {"folder": new} for name in members},
            {name: {"folder": old} for name in members},
        )

    def remove_folder(self, name: str) -> None:
        """Its conversations move out of it."""
        members = [entry.id for entry in self._history.in_folder(name) if not entry.newer]
        many = "Its conversation is kept." if len(members) == 1 else f"Its {len(members)} conversations are kept."
        self._change_folders(
            f"Removed the folder “{short(name)}”. {many if members else ''}".strip(),
            [other for other in self.folders if other != name],
            {member: {"folder": ""} for member in members},
            {member: {"folder": name} for member in members},
        )

    def move_folder(self, name: str, before: str) -> None:
        """To the place before another folder; "" for the end."""
        names = [other for other in self.folders if other != name]
        names.insert(names.index(before) if before in names else len(names), name)
        if names != self.folders:
            self._change_folders(f"Moved the folder “{short(name)}”.", names, {}, {})

    def _change_folders(
        self, sentence: str, names: list[str], new: Mapping[str, Fields], old: Mapping[str, Fields]
    ) -> None:
        """Other folders, and other fields for what lies in them."""
        before = self._folders.names

        self._undo.do(sentence, lambda: self._arrange(names, new), lambda: self._arrange(before, old))

    def _arrange(self, names: list[str], changes: Mapping[str, Fields]) -> None:
        """What is open goes its own way, and `_apply` finds the others shown already."""
        closed = {name: fields for name, fields in changes.items() if self._sessions.session_of(name) is None}
        moved = [replace(entry, **closed[name]) for name in closed if (entry := self._history.get(name)) is not None]
        before = [entry for name in closed if (entry := self._history.get(name)) is not None]
        if len(moved) > ONE_BY_ONE:
            self._history.rearrange(names, moved)
        self._folders.set(names)
        self._apply(changes, before)

    def _say(self, error: CoderappError) -> None:
        self.trouble.emit(f"{error.sentence} {error.advice}".strip())


def _by_hand(fields: Fields) -> Fields:
    """What a user calls a conversation stands above what it would be called by itself."""
    return {**fields, "titled_by_user": True} if "title" in fields else fields


def _as_stored(fields: Fields) -> dict[str, Any]:
    return {name: list(value) if name == "tags" else value for name, value in fields.items()}


def short(name: str) -> str:
    return name if len(name) <= SHOWN else name[: SHOWN - 1].rstrip() + "…"


def named(entries: list[HistoryEntry]) -> str:
    """“Title”, or how many."""
    if len(entries) == 1:
        return f"“{short(entries[0].title)}”"
    return f"{len(entries)} conversations"
