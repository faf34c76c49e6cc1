"""What was done to the history and can be taken back, the latest first, and done again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

MOST = 100
"""Steps that are remembered."""

Act = Callable[[], None]


@dataclass(slots=True)
class Step:
    """`sentence` says what was done, as in “Deleted 3 conversations.”; "" where it is plain to see. `redo` is None
    where it can't be done again.
    """

    sentence: str
    undo: Act
    redo: Act | None = None


class UndoStack(QObject):
    """Signals: `pushed(sentence)`: something new can be taken back; `undone(sentence)`; `redone(sentence)`;
    `changed()`: what `undo` or `redo` would do.
    """

    pushed = Signal(str)
    undone = Signal(str)
    redone = Signal(str)
    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._done: list[Step] = []
        self._taken_back: list[Step] = []
        self._under_way: Step | None = None

    @property
    def can_undo(self) -> bool:
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        return bool(self._taken_back)

    @property
    def next_undo(self) -> str:
        """The sentence of what `undo` would take back."""
        return self._done[-1].sentence if self._done else ""

    @property
    def next_redo(self) -> str:
        return self._taken_back[-1].sentence if self._taken_back else ""

    def do(self, sentence: str, act: Act, undo: Act) -> Step:
        """Does something, and remembers how to take it back and do it again."""
        act()
        return self.push(Step(sentence, undo, act))

    def push(self, step: Step) -> Step:
        """Something was done. What a step does while it is taken back is no step of its own, but how to redo it."""
        if self._under_way is not None:
            self._under_way.redo = self._under_way.redo or step.undo
            return self._under_way
        self._done.append(step)
        del self._done[:-MOST]
        self._taken_back.clear()
        self.pushed.emit(step.sentence)
        self.changed.emit()
        return step

    def drop(self, step: Step) -> None:
        """It did not happen after all."""
        self._done = [known for known in self._done if known is not step]
        self._taken_back = [known for known in self._taken_back if known is not step]
        self.changed.emit()

    def undo(self) -> None:
        """Takes the latest step back; nothing where there is none."""
        if not self._done:
            return
        step = self._done.pop()
        self._under_way = step
        try:
            step.undo()
        finally:
            self._under_way = None
        if step.redo is not None:
            self._taken_back.append(step)
        self.undone.emit(step.sentence)
        self.changed.emit()

    def redo(self) -> None:
        """Does again what was taken back last."""
        if not self._taken_back:
            return
        step = self._taken_back.pop()
        assert step.redo is not None
        self._under_way = step
        try:
            step.redo()
        finally:
            self._under_way = None
        self._done.append(step)
        self.redone.emit(step.sentence)
        self.changed.emit()
