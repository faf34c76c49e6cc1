"""However a text is cut into pieces, the document is that of the whole text, and each update says what changed."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coderapp.text.blocks import CodeBlock, TextBlock, plain_text
from coderapp.text.stream import REPARSE_FROM, MarkdownStream, Update, parse
from tests.unit.text.cases import CASES
from tests.unit.text.keys import key, streamed, whole

_ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("text", CASES)
def test_any_two_pieces(text: str) -> None:
    expected = whole(text)
    for cut in range(len(text) + 1):
        assert streamed([text[:cut], text[cut:]]) == expected, cut


@pytest.mark.parametrize("text", CASES)
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
    ]
)


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
    for piece, level in (("a\n", 0), ("=", 1), ("b", 0)):
        stream.feed(piece)
        assert stream.flush() == Update(0)
        block = stream.blocks[0]
        assert isinstance(block, TextBlock)
        assert block.level == level


def test_a_late_reference_is_resolved_by_the_final_flush() -> None:
    stream = MarkdownStream()
    stream.feed("see [a]\n\n- x\n- y\n\n[a]: http://b\n\nend\n\nmore")
    for _ in range(2):
        stream.flush()
    stream.feed(" text")
    stream.flush()
    assert isinstance(stream.blocks[0], TextBlock)
    assert plain_text(stream.blocks[0]) == "see a"
    stream = MarkdownStream()
    for piece in ("see [a]\n\n# x\n\n", "y\n\nz\n\n", "[a]: http://b\n\nend\n"):
        stream.feed(piece)
        stream.flush()
    assert plain_text(stream.blocks[0]) == "see [a]"  # until then
    assert stream.flush(final=True) == Update(0)
    assert plain_text(stream.blocks[0]) == "see a"


def test_a_large_open_block_waits_until_it_grew() -> None:
    stream = MarkdownStream()
    stream.feed("word " * (REPARSE_FROM // 4))
    assert stream.flush() == Update(0)
    shown = plain_text(stream.blocks[0])
    stream.feed("more")
    assert stream.flush() is None
    assert plain_text(stream.blocks[0]) == shown
    assert stream.flush(final=True) == Update(0)
    assert plain_text(stream.blocks[0]).endswith(" more")


def test_parse_is_the_whole_text() -> None:
    assert [key(block) for block in parse("- a\n\n```\nb")] == whole("- a\n\n```\nb")


_HOSTILE = {
    "one paragraph": "word and *more* words, " * 1_300,
    "items": "- item\n" * 4_000,
    "table": "| a | b |\n|---|---|\n" + "| one | two |\n" * 500,
    "quotes": ">" * 10_000 + " end",
    "bullets": "- " * 10_000 + "end",
    "nested": "".join("  " * depth + "- a\n" for depth in range(150)) + "end",
    "backticks": "`" * 30_000,
    "one line in a fence": "```\n" + "x" * 200_000,
    "lines in a fence": "```\n" + "x = 1\n" * 30_000,
    "fences": "```\na\n```\n" * 3_000,
    "brackets": "[" * 1_500,
    "images": "![" * 300 + "a" + "](http://b)" * 300,
    "references": "".join(f"[l{number}]\n\n" for number in range(700))
    + "".join(f"[l{n}]: http://u\n" for n in range(700)),
    "breaks": "\r\n" * 10_000,
}


@pytest.mark.parametrize("name", _HOSTILE)
def test_hostile_text_ends_in_time_and_is_kept(name: str) -> None:
    text = _HOSTILE[name]
    stream = MarkdownStream()
    begin = time.process_time()
    for start in range(0, len(text), 67):
        stream.feed(text[start : start + 67])
        stream.flush()
    stream.flush(final=True)
    assert time.process_time() - begin < 20  # 0.01 to 1.5 s here; quadratic cost would be minutes
    assert [key(block) for block in stream.blocks] == whole(text)
    if "end" in text:
        assert "end" in plain_text(stream.blocks[-1])


def test_cost_is_that_of_the_new_text() -> None:
    """Ten times the text in finished blocks costs about ten times, not a hundred times as much."""

    def cost(count: int) -> float:
        stream = MarkdownStream()
        begin = time.process_time()
        for number in range(count):
            stream.feed(f"Paragraph *{number}*.\n\n```py\nx = {number}\n```\n\n- a\n- b\n\n")
            stream.flush()
        return time.process_time() - begin

    cost(20)
    assert cost(600) < 40 * max(cost(60), 0.002)
