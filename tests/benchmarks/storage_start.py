"""A cold start with thousands of conversations beside one with none, and what making their index costs meanwhile."""

from __future__ import annotations

import gc
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.storage_data import folder_of

_ROOT = Path(__file__).resolve().parents[2]


def child(folder: str, began: float) -> dict[str, Any]:
    """Milliseconds from the process's beginning (`began`, Unix time): to the first paint, to the list on screen, to
    everything loaded; and what the list's
    arrival took of the UI thread's processor time, up to its paint."""
    from PySide6.QtCore import QEvent, QObject, QTimer

    from coderapp.app.program import Program, make_application
    from coderapp.qt.history_model import HistoryEntry
    from coderapp.storage.paths import Paths

    application = make_application(["coderapp"])
    program = Program(Paths.under(folder))
    found: dict[str, Any] = {}

    def since() -> float:
        return round((time.time() - began) * 1000, 1)

    class Watcher(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() is QEvent.Type.Paint and "painted" not in found:
                found["painted"] = since()
            return False

    def finish() -> None:
        if program.is_settled and "listed" in found:
            found["complete"] = since()
            application.quit()

    watcher = Watcher()
    program.window.installEventFilter(watcher)
    list_conversations = program.keeper.list

    def listing(success: Any) -> None:
        def listed(entries: list[HistoryEntry]) -> None:
            start = time.thread_time()
            success(entries)
            found["list_taken_in_ms"] = round((time.thread_time() - start) * 1000, 1)
            application.processEvents()  # laid out and painted
            found["list_in_ui_ms"] = round((time.thread_time() - start) * 1000, 1)
            found["listed"] = since()
            found["listed_cpu"] = round(time.process_time() * 1000, 1)
            found["entries"] = len(entries)

        list_conversations(listed)

    program.keeper.list = listing  # type: ignore[method-assign]
    tick = QTimer(interval=5)
    tick.timeout.connect(finish)
    tick.start()
    program.begin()
    QTimer.singleShot(60_000, application.quit)
    application.exec()
    program.end()
    return found


def run_child(function: str, arguments: dict[str, Any]) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.streaming", "--child", function]
    environment = {**os.environ, "QT_QPA_PLATFORM": os.environ.get("QT_QPA_PLATFORM") or "offscreen"}
    done = subprocess.run(
        [*command, "--arguments", json.dumps(arguments)],
        cwd=_ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{function}: exit code {done.returncode}\n{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def while_indexing(folder: str, seconds: float) -> dict[str, Any]:
    """What the UI thread's timer comes late by while an index is made, and how far that is after `seconds`."""
    from PySide6.QtCore import QCoreApplication, QTimer

    from coderapp.qt.library import Library
    from coderapp.storage.paths import Paths
    from tests.benchmarks.heartbeat import Heartbeat

    sys.setswitchinterval(0.0005)  # as the program does
    gc.disable()
    application = QCoreApplication([])
    library = Library(Paths.under(folder))
    last: list[tuple[int, int]] = []
    library.progress.connect(lambda done, total: last.append((done, total)))
    heart = Heartbeat()
    QTimer.singleShot(round(seconds * 1000), application.quit)
    library.refresh()
    heart.start()
    application.exec()
    heart.stop()
    library.stop()
    return {**heart.figures(), "steps": len(last), "done": last[-1][0] if last else 0}


def measure(count: int, messages: int, runs: int) -> dict[str, Any]:
    """Medians of `runs` starts each, in turn; the difference of the two kinds."""
    kinds = ("none", "many", "no_index")
    found: dict[str, list[dict[str, Any]]] = {kind: [] for kind in kinds}
    with tempfile.TemporaryDirectory(prefix="coderapp-start-") as temporary:
        folders = {"none": Path(temporary, "none"), "many": copied(count, messages, Path(temporary, "many"))}
        folders["none"].mkdir()
        folders["no_index"] = folders["many"]
        make_index(folders["many"])
        for run in range(runs + 1):
            for kind in kinds[:2]:
                one = run_child("storage_start:child", {"folder": str(folders[kind]), "began": time.time()})
                if run:  # the first of each fills caches
                    found[kind].append(one)
        for path in folders["many"].glob("index.sqlite*"):
            path.unlink()
        cold = {"folder": str(folders["many"]), "began": time.time()}
        found["no_index"].append(run_child("storage_start:child", cold))
        for path in folders["many"].glob("index.sqlite*"):
            path.unlink()
        stalls = run_child("storage_start:while_indexing", {"folder": str(folders["many"]), "seconds": 3.0})
    assert all(one["entries"] == count for kind in kinds[1:] for one in found[kind])
    listed, painted, cpu = _median(found, "listed"), _median(found, "painted"), _median(found, "listed_cpu")
    return {
        "start_extra_ms_5000": round(listed["many"] - listed["none"], 1),
        "start_extra_cpu_ms": round(cpu["many"] - cpu["none"], 1),
        "start_first_paint_extra_ms": round(painted["many"] - painted["none"], 1),
        "start_none_ms": listed["none"],
        "start_listed_ms": listed["many"],
        "start_listed_without_index_ms": listed["no_index"],
        "list_in_ui_ms": _median(found, "list_in_ui_ms")["many"],
        "indexing_stall_p99_ms": stalls["own_p99"],
        "indexing_stall_max_ms": stalls["own_max"],
    }


def copied(count: int, messages: int, target: Path) -> Path:
    """A folder of its own: what is measured writes to it."""
    (target / "conversations").mkdir(parents=True)
    for entry in os.scandir(folder_of(count, messages) / "conversations"):
        shutil.copy2(entry.path, target / "conversations" / entry.name)
    return target


def make_index(folder: Path) -> None:
    from coderapp.storage.index import Index
    from coderapp.storage.index_files import reconcile

    index = Index(folder / "index.sqlite")
    for _ in reconcile(index, folder / "conversations"):
        pass
    index.set_in_line(True)  # as at the end of a program
    index.close()


def _median(found: dict[str, list[dict[str, Any]]], key: str) -> dict[str, float]:
    return {kind: round(statistics.median(one[key] for one in ones), 1) for kind, ones in found.items()}
