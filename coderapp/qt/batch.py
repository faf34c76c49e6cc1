"""Work on many things in a worker, a slice at a time: what an answer needs saved never waits long behind it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from coderapp.core.errors import CoderappError
from coderapp.qt.background import Worker

T = TypeVar("T")
R = TypeVar("R")

SLICE = 0.03
"""Seconds of work after which others in the worker's queue have their turn."""


class Batch(Generic[T, R]):
    """Once it has begun, does `work` for each item; then `done(results, failures)` in the UI thread. `results` are
    those so far, each with its item, in the order in which they were done.
    """

    def __init__(
        self,
        worker: Worker,
        items: Callable[[], Iterable[T]],
        work: Callable[[T], R],
        done: Callable[[list[tuple[T, R]], list[tuple[T, CoderappError]]], None],
        internal: Callable[[CoderappError], None],
    ) -> None:
        """`items` is called in the worker's thread, once what was submitted before is done."""
        self.results: list[tuple[T, R]] = []
        self.failures: list[tuple[T, CoderappError]] = []
        self.is_done = False
        self._worker = worker
        self._items = items
        self._waiting: deque[T] | None = None
        self._work = work
        self._done = done
        self._internal = internal
        self._cancelled = False

    def begin(self) -> None:
        self._next(SLICE)

    def cancel(self) -> None:
        """What has not begun is left undone."""
        self._cancelled = True

    def finish(self) -> None:
        """Does all the rest in one go, for the program's end."""
        if not self.is_done:
            self._next(float("inf"))

    def _next(self, budget: float) -> None:
        self._worker.submit(lambda: self._piece(budget), self._on_piece, self._on_fault)

    def _piece(self, budget: float) -> bool:
        """In the worker: as much as fits; whether something is left."""
        if self._waiting is None:
            self._waiting = deque(self._items())
        until = time.monotonic() + budget
        while self._waiting and not self._cancelled:
            item = self._waiting.popleft()
            try:
                self.results.append((item, self._work(item)))
            except CoderappError as error:
                self.failures.append((item, error))
            if time.monotonic() >= until:
                break
        return bool(self._waiting) and not self._cancelled

    def _on_piece(self, more: bool) -> None:
        if more:
            self._next(SLICE)
        elif not self.is_done:
            self.is_done = True
            self._done(self.results, self.failures)

    def _on_fault(self, error: CoderappError) -> None:
        self.is_done = True
        self._internal(error)
