"""PDF and what it is set with: pages, fonts, and nothing beyond the margins."""

from __future__ import annotations

import re
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from coderapp.core.conversation import Conversation
from coderapp.core.exporting import ExportFormat, ExportOptions
from coderapp.core.message import Role
from coderapp.qt import theme
from coderapp.qt.pdf import as_pdf
from coderapp.qt.sheets import Column, Pages, Sheet, Strip
from coderapp.qt.typeset import Typesetter
from coderapp.qt.typeset_lines import with_addresses
from coderapp.text.blocks import CodeBlock, Span, Style, TableBlock
from coderapp.text.stream import parse
from tests.unit.exchange.samples import ANSWER, HOSTILE, answer, message, rich

OPTIONS = ExportOptions(ExportFormat.PDF, branches=True, reasoning=True, details=True)

pytestmark = pytest.mark.usefixtures("qapp")


def pages_of(data: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", data))


def streams(data: bytes) -> list[bytes]:
    """What is compressed in a PDF."""
    found = []
    for match in re.finditer(rb"stream\r?\n", data):
        try:
            found.append(zlib.decompressobj().decompress(data[match.end() :]))
        except zlib.error:
            continue
    return found


def test_a_pdf_has_pages_its_fonts_and_a_title() -> None:
    heard: list[float] = []
    data = as_pdf(rich(), OPTIONS, heard.append)
    assert data.startswith(b"%PDF-")
    assert data.rstrip().endswith(b"%%EOF")
    assert pages_of(data) >= 2
    fonts = len(re.findall(rb"/Type\s*/FontDescriptor", data))
    assert fonts >= 3
    assert len(re.findall(rb"/FontFile[23]?\b", data)) == fonts, "every font is embedded"
    assert len(re.findall(rb"/ToUnicode\b", data)) >= fonts, "text can be selected and copied"
    assert "Parser & <friends>".encode("utf-16-be") in data.replace(b"\\", b"")
    assert heard[-1] == 1.0
    assert b"sk-live" not in data
    assert not any(b"sk-live" in stream for stream in streams(data))


def lengths(strips: list[Strip], height: float) -> list[float]:
    ends: list[float] = []
    pages = Pages(height, lambda sheet: ends.append(sheet.end))
    for strip in strips:
        pages.add(strip)
    pages.end()
    return ends


def test_no_line_of_code_is_cut_at_the_margin_or_between_pages() -> None:
    setter = Typesetter(theme.load("light"), 80)
    lines = ["x" * 500, "\tif deeply:\t\tnested", "word " * 200, "日本語🎉" * 60, "", "a" * 9000]
    column = Column(0.0, 3000.0)
    widest = 0.0
    seen: list[Strip] = []
    for line in lines:
        for part in [line[at : at + 4000] for at in range(0, len(line) or 1, 4000)]:
            for piece in setter.lines_of(part, setter.code, [], column.width, (), 40.0):
                widest = max(widest, piece.line.x() + piece.line.naturalTextWidth())
    seen += setter.code_strips(CodeBlock("python", lines), column, 0.0)
    assert 2000 < widest <= 3000.5
    assert len(seen) > 40
    assert all(end <= 1000 for end in lengths(seen, 1000.0))


def test_all_of_a_document_is_on_the_pages() -> None:
    setter = Typesetter(theme.load("light"), 80)
    strips = list(setter.blocks(parse(ANSWER * 5), Column(0.0, 3800.0)))
    ends = lengths(strips, 2000.0)
    assert len(ends) > 2
    assert all(0 < end <= 2000 for end in ends)
    long = Sheet(None)
    for strip in strips:
        assert long.put([strip])
    assert long.end <= sum(ends) + len(ends) * 2000 * 0.5


def test_a_heading_does_not_stand_alone_at_the_foot() -> None:
    def strip(height: float, *, keep: bool = False) -> Strip:
        return Strip(height, lambda painter, top: None, keep=keep)

    assert lengths([strip(80), strip(15, keep=True), strip(30)], 100.0) == [80.0, 45.0]
    assert lengths([strip(80), strip(15), strip(30)], 100.0) == [95.0, 30.0]
    assert lengths([strip(10), strip(250), strip(10)], 100.0) == [10.0, 250.0, 10.0], "what is too high stands alone"
    assert lengths([strip(60, keep=True), strip(60)], 100.0) == [60.0, 60.0]


TEXTS = st.text(st.characters(), max_size=80) | st.sampled_from(
    [HOSTILE, ANSWER, "$\\frac{$", "> " * 30 + "x", "- " * 20]
)


@settings(max_examples=15)
@given(st.lists(TEXTS, max_size=3))
def test_any_conversation_becomes_a_pdf(texts: list[str]) -> None:
    made = Conversation("20261122-170355-ab12cd", 1.0)
    for number, text in enumerate(texts):
        made.add(message(f"p{number}", Role.USER, text))
        made.add(answer(f"a{number}", text))
    made.title = texts[0] if texts else ""
    assert pages_of(as_pdf(made, OPTIONS, lambda part: None)) >= 1


def test_a_pdf_can_be_made_in_a_thread(qtbot: QtBot) -> None:
    import threading

    made: list[bytes] = []
    thread = threading.Thread(target=lambda: made.append(as_pdf(rich(), OPTIONS, lambda part: None)))
    thread.start()
    thread.join()
    assert pages_of(made[0]) >= 2


def test_paper_says_where_links_lead() -> None:
    link = Span(4, 4, Style.LINK, "https://a.b/c")
    assert with_addresses("see this now", [link])[0] == "see this (https://a.b/c) now"
    own = Span(0, 5, Style.LINK, "https://a.b/c")
    assert with_addresses("a.b/c", [own])[0] == "a.b/c"
    two = [
        Span(0, 2, Style.LINK | Style.BOLD, "https://x.y"),
        Span(2, 2, Style.LINK, "https://x.y"),
        Span(5, 1, Style.BOLD),
    ]
    text, spans = with_addresses("abcd e", two)
    assert text == "abcd (https://x.y) e"
    assert text[spans[2].start] == "e"


def test_a_table_stays_on_its_pages_however_long_and_wide_it_is() -> None:
    setter = Typesetter(theme.load("light"), 80)
    long = "| a | b |\n|---|---|\n| " + "word " * 3000 + "| x |\n| y | z |"
    strips = list(setter.blocks(parse(long), Column(0.0, 3800.0)))
    assert all(strip.height <= 40 * 80 for strip in strips)
    assert sum(strip.height for strip in strips) > 10_000
    assert all(end <= 5900 for end in lengths(strips, 5900.0))
    columns = 60
    wide = "|" + " head |" * columns + "\n|" + "---|" * columns + "\n|" + " some text |" * columns
    (table,) = parse(wide)
    assert isinstance(table, TableBlock)
    assert sum(setter._widths(table, 3800.0)) <= 3800.5
    assert list(setter.blocks([table], Column(0.0, 3800.0)))
