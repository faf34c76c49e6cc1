"""Every conversation of a data folder: listing, opening, changing, deleting. Made for one thread, the only writer.

A change is a record in the conversation's journal before it counts; `fold` writes the JSON anew and drops the
journal. A crash between any two steps leaves a state that `load` makes whole: records carry numbers, and the JSON
says up to which it holds them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from coderapp.core.conversation import Conversation
from coderapp.core.errors import Problem, StorageError
from coderapp.core.message import FilePart, JsonValue, Message
from coderapp.storage import heads, records, schema
from coderapp.storage.atomic import Mark, clean_up, keep_copy, make_folder, mark_of, write_atomically
from coderapp.storage.document import Document
from coderapp.storage.errors import NewerVersion, UnknownConversation, from_os
from coderapp.storage.heads import ConversationHead, HeadState
from coderapp.storage.ids import checked
from coderapp.storage.journal import Journal
from coderapp.storage.paths import Paths
from coderapp.storage.reading import Reading, read_conversation
from coderapp.storage.trash import Trash, Trashed

MOST_WRITTEN = 3
"""Bytes that are written for a byte of an answer at most, the JSON that a finished answer is folded into included."""

FOLD_ALWAYS_BELOW = 512 * 1024
"""Bytes of JSON up to which a conversation that is left is folded, however little its journal holds."""

READ_ONLY = (
    "A newer coderapp saved this conversation. Here it can be read, searched, copied and exported, but not changed:"
    " a duplicate of it can."
)

WORTH_FOLDING = 16
"""Where the JSON is larger, one that is left is folded if its journal is this part of it."""

FOLD_AT_LEAST = 1024 * 1024
"""Bytes of journal at which it is folded in, also in mid-answer; where the JSON is larger, its size."""


@dataclass(frozen=True, slots=True)
class TrashedHead:
    """A deleted conversation, as a list shows it."""

    trashed: Trashed
    head: ConversationHead

    @property
    def deleted(self) -> float:
        """When, in Unix time; for good KEPT_DAYS later."""
        return self.trashed.deleted


@dataclass(slots=True)
class _Open:
    """`rescue` holds what has to be kept beside the files before they are written over. `answered` are the bytes of
    answers since the last fold, `growing` the text that the last record of the journal added to: its message, whether
    that is reasoning, and its last character. `mark` tells the JSON that was read or written last from any other.
    """

    document: Document
    journal: Journal
    json_size: int
    must_fold: bool = False
    rescue: list[tuple[Path, bytes]] = field(default_factory=list)
    fold_at: int = FOLD_AT_LEAST
    answered: int = 0
    growing: tuple[str, bool, str] | None = None
    mark: Mark = ()


class ConversationStore:
    """Raises StorageError (see storage.errors) where something could not be read or saved, ValueError for a change
    that the conversation does not allow; nothing has changed then. `problems` gathers what went wrong aside: damage
    that was met, with what was saved of it.

    `now` gives Unix time, `clock` monotonic time, both in seconds.
    """

    def __init__(
        self, paths: Paths, *, now: Callable[[], float] = time.time, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.problems: list[Problem] = []
        self._folder = paths.conversations
        self._older = paths.older
        self._trash = Trash(paths.conversations, paths.trash, paths.older)
        self._now = now
        self._clock = clock
        self._open: dict[str, _Open] = {}
        self._told: set[str] = set()

    def take_problems(self) -> Sequence[Problem]:
        """The problems since the last call."""
        taken, self.problems = self.problems, []
        return taken

    # reading

    def list(self) -> Sequence[ConversationHead]:
        """Newest first by `updated`. Damaged ones stand among the others, with what is known of them."""
        folder = str(self._folder)
        found = []
        troubled = []
        try:
            files = heads.files(folder)
        except OSError as error:
            raise from_os(error, "could not be read", self._folder) from error
        for conversation_id, kinds in files.items():
            if (opened := self._open.get(conversation_id)) is not None:
                found.append(heads.head_of(opened.document.conversation))
                continue
            head = None
            if kinds == {"json"}:
                try:
                    head = heads.read_head(f"{folder}{os.sep}{conversation_id}.json", conversation_id)
                except FileNotFoundError:
                    continue
                except OSError:
                    head = None  # the thorough way below finds the sentence
            elif "json" not in kinds and self._trash.sweep(conversation_id):
                continue
            head = head or self._head_from_all(conversation_id)
            if head.state is not HeadState.READY and conversation_id not in self._told:
                self._told.add(conversation_id)
                troubled.append((head.title or head.id, head.reason))
            found.append(head)
        if troubled:
            self._tell(StorageError(heads.in_one_sentence(troubled), advice=""))
        found.sort(key=lambda head: (head.updated, head.id), reverse=True)
        return found

    def load(self, conversation_id: str) -> Conversation:
        """A copy that is the caller's. An answer that was under way when the program ended is INTERRUPTED. What a later
        version saved is `read_only`: as much of it as can be read; its files stay as they are.

        Raises UnknownConversation, or StorageError where the file can't be read at all.
        """
        try:
            return copied(self._opened(conversation_id).document.conversation)
        except NewerVersion:
            path, journal_path = self._json(conversation_id), self._journal(conversation_id)
            reading = read_conversation(path, journal_path, conversation_id, newest=schema.ANY_VERSION)
            conversation = reading.document.conversation
            conversation.read_only = READ_ONLY
            return conversation

    # changing

    def create(self, conversation: Conversation) -> None:
        """Saves a conversation that is not there yet (its id from `ids.new_id`), with all it holds."""
        path = self._json(checked(conversation.id))
        if conversation.id in self._open or path.exists() or self._journal(conversation.id).exists():
            raise ValueError(f"the conversation {conversation.id} exists")
        self._make_folder()
        document = Document(copied(conversation))
        data = schema.encode(document)
        write_atomically(path, data)
        document.version = schema.VERSION
        journal = Journal(self._journal(conversation.id), now=self._clock)
        self._open[conversation.id] = _Open(document, journal, len(data), mark=mark_of(path))

    def rewrite(self, conversation: Conversation) -> None:
        """Saves a conversation whole over what there is of it: after changes of it could not be saved."""
        if conversation.id not in self._open and not self._json(checked(conversation.id)).exists():
            self.create(conversation)
            return
        opened = self._opened(conversation.id)
        before, opened.document.conversation = opened.document.conversation, copied(conversation)
        try:
            self._fold(opened)
        except StorageError:
            opened.document.conversation = before
            raise

    def add_message(
        self, conversation_id: str, message: Message, parent: str | None = None, *, sync: bool = True
    ) -> None:
        """Under `parent`, by default the end of the active path. With `sync` it is on disk when this returns: so for
        a prompt, before its request leaves."""
        opened = self._opened(conversation_id)
        conversation = opened.document.conversation
        parent = conversation.leaf_id if parent is None else parent
        if message.id in conversation.messages or not message.id:
            raise ValueError(f"message id {message.id!r} is in use")
        if parent and parent not in conversation.messages:
            raise ValueError(f"no message {parent!r}")
        self._change(opened, records.Added(parent, message), sync=sync)

    def append_text(self, conversation_id: str, message_id: str, text: str, *, reasoning: bool = False) -> None:
        """More text of an answer under way. It outlives a kill at once and is synchronised at least once a second."""
        opened = self._opened(conversation_id)
        message = _message(opened, message_id)
        if text := records.whole(text):
            at = len(message.reasoning if reasoning else message.text)
            self._change(opened, records.Appended(message_id, at, text, reasoning), sync=False)

    def update_message(self, conversation_id: str, message: Message, *, sync: bool = True) -> None:
        """The message's value from here on; its words are not written again where the journal holds them."""
        opened = self._opened(conversation_id)
        old = _message(opened, message.id)
        if old == message:
            return
        same_words = replace(old, generation=message.generation) == message
        record = records.Ended(message.id, message.generation) if same_words else records.Updated(message)
        self._change(opened, record, sync=sync)

    def set_fields(self, conversation_id: str, *, sync: bool = False, **fields: JsonValue) -> None:
        """Any of `records.FIELDS`: title, parameters, draft, folder, tags …"""
        for name, value in fields.items():
            if name not in records.FIELDS or not records.FIELDS[name](value):
                raise ValueError(f"a conversation's {name} can't be {value!r}")
        opened = self._opened(conversation_id)
        conversation = opened.document.conversation
        changed = {
            name: value for name, value in fields.items() if getattr(conversation, name) != records.field_value(value)
        }
        if changed:
            self._change(opened, records.FieldsSet(changed), sync=sync)

    def set_draft_files(self, conversation_id: str, files: tuple[FilePart, ...]) -> None:
        """The files of the draft from here on; nothing is written where they are the same."""
        opened = self._opened(conversation_id)
        if files != opened.document.conversation.draft_files:
            self._change(opened, records.DraftFilesSet(files), sync=False)

    def choose(self, conversation_id: str, message_id: str) -> None:
        """Leads the active path through a message."""
        opened = self._opened(conversation_id)
        _message(opened, message_id)
        self._change(opened, records.Chosen(message_id), sync=False)

    def star(self, conversation_id: str, message_id: str, on: bool) -> None:
        """Marks a message, or takes the mark away."""
        opened = self._opened(conversation_id)
        _message(opened, message_id)
        if on != (message_id in opened.document.conversation.starred):
            self._change(opened, records.Starred(message_id, on), sync=False)

    # keeping

    def sync(self) -> None:
        """Puts every journal on disk. For a timer of about a second while answers arrive. Raises StorageError."""
        for opened in self._open.values():
            opened.journal.sync()

    def settle(self, conversation_id: str) -> None:
        """For the end of an answer: folds where all that was written for the answers since the last time stays within
        MOST_WRITTEN of their size.
        """
        opened = self._opened(conversation_id)
        journalled = opened.journal.size
        if journalled + (opened.json_size + journalled) <= MOST_WRITTEN * opened.answered:
            self.fold(conversation_id)

    def fold(self, conversation_id: str) -> None:
        """Writes the JSON anew and removes the journal; nothing where there is no journal."""
        opened = self._opened(conversation_id)
        if opened.must_fold or opened.journal.size:
            self._fold(opened)

    def release(self, conversation_id: str) -> None:
        """Folds a conversation that is no longer shown, if that is worth it, and forgets it."""
        if conversation_id in self._open:
            self._fold_if_worth(self._open[conversation_id])
            self._open.pop(conversation_id).journal.close()

    def close(self) -> None:
        """Folds all that is open. What can't be folded stays in its journal and is told in `problems`."""
        for opened in self._open.values():
            try:
                self._fold_if_worth(opened)
            except StorageError as error:
                self._tell(error)
            opened.journal.close()
        self._open.clear()

    # for the index

    def head(self, conversation_id: str) -> ConversationHead:
        """As the list would show it."""
        return heads.head_of(self._opened(conversation_id).document.conversation)

    def is_starred(self, conversation_id: str, message_id: str) -> bool:
        return message_id in self._opened(conversation_id).document.conversation.starred

    @property
    def open_ids(self) -> Sequence[str]:
        """What was used and not released."""
        return tuple(self._open)

    # deleting

    def delete(self, conversation_id: str) -> Trashed:
        """Moves it to the trash; what comes back brings it back."""
        checked(conversation_id)
        try:
            if self._is_quick_to_fold(conversation_id):
                self.fold(conversation_id)
            elif conversation_id in self._open:
                self._open[conversation_id].journal.sync()
        except (UnknownConversation, NewerVersion):
            pass
        except StorageError as error:
            self._tell(error)  # as on a full disk: the journal is moved with the JSON
        if (opened := self._open.pop(conversation_id, None)) is not None:
            opened.journal.close()
        return self._trash.put(conversation_id, self._now())

    def trashed(self) -> Sequence[TrashedHead]:
        """What is in the trash, newest deletion first."""
        rows = [row for row in self._trash.folders() if not self._trash.is_empty(row)]
        return [TrashedHead(row, self._trashed_head(row)) for row in rows]

    def destroy(self, trashed: Trashed) -> None:
        """Deletes for good what is in the trash."""
        checked(trashed.id)
        self._trash.destroy(trashed, self._now())

    def empty_trash(self, before: float | None = None) -> int:
        """Deletes for good what is in the trash, or of it what was deleted before a Unix time; how many."""
        rows = [row for row in self._trash.folders() if before is None or row.deleted < before]
        for row in rows:
            self.destroy(row)
        return len(rows)

    def restore(self, trashed: Trashed) -> ConversationHead:
        """Undoes `delete`."""
        checked(trashed.id)
        self._trash.take(trashed)
        return self._head_from_all(trashed.id)

    # inside

    def _is_quick_to_fold(self, conversation_id: str) -> bool:
        """Whether there is something to fold, and little enough to do it where something else may wait: an answer's
        words wait for the same thread. A journal is as good in the trash.
        """
        if (opened := self._open.get(conversation_id)) is not None:
            return opened.must_fold or opened.json_size <= FOLD_ALWAYS_BELOW
        try:
            return (
                self._journal(conversation_id).exists()
                and self._json(conversation_id).stat().st_size <= FOLD_ALWAYS_BELOW
            )
        except OSError:
            return True  # folding finds out what is wrong

    def _json(self, conversation_id: str) -> Path:
        return self._folder / f"{conversation_id}.json"

    def _journal(self, conversation_id: str) -> Path:
        return self._folder / f"{conversation_id}.journal"

    def _make_folder(self) -> None:
        try:
            make_folder(self._folder)
        except OSError as error:
            raise from_os(error, "could not be made", self._folder) from error

    def _tell(self, error: StorageError) -> None:
        self.problems.append(Problem.of(error))

    def clean_up(self) -> None:
        """Removes what writers that were killed left behind, and what has been in the trash for long. Not urgent."""
        clean_up(self._folder)
        self._trash.expire(self._now())
        self._trash.remove_empty()
        with suppress(OSError):
            for conversation_id, kinds in heads.files(str(self._folder)).items():
                if "json" not in kinds and conversation_id not in self._open:
                    self._trash.sweep(conversation_id)

    def _trashed_head(self, trashed: Trashed) -> ConversationHead:
        folder = self._trash.path(trashed)
        head = None
        try:
            if not (folder / f"{trashed.id}.journal").exists():
                head = heads.read_head(str(folder / f"{trashed.id}.json"), trashed.id)
        except OSError:
            head = None  # the thorough way below finds the sentence
        return head or self._head_from_all(trashed.id, folder)

    def _head_from_all(self, conversation_id: str, folder: Path | None = None) -> ConversationHead:
        """From the whole file and its journal; never raises."""
        folder = folder or self._folder
        path, journal_path = folder / f"{conversation_id}.json", folder / f"{conversation_id}.journal"
        try:
            reading = read_conversation(path, journal_path, conversation_id)
        except NewerVersion as error:
            return replace(heads.damaged_head(conversation_id, error.sentence), state=HeadState.NEWER)
        except StorageError as error:
            return heads.damaged_head(conversation_id, error.sentence)
        head = heads.head_of(reading.document.conversation)
        if not reading.complaints:
            return head
        return replace(head, state=HeadState.DAMAGED, reason=f"{'; '.join(reading.complaints)}.")

    def _opened(self, conversation_id: str) -> _Open:
        if (opened := self._open.get(conversation_id)) is not None:
            return opened
        path, journal_path = self._json(checked(conversation_id)), self._journal(conversation_id)
        if not path.exists() and journal_path.exists() and self._trash.sweep(conversation_id):
            raise UnknownConversation(f"The conversation {conversation_id} was deleted.")
        mark = mark_of(path)
        reading = read_conversation(path, journal_path, conversation_id)
        journal = Journal(journal_path, now=self._clock)
        journal.size = reading.journal_size
        opened = _Open(reading.document, journal, reading.json_size, rescue=reading.rescue, mark=mark)
        conversation = reading.document.conversation
        for message in [message for message in conversation.messages.values() if records.streaming(message)]:
            conversation.update(records.interrupted(message))
        self._open[conversation_id] = opened
        if not reading.journal_size and journal_path.exists():
            opened.must_fold = True  # an end before the first record was written: folding takes the file away
        if reading.complaints:
            self._repair(opened, reading)
        return opened

    def _repair(self, opened: _Open, reading: Reading) -> None:
        """Keeps the damaged originals, writes what could be read anew, and tells both."""
        conversation = opened.document.conversation
        opened.must_fold = True
        name = conversation.title or conversation.id
        try:
            kept: Sequence[Path] = self._rescue(opened)
            self._fold(opened)
        except StorageError as error:
            self._tell(error)
            kept = ()
        there = "1 message is" if len(conversation) == 1 else f"{len(conversation)} messages are"
        where = ""
        if kept:
            where = f" The original is kept as {', '.join(path.name for path in kept)}."
        elif opened.rescue:
            where = " The original is left as it is."
        sentence = f"“{name}” was damaged: {'; '.join(reading.complaints)}. {there} there."
        self._tell(
            StorageError(
                sentence + where,
                advice="Look it through; nothing that was in the file is thrown away.",
            )
        )

    def _rescue(self, opened: _Open) -> Sequence[Path]:
        kept = [keep_copy(path, data) for path, data in opened.rescue]
        opened.rescue = []
        return kept

    def _fold_if_worth(self, opened: _Open) -> None:
        """Not ten megabytes for a changed title: the next who reads it reads the journal too."""
        journalled = opened.journal.size
        small = opened.json_size <= FOLD_ALWAYS_BELOW
        if opened.must_fold or (journalled and (small or journalled * WORTH_FOLDING >= opened.json_size)):
            self._fold(opened)
        else:
            opened.journal.sync()

    def _fold(self, opened: _Open) -> None:
        self._rescue(opened)
        conversation_id = opened.document.conversation.id
        data = schema.encode(opened.document)
        if opened.document.version < schema.VERSION:
            self._keep_older(opened.document, data)
        self._keep_foreign(opened)
        path = self._json(conversation_id)
        try:
            write_atomically(path, data)
        except StorageError:
            with suppress(OSError):
                if path.read_bytes() == data:  # it was put there before something failed
                    opened.mark = mark_of(path)
            raise
        opened.mark = mark_of(path)
        opened.document.version = schema.VERSION
        opened.json_size = len(data)
        opened.must_fold = False
        opened.fold_at = max(FOLD_AT_LEAST, len(data))
        opened.answered = 0
        opened.growing = None
        with suppress(StorageError):  # its records are passed over from now on, and the next fold tries again
            opened.journal.remove()

    def _keep_foreign(self, opened: _Open) -> None:
        """What another program has written into the file meanwhile is kept beside it: here nobody has seen it."""
        conversation = opened.document.conversation
        path = self._json(conversation.id)
        found = mark_of(path)
        if not found or found == opened.mark:
            return
        try:
            kept = keep_copy(path, path.read_bytes())
        except OSError as error:
            raise from_os(error, "could not be read", path) from error
        opened.mark = found
        self._tell(
            StorageError(
                f"Another program changed the file of “{conversation.title or conversation.id}” while it was open here."
                f" What it wrote is kept as {kept.name}.",
                advice="What this window shows was saved. Compare the two if you miss something.",
            )
        )

    def _keep_older(self, document: Document, data: bytes) -> None:
        """Before a file of an earlier version is written over: keeps it, and makes sure that `data` is all of it."""
        conversation = document.conversation
        again = schema.decode(conversation.id, data).conversation
        if _words(again) != _words(conversation):
            raise StorageError(
                f"“{conversation.title}” could not be brought to the form of this version.",
                advice="It is left as it is. Export it, and please report this.",
            )
        try:
            make_folder(self._older)
            for path in (self._json(conversation.id), self._journal(conversation.id)):
                if path.exists():
                    kept = self._older / f"{path.stem}.version-{document.version}{path.suffix}"
                    write_atomically(kept, path.read_bytes())
        except OSError as error:
            raise from_os(error, "could not be kept", self._older) from error

    def _change(self, opened: _Open, record: records.Record, *, sync: bool) -> None:
        """Journal first, then memory: what is not on disk did not happen."""
        if opened.must_fold or opened.document.version < schema.VERSION:
            self._fold(opened)
        document, journal = opened.document, opened.journal
        appended = record if isinstance(record, records.Appended) else None
        line = b""
        if appended is not None and opened.growing is not None:
            message_id, reasoning, end = opened.growing
            same = (message_id, reasoning) == (appended.message_id, appended.reasoning)
            if same and not records.halves(end, appended.text):
                line = records.encode_more(appended.text)
        journal.append(line or records.encode(document.journal + 1, record), sync=sync)
        opened.growing = None if appended is None else (appended.message_id, appended.reasoning, appended.text[-1:])
        document.journal += 1
        opened.answered += records.answer_size(record)
        fits = records.apply(document.conversation, record)
        assert fits, record
        if journal.size > opened.fold_at:
            try:
                self._fold(opened)
            except StorageError as error:
                opened.fold_at = 2 * journal.size  # the record itself is safe
                self._tell(error)


def _words(conversation: Conversation) -> object:
    """What must not change in a change of form. Times are not among it: a file may have them with more digits."""
    messages = [(message.id, message.role, message.parts) for message in conversation.messages.values()]
    return conversation.title, conversation.system_prompt, conversation.draft, messages, conversation.parents


def _message(opened: _Open, message_id: str) -> Message:
    try:
        return opened.document.conversation.messages[message_id]
    except KeyError:
        raise ValueError(f"no message {message_id!r}") from None


def copied(conversation: Conversation) -> Conversation:
    """The same conversation with containers of its own; the messages are values and shared."""
    return replace(
        conversation,
        parameters=dict(conversation.parameters),
        messages=dict(conversation.messages),
        parents=dict(conversation.parents),
        children={parent: children.copy() for parent, children in conversation.children.items()},
        chosen=dict(conversation.chosen),
        starred=set(conversation.starred),
    )


__all__ = ["ConversationHead", "ConversationStore", "HeadState", "Trashed", "TrashedHead", "copied"]
