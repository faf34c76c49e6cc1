"""One writer for each data folder: a file that the program holds locked as long as it runs.

The kernel lets go of the lock when the process ends, however it ends, so a file that was left behind means nothing.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from coderapp.core.errors import StorageError
from coderapp.storage.atomic import FILE_MODE, make_folder
from coderapp.storage.paths import Paths

_OPEN = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)

_TAKEN = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK}
"""What the kernel answers where somebody else holds the lock."""

_LOCKED_BYTE = 1 << 30
"""Where Windows locks, which keeps others from reading there: far beyond what is written."""

NOTE_SIZE = 128


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a folder: what stands in its lock file. Without a port it does not listen (yet)."""

    pid: int = 0
    port: int = 0
    token: str = ""


class FolderInUse(StorageError):
    """`holder` is the program that has the folder."""

    default_advice = "Close that program, or start this one with --data-dir and another folder."

    def __init__(self, folder: os.PathLike[str], holder: Holder) -> None:
        who = f" (process {holder.pid})" if holder.pid else ""
        super().__init__(f"The data folder {os.fspath(folder)} is in use by another coderapp{who}.")
        self.holder = holder


class DataFolderLock:
    """`take` before anything else is read or written; `release` when all is. Also a context manager.

    On a file system that has no locks, or takes no writes, it holds nothing and nobody is refused.
    """

    def __init__(self, paths: Paths) -> None:
        self._folder = paths.root
        self._path = paths.lock
        self._descriptor: int | None = None
        self._writable = False

    @property
    def is_held(self) -> bool:
        return self._descriptor is not None

    def take(self) -> None:
        """Raises FolderInUse."""
        if self._descriptor is not None:
            return
        descriptor = self._open()
        if descriptor is None:
            return
        try:
            _lock(descriptor)
        except OSError as error:
            holder = _read(descriptor)
            os.close(descriptor)
            if error.errno in _TAKEN:
                raise FolderInUse(self._folder, holder) from error
            return
        self._descriptor = descriptor
        self.note(Holder(os.getpid()))

    def note(self, holder: Holder) -> None:
        """Says to others who holds the folder. What can't be written is left out: the lock is what counts."""
        if self._descriptor is None or not self._writable:
            return
        words = json.dumps({"pid": holder.pid, "port": holder.port, "token": holder.token}).encode()
        with suppress(OSError):
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            os.write(self._descriptor, words.ljust(NOTE_SIZE - 1) + b"\n")  # always as long: never half old, half new
            os.ftruncate(self._descriptor, NOTE_SIZE)

    def release(self) -> None:
        """The file stays: one who deletes it could delete the next one's."""
        if self._descriptor is None:
            return
        with suppress(OSError):
            if self._writable:
                os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)
        self._descriptor = None

    def __enter__(self) -> Self:
        self.take()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _open(self) -> int | None:
        with suppress(OSError):  # what is wrong with the folder is said where something can't be saved
            make_folder(self._folder)
        for flags in (os.O_RDWR | os.O_CREAT, os.O_RDONLY):
            try:
                descriptor = os.open(self._path, flags | _OPEN, FILE_MODE)
            except OSError:
                continue
            self._writable = flags != os.O_RDONLY
            return descriptor
        return None


def _lock(descriptor: int) -> None:
    """Raises OSError at once where it can't be had."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _read(descriptor: int) -> Holder:
    """What the holder wrote; where it is not there or half written, nothing is known."""
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        value = json.loads(os.read(descriptor, NOTE_SIZE))
        pid, port, token = value["pid"], value["port"], value["token"]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return Holder()
    if not (isinstance(pid, int) and isinstance(port, int) and isinstance(token, str) and 0 <= port < 65536):
        return Holder()
    return Holder(pid, port, token)
