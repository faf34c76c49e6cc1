"""What is painted over text, found among thousands."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QTextCharFormat
from pytestqt.qtbot import QtBot

from coderapp.core.errors import CoderappError
from coderapp.qt import theme
from coderapp.qt.background import Failure
from coderapp.qt.conversation_model import ConversationModel
from coderapp.qt.highlighter import Highlighter
from coderapp.text.find import Query
from coderapp.widgets.conversation.ranges import NOTHING, Ranges
from coderapp.widgets.conversation.tools import ViewTools
from coderapp.widgets.conversation.view import ConversationView
from tests.widgets.conftest import answer

T = TypeVar("T")


@given(st.lists(st.integers(1, 9), max_size=40), st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_only_what_touches_is_given(sizes: list[int], origin: int, start: int, size: int) -> None:
    made = QTextCharFormat()
    found, at = [], 0
    for gap, length in zip(sizes[::2], sizes[1::2], strict=False):
        found.append((at + gap - 1, at + gap - 1 + length, made))
        at = found[-1][1]
    over = ((5, 1 << 60, made),)
    ranges = Ranges(found, over).moved(origin)
    end = start + size
    touching = [(a - origin, b - origin) for a, b, _ in [*found, *over] if a < end + origin and b > start + origin]
    assert [span[:2] for span in ranges.between(start, end)] == touching
    assert ranges.only_found().count_found(start, end) >= len(touching) - 1
    assert list(ranges.without_found().only_found()) == []


def test_nothing_is_nothing() -> None:
    assert not NOTHING
    assert list(NOTHING.moved(3).between(0, 9)) == []


def test_thousands_of_hits_in_one_paragraph_are_marked_and_walked(
    view: ConversationView, model: ConversationModel
) -> None:
    """It took 0.7 s a step once; the bound leaves room for a busy machine."""
    model.reset([answer("see the element here " * 3_000)])
    view.go_to_top()
    plain = view.grab().toImage()
    view.finding.look_for(Query("e"))
    marked = view.grab().toImage()
    assert marked != plain
    assert len(view.marks) == 10_000
    begin = time.perf_counter()
    for _ in range(5):
        view.finding.step(1)
        view.viewport().repaint()
    assert (time.perf_counter() - begin) / 5 < 0.25
    assert view.grab().toImage() != marked
    view.finding.clear()
    assert view.grab().toImage() == plain


def test_a_search_that_fails_says_so_instead_of_going_on_for_ever(
    qtbot: QtBot, highlighter: Highlighter, model: ConversationModel
) -> None:
    def fails(work: Callable[[], T], done: Callable[[T], None], failed: Failure | None = None) -> None:
        assert failed is not None
        failed(CoderappError("An internal error occurred.", advice="Nothing was lost."))

    broken = ConversationView(theme.load("light"), ViewTools(highlighter, fails))
    qtbot.addWidget(broken)
    broken.set_model(model)
    model.reset([answer("some words")])
    faults: list[str] = []
    broken.finding.fault.connect(faults.append)
    broken.finding.look_for(Query("words"))
    assert faults == ["An internal error occurred. Nothing was lost."]
    broken.finding.step(1)
    assert len(broken.marks) == 0
