"""Reads a large JSON file value by value: the members of its outermost list or object, one at a time.

A damaged member costs itself alone: what stands before the fault in it is read, the rest of it is handed on as text,
and reading goes on at the next member that reads.
"""

from __future__ import annotations

import json
import mmap
import re
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from coderapp.core.message import JsonValue
from coderapp.exchange.importers.partial import partial

WINDOW = 1 << 20
"""Bytes that are looked at at once."""

LARGEST = 128 << 20
"""Bytes that one member may have: what it becomes has to fit the memory. That is up to 1.6 GB for as many bytes with an
emoji in them (Python then takes four bytes a character), a third of it without.
"""

KEPT = 8 << 20
"""Bytes of a damaged member that are looked at and kept."""

FORGET_EVERY = 32 << 20
"""Bytes after which the part of a mapped file that has been read is given back."""

DEEPEST = 20_000
"""Levels that are read."""

DEEP_STACK = 128 << 20

MOST_FIRST_KEYS = 8

_NEAR_END = 32
_NUMBER_CUT = re.compile(r"\.?[eE]?[+-]?")
_GAP = re.compile(rb"[ \t\r\n\x00]*")
_LINE_END = re.compile(rb"\n")
_OVERLAP = 4096
_FAULT, _TOO_LARGE = -1, -2
_BOM = b"\xef\xbb\xbf"

Bytes = bytes | mmap.mmap


def _integer(digits: str) -> JsonValue:
    return int(digits) if len(digits) < 310 else f"{digits[:40]}…"


decoder = json.JSONDecoder(strict=False, parse_int=_integer, parse_constant=lambda _: None)
"""Takes what JSON forbids: control characters in texts, NaN, numbers of any length."""


@dataclass(slots=True)
class Member:
    """`key` is the name in an outermost object, "" in a list. `at` is where it begins in the file, in bytes. Where it
    is `damaged`, `rest` is the text from the fault on, and `lost` the bytes of it that are too many to keep; one
    that is `too_large` may be in order.
    """

    value: JsonValue
    at: int
    key: str = ""
    damaged: bool = False
    rest: str = ""
    lost: int = 0
    too_large: bool = False


class Slices:
    """`place` is how far the reading has come, in bytes; `is_list` whether the outermost value is a list."""

    def __init__(self, data: Bytes) -> None:
        self._data = data
        self._size = len(data)
        self._text = ""
        self._index = 0  # of the next character in the window
        self._byte = 0  # of the same in the file
        self._at_end = True  # the window reaches to the end of the file
        self._is_ascii = True
        self._has_bad = False  # bytes that are no UTF-8
        self._keys: set[str] = set()  # of members that did read
        self._first_keys: dict[str, None] = {}  # with which they begin
        self._forgotten = 0
        self.place = 0
        self.is_list = False

    def members(self) -> Iterator[Member]:
        at = len(_BOM) if self._data[:3] == _BOM else 0
        self._load(at, WINDOW)
        while (at := self._after_gap(at)) < self._size:
            mark = self._data[at : at + 1]
            if mark in (b",", b"]", b"}"):  # left over where something before them was damaged
                at += 1
            elif mark == b"[":
                self.is_list = True
                at = yield from self._list(at + 1, "")
            else:
                at = yield from self._single(at)

    def _single(self, at: int) -> Generator[Member, None, int]:
        """A value that stands alone, as on a line of JSONL."""
        value, end = self._value(at)
        if end >= 0:
            yield self._read(value, at)
            return end
        if end == _TOO_LARGE and self._data[at : at + 1] == b"{":
            return (yield from self._object(at + 1))
        line = self._find(_LINE_END, at)
        after = self._after_gap(line) if line >= 0 else self._size
        end = after if self._data[after : after + 1] in (b"{", b"[") else self._size
        yield self._damaged(at, end)
        return end

    def _list(self, at: int, key: str) -> Generator[Member, None, int]:
        whole = True
        while (at := self._after_gap(at)) < self._size:
            mark = self._data[at : at + 1]
            if mark == b"]":
                return at + 1
            if mark == b",":
                at += 1
                continue
            value, end = self._value(at)
            whole = end >= 0
            if whole:
                yield self._read(value, at, key)
            else:
                too_large, end = end == _TOO_LARGE, self._next_member(at)
                yield replace(self._damaged(at, end, key), too_large=too_large)
            at = end
        if whole:  # up to here, but the list has no end
            yield Member(None, at, key, damaged=True)
        return at

    def _object(self, at: int) -> Generator[Member, None, int]:
        """Field by field, for an object that is too large to be read at once."""
        while (at := self._after_gap(at)) < self._size:
            mark = self._data[at : at + 1]
            if mark == b"}":
                return at + 1
            if mark == b",":
                at += 1
                continue
            begin = at
            key, end = self._value(at)
            at = self._after_gap(end) if end >= 0 else at
            if end < 0 or not isinstance(key, str) or self._data[at : at + 1] != b":":
                yield self._damaged(begin, self._size)
                return self._size
            at = self._after_gap(at + 1)
            if self._data[at : at + 1] == b"[":
                at = yield from self._list(at + 1, key)
                continue
            value, end = self._value(at)
            if end < 0:
                yield self._damaged(at, self._size, key)
                return self._size
            yield self._read(value, at, key)
            at = end
        return at

    # one value

    def _read(self, value: JsonValue, at: int, key: str = "") -> Member:
        if isinstance(value, dict) and value:
            self._keys |= value.keys()
            if len(self._first_keys) < MOST_FIRST_KEYS:
                self._first_keys[next(iter(value))] = None
        with suppress(RecursionError):  # then its bad bytes stay halves of characters
            value = self._scrubbed(value)
        return Member(value, at, key)

    def _value(self, at: int) -> tuple[JsonValue, int]:
        """The value at a byte and the byte behind it; _FAULT or _TOO_LARGE instead of that."""
        self.place = at
        self._forget(at)
        ahead = at - self._byte  # only blanks and marks lie between: one byte each
        if 0 <= ahead <= len(self._text) - self._index:
            self._index += ahead
            self._byte = at
        else:
            self._load(at, WINDOW)
        size = WINDOW
        while True:
            try:
                value, end = _decoded(self._text, self._index)
                if self._at_end or (end < len(self._text) and not self._may_go_on(value, end)):
                    taken = end - self._index
                    if not self._is_ascii:
                        taken = len(self._text[self._index : end].encode("utf-8", "surrogateescape"))
                    self._index, self._byte = end, at + taken
                    return value, self._byte
            except json.JSONDecodeError as error:
                near = error.pos >= len(self._text) - _NEAR_END or error.msg.startswith("Unterminated")
                if self._at_end or not near:
                    return None, _FAULT
            except ValueError:
                return None, _FAULT
            if self._index == 0:
                largest = max(LARGEST, WINDOW)
                if size >= largest:
                    return None, _TOO_LARGE
                size = min(size * 4, largest)
            self._load(at, size)

    def _may_go_on(self, value: JsonValue, end: int) -> bool:
        """Whether it is a number that the window cuts behind a dot or an exponent: what stands before reads alone."""
        return isinstance(value, int | float) and _NUMBER_CUT.fullmatch(self._text, end) is not None

    def _load(self, at: int, size: int) -> None:
        """Puts the window there."""
        self._text = ""  # not two of them at once
        piece = self._data[at : at + size]
        self._at_end = at + size >= self._size
        if not self._at_end:
            for back in range(1, min(4, len(piece)) + 1):  # not in the middle of a character
                if piece[-back] & 0xC0 != 0x80:
                    piece = piece[:-back] if piece[-back] >= 0xC0 else piece
                    break
        try:
            self._text, self._has_bad = piece.decode(), False
        except UnicodeDecodeError:
            self._text, self._has_bad = piece.decode("utf-8", "surrogateescape"), True
        self._is_ascii = self._text.isascii()
        self._index, self._byte = 0, at

    def _after_gap(self, at: int) -> int:
        match = _GAP.match(self._data, at)
        return match.end() if match else at

    def _forget(self, at: int) -> None:
        """Pages of a mapped file that were read count as the program's memory until they are given back."""
        if at - self._forgotten < FORGET_EVERY or not isinstance(self._data, mmap.mmap):
            return
        if hasattr(mmap, "MADV_DONTNEED"):
            page = at - at % mmap.ALLOCATIONGRANULARITY
            self._data.madvise(mmap.MADV_DONTNEED, 0, page)
            self._forgotten = page

    def _scrubbed(self, value: JsonValue) -> JsonValue:
        """Bytes that are no UTF-8 become the character that says so."""
        if not self._has_bad:
            return value
        if isinstance(value, str):
            return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace") if _escaped(value) else value
        if isinstance(value, list):
            return [self._scrubbed(item) for item in value]
        if isinstance(value, dict):
            return {str(self._scrubbed(name)): self._scrubbed(item) for name, item in value.items()}
        return value

    # damage

    def _damaged(self, at: int, end: int, key: str = "") -> Member:
        """What reads of a broken member, and its text from the fault on."""
        piece = self._data[at : min(end, at + KEPT)]
        text = piece.decode("utf-8", "replace").replace("\x00", " ")
        value, fault = partial(text, decoder)
        self.place = end
        return Member(value, at, key, True, text[fault:].strip(), max(end - at - KEPT, 0))

    def _next_member(self, at: int) -> int:
        """Where the next member begins that reads: one that begins as the others do, and is like them."""
        names = {*self._first_keys, _first_key(bytes(self._data[at : at + 200]))} - {""}
        if not names:
            return self._size
        choice = b"|".join(re.escape(name.encode("utf-8", "replace")) for name in sorted(names))
        begin = re.compile(rb'\{\s*"(?:' + choice + rb')"\s*:')
        place = at
        for _ in range(10_000):
            place = self._find(begin, place + 1)
            if place < 0:
                break
            self._load(place, WINDOW)
            value, end = self._value(place)
            if end >= 0 and isinstance(value, dict) and self._is_like(value):
                return place
        return self._size

    def _find(self, wanted: re.Pattern[bytes], at: int) -> int:
        """Where it begins, from `at` on; -1 where it does not. A piece at a time, for the sake of `_forget`."""
        while at < self._size:
            match = wanted.search(self._data, at, min(at + FORGET_EVERY + _OVERLAP, self._size))
            if match is not None:
                return match.start()
            at += FORGET_EVERY
            self._forget(at)
        return -1

    def _is_like(self, value: dict[str, JsonValue]) -> bool:
        if not self._keys:
            return len(value) > 1
        return 2 * len(self._keys & value.keys()) >= min(len(value), len(self._keys))


def _decoded(text: str, index: int) -> tuple[JsonValue, int]:
    """(value, index behind it). Raises ValueError. What is nested deeper than Python goes, as conversations that hold
    each reply inside the message before it, is read in a thread with a stack of its own.
    """
    try:
        return decoder.raw_decode(text, index)
    except RecursionError:
        found: list[tuple[JsonValue, int]] = []

    def deeper() -> None:
        try:
            found.append(decoder.raw_decode(text, index))
        except (RecursionError, ValueError):
            return

    limit, size = sys.getrecursionlimit(), threading.stack_size(DEEP_STACK)
    sys.setrecursionlimit(DEEPEST)
    try:
        thread = threading.Thread(target=deeper, name="deep JSON")
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(size)
    if not found:
        raise ValueError("damaged, or nested too deep")
    return found[0]


def _escaped(text: str) -> bool:
    return not text.isascii() and any("\udc80" <= letter <= "\udcff" for letter in text)


def _first_key(head: bytes) -> str:
    match = re.match(rb'\{\s*"([A-Za-z0-9_ -]{1,60})"\s*:', head)
    return match[1].decode() if match else ""
