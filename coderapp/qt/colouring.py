"""The colours of one code block, from its first line on screen to its last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coderapp.qt.highlighter import Highlighter, LiveLexer, Spans

OnChange = Callable[[int, int], None]


class Colouring:
    """Made by `Highlighter.colouring`. `lines` is the block's own list, which grows in place."""

    def __init__(
        self, highlighter: Highlighter, lines: list[str], language: str, *, closed: bool, on_change: OnChange
    ) -> None:
        self._highlighter = highlighter
        self._lines = lines
        self._language = language
        self._on_change: OnChange | None = on_change
        self._spans: list[Spans] = []
        self._requested = False
        self._live: LiveLexer | None = None if closed else highlighter.live(language)
        if self._live is not None:
            highlighter.warmed.connect(self._on_warmed)

    def spans(self, first: int, last: int) -> Sequence[Spans]:
        """What is known of the lines from `first` to before `last`; () for those that are not lexed yet, which are
        then seen to. Cheap: it is called while painting.
        """
        last = min(last, len(self._lines))
        if self._live is None:
            if not self._requested:
                self._requested = True
                self._highlighter.request(self._lines, self._language, self._set_spans)
        else:
            complete = max(0, len(self._lines) - 1)
            if len(self._spans) < min(last, complete):
                self._spans += self._live.lex(self._lines[len(self._spans) : complete])
        found = self._spans[first:last]
        while len(found) < last - first:
            at = first + len(found)
            partial = self._live is not None and at == len(self._spans) == len(self._lines) - 1
            found.append(self._live.peek(self._lines[at]) if self._live is not None and partial else ())
        return found

    def grew(self, kept: int) -> None:
        """Lines from `kept` on are new or changed; the last one may be a part of one."""
        del self._spans[kept:]

    def close(self) -> None:
        """No more lines come."""
        self._live = None
        self._requested = False

    def release(self) -> None:
        """Nobody looks any more; what is on its way is dropped."""
        self._on_change = None
        self._live = None

    def _set_spans(self, spans: Sequence[Spans]) -> None:
        self._spans = list(spans)
        self._changed()

    def _on_warmed(self, language: str) -> None:
        if language == self._language and self._live is not None:
            self._changed()

    def _changed(self) -> None:
        if self._on_change is not None:
            self._on_change(0, len(self._lines))
