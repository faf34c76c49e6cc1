"""The finished blocks of a document, each with its place, and which of them cite what is not defined yet."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable
from dataclasses import dataclass, replace

from coderapp.text.blocks import Block, Cell, Place, TextBlock
from coderapp.text.markdown import HEAVIEST, Read, Reader, read, weight, without_task_mark
from coderapp.text.references import References, labels

_MOST_CITING = 200_000
_EMPTY = Cell("")


@dataclass(frozen=True, slots=True)
class Citing:
    """A finished text with words in brackets that no reference explained. `row` and `column` where it is a cell,
    `first` where it is the first block of a list item, `gap` where a space was put behind it.
    """

    index: int
    source: str
    labels: frozenset[str]
    first: bool = False
    gap: bool = False
    row: int = -1
    column: int = -1


class Finished:
    """`fresh` holds the blocks that were finished, or begun in their place, since it was last emptied; `base` is the
    index of the first one in the document. `path` and `marker` are those of the next block.
    """

    def __init__(self) -> None:
        self.fresh: list[Block] = []
        self.base = 0
        self.path = ""
        self.marker = ""
        self.references: References = {}
        self.citing: list[Citing] = []
        self.is_copy = False
        self._cited = 0  # characters in `citing`
        self._reader = Reader()
        self._look: Callable[[str, References], Read] = self._reader.exact

    def copy(self, *, unread: bool) -> Finished:
        """One that begins behind the blocks of this one. Its texts are guesses, or where `unread` as they stand in the
        source.
        """
        new = Finished.__new__(Finished)
        new.fresh = []
        new.base = self.base + len(self.fresh)
        new.path, new.marker = self.path, self.marker
        new.references = ChainMap({}, self.references)
        new.citing = []
        new.is_copy = True
        new._cited = 0
        new._reader = self._reader
        new._look = _unread if unread else self._reader.guess
        return new

    def place(self) -> Place:
        """Of the next block."""
        place = Place(self.path, self.marker)
        self.marker = ""
        return place

    def text(self, content: str, level: int = 0, note: str = "", *, continued: bool = False, gap: bool = False) -> None:
        text, spans = self._look(content, self.references)
        first = bool(self.marker)
        task = None
        if first and not level and not continued:
            text, spans, task = without_task_mark(text, spans)
        if "[" in content:
            first = first and not level and not continued
            self._cite(Citing(self.base + len(self.fresh), content, frozenset(), first, gap))
        place = self.place()
        if task is not None or note:
            place = Place(place.path, note or place.marker, task)
        self.fresh.append(TextBlock(text + " " if gap else text, spans, level, place, continued))

    def _cite(self, citing: Citing) -> None:
        """Notes a text whose words in brackets may be explained later."""
        if self.is_copy or self._cited > _MOST_CITING:
            return
        missing = frozenset(each for each in labels(citing.source) if each not in self.references)
        if missing:
            self.citing.append(replace(citing, labels=missing))
            self._cited += len(citing.source)

    def cells(self, sources: list[str], count: int, row: int) -> tuple[Cell, ...]:
        index = self.base + len(self.fresh) - (row > 0)
        found = []
        plain = sum(map(weight, sources)) > HEAVIEST
        for column, source in enumerate(sources[:count]):
            found.append(Cell(source) if plain else Cell(*read(source, self.references)))
            if "[" in source and not plain:
                self._cite(Citing(index, source, frozenset(), row=row, column=column))
        return (*found, *(_EMPTY for _ in range(count - len(found))))


def _unread(source: str, _references: References) -> Read:
    return source, ()
