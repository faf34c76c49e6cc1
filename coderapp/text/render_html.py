"""Blocks as HTML for the clipboard: office programs and mail keep what stands in `style` attributes, and little else.

Everything that was text is escaped; only http, https and mailto addresses become links.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape

from coderapp.text.blocks import (
    LINE_BREAK,
    CodeBlock,
    MathBlock,
    Place,
    RuleBlock,
    Span,
    Style,
    TableBlock,
    TextBlock,
)
from coderapp.text.excerpt import Excerpt, plain_length
from coderapp.text.tokens import Lines, TokenClass

MOST_LINES = 2_000
"""Lines of a code block from which on it is not coloured: it would take too long."""

MOST_CHARACTERS = 200_000
"""The same for its characters."""

COLOURS: Mapping[str, str] = {
    "border": "#d8dde3",
    "link": "#0b5cb8",
    "quote_bar": "#c6cdd5",
    "text_muted": "#58626d",
    "table_header": "#f3f5f8",
    "inline_code": "#eceff3",
    "code_background": "#f7f8fa",
    "code_text": "#1b2027",
    "code_keyword": "#9a1f86",
    "code_name": "#1b2027",
    "code_function": "#1a5bb5",
    "code_type": "#7d5200",
    "code_tag": "#0f6b52",
    "code_attribute": "#7d5200",
    "code_string": "#22692b",
    "code_number": "#a3430c",
    "code_comment": "#646e79",
    "code_operator": "#46505b",
    "code_decorator": "#6a4bc4",
    "code_builtin": "#0c6a80",
    "code_inserted": "#18713f",
    "code_deleted": "#b3261e",
}
"""#rrggbb by the theme's names. What is pasted lands on white paper nearly always: those of the light theme."""

_SAFE = re.compile(r"(?:https?://|mailto:)[^\s]", re.IGNORECASE)
_MONOSPACE = "font-family:Consolas,Menlo,'DejaVu Sans Mono',monospace"
_TAGS = ((Style.BOLD, "strong"), (Style.ITALIC, "em"), (Style.STRIKE, "s"), (Style.NOTE, "sup"))


def as_html(
    excerpts: Iterable[Excerpt],
    colours: Mapping[str, str] | None = None,
    highlight: bool = True,
    *,
    classes: bool = False,
    limit: float = 1.0,
    caption: bool = True,
    formula: Callable[[str, bool], str] | None = None,
) -> str:
    """A fragment, without `<html>` and `<body>`. `colours` replaces some or all of COLOURS. With `highlight` code
    blocks below MOST_LINES (times `limit`) are coloured, at 0.6 to 2.4 MB/s. With `classes`, for a page with a style
    sheet of its own, classes stand in the place of styles: token classes by their names, `code`, `math` and `table`;
    with `caption` a line above each code block says what it is. `formula` makes an element of TeX, where it is shown on
    lines of its own or in a text, or "" for the source to be shown.
    """
    writer = _Writer({**COLOURS, **(colours or {})}, highlight=highlight, classes=classes, limit=limit)
    writer.captions = classes and caption
    writer.formula = formula
    for excerpt in excerpts:
        writer.put(excerpt)
    return writer.finish()


class _Writer:
    def __init__(self, colours: Mapping[str, str], *, highlight: bool, classes: bool, limit: float) -> None:
        self.captions = False
        self.formula: Callable[[str, bool], str] | None = None
        self._classes = classes
        self._limit = limit
        self._out: list[str] = []
        self._stack: list[tuple[str, str, str]] = []  # letter, marker or "", what closes it
        self._colours = {name: escape(colour) for name, colour in colours.items()}
        self._highlight = highlight
        self._fresh = False  # inside an item that has nothing yet
        self._joint: tuple[int, int] | None = None  # where a paragraph goes on, while `_out` has so many pieces

    def put(self, excerpt: Excerpt) -> None:
        if excerpt.empty():
            return
        block = excerpt.cut()
        place = block.place
        if isinstance(block, TextBlock) and block.continued and self._joint and self._joint[1] == len(self._out):
            self._out.insert(self._joint[0], self._words(block.text, block.spans))
            self._joint = self._joint[0] + 1, len(self._out)
            return
        if not plain_length(block) and not place.marker and not isinstance(block, RuleBlock):
            return
        self._enter(place)
        note = place.marker if place.marker and "l" not in place.path else ""
        self._joint = None
        match block:
            case TextBlock():
                self._text(block, note)
            case CodeBlock():
                self._code(block, excerpt)
            case MathBlock():
                shown = self._formula(block.tex, display=True) or f"<code>{escape(block.tex)}</code>"
                self._out.append(f"<p{self._look('text-align:center', 'math')}>{shown}</p>")
            case TableBlock():
                self._table(block)
            case RuleBlock():
                self._out.append("<hr>")
        self._fresh = False

    def finish(self) -> str:
        self._leave(0)
        return "".join(self._out)

    # containers

    def _enter(self, place: Place) -> None:
        """Closes and opens quotes, lists and items up to a place. An item whose beginning is not there is none."""
        path = place.path
        keep = 0
        while keep < min(len(path), len(self._stack)) and self._stack[keep][0] == path[keep]:
            keep += 1
        item = path.rfind("l") if place.marker else -1
        if 0 <= item < keep or (item == keep < len(self._stack)):
            keep = item
        if item == keep < len(self._stack) and self._stack[keep][0] == "l":
            self._sibling(keep, place)
            keep += 1
        else:
            self._leave(keep)
        for index in range(keep, len(path)):
            if path[index] == "q":
                self._open("q", "", f"<blockquote{self._look(self._quote_style(), '')}>", "</blockquote>")
            elif index == item:
                tag, start = _list_tag(place.marker)
                self._open("l", place.marker, f"<{tag}{start}><li>", f"</li></{tag}>")
            else:
                self._open("l", "", "", "")
        if item >= 0 and place.task is not None:
            self._out.append("☑ " if place.task else "☐ ")

    def _sibling(self, index: int, place: Place) -> None:
        """The next item: of the same list, or of one that begins here."""
        self._leave(index + 1)
        _, before, closing = self._stack.pop()
        if before and _same_list(before, place.marker):
            self._out.append("</li><li>")
            self._stack.append(("l", place.marker, closing))
            self._fresh = True
            return
        self._out.append(closing)
        tag, start = _list_tag(place.marker)
        self._open("l", place.marker, f"<{tag}{start}><li>", f"</li></{tag}>")

    def _open(self, letter: str, marker: str, opening: str, closing: str) -> None:
        self._out.append(opening)
        self._stack.append((letter, marker, closing))
        if opening:
            self._fresh = letter == "l"

    def _leave(self, keep: int) -> None:
        while len(self._stack) > keep:
            self._out.append(self._stack.pop()[2])

    # blocks

    def _text(self, block: TextBlock, note: str) -> None:
        words = self._words(block.text, block.spans)
        if note:
            words = f"<sup>{escape(note)}</sup> {words}"
        if block.level:
            self._out.append(f"<h{block.level}>{words}</h{block.level}>")
        elif self._fresh:
            self._out.append(words)
            self._joint = len(self._out), len(self._out)
        else:
            self._out += [f"<p>{words}", "</p>"]
            self._joint = len(self._out) - 1, len(self._out)

    def _words(self, text: str, spans: Sequence[Span]) -> str:
        out = []
        done = 0
        for span in spans:
            out.append(_plain(text[done : span.start]))
            done = span.start + span.length
            out.append(self._styled(text[span.start : done], span))
        out.append(_plain(text[done:]))
        return "".join(out)

    def _styled(self, text: str, span: Span) -> str:
        if span.style & Style.MATH and (drawn := self._formula(text, display=False)):
            words = drawn
        elif span.style & (Style.CODE | Style.MATH):
            background = f";background-color:{self._colours['inline_code']}" if span.style & Style.CODE else ""
            look = self._look(f"{_MONOSPACE};white-space:pre-wrap{background}", "" if background else "math")
            words = f"<code{look}>{_breaks(text)}</code>"
        else:
            words = _plain(text)
        for style, tag in _TAGS:
            if span.style & style:
                words = f"<{tag}>{words}</{tag}>"
        if span.style & Style.LINK and _SAFE.match(span.href):
            look = ' rel="noopener noreferrer"' if self._classes else f' style="color:{self._colours["link"]}"'
            words = f'<a href="{escape(span.href)}"{look}>{words}</a>'
        return words

    def _formula(self, tex: str, *, display: bool) -> str:
        return self.formula(tex, display) if self.formula else ""

    def _code(self, block: CodeBlock, excerpt: Excerpt) -> None:
        # Leading line ends of a <pre> are dropped; the <code> between keeps them.
        style = (
            f"{_MONOSPACE};background-color:{self._colours['code_background']};color:{self._colours['code_text']};"
            "white-space:pre;padding:8px"
        )
        name = _caption(block.info) if self.captions else ""
        if name:
            self._out.append(f'<p class="language">{escape(name)}</p>')
        self._out.append(f"<pre{self._look(style, 'code')}><code>{self._lines(block, excerpt)}</code></pre>")

    def _lines(self, block: CodeBlock, excerpt: Excerpt) -> str:
        whole = excerpt.block
        if not self._highlight or not isinstance(whole, CodeBlock) or len(whole.lines) >= MOST_LINES * self._limit:
            return escape(block.code)
        if plain_length(whole) > MOST_CHARACTERS * self._limit:
            return escape(block.code)
        from coderapp.text.highlight import highlight
        from coderapp.text.languages import fence

        spans: Lines = highlight(whole.lines, fence(whole.info).language.name)
        # A part begins at some line, and perhaps inside it.
        first, skipped = _line_at(whole.lines, excerpt.start)
        out = []
        for number, line in enumerate(block.lines):
            shift = skipped if number == 0 else 0
            out.append(self._line(line, [(start - shift, size, kind) for start, size, kind in spans[first + number]]))
        return "\n".join(out)

    def _line(self, line: str, spans: Iterable[tuple[int, int, TokenClass]]) -> str:
        out = []
        done = 0
        for start, size, kind in spans:
            first, last = max(start, done), min(start + size, len(line))
            if first >= last:
                continue
            token = kind.name.lower()
            look = self._look(f"color:{self._colours[f'code_{token}']}", token)
            out += [escape(line[done:first]), f"<span{look}>{escape(line[first:last])}</span>"]
            done = last
        out.append(escape(line[done:]))
        return "".join(out)

    def _table(self, block: TableBlock) -> None:
        border = f"border:1px solid {self._colours['border']};padding:4px 8px"
        wide = self._classes  # it scrolls by itself
        self._out.append('<div class="table">' if wide else "")
        self._out.append(f"<table{self._look('border-collapse:collapse', '')}>")
        for number, row in enumerate(block.rows):
            tag = "td" if number else "th"
            shade = "" if number else f";background-color:{self._colours['table_header']}"
            cells = (
                f"<{tag}{self._look(f'{border};text-align:{align}{shade}', align)}>"
                f"{self._words(cell.text, cell.spans)}</{tag}>"
                for cell, align in zip(row, map(escape, block.align), strict=False)
            )
            self._out.append(f"<tr>{''.join(cells)}</tr>")
        self._out.append("</table></div>" if wide else "</table>")

    def _look(self, style: str, name: str) -> str:
        """The attribute that says how an element looks: by its style, or by its class."""
        if self._classes:
            return f' class="{name}"' if name else ""
        return f' style="{style}"'

    def _quote_style(self) -> str:
        bar, muted = self._colours["quote_bar"], self._colours["text_muted"]
        return f"margin-left:0;padding-left:12px;border-left:3px solid {bar};color:{muted}"


def _caption(info: str) -> str:
    """What a code block is called: its file, else its language."""
    from coderapp.text.languages import PLAIN, fence

    said = fence(info)
    return said.file_name or ("" if said.language is PLAIN else said.language.label)


def _breaks(text: str) -> str:
    return escape(text).replace(LINE_BREAK, "<br>").replace("\n", "<br>")


def _plain(text: str) -> str:
    """Escaped; what HTML would take for one space stays several."""
    words = _breaks(text)
    return words.replace("  ", " \N{NO-BREAK SPACE}") if "  " in words else words


def _list_tag(marker: str) -> tuple[str, str]:
    """The list's element, and the attribute with its first number."""
    if not marker[:-1].isdigit():
        return "ul", ""
    return "ol", "" if int(marker[:-1]) == 1 else f' start="{int(marker[:-1])}"'


def _same_list(one: str, other: str) -> bool:
    if not one[:-1].isdigit() or not other[:-1].isdigit():
        return one[:-1].isdigit() == other[:-1].isdigit()
    return one[-1] == other[-1] and int(other[:-1]) == int(one[:-1]) + 1


def _line_at(lines: Sequence[str], position: int) -> tuple[int, int]:
    """(line, place in it) of a character of the code."""
    for number, line in enumerate(lines):
        if position <= len(line):
            return number, position
        position -= len(line) + 1
    return max(0, len(lines) - 1), 0
