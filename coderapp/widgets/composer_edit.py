"""The field that prompts are typed in: its keys, its height, and what is pasted or dropped on it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetrics,
    QInputMethodEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QResizeEvent,
    QTextCursor,
)
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QWidget

from coderapp.widgets import metrics
from coderapp.widgets.composer_text import LongText

LONG_TEXT = 200_000
"""Characters above which pasted text is not put in but offered as a file."""

_Move = QTextCursor.MoveOperation
_Keys = QKeySequence.StandardKey
_FORWARD = (_Keys.MoveToNextChar, _Keys.MoveToNextWord, _Keys.Delete, _Keys.DeleteEndOfWord)
_BACK = (_Keys.MoveToPreviousChar, _Keys.MoveToPreviousWord, _Keys.DeleteStartOfWord)
_SELECT_FORWARD = (_Keys.SelectNextChar, _Keys.SelectNextWord)
_SELECT_BACK = (_Keys.SelectPreviousChar, _Keys.SelectPreviousWord)


class PromptEdit(QPlainTextEdit):
    """Signals: `submitted()`; `recall_requested()`: Up in an empty field; `escaped()`; `focus_changed(bool)`;
    `long_text_given(text)`: pasted or dropped, and not put in; `files_given(paths)`: the same, local files.

    `content` holds the text, exactly; `toPlainText` gives it nearly.
    """

    submitted = Signal()
    recall_requested = Signal()
    escaped = Signal()
    focus_changed = Signal(bool)
    long_text_given = Signal(object)  # a str: as a Qt string it would be copied twice, each 30 ms for 10 MB
    files_given = Signal(list)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("composerEdit")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.enter_sends = True
        self.content = LongText(self)
        self._held: list[QKeyEvent | QInputMethodEvent] = []
        self.content.settled.connect(self._on_settled)
        self.document().documentLayout().documentSizeChanged.connect(self._fit)
        self._fit()

    def _fit(self) -> None:
        """As tall as its lines, within bounds."""
        line = QFontMetrics(self.font()).lineSpacing()
        lines = max(metrics.COMPOSER_LEAST_LINES, int(self.document().size().height()))
        most = metrics.COMPOSER_MOST_LINES
        height = min(lines, most) * line + 2 * int(self.document().documentMargin()) + 2
        if height != self.minimumHeight() or height != self.maximumHeight():
            self.setFixedHeight(height)
        policy = Qt.ScrollBarPolicy.ScrollBarAsNeeded if lines > most else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        if policy is not self.verticalScrollBarPolicy():
            self.setVerticalScrollBarPolicy(policy)

    def _on_settled(self) -> None:
        """What was typed while a long text was put in."""
        held, self._held = self._held, []
        for number, event in enumerate(held):
            if self.content.is_busy:  # one of them pasted again
                self._held = held[number:]
                return
            if isinstance(event, QKeyEvent):
                self.keyPressEvent(event)
            else:
                self.inputMethodEvent(event)

    def _cross(self, event: QKeyEvent) -> None:
        """The place between two pieces of a long line is no place of its own: a step over it is not counted."""
        cursor = self.textCursor()
        block = cursor.block()
        selects = event.matches(_SELECT_FORWARD[0]) or event.matches(_SELECT_FORWARD[1])
        selects_back = event.matches(_SELECT_BACK[0]) or event.matches(_SELECT_BACK[1])
        if cursor.hasSelection() and not (selects or selects_back):
            return
        mode = QTextCursor.MoveMode.KeepAnchor if selects or selects_back else QTextCursor.MoveMode.MoveAnchor
        back = selects_back or event.key() == Qt.Key.Key_Backspace or any(event.matches(key) for key in _BACK)
        forward = selects or any(event.matches(key) for key in _FORWARD)
        if back and cursor.atBlockStart() and self.content.goes_on(block):
            cursor.movePosition(_Move.PreviousCharacter, mode)
        elif forward and cursor.atBlockEnd() and block.next().isValid() and self.content.goes_on(block.next()):
            cursor.movePosition(_Move.NextCharacter, mode)
        else:
            return
        self.setTextCursor(cursor)

    def _delete(self, event: QKeyEvent) -> None:
        cursor = self.textCursor()
        inside = not (cursor.atBlockStart() or cursor.atBlockEnd()) and cursor.block().length() > 2
        if inside or cursor.hasSelection():
            super().keyPressEvent(event)
            return
        cursor.beginEditBlock()  # so that the tidying after it is undone with it
        super().keyPressEvent(event)
        cursor.endEditBlock()
        self.ensureCursorVisible()

    # Qt

    def event(self, event: QEvent) -> bool:
        # A text field takes Ctrl+Z for itself even with nothing to undo; then it is the window's. So for redoing.
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.ShortcutOverride:
            undo, redo = QKeySequence.StandardKey.Undo, QKeySequence.StandardKey.Redo
            text = self.document()
            if (event.matches(undo) and not text.isUndoAvailable()) or (
                event.matches(redo) and not text.isRedoAvailable()
            ):
                event.ignore()
                return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
            return
        if self.content.is_busy:
            self._held.append(event.clone())
            return
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if control or shift is not self.enter_sends:
                self.submitted.emit()
            else:
                self.content.new_line()
                self.ensureCursorVisible()
        elif event.key() == Qt.Key.Key_Up and self.document().isEmpty():
            self.recall_requested.emit()
        else:
            self._cross(event)
            if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
                self._delete(event)
                return
            if event.text().isprintable() and not control:
                self.content.make_room()
            super().keyPressEvent(event)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        if self.content.is_busy:
            self._held.append(event.clone())
            return
        super().inputMethodEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QMouseEvent) and self.content.is_busy:
            return True  # a click would move the cursor that text is put in at
        return super().viewportEvent(event)

    def createMimeDataFromSelection(self) -> QMimeData:
        cursor = self.textCursor()
        made = QMimeData()
        made.setText(self.content.between(cursor.selectionStart(), cursor.selectionEnd()))
        return made

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return not self.content.is_busy and (source.hasText() or bool(_local_files(source)))

    def insertFromMimeData(self, source: QMimeData) -> None:
        if files := _local_files(source):
            self.files_given.emit(files)
            return
        text = source.text()
        if len(text) > LONG_TEXT:
            self.long_text_given.emit(text)
        elif text:
            self.content.insert(text)

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


def _local_files(source: QMimeData) -> list[str]:
    """The paths, where what is pasted or dropped is nothing but files of this machine."""
    urls = source.urls() if source.hasUrls() else []
    paths = [url.toLocalFile() for url in urls]
    return paths if paths and all(paths) else []
