"""Every word that occurs, as one text in memory: parts of words are looked up in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

MOST_BEGINNINGS = 96
"""Words that are asked for one by one where a beginning is typed; more are left to SQLite, which joins them."""

MOST_PARTS = 20_000
"""Words that are asked for one by one at most; where more hold a part of a word, messages are read for it."""


class Terms:
    """Follows the table of terms as it grows."""

    def __init__(self) -> None:
        self._text = "\n"
        self._last = 0

    def update(self, db: sqlite3.Connection) -> None:
        rows = db.execute("SELECT number, term FROM terms WHERE number > ? ORDER BY number", (self._last,)).fetchall()
        if rows:
            self._last = rows[-1][0]
            self._text = f"{self._text}{chr(10).join([term for _, term in rows])}\n"

    def beginning(self, part: str, most: int = MOST_BEGINNINGS) -> list[str] | None:
        """Words that begin with `part` and go on; None where there are more of them."""
        found: dict[str, None] = {}
        for word, _ in self._places(f"\n{part}", 1):
            if word != part:
                found[word] = None
                if len(found) > most:
                    return None
        return list(found)

    def holding(self, part: str, most: int = MOST_PARTS) -> list[str]:
        """Words with `part` in them but not at their beginning."""
        found: dict[str, None] = {}
        for word, at in self._places(part):
            if at:
                found[word] = None
                if len(found) >= most:
                    break
        return list(found)

    def ending(self, part: str, most: int = MOST_PARTS) -> list[str]:
        """Words that end with `part`, the part itself left out."""
        found: dict[str, None] = {}
        for word, _ in self._places(f"{part}\n"):
            if word != part:
                found[word] = None
                if len(found) >= most:
                    break
        return list(found)

    def _places(self, part: str, skip: int = 0) -> Iterator[tuple[str, int]]:
        """The word around each place of the part, the last first, and where in the word it is; the part's first `skip`
        characters stand before the word."""
        text = self._text
        at = text.rfind(part)
        while at >= 0:
            start = text.rfind("\n", 0, at + skip) + 1
            end = text.find("\n", at + skip)
            yield text[start:end], at + skip - start
            at = text.rfind(part, 0, start)
