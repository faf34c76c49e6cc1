"""Files that are there whole or not at all, also after a power cut."""

from __future__ import annotations

import itertools
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from coderapp.core.errors import StorageError
from coderapp.storage.errors import from_os

FILE_MODE = 0o600
FOLDER_MODE = 0o700

STALE_AFTER_S = 60.0
"""Older temporary files have no writer any more: a write takes milliseconds."""

MOST_COPIES = 99

_MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_TEMPORARY = re.compile(r"\..+\.\d+-\d+\.tmp")
_serial = itertools.count()

sync_data: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)


def write_atomically(path: Path, data: bytes) -> None:
    """Replaces `path` by `data`: a reader, and a power cut, finds the old file or the new one.

    On return file and folder entry are on disk. A symbolic link stays one. Missing folders are made.
    Raises StorageError; the old file is untouched then, and no temporary file stays.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{os.getpid()}-{next(_serial)}.tmp")
    try:
        make_folder(target.parent)
        descriptor = os.open(temporary, _MAKE, FILE_MODE)
        try:
            try:
                write_all(descriptor, data)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            os.replace(temporary, target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(target.parent)
    except OSError as error:
        raise from_os(error, "could not be saved", path) from error


def write_all(descriptor: int, data: bytes) -> None:
    """`os.write` until nothing is left: it may take less than it was given, as on a disk that fills up."""
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, memoryview(data)[written:])


def make_folder(folder: Path) -> None:
    """Makes `folder` and what is missing above it, readable by its owner alone."""
    if not folder.is_dir():
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)


def sync_folder(folder: Path) -> None:
    """Puts the names in `folder` on disk. Windows has no such call and does it by itself."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def clean_up(folder: Path) -> int:
    """Removes temporary files of writers that were killed; how many. Never fails: there is nothing to lose in it."""
    removed = 0
    now = time.time()
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                # a clock that was set back makes files from the future: they are not fresh either
                if _TEMPORARY.fullmatch(entry.name) and abs(now - entry.stat().st_mtime) > STALE_AFTER_S:
                    os.unlink(entry.path)
                    removed += 1
    except OSError:
        return removed
    return removed


Mark = tuple[int, ...]
"""Size and time of a file; empty for none. Inodes are made up anew by some network file systems."""


def mark_of(path: Path) -> Mark:
    """Tells one state of a file from another."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return (status.st_size, status.st_mtime_ns)


def keep_copy(path: Path, data: bytes) -> Path:
    """Puts the damaged bytes of `path` beside it as `<name>.damaged-<n>`, once; where they are. Raises StorageError."""
    for number in range(1, MOST_COPIES + 1):
        copy = path.with_name(f"{path.name}.damaged-{number}")
        try:
            if copy.stat().st_size == len(data) and copy.read_bytes() == data:
                return copy
        except FileNotFoundError:
            write_atomically(copy, data)
            return copy
        except OSError:
            continue  # taken by something that can't be read: the next name
    raise StorageError(
        f"{path} is damaged, and no copy could be put beside it.",
        advice=f"Move the files {path.name}.damaged-… away and try again.",
    )
