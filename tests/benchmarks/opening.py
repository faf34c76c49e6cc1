"""A conversation of 10,000 messages: opened, scrolled, resized, and shown by a cold start."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from coderapp.storage.conversations import ConversationStore
from coderapp.storage.paths import Paths
from coderapp.storage.settings import StateStore
from tests.benchmarks.heartbeat import quantile
from tests.benchmarks.measuring import Painted, measured, memory_mb, pump_until, rest
from tests.benchmarks.stage import LONG, WIDTH, silent_client, stage
from tests.benchmarks.start import pss_mb
from tests.benchmarks.texts import conversation

_ROOT = Path(__file__).resolve().parents[2]


def store(folder: str, count: int) -> dict[str, Any]:
    """Writes the long conversation into a data folder, as the one that was open last."""
    paths = Paths.under(folder)
    kept = ConversationStore(paths)
    made = conversation(count, LONG)
    kept.create(made)
    kept.close()
    StateStore(paths).save({"open_conversation": LONG})
    return {"characters": sum(len(message.text) for message in made.messages.values())}


def long_conversation(folder: str, frames: int) -> dict[str, Any]:
    """Milliseconds to open it, megabytes that it adds, and what scrolling and resizing take."""
    with stage(client=silent_client, folder=folder) as on:
        rest(0.5)
        before = memory_mb()
        began = time.perf_counter()
        loaded = [0.0]

        def note(session: object) -> None:
            loaded[0] = (time.perf_counter() - began) * 1000

        on.program.workspace.shown.connect(note)
        with measured():
            on.program.workspace.open(LONG)
            pump_until(lambda: on.session.conversation.id == LONG)
            shown = time.perf_counter()
            on.wait_painted()
        opened = (time.perf_counter() - began) * 1000
        painted = (time.perf_counter() - shown) * 1000
        after = memory_mb()
        messages = len(on.session.model.rows)
        bar = on.view.verticalScrollBar()
        times: list[float] = []

        def frame(value: float) -> None:
            start, count = time.perf_counter(), on.painted.count
            bar.setValue(round(value))
            QApplication.processEvents()
            if on.painted.count > count:
                times.append((time.perf_counter() - start) * 1000)

        with measured():
            for place in range(frames):
                frame(bar.maximum() * (1 - place / frames))
            for place in range(frames):
                frame(bar.maximum() * place / frames)
            leaps = list(times)
            times.clear()
            middle = bar.maximum() / 2
            for place in range(frames):
                frame(middle + 90 * place)
        steps = list(times)
        on.view.follow()
        rest(0.3)
        after_scrolling = memory_mb()
        start = time.perf_counter()
        with measured():
            on.program.window.resize(WIDTH + 200, on.program.window.height())
            on.wait_painted()
        resized = (time.perf_counter() - start) * 1000
    return {
        "ms": round(opened, 1),
        "paint_ms": round(painted, 1),
        "mb": round(after - before, 1),
        "mb_after_scrolling": round(after_scrolling - before, 1),
        "scroll_p99_ms": round(quantile(leaps + steps, 0.99), 2),
        "leap_p99_ms": round(quantile(leaps, 0.99), 2),
        "step_p99_ms": round(quantile(steps, 0.99), 2),
        "step_max_ms": round(max(steps, default=0.0), 2),
        "resize_ms": round(resized, 1),
        "messages": messages,
    }


def start_child(folder: str, began: float, rest_s: float) -> dict[str, Any]:
    """A cold start with the long conversation open; `began` is the Unix time at which the process was started."""
    from coderapp.app.program import Program, make_application

    application = make_application(["coderapp"])
    program = Program(Paths.under(folder))
    found: dict[str, float] = {}

    def shown() -> None:
        session = program.window.pane.session
        if session is not None and session.conversation.id == LONG and "shown" not in found:
            found["shown"] = (time.time() - began) * 1000
            QTimer.singleShot(round(rest_s * 1000), application.quit)

    watch: list[Painted] = []

    def painted() -> None:
        found["window"] = (time.time() - began) * 1000
        watch.append(Painted(program.window.pane.view.viewport()))
        watch[0].on_painted = shown

    program.window.painted.connect(painted)
    program.begin()
    QTimer.singleShot(60_000, application.quit)
    application.exec()
    found["pss"] = pss_mb()
    program.end()
    return {name: round(value, 1) for name, value in found.items()}


def start(folder: str, runs: int, rest_s: float) -> dict[str, Any]:
    """The cold start beside a bare QMainWindow's, and with the long conversation shown."""
    quick = ["--quick"] if runs < 3 else ["--runs", str(runs)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.start", *quick],
        cwd=_ROOT, capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    plain = json.loads(done.stdout.splitlines()[-1])
    shown: list[float] = []
    pss = 0.0
    for run in range(runs + 1):
        last = run == runs
        arguments = {"folder": folder, "began": time.time(), "rest_s": rest_s if last else 0.0}
        command = [sys.executable, "-m", "tests.benchmarks.streaming", "--child", "opening:start_child"]
        one = subprocess.run(
            [*command, "--arguments", json.dumps(arguments)],
            cwd=_ROOT, capture_output=True, text=True, check=True, timeout=120, env=dict(os.environ),
        )  # fmt: skip
        found = json.loads(one.stdout.splitlines()[-1])
        if run or runs == 1:
            shown.append(found["shown"])
        pss = found["pss"]
    return {
        "ratio": plain["ratio"],
        "ms": plain["start_ms"],
        "bare_ms": plain["bare_ms"],
        "with_10k_ms": round(statistics.median(shown)),
        "pss_mb": round(pss, 1),
        "pss_without_mb": plain["pss_mb"],
    }
