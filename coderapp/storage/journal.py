"""An append-only file of checksummed lines: what changed in a conversation since its JSON was written.

A line is the CRC-32 of the record in eight hexadecimal digits, a space, the record as JSON, a line feed. A plain
write outlives the death of the program; `sync` also the loss of power.
"""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from coderapp.core.message import JsonValue
from coderapp.storage.atomic import FILE_MODE, sync_data, sync_folder, write_all
from coderapp.storage.errors import from_os
from coderapp.storage.numbers import decoder

SYNC_EVERY_S = 1.0
"""Text that arrives is put on disk at least this often."""

_decoder = decoder()

_APPEND = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class Journal:
    """Writes one journal. The file is made at the first record. Raises StorageError; a record is then in it not at all.

    `size` is in bytes. `now` is a monotonic clock in seconds.
    """

    def __init__(self, path: Path, *, now: Callable[[], float] = time.monotonic) -> None:
        self.path = path
        self.size = 0
        self._now = now
        self._descriptor: int | None = None
        self._synced = now()
        self._dirty = False
        self._name_on_disk = True

    def append(self, record: bytes, *, sync: bool = False) -> None:
        """With `sync`, the record is on disk on return; without, at the latest with the first record a second on."""
        line = b"%08x %s\n" % (zlib.crc32(record), record)
        try:
            if self._descriptor is None:
                self._open()
            assert self._descriptor is not None
            self._dirty = True
            write_all(self._descriptor, line)
            if sync or self._now() - self._synced >= SYNC_EVERY_S:
                self._sync()
        except OSError as error:
            self._take_back()
            raise from_os(error, "could not be saved", self.path) from error
        self.size += len(line)

    def sync(self) -> None:
        """Puts on disk what is not there yet. Cheap where there is nothing. Raises StorageError."""
        if self._dirty:
            try:
                self._sync()
            except OSError as error:
                raise from_os(error, "could not be saved", self.path) from error

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def remove(self) -> None:
        """Deletes the file, whose records are all elsewhere by now. Raises StorageError."""
        self.close()
        try:
            self.path.unlink(missing_ok=True)
        except OSError as error:
            raise from_os(error, "could not be removed", self.path) from error
        self.size = 0
        self._dirty = False

    def _open(self) -> None:
        descriptor = os.open(self.path, _APPEND, FILE_MODE)
        self._descriptor = descriptor
        self.size = os.lseek(descriptor, 0, os.SEEK_END)
        self._name_on_disk = self.size > 0
        if self.size:
            os.lseek(descriptor, -1, os.SEEK_END)
            if os.read(descriptor, 1) != b"\n":  # a torn line: what follows must not be taken for its rest
                write_all(descriptor, b"\n")
                self.size += 1

    def _sync(self) -> None:
        if self._descriptor is not None:
            sync_data(self._descriptor)
        if not self._name_on_disk:
            sync_folder(self.path.parent)
            self._name_on_disk = True
        self._synced = self._now()
        self._dirty = False

    def _take_back(self) -> None:
        """Cuts off what a failed append may have left. A later reader drops it by its checksum if that fails too."""
        if self._descriptor is None:
            return
        try:
            os.ftruncate(self._descriptor, self.size)
        except OSError:
            os.close(self._descriptor)
            self._descriptor = None


@dataclass(slots=True)
class JournalRead:
    """`values` are the parsed records in their order, None for a line that is bad; `bad_lines` counts those.

    `torn` says that the last line was cut off in mid-write, the trace of a sudden end, and that no other is bad.
    """

    values: list[JsonValue] = field(default_factory=list)
    bad_lines: int = 0
    torn: bool = False


def read_journal(path: Path) -> tuple[bytes, JournalRead]:
    """The bytes and what they mean; empty where there is no file. Raises StorageError where it can't be read."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return b"", JournalRead()
    except OSError as error:
        raise from_os(error, "could not be read", path) from error
    return data, parse_journal(data)


def parse_journal(data: bytes) -> JournalRead:
    """Never raises: a line that is torn, overwritten or foreign is counted and passed over."""
    read = JournalRead()
    *lines, last = data.split(b"\n")
    for line in lines:
        _take(line, read)
    if last:
        before = read.bad_lines
        _take(last, read)
        read.torn = before == 0 and read.bad_lines == 1
    return read


def _take(line: bytes, read: JournalRead) -> None:
    body = line[9:]
    try:
        if line[8:9] == b" " and int(line[:8], 16) == zlib.crc32(body):
            read.values.append(_decoder.decode(body.decode()))
            return
    except (ValueError, RecursionError):
        pass
    read.values.append(None)
    read.bad_lines += 1
