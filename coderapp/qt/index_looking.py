"""The thread that searches the index."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from coderapp.core.search import Found, Order
from coderapp.qt.index_keeping import PATIENCE, IndexKeeping, language_of
from coderapp.storage.paths import Paths

if TYPE_CHECKING:
    from coderapp.storage.index_search import Searcher

CATCHING_UP = 0.1
"""Seconds that a search waits at most for what was said just now to be in the index."""

log = logging.getLogger(__name__)


class IndexLooking:
    """The thread that searches. Only what was asked for last is of interest."""

    def __init__(self, paths: Paths, keeping: IndexKeeping) -> None:
        self._paths = paths
        self._keeping = keeping
        self._condition = threading.Condition()
        self._wanted: tuple[str, Order, Callable[[Found], None]] | None = None
        self._busy = False
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._searcher: Searcher | None = None

    def search(self, query: str, order: Order, done: Callable[[Found], None]) -> None:
        with self._condition:
            self._wanted = (query, order, done)
            self._condition.notify()
            if self._busy and self._searcher is not None:
                self._searcher.interrupt()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="search", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        with self._condition:
            self._stopping = True
            self._condition.notify()
            if self._busy and self._searcher is not None:
                self._searcher.interrupt()
        if self._thread is not None:
            self._thread.join(PATIENCE)

    def _run(self) -> None:
        from coderapp.storage.index_search import Searcher

        searcher = Searcher(self._paths.index, language_of)
        while True:
            with self._condition:
                self._busy = False
                self._searcher = searcher
                while self._wanted is None and not self._stopping:
                    self._condition.wait()
                if self._stopping or self._wanted is None:
                    break
                (query, order, done), self._wanted = self._wanted, None
                self._busy = True
            if (found := self._found(searcher, query, order)) is not None:
                done(found)
        searcher.close()

    def _found(self, searcher: Searcher, query: str, order: Order) -> Found | None:
        """None where something else is wanted by now."""
        import sqlite3

        from coderapp.storage.index_database import is_damage

        if self._keeping.has_given_up:
            self._keeping.refresh()  # what could not be written then is found without a further change
        self._keeping.catch_up(CATCHING_UP)
        for _ in range(3):
            try:
                return searcher.search(query, order)
            except sqlite3.Error as error:
                with self._condition:
                    if self._wanted is not None or self._stopping:
                        return None
                if getattr(error, "sqlite_errorname", "") == "SQLITE_INTERRUPT":
                    continue  # meant for the one before
                searcher.close()
                if is_damage(error):
                    self._keeping.make_anew()
                else:
                    there = self._paths.index.is_file() and not self._keeping.has_given_up
                    self._keeping.refresh()  # it is made where there is none, or it is found out why it can't be
                    if there:
                        return Found(query, problem=f"The index can't be read ({error}). Search again in a moment.")
                return Found(query, problem=self._keeping.why_nothing_is_found())
            except Exception as error:  # it holds what nobody has written
                log.info("the index is made anew", exc_info=error)
                searcher.close()
                self._keeping.make_anew()
                return Found(query, problem=self._keeping.why_nothing_is_found())
        return None
