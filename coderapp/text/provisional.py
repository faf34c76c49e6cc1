"""A stand-in for the blocks of a long text, to be shown until they are known."""

from __future__ import annotations

import re

from coderapp.text.blocks import LINE_BREAK, Block, CodeBlock, TextBlock

_MARK = re.compile(r"`{3,50}|~{3,50}")
_BOUNDS = "\n \t"
_DEEPEST = 40
_MOST_LOOKS = 3_000
_PARAGRAPHS = 1_500
"""Characters of text that make a block, if they are several paragraphs."""


def provisional(text: str) -> list[Block]:
    """Fences as code; everything else, marks and all, as text that keeps its lines. 700 KB take about 5 ms."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    found: list[Block] = []
    done = position = looks = 0
    ticks = tildes = -1
    while looks < _MOST_LOOKS:
        looks += 1
        ticks = _next(text, "```", ticks, position)
        tildes = _next(text, "~~~", tildes, position)
        if (start := min(ticks, tildes)) == len(text):
            break
        begin = text.rfind("\n", max(done, start - _DEEPEST), start) + 1
        indent = text[begin or done : start]
        end = _next(text, "\n", -1, start)
        mark = _MARK.match(text, start)
        position = end
        if mark is None or indent.strip(" \t") or len(indent) > _DEEPEST or text.find("`", mark.end(), end) >= 0:
            continue
        _add_text(text[done:start], found)
        closing = re.compile(rf"^[ \t]*{mark[0]}+[ \t]*$", re.MULTILINE).search(text, end)
        lines = text[end + 1 : closing.start() if closing else len(text)].split("\n")
        if not lines[-1]:
            lines.pop()
        found.append(CodeBlock(text[mark.end() : end].strip(), [line.removeprefix(indent) for line in lines]))
        done = position = closing.end() if closing else len(text)
    _add_text(text[done:], found)
    return found


def _next(text: str, mark: str, known: int, position: int) -> int:
    """Where `mark` is next, from `position` on; the text's length where it is nowhere. `known`: the last answer."""
    if known >= position:
        return known
    place = text.find(mark, position)
    return place if place >= 0 else len(text)


def _add_text(text: str, found: list[Block]) -> None:
    text = text.strip(_BOUNDS)
    begin = 0
    while begin < len(text):
        end = begin + _PARAGRAPHS
        if end < len(text):
            cut = text.rfind("\n\n", begin, end)
            if cut < 0:
                cut = text.find("\n\n", end, begin + 4 * _PARAGRAPHS)
            end = cut if cut > begin else begin + 4 * _PARAGRAPHS
        found.append(TextBlock(text[begin:end].replace("\n", LINE_BREAK)))
        begin = end
        while text.startswith("\n", begin):
            begin += 1
