"""An export in a process of its own: it does not hold up the window, gives its memory back, and can be ended."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, Signal

from coderapp.core.errors import CoderappError, StorageError
from coderapp.core.exporting import ExportDone, ExportOptions
from coderapp.qt.background import Worker

END_WITHIN = 500
"""Milliseconds that the end of the program waits for a process that was killed."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ExportJob:
    """`ids` empty: everything. `unsaved`: conversations, as their files would be, newer than those on disk."""

    data_dir: str
    ids: tuple[str, ...]
    target: str
    options: ExportOptions
    unsaved: Mapping[str, bytes]

    def encoded(self) -> bytes:
        options = self.options
        return json.dumps(
            {
                "data_dir": self.data_dir,
                "ids": self.ids,
                "target": self.target,
                "format": options.format.value,
                "branches": options.branches,
                "reasoning": options.reasoning,
                "details": options.details,
                "unsaved": {name: data.decode("utf-8", "replace") for name, data in self.unsaved.items()},
            }
        ).encode()


class ExportProcess(QObject):
    """One export. Signals: `progressed(part, title)`: 0 to 1, and which conversation it is at; then one of
    `succeeded(ExportDone)`, `failed(CoderappError)`, `cancelled()`.
    """

    progressed = Signal(float, str)
    succeeded = Signal(ExportDone)
    failed = Signal(CoderappError)
    cancelled = Signal()

    def __init__(self, worker: Worker, parent: QObject | None = None) -> None:
        """`worker` removes what a process leaves behind that was ended in the middle."""
        super().__init__(parent)
        self._worker = worker
        self._process = QProcess(self)
        self._process.setProgram(sys.executable)
        frozen = getattr(sys, "frozen", False)
        self._process.setArguments([*([] if frozen else ["-m", "coderapp"]), "export", "--job"])
        self._process.readyReadStandardOutput.connect(self._on_output)
        self._process.finished.connect(self._on_finished)
        self._process.errorOccurred.connect(self._on_error)
        self._rest = b""
        self._temporary = ""
        self._done: ExportDone | None = None
        self._error: CoderappError | None = None
        self._was_cancelled = False
        self._settled = False

    def start(self, job: bytes) -> None:
        """`job` is an ExportJob, encoded."""
        self._process.start()
        self._process.write(job)
        self._process.closeWriteChannel()

    def cancel(self) -> None:
        """Ends it. Where it was done already, it stays done."""
        self._was_cancelled = True
        self._process.kill()

    def stop(self) -> None:
        """Ends it and waits for that: for the program's own end."""
        self._settled = True
        if self._process.state() is not QProcess.ProcessState.NotRunning:
            self._process.kill()
            self._process.waitForFinished(END_WITHIN)
            self._on_output()
        if self._done is None:
            self._clear_up()

    def _on_output(self) -> None:
        self._rest += bytes(self._process.readAllStandardOutput().data())
        *lines, self._rest = self._rest.split(b"\n")
        for line in lines:
            self._read(line)

    def _read(self, line: bytes) -> None:
        try:
            said = json.loads(line)
        except ValueError:
            return  # what a library prints is none of ours
        if not isinstance(said, dict):
            return
        if "temporary" in said:
            self._temporary = str(said["temporary"])
        elif "part" in said:
            if not self._settled:
                self.progressed.emit(float(said["part"]), str(said["name"]))
        elif "path" in said:
            self._done = ExportDone(str(said["path"]), int(said["written"]), tuple(map(str, said["problems"])))
        elif "sentence" in said:
            self._error = CoderappError(str(said["sentence"]), advice=str(said["advice"]))

    def _on_finished(self) -> None:
        self._on_output()
        if self._settled:
            return
        self._settled = True
        if self._done is not None:
            self.succeeded.emit(self._done)
            return
        self._clear_up()
        if self._was_cancelled:
            self.cancelled.emit()
            return
        if self._error is None:
            faults = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace")
            log.error("the export ended by itself: %s", faults[-4000:])
        self.failed.emit(
            self._error
            or StorageError("The export ended before it was done.", advice="Nothing was written; try again.")
        )

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart and not self._settled:
            self._settled = True
            sentence = f"The export could not be started: {self._process.errorString()}."
            self.failed.emit(StorageError(sentence, advice="Close other programs and try again."))

    def _clear_up(self) -> None:
        temporary, self._temporary = self._temporary, ""
        if temporary and os.path.basename(temporary).endswith(".part"):
            self._worker.submit(lambda: _remove(Path(temporary)), lambda _: None, lambda _: None)


def _remove(temporary: Path) -> None:
    from coderapp.exchange.exporters.targets import remove_remains

    remove_remains(temporary)
