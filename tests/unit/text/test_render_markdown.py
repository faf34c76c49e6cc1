"""Blocks as Markdown, and back."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from coderapp.text.blocks import Block, CodeBlock, MathBlock, Place, Span, Style, TableBlock, TextBlock
from coderapp.text.excerpt import Excerpt
from coderapp.text.inline_marks import code_span
from coderapp.text.render_markdown import as_markdown
from coderapp.text.stream import parse
from tests.unit.text.cases import CASES


def _keys(blocks: list[Block]) -> list[object]:
    """What is compared. Paragraphs without characters are left out."""
    found: list[object] = []
    for block in blocks:
        match block:
            case CodeBlock():
                found.append((block.info, tuple(block.lines), block.place))
            case TableBlock():
                found.append((block.align, tuple(block.rows), block.place))
            case TextBlock() if not block.text and not block.level and not block.place.marker:
                continue
            case _:
                found.append(block)
    return found


def _again(source: str) -> str:
    return as_markdown([Excerpt(block) for block in parse(source)])


def _part(source: str, start: int, end: int | None = None) -> str:
    (block,) = parse(source)
    return as_markdown([Excerpt(block, start, end)])


@pytest.mark.parametrize("source", CASES)
def test_what_is_written_is_read_as_the_same(source: str) -> None:
    assert _keys(parse(_again(source))) == _keys(parse(source))


_WORDS = (
    "a",
    "b c",
    "é",
    "snake_case",
    "2 * 3",
    "C#",
    "x < y",
    "Vec<T>",
    "a|b",
    "C:\\x",
    "1.",
    "0)",
    "it's",
    "$5",
    "😀",
)
_MARKS = (
    "*",
    "**",
    "_",
    "~~",
    "`",
    "``",
    "[",
    "](http://b.c)",
    "<http://c.d>",
    "http://x.y/a_b",
    "\\",
    "\\\n",
    "&amp;",
)
_PREFIXES = ("", "", "- ", "1. ", "> ", "> - ", "- [x] ", "# ", "   ", "  - ", "- > ", "| a | b |\n|---|:-:|\n| ")
_line = st.lists(st.sampled_from([*_WORDS, *_MARKS, " ", " "]), max_size=8).map("".join)
_text = st.lists(st.tuples(st.sampled_from(_PREFIXES), _line, st.sampled_from(["\n", "\n\n"])), max_size=6).map(
    lambda lines: "".join("".join(parts) for parts in lines)
)


@given(_text)
@example("- a\n- b\n\n[x]: y\n\n1. c")
@example("1. a\n\n[x]: y\n\n1. b")
@example("***a** b* _c_**d**\n\n*a*b_c_")
def test_any_text_is_read_as_the_same(source: str) -> None:
    blocks = parse(source)
    # An empty item that goes on with a paragraph begins with that paragraph.
    assume(not any(isinstance(b, TextBlock) and not b.text and not b.level for b in blocks))
    assert _keys(parse(as_markdown([Excerpt(block) for block in blocks]))) == _keys(blocks)


@pytest.mark.parametrize(
    "source",
    [
        "Plain words, snake_case, 2 * 3 and C:\\dir; a < b & c.",
        "A **bold *and italic* word**, ~~gone~~, `code` and [a link](http://a.b/c).",
        "See http://a.b/c_d_e and <http://x.y/*z*>.",
        "- one\n- two\n  1. deep\n  2. deeper\n\n     more\n- [x] done",
        "> quote\n>\n> - item\n>\n>   more\n>\n> > inner",
        "# Head\n\n```py\nx = 1\n\n```\n\n---\n\nend",
        "````\n```\n````",
        "| a | b \\| c |\n| :-: | --: |\n| `1` |  |",
        "Line one\\\nline two",
        "3) three\n4) four",
    ],
)
def test_well_written_text_comes_back_as_it_was(source: str) -> None:
    assert _again(source) == source


def test_marks_of_text_are_escaped_only_where_they_would_be_read() -> None:
    assert _again("\\*a\\* 2 * 3 \\_b\\_ c_d") == "\\*a\\* 2 * 3 \\_b\\_ c_d"
    assert _again("1\\. a") == "1\\. a"
    assert _again("version 1. and 2) and - and # and > and =") == "version 1. and 2) and - and # and > and ="
    assert _again("&lt;b&gt; a < b") == "\\<b> a < b"
    assert _again("\\[x\\] a") == "[x] a"


def test_code_spans_are_longer_than_what_is_in_them() -> None:
    assert code_span("a") == "`a`"
    assert code_span("a`b") == "``a`b``"
    assert code_span("``") == "` `` `"
    assert code_span(" a ") == "`  a  `"


def test_parts_have_their_marks() -> None:
    assert _part("some **bold words** and [a link](http://x)", 7, 11) == "**ld w**"
    assert _part("some **bold words** and [a link](http://x)", 0, 10) == "some **bold**"
    assert _part("a [link](http://x.y) b", 3, 5) == "[in](http://x.y)"
    assert _part("see http://x.y/abc", 4, 10) == "[http:/](http://x.y/abc)"
    assert _part("# Head line", 5) == "# line"
    assert _part("- item text", 5) == "text"
    assert _part("- item text", 0, 4) == "- item"


def test_parts_of_code_and_tables() -> None:
    assert _part("```py\nabc\ndef\n```", 1, 5) == "```py\nbc\nd\n```"
    assert _part("```py\nabc\ndef\n```", 1, 3) == "`bc`"
    assert _part("| a | b |\n|---|---|\n| c | d |", 4, 7) == "|  |  |\n| --- | --- |\n| c | d |"
    assert _part("| a | **b** |\n|---|---|\n| c | d |", 2, 3) == "**b**"


def test_a_selection_that_begins_inside_a_list() -> None:
    one, two, deep = parse("- one\n- two\n  - deep")
    assert as_markdown([Excerpt(one, 1), Excerpt(two)]) == "ne\n\n- two"
    assert as_markdown([Excerpt(deep)]) == "- deep"


def test_lists_that_do_not_count_on_are_kept_apart() -> None:
    blocks = [TextBlock("a", place=Place("l", "2.")), TextBlock("b", place=Place("l", "1."))]
    assert parse(as_markdown([Excerpt(block) for block in blocks])) == blocks


def test_formulas_and_footnotes() -> None:
    source = "Let $x_1$ be[^n] so.\n\n$$\na^2\n$$\n\n[^n]: It *is*."
    assert _again(source) == source
    assert _keys(parse(_again("\\(a\\) \\$5 and \\$6"))) == _keys(parse("\\(a\\) \\$5 and \\$6"))


def test_a_paragraph_that_was_cut_is_in_one_piece() -> None:
    first = TextBlock("one **two", (Span(4, 5, Style.BOLD),))
    second = TextBlock(" three", (Span(0, 6, Style.BOLD),), continued=True)
    assert as_markdown([Excerpt(TextBlock("a ")), Excerpt(TextBlock("b", continued=True))]) == "a b"
    assert as_markdown([Excerpt(first), Excerpt(second)]).startswith("one **")
    long = TextBlock("x" * 30_000)
    assert as_markdown([Excerpt(long), Excerpt(TextBlock("y", continued=True))]) == "x" * 30_000 + "y"


def test_a_part_without_characters_is_nothing() -> None:
    one, two = parse("- one\n- two")
    assert as_markdown([Excerpt(one), Excerpt(two, 0, 0)]) == "- one"
    assert as_markdown([Excerpt(one, 3), Excerpt(two)]) == "- two"


def test_an_empty_item_that_goes_on_begins_with_what_follows() -> None:
    blocks = [TextBlock("", place=Place("l", "•", True)), TextBlock("a", place=Place("l")), TextBlock("")]
    assert as_markdown([Excerpt(block) for block in blocks]) == "- [x] a"


def test_emphases_are_cut_between_words() -> None:
    (block,) = parse("**bold *both words* bold**")
    assert as_markdown([Excerpt(block, 0, 10)]) == "**bold *both***"
    assert as_markdown([Excerpt(block, 4, 16)]) == "***both words***"
    assert as_markdown([Excerpt(block, 9, 10)]) == ""


def test_links_of_every_kind() -> None:
    for source in (
        "[a](<http://b/c d>)",
        "[a](http://b/\\(c)",
        "<me@b.cd>",
        "[a](http://b?x&amp;copy;)",
        "[a\\]b](http://c)",
    ):
        assert _keys(parse(_again(source))) == _keys(parse(source))
    assert _again("<me@b.cd>") == "<me@b.cd>"
    assert _again("*http://a.b/c*") == "*http://a.b/c*"


def test_marks_behind_what_would_escape_them() -> None:
    for source in ("a!\\![b](http://c)", "a\\\\[b](http://c) \\*c\\*", "a\\\\**b** \\*c\\*"):
        assert _again(source) == source
        assert _keys(parse(_again(source))) == _keys(parse(source))


def test_what_can_not_be_written_in_any_way_is_written_nearly() -> None:
    assert as_markdown([Excerpt(TextBlock("ab", (Span(0, 1, Style.ITALIC), Span(1, 1, Style.BOLD))))]) == "*a***b**"
    assert as_markdown([Excerpt(MathBlock("$$"))]) == "\\[\n$$\n\\]"
    assert as_markdown([Excerpt(MathBlock("$$\n\\]"))]) == "$$\n$$\n\\]\n$$"


def test_long_paragraphs_are_not_checked() -> None:
    text = "a *b* " * 10_000 + "c"
    assert as_markdown([Excerpt(TextBlock(text))]) == text.replace("*", "\\*")
