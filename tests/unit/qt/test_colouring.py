"""Colours of blocks, as the view asks for them: at once where that is quick, from the thread where it is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest
from pytestqt.qtbot import QtBot

from coderapp.qt import colouring
from coderapp.qt.colouring import Colouring, Spans
from coderapp.qt.highlighter import Highlighter
from coderapp.text.highlight import highlight
from tests.unit.text.nasty import NASTY


@pytest.fixture
def highlighter(qtbot: QtBot) -> Iterator[Highlighter]:
    made = Highlighter()
    yield made
    made.stop()


def _same(line: str, one: Spans, other: Sequence[tuple[int, int, int]]) -> bool:
    def classes(spans: Sequence[tuple[int, int, int]]) -> list[int]:
        found = [0] * len(line)
        for start, length, kind in spans:
            found[start : start + length] = [int(kind)] * length
        return found

    return classes(one) == classes(other)


class _View:
    """Keeps the colours that it was given until it is told that they changed, as a view keeps its layouts."""

    def __init__(self, highlighter: Highlighter, lines: list[str], language: str, *, closed: bool) -> None:
        self.lines = lines
        self.language = language
        self.told: list[tuple[int, int]] = []
        self.known: dict[int, Spans] = {}
        self.colouring: Colouring = highlighter.colouring(lines, language, closed=closed, on_change=self._on_change)

    def _on_change(self, first: int, last: int) -> None:
        self.told.append((first, last))
        for line in [line for line in self.known if first <= line < last]:
            del self.known[line]

    def add(self, text: str) -> None:
        kept = len(self.lines) - 1
        first, *others = text.split("\n")
        self.lines[-1] += first
        self.lines += others
        for line in [line for line in self.known if line >= kept]:
            del self.known[line]
        self.colouring.grew(kept)

    def look(self, first: int, last: int) -> None:
        last = min(last, len(self.lines))
        found = self.colouring.spans(first, last)
        assert len(found) == last - first
        for line, spans in enumerate(found, first):
            self.known.setdefault(line, spans)

    def check(self) -> None:
        exact = highlight(self.lines, self.language)
        for line, spans in self.known.items():
            assert _same(self.lines[line], spans, exact[line]), self.lines[line]


@pytest.fixture
def settle(qtbot: QtBot, highlighter: Highlighter) -> Callable[[], None]:
    return lambda: qtbot.waitUntil(lambda: not highlighter.pending, timeout=20_000)


def test_plain_until_the_language_is_loaded(qtbot: QtBot, highlighter: Highlighter, settle: Callable[[], None]) -> None:
    view = _View(highlighter, ["def f():", "    pass"], "python", closed=True)
    view.look(0, 2)
    assert view.known == {0: (), 1: ()}
    settle()
    assert view.told
    view.look(0, 2)
    assert view.known[0]
    view.check()


@pytest.mark.parametrize("language", NASTY)
@pytest.mark.parametrize("size", [23, 4000])
def test_streamed(language: str, size: int, qtbot: QtBot, highlighter: Highlighter, settle: Callable[[], None]) -> None:
    highlighter.warm(language)
    settle()
    view = _View(highlighter, [""], language, closed=False)
    text = NASTY[language]
    for at in range(0, len(text), size):
        view.add(text[at : at + size])
        view.look(max(0, len(view.lines) - 5), len(view.lines))
        if at % 10 == 0:
            qtbot.wait(0)
    view.look(0, len(view.lines))
    view.colouring.close()
    settle()
    view.look(0, len(view.lines))
    settle()
    view.look(0, len(view.lines))
    view.check()


def test_small_pieces_have_their_colours_at_once(highlighter: Highlighter, settle: Callable[[], None]) -> None:
    highlighter.warm("python")
    settle()
    view = _View(highlighter, [""], "python", closed=False)
    view.add("def f():\n    return 'a")
    view.look(0, 2)
    assert view.known[0][0] == (0, 3, 1)
    assert view.known[1][0] == (4, 6, 1)
    assert not highlighter.pending


def test_the_foot_of_a_long_block(highlighter: Highlighter, settle: Callable[[], None]) -> None:
    lines = [line for number in range(700) for line in (f"x{number} = 1", "def f():", '    """doc', '    doc"""', "")]
    view = _View(highlighter, lines, "python", closed=True)
    view.look(len(lines) - 30, len(lines))
    settle()
    view.look(len(lines) - 30, len(lines))
    view.check()
    view.look(0, 30)
    settle()
    view.look(0, 30)
    view.check()
    told = len(view.told)
    view.look(0, 30)
    settle()
    assert len(view.told) == told


def test_far_lines_are_forgotten_and_made_again(
    monkeypatch: pytest.MonkeyPatch, highlighter: Highlighter, settle: Callable[[], None]
) -> None:
    monkeypatch.setattr(colouring, "KEPT", 100)
    lines = [f"x = '{number}' # c" for number in range(2000)]
    view = _View(highlighter, lines, "python", closed=True)
    for first in (1950, 0, 1000, 500):
        view.look(first, first + 30)
        settle()
        view.look(first, first + 30)
        settle()
        view.look(first, first + 30)
        view.check()
    assert len(view.colouring._exact) <= 500


def test_nothing_is_lexed_before_it_is_looked_at(highlighter: Highlighter) -> None:
    view = _View(highlighter, ["x"] * 10, "python", closed=True)
    view.add("y")
    view.colouring.close()
    assert not highlighter.pending


def test_who_left_is_told_nothing(highlighter: Highlighter, settle: Callable[[], None]) -> None:
    view = _View(highlighter, ["x = 1"] * 3000, "python", closed=True)
    view.look(2000, 2050)
    view.colouring.release()
    settle()
    assert view.told == []
    assert view.colouring.spans(0, 10) == []


def test_lines_that_change_after_all(highlighter: Highlighter, settle: Callable[[], None]) -> None:
    view = _View(highlighter, ["x = 1"] * 600, "python", closed=True)
    view.look(0, 600)
    settle()
    view.lines[300] = '"""'
    view.known.clear()
    view.colouring.grew(300)
    view.look(280, 600)
    settle()
    view.look(280, 600)
    view.check()


def test_a_line_of_a_megabyte(highlighter: Highlighter, settle: Callable[[], None]) -> None:
    view = _View(highlighter, ["a = 1", "b = '" + "x" * 1_000_000, "c = 2"], "python", closed=True)
    view.look(0, 3)
    settle()
    view.look(0, 3)
    view.check()
