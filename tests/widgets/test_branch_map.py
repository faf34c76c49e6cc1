"""The tree of a conversation: lines, words, keys, clicks."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QListView, QToolButton
from pytestqt.qtbot import QtBot

from coderapp.core.branches import outline
from coderapp.core.conversation import Conversation
from coderapp.qt import theme
from coderapp.qt.branch_model import TWIG_ROLE, BranchModel, Twig, twigs_of
from coderapp.widgets.branch_map import BranchMap
from tests.unit.core.test_branches import grown, trees


@pytest.fixture
def button(qtbot: QtBot) -> Iterator[QToolButton]:
    made = QToolButton()
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.close()
    made.deleteLater()


def opened(button: QToolButton, conversation: Conversation) -> tuple[BranchMap, QListView, list[str]]:
    shown = BranchMap(theme.load("light"), button)
    shown.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    chosen: list[str] = []
    shown.chosen.connect(chosen.append)
    shown.open_below(button, conversation, conversation.leaf_id)
    listed = shown.findChild(QListView)
    assert isinstance(listed, QListView)
    return shown, listed, chosen


def test_keys_walk_the_tree_and_enter_leads_there(button: QToolButton) -> None:
    shown, listed, chosen = opened(button, grown([0, 1, 2, 1, 4, 4]))
    assert listed.currentIndex().row() == 4
    QTest.keyClick(listed, Qt.Key.Key_Up)
    QTest.keyClick(listed, Qt.Key.Key_Return)
    assert chosen == ["5"]
    assert not shown.isVisible()


def test_a_click_leads_there_and_escape_closes(button: QToolButton) -> None:
    conversation = grown([0, 1, 2, 1, 4, 4])
    shown, listed, chosen = opened(button, conversation)
    at = listed.visualRect(listed.model().index(1, 0, QModelIndex())).center()
    QTest.mouseClick(listed.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
    assert chosen == ["2"]
    shown, listed, chosen = opened(button, conversation)
    QTest.keyClick(listed, Qt.Key.Key_Escape)
    assert not shown.isVisible()
    assert not chosen


def test_what_it_says(button: QToolButton) -> None:
    shown, listed, _ = opened(button, grown([0, 1, 2, 1, 4, 4]))
    assert [label.text() for label in shown.findChildren(QLabel)] == ["3 branches"]
    model = listed.model()
    told = [model.index(row, 0, QModelIndex()).data(Qt.ItemDataRole.AccessibleTextRole) for row in (0, 1, 4)]
    assert told == [
        "Beginning, shown. You: text 1. 1 message",
        "Branch 1 of 2, level 2. Answer: text 2. 2 messages",
        "Branch 2 of 2, level 1, shown. Answer: text 6. 1 message",
    ]
    shown.close()


def test_the_active_path_is_painted_otherwise(button: QToolButton) -> None:
    conversation = grown([0, 1, 2, 1, 4, 4])
    shown, listed, _ = opened(button, conversation)
    before = listed.grab().toImage()
    shown.close()
    row = conversation.leaf_id
    conversation.choose("2")
    shown = BranchMap(theme.load("light"), button)
    shown.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    shown.open_below(button, conversation, row)
    again = shown.findChild(QListView)
    assert isinstance(again, QListView)
    assert again.grab().toImage() != before
    shown.close()


@given(trees, st.integers(0, 30))
def test_the_active_lines_are_those_to_the_end_of_the_path(parents: list[int], wanted: int) -> None:
    conversation = grown(parents)
    if parents:
        conversation.choose(str(wanted % len(parents) + 1))
    twigs = twigs_of(outline(conversation))
    for above, twig in zip([None, *twigs], twigs, strict=False):
        assert len(twig.passing) == len(twig.entering) == twig.lane
        assert not twig.leaving or (twig.run.active and twig.run.goes_on)
        if above is None:
            continue
        # What leaves the foot of one row enters the head of the next.
        leaving = [*above.passing, *([above.leaving] if above.run.goes_on else [])]
        entering = [*twig.entering, *([twig.run.active] if twig.run.joined else [])]
        assert entering[: len(leaving)] == leaving[: len(entering)]


def test_a_long_conversation_with_many_branches_opens_quickly(button: QToolButton) -> None:
    conversation = grown([*range(9_500), *range(1, 9_500, 19)])
    begin = time.perf_counter()
    shown, listed, _ = opened(button, conversation)
    listed.grab()
    assert time.perf_counter() - begin < 0.5
    assert shown.height() < 500
    shown.close()


def test_a_model_without_a_conversation_is_empty() -> None:
    model = BranchModel()
    assert model.rowCount() == 0
    assert model.data(model.index(0), TWIG_ROLE) is None
    model.show(grown([0]))
    assert isinstance(model.data(model.index(0), TWIG_ROLE), Twig)
