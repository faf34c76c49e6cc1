"""The bar to find text with, alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QToolButton
from pytestqt.qtbot import QtBot

from coderapp.qt import theme
from coderapp.text.find import Query
from coderapp.widgets.find_bar import ONE_ROW_FROM, FindBar
from tests.helpers.pictures import has_colour

SHIFT = Qt.KeyboardModifier.ShiftModifier
ALT = Qt.KeyboardModifier.AltModifier
PLAIN = Qt.KeyboardModifier.NoModifier


class Bench:
    def __init__(self) -> None:
        self.bar = FindBar(theme.load("light"))
        self.bar.resize(860, 60)
        self.queries: list[Query] = []
        self.steps: list[int] = []
        self.closings: list[bool] = []
        self.bar.query_changed.connect(self.queries.append)
        self.bar.step.connect(self.steps.append)
        self.bar.closed.connect(lambda: self.closings.append(self.bar.isVisible()))

    @property
    def field(self) -> QLineEdit:
        found = self.bar.findChild(QLineEdit)
        assert isinstance(found, QLineEdit)
        return found

    def button(self, name: str) -> QToolButton:
        (found,) = [each for each in self.bar.findChildren(QToolButton) if each.accessibleName() == name]
        return found

    def label(self, name: str) -> QLabel:
        found = self.bar.findChild(QLabel, name)
        assert isinstance(found, QLabel)
        return found

    @property
    def status(self) -> str:
        return self.label("findStatus").text()

    def press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = PLAIN) -> None:
        QTest.keyClick(self.bar.focusWidget(), key, modifiers)


@pytest.fixture
def bench(qtbot: QtBot) -> Iterator[Bench]:
    made = Bench()
    with qtbot.waitExposed(made.bar):
        made.bar.show()
    made.bar.activateWindow()
    made.bar.open()
    yield made
    made.bar.close()
    made.bar.deleteLater()


def test_what_is_typed_is_looked_for_after_a_pause(bench: Bench, qtbot: QtBot) -> None:
    QTest.keyClicks(bench.field, "abc")
    assert bench.queries == []
    with qtbot.waitSignal(bench.bar.query_changed):
        pass
    assert bench.queries == [Query("abc")]


def test_a_step_does_not_wait_for_the_pause(bench: Bench) -> None:
    bench.field.setText("abc")
    bench.press(Qt.Key.Key_Return)
    assert bench.queries == [Query("abc")]
    assert bench.steps == [1]


def test_an_emptied_field_looks_for_nothing_at_once(bench: Bench) -> None:
    bench.bar.open("abc")
    bench.bar.show_result(1, 2, True)
    bench.field.clear()
    assert bench.queries == [Query("abc"), Query()]
    assert bench.status == ""
    bench.bar.show_result(0, 0, True)  # came late
    assert bench.status == ""
    bench.press(Qt.Key.Key_Return)
    assert bench.steps == []


@pytest.mark.parametrize(
    ("key", "modifiers", "step"),
    [
        (Qt.Key.Key_Return, PLAIN, 1),
        (Qt.Key.Key_Enter, PLAIN, 1),
        (Qt.Key.Key_F3, PLAIN, 1),
        (Qt.Key.Key_Return, SHIFT, -1),
        (Qt.Key.Key_F3, SHIFT, -1),
    ],
)
def test_keys_step(bench: Bench, key: Qt.Key, modifiers: Qt.KeyboardModifier, step: int) -> None:
    bench.bar.open("a")
    bench.press(key, modifiers)
    assert bench.steps == [step]


def test_buttons_step_while_there_is_something(bench: Bench) -> None:
    bench.bar.open("a")
    assert not bench.button("Next").isEnabled()
    bench.bar.show_result(1, 2, True)
    bench.button("Next").click()
    bench.button("Previous").click()
    assert bench.steps == [1, -1]


def test_enter_on_a_button_is_that_button(bench: Bench) -> None:
    bench.bar.open("a")
    bench.bar.show_result(1, 2, True)
    bench.button("Previous").setFocus()
    bench.press(Qt.Key.Key_Return)
    assert bench.steps == [-1]
    bench.bar.show_result(0, 0, True)  # a button that is disabled can't keep the focus
    assert bench.bar.focusWidget() is bench.field


@pytest.mark.parametrize("close", ["key", "button"])
def test_closing(bench: Bench, close: str) -> None:
    QTest.keyClicks(bench.field, "abc")
    if close == "key":
        bench.press(Qt.Key.Key_Escape)
    else:
        bench.button("Close the find bar").click()
    assert bench.closings == [False]
    QTest.qWait(0)
    assert bench.queries == []


def test_ways_to_look(bench: Bench) -> None:
    bench.bar.open("a")
    bench.button("Match case").click()
    bench.press(Qt.Key.Key_W, ALT)
    bench.press(Qt.Key.Key_R, ALT)
    bench.press(Qt.Key.Key_C, ALT)
    assert bench.queries == [
        Query("a"),
        Query("a", case=True),
        Query("a", case=True, whole_word=True),
        Query("a", case=True, whole_word=True, regex=True),
        Query("a", whole_word=True, regex=True),
    ]
    assert bench.queries[-1] == bench.bar.query


@pytest.mark.parametrize(
    ("current", "count", "complete", "words"),
    [
        (3, 17, True, "3 of 17"),
        (3, 10_000, False, "3 of 10,000+"),
        (0, 17, True, "17 found"),
        (0, 0, True, "Nothing found"),
        (0, 0, False, "Searching…"),
    ],
)
def test_what_was_found(bench: Bench, current: int, count: int, complete: bool, words: str) -> None:
    bench.bar.open("a")
    bench.bar.show_result(current, count, complete)
    assert bench.status == words


def test_a_fault_is_a_sentence(bench: Bench) -> None:
    bench.bar.open("(a")
    bench.bar.show_fault("A ( is not closed.")
    assert bench.label("findFault").isVisible()
    assert bench.label("findFault").text() == "A ( is not closed."
    assert bench.status == ""
    bench.bar.show_result(1, 1, True)
    assert not bench.label("findFault").isVisible()


def test_a_selection_is_looked_for_as_it_is(bench: Bench) -> None:
    bench.button("Regular expression").click()
    bench.bar.open("\n  a.b \nmore")
    assert bench.bar.query == Query("a.b")
    assert bench.field.selectedText() == "a.b"
    bench.bar.dismiss()
    bench.bar.open()
    assert bench.queries[-2:] == [Query("a.b"), Query("a.b")]  # marks anew what was looked for last time


def test_a_narrow_bar_has_two_rows(bench: Bench) -> None:
    assert bench.bar.width() >= ONE_ROW_FROM
    field, toggle = bench.field, bench.button("Match case")
    assert (
        abs(field.mapTo(bench.bar, field.rect().center()).y() - toggle.mapTo(bench.bar, toggle.rect().center()).y()) < 4
    )
    bench.bar.resize(320, 100)
    QTest.qWait(0)
    assert toggle.mapTo(bench.bar, toggle.rect().topLeft()).y() >= field.geometry().bottom()
    assert bench.bar.minimumSizeHint().width() <= 320


def test_themes(bench: Bench) -> None:
    dark = theme.load("dark")
    bench.button("Match case").click()
    bench.bar.set_theme(dark)
    image = bench.bar.grab().toImage()
    assert has_colour(image, dark.surface_alt)
    assert has_colour(image, dark.accent)


def test_everything_has_a_name(bench: Bench) -> None:
    assert bench.bar.accessibleName()
    assert bench.field.accessibleName()
    assert all(each.accessibleName() and each.toolTip() for each in bench.bar.findChildren(QToolButton))
