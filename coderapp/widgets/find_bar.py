"""The bar to find text with: what is looked for, how, and how far one is."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QEvent, QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QToolButton, QWidget

from coderapp.qt import icons
from coderapp.qt.theme import Theme
from coderapp.text.find import LONGEST_QUERY, Query
from coderapp.widgets import metrics

PAUSE_MS = 80
"""Milliseconds without a key until what was typed is looked for."""

ONE_ROW_FROM = 480
"""Width from which everything stands in one row."""

_WIDEST_STATUS = "10,000 of 10,000+"


_TOGGLE_KEYS = (Qt.Key.Key_C, Qt.Key.Key_W, Qt.Key.Key_R)
"""With Alt: case, whole words, regular expression."""


class _Field(QLineEdit):
    """Leaves the bar its keys."""

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and _toggles(event):
            # Accepted, the key is no shortcut of the window's; ignored, it goes on to the bar.
            event.setAccepted(event.type() is QEvent.Type.ShortcutOverride)
            return event.isAccepted()
        return super().event(event)


def _toggles(event: QKeyEvent) -> bool:
    return event.modifiers() == Qt.KeyboardModifier.AltModifier and event.key() in _TOGGLE_KEYS


class FindBar(QFrame):
    """Finds nothing itself. Signals: `query_changed(Query)`: something else is looked for, nothing if its text is
    empty; `step(int)`: to the next hit (1) or the one before (-1); `closed()`: hidden by Esc or its button.
    """

    query_changed = Signal(object)
    step = Signal(int)
    closed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("findBar")
        self.setAccessibleName("Find")
        self._told = Query()
        self._words: tuple[str, ...] = ()  # what the field's text stands for, where that is several words
        self._one_row: bool | None = None
        self._field = _Field()
        self._field.setAccessibleName("Text to find")
        self._field.setPlaceholderText("Find in this conversation")
        self._field.setMaxLength(LONGEST_QUERY)
        self._status = QLabel()
        self._status.setObjectName("findStatus")
        self._status.setTextFormat(Qt.TextFormat.PlainText)
        self._fault = QLabel()
        self._fault.setObjectName("findFault")
        self._fault.setTextFormat(Qt.TextFormat.PlainText)
        self._fault.setWordWrap(True)
        self._fault.hide()
        self._case = _button("Match case", "Alt+C", checkable=True)
        self._word = _button("Whole words", "Alt+W", checkable=True)
        self._regex = _button("Regular expression", "Alt+R", checkable=True)
        self._previous = _button("Previous", "Shift+Enter")
        self._next = _button("Next", "Enter")
        self._close = _button("Close the find bar", "Esc")
        self._timer = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._build()
        self._connect()
        self.set_theme(theme)
        self._show_nothing()

    def _build(self) -> None:
        self._toggles = _row(self._case, self._word, self._regex)
        self._steps = _row(self._previous, self._next, self._close)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(metrics.GAP, metrics.GAP_SMALL, metrics.GAP_SMALL, metrics.GAP_SMALL)
        self._grid.setHorizontalSpacing(metrics.GAP_SMALL)
        self._grid.setVerticalSpacing(metrics.GAP_SMALL)
        self._grid.setColumnStretch(0, 1)
        self._arrange(one_row=True)
        self.setFocusProxy(self._field)
        order = (self._field, self._case, self._word, self._regex, self._previous, self._next, self._close)
        for one, other in pairwise(order):
            self.setTabOrder(one, other)

    def _connect(self) -> None:
        self._field.textChanged.connect(self._on_text)
        for toggle in (self._case, self._word, self._regex):
            toggle.toggled.connect(self._on_toggled)
        self._previous.clicked.connect(lambda: self._go(-1))
        self._next.clicked.connect(lambda: self._go(1))
        self._close.clicked.connect(self.dismiss)
        self._timer.timeout.connect(self._tell)

    # what the window says

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for button, name in ((self._previous, "up"), (self._next, "down"), (self._close, "close")):
            button.setIcon(icons.icon(name, theme.text, theme.border_strong))
        self._show_toggles()
        self.setStyleSheet(
            f"#findBar {{ background: {theme.surface_alt}; border: none; border-bottom: 1px solid {theme.border}; }}"
            f"#findBar QToolButton:checked {{ border-color: {theme.accent}; }}"
            f"#findStatus {{ color: {theme.text_muted}; }}"
            f"#findFault {{ color: {theme.error}; }}"
        )

    @property
    def query(self) -> Query:
        """What stands in the bar now."""
        text = self._field.text()
        case, whole_word, regex = self._case.isChecked(), self._word.isChecked(), self._regex.isChecked()
        if self._words and text == " ".join(self._words) and not (case or whole_word or regex):
            return Query(text, words=self._words)
        return Query(text, case=case, whole_word=whole_word, regex=regex)

    def show_words(self, words: tuple[str, ...]) -> None:
        """Looks for any of some words, as a search through everything did; the focus stays where it is."""
        self._words = words
        with QSignalBlocker(self._field):
            self._field.setText(" ".join(words)[:LONGEST_QUERY])
        for toggle in (self._case, self._word, self._regex):
            with QSignalBlocker(toggle):
                toggle.setChecked(False)
        self._show_toggles()
        self.show()
        self._told = Query()
        self._tell()

    def open(self, text: str = "") -> None:
        """Shows the bar with the cursor in it. `text`: what is selected in the conversation; its first line is looked
        for instead of what was last time.
        """
        line = text.strip("\n").partition("\n")[0].strip()[:LONGEST_QUERY]
        if line:
            with QSignalBlocker(self._field):
                self._field.setText(line)
            if self._regex.isChecked():
                with QSignalBlocker(self._regex):
                    self._regex.setChecked(False)  # what is selected is no expression
                self._show_toggles()
        self.show()
        self._field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._field.selectAll()
        self._told = Query()  # nothing is marked while the bar is closed
        self._tell()

    def dismiss(self) -> None:
        self._timer.stop()
        self.hide()
        self.closed.emit()

    def show_result(self, current: int, count: int, complete: bool) -> None:
        """`current`: which hit one is at, from 1; 0: at none. `count`: hits so far; more may come unless `complete`."""
        if not self._told.text:
            self._show_nothing()
            return
        more = "" if complete else "+"
        if count:
            words = f"{current:,} of {count:,}{more}" if current else f"{count:,}{more} found"
        else:
            words = "Nothing found" if complete else "Searching…"
        self._show(words, "", can_step=count > 0)

    def show_fault(self, sentence: str) -> None:
        """Why it can't be looked for."""
        self._show("", sentence, can_step=False)

    # inside

    def _show(self, status: str, fault: str, *, can_step: bool) -> None:
        told = self._status.text() + self._fault.text()
        self._status.setText(status)
        self._fault.setText(fault)
        self._fault.setVisible(bool(fault))
        self._fit_fault()
        for button in (self._previous, self._next):
            if not can_step and button.hasFocus():
                self._field.setFocus()
            button.setEnabled(can_step)
        if status + fault not in ("", told) and QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, status + fault))

    def _fit_fault(self) -> None:
        """As tall as the sentence needs to be; a layout around this bar asks for less."""
        margins = self._grid.contentsMargins()
        height = self._fault.heightForWidth(self.width() - margins.left() - margins.right())
        self._fault.setMinimumHeight(max(0, height))

    def _show_nothing(self) -> None:
        self._show("", "", can_step=False)

    def _show_toggles(self) -> None:
        for button, name in ((self._case, "match-case"), (self._word, "match-word"), (self._regex, "match-regex")):
            button.setIcon(icons.icon(name, self._theme.accent if button.isChecked() else self._theme.text_muted))

    def _on_text(self) -> None:
        if self._field.text():
            self._timer.start()
        else:
            self._tell()

    def _on_toggled(self) -> None:
        self._show_toggles()
        self._tell()

    def _tell(self) -> None:
        """Says what is looked for, if it is something else than before."""
        self._timer.stop()
        query = self.query
        if query == self._told:
            return
        self._told = query
        if not query.text:
            self._show_nothing()
        self.query_changed.emit(query)

    def _go(self, step: int) -> None:
        # A pause that is under way would make the step go from the hit of other text.
        self._tell()
        if self._told.text:
            self.step.emit(step)

    def _arrange(self, *, one_row: bool) -> None:
        if one_row is self._one_row:
            return
        self._one_row = one_row
        for widget in (self._field, self._toggles, self._status, self._steps, self._fault):
            self._grid.removeWidget(widget)
        if one_row:
            self._grid.addWidget(self._field, 0, 0)
            self._grid.addWidget(self._toggles, 0, 1)
            self._grid.addWidget(self._status, 0, 2)
            self._grid.addWidget(self._steps, 0, 3)
        else:
            self._grid.addWidget(self._field, 0, 0)
            self._grid.addWidget(self._steps, 0, 1)
            self._grid.addWidget(self._status, 1, 0)
            self._grid.addWidget(self._toggles, 1, 1)
        self._grid.addWidget(self._fault, 2, 0, 1, 4)
        # Numbers that grow move nothing.
        width = self._status.fontMetrics().horizontalAdvance(_WIDEST_STATUS) if one_row else 0
        self._status.setMinimumWidth(width)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange(one_row=self.width() >= ONE_ROW_FROM)
        self._fit_fault()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        focused = self.focusWidget()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(focused, QToolButton):
            focused.click()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F3):
            self._go(-1 if shift else 1)
        elif event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        elif _toggles(event):
            (self._case, self._word, self._regex)[_TOGGLE_KEYS.index(Qt.Key(event.key()))].toggle()
        else:
            super().keyPressEvent(event)


def _button(name: str, keys: str, *, checkable: bool = False) -> QToolButton:
    made = QToolButton()
    made.setAccessibleName(name)
    made.setToolTip(f"{name} ({QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)})")
    made.setCheckable(checkable)
    made.setIconSize(QSize(metrics.ICON, metrics.ICON))
    made.setFixedSize(metrics.BUTTON, metrics.BUTTON)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return made


def _row(*buttons: QToolButton) -> QWidget:
    made = QWidget()
    made.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(metrics.GAP_SMALL // 2)
    for button in buttons:
        row.addWidget(button)
    return made
