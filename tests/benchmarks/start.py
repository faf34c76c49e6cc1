"""Cold start to a painted, usable window, and memory when idle, beside a bare QMainWindow in the same run.

    python -m tests.benchmarks.start [--quick] [--runs N] [--platform offscreen|xcb]

A child process is told when it was started. It reports the seconds until its window has painted with the prompt ready
for keys (`start_ms`), and until everything that is built after the first paint stands too (`complete_ms`). PSS is that
of the program's own process after ten seconds at rest (one with --quick); the built-in endpoint is started with the
first key of a prompt, so it does not run yet.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REST_SECONDS = 10.0


def pss_mb() -> float:
    """Proportional set size of this process in MB (Linux)."""
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("Pss:")).split()[1]) / 1024


def child(kind: str, began: float, rest: float, folder: str) -> None:
    """Shows one window, prints {"painted": seconds, "complete": seconds, "pss": MB}, ends."""
    from PySide6.QtCore import QEvent, QObject, QTimer
    from PySide6.QtWidgets import QApplication, QMainWindow

    class Watcher(QObject):
        """Waits for the first paint of the window and then for the event loop to have nothing more to do."""

        painted = 0.0
        complete = 0.0

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() is QEvent.Type.Paint and not self.painted:
                self.painted = -1.0
                QTimer.singleShot(0, self.note)
            return False

        def note(self) -> None:
            self.painted = time.time() - began
            QTimer.singleShot(0, self.note_complete)  # behind what the program does right after its first paint
            QTimer.singleShot(round(rest * 1000), QApplication.quit)

        def note_complete(self) -> None:
            self.complete = time.time() - began

    window: QMainWindow
    program = None
    if kind == "bare":
        application = QApplication([])
        window = QMainWindow()
        window.resize(1280, 800)
    else:
        from coderapp.app.program import Program, make_application
        from coderapp.storage.paths import Paths

        application = make_application(["coderapp"])
        program = Program(Paths.under(folder))
        window = program.window
    watcher = Watcher()
    window.installEventFilter(watcher)
    if program is None:
        window.show()
    else:
        program.begin()
    application.exec()
    print(json.dumps({"painted": watcher.painted, "complete": watcher.complete, "pss": pss_mb()}), flush=True)
    if program is not None:
        program.end()


def run(kind: str, rest: float, folder: str, platform: str) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.start", "--child", kind, "--rest", str(rest), "--folder", folder]
    environment = {**os.environ, "QT_QPA_PLATFORM": platform}
    began = time.time()
    done = subprocess.run(
        [*command, "--began", repr(began)], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode:
        raise SystemExit(f"{kind}: exit code {done.returncode}\n{done.stderr}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--platform", default="offscreen")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--began", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--rest", type=float, default=0.0, help=argparse.SUPPRESS)
    parser.add_argument("--folder", default="", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        child(chosen.child, chosen.began, chosen.rest, chosen.folder)
        return
    runs = 2 if chosen.quick else chosen.runs
    times: dict[str, list[float]] = {"bare": [], "program": []}
    complete: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for kind in times:  # once uncounted: files into the page cache, bytecode written
            run(kind, 0.0, folder, chosen.platform)
        for _ in range(runs):
            for kind, found in times.items():
                measured = run(kind, 0.0, folder, chosen.platform)
                found.append(measured["painted"])
                if kind == "program":
                    complete.append(measured["complete"])
        rest = 1.0 if chosen.quick else REST_SECONDS
        pss = run("program", rest, folder, chosen.platform)["pss"]
        bare_pss = run("bare", 1.0, folder, chosen.platform)["pss"]
    program, bare = statistics.median(times["program"]), statistics.median(times["bare"])
    for kind, found in times.items():
        print(f"{kind:8} {' '.join(f'{seconds * 1000:.0f}' for seconds in found)} ms")
    result = {
        "start_ms": round(program * 1000),
        "complete_ms": round(statistics.median(complete) * 1000),
        "bare_ms": round(bare * 1000),
        "ratio": round(program / bare, 2),
        "pss_mb": round(pss, 1),
        "bare_pss_mb": round(bare_pss, 1),
        "runs": runs,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
