"""What `coderapp.text.stream` reads line by line, read by markdown-it as a whole: the two must be equal.

Formulas of their own lines and footnotes' texts are not known here, nor are the bounds on lines and paragraphs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.common.utils import unescapeAll
from markdown_it.rules_block import StateBlock, blockquote, list_block, table
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from coderapp.text.blocks import Block, Cell, CodeBlock, Place, RuleBlock, TableBlock, TextBlock
from coderapp.text.markdown import inline, with_inline_rules, without_task_mark
from coderapp.text.structure import DEEPEST

_BULLETS = ("•", "◦", "▪")
_Rule = Callable[[StateBlock, int, int, bool], bool]


def oracle(text: str) -> list[Block]:
    return blocks(_parser().parse(text))


@cache
def _parser() -> MarkdownIt:
    md = with_inline_rules(MarkdownIt("commonmark", {"html": False, "maxNesting": DEEPEST + 4}))
    md.block.ruler.at("blockquote", _bounded(blockquote), {"alt": ["paragraph", "reference", "blockquote", "list"]})
    md.block.ruler.at("list", _bounded(list_block), {"alt": ["paragraph", "reference", "blockquote"]})
    # markdown-it tries tables first, so that a list item or a fence with a bar in its first line became a table's head.
    md.block.ruler.before("lheading", "late_table", table, {"alt": ["paragraph", "reference"]})
    md.core.ruler.before("inline", "margins", _without_margins)
    return md


def _without_margins(state: StateCore) -> None:
    """The white space at the beginning of a paragraph's lines is no part of it, also inside code."""
    for token in state.tokens:
        if token.type == "inline":
            token.content = re.sub(r"\n[ \t]+", "\n", token.content)


def _bounded(rule: _Rule) -> _Rule:
    """markdown-it drops what is nested deeper than maxNesting; a container that is not recognised becomes text."""

    def bounded(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        return state.level < DEEPEST and rule(state, start, end, silent)

    return bounded


def blocks(tokens: list[Token]) -> list[Block]:
    """Tokens as a flat list. Items count up from their list's first number, whatever is written before the others."""
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
                text, spans, task = without_task_mark(text, spans)
            found.append(TextBlock(text, spans, level, Place(path, pending, task)))
            pending = ""
        elif kind in ("fence", "code_block"):
            lines = token.content.split("\n")
            if lines[-1] == "":
                lines.pop()
            found.append(CodeBlock(unescapeAll(token.info).strip(), lines, Place(path, pending)))
            pending = ""
        elif kind == "hr":
            found.append(RuleBlock(Place(path, pending)))
            pending = ""
        elif kind == "bullet_list_open":
            numbers.append(None)
        elif kind == "ordered_list_open":
            numbers.append(int(token.attrs.get("start", 1)))
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
