"""Which of a client's regular expressions may be run: those whose work is bounded before they start.

Python's engine backtracks, can't be interrupted, and holds the interpreter's lock all the while: a pattern of a few
characters could stop the whole process.
"""

from __future__ import annotations

import re

_LONGEST = 200
"""Characters of a pattern."""

_MOST_STEPS = 20_000
"""Bound of the backtracking, in steps; about a millisecond."""

_MOST_REPEATS = 1000

_TOKEN = re.compile(
    r"(?P<escape>\\.)|(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<open>\((?:\?:)?)|(?P<close>\))|(?P<bar>\|)"
    r"|(?P<repeat>(?:[*+?]|\{(?P<low>\d*)(?P<comma>,?)(?P<high>\d*)\})[?+]?)|(?P<other>.)",
    re.DOTALL,
)


def is_cheap(pattern: str, length: int) -> bool:
    """Whether a search in a text of `length` characters surely ends at once.

    Refuses look-around, references back, groups that are repeated, and what could take too many ways through the text.
    """
    if len(pattern) > _LONGEST:
        return False
    ways = 1 if pattern.startswith("^") else length + 1
    bars = [0]  # of each group that is open
    after_group = False
    for token in _TOKEN.finditer(pattern):
        kind, text = token.lastgroup, token[0]
        if token["repeat"] is not None:
            most = _most_repeats(token, length)
            if most is None or (after_group and text[0] != "?"):
                return False
            ways *= most
        elif token["escape"] is not None:
            if text[1] in "123456789":
                return False
        elif kind == "open":
            if text == "(" and pattern[token.end() : token.end() + 1] == "?":
                return False
            bars.append(0)
        elif kind == "close":
            if len(bars) > 1:
                ways *= bars.pop() + 1
        elif kind == "bar":
            bars[-1] += 1
        after_group = kind == "close"
        if ways > _MOST_STEPS:
            return False
    # `^a|b` is bound to the start in one of its branches only.
    searched = length + 1 if bars[0] and pattern.startswith("^") else 1
    return ways * (bars[0] + 1) * searched <= _MOST_STEPS


def _most_repeats(token: re.Match[str], length: int) -> int | None:
    """In how many lengths a repeated character can match; None where it may not be run."""
    text = token[0]
    if text[0] in "*+":
        return length + 1
    if text[0] == "?":
        return 2
    low, high = token["low"] or "0", token["high"] if token["comma"] else token["low"]
    if len(low) > 4 or len(high) > 4 or max(int(low), int(high or 0)) > _MOST_REPEATS:
        return None
    return 1 if not token["comma"] else min(int(high or length), length) + 1
