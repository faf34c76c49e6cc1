"""From a hit of a search to the message: its conversation, the branch it is on, its place, its words marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from coderapp.core.search import Hit
from coderapp.qt.message_changes import MessageChanges
from coderapp.qt.open_then import OpenThen
from coderapp.qt.workspace import Workspace
from coderapp.widgets.conversation_pane import ConversationPane

if TYPE_CHECKING:
    from coderapp.qt.session import Session


class HitOpening(QObject):
    """Make it after the pane hears of conversations that are shown."""

    def __init__(self, workspace: Workspace, changes: MessageChanges, pane: ConversationPane, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._changes = changes
        self._pane = pane
        self._then = OpenThen(workspace, self, only_last=True)

    def open(self, hit: Hit, words: tuple[str, ...]) -> None:
        """Opens the conversation of a hit at its message; at its end where the hit is its title."""

        def show(session: Session) -> None:
            if not hit.message_id:
                self._pane.focus_view()
            elif hit.message_id in session.conversation.messages:
                self._changes.lead_to(hit.message_id)
                self._pane.show_message(hit.message_id, words)
            else:
                self._workspace.notice.emit("That message is not there any more.")

        self._then.open(hit.conversation_id, show)
