"""Notices the end of the process that started this one."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

_EVERY = 0.25
_LAST_RESORT = 0.5
"""Seconds that the callback has to end the process in good order."""


def watch_parent(parent_pid: int | None, gone: Callable[[], None]) -> threading.Thread | None:
    """Call `gone`, from a thread of its own, when the process `parent_pid` ends; by default this process's parent.

    If this process still runs half a second later, it is ended at once. Returns None where there is nothing to watch:
    `parent_pid` is 0, or the parent is the system's first process.

    A thread that polls, not PR_SET_PDEATHSIG: that signal comes at the end of the *thread* that started the process.
    """
    is_alive = _windows_test(parent_pid) if sys.platform == "win32" else _posix_test(parent_pid)
    if is_alive is None:
        return None

    def watch() -> None:
        resting = threading.Event()
        while is_alive():
            resting.wait(_EVERY)
        try:
            gone()
        finally:  # whatever went wrong with the good order
            resting.wait(_LAST_RESORT)
            os._exit(1)

    thread = threading.Thread(target=watch, name="parent-watch", daemon=True)
    thread.start()
    return thread


def end_at_last(status: int, ended: threading.Event, seconds: float = 1.5) -> None:
    """End this process with `status` unless `ended` is set within so many seconds: work may hold up a good end."""

    def wait() -> None:
        if not ended.wait(seconds):
            os._exit(status)

    threading.Thread(target=wait, name="last-resort", daemon=True).start()


def _posix_test(parent_pid: int | None) -> Callable[[], bool] | None:
    """A function that says whether the parent still runs."""
    own = os.getppid()
    if parent_pid is None:
        parent_pid = own if own > 1 else 0
    if parent_pid <= 0:
        return None
    if parent_pid == own:
        return lambda: os.getppid() == own

    def runs() -> bool:
        try:
            os.kill(parent_pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True

    return runs


def _windows_test(parent_pid: int | None) -> Callable[[], bool] | None:
    import ctypes

    if parent_pid == 0:
        return None
    synchronize, timed_out = 0x00100000, 0x102
    kernel = vars(ctypes)["WinDLL"]("kernel32", use_last_error=True)  # only there on Windows
    kernel.OpenProcess.restype = ctypes.c_void_p
    handle = kernel.OpenProcess(synchronize, False, parent_pid or os.getppid())
    if not handle:
        return lambda: False
    return lambda: kernel.WaitForSingleObject(ctypes.c_void_p(handle), 0) == timed_out
