"""What a search found, in place of the list of conversations."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from coderapp.core.search import Found, Hit, Order
from coderapp.qt.search_model import HIT_ROLE, SearchModel
from coderapp.qt.theme import Theme
from coderapp.widgets import metrics
from coderapp.widgets.flow import FlowLayout
from coderapp.widgets.search_delegate import SearchDelegate

HINTS = (
    ("is:starred", "Starred messages"),
    ("has:code", "With a block of code"),
    ("lang:python", "With code in a language"),
    ("model:", "Answered by a model"),
    ("role:user", "What you wrote"),
    ("before:2026-01-31", "From before a day; also after:"),
    ("\"exact words\"", "Words that follow each other"),
    ("-without", "Without a word"),
)  # fmt: skip
"""What can be typed, and what it does."""

_ORDERS = ((Order.NEWEST, "Newest", "Newest first"), (Order.RANK, "Best", "What fits best first"))


class _List(QListView):
    """Signals: `left()`: Esc."""

    left = Signal()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            if event.type() is QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() is QEvent.Type.KeyPress:
                self.left.emit()
                return True
        return super().event(event)


class SearchResults(QFrame):
    """Signals: `opened(Hit)`; `order_changed(Order)`; `hint_chosen(text)`: to be typed; `left()`."""

    opened = Signal(object)
    order_changed = Signal(object)
    hint_chosen = Signal(str)
    left = Signal()

    def __init__(self, theme: Theme, order: Order, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("searchResults")
        self._model = SearchModel(self)
        self._list = _List()
        self._list.setObjectName("searchList")
        self._list.setAccessibleName("Search results")
        self._list.setModel(self._model)
        self._list.setMouseTracking(True)
        self._list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._delegate = SearchDelegate(theme, self._list)
        self._list.setItemDelegate(self._delegate)
        self._status = QLabel()
        self._status.setObjectName("searchStatus")
        self._status.setProperty("kind", "muted")
        self._message = QLabel()
        self._message.setWordWrap(True)
        self._message.setContentsMargins(metrics.PANEL_PADDING, metrics.GAP, metrics.PANEL_PADDING, metrics.GAP)
        for label in (self._status, self._message):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._hints = _hints(self.hint_chosen.emit)
        self._rest = QWidget()  # the room that the list leaves where there is none
        self._orders = QButtonGroup(self)
        self._build(order)
        self._list.clicked.connect(self._on_activated)
        self._list.activated.connect(self._on_activated)
        self._list.left.connect(self.left)
        self.set_theme(theme)
        self.show_nothing()

    def _build(self, order: Order) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(metrics.GAP, 0, metrics.PANEL_PADDING, metrics.GAP_SMALL)
        head.setSpacing(metrics.GAP_SMALL // 2)
        for which, label, tip in _ORDERS:
            button = QToolButton()
            button.setText(label)
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.setCheckable(True)
            button.setChecked(which is order)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _=False, which=which: self.order_changed.emit(which))
            self._orders.addButton(button)
            head.addWidget(button)
        head.addStretch(1)
        head.addWidget(self._status)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addLayout(head)
        rows.addWidget(self._message)
        rows.addWidget(self._hints)
        rows.addWidget(self._list, 1)
        rows.addWidget(self._rest, 1)

    def set_theme(self, theme: Theme) -> None:
        self._delegate.theme = theme
        self.setStyleSheet(
            f"#searchResults {{ background: {theme.sidebar}; }}"
            "#searchList { background: transparent; border: none; outline: 0; }"
            f"#searchHints QToolButton {{ color: {theme.text_muted}; border: 1px solid {theme.border};"
            " padding: 1px 5px; }"
            f"#searchHints QToolButton:hover {{ color: {theme.text}; }}"
            f"#searchHints QToolButton:focus {{ border-color: {theme.focus_ring}; }}"
        )
        self._list.viewport().update()

    # what is shown

    def show_nothing(self) -> None:
        """Before anything is typed: what can be."""
        self._model.show(())
        self._status.clear()
        self._say("Type to search the words of every conversation. Also understood:", error=False)

    def show_searching(self) -> None:
        """The answer takes its time; what was found before stays."""
        self._status.setText("Searching…")

    def show_found(self, found: Found, *, incomplete: bool) -> None:
        """`incomplete`: the index is still being made."""
        at = self._list.currentIndex()
        before = self._model.hit(at.row()) if at.isValid() else None
        self._model.show(found.hits)
        self._status.setText(_counted(found))
        if found.problem:
            self._say(found.problem, error=True)
        elif not found.hits:
            still = " Not everything is indexed yet: there may be more in a moment." if incomplete else ""
            self._say(f"Nothing was found.{still}", error=False)
        else:
            self._message.hide()
            self._show_list(True)
        row = self._model.row_of(before) if before is not None else -1
        if found.hits:
            self._choose(max(row, 0))

    def _say(self, sentence: str, *, error: bool) -> None:
        self._message.setProperty("kind", "error" if error else "muted")
        self._message.style().polish(self._message)
        self._message.setText(sentence)
        self._message.show()
        self._show_list(self._model.rowCount() > 0)

    def _show_list(self, shown: bool) -> None:
        """The hits, or what can be typed."""
        self._list.setVisible(shown)
        self._hints.setHidden(shown)
        self._rest.setHidden(shown)

    # what is chosen

    def step(self, step: int) -> None:
        """To a result further on, or back; held at the ends."""
        count = self._model.rowCount()
        if count:
            self._choose(min(max(self._list.currentIndex().row() + step, 0), count - 1))

    def open_current(self) -> None:
        index = self._list.currentIndex()
        if index.isValid():
            self._on_activated(index)

    @property
    def current(self) -> Hit | None:
        index = self._list.currentIndex()
        return self._model.hit(index.row()) if index.isValid() else None

    def _choose(self, row: int) -> None:
        self._list.setCurrentIndex(self._model.index(row))

    def _on_activated(self, index: QModelIndex) -> None:
        self.opened.emit(index.data(HIT_ROLE))


def _counted(found: Found) -> str:
    count = len(found.hits)
    if not count:
        return ""
    if found.more:
        return f"first {count}"
    return "1 hit" if count == 1 else f"{count} hits"


def _hints(chosen: Callable[[str], None]) -> QWidget:
    box, rows = QFrame(), QWidget()
    box.setObjectName("searchHints")
    flow = FlowLayout(rows)
    around = QVBoxLayout(box)
    around.setContentsMargins(metrics.GAP, metrics.GAP, metrics.GAP, metrics.GAP)
    around.addWidget(rows)
    for text, meaning in HINTS:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(meaning)
        button.setAccessibleName(f"{meaning}: {text}")
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda _=False, text=text: chosen(text))
        flow.addWidget(button)
    return box
