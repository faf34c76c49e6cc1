"""Incremental Markdown: `feed` what arrives, `flush` for the blocks that changed.

Each complete line is read once (`structure.py`), and the marks in a paragraph when it ends (`markdown.py`). For what is
on screen until then, the incomplete line is tried on a copy of the open containers, and the open paragraph is read as
far as it came. A flush costs what its new text costs, whatever came before.

After `flush(final=True)` the blocks are the same however the text was cut into pieces. Until then the last block may be
another one than it will be, and words in brackets whose reference is defined further down stay words.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from coderapp.text.blocks import Block, Cell, CodeBlock, TableBlock, TextBlock
from coderapp.text.leaves import Code, Formula, Table
from coderapp.text.markdown import read, weight, without_task_mark
from coderapp.text.structure import LONGEST_LINE, Structure

_FORMULA = re.compile(r"[ \t>\d.)*+-]*(?:\$\$|\\\[)")
MOST_RESOLVED = 80_000
"""Weight of the texts that are read once more at the end because of references defined below them: about 50 ms."""

_LOOK_UP = 40  # what a text takes beyond its weight
_UNDECIDED = re.compile(
    r"[ \t>]*(?:[-=|: ]+|[-+*_]+|\d{1,9}[.)]?|#{1,6}|`{1,2}|~{1,2}|\$\$?|\\[\[(]?"
    r"|(?:[-+*]|\d{1,9}[.)])[ \t]+\[(?:[ xX]\]?)?|\[(?:\^[\w.-]*\]?)?)$"
)
"""A line of which nothing is shown until more of it came, for it would soon look different."""


@dataclass(frozen=True, slots=True)
class Update:
    """`blocks[first:]` of the stream are new, those before are the same objects as before. `grown`: the block at
    `first` is the code block or table that was there, the same object, and `kept` of its lines or rows, from the top,
    are unchanged; what comes after it is new.
    """

    first: int
    grown: bool = False
    kept: int = 0


class MarkdownStream:
    """`blocks` is the document so far: feed text in any pieces, call flush for what changed since the last flush."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._structure = Structure()
        self._pending: list[str] = []
        self._line = ""  # the incomplete line
        self._begun = False  # its beginning was read, for it is too long
        self._trial: Structure | None = None  # where the lines that are held back begin a formula
        self._held: list[str] = []
        self._shown = 0  # lines or rows of the open block that are not complete, at its end
        self._update: Update | None = None  # the earliest change of the flush under way

    def feed(self, text: str) -> None:
        if text:
            self._pending.append(text)

    def flush(self, *, final: bool = False) -> Update | None:
        """The change since the last flush, or None. `final`: no more text comes; closes what is open."""
        text = self._take(final)
        if not text and not final:
            return None
        self._update = None
        leaf = self._structure.leaf
        growing = leaf.block if isinstance(leaf, Code | Table) else None
        before = _extent(growing)
        if growing and self._shown:
            del _parts(growing)[-self._shown :]
        kept = (len(_parts(growing)) if growing else 0) - self._begun
        self._shown = 0
        self._read(text)
        if final:
            self._end()
        tail = [] if final else self._incomplete()
        if _extent(growing) != before:
            self._changed(Update(self._structure.out.base - 1, True, kept))
        self._show([*self._structure.out.fresh, *tail])
        self._structure.out.base += len(self._structure.out.fresh)
        self._structure.out.fresh.clear()
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

    # complete lines

    def _read(self, text: str) -> None:
        """Reads complete lines, and the beginning of one that is too long."""
        if self._begun:
            rest, newline, text = text.partition("\n")
            self._structure.more(rest)
            if not newline:
                return
            self._structure.end_line()
            self._begun = False
        lines = (self._line + text).split("\n")
        self._line = lines.pop()
        position = 0
        while position < len(lines):
            position += self._structure.code_lines(lines, position)
            if position < len(lines):
                self._read_line(lines[position])
                position += 1
        while len(self._line) > LONGEST_LINE:
            self._begun = self._begin(self._line)
            if self._begun:
                self._structure.more(self._line[LONGEST_LINE:])
                self._line = ""
            else:
                self._line = self._line[LONGEST_LINE:]

    def _read_line(self, line: str) -> None:
        while len(line) > LONGEST_LINE:
            begun = self._begin(line)
            line = line[LONGEST_LINE:]
            if begun:
                self._structure.more(line)
                self._structure.end_line()
                return
        if self._trial:
            self._trial.line(line)
            self._held.append(line)
            self._judge(self._trial)
        elif not (_FORMULA.match(line) and self._try(line)):
            self._structure.line(line)

    def _begin(self, line: str) -> bool:
        """Reads the beginning of a line. False: its rest is a line of its own."""
        self._give_up()
        self._structure.line(line[:LONGEST_LINE], whole=False)
        return self._structure.takes_more

    def _try(self, line: str) -> bool:
        """Whether a formula may begin on this line, which is held back then."""
        leaf = self._structure.leaf
        if isinstance(leaf, Code) and self._structure.peek_code(line)[0]:
            return False
        rows = leaf.block.rows if isinstance(leaf, Table) else []
        count = len(rows)
        trial = self._structure.copy(unread=True)
        trial.line(line)
        del rows[count:]
        if not isinstance(trial.leaf, Formula):
            return False
        self._trial = trial
        self._held = [line]
        return True

    def _judge(self, trial: Structure) -> None:
        """Looks whether the lines that are held back turned out to be a formula, or can't be one any more."""
        if trial.failed:
            last = self._held.pop()
            self._give_up()
            self._read_line(last)
        elif not isinstance(trial.leaf, Formula):
            self._trial = None
            for line in self._held:
                self._structure.line(line)

    def _give_up(self) -> None:
        """No formula: reads the lines that were held back as others."""
        if self._trial:
            self._trial = None
            for line in self._held:
                self._structure.line(line, formulas=False)

    def _end(self) -> None:
        if self._begun:
            self._structure.end_line()
        elif self._line.strip(" \t"):
            self._read_line(self._line)
        self._give_up()
        self._structure.end()
        self._line = ""
        self._begun = False

    # the incomplete line

    def _incomplete(self) -> list[Block]:
        """What is to be shown below the finished blocks: the open paragraph, and what the incomplete line seems."""
        structure, line = self._structure, self._line
        leaf = structure.leaf
        if isinstance(leaf, Code) and not self._trial:
            inside, lines = (True, []) if self._begun else structure.peek_code(line)
            if inside:
                leaf.block.lines += lines
                self._shown = len(lines)
                return []
        if _UNDECIDED.match(line):
            line = ""
        rows = leaf.block.rows if isinstance(leaf, Table) else []
        count = len(rows)
        look = structure.copy()
        held = self._held if self._trial else []
        for each in held:
            look.line(each)
        if line:
            look.line(line)
        if look.failed:
            look = structure.copy()
            for each in held:
                look.line(each, formulas=False)
            look.line(line)
        self._shown = len(rows) - count
        return look.seen()

    def _show(self, new: list[Block]) -> None:
        """Puts blocks in place below the finished ones. Those that are as they were stay the same objects."""
        first = index = self._structure.out.base
        leaf = self._structure.leaf
        for block in new:
            known = self.blocks[index] if index < len(self.blocks) else None
            if isinstance(block, CodeBlock | TableBlock) and _same_kind(block, known):
                assert isinstance(known, CodeBlock | TableBlock)
                if isinstance(leaf, Code | Table) and leaf.block is block:
                    leaf.block = known
                index += 1
                if _renew(known, block, self._changed, index - 1):
                    break
            elif block != known:
                break
            else:
                index += 1
        rest = new[index - first :]
        if rest or index < len(self.blocks):
            self.blocks[index:] = rest
            self._changed(Update(index))

    # references

    def _resolve(self) -> None:
        """Reads once more what cites a reference that was defined after it."""
        references = self._structure.out.references
        tables: dict[int, TableBlock] = {}
        room = MOST_RESOLVED
        for citing in self._structure.out.citing:
            if not any(label in references for label in citing.labels):
                continue
            room -= weight(citing.source) + _LOOK_UP
            if room < 0:
                break
            text, spans = read(citing.source, references)
            known = self.blocks[citing.index]
            if isinstance(known, TableBlock):
                table = tables.setdefault(citing.index, replace(known, rows=list(known.rows)))
                row = table.rows[citing.row]
                table.rows[citing.row] = (*row[: citing.column], Cell(text, spans), *row[citing.column + 1 :])
                self.blocks[citing.index] = table
                self._changed(Update(citing.index))
            elif isinstance(known, TextBlock):
                place = known.place
                if citing.first:
                    text, spans, task = without_task_mark(text, spans)
                    place = replace(place, task=task)
                block = replace(known, text=text + " " if citing.gap else text, spans=spans, place=place)
                if block != known:
                    self.blocks[citing.index] = block
                    self._changed(Update(citing.index))
        self._structure.out.citing.clear()


def parse(text: str) -> list[Block]:
    """A whole text at once."""
    stream = MarkdownStream()
    stream.feed(text)
    stream.flush(final=True)
    return stream.blocks


def _parts(block: CodeBlock | TableBlock) -> list[Any]:
    return block.lines if isinstance(block, CodeBlock) else block.rows


def _extent(block: CodeBlock | TableBlock | None) -> tuple[object, ...]:
    """What tells whether a block that only grows at its end has changed."""
    if isinstance(block, CodeBlock):
        return block.closed, len(block.lines), len(block.lines[-1]) if block.lines else 0
    return (block.closed, len(block.rows), block.rows[-1]) if block else ()


def _same_kind(block: CodeBlock | TableBlock, known: Block | None) -> bool:
    if isinstance(block, CodeBlock) and isinstance(known, CodeBlock):
        return (block.info, block.place) == (known.info, known.place)
    if isinstance(block, TableBlock) and isinstance(known, TableBlock):
        return (block.align, block.place) == (known.align, known.place)
    return False


def _renew(
    known: CodeBlock | TableBlock, block: CodeBlock | TableBlock, changed: Callable[[Update], None], index: int
) -> bool:
    """Makes `known` what `block` is. False where it is already."""
    old, new = _parts(known), _parts(block)
    if known.closed == block.closed and old == new:
        return False
    kept = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    old[kept:] = new[kept:]
    known.closed = block.closed
    changed(Update(index, True, kept))
    return True
