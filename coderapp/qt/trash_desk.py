"""What was deleted and is still there: as a list, with the ways back and out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from coderapp.core.conversation import UNTITLED
from coderapp.core.errors import CoderappError
from coderapp.qt.conversation_keeper import ConversationKeeper
from coderapp.qt.history_entry import HistoryEntry, Scope
from coderapp.qt.history_model import HistoryModel
from coderapp.qt.organizer import Organizer
from coderapp.qt.shelf import Shelf

if TYPE_CHECKING:
    from coderapp.storage.conversations import ConversationStore, Trashed


class TrashDesk(QObject):
    """`model` has an entry for each; its id is a key for `restore` and `destroy`, and not the conversation's.

    Signals: `changed()`: the trash has other contents; `told(sentence)`: something was done; `trouble(sentence)`.
    """

    changed = Signal()
    told = Signal(str)
    trouble = Signal(str)

    def __init__(
        self, keeper: ConversationKeeper, shelf: Shelf, organizer: Organizer, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.model = HistoryModel(self, scope=Scope.TRASH)
        self._keeper = keeper
        self._shelf = shelf
        self._organizer = organizer
        self._known: dict[str, Trashed] = {}
        shelf.trash_changed.connect(self.refresh)

    @property
    def count(self) -> int:
        return len(self._known)

    def refresh(self) -> None:
        """Looks what is there."""

        def look(store: ConversationStore, _: None) -> tuple[dict[str, Trashed], list[HistoryEntry]]:
            from coderapp.storage.trash import DAY_S, KEPT_DAYS

            known, entries = {}, []
            for found in store.trashed():
                key, head = found.trashed.folder, found.head
                known[key] = found.trashed
                until = found.deleted + KEPT_DAYS * DAY_S
                title = head.title or UNTITLED
                entries.append(HistoryEntry(key, title, found.deleted, head.reason, tags=head.tags, kept_until=until))
            return known, entries

        def looked(results: list[tuple[None, tuple[dict[str, Trashed], list[HistoryEntry]]]], _: object) -> None:
            for _, (known, entries) in results:
                self._known = known
                self.model.reset(entries)
                self.changed.emit()

        self._keeper.batch(lambda: [None], look, looked, self._say).begin()

    def restore(self, keys: Iterable[str]) -> None:
        """Back into the history; that can be taken back."""
        found = self._pick(keys)
        if found:
            self._organizer.restore([trashed for _, trashed in found], found[0][0].title)

    def destroy(self, keys: Iterable[str]) -> None:
        """For good: there is no way back from this."""
        found = self._pick(keys)
        if not found:
            return
        one = f"“{found[0][0].title[:40]}”" if len(found) == 1 else f"{len(found)} conversations"
        failed: list[CoderappError] = []

        def lost(_: list[str], error: CoderappError) -> None:
            failed.append(error)
            self._say(error)

        def done() -> None:
            if not failed:
                self.told.emit(f"Deleted {one} for good.")

        self._shelf.destroy([trashed for _, trashed in found], lost, done)

    def _pick(self, keys: Iterable[str]) -> list[tuple[HistoryEntry, Trashed]]:
        return [
            (entry, self._known[key])
            for key in keys
            if key in self._known and (entry := self.model.get(key)) is not None
        ]

    def _say(self, error: CoderappError) -> None:
        self.trouble.emit(f"{error.sentence} {error.advice}".strip())
