"""The search through the index: a query in words, hits with snippets out. Reads only; made for one thread."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice
from pathlib import Path

from coderapp.core.search import Found, Hit, Order
from coderapp.storage.index_database import VERSION
from coderapp.storage.index_match import Match, match_of
from coderapp.storage.index_query import Query, parse
from coderapp.storage.index_rank import best, newest
from coderapp.storage.index_rows import LanguageOf, id_of
from coderapp.storage.index_snippets import pattern_of, snippet
from coderapp.storage.index_terms import Terms
from coderapp.storage.index_words import fold

PAGE = 50
TITLES = 10
"""Conversations by their titles that stand before the messages."""


def _now() -> datetime:
    return datetime.now().astimezone()


class Searcher:
    """Raises sqlite3.Error where there is no index yet, or none that reads. `interrupt` may be called from any thread:
    a search that is under way raises then.
    """

    def __init__(self, path: Path, language_of: LanguageOf = str.lower, now: Callable[[], datetime] = _now) -> None:
        self._path = path
        self._language_of = language_of
        self._now = now
        self._db: sqlite3.Connection | None = None
        self._file: tuple[int, int] = (0, 0)
        self._terms = Terms()
        self._models: dict[str, str] = {}  # by their labels; "" for a label that is no model

    def search(self, text: str, order: Order = Order.NEWEST, most: int = PAGE) -> Found:
        query = parse(text, self._now())
        if query.problem or query.is_empty:
            return Found(text, problem=query.problem)
        db = self._opened()
        db.execute("BEGIN")
        try:
            self._terms.update(db)
            match = match_of(query, db, self._terms, self._language_of)
            titles = self._by_title(db, query, match)
            choose = newest if order is Order.NEWEST else best
            numbers = choose(db, query, match, most + 1) if match.words else []
            hits = self._hits(db, query, numbers[:most])
        finally:
            with suppress(sqlite3.Error):
                db.execute("ROLLBACK")
        words = tuple(dict.fromkeys(word.text for word in query.words if not word.negated))
        return Found(text, (*titles, *hits), words, more=len(numbers) > most)

    def interrupt(self) -> None:
        if (db := self._db) is not None:
            with suppress(sqlite3.ProgrammingError):  # closed just now
                db.interrupt()

    def close(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    # inside

    def _opened(self) -> sqlite3.Connection:
        """The database, opened anew where the file is another one: it was made again."""
        try:
            status = os.stat(self._path)
        except OSError as error:
            self.close()
            raise sqlite3.OperationalError("there is no index") from error
        if self._db is not None and (status.st_dev, status.st_ino) == self._file:
            return self._db
        self.close()
        db = sqlite3.connect(self._path, timeout=0.5, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA query_only = ON")
            db.execute("PRAGMA cache_size = -16000")
            db.execute("PRAGMA mmap_size = 268435456")
            if db.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                raise sqlite3.OperationalError("the index is not ready")
            db.create_function("fold", 1, lambda value: fold(value or ""), deterministic=True)
        except BaseException:
            db.close()
            raise
        self._db, self._file, self._terms = db, (status.st_dev, status.st_ino), Terms()
        self._models = {}
        return db

    def _hits(self, db: sqlite3.Connection, query: Query, numbers: Sequence[int]) -> Sequence[Hit]:
        pattern = pattern_of(query)
        hits: list[Hit] = []
        for number in numbers:
            row = db.execute(
                "SELECT c.id, c.title, m.id, m.role, m.created, m.text, m.about FROM messages m"
                " JOIN conversations c ON c.number = m.conversation WHERE m.number = ?", (number,),
            ).fetchone()  # fmt: skip
            name, title, message_id, role, created, text, about = row
            shown = snippet(text, pattern)
            model = self._model(db, about) if role == "assistant" else ""
            hits.append(Hit(name, id_of(message_id), title, role, created, shown.text, shown.marks, model))
        return hits

    def _model(self, db: sqlite3.Connection, about: str) -> str:
        """Which model answered, by the labels of a message; "" where that is not known."""
        for mark in about.split():
            if mark.startswith("label"):
                if mark not in self._models:
                    asked = "SELECT name FROM labels WHERE number = ? AND kind = 'model'"
                    row = db.execute(asked, (int(mark.removeprefix("label")),)).fetchone()
                    self._models[mark] = row[0] if row else ""
                if self._models[mark]:
                    return self._models[mark]
        return ""

    def _by_title(self, db: sqlite3.Connection, query: Query, match: Match) -> Sequence[Hit]:
        if not match.titles:
            return ()
        condition = f" AND {match.conversations}" if match.conversations else ""
        values: list[str | int | float] = [*match.title_values, *match.values]
        for moment, comparison in ((query.after, ">="), (query.before, "<")):
            if moment is not None:
                condition += f" AND updated {comparison} ?"
                values.append(moment)
        rows = db.execute(
            "SELECT id, title, updated FROM conversations INDEXED BY by_updated"
            f" WHERE {match.titles}{condition}"
            " ORDER BY updated DESC", values,
        )  # fmt: skip
        fitting = (row for row in rows if not match.checks or _fits(row[1], match))
        pattern = pattern_of(query)
        return [
            Hit(name, "", title, "", updated, shown.text, shown.marks)
            for name, title, updated in islice(fitting, TITLES)
            for shown in (snippet(title, pattern),)
        ]


def _fits(title: str, match: Match) -> bool:
    folded = fold(title)
    return all(check.fits(folded) for check in match.checks)
