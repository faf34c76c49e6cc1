"""What a person typed, as blocks: fences are code, everything else is shown as written, line by line."""

from __future__ import annotations

import re

from coderapp.text.blocks import LINE_BREAK, Block, CodeBlock, TextBlock

_FENCE = re.compile(r" {0,3}(?:(`{3,})([^`]*)|(~{3,})(.*))")


def prompt_blocks(text: str) -> list[Block]:
    """Blank lines part paragraphs; a fence that is not closed runs to the end."""
    found: list[Block] = []
    paragraph: list[str] = []

    def end_paragraph() -> None:
        if paragraph:
            found.append(TextBlock(LINE_BREAK.join(paragraph)))
            paragraph.clear()

    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    position = 0
    while position < len(lines):
        line = lines[position]
        position += 1
        if match := _FENCE.fullmatch(line):
            end_paragraph()
            mark = match[1] or match[3]
            closer = re.compile(rf" {{0,3}}{re.escape(mark[0])}{{{len(mark)},}}[ \t]*")
            code = CodeBlock((match[2] or match[4] or "").strip())
            while position < len(lines) and not closer.fullmatch(lines[position]):
                code.lines.append(lines[position])
                position += 1
            position += 1
            found.append(code)
        elif line.strip():
            paragraph.append(line)
        else:
            end_paragraph()
    end_paragraph()
    return found
