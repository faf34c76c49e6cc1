"""Reads a data folder as the program does, and compares it with what its user did."""

from __future__ import annotations

import re
import shutil
import sqlite3
import traceback
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coderapp.core.conversation import Conversation
from coderapp.core.message import FinishReason, Message, Role
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.folders import FolderStore
from coderapp.storage.paths import Paths
from coderapp.storage.profiles import ProfileStore
from coderapp.storage.settings import SettingsStore, StateStore
from coderapp.storage.staging import recover
from tests.crash.ledger import GRACE_S, Asked, Ended, Ledger, about, checksum
from tests.crash.server import PROMPT, Sent

TORN = "cut off in mid-write"
"""What is said of a last line that the kill went through: nothing is lost by it that was promised."""

HARMLESS = re.compile(
    "|".join(
        (
            TORN,
            r"^The answer in “.*” is there\.",
            r"^There is no conversation .* It may have been deleted",  # opened and deleted in one go: see `there`
            r"^The index .*(made|built) (anew|again)",
        )
    )
)
"""Notices that are no complaint."""


@dataclass
class Findings:
    """What was lost, of what was older than `grace` seconds: a sentence each. `lost_text_s` is how old the oldest text
    was that a kill took along.
    """

    prompts: list[str] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    settings: list[str] = field(default_factory=list)
    drafts: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    lost_text_s: float = 0.0
    torn: int = 0
    grace: float = GRACE_S

    @property
    def sentences(self) -> list[str]:
        kinds = ("prompts", "finished", "unreadable", "settings", "drafts", "late")
        return [f"{kind}: {sentence}" for kind in kinds for sentence in getattr(self, kind)]


@dataclass
class Found:
    """What is on disk."""

    conversations: dict[str, Conversation] = field(default_factory=dict)
    trashed: dict[str, Conversation] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    profiles: dict[str, str] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)

    def conversation(self, name: str) -> Conversation | None:
        found = self.conversations.get(name)
        return self.trashed.get(name) if found is None else found

    def message(self, name: str, message_id: str) -> Message | None:
        conversation = self.conversation(name)
        return conversation.messages.get(message_id) if conversation is not None else None


def read(paths: Paths, copy: Path, findings: Findings) -> Found:
    """Through the program's own stores, on a copy: the program is to find the folder as the kill left it."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(paths.root, copy)
    there = Paths.under(copy)
    found = Found()
    store = ConversationStore(there)
    recover(there, store)
    heads = store.list()
    for head in heads:
        with _noted(head.id, findings):
            found.conversations[head.id] = store.load(head.id)
    for trashed in store.trashed():
        name = trashed.trashed.id
        if name not in found.conversations:
            with _noted(name, findings):
                store.restore(trashed.trashed)
                found.trashed[name] = store.load(name)
    store.close()
    settings, state = SettingsStore(there), StateStore(there)
    profiles, folders = ProfileStore(there), FolderStore(there)
    found.settings, found.state = dict(settings.load()), dict(state.load())
    found.profiles = {profile.id: profile.name for profile in profiles.load().profiles}
    found.folders = folders.load()
    for problem in (*store.take_problems(), *settings.problems, *state.problems, *profiles.problems, *folders.problems):
        if TORN in problem.sentence:
            findings.torn += 1
        else:
            findings.unreadable.append(problem.sentence)
    if there.index.exists():
        _check_index(there.index, findings)
    return found


@contextmanager
def _noted(name: str, findings: Findings) -> Iterator[None]:
    """What can't be read is a finding; the rest is looked at nevertheless."""
    try:
        yield
    except Exception:  # noqa: BLE001 - whatever it is, the user could not read it either
        findings.unreadable.append(f"{name} can't be read: {traceback.format_exc()}")


def _check_index(path: Path, findings: Findings) -> None:
    try:
        with closing(sqlite3.connect(path)) as index:
            (verdict,) = index.execute("PRAGMA quick_check").fetchone()
    except sqlite3.Error as error:
        verdict = str(error)
    if verdict != "ok":
        findings.unreadable.append(f"index: {verdict}")


def compare(found: Found, ledger: Ledger, answers: dict[int, Sent], killed: float, findings: Findings) -> None:
    """`answers` is what the server sent in this run, `killed` the monotonic time of the kill."""
    for words in ledger.notices:
        if not HARMLESS.search(words):
            findings.unreadable.append(f"notice: {words}")
    _compare_kept(found, ledger, findings)
    for number, asked in ledger.asked.items():
        _compare_prompt(found, number, asked, answers.get(number), killed, findings)
        if (sent := answers.get(number)) is not None:
            message = found.message(asked.conversation, asked.answer)
            _compare_answer(message, number, sent, ledger.ended.get(number), killed, findings)
    there = {
        prompt
        for conversation in (*found.conversations.values(), *found.trashed.values())
        for message in conversation.messages.values()
        if message.role is Role.USER
        for prompt in PROMPT.findall(message.text)
    }
    for number, sent in answers.items():
        if missing := [prompt for prompt in sent.prompts if prompt not in there]:
            findings.prompts.append(f"request {number} was sent with {missing}, which no conversation holds")
    for name in list(ledger.registers):
        _compare_register(found, ledger, name, killed, findings)
    keep(found, ledger)


def _compare_kept(found: Found, ledger: Ledger, findings: Findings) -> None:
    for (name, message_id), held in ledger.kept.items():
        message, conversation = found.message(name, message_id), found.conversation(name)
        if message is None or conversation is None or _held(conversation, message) != held:
            where = findings.prompts if message is None or message.role is Role.USER else findings.finished
            where.append(f"{name}/{message_id} of an earlier run {'changed' if message else 'is gone'}")


def keep(found: Found, ledger: Ledger) -> None:
    """What is there now is to be there after the next run."""
    for conversation in (*found.conversations.values(), *found.trashed.values()):
        for message in conversation.messages.values():
            ledger.kept[conversation.id, message.id] = _held(conversation, message)


def _held(conversation: Conversation, message: Message) -> str:
    """All of a message, and what it answers, in few characters."""
    generation = message.generation
    how: tuple[Any, ...] = ()
    if generation is not None:
        parameters = sorted(generation.parameters.items(), key=lambda item: item[0])
        how = (generation.finish, generation.model, generation.usage, generation.problem, parameters)
    return checksum(repr((conversation.parents[message.id], message.role, message.created, message.parts, how)))


def compare_older(paths: Paths, ledger: Ledger, findings: Findings) -> None:
    """A file of an earlier version is as it was, or was kept before it was written in the form of today."""
    for name, data in ledger.older.items():
        places = [paths.conversations / f"{name}.json", *paths.older.glob(f"{name}.*.json")]
        places += paths.trash.glob(f"{name}.*/{name}.json")
        if not any(place.read_bytes() == data for place in places if place.exists()):
            findings.unreadable.append(f"{name} of an earlier version is not as it was, and its file was not kept")


def _compare_prompt(
    found: Found, number: int, asked: Asked, sent: Sent | None, killed: float, findings: Findings
) -> None:
    if sent is None and asked.when > killed - findings.grace:
        return  # not on disk yet, and therefore not sent
    message = found.message(asked.conversation, asked.prompt)
    if message is None or (asked.text is not None and message.text.strip() != asked.text.strip()):
        age = killed - asked.when
        findings.prompts.append(f"prompt {number} in {asked.conversation}, {age:.2f} s before the kill: {message}")


def _compare_answer(
    message: Message | None, number: int, sent: Sent, ended: Ended | None, killed: float, findings: Findings
) -> None:
    text = message.text if message else ""
    thoughts = message.reasoning if message else ""
    whole = "".join(words for _, words in sent.words)
    if not whole.startswith(text) or not "".join(words for _, words in sent.thoughts).startswith(thoughts):
        findings.finished.append(f"answer {number} holds what was never sent: {text[-60:]!r}")
        return
    last = killed
    if ended is not None:
        if checksum(text) == ended.checksum:
            _compare_ended(message, number, sent, ended, killed, findings)
            return
        if ended.when <= killed - findings.grace:
            findings.finished.append(f"answer {number}, ended {killed - ended.when:.2f} s before the kill: {len(text)}")
            return
        last = ended.when
    for kind, pieces, kept in (("words", sent.words, text), ("thoughts", sent.thoughts, thoughts)):
        if (since := _lost_since(pieces, len(kept), last)) is not None:
            age = killed - since
            findings.lost_text_s = max(findings.lost_text_s, age)
            if age > findings.grace:
                findings.late.append(f"answer {number} lost {kind} that were {age:.2f} s old at the kill")


def _compare_ended(
    message: Message | None, number: int, sent: Sent, ended: Ended, killed: float, findings: Findings
) -> None:
    """What else belongs to an answer whose words are all there."""
    if message is None or ended.when > killed - findings.grace:
        return
    first = sent.words[0][0] if sent.words and message.text else ended.when - findings.grace
    thought = "".join(words for when, words in sent.thoughts if when < first)
    if not message.reasoning.startswith(thought):
        findings.finished.append(f"answer {number} ended, and of its thoughts {len(message.reasoning)} are there")
    if message.generation is None or message.generation.finish in (None, FinishReason.INTERRUPTED):
        findings.finished.append(f"answer {number} ended, and how is not kept: {message.generation}")
    elif ended.about is not None and about(message) != ended.about:
        findings.finished.append(f"answer {number} ended as {ended.about}, and {about(message)} is kept")


def _lost_since(pieces: list[tuple[float, str]], kept: int, last: float) -> float | None:
    """When the first character went out that is not there; what came after `last` counts not."""
    reached = 0
    for when, words in pieces:
        reached += len(words)
        if reached > kept:
            return when if when < last else None
    return None


def _compare_register(found: Found, ledger: Ledger, name: str, killed: float, findings: Findings) -> None:
    kind, _, rest = name.partition(":")
    value, known = _value(found, kind, rest)
    due = killed - ledger.grace
    allowed = ledger.allowed(name, killed)
    if not known:
        # A conversation that is new, or was left blank, may not be there; then nothing is set in it.
        blank = kind == "draft" and "" in allowed
        if blank or all(when > due for when, _ in ledger.registers[name]):
            del ledger.registers[name]
            return
    elif value in allowed:
        ledger.settle(name, value)
        return
    elif not ledger.registers[name] or all(when > due for when, _ in ledger.registers[name]):
        ledger.settle(name, value)  # set for the first time, less than a second ago: what it was before is not known
        return
    where = findings.drafts if kind == "draft" else findings.settings
    ages = [(round(killed - when, 2), before) for when, before in ledger.registers[name][-4:]]
    now = repr(value) if known else "nowhere"
    where.append(f"{name} is {now}, was (seconds before the kill) {ages}")


def _value(found: Found, kind: str, rest: str) -> tuple[Any, bool]:
    """What a register holds, and whether there is what it belongs to."""
    first, _, second = rest.partition(":")
    if kind == "setting":
        return found.settings[rest], True
    if kind == "state":
        return found.state.get(rest), True
    if kind == "profile":
        return found.profiles.get(rest), True
    if kind == "imported":
        return len(_imported(found, rest)), True
    if kind == "folders":
        return found.folders, True
    if kind == "there":
        return rest in found.conversations, True
    conversation = found.conversation(first)
    if conversation is None:
        return None, False
    if kind == "star":
        return second in conversation.starred, True
    if kind == "tag":
        return second in conversation.tags, True
    if kind == "parameter":
        return conversation.parameters.get(second), True
    return getattr(conversation, kind), True


def _imported(found: Found, number: str) -> set[str]:
    """The prompts of an import that are there; one may have been deleted, or copied."""
    return {
        message.text
        for conversation in (*found.conversations.values(), *found.trashed.values())
        for message in conversation.messages.values()
        if message.text.startswith(f"Imported {number} ")
    }


def damaged_copies(paths: Paths) -> Iterator[Path]:
    with suppress(OSError):
        yield from paths.conversations.glob("*.damaged-*")
