"""Markdown line by line: which quotes and lists a line stands in, and what block it begins, goes on or ends.

The algorithm is CommonMark's own (a stack of open containers and one open leaf), with tables, formulas and footnotes.
Each line is read once. Nothing that is read later changes what a line was taken for, but for the lines of an open
paragraph, which may become a heading, a table's head or a link reference definition.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

from markdown_it.common.utils import unescapeAll

from coderapp.text.blocks import LINE_BREAK, Block, CodeBlock, MathBlock, RuleBlock, TableBlock, TextBlock
from coderapp.text.finished import Finished
from coderapp.text.leaves import Code, Container, Formula, Table, Text
from coderapp.text.lines import Line
from coderapp.text.markdown import MARGIN, heavy_at, weight
from coderapp.text.references import take_definitions
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

_LONGEST_CLOSER = 200

_BULLETS = ("•", "◦", "▪")
_HEADING = re.compile(r"(#{1,6})(?:[ \t]+|$)")
_FENCE = re.compile(r"(`{3,})([^`]*)$|(~{3,})(.*)$", re.DOTALL)
_SETEXT = re.compile(r"(=+|-+)[ \t]*$")
_RULE = re.compile(r"(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
_ITEM = re.compile(r"(?:[-+*]|(\d{1,9})[.)])(?=[ \t]|$)")
_NOTE = re.compile(r"\[\^([\w.-]{1,60})\]:[ \t]*")
_STARTS = frozenset(">#`~=-*_+|:$\\[0123456789")


class Structure:
    """The open containers and the open leaf; `out` takes what is finished."""

    def __init__(self) -> None:
        self.out = Finished()
        self.leaf: Text | Code | Table | Formula | None = None
        self.failed = False  # what was taken for a formula is none
        self._containers = [Container()]
        self._level = 0

    def copy(self, *, unread: bool = False) -> Structure:
        """One to try lines on, which leaves this one as it is but for the block of its leaf."""
        new = Structure.__new__(Structure)
        new.out = self.out.copy(unread=unread)
        new.leaf = replace(self.leaf) if self.leaf else None
        new.failed = False
        new._containers = [Container(each.indent, each.empty, each.mark, each.number) for each in self._containers]
        new._level = self._level
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
        if isinstance(self.leaf, Text) and self.leaf.content.startswith("[") and not self.leaf.continued:
            rest = take_definitions(self.leaf.content, self.out.references, text[line.next :])
            if not rest:
                self.leaf = None
            elif len(rest) < len(self.leaf.content):
                self.leaf.content, self.leaf.weight = rest, weight(rest)
        paragraph = self.leaf if isinstance(self.leaf, Text) else None
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
            self.leaf = Text(head=whole)
            self._put(self.leaf, text[line.next :])

    @property
    def takes_more(self) -> bool:
        """Whether `more` can take the rest of a line whose beginning was read. If not, it is a line of its own."""
        return isinstance(self.leaf, Text) or (isinstance(self.leaf, Code) and not self.leaf.blank)

    def more(self, text: str) -> None:
        """Reads more of the line that was begun."""
        if isinstance(self.leaf, Text):
            self._put(self.leaf, text)
        elif isinstance(self.leaf, Code):
            line = self.leaf.block.lines.pop()
            line += text  # in place, for nothing else holds it: a line of 1 MB is not copied
            self.leaf.block.lines.append(line)

    def end_line(self) -> None:
        """The line that was begun ends here."""
        if isinstance(self.leaf, Text) and self.leaf.level:
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
            self.out.fresh.append(TextBlock(opening + LINE_BREAK.join(leaf.lines), (), 0, self.out.place()))
        self.end()
        if isinstance(leaf, Code) and leaf.block in self.out.fresh:
            leaf.block.closed = False
            if leaf.closer and not leaf.block.lines:
                leaf.block.info = ""  # it may go on, and half of it may name another language
        return self.out.fresh

    def _begin(
        self, line: Line, depth: int, paragraph: Text | None, matched: bool, whole: bool, formulas: bool
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
            self._containers.append(Container())
            self.out.path += "q"
            self._level += 1
            line.enter_quote()
            return True
        if first == "#" and (heading := _HEADING.match(text)):
            self._begin_leaf(depth)
            level = len(heading[1])
            if whole:
                self.out.text(_without_hashes(text[level:]), level)
            else:
                self.leaf = Text(level=level)
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
            self.out.fresh.append(RuleBlock(self.out.place()))
            return False
        if item := _ITEM.match(text):
            return self._begin_item(line, depth, item, inside)
        if first in "$\\" and whole and formulas:
            return self._begin_formula(depth, text, alone=paragraph is None)
        if first == "[" and not self.out.marker and (note := _NOTE.match(text)):
            self._begin_leaf(depth)
            self.leaf = Text(note=note[1])
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
        if self.out.marker:  # an item that holds only a list: its marker gets a line of its own
            self.out.fresh.append(TextBlock("", (), 0, self.out.place()))
        parent = self._containers[-1]
        parent.empty = False
        mark = item[0][-1]
        number = parent.number if parent.mark == mark else int(item[1] or 0)
        parent.mark, parent.number = mark, number + 1
        self.out.marker = f"{number}{mark}" if item[1] else _BULLETS[min(self.out.path.count("l"), len(_BULLETS) - 1)]
        self._containers.append(Container(line.enter_item(len(item[0]))))
        self.out.path += "l"
        self._level += 2
        return True

    def _close_to(self, depth: int) -> None:
        """Closes the containers from `depth` on, and what is open in them. 0: all."""
        if depth >= len(self._containers):
            return
        self._close_leaf()
        while len(self._containers) > max(depth, 1):
            if self._containers.pop().indent >= 0:
                if self.out.marker:
                    self.out.fresh.append(TextBlock("", (), 0, self.out.place()))
                self._level -= 2
            else:
                self._level -= 1
            self.out.path = self.out.path[:-1]

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
        if isinstance(leaf, Text):
            self._close_text(leaf)
        elif isinstance(leaf, Code):
            leaf.block.closed = True  # for good also in a copy: what is at a line's beginning tells
        elif isinstance(leaf, Table):
            leaf.block.closed = not self.out.is_copy
        elif isinstance(leaf, Formula):
            self.failed = True

    def _begin_code(self, depth: int, info: str) -> CodeBlock:
        self._begin_leaf(depth)
        code = CodeBlock(info, [], self.out.place(), closed=False)
        self.out.fresh.append(code)
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
            self.out.fresh.append(MathBlock(rest[:-2].strip(), self.out.place()))
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
            self.out.fresh.append(MathBlock(tex, self.out.place()))
        else:
            too_long = leaf.size > _LONGEST_FORMULA or len(leaf.lines) > _MOST_FORMULA_LINES
            self.failed = end >= 0 or not whole or not text or too_long

    # tables

    def _begin_table(self, paragraph: Text, below: str) -> bool:
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
        table = TableBlock([], align, self.out.place(), closed=False)
        table.rows.append(self.out.cells(sources, len(align), 0))
        self.out.fresh.append(table)
        self.leaf = Table(table)
        return True

    def _row(self, leaf: Table, text: str) -> bool:
        sources = cells(text)
        leaf.missing += len(leaf.block.align) - len(sources)
        if leaf.missing > _MOST_EMPTY_CELLS:
            return False
        leaf.block.rows.append(self.out.cells(sources, len(leaf.block.align), len(leaf.block.rows)))
        return True

    # paragraphs

    def _put(self, leaf: Text, text: str) -> None:
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

    def _close_text(self, leaf: Text, *, gap: bool | None = None) -> None:
        """`gap`: where the paragraph goes on, whether white space stands between this piece and the next."""
        content = leaf.content
        if not leaf.continued and not leaf.level and not leaf.note and gap is not False:
            content = take_definitions(content, self.out.references, None)
        content = content.strip(MARGIN)
        if content or leaf.note or leaf.level:
            self.out.text(content, leaf.level, leaf.note, continued=leaf.continued, gap=bool(gap))
            leaf.note = ""
            leaf.continued = gap is not None

    def _underline(self, paragraph: Text, mark: str) -> bool:
        if paragraph.continued or paragraph.note:
            return False
        content = take_definitions(paragraph.content, self.out.references, None).strip(MARGIN)
        if not content:
            return False
        self.leaf = None
        self.out.text(content, 1 if mark == "=" else 2)
        return True


def _goes_on(container: Container, line: Line) -> bool:
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
