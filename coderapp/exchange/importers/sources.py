"""The files that an import reads: single ones, folders, ZIP archives; each as bytes in memory or mapped."""

from __future__ import annotations

import codecs
import mmap
import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from coderapp.core.attachments import size_words
from coderapp.core.errors import StorageError
from coderapp.storage.errors import from_os

SUFFIXES = (".json", ".jsonl", ".ndjson")

PIECE = 1 << 20

ROOM = 64 << 20
"""Bytes that unpacking leaves free on the disk."""

_WIDE = {b"\xff\xfe\x00\x00": "utf-32", b"\x00\x00\xfe\xff": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


class Unreadable(Exception):
    """A file that can't be read; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Source:
    """`name` is how sentences call it, `path` where its bytes are; `size` in bytes, of what is read of it."""

    name: str
    path: Path
    size: int
    archive: Path | None = None
    member: str = ""


def sources(paths: Sequence[Path], complain: Callable[[str], None]) -> list[Source]:
    """Every file that may hold conversations. `complain` takes a sentence for what can't be read."""
    found: list[Source] = []
    for path in paths:
        try:
            if path.is_dir():
                for inside in sorted(each for each in path.rglob("*") if each.is_file()):
                    if inside.suffix.lower() in SUFFIXES:
                        found.append(_file(inside, str(inside.relative_to(path.parent))))
                    elif inside.suffix.lower() == ".zip":
                        found += _archive(inside, str(inside.relative_to(path.parent)))
            elif not stat.S_ISREG(path.stat().st_mode):  # reading a pipe or a device may never end
                raise Unreadable(f"{path} is not a file. Save what it gives in a file, and import that.")
            elif zipfile.is_zipfile(path):
                if not (inside_it := _archive(path, path.name)):
                    raise Unreadable(f"{path.name} holds no JSON files. If they lie in archives within it, unpack it.")
                found += inside_it
            else:
                found.append(_file(path, path.name))
        except Unreadable as error:
            complain(str(error))
        except OSError as error:
            complain(from_os(error, "could not be read", path).sentence)
    return found


class Archives:
    """The archive that was read last stays open: its list of members is not read again for each of them."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._archive: zipfile.ZipFile | None = None

    def open(self, path: Path) -> zipfile.ZipFile:
        if self._archive is None or self._path != path:
            self.close()
            self._archive, self._path = zipfile.ZipFile(path), path
        return self._archive

    def close(self) -> None:
        if self._archive is not None:
            self._archive.close()
            self._archive = None


def _file(path: Path, name: str) -> Source:
    return Source(name, path, path.stat().st_size)


def _archive(path: Path, name: str) -> list[Source]:
    try:
        with zipfile.ZipFile(path) as archive:
            rows = [row for row in archive.infolist() if not row.is_dir()]
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise Unreadable(f"{name} is damaged or no ZIP archive that can be read ({error}).") from error
    return [
        Source(f"{name}/{row.filename}", path, row.file_size, path, row.filename)
        for row in sorted(rows, key=lambda row: row.filename)
        if row.filename.lower().endswith(SUFFIXES) and "__MACOSX" not in row.filename
    ]


@contextmanager
def opened(source: Source, scratch: Path, archives: Archives, tick: Callable[[], None]) -> Iterator[bytes | mmap.mmap]:
    """The bytes, in UTF-8. What has to be unpacked or recoded lies in `scratch` meanwhile; `tick` is called now and
    then, and may raise. Raises Unreadable, and StorageError where `scratch` can't be written.
    """
    made: list[Path] = []
    try:
        path = source.path
        if source.archive is not None:
            path = scratch / "unpacked"
            made.append(path)
            _unpack(source, path, archives, tick)
        if (encoding := _wide_encoding(path)) and path.stat().st_size:
            wide, path = path, scratch / "recoded"
            made.append(path)
            _recode(wide, path, encoding, tick)
        try:
            with path.open("rb") as file:
                if not os.fstat(file.fileno()).st_size:
                    yield b""
                    return
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                    yield data
        except OSError as error:
            raise Unreadable(from_os(error, "could not be read", source.path).sentence) from error
    finally:
        for path in made:
            path.unlink(missing_ok=True)


def _unpack(source: Source, target: Path, archives: Archives, tick: Callable[[], None]) -> None:
    """What can be unpacked of a member: where its end is damaged, what stands before."""
    assert source.archive is not None
    if source.size + ROOM > shutil.disk_usage(target.parent).free:
        needed = size_words(source.size)
        raise Unreadable(f"{source.name} needs {needed} when it is unpacked, and the disk has not so much room left.")
    try:
        with archives.open(source.archive).open(source.member) as packed, _making(target) as out:
            left = source.size + 1  # what the archive claims is all that is taken
            try:
                while left > 0 and (piece := packed.read(min(PIECE, left))):
                    out.write(piece)
                    left -= len(piece)
                    tick()
            except (zipfile.BadZipFile, zlib.error, EOFError):
                return
    except RuntimeError as error:
        raise Unreadable(f"{source.name} is locked with a password; unpack it yourself and import the file.") from error
    except (zipfile.BadZipFile, NotImplementedError, KeyError, ValueError) as error:
        raise Unreadable(f"{source.name} can't be unpacked ({error}).") from error
    except StorageError:
        raise
    except OSError as error:
        raise Unreadable(from_os(error, "could not be read", source.archive).sentence) from error


@contextmanager
def _making(target: Path) -> Iterator[_Out]:
    try:
        with target.open("wb") as file:
            yield _Out(file.write, target)
    except OSError as error:
        raise from_os(error, "could not be written", target) from error


@dataclass(frozen=True, slots=True)
class _Out:
    """Tells faults of the disk that is written from those of the archive."""

    put: Callable[[bytes], int]
    target: Path

    def write(self, piece: bytes) -> None:
        try:
            self.put(piece)
        except OSError as error:
            raise from_os(error, "could not be written", self.target) from error


def _wide_encoding(path: Path) -> str:
    """The encoding of a file that begins with the mark of UTF-16 or UTF-32, or with every other byte NUL; "" else."""
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except OSError as error:
        raise Unreadable(from_os(error, "could not be read", path).sentence) from error
    for mark, encoding in _WIDE.items():
        if head.startswith(mark):
            return encoding
    if len(head) >= 8 and head.strip(b"\x00"):
        if not any(head[1:16:2]) and all(head[0:8:2]):
            return "utf-16-le"
        if not any(head[0:16:2]) and all(head[1:8:2]):
            return "utf-16-be"
    return ""


def _recode(path: Path, target: Path, encoding: str, tick: Callable[[], None]) -> None:
    read = codecs.getincrementaldecoder(encoding)("replace")
    try:
        with path.open("rb") as file, _making(target) as out:
            while piece := file.read(PIECE):
                out.write(read.decode(piece).encode("utf-8", "replace"))
                tick()
            out.write(read.decode(b"", final=True).encode("utf-8", "replace"))
    except UnicodeError as error:
        raise Unreadable(f"{path.name} is no text in {encoding.upper()}, as which it begins.") from error
