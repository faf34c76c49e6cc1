"""The reading of an import in a process of its own: see exchange/import_process, which is its other side."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, Signal

from coderapp.core.errors import CoderappError, StorageError

END_WITHIN = 500
"""Milliseconds that the end of the program waits for a process that was killed."""

log = logging.getLogger(__name__)


class ImportProcess(QObject):
    """One import. Signals: `progressed(part, words)`: 0 to 1, and where it is; then one of `ready(summary)`: everything
    is made ready, where there is something; `failed(CoderappError)`, `cancelled()`: nothing came in.
    """

    progressed = Signal(float, str)
    ready = Signal(object)
    failed = Signal(CoderappError)
    cancelled = Signal()

    def __init__(self, data_dir: Path, job: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._data_dir = data_dir
        self._job = job
        self._process = QProcess(self)
        self._process.readyReadStandardOutput.connect(self._on_output)
        self._process.finished.connect(self._on_finished)
        self._process.errorOccurred.connect(self._on_error)
        self._rest = b""
        self._summary: Any = None
        self._error: CoderappError | None = None
        self._was_cancelled = False
        self._settled = False

    def start(self, files: list[str], folder: str) -> None:
        frozen = getattr(sys, "frozen", False)
        self._process.setProgram(sys.executable)
        self._process.setArguments([*([] if frozen else ["-m", "coderapp"]), "import-process"])
        self._process.start()
        asked = {"data_dir": str(self._data_dir), "files": files, "folder": folder, "job": self._job}
        self._process.write(json.dumps(asked).encode() + b"\n")

    def cancel(self) -> None:
        self._was_cancelled = True
        self._process.kill()

    def stop(self) -> None:
        """Ends it and waits for that: for the program's own end."""
        self._settled = True
        if self._process.state() is not QProcess.ProcessState.NotRunning:
            self._process.kill()
            self._process.waitForFinished(END_WITHIN)

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
        match said:
            case {"progress": [int(done), int(total), int(count), str(file)]}:
                if not self._settled and not self._was_cancelled:
                    found = "" if not count else "1 conversation in " if count == 1 else f"{count:,} conversations in "
                    self.progressed.emit(done / total if total else 0.0, f"{found}{file}")
            case {"ready": dict(summary)}:
                self._summary = summary
            case {"failed": [str(sentence), str(advice)]}:
                self._error = StorageError(sentence, advice=advice)

    def _on_finished(self) -> None:
        self._on_output()
        if self._settled:
            return
        self._settled = True
        if self._was_cancelled:
            self.cancelled.emit()
        elif self._summary is not None:
            self.ready.emit(self._summary)
        else:
            if self._error is None:
                faults = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace")
                log.error("the import ended by itself: %s", faults[-4000:])
            self.failed.emit(
                self._error
                or StorageError(
                    "The import ended before it was done.",
                    advice="Nothing came in. Try fewer files at once, or “coderapp import” in a terminal.",
                )
            )

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart and not self._settled:
            self._settled = True
            sentence = f"The import could not be started: {self._process.errorString()}."
            self.failed.emit(StorageError(sentence, advice="Close other programs and try again."))
