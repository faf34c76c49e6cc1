"""Imports of a test: files made of values, read, brought in, and looked at."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coderapp.core.conversation import Conversation
from coderapp.core.message import FilePart, Message, ReasoningPart, TextPart
from coderapp.exchange.importers.importing import Importer
from coderapp.exchange.importers.summary import Summary
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.paths import Paths
from coderapp.storage.staging import Imported, Staging, commit


@dataclass(slots=True)
class Desk:
    """A data folder, and a folder for the files to import."""

    root: Path

    @property
    def paths(self) -> Paths:
        return Paths(self.root / "data")

    def file(self, value: Any, name: str = "export.json") -> Path:
        """`value` as JSON, or bytes as they are."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode())
        return path

    def read(self, *files: Path, folder: str = "") -> tuple[Staging, Summary]:
        staging = Staging(self.paths)
        staging.begin()
        summary = Importer(self.paths, staging, folder=folder, now=lambda: 1_760_000_000.0).run(files)
        staging.ready(summary.to_json())
        return staging, summary

    def bring_in(self, *files: Path, folder: str = "") -> tuple[Summary, Imported]:
        staging, summary = self.read(*files, folder=folder)
        store = ConversationStore(self.paths)
        imported = commit(self.paths, staging.job, store)
        store.close()
        assert not store.problems
        assert not self.paths.incoming.exists()
        return summary, imported

    def all(self) -> list[Conversation]:
        """What is there, newest first, as a program that starts would find it."""
        store = ConversationStore(self.paths)
        found = [store.load(head.id) for head in store.list()]
        assert not store.problems
        return found

    def only(self) -> Conversation:
        (found,) = self.all()
        return found


def words_of(message: Message) -> str:
    return "\n".join(part.text for part in message.parts if isinstance(part, TextPart | ReasoningPart | FilePart))


def everything(conversations: list[Conversation]) -> str:
    """Every word that is somewhere in them."""
    told = []
    for each in conversations:
        told += [each.title, each.system_prompt, each.draft, *each.tags, each.folder]
        told.append(json.dumps(each.origin.get("beside", {}), ensure_ascii=False))
        told += [words_of(message) for message in each.messages.values()]
    return "\n".join(told)


def marked(value: Any) -> set[str]:
    """The words between « and » of a sample: what a person would miss."""
    return set(re.findall("«[^«»]*»", json.dumps(value, ensure_ascii=False)))
