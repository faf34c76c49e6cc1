"""Where prompts are written: a text field that grows, with the button that sends or stops."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QFontMetrics, QKeyEvent, QKeySequence, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QToolButton, QVBoxLayout, QWidget

from coderapp.core.message import FilePart
from coderapp.qt import icons
from coderapp.qt.theme import Theme
from coderapp.widgets import metrics

DRAFT_AFTER = 600
"""Milliseconds without a key until a draft is reported."""


class PromptEdit(QPlainTextEdit):
    """Signals: `submitted()`; `recall_requested()`: Up in an empty field; `escaped()`; `focus_changed(bool)`."""

    submitted = Signal()
    recall_requested = Signal()
    escaped = Signal()
    focus_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("composerEdit")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.enter_sends = True
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self._fit()

    def _fit(self) -> None:
        """As tall as its lines, within bounds."""
        line = QFontMetrics(self.font()).lineSpacing()
        lines = max(metrics.COMPOSER_LEAST_LINES, int(self.document().size().height()))
        most = metrics.COMPOSER_MOST_LINES
        self.setFixedHeight(min(lines, most) * line + 2 * int(self.document().documentMargin()) + 2)
        policy = Qt.ScrollBarPolicy.ScrollBarAsNeeded if lines > most else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        self.setVerticalScrollBarPolicy(policy)

    def event(self, event: QEvent) -> bool:
        # A text field takes Ctrl+Z for itself even with nothing to undo; then it is the window's.
        if (
            isinstance(event, QKeyEvent)
            and event.type() is QEvent.Type.ShortcutOverride
            and event.matches(QKeySequence.StandardKey.Undo)
            and not self.document().isUndoAvailable()
        ):
            event.ignore()
            return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if control or shift is not self.enter_sends:
                self.submitted.emit()
            else:
                self.insertPlainText("\n")
                self.ensureCursorVisible()
        elif event.key() == Qt.Key.Key_Up and self.document().isEmpty():
            self.recall_requested.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focus_changed.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focus_changed.emit(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._fit()


class Composer(QWidget):
    """Signals: `sent(text, files)`: a prompt, or an edited one where `editing` is set; `stop_requested()`;
    `draft_changed(text, files)`; `typing_began()`: the first key of a prompt; `editing_ended()`: an edit was sent or
    given up; `complained(sentence)`: a file could not be attached.
    """

    sent = Signal(str, object)
    stop_requested = Signal()
    draft_changed = Signal(str, object)
    complained = Signal(str)
    typing_began = Signal()
    editing_ended = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.editing = ""
        """The id of the message whose text is edited; "" for a new prompt."""
        self._busy = False
        self._files: tuple[FilePart, ...] = ()
        self._last_prompt = ""
        self._quiet = False
        self._edit = PromptEdit()
        self._edit.setAccessibleName("Prompt")
        self._button = QToolButton()
        self._button.setObjectName("sendButton")
        self._button.setIconSize(QSize(metrics.ICON, metrics.ICON))
        self._button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._banner = QLabel("Editing an earlier prompt. Sending it begins a new branch; Esc cancels.")
        self._banner.setProperty("kind", "muted")
        self._banner.hide()
        self._frame = QFrame()
        self._frame.setObjectName("composerFrame")
        self._draft_timer = QTimer(self, singleShot=True, interval=DRAFT_AFTER)
        self._build()
        self.set_theme(theme)
        self._connect()

    def _build(self) -> None:
        inside = QHBoxLayout(self._frame)
        inside.setContentsMargins(metrics.GAP, metrics.GAP_SMALL, metrics.GAP_SMALL + 2, metrics.GAP_SMALL)
        inside.addWidget(self._edit, 1)
        inside.addWidget(self._button, 0, Qt.AlignmentFlag.AlignBottom)
        outside = QVBoxLayout(self)
        margin = metrics.COMPOSER_MARGIN
        outside.setContentsMargins(metrics.COLUMN_MARGIN, metrics.GAP_SMALL, metrics.COLUMN_MARGIN, margin)
        outside.setSpacing(metrics.GAP_SMALL)
        column = QWidget()
        column.setMaximumWidth(metrics.COLUMN_WIDTH)
        rows = QVBoxLayout(column)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(metrics.GAP_SMALL)
        rows.addWidget(self._banner)
        rows.addWidget(self._frame)
        centred = QHBoxLayout()
        centred.addStretch(1)
        centred.addWidget(column, 1000)
        centred.addStretch(1)
        outside.addLayout(centred)
        self.setFocusProxy(self._edit)

    def _connect(self) -> None:
        self._edit.submitted.connect(self.submit)
        self._edit.recall_requested.connect(self._recall)
        self._edit.escaped.connect(self._on_escape)
        self._edit.focus_changed.connect(self._on_focus)
        self._edit.textChanged.connect(self._on_text)
        self._button.clicked.connect(self._on_button)
        self._draft_timer.timeout.connect(self.report_draft)

    # what the window says

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._show_button()

    def set_enter_sends(self, enter_sends: bool) -> None:
        self._edit.enter_sends = enter_sends
        combination = "Enter" if enter_sends else "Shift+Enter"
        self._edit.setPlaceholderText(f"Ask for code… ({combination} sends)")

    def set_busy(self, busy: bool) -> None:
        """While an answer is on its way the button stops it; the text can be written meanwhile."""
        self._busy = busy
        self._show_button()

    def set_last_prompt(self, prompt: str) -> None:
        """What Up brings back into an empty field."""
        self._last_prompt = prompt

    def set_text(self, text: str) -> None:
        """Replaces the text; the cursor stands at its end."""
        self._edit.setPlainText(text)
        self._edit.moveCursor(QTextCursor.MoveOperation.End)

    def show_draft(self, text: str, files: tuple[FilePart, ...] = ()) -> None:
        """Another conversation's draft; not reported as a change."""
        self._end_editing()
        self._files = files
        self._quiet = True
        self.set_text(text)
        self._quiet = False
        self._draft_timer.stop()

    def edit_message(self, message_id: str, text: str, files: tuple[FilePart, ...] = ()) -> None:
        self.editing = message_id
        self._files = files
        self._banner.show()
        self.set_text(text)
        self._edit.setFocus()

    def text(self) -> str:
        return self._edit.toPlainText()

    def report_draft(self) -> None:
        """Reports the text at once, where it waits to be."""
        if self._draft_timer.isActive():
            self._draft_timer.stop()
        if not self.editing:
            self.draft_changed.emit(self.text(), self._files)

    # inside

    def _show_button(self) -> None:
        name, tip = ("stop", "Stop (Esc)") if self._busy else ("send", "Send")
        ready = self._busy or bool(self._edit.toPlainText().strip())
        self._button.setIcon(icons.icon(name, self._theme.accent_text, self._theme.text_muted))
        self._button.setToolTip(tip)
        self._button.setAccessibleName(tip)
        self._button.setEnabled(ready)
        colour = self._theme.accent if ready else self._theme.border
        self._button.setStyleSheet(
            f"#sendButton {{ background: {colour}; border-radius: 7px; padding: 5px; }}"
            f"#sendButton:focus {{ border: 2px solid {self._theme.text}; padding: 3px; }}"
        )

    def submit(self) -> None:
        """Sends the text, if there is some and nothing is on its way."""
        text = self.text()
        if self._busy or not text.strip():
            return
        self._draft_timer.stop()
        edited = bool(self.editing)
        self.sent.emit(text, self._files)
        self._files = ()
        self._last_prompt = text
        self._end_editing()
        self._quiet = True
        self._edit.clear()
        self._quiet = False
        self._show_button()
        if edited:
            self.editing_ended.emit()

    def _recall(self) -> None:
        if self._last_prompt:
            self.set_text(self._last_prompt)

    def _end_editing(self) -> None:
        self.editing = ""
        self._banner.hide()

    def _on_button(self) -> None:
        if self._busy:
            self.stop_requested.emit()
        else:
            self.submit()
        self._edit.setFocus()

    def _on_escape(self) -> None:
        if self._busy:
            self.stop_requested.emit()
        elif self.editing:
            self._end_editing()
            self.editing_ended.emit()

    def _on_text(self) -> None:
        if not self._busy:
            self._show_button()
        if self._quiet:
            return
        if not self._draft_timer.isActive():
            self.typing_began.emit()
        self._draft_timer.start()

    def _on_focus(self, focused: bool) -> None:
        self._frame.setProperty("focused", "true" if focused else "false")
        self._frame.style().unpolish(self._frame)
        self._frame.style().polish(self._frame)
