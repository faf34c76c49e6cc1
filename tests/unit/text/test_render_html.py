"""Blocks as HTML, read back."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderapp.text.blocks import Block, CodeBlock, Place, Span, Style, TextBlock
from coderapp.text.excerpt import Excerpt, as_plain
from coderapp.text.prompt import prompt_blocks
from coderapp.text.render_html import MOST_LINES, as_html
from coderapp.text.stream import parse
from tests.unit.text.cases import CASES

_ALLOWED = frozenset(
    ("p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "table", "tr", "th", "td", "pre")
)
_ALLOWED |= frozenset(("code", "span", "strong", "em", "s", "sup", "a", "br", "hr"))
_EMPTY = frozenset({"br", "hr"})


class _Reader(HTMLParser):
    """Complains of what is not balanced; keeps the elements and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _ALLOWED
        self.tags.append((tag, dict(attrs)))
        assert set(dict(attrs)) <= {"style", "href", "start"}
        if tag in _EMPTY:
            self.words.append(" ")
        else:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open
    return reader


def _letters(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _expected(blocks: list[Block]) -> str:
    """Plain text without the markers that HTML makes itself."""
    words = []
    for block in blocks:
        place = block.place
        plain = as_plain([Excerpt(block)])
        if place.marker and plain:
            mark = place.marker if place.task is None else "[x]" if place.task else "[ ]"
            plain = plain.removeprefix(f"{mark} ")
        if place.marker and "l" not in place.path and isinstance(block, TextBlock):
            plain = place.marker + plain
        words.append(plain)
    return _letters("".join(words))


def _check(blocks: list[Block]) -> None:
    for highlight in (True, False):
        reader = _read(as_html([Excerpt(block) for block in blocks], highlight=highlight))
        assert _letters("".join(reader.words)).replace("☑", "").replace("☐", "") == _expected(blocks)
        for tag, attributes in reader.tags:
            if tag == "a":
                assert re.match(r"(?:https?://|mailto:)\S", attributes["href"] or "", re.IGNORECASE)


@pytest.mark.parametrize("source", CASES)
def test_all_text_is_there(source: str) -> None:
    _check(parse(source))


_PIECES = (
    "a",
    "<script>",
    "</p>",
    "<!--",
    "&lt;",
    '"',
    "'",
    "*",
    "**",
    "`",
    "[x](javascript:a)",
    "[y](http://a/\"'<&)",
)
_STARTS = ("\n", "\n\n", "\n- ", "\n2. ", "\n> ", "\n  - ", "\n# ", "\n```html\n", "\n| a |\n|---|\n| ", " ")


@given(st.lists(st.sampled_from(_PIECES + _STARTS), max_size=20).map("".join))
def test_text_never_becomes_tags(source: str) -> None:
    _check(parse(source))
    _check(prompt_blocks(source))


def test_lists_nest() -> None:
    html = as_html([Excerpt(block) for block in parse("- a\n- b\n\n  3. c\n  4. d\n\n     e\n- f\n\n1. g")])
    assert html == (
        '<ul><li>a</li><li>b<ol start="3"><li>c</li><li>d<p>e</p></li></ol></li><li>f</li></ul><ol><li>g</li></ol>'
    )


def test_quotes_nest() -> None:
    html = as_html([Excerpt(block) for block in parse("> a\n> > b\n\nc\n\n- > d")])
    assert re.sub(r' style="[^"]*"', "", html) == (
        "<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote><p>c</p>"
        "<ul><li><blockquote><p>d</p></blockquote></li></ul>"
    )


def test_an_item_whose_beginning_is_not_there_is_a_paragraph() -> None:
    one, two = parse("- one\n- two")
    assert as_html([Excerpt(one, 1), Excerpt(two)]) == "<p>ne</p><ul><li>two</li></ul>"


def test_a_part_without_characters_is_nothing() -> None:
    one, two = parse("- one\n- two")
    assert as_html([Excerpt(one), Excerpt(two, 0, 0)]) == "<ul><li>one</li></ul>"


def test_lists_that_follow_each_other() -> None:
    blocks = [TextBlock(words, place=Place("l", mark)) for words, mark in (("a", "2."), ("b", "1."), ("c", "•"))]
    assert as_html([Excerpt(block) for block in blocks]) == (
        '<ol start="2"><li>a</li></ol><ol><li>b</li></ol><ul><li>c</li></ul>'
    )


def test_styles() -> None:
    reader = _read(as_html([Excerpt(block) for block in parse("***a*** ~~b~~ `c` [d](http://e) f[^g]\\\nh  i")]))
    assert [tag for tag, _ in reader.tags] == ["p", "em", "strong", "s", "code", "a", "sup", "br"]


def test_code_is_coloured_and_keeps_its_white_space() -> None:
    block = CodeBlock("python", ["", "def f():", "    return '<b>'  # x"])
    html = as_html([Excerpt(block)], {"code_keyword": "#123456"})
    assert '<span style="color:#123456">return</span>' in html
    reader = _read(html)
    assert "".join(reader.words) == block.code
    assert "span" not in [tag for tag, _ in _read(as_html([Excerpt(block)], highlight=False)).tags]


def test_a_part_of_code_has_the_colours_of_the_whole() -> None:
    block = CodeBlock("python", ['"""', "def", '"""', "x = 1"])
    reader = _read(as_html([Excerpt(block, 5, 12)]))
    assert "".join(reader.words) == 'ef\n"""\n'
    colours = {attributes["style"] for tag, attributes in reader.tags if tag == "span"}
    assert len(colours) == 1  # all of it is a string


def test_long_code_is_not_coloured() -> None:
    html = as_html([Excerpt(CodeBlock("python", ["import x"] * MOST_LINES))])
    assert "<span" not in html
    assert "<span" not in as_html([Excerpt(CodeBlock("python", ["import x" * 30_000]))])


def test_unsafe_links_are_text() -> None:
    for href in ("javascript:alert(1)", "file:///etc/passwd", "http://", ""):
        block = TextBlock("a", (Span(0, 1, Style.LINK, href),))
        assert as_html([Excerpt(block)]) == "<p>a</p>"


def test_a_paragraph_that_was_cut_is_in_one_piece() -> None:
    parts = [TextBlock("a "), TextBlock("b", continued=True), TextBlock("c", continued=True), TextBlock("d")]
    assert as_html([Excerpt(part) for part in parts]) == "<p>a bc</p><p>d</p>"
    item = [TextBlock("a ", place=Place("l", "•")), TextBlock("b", place=Place("l"), continued=True)]
    assert as_html([Excerpt(part) for part in item]) == "<ul><li>a b</li></ul>"
    assert as_html([Excerpt(parts[1])]) == "<p>b</p>"
