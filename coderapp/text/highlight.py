"""Highlighting by Pygments: exactly for finished code, provisionally line by line while a block is still growing.

`highlight` lexes whole text and may take long (0.6 to 2.4 MB/s): call it off the UI thread for more than a few lines.
`LineLexer` colours lines as they arrive. It keeps the lexer's stack of states from line to line; constructs that one
regular expression spans over several lines are only known from a table of comment marks, so its result is replaced by
`highlight`'s when the block closes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import IntEnum
from functools import cache
from typing import Any

from pygments.lexer import Lexer, RegexLexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Generic, Keyword, Literal, Name, Number, Operator, Punctuation, String, Token
from pygments.util import ClassNotFound

LONGEST_LINE = 4000
"""Characters of a line beyond which it is left plain: some lexers are quadratic in the line's length."""


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
def _class_of(token: Any) -> TokenClass:
    return next((found for kind, found in _CLASSES if token in kind), TokenClass.PLAIN)


@cache
def _lexer(language: str) -> Lexer | None:
    try:
        return get_lexer_by_name(language)
    except ClassNotFound:
        return None


def warm(language: str) -> None:
    """Loads and compiles the lexer, which takes 4 to 48 ms the first time; call it off the UI thread."""
    lexer = _lexer(language)
    if lexer is not None:
        for _ in lexer.get_tokens_unprocessed("a\n"):
            pass
    _warm.add(language)


_warm: set[str] = set()


def is_warm(language: str) -> bool:
    return language in _warm


def highlight(lines: Iterable[str], language: str) -> Lines:
    """The spans of each line. Text that a lexer does not know, or lines that are too long, stay plain."""
    lexer = _lexer(language)
    source = list(lines)
    if lexer is None:
        return [()] * len(source)
    shortened = [line if len(line) <= LONGEST_LINE else "" for line in source]
    return _by_line(_tokens(lexer, "\n".join(shortened) + "\n"), len(source))


def _tokens(lexer: Lexer, text: str) -> Iterator[tuple[Any, str]]:
    for _, token, value in lexer.get_tokens_unprocessed(text):  # type: ignore[no-untyped-call, unused-ignore]
        yield token, value


def _by_line(tokens: Iterable[tuple[Any, str]], count: int) -> Lines:
    found: Lines = []
    line: list[CodeSpan] = []
    column = 0
    for token, value in tokens:
        kind = _class_of(token)
        pieces = value.split("\n")
        for place, piece in enumerate(pieces):
            if place:
                found.append(tuple(line))
                line = []
                column = 0
            if piece:
                if kind:
                    _append(line, column, len(piece), kind)
                column += len(piece)
    found.append(tuple(line))
    found += [()] * (count - len(found))
    return found[:count]


def _append(line: list[CodeSpan], start: int, length: int, kind: TokenClass) -> None:
    if line and line[-1][2] is kind and line[-1][0] + line[-1][1] == start:
        line[-1] = (line[-1][0], line[-1][1] + length, kind)
    else:
        line.append((start, length, kind))


_C_LIKE = ("/*", "*/")
_MARKUP = ("<!--", "-->")
_COMMENTS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(
        ("c", "cpp", "csharp", "css", "dart", "go", "java", "javascript", "jsx", "kotlin", "objective-c", "php", "qml",
         "rust", "scala", "scss", "sql", "swift", "tsx", "typescript"), _C_LIKE,
    ),
    **dict.fromkeys(("html", "xml", "markdown"), _MARKUP),
}  # fmt: skip


_EMBEDDED = {"script-content": ("script", "javascript"), "style-content": ("style", "css")}
"""States of Pygments' HTML lexer → the element that it is inside, and the language there."""

_State = tuple[list[str], bool, "LineLexer | None", Any]


class LineLexer:
    """Provisional spans for lines as they come. Cheap enough for the UI thread: each line is lexed once."""

    def __init__(self, language: str) -> None:
        self._lexer = _lexer(language)
        self._stack: list[str] = ["root"]
        self._opener, self._closer = _COMMENTS.get(language, ("", ""))
        self._in_comment = False
        self._embedded: LineLexer | None = None

    def lex(self, line: str) -> tuple[CodeSpan, ...]:
        """The spans of the next complete line."""
        if self._lexer is None or len(line) > LONGEST_LINE:
            return ()
        spans: list[CodeSpan] = []
        start = 0
        if self._in_comment:
            end = line.find(self._closer)
            if end < 0:
                return ((0, len(line), TokenClass.COMMENT),) if line else ()
            start = end + len(self._closer)
            spans.append((0, start, TokenClass.COMMENT))
            self._in_comment = False
        column = start
        for kind, value in self._line_tokens(line[start:] + "\n"):
            if self._opens_comment(kind, line, column):
                spans.append((column, len(line) - column, TokenClass.COMMENT))
                self._in_comment = True
                break
            length = len(value.rstrip("\n"))
            if kind and length:
                _append(spans, column, length, kind)
            column += len(value)
        return tuple(spans)

    def peek(self, part: str) -> tuple[CodeSpan, ...]:
        """The spans of a line that is not complete; what comes next is lexed as if this had not been asked."""
        saved = self._save()
        try:
            return self.lex(part)
        finally:
            self._restore(saved)

    def _save(self) -> _State:
        inner = self._embedded
        return list(self._stack), self._in_comment, inner, inner._save() if inner else None

    def _restore(self, saved: _State) -> None:
        self._stack, self._in_comment, self._embedded, inner = saved
        if self._embedded and inner:
            self._embedded._restore(inner)

    def _opens_comment(self, kind: TokenClass, line: str, column: int) -> bool:
        if not self._opener or not line.startswith(self._opener, column) or kind is TokenClass.STRING:
            return False
        return line.find(self._closer, column + len(self._opener)) < 0

    def _embedded_part(self, text: str, position: int) -> Iterator[tuple[TokenClass, str]]:
        """Script or style inside HTML up to its closing tag, by a lexer of its own that keeps its state."""
        element, language = _EMBEDDED[self._stack[-1]]
        end = text.find(f"</{element}", position)
        part = text[position : end if end >= 0 else len(text) - 1]
        if self._embedded is None:
            self._embedded = LineLexer(language)
        column = 0
        for start, length, kind in self._embedded.lex(part):
            if start > column:
                yield TokenClass.PLAIN, part[column:start]
            yield kind, part[start : start + length]
            column = start + length
        if column < len(part):
            yield TokenClass.PLAIN, part[column:]
        if end >= 0:
            self._embedded = None

    def _line_tokens(self, text: str) -> Iterator[tuple[TokenClass, str]]:
        """Pygments' loop for one line, with the stack of states kept from line to line.

        RegexLexer keeps its stack in a local variable, hence a loop of our own over its processed state table;
        callbacks run within the line. Other kinds of lexers start afresh on each line.
        """
        lexer = self._lexer
        assert lexer is not None
        table: dict[str, Any] | None = getattr(lexer, "_tokens", None)
        # A subclass with a method of its own (JSON, YAML, delegating lexers) is not driven by its table alone.
        if type(lexer).get_tokens_unprocessed is not RegexLexer.get_tokens_unprocessed or table is None:
            for token, value in _tokens(lexer, text):
                yield _class_of(token), value
            return
        position = 0
        stack = self._stack
        while position < len(text):
            if stack[-1] in _EMBEDDED and not text.startswith("</", position):
                for kind, value in self._embedded_part(text, position):
                    position += len(value)
                    yield kind, value
                if not text.startswith("</", position):
                    yield TokenClass.PLAIN, text[position:]
                    return
            for match_at, action, new_state in table[stack[-1]]:
                match = match_at(text, position)
                if match is None:
                    continue
                if action is not None:
                    if callable(action) and not isinstance(action, type(Token)):
                        for _, token, value in action(lexer, match):
                            yield _class_of(token), value
                    else:
                        yield _class_of(action), match.group()
                moved = match.end() > position
                position = match.end()
                if new_state is not None:
                    _change(stack, new_state)
                elif not moved:
                    continue
                break
            else:
                if text[position] == "\n":
                    # Pygments returns to the root state where no rule takes a line's end.
                    stack[:] = ["root"]
                yield TokenClass.PLAIN, text[position]
                position += 1


def _change(stack: list[str], new_state: Any) -> None:
    if isinstance(new_state, tuple):
        for state in new_state:
            if state == "#pop":
                if len(stack) > 1:
                    stack.pop()
            elif state == "#push":
                stack.append(stack[-1])
            else:
                stack.append(state)
    elif isinstance(new_state, int):
        if abs(new_state) >= len(stack):
            del stack[1:]
        else:
            del stack[new_state:]
    elif new_state == "#push":
        stack.append(stack[-1])
