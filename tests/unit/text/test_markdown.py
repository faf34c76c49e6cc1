"""What Markdown becomes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderapp.text.blocks import (
    LINE_BREAK,
    CodeBlock,
    Place,
    RuleBlock,
    Span,
    Style,
    TableBlock,
    TextBlock,
    plain_text,
)
from coderapp.text.markdown import bare_urls
from coderapp.text.stream import parse
from coderapp.text.structure import DEEPEST


def _text(source: str) -> TextBlock:
    block = parse(source)[0]
    assert isinstance(block, TextBlock)
    return block


def _links(source: str) -> list[tuple[str, str]]:
    block = _text(source)
    return [(block.text[s.start : s.start + s.length], s.href) for s in block.spans if s.style & Style.LINK]


def test_styles_combine_and_do_not_overlap() -> None:
    block = _text("a **b *c* d** ~~e~~ `f`")
    assert block.text == "a b c d e f"
    assert block.spans == (
        Span(2, 2, Style.BOLD),
        Span(4, 1, Style.BOLD | Style.ITALIC),
        Span(5, 2, Style.BOLD),
        Span(8, 1, Style.STRIKE),
        Span(10, 1, Style.CODE),
    )


def test_breaks() -> None:
    assert _text("a\nb  \nc\\\nd").text == f"a b{LINE_BREAK}c{LINE_BREAK}d"


def test_html_is_text() -> None:
    assert _text("<b>a</b> <script>x</script>").text == "<b>a</b> <script>x</script>"


def test_headings() -> None:
    assert [block.level for block in parse("# a\n\nb\n===\n\n###### c\n\nd") if isinstance(block, TextBlock)] == [
        1,
        1,
        6,
        0,
    ]


def test_lists_count_from_their_first_number() -> None:
    found = parse("3. a\n3. b\n   - c\n     1. d\n     1. e\n   - f\n3. g\n\n# h\n\n7) i")
    assert [(block.place.marker, block.place.path) for block in found] == [
        ("3.", "l"),
        ("4.", "l"),
        ("◦", "ll"),
        ("1.", "lll"),
        ("2.", "lll"),
        ("◦", "ll"),
        ("5.", "l"),
        ("", ""),
        ("7)", "l"),
    ]


def test_the_marker_stands_at_the_first_block_of_an_item() -> None:
    found = parse("- a\n\n  b\n- ```\n  c\n  ```\n- ***\n-\n- - d\n- > e\n- | f |\n  |---|")
    assert [(type(block), block.place.marker) for block in found] == [
        (TextBlock, "•"),
        (TextBlock, ""),
        (CodeBlock, "•"),
        (RuleBlock, "•"),
        (TextBlock, "•"),
        (TextBlock, "•"),
        (TextBlock, "◦"),
        (TextBlock, "•"),
        (TableBlock, "•"),
    ]
    assert found[7].place == Place("lq", "•")


def test_tasks() -> None:
    found = parse("- [ ] a\n- [x] *b*\n- [X] c\n- [y] d\n- [x]e\n- # [x] f\n\n[x] g")
    assert [(plain_text(block), block.place.task) for block in found] == [
        ("a", False),
        ("b", True),
        ("c", True),
        ("[y] d", None),
        ("[x]e", None),
        ("[x] f", None),
        ("[x] g", None),
    ]
    assert isinstance(found[1], TextBlock)
    assert found[1].spans == (Span(0, 1, Style.ITALIC),)


def test_tables() -> None:
    (table,) = parse("| a | *b* | c |\n|:--|:-:|--:|\n| `x|` | \\| |\n")
    assert isinstance(table, TableBlock)
    assert table.align == ("left", "center", "right")
    assert all(len(row) == 3 for row in table.rows)
    assert table.rows[0][1].spans == (Span(0, 1, Style.ITALIC),)
    assert [cell.text for cell in table.rows[1]] == ["`x", "`", "|"]


def test_a_list_item_with_a_bar_is_no_table() -> None:
    assert [type(block) for block in parse("- a | b\n|---|---|")] == [TextBlock]


def test_code_blocks() -> None:
    found = parse("```py &amp; \\*\nx\n\n```\n\n    y\n\n> ~~~\n> z")
    assert all(isinstance(block, CodeBlock) and block.closed for block in found)
    assert [(block.info, block.lines, block.place.path) for block in found if isinstance(block, CodeBlock)] == [
        ("py & *", ["x", ""], ""),
        ("", ["y"], ""),
        ("", ["z"], "q"),
    ]


@pytest.mark.parametrize(
    "source",
    [
        "[a](javascript:alert(1))",
        "[a](JavaScript:alert(1))",
        "[a](java&#115;cript:alert(1))",
        "[a](data:text/html,x)",
        "[a](data:image/png;base64,xx)",
        "[a](file:///etc/passwd)",
        "[a](vbscript:x)",
        "[a](ftp://x.y)",
        "[a](ssh://x)",
        "[a](qrc:/x)",
        "[a](/path)",
        "[a](page.md#x)",
        "[a](#x)",
        "[a]()",
        "[a](//host/x)",
        "[a](http:x)",
        "[a](mailto:)",
        "[a](&#1;javascript:x)",
        "<javascript:x>",
        "<file:///x>",
        "![a](javascript:x)",
        "![a](data:image/png;base64,xx)",
        "![a](file:///x.png)",
        "[a][r]\n\n[r]: javascript:x",
    ],
)
def test_other_addresses_are_not_links(source: str) -> None:
    assert _links(source) == []
    assert _text(source).text


def test_links() -> None:
    assert _links("[a *b*](http://x.y/z%20w?q=1#f) <me@x.y> [m](MAILTO:a@b.c) <https://x>") == [
        ("a ", "http://x.y/z%20w?q=1#f"),
        ("b", "http://x.y/z%20w?q=1#f"),
        ("me@x.y", "mailto:me@x.y"),
        ("m", "MAILTO:a@b.c"),
        ("https://x", "https://x"),
    ]


def test_images_are_links_to_themselves_or_to_where_they_lead() -> None:
    assert _links("![a *b* ![c](http://d)](http://e/f.png)") == [("a b c", "http://e/f.png")]
    assert _links("[![a](http://b.png)](http://c)") == [("a", "http://c")]
    assert _links("[![a](http://b.png)](javascript:c)") == [("a", "http://b.png")]
    assert _text("![](http://a)").text == "image"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://a.b/c.", ["https://a.b/c"]),
        ("(https://a.b/c)", ["https://a.b/c"]),
        ("https://a.b/c_(d)", ["https://a.b/c_(d)"]),
        ("(https://a.b/c_(d))", ["https://a.b/c_(d)"]),
        ("https://a.b/c(d))).", ["https://a.b/c(d)"]),
        ("[https://a.b]", ["https://a.b"]),
        ("http://[::1]:8080/x", ["http://[::1]:8080/x"]),
        ("http://localhost:3000/?q=a,b&c=d;", ["http://localhost:3000/?q=a,b&c=d"]),
        ("HTTPS://A.B!?", ["HTTPS://A.B"]),
        ("www.a.b, www.c", ["www.a.b", "www.c"]),
        ("xwww.a.b", []),
        ("1http://a.b", []),
        ("http:// a", []),
        ("http://...", []),
        ("http://_a.b", []),
        ("http://a.b_c.d", []),
        ("http://a_b.c.d", ["http://a_b.c.d"]),
        ("www.", []),
        ("www...", []),
        ('"https://a.b" <x', ["https://a.b"]),
        ("见https://a.b/路。然后", ["https://a.b/路"]),
        ("http://a.b http://c.d", ["http://a.b", "http://c.d"]),
        ("https://a.b/{id}/*'", ["https://a.b/{id}/"]),
        ("ftp://a.b", []),
        ("http://a.b/" + ")" * 50_000, ["http://a.b/"]),
    ],
)
def test_bare_addresses(text: str, found: list[str]) -> None:
    assert [text[start:end] for start, end, _ in bare_urls(text)] == found


def test_bare_addresses_in_context() -> None:
    assert _links("**www.a.b** and http://c.d/ü") == [
        ("www.a.b", "http://www.a.b"),
        ("http://c.d/ü", "http://c.d/%C3%BC"),
    ]
    assert _links("`http://a.b` and [http://c.d](/x)") == []
    assert _links("[x http://c.d](http://e.f)") == [("x http://c.d", "http://e.f")]
    table = parse("| http://a.b |\n|---|")[0]
    assert isinstance(table, TableBlock)
    assert table.rows[0][0].spans == (Span(0, 10, Style.LINK, "http://a.b"),)


@given(st.text(alphabet="htps:/w.ab()[]_*,;&<\"'é \ud800", max_size=40))
def test_bare_addresses_lie_in_the_text_in_order(text: str) -> None:
    done = 0
    for start, end, href in bare_urls("http://" + text + " www." + text):
        assert done <= start < end
        assert href.startswith(("http://", "https://"))
        done = end


@given(st.text(alphabet="ab*_~`[](){}<>!\\&;:/.h #-+1\n|", max_size=60))
def test_spans_are_inside_ordered_and_apart(source: str) -> None:
    for block in parse(source):
        parts = [block] if isinstance(block, TextBlock) else []
        cells = [cell for row in block.rows for cell in row] if isinstance(block, TableBlock) else []
        for text, spans in [*((p.text, p.spans) for p in parts), *((c.text, c.spans) for c in cells)]:
            done = 0
            for span in spans:
                assert span.start >= done
                assert span.length > 0
                assert bool(span.style & Style.LINK) == bool(span.href)
                done = span.start + span.length
            assert done <= len(text)


@pytest.mark.parametrize("mark", ["> ", "- ", ">", "1. ", "> - "])
def test_text_below_the_deepest_level_is_kept(mark: str) -> None:
    found = parse(mark * 500 + "end")
    assert plain_text(found[-1]).endswith("end")
    assert len(found[-1].place.path) <= DEEPEST


def test_plain_text() -> None:
    found = parse("a  \nb\n\n---\n\n| c | d  |\n|---|---|\n| e | f |\n\n```\ng\nh\n```")
    assert [plain_text(block) for block in found] == ["a\nb", "", "c\td\ne\tf", "g\nh"]
