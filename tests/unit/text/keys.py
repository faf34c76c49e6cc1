"""Documents as values that can be compared."""

from __future__ import annotations

from collections.abc import Iterable

from coderapp.text.blocks import Block, Cell, CodeBlock, MathBlock, Place, RuleBlock, TableBlock, TextBlock
from coderapp.text.stream import MarkdownStream, parse
from tests.unit.text.oracle import oracle

Code = tuple[str, tuple[str, ...], Place, bool]
Table = tuple[tuple[str, ...], tuple[tuple[Cell, ...], ...], Place, bool]
Key = TextBlock | RuleBlock | MathBlock | Table | Code


def key(block: Block) -> Key:
    match block:
        case CodeBlock():
            return block.info, tuple(block.lines), block.place, block.closed
        case TableBlock():
            return block.align, tuple(block.rows), block.place, block.closed
        case _:
            return block


def whole(text: str) -> list[Key]:
    """The blocks of a text that is parsed at once."""
    return [key(block) for block in parse(text)]


def otherwise(text: str) -> list[Key]:
    """The blocks of a text as markdown-it finds them."""
    return [key(block) for block in oracle(text)]


def streamed(pieces: Iterable[str]) -> list[Key]:
    """The blocks of a text that comes in pieces; what each update says is checked against what was there before."""
    stream = MarkdownStream()
    before: list[Key] = []
    objects: list[Block] = []
    for piece in [*pieces, None]:
        if piece is not None:
            stream.feed(piece)
        update = stream.flush(final=piece is None)
        now = [key(block) for block in stream.blocks]
        if update is None:
            assert now == before
            continue
        assert now != before or update.grown
        assert now[: update.first] == before[: update.first]
        assert all(new is old for new, old in zip(stream.blocks, objects[: update.first], strict=False))
        assert update.first <= len(before)
        if update.grown:
            old, new = before[update.first], now[update.first]
            assert stream.blocks[update.first] is objects[update.first]
            assert isinstance(old, tuple)
            assert isinstance(new, tuple)
            assert (old[0], old[2]) == (new[0], new[2])
            assert old[1][: update.kept] == new[1][: update.kept]
            assert update.kept <= min(len(old[1]), len(new[1]))
        before, objects = now, list(stream.blocks)
    return before
