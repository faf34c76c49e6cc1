"""A real search over a few hits in memory, for tests of what shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from coderapp.core.search import Found, Hit, Order


class MemorySearch(QObject):
    """Finds the hits that have every word in their snippet. `hold` keeps answers back until `release`."""

    progress = Signal(int, int)

    def __init__(self, hits: list[Hit]) -> None:
        super().__init__()
        self.hits = hits
        self.most = 50
        self.asked: list[tuple[str, Order]] = []
        self.hold = False
        self._held: list[Callable[[], None]] = []

    def search(self, query: str, order: Order, done: Callable[[Found], None]) -> None:
        self.asked.append((query, order))
        found = self._find(query, order)
        self._held = [lambda: done(found)]  # only the newest counts
        if not self.hold:
            self.release()

    def release(self) -> None:
        held, self._held = self._held, []
        for tell in held:
            tell()

    def _find(self, query: str, order: Order) -> Found:
        words = tuple(query.casefold().split())
        if "before:nonsense" in words:
            return Found(query, problem="before: needs a day, like before:2026-01-31.")
        fitting = []
        for hit in self.hits:
            text = hit.snippet.casefold()
            marks = sorted((text.find(word), text.find(word) + len(word)) for word in words)
            if words and all(start >= 0 for start, _ in marks):
                fitting.append(replace(hit, marks=tuple(marks)))
        newest = order is Order.NEWEST
        fitting.sort(key=(lambda hit: -hit.created) if newest else (lambda hit: hit.marks[0][0]))
        return Found(query, tuple(fitting[: self.most]), words, more=len(fitting) > self.most)
