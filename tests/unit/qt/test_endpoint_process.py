"""The endpoint's process: started once, again after a crash, and never left behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QProcess
from pytestqt.qtbot import QtBot

from coderapp.core.errors import CoderappError
from coderapp.core.secret import Secret
from coderapp.qt.endpoint_process import EndpointProcess

START = 20_000


class Use:
    """What `use` reported."""

    def __init__(self, endpoint: EndpointProcess) -> None:
        self.ready: list[tuple[str, Secret]] = []
        self.failed: list[CoderappError] = []
        endpoint.use(lambda url, key: self.ready.append((url, key)), self.failed.append)


def running(endpoint: EndpointProcess) -> list[int]:
    processes = endpoint.findChildren(QProcess)
    return [int(p.processId()) for p in processes if p.state() is QProcess.ProcessState.Running]


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@pytest.fixture
def endpoint() -> Iterator[EndpointProcess]:
    made = EndpointProcess(0)
    yield made
    made.stop()


@pytest.mark.slow
def test_it_starts_once_and_again_after_a_crash(qtbot: QtBot, endpoint: EndpointProcess) -> None:
    assert running(endpoint) == []
    first, second = Use(endpoint), Use(endpoint)
    qtbot.waitUntil(lambda: bool(first.ready and second.ready), timeout=START)
    assert first.ready == second.ready
    url, key = first.ready[0]
    assert url.startswith("http://127.0.0.1:")
    assert url.endswith("/coder")
    assert len(key.reveal()) > 20
    third = Use(endpoint)
    assert third.ready == first.ready, "at once, while it runs"
    pid = running(endpoint)[0]

    os.kill(pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: running(endpoint) == [])
    fourth = Use(endpoint)
    qtbot.waitUntil(lambda: bool(fourth.ready), timeout=START)
    again = running(endpoint)
    assert len(again) == 1
    assert again[0] != pid
    assert fourth.ready[0][1] != key, "each start has a key of its own"
    endpoint.stop()
    assert is_gone(again[0])
    endpoint.stop()


@pytest.mark.slow
def test_another_pace_ends_it_without_waiting(qtbot: QtBot, endpoint: EndpointProcess) -> None:
    use = Use(endpoint)
    qtbot.waitUntil(lambda: bool(use.ready), timeout=START)
    pid = running(endpoint)[0]
    endpoint.set_pace(0)
    assert running(endpoint) == [pid], "the same pace changes nothing"
    endpoint.set_pace(50)
    qtbot.waitUntil(lambda: is_gone(pid), timeout=START)
    assert not use.failed


def test_one_that_dies_before_it_is_ready_is_told(qtbot: QtBot, endpoint: EndpointProcess) -> None:
    use = Use(endpoint)
    qtbot.waitUntil(lambda: running(endpoint) != [])
    os.kill(running(endpoint)[0], signal.SIGKILL)
    qtbot.waitUntil(lambda: bool(use.failed))
    assert "ended before it was ready" in use.failed[0].sentence
    assert "doctor" in use.failed[0].advice


def test_one_that_can_not_be_started_is_told(
    qtbot: QtBot, endpoint: EndpointProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    use = Use(endpoint)
    qtbot.waitUntil(lambda: bool(use.failed))
    assert "could not be started" in use.failed[0].sentence
    assert running(endpoint) == []


def test_nothing_is_left_when_it_is_stopped_while_it_starts(qtbot: QtBot, endpoint: EndpointProcess) -> None:
    use = Use(endpoint)
    qtbot.waitUntil(lambda: running(endpoint) != [])
    pid = running(endpoint)[0]
    endpoint.stop()
    assert is_gone(pid)
    assert not use.ready
    assert not use.failed
