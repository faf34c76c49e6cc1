"""Searching every conversation: the field, what was found, and who searches, brought together."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from coderapp.core.search import Found, Hit, Order
from coderapp.qt.books import StateBook
from coderapp.qt.search_model import Searching
from coderapp.qt.theme import Theme
from coderapp.widgets.lifetime import while_alive
from coderapp.widgets.search_field import SearchField

if TYPE_CHECKING:
    from coderapp.widgets.search_results import SearchResults

PATIENCE_MS = 250
"""Milliseconds until it is said that a search takes its time."""

ORDER = "search_order"
"""The name of the order in the window's state."""


class Place(Protocol):
    """Where the results take the list's place."""

    def set_search(self, field: QWidget, results: QWidget) -> None: ...

    def show_results(self, shown: bool, /) -> None: ...


class SearchAll(QObject):
    """Signals: `opened(Hit, words)`: a result is to be shown, with these words marked; `left()`: the search is over,
    the focus has to go somewhere.
    """

    opened = Signal(object, tuple)
    left = Signal()

    def __init__(self, theme: Theme, library: Searching, state: StateBook, place: Place, parent: QObject) -> None:
        super().__init__(parent)
        self._library = library
        self._state = state
        self._place = place
        self._found = Found("")
        self._opens_first = False  # Enter was pressed before the answer came
        self._progress = (0, 0)
        self._order = Order.RANK if state.get(ORDER) == Order.RANK.value else Order.NEWEST
        self._theme = theme
        self.field = SearchField(theme)
        self._room = QWidget()
        place.set_search(self.field, self._room)
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self._on_slow)
        self.field.query_changed.connect(self._on_query)
        self.field.stepped.connect(self._on_stepped)
        self.field.chosen.connect(self._on_chosen)
        self.field.left.connect(self.leave)
        self.field.entered.connect(self._on_entered)
        library.progress.connect(self._on_progress)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._on_focus)

    @cached_property
    def results(self) -> SearchResults:
        """Made when something is first searched for."""
        from coderapp.widgets.search_results import SearchResults

        made = SearchResults(self._theme, self._order)
        rows = QVBoxLayout(self._room)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(made)
        made.show()
        made.left.connect(self.leave)
        made.opened.connect(self._on_opened)
        made.order_changed.connect(self._on_order)
        made.hint_chosen.connect(self.field.add)
        return made

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.field.set_theme(theme)
        if "results" in self.__dict__:
            self.results.set_theme(theme)

    def begin(self) -> None:
        """The cursor to the field."""
        self.field.begin()

    def leave(self) -> None:
        """Back to the list."""
        self.field.clear()
        self._place.show_results(False)
        self.left.emit()

    @property
    def is_behind(self) -> bool:
        """Whether the index is still being made."""
        return self._progress[0] < self._progress[1]

    # what the user does

    def _on_entered(self) -> None:
        assert self.results is not None  # made now
        self._place.show_results(True)

    def _on_query(self, text: str) -> None:
        self._patience.stop()
        self._opens_first = False
        if not text.strip():
            self._found = Found("")
            self.results.show_nothing()
            self._library.search("", self._order, lambda _: None)  # one that is under way is not wanted any more
            self._place.show_results(bool(text) or self.field.has_focus)
            return
        self._place.show_results(True)
        self._patience.start()
        self._library.search(text, self._order, while_alive(self, self._on_found))

    def _on_stepped(self, step: int) -> None:
        self.results.step(step)

    def _on_slow(self) -> None:
        self.results.show_searching()

    def _on_order(self, order: Order) -> None:
        self._order = order
        self._state.set(ORDER, order.value)
        if self.field.text.strip():
            self._on_query(self.field.text)

    def _on_chosen(self) -> None:
        """Enter: what is searched for at this moment is waited for."""
        if self._found.query == self.field.text or not self.field.text.strip():
            self.results.open_current()
        else:
            self._opens_first = True

    def _on_opened(self, hit: Hit) -> None:
        self.opened.emit(hit, self._found.words)

    def _on_focus(self, _old: QWidget | None, new: QWidget | None) -> None:
        """Where nothing was typed, the list comes back when the user goes elsewhere."""
        inside = new is not None and (self.field.isAncestorOf(new) or self._room.isAncestorOf(new))
        if new is not None and not inside and not self.field.text:
            self._place.show_results(False)

    # what was found

    def _on_found(self, found: Found) -> None:
        if found.query != self.field.text:
            return  # of what was typed before
        self._patience.stop()
        self._found = found
        self.results.show_found(found, incomplete=self.is_behind)
        if self._opens_first:
            self._opens_first = False
            self.results.open_current()

    def _on_progress(self, done: int, total: int) -> None:
        was_behind = self.is_behind
        self._progress = (done, total)
        self.field.show_progress(done, total)
        if was_behind and not self.is_behind and self.field.text.strip():
            self._on_query(self.field.text)  # everything can be found now
