"""Parts of blocks, as a selection takes them, and their plain text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from coderapp.text.blocks import (
    TOP,
    Block,
    Cell,
    CodeBlock,
    MathBlock,
    Place,
    RuleBlock,
    Span,
    Style,
    TableBlock,
    TextBlock,
    plain_text,
)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The characters of `plain_text(block)` from `start` to `end`; None: to its end."""

    block: Block
    start: int = 0
    end: int | None = None

    def text(self) -> str:
        if self.start == 0 and self.end is None:
            return plain_text(self.block)
        return plain_text(self.block)[self.start : self.end]

    def whole(self) -> bool:
        return self.start <= 0 and (self.end is None or self.end >= plain_length(self.block))

    def empty(self) -> bool:
        """Whether it is a part without any character, as at the ends of a selection. A rule is whole."""
        return not self.whole() and self.end is not None and self.end <= self.start

    def cut(self) -> Block:
        """The part as a block of its own; the block itself where it is whole. What lies inside one line of code or one
        cell becomes a paragraph. A table without its header gets an empty one. The marker of a list item goes with its
        first character.
        """
        if self.whole():
            return self.block
        length = plain_length(self.block)
        start = max(0, min(self.start, length))
        end = length if self.end is None else max(start, min(self.end, length))
        place = self.block.place if start == 0 else Place(self.block.place.path)
        match self.block:
            case TextBlock() as block:
                spans = _cut_spans(block.spans, start, end)
                return replace(block, text=block.text[start:end], spans=spans, place=place)
            case CodeBlock() as block:
                return _cut_code(block, start, end, place)
            case TableBlock() as block:
                return _cut_table(block, start, end, place)
            case MathBlock() as block:
                return MathBlock(block.tex[start:end], place)
            case RuleBlock() as block:
                return block


def plain_length(block: Block) -> int:
    """Characters of `plain_text(block)`, counted without making it."""
    match block:
        case TextBlock():
            return len(block.text)
        case CodeBlock():
            return sum(map(len, block.lines)) + max(0, len(block.lines) - 1)
        case MathBlock():
            return len(block.tex)
        case TableBlock():
            cells = sum(len(cell.text) + 1 for row in block.rows for cell in row)
            return max(0, cells + sum(1 for row in block.rows if not row) - 1)
        case RuleBlock():
            return 0


def as_plain(excerpts: Iterable[Excerpt]) -> str:
    """Plain text: blocks are parted by an empty line, the items of a list by a line's end, and a paragraph that was cut
    because of its length is in one piece again. A list item that is there from its beginning has its marker.
    """
    pieces: list[str] = []
    above = TOP
    for excerpt in excerpts:
        block = excerpt.block
        if not plain_length(block):
            continue
        place = block.place
        if pieces and not (isinstance(block, TextBlock) and block.continued):
            pieces.append("\n" if place.marker and in_one_list(above, place) else "\n\n")
        if place.marker and excerpt.start == 0:
            pieces.append(f"{_marker(place)} ")
        pieces.append(excerpt.text())
        above = place
    return "".join(pieces)


def in_one_list(one: Place, other: Place) -> bool:
    """Whether two neighbours stand in the same outermost list."""
    for a, b in zip(one.path, other.path, strict=False):
        if a != b:
            return False
        if a == "l":
            return True
    return False


def _marker(place: Place) -> str:
    return place.marker if place.task is None else "[x]" if place.task else "[ ]"


def _cut_spans(spans: Sequence[Span], start: int, end: int) -> tuple[Span, ...]:
    found = []
    for span in spans:
        first, last = max(span.start, start), min(span.start + span.length, end)
        if first < last:
            found.append(Span(first - start, last - first, span.style, span.href))
    return tuple(found)


def _cut_code(block: CodeBlock, start: int, end: int, place: Place) -> Block:
    found: list[str] = []
    position = 0
    for line in block.lines:
        stop = position + len(line)
        if position <= end and stop >= start:
            found.append(line[max(0, start - position) : end - position])
        if stop >= end:
            break
        position = stop + 1
    if len(found) == 1:
        return TextBlock(found[0], (Span(0, len(found[0]), Style.CODE),) if found[0] else (), 0, place)
    return CodeBlock(block.info, found, place)


def _cut_table(block: TableBlock, start: int, end: int, place: Place) -> Block:
    rows: list[tuple[Cell, ...]] = []
    touched: list[Cell] = []
    position = 0
    for number, row in enumerate(block.rows):
        begin = position
        cells = []
        for cell in row:
            stop = position + len(cell.text)
            first, last = max(0, start - position), end - position
            if last < 0 or position + first > stop:
                cells.append(Cell(""))
            else:
                cells.append(Cell(cell.text[first:last], _cut_spans(cell.spans, first, min(last, len(cell.text)))))
                touched.append(cells[-1])
            position = stop + 1
        if number == 0 or (begin <= end and position > start):
            rows.append(tuple(cells))
        if position > end:
            break
    if len(touched) == 1:
        return TextBlock(touched[0].text, touched[0].spans, 0, place)
    return TableBlock(rows, block.align, place)
