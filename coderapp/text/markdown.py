"""markdown-it's tokens as blocks. CommonMark with tables, strikethrough and task lists; raw HTML stays text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markdown_it import MarkdownIt
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

_BULLETS = ("•", "◦", "▪")
_STYLES = {"strong": Style.BOLD, "em": Style.ITALIC, "s": Style.STRIKE, "link": Style.LINK}


def parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def inline(token: Token) -> tuple[str, tuple[Span, ...]]:
    """An inline token as text and the spans that are not plain."""
    pieces: list[str] = []
    spans: list[Span] = []
    position = 0
    style = Style.PLAIN
    depth: dict[Style, int] = {}
    hrefs: list[str] = []

    def put(text: str, extra: Style = Style.PLAIN, href: str = "") -> None:
        nonlocal position
        if not text:
            return
        whole = style | extra
        if whole:
            target = href or (hrefs[-1] if hrefs else "")
            last = spans[-1] if spans else None
            if last and last.start + last.length == position and last.style == whole and last.href == target:
                spans[-1] = Span(last.start, last.length + len(text), whole, target)
            else:
                spans.append(Span(position, len(text), whole, target))
        pieces.append(text)
        position += len(text)

    for child in token.children or ():
        kind, _, end = child.type.rpartition("_")
        if end == "open" and kind in _STYLES:
            flag = _STYLES[kind]
            depth[flag] = depth.get(flag, 0) + 1
            style |= flag
            if kind == "link":
                hrefs.append(str(child.attrs.get("href", "")))
        elif end == "close" and kind in _STYLES:
            flag = _STYLES[kind]
            depth[flag] -= 1
            if not depth[flag]:
                style &= ~flag
            if kind == "link":
                hrefs.pop()
        elif child.type == "softbreak":
            put(" ")
        elif child.type == "hardbreak":
            put(LINE_BREAK)
        elif child.type == "code_inline":
            put(child.content, Style.CODE)
        elif child.type == "image":
            put(child.content or "image", Style.LINK, str(child.attrs.get("src", "")))
        else:
            put(child.content)
    return "".join(pieces), tuple(spans)


def _without_task_mark(text: str, spans: Sequence[Span]) -> tuple[str, tuple[Span, ...], bool | None]:
    mark = text[:4]
    if mark not in ("[ ] ", "[x] ", "[X] ") or (spans and spans[0].start < 4):
        return text, tuple(spans), None
    moved = tuple(Span(span.start - 4, span.length, span.style, span.href) for span in spans)
    return text[4:], moved, mark != "[ ] "


def blocks(tokens: Iterable[Token]) -> list[Block]:
    """Block tokens (whole top-level blocks) as a flat list."""
    found: list[Block] = []
    path = ""
    ordered: list[bool] = []
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
            if pending:
                text, spans, task = _without_task_mark(text, spans)
            found.append(TextBlock(text, spans, level, Place(path, pending, task)))
            pending = ""
        elif kind in ("fence", "code_block"):
            lines = token.content.split("\n")
            if lines[-1] == "":
                lines.pop()
            found.append(CodeBlock(token.info.strip(), lines, Place(path, pending)))
            pending = ""
        elif kind == "hr":
            found.append(RuleBlock(Place(path, pending)))
            pending = ""
        elif kind in ("bullet_list_open", "ordered_list_open"):
            ordered.append(kind == "ordered_list_open")
        elif kind in ("bullet_list_close", "ordered_list_close"):
            ordered.pop()
        elif kind == "list_item_open":
            if pending:  # an item that holds only a list: its marker gets a line of its own
                found.append(TextBlock("", (), 0, Place(path, pending)))
            pending = f"{token.info}." if ordered[-1] else _BULLETS[min(path.count("l"), len(_BULLETS) - 1)]
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
            found.append(TableBlock(tuple(rows), tuple(align), Place(path, pending)))
            pending = ""
    return found
