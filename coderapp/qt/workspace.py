"""Which conversations are open, which one is shown, and what can be undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from coderapp.core.conversation import Conversation
from coderapp.core.errors import CoderappError
from coderapp.core.message import Message
from coderapp.qt.books import ProfileBook
from coderapp.qt.connector import Connector
from coderapp.qt.conversation_keeper import ConversationKeeper, entry_of
from coderapp.qt.history_model import HistoryEntry, HistoryModel
from coderapp.qt.stream_worker import StreamWorker

if TYPE_CHECKING:
    from coderapp.qt.session import Session, SessionState
    from coderapp.storage.conversations import Trashed

Undo = Callable[[], None]


class Workspace(QObject):
    """Signals: `shown(Session)`: another conversation is open; `notice(sentence)`: something went wrong aside;
    `undoable(sentence, undo)`: something was done that can be taken back; without a sentence it is plain to see.
    `answered(Session, Message)`: an answer ended in the conversation that is shown.
    """

    shown = Signal(object)
    notice = Signal(str)
    undoable = Signal(str, object)
    answered = Signal(object, object)

    def __init__(
        self,
        *,
        keeper: ConversationKeeper,
        profiles: ProfileBook,
        connector: Connector,
        streams: StreamWorker,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.history = HistoryModel(self)
        self._keeper = keeper
        self._profiles = profiles
        self._connector = connector
        self._streams = streams
        self._sessions: dict[str, Session] = {}
        self._current: Session | None = None
        self._wanted = ""
        keeper.stored.connect(self.history.put)
        keeper.refreshed.connect(self._on_refreshed)
        keeper.trouble.connect(self.notice)

    @property
    def current(self) -> Session:
        assert self._current is not None, "begin comes first"
        return self._current

    @property
    def is_quiet(self) -> bool:
        """Whether no answer is on its way, in any conversation."""
        return all(session.is_idle for session in self._sessions.values())

    def begin(self, conversation_id: str) -> None:
        """Shows a new conversation at once; then, when it is loaded, the one that was open last."""
        self.new()
        self._keeper.list(self._on_listed)
        if conversation_id:
            self._open(conversation_id, lambda error: None)

    def _on_listed(self, entries: list[HistoryEntry]) -> None:
        known = {entry.id for entry in entries}
        live = [entry_of(session.conversation) for session in self._sessions.values()]
        added = [entry for entry in live if entry.id not in known and self.history.row_of(entry.id) >= 0]
        self.history.reset([*entries, *added])
        if self._current is not None:
            self.shown.emit(self._current)

    def _on_refreshed(self, entries: list[HistoryEntry], gone: list[str]) -> None:
        """Something else has changed the files. A conversation that is open knows better what it is."""
        fresh = [entry for entry in entries if entry.id not in self._sessions]
        old = [name for name in gone if name not in self._sessions]
        if len(fresh) + len(old) < 50:
            for entry in fresh:
                self.history.put(entry)
            for name in old:
                self.history.remove(name)
            return
        rows = {entry.id: entry for entry in map(self.history.entry, range(self.history.rowCount()))}
        rows |= {entry.id: entry for entry in fresh}
        self.history.reset([entry for name, entry in rows.items() if name not in old])

    # opening

    def new(self) -> None:
        """Shows an empty conversation: the one at hand, if it is empty still."""
        if self._current is not None and self._is_blank(self._current.conversation):
            self.shown.emit(self._current)
            return
        profile = self._profiles.default
        conversation = self._keeper.new_conversation()
        conversation.profile_id = profile.id
        conversation.parameters = dict(profile.starts_with)
        self._show(self._session(conversation))

    @staticmethod
    def _is_blank(conversation: Conversation) -> bool:
        return not conversation.messages and not conversation.draft.strip() and not conversation.draft_files

    def open(self, conversation_id: str) -> None:
        self._open(conversation_id, self._on_failure)

    def _open(self, conversation_id: str, failure: Callable[[CoderappError], None]) -> None:
        self._wanted = conversation_id
        if conversation_id in self._sessions:
            self._show(self._sessions[conversation_id])
            return

        def loaded(conversation: Conversation) -> None:
            session = self._sessions.get(conversation_id) or self._session(conversation)
            if self._wanted == conversation_id:
                self._show(session)

        self._keeper.load(conversation_id, loaded, failure)

    def _session(self, conversation: Conversation) -> Session:
        from coderapp.qt.session import Session  # not on the way to the first window

        session = Session(
            conversation,
            profile_of=self._profiles.get,
            connector=self._connector,
            streams=self._streams,
            keeper=self._keeper,
            parent=self,
        )
        self._sessions[conversation.id] = session
        session.changed.connect(lambda: self._on_changed(session))
        session.state_changed.connect(lambda state: self._on_state(session, state))
        session.answered.connect(lambda answer: self._on_answered(session, answer))
        return session

    def adopt(self, conversation: Conversation) -> None:
        """Keeps a conversation that was made from another one, and shows it."""
        self._keeper.ensure(conversation)
        self._show(self._session(conversation))

    def _show(self, session: Session) -> None:
        before, self._current = self._current, session
        self._wanted = session.conversation.id
        if before is not None and before is not session:
            self._leave(before)
        self.shown.emit(session)

    def _leave(self, session: Session) -> None:
        conversation = session.conversation
        if not session.is_idle:
            return  # goes on writing in the background
        if self._is_blank(conversation) and self._keeper.discard(conversation):
            self.history.remove(conversation.id)
        else:
            self._keeper.release(conversation)
        self._forget(session)

    def _forget(self, session: Session) -> None:
        self._sessions.pop(session.conversation.id, None)
        session.deleteLater()

    def _on_changed(self, session: Session) -> None:
        if self._keeper.is_stored(session.conversation):
            self.history.put(replace(entry_of(session.conversation), busy=not session.is_idle))

    def _on_state(self, session: Session, state: SessionState) -> None:
        self.history.set_busy(session.conversation.id, not session.is_idle)

    def _on_answered(self, session: Session, answer: Message) -> None:
        """Where nobody looks at it, that is said."""
        if session is self._current:
            self.answered.emit(session, answer)
            return
        if session.conversation.id not in self._sessions:
            return
        problem = answer.generation.problem if answer.generation else None
        outcome = f"failed: {problem.sentence}" if problem else "is there."
        self.notice.emit(f"The answer in “{session.conversation.title}” {outcome}")
        self._keeper.release(session.conversation)
        self._forget(session)

    # changing

    def rename(self, conversation_id: str, title: str) -> None:
        row = self.history.row_of(conversation_id)
        if row < 0 or not title.strip():
            return
        old = self.history.entry(row).title
        if old == title:
            return
        self._rename(conversation_id, title)
        self.undoable.emit(f"Renamed to “{title}”.", lambda: self._rename(conversation_id, old))

    def _rename(self, conversation_id: str, title: str) -> None:
        session = self._sessions.get(conversation_id)
        if session is not None:
            session.rename(title)
            return
        self._keeper.rename(conversation_id, title)
        row = self.history.row_of(conversation_id)
        if row >= 0:
            self.history.put(replace(self.history.entry(row), title=title))

    def delete(self, conversation_id: str) -> None:
        """Moves it to the trash; `undoable` offers it back. What is writing stops first; its text is kept with it."""
        row = self.history.row_of(conversation_id)
        if row < 0:
            return
        entry = self.history.entry(row)
        neighbour = self.history.neighbour(conversation_id)
        session = self._sessions.pop(conversation_id, None)
        if session is not None:
            session.stop()
            session.deleteLater()
        self.history.remove(conversation_id)
        if session is not None and session is self._current:
            self._current = None
            if neighbour:
                self.new()
                self.open(neighbour)
            else:
                self.new()

        def deleted(trashed: Trashed) -> None:
            self.undoable.emit(f"Deleted “{entry.title}”.", lambda: self._keeper.restore(trashed, restored))

        def restored(back: HistoryEntry) -> None:
            self.history.put(back)
            self.open(back.id)

        def failure(error: CoderappError) -> None:
            self.history.put(entry)
            self._on_failure(error)

        self._keeper.delete(conversation_id, deleted, failure)

    def _on_failure(self, error: CoderappError) -> None:
        self.notice.emit(f"{error.sentence} {error.advice}".strip())

    # the end

    def close(self) -> None:
        """Stops every answer and writes everything."""
        sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            if self._is_blank(session.conversation):
                self._keeper.discard(session.conversation)
            else:
                session.close()
        self._keeper.close()
