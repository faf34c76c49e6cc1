"""markdown-it's tokens as blocks. CommonMark with tables, strikethrough, task lists and bare URLs; raw HTML stays text.

Only `http://`, `https://` and `mailto:` addresses become links; the words of any other link stay as plain text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.common.normalize_url import normalizeLink
from markdown_it.common.utils import unescapeAll
from markdown_it.rules_block import StateBlock, blockquote, list_block, table
from markdown_it.token import Token

from coderapp.text.blocks import (
    LINE_BREAK,
    Block,
    Cell,
    CodeBlock,
    Place,
    RuleBlock,
    Span,
    Style,
    TableBlock,
    TextBlock,
)

DEEPEST = 20
"""Levels of containers (a quote is one, a list and its item are two) up to which quotes and lists are recognised; the
marks of deeper ones stay in the text. Bounds the recursion, and with it the time that hostile text takes."""

_BULLETS = ("•", "◦", "▪")
_STYLES = {"strong": Style.BOLD, "em": Style.ITALIC, "s": Style.STRIKE}

_SAFE = re.compile(r"(?:https?://|mailto:)\S", re.IGNORECASE)
# Ends at quotation marks and at the full-width punctuation that follows an address without a space in CJK text.
_BARE = re.compile(
    r"""(?:(?<![a-z0-9])https?://|(?<![^\s*_~(\["'“‘])www\.)[^\s<>"`“”‘’、。，；：！？（）「」『』【】《》]+""",
    re.IGNORECASE,
)
_HOST = re.compile(r"(?:[^\W_]|\[[0-9a-f:.]+\])[\w.-]*", re.IGNORECASE)
_TRAILING = frozenset("?!.,:;*_~'([")
_PAIRS = {")": "(", "]": "["}

_Rule = Callable[[StateBlock, int, int, bool], bool]


@cache
def parser() -> MarkdownIt:
    """The parser whose tokens `blocks` reads, one for all: it keeps nothing from one text to the next. It never raises,
    and keeps all text, at any depth of nesting.
    """
    md = MarkdownIt("commonmark", {"html": False, "maxNesting": DEEPEST + 4}).enable("strikethrough")
    md.block.ruler.at("blockquote", _bounded(blockquote), {"alt": ["paragraph", "reference", "blockquote", "list"]})
    md.block.ruler.at("list", _bounded(list_block), {"alt": ["paragraph", "reference", "blockquote"]})
    # markdown-it tries tables first, so that a list item or a fence with a bar in its first line became a table's head.
    md.block.ruler.before("lheading", "late_table", table, {"alt": ["paragraph", "reference"]})
    return md


def _bounded(rule: _Rule) -> _Rule:
    """markdown-it drops what is nested deeper than maxNesting; a container that is not recognised becomes text."""

    def bounded(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        return state.level < DEEPEST and rule(state, start, end, silent)

    return bounded


def bare_urls(text: str) -> list[tuple[int, int, str]]:
    """(start, end, href) of the addresses in plain text, by the rules of GitHub's autolinks."""
    lowered = text.lower() if len(text) >= 5 else ""
    if "://" not in lowered and "www." not in lowered:
        return []
    found = []
    for match in _BARE.finditer(text):
        start = match.start()
        end = start + _trimmed(match[0])
        is_www = text[start] in "wW"
        host = _HOST.match(text, start if is_www else text.index("//", start) + 2, end)
        labels = host[0].rstrip(".").split(".") if host else []
        if not labels or any("_" in label for label in labels[-2:]) or (is_www and len(labels) < 2):
            continue
        address = text[start:end]
        found.append((start, end, normalizeLink(f"http://{address}" if is_www else address)))
    return found


def _trimmed(address: str) -> int:
    """Its length without the punctuation of the sentence around it; closing brackets that it opens itself stay."""
    surplus = {close: address.count(close) - address.count(opener) for close, opener in _PAIRS.items()}
    end = len(address)
    while end:
        last = address[end - 1]
        if surplus.get(last, 0) > 0:
            surplus[last] -= 1
        elif last not in _TRAILING:
            break
        end -= 1
    return end


class _Run:
    """Text and spans under way."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.spans: list[Span] = []
        self.position = 0
        self._depth: dict[Style, int] = {}
        self._style = Style.PLAIN
        self._hrefs: list[str] = []

    def enter(self, style: Style) -> None:
        self._depth[style] = self._depth.get(style, 0) + 1
        self._style |= style

    def leave(self, style: Style) -> None:
        self._depth[style] -= 1
        if not self._depth[style]:
            self._style &= ~style

    def enter_link(self, href: str) -> None:
        self._hrefs.append(href if _SAFE.match(href) else "")

    def leave_link(self) -> None:
        self._hrefs.pop()

    def put(self, text: str, extra: Style = Style.PLAIN, href: str = "") -> None:
        if not text:
            return
        href = next((each for each in self._hrefs if each), href)
        style = self._style | extra | (Style.LINK if href else Style.PLAIN)
        if style:
            last = self.spans[-1] if self.spans else None
            if last and last.start + last.length == self.position and last.style == style and last.href == href:
                self.spans[-1] = Span(last.start, last.length + len(text), style, href)
            else:
                self.spans.append(Span(self.position, len(text), style, href))
        self.pieces.append(text)
        self.position += len(text)

    def put_words(self, text: str) -> None:
        """Plain text, in which bare addresses become links unless it stands in a link already."""
        done = 0
        if not self._hrefs:
            for start, end, href in bare_urls(text):
                self.put(text[done:start])
                self.put(text[start:end], href=href)
                done = end
        self.put(text[done:])


def inline(token: Token) -> tuple[str, tuple[Span, ...]]:
    """An inline token as text and the spans that are not plain."""
    run = _Run()
    for child in token.children or ():
        kind, _, end = child.type.rpartition("_")
        if child.type == "text":
            run.put_words(child.content)
        elif child.type == "softbreak":
            run.put(" ")
        elif child.type == "hardbreak":
            run.put(LINE_BREAK)
        elif child.type == "code_inline":
            run.put(child.content, Style.CODE)
        elif child.type == "link_open":
            run.enter_link(str(child.attrs.get("href", "")))
        elif child.type == "link_close":
            run.leave_link()
        elif child.type == "image":
            source = str(child.attrs.get("src", ""))
            run.put(_words(child) or "image", href=source if _SAFE.match(source) else "")
        elif end == "open" and kind in _STYLES:
            run.enter(_STYLES[kind])
        elif end == "close" and kind in _STYLES:
            run.leave(_STYLES[kind])
        else:
            run.put(child.content)
    return "".join(run.pieces), tuple(run.spans)


def _words(image: Token) -> str:
    """An image's description without marks."""
    pieces = []
    for child in image.children or ():
        if child.type == "image":
            pieces.append(_words(child))
        else:
            pieces.append(" " if child.type in ("softbreak", "hardbreak") else child.content)
    return "".join(pieces)


def info_of(token: Token) -> str:
    """A fence's info string, with its escapes and entities resolved."""
    return unescapeAll(token.info).strip()


def _without_task_mark(text: str, spans: Sequence[Span]) -> tuple[str, tuple[Span, ...], bool | None]:
    mark = text[:4]
    if mark not in ("[ ] ", "[x] ", "[X] ") or (spans and spans[0].start < 4):
        return text, tuple(spans), None
    moved = tuple(Span(span.start - 4, span.length, span.style, span.href) for span in spans)
    return text[4:], moved, mark != "[ ] "


def blocks(tokens: Iterable[Token], first_number: int | None = None) -> list[Block]:
    """Block tokens (whole top-level blocks) as a flat list. `first_number`: what the first item has if the tokens begin
    inside an ordered list. Items count up from their list's first number, whatever is written before the others.
    """
    found: list[Block] = []
    path = ""
    numbers: list[int | None] = []  # the next item's, for each list around; None: bullets
    pending = ""  # the marker that the next block of this item takes
    level = 0
    rows: list[tuple[Cell, ...]] = []
    row: list[Cell] | None = None
    align: list[str] = []
    for token in tokens:
        kind = token.type
        if kind == "inline":
            text, spans = inline(token)
            if row is not None:
                row.append(Cell(text, spans))
                continue
            task = None
            if pending and not level:
                text, spans, task = _without_task_mark(text, spans)
            found.append(TextBlock(text, spans, level, Place(path, pending, task)))
            pending = ""
        elif kind in ("fence", "code_block"):
            lines = token.content.split("\n")
            if lines[-1] == "":
                lines.pop()
            found.append(CodeBlock(info_of(token), lines, Place(path, pending)))
            pending = ""
        elif kind == "hr":
            found.append(RuleBlock(Place(path, pending)))
            pending = ""
        elif kind == "bullet_list_open":
            numbers.append(None)
        elif kind == "ordered_list_open":
            numbers.append(int(token.attrs.get("start", 1)) if first_number is None else first_number)
            first_number = None
        elif kind in ("bullet_list_close", "ordered_list_close"):
            numbers.pop()
        elif kind == "list_item_open":
            if pending:  # an item that holds only a list: its marker gets a line of its own
                found.append(TextBlock("", (), 0, Place(path, pending)))
            number = numbers[-1]
            if number is None:
                pending = _BULLETS[min(path.count("l"), len(_BULLETS) - 1)]
            else:
                pending = f"{number}{token.markup}"
                numbers[-1] = number + 1
            path += "l"
        elif kind == "list_item_close":
            if pending:
                found.append(TextBlock("", (), 0, Place(path, pending)))
                pending = ""
            path = path[:-1]
        elif kind == "blockquote_open":
            path += "q"
        elif kind == "blockquote_close":
            path = path[:-1]
        elif kind == "heading_open":
            level = int(token.tag[1])
        elif kind == "heading_close":
            level = 0
        elif kind == "table_open":
            rows, align = [], []
        elif kind == "tr_open":
            row = []
        elif kind == "tr_close" and row is not None:
            rows.append(tuple(row))
            row = None
        elif kind == "th_open":
            align.append(str(token.attrs.get("style", "")).removeprefix("text-align:") or "left")
        elif kind == "table_close":
            found.append(TableBlock(rows, tuple(align), Place(path, pending)))
            pending = ""
    return found
