"""The numbers of messages' rows: by their times, so that newest first is the order of the numbers backwards."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

_MOST_MS = 1 << 48

OF_A_MOMENT = 256
"""Numbers that a millisecond has."""


def number_at(seconds: float) -> int:
    """The first row number of a moment."""
    return int(min(max(seconds * 1000, 0), _MOST_MS)) << 8 if seconds == seconds else 0


def places_for(db: sqlite3.Connection, moments: Sequence[float]) -> list[int]:
    """For each the first number of its time behind those that are taken: what comes later is newer. Where hundreds
    have one time, one not far behind.
    """
    bases = [number_at(moment) for moment in moments]
    asked = (
        "SELECT value FROM json_each(?)"
        f" WHERE EXISTS (SELECT 1 FROM messages WHERE number >= value AND number < value + {OF_A_MOMENT})"
    )
    begun = {base for (base,) in db.execute(asked, (json.dumps(bases),))}
    last: dict[int, int] = {}
    given: set[int] = set()
    found: list[int] = []
    for base in bases:
        place = last[base] + 1 if base in last else _behind(db, base) if base in begun else base
        while place in given or (place >= base + OF_A_MOMENT and _is_taken(db, place)):
            place += 1
        last[base] = place
        given.add(place)
        found.append(place)
    return found


def _behind(db: sqlite3.Connection, base: int) -> int:
    """The number behind those of a moment that has some."""
    asked = "SELECT max(number) FROM messages WHERE number >= ? AND number < ?"
    top = int(db.execute(asked, (base, base + OF_A_MOMENT)).fetchone()[0])
    if top < base + OF_A_MOMENT - 1:
        return top + 1
    # As far as they stand without a gap: twice as far each time, then by halves.
    free, step = base + OF_A_MOMENT, OF_A_MOMENT
    while _is_full(db, free, step):
        free += step
        step *= 2
    while step := step // 2:
        free += step if _is_full(db, free, step) else 0
    return free


def _is_full(db: sqlite3.Connection, start: int, length: int) -> bool:
    asked = "SELECT count(*) FROM messages WHERE number >= ? AND number < ?"
    return int(db.execute(asked, (start, start + length)).fetchone()[0]) == length


def _is_taken(db: sqlite3.Connection, place: int) -> bool:
    return db.execute("SELECT 1 FROM messages WHERE number = ?", (place,)).fetchone() is not None
