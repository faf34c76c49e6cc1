"""A second start raises the first one's window, whatever else knocks at the port."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from coderapp.qt.instance import LONGEST_LINE, MOST_CALLERS, InstanceListener, take_or_raise
from coderapp.storage.lock import DataFolderLock, FolderInUse
from coderapp.storage.paths import Paths


class First:
    """A program that holds the folder."""

    def __init__(self, bot: QtBot, paths: Paths) -> None:
        self.paths = paths
        self.raised: list[str] = []
        self.lock = DataFolderLock(paths)
        self.lock.take()
        self.listener = InstanceListener(self.lock, self.raised.append)
        self.listener.start()
        bot.waitUntil(lambda: self.port > 0)

    @property
    def port(self) -> int:
        return int(json.loads(self.paths.lock.read_bytes() or b'{"port": 0}')["port"])

    @property
    def token(self) -> str:
        return str(json.loads(self.paths.lock.read_bytes())["token"])

    def say(self, words: bytes) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=3)
        connection.sendall(words)
        return connection


@pytest.fixture
def first(qtbot: QtBot, tmp_path: Path) -> Iterator[First]:
    running = First(qtbot, Paths.under(tmp_path / "data"))
    yield running
    running.listener.stop()
    running.lock.release()


class Second:
    """Starts on the same folder, in a thread as it would be in a process."""

    def __init__(self, bot: QtBot, paths: Paths, within: float = 2.0) -> None:
        self.outcome: bool | FolderInUse | None = None
        self._lock = DataFolderLock(paths)
        self._thread = threading.Thread(target=self._run, args=(within,))
        self._thread.start()
        bot.waitUntil(lambda: self.outcome is not None)
        self._thread.join()
        self._lock.release()

    def _run(self, within: float) -> None:
        try:
            self.outcome = take_or_raise(self._lock, within)
        except FolderInUse as error:
            self.outcome = error


def test_a_second_start_raises_the_window(qtbot: QtBot, first: First, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_ACTIVATION_TOKEN", raising=False)
    assert Second(qtbot, first.paths).outcome is False
    monkeypatch.setenv("XDG_ACTIVATION_TOKEN", "from-the-menu\nraise")
    assert Second(qtbot, first.paths).outcome is False
    assert first.raised == ["", "from-the-menu raise"]


def test_one_that_ends_meanwhile_leaves_the_folder_to_the_second(qtbot: QtBot, tmp_path: Path) -> None:
    first = First(qtbot, Paths.under(tmp_path / "data"))
    first.listener.stop()
    ending = threading.Timer(0.3, first.lock.release)
    ending.start()
    assert Second(qtbot, first.paths).outcome is True
    ending.join()


def test_one_that_does_not_answer_is_in_use(qtbot: QtBot, first: First) -> None:
    lock = DataFolderLock(first.paths)
    began = time.monotonic()
    with pytest.raises(FolderInUse, match=r"process \d+"):
        take_or_raise(lock, 0.3)  # in the UI thread, which therefore does not answer
    assert time.monotonic() - began < 1
    assert first.raised == []


@pytest.mark.parametrize(
    "words", [b"\n", b"raise wrong\n", b"raise\n", b"\xff\0\n", b"GET / HTTP/1.1\r\n\r\n", b"x" * (4 * LONGEST_LINE)]
)
def test_garbage_is_hung_up_on(qtbot: QtBot, first: First, words: bytes) -> None:
    with first.say(words) as connection, suppress(ConnectionResetError):
        assert connection.recv(100) == b""
    assert Second(qtbot, first.paths).outcome is False
    assert first.raised == [""]


def test_slow_callers_are_in_nobodys_way(qtbot: QtBot, first: First) -> None:
    slow = [first.say(b"rai") for _ in range(2 * MOST_CALLERS)]
    assert Second(qtbot, first.paths).outcome is False
    for connection in slow:
        with connection, suppress(ConnectionResetError):
            assert connection.recv(100) == b""  # after a second


def test_the_request_may_come_in_pieces_and_the_caller_go(qtbot: QtBot, first: First) -> None:
    with first.say(b"raise ") as connection:
        time.sleep(0.05)
        connection.sendall(first.token.encode())
        time.sleep(0.05)
        connection.sendall(b"\n")
    qtbot.waitUntil(lambda: first.raised == [""])
    assert Second(qtbot, first.paths).outcome is False
