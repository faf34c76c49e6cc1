"""Blocks as Markdown source again: what `text.stream.parse` would make the same blocks of.

Exceptions: a paragraph without characters is left out; an address in plain text becomes a link; an empty list item that
goes on with a paragraph begins with that paragraph; a list that counts on differently gets a comment line before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from coderapp.text.blocks import (
    LINE_BREAK,
    TOP,
    Block,
    Cell,
    CodeBlock,
    MathBlock,
    Place,
    RuleBlock,
    Span,
    TableBlock,
    TextBlock,
)
from coderapp.text.excerpt import Excerpt, in_one_list
from coderapp.text.inline_marks import inline_source, tidy

SEPARATOR = "[//]: #"
"""A line that shows nothing and ends a list: a link reference that nobody uses."""

_LONGEST_JOINED = 20_000
"""Characters up to which a paragraph that was cut because of its length is put together before it is written."""

_RULES = {"left": "---", "center": ":-:", "right": "--:"}


def as_markdown(excerpts: Iterable[Excerpt]) -> str:
    """Markdown for the excerpts, without a line end behind the last line. Of a list item only the part with its first
    character has a marker. Checks its work by parsing: 100 KB of prose take
    about 20 ms, of links 0.2 s, of nothing but strikethrough 4 s.
    """
    writer = _Writer()
    for block in _prepared(excerpts):
        writer.put(block)
    return "\n".join(writer.lines)


def _prepared(excerpts: Iterable[Excerpt]) -> list[Block]:
    """The parts as blocks; paragraphs that were cut for their length in one piece, empty ones left out."""
    found: list[Block] = []
    for excerpt in excerpts:
        if excerpt.empty():
            continue
        block = excerpt.cut()
        if isinstance(block, TextBlock) and not excerpt.whole():
            block = _trimmed(block)
        last = found[-1] if found else None
        if isinstance(block, TextBlock):
            if block.continued and isinstance(last, TextBlock) and len(last.text) < _LONGEST_JOINED:
                shift = len(last.text)
                moved = tuple(Span(s.start + shift, s.length, s.style, s.href) for s in block.spans)
                found[-1] = replace(last, text=last.text + block.text, spans=_merged(last.spans + moved))
                continue
            if not block.text and not block.level and not block.place.marker:
                continue
        if isinstance(last, TextBlock) and not last.text and not last.level and _goes_on(last.place, block.place):
            found.pop()
            block = replace(block, place=replace(block.place, marker=last.place.marker, task=last.place.task))
        found.append(block)
    return found


def _trimmed(block: TextBlock) -> TextBlock:
    """A part, without the white space at its ends and at those of its emphases."""
    text = block.text.strip()
    start = len(block.text) - len(block.text.lstrip())
    cut = Excerpt(block, start, start + len(text)).cut()
    return replace(block, text=text, spans=tidy(text, cut.spans)) if isinstance(cut, TextBlock) else block


def _merged(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    found: list[Span] = []
    for span in spans:
        last = found[-1] if found else None
        if last and (last.start + last.length, last.style, last.href) == (span.start, span.style, span.href):
            found[-1] = Span(last.start, last.length + span.length, span.style, span.href)
        else:
            found.append(span)
    return tuple(found)


def _goes_on(item: Place, place: Place) -> bool:
    """Whether a block without a marker is the next in an item that began with nothing."""
    rest = place.path[len(item.path) :]
    return bool(item.marker and not place.marker and place.path.startswith(item.path) and "l" not in rest)


@dataclass(slots=True)
class _Container:
    """`rest`: what its lines begin with, behind the first. `marker`: of a list item that was begun here, else ""."""

    letter: str
    rest: str = ""
    marker: str = ""


class _Writer:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self._stack: list[_Container] = []
        self._above: Block | None = None

    def put(self, block: Block) -> None:
        place = block.place
        path = place.path
        keep = 0
        while keep < min(len(path), len(self._stack)) and self._stack[keep].letter == path[keep]:
            keep += 1
        item = path.rfind("l") if place.marker else -1
        if item >= 0:
            keep = min(keep, item)
        sibling = self._stack[keep].marker if 0 <= item == keep < len(self._stack) else ""
        del self._stack[keep:]
        outer = "".join(each.rest for each in self._stack)
        first = outer
        for index in range(keep, len(path)):
            container, mark = _opened(path[index], place if index == item else TOP)
            self._stack.append(container)
            first += mark
        if item >= 0 and place.task is not None:
            first += "[x] " if place.task else "[ ] "
        rest = "".join(each.rest for each in self._stack)
        if place.marker and item < 0:  # a footnote
            first, rest = f"{outer}[^{place.marker}]: ", f"{rest}    "
        self._part(block, outer, sibling, item)
        body = _body(block)
        if self._continues(block):
            self.lines[-1] += body.pop(0)
        for number, line in enumerate(body):
            prefixed = (rest if number else first) + line
            self.lines.append(prefixed if line.strip() or line else prefixed.rstrip())
        self._above = block

    def _part(self, block: Block, outer: str, sibling: str, item: int) -> None:
        """The lines between the block above and this one."""
        if self._above is None or self._continues(block):
            return
        if sibling and not _counts_on(sibling, block.place.marker):
            self.lines += [outer.rstrip(), outer + SEPARATOR, outer.rstrip()]
        elif not (item >= 0 and in_one_list(self._above.place, block.place) and (sibling or self._may_touch(block))):
            self.lines.append(outer.rstrip())

    def _continues(self, block: Block) -> bool:
        return isinstance(block, TextBlock) and block.continued and isinstance(self._above, TextBlock)

    def _may_touch(self, block: Block) -> bool:
        """Whether the first item of an inner list may stand right below a paragraph: else it would be read as its next
        line, or make a heading of it.
        """
        if self._above is None or self._above.place.path != block.place.path[: block.place.path.rfind("l")]:
            return False
        if isinstance(self._above, TextBlock) and not self._above.text and not self._above.level:
            return True  # it must: an item does not begin with two empty lines
        if isinstance(block, TextBlock) and not block.text:
            return False
        return block.place.marker[:-1] in ("", "1")


def _opened(letter: str, place: Place) -> tuple[_Container, str]:
    """A container and what its first line begins with. An item whose beginning is not there is none."""
    if letter == "q":
        return _Container("q", "> "), "> "
    if not place.marker:
        return _Container("l"), ""
    mark = place.marker if place.marker[:-1].isdigit() else "-"
    return _Container("l", " " * (len(mark) + 1), place.marker), f"{mark} "


def _counts_on(one: str, other: str) -> bool:
    """Whether the next item after `one` has the marker `other`, or begins another list by itself."""
    if not one[:-1].isdigit() or not other[:-1].isdigit() or one[-1] != other[-1]:
        return True
    return int(other[:-1]) == int(one[:-1]) + 1


def _body(block: Block) -> list[str]:
    match block:
        case TextBlock():
            return _text(block)
        case CodeBlock():
            return _code(block)
        case RuleBlock():
            return ["***" if block.place.marker else "---"]
        case MathBlock():
            return _formula(block)
        case TableBlock():
            return _table(block)


def _text(block: TextBlock) -> list[str]:
    if not block.text:
        return ["#" * block.level]
    # The first paragraph of an item could begin with what is read as a task's mark.
    place = block.place
    begins_item = bool(place.marker) and place.task is None and "l" in place.path and not block.level
    wanted = TextBlock(block.text, block.spans, block.level, Place("l", "•") if begins_item else TOP)

    def framed(source: str) -> str:
        if begins_item:
            return "- " + source.replace("\n", "\n  ")
        if not block.level:
            return source
        if "\n" in source:
            return f"{source}\n{'===' if block.level == 1 else '---'}"
        return f"{'#' * block.level} {source}"

    source = inline_source(block.text, block.spans, lambda source: _parsed(framed(source)) == [wanted])
    return (source if begins_item else framed(source)).split("\n")


def _parsed(source: str) -> list[Block]:
    from coderapp.text.stream import parse

    return parse(source)


def _code(block: CodeBlock) -> list[str]:
    """Between marks that are longer than any in it."""
    mark = "~" if "`" in block.info else "`"
    longest = max((len(run) for line in block.lines for run in re.findall(f"{mark}{{3,}}", line)), default=2)
    fence = mark * (longest + 1)
    info = re.sub(r"\\(?=[!-/:-@\[-`{-~])|&(?=#?\w+;)", r"\\\g<0>", block.info)
    info = re.sub(r"[^\S ]", lambda space: f"&#{ord(space[0])};", info)
    gap = " " if info[:1] in ("~", "`") else ""
    return [f"{fence}{gap}{info}", *block.lines, fence]


def _formula(block: MathBlock) -> list[str]:
    lines = block.tex.split("\n")
    for first, last in (("$$", "$$"), ("\\[", "\\]")):
        body = [first, *lines, last]
        if _parsed("\n".join(body)) == [MathBlock(block.tex)]:
            return body
    return ["$$", *lines, "$$"]


def _table(block: TableBlock) -> list[str]:
    rows = [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in block.rows]
    rows.insert(1, f"| {' | '.join(_RULES.get(each, '---') for each in block.align)} |")
    return rows


def _cell(cell: Cell) -> str:
    def means_it(source: str) -> bool:
        found = _parsed(f"| {_barred(source)} |\n| --- |")
        table = found[0] if len(found) == 1 else None
        return isinstance(table, TableBlock) and list(table.rows) == [(cell,)]

    return _barred(inline_source(cell.text, cell.spans, means_it))


def _barred(source: str) -> str:
    """On one line, with the bars that are text escaped."""
    return source.replace("\\\n", LINE_BREAK).replace("|", "\\|")
