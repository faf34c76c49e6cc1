"""One line around the place that was found, with what fits marked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from coderapp.storage.index_query import Query, Word
from coderapp.storage.index_words import fold, stands_alone

LENGTH = 160
"""Characters of a line."""

_BEFORE = 48
_PIECE = 256
_SPACE = re.compile(r"[\s\x00-\x1f\x7f\u2028\u2029]+")

Marks = tuple[tuple[int, int], ...]


class Snippet(NamedTuple):
    text: str
    marks: Marks = ()


def pattern_of(query: Query) -> re.Pattern[str] | None:
    """Finds in folded text what the query's words fit; None where it has none."""
    wanted = [word for word in query.words if not word.negated]
    patterns = [
        word_pattern(word, typing=query.typing and word is query.words[-1])
        for word in sorted(wanted, key=lambda word: -len(word.text))
    ]
    return re.compile("|".join(dict.fromkeys(patterns))) if patterns else None


def word_pattern(word: Word, *, typing: bool) -> str:
    first, last = word.tokens[0], word.tokens[-1]
    # A word of one or two letters is one by itself, or the beginning of one that is being typed.
    left = "" if stands_alone(first) or (word.open_left and len(first) > 2) else r"(?<![^\W_])"
    longer = typing or len(word.tokens) > 1 or len(last) > 2
    right = "" if stands_alone(last) or (word.open_right and longer) else r"(?![^\W_])"
    if not (literal := word.literal):
        return left + r"[\W_]{0,40}?".join(map(re.escape, word.tokens)) + right
    # Signs have no letter beside them; an apostrophe may be a printed one, which is folded to a space.
    left = left if literal.startswith(first) else ""
    right = right if literal.endswith(last) else ""
    return left + r"\s+".join(map(re.escape, literal.split())).replace("'", "[' ]") + right


def snippet(text: str, pattern: re.Pattern[str] | None) -> Snippet:
    """Around the first place where the pattern fits, or from the beginning."""
    folded = "" if pattern is None else fold(text)
    found = None if pattern is None else pattern.search(folded)
    at = 0 if found is None else _place(text, folded, found.start())
    start = 0 if at <= _BEFORE else _word_start(text, at - _BEFORE, at)
    end = start + LENGTH
    line = _SPACE.sub(" ", text[start : end + LENGTH])
    if start == 0 or line.startswith(" "):
        line = line.lstrip()
    cut = len(line) > LENGTH or end + LENGTH < len(text)
    line = line[:LENGTH].rstrip()
    marks = () if pattern is None else _marks(line, pattern)
    if start:
        line, marks = f"…{line}", tuple((first + 1, last + 1) for first, last in marks)
    return Snippet(f"{line}…" if cut else line, marks)


def _place(text: str, folded: str, at: int) -> int:
    """Where in the text the place `at` of its folded form is; where folding changed lengths, near it."""
    if len(text) == len(folded):
        return at
    passed = 0
    for start in range(0, len(text), _PIECE):
        length = len(fold(text[start : start + _PIECE]))
        if passed + length > at:
            return start + min(at - passed, _PIECE - 1)
        passed += length
    return max(len(text) - LENGTH, 0)


def _word_start(text: str, start: int, limit: int) -> int:
    """The next beginning of a word from `start` on, `start` itself where none comes before `limit`."""
    for place in range(start, min(start + 20, limit)):
        if text[place - 1].isspace():
            return place
    return start


def _marks(line: str, pattern: re.Pattern[str]) -> Marks:
    folded = fold(line)
    spans: Sequence[tuple[int, int]] = [match.span() for match in pattern.finditer(folded) if match.group()]
    if not spans or len(folded) == len(line):
        return tuple(spans)
    places: list[int] = []  # of each folded character, the one it comes from
    for place, character in enumerate(line):
        places += [place] * len(fold(character))
    if len(places) != len(folded):
        return ()
    places.append(len(line))
    # What is folded away, an accent of its own, belongs to the letter before it.
    return tuple((places[first], max(places[last], places[last - 1] + 1)) for first, last in spans)
