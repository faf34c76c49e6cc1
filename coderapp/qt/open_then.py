"""Opens a conversation, and does something in it once it is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from coderapp.qt.workspace import Workspace

if TYPE_CHECKING:
    from coderapp.qt.session import Session


class OpenThen(QObject):
    """Only the last wish counts, and only until another conversation is shown. One that can't be opened is told by the
    workspace.
    """

    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        """Make it after what shows conversations: that is to have shown one before something is done in it."""
        super().__init__(parent)
        self._workspace = workspace
        self._wanted = ""
        self._act: Callable[[Session], None] | None = None
        workspace.shown.connect(self._on_shown)

    def open(self, conversation_id: str, act: Callable[[Session], None]) -> None:
        """Calls `act` at once where the conversation is shown already."""
        if self._workspace.current.conversation.id == conversation_id:
            self._wanted, self._act = "", None
            act(self._workspace.current)
            return
        self._wanted, self._act = conversation_id, act
        self._workspace.open(conversation_id)

    def _on_shown(self, session: Session) -> None:
        wanted, act, self._wanted, self._act = self._wanted, self._act, "", None
        if act is not None and session.conversation.id == wanted:
            act(session)
