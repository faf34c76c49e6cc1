"""`coderapp`: the window."""

from __future__ import annotations

import logging
import os
import sys
import threading
from types import TracebackType

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from coderapp.app.program import Program, make_application
from coderapp.app.signals import SignalListener
from coderapp.core.errors import in_words
from coderapp.qt.instance import InstanceListener, take_or_raise
from coderapp.storage.lock import DataFolderLock, FolderInUse
from coderapp.storage.paths import Paths

log = logging.getLogger("coderapp")


def run(paths: Paths) -> int:
    """Opens the window and returns when it is closed. Where it is open already, on the same data folder, that one comes
    to the front: 0; 1 where the folder is in use and nothing comes.
    """
    if not has_display():
        print(
            "coderapp: there is no display to open the window on. Set DISPLAY or WAYLAND_DISPLAY, or use"
            " “coderapp snapshot”, which needs none.",
            file=sys.stderr,
        )
        return 1
    lock = DataFolderLock(paths)
    try:
        if not take_or_raise(lock):
            print("coderapp is open already: its window was brought to the front.")
            return 0
    except FolderInUse as error:
        _say_in_use(error)
        return 1
    with lock:
        return _run(paths, lock)


def _run(paths: Paths, lock: DataFolderLock) -> int:
    application = make_application(sys.argv)
    _log_to(paths)
    program = Program(paths)

    def on_fault(kind: type[BaseException], fault: BaseException, trace: TracebackType | None) -> None:
        log.error("unexpected fault", exc_info=(kind, fault, trace))
        program.workspace.notice.emit(
            f"An internal error occurred ({kind.__name__}). Your work is kept; details are in {paths.logs}."
        )

    sys.excepthook = on_fault
    listener = SignalListener(program.window.close)
    second_starts = InstanceListener(lock, lambda activation: bring_forward(program.window, activation))
    program.window.painted.connect(second_starts.start)
    program.window.closed.connect(application.quit)
    program.begin()
    code = application.exec()
    second_starts.stop()
    program.end()
    listener.close()
    lock.release()
    sys.excepthook = sys.__excepthook__
    _leave_stragglers(int(code))
    return int(code)


def bring_forward(window: QWidget, activation: str = "") -> None:
    """Shows the window above others, also where it was minimised. `activation` is the token of whoever was clicked,
    without which some desktops leave it in the back.
    """
    if activation:
        os.environ["XDG_ACTIVATION_TOKEN"] = activation
    window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
    window.show()
    window.raise_()
    window.activateWindow()


def _say_in_use(error: FolderInUse) -> None:
    """On the terminal; where there is none, as from a menu of the desktop, in a window."""
    words = in_words(error.sentence, error.advice)
    if sys.stderr is not None:
        print(f"coderapp: {words}", file=sys.stderr)
    seen = any(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))
    if seen or os.environ.get("QT_QPA_PLATFORM", "") in ("offscreen", "minimal"):
        return
    from PySide6.QtWidgets import QMessageBox

    application = make_application(sys.argv)
    box = QMessageBox(QMessageBox.Icon.Information, "coderapp", error.sentence)
    box.setInformativeText(error.advice)
    box.exec()
    application.quit()


def has_display() -> bool:
    """Whether Qt will find somewhere to show a window; without one it would abort."""
    named = ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY")
    return sys.platform != "linux" or any(os.environ.get(name) for name in named)


def _leave_stragglers(code: int) -> None:
    """Ends the process where a thread hangs in a name look-up, which can't be cancelled: everything is saved by now."""
    alive = [thread for thread in threading.enumerate() if thread is not threading.main_thread() and not thread.daemon]
    if alive:
        logging.shutdown()
        sys.stdout.flush()
        os._exit(code)


def _log_to(paths: Paths) -> None:
    """Faults of ours go to a file in the data folder, which is made when there is something to write."""
    from logging.handlers import RotatingFileHandler

    class Handler(RotatingFileHandler):
        def emit(self, record: logging.LogRecord) -> None:
            paths.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
            super().emit(record)

    handler = Handler(paths.logs / "coderapp.log", maxBytes=1_000_000, backupCount=1, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger("coderapp")
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
