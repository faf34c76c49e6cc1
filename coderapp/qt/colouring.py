"""The colours of one code block, from its first line on screen to its last.

A `ResumableLexer` goes through the block from the top and makes exact colours; it goes as far as somebody has looked,
and leaves checkpoints. Lines that it has not come to, or has not decided about, get provisional colours from a
`LineLexer`. Small pieces are lexed in the UI thread, so that a line that streams in has its colours at once; the rest
in the highlighter's thread, a slice at a time. Colours are kept near the lines that are looked at; others are made
again from the nearest checkpoint.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from coderapp.qt.highlighter import Highlighter
    from coderapp.text.linelexer import LineLexer
    from coderapp.text.resumable import Checkpoint, ResumableLexer

Spans = tuple[tuple[int, int, int], ...]
"""(start, length, `text.highlight.TokenClass`) of one line."""

OnChange = Callable[[int, int], None]

KEPT = 6_000
"""Lines around those looked at whose colours are kept."""

AHEAD = 64
"""Lines that are lexed beyond those looked at."""

SLICE_LINES = 1_000
SLICE = 16_000
"""Lines and characters that are lexed in the thread at once: 10 to 40 ms."""

SMALL = 1_500
"""Characters at most that are lexed in the UI thread at once."""

SMALL_LINE = 500
"""The longest line that is lexed in the UI thread: some lexers are quadratic in it."""

SHORT = 0.002
"""Seconds that lexing in the UI thread may take; a slow language gets fewer characters."""

_RUN_UP = 40
"""Lines above those looked at with which provisional colours begin, far from what is lexed."""


class Colouring:
    """Made by `Highlighter.colouring`. `lines` is the block's own list, which grows in place."""

    def __init__(
        self, highlighter: Highlighter, lines: list[str], language: str, *, closed: bool, on_change: OnChange
    ) -> None:
        self.language = language
        self.released = False
        self._highlighter = highlighter
        self._lines = lines
        self._closed = closed
        self._on_change = on_change
        self._shown = (0, 0)
        self._wanted = 0  # lines up to which exact colours are wanted
        self._lexer: ResumableLexer | None = None
        self._busy = False  # the thread has `_lexer`
        self._fed = 0  # lines that it was given
        self._ended = False  # and told that there are no more
        self._passed = 0  # lines whose exact colours it has made
        self._exact: dict[int, Spans] = {}
        self._checkpoints: list[Checkpoint] = []
        self._loose: dict[int, Spans] = {}  # what was handed out and is not exact
        self._soft: _Soft | None = None
        self._soft_asked = False
        self._replaying = False
        self._round = 0  # what the thread began before is not wanted any more

    # what the view calls

    def spans(self, first: int, last: int) -> Sequence[Spans]:
        """What is known of the lines from `first` to before `last`; () for those that are not lexed yet, which are
        then seen to. Cheap: it is called while painting.
        """
        first, last = max(0, first), min(last, len(self._lines))
        if last <= first or self.released:
            return []
        self._shown = (first, last)
        self._wanted = max(self._wanted, last)
        if self._highlighter.is_ready(self.language, self):
            self._work()
            self._make_up(first, last)
        return [self._span(line) for line in range(first, last)]

    def grew(self, kept: int) -> None:
        """Lines from `kept` on are new or changed; the last one may be a part of one."""
        if kept < self._fed:
            self._rewind(kept)
        if self._soft is not None and self._soft.line > kept:
            self._soft = None

    def close(self) -> None:
        """No more lines come."""
        self._closed = True
        if self._wanted and not self.released and self._highlighter.is_ready(self.language, self):
            self._wanted = max(self._wanted, min(len(self._lines), self._fed + 1))
            self._work()

    def release(self) -> None:
        """Nobody looks any more; what is on its way is dropped."""
        self.released = True
        self._round += 1
        self._highlighter.forget(self)
        self._exact.clear()
        self._loose.clear()
        self._checkpoints.clear()
        self._soft = self._lexer = None

    # what the highlighter calls

    def wake(self) -> None:
        """The language's lexer has been loaded."""
        if self._wanted:
            first, last = self._shown
            self._work()
            self._make_up(first, min(last, len(self._lines)))
            self._changed(first, last)

    def tell(self, first: int, last: int) -> None:
        if not self.released:
            self._on_change(first, last)

    # exact

    @property
    def _complete(self) -> int:
        return len(self._lines) if self._closed else max(0, len(self._lines) - 1)

    def _work(self) -> None:
        """Goes on with the exact colours, here or in the thread."""
        from coderapp.text.resumable import ResumableLexer

        if self._lexer is None:
            self._lexer = ResumableLexer(self.language)
        lexer = self._lexer
        complete = self._complete
        while not self._busy and self._passed < min(complete, self._wanted):
            ends = self._closed and not self._ended
            if not lexer.ready and self._fed >= complete and not ends:
                return
            last = min(complete, max(self._wanted, self._fed) + AHEAD + self._fed - self._passed)
            stop = self._fed if lexer.ready and self._fed >= self._wanted else self._slice_end(self._fed, last)
            part = self._lines[self._fed : stop]
            self._ended = self._closed and stop >= complete
            self._fed = stop
            small = self._highlighter.small(self.language)
            if _narrow(part) and sum(map(len, part)) <= small:
                lexer.feed(part, final=self._ended)
                if not lexer.ready:
                    continue
                if lexer.unread <= small:
                    self._run(lexer)
                    continue
                part = []
            self._send(lexer, part, final=self._ended)

    def _run(self, lexer: ResumableLexer) -> None:
        """Here, now."""
        begin, size = perf_counter(), lexer.unread
        found = lexer.run()
        self._highlighter.took(self.language, size - lexer.unread, perf_counter() - begin)
        self._keep(self._passed, found)

    def _send(self, lexer: ResumableLexer, part: list[str], *, final: bool) -> None:
        """In the thread."""
        first, last = self._shown
        if first - self._passed < SLICE_LINES:
            self._soften_from(lexer)
        self._busy = True
        asked, passed = self._round, self._passed

        def lex() -> list[Spans]:
            lexer.feed(part, final=final)
            return list(lexer.run(SLICE))

        def done(found: list[Spans] | None) -> None:
            if asked != self._round:
                return
            self._busy = False
            if found is not None:
                self._keep(passed, found)
                self._work()
                self._refresh()

        self._highlighter.submit(self, lex, done, urgent=first - SLICE_LINES < passed < last)

    def _slice_end(self, first: int, last: int) -> int:
        """Where a slice ends that begins with line `first`."""
        size = 0
        line = first
        while line < min(last, first + SLICE_LINES) and size < SLICE:
            size += min(len(self._lines[line]), SLICE)
            line += 1
        return line

    def _keep(self, line: int, found: Sequence[Spans]) -> None:
        """Takes exact colours, of the lines from `line` on."""
        assert self._lexer is not None
        self._passed = line + len(found)
        if self._lexer.checkpoints:
            self._checkpoints += self._lexer.checkpoints
            self._lexer.checkpoints = []
        low, high = self._shown[0] - KEPT // 2, self._shown[1] + KEPT // 2
        for number, spans in enumerate(found, line):
            self._put(number, spans, keep=low <= number < high)
        self._forget()

    def _forget(self) -> None:
        """Leaves the colours near the lines that are looked at."""
        if len(self._exact) > 2 * KEPT:
            low, high = self._shown[0] - KEPT // 2, self._shown[1] + KEPT // 2
            self._exact = {number: spans for number, spans in self._exact.items() if low <= number < high}

    def _put(self, line: int, spans: Spans, *, keep: bool = True) -> None:
        if keep:
            self._exact[line] = spans
        before = self._loose.pop(line, None)
        if before is not None and before != spans:
            self._changed(line, line + 1)

    def _rewind(self, kept: int) -> None:
        """Lines that were complete have changed after all."""
        from coderapp.text.resumable import ResumableLexer

        self._round += 1
        self._busy = self._replaying = self._soft_asked = False
        while self._checkpoints and self._checkpoints[-1].line > kept - AHEAD:
            self._checkpoints.pop()
        at = self._checkpoints[-1] if self._checkpoints else None
        start = at.line if at else 0
        self._lexer = ResumableLexer(self.language, at, self._lines[start - 1] if start else "")
        self._fed = self._passed = start
        self._ended = False
        self._exact = {line: spans for line, spans in self._exact.items() if line < start}
        self._soft = None

    # made up for: what is not there, provisionally or once more

    def _span(self, line: int) -> Spans:
        spans = self._exact.get(line)
        if spans is not None:
            return spans
        spans = self._soft.span(line) if self._soft is not None else None
        if spans is None:
            spans = self._loose.get(line, ())
        if len(self._loose) > 2 * KEPT:
            self._loose.clear()
        self._loose[line] = spans
        return spans

    def _make_up(self, first: int, last: int) -> None:
        missing = next((line for line in range(first, last) if line not in self._exact), None)
        if missing is None or self._lexer is None:
            return
        if missing < self._passed:
            self._replay(missing, min(last, self._passed))
        if last > self._passed:
            self._soften(max(first, self._passed), last)

    def _refresh(self) -> None:
        """Tells of lines on screen that have other provisional colours now."""
        first, last = self._shown
        last = min(last, len(self._lines))
        self._make_up(first, last)
        for line in range(max(first, self._passed), last):
            if line not in self._loose or line in self._exact:
                continue
            before = self._loose[line]
            if self._span(line) != before:
                self._changed(line, line + 1)

    def _replay(self, first: int, last: int) -> None:
        """Exact colours once more, for lines that were left behind."""
        if self._replaying:
            return
        self._replaying = True
        index = bisect_right(self._checkpoints, first, key=lambda each: each.line + bool(each.column)) - 1
        at = self._checkpoints[index] if index >= 0 else None
        start = at.line if at else 0
        from coderapp.text.resumable import ResumableLexer

        lexer = ResumableLexer(self.language, at, self._lines[start - 1] if start else "")
        self._replay_on(lexer, start, last)

    def _replay_on(self, lexer: ResumableLexer, fed: int, last: int) -> None:
        stop = self._slice_end(fed, min(self._complete, max(last, fed) + AHEAD))
        part = self._lines[fed:stop]
        final = self._closed and stop >= len(self._lines)
        asked = self._round

        def lex() -> tuple[int, list[Spans]]:
            lexer.feed(part, final=final)
            line = lexer.line
            return line, list(lexer.run())

        def done(result: tuple[int, list[Spans]] | None) -> None:
            if asked != self._round:
                return
            self._replaying = False
            if result is None:
                return
            for number, spans in enumerate(result[1], result[0]):
                if number >= lexer.first_whole and number not in self._exact:
                    self._put(number, spans)
            self._forget()
            if lexer.line < last and stop < self._complete:
                self._replaying = True
                self._replay_on(lexer, stop, last)

        self._highlighter.submit(self, lex, done, urgent=True)

    def _soften(self, first: int, last: int) -> None:
        """Provisional colours for lines that the exact lexer has not passed; for the last one, which still grows,
        always.
        """
        assert self._lexer is not None
        if not self._busy:
            if first - self._passed < SLICE_LINES:
                self._soften_from(self._lexer)
        elif self._fed >= min(last, self._complete) and self._soft is None:
            return  # the exact colours are on their way
        if self._soft is None or not self._soft.first <= first <= self._soft.line + SLICE_LINES:
            self._jump(first, last)
            return
        soft = self._soft
        complete = min(last, self._complete)
        part = self._lines[soft.line : complete] if complete - soft.line < SLICE_LINES else None
        if part is None or sum(map(len, part)) > self._highlighter.small(self.language) or not _narrow(part):
            self._jump(first, last)
            return
        soft.lex(part)
        if last == len(self._lines) and not self._closed:
            soft.peek(self._lines, len(self._lines) - 1)

    def _soften_from(self, lexer: ResumableLexer) -> None:
        """Provisional colours shall go on where the exact lexer stands."""
        place = (lexer.line, lexer.outlook()[1])
        if (self._soft is None or self._soft.place != place) and not self._soft_asked:
            self._soft = _Soft.behind(lexer, self.language, place)

    def _jump(self, first: int, last: int) -> None:
        """Provisional colours made in the thread, from some lines above on."""
        if self._soft_asked:
            return
        self._soft_asked = True
        soft, asked = self._soft, self._round
        last = min(last, self._complete)
        if soft is None or not soft.first <= first <= soft.line + SLICE_LINES:
            soft = _Soft.fresh(max(0, first - _RUN_UP), self.language)
        self._soft = None
        kept, part = soft, self._lines[soft.line : last]

        def lex() -> None:
            kept.lex(part)

        def done(result: object) -> None:
            if asked != self._round:
                return
            self._soft_asked = False
            if self._soft is None:
                self._soft = kept
            self._refresh()

        self._highlighter.submit(self, lex, done, urgent=True)

    def _changed(self, first: int, last: int) -> None:
        self._highlighter.changed(self, first, last)


class _Soft:
    """Provisional colours of the lines from `first` to before `line`. `place`: where the exact lexer stood."""

    def __init__(self, first: int, lexer: LineLexer, place: tuple[int, int] = (-1, 0)) -> None:
        self.first = self.line = first
        self.place = place
        self._lexer = lexer
        self._begun: Spans = ()
        self._column = 0
        self._spans: list[Spans] = []
        self._part: tuple[str, Spans] = ("", ())

    @classmethod
    def behind(cls, exact: ResumableLexer, language: str, place: tuple[int, int]) -> _Soft:
        """Going on where the exact lexer waits."""
        from coderapp.text.linelexer import LineLexer

        begun, column, state = exact.outlook()
        made = cls(exact.line, LineLexer.at(language, state), place)
        made._begun, made._column = begun, column
        return made

    @classmethod
    def fresh(cls, first: int, language: str) -> _Soft:
        from coderapp.text.linelexer import LineLexer

        return cls(first, LineLexer(language))

    def lex(self, lines: Sequence[str]) -> None:
        """The next lines."""
        for line in lines:
            spans: Any = self._lexer.lex(line, self._column)
            self._spans.append(self._begun + spans if self._begun else spans)
            self._begun, self._column = (), 0
            self.line += 1
        if len(self._spans) > 2 * KEPT:
            del self._spans[:KEPT]
            self.first += KEPT

    def peek(self, lines: Sequence[str], line: int) -> None:
        """The line that is not complete."""
        text = lines[line]
        if line == self.line and text != self._part[0] and len(text) <= SMALL_LINE:
            self._part = (text, self._lexer.peek(text))

    def span(self, line: int) -> Spans | None:
        if self.first <= line < self.line:
            return self._spans[line - self.first]
        return self._part[1] if line == self.line and self._part[0] else None


def _narrow(lines: Sequence[str]) -> bool:
    return max(map(len, lines), default=0) <= SMALL_LINE
