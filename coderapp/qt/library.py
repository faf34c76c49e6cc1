"""The index from the UI thread's side: the list at the start, the search, and what keeps it in line with the files."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from coderapp.core.message import Message
from coderapp.core.search import Found, Order
from coderapp.qt.background import Delivery
from coderapp.qt.history_model import HistoryEntry
from coderapp.storage.paths import Paths

if TYPE_CHECKING:
    from coderapp.storage.heads import ConversationHead
    from coderapp.storage.index import Index
    from coderapp.storage.index_files import Step
    from coderapp.storage.index_search import Searcher

PROGRESS_EVERY = 0.1
"""Seconds between two reports of how far indexing is."""

PATIENCE = 1.0
"""Seconds that `stop` waits for what was saved last to reach the index. The rest is read again at the next start."""

log = logging.getLogger(__name__)

_Work = Callable[["Index"], None]


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

    def __init__(self, paths: Paths, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._paths = paths
        self._delivery = Delivery(self)
        self._keeping = _Keeping(paths, self._report, self._tell)
        self._looking = _Looking(paths, self._keeping)
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


def language_of(info: str) -> str:
    from coderapp.text.languages import fence

    return fence(info).language.name


class _Keeping:
    """The thread that writes the index. Changes that were told come before those that are found in the files."""

    def __init__(self, paths: Paths, report: Callable[[Step, bool], None], tell: Callable[[str], None]) -> None:
        self._paths = paths
        self._report = report
        self._tell = tell
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._stopping = False
        self._index: Index | None = None
        self._given_up = ""
        self._steps: Iterator[Step] | None = None
        self._shown = 0.0
        self._behind = False  # it was reported that there is something to do

    # from other threads

    def serve(self, done: Callable[[list[HistoryEntry] | None], None]) -> None:
        self._submit(lambda: self._serve(done))

    def refresh(self) -> None:
        self._submit(self._begin)

    def change(self, work: _Work) -> None:
        self._submit(lambda: self._guarded(work))

    def make_anew(self) -> None:
        self._submit(self._make_anew)

    def why_nothing_is_found(self) -> str:
        """What to say where there is no index to search in."""
        if self._given_up:
            return f"There is nothing to search in: the index can't be written ({self._given_up})."
        return "The index is being made. Search again in a moment."

    def stop(self) -> None:
        with self._lock:
            self._stopping = True
            thread = self._thread
        if thread is not None:
            self._jobs.put(None)
            thread.join(PATIENCE)

    def _submit(self, job: Callable[[], None]) -> None:
        with self._lock:
            if self._stopping:
                return
            self._jobs.put(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="index", daemon=True)
                self._thread.start()

    # in the thread

    def _run(self) -> None:
        between = True
        while True:
            try:
                job = self._jobs.get(block=self._steps is None) if between else None
            except queue.Empty:
                job = None
            else:
                if between and job is None:
                    break
            if job is not None:
                job()
            elif self._stopping:
                break  # what waits are only changes that the files hold too
            else:
                between = self._step()
        if self._index is not None:
            self._index.close()

    def _serve(self, done: Callable[[list[HistoryEntry] | None], None]) -> None:
        from coderapp.qt.conversation_keeper import entry_of_head

        entries: list[HistoryEntry] | None = None

        def work(index: Index) -> None:
            nonlocal entries
            if index.complete:
                entries = [entry_of_head(head) for head in index.heads()]

        self._guarded(work)
        done(entries)
        self._begin()

    def _begin(self) -> None:
        from coderapp.storage.index_files import breathe, reconcile

        def work(index: Index) -> None:
            self._steps = reconcile(index, self._paths.conversations, breathe)

        self._shown = 0.0
        self._guarded(work)

    def _step(self) -> bool:
        """One more piece of what has to be indexed; whether the index is whole between two."""
        steps, step = self._steps, None
        assert steps is not None

        def work(_: Index) -> None:
            nonlocal step
            step = next(steps, None)

        self._guarded(work)
        if step is None:
            self._steps = None if self._steps is steps else self._steps
            return True
        self._show(step)
        return step.between

    def _show(self, step: Step) -> None:
        if not step.between:
            return
        now = time.monotonic()
        last = step.done == step.total
        if not self._shown:
            self._shown = now  # what is done within a moment needs no report
        show = self._behind if last else now - self._shown >= PROGRESS_EVERY
        if show:
            self._shown, self._behind = now, not last
        if show or step.changed or step.gone:
            self._report(step, show)

    def _guarded(self, work: _Work) -> None:
        """Work on the index; where it is damaged it is made anew, where it can't be written one sentence tells so."""
        import sqlite3

        from coderapp.storage.index import is_damage

        if self._given_up:
            return
        try:
            work(self._opened())
        except sqlite3.Error as error:
            if is_damage(error):
                log.info("the index is made anew", exc_info=error)
                self._make_anew()
            else:
                self._give_up(str(error))
        except OSError as error:
            self._give_up(error.strerror or str(error))

    def _opened(self) -> Index:
        if self._index is not None and not self._index.is_there():
            self._index.close()  # somebody has deleted the file
            self._index = None
            self._submit(self._begin)
        if self._index is None:
            from coderapp.storage.index import Index

            self._index = Index(self._paths.index, language_of)
        return self._index

    def _make_anew(self) -> None:
        from coderapp.storage.index import remove_files

        if self._index is not None:
            self._index.close()
            self._index = None
        try:
            remove_files(self._paths.index)
        except OSError as error:
            self._give_up(error.strerror or str(error))
            return
        self._begin()

    def _give_up(self, reason: str) -> None:
        self._steps = None
        self._given_up = reason or "for an unknown reason"
        self._tell(
            f"The index of your conversations can't be written ({reason}): searching may miss the newest messages."
            " Your conversations are not affected. coderapp tries again when it is started the next time."
        )


class _Looking:
    """The thread that searches. Only what was asked for last is of interest."""

    def __init__(self, paths: Paths, keeping: _Keeping) -> None:
        self._paths = paths
        self._keeping = keeping
        self._condition = threading.Condition()
        self._wanted: tuple[str, Order, Callable[[Found], None]] | None = None
        self._busy = False
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._searcher: Searcher | None = None

    def search(self, query: str, order: Order, done: Callable[[Found], None]) -> None:
        with self._condition:
            self._wanted = (query, order, done)
            self._condition.notify()
            if self._busy and self._searcher is not None:
                self._searcher.interrupt()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="search", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        with self._condition:
            self._stopping = True
            self._condition.notify()
            if self._busy and self._searcher is not None:
                self._searcher.interrupt()
        if self._thread is not None:
            self._thread.join(PATIENCE)

    def _run(self) -> None:
        from coderapp.storage.index_search import Searcher

        searcher = Searcher(self._paths.index, language_of)
        while True:
            with self._condition:
                self._busy = False
                self._searcher = searcher
                while self._wanted is None and not self._stopping:
                    self._condition.wait()
                if self._stopping or self._wanted is None:
                    break
                (query, order, done), self._wanted = self._wanted, None
                self._busy = True
            if (found := self._found(searcher, query, order)) is not None:
                done(found)
        searcher.close()

    def _found(self, searcher: Searcher, query: str, order: Order) -> Found | None:
        """None where something else is wanted by now."""
        import sqlite3

        from coderapp.storage.index import is_damage

        for _ in range(3):
            try:
                return searcher.search(query, order)
            except sqlite3.Error as error:
                with self._condition:
                    if self._wanted is not None or self._stopping:
                        return None
                if getattr(error, "sqlite_errorname", "") == "SQLITE_INTERRUPT":
                    continue  # meant for the one before
                searcher.close()
                if is_damage(error):
                    self._keeping.make_anew()
                elif self._paths.index.exists():
                    return Found(query, problem=f"The index can't be read ({error}). Search again in a moment.")
                return Found(query, problem=self._keeping.why_nothing_is_found())
            except Exception as error:
                log.exception("a search failed")
                name = type(error).__name__
                return Found(query, problem=f"An internal error occurred ({name}). Please report it; nothing was lost.")
        return None
