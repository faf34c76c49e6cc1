"""Highlighting by Pygments: exactly for finished code, provisionally line by line while a block is still growing.

`highlight` lexes whole text and may take long (0.6 to 2.4 MB/s): call it off the UI thread for more than a few lines.
`LineLexer` colours lines as they arrive; its result is replaced by `highlight`'s when the block closes.
"""

from __future__ import annotations

from collections.abc import Iterable

from coderapp.text import guess
from coderapp.text.lexers import lexer_for
from coderapp.text.linelexer import LineLexer
from coderapp.text.machines import prepare
from coderapp.text.tokens import (
    LEXER_FAULTS,
    LONGEST_LINE,
    ODD_LINE_ENDS,
    CodeSpan,
    Lines,
    TokenClass,
    append,
    prefix_spans,
    raw_tokens,
    too_long,
)

__all__ = ["LONGEST_LINE", "CodeSpan", "LineLexer", "Lines", "TokenClass", "highlight", "is_warm", "warm"]

_warm: set[str] = set()


def warm(language: str) -> None:
    """Loads and compiles the lexer, which takes 4 to 48 ms the first time; call it off the UI thread."""
    import coderapp.text.resumable  # noqa: F401 - so that nobody need load it in the UI thread

    guess.prepare()
    highlight(["a"], language)
    prepare(language)
    _warm.add(language)


def is_warm(language: str) -> bool:
    return language in _warm


def highlight(lines: Iterable[str], language: str) -> Lines:
    """The spans of each line. Text that a lexer does not know, or lines that are too long, stay plain."""
    source = list(lines)
    lexer = lexer_for(language)
    found: list[list[CodeSpan]] = [[] for _ in source]
    if lexer is None or not source:
        return [()] * len(source)
    # A line break inside a "line" would shift all that follow.
    source = [line.replace("\n", " ") for line in source]
    if language == "make":
        source = [ODD_LINE_ENDS.sub(" ", line) for line in source]
    text = "\n".join(line if not too_long(lexer, line) else "" for line in source) + "\n"
    number = begin = done = 0
    end = text.index("\n")
    try:
        for position, kind, value in raw_tokens(lexer, text):
            start, stop = max(position, done), min(position + len(value), len(text))
            while start < stop:
                while start > end:
                    number, begin = number + 1, end + 1
                    end = text.index("\n", begin)
                append(found[number], start - begin, min(stop, end) - begin, kind)
                start = done = min(stop, end + 1)
    except LEXER_FAULTS:
        pass  # what was coloured until here stays
    return [
        prefix_spans(lexer, line) if too_long(lexer, line) else tuple(spans)
        for line, spans in zip(source, found, strict=True)
    ]
