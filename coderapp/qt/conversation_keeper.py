"""Conversations on disk, from the UI thread's side: every call returns at once, a worker does it in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from coderapp.core.conversation import UNTITLED, Conversation
from coderapp.core.errors import CoderappError
from coderapp.core.message import Message
from coderapp.qt.background import Failure, Worker
from coderapp.qt.batch import SLICE, Batch
from coderapp.qt.history_entry import HistoryEntry

if TYPE_CHECKING:
    from coderapp.qt.library import Library
    from coderapp.storage.conversations import ConversationHead, ConversationStore, Trashed
    from coderapp.storage.paths import Paths
    from coderapp.storage.staging import Arrival, Imported

RETRY_EVERY_S = 3.0
"""Between two attempts to save a conversation whole, where an earlier change of it could not be saved."""

T = TypeVar("T")
R = TypeVar("R")


CLEAN_UP_AFTER = 2_000
"""Milliseconds from the list to the removal of what earlier runs left behind: the window is to stand first."""


class ConversationKeeper(QObject):
    """Signals: `trouble(sentence)`: something could not be saved or read; what is on screen stays. `aside(sentence)`:
    something less went wrong, and no conversation is affected.
    `stored(HistoryEntry)`: a conversation is on disk for the first time. `refreshed(entries, ids)`: the list was not
    what the files say: these are new or changed, those are gone.
    """

    trouble = Signal(str)
    aside = Signal(str)
    stored = Signal(HistoryEntry)
    refreshed = Signal(list, list)

    def __init__(
        self,
        worker: Worker,
        store_factory: Callable[[], ConversationStore],
        parent: QObject | None = None,
        library: Library | None = None,
    ) -> None:
        """`store_factory` runs in the worker's thread, which alone uses the store. `library` serves the list where it
        can, and is told there what has changed on disk.
        """
        super().__init__(parent)
        self._library = library
        self._cleaning = QTimer(self, singleShot=True, interval=CLEAN_UP_AFTER)
        self._cleaning.timeout.connect(lambda: self._do(lambda store: store.clean_up()))
        if library is not None:
            library.refreshed.connect(self._on_refreshed)
            library.trouble.connect(self.aside)
        self._worker = worker
        self._factory = store_factory
        self._store: ConversationStore | None = None
        self._stored: set[str] = set()
        self._made: set[str] = set()  # in this run
        self._behind: set[str] = set()  # what is on disk of them is not what is on screen: something could not be saved
        self._told: dict[str, type[CoderappError] | None] = {}  # what was said of those
        self._tried: dict[str, float] = {}  # when it was tried to save them whole, by a monotonic clock
        self._failed: dict[str, CoderappError] = {}  # in the worker's thread: why

    def _change(
        self,
        name: str,
        work: Callable[[ConversationStore], object],
        success: Callable[[], None] | None = None,
        failure: Failure | None = None,
    ) -> None:
        """Work on one conversation. After a failure nothing more of it is tried until it is saved whole: later changes
        rest on the one that is missing.
        """

        def guarded(store: ConversationStore) -> None:
            if error := self._failed.get(name):
                raise error
            try:
                work(store)
            except CoderappError as error:
                self._failed[name] = error
                raise

        def failed(error: CoderappError) -> None:
            if name not in self._behind:
                self._behind.add(name)
                if self._told.get(name) is not type(error):
                    self._told[name] = type(error)
                    self._on_failure(error)
            if failure is not None:
                failure(error)

        self._do(guarded, success, failed)

    def _catch_up(self, conversation: Conversation, *, every: float = 0.0) -> None:
        """Saves a conversation whole where a change of it could not be saved before; if that was tried less than
        `every` seconds ago, a later change does it. A cause that was told is not told again.
        """
        name = conversation.id
        now = time.monotonic()
        if name not in self._behind or now - self._tried.get(name, -every) < every:
            return
        self._tried[name] = now
        self._behind.discard(name)
        whole = _snapshot(conversation)

        self._do(lambda _: self._failed.pop(name, None))

        def rewrite(store: ConversationStore) -> None:
            store.rewrite(whole)
            self._tell(lambda library: library.files_changed(name))

        def saved() -> None:
            if name in self._told:
                del self._told[name]
                self.trouble.emit(f"“{whole.title or UNTITLED}” could be saved again: all of it is on disk.")

        self._change(name, rewrite, saved)

    def _do(
        self,
        work: Callable[[ConversationStore], object],
        success: Callable[[], None] | None = None,
        failure: Failure | None = None,
    ) -> None:
        def job() -> list[str]:
            store = self._opened()
            work(store)
            return [f"{problem.sentence} {problem.advice}".strip() for problem in store.take_problems()]

        def done(problems: list[str]) -> None:
            for sentence in problems:
                self.trouble.emit(sentence)
            if success is not None:
                success()

        self._worker.submit(job, done, failure or self._on_failure)

    def _opened(self) -> ConversationStore:
        if self._store is None:
            self._store = self._factory()
        return self._store

    def batch(
        self,
        items: Callable[[], Iterable[T]],
        work: Callable[[ConversationStore, T], R],
        done: Callable[[list[tuple[T, R]], list[tuple[T, CoderappError]]], None],
        fault: Failure,
    ) -> Batch[T, R]:
        """Work on many conversations, with room between them for what else has to be saved. It has not begun."""
        return Batch(self._worker, items, lambda item: work(self._opened(), item), done, fault)

    def note_stored(self, ids: Iterable[str]) -> None:
        """These are on disk, though not by way of `ensure` or `load`."""
        self._stored.update(ids)

    def tell_problems(self) -> None:
        """Has `trouble` say what went wrong aside, where a batch met it."""
        self._do(lambda _: None)

    def _on_failure(self, error: CoderappError) -> None:
        self.trouble.emit(f"{error.sentence} {error.advice}".strip())

    def _know(self, entries: list[HistoryEntry]) -> None:
        self._stored.update(entry.id for entry in entries)
        troubled = [(entry.title, entry.problem) for entry in entries if entry.problem]
        if troubled:
            from coderapp.storage.heads import in_one_sentence

            self.trouble.emit(in_one_sentence(troubled))

    def _on_refreshed(self, entries: list[HistoryEntry], gone: list[str]) -> None:
        self._know(entries)
        self.refreshed.emit(entries, gone)

    @staticmethod
    def new_message_id() -> str:
        import secrets  # not on the way to the first window

        return secrets.token_hex(6)

    @staticmethod
    def new_conversation() -> Conversation:
        from coderapp.storage.ids import new_id

        now = time.time()
        return Conversation(new_id(now), now, updated=now)

    # changes

    def is_stored(self, conversation: Conversation) -> bool:
        return conversation.id in self._stored

    def ensure(self, conversation: Conversation) -> None:
        """Makes the conversation's file, if it has none yet. To be called before its first message is added."""
        if conversation.id in self._stored:
            if conversation.id in self._behind:
                self._told[conversation.id] = None  # whoever sends a prompt is told once more
            self._catch_up(conversation)
            return
        self._stored.add(conversation.id)
        self._made.add(conversation.id)
        made = _snapshot(conversation)

        def create(store: ConversationStore) -> None:
            store.create(made)
            self._tell(lambda library: library.files_changed(made.id))

        self._change(conversation.id, create)
        self.stored.emit(entry_of(conversation))

    def add_messages(self, conversation: Conversation, messages: list[Message], saved: Callable[[], None]) -> None:
        """Calls `saved` when they are on disk, or when it is known that they can't be: then `trouble` tells."""
        parents = [(conversation.parents[message.id], message) for message in messages]
        name = conversation.id

        def work(store: ConversationStore) -> None:
            for place, (parent, message) in enumerate(parents, 1):
                store.add_message(name, message, parent, sync=place == len(parents))
            for _, message in parents:
                self._tell_message(store, name, message)

        self._change(name, work, saved, lambda _: saved())

    def append_text(self, conversation: Conversation, message_id: str, text: str, *, reasoning: bool = False) -> None:
        self._catch_up(conversation, every=RETRY_EVERY_S)
        name = conversation.id
        self._change(name, lambda store: store.append_text(name, message_id, text, reasoning=reasoning))

    def finish_message(self, conversation: Conversation, message: Message) -> None:
        self._catch_up(conversation)
        name, updated = conversation.id, conversation.updated

        def work(store: ConversationStore) -> None:
            store.update_message(name, message)
            store.set_fields(name, updated=updated)
            store.settle(name)
            self._tell_message(store, name, message)
            self._tell(lambda library: library.settled(name))

        self._change(name, work)

    def set_fields(self, conversation: Conversation) -> None:
        if conversation.read_only:
            return
        self._catch_up(conversation, every=RETRY_EVERY_S)
        name = conversation.id
        fields: dict[str, Any] = {
            "title": conversation.title,
            "titled_by_user": conversation.titled_by_user,
            "profile_id": conversation.profile_id,
            "system_prompt": conversation.system_prompt,
            "parameters": dict(conversation.parameters),
            "folder": conversation.folder,
            "tags": list(conversation.tags),
            "pinned": conversation.pinned,
            "archived": conversation.archived,
        }

        def work(store: ConversationStore) -> None:
            store.set_fields(name, **fields)
            self._tell_head(store, name)

        self._change(name, work)

    def set_draft(self, conversation: Conversation) -> None:
        if conversation.read_only:
            return
        self._catch_up(conversation, every=RETRY_EVERY_S)
        name, draft, files = conversation.id, conversation.draft, conversation.draft_files

        def work(store: ConversationStore) -> None:
            store.set_fields(name, draft=draft)
            store.set_draft_files(name, files)

        self._change(name, work)

    def set_choice(self, conversation: Conversation, message_id: str) -> None:
        if conversation.read_only:
            return
        self._catch_up(conversation, every=RETRY_EVERY_S)
        name = conversation.id
        self._change(name, lambda store: store.choose(name, message_id))

    def set_star(self, conversation: Conversation, message_id: str, on: bool) -> None:
        if conversation.read_only:
            return
        self._catch_up(conversation, every=RETRY_EVERY_S)
        name = conversation.id

        def work(store: ConversationStore) -> None:
            store.star(name, message_id, on)
            self._tell(lambda library: library.star_changed(name, message_id, on))

        self._change(name, work)

    def release(self, conversation: Conversation) -> None:
        """It is no longer open."""
        name = conversation.id
        if name in self._stored and not conversation.read_only:
            self._catch_up(conversation)

            def work(store: ConversationStore) -> None:
                store.release(name)
                self._tell(lambda library: library.settled(name))

            self._change(name, work)

    # reading

    def _scan(self, success: Callable[[list[HistoryEntry]], None]) -> None:
        def work() -> tuple[list[HistoryEntry], list[str]]:
            store = self._opened()
            entries = [entry_of_head(head) for head in store.list()]
            store.clean_up()
            return entries, [problem.sentence for problem in store.take_problems()]

        def done(found: tuple[list[HistoryEntry], list[str]]) -> None:
            self._stored.update(entry.id for entry in found[0])
            success(found[0])
            for sentence in found[1]:
                self.trouble.emit(sentence)

        self._worker.submit(work, done, self._on_failure)

    def list(self, success: Callable[[list[HistoryEntry]], None]) -> None:
        """From the index, where there is one; otherwise from the beginning of each file."""
        if self._library is None:
            self._scan(success)
            return

        def listed(entries: list[HistoryEntry] | None) -> None:
            if entries is None:
                self._scan(success)
                return
            self._know(entries)
            success(entries)
            self._cleaning.start()

        self._library.list(listed)

    def load(self, conversation_id: str, success: Callable[[Conversation], None], failure: Failure) -> None:
        def work() -> tuple[Conversation, list[str]]:
            store = self._opened()
            conversation = store.load(conversation_id)
            return conversation, [f"{problem.sentence} {problem.advice}" for problem in store.take_problems()]

        def done(found: tuple[Conversation, list[str]]) -> None:
            self._stored.add(conversation_id)
            success(found[0])
            for sentence in found[1]:
                self.trouble.emit(sentence)

        if self._library is not None:
            self._library.hold()
        self._worker.submit(work, done, failure)

    # importing

    def bring_in(self, paths: Paths, job: str, success: Callable[[Imported], None], failure: Failure) -> None:
        """What an import has made ready (see storage.staging)."""

        arrival: list[Arrival] = []

        def work() -> bool:
            from coderapp.storage.staging import Arrival

            if not arrival:
                arrival.append(Arrival(paths, job, self._opened()))
            return arrival[0].advance(SLICE)

        def done(more: bool) -> None:
            if more:  # what an answer needs saved has its turn in between
                self._worker.submit(work, done, failure)
                return
            imported = arrival[0].imported
            self.note_stored(head.id for head in imported.new)
            self._tell(lambda library: library.refresh())
            success(imported)
            self.tell_problems()

        self._worker.submit(work, done, failure)

    # deleting

    def delete(self, conversation_id: str, success: Callable[[Trashed], None], failure: Failure) -> None:
        self._worker.submit(lambda: self.trash(self._opened(), conversation_id), success, failure)

    def restore(self, trashed: Trashed, success: Callable[[HistoryEntry], None]) -> None:
        def done(head: ConversationHead) -> None:
            self._stored.add(head.id)
            success(entry_of_head(head))

        self._worker.submit(lambda: self.bring_back(self._opened(), trashed), done, self._on_failure)

    def discard(self, conversation: Conversation) -> bool:
        """Puts away a conversation of this run that never got a message; True where nothing is left of it.

        One from an earlier run is kept: a damaged one may look like that.
        """
        name = conversation.id
        if name in self._stored and name not in self._made:
            return False
        if name in self._stored:
            self._stored.discard(name)

            def work(store: ConversationStore) -> None:
                store.delete(name)
                self._tell(lambda library: library.deleted(name))

            self._do(work)
        return True

    def write_json(self, conversation: Conversation, path: str, success: Callable[[], None], failure: Failure) -> None:
        """The conversation's file as it is kept, written to `path`."""

        whole = _snapshot(conversation)

        def work() -> None:
            from pathlib import Path

            from coderapp.storage import schema
            from coderapp.storage.atomic import write_atomically
            from coderapp.storage.document import Document

            write_atomically(Path(path).absolute(), schema.encode(Document(whole)))

        self._worker.submit(work, lambda _: success(), failure)

    def settled(
        self, conversations: Iterable[Conversation], success: Callable[[dict[str, bytes]], None], failure: Failure
    ) -> None:
        """When all that was asked for before is done: those of the conversations that could not be saved, by id, as
        their files would be.
        """
        behind = [_snapshot(each) for each in conversations if each.id in self._behind]

        def work() -> dict[str, bytes]:
            from coderapp.storage import schema
            from coderapp.storage.document import Document

            return {each.id: schema.encode(Document(each)) for each in behind}

        self._worker.submit(work, success, failure)

    def close(self) -> None:
        """Folds everything; the worker's stop waits for it."""
        self._cleaning.stop()

        def work(store: ConversationStore) -> None:
            used = store.open_ids
            store.close()
            if self._library is not None:
                for name in used:
                    self._library.settled(name)

        self._do(work)

    # in the worker's thread, for a batch

    def set_stored(self, store: ConversationStore, name: str, fields: Mapping[str, Any]) -> None:
        """Of one that was not open when this was asked for; where it is by now, it stays so."""
        was_open = name in store.open_ids
        store.set_fields(name, **fields)
        self._tell_head(store, name)
        if not was_open:
            store.release(name)
        self._tell(lambda library: library.settled(name))

    def trash(self, store: ConversationStore, name: str) -> Trashed:
        trashed = store.delete(name)
        self._tell(lambda library: library.deleted(name))
        return trashed

    def bring_back(self, store: ConversationStore, trashed: Trashed) -> ConversationHead:
        head = store.restore(trashed)
        self._tell(lambda library: library.files_changed(head.id))
        return head

    def create(self, store: ConversationStore, conversation: Conversation) -> None:
        """One that is not shown."""
        store.create(conversation)
        store.release(conversation.id)
        self._tell(lambda library: library.files_changed(conversation.id))

    # the index, told in the worker's thread

    def _tell(self, what: Callable[[Library], None]) -> None:
        if self._library is not None:
            what(self._library)

    def _tell_head(self, store: ConversationStore, name: str) -> None:
        if self._library is not None:
            self._library.head_changed(store.head(name))

    def _tell_message(self, store: ConversationStore, name: str, message: Message) -> None:
        if self._library is not None:
            self._library.message_saved(store.head(name), message, store.is_starred(name, message.id))


def _snapshot(conversation: Conversation) -> Conversation:
    """With containers of its own, for the worker's thread; messages are values and shared."""
    return replace(
        conversation,
        parameters=dict(conversation.parameters),
        messages=dict(conversation.messages),
        parents=dict(conversation.parents),
        children={parent: list(children) for parent, children in conversation.children.items()},
        chosen=dict(conversation.chosen),
        starred=set(conversation.starred),
    )


def entry_of(conversation: Conversation) -> HistoryEntry:
    names = [file.name for file in conversation.draft_files[:1]]
    title = conversation.title or conversation.draft.strip()[:60] or "".join(names)[:60] or UNTITLED
    return HistoryEntry(
        conversation.id,
        title.replace("\n", " "),
        max(conversation.updated, conversation.created),
        folder=conversation.folder,
        tags=conversation.tags,
        pinned=conversation.pinned,
        archived=conversation.archived,
        problem=conversation.read_only,
        newer=bool(conversation.read_only),
        draft=bool(conversation.draft.strip() or conversation.draft_files),
    )


def entry_of_row(
    name: str,
    title: str,
    updated: float,
    reason: str,
    folder: str,
    tags: tuple[str, ...],
    pinned: bool,
    archived: bool,
    newer: bool,
) -> HistoryEntry:
    """From the index (storage.index.Index.rows); by place, which is quicker."""
    return HistoryEntry(name, title or UNTITLED, updated, reason, False, folder, tags, pinned, archived, newer)


def entry_of_head(head: ConversationHead) -> HistoryEntry:
    return HistoryEntry(
        head.id,
        head.title or UNTITLED,
        head.updated,
        head.reason,
        folder=head.folder,
        tags=head.tags,
        pinned=head.pinned,
        archived=head.archived,
        newer=head.state == "newer",
    )
