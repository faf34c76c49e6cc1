"""What is known of a place in the text (selection, marks, reading place) stays right while text around it changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from coderapp.core.message import FinishReason, Generation, Message, ReasoningPart, Role, TextPart
from coderapp.qt import theme
from coderapp.qt.background import Failure
from coderapp.qt.conversation_model import ConversationModel, Row, RowState
from coderapp.qt.highlighter import Highlighter
from coderapp.text.find import Query
from coderapp.widgets.conversation.hot_spots import Action
from coderapp.widgets.conversation.selection import Position
from coderapp.widgets.conversation.tools import ViewTools
from coderapp.widgets.conversation.view import ConversationView
from tests.widgets.conftest import answer, growing, prompt

T = TypeVar("T")
SHIFT = Qt.KeyboardModifier.ShiftModifier
LONG = "\n\n".join(f"Block {number} **b**" for number in range(2000))


class Later:
    """A thread's work, done when the test says so."""

    def __init__(self) -> None:
        self._jobs: list[tuple[Callable[[], Any], Callable[[Any], None]]] = []

    def __call__(self, work: Callable[[], T], done: Callable[[T], None], failed: Failure | None = None) -> None:
        self._jobs.append((work, done))

    def run(self) -> None:
        while self._jobs:
            work, done = self._jobs.pop(0)
            done(work())


@pytest.fixture
def later() -> Later:
    return Later()


@pytest.fixture
def view(qtbot: QtBot, highlighter: Highlighter, model: ConversationModel, later: Later) -> Iterator[ConversationView]:
    made = ConversationView(theme.load("light"), ViewTools(highlighter, later))
    made.resize(700, 600)
    made.set_model(model)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.close()
    made.deleteLater()


def thoughtful(text: str, thoughts: str, state: RowState = RowState.SETTLED) -> Row:
    parts = (ReasoningPart(thoughts), *((TextPart(text),) if text else ()))
    generation = Generation(profile="Mine", finish=FinishReason.STOP)
    return Row(Message("a1", Role.ASSISTANT, parts, generation=generation), state=state)


def all_text(view: ConversationView) -> str:
    view.select_all()
    return view.selected_text()


def toggle_thoughts(view: ConversationView) -> None:
    spot = next(spot for spot in view.hot_spots() if spot.action is Action.THOUGHTS)
    view.act(1, spot)


def test_an_answer_whose_text_waits_is_whole_after_the_next_prompt(
    view: ConversationView, model: ConversationModel, later: Later
) -> None:
    model.reset([prompt("x"), growing()])
    model.append_text(1, LONG)
    model.change(1, message=answer(LONG).message, state=RowState.SETTLED)
    model.show([*model.rows, prompt("y", "p2"), growing("a2")])
    later.run()
    assert "Block 1999 b" in all_text(view)


def test_numbers_of_lines_are_switched_while_an_answer_streams(
    view: ConversationView, model: ConversationModel
) -> None:
    model.reset([prompt("x"), growing()])
    model.append_text(1, "first words\n\n")
    view.set_line_numbers(False)
    model.append_text(1, "second words")
    model.change(1, message=answer("first words\n\nsecond words").message, state=RowState.SETTLED)
    QTest.qWait(20)
    assert "first words\n\nsecond words" in all_text(view)


def test_a_place_in_a_long_answer_is_gone_to_when_it_has_been_parsed(
    view: ConversationView, model: ConversationModel, later: Later
) -> None:
    model.reset([prompt("x"), answer(LONG)])
    view.go_to_place("a1", 700, -3.0)
    assert view.reading_place() == ("a1", 700, -3.0)
    later.run()
    assert view.reading_place() == ("a1", 700, -3.0)
    anchor = view._layout.anchor()
    assert anchor is not None
    assert anchor.block == 700


def test_a_selection_stays_on_its_words_while_thoughts_fold(view: ConversationView, model: ConversationModel) -> None:
    model.reset([prompt("x"), thoughtful("answer needle\n\nmore", "think one\n\nthink two")])
    view._selection.select(Position(1, 0, 7), Position(1, 0, 13))
    view.marks.set([(1, 0, 7, 13)])
    for moved in (2, 0):
        toggle_thoughts(view)
        assert view.selected_text() == "needle"
        assert view.marks[0] == (1, moved, 7, 13)


def test_a_selection_of_thoughts_goes_with_them(view: ConversationView, model: ConversationModel) -> None:
    model.reset([prompt("x"), thoughtful("answer", "think one\n\nthink two")])
    toggle_thoughts(view)
    view._selection.select(Position(1, 1, 0), Position(1, 1, 5))
    assert view.selected_text() == "think"
    toggle_thoughts(view)
    assert view.selected_text() == ""


def test_wrapping_stays_while_thoughts_fold(view: ConversationView, model: ConversationModel) -> None:
    model.reset([prompt("x"), thoughtful("```py\nx = 1\n```", "think one")])
    view.act(1, next(spot for spot in view.hot_spots() if spot.action is Action.WRAP_CODE))
    toggle_thoughts(view)
    assert next(spot for spot in view.hot_spots() if spot.action is Action.WRAP_CODE).label == "Don't wrap lines"


def test_nothing_of_folded_thoughts_stays_on_screen(
    qtbot: QtBot, view: ConversationView, model: ConversationModel
) -> None:
    model.reset([prompt("x"), growing()])
    model.change(1, message=thoughtful("", "thinking hard\n\n" * 6).message, state=RowState.STREAMING)
    QTest.qWait(20)
    model.append_text(1, "The answer")
    QTest.qWait(20)
    shown = view.viewport().grab().toImage()
    view.viewport().update()
    QTest.qWait(20)
    assert view.viewport().grab().toImage() == shown


def test_marks_stand_where_the_text_is_once_it_has_been_parsed(
    view: ConversationView, model: ConversationModel, later: Later
) -> None:
    model.reset([prompt("x"), answer(LONG)])
    view.finding.look_for(Query("Block 1500"))
    later.run()
    assert [view.marks[number] for number in range(len(view.marks))] == [(1, 1500, 0, 10)]


def test_what_is_looked_for_is_found_in_what_comes(
    view: ConversationView, model: ConversationModel, later: Later
) -> None:
    model.reset([prompt("needle")])
    view.finding.look_for(Query("needle"))
    later.run()
    model.show([*model.rows, answer("another needle")])
    later.run()
    assert len(view.marks) == 2


def test_the_caret_starts_at_the_end_after_everything_was_selected(
    view: ConversationView, model: ConversationModel
) -> None:
    model.reset([prompt("x"), answer("one two\n\nthree")])
    view.select_all()
    QTest.keyClick(view, Qt.Key.Key_Left, SHIFT)
    assert view.selected_text() == "x\n\none two\n\nthre"
    model.show([model.rows[0]])
    QTest.keyClick(view, Qt.Key.Key_Home, SHIFT)


def test_reasoning_waits_while_nothing_can_be_seen(view: ConversationView, model: ConversationModel) -> None:
    model.reset([prompt("x"), growing()])
    QTest.qWait(10)
    view.hide()
    model.change(1, message=thoughtful("", "thought unseen").message, state=RowState.STREAMING)
    assert not view._layout.item(1).has_thoughts
    view.show()
    QTest.qWait(20)
    assert "thought unseen" in all_text(view)


@pytest.mark.parametrize("row", [growing(), answer("```py\n```")])
def test_the_caret_where_there_is_nothing_to_select(view: ConversationView, model: ConversationModel, row: Row) -> None:
    model.reset([prompt("x"), row])
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End):
        view.select_all()
        QTest.keyClick(view, key, SHIFT)
        QTest.keyClick(view, key, SHIFT | Qt.KeyboardModifier.ControlModifier)


def test_a_wider_column_moves_all_of_its_table(view: ConversationView, model: ConversationModel) -> None:
    model.reset([prompt("x"), growing()])
    model.append_text(1, "|a|b|\n|---|---|\n|1|2|\n|3|4|\n")
    QTest.qWait(10)
    top = view._layout.item(1).block_top(0)
    narrow, _ = view._layout.item(1).feed("|5|6|\n")
    wide, _ = view._layout.item(1).feed("|a much wider cell than those before|6|\n")
    assert wide == top < narrow
