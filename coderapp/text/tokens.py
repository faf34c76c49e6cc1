"""What pieces of code are, and Pygments' lexers by language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import IntEnum
from functools import cache
from typing import Any

from pygments.lexer import Lexer
from pygments.token import Comment, Generic, Keyword, Literal, Name, Number, Operator, Punctuation, String

LONGEST_LINE = 4000
"""Characters of a line that are lexed; the rest is left plain. Some lexers are quadratic in the line's length, and take
up to 0.3 s for the worst lines of this one."""

_SHORTER = {"S": 1000, "Java": 1000, "INI": 1000, "Makefile": 1000, "JSX": 2000, "TSX": 2000, "TypeScript": 2000}
"""The same for lexers (by Pygments' name) that would take 0.5 to 1.4 s."""

LEXER_FAULTS = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What Pygments' 500 lexers raise on text that their authors did not think of. Such text is left plain."""


ODD_LINE_ENDS = re.compile("[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
"""What Python's `splitlines` splits at besides "\\n"."""


class TokenClass(IntEnum):
    """What a piece of code is. A theme gives each a colour."""

    PLAIN = 0
    KEYWORD = 1
    NAME = 2  # a variable or attribute that stands out
    FUNCTION = 3
    TYPE = 4
    TAG = 5
    ATTRIBUTE = 6
    STRING = 7
    NUMBER = 8
    COMMENT = 9
    OPERATOR = 10
    DECORATOR = 11
    BUILTIN = 12
    INSERTED = 13
    DELETED = 14


CodeSpan = tuple[int, int, TokenClass]
"""(start, length, class) inside a line; plain text has no span."""

Lines = list[tuple[CodeSpan, ...]]

_CLASSES: tuple[tuple[Any, TokenClass], ...] = (
    (Keyword.Type, TokenClass.TYPE),
    (Keyword.Constant, TokenClass.NUMBER),
    (Keyword, TokenClass.KEYWORD),
    (Name.Function, TokenClass.FUNCTION),
    (Name.Class, TokenClass.TYPE),
    (Name.Namespace, TokenClass.TYPE),
    (Name.Exception, TokenClass.TYPE),
    (Name.Tag, TokenClass.TAG),
    (Name.Attribute, TokenClass.ATTRIBUTE),
    (Name.Property, TokenClass.ATTRIBUTE),
    (Name.Builtin, TokenClass.BUILTIN),
    (Name.Decorator, TokenClass.DECORATOR),
    (Name.Variable, TokenClass.NAME),
    (Name.Constant, TokenClass.NUMBER),
    (String, TokenClass.STRING),
    (Number, TokenClass.NUMBER),
    (Literal, TokenClass.NUMBER),
    (Comment.Preproc, TokenClass.DECORATOR),
    (Comment, TokenClass.COMMENT),
    (Operator.Word, TokenClass.KEYWORD),
    (Operator, TokenClass.OPERATOR),
    (Punctuation, TokenClass.PLAIN),
    (Generic.Inserted, TokenClass.INSERTED),
    (Generic.Deleted, TokenClass.DELETED),
    (Generic.Heading, TokenClass.KEYWORD),
    (Generic.Subheading, TokenClass.KEYWORD),
)


@cache
def class_of(token: Any) -> TokenClass:
    return next((found for kind, found in _CLASSES if token in kind), TokenClass.PLAIN)


def longest(lexer: Lexer) -> int:
    """The longest line that is lexed as a part of its text, in characters."""
    return min(LONGEST_LINE, _SHORTER.get(lexer.name, LONGEST_LINE))


def too_long(lexer: Lexer, line: str) -> bool:
    """Whether a line is left out of the text that is lexed, because it would take too long."""
    return len(line) > 1000 and len(line) > longest(lexer)


def prefix_spans(lexer: Lexer, line: str) -> tuple[CodeSpan, ...]:
    """The colours of a line that is too long: its beginning's, lexed for itself; the rest stays plain."""
    spans: list[CodeSpan] = []
    part = line[: longest(lexer)]
    try:
        for start, kind, value in raw_tokens(lexer, part):
            append(spans, max(start, end_of(spans)), min(start + len(value), len(part)), kind)
    except LEXER_FAULTS:
        pass  # what was coloured until here stays
    return tuple(spans)


def raw_tokens(lexer: Lexer, text: str) -> Iterator[tuple[int, TokenClass, str]]:
    """(position, class, text) as the lexer gives them."""
    for position, token, value in lexer.get_tokens_unprocessed(text):  # type: ignore[no-untyped-call, unused-ignore]
        yield position, class_of(token), value


def append(line: list[CodeSpan], start: int, end: int, kind: TokenClass) -> None:
    """Adds a span to a line's, joined with the last one where they touch and are of one class. Plain adds nothing."""
    if not kind or end <= start:
        return
    if line and line[-1][2] is kind and line[-1][0] + line[-1][1] == start:
        line[-1] = (line[-1][0], line[-1][1] + end - start, kind)
    else:
        line.append((start, end - start, kind))


def end_of(spans: list[CodeSpan]) -> int:
    """Where the last span ends."""
    return spans[-1][0] + spans[-1][1] if spans else 0
