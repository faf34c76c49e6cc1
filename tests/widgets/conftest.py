"""Widgets alone, on models of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest
from pytestqt.qtbot import QtBot

from coderapp.core.errors import Problem
from coderapp.core.message import FinishReason, Generation, Message, Role, TextPart
from coderapp.qt import theme
from coderapp.qt.background import Failure
from coderapp.qt.conversation_model import ConversationModel, Row, RowState
from coderapp.qt.highlighter import Highlighter
from coderapp.widgets.conversation.tools import ViewTools
from coderapp.widgets.conversation.view import ConversationView

T = TypeVar("T")


@pytest.fixture
def highlighter(qtbot: QtBot) -> Iterator[Highlighter]:
    made = Highlighter()
    yield made
    made.stop()


def prompt(text: str, name: str = "p1") -> Row:
    return Row(Message(name, Role.USER, (TextPart(text),)))


def answer(text: str, name: str = "a1", *, problem: Problem | None = None) -> Row:
    generation = Generation(profile="Mine", finish=FinishReason.STOP, problem=problem)
    return Row(Message(name, Role.ASSISTANT, (TextPart(text),), generation=generation))


def growing(name: str = "a1") -> Row:
    return Row(Message(name, Role.ASSISTANT, generation=Generation(profile="Mine")), state=RowState.STREAMING)


def at_once(work: Callable[[], T], done: Callable[[T], None], failed: Failure | None = None) -> None:
    """What the program does in a thread."""
    done(work())


@pytest.fixture
def model(qtbot: QtBot) -> ConversationModel:
    return ConversationModel()


@pytest.fixture
def view(qtbot: QtBot, highlighter: Highlighter, model: ConversationModel) -> Iterator[ConversationView]:
    """A view of `model`, 700×600, shown."""
    made = ConversationView(theme.load("light"), ViewTools(highlighter, at_once))
    made.resize(700, 600)
    made.set_model(model)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.close()
    made.deleteLater()
