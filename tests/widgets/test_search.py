"""Searching every conversation: the field, the results, and what keys do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QTextLayout
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QListView, QToolButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from coderapp.core.search import Found, Hit, Order
from coderapp.qt import theme
from coderapp.qt.books import StateBook
from coderapp.qt.search_model import SearchModel
from coderapp.widgets import search_delegate
from coderapp.widgets.search_all import ORDER, SearchAll
from coderapp.widgets.search_delegate import shown_part
from tests.widgets.searching import MemorySearch

HITS = [
    Hit("a", "1", "Cats", "user", 100.0, "How do cats purr?"),
    Hit("a", "2", "Cats", "assistant", 200.0, "With the larynx, as far as cats tell.", model="tiny"),
    Hit("b", "", "About cats and dogs", "", 300.0, "About cats and dogs"),
]


class Bench(QWidget):
    """Where the results take a list's place."""

    def __init__(self) -> None:
        super().__init__()
        self.list = QListView()
        self.shows_results = False
        self.opened: list[tuple[Hit, tuple[str, ...]]] = []
        self.left = 0
        self.state = StateBook({})
        self.library = MemorySearch(HITS)
        self.other = QLineEdit()

    def begin(self) -> None:
        rows = QVBoxLayout(self)
        rows.addWidget(self.other)
        self.search = SearchAll(theme.load("light"), self.library, self.state, self, self)
        self.search.opened.connect(lambda hit, words: self.opened.append((hit, words)))
        self.search.left.connect(self._on_left)

    def _on_left(self) -> None:
        self.left += 1

    def set_search(self, field: QWidget, results: QWidget) -> None:
        rows = self.layout()
        assert rows is not None
        for widget in (field, results, self.list):
            rows.addWidget(widget)
        results.hide()
        self.results = results

    def show_results(self, shown: bool) -> None:
        self.shows_results = shown
        self.results.setVisible(shown)
        self.list.setVisible(not shown)

    @property
    def edit(self) -> QLineEdit:
        found = self.search.field.findChild(QLineEdit)
        assert isinstance(found, QLineEdit)
        return found

    def type(self, text: str) -> None:
        self.edit.setText("")
        QTest.keyClicks(self.edit, text)

    def key(self, key: Qt.Key) -> None:
        QTest.keyClick(self.edit, key)

    def texts(self) -> list[str]:
        """What the labels say that are seen."""
        labels = [label for label in self.findChildren(QLabel) if label.isVisible()]
        return [label.text() for label in labels if label.text()]

    def rows(self) -> list[str]:
        shown = self.results.findChild(QListView, "searchList")
        assert isinstance(shown, QListView)
        model = shown.model()
        assert isinstance(model, SearchModel)
        return [model.hit(row).snippet for row in range(model.rowCount())] if shown.isVisible() else []

    def button(self, text: str) -> QToolButton:
        return next(b for b in self.findChildren(QToolButton) if b.text() == text)


@pytest.fixture
def bench(qtbot: QtBot) -> Iterator[Bench]:
    made = Bench()
    made.begin()
    made.resize(260, 600)
    with qtbot.waitExposed(made):
        made.show()
    made.other.setFocus()
    yield made
    made.close()
    made.deleteLater()


def test_results_come_as_one_types_newest_first(bench: Bench) -> None:
    bench.type("cats")
    assert [query for query, _ in bench.library.asked][-4:] == ["c", "ca", "cat", "cats"]
    assert bench.shows_results
    assert bench.rows() == ["About cats and dogs", "With the larynx, as far as cats tell.", "How do cats purr?"]
    assert "3 hits" in bench.texts()
    bench.type("cats purr")
    assert bench.rows() == ["How do cats purr?"]
    assert "1 hit" in bench.texts()


def test_keys_move_from_the_field_and_enter_opens(bench: Bench) -> None:
    bench.search.begin()
    bench.type("cats")
    bench.key(Qt.Key.Key_Down)
    bench.key(Qt.Key.Key_Down)
    bench.key(Qt.Key.Key_Down)
    bench.key(Qt.Key.Key_Up)
    assert bench.edit.hasFocus()
    bench.key(Qt.Key.Key_Return)
    ((hit, words),) = bench.opened
    assert (hit.conversation_id, hit.message_id, words) == ("a", "2", ("cats",))


def test_enter_before_the_answer_opens_the_first_when_it_comes(bench: Bench) -> None:
    bench.library.hold = True
    bench.type("purr")
    bench.key(Qt.Key.Key_Return)
    assert not bench.opened
    bench.library.release()
    assert [hit.message_id for hit, _ in bench.opened] == ["1"]
    bench.library.release()
    assert len(bench.opened) == 1


def test_an_answer_to_what_was_typed_before_is_not_shown(bench: Bench) -> None:
    bench.type("cats")
    bench.library.hold = True
    bench.type("purr")
    late = bench.library
    bench.edit.setText("larynx")
    late.release()
    assert bench.rows() == ["With the larynx, as far as cats tell."]


def test_the_result_one_is_at_stays_while_others_go(bench: Bench) -> None:
    bench.type("cats")
    bench.key(Qt.Key.Key_End)
    bench.key(Qt.Key.Key_PageDown)
    bench.edit.setText("cats p")
    assert bench.search.results.current is not None
    assert bench.search.results.current.message_id == "1"


def test_escape_leaves(bench: Bench) -> None:
    bench.search.begin()
    assert bench.shows_results
    bench.type("cats")
    bench.key(Qt.Key.Key_Escape)
    assert (bench.shows_results, bench.left, bench.edit.text()) == (False, 1, "")
    assert bench.library.asked[-1][0] == ""


def test_with_nothing_typed_the_list_comes_back_when_the_focus_goes(bench: Bench) -> None:
    bench.search.begin()
    assert any("Type to search" in text for text in bench.texts())
    bench.button("is:starred").setFocus()
    assert bench.results.isVisible()
    bench.other.setFocus()
    assert bench.list.isVisible()
    QTest.keyClick(bench.other, Qt.Key.Key_Tab)  # through the field to the list, which is there
    assert bench.edit.hasFocus()
    assert bench.list.isVisible()


def test_what_can_be_typed_is_one_click_away(bench: Bench) -> None:
    bench.search.begin()
    QTest.mouseClick(bench.button("is:starred"), Qt.MouseButton.LeftButton)
    assert bench.edit.text() == "is:starred"
    assert bench.edit.hasFocus()
    bench.search.field.add("lang:python")
    assert bench.edit.text() == "is:starred lang:python"


def test_the_order_is_kept(bench: Bench) -> None:
    bench.type("cats")
    QTest.mouseClick(bench.button("Best"), Qt.MouseButton.LeftButton)
    assert bench.library.asked[-1] == ("cats", Order.RANK)
    assert bench.rows()[0] == "About cats and dogs"
    assert bench.state.get(ORDER) == "rank"
    assert bench.button("Best").isChecked()
    assert not bench.button("Newest").isChecked()


def test_nothing_found_a_problem_and_more_are_said(bench: Bench) -> None:
    bench.type("zebra")
    assert "Nothing was found." in bench.texts()
    assert bench.rows() == []
    bench.type("before:nonsense")
    assert "before: needs a day, like before:2026-01-31." in bench.texts()
    bench.library.most = 2
    bench.type("cats")
    assert "first 2" in bench.texts()


def test_progress_is_shown_when_it_lasts_and_the_search_is_done_again(bench: Bench, qtbot: QtBot) -> None:
    bench.type("zebra")
    bench.library.progress.emit(10, 5000)
    assert not any("Indexing" in text for text in bench.texts())
    qtbot.waitUntil(lambda: "Indexing… 10 of 5,000" in bench.texts(), timeout=3000)
    bench.type("lion")
    assert any("Not everything is indexed" in text for text in bench.texts())
    bench.library.hits.append(Hit("c", "9", "Lions", "user", 400.0, "A lion."))
    bench.library.progress.emit(5000, 5000)
    assert not any("Indexing" in text for text in bench.texts())
    assert bench.rows() == ["A lion."]


def test_a_slow_search_says_so(bench: Bench, qtbot: QtBot) -> None:
    bench.library.hold = True
    bench.type("cats")
    qtbot.waitUntil(lambda: "Searching…" in bench.texts(), timeout=3000)
    bench.library.release()
    assert "Searching…" not in bench.texts()


def test_screen_readers_hear_title_author_and_words() -> None:
    model = SearchModel()
    model.show((HITS[1],))
    told = model.data(model.index(0), Qt.ItemDataRole.AccessibleTextRole)
    assert told.startswith("Cats. tiny, ")
    assert told.endswith("as far as cats tell.")
    assert model.data(model.index(3)) is None


def test_the_first_mark_is_in_sight() -> None:
    hit = Hit("a", "1", "T", "user", 0.0, "word " * 20 + "needle and hay", ((100, 106),))
    text, marks = shown_part(hit)
    assert text.startswith("…")
    assert [text[start:end] for start, end in marks] == ["needle"]
    assert marks[0][0] < 25
    assert shown_part(HITS[0])[0] == HITS[0].snippet


def test_a_hit_is_laid_out_once_for_its_width(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    class Counted(QTextLayout):
        def __init__(self, text: str, font: QFont) -> None:
            super().__init__(text, font)
            made.append(text)

    monkeypatch.setattr(search_delegate, "QTextLayout", Counted)
    bench.resize(300, 600)
    bench.type("cats")
    found = bench.results.findChild(QListView, "searchList")
    assert found is not None
    bench.grab()
    first = len(made)
    assert first
    picture = found.viewport().grab().toImage()
    for _ in range(3):
        assert found.viewport().grab().toImage() == picture
    assert len(made) == first
    bench.resize(500, 600)
    bench.grab()
    assert len(made) > first


def test_hits_are_painted(bench: Bench) -> None:
    """Also one whose marks lie behind its end, or in characters that take two UTF-16 units."""
    odd = Hit("o", "1", "😀" * 40, "assistant", 1.0, "😀 smile " * 30, ((0, 1), (900, 950)), model="m" * 80)
    bench.show_results(True)
    bench.search.results.show_found(Found("x", (odd, *HITS)), incomplete=False)
    plain = bench.grab().toImage()
    bench.search.results.step(1)
    assert bench.grab().toImage() != plain
