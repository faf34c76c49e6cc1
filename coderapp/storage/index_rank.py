"""The best of what fits, by BM25 with a few words of our own."""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Sequence

from coderapp.storage.index_query import Query, Word
from coderapp.storage.index_words import fold

_K = 1.2
_B = 0.6
_USUAL = 900.0
"""Characters of a usual message."""

_EXACT = 1.0
_PART = 0.35
"""What a part of a longer word counts beside the word itself."""

_MOST = 20_000
"""Characters of a message that are counted."""


def best(db: sqlite3.Connection, query: Query, numbers: Sequence[int], now: float) -> list[int]:
    """The numbers, best first; of equals the newest."""
    words = [word for word in query.words if not word.negated]
    if not numbers:
        return []
    counted: list[tuple[int, float, list[float]]] = []
    having = [0] * len(words)
    patterns = [(_exactly(word), word) for word in words]
    for number in numbers:
        (text,) = db.execute("SELECT substr(text, 1, ?) FROM messages WHERE number = ?", (_MOST, number)).fetchone()
        folded = fold(text)
        counts = []
        for n, (pattern, word) in enumerate(patterns):
            exact = len(pattern.findall(folded))
            count = _EXACT * exact
            if not word.whole and len(word.tokens) == 1:
                count += _PART * (folded.count(word.tokens[0]) - exact)
            having[n] += exact > 0
            counts.append(count)
        counted.append((number, _K * (1 - _B + _B * len(text) / _USUAL), counts))
    weights = [math.log(1 + (len(numbers) - many + 0.5) / (many + 0.5)) + 0.1 for many in having]

    def score(row: tuple[int, float, list[float]]) -> tuple[float, int]:
        number, norm, counts = row
        return sum(w * c * (_K + 1) / (c + norm) for w, c in zip(weights, counts, strict=True)), number

    return [row[0] for row in sorted(counted, key=score, reverse=True)]


def _exactly(word: Word) -> re.Pattern[str]:
    return re.compile(r"(?<![^\W_])" + r"[\W_]{1,40}?".join(map(re.escape, word.tokens)) + r"(?![^\W_])")
