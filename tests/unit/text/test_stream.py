"""However a text is cut into pieces, the document is that of the whole text, and each update says what changed."""

from __future__ import annotations

import json
import random
import re
import sys
from pathlib import Path
from typing import Self

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from coderapp.text.blocks import CodeBlock, MathBlock, Place, Span, Style, TableBlock, TextBlock, plain_text
from coderapp.text.provisional import provisional
from coderapp.text.stream import MarkdownStream, Update, parse
from coderapp.text.structure import LONGEST_LINE
from tests.unit.text.cases import BEYOND, CASES
from tests.unit.text.keys import key, otherwise, streamed, whole

_ROOT = Path(__file__).parents[3]
_EXAMPLES = json.loads(Path(__file__).with_name("examples.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("text", [*CASES, *BEYOND])
def test_any_two_pieces(text: str) -> None:
    expected = whole(text)
    for cut in range(len(text) + 1):
        assert streamed([text[:cut], text[cut:]]) == expected, cut


@pytest.mark.parametrize("text", [*CASES, *BEYOND])
def test_single_characters_and_lines(text: str) -> None:
    expected = whole(text)
    assert streamed(text) == expected
    assert streamed(text.splitlines(keepends=True)) == expected


def _pieces(text: str, dice: random.Random, most: int) -> list[str]:
    found = []
    while text:
        size = dice.randint(1, most)
        found.append(text[:size])
        text = text[size:]
    return found


@pytest.mark.parametrize("seed", range(8))
def test_cases_one_after_another(seed: int) -> None:
    dice = random.Random(seed)
    text = dice.choice(["\n", "\n\n"]).join(dice.sample(CASES, 60))
    expected = whole(text)
    for most in (3, 20, 200):
        assert streamed(_pieces(text, dice, most)) == expected


def test_long_documents() -> None:
    dice = random.Random(1)
    documents = [*(_ROOT / "docs").glob("*.md"), *sorted((_ROOT / "resources" / "snippets").glob("*/*.md"))[::12]]
    assert documents
    for path in documents:
        text = path.read_text(encoding="utf-8")
        assert streamed(_pieces(text, dice, 120)) == whole(text), path.name


@pytest.mark.parametrize("part", range(8))
@pytest.mark.parametrize("source", ["commonmark", "gfm"])
def test_examples_of_the_specifications(source: str, part: int) -> None:
    for text in _EXAMPLES[source][part::8]:
        expected = whole(text)
        assert expected == otherwise(text), text
        for cut in range(len(text) + 1):
            assert streamed([text[:cut], text[cut:]]) == expected, (text, cut)


@pytest.mark.parametrize("text", CASES)
def test_another_parser_finds_the_same(text: str) -> None:
    if text != "   > a\n    > b":  # CommonMark says that the second line is text, but for its margin
        assert whole(text) == otherwise(text)


_FRAGMENTS = st.sampled_from(
    [
        *("a", "b ", "\n", "\n\n", "- ", "* ", "1. ", "2) ", "> ", "```", "``", "`", "~~~", "```py\n", "\n```\n"),
        *(
            "    ",
            "  ",
            " ",
            "\t",
            "---",
            "===",
            "***",
            "# ",
            "#",
            "[f]: http://u",
            "[f]",
            "[a](http://x)",
            "'t'",
            "[f]:",
        ),
        *("'", "- [x] ", "| a | b |\n|---|---|\n", "| a | b |\n", "|", "-|-", "**", "*", "_", "~~", "\\", "&amp;", "<"),
        *("www.a.b", "(", ")", "!", "\r", "\r\n", "\0", "é", "😀", "\ud83d", "0."),
        *(
            "\n> ",
            "\n  ",
            "\n    ",
            "\n- ",
            "\n   ",
            "> - ",
            "$$",
            "$$\n",
            "\n$$\n",
            "\\[\n",
            "\\]",
            "$",
            "x$",
            "[^n]: ",
            "[^n]",
        ),
    ]
)


# What markdown-it takes otherwise than CommonMark says: marks of quotes that are indented, titles of references that
# are none, tabs in nested quotes.
_ODD = re.compile(r"    +>|\]:[^\n]*[\r\n]+[ >]*['\"(\d+*-]|\t")


@given(st.lists(_FRAGMENTS, max_size=24).map("".join))
@settings(max_examples=250)
def test_another_parser_finds_the_same_in_made_up_markdown(text: str) -> None:
    assume(not _ODD.search(text) and "$$" not in text and "\\[" not in text and "[^n]:" not in text)
    assert whole(text) == otherwise(text)


@given(st.lists(_FRAGMENTS, max_size=24).map("".join), st.randoms(use_true_random=False))
@settings(max_examples=250)
def test_made_up_markdown(text: str, dice: random.Random) -> None:
    expected = whole(text)
    assert streamed(_pieces(text, dice, 6)) == expected
    assert streamed(text) == expected


@given(st.text(max_size=60), st.integers(0, 60))
def test_any_text(text: str, cut: int) -> None:
    assert streamed([text[:cut], text[cut:]]) == whole(text)


def test_nothing_new_is_no_update() -> None:
    stream = MarkdownStream()
    assert stream.flush() is None
    stream.feed("")
    assert stream.flush() is None
    stream.feed("a")
    assert stream.flush() == Update(0)
    assert stream.flush() is None
    stream.feed("\r")
    assert stream.flush() is None  # may be half a line end
    assert stream.flush(final=True) is None


def test_a_fence_grows_in_place() -> None:
    stream = MarkdownStream()
    stream.feed("text\n\n```py")
    assert stream.flush() == Update(0)
    code = stream.blocks[1]
    assert isinstance(code, CodeBlock)
    assert (code.info, code.lines, code.closed) == ("", [], False)  # the info string may go on
    stream.feed("thon\nx = 1\ny")
    assert stream.flush() == Update(1)
    code = stream.blocks[1]
    assert isinstance(code, CodeBlock)
    assert (code.info, code.lines, code.closed) == ("python", ["x = 1", "y"], False)
    stream.feed(" = 2\n`")
    assert stream.flush() == Update(1, True, 1)
    assert code.lines == ["x = 1", "y = 2"]  # the mark may be the closing one
    stream.feed("``")
    assert stream.flush() is None
    stream.feed(" \nafter")
    assert stream.flush() == Update(1, True, 2)
    assert stream.blocks[1] is code
    assert code.closed
    assert stream.blocks[2] == TextBlock("after")


def test_what_looked_like_a_closing_mark_is_shown() -> None:
    stream = MarkdownStream()
    stream.feed("~~~\na\n~~")
    stream.flush()
    stream.feed("b")
    assert stream.flush() == Update(0, True, 1)
    assert plain_text(stream.blocks[0]) == "a\n~~b"
    stream.feed("\n" + "~" * 300)
    stream.flush()
    assert plain_text(stream.blocks[0]).endswith("~" * 300)


def test_a_fence_in_a_list_grows_in_place() -> None:
    stream = MarkdownStream()
    stream.feed("- a\n\n  ```py\n  x\n")
    stream.flush()
    code = stream.blocks[1]
    assert isinstance(code, CodeBlock)
    assert not code.closed
    stream.feed("  y\n")
    assert stream.flush() == Update(1, True, 1)
    stream.feed("  ```\n")
    assert stream.flush() == Update(1, True, 2)
    assert stream.blocks[1] is code
    assert code.closed


def test_a_list_changes_at_its_last_item() -> None:
    stream = MarkdownStream()
    stream.feed("4. a\n4. b\n4. c\n")
    stream.flush()
    stream.feed("4. d")
    assert stream.flush() == Update(3)
    assert [block.place.marker for block in stream.blocks] == ["4.", "5.", "6.", "7."]


def test_the_open_block_is_revised() -> None:
    stream = MarkdownStream()
    for piece, text, level in (
        ("a *b", "a *b", 0),
        ("*\n", "a b", 0),
        ("==", "a b", 0),
        ("\n", "a b", 1),
        ("c", "c", 0),
    ):
        stream.feed(piece)
        stream.flush()
        block = stream.blocks[-1]
        assert isinstance(block, TextBlock)
        assert (block.text, block.level) == (text, level)


@pytest.mark.parametrize("line", ["-", "- ", "1.", "##", "``", "|--", "- [ ]", "---", "$$", "\\[", "[^a]", "> -", "**"])
def test_marks_alone_are_shown_when_more_has_come(line: str) -> None:
    stream = MarkdownStream()
    stream.feed("a | b\n")
    stream.flush()
    stream.feed(line)
    assert stream.flush() is None
    stream.feed("x")
    assert stream.flush() is not None


def test_a_late_reference_is_resolved_by_the_final_flush() -> None:
    stream = MarkdownStream()
    for piece in ("see [a]\n\n# x\n\n| b |\n|---|\n| [a] |\n\n", "- [x] z\n\n", "[A]: http://b\n[X]: /x\n\nend\n"):
        stream.feed(piece)
        stream.flush()
    assert [plain_text(block) for block in stream.blocks] == ["see [a]", "x", "b\n[a]", "z", "end"]  # until then
    table = stream.blocks[2]
    assert stream.flush(final=True) == Update(0)
    assert [plain_text(block) for block in stream.blocks] == ["see a", "x", "b\na", "x z", "end"]
    assert stream.blocks[2] is not table
    assert stream.blocks[3].place.task is None


def test_parse_is_the_whole_text() -> None:
    assert [key(block) for block in parse("- a\n\n```\nb")] == otherwise("- a\n\n```\nb")


def _closed(block: CodeBlock | TableBlock) -> bool:
    return block.closed


def test_a_table_grows_in_place() -> None:
    stream = MarkdownStream()
    stream.feed("x\n| a | b |\n|--")
    stream.flush()
    assert [plain_text(block) for block in stream.blocks] == ["x | a | b |"]
    stream.feed("-|---|\n")
    assert stream.flush() == Update(0)
    table = stream.blocks[1]
    assert isinstance(table, TableBlock)
    stream.feed("| 1 | *2")
    assert stream.flush() == Update(1, True, 1)
    stream.feed("* |\n| 3")
    assert stream.flush() == Update(1, True, 1)
    assert plain_text(table) == "a\tb\n1\t2\n3\t"
    assert not _closed(table)
    stream.feed(" |\n\nend")
    assert stream.flush() == Update(1, True, 2)
    assert stream.blocks[1] is table
    assert _closed(table)


def test_columns_beyond_the_head_and_too_many() -> None:
    (table,) = parse("| a | b |\n|---|---|\n| 1 | 2 | 3 |\n| 4 |\n")
    assert plain_text(table) == "a\tb\n1\t2\n4\t"
    assert isinstance(parse("|a" * 100 + "|\n" + "|-" * 100 + "|\n")[0], TableBlock)
    assert isinstance(parse("|a" * 101 + "|\n" + "|-" * 101 + "|\n")[0], TextBlock)


def test_a_list_and_a_quote_grow_at_their_last_block() -> None:
    stream = MarkdownStream()
    stream.feed("1. a\n\n   > b\n   > - c\n")
    stream.flush()
    stream.feed("   >   d\n   > - e")
    assert stream.flush() == Update(2)
    assert stream.blocks[3] == TextBlock("e", place=Place("lql", "◦"))


def test_code_in_a_list_ends_where_its_lines_are_not_indented() -> None:
    stream = MarkdownStream()
    stream.feed("- ```\n  a\n ")
    stream.flush()
    code = stream.blocks[0]
    assert isinstance(code, CodeBlock)
    assert not _closed(code)
    stream.feed("b")
    assert stream.flush() == Update(0, True, 1)
    assert _closed(code)
    assert stream.blocks[1] == TextBlock("b")


def test_a_line_of_code_stays_one_however_long() -> None:
    text = "- ~~~\n  " + "x" * 50_000 + "\n  y\n"
    stream = MarkdownStream()
    for start in range(0, len(text), 700):
        stream.feed(text[start : start + 700])
        update = stream.flush()
        assert update == (Update(0, True, 0) if 0 < start < 49_000 else update)
        assert len(plain_text(stream.blocks[0])) <= 50_002
    assert [len(line) for line in plain_text(stream.blocks[0]).split("\n")] == [50_000, 1]
    assert streamed([text[:1999], text[1999:2010], text[2010:]]) == whole(text)


_LONG = {
    "words": "word *word* " * 1_200,
    "no space": "x" * 30_000,
    "lines": "some words in a line\n" * 1_500,
    "marks": "*a **b [c](d) `e`" * 400,
    "emoji": "👩‍👩‍👧" * 3_000,
    "item": "- " + "word " * 4_000 + "\n  more",
    "heading": "# " + "word " * 4_000 + "\nmore",
    "definitions": "".join(f"[l{n}]: http://u/{n}\n" for n in range(600)) + "end [l599]",
    "white space": " " * 2_500 + "\n" + "a" * 1_990 + " " * 100 + "b\n- " + " " * 2_500 + "c",
    "table": "| a |\n|---|\n| " + "b" * LONGEST_LINE + " |\n| c |",
    "fence": "```" + "a" * 3_000 + "\nb\n```",
    "rule": "a\n" + "-" * 3_000 + "\n" + "- " * 1_500,
}


@pytest.mark.parametrize("name", _LONG)
def test_what_is_too_long_is_cut_at_the_same_places_and_kept(name: str) -> None:
    text = _LONG[name]
    expected = whole(text)
    for seed, most in enumerate((3_000, 400)):
        assert streamed(_pieces(text, random.Random(seed), most)) == expected
    blocks = parse(text)
    if name in ("no space", "emoji"):
        assert "".join(plain_text(block) for block in blocks) == text
    if name == "lines":
        assert "".join(plain_text(block) for block in blocks) == text.replace("\n", " ").rstrip()
    if name in ("words", "no space", "lines", "item", "heading"):
        assert len(blocks) > 2
        assert all(isinstance(block, TextBlock) and len(block.text) < 5_100 for block in blocks)
        assert [block.continued for block in blocks if isinstance(block, TextBlock)][:2] == [False, True]
        assert {block.level for block in blocks[:3] if isinstance(block, TextBlock)} == {1 if name == "heading" else 0}
    if name == "definitions":
        assert [plain_text(block) for block in blocks] == ["end l599"]


def test_a_long_paragraph_is_shown_as_it_comes() -> None:
    stream = MarkdownStream()
    text = "word *and* more " * 150
    for start in range(0, len(text), 50):
        stream.feed(text[start : start + 50])
        stream.flush()
        shown = "".join(plain_text(block) for block in stream.blocks).replace("*", "")
        assert shown.rstrip() == text[: start + 50].replace("*", "").rstrip()


def test_formulas() -> None:
    found = parse("a $x^2$ b \\(y\\)\n\n$$\n\\sum\n= 1\n$$\n\n- \\[ z \\]\n- costs $5 and $10, US$ or $ 3$\n")
    assert found[1:3] == [MathBlock("\\sum\n= 1"), MathBlock("z", Place("l", "•"))]
    assert isinstance(found[0], TextBlock)
    assert [(found[0].text[s.start : s.start + s.length], s.style) for s in found[0].spans] == [
        ("x^2", Style.MATH),
        ("y", Style.MATH),
    ]
    assert found[3] == TextBlock("costs $5 and $10, US$ or $ 3$", place=Place("l", "•"))


def test_what_is_no_formula_is_read_as_if_no_formulas_were() -> None:
    assert [plain_text(block) for block in parse("$$\n# a\n- b\n\nc")] == ["$$", "a", "b", "c"]
    stream = MarkdownStream()
    stream.feed("a\n$$\n# b\n")
    stream.flush()
    assert [plain_text(block) for block in stream.blocks] == ["a", "$$\n# b"]  # until it is known
    stream.feed("\n")
    stream.flush()
    assert [plain_text(block) for block in stream.blocks] == ["a $$", "b"]


def test_footnotes() -> None:
    found = parse("a[^1] [^b-c]\n\n[^1]: d *e*\n[^b-c]: f\n")
    assert found[0] == TextBlock("a1 b-c", (Span(1, 1, Style.NOTE), Span(3, 3, Style.NOTE)))
    assert found[1:] == [
        TextBlock("d e", (Span(2, 1, Style.ITALIC),), place=Place("", "1")),
        TextBlock("f", place=Place("", "b-c")),
    ]


_HOSTILE = {
    "one paragraph": "word and *more* words, ",
    "items": "- item\n",
    "deep lines": "> > > - - - 1. text *a*\n",
    "rows": "| one | *two* |\n",
    "quotes": ">",
    "bullets": "- ",
    "backticks": "`",
    "brackets": "[",
    "images": "![a",
    "links": "[a](",
    "labels": "[a\n",
    "definitions": "[a]: /u\n",
    "stars": "*a",
    "addresses": "www.a.b ",
    "formulas": "$$\n",
    "brackets of formulas": "\\[ a\n",
    "fences": "```\na\n```\n",
    "one line": "x",
    "indented": "    x\n",
    "white space": " ",
    "carriage returns": "\r\n",
}
_BEGINNINGS = {
    "rows": "| a | b |\n|---|---|\n",
    "fence": "```\n",
    "fence in a list": "- ~~~\n",
    "open title": "[a]: u\n'",
}
_HOSTILE |= {"fence": "x = 1\n", "fence in a list": "  x = 1\n", "open title": "x\n"}


class _Work:
    """Counts the calls of functions while it is entered."""

    def __init__(self) -> None:
        self.calls = 0

    def _count(self, _frame: object, event: str, _argument: object) -> None:
        self.calls += event in ("call", "c_call")

    def __enter__(self) -> Self:
        sys.setprofile(self._count)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)


def _work(text: str) -> tuple[int, int]:
    """(calls for the whole text, the most in one flush), 200 characters a flush."""
    stream = MarkdownStream()
    total = most = 0
    for start in range(0, len(text), 200):
        stream.feed(text[start : start + 200])
        with _Work() as work:
            stream.flush()
        total += work.calls
        most = max(most, work.calls)
    stream.flush(final=True)
    return total, most


@pytest.mark.parametrize("name", _HOSTILE)
def test_hostile_text_costs_what_is_new_in_it(name: str) -> None:
    """Counted, not timed: four times the text takes about four times the calls, and there is a most for a flush."""
    beginning, part = _BEGINNINGS.get(name, ""), _HOSTILE[name]
    parse(part)
    small, _ = _work(beginning + part * (2_000 // len(part)))
    large, most = _work(beginning + part * (8_000 // len(part)))
    assert large < 6 * small + 80_000
    assert most < 200_000  # about 10 ms


def test_a_stand_in_for_a_long_text() -> None:
    text = "# a\r\nb\n\n```py\nx\n\ny\n```\n- c\n  ~~~\n  d\n    e\n  ~~~\n`f` ``` g\n\n````\n```\nend"
    found = provisional(text)
    assert [(type(block), plain_text(block)) for block in found] == [
        (TextBlock, "# a\nb"),
        (CodeBlock, "x\n\ny"),
        (TextBlock, "- c"),
        (CodeBlock, "d\n  e"),
        (TextBlock, "`f` ``` g"),
        (CodeBlock, "```\nend"),
    ]
    assert [block.info for block in found if isinstance(block, CodeBlock)] == ["py", "", ""]
    assert provisional("") == provisional("\n \n") == []
    assert len(provisional("a\n\n" * 30_000)) < 200
    assert all(len(plain_text(block)) < 7_000 for block in provisional("word " * 9_000))


@given(st.lists(_FRAGMENTS, max_size=24).map("".join))
def test_a_stand_in_shows_all_letters(text: str) -> None:
    shown = "".join(
        plain_text(block) + (block.info if isinstance(block, CodeBlock) else "") for block in provisional(text)
    )
    assert shown.count("a") == text.count("a")
    assert shown.count("é") == text.count("é")
