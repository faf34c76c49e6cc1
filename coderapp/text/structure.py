"""Markdown line by line: which quotes and lists a line stands in, and what block it begins, goes on or ends.

The algorithm is CommonMark's own (a stack of open containers and one open leaf), with tables, formulas and footnotes.
Each line is read once. Nothing that is read later changes what a line was taken for, but for the lines of an open
paragraph, which may become a heading, a table's head or a link reference definition.
"""

from __future__ import annotations

import re
import unicodedata
from collections import ChainMap
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from markdown_it.common.utils import unescapeAll

from coderapp.text.blocks import (
    LINE_BREAK,
    Block,
    Cell,
    CodeBlock,
    MathBlock,
    Place,
    RuleBlock,
    TableBlock,
    TextBlock,
)
from coderapp.text.lines import Line
from coderapp.text.markdown import HEAVIEST, MARGIN, Read, Reader, heavy_at, read, weight, without_task_mark
from coderapp.text.references import References, labels, take_definitions
from coderapp.text.tables import alignment, cells

DEEPEST = 20
"""Levels of containers (a quote is one, a list and its item are two) up to which quotes and lists are recognised; the
marks of deeper ones stay in the text."""

LONGEST_LINE = 2_000
"""Characters of a line that decide what it is. One that has more is code or text; its rest is taken as it comes."""

PIECE = 5_000
"""Weight (`markdown.weight`) from which a paragraph is cut: about 4,000 characters of prose, fewer of dense marks."""

_LONGEST_FORMULA = 4_000
_MOST_FORMULA_LINES = 100
_MOST_EMPTY_CELLS = 0x10000
_MOST_CITING = 200_000

_LONGEST_CLOSER = 200
_EMPTY = Cell("")

_BULLETS = ("•", "◦", "▪")
_HEADING = re.compile(r"(#{1,6})(?:[ \t]+|$)")
_FENCE = re.compile(r"(`{3,})([^`]*)$|(~{3,})(.*)$", re.DOTALL)
_SETEXT = re.compile(r"(=+|-+)[ \t]*$")
_RULE = re.compile(r"(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
_ITEM = re.compile(r"(?:[-+*]|(\d{1,9})[.)])(?=[ \t]|$)")
_NOTE = re.compile(r"\[\^([\w.-]{1,60})\]:[ \t]*")
_STARTS = frozenset(">#`~=-*_+|:$\\[0123456789")


@dataclass(slots=True)
class _Container:
    """An open quote or list item; the outermost stands for the document."""

    indent: int = -1  # columns by which an item's content is indented; -1: no item
    empty: bool = True
    mark: str = ""  # of the list that an item in here would go on; "": none
    number: int = 0  # which it would have


@dataclass(slots=True)
class _Text:
    """An open paragraph, or the rest of a heading whose line is too long."""

    content: str = ""
    weight: int = 0
    level: int = 0
    note: str = ""  # the label of the footnote that it is
    continued: bool = False
    head: bool = True  # the last line may be a table's: not indented, nor a lazy continuation


@dataclass(slots=True)
class Code:
    """An open fence, or indented code (no `closer`)."""

    block: CodeBlock
    closer: re.Pattern[str] | None = None
    mark: str = ""
    indent: int = 0
    blank: list[str] = field(default_factory=list)  # lines that belong to it if another one comes


@dataclass(slots=True)
class Table:
    """An open table."""

    block: TableBlock
    missing: int = 0  # cells that its rows lack


@dataclass(slots=True)
class Formula:
    """What may be a formula of several lines."""

    closer: str
    lines: tuple[str, ...]
    size: int = 0


@dataclass(frozen=True, slots=True)
class Citing:
    """A finished text with words in brackets that no reference explained. `row` and `column` where it is a cell,
    `first` where it is the first block of a list item, `gap` where a space was put behind it.
    """

    index: int
    source: str
    labels: frozenset[str]
    first: bool = False
    gap: bool = False
    row: int = -1
    column: int = -1


class Structure:
    """The open containers and leaf. `fresh` holds the blocks that were finished, or begun in their place, since it was
    last emptied; `base` is the index of the first one in the document.
    """

    def __init__(self) -> None:
        self.fresh: list[Block] = []
        self.base = 0
        self.references: References = {}
        self.citing: list[Citing] = []
        self.leaf: _Text | Code | Table | Formula | None = None
        self.failed = False  # what was taken for a formula is none
        self._reader = Reader()
        self._look: Callable[[str, References], Read] = self._reader.exact
        self._copied = False
        self._cited = 0  # characters in `citing`
        self._containers = [_Container()]
        self._path = ""
        self._level = 0
        self._pending = ""  # the marker that the next block takes

    def copy(self, *, unread: bool = False) -> Structure:
        """One to try lines on, which leaves this one as it is but for the block of its leaf. Its texts are guesses, or
        where `unread` as they stand in the source.
        """
        new = Structure.__new__(Structure)
        new.fresh = []
        new.base = self.base + len(self.fresh)
        new.references = ChainMap({}, self.references)
        new.citing = []
        new.leaf = replace(self.leaf) if self.leaf else None
        new.failed = False
        new._reader = self._reader
        new._look = _unread if unread else self._reader.guess
        new._copied = True
        new._containers = [_Container(each.indent, each.empty, each.mark, each.number) for each in self._containers]
        new._path, new._level, new._pending = self._path, self._level, self._pending
        return new

    # lines

    def line(self, text: str, *, whole: bool = True, formulas: bool = True) -> None:
        """Reads a line, or where not `whole` the beginning of one that is too long for most of what a line may be."""
        line = Line(text)
        containers = self._containers
        depth = 1
        while depth < len(containers) and _goes_on(containers[depth], line):
            depth += 1
        matched = depth == len(containers)
        if matched and isinstance(self.leaf, Code) and self._code_line(self.leaf, line, whole):
            return
        if matched and isinstance(self.leaf, Formula):
            self._formula_line(self.leaf, line, whole)
            return
        if line.blank:
            self._close_to(depth)
            self._close_leaf()
            return
        if isinstance(self.leaf, _Text) and self.leaf.content.startswith("[") and not self.leaf.continued:
            rest = take_definitions(self.leaf.content, self.references, text[line.next :])
            if not rest:
                self.leaf = None
            elif len(rest) < len(self.leaf.content):
                self.leaf.content, self.leaf.weight = rest, weight(rest)
        paragraph = self.leaf if isinstance(self.leaf, _Text) else None
        while line.indent < 4 and text[line.next] in _STARTS:
            begun = self._begin(line, depth, paragraph, matched, whole, formulas)
            if begun is None:
                break
            if not begun or line.blank:
                return
            depth += 1
            matched, paragraph = True, None
        if line.indent >= 4 and paragraph is None:
            code = self._begin_code(depth, "")
            self.leaf = Code(code)
            self._code_line(self.leaf, line, whole)
        elif paragraph is not None:
            paragraph.head = matched and whole and line.indent < 4
            self._put(paragraph, "\n" + text[line.next :])
        else:
            self._close_to(depth)
            if isinstance(self.leaf, Table) and whole and self._row(self.leaf, text[line.next :]):
                return
            self._begin_leaf(depth)
            self.leaf = _Text(head=whole)
            self._put(self.leaf, text[line.next :])

    @property
    def takes_more(self) -> bool:
        """Whether `more` can take the rest of a line whose beginning was read. If not, it is a line of its own."""
        return isinstance(self.leaf, _Text) or (isinstance(self.leaf, Code) and not self.leaf.blank)

    def more(self, text: str) -> None:
        """Reads more of the line that was begun."""
        if isinstance(self.leaf, _Text):
            self._put(self.leaf, text)
        elif isinstance(self.leaf, Code):
            line = self.leaf.block.lines.pop()
            line += text  # in place, for nothing else holds it: a line of 1 MB is not copied
            self.leaf.block.lines.append(line)

    def end_line(self) -> None:
        """The line that was begun ends here."""
        if isinstance(self.leaf, _Text) and self.leaf.level:
            self._close_leaf()

    def end(self) -> None:
        """Nothing more comes."""
        self._close_to(0)

    def seen(self) -> list[Block]:
        """What is to be seen if nothing more comes for now. Only for a copy."""
        leaf = self.leaf
        if isinstance(leaf, Formula):
            self.leaf = None
            opening = "$$" if leaf.closer == "$$" else "\\["
            self.fresh.append(TextBlock(opening + LINE_BREAK.join(leaf.lines), (), 0, self._place()))
        self.end()
        if isinstance(leaf, Code) and leaf.block in self.fresh:
            leaf.block.closed = False
            if leaf.closer and not leaf.block.lines:
                leaf.block.info = ""  # it may go on, and half of it may name another language
        return self.fresh

    def _begin(
        self, line: Line, depth: int, paragraph: _Text | None, matched: bool, whole: bool, formulas: bool
    ) -> bool | None:
        """Begins what the mark at the line's next character begins. True: a container, whose content comes next. False:
        a block that the line is all of. None: nothing.
        """
        text = line.text[line.next :]
        first = text[0]
        inside = matched and paragraph is not None
        if first == ">":
            if self._level_at(depth) >= DEEPEST:
                return None
            self._begin_leaf(depth)
            self._containers.append(_Container())
            self._path += "q"
            self._level += 1
            line.enter_quote()
            return True
        if first == "#" and (heading := _HEADING.match(text)):
            self._begin_leaf(depth)
            level = len(heading[1])
            if whole:
                self._text(_without_hashes(text[level:]), level)
            else:
                self.leaf = _Text(level=level)
                self._put(self.leaf, text[heading.end() :])
            return False
        if first in "`~" and whole and (fence := _FENCE.match(text)):
            mark = fence[1] or fence[3]
            code = self._begin_code(depth, unescapeAll(fence[2] or fence[4] or "").strip())
            closer = re.compile(rf"{re.escape(mark[0])}{{{len(mark)},}}[ \t]*")
            self.leaf = Code(code, closer, mark[0], line.indent)
            return False
        if first in "|-:" and inside and whole and paragraph and self._begin_table(paragraph, text):
            return False
        if (
            first in "=-"
            and inside
            and whole
            and paragraph
            and _SETEXT.match(text)
            and self._underline(paragraph, first)
        ):
            return False
        if first in "*-_" and whole and _RULE.match(text):
            self._begin_leaf(depth)
            self.fresh.append(RuleBlock(self._place()))
            return False
        if item := _ITEM.match(text):
            return self._begin_item(line, depth, item, inside)
        if first in "$\\" and whole and formulas:
            return self._begin_formula(depth, text, alone=paragraph is None)
        if first == "[" and not self._pending and (note := _NOTE.match(text)):
            self._begin_leaf(depth)
            self.leaf = _Text(note=note[1])
            self._put(self.leaf, text[note.end() :])
            return False
        return None

    # containers

    def _level_at(self, depth: int) -> int:
        return sum(1 if each.indent < 0 else 2 for each in self._containers[1:depth])

    def _begin_item(self, line: Line, depth: int, item: re.Match[str], inside: bool) -> bool | None:
        if inside and (
            (item[1] not in (None, "1") and int(item[1]) != 1) or not item.string[item.end() :].strip(" \t")
        ):
            return None
        if self._level_at(depth) >= DEEPEST:
            return None
        self._close_to(depth)
        self._close_leaf()
        if self._pending:  # an item that holds only a list: its marker gets a line of its own
            self.fresh.append(TextBlock("", (), 0, self._place()))
        parent = self._containers[-1]
        parent.empty = False
        mark = item[0][-1]
        number = parent.number if parent.mark == mark else int(item[1] or 0)
        parent.mark, parent.number = mark, number + 1
        self._pending = f"{number}{mark}" if item[1] else _BULLETS[min(self._path.count("l"), len(_BULLETS) - 1)]
        self._containers.append(_Container(line.enter_item(len(item[0]))))
        self._path += "l"
        self._level += 2
        return True

    def _close_to(self, depth: int) -> None:
        """Closes the containers from `depth` on, and what is open in them. 0: all."""
        if depth >= len(self._containers):
            return
        self._close_leaf()
        while len(self._containers) > max(depth, 1):
            if self._containers.pop().indent >= 0:
                if self._pending:
                    self.fresh.append(TextBlock("", (), 0, self._place()))
                self._level -= 2
            else:
                self._level -= 1
            self._path = self._path[:-1]

    def _place(self) -> Place:
        """Of the next block."""
        place = Place(self._path, self._pending)
        self._pending = ""
        return place

    # leaves

    def _begin_leaf(self, depth: int) -> None:
        """Makes room for a block in the container above `depth`."""
        self._close_to(depth)
        self._close_leaf()
        parent = self._containers[-1]
        parent.empty = False
        parent.mark = ""

    def _close_leaf(self) -> None:
        leaf, self.leaf = self.leaf, None
        if isinstance(leaf, _Text):
            self._close_text(leaf)
        elif isinstance(leaf, Code):
            leaf.block.closed = True  # for good also in a copy: what is at a line's beginning tells
        elif isinstance(leaf, Table):
            leaf.block.closed = not self._copied
        elif isinstance(leaf, Formula):
            self.failed = True

    def _begin_code(self, depth: int, info: str) -> CodeBlock:
        self._begin_leaf(depth)
        code = CodeBlock(info, [], self._place(), closed=False)
        self.fresh.append(code)
        return code

    def _code_line(self, leaf: Code, line: Line, whole: bool) -> bool:
        """False: the line does not belong to the code, which is closed."""
        lines = leaf.block.lines
        if leaf.closer:
            if whole and line.indent < 4 and leaf.closer.fullmatch(line.text, line.next):
                self._close_leaf()
            else:
                line.skip(leaf.indent)
                lines.append(line.code())
            return True
        if line.blank:
            line.skip(4)
            leaf.blank.append(line.code())
            return True
        if line.indent < 4:
            self._close_leaf()
            return False
        lines += leaf.blank
        leaf.blank.clear()
        line.skip(4)
        lines.append(line.code())
        return True

    def peek_code(self, text: str) -> tuple[bool, list[str]]:
        """(whether an incomplete line belongs to the open code, the lines that it surely adds to it)."""
        leaf = self.leaf
        assert isinstance(leaf, Code)
        line = Line(text)
        if not text.strip(" \t"):
            return True, []
        if not all(_goes_on(each, line) for each in self._containers[1:]):
            return False, []
        if line.blank:
            return True, []
        if not leaf.closer:
            inside = line.indent >= 4
            line.skip(4)
            return inside, [*leaf.blank, line.code()]
        rest = text[line.next :]
        if line.indent < 4 and len(rest) < _LONGEST_CLOSER and not rest.rstrip(" \t").strip(leaf.mark):
            return True, []
        line.skip(leaf.indent)
        return True, [line.code()]

    def code_lines(self, lines: list[str], start: int) -> int:
        """Reads lines of a fence that nothing is around, quicker than `line`. Returns how many it took: all up to one
        that may be the closing mark; 0 where something else is open.
        """
        leaf = self.leaf
        if not isinstance(leaf, Code) or not leaf.closer or len(self._containers) > 1 or leaf.indent:
            return 0
        mark = leaf.mark * 3
        end = start
        while end < len(lines) and len(lines[end]) <= LONGEST_LINE and mark not in lines[end]:
            end += 1
        leaf.block.lines += lines[start:end]
        return end - start

    def _begin_formula(self, depth: int, text: str, *, alone: bool) -> bool | None:
        """Where the formula's end is on another line, `alone` must be true: no paragraph goes on."""
        text = text.rstrip(" \t")
        closer = "$$" if text[0] == "$" else "\\]"
        if not text.startswith(("$$", "\\[")) or text.startswith("$$$"):
            return None
        rest = text[2:]
        if rest.endswith(closer) and closer not in rest[:-2] and rest[:-2].strip():
            self._begin_leaf(depth)
            self.fresh.append(MathBlock(rest[:-2].strip(), self._place()))
            return False
        if closer[-1] in rest or (rest and not alone):
            return None
        self._begin_leaf(depth)
        self.leaf = Formula(closer, (rest,))
        return False

    def _formula_line(self, leaf: Formula, line: Line, whole: bool) -> None:
        text = line.text[line.next :].rstrip(" \t")
        leaf.lines += (text,)
        leaf.size += len(text)
        end = text.find(leaf.closer)
        if end >= 0 and end == len(text) - 2:
            tex = "\n".join(leaf.lines)[:-2].strip()
            self.leaf = None
            self.failed = not tex
            self.fresh.append(MathBlock(tex, self._place()))
        else:
            too_long = leaf.size > _LONGEST_FORMULA or len(leaf.lines) > _MOST_FORMULA_LINES
            self.failed = end >= 0 or not whole or not text or too_long

    # tables

    def _begin_table(self, paragraph: _Text, below: str) -> bool:
        """Where the last line of a paragraph is the head of a table, and `below` says so."""
        begin = paragraph.content.rfind("\n") + 1
        head = paragraph.content[begin:]
        if "|" not in head or not paragraph.head or (not begin and (paragraph.note or paragraph.continued)):
            return False
        align = alignment(below)
        sources = cells(head) if align else []
        if not sources or len(sources) != len(align):
            return False
        paragraph.content = paragraph.content[: max(0, begin - 1)]
        self._begin_leaf(len(self._containers))
        table = TableBlock([], align, self._place(), closed=False)
        table.rows.append(self._cells(sources, len(align), 0))
        self.fresh.append(table)
        self.leaf = Table(table)
        return True

    def _row(self, leaf: Table, text: str) -> bool:
        sources = cells(text)
        leaf.missing += len(leaf.block.align) - len(sources)
        if leaf.missing > _MOST_EMPTY_CELLS:
            return False
        leaf.block.rows.append(self._cells(sources, len(leaf.block.align), len(leaf.block.rows)))
        return True

    def _cells(self, sources: list[str], count: int, row: int) -> tuple[Cell, ...]:
        index = self.base + len(self.fresh) - (row > 0)
        found = []
        plain = sum(map(weight, sources)) > HEAVIEST
        for column, source in enumerate(sources[:count]):
            found.append(Cell(source) if plain else Cell(*read(source, self.references)))
            if "[" in source and not plain:
                self._cite(Citing(index, source, frozenset(), row=row, column=column))
        return (*found, *(_EMPTY for _ in range(count - len(found))))

    # paragraphs

    def _put(self, leaf: _Text, text: str) -> None:
        """Adds to a paragraph, and cuts what is too long for one."""
        for start in range(0, len(text), PIECE):
            content = leaf.content + text[start : start + PIECE]
            leaf.weight += weight(content, len(leaf.content))
            while leaf.weight > PIECE:
                end, begin = _cut(content, heavy_at(content, PIECE))
                leaf.content = content[:end]
                self._close_text(leaf, gap=begin > end)
                content = content[begin:]
                leaf.weight = weight(content)
            leaf.content = content

    def _close_text(self, leaf: _Text, *, gap: bool | None = None) -> None:
        """`gap`: where the paragraph goes on, whether white space stands between this piece and the next."""
        content = leaf.content
        if not leaf.continued and not leaf.level and not leaf.note and gap is not False:
            content = take_definitions(content, self.references, None)
        content = content.strip(MARGIN)
        if content or leaf.note or leaf.level:
            self._text(content, leaf.level, leaf.note, continued=leaf.continued, gap=bool(gap))
            leaf.note = ""
            leaf.continued = gap is not None

    def _underline(self, paragraph: _Text, mark: str) -> bool:
        if paragraph.continued or paragraph.note:
            return False
        content = take_definitions(paragraph.content, self.references, None).strip(MARGIN)
        if not content:
            return False
        self.leaf = None
        self._text(content, 1 if mark == "=" else 2)
        return True

    def _text(
        self, content: str, level: int = 0, note: str = "", *, continued: bool = False, gap: bool = False
    ) -> None:
        text, spans = self._look(content, self.references)
        first = bool(self._pending)
        task = None
        if first and not level and not continued:
            text, spans, task = without_task_mark(text, spans)
        if "[" in content:
            first = first and not level and not continued
            self._cite(Citing(self.base + len(self.fresh), content, frozenset(), first, gap))
        place = self._place()
        if task is not None or note:
            place = Place(place.path, note or place.marker, task)
        self.fresh.append(TextBlock(text + " " if gap else text, spans, level, place, continued))

    def _cite(self, citing: Citing) -> None:
        """Notes a text whose words in brackets may be explained later."""
        if self._copied or self._cited > _MOST_CITING:
            return
        missing = frozenset(each for each in labels(citing.source) if each not in self.references)
        if missing:
            self.citing.append(replace(citing, labels=missing))
            self._cited += len(citing.source)


def _unread(source: str, _references: References) -> Read:
    return source, ()


def _goes_on(container: _Container, line: Line) -> bool:
    """Reads what `container` takes of the line's beginning."""
    if container.indent < 0:
        return line.enter_quote()
    if line.blank and container.empty:
        return False
    if line.indent >= container.indent:
        line.skip(container.indent)
        return True
    if line.blank:
        line.take(0)
        return True
    return False


def _without_hashes(text: str) -> str:
    """A heading's text without the marks that may close it."""
    text = text.rstrip(" \t")
    rest = text.rstrip("#")
    return (rest if rest.endswith((" ", "\t")) else text).strip(MARGIN)


def _cut(text: str, room: int) -> tuple[int, int]:
    """(where to end a piece of `room` characters at most, where the next begins): between lines if it can be, else at a
    space. Depends on nothing behind `text[room]`.
    """
    end = text.rfind("\n", room // 2, room)
    if end >= 0:
        return end, end + 1
    end = text.rfind(" ", max(1, room - 400), room)
    if end >= 0:
        return end, end + 1
    end = room
    while end > room - 16 and (
        unicodedata.combining(text[end]) or text[end] in "\u200d\ufe0f" or text[end - 1] in "\u200d\\"
    ):
        end -= 1
    return end, end
