"""`coderapp`: the window."""

from __future__ import annotations

import logging
import os
import sys
import threading
from types import TracebackType

from coderapp.app.program import Program, make_application
from coderapp.app.signals import SignalListener
from coderapp.storage.paths import Paths

log = logging.getLogger("coderapp")


def run(paths: Paths) -> int:
    """Opens the window and returns when it is closed."""
    if not has_display():
        print(
            "coderapp: there is no display to open the window on. Set DISPLAY or WAYLAND_DISPLAY, or use"
            " “coderapp snapshot”, which needs none.",
            file=sys.stderr,
        )
        return 1
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
    program.window.closed.connect(application.quit)
    program.begin()
    code = application.exec()
    program.end()
    listener.close()
    sys.excepthook = sys.__excepthook__
    _leave_stragglers(int(code))
    return int(code)


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
