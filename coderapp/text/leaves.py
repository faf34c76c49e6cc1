"""What is open while Markdown is read line by line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from coderapp.text.blocks import CodeBlock, TableBlock


@dataclass(slots=True)
class Container:
    """An open quote or list item; the outermost stands for the document."""

    indent: int = -1  # columns by which an item's content is indented; -1: no item
    empty: bool = True
    mark: str = ""  # of the list that an item in here would go on; "": none
    number: int = 0  # which it would have


@dataclass(slots=True)
class Text:
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
