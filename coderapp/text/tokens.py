"""What pieces of code are, and Pygments' lexers by language."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from functools import cache, lru_cache
from typing import Any

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Generic, Keyword, Literal, Name, Number, Operator, Punctuation, String
from pygments.util import ClassNotFound

LONGEST_LINE = 4000
"""Characters of a line beyond which it is left plain: some lexers are quadratic in the line's length, and take up to
0.3 s for the worst lines of this one."""

_SHORTER = {"S": 1000, "Java": 1000, "INI": 1000, "Makefile": 1000, "JSX": 2000, "TSX": 2000, "TypeScript": 2000}
"""The same for lexers (by Pygments' name) that would take 0.5 to 1.4 s."""

_EXPLOSIVE = {"Scala": ("\\\\", 8)}
"""Lexers with an expression that takes exponential time on many of a mark: the mark, and how many a line may have."""

LEXER_FAULTS = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What Pygments' 500 lexers raise on text that their authors did not think of. Such text is left plain."""


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


@lru_cache(maxsize=256)
def lexer_for(language: str) -> Lexer | None:
    try:
        return get_lexer_by_name(language)
    except ClassNotFound:
        return None


def too_long(lexer: Lexer, line: str, longest: int = LONGEST_LINE) -> bool:
    """Whether a line is left plain because it would take too long."""
    return len(line) > min(longest, _SHORTER.get(lexer.name, longest)) or explosive(lexer, line)


def explosive(lexer: Lexer, text: str) -> bool:
    """Whether the lexer might not come to an end with this text in any useful time."""
    mark, most = _EXPLOSIVE.get(lexer.name, ("", 0))
    return bool(mark) and text.count(mark) > most


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
