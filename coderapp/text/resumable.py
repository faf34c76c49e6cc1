"""Pygments' lexers on code that grows: each line is lexed once, and the colours are those of the whole text.

Pygments lexes whole text, with its memory in local variables. Here its tables of rules are driven by loops of our own
(`machines`), whose memory outlives them. A rule counts only if more text could not make it decide otherwise, which
`reach` tells; else the lexer waits at that place. What has passed it is final.

A `Checkpoint` is the memory at one place; a lexer made with it goes on there.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from coderapp.text.lexers import lexer_for
from coderapp.text.machines import Machine, RawToken, State, machine_for
from coderapp.text.tokens import (
    LEXER_FAULTS,
    ODD_LINE_ENDS,
    CodeSpan,
    Lines,
    TokenClass,
    append,
    class_of,
    prefix_spans,
    too_long,
)

EVERY = 128
"""Lines between two checkpoints."""

_BEFORE = 200
"""Characters before the place that is lexed, which rules may look back at."""

_PATIENCE = 2000
"""Characters that may wait for more before they are tried again only when they have become a quarter more."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A lexer's memory before the character at `column` of `line`. `continues`: that line, of a Makefile, belongs to
    the one above.
    """

    line: int = 0
    column: int = 0
    state: State = field(default_factory=State)
    continues: bool = False


class ResumableLexer:
    """`feed` it complete lines, then `run` while it is `ready`. `line`: the lines before it have been handed out."""

    def __init__(self, language: str, at: Checkpoint | None = None, before: str = "") -> None:
        """`at`: goes on there; the first line to be fed is then `at.line`. `before`: the line above that one."""
        at = at or Checkpoint()
        self.line = at.line
        self.first_whole = at.line + bool(at.column)
        """The first line of which all is known; what is handed out of the one before lacks its beginning."""
        self.checkpoints: list[Checkpoint] = []
        """Those that were passed, one at most each EVERY lines. Whoever wants them may take them away."""
        self._next = (at.line // EVERY + 1) * EVERY
        self._lexer = lexer_for(language)
        self._filter = _Apart(at.continues) if language == "make" else None
        self._name = "basemake" if language == "make" else language
        self._machine: Machine = machine_for(self._name, at.state)
        self._fresh = at.state.inner_stack == ("root",)  # a script begins here: its lexer must not see what is before
        self._text = before[-_BEFORE:] + "\n" if at.line else ""
        self._place = self._done = len(self._text) + at.column
        self._starts: list[int] = []  # where in the text the lines begin that are not finished
        self._numbers: list[int] = []  # which they are in the code
        self._head = 0  # how many of those two are finished after all
        self._fed = at.line
        self._known: dict[int, tuple[CodeSpan, ...]] = {}  # lines whose colours do not come from the text
        self._continued: dict[int, bool] = {}
        self._spans: list[CodeSpan] = []  # of the first line that is not finished
        self._final = False
        self._waits = False
        self._retry = 0

    @property
    def fed(self) -> int:
        """The number of the line to be fed next."""
        return self._fed

    @property
    def unread(self) -> int:
        """Characters that were fed and are not lexed."""
        return len(self._text) - self._place

    @property
    def ready(self) -> bool:
        """Whether `run` can do something now."""
        if self._place >= len(self._text):
            return self.line < self._fed and self._head == len(self._starts)
        return self._final or not self._waits or len(self._text) - self._place >= self._retry

    @property
    def finished(self) -> bool:
        """Whether all that was fed has been handed out."""
        return self.line >= self._fed

    def outlook(self) -> tuple[tuple[CodeSpan, ...], int, State]:
        """What is known of the first line that has not been handed out: its colours up to a column, that column, and
        the lexer's memory there. It does not count for good before more lines came.
        """
        if self._head >= len(self._starts):
            return (), 0, self._machine.state()
        return tuple(self._spans), max(0, self._place - self._starts[self._head]), self._machine.state()

    def feed(self, lines: Sequence[str], *, final: bool = False) -> None:
        """Complete lines. `final`: no more come."""
        pieces: list[str] = []
        at = len(self._text)
        for line in lines:
            number = self._fed
            self._fed += 1
            if "\n" in line:
                line = line.replace("\n", " ")
            if self._lexer is not None and too_long(self._lexer, line):
                self._known[number] = prefix_spans(self._lexer, line)
                line = ""
            if self._filter is not None:
                if number % 16 == 0 or number == self.line:
                    self._continued[number] = self._filter.continues
                line = ODD_LINE_ENDS.sub(" ", line)
                if (kind := self._filter.takes(line)) is not None:
                    self._known.setdefault(number, ((0, len(line), kind),) if line else ())
                    continue
            pieces.append(line)
            self._starts.append(at)
            self._numbers.append(number)
            at += len(line) + 1
        if pieces:
            pieces.append("")
            self._text += "\n".join(pieces)
        self._final = self._final or final
        if self._fresh and self._starts:
            self._fresh = False
            self._trim(self._place)

    def run(self, most: int = 1 << 60) -> Lines:
        """Lexes about `most` characters; returns the spans of the lines that became final, from `line` on."""
        found: Lines = []
        until = min(self._place + most, len(self._text))
        while self._place < until:
            tokens: list[RawToken] = []
            goal = self._goal(until)
            try:
                self._place, waits = self._machine.advance(self._text, self._place, goal, tokens, final=self._final)
            except LEXER_FAULTS:
                self._recover()
                waits = False
            self._place = min(self._place, len(self._text))
            self._colour(tokens, found)
            if waits:
                self._waits = True
                pending = len(self._text) - self._place
                self._retry = pending + 1 if pending < _PATIENCE else pending * 5 // 4
                break
            self._waits = False
            if self._machine.cut:
                until -= self._place
                self._trim(self._place)
            elif self._place >= goal:
                self._save()
        self._flush(found)
        start = self._starts[self._head] if self._head < len(self._starts) else len(self._text)
        if start > 8 * _BEFORE:
            self._trim(self._text.rfind("\n", 0, start - _BEFORE) + 1)
        return found

    def _goal(self, until: int) -> int:
        """Up to where the machine may run: to the next line before which its memory is to be saved, at most."""
        if not self._numbers or self._numbers[-1] < self._next:
            return until
        index = bisect_right(self._numbers, self._next - 1)
        return max(min(until, self._starts[index]), self._place + 1)

    def _save(self) -> None:
        index = bisect_right(self._starts, self._place) - 1
        if index < 0 or self._numbers[index] < self._next:
            return
        line, column = self._numbers[index], self._place - self._starts[index]
        if self._filter is not None and (column or line not in self._continued):
            return
        self.checkpoints.append(Checkpoint(line, column, self._machine.state(), self._continued.get(line, False)))
        self._next = (line // EVERY + 1) * EVERY

    def _recover(self) -> None:
        """After a lexer's fault: the rest of the line is plain, and it begins anew."""
        self._place = self._text.find("\n", self._place) + 1 or len(self._text)
        self._machine = machine_for(self._name, State())

    def _colour(self, tokens: list[RawToken], found: Lines) -> None:
        """Gives the lines their colours, and hands out those that the place has passed."""
        text, done = self._text, self._done
        end = self._end()
        for at, token, value in self._machine.finish(tokens):
            kind = class_of(token)
            start, stop = max(at, done), min(at + len(value), len(text))
            while start < stop:
                while start > end:
                    self._hand_out(found)
                    end = self._end()
                if kind:
                    begin = self._starts[self._head]
                    append(self._spans, start - begin, min(stop, end) - begin, kind)
                start = done = min(stop, end + 1)
        self._done = done
        while self._head < len(self._starts) and self._place > self._end():
            self._hand_out(found)

    def _end(self) -> int:
        """Where the first line ends that is not finished."""
        following = self._head + 1
        return (self._starts[following] if following < len(self._starts) else len(self._text)) - 1

    def _hand_out(self, found: Lines) -> None:
        number = self._numbers[self._head]
        self._head += 1
        spans, self._spans = self._spans, []
        while self.line < number:
            found.append(self._known.pop(self.line, ()))
            self.line += 1
        found.append(self._known.pop(number, ()) or tuple(spans))
        self.line += 1

    def _flush(self, found: Lines) -> None:
        """Lines behind the last finished one that the lexer does not see."""
        limit = self._numbers[self._head] if self._head < len(self._numbers) else self._fed
        while self.line < limit:
            found.append(self._known.pop(self.line, ()))
            self.line += 1
        for number in [number for number in self._continued if number < self.line - EVERY]:
            del self._continued[number]

    def _trim(self, cut: int) -> None:
        """Forgets the text before `cut`."""
        self._text = self._text[cut:]
        self._place -= cut
        self._done -= cut
        self._starts = [start - cut for start in self._starts[self._head :]]
        del self._numbers[: self._head]
        self._head = 0


class _Apart:
    """The lines of a Makefile that its lexer takes out before it reads the rest: conditions and comments."""

    def __init__(self, continues: bool) -> None:
        from pygments.lexers.make import MakefileLexer

        self.continues = continues
        self._special = MakefileLexer.r_special
        self._comment = MakefileLexer.r_comment

    def takes(self, line: str) -> TokenClass | None:
        """The class of a line that is taken out."""
        whole = line + "\n"
        if self._special.match(whole) or self.continues:
            self.continues = line.strip().endswith("\\")
            return TokenClass.DECORATOR
        return TokenClass.COMMENT if self._comment.match(whole) else None
