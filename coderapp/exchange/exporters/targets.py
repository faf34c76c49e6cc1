"""Where exported files go: one file, a folder, or an archive. There whole or not at all."""

from __future__ import annotations

import itertools
import os
import shutil
import time
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from coderapp.core.errors import StorageError
from coderapp.storage.atomic import sync_folder, write_all
from coderapp.storage.errors import from_os

_serial = itertools.count()


class Target(Protocol):
    """`put` raises StorageError. After `finish` everything is at `path`, after `abandon` nothing is; one of them comes
    last. What is under way is at `temporary`.
    """

    path: Path
    temporary: Path

    def put(self, name: str, data: bytes, when: float) -> None: ...
    def finish(self) -> None: ...
    def abandon(self) -> None: ...


def temporary_name(path: Path) -> Path:
    """Beside the target, so that it can be renamed to it."""
    return path.with_name(f".{path.name[:100]}.{os.getpid()}-{next(_serial)}.part")


class OneFile:
    """Takes one `put`, whatever its name, and replaces what is at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.realpath(path))
        self.temporary = temporary_name(self.path)
        _check_folder(self.path.parent)
        if self.path.is_dir():
            raise StorageError(f"{self.path} is a folder.", advice="Choose the name of a file.")

    def put(self, name: str, data: bytes, when: float) -> None:
        try:
            _write(self.temporary, data)
        except OSError as error:
            raise from_os(error, "could not be written", self.path) from error

    def finish(self) -> None:
        try:
            os.replace(self.temporary, self.path)
            sync_folder(self.path.parent)
        except OSError as error:
            self.abandon()
            raise from_os(error, "could not be written", self.path) from error

    def abandon(self) -> None:
        with suppress(OSError):
            self.temporary.unlink(missing_ok=True)


class Folder:
    """Makes a folder that is not there yet, or takes an empty one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.temporary = temporary_name(path)
        _check_folder(path.parent)
        if path.exists() and not (path.is_dir() and not any(path.iterdir())):
            raise StorageError(f"{path} is there already.", advice="Choose the name of a new folder.")
        try:
            self.temporary.mkdir()
        except OSError as error:
            raise from_os(error, "could not be made", path) from error

    def put(self, name: str, data: bytes, when: float) -> None:
        target = self.temporary / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _write(target, data, sync=False)
        except OSError as error:
            raise from_os(error, "could not be written", self.path / name) from error

    def finish(self) -> None:
        try:
            if self.path.exists():
                self.path.rmdir()
            os.rename(self.temporary, self.path)
            sync_folder(self.path.parent)
        except OSError as error:
            self.abandon()
            raise from_os(error, "could not be made", self.path) from error

    def abandon(self) -> None:
        shutil.rmtree(self.temporary, ignore_errors=True)


class Archive:
    """A ZIP archive, which replaces what is at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = Path(os.path.realpath(path))
        self.temporary = temporary_name(self.path)
        _check_folder(self.path.parent)
        if self.path.is_dir():
            raise StorageError(f"{self.path} is a folder.", advice="Choose the name of a file.")
        try:
            self._zip = zipfile.ZipFile(self.temporary, "x", zipfile.ZIP_DEFLATED)
        except OSError as error:
            raise from_os(error, "could not be written", self.path) from error

    def put(self, name: str, data: bytes, when: float) -> None:
        info = zipfile.ZipInfo(name, _zip_time(when))
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        try:
            self._zip.writestr(info, data)
        except OSError as error:
            raise from_os(error, "could not be written", self.path) from error

    def finish(self) -> None:
        try:
            self._zip.close()
            with self.temporary.open("rb+") as file:
                os.fsync(file.fileno())
            os.replace(self.temporary, self.path)
            sync_folder(self.path.parent)
        except OSError as error:
            self.abandon()
            raise from_os(error, "could not be written", self.path) from error

    def abandon(self) -> None:
        with suppress(OSError, ValueError):  # closing writes the directory, on a disk that may be full
            self._zip.close()
        with suppress(OSError):
            self.temporary.unlink(missing_ok=True)


def remove_remains(temporary: Path) -> None:
    """Of a process that was killed in the middle."""
    with suppress(OSError):
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise StorageError(f"The folder {folder} does not exist.", advice="Choose another folder, or make this one.")


def _write(path: Path, data: bytes, *, sync: bool = True) -> None:
    """With the mode that the user's files have."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags, 0o666)
    try:
        write_all(descriptor, data) if data else None
        if sync:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _zip_time(when: float) -> tuple[int, int, int, int, int, int]:
    """ZIP knows the years from 1980 to 2107."""
    try:
        time_ = time.localtime(when)
    except (OverflowError, OSError, ValueError):
        return (1980, 1, 1, 0, 0, 0)
    if not 1980 <= time_.tm_year <= 2107:
        return (1980, 1, 1, 0, 0, 0)
    return (time_.tm_year, time_.tm_mon, time_.tm_mday, time_.tm_hour, time_.tm_min, min(time_.tm_sec, 59))
