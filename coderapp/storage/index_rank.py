"""Which rows fit: the newest, or the best.

The best of all that fits a common word would cost a tenth of a second and more, for each row has to be counted. So the
newest thousands that hold the words themselves are weighed (BM25, by SQLite), messages in which they stand side by side
go up, and only where that is not enough those follow that hold longer words.
"""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from coderapp.storage.index_match import Check, Match
from coderapp.storage.index_places import number_at
from coderapp.storage.index_query import Query
from coderapp.storage.index_words import fold

WEIGHED = 4_000
"""Messages, the newest that hold the words, which are weighed."""

COUNTED = 300
"""The same of those that hold phrases, or longer words: their texts are read."""

SCANNED = 500
"""Messages, the newest, that are read for a part of very many words before those are asked for."""

_TOP = 120
"""Of them, the best in which it is looked where the words stand."""

_READ = 20_000
"""Characters of each that are looked at."""

_END = 1 << 62

_BETWEEN = r"[\W_]{0,8}?"
"""What may stand between two words of a phrase."""

_WORDS = "words w"
_WITH_PLACES = "words w CROSS JOIN messages m ON m.number = w.rowid"


def newest(db: sqlite3.Connection, query: Query, match: Match, most: int) -> Sequence[int]:
    """The row numbers of what fits, newest first."""
    if not match.checks:
        return _numbers(db, query, match, match.words, "w.rowid DESC", most)
    scanned = SCANNED if match.is_wide and match.pieces else _END
    found, last = _checked(db, query, match, match.words, match.checks, most, scanned)
    if last is None or len(found) >= most:
        return found
    behind: list[int] = []
    for piece in match.pieces:
        others, _ = _checked(
            db, query, match, piece, match.checks, most, _END, before=last,
            first=[behind[-1] + 1] if len(found) + len(behind) >= most else (),
        )  # fmt: skip
        behind = sorted({*behind, *others}, reverse=True)[: most - len(found)]
    return found + behind


def _checked(
    db: sqlite3.Connection, query: Query, match: Match, expression: str, checks: Sequence[Check], most: int,
    scanned: int, *, before: int = _END, first: Sequence[int] = (),
) -> tuple[list[int], int | None]:  # fmt: skip
    """The newest whose texts fit, and the last one that was looked at, None where it was the last there is."""
    found: list[int] = []
    rows = _rows(db, query, match, expression, "w.rowid DESC", scanned, text=True, before=before, first=first)
    for place, (number, text) in enumerate(rows, 1):
        if all(check.may_fit(text) for check in checks):
            folded = fold(text)
            if all(check.fits(folded) for check in checks):
                found.append(number)
        if len(found) >= most or place >= scanned:
            return found, number
    return found, None


def best(db: sqlite3.Connection, query: Query, match: Match, most: int) -> Sequence[int]:
    """The row numbers of what fits, best first; without words the newest are the best."""
    if not any(not word.negated for word in query.words):
        return newest(db, query, match, most)
    found = _best_exact(db, query, match, max(most, _TOP))
    if len(found) < most and match.words != match.exact:
        known = set(found)
        others = _counted(db, query, newest(db, query, match, max(most, COUNTED)))
        found += [number for number in others if number not in known]
    return found[:most]


def _best_exact(db: sqlite3.Connection, query: Query, match: Match, most: int) -> list[int]:
    if match.exact_checks:
        return _counted(
            db, query, _checked(db, query, match, match.exact, match.exact_checks, max(most, COUNTED), _END)[0]
        )
    if any(len(word.tokens) > 1 for word in query.words):
        # For each phrase SQLite would look through all rows in which its words are.
        return _counted(db, query, _numbers(db, query, match, match.exact, "w.rowid DESC", COUNTED))
    weighed = WEIGHED // 4 if match.by_row else WEIGHED
    last = _numbers(db, query, match, match.exact, "w.rowid DESC", 1, skip=weighed - 1)
    # The second column, what is said about the message, is no reason to be better.
    found = _numbers(db, query, match, match.exact, "bm25(words, 1.0, 0.0), w.rowid DESC", most, first=last)
    return _side_by_side_first(db, query, found)


def _counted(db: sqlite3.Connection, query: Query, numbers: Sequence[int]) -> list[int]:
    """The like of BM25 over texts in memory, where parts of words count too."""
    patterns = [
        re.compile(re.escape(word.literal) or _BETWEEN.join(map(re.escape, word.tokens)))
        for word in query.words
        if not word.negated
    ]
    rows: list[tuple[int, float, list[int]]] = []
    for number in numbers:
        folded = _text(db, number)
        rows.append((number, 0.3 + len(folded) / 1000, [len(pattern.findall(folded)) for pattern in patterns]))
    having = [sum(row[2][place] > 0 for row in rows) for place in range(len(patterns))]
    weights = [math.log(1 + (len(rows) - many + 0.5) / (many + 0.5)) + 0.1 for many in having]

    def score(row: tuple[int, float, list[int]]) -> tuple[float, int]:
        return sum(weight * n / (n + row[1]) for weight, n in zip(weights, row[2], strict=True)), row[0]

    return [row[0] for row in sorted(rows, key=score, reverse=True)]


def _numbers(
    db: sqlite3.Connection, query: Query, match: Match, expression: str, order: str, most: int, *, skip: int = 0,
    first: Sequence[int] = (),
) -> list[int]:  # fmt: skip
    return [row[0] for row in _rows(db, query, match, expression, order, most, skip=skip, first=first)]


def _rows(
    db: sqlite3.Connection, query: Query, match: Match, expression: str, order: str, most: int, *, skip: int = 0,
    first: Sequence[int] = (), before: int = _END, text: bool = False,
) -> Iterator[tuple[Any, ...]]:  # fmt: skip
    start = max(number_at(query.after) if query.after is not None else -1, *first, -1)
    end = min(number_at(query.before) if query.before is not None else _END, before)
    condition = ""
    values: tuple[str | int, ...] = (expression, start, end)
    if match.by_row:
        condition = f" AND m.conversation IN (SELECT number FROM conversations WHERE {match.conversations})"
        values += match.values
    return db.execute(
        f"SELECT w.rowid{', m.text' if text else ''} FROM {_WITH_PLACES if text or match.by_row else _WORDS}"
        f" WHERE w.words MATCH ? AND w.rowid >= ? AND w.rowid < ?{condition}"
        f" ORDER BY {order} LIMIT ? OFFSET ?", (*values, most, skip),
    )  # fmt: skip


def _side_by_side_first(db: sqlite3.Connection, query: Query, numbers: list[int]) -> list[int]:
    """Those in which the words follow one another, as they were typed, before the others."""
    words = [word for word in query.words if not word.negated]
    if len(words) < 2:
        return numbers
    pattern = re.compile(_BETWEEN.join(re.escape(token) for word in words for token in word.tokens))

    def apart(number: int) -> bool:
        return pattern.search(_text(db, number)) is None

    return [*sorted(numbers[:_TOP], key=apart), *numbers[_TOP:]]


def _text(db: sqlite3.Connection, number: int) -> str:
    (text,) = db.execute("SELECT substr(text, 1, ?) FROM messages WHERE number = ?", (_READ, number)).fetchone()
    return fold(text)
