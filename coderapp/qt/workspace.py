"""Which conversations are open, and which one is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from coderapp.core.conversation import UNTITLED, Conversation
from coderapp.core.errors import CoderappError
from coderapp.core.message import Message
from coderapp.qt.books import ProfileBook
from coderapp.qt.connector import Connector
from coderapp.qt.conversation_keeper import ConversationKeeper, entry_of
from coderapp.qt.folder_book import FolderBook
from coderapp.qt.history_entry import HistoryEntry
from coderapp.qt.history_model import HistoryModel
from coderapp.qt.organizer import Organizer
from coderapp.qt.shelf import Shelf
from coderapp.qt.stream_worker import StreamWorker
from coderapp.qt.trash_desk import TrashDesk
from coderapp.qt.undo_stack import Step, UndoStack

if TYPE_CHECKING:
    from coderapp.qt.session import Session, SessionState


class Workspace(QObject):
    """`history` is the list, `organizer` changes it, `undo` takes back; `trash` is what was deleted.

    Signals: `shown(Session)`: another conversation is open; `notice(sentence)`: something went wrong;
    `aside(sentence)`: something that touches no conversation;
    `undoable(sentence, undo)`: something was done that can be taken back; without a sentence it is plain to see.
    `answered(Session, Message)`: an answer ended in the conversation that is shown. `not_opened(id)`: it could not be,
    as `notice` tells.
    """

    shown = Signal(object)
    notice = Signal(str)
    aside = Signal(str)
    undoable = Signal(str, object)
    answered = Signal(object, object)
    not_opened = Signal(str)

    def __init__(
        self,
        *,
        keeper: ConversationKeeper,
        profiles: ProfileBook,
        connector: Connector,
        streams: StreamWorker,
        folders: FolderBook | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.history = HistoryModel(self)
        self.undo = UndoStack(self)
        self.folders = folders or FolderBook(parent=self)
        self._keeper = keeper
        self._shelf = Shelf(keeper, self)
        self.organizer = Organizer(
            history=self.history, folders=self.folders, shelf=self._shelf, sessions=self, undo=self.undo, parent=self
        )
        self._profiles = profiles
        self._connector = connector
        self._streams = streams
        self._sessions: dict[str, Session] = {}
        self._current: Session | None = None
        self._wanted = ""
        keeper.stored.connect(self.history.put)
        keeper.refreshed.connect(self._on_refreshed)
        keeper.trouble.connect(self.notice)
        keeper.aside.connect(self.aside)
        self.organizer.trouble.connect(self.notice)
        self.trash = TrashDesk(keeper, self._shelf, self.organizer, self)
        self.trash.trouble.connect(self.notice)
        self.undoable.connect(lambda sentence, undo: self.undo.push(Step(sentence, undo)))

    @property
    def current(self) -> Session:
        assert self._current is not None, "begin comes first"
        return self._current

    @property
    def is_quiet(self) -> bool:
        """Whether no answer is on its way, in any conversation."""
        return all(session.is_idle for session in self._sessions.values())

    @property
    def live(self) -> list[Conversation]:
        """The conversations that are open."""
        return [session.conversation for session in self._sessions.values()]

    def begin(self, conversation_id: str) -> None:
        """Shows a new conversation at once; then, when it is loaded, the one that was open last."""
        self.new()
        self._keeper.list(self._on_listed)
        if conversation_id:
            self._open(conversation_id, lambda error: None)

    def _on_listed(self, entries: list[HistoryEntry]) -> None:
        """A conversation that is open knows better what it is: of its last changes the list may not know yet."""
        known = {entry.id for entry in entries}
        live = {
            name: _entry(session)
            for name, session in self._sessions.items()
            if name in known or self.history.get(name) is not None
        }
        others = [entry for entry in entries if entry.id not in live]
        self.history.reset([*self._shelf.ahead(others), *live.values()])
        self.folders.adopt(self.history.folders)
        self._shelf.read_drafts(
            [entry.id for entry in entries if entry.title == UNTITLED and not entry.problem],
            lambda found: self._on_refreshed(found, []),
        )
        self.trash.refresh()
        if self._current is not None:
            self.shown.emit(self._current)

    def _on_refreshed(self, entries: list[HistoryEntry], gone: list[str]) -> None:
        """Something else has changed the files. A conversation that is open knows better what it is."""
        fresh = [entry for entry in self._shelf.ahead(entries) if entry.id not in self._sessions]
        self.history.put_many(fresh, [name for name in gone if name not in self._sessions])

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

    def _is_blank(self, conversation: Conversation) -> bool:
        return conversation.is_blank(self._profiles.get(conversation.profile_id).starts_with)

    def open(self, conversation_id: str) -> None:
        self._open(conversation_id, self._on_failure)

    def _open(self, conversation_id: str, failure: Callable[[CoderappError], None]) -> None:
        self._wanted = conversation_id
        if conversation_id in self._sessions:
            self._show(self._sessions[conversation_id])
            return

        def loaded(conversation: Conversation) -> None:
            known = self._sessions.get(conversation_id)
            if self._wanted == conversation_id:
                self._shelf.overlay(conversation)
                self._show(known or self._session(conversation))
            elif known is None:  # something else was opened, or this one deleted, meanwhile
                self._keeper.release(conversation)

        def failed(error: CoderappError) -> None:
            if self._wanted == conversation_id:  # not deleted by the user, or left for another, meanwhile
                failure(error)
                self.not_opened.emit(conversation_id)

        self._keeper.load(conversation_id, loaded, failed)

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
        session.draft_changed.connect(lambda: self._on_changed(session))
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
            self.history.put(_entry(session))

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
        self.organizer.rename(conversation_id, title)

    def delete(self, conversation_id: str) -> None:
        """Moves it to the trash. What is writing stops first; its text is kept with it."""
        self.organizer.delete([conversation_id])

    def session_of(self, conversation_id: str) -> Session | None:
        return self._sessions.get(conversation_id)

    def let_go(self, ids: list[str]) -> str:
        """Stops and forgets conversations; returns the one that was shown or about to be, "" where that stays. Its
        neighbour, or a new conversation, is shown then."""
        shown = self._current.conversation.id if self._current is not None else ""
        neighbour = self.history.neighbour(shown, ids) if shown in ids else ""
        coming = self._wanted if self._wanted in ids else ""
        self._wanted = "" if coming else self._wanted
        for name in ids:
            if (session := self._sessions.pop(name, None)) is not None:
                session.stop()
                session.deleteLater()
        if shown not in ids:
            return coming
        self._current = None
        self.new()
        if neighbour:
            self.open(neighbour)
        return shown

    def bring_in(self, sentence: str, entries: list[HistoryEntry], grown: list[str]) -> None:
        """An import brought in conversations, and messages for others: of those the list hears by the index."""
        self.organizer.arrived(sentence, entries, len(grown))
        shown = self._current
        for name in grown:
            session = self._sessions.get(name)
            if session is None:
                continue
            if session is shown and session.is_idle:
                self.new()  # puts it away with its draft
                self.open(name)
            else:
                title = session.conversation.title
                self.notice.emit(f"“{title}” got new messages; they are there when you open it the next time.")

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
        self._shelf.finish()
        self._keeper.close()


def _entry(session: Session) -> HistoryEntry:
    return replace(entry_of(session.conversation), busy=not session.is_idle)
