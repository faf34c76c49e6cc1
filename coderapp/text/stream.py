"""Incremental Markdown: `feed` what arrives, `flush` for the blocks that changed.

Only the last open top-level block is parsed (in a list, its last item); a finished block is never parsed again. The
body of an open fence is not parsed at all: complete lines are only tested for the closing mark.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from markdown_it.token import Token

from coderapp.text.blocks import Block, CodeBlock, Place
from coderapp.text.markdown import blocks as blocks_of
from coderapp.text.markdown import parser

_FENCE = re.compile(r"^( {0,3})(`{3,}|~{3,})")

REPARSE_FROM = 4096
"""Characters of open text from which a parse waits until it grew by a sixteenth: keeps the sum of all parses linear."""


@dataclass(frozen=True, slots=True)
class Update:
    """`blocks[first:]` of the stream are new. `grown`: the block at `first` is the open code block as before, with more
    lines: `kept_lines` of them, from the top, are unchanged.
    """

    first: int
    grown: bool = False
    kept_lines: int = 0


@dataclass(slots=True)
class _Fence:
    closer: re.Pattern[str]
    mark: str
    indent: int


class MarkdownStream:
    """`blocks` is the document so far: feed text in any pieces, call flush for what changed since the last flush.

    After `flush(final=True)` the result equals parsing the whole text at once, but for what needs hindsight beyond the
    open block (a link reference defined after its use in a finished block).
    """

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._parser = parser()
        self._env: dict[str, object] = {}
        self._pending: list[str] = []
        self._open = ""  # source of the open block
        self._first_open = 0  # index of its first block
        self._fence: _Fence | None = None
        self._partial = False  # the open code block's last line is an incomplete one
        self._parsed_length = 0
        self._dirty = False

    def feed(self, text: str) -> None:
        if text:
            self._pending.append(text)

    def flush(self, *, final: bool = False) -> Update | None:
        """The change since the last flush, or None. `final`: no more text comes; closes what is open."""
        if self._pending:
            # A lone CR may be the first half of CRLF: it waits for the next feed.
            text = self._open + "".join(self._pending)
            self._pending.clear()
            if text.endswith("\r") and not final:
                text = text[:-1]
                self._pending.append("\r")
            self._open = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
            self._dirty = True
        elif final:
            self._dirty = True
        if not self._dirty:
            return None
        first: int | None = None
        grown: tuple[int, int] | None = None
        while self._dirty:
            if self._fence:
                index = self._first_open
                code = self.blocks[index]
                assert isinstance(code, CodeBlock)
                kept = len(code.lines) - self._partial
                was_closed = self._grow_code(code, self._fence, final)
                if first is None and grown is None:
                    grown = (index, kept)
                if was_closed:
                    self._fence = None
                    self._first_open = len(self.blocks)
            else:
                before = self._first_open
                if not self._parse_open(final):
                    break
                first = before if first is None else min(first, before)
        if grown and (first is None or first > grown[0]):
            return Update(grown[0], True, grown[1])
        return None if first is None else Update(first)

    def _parse_open(self, final: bool) -> bool:
        """Parses the open text; True where the blocks changed. Leaves `_dirty` set where text is left to look at."""
        size = len(self._open)
        if not final and size > REPARSE_FROM and size - self._parsed_length < size >> 4:
            return False
        self._dirty = False
        self._parsed_length = size
        tokens = self._parser.parse(self._open, self._env)
        last = next((i for i in range(len(tokens) - 1, -1, -1) if _is_top(tokens[i])), -1)
        if last < 0:
            changed = self._first_open < len(self.blocks)
            del self.blocks[self._first_open :]
            return changed
        if tokens[last].type == "fence" and self._enter_fence(tokens, last):
            return True
        if final:
            self._replace_open(tokens)
            self._open = ""
            self._first_open = len(self.blocks)
            return True
        head_end, cut = _finished_part(tokens, last)
        if cut:
            tail = tokens[head_end:] if head_end == last else [tokens[last], *tokens[head_end:]]
            head = tokens[:head_end] if head_end == last else [*tokens[:head_end], tokens[-1]]
            self._replace_open(head)
            self._first_open = len(self.blocks)
            self.blocks.extend(blocks_of(tail))
            self._open = _from_line(self._open, cut)
            self._parsed_length = len(self._open)
        else:
            self._replace_open(tokens)
        return True

    def _replace_open(self, tokens: list[Token]) -> None:
        del self.blocks[self._first_open :]
        self.blocks.extend(blocks_of(tokens))

    def _enter_fence(self, tokens: list[Token], last: int) -> bool:
        """Where the last top-level block is a fence whose first line is complete: from here on, lines are appended."""
        token = tokens[last]
        start = token.map[0] if token.map else 0
        rest = _from_line(self._open, start)
        opening, newline, body = rest.partition("\n")
        match = _FENCE.match(opening)
        if not match or not newline:
            return False
        self._replace_open(tokens[:last])
        self._first_open = len(self.blocks)
        self.blocks.append(CodeBlock(token.info.strip(), [], Place(), closed=False))
        mark = match[2]
        closer = re.compile(rf"^ {{0,3}}{re.escape(mark[0])}{{{len(mark)},}}[ \t]*$")
        self._fence = _Fence(closer, mark[0], len(match[1]))
        self._partial = False
        self._open = body
        self._parsed_length = 0
        self._dirty = True
        return True

    def _grow_code(self, code: CodeBlock, fence: _Fence, final: bool) -> bool:
        """Moves complete lines into the block; True where the closing mark came, or the text ended."""
        self._dirty = False
        if self._partial:
            code.lines.pop()
            self._partial = False
        lines = self._open.split("\n")
        self._open = lines.pop()
        for place, line in enumerate(lines):
            if line.lstrip(" ").startswith(fence.mark) and fence.closer.match(line):
                code.closed = True
                self._open = "\n".join([*lines[place + 1 :], self._open])
                self._dirty = bool(self._open) or final
                return True
            code.lines.append(_dedent(line, fence.indent))
        if final:
            if self._open and not fence.closer.match(self._open):
                code.lines.append(_dedent(self._open, fence.indent))
            self._open = ""
            code.closed = True
            return True
        if self._open and not self._open.lstrip(" ").startswith(fence.mark):
            code.lines.append(_dedent(self._open, fence.indent))
            self._partial = True
        return False


def parse(text: str) -> list[Block]:
    """A whole text at once."""
    stream = MarkdownStream()
    stream.feed(text)
    stream.flush(final=True)
    return stream.blocks


def _is_top(token: Token) -> bool:
    return token.level == 0 and token.nesting >= 0 and token.map is not None


def _finished_part(tokens: list[Token], last: int) -> tuple[int, int]:
    """(index of the first token that stays open, its source line); line 0 where nothing is finished."""
    token = tokens[last]
    if token.type in ("bullet_list_open", "ordered_list_open"):
        items = [i for i in range(last + 1, len(tokens)) if tokens[i].type == "list_item_open" and tokens[i].level == 1]
        if len(items) > 1:
            item = tokens[items[-1]]
            return items[-1], item.map[0] if item.map else 0
    return last, token.map[0] if token.map else 0


def _from_line(text: str, line: int) -> str:
    position = 0
    for _ in range(line):
        position = text.index("\n", position) + 1
    return text[position:]


def _dedent(line: str, indent: int) -> str:
    return line[min(indent, len(line) - len(line.lstrip(" "))) :] if indent else line
