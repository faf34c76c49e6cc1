"""Undo and Redo in the menu, and the notice that offers the way back."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMenu

from coderapp.qt.undo_stack import UndoStack
from coderapp.widgets.notice_bar import NoticeBar

LONGEST = 60
"""Characters of a sentence in the menu."""


class UndoActions(QObject):
    def __init__(self, stack: UndoStack, notices: NoticeBar, menu: QMenu, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._stack = stack
        self._notices = notices
        self._undo = menu.addAction("&Undo", stack.undo)
        self._undo.setShortcut(QKeySequence(QKeySequence.StandardKey.Undo))
        self._redo = menu.addAction("&Redo", stack.redo)
        self._redo.setShortcuts([QKeySequence("Ctrl+Shift+Z"), QKeySequence("Ctrl+Y")])
        stack.pushed.connect(self._on_pushed)
        stack.undone.connect(self._on_undone)
        stack.redone.connect(self._on_pushed)
        stack.changed.connect(self._name)
        self._name()

    def _name(self) -> None:
        for action, verb, able, sentence in (
            (self._undo, "&Undo", self._stack.can_undo, self._stack.next_undo),
            (self._redo, "&Redo", self._stack.can_redo, self._stack.next_redo),
        ):
            action.setEnabled(able)
            action.setText(f"{verb}: {_cut(sentence)}" if sentence else verb)
            action.setIconText(verb.replace("&", ""))

    def _on_pushed(self, sentence: str) -> None:
        if sentence:
            self._notices.offer(sentence, "Undo", self._stack.undo)

    def _on_undone(self, sentence: str) -> None:
        if sentence:
            self._notices.tell(f"Undone: {sentence[0].lower()}{sentence[1:]}")
        else:
            self._notices.hide()


def _cut(sentence: str) -> str:
    words = sentence[0].lower() + sentence[1:].rstrip(".")
    words = words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"
    return words.replace("&", "&&")
