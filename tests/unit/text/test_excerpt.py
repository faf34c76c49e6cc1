"""Parts of blocks and their plain text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderapp.text.blocks import (
    LINE_BREAK,
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
from coderapp.text.excerpt import Excerpt, as_plain, plain_length

TABLE = TableBlock(
    [(Cell("ab"), Cell("cd", (Span(0, 1, Style.BOLD),))), (Cell("ef"), Cell("")), (Cell("g"), Cell("hi"))],
    ("left", "left"),
)
CODE = CodeBlock("py", ["one", "", "three"])
BLOCKS: tuple[Block, ...] = (
    TextBlock(f"a b{LINE_BREAK}c😀", (Span(0, 3, Style.ITALIC),)),
    TextBlock("", place=Place("l", "•")),
    RuleBlock(),
    MathBlock("x\ny"),
    CODE,
    CodeBlock(),
    TABLE,
)


@pytest.mark.parametrize("block", BLOCKS)
def test_length_is_that_of_the_plain_text(block: Block) -> None:
    assert plain_length(block) == len(plain_text(block))


@given(st.sampled_from(BLOCKS), st.integers(0, 20), st.integers(0, 20))
def test_a_part_has_the_characters_of_the_plain_text(block: Block, start: int, end: int) -> None:
    excerpt = Excerpt(block, start, end)
    part = excerpt.cut()
    assert excerpt.text() == plain_text(block)[start:end]
    if not isinstance(part, TableBlock):
        assert plain_text(part) == excerpt.text()


def test_a_whole_block_is_itself() -> None:
    assert Excerpt(CODE).cut() is CODE
    assert Excerpt(CODE, 0, 10).cut() is CODE


def test_spans_are_cut_with_their_text() -> None:
    block = TextBlock("a bold b", (Span(2, 4, Style.LINK, "http://x"),), place=Place("l", "1."))
    assert Excerpt(block, 3, 5).cut() == TextBlock("ol", (Span(0, 2, Style.LINK, "http://x"),), place=Place("l"))
    assert Excerpt(block, 0, 1).cut() == TextBlock("a", place=Place("l", "1."))


def test_a_piece_of_one_line_of_code_is_a_paragraph() -> None:
    assert Excerpt(CODE, 6, 8).cut() == TextBlock("hr", (Span(0, 2, Style.CODE),))
    part = Excerpt(CODE, 2, 6).cut()
    assert isinstance(part, CodeBlock)
    assert (part.info, part.lines) == ("py", ["e", "", "t"])


def test_a_piece_of_one_cell_is_a_paragraph() -> None:
    assert Excerpt(TABLE, 3, 5).cut() == TextBlock("cd", (Span(0, 1, Style.BOLD),))


def test_rows_without_the_header_get_an_empty_one() -> None:
    part = Excerpt(TABLE, 7, 11).cut()
    assert isinstance(part, TableBlock)
    assert [[cell.text for cell in row] for row in part.rows] == [["", ""], ["f", ""], ["g", ""]]


def test_plain_text_parts_blocks_and_joins_items() -> None:
    blocks: list[Block] = [
        TextBlock("Head", level=1),
        TextBlock("one", place=Place("l", "•")),
        TextBlock("two", place=Place("l", "•")),
        TextBlock("deep", place=Place("ll", "1.")),
        TextBlock("more", place=Place("l")),
        TextBlock("todo", place=Place("l", "•", True)),
        RuleBlock(),
        TextBlock("open", place=Place("ql", "•", False)),
    ]
    assert as_plain([Excerpt(block) for block in blocks]) == (
        "Head\n\n• one\n• two\n1. deep\n\nmore\n[x] todo\n\n[ ] open"
    )


def test_an_item_that_begins_before_the_part_has_no_marker() -> None:
    one, two = TextBlock("one", place=Place("l", "1.")), TextBlock("two", place=Place("l", "2."))
    assert as_plain([Excerpt(one, 1), Excerpt(two, 0, 2)]) == "ne\n2. tw"


def test_a_paragraph_that_was_cut_is_in_one_piece() -> None:
    assert as_plain([Excerpt(TextBlock("one ")), Excerpt(TextBlock("two", continued=True))]) == "one two"
    assert as_plain([Excerpt(TextBlock("two", continued=True), 1)]) == "wo"
