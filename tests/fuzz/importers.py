"""Fuzzes each importer: damaged, foreign and hostile exports through a whole import, up to what a program then loads.

Wrong is: an exception that nobody caught; a conversation that does not save and load as itself; a word that was in the
file and is neither in what came in nor told of.
"""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from coderapp.core.conversation import Conversation
from coderapp.exchange.importers.importing import Importer
from coderapp.exchange.importers.summary import Summary
from coderapp.storage import schema
from coderapp.storage.document import Document
from coderapp.storage.paths import Paths
from coderapp.storage.records import streaming
from coderapp.storage.staging import Staging
from tests.fuzz.mutations import as_bytes, damaged, mutated
from tests.unit.exchange import foreign
from tests.unit.exchange.desk import everything, marked


class Wrong(AssertionError):
    """What must not happen."""


@dataclass(slots=True)
class Counts:
    cases: int = 0
    conversations: int = 0
    kept_raw: int = 0
    damaged: int = 0
    passed_over: int = 0
    failures: list[str] = field(default_factory=list)


class _Faults(logging.Handler):
    """A fault that the importer caught and logged is one all the same."""

    def emit(self, record: logging.LogRecord) -> None:
        raise Wrong(record.getMessage()) from (record.exc_info[1] if record.exc_info else None)


def run(seconds: float, seed: int, names: tuple[str, ...] = ()) -> dict[str, Any]:
    """Until the time is over; counts, and the first failures with what repeats them."""
    chosen = names or tuple(foreign.ALL)
    counts = Counts()
    memory = Path("/dev/shm")
    root = Path(tempfile.mkdtemp(prefix="coderapp-fuzz-", dir=memory if memory.is_dir() else None))
    log = logging.getLogger("coderapp.exchange")
    handler = _Faults()
    log.addHandler(handler)
    log.propagate = False
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end and len(counts.failures) < 10:
            case = f"{seed}:{chosen[counts.cases % len(chosen)]}:{counts.cases}"
            try:
                one(case, root, counts)
            except Exception as error:  # noqa: BLE001  # whatever it is, it is what is looked for
                counts.failures.append(f"{case}: {type(error).__name__}: {error!s:.300}")
            counts.cases += 1
    finally:
        log.removeHandler(handler)
        log.propagate = True
        shutil.rmtree(root, ignore_errors=True)
    return {
        "cases": counts.cases,
        "conversations": counts.conversations,
        "kept_raw": counts.kept_raw,
        "damaged": counts.damaged,
        "passed_over": counts.passed_over,
        "failures": counts.failures,
    }


def one(case: str, root: Path, counts: Counts) -> None:
    """A case by its name: the same each time."""
    random = Random(case)
    sample = foreign.ALL[case.split(":")[1]]
    value, fair = mutated(sample, random, random.choice([0, 1, 1, 2, 3, 8]))
    data = as_bytes(value, random)
    if random.random() < 0.35:
        data, fair = damaged(data, random), False
    paths = Paths(root / "data")
    file = root / random.choice(["conversations.json", "a.conversation.json", "lines.jsonl", "export"])
    file.write_bytes(data)
    staging = Staging(paths)
    staging.begin()
    try:
        summary = Importer(paths, staging, now=lambda: 1_760_000_000.0).run([file])
        staging.ready(summary.to_json())
        documents = [staging.staged(identity) for identity in staging.heads]
        found = [document.conversation for document in documents]
        for conversation in found:
            legal(conversation)
        if fair:
            aside = [document.set_aside for document in documents] + [document.extras for document in documents]
            nothing_lost(value, everything(found) + json.dumps(aside, ensure_ascii=False), summary)
        if Summary.from_json(summary.to_json()) != summary:
            raise Wrong("the summary does not survive its way through JSON")
    finally:
        staging.discard()
        file.unlink()
    counts.conversations += len(found)
    counts.kept_raw += sum(summary.raw.values())
    counts.damaged += summary.damaged
    counts.passed_over += len(summary.passed_over)


def legal(conversation: Conversation) -> None:
    """It saves and loads as itself, and nothing of it is under way."""
    data = schema.encode(Document(conversation))
    document = schema.decode(conversation.id, data)
    if document.complaints or document.set_aside or document.conversation != conversation:
        raise Wrong(f"{conversation.id} does not load as it was saved: {document.complaints}")
    if schema.encode(document) != data:
        raise Wrong(f"{conversation.id} is written differently the second time")
    if any(streaming(message) for message in conversation.messages.values()):
        raise Wrong(f"an answer of {conversation.id} counts as one under way")
    seen = {""}
    for message in conversation.messages.values():
        if conversation.parents[message.id] not in seen:
            raise Wrong(f"{message.id} stands before its parent")
        seen.add(message.id)
    list(conversation.path())


def nothing_lost(value: Any, told: str, summary: Summary) -> None:
    """Words of the file that are nowhere, and nothing is told of any loss."""
    if summary.passed_over or summary.faults or summary.empty or summary.left_out["hidden system message"]:
        return
    if summary.duplicates:  # a conversation that stands twice may have two titles
        return
    if lost := [word for word in marked(value) if word not in told]:
        raise Wrong(f"lost: {lost[:3]}")
