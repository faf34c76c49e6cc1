"""One window for each data folder: a second start asks the first program to raise its window.

The program that holds the folder listens on loopback; port and token stand in the lock file, which its owner alone
can read. A request is one line, `raise TOKEN ACTIVATION`, and so is the answer, `raised`.
"""

from __future__ import annotations

import hmac
import logging
import os
import secrets
import selectors
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from PySide6.QtCore import QObject

from coderapp.qt.background import Delivery
from coderapp.storage.lock import DataFolderLock, FolderInUse, Holder

log = logging.getLogger(__name__)

ANSWER_WITHIN = 2.0
"""Seconds that the first program has to raise its window: it may be starting, or ending."""

LOOK_EVERY = 0.05
"""Seconds between two looks at the lock."""

LONGEST_LINE = 1024

MOST_CALLERS = 16
"""Connections at a time; a further one takes the place of the oldest."""

PATIENCE = 1.0
"""Seconds that a caller has to say its line."""

ANSWER = b"raised\n"


def take_or_raise(lock: DataFolderLock, within: float = ANSWER_WITHIN) -> bool:
    """True: the folder is ours. False: the program that holds it has raised its window. Raises FolderInUse where it
    does neither in time.
    """
    deadline = time.monotonic() + within
    while True:
        try:
            lock.take()
        except FolderInUse as error:
            left = deadline - time.monotonic()
            if left <= 0:
                raise
            if error.holder.port and _ask(error.holder, left):
                return False
            time.sleep(min(LOOK_EVERY, left))
        else:
            return True


def _ask(holder: Holder, within: float) -> bool:
    """Whether the holder says that its window is raised."""
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.user32.AllowSetForegroundWindow(holder.pid)
    activation = os.environ.get("XDG_ACTIVATION_TOKEN", "")
    line = f"raise {holder.token} {activation}".strip().replace("\n", " ")
    deadline = time.monotonic() + within
    try:
        with socket.create_connection(("127.0.0.1", holder.port), timeout=within) as connection:
            connection.sendall(line.encode() + b"\n")
            answer = b""
            while len(answer) < len(ANSWER):
                connection.settimeout(max(0.001, deadline - time.monotonic()))
                if not (more := connection.recv(len(ANSWER))):
                    return False
                answer += more
            return answer == ANSWER
    except OSError:
        return False


@dataclass(slots=True)
class _Caller:
    connection: socket.socket
    until: float
    said: bytearray = field(default_factory=bytearray)


class InstanceListener(QObject):
    """Listens, in a thread, for second starts on the same folder. `on_raise(activation)` runs in the UI thread, with
    what the desktop wants to see before it lets a window come to the front.
    """

    def __init__(self, lock: DataFolderLock, on_raise: Callable[[str], object], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = lock
        self._on_raise = on_raise
        self._token = secrets.token_hex(16)
        self._delivery = Delivery(self)
        self._wake_here, self._wake_there = socket.socketpair()
        self._callers: dict[socket.socket, _Caller] = {}
        self._asked: list[socket.socket] = []  # their requests are on the way to the UI thread
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Not needed for the first paint. Where nothing is locked nobody would ask."""
        if self._lock.is_held and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="instance", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        self._delivery.close()
        if self._thread is not None:
            self._wake_here.send(b"x")
            self._thread.join()
            self._thread = None
        for connection in (*self._asked, self._wake_here, self._wake_there):
            connection.close()

    # in the thread

    def _run(self) -> None:
        try:
            server = socket.create_server(("127.0.0.1", 0), backlog=MOST_CALLERS)
        except OSError:
            log.warning("a second start can't be heard: no port on loopback", exc_info=True)
            return
        with server, selectors.DefaultSelector() as selector:
            server.setblocking(False)
            selector.register(server, selectors.EVENT_READ)
            selector.register(self._wake_there, selectors.EVENT_READ)
            self._lock.note(Holder(os.getpid(), server.getsockname()[1], self._token))
            while self._serve(server, selector):
                pass
            for caller in list(self._callers.values()):
                self._drop(caller, selector)

    def _serve(self, server: socket.socket, selector: selectors.BaseSelector) -> bool:
        """One round; False when it is over."""
        now = time.monotonic()
        wait = min((caller.until - now for caller in self._callers.values()), default=None)
        for key, _ in selector.select(None if wait is None else max(0.0, wait)):
            if key.fileobj is self._wake_there:
                return False
            if key.fileobj is server:
                self._accept(server, selector)
            elif isinstance(key.fileobj, socket.socket) and (caller := self._callers.get(key.fileobj)) is not None:
                self._hear(caller, selector)
        now = time.monotonic()
        for caller in [caller for caller in self._callers.values() if caller.until <= now]:
            self._drop(caller, selector)
        return True

    def _accept(self, server: socket.socket, selector: selectors.BaseSelector) -> None:
        try:
            connection, _ = server.accept()
        except BlockingIOError:
            return
        except OSError:  # out of file descriptors, or the caller has gone: never spin on it
            time.sleep(LOOK_EVERY)
            return
        if len(self._callers) >= MOST_CALLERS:
            self._drop(next(iter(self._callers.values())), selector)
        connection.setblocking(False)
        self._callers[connection] = _Caller(connection, time.monotonic() + PATIENCE)
        selector.register(connection, selectors.EVENT_READ)

    def _hear(self, caller: _Caller, selector: selectors.BaseSelector) -> None:
        try:
            more = caller.connection.recv(LONGEST_LINE)
        except BlockingIOError:
            return
        except OSError:
            more = b""
        caller.said += more
        if b"\n" not in caller.said:
            if not more or len(caller.said) > LONGEST_LINE:
                self._drop(caller, selector)
            return
        command, _, rest = bytes(caller.said).partition(b"\n")[0].partition(b" ")
        token, _, activation = rest.partition(b" ")
        if command != b"raise" or not hmac.compare_digest(token, self._token.encode()):
            self._drop(caller, selector)
            return
        selector.unregister(caller.connection)
        del self._callers[caller.connection]
        connection, words = caller.connection, activation.decode("ascii", "replace")
        self._asked.append(connection)
        self._delivery.hand_over(lambda: self._raise(connection, words))

    def _drop(self, caller: _Caller, selector: selectors.BaseSelector) -> None:
        selector.unregister(caller.connection)
        del self._callers[caller.connection]
        caller.connection.close()

    # in the UI thread

    def _raise(self, connection: socket.socket, activation: str) -> None:
        """Answers only when it is done: a program that hangs does not pretend."""
        self._on_raise(activation)
        with connection, suppress(OSError):
            connection.send(ANSWER)
        self._asked.remove(connection)
