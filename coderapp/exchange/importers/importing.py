"""One import: files in, conversations made ready apart, and a summary of what came of it."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from coderapp.core.conversation import UNTITLED, Conversation
from coderapp.core.message import JsonValue, Role
from coderapp.exchange.importers import formats, known, lm_studio, messages, ours
from coderapp.exchange.importers.found import FoundConversation, FoundMessage, Parts
from coderapp.exchange.importers.growth import growth, shares_any
from coderapp.exchange.importers.known import Here, Known
from coderapp.exchange.importers.leftovers import bounded, left_over, parameters_in
from coderapp.exchange.importers.slices import LARGEST, Member, Slices
from coderapp.exchange.importers.sources import Archives, Source, Unreadable, opened, sources
from coderapp.exchange.importers.summary import Summary
from coderapp.exchange.importers.tree import build, digest_of
from coderapp.exchange.importers.values import LAST_TIME, JsonObject, is_blank, line_of, strings_in
from coderapp.storage.document import Document
from coderapp.storage.ids import is_valid, new_id
from coderapp.storage.paths import Paths
from coderapp.storage.staging import Staging

PROGRESS_EVERY = 0.1
"""Seconds between two reports."""

GATHERED = 32 << 20
"""Bytes of a file whose single messages become one conversation."""

GATHERED_MESSAGES = 100_000
"""As many single messages become one conversation: short ones take far more memory than their bytes."""

PENDING = 16 << 20
"""Characters of entries that are not understood which are kept of one file."""

log = logging.getLogger(__name__)


class Cancelled(Exception):
    """The user wants no more of it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` and `total` in bytes of the files; `file` is the one at hand."""

    done: int
    total: int
    conversations: int
    file: str


@dataclass(slots=True)
class _File:
    """What is known of a file while it is read."""

    source: Source
    recognised: int = 0
    loose: list[JsonValue] = field(default_factory=list)  # messages that stand alone
    loose_from: int = 0
    parts: int = 0  # conversations made of such messages: two of them that say the same are no duplicates
    pending: list[tuple[JsonValue, int]] = field(default_factory=list)  # what is not understood, and where it stands
    pending_size: int = 0

    @property
    def stem(self) -> str:
        name = PurePath(self.source.name).name
        return name.removesuffix(".json").removesuffix(".jsonl").removesuffix(".conversation")


class Importer:
    """Changes nothing but `staging`, which has begun. `report` is called now and then, `is_cancelled` asked as often.
    `run` raises Cancelled, and StorageError where nothing can be made ready: the staging is to be discarded then.
    """

    def __init__(
        self,
        paths: Paths,
        staging: Staging,
        *,
        folder: str = "",
        now: Callable[[], float] = time.time,
        report: Callable[[Progress], None] = lambda _: None,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self.summary = Summary()
        self._paths = paths
        self._staging = staging
        self._folder = folder
        self._now = now
        self._report = report
        self._is_cancelled = is_cancelled
        self._known = Known()
        self._archives = Archives()
        self._total = self._before = self._place = 0
        self._file_name = ""
        self._told_at = 0.0

    def run(self, files: Sequence[Path]) -> Summary:
        self._known = known.look(self._paths)
        found = sources(files, self.summary.fault)
        self._total = sum(source.size for source in found)
        try:
            for source in found:
                self._file_name, self._place = source.name, 0
                self._tick(at_once=True)
                self._read(source)
                self._before += source.size
        finally:
            self._archives.close()
        return self.summary

    def _tick(self, *, at_once: bool = False) -> None:
        moment = time.monotonic()
        if at_once or moment - self._told_at >= PROGRESS_EVERY:
            self._told_at = moment
            if self._is_cancelled():
                raise Cancelled
            done = min(self._before + self._place, self._total)
            self._report(Progress(done, self._total, self.summary.conversations, self._file_name))

    # files

    def _read(self, source: Source) -> None:
        file = _File(source)
        if source.archive is None and (document := ours.with_journal(source.path)) is not None:
            self._take_document(document, source.name)
            return
        try:
            with opened(source, self._staging.scratch, self._archives, self._tick) as data:
                slices = Slices(data)
                for member in slices.members():
                    self._place = member.at
                    self._tick()
                    self._member(file, member)
        except Unreadable as error:
            self.summary.fault(str(error))
            return
        self._gathered(file)
        self._pending(file)
        if not file.recognised:
            self.summary.pass_over(source.name)

    def _member(self, file: _File, member: Member) -> None:
        where = f"{file.source.name}, byte {member.at:,}"
        value: JsonValue = {member.key: member.value} if member.key.startswith("session:") else member.value
        if member.damaged:
            self.summary.damaged += 1
            if member.value is None and not member.rest:
                self.summary.place(f"{where}: the file has no end; it may have been cut off.")
                return
            if member.too_large:
                self.summary.place(f"{where}: larger than what is read at once; what it begins with was read.")
            else:
                self.summary.place(f"{where}: damaged; what stands before the fault was read.")
            if member.lost:
                why = f"too large ({LARGEST >> 20} MiB is the most)" if member.too_large else "damaged"
                self.summary.fault(f"{where}: this entry is {why}, and {member.lost:,} bytes of it are not imported.")
        elif formats.is_message(value):
            if file.loose and (member.at - file.loose_from > GATHERED or len(file.loose) >= GATHERED_MESSAGES):
                self._gathered(file)
                self.summary.place(f"{where}: very many single messages; from here on they are another conversation.")
            if not file.loose:
                file.loose_from = member.at
            file.loose.append(value)
            file.recognised += 1
            return
        found = list(formats.conversations_in(value))
        for place, (kind, each) in enumerate(found):
            self._conversation(file, kind, each, where, member.rest if place == len(found) - 1 else "")
        file.recognised += len(found)
        if not found and (not member.key or member.damaged):
            self._put_off(file, value, member)

    def _put_off(self, file: _File, value: JsonValue, member: Member) -> None:
        """What is no conversation is kept where others in the file are ones."""
        for item in (value, member.rest):
            if not is_blank(item):
                size = sum(map(len, strings_in(item)))
                if file.pending_size + size > PENDING:
                    self.summary.fault(
                        f"{file.source.name}, byte {member.at:,}: not understood, and too much to be kept."
                    )
                    continue
                file.pending_size += size
                file.pending.append((item, member.at))

    def _gathered(self, file: _File) -> None:
        """Messages that stand one by one are one conversation."""
        if file.loose:
            loose, file.loose = file.loose, []
            file.parts += 1
            kind = next(each for each in formats.FORMATS if each.source == messages.SOURCE)
            self._conversation(file, kind, {"messages": loose, "title": None}, file.source.name, "")

    def _pending(self, file: _File) -> None:
        if not file.recognised or not file.pending:
            return
        found = FoundConversation("raw", title=f"Not understood in {file.stem}")
        for item, at in file.pending:
            parts = Parts(found)
            parts.text(f"{file.source.name}, byte {at:,}")
            parts.raw(item, "entry of unknown kind")
            found.messages.append(FoundMessage("", None, Role.SYSTEM, parts.done()))
            self.summary.place(f"{file.source.name}, byte {at:,}: not understood; kept as raw text.")
        self._take_found(found, file, file.source.name)

    # conversations

    def _conversation(self, file: _File, kind: formats.Format, value: JsonObject, where: str, rest: str) -> None:
        """One broken conversation never stops the others."""
        try:
            found = kind.read(value)
        except ours.TooNew:
            self.summary.fault(f"{where}: saved by a newer coderapp; import it with that one.")
            return
        except Exception:
            log.exception("a conversation of %s could not be read", kind.name)
            self.summary.fault(f"{where}: a conversation that could not be read; it is kept as raw text.")
            found = FoundConversation("raw", title=line_of(value.get("title")) or f"Unreadable in {file.stem}")
            parts = Parts(found)
            parts.raw(value, f"conversation of {kind.name}")
            found.messages.append(FoundMessage("", None, Role.SYSTEM, parts.done()))
        self.summary.formats[kind.name] += 1
        if isinstance(found, Document):
            if rest:
                found.set_aside.append(rest)
            self._take_document(found, where)
            return
        if rest:
            parts = Parts(found)
            parts.text("From here on the file is damaged. What follows is kept as it came.")
            parts.file("damaged part.txt", "text/plain", rest)
            found.raw["damaged part"] += 1
            found.messages.append(FoundMessage("", None, Role.SYSTEM, parts.done()))
        if kind.source == lm_studio.SOURCE and not found.id:
            found.id = file.stem
        self._take_found(found, file, where, value)

    def _take_found(self, found: FoundConversation, file: _File, where: str, value: JsonObject | None = None) -> None:
        """`value` is what it was found in."""
        found.keep_odd()
        conversation = build(found, self._now())
        conversation.parameters |= parameters_in(value or {})
        beside = left_over(value, found) if conversation.messages else {}
        digest = digest_of(conversation)
        part = f"-{file.parts}" if file.parts > 1 and found.source == messages.SOURCE else ""
        key = (found.source, found.id or f"sha:{digest}{part}")
        if not conversation.messages:
            self.summary.empty += 1
            return
        if not conversation.title or conversation.title == UNTITLED:
            conversation.title = line_of(file.stem, 60) or UNTITLED
        conversation.origin = {"source": key[0], "id": key[1], "digest": digest}
        if kept := bounded(beside):
            conversation.origin["beside"] = kept
        here = self._known.by_origin.get(key)
        if here is not None and self._again(here, conversation, digest):
            return
        self.summary.raw += found.raw
        self.summary.left_out += found.left_out
        self.summary.beside += Counter({name: len(texts) for name, texts in beside.items()})
        for what, count in found.raw.items():
            self.summary.place(f"“{conversation.title}” ({where}): {count} × {what} kept as raw text.")
        self._add(Document(conversation), key)

    def _take_document(self, document: Document, where: str) -> None:
        """One of ours: with its id, where that is free."""
        conversation = document.conversation
        digest = digest_of(conversation)
        identity = conversation.id
        if not conversation.messages and not conversation.draft.strip() and not conversation.draft_files:
            self.summary.empty += 1
            return
        if document.complaints:
            self.summary.damaged += 1
            self.summary.place(f"“{conversation.title}” ({where}): {'; '.join(document.complaints)}.")
        key = (ours.SOURCE, identity or f"sha:{digest}")
        origin = conversation.origin
        keys = [(str(origin.get("source")), str(origin.get("id")))] if origin else []
        heres = [Here(identity)] if identity in self._known.ids else []
        heres += [here for each in (key, *keys) if (here := self._known.by_origin.get(each)) is not None]
        for here in heres:
            if self._again(here, conversation, digest, only_if_shared=True):
                return
        if not is_valid(identity) or identity in self._known.ids or identity in self._known.trashed_ids:
            conversation.id = ""
            if not origin:
                conversation.origin = {"source": key[0], "id": key[1], "digest": digest}
        self._add(document, key)

    def _again(self, here: Here, conversation: Conversation, digest: str, *, only_if_shared: bool = False) -> bool:
        """Whether that is dealt with: it is here, and what was new of it is added."""
        if here.digest == digest:
            self.summary.duplicates += 1
            return True
        staged = here.id in self._staging.heads
        document = self._staging.staged(here.id) if staged else known.load(self._paths, here.id)
        if document is None or (only_if_shared and not shares_any(document.conversation, conversation)):
            return False
        rows = growth(document.conversation, conversation)
        if not rows:
            self.summary.duplicates += 1
            return True
        origin: dict[str, JsonValue] = dict(document.conversation.origin)
        if origin:
            origin["digest"] = digest
        updated = max(conversation.updated, document.conversation.updated)
        if staged:
            for parent, message in rows:
                document.conversation.add(message, parent=parent)
            document.conversation.origin = origin
            self._staging.add(document)
            self.summary.messages += len(rows)
        else:
            self._staging.grow(here.id, rows, origin, updated)
            self.summary.grown += 1
            self.summary.grown_messages += len(rows)
        self._know(here.id, origin)
        return True

    def _add(self, document: Document, key: known.Key) -> None:
        conversation = document.conversation
        if self._folder:
            conversation.folder = self._folder
        if not conversation.id:
            conversation.id = self._free_id(conversation.created)
        if key in self._known.in_trash:
            self.summary.in_trash += 1
        self._staging.add(document)
        self._known.ids.add(conversation.id)
        self._know(conversation.id, conversation.origin)
        self.summary.conversations += 1
        self.summary.messages += len(conversation)

    def _know(self, conversation_id: str, origin: dict[str, JsonValue]) -> None:
        if origin:
            key = (str(origin.get("source")), str(origin.get("id")))
            self._known.by_origin[key] = Here(conversation_id, str(origin.get("digest")))

    def _free_id(self, created: float) -> str:
        while (made := new_id(min(max(created, 0.0), LAST_TIME))) in self._known.ids or made in self._known.trashed_ids:
            continue
        return made
