"""The thread that writes the index."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from coderapp.qt.history_model import HistoryEntry
from coderapp.storage.paths import Paths

if TYPE_CHECKING:
    from coderapp.storage.index import Index
    from coderapp.storage.index_files import Step

PROGRESS_EVERY = 0.1
"""Seconds between two reports of how far indexing is."""

PATIENCE = 1.0
"""Seconds that `stop` waits for what was saved last to reach the index. The rest is read again at the next start."""

LATER = 0.7
"""Seconds from the list to the look through the files: the window is to stand first."""

HOLD = 0.5
"""Seconds that indexing rests for a conversation that is being opened."""

GATHER = 20.0
"""Seconds that changes wait for others: SQLite writes whole pages, some 30 KB for a message that comes alone. Whoever
searches has them written at once."""

MOST_GATHERED = 300
"""Changes that wait at most."""

MOST_ANEW = 3
"""Times that the index is made anew in one run. What fails then lies not in its file."""

AGAIN = 10.0
"""Seconds until an index that could not be written is tried again, where something is to be written or searched."""

MOST_STALE = 200
"""Conversations that are read from their files for a list that the index can't serve whole; for more all are."""

log = logging.getLogger(__name__)

Work = Callable[["Index"], None]


def language_of(info: str) -> str:
    from coderapp.text.languages import fence

    return fence(info).language.name


class IndexKeeping:
    """The thread that writes the index. Changes that were told come before those that are found in the files."""

    def __init__(
        self, paths: Paths, report: Callable[[Step, bool], None], tell: Callable[[str], None], later: float = LATER
    ) -> None:
        self._paths = paths
        self._report = report
        self._tell = tell
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._stopping = False
        self._index: Index | None = None
        self._given_up = ""
        self._again = 0.0  # when what was given up is tried again
        self._made_anew = 0
        self._in_line = False  # with the files, but for what was told since
        self._told: set[str] = set()
        self._gathered: list[Work] = []
        self._gathered_until: float | None = None  # when they are to be written
        self._steps: Iterator[Step] | None = None
        self._due: float | None = None  # when the files are to be looked through
        self._later = later
        self._held_until = 0.0
        self._shown = 0.0
        self._behind = False  # it was reported that there is something to do

    # from other threads

    def serve(self, done: Callable[[list[HistoryEntry] | None], None]) -> None:
        self._submit(lambda: self._serve(done))

    def refresh(self) -> None:
        self._submit(self._begin)

    def change(self, work: Work) -> None:
        """What may wait for other changes."""
        self._submit(lambda: self._keep_for_later(work))

    def catch_up(self, patience: float) -> None:
        """For whoever is about to search: waits until what was told is in the index, but at most `patience` seconds."""
        if self._gathered or not self._jobs.empty():
            done = threading.Event()

            def then() -> None:
                self._write_gathered()
                done.set()

            self._submit(then)
            done.wait(patience)

    def make_anew(self) -> None:
        self._submit(self._make_anew)

    def hold(self) -> None:
        """Something is being opened: for a moment the interpreter, and the memory, are for that."""
        self._held_until = time.monotonic() + HOLD

    @property
    def has_given_up(self) -> bool:
        return bool(self._given_up)

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
                job = self._jobs.get(block=self._steps is None, timeout=self._rest()) if between else None
            except queue.Empty:
                job = self._what_is_due()
            else:
                if between and job is None:
                    break
            try:
                if job is not None:
                    job()
                elif self._stopping:
                    break  # what waits are only changes that the files hold too
                elif self._steps is not None:
                    between = self._step()
            except Exception:  # the list and the search must outlive it
                log.exception("a step of indexing failed")
        self._write_gathered()
        if self._index is not None and self._in_line and self._steps is None and self._jobs.empty():
            self._guarded(lambda index: index.set_in_line(True))
        if self._index is not None:
            self._index.close()

    def _serve(self, done: Callable[[list[HistoryEntry] | None], None]) -> None:
        from coderapp.qt.conversation_keeper import entry_of_row

        entries: list[HistoryEntry] | None = None

        def work(index: Index) -> None:
            nonlocal entries
            if index.complete:
                served = [entry_of_row(*row) for row in index.rows()]
                entries = served if index.in_line else self._corrected(index, served)
            self._in_line = index.in_line
            index.set_in_line(False)  # from here on, until an orderly end

        self._guarded(work)
        done(entries)
        self._due = time.monotonic() + self._later

    def _corrected(self, index: Index, entries: list[HistoryEntry]) -> list[HistoryEntry] | None:
        """What the files say, after a kill: a list that is shown has to be true, for who changes it relies on it. None
        where too many are not as the index has them.
        """
        from coderapp.qt.conversation_keeper import entry_of_head
        from coderapp.storage.index_files import read_source, stamps

        known, there = index.stamps(), stamps(self._paths.conversations)
        stale = {name for name, stamp in there.items() if known.get(name) != stamp}
        if len(stale) > MOST_STALE:
            return None
        sources = (read_source(self._paths.conversations, name) for name in sorted(stale))
        read = [entry_of_head(source.head) for source in sources if source is not None]
        return [entry for entry in entries if entry.id in there and entry.id not in stale] + read

    def _rest(self) -> float | None:
        """Seconds until something is to be done by itself; None where nothing is."""
        due = [moment for moment in (self._due, self._gathered_until) if moment is not None]
        return max(min(due) - time.monotonic(), 0.0) if due else None

    def _what_is_due(self) -> Callable[[], None] | None:
        now = time.monotonic()
        if self._gathered_until is not None and now >= self._gathered_until:
            return self._write_gathered
        return self._begin if self._due is not None and now >= self._due else None

    def _keep_for_later(self, work: Work) -> None:
        self._gathered.append(work)
        if self._gathered_until is None:
            self._gathered_until = time.monotonic() + GATHER
        if len(self._gathered) >= MOST_GATHERED:
            self._write_gathered()

    def _write_gathered(self) -> None:
        """In one go: pages that several changes touch are written once."""
        gathered, self._gathered, self._gathered_until = self._gathered, [], None
        if not gathered:
            return

        def work(index: Index) -> None:
            with index.changing():
                for change in gathered:
                    change(index)

        self._guarded(work)

    def _begin(self) -> None:
        from coderapp.storage.index_files import reconcile

        def work(index: Index) -> None:
            self._steps = reconcile(index, self._paths.conversations, self._breathe)

        self._write_gathered()
        self._due = None
        self._shown = 0.0
        self._guarded(work)

    def _breathe(self) -> None:
        """Lets another thread have the interpreter now and not only when it insists."""
        time.sleep(0)
        while not self._stopping and (rest := self._held_until - time.monotonic()) > 0:
            time.sleep(min(rest, 0.02))

    def _step(self) -> bool:
        """One more piece of what has to be indexed; whether the index is whole between two."""
        steps, step = self._steps, None
        assert steps is not None

        def work(_: Index) -> None:
            nonlocal step
            step = next(steps, None)

        self._guarded(work)
        if step is None:
            self._in_line = self._in_line or self._steps is steps
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

    def _guarded(self, work: Work) -> None:
        """Work on the index; where it is damaged it is made anew, where it can't be written one sentence tells so."""
        import sqlite3

        from coderapp.storage.index_database import is_damage

        if self._given_up:
            if time.monotonic() < self._again:
                return
            self._given_up = ""
            self._submit(self._begin)  # what was told meanwhile is in the files
        try:
            work(self._opened())
        except sqlite3.Error as error:
            if is_damage(error):
                self._mend(error)
            else:
                self._give_up(str(error))
        except OSError as error:
            self._give_up(error.strerror or str(error))
        except Exception as error:  # noqa: BLE001 - whatever a file holds that nobody has written may lead to
            self._mend(error)

    def _mend(self, error: Exception) -> None:
        log.info("the index is made anew", exc_info=error)
        self._make_anew()

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
        from coderapp.storage.index_database import remove_files

        if self._index is not None:
            self._index.close()
            self._index = None
        self._made_anew += 1
        self._in_line = False
        if self._made_anew > MOST_ANEW:
            self._give_up("what it holds does not read")
            return
        try:
            remove_files(self._paths.index)
        except OSError as error:
            self._give_up(error.strerror or str(error))
            return
        self._begin()

    def _give_up(self, reason: str) -> None:
        self._steps = None
        if self._behind:
            from coderapp.storage.index_files import Step

            self._behind = False
            self._report(Step(1, 1), True)  # nothing more is to be waited for
        self._in_line = False
        self._given_up = reason or "for an unknown reason"
        self._again = time.monotonic() + AGAIN
        if reason not in self._told:
            self._told.add(reason)
            self._tell(
                f"The index of your conversations can't be written ({reason}): searching may miss the newest messages."
                " Your conversations are not affected. coderapp goes on trying."
            )
