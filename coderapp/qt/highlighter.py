"""Highlighting off the UI thread. Pygments is imported there, after the window stands."""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QThread, Signal, Slot

from coderapp.qt.colouring import Colouring, OnChange

if TYPE_CHECKING:
    from coderapp.text.highlight import LineLexer

Spans = tuple[tuple[int, int, int], ...]
"""(start, length, `text.highlight.TokenClass`) of one line."""

OnSpans = Callable[[Sequence[Spans]], None]

_Job = tuple[int, list[str], str]


class LiveLexer:
    """Colours the lines of a growing block in the UI thread, as soon as the language's lexer has been loaded elsewhere.

    Until then lines stay plain; `lex` returns nothing, so that they are asked for again.
    """

    def __init__(self, language: str, is_warm: Callable[[str], bool]) -> None:
        self._language = language
        self._is_warm = is_warm
        self._lexer: LineLexer | None = None

    def _ready(self) -> LineLexer | None:
        if self._lexer is None and self._is_warm(self._language):
            from coderapp.text.highlight import LineLexer

            self._lexer = LineLexer(self._language)
        return self._lexer

    def lex(self, lines: Sequence[str]) -> list[Spans]:
        lexer = self._ready()
        return [lexer.lex(line) for line in lines] if lexer else []

    def peek(self, part: str) -> Spans:
        lexer = self._ready()
        return lexer.peek(part) if lexer else ()


class _Thread(QThread):
    finished_job = Signal(int, object)
    warmed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("highlighter")
        self.jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()

    def run(self) -> None:
        from coderapp.text import highlight

        while (job := self.jobs.get()) is not None:
            ticket, lines, language = job
            highlight.warm(language)
            self.warmed.emit(language)
            if ticket:
                self.finished_job.emit(ticket, highlight.highlight(lines, language))


class Highlighter(QObject):
    """Signal: `warmed(language)`: its lexer can now be used in the UI thread without a stall."""

    warmed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread: _Thread | None = None
        self._waiting: dict[int, OnSpans] = {}
        self._tickets = 0
        self._warm: set[str] = set()
        self._asked: set[str] = set()

    def colouring(self, lines: list[str], language: str, *, closed: bool, on_change: OnChange) -> Colouring:
        """The colours of a block whose list of lines grows in place; `on_change(first, last)` is called in the UI
        thread when those lines got other colours.
        """
        return Colouring(self, lines, language, closed=closed, on_change=on_change)

    def request(self, lines: Sequence[str], language: str, done: OnSpans) -> None:
        """Calls `done` in the UI thread with the spans of each line."""
        self._tickets += 1
        self._waiting[self._tickets] = done
        self._jobs().put((self._tickets, list(lines), language))

    def warm(self, language: str) -> None:
        if language not in self._asked:
            self._asked.add(language)
            self._jobs().put((0, [], language))

    def live(self, language: str) -> LiveLexer:
        """For a block that grows."""
        self.warm(language)
        return LiveLexer(language, self._warm.__contains__)

    @property
    def pending(self) -> int:
        """Requests whose spans have not come yet."""
        return len(self._waiting)

    def stop(self) -> None:
        if self._thread is not None:
            self._thread.jobs.put(None)
            self._thread.wait()
            self._thread = None

    def _jobs(self) -> queue.SimpleQueue[_Job | None]:
        if self._thread is None:
            self._thread = _Thread()
            self._thread.finished_job.connect(self._on_finished)
            self._thread.warmed.connect(self._on_warmed)
            self._thread.start()
        return self._thread.jobs

    @Slot(int, object)
    def _on_finished(self, ticket: int, spans: Sequence[Spans]) -> None:
        done = self._waiting.pop(ticket, None)
        if done is not None:
            done(spans)

    @Slot(str)
    def _on_warmed(self, language: str) -> None:
        if language not in self._warm:
            self._warm.add(language)
            self.warmed.emit(language)
