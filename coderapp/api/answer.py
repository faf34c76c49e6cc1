"""The body of an answer: bytes cut anywhere in, events out. What it is, its first bytes tell; headers may lie."""

from __future__ import annotations

from enum import Enum, auto

from coderapp.api.decoding import BOM, NotJson, decode_json
from coderapp.api.failures import MOST_RAW, Said, Site, status_failure
from coderapp.api.replies import Reader
from coderapp.api.sse import EventTooLong, ServerSentEvent, SseParser
from coderapp.core.errors import BadReply, EndpointError
from coderapp.core.events import Failed, Finished, StreamEvent, TextDelta, UsageReported
from coderapp.core.message import FinishReason

MOST_ANSWER = 128 * 1024 * 1024
"""Bytes of one answer: far above what any model writes; a flood ends here."""

_FIELDS = (b"data", b"event", b"id", b"retry")
_ENOUGH = 1024
"""Bytes of something unreadable that are collected to be shown."""


class _Form(Enum):
    UNKNOWN = auto()
    STREAM = auto()
    WHOLE = auto()
    GARBAGE = auto()


class AnswerReader:
    """`feed` bytes until `done`; `end` when there are no more. The last event is one Finished or Failed.

    `drainable`: a stream said that it is over, so that the bytes after it are the end of the reply, or nothing.
    `is_stream_type`: the Content-Type says event stream, which decides where the first bytes don't.
    """

    def __init__(self, reader: Reader, site: Site, *, is_stream_type: bool = False, most: int = MOST_ANSWER) -> None:
        self.done = False
        self.drainable = False
        self._reader = reader
        self._site = site
        self._is_stream_type = is_stream_type
        self._most = most
        self._form = _Form.UNKNOWN
        self._size = 0
        self._sse = SseParser()
        self._pieces: list[bytes] = []

    @property
    def patience(self) -> float | None:
        """Seconds beyond which waiting for more makes no sense; None where the profile decides."""
        if self._form is _Form.GARBAGE:
            return 0.5
        return 5.0 if self._form is _Form.STREAM and self._reader.finish else None

    def feed(self, data: bytes) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        if self.done:
            return events
        self._size += len(data)
        try:
            if self._size > self._most:
                raise self._site.bad_reply(f"sent more than {self._most >> 20} MB, which no answer has")
            self._take(data, events)
        except EventTooLong:
            events += self._fail(self._site.bad_reply("sent a line of more than 16 MB"))
        except EndpointError as error:
            events += self._fail(error)
        return events

    def end(self, why: EndpointError | None = None, *, complete: bool = False) -> list[StreamEvent]:
        """No more bytes: for the reason `why`, or because the server said so. `complete`: the reply has the length
        that its head promised.
        """
        events: list[StreamEvent] = []
        if self.done:
            return events
        try:
            self._end(why, complete, events)
        except EventTooLong:
            events += self._fail(self._site.bad_reply("sent a line of more than 16 MB"))
        except EndpointError as error:
            events += self._fail(error)
        return events

    # by form

    def _take(self, data: bytes, events: list[StreamEvent]) -> None:
        if self._form is _Form.STREAM:
            self._stream(self._sse.feed(data), events)
            return
        self._pieces.append(data)
        if self._form is _Form.UNKNOWN:
            begun = b"".join(self._pieces)
            self._pieces = [begun]
            self._form = _form_of(begun, self._is_stream_type)
            if self._form is _Form.STREAM:
                self._pieces = []
                self._stream(self._sse.feed(begun), events)
        if self._form is _Form.GARBAGE and self._size >= _ENOUGH:
            raise self._garbage()

    def _end(self, why: EndpointError | None, complete: bool, events: list[StreamEvent]) -> None:
        if self._form is _Form.STREAM:
            self._end_stream(why, events)
            return
        body = b"".join(self._pieces)
        if self._form is _Form.WHOLE:
            self._end_whole(body, why, complete, events)
            return
        if why is not None and not body.strip():
            raise why
        if not body.strip():
            raise self._site.bad_reply("answered with nothing at all")
        raise self._garbage()

    def _end_stream(self, why: EndpointError | None, events: list[StreamEvent]) -> None:
        self._stream([event for event in self._sse.flush() if not _is_half(event)], events)
        if self.done:
            return
        if self._reader.finish:
            events += self._finish()
            return
        heard = "it ended before the answer did" if self._reader.seen else "it ended before the answer began"
        raise why or self._site.cut_short(heard)

    def _end_whole(self, body: bytes, why: EndpointError | None, complete: bool, events: list[StreamEvent]) -> None:
        try:
            value = decode_json(body)
        except NotJson as error:
            if why is not None:
                why.raw = why.raw or self._site.redact.raw(body)
                raise why from None
            if error.cut and not complete:
                raise self._site.cut_short(f"it ended after {len(body)} bytes", body) from None
            raise self._site.bad_reply(f"sent a reply that is not JSON ({error.why})", body) from None
        events += self._reader.read(value, body, whole=True)
        if why is not None:
            raise why
        events += self._finish()

    def _stream(self, arrived: list[ServerSentEvent], events: list[StreamEvent]) -> None:
        """Texts that follow one another become one: what comes in one read is shown in one frame."""
        texts: list[str] = []
        for event in arrived:
            if self._reader.seen and not event.event and (text := self._reader.quick(event.data)) is not None:
                texts.append(text)
                continue
            if texts:
                _append(events, self._reader.text("".join(texts), "content", b""))
                texts.clear()
            self._take_event(event, events)
            if self.done:
                return
        if texts:
            _append(events, self._reader.text("".join(texts), "content", b""))

    def _take_event(self, event: ServerSentEvent, events: list[StreamEvent]) -> None:
        data = event.data.strip()
        if data == b"[DONE]":
            if not self._reader.seen:
                raise self._site.bad_reply("ended the stream without an answer")
            events += self._finish()
            return
        if not data:
            return
        try:
            value = decode_json(data)
        except NotJson as error:
            if event.event == "error":
                words = data.decode("utf-8", "replace")
                raise status_failure(self._site, 500, Said(words), raw=self._site.redact.raw(data)) from None
            raise self._site.bad_reply(f"sent a piece that is not JSON ({error.why})", data) from None
        if event.event == "error" and isinstance(value, dict) and not value.get("error"):
            value = {**value, "error": value.get("message") or value.get("detail") or "error"}
        _append(events, self._reader.read(value, data, whole=False))

    def _finish(self) -> list[StreamEvent]:
        self.done = True
        self.drainable = self._form is _Form.STREAM
        return [*self._rest(), Finished(self._reader.finish or FinishReason.STOP)]

    def _fail(self, error: EndpointError) -> list[StreamEvent]:
        self.done = True
        return [*self._rest(), Failed(error)]

    def _rest(self) -> list[StreamEvent]:
        usage = self._reader.usage
        return [*self._reader.flush(), *([UsageReported(usage)] if usage else [])]

    def _garbage(self) -> BadReply:
        body = b"".join(self._pieces)[:MOST_RAW]
        start = body.removeprefix(BOM).lstrip()
        if (kind := _kind_of(body)) is not None:
            return self._site.bad_reply(f"sent JSON of another shape ({kind} where an object belongs)", body)
        if start.startswith(b"<"):
            return self._site.bad_reply("sent a web page instead of an answer", body)
        try:
            body.decode()
        except UnicodeDecodeError as error:
            if error.reason != "unexpected end of data":
                return self._site.bad_reply(f"sent something that is not UTF-8 (byte {error.start + 1})", body)
        return self._site.bad_reply("sent something that is not JSON", body)


def _append(events: list[StreamEvent], more: list[StreamEvent]) -> None:
    """A text right after a text becomes a part of it."""
    if events and more and isinstance(more[0], TextDelta) and isinstance(events[-1], TextDelta):
        events[-1] = TextDelta(events[-1].text + more[0].text)
        events += more[1:]
    else:
        events += more


def _kind_of(body: bytes) -> str | None:
    """What a body is that is JSON, but neither an object nor a list; None if it is no JSON."""
    try:
        value = decode_json(body)
    except NotJson:
        return None
    if value is None:
        return "null"
    return "true or false" if isinstance(value, bool) else "text" if isinstance(value, str) else "a number"


def _is_half(event: ServerSentEvent) -> bool:
    """Whether an event at the end of a stream broke off: what counts then is that the stream did."""
    data = event.data.strip()
    try:
        return bool(data) and data != b"[DONE]" and decode_json(data) is None
    except NotJson as error:
        return error.cut or b"[DONE]".startswith(data)


def _form_of(begun: bytes, is_stream_type: bool) -> _Form:
    start = begun.removeprefix(BOM).lstrip()
    if not start or (len(begun) < len(BOM) and BOM.startswith(begun)):
        return _Form.UNKNOWN
    if start[:1] in b"{[":
        return _Form.WHOLE
    if start[:1] == b":":
        return _Form.STREAM
    for name in _FIELDS:
        if start.startswith(name) and start[len(name) : len(name) + 1] in b":\r\n":
            return _Form.STREAM if len(start) > len(name) else _Form.UNKNOWN
        if name.startswith(start):
            return _Form.UNKNOWN
    return _Form.STREAM if is_stream_type and not start.startswith(b"<") else _Form.GARBAGE
