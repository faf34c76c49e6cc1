"""Finding text in blocks: plain, by whole words, or by a regular expression.

Plain text is searched in slices, so that a search in a thread never holds the interpreter for more than about 2 ms. A
regular expression can take any time, and Python's engine lets no other thread run meanwhile: those are searched by a
process of their own (see `find_process`), which has a deadline.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import Self

from coderapp.core.errors import CoderappError
from coderapp.text.blocks import Block, plain_text
from coderapp.text.excerpt import plain_length
from coderapp.text.find_process import FindProcess, TookTooLong, UnreadableExpression

MOST_HITS = 10_000
"""Hits in one text."""

MOST_HITS_IN_ALL = 100_000
"""Hits in all blocks together."""

LONGEST_QUERY = 5_000
"""Characters."""

SLICE = 1 << 18
"""Characters that are searched at a stretch."""

BATCH = 1 << 20
"""Characters that are handed to the process of a regular expression at a stretch."""

_NO_BONE = re.compile(r"[\W_]+")
"""What Markdown may take away: everything but letters and digits."""

_HIDING = re.compile(r"&#?\w+;|\]\(|\]\[|^ {0,3}\[[^\]\n]+\]:", re.MULTILINE)
"""Where letters are others, or are gone, once it is read: entities and the addresses of links."""

Hit = tuple[int, int]
"""(start, end) in characters."""


class QueryFault(CoderappError):
    """A query that can't be searched for; the sentence says why."""

    default_advice = "Change the expression, or switch regular expressions off."


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for. `case`: capitals matter. `whole_word`: no letter, digit, mark or underscore stands right
    before or behind it, unless it begins or ends with something else itself. Without `case`, characters are equal whose
    case folding is: "ß" finds "SS", but "e" does not find "é".

    With `words`, any of these is looked for instead of `text`, and the three switches are off; accents do not matter
    then, as they don't where every conversation is searched.
    """

    text: str = ""
    case: bool = False
    whole_word: bool = False
    regex: bool = False
    words: tuple[str, ...] = ()

    def compile(self) -> Finder:
        """Raises QueryFault for an expression that can't be read, or text of more than LONGEST_QUERY characters. Takes
        below 1 ms for all but odd expressions: call it where the search runs.
        """
        return Finder(self)


class Finder:
    """Searches for one query, any number of times, from one thread at a time. Close it, or use it in a `with`: a
    regular expression has a process. Only `abandon` may be called from another thread.
    """

    def __init__(self, query: Query) -> None:
        if max(len(query.text), sum(map(len, query.words))) > LONGEST_QUERY:
            sentence = f"The text to find has more than {LONGEST_QUERY:,} characters."
            raise QueryFault(sentence, advice="Look for a part of it.")
        self.query = query
        self._loose = bool(query.words)
        fold = _loosely if self._loose else str.casefold
        self._needles = [query.text] if query.case else [fold(word) for word in query.words or (query.text,)]
        self._bones = [_NO_BONE.sub("", needle) for needle in self._needles]
        self._abandoned = threading.Event()
        self._fault: QueryFault | None = None
        self._process: FindProcess | None = None
        if query.regex and query.text:
            try:
                self._process = FindProcess(query.text, case=query.case)
            except UnreadableExpression as error:
                raise QueryFault(f"{error}.") from error

    def find_in(self, text: str, most: int = MOST_HITS) -> list[Hit]:
        """The hits in order; they don't overlap, and none is empty. At most `most`. Raises QueryFault where a regular
        expression takes too long.
        """
        return self.find_in_all([text], most)[0]

    def find_in_all(self, texts: Sequence[str], most: int = MOST_HITS) -> list[list[Hit]]:
        """The hits in each of the texts. After `abandon` those that were found until then."""
        if self._process is None:
            return [self._find_plain(text, most) for text in texts]
        found = self._ask(self._process, texts, most)
        return found + [[] for _ in texts[len(found) :]]

    def search_blocks(self, blocks: Iterable[Block], most: int = MOST_HITS_IN_ALL) -> list[tuple[int, int, int]]:
        """(index of the block, start, end) for each hit; positions are of `plain_text(block)`. At most MOST_HITS in a
        block and `most` in all.
        """
        found: list[tuple[int, int, int]] = []
        if not self.query.text:
            return found
        for first, texts in _batches(blocks):
            if self._abandoned.is_set() or len(found) >= most:
                break
            for index, hits in enumerate(self.find_in_all(texts, min(MOST_HITS, most)), first):
                found += [(index, start, end) for start, end in hits]
        return found[:most]

    def may_find(self, source: str) -> bool:
        """Whether anything can be found in a Markdown source once it is read: many times quicker than to read it. Where
        that can't be told from its letters and digits, True.
        """
        query = self.query
        if query.regex or not all(self._bones) or _HIDING.search(source):
            return True
        fold = (lambda text: text) if query.case else _loosely if self._loose else str.casefold
        bones = _NO_BONE.sub("", fold(source))
        return any(bone in bones for bone in self._bones)

    @property
    def abandoned(self) -> bool:
        return self._abandoned.is_set()

    def abandon(self) -> None:
        """Nobody wants the result any more: what searches returns soon. Callable from any thread; for good."""
        self._abandoned.set()
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        self._abandoned.set()
        if self._process is not None:
            self._process.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self, process: FindProcess, texts: Sequence[str], most: int) -> list[list[Hit]]:
        if self._fault is not None:
            raise self._fault
        if self._abandoned.is_set():
            return []
        keep = _is_whole_word if self.query.whole_word else None
        try:
            # Where hits are sifted afterwards, more of them are wanted first.
            found = process.find(texts, most if keep is None else 4 * most)
        except TookTooLong as error:
            if self._abandoned.is_set():
                return []
            self._fault = QueryFault("The expression takes too long on this text.", advice="Make it simpler.")
            raise self._fault from error
        except OSError as error:
            if self._abandoned.is_set():
                return []
            self._fault = QueryFault(f"Regular expressions can't be searched for here: {error.strerror or error}.")
            raise self._fault from error
        if keep is None:
            return found
        return [[hit for hit in hits if keep(text, hit)][:most] for text, hits in zip(texts, found, strict=True)]

    def _find_plain(self, text: str, most: int) -> list[Hit]:
        folded = _Folded(text, case=self.query.case, loose=self._loose, abandoned=self._abandoned.is_set)
        if len(self._needles) == 1:
            return self._find_one(self._needles[0], text, folded, most)
        found: list[Hit] = []
        end = 0
        for hit in sorted(hit for needle in self._needles for hit in self._find_one(needle, text, folded, most)):
            if hit[0] >= end:
                found.append(hit)
                end = hit[1]
        return found[:most]

    def _find_one(self, needle: str, text: str, folded: _Folded, most: int) -> list[Hit]:
        found: list[Hit] = []
        position = 0
        while needle and len(found) < most:
            at = self._next(needle, folded.text, position)
            if at < 0:
                break
            hit = folded.original(at, at + len(needle))
            if hit is None or (self.query.whole_word and not _is_whole_word(text, hit)):
                position = at + 1
                continue
            found.append(hit)
            position = at + len(needle)
        return found

    def _next(self, needle: str, text: str, position: int) -> int:
        """Where the needle stands next; -1 where it does not, or the search was abandoned."""
        while position < len(text) and not self._abandoned.is_set():
            at = text.find(needle, position, position + SLICE + len(needle) - 1)
            if at >= 0:
                return at
            position += SLICE
        return -1


class _Folded:
    """A text as it is compared. Folding makes two or three characters of a few: hits are mapped back."""

    def __init__(self, text: str, *, case: bool, loose: bool, abandoned: Callable[[], bool]) -> None:
        self._folding: Callable[[str], str] = _loosely if loose else str.casefold
        self._grown: list[int] = []  # where a character's folding begins that is longer than itself, in `text`
        self._ends: list[int] = []  # where it ends
        self._gained: list[int] = [0]  # characters that the first n of them are longer
        self.text = text
        if not case:
            self.text = self._fold(text, abandoned)

    def _fold(self, text: str, abandoned: Callable[[], bool]) -> str:
        pieces: list[str] = []
        step = SLICE >> 3
        position = 0
        for start in range(0, len(text), step):
            if abandoned():
                break
            piece = text[start : start + step]
            folded = self._folding(piece)
            if len(folded) > len(piece):  # each character becomes at least one
                self._note(piece, position)
            pieces.append(folded)
            position += len(folded)
        return "".join(pieces)

    def _note(self, piece: str, position: int) -> None:
        for character in piece:
            size = 1 if character.isascii() else len(self._folding(character))
            if size > 1:
                self._grown.append(position)
                self._ends.append(position + size)
                self._gained.append(self._gained[-1] + size - 1)
            position += size

    def original(self, start: int, end: int) -> Hit | None:
        """A hit's place in the text itself; None where it begins or ends inside one of its characters."""
        if not self._grown:
            return start, end
        first, last = self._whole(start), self._whole(end)
        return None if first is None or last is None else (first, last)

    def _whole(self, position: int) -> int | None:
        before = bisect_left(self._grown, position)
        if before and self._ends[before - 1] > position:
            return None
        return position - self._gained[before]


def _loosely(text: str) -> str:
    """Folded, and without accents: each character becomes at least one."""
    return text.casefold() if text.isascii() else "".join(map(_bare, text))


@lru_cache(1 << 14)
def _bare(character: str) -> str:
    folded = unicodedata.normalize("NFKD", character.casefold())
    return "".join(part for part in folded if unicodedata.category(part) != "Mn") or character


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_" or unicodedata.category(character) in ("Mn", "Mc", "Me", "Pc")


def _is_whole_word(text: str, hit: Hit) -> bool:
    start, end = hit
    if start > 0 and _is_word(text[start]) and _is_word(text[start - 1]):
        return False
    return not (end < len(text) and _is_word(text[end - 1]) and _is_word(text[end]))


def _batches(blocks: Iterable[Block]) -> Iterator[tuple[int, list[str]]]:
    """(index of the first block, texts), about BATCH characters at a time."""
    texts: list[str] = []
    first = size = 0
    for index, block in enumerate(blocks):
        length = plain_length(block)
        if texts and size + length > BATCH:
            yield first, texts
            first, texts, size = index, [], 0
        texts.append(plain_text(block))
        size += length
    if texts:
        yield first, texts
