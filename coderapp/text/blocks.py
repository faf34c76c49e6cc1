"""What a message is made of: a flat list of blocks, each with its place in the quotes and lists around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntFlag


class Style(IntFlag):
    """How a run of text is set. Values combine."""

    PLAIN = 0
    BOLD = 1
    ITALIC = 2
    STRIKE = 4
    CODE = 8
    LINK = 16
    NOTE = 32
    """A reference to a footnote: its label, to be drawn raised."""
    MATH = 64
    """A formula: the characters are its TeX source, without the delimiters."""


@dataclass(frozen=True, slots=True)
class Span:
    """`length` characters from `start` set in `style`; `href` where the style has LINK. Spans don't overlap."""

    start: int
    length: int
    style: Style
    href: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a block stands. `path` has one letter for each container around it, outermost first: "q" a quote, "l" a
    list item. `marker` ("•", "3.") and `task` (checked or not) stand only at the first block of a list item. A footnote
    has its label as the marker of its first block, outside any list item of its own.
    """

    path: str = ""
    marker: str = ""
    task: bool | None = None


TOP = Place()

LINE_BREAK = "\u2028"
"""A hard line break inside a text block."""


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A paragraph (`level` 0) or a heading (1 to 6). `continued`: it goes on, without a gap, the paragraph above, which
    was cut because it is too long.
    """

    text: str
    spans: tuple[Span, ...] = ()
    level: int = 0
    place: Place = TOP
    continued: bool = False


@dataclass(frozen=True, slots=True)
class RuleBlock:
    place: Place = TOP


@dataclass(frozen=True, slots=True)
class MathBlock:
    """A formula of its own line or lines: TeX source without the delimiters."""

    tex: str
    place: Place = TOP


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    spans: tuple[Span, ...] = ()


@dataclass(slots=True, eq=False)
class TableBlock:
    """Rows of cells, the header first; each row as long as `align` ("left", "center", "right", one a column). Grows in
    place while it is open: rows are appended to `rows`, and its last row may be a part of one.
    """

    rows: list[tuple[Cell, ...]]
    align: tuple[str, ...]
    place: Place = TOP
    closed: bool = True


@dataclass(slots=True, eq=False)
class CodeBlock:
    """A fence or an indented block. Grows in place while it is open: `lines` is appended to, and its last line may be a
    part of one. `info` is the fence's info string as written.
    """

    info: str = ""
    lines: list[str] = field(default_factory=list)
    place: Place = TOP
    closed: bool = True

    @property
    def code(self) -> str:
        return "\n".join(self.lines)


Block = TextBlock | RuleBlock | MathBlock | TableBlock | CodeBlock


def plain_text(block: Block) -> str:
    """A block's text without marks, as selection and accessibility see it; cells are separated by tabs."""
    match block:
        case TextBlock():
            return block.text.replace(LINE_BREAK, "\n")
        case CodeBlock():
            return block.code
        case MathBlock():
            return block.tex
        case TableBlock():
            return "\n".join("\t".join(cell.text.replace(LINE_BREAK, " ") for cell in row) for row in block.rows)
        case RuleBlock():
            return ""
