"""Incremental Markdown: `feed` what arrives, `flush` for the blocks that changed.

Only the last open top-level block is parsed (in a list, its last item); a finished block is never parsed again. The
body of an open fence is not parsed at all: complete lines are only tested for the closing mark.

After `flush(final=True)` the blocks equal those of the whole text parsed at once, however it was cut into pieces. Until
then two things may be behind or ahead of what has arrived:

- A link reference that is defined after the block that uses it was finished: its words stay in brackets until the final
  flush, which parses such blocks once more.
- An open block of more than REPARSE_FROM characters: it is parsed again only when it grew by a sixteenth.

What is open can still change its kind: a paragraph becomes a heading by the line below it, a table by its second line.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markdown_it.common.utils import normalizeReference
from markdown_it.token import Token

from coderapp.text.blocks import Block, CodeBlock, TableBlock
from coderapp.text.markdown import blocks as blocks_of
from coderapp.text.markdown import info_of, parser

REPARSE_FROM = 4096
"""Characters of open text from which a parse waits until it grew by a sixteenth: keeps the sum of all parses linear."""

_OPENER = re.compile(r" {0,3}(`{3,}|~{3,})")
_LONGEST_CLOSER = 200
"""Characters up to which an incomplete line is held back because it may become the closing mark."""


@dataclass(frozen=True, slots=True)
class Update:
    """`blocks[first:]` of the stream are new, those before are the same objects as before. `grown`: the block at
    `first` is the code block or table that was there, the same object, and `kept` of its lines or rows, from the top,
    are unchanged; what comes after it is new.
    """

    first: int
    grown: bool = False
    kept: int = 0


@dataclass(slots=True)
class _Fence:
    """The open top-level fence, whose block is the last one."""

    closer: re.Pattern[str]
    mark: str
    indent: int
    partial: str = ""  # the incomplete line
    shown: bool = False  # it is the last of the block's lines

    def may_close(self) -> bool:
        """Whether the incomplete line is, or may become, the closing mark."""
        line = self.partial
        if len(line) > _LONGEST_CLOSER or len(line) - len(line.lstrip(" ")) > 3:
            return False
        marks = line.strip(" ")
        return not marks.strip(self.mark) or self.closer.fullmatch(line) is not None


@dataclass(frozen=True, slots=True)
class _Citing:
    """Finished source with words in brackets that no reference explained when it was finished."""

    first: int
    source: str
    number: int | None
    labels: frozenset[str]


class MarkdownStream:
    """`blocks` is the document so far: feed text in any pieces, call flush for what changed since the last flush."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._parser = parser()
        self._references: dict[str, Any] = {}  # defined in finished text
        self._citing: list[_Citing] = []
        self._pending: list[str] = []
        self._open: list[str] = []  # source of the open block, in pieces
        self._size = 0  # its characters
        self._parsed_size = 0
        self._first_open = 0  # index of its first block
        self._number: int | None = None  # of its first item, where it begins inside an ordered list
        self._fence: _Fence | None = None
        self._update: Update | None = None  # the earliest change of the flush under way

    def feed(self, text: str) -> None:
        if text:
            self._pending.append(text)

    def flush(self, *, final: bool = False) -> Update | None:
        """The change since the last flush, or None. `final`: no more text comes; closes what is open."""
        text: str | None = self._take(final)
        if not text and not final:
            return None
        self._update = None
        while text is not None:
            text = self._grow(self._fence, text, final) if self._fence else self._parse(text, final)
        if final:
            self._resolve()
        return self._update

    def _take(self, final: bool) -> str:
        """What was fed, with its line ends unified. A CR at the end may be the first half of CRLF: it waits."""
        text = "".join(self._pending)
        self._pending.clear()
        if text.endswith("\r") and not final:
            text = text[:-1]
            self._pending.append("\r")
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        return text.replace("\0", "\ufffd")

    def _changed(self, update: Update) -> None:
        if self._update is None or update.first < self._update.first:
            self._update = update

    # the open block

    def _parse(self, text: str, final: bool) -> str | None:
        """Takes in more of the open block. Returns the text after the first line of a fence, if one was entered."""
        self._open.append(text)
        self._size += len(text)
        if not final and self._size > REPARSE_FROM and self._size - self._parsed_size < self._size >> 4:
            return None
        source = "".join(self._open)
        self._open = [source]
        self._parsed_size = self._size
        references: ChainMap[str, Any] = ChainMap({}, self._references)
        tokens = self._parser.parse(source, {"references": references})
        tops = [i for i, token in enumerate(tokens) if token.level == 0 and token.map is not None]
        if tops and (entered := self._enter_fence(tokens, tops[-1], source)) is not None:
            line = _line(tokens[tops[-1]])
            self._finish(source[: len(source) - len(_from_line(source, line))], references.maps[0], line)
            self._open_at(len(self.blocks) - 1, "", None)
            return entered
        new = blocks_of(tokens, self._number)
        if not final and new and isinstance(new[-1], CodeBlock):
            _mark_open(new[-1], tokens, first_line_done=source.endswith("\n"))
        self._show(new)
        if final:
            self._finish(source, references.maps[0], source.count("\n") + 1)
            self._open_at(len(self.blocks), "", None)
        elif (cut := _cut(tokens, tops, source))[1]:
            index, line = cut
            rest = _from_line(source, line)
            count = len(blocks_of(tokens[:index], self._number))
            number = self._number_at(tokens, index)
            self._finish(source[: len(source) - len(rest)], references.maps[0], line)
            self._open_at(self._first_open + count, rest, number)
        return None

    def _open_at(self, first: int, source: str, number: int | None) -> None:
        self._first_open = first
        self._open = [source] if source else []
        self._size = self._parsed_size = len(source)
        self._number = number

    def _finish(self, source: str, references: Mapping[str, Any], line: int) -> None:
        """`source` will not be parsed again: keeps what it defines (above `line`), and notes what it leaves open."""
        self._references |= {label: made for label, made in references.items() if made["map"][1] <= line}
        labels = _labels(source) if "[" in source else frozenset()
        if missing := labels - self._references.keys():
            # What was taken from a definition below, which is not final either, is looked at again in any case.
            again = missing & references.keys()
            self._citing.append(_Citing(self._first_open, source, self._number, missing | ({_ANY} if again else set())))

    def _resolve(self) -> None:
        """Parses once more what cites a reference that was defined after it."""
        defined = self._references.keys() | {_ANY}
        for citing in self._citing:
            if not citing.labels & defined:
                continue
            tokens = self._parser.parse(citing.source, {"references": ChainMap({}, self._references)})
            for index, block in enumerate(blocks_of(tokens, citing.number), citing.first):
                known = self.blocks[index]
                if isinstance(block, TableBlock) and isinstance(known, TableBlock) and block.rows == known.rows:
                    continue
                if not isinstance(block, CodeBlock) and block != known:
                    self.blocks[index] = block
                    self._changed(Update(index))
        self._citing.clear()

    def _number_at(self, tokens: list[Token], index: int) -> int | None:
        """The number of the item that begins at `index`; None where no ordered list goes on there."""
        if tokens[index].type != "list_item_open":
            return None
        top = max(i for i in range(index) if tokens[i].level == 0)
        if tokens[top].type != "ordered_list_open":
            return None
        inside_already = self._number if top == 0 else None
        first = int(tokens[top].attrs.get("start", 1)) if inside_already is None else inside_already
        return first + sum(token.type == "list_item_open" and token.level == 1 for token in tokens[top:index])

    def _show(self, new: list[Block]) -> None:
        """Puts the blocks of the open text in place. Those that are as they were stay the same objects."""
        index = self._first_open
        for block in new:
            known = self.blocks[index] if index < len(self.blocks) else None
            if isinstance(block, CodeBlock) and isinstance(known, CodeBlock):
                if not _same_block(block, known):
                    break
                if (block.lines, block.closed) != (known.lines, known.closed):
                    kept = _common(block.lines, known.lines)
                    known.lines[kept:] = block.lines[kept:]
                    known.closed = block.closed
                    self._changed(Update(index, True, kept))
                    index += 1
                    break
            elif isinstance(block, TableBlock) and isinstance(known, TableBlock):
                if (block.align, block.place) != (known.align, known.place):
                    break
                if (block.rows, block.closed) != (known.rows, known.closed):
                    kept = _common(block.rows, known.rows)
                    known.rows[kept:] = block.rows[kept:]
                    known.closed = block.closed
                    self._changed(Update(index, True, kept))
                    index += 1
                    break
            elif block != known:
                break
            index += 1
        rest = new[index - self._first_open :]
        if rest or index < len(self.blocks):
            self.blocks[index:] = rest
            self._changed(Update(index))

    # the open fence

    def _enter_fence(self, tokens: list[Token], last: int, source: str) -> str | None:
        """Where the last top-level block is a fence whose first line is complete: from here on, lines are appended."""
        token = tokens[last]
        if token.type != "fence" or token.map is None:
            return None
        opening, newline, body = _from_line(source, token.map[0]).partition("\n")
        match = _OPENER.match(opening)
        if not match or not newline:
            return None
        self._show([*blocks_of(tokens[:last], self._number), CodeBlock(info_of(token), closed=False)])
        mark = match[1]
        closer = re.compile(rf" {{0,3}}{re.escape(mark[0])}{{{len(mark)},}}[ \t]*")
        self._fence = _Fence(closer, mark[0], match.start(1))
        return body

    def _grow(self, fence: _Fence, text: str, final: bool) -> str | None:
        """Moves lines into the block. Returns the text after the closing mark, None where the fence goes on or ended
        with the text.
        """
        code = self.blocks[-1]
        assert isinstance(code, CodeBlock)
        before = len(code.lines), code.lines[-1] if fence.shown else ""
        if fence.shown:
            code.lines.pop()
            fence.shown = False
        kept = len(code.lines)
        lines = text.split("\n")
        lines[0] = fence.partial + lines[0]
        fence.partial = lines.pop()
        rest: str | None = None
        for place, line in enumerate(lines):
            if fence.closer.fullmatch(line):
                rest = "\n".join([*lines[place + 1 :], fence.partial])
                break
            code.lines.append(_dedent(line, fence.indent))
        if rest is None and not final and not fence.may_close():
            code.lines.append(_dedent(fence.partial, fence.indent))
            fence.shown = True
        if rest is None and final and fence.partial.strip(" \t") and not fence.closer.fullmatch(fence.partial):
            code.lines.append(_dedent(fence.partial, fence.indent))
        if rest is not None or final:
            code.closed = True
            self._fence = None
            self._first_open = len(self.blocks)
        if code.closed or before != (len(code.lines), code.lines[-1] if fence.shown else ""):
            self._changed(Update(len(self.blocks) - 1, True, kept))
        return rest


def parse(text: str) -> list[Block]:
    """A whole text at once."""
    return blocks_of(parser().parse(text))


_ANY = "["
"""Stands for labels that may be any."""

_LABEL = re.compile(r"\[((?:[^\[\]\\]|\\.)+)\]", re.DOTALL)


def _labels(source: str) -> frozenset[str]:
    """What stands in brackets, as labels of link references. Those of several lines may hold marks of quotes."""
    found = {each for each in _LABEL.findall(source) if not each.isspace()}
    return frozenset(_ANY if "\n" in each else normalizeReference(each) for each in found)


def _cut(tokens: list[Token], tops: list[int], source: str) -> tuple[int, int]:
    """(index of the first token that stays open, its source line); line 0 where nothing is finished.

    What begins on an incomplete line may still become something else, a continuation of what is before it for one, so
    that the cut is never there.
    """
    complete = source.count("\n")
    # A table is one by its second line.
    starts = [i for i in tops if _line(tokens[i]) + (tokens[i].type == "table_open") < complete]
    if not starts:
        return 0, 0
    index = starts[-1]
    if tokens[index].type in ("bullet_list_open", "ordered_list_open"):
        end = next((i for i in tops if i > index), len(tokens))
        items = [i for i in range(index + 1, end) if tokens[i].type == "list_item_open" and tokens[i].level == 1]
        items = [i for i in items if _line(tokens[i]) < complete]
        if len(items) > 1:
            return items[-1], _line(tokens[items[-1]])
    # Lines right above that belong to no block define link references: a title may go on below.
    line = _line(tokens[index])
    before = [token.map[1] for token in tokens[:index] if token.level == 0 and token.map is not None]
    above = source.split("\n", line)[:line]
    while line > (before[-1] if before else 0) and above[line - 1].strip(" \t"):
        line -= 1
    return index, line


def _line(token: Token) -> int:
    return token.map[0] if token.map else 0


def _from_line(text: str, line: int) -> str:
    position = 0
    for _ in range(line):
        position = text.index("\n", position) + 1
    return text[position:]


def _mark_open(code: CodeBlock, tokens: list[Token], *, first_line_done: bool) -> None:
    """`code` is the last block. Opens it if more of its lines may come: no closing mark stands below it. A half-typed
    info string is left out, for it may name another language.
    """
    last = next(token for token in reversed(tokens) if token.nesting >= 0)
    if last.type not in ("fence", "code_block") or last.map is None:
        return
    if last.type == "code_block":
        code.closed = False
        return
    first, end = last.map
    content = last.content.count("\n") + (not last.content.endswith("\n") and bool(last.content))
    code.closed = end - first - 1 > content
    if end - first == 1 and not first_line_done:
        code.info = ""


def _same_block(one: CodeBlock, other: CodeBlock) -> bool:
    return one.info == other.info and one.place == other.place


def _common(one: Sequence[object], other: Sequence[object]) -> int:
    """Lines at the top that are equal."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _dedent(line: str, indent: int) -> str:
    """Without the columns that the fence's first line is indented by; a tab counts to the next multiple of four."""
    column = position = 0
    while column < indent and position < len(line) and line[position] in " \t":
        column += 4 - column % 4 if line[position] == "\t" else 1
        position += 1
    return " " * max(0, column - indent) + line[position:]
