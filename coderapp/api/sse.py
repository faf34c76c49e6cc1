"""Server-sent events, byte by byte: lines and fields as the HTML standard's event stream grammar has them.

Two things differ on purpose. Data stays bytes, for the JSON decoder takes bytes and complains itself of what is not
UTF-8. And `flush` hands out an event whose closing blank line is missing, which the standard drops: servers forget it.
"""

from __future__ import annotations

from typing import NamedTuple

MOST_EVENT_BYTES = 16 * 1024 * 1024
_BOM = b"\xef\xbb\xbf"


class EventTooLong(ValueError):
    """A line or an event over the limit."""


class ServerSentEvent(NamedTuple):
    """`data` holds the data lines joined by a line feed; `event` is "" where the stream names none."""

    data: bytes
    event: str = ""


class SseParser:
    """`feed` takes bytes cut anywhere and returns the events that are complete; `flush` the one that is not.

    Raises EventTooLong once a line, or the data of one event, exceeds `most` bytes.
    """

    __slots__ = ("_after_cr", "_data", "_event", "_first", "_most", "_partial", "_partial_size", "_size")

    def __init__(self, most: int = MOST_EVENT_BYTES) -> None:
        self._most = most
        self._partial: list[bytes] = []
        self._partial_size = 0
        self._after_cr = False
        self._first = True
        self._data: list[bytes] = []
        self._size = 0
        self._event = b""

    def feed(self, data: bytes) -> list[ServerSentEvent]:
        if not data:
            return []
        if self._after_cr:
            self._after_cr = False
            if data.startswith(b"\n"):
                data = data[1:]
        if b"\r" in data:
            self._after_cr = data.endswith(b"\r")
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        events: list[ServerSentEvent] = []
        if len(data) <= self._most:
            start = 0 if self._is_at_rest else data.find(b"\n\n") + 2
            if start != 1:
                self._lines(data[:start], events)
                data = self._whole(data[start:], events)
        self._lines(data, events)
        return events

    @property
    def _is_at_rest(self) -> bool:
        """Whether the next byte begins an event, as after every empty line."""
        return not (self._first or self._partial or self._data or self._event)

    def _whole(self, data: bytes, events: list[ServerSentEvent]) -> bytes:
        """Takes the whole events that `data` begins with; returns what follows them. To be called at rest."""
        pieces = data.split(b"\n\n")
        rest = pieces.pop()
        for piece in pieces:
            if piece.startswith(b"data: ") and b"\n" not in piece:  # nearly every event
                events.append(ServerSentEvent(piece[6:]))
            else:
                self._lines(piece + b"\n\n", events)
        return rest

    def _lines(self, data: bytes, events: list[ServerSentEvent]) -> None:
        lines = data.split(b"\n")
        rest = lines.pop()
        if lines and self._partial:
            self._keep(lines[0])
            lines[0] = self._take()
        events += [event for line in lines if (event := self._line(line)) is not None]
        if rest:
            self._keep(rest)

    def flush(self) -> list[ServerSentEvent]:
        """At the end of the stream: what stands there without its closing line end or blank line."""
        line = self._take()
        events = [self._line(line)] if line else []
        events.append(self._line(b""))
        return [event for event in events if event is not None]

    def _keep(self, piece: bytes) -> None:
        self._partial.append(piece)
        self._partial_size += len(piece)
        if self._partial_size > self._most:
            raise EventTooLong

    def _take(self) -> bytes:
        line = self._partial[0] if len(self._partial) == 1 else b"".join(self._partial)
        self._partial.clear()
        self._partial_size = 0
        return line

    def _line(self, line: bytes) -> ServerSentEvent | None:
        if self._first:
            self._first = False
            line = line.removeprefix(_BOM)
        if not line:
            return self._dispatch()
        if line.startswith(b"data:"):  # nearly every line
            value = line[6:] if line[5:6] == b" " else line[5:]
        else:
            name, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if name == b"event":
                self._event = value
                return None
            if name != b"data":
                return None  # a comment, id, retry, or a field that nobody knows
        self._data.append(value)
        self._size += len(value) + 1
        if self._size > self._most:
            raise EventTooLong
        return None

    def _dispatch(self) -> ServerSentEvent | None:
        event, self._event = self._event, b""
        if not self._data:
            return None
        data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
        self._data.clear()
        self._size = 0
        return ServerSentEvent(data, event.decode("utf-8", "replace") if event else "")
