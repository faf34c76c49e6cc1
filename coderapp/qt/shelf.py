"""Many conversations at once on disk: other fields, to the trash and back, copies. Every call returns at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, Signal

from coderapp.core.conversation import UNTITLED, Conversation
from coderapp.core.errors import CoderappError
from coderapp.qt.background import Failure
from coderapp.qt.batch import Batch
from coderapp.qt.conversation_keeper import ConversationKeeper, entry_of, entry_of_head
from coderapp.qt.history_entry import HistoryEntry

if TYPE_CHECKING:
    from coderapp.storage.conversations import ConversationStore, Trashed

T = TypeVar("T")
R = TypeVar("R")

Change = tuple[str, Mapping[str, Any]]
"""An id, and fields (see storage.records.FIELDS) as the journal holds them."""

_SHOWN = {"title", "folder", "tags", "pinned", "archived"}
"""The fields of a change that an entry has too."""

Failed = Callable[[list[str], CoderappError], None]
"""What is called with the ids of those for which it could not be done, and why not for the first of them."""


class Shelf(QObject):
    """What is asked for is done in that order, one thing after the other: a later change rests on an earlier one.

    Signal: `trash_changed()`: something went there, came back or is gone for good.
    """

    trash_changed = Signal()

    def __init__(self, keeper: ConversationKeeper, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._keeper = keeper
        self._batches: list[Batch[Any, Any]] = []  # the first is under way
        self._pending: dict[str, list[dict[str, Any]]] = {}  # changes to come of those that were not open
        # In the trash, or on the way: a list that was read before may still hold them.
        self._leaving: dict[Batch[str, Trashed], set[str]] = {}

    # fields

    def change(self, changes: Iterable[Change], failed: Failed) -> None:
        """Sets fields of conversations that are not open."""
        items = [(name, dict(fields)) for name, fields in changes]
        for name, fields in items:
            self._pending.setdefault(name, []).append(fields)

        def work(store: ConversationStore, item: tuple[str, dict[str, Any]]) -> None:
            self._keeper.set_stored(store, item[0], dict(item[1]))  # `supersede` may take some of them away

        def done(failures: list[tuple[tuple[str, dict[str, Any]], CoderappError]]) -> None:
            for name, fields in items:
                self._pending[name] = [other for other in self._pending[name] if other is not fields]
                if not self._pending[name]:
                    del self._pending[name]
            _report([(item[0], error) for item, error in failures], failed)

        self._run(lambda: items, work, done)

    def overlay(self, conversation: Conversation) -> None:
        """Gives one that was just read the fields that are on their way to disk."""
        for name, value in self._coming(conversation.id).items():
            setattr(conversation, name, tuple(value) if name == "tags" else value)

    def supersede(self, conversation_id: str, fields: Iterable[str]) -> None:
        """These were changed otherwise, as in one that is open by now: what is still to come leaves them alone."""
        for change in self._pending.get(conversation_id, []):
            for name in fields:
                change.pop(name, None)

    def _coming(self, conversation_id: str) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for fields in self._pending.get(conversation_id, []):
            merged.update(fields)
        return merged

    def ahead(self, entries: Iterable[HistoryEntry]) -> list[HistoryEntry]:
        """Entries as files say, made what they will be once everything is done that was asked for."""
        if not self._leaving and not self._pending:
            return list(entries)  # thousands, when the list is read
        found = []
        leaving = set().union(*self._leaving.values())
        if not self._pending:
            return [entry for entry in entries if entry.id not in leaving]
        for entry in entries:
            if entry.id in leaving:
                continue
            fields = {name: value for name, value in self._coming(entry.id).items() if name in _SHOWN}
            if "tags" in fields:
                fields["tags"] = tuple(fields["tags"])
            found.append(replace(entry, **fields) if fields else entry)
        return found

    def read_drafts(self, ids: Iterable[str], found: Callable[[list[HistoryEntry]], None]) -> None:
        """Conversations that are nothing but a draft yet: their first words stand for a title."""
        names = list(ids)

        def look(store: ConversationStore, name: str) -> HistoryEntry:
            was_open = name in store.open_ids
            entry = entry_of(store.load(name))
            if not was_open:
                store.release(name)
            return entry

        def done(_: list[tuple[str, CoderappError]]) -> None:
            found([entry for _, entry in batch.results])

        batch = self._run(lambda: names, look, done)

    # the trash

    def delete(self, ids: Iterable[str], failed: Failed) -> Batch[str, Trashed]:
        """To the trash. What comes back takes it back, with `restore`, also before it is done."""
        names = list(ids)

        def done(failures: list[tuple[str, CoderappError]]) -> None:
            if batch in self._leaving:
                self._leaving[batch].difference_update(name for name, _ in failures)
            self.trash_changed.emit()
            _report(failures, failed)

        batch = self._run(lambda: names, self._keeper.trash, done)
        self._leaving[batch] = set(names)
        return batch

    def restore(self, deleted: Batch[str, Trashed], back: Callable[[list[HistoryEntry]], None], failed: Failed) -> None:
        """Undoes a deletion."""
        deleted.cancel()
        self._leaving.pop(deleted, None)
        self.bring_back(lambda: [trashed for _, trashed in deleted.results], back, failed)

    def bring_back(
        self, trashed: Callable[[], list[Trashed]], back: Callable[[list[HistoryEntry]], None], failed: Failed
    ) -> None:
        """From the trash; `trashed` is called once what was asked for before is done."""
        found: list[HistoryEntry] = []

        def work(store: ConversationStore, one: Trashed) -> None:
            found.append(entry_of_head(self._keeper.bring_back(store, one)))

        def done(failures: list[tuple[Trashed, CoderappError]]) -> None:
            self._keeper.note_stored(entry.id for entry in found)
            for names in self._leaving.values():
                names.difference_update(entry.id for entry in found)
            back(found)
            self.trash_changed.emit()
            _report([(one.id, error) for one, error in failures], failed)

        self._run(trashed, work, done)

    def destroy(self, trashed: Iterable[Trashed], failed: Failed, success: Callable[[], None]) -> None:
        """Deletes for good what is in the trash."""
        items = list(trashed)

        def done(failures: list[tuple[Trashed, CoderappError]]) -> None:
            self.trash_changed.emit()
            _report([(one.id, error) for one, error in failures], failed)
            success()

        self._run(lambda: items, lambda store, one: store.destroy(one), done)

    # copies

    def duplicate(self, ids: Iterable[str], made: Callable[[list[HistoryEntry]], None], failed: Failed) -> None:
        """Whole copies, with every branch; an answer that is being written stands in them as far as it has come."""
        from coderapp.storage.ids import new_id

        copies = [(name, new_id(time.time())) for name in ids]

        def work(store: ConversationStore, item: tuple[str, str]) -> HistoryEntry:
            now = time.time()
            copy = replace(
                store.load(item[0]), id=item[1], created=now, updated=now, draft="", draft_files=(), pinned=False
            )
            copy.title = f"{copy.title or UNTITLED} (copy)"
            copy.titled_by_user = True
            self._keeper.create(store, copy)
            return entry_of(copy)

        def done(failures: list[tuple[tuple[str, str], CoderappError]]) -> None:
            entries = [entry for _, entry in batch.results]
            self._keeper.note_stored(entry.id for entry in entries)
            made(entries)
            _report([(item[0], error) for item, error in failures], failed)

        batch = self._run(lambda: copies, work, done)

    # inside

    def _run(
        self,
        items: Callable[[], Iterable[T]],
        work: Callable[[ConversationStore, T], R],
        done: Callable[[list[tuple[T, CoderappError]]], None],
    ) -> Batch[T, R]:
        def ended(_: list[tuple[T, R]], failures: list[tuple[T, CoderappError]]) -> None:
            self._next()
            self._keeper.tell_problems()
            done(failures)

        def fault(error: CoderappError) -> None:
            self._next()
            self._keeper.trouble.emit(f"{error.sentence} {error.advice}".strip())

        made: Batch[T, R] = self._keeper.batch(items, work, ended, fault)
        self._batches.append(made)
        if len(self._batches) == 1:
            made.begin()
        return made

    def _next(self) -> None:
        del self._batches[0]
        if self._batches:
            self._batches[0].begin()

    @property
    def is_busy(self) -> bool:
        """Whether something that was asked for is not done yet."""
        return bool(self._batches)

    def finish(self) -> None:
        """Before the keeper is closed: what was asked for is done."""
        for batch in self._batches:
            batch.finish()


def _report(failures: list[tuple[str, CoderappError]], failed: Failed) -> None:
    if failures:
        failed([name for name, _ in failures], failures[0][1])


__all__ = ["Change", "Failed", "Failure", "Shelf"]
