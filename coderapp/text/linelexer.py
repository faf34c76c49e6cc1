"""Provisional colours for code that is still growing: one line at a time, each lexed once.

Pygments lexes whole text. Here its lexers run on single lines, with what they remember kept from line to line: the
stack of states of a RegexLexer, the context of an ExtendedRegexLexer. What one regular expression matches over several
lines (comments, strings, heredocs) is known from the tables below. Lexers of other kinds start afresh on each line.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from pygments.lexer import ExtendedRegexLexer, Lexer, LexerContext, RegexLexer
from pygments.lexers.data import YamlLexer, YamlLexerContext
from pygments.token import Token

from coderapp.text.lexers import lexer_for
from coderapp.text.machines import State, copied
from coderapp.text.tokens import (
    LEXER_FAULTS,
    CodeSpan,
    TokenClass,
    append,
    class_of,
    end_of,
    longest,
    raw_tokens,
)

LONGEST_LIVE = 1000
"""Characters of a line beyond which it stays plain while its block grows. The slowest lexers (Java's, INI's) take 30 to
50 ms for the worst lines of this length."""

_MOST_STATES = 200
"""Depth at which a stack of states is begun anew: hostile text would grow it without end."""

_COMMENTS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(
        ("c", "cpp", "csharp", "css", "dart", "go", "java", "javascript", "jsx", "kotlin", "objective-c", "php", "qml",
         "scala", "scss", "sql", "tsx", "typescript"), ("/*", "*/"),
    ),
    **dict.fromkeys(("html", "xml", "markdown"), ("<!--", "-->")),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Long:
    """A construct that begins with `opener` in one of `states` and ends where `rest` matches, maybe lines later. A
    "{word}" in `rest` is the opener's group. `pops`: states that are left after it.
    """

    opener: re.Pattern[str]
    rest: str
    kind: TokenClass = TokenClass.STRING
    states: frozenset[str] = frozenset(["root"])
    pops: int = 0


def _quoted(mark: str, states: str, pops: int = 0) -> _Long:
    return _Long(re.compile(mark), f"[^{mark}]*{mark}", TokenClass.STRING, frozenset(states.split()), pops)


_ATTRIBUTES = (_quoted('"', "attr", 1), _quoted("'", "attr", 1))
_SHELL = "root curly paren backticks"
_LONG: dict[str, tuple[_Long, ...]] = {
    "html": _ATTRIBUTES,
    "xml": (*_ATTRIBUTES, _Long(re.compile(r"<!\[CDATA\["), r".*?\]\]>", TokenClass.DECORATOR)),
    "tsx": _ATTRIBUTES,
    "jsx": _ATTRIBUTES,
    "sql": (_Long(re.compile("'"), "(?:[^']|'')*'(?!')"),),
    "go": (_quoted("`", "root"),),
    "bash": (
        _quoted("'", _SHELL),
        _Long(re.compile(r"<<-?\s*'?\\?(\w+)"), ".*?{word}", states=frozenset(_SHELL.split())),
    ),
    "rust": (_Long(re.compile(r'r(#+)"'), '.*?"{word}', states=frozenset(["root", "base"])),),
    "csharp": (_Long(re.compile('@"'), '(?:[^"]|"")*"(?!")', states=frozenset(["root", "class"])),),
    "php": (
        _Long(re.compile("'"), r"(?:[^'\\]|\\.)*'", states=frozenset(["php"])),
        _Long(re.compile(r"<<<[\"']?([A-Za-z_]\w*)[\"']?"), r"\s*{word}", states=frozenset(["php"])),
    ),
    "cpp": (
        _Long(
            re.compile(r'R"(\w*)\('), r'.*?\){word}"', states=frozenset(["root", "statement", "statements", "function"])
        ),
    ),
}

_EMBEDDED = {"script-content": ("script", "javascript"), "style-content": ("style", "css")}
"""States of Pygments' HTML lexer → the element that it is inside, and the language there."""


@dataclass(slots=True)
class _Inside:
    """The construct that was open at the end of the last line."""

    rest: re.Pattern[str]
    kind: TokenClass
    pops: int = 0


@dataclass(slots=True)
class _Memory:
    """All that is kept from line to line."""

    stack: list[str] = field(default_factory=lambda: ["root"])
    inside: _Inside | None = None
    embedded: LineLexer | None = None
    context: LexerContext | None = None

    def copy(self) -> _Memory:
        inner = None
        if self.embedded is not None:
            inner = copy.copy(self.embedded)
            inner.memory = self.embedded.memory.copy()
        return _Memory(list(self.stack), self.inside, inner, copy.deepcopy(self.context))


class LineLexer:
    """Spans for lines as they come. Cheap enough for the UI thread; `memory` is all its state."""

    def __init__(self, language: str) -> None:
        self._lexer = lexer_for(language)
        self._table = _table_of(self._lexer)
        self._opener, self._closer = _COMMENTS.get(language, ("", ""))
        self._long = _LONG.get(language, ())
        self._words: dict[str, TokenClass] = {}
        self.memory = _Memory()

    @classmethod
    def at(cls, language: str, state: State) -> LineLexer:
        """One that goes on where another lexer stands."""
        made = cls(language)
        made.memory.stack = list(state.stack)
        made.memory.context = copied(state.context)
        if state.inner_stack and state.stack[-1] in _EMBEDDED:
            made.memory.embedded = cls(_EMBEDDED[state.stack[-1]][1])
            made.memory.embedded.memory.stack = list(state.inner_stack)
        return made

    def lex(self, line: str, start: int = 0) -> tuple[CodeSpan, ...]:
        """The spans of the next complete line, from `start` on."""
        if self._lexer is None or len(line) > min(LONGEST_LIVE, longest(self._lexer)):
            return ()
        line = line.replace("\n", " ")
        spans: list[CodeSpan] = []
        if inside := self.memory.inside:
            match = inside.rest.match(line, start)
            begin, start = start, match.end() if match else len(line)
            append(spans, begin, start, inside.kind)
            if match is None:
                return tuple(spans)
            self.memory.inside = None
            _drop(self.memory.stack, inside.pops)
        try:
            for column, kind, value in self._tokens(line + "\n", start):
                if self._opens_comment(kind, line, column):
                    self.memory.inside = _Inside(re.compile(".*?" + re.escape(self._closer)), TokenClass.COMMENT)
                    append(spans, column, len(line), TokenClass.COMMENT)
                    break
                append(spans, max(column, end_of(spans)), min(column + len(value), len(line)), kind)
        except LEXER_FAULTS:
            self.memory = _Memory()
        if len(self.memory.stack) > _MOST_STATES:
            del self.memory.stack[1:]
        return tuple(spans)

    def peek(self, part: str) -> tuple[CodeSpan, ...]:
        """The spans of a line that is not complete; what comes next is lexed as if this had not been asked."""
        saved = self.memory.copy()
        try:
            return self.lex(part)
        finally:
            self.memory = saved

    def _opens_comment(self, kind: TokenClass, line: str, column: int) -> bool:
        if not self._opener or not line.startswith(self._opener, column) or kind is TokenClass.STRING:
            return False
        return line.find(self._closer, column + len(self._opener)) < 0

    def _tokens(self, text: str, start: int) -> Iterator[tuple[int, TokenClass, str]]:
        """(position, class, text) of one line with its end, from `start` on."""
        assert self._lexer is not None
        if isinstance(self._lexer, ExtendedRegexLexer):
            yield from self._context_tokens(self._lexer, text, start)
        elif self._table is None:
            yield from ((start + at, kind, value) for at, kind, value in raw_tokens(self._lexer, text[start:]))
        else:
            yield from self._table_tokens(self._lexer, self._table, text, start)

    def _context_tokens(
        self, lexer: ExtendedRegexLexer, text: str, start: int
    ) -> Iterator[tuple[int, TokenClass, str]]:
        context = self.memory.context
        if context is None:
            make: Callable[[str, int], LexerContext] = LexerContext
            if isinstance(lexer, YamlLexer):
                make = YamlLexerContext
            context = self.memory.context = make(text, 0)
        context.text, context.pos, context.end = text, start, len(text)
        for position, token, value in lexer.get_tokens_unprocessed(text, context):
            yield position, class_of(token), value
        if len(context.stack) > _MOST_STATES:
            del context.stack[1:]

    def _table_tokens(
        self, lexer: Lexer, table: dict[str, Any], text: str, position: int
    ) -> Iterator[tuple[int, TokenClass, str]]:
        """Pygments' loop over the table of states, with a stack that outlives it; callbacks run within the line."""
        idle = 0
        stack = self.memory.stack
        while position < len(text):
            if stack[-1] in _EMBEDDED:
                end = self._embedded_end(text, position)
                yield from self._embedded_tokens(text, position, end)
                position = end
                if position >= len(text) - 1:
                    return
            elif self._enters_long(text, position):
                assert self.memory.inside is not None
                yield position, self.memory.inside.kind, text[position:]
                return
            for match_at, action, new_state in table[stack[-1]]:
                match = match_at(text, position)
                if match is None:
                    continue
                if action is not None:
                    if isinstance(action, type(Token)):
                        yield position, self._class_of_word(lexer, action, match.group()), match.group()
                    else:
                        for at, token, value in action(lexer, match):
                            yield at, self._class_of_word(lexer, token, value), value
                idle = idle + 1 if match.end() == position else 0
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
                yield position, TokenClass.PLAIN, text[position]
                position += 1
                idle = 0
            if idle > _MOST_STATES or len(stack) > 2 * _MOST_STATES:
                stack[:] = ["root"]
                return

    def _enters_long(self, text: str, position: int) -> bool:
        for long in self._long:
            if self.memory.stack[-1] not in long.states or not (match := long.opener.match(text, position)):
                continue
            word = re.escape(match[1]) if match.re.groups else ""
            rest = re.compile(long.rest.replace("{word}", word), re.DOTALL)
            if rest.match(text, match.end(), len(text) - 1) is None:
                self.memory.inside = _Inside(rest, long.kind, long.pops)
                return True
        return False

    def _embedded_end(self, text: str, position: int) -> int:
        """Where the script or style ends that `position` is in: at its closing tag, or at the line's end."""
        end = text.find(f"</{_EMBEDDED[self.memory.stack[-1]][0]}", position)
        return end if end >= 0 else len(text) - 1

    def _embedded_tokens(self, text: str, position: int, end: int) -> Iterator[tuple[int, TokenClass, str]]:
        """Script or style inside HTML, by a lexer of its own that keeps its state up to the closing tag."""
        if self.memory.embedded is None:
            self.memory.embedded = LineLexer(_EMBEDDED[self.memory.stack[-1]][1])
        part = text[position:end]
        if part or not text.strip():
            for start, length, kind in self.memory.embedded.lex(part):
                yield position + start, kind, part[start : start + length]
        if end < len(text) - 1:
            self.memory.embedded = None

    def _class_of_word(self, lexer: Lexer, token: Any, value: str) -> TokenClass:
        """Some lexers look words up in lists after the table has been at work; those are asked about the lone word."""
        kind = class_of(token)
        if kind or token not in Token.Name or type(lexer).get_tokens_unprocessed is RegexLexer.get_tokens_unprocessed:
            return kind
        if value not in self._words:
            found = [word_kind for _, word_kind, word in raw_tokens(lexer, value) if word == value]
            known = found and found[0] in (TokenClass.BUILTIN, TokenClass.TYPE)
            self._words[value] = found[0] if known else kind
        return self._words[value]


def _table_of(lexer: Lexer | None) -> dict[str, Any] | None:
    """The processed states of a RegexLexer. None where a lexer is of another kind."""
    table: dict[str, Any] | None = getattr(lexer, "_tokens", None)
    return table if isinstance(lexer, RegexLexer) and table else None


def _drop(stack: list[str], count: int) -> None:
    """Leaves `count` states, the first one never."""
    if count:
        del stack[max(1, len(stack) - count) :]


def _change(stack: list[str], new_state: Any) -> None:
    if isinstance(new_state, int):
        _drop(stack, abs(new_state))
    elif new_state == "#push":
        stack.append(stack[-1])
    else:
        for state in new_state:
            if state == "#pop":
                _drop(stack, 1)
            else:
                stack.append(stack[-1] if state == "#push" else state)
