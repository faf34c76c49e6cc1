"""What can be done with a message of the open conversation, each with its way back: star it, lead the path to it,
continue from it elsewhere.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from coderapp.core.continuing import continued
from coderapp.qt.open_then import OpenThen
from coderapp.qt.undo_stack import Step
from coderapp.qt.workspace import Workspace

if TYPE_CHECKING:
    from coderapp.qt.session import Session


class MessageChanges(QObject):
    def __init__(self, workspace: Workspace, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._back = OpenThen(workspace, self)

    def star(self, message_id: str, on: bool) -> None:
        session = self._workspace.current
        if message_id not in session.conversation.messages or self._is_fixed(session):
            return
        name = session.conversation.id

        def mark(starred: bool) -> None:
            self._back.open(name, lambda found: found.set_star(message_id, starred))

        mark(on)
        self._workspace.undo.push(Step("", lambda: mark(not on), lambda: mark(on)))

    def step_branch(self, message_id: str, step: int) -> None:
        """To the sibling `step` places on."""
        conversation = self._workspace.current.conversation
        if message_id in conversation.messages:
            self.lead_to(conversation.sibling(message_id, step))

    def lead_to(self, message_id: str) -> None:
        """Leads the active path through a message; nothing changes where it goes through it already."""
        session = self._workspace.current
        if message_id not in session.conversation.messages:
            return
        name = session.conversation.id
        if not (before := session.lead_to(message_id)):
            return

        def lead(to: str) -> None:
            self._back.open(name, lambda found: _lead(found, to))

        self._workspace.undo.push(Step("", lambda: lead(before), lambda: lead(message_id)))

    def continue_from(self, message_id: str) -> None:
        """A new conversation with the path up to a message; it is shown."""
        source = self._workspace.current.conversation
        if message_id not in source.messages:
            return
        from coderapp.storage.ids import new_id

        now = time.time()
        made = continued(source, message_id, new_id(now), now)
        origin = source.id
        self._workspace.adopt(made)

        def undo() -> None:
            self._workspace.delete(made.id)
            self._workspace.open(origin)

        self._workspace.undoable.emit(f"Continued in a new conversation, “{made.title}”.", undo)

    def _is_fixed(self, session: Session) -> bool:
        """Whether nothing may be changed in it; then that is said."""
        if session.conversation.read_only:
            self._workspace.notice.emit(session.conversation.read_only)
        return bool(session.conversation.read_only)


def _lead(session: Session, message_id: str) -> None:
    if message_id in session.conversation.messages:
        session.lead_to(message_id)
