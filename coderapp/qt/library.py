"""The index from the UI thread's side: the list at the start, the search, and what keeps it in line with the files."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from coderapp.core.message import Message
from coderapp.core.search import Found, Order
from coderapp.qt.background import Delivery
from coderapp.qt.history_model import HistoryEntry
from coderapp.qt.index_keeping import LATER, IndexKeeping
from coderapp.qt.index_looking import IndexLooking
from coderapp.storage.paths import Paths

if TYPE_CHECKING:
    from coderapp.storage.heads import ConversationHead
    from coderapp.storage.index import Index
    from coderapp.storage.index_files import Step


class Library(QObject):
    """Two threads of its own, which the program's end does not depend on: one writes the index, one searches it.

    Signals: `progress(done, total)`: conversations indexed of those that have to be, while it takes long; equal at the
    end. `refreshed(entries, ids)`: the files say something else than the list: these are new or changed, those gone.
    `trouble(sentence)`: the index can't be kept; nothing else is affected.

    The methods that are named for what happened are the storage thread's, in the order of the changes on disk.
    """

    progress = Signal(int, int)
    refreshed = Signal(list, list)
    trouble = Signal(str)

    def __init__(self, paths: Paths, parent: QObject | None = None, later: float = LATER) -> None:
        """`later`: seconds from the list to the look through the files."""
        super().__init__(parent)
        self._paths = paths
        self._delivery = Delivery(self)
        self._keeping = IndexKeeping(paths, self._report, self._tell, later)
        self._looking = IndexLooking(paths, self._keeping)
        self._asked = 0

    # the UI thread's

    def list(self, success: Callable[[list[HistoryEntry] | None], None]) -> None:
        """The list as the index has it; None where it has none yet. Then it is brought in line with the files."""

        def answered(entries: list[HistoryEntry] | None) -> None:
            self._delivery.hand_over(lambda: success(entries))

        self._keeping.serve(answered)

    def refresh(self) -> None:
        """Looks through the files again: something else has written them."""
        self._keeping.refresh()

    def hold(self) -> None:
        """For a moment: a conversation is being opened."""
        self._keeping.hold()

    def search(self, query: str, order: Order, done: Callable[[Found], None]) -> None:
        """Calls `done` with what was found, if nothing else was asked for meanwhile."""
        self._asked += 1
        asked = self._asked

        def answered(found: Found) -> None:
            def deliver() -> None:
                if asked == self._asked:
                    done(found)

            self._delivery.hand_over(deliver)

        self._looking.search(query, order, answered)

    def stop(self) -> None:
        """After the storage thread has ended."""
        self._delivery.close()
        self._looking.stop()
        self._keeping.stop()

    # the storage thread's

    def message_saved(self, head: ConversationHead, message: Message, starred: bool) -> None:
        def work(index: Index) -> None:
            with index.changing():
                index.put_head(head)
                index.put_message(head.id, message, starred=starred)

        self._keeping.change(work)

    def head_changed(self, head: ConversationHead) -> None:
        def work(index: Index) -> None:
            index.put_head(head)

        self._keeping.change(work)

    def star_changed(self, conversation_id: str, message_id: str, starred: bool) -> None:
        self._keeping.change(lambda index: index.set_star(conversation_id, message_id, starred))

    def files_changed(self, conversation_id: str) -> None:
        """A conversation was made, brought back or written anew: it is read from its files."""
        from coderapp.storage.index_files import read_source

        def work(index: Index) -> None:
            source = read_source(self._paths.conversations, conversation_id)
            if source is None:
                index.remove(conversation_id)
            else:
                for _ in index.put([source]):
                    pass

        self._keeping.change(work)

    def settled(self, conversation_id: str) -> None:
        """Everything that its files hold was told."""
        from coderapp.storage.index_files import stamp_of

        stamp = stamp_of(self._paths.conversations, conversation_id)
        self._keeping.change(lambda index: index.set_stamp(conversation_id, stamp))

    def deleted(self, conversation_id: str) -> None:
        self._keeping.change(lambda index: index.remove(conversation_id))

    # from the threads

    def _report(self, step: Step, show: bool) -> None:
        from coderapp.qt.conversation_keeper import entry_of_head

        entries, gone = [entry_of_head(head) for head in step.changed], list(step.gone)
        if entries or gone:
            self._delivery.hand_over(lambda: self.refreshed.emit(entries, gone))
        if show:
            self._delivery.hand_over(lambda: self.progress.emit(step.done, step.total))

    def _tell(self, sentence: str) -> None:
        self._delivery.hand_over(lambda: self.trouble.emit(sentence))
