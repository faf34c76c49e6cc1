"""What drives a lexer through text that is not complete: a kind of machine for each kind of lexer.

A machine lexes from a place on as far as more text could not change anything, and keeps its memory in `state`. Its
rules look at most REACH characters ahead: each step is short then, and hostile text costs a bounded multiple.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from pygments.lexer import ExtendedRegexLexer, Lexer, LexerContext, RegexLexer
from pygments.lexers.data import YamlLexer, YamlLexerContext
from pygments.token import Error, Punctuation, Token

from coderapp.text.lexers import lexer_for
from coderapp.text.reach import reach

REACH = 200_000
"""Characters that a rule may look ahead. What is longer (a comment, a heredoc) is lexed as if the text ended there."""

SHORT_REACH = 5_000
"""The same after MOST_FAR rules have looked so far in vain: hostile text would make each of its characters cost as
much. More than the longest line that is lexed."""

MOST_FAR = 8

NEAR = frozenset({"Java"})
"""Lexers, by Pygments' name, that get SHORT_REACH from the start: a rule of theirs takes any row of words for a
method's head to be, and tries it anew at each word."""

WHOLE_LINES = 20_000
"""Lines up to which a lexer that can't resume lexes a finished block in one go; beyond, each line for itself."""

_MOST_STATES = 1000
"""Depth at which a stack of states is begun anew: hostile text would grow it without end."""

_PIECE = 3000
"""Characters of JSON that are handed to its lexer at once."""

_MOST_IDLE = 200
"""Matches in a row that take no character; Pygments would go on for ever."""

_EMBEDDED = {
    "script-content": (re.compile(r"<\s*/\s*script\s*>", re.IGNORECASE), "javascript"),
    "style-content": (re.compile(r"<\s*/\s*style\s*>", re.IGNORECASE), "css"),
}
"""States of the HTML lexer → what ends the element that it is inside, and the language there."""

_PER_TOKEN = ("CFamilyLexer.", "LuaLexer.", "objective.", "PhpLexer.", "SwiftLexer.", "YamlLexer.",
              "ExtendedRegexLexer.", "RegexLexer.")  # fmt: skip
"""Where the lexers' `get_tokens_unprocessed` come from that look at one token at a time."""

RawToken = tuple[int, Any, str]
Match = Callable[..., "re.Match[str] | None"]
Rule = tuple[Match, Any, Any, Match | None]


@dataclass(frozen=True, slots=True)
class State:
    """All that a lexer remembers. `context`: of lexers that have one; `inner`: of a script or style inside HTML, in the
    outer state of that name; `far`: rules that looked too far.
    """

    stack: tuple[str, ...] = ("root",)
    context: Any = None
    inner_stack: tuple[str, ...] = ()
    far: int = 0
    idle: int = 0


class Machine(Protocol):
    cut: bool
    """Whether the text before the place that was returned must not be seen any more."""

    def advance(self, text: str, place: int, until: int, out: list[RawToken], *, final: bool) -> tuple[int, bool]:
        """Lexes from `place` to `until` or beyond; returns the new place, and whether more text is needed to go on.
        Unless `final`, the text consists of whole lines.
        """

    def state(self) -> State: ...

    def finish(self, tokens: list[RawToken]) -> Iterator[RawToken]:
        """The tokens as the lexer's own class hands them out."""


def machine_for(language: str, state: State) -> Machine:
    lexer = lexer_for(language)
    if lexer is None or language == "text":
        return PlainMachine()
    if language == "json":
        return JsonMachine(lexer)
    if isinstance(lexer, ExtendedRegexLexer) and _per_token(lexer):
        return ContextMachine(lexer, state)
    if isinstance(lexer, RegexLexer) and _per_token(lexer):
        return TableMachine(lexer, state)
    return WholeMachine(lexer)


def resumes(language: str) -> bool:
    """Whether the language is lexed exactly while its code grows."""
    return language == "make" or not isinstance(machine_for(language, State()), WholeMachine)


def prepare(language: str) -> None:
    """Compiles what the machine will need, which takes up to a second (Scala's), else 5 to 150 ms."""
    machine = machine_for(language, State())
    if isinstance(machine, TableMachine | ContextMachine):
        for state in machine.rules.table:
            machine.rules[state]
        if language == "html":
            prepare("javascript")
            prepare("css")


def _per_token(lexer: Lexer) -> bool:
    return type(lexer).get_tokens_unprocessed.__qualname__.startswith(_PER_TOKEN)


class Rules(dict[str, list[Rule]]):
    """A lexer's rules by state, each with what tells whether it looks at the text's end."""

    def __init__(self, table: dict[str, Any]) -> None:
        super().__init__()
        self.table = table

    def __missing__(self, state: str) -> list[Rule]:
        made: list[Rule] = []
        for match, action, new_state in self.table[state]:
            far = reach(match.__self__)
            made.append((match, action, new_state, far.match if far else None))
        self[state] = made
        return made


@lru_cache(maxsize=256)
def _rules(lexer: Lexer) -> Rules:
    return Rules(lexer._tokens)  # type: ignore[attr-defined]


class _Feed:
    """Stands in for a lexer's table, and hands out tokens that are made already: so what the lexer's class makes of
    them is its own code.
    """

    def __init__(self, tokens: list[RawToken]) -> None:
        self._tokens = tokens

    def __getitem__(self, state: str) -> list[tuple[Any, Any, None]]:
        return [(self._match, self._hand_out, None)]

    def _match(self, text: str, place: int, end: int = 0) -> _Feed | None:
        return self if place == 0 else None

    def end(self) -> int:
        return 1

    def _hand_out(self, lexer: Lexer, match: object, context: Any = None) -> Iterator[RawToken]:
        yield from self._tokens


class TableMachine:
    """RegexLexer's loop over its table of states, with a stack that outlives it."""

    def __init__(self, lexer: Lexer, state: State) -> None:
        self.cut = False
        self.rules = _rules(lexer)
        self._lexer = lexer
        self._stack = list(state.stack)
        self._far = MOST_FAR if lexer.name in NEAR else state.far
        self._idle = state.idle
        self._embedding = bool(_EMBEDDED.keys() & self.rules.table.keys())
        self._inner: TableMachine | None = None
        if state.inner_stack:
            self._inner = self._embedded(state.inner_stack)
        self._own = type(lexer).get_tokens_unprocessed is not RegexLexer.get_tokens_unprocessed

    def state(self) -> State:
        inner = tuple(self._inner._stack) if self._inner else ()
        return State(tuple(self._stack), None, inner, self._far, self._idle)

    def finish(self, tokens: list[RawToken]) -> Iterator[RawToken]:
        if not self._own or not tokens:
            return iter(tokens)
        feeder: Any = copy.copy(self._lexer)
        feeder._tokens = _Feed(tokens)
        return feeder.get_tokens_unprocessed("x")  # type: ignore[no-any-return]

    def advance(self, text: str, place: int, until: int, out: list[RawToken], *, final: bool) -> tuple[int, bool]:
        self.cut = False
        if not self._embedding:
            return self._advance(text, place, until, len(text), out, final=final)
        waits = False
        while place < until and not waits and not self.cut:
            if self._inner is not None:
                place, waits = self._advance_inside(text, place, until, out, final=final)
            else:
                place, waits = self._advance(text, place, until, len(text), out, final=final)
        return place, waits

    def _embedded(self, stack: tuple[str, ...]) -> TableMachine:
        lexer = lexer_for(_EMBEDDED[self._stack[-1]][1])
        assert lexer is not None
        return TableMachine(lexer, State(stack, far=self._far))

    def _advance_inside(
        self, text: str, place: int, until: int, out: list[RawToken], *, final: bool
    ) -> tuple[int, bool]:
        """Through a script or style, whose lexer must not see what comes behind it."""
        assert self._inner is not None
        closer = _EMBEDDED[self._stack[-1]][0]
        # As far as this call may look; a tag may begin just before `until`.
        window = min(len(text), until + 2 * REACH)
        found = closer.search(text, place, window)
        end = found.start() if found else window
        final = final and window == len(text)
        if not found and not final and window == len(text):
            far = reach(closer)
            begun = far.search(text, max(place, len(text) - SHORT_REACH)) if far else None
            if begun:
                end = text.rfind("\n", 0, begun.start()) + 1  # the tag may be about to close
        if place < end:
            inner_final = found is not None or final
            place, waits = self._inner._advance(text, place, min(until, end), end, out, final=inner_final)
            self._far = self._inner._far
            if waits or place < end:
                return place, waits
        if found:
            self._inner = None
            return place, False
        return place, not final

    def _advance(
        self, text: str, place: int, until: int, size: int, out: list[RawToken], *, final: bool
    ) -> tuple[int, bool]:
        stack, lexer, all_rules = self._stack, self._lexer, self.rules
        rules = all_rules[stack[-1]]
        most = REACH if self._far < MOST_FAR else SHORT_REACH
        while place < until:
            end = size
            looks = not final
            if size - place > most:
                end = place + most
                looks = True
            touched = False
            for match_at, action, new_state, far in rules:
                if looks and far is not None and far(text, place, end):
                    if end == size:
                        return place, True
                    touched = True
                match = match_at(text, place, end)
                if match is None:
                    continue
                if action is not None:
                    if type(action) is _TOKEN_TYPE:
                        out.append((place, action, match.group()))
                    else:
                        out.extend(action(lexer, match))
                now = match.end()
                if now == place:
                    self._idle += 1
                else:
                    self._idle = 0
                place, moved = now, now != place
                if new_state is not None:
                    _change(stack, new_state)
                    rules = all_rules[stack[-1]]
                elif not moved:
                    continue
                break
            else:
                if text[place] == "\n":
                    stack[:] = ["root"]
                    rules = all_rules["root"]
                else:
                    out.append((place, Error, text[place]))
                place += 1
                self._idle = 0
            if touched:
                self._far += 1
                most = REACH if self._far < MOST_FAR else SHORT_REACH
            if self._idle > _MOST_IDLE or len(stack) > _MOST_STATES:
                if self._idle > _MOST_IDLE and place < size:
                    place += 1
                self._idle = 0
                stack[:] = ["root"]
                rules = all_rules["root"]
            if self._embedding and stack[-1] in _EMBEDDED:
                closer = _EMBEDDED[stack[-1]][0]
                if not closer.match(text, place):
                    self._inner = self._embedded(("root",))
                    self.cut = True
                    return place, False
        return place, False


class ContextMachine:
    """The loop of ExtendedRegexLexer, whose rules share a context that they may change."""

    def __init__(self, lexer: Lexer, state: State) -> None:
        self.cut = False
        self.rules = _rules(lexer)
        self._lexer = lexer
        self._far = state.far
        self._idle = state.idle
        self._context: Any = copied(state.context)
        if self._context is None:
            make: Any = YamlLexerContext if isinstance(lexer, YamlLexer) else LexerContext
            self._context = make("", 0)

    def state(self) -> State:
        return State(context=copied(self._context), far=self._far, idle=self._idle)

    def finish(self, tokens: list[RawToken]) -> Iterator[RawToken]:
        return iter(tokens)

    def advance(self, text: str, place: int, until: int, out: list[RawToken], *, final: bool) -> tuple[int, bool]:
        try:
            return self._advance(text, place, until, out, final=final)
        finally:
            self._context.text = ""

    def _advance(self, text: str, place: int, until: int, out: list[RawToken], *, final: bool) -> tuple[int, bool]:
        context = self._context
        size = len(text)
        while place < until:
            most = REACH if self._far < MOST_FAR else SHORT_REACH
            end = min(size, place + most)
            looks = not final or end < size
            context.text, context.pos, context.end = text, place, end
            touched = False
            for match_at, action, new_state, far in self.rules[context.stack[-1]]:
                if looks and far is not None and far(text, place, end):
                    if end == size:
                        return place, True
                    touched = True
                match = match_at(text, place, end)
                if match is None:
                    continue
                if action is not None:
                    if type(action) is _TOKEN_TYPE:
                        out.append((place, action, match.group()))
                        context.pos = match.end()
                    elif not self._act(action, match, out, end, waits=looks and end == size):
                        return place, True
                if new_state is not None:
                    _change(context.stack, new_state)
                break
            else:
                if text[place] == "\n":
                    context.stack = ["root"]
                else:
                    out.append((place, Error, text[place]))
                context.pos = place + 1
            if touched:
                self._far += 1
            self._idle = self._idle + 1 if context.pos == place else 0
            place = context.pos
            if self._idle > _MOST_IDLE:
                place += 1
            if self._idle > _MOST_IDLE or len(context.stack) > _MOST_STATES:
                self._idle = 0
                context.stack = ["root"]
        return place, False

    def _act(self, action: Any, match: re.Match[str], out: list[RawToken], end: int, *, waits: bool) -> bool:
        """False where a rule's function has looked, on its own, for what may come yet: Ruby's for a heredoc's end."""
        context = self._context
        if "heredoc" not in action.__qualname__:
            out.extend(action(self._lexer, match, context))
            return True
        if end < len(context.text):
            context.text = context.text[:end]
        saved = copied(context) if waits else None
        made = list(action(self._lexer, match, context))
        if waits and (context.pos == end or any(token is Error and at >= match.end() for at, token, _ in made)):
            self._context = saved
            return False
        out.extend(made)
        return True


def copied(context: Any) -> Any:
    """A context without its text."""
    if context is None:
        return None
    made = copy.copy(context)
    made.text = ""
    for name, value in vars(context).items():
        if isinstance(value, list):
            setattr(made, name, list(value))
    return made


class JsonMachine:
    """The JSON lexer remembers nothing behind a bracket, comma or colon."""

    cut = False

    def __init__(self, lexer: Lexer) -> None:
        self._lexer: Any = lexer

    def state(self) -> State:
        return State()

    def finish(self, tokens: list[RawToken]) -> Iterator[RawToken]:
        return iter(tokens)

    def advance(self, text: str, place: int, until: int, out: list[RawToken], *, final: bool) -> tuple[int, bool]:
        most = _PIECE
        while place < until:
            end = min(len(text), place + most)
            made = [
                (place + at, token, value) for at, token, value in self._lexer.get_tokens_unprocessed(text[place:end])
            ]
            keep = len(made)
            if end < len(text) or not final:
                # The last one may go on.
                marks = [index for index, (_, token, _) in enumerate(made[:-1]) if token is Punctuation]
                if marks:
                    keep = marks[-1] + 1
                elif end == len(text):
                    return place, True
                elif most < REACH:
                    most = REACH
                    continue
            most = _PIECE
            out += made[:keep]
            place = end if keep == len(made) else made[keep][0]
        return place, False


class WholeMachine:
    """Any other lexer: nothing is final before the code is complete. More than WHOLE_LINES are lexed line by line."""

    cut = False

    def __init__(self, lexer: Lexer) -> None:
        self._lexer: Any = lexer
        self._tokens: Iterator[RawToken] | None = None
        self._held: RawToken | None = None
        self._shift = 0  # from the text that the tokens are of to the text of now
        self._last = 0
        self._by_line = False

    def state(self) -> State:
        return State()

    def finish(self, tokens: list[RawToken]) -> Iterator[RawToken]:
        return iter(tokens)

    def advance(self, text: str, place: int, until: int, out: list[RawToken], *, final: bool) -> tuple[int, bool]:
        if self._tokens is None:
            self._by_line = self._by_line or text.count("\n", place) > WHOLE_LINES
            if self._by_line:
                return self._advance_by_line(text, place, until, out), False
            if not final:
                return place, True
            self._tokens = self._lexer.get_tokens_unprocessed(text[place:])
        else:
            self._shift += place - self._last
        if self._last == 0:
            self._shift = place
        while True:
            token = self._held or next(self._tokens, None)
            self._held = None
            if token is None:
                place = len(text)
                break
            at = token[0] + self._shift
            if at >= until:
                self._held = token
                place = at
                break
            out.append((at, token[1], token[2]))
        self._last = place
        return place, False

    def _advance_by_line(self, text: str, place: int, until: int, out: list[RawToken]) -> int:
        while place < until:
            end = text.find("\n", place) + 1 or len(text)
            made = self._lexer.get_tokens_unprocessed(text[place:end])
            out.extend((place + at, token, value) for at, token, value in made)
            place = end
        return place


class PlainMachine:
    """For languages that nobody knows."""

    cut = False

    def state(self) -> State:
        return State()

    def finish(self, tokens: list[RawToken]) -> Iterator[RawToken]:
        return iter(tokens)

    def advance(self, text: str, place: int, until: int, out: list[RawToken], *, final: bool) -> tuple[int, bool]:
        return until, False


_TOKEN_TYPE = type(Token)


def _change(stack: list[str], new_state: Any) -> None:
    """Pygments' transitions: "#pop" and "#push", state names, or how many states to leave; the last one stays."""
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
    else:
        stack.append(stack[-1])
