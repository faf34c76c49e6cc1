"""Imports from the window's side, one at a time: a process reads, the storage thread brings in."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from coderapp.core.errors import CoderappError
from coderapp.core.importing import ImportDone
from coderapp.qt.background import Worker
from coderapp.qt.conversation_keeper import ConversationKeeper, entry_of_head
from coderapp.qt.history_entry import HistoryEntry
from coderapp.qt.import_process import ImportProcess
from coderapp.storage.paths import Paths

if TYPE_CHECKING:
    from coderapp.exchange.importers.summary import Summary
    from coderapp.storage.staging import Imported

Arrived = Callable[[str, list[HistoryEntry], list[str]], None]
"""What is called with the headline, the new conversations and the ids of those that grew."""


class ImportDesk(QObject):
    """Signals: `progressed(part, words)`; at its end one of `succeeded(ImportDone)`, `failed(CoderappError)`,
    `cancelled()`.
    """

    progressed = Signal(float, str)
    succeeded = Signal(ImportDone)
    failed = Signal(CoderappError)
    cancelled = Signal()

    def __init__(
        self,
        keeper: ConversationKeeper,
        arrived: Arrived,
        worker: Worker,
        data_dir: Path,
        parent: QObject | None = None,
    ) -> None:
        """`worker` clears up."""
        super().__init__(parent)
        self._keeper = keeper
        self._arrived = arrived
        self._worker = worker
        self._data_dir = data_dir
        self._process: ImportProcess | None = None
        self._job = ""

    @property
    def is_busy(self) -> bool:
        return bool(self._job)

    def read(self, files: Sequence[str], folder: str = "") -> None:
        """Imports files and folders; what comes in goes into `folder` of the list."""
        if self.is_busy:
            self.failed.emit(CoderappError("Another import is under way.", advice="Wait for its end, or cancel it."))
            return
        self._job = secrets.token_hex(8)
        process = self._process = ImportProcess(self._data_dir, self._job, self)
        process.progressed.connect(self.progressed)
        process.ready.connect(self._on_ready)
        process.failed.connect(self._on_failed)
        process.cancelled.connect(self._on_cancelled)
        process.start(list(files), folder)

    def cancel(self) -> None:
        """Where everything is made ready already, it comes in."""
        if self._process is not None:
            self._process.cancel()

    def _on_ready(self, said: Any) -> None:
        from coderapp.exchange.importers.summary import Summary

        summary = Summary.from_json(said)
        if not summary.anything:
            self._end(clear=False)
            self.succeeded.emit(_done(summary))
            return
        self._let_go()

        def came(imported: Imported) -> None:
            self._end(clear=False)
            headline = summary.headline()
            entries = [entry_of_head(head) for head in imported.new]
            self._arrived(headline, entries, list(imported.grown))
            self.succeeded.emit(_done(summary))

        self._keeper.bring_in(Paths(self._data_dir), self._job, came, self._on_failed)

    def _on_failed(self, error: CoderappError) -> None:
        self._end(clear=True)
        self.failed.emit(error)

    def _on_cancelled(self) -> None:
        self._end(clear=True)
        self.cancelled.emit()

    def _let_go(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.deleteLater()

    def _end(self, *, clear: bool) -> None:
        self._let_go()
        job, self._job = self._job, ""
        if clear:
            self._clear(job)

    def _clear(self, job: str) -> None:
        """Removes what was made ready and did not come in."""
        data_dir = self._data_dir

        def work() -> None:
            from coderapp.storage.staging import Staging

            Staging(Paths(data_dir), job).discard_unless_committed()

        self._worker.submit(work, lambda _: None, lambda _: None)

    def stop(self) -> None:
        """Ends what runs; nothing of it comes in. Before the worker stops."""
        process, self._process = self._process, None
        if process is not None:
            process.stop()
            self._clear(self._job)


def _done(summary: Summary) -> ImportDone:
    return ImportDone(summary.headline(), tuple(summary.details()), tuple(summary.places), summary.anything)
