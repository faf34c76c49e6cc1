"""Exports from the window's side: one at a time, with what is not on disk yet."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from coderapp.core.conversation import Conversation
from coderapp.core.errors import CoderappError
from coderapp.core.exporting import ExportDone, ExportFormat, ExportOptions
from coderapp.qt.background import Worker
from coderapp.qt.conversation_keeper import ConversationKeeper
from coderapp.qt.export_process import ExportJob, ExportProcess


class ExportDesk(QObject):
    """Signals: `progressed(part, title)`; at its end one of `succeeded(ExportDone)`, `failed(CoderappError)`,
    `cancelled()`.
    """

    progressed = Signal(float, str)
    succeeded = Signal(ExportDone)
    failed = Signal(CoderappError)
    cancelled = Signal()

    def __init__(
        self,
        keeper: ConversationKeeper,
        live: Callable[[], Sequence[Conversation]],
        worker: Worker,
        data_dir: Path,
        parent: QObject | None = None,
    ) -> None:
        """`live` gives the conversations that are open; `worker` clears up."""
        super().__init__(parent)
        self._keeper = keeper
        self._live = live
        self._worker = worker
        self._data_dir = str(data_dir)
        self._process: ExportProcess | None = None
        self._is_busy = False
        self._was_cancelled = False

    @property
    def is_busy(self) -> bool:
        return self._is_busy

    def can_export(self, conversation: Conversation) -> bool:
        """Whether there is something of it to read: a new one has nothing on disk."""
        return bool(conversation.messages)

    def suggested_name(self, title: str, form: ExportFormat, *, several: bool) -> str:
        """For one conversation of that title, or for several."""
        from coderapp.exchange.exporters.names import default_name

        return default_name(title, form, time.strftime("%Y-%m-%d"), several=several)

    def export(self, ids: Sequence[str], target: str, options: ExportOptions) -> None:
        """Exports conversations, all where `ids` is empty, once everything that was said so far is on disk."""
        if self._is_busy:
            self.failed.emit(CoderappError("Another export is under way.", advice="Wait for its end, or cancel it."))
            return
        self._is_busy = True
        self._was_cancelled = False
        wanted = set(ids)
        live = [each for each in self._live() if not wanted or each.id in wanted]

        def settled(unsaved: dict[str, bytes]) -> None:
            job = ExportJob(self._data_dir, tuple(ids), target, options, unsaved)
            self._worker.submit(job.encoded, self._start, self._on_failed)

        self._keeper.settled(live, settled, self._on_failed)

    def _start(self, job: bytes) -> None:
        if self._was_cancelled:
            self._end(self.cancelled.emit)
            return
        process = self._process = ExportProcess(self._worker, self)
        process.progressed.connect(self.progressed)
        process.succeeded.connect(lambda done: self._end(lambda: self.succeeded.emit(done)))
        process.failed.connect(self._on_failed)
        process.cancelled.connect(lambda: self._end(self.cancelled.emit))
        process.start(job)

    def _on_failed(self, error: CoderappError) -> None:
        self._end(lambda: self.failed.emit(error))

    def _end(self, tell: Callable[[], None]) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.deleteLater()
        self._is_busy = False
        tell()

    def cancel(self) -> None:
        self._was_cancelled = True
        if self._process is not None:
            self._process.cancel()

    def stop(self) -> None:
        """Ends what runs; nothing half-written stays. Before the worker stops."""
        process, self._process = self._process, None
        if process is not None:
            process.stop()
