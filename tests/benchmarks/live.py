"""The whole program against a server in another process: stalls, the first token, Stop, keys."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QPlainTextEdit

from tests.benchmarks.heartbeat import Heartbeat, quantile
from tests.benchmarks.measuring import Painted, measured, pump_until, rest, thread_seconds
from tests.benchmarks.sse_server import Plan
from tests.benchmarks.stage import Stage, stage

_ROOT = Path(__file__).resolve().parents[2]


class Server:
    """The server's process. `told` are the lines that it printed about ended answers."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        assert process.stdin is not None
        self._process = process
        self._out, self._in = process.stdout, process.stdin
        self.url = f"http://127.0.0.1:{self._out.readline().strip()}/v1"

    def go_on(self) -> None:
        self._in.write("\n")
        self._in.flush()

    def told(self) -> dict[str, float]:
        """What it says of the next answer that ended; waits for that."""
        line: dict[str, float] = json.loads(self._out.readline())
        return line


@contextmanager
def _server() -> Generator[Server]:
    command = [sys.executable, "-m", "tests.benchmarks.sse_server"]
    with subprocess.Popen(command, cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Server(process)
        finally:
            process.terminate()


@contextmanager
def _running(folder: str = "") -> Generator[tuple[Stage, Server]]:
    """The program and a server, after a first short answer, which loads what the first answer loads."""
    with _server() as server, stage(url=server.url, folder=folder) as on:
        on.session.send(Plan(size=6_000, rate=2_000).prompt)
        pump_until(lambda: bool(on.session.conversation.messages) and on.settled())
        server.told()
        on.new()
        yield on, server


def _received(on: Stage) -> int:
    """Characters of the answer that have arrived in the conversation."""
    rows = on.session.model.rows
    return len(rows[-1].message.text) + len(on.session.model.tail(len(rows) - 1)) if rows else 0


def stalls(
    rate: int, size: int, *, above: str = "", shown: int = 0, burst: bool = False, delta: int = 4
) -> dict[str, Any]:
    """Stalls while `size` characters come at `rate` deltas a second, or all at once with `burst`.

    `above`: a data folder with the long conversation, which is open then; `shown`: characters that are in the answer
    already. `backlog_s`: from the server's last byte to the last character on screen.
    """
    plan = Plan(size=size + shown, rate=0 if burst else rate, ahead=shown, delta=delta)
    with _running(above) as (on, server):
        if above:
            on.open_long()
        heart = Heartbeat()
        heart.start()
        on.session.send(plan.prompt)
        pump_until(lambda: _received(on) > 0)
        heart.stop()
        sending = heart.figures()
        if shown:
            pump_until(lambda: _received(on) >= shown and not on.backlog)
            rest(0.3)
            server.go_on()
        cpu, began, threads = time.process_time(), time.monotonic(), thread_seconds()
        heart.start()
        with measured():
            pump_until(lambda: on.session.is_idle)
            pump_until(lambda: not on.backlog)
            painted = on.painted.count
            pump_until(lambda: on.painted.count > painted or not on.view.viewport().isVisible() or on.settled())
        ended = time.monotonic()
        heart.stop()
        cpu = time.process_time() - cpu
        shares = {name: spent - threads.get(name, 0.0) for name, spent in thread_seconds().items()}
        told = server.told()
        pump_until(on.settled)
        losses = on.losses(plan.text)
    return {
        **heart.figures(),
        "backlog_s": round(max(0.0, ended - told["last"]), 3),
        "rate": told["rate"],
        "cpu_share": round(cpu / (ended - began), 2),
        "threads": {name: round(spent / (ended - began), 3) for name, spent in shares.items() if spent > 0.005},
        "seconds": round(ended - began, 2),
        "sending_max": sending["max"],
        **losses,
    }


def first_token(times: int) -> dict[str, Any]:
    """Milliseconds from the write of an answer's first token to the end of the paint that shows it."""
    dice = random.Random(5)
    found: list[float] = []
    with _running() as (on, server):
        for _ in range(times):
            on.new()
            plan = Plan(stamped=True, wait=dice.uniform(0.03, 0.08))
            shown: list[float] = []

            def note(on: Stage = on, shown: list[float] = shown) -> None:
                if not shown and _received(on) and not on.backlog:
                    shown.append(on.painted.ended)

            on.painted.on_painted = note
            on.session.send(plan.prompt)
            with measured():
                pump_until(lambda shown=shown: bool(shown))  # type: ignore[misc]
                pump_until(on.settled)
            on.painted.on_painted = None
            server.told()
            found.append((shown[0] - float(on.answer)) * 1000)
    return {"p95": round(quantile(found, 0.95), 2), "p50": round(quantile(found, 0.5), 2), "times": times}


def _press(edit: QPlainTextEdit, key: Qt.Key, text: str = "") -> float:
    """Posts a key from another thread, as a window system does; returns when."""
    event = QKeyEvent(QEvent.Type.KeyPress, key.value, Qt.KeyboardModifier.NoModifier, text)
    pressed = time.monotonic()
    QCoreApplication.postEvent(edit, event)
    return pressed


def stop(times: int) -> dict[str, Any]:
    """Milliseconds from Escape in the composer to IDLE while the server sends as fast as it can."""
    found: list[float] = []
    late = 0
    with _running() as (on, server):
        dice = random.Random(6)
        for _ in range(times):
            on.new()
            session, edit = on.session, on.edit
            session.send(Plan(size=200_000, endless=True).prompt)
            pump_until(lambda on=on: _received(on) > 5_000)  # type: ignore[misc]
            pressed: list[float] = []
            idle: list[float] = []
            session.state_changed.connect(lambda _, idle=idle: idle.append(time.monotonic()))
            wait = dice.uniform(0.05, 0.2)

            def hand(edit: QPlainTextEdit = edit, pressed: list[float] = pressed, wait: float = wait) -> None:
                time.sleep(wait)
                pressed.append(_press(edit, Qt.Key.Key_Escape))

            thread = threading.Thread(target=hand)
            thread.start()
            with measured():
                pump_until(lambda idle=idle: bool(idle))  # type: ignore[misc]
            thread.join()
            found.append((idle[0] - pressed[0]) * 1000)
            kept = _received(on)
            rest(0.05)
            late += _received(on) - kept
            server.told()
    return {"p99": round(quantile(found, 0.99), 2), "p50": round(quantile(found, 0.5), 2), "late_characters": late}


def keys(rate: int, size: int, times: int) -> dict[str, Any]:
    """Milliseconds from a key press to the paint of its character in the composer while an answer streams."""
    found: list[float] = []
    with _running() as (on, server):
        edit = on.edit
        painted = Painted(edit.viewport())
        plan = Plan(size=size, rate=rate)
        on.session.send(plan.prompt)
        pump_until(lambda: _received(on) > 0)
        pressed: list[float] = []
        typed = [0]
        done = threading.Event()

        def note() -> None:
            if typed[0] > len(found):
                found.append((painted.ended - pressed[len(found)]) * 1000)

        def count() -> None:
            typed[0] += 1

        edit.textChanged.connect(count)
        painted.on_painted = note

        def hand() -> None:
            dice = random.Random(8)
            while len(pressed) < times and not done.is_set():
                time.sleep(dice.uniform(0.03, 0.06))
                if len(found) == len(pressed):
                    pressed.append(0.0)
                    pressed[-1] = _press(edit, Qt.Key.Key_A, "a")

        thread = threading.Thread(target=hand)
        thread.start()
        try:
            with measured():
                pump_until(lambda: len(found) >= times or on.session.is_idle)
        finally:
            done.set()
            thread.join()
        streaming_still = not on.session.is_idle
        painted.on_painted = None
        on.session.stop()
        server.told()
    return {
        "p99": round(quantile(found, 0.99), 2),
        "p50": round(quantile(found, 0.5), 2),
        "max": round(max(found, default=0.0), 2),
        "keys": len(found),
        "streaming_still": streaming_still,
    }


def eight(rate: int, size: int) -> dict[str, Any]:
    """Stalls while eight conversations stream at once, `rate` deltas a second each; one of them is on screen."""
    plan = Plan(size=size, rate=rate)
    with _running() as (on, server):
        sessions = []
        for _ in range(8):
            on.new()
            on.session.send(plan.prompt)
            sessions.append(on.session)
        waiting: Callable[[], bool] = lambda: all(session.is_idle for session in sessions)  # noqa: E731
        answers: list[str] = []
        for session in sessions:
            session.answered.connect(lambda message: answers.append(message.text))
        heart = Heartbeat()
        heart.start()
        with measured():
            pump_until(lambda: len(answers) == 8 or waiting())
        heart.stop()
        for _ in range(8):
            server.told()
    lost = sum(abs(len(plan.text) - len(text)) + (text != plan.text) for text in answers)
    return {**heart.figures(), "lost": lost + (8 - len(answers)) * size}
