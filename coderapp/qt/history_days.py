"""Which day, or which stretch of days, a time belongs to."""

from __future__ import annotations

import time
from bisect import bisect_right
from math import inf

MONTHS = 120
"""Months back that have a name of their own; what is older stands together."""

OLDER = "older"


class Days:
    """Stretches of days as they are seen at one moment, by local time. `until` is when they are over."""

    def __init__(self, now: float) -> None:
        today = time.localtime(now)

        def midnight(days: int) -> float:
            return time.mktime((today.tm_year, today.tm_mon, today.tm_mday + days, 0, 0, 0, 0, 0, -1))

        self.until = midnight(1)
        recent = [(midnight(-30), "month"), (midnight(-7), "week"), (midnight(-1), "yesterday"), (midnight(0), "today")]
        months: list[tuple[float, str]] = []
        for back in range(MONTHS, -1, -1):
            start = time.mktime((today.tm_year, today.tm_mon - back, 1, 0, 0, 0, 0, 0, -1))
            if start < recent[0][0]:
                months.append((start, time.strftime("%Y-%m", time.localtime(start))))
        found = [*months, *recent]
        self._starts = [start for start, _ in found]
        self._keys = [OLDER, *(key for _, key in found)]
        self.rank = {key: -place for place, key in enumerate(self._keys)}
        """Key → its place in a list that has the newest first."""

    def since(self, then: float) -> float:
        """When the stretch of days that it belongs to begins."""
        place = bisect_right(self._starts, then)
        return self._starts[place - 1] if place else -inf

    def key(self, then: float) -> str:
        return self._keys[bisect_right(self._starts, then)]


_LABELS = {
    "today": "Today",
    "yesterday": "Yesterday",
    "week": "Previous 7 days",
    "month": "Previous 30 days",
    OLDER: "Older",
}


def label(key: str) -> str:
    """What a person calls the stretch of days with this key."""
    if key in _LABELS:
        return _LABELS[key]
    year, month = map(int, key.split("-"))
    return time.strftime("%B %Y", (year, month, 1, 0, 0, 0, 0, 1, -1))
