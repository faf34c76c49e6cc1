"""Opens a conversation, and does something in it once it is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from coderapp.qt.workspace import Workspace

if TYPE_CHECKING:
    from coderapp.qt.session import Session

Act = Callable[["Session"], None]


class OpenThen(QObject):
    """What is wished for is done in its order, each in its conversation, until the user shows another one. One that
    can't be opened is told by the workspace.
    """

    def __init__(self, workspace: Workspace, parent: QObject | None = None, *, only_last: bool = False) -> None:
        """Make it after what shows conversations: that is to have shown one before something is done in it.

        With `only_last` a wish takes the place of those that wait still: for going somewhere, not for undoing.
        """
        super().__init__(parent)
        self._workspace = workspace
        self._only_last = only_last
        self._wishes: list[tuple[str, Act]] = []  # the conversation of the first is being opened
        workspace.shown.connect(self._on_shown)
        workspace.not_opened.connect(self._on_not_opened)

    def open(self, conversation_id: str, act: Act) -> None:
        """Calls `act` at once where the conversation is shown already and nothing waits."""
        if self._only_last:
            self._wishes.clear()
        self._wishes.append((conversation_id, act))
        if len(self._wishes) == 1:
            self._go_on()

    def _go_on(self) -> None:
        while self._wishes:
            wanted, act = self._wishes[0]
            if self._workspace.current.conversation.id != wanted:
                self._workspace.open(wanted)
                return
            del self._wishes[0]
            act(self._workspace.current)

    def _on_shown(self, session: Session) -> None:
        if not self._wishes:
            return
        if session.conversation.id == self._wishes[0][0]:
            self._go_on()
        else:
            self._wishes.clear()

    def _on_not_opened(self, conversation_id: str) -> None:
        if self._wishes and self._wishes[0][0] == conversation_id:
            self._wishes = [wish for wish in self._wishes if wish[0] != conversation_id]
            self._go_on()
