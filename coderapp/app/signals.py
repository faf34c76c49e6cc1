"""SIGINT and SIGTERM end the program in good order, also while Qt's event loop sleeps."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable

from PySide6.QtCore import QObject, QSocketNotifier


class SignalListener(QObject):
    """A signal writes a byte to a socket, which wakes the event loop, and that calls `on_signal`: between two events,
    never in the middle of one, as a handler in Python would be.
    """

    def __init__(self, on_signal: Callable[[], object]) -> None:
        super().__init__()
        self._on_signal = on_signal
        self._here, self._there = socket.socketpair()
        self._here.setblocking(False)
        self._there.setblocking(False)
        self._notifier = QSocketNotifier(self._here.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._drain)
        self._before = signal.set_wakeup_fd(self._there.fileno())
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)

    def _drain(self) -> None:
        if {signal.SIGINT, signal.SIGTERM} & set(self._here.recv(64)):
            self._on_signal()

    def close(self) -> None:
        signal.set_wakeup_fd(self._before)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        self._notifier.setEnabled(False)
        self._here.close()
        self._there.close()
