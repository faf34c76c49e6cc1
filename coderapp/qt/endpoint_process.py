"""The built-in endpoint's process: started on first use, loopback, a random key, ends with the program."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer

from coderapp.core.errors import CoderappError, ServerFailed
from coderapp.core.secret import Secret
from coderapp.qt.background import Failure

READY_WITHIN = 20.0
"""Seconds until a process that does not report ready is given up. It takes about half of one."""

KILL_AFTER = 700
"""Milliseconds between asking the process to end and ending it."""

KEY_VARIABLE = "CODERAPP_ENDPOINT_KEY"

Ready = Callable[[str, Secret], None]
"""Called with the address of the endpoint and its key."""


class EndpointProcess(QObject):
    """`use` calls back as soon as the endpoint answers; the first call starts it, one after its end starts it again."""

    def __init__(self, pace: int, parent: QObject | None = None) -> None:
        """`pace` in tokens per second; 0 is unthrottled."""
        super().__init__(parent)
        self._pace = pace
        self._process: QProcess | None = None
        self._url = ""
        self._key = Secret("")
        self._waiting: list[tuple[Ready, Failure]] = []
        self._head = b""
        self._deadline = QTimer(self, singleShot=True, interval=round(READY_WITHIN * 1000))
        self._deadline.timeout.connect(self._on_late)

    def set_pace(self, pace: int) -> None:
        """Takes effect with the next start; a running endpoint is ended."""
        if pace != self._pace:
            self._pace = pace
            self.end()

    def use(self, ready: Ready, failure: Failure) -> None:
        if self._url:
            ready(self._url, self._key)
            return
        self._waiting.append((ready, failure))
        self.start()

    def start(self) -> None:
        if self._process is not None:
            return
        import secrets  # not on the way to the first window

        self._key = Secret(secrets.token_urlsafe(24))
        self._head = b""
        process = QProcess(self)
        environment = QProcessEnvironment.systemEnvironment()
        environment.insert(KEY_VARIABLE, self._key.reveal())
        process.setProcessEnvironment(environment)
        process.setProgram(sys.executable)
        process.setArguments(["-m", "coderapp", "serve", "--tokens-per-second", str(self._pace)])
        process.readyReadStandardOutput.connect(self._on_output)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        self._process = process
        self._deadline.start()
        process.start()

    def end(self) -> None:
        """Ends the process without waiting for it."""
        process = self._release()
        if process is not None:
            process.finished.connect(process.deleteLater)
            process.terminate()
            QTimer.singleShot(KILL_AFTER, process, process.kill)

    def stop(self) -> None:
        """Ends the process and waits for it, at most a second: for the program's own end."""
        process = self._release()
        if process is None:
            return
        process.terminate()
        if not process.waitForFinished(KILL_AFTER):
            process.kill()
            process.waitForFinished(300)
        process.deleteLater()

    def _release(self) -> QProcess | None:
        self._deadline.stop()
        self._url = ""
        process, self._process = self._process, None
        if process is not None:
            process.readyReadStandardOutput.disconnect(self._on_output)
            process.finished.disconnect(self._on_finished)
            process.errorOccurred.disconnect(self._on_error)
        return process

    def _on_output(self) -> None:
        assert self._process is not None
        self._head += bytes(self._process.readAllStandardOutput().data())
        if self._url or b"\n" not in self._head:
            return
        line = self._head.partition(b"\n")[0]
        try:
            self._url = f"{json.loads(line)['url']}/coder"
        except (ValueError, KeyError, TypeError):
            self._fail(f"The built-in endpoint reported {line[:100]!r} instead of its address.")
            return
        self._deadline.stop()
        waiting, self._waiting = self._waiting, []
        for ready, _ in waiting:
            ready(self._url, self._key)

    def _on_finished(self) -> None:
        process, self._process = self._process, None
        self._url = ""
        said = ""
        if process is not None:
            said = bytes(process.readAllStandardError().data()).decode(errors="replace").strip().rpartition("\n")[2]
            process.deleteLater()
        self._fail(f"The built-in endpoint ended before it was ready{f': {self._key.redact(said)}' if said else '.'}")

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            self._process = None
            self._fail("The built-in endpoint could not be started.")

    def _on_late(self) -> None:
        self.end()
        self._fail(f"The built-in endpoint was not ready after {READY_WITHIN:.0f} seconds.")

    def _fail(self, sentence: str) -> None:
        self._deadline.stop()
        waiting, self._waiting = self._waiting, []
        error: CoderappError = ServerFailed(
            sentence, advice="Try again, or run “coderapp doctor” to see what is missing."
        )
        for _, failure in waiting:
            failure(error)
