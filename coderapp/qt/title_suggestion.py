"""Asks the endpoint for a title after the first answer, where the user wants that. Nobody waits for it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from coderapp.core import suggesting
from coderapp.core.errors import CoderappError
from coderapp.core.events import Failed, Finished, RetryScheduled, StreamEvent, TextDelta
from coderapp.core.message import Message
from coderapp.core.profile import Profile
from coderapp.core.secret import Secret
from coderapp.qt.connector import Connector
from coderapp.qt.open_then import OpenThen
from coderapp.qt.stream_worker import StreamWorker
from coderapp.qt.undo_stack import Step
from coderapp.qt.workspace import Workspace

if TYPE_CHECKING:
    from coderapp.qt.session import Session

PAUSE = 400
"""Milliseconds after the answer; and between two looks whether other answers are still on their way."""

DEADLINE = 30_000
"""Milliseconds until a title is given up."""

log = logging.getLogger(__name__)


class TitleSuggestion(QObject):
    """One at a time. Given up as soon as anything else happens in the conversation: another prompt, a name given by
    hand, another conversation shown. A failure changes nothing, and is logged without what was said.
    """

    def __init__(
        self,
        wanted: Callable[[], bool],
        workspace: Workspace,
        connector: Connector,
        streams: StreamWorker,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._wanted = wanted
        self._workspace = workspace
        self._connector = connector
        self._streams = streams
        self._session: Session | None = None
        self._answer: Message | None = None
        self._asked = 0  # counts what was asked for: who answers late is not heard
        self._job = 0
        self._texts: list[str] = []
        self._back = OpenThen(workspace, self)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE)
        self._pause.timeout.connect(self._begin)
        self._deadline = QTimer(self, singleShot=True, interval=DEADLINE)
        self._deadline.timeout.connect(self.cancel)
        workspace.answered.connect(self._on_answered)
        workspace.shown.connect(self._on_shown)
        streams.events_arrived.connect(self._on_events)

    def cancel(self) -> None:
        """Gives up what is under way."""
        session, self._session = self._session, None
        self._asked += 1
        self._pause.stop()
        self._deadline.stop()
        if self._job:
            self._streams.cancel(self._job)
        self._job = 0
        self._texts.clear()
        if session is not None:
            session.state_changed.disconnect(self.cancel)

    def _on_answered(self, session: Session, _answer: Message) -> None:
        self.cancel()
        answer = suggesting.wants_title(session.conversation) if self._wanted() else None
        if answer is None or not suggesting.can_suggest(session.profile):
            return
        self._session, self._answer = session, answer
        session.state_changed.connect(self.cancel)  # another prompt; what was asked before is answered by now
        self._pause.start()

    def _on_shown(self, session: Session) -> None:
        if self._session is not None and session is not self._session:
            self.cancel()

    def _begin(self) -> None:
        session, answer = self._session, self._answer
        if session is None or answer is None:
            return
        if not self._workspace.is_quiet:
            self._pause.start()
            return
        asked = self._asked
        self._deadline.start()

        def connected(profile: Profile, key: Secret | None) -> None:
            if asked == self._asked:
                request = suggesting.title_request(session.conversation, profile, answer)
                self._job = self._streams.start(request, key)

        def failed(error: CoderappError) -> None:
            if asked == self._asked:
                self._give_up(error)

        self._connector.connect_to(session.profile, connected, failed)

    def _give_up(self, error: CoderappError | None) -> None:
        log.info("no title was suggested: %s", type(error).__name__ if error else "none in the reply")
        self.cancel()

    def _on_events(self, job: int, events: list[StreamEvent]) -> None:
        if not self._job or job != self._job:
            return
        for event in events:
            match event:
                case TextDelta(text):
                    self._texts.append(text)
                case Failed(error):
                    self._give_up(error)
                    return
                case RetryScheduled():
                    self._give_up(None)  # a title is not worth a second request
                    return
                case Finished():
                    self._take("".join(self._texts))
                    return
        if sum(map(len, self._texts)) > suggesting.LONGEST_REPLY:
            self._give_up(None)

    def _take(self, reply: str) -> None:
        session = self._session
        title = suggesting.title_of_reply(reply)
        self._job = 0  # it has ended by itself
        if session is None or not title:
            self._give_up(None)
            return
        before, name = session.conversation.title, session.conversation.id
        self.cancel()
        if session.conversation.titled_by_user or title == before:
            return
        session.suggest_title(title)

        def undo() -> None:
            self._back.open(name, lambda found: _retitle(found, title, before))

        def redo() -> None:
            self._back.open(name, lambda found: _retitle(found, before, title))

        self._workspace.undo.push(Step("", undo, redo))


def _retitle(session: Session, old: str, new: str) -> None:
    """Unless it was named otherwise since."""
    if session.conversation.title == old:
        session.suggest_title(new)
