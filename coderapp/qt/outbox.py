"""Events of one stream on their way to the UI thread: in batches, at most one a frame, the next when the last is done.

A server may send faster than a window can lay out. Here the UI thread never has more than one batch before it, so keys
and clicks (Stop above all) are handled between two; what waits stays here, and where it gets much, reading pauses and
the server feels it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from coderapp.core.events import ReasoningDelta, StreamEvent, TextDelta

FRAME = 1 / 60
"""Seconds between two batches."""

MOST_TEXT = 8_000
"""Characters in a batch: 480,000 a second, six times what comes at 20,000 tokens a second. A view that can't lay out
that much inside a frame spreads it over the next ones."""

MOST_EVENTS = 2_000
"""Events in a batch."""

MOST_WAITING = 1_000_000
"""Characters that wait before reading pauses."""


class Outbox:
    """Belongs to the loop's thread. `emit` hands a batch over; `taken` is to be called when it has been dealt with."""

    def __init__(self, emit: Callable[[list[StreamEvent]], None]) -> None:
        self._emit = emit
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[StreamEvent] = deque()
        self._size = 0  # characters that wait
        self._in_flight = False
        self._last = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._moved = asyncio.Event()

    async def put(self, event: StreamEvent) -> None:
        """Returns at once, or when there is room again."""
        for piece in _pieces(event):
            self._waiting.append(piece)
            self._size += _length(piece)
        self._schedule()
        while self._size > MOST_WAITING:
            self._moved.clear()
            await self._moved.wait()

    def put_last(self, event: StreamEvent) -> None:
        """Without waiting for room."""
        self._waiting.append(event)
        self._schedule()

    async def drained(self) -> None:
        """Returns when everything was handed over."""
        while self._waiting:
            self._moved.clear()
            await self._moved.wait()

    def taken(self) -> None:
        self._in_flight = False
        self._schedule()

    def close(self) -> None:
        """Hands nothing over any more."""
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _schedule(self) -> None:
        if self._in_flight or self._timer is not None or not self._waiting:
            return
        wait = self._last + FRAME - self._loop.time()
        if wait <= 0:
            self._send()
        else:
            self._timer = self._loop.call_later(wait, self._send)

    def _send(self) -> None:
        self._timer = None
        batch: list[StreamEvent] = []
        room = MOST_TEXT
        while self._waiting and room > 0 and len(batch) < MOST_EVENTS:
            event = self._waiting.popleft()
            length = _length(event)
            self._size -= length
            room -= length
            batch.append(event)
        if batch:
            self._in_flight = True
            self._last = self._loop.time()
            self._emit(batch)
            self._moved.set()


def _length(event: StreamEvent) -> int:
    return len(event.text) if isinstance(event, TextDelta | ReasoningDelta) else 0


def _pieces(event: StreamEvent) -> list[StreamEvent]:
    """A long delta in parts of a batch's size."""
    if not isinstance(event, TextDelta | ReasoningDelta) or len(event.text) <= MOST_TEXT:
        return [event]
    kind = type(event)
    return [kind(event.text[start : start + MOST_TEXT]) for start in range(0, len(event.text), MOST_TEXT)]
