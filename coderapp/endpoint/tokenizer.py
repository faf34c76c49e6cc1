"""Text to pieces and back. Reversible: the pieces of any text, joined, are that text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

# A line break takes its indentation along, so that one piece says how deep the next line stands. Words and runs of
# punctuation take one space before them along. Digits go by threes, as in the common byte-pair vocabularies.
_PIECE = re.compile(r"\n[ \t]*| ?[^\W\d_]+| ?\d{1,3}| ?[^\w\s]{1,3}| ?_+|\s|.", re.DOTALL)

_SLICE = 65_536


def pieces(text: str) -> list[str]:
    return _PIECE.findall(text)


def slices(text: str, size: int = _SLICE) -> Iterator[str]:
    """`text` in parts of at most `size` characters, for counting the pieces of a long one bit by bit."""
    for start in range(0, len(text), size):
        yield text[start : start + size]


def count_pieces(text: str) -> int:
    """How many pieces, counted slice by slice: within one piece per slice of `len(pieces(text))`."""
    return sum(len(_PIECE.findall(part)) for part in slices(text))


class _Numbers(dict[str, int]):
    """Gives a piece that it does not know the next number."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__()
        self._texts = texts

    def __missing__(self, piece: str) -> int:
        number = self[piece] = len(self._texts)
        self._texts.append(piece)
        return number


class Vocabulary:
    """Pieces and their numbers. Numbers are given in the order of first sight and never change."""

    __slots__ = ("_numbers", "texts")

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.texts: list[str] = []
        self._numbers = _Numbers(self.texts)
        for text in texts:
            self.number(text)

    def __len__(self) -> int:
        return len(self.texts)

    def number(self, text: str) -> int:
        """The number of a piece; a new one where it is not known yet."""
        return self._numbers[text]

    def known(self, text: str) -> int | None:
        return self._numbers.get(text)

    def encode(self, text: str) -> list[int]:
        """The numbers of the pieces of `text`; unknown ones are added."""
        return list(map(self._numbers.__getitem__, _PIECE.findall(text)))

    def decode(self, numbers: Iterable[int]) -> str:
        return "".join([self.texts[number] for number in numbers])
