"""What a long text is cut into: blocks that are cheap to lay out, each with what stands before it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from enum import IntEnum

from PySide6.QtGui import QTextBlock, QTextBlockFormat, QTextFormat

PIECE = 1_000
"""Characters to which the blocks of a long line are cut."""

LONGEST_PIECE = 1_500
"""Characters from which a block is cut; above PIECE, so that not every key at a block's end cuts it again."""

SEPARATOR = "\u2029"
"""What Qt puts between blocks in `selectedText`. None stands inside a block."""

_BREAKS = re.compile("\r\n|[\n\r\u2029\ufdd0\ufdd1]")
ODD = re.compile("[\r\u2029\ufdd0\ufdd1]")
"""Ends of lines that are not the usual one."""

_PROPERTY = QTextFormat.Property.UserProperty + 1


class Break(IntEnum):
    """What stands between a block and the one before. Qt makes a block of each, and none can stand inside one."""

    LINE = 0
    NOTHING = 1  # a long line goes on
    CRLF = 2
    CR = 3
    PARAGRAPH = 4
    FRAME_BEGIN = 5
    FRAME_END = 6


_TEXTS = ("\n", "", "\r\n", "\r", "\u2029", "\ufdd0", "\ufdd1")
_KINDS = {text: Break(kind) for kind, text in enumerate(_TEXTS)}


def whole(text: str) -> str:
    """Without half characters: PySide drops them silently on the way out of a document, so they become U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def joined(raw: str, kinds: bytearray) -> str:
    """Qt's text with what really stands between its blocks."""
    if not kinds.strip(b"\0"):
        return raw.replace(SEPARATOR, "\n")
    pieces = raw.split(SEPARATOR)
    return pieces[0] + "".join([_TEXTS[kind] + piece for kind, piece in zip(kinds, pieces[1:], strict=True)])


def format_of(kind: Break) -> QTextBlockFormat:
    made = QTextBlockFormat()
    if kind:
        made.setProperty(_PROPERTY, int(kind))
    return made


def kind_of(block: QTextBlock) -> int:
    return block.blockFormat().intProperty(_PROPERTY)


def pieces(text: str, column: int) -> Iterator[tuple[Break | None, str]]:
    """The blocks of a text that is put in at `column` of a block; the first continues that one."""
    place = 0
    kind: Break | None = None
    while place <= len(text):
        found = _BREAKS.search(text, place)
        line = text[place : found.start() if found else len(text)]
        for piece in cut_line(line, column):
            yield kind, piece
            kind = Break.NOTHING
        if found is None:
            return
        kind = _KINDS[found[0]]
        place = found.end()
        column = 0


def cut_line(line: str, column: int, longest: int = LONGEST_PIECE) -> Iterator[str]:
    """A line in pieces, the first of which has to share its block with `column` characters; at least one."""
    place = 0
    while len(line) - place + column > longest:
        end = place + _cut_at(line, place, max(PIECE - column, 1))
        yield line[place:end]
        place, column = end, 0
    yield line[place:]


def _cut_at(line: str, place: int, most: int) -> int:
    """How many characters to take: after a space if there is one near, and not before what belongs to a letter."""
    space = line.rfind(" ", place + most * 3 // 4, place + most)
    if space >= 0:
        return space + 1 - place
    cut = most
    while cut > most // 2 and (_belongs(line[place + cut]) or line[place + cut - 1] == "\u200d"):
        cut -= 1
    return cut


def _belongs(letter: str) -> bool:
    """Whether it makes one with the letter before: marks, joiners, skin tones."""
    return letter == "\u200d" or unicodedata.category(letter).startswith("M") or "\U0001f3fb" <= letter <= "\U0001f3ff"
