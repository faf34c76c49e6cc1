"""What the user of tests.crash.child does with the history: folders, tags, the archive, the trash, and back again."""

from __future__ import annotations

import json
import os
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from coderapp.app.program import Program
from coderapp.qt.history_entry import HistoryEntry
from tests.crash.ledger import IMPORTED

Tell = Callable[[str, Any], None]
"""Says what a register is to hold, before the deed: the kill may be in between."""

Changes = dict[str, tuple[Any, Any]]
"""Registers with what they held before a step and hold after it."""

ENOUGH = 30
"""Conversations; above it no more are made."""


class Arranging:
    """Each method does one thing at random, or nothing where there is nothing to do it with."""

    def __init__(self, program: Program, chance: random.Random, tell: Tell, files: Path, first: int) -> None:
        """`files` is the folder for what is imported; imports are numbered from `first`."""
        self._program = program
        self._workspace = program.workspace
        self._history = program.workspace.history
        self._random = chance
        self._tell = tell
        self._files = files
        self._next = first
        self._imports: list[tuple[int, str]] = []
        self._coming_back: set[str] = set()
        # The stack of what can be undone, as far as it is known here: what it does to the registers.
        self._done: list[Changes] = []
        self._undone: list[Changes] = []
        self._under_way: Changes = {}
        program.workspace.undo.pushed.connect(self._on_pushed)
        program.workspace.folders.changed.connect(lambda: tell("folders", program.workspace.folders.names))
        program.imports.succeeded.connect(self._on_imported)

    # what is there

    def _entries(self) -> list[HistoryEntry]:
        """Those that have messages or had some: nothing disappears by itself that has."""
        return [e for e in self._history.entries() if not e.problem and not self._is_blank(e.id)]

    def _is_blank(self, name: str) -> bool:
        session = self._workspace.session_of(name)
        return session is not None and not session.conversation.messages

    def some(self) -> list[HistoryEntry]:
        """One, or none where there is none."""
        known = self._entries()
        return [self._random.choice(known)] if known else []

    # fields

    def do(self, changes: Changes, act: Callable[..., object], *arguments: object) -> None:
        """Something that can be taken back."""
        for name, (_, after) in changes.items():
            self._tell(name, after)
        self._under_way = changes
        act(*arguments)
        self._under_way = {}

    def pin(self) -> None:
        for entry in self.some():
            on = not entry.pinned
            self.do({f"pinned:{entry.id}": (not on, on)}, self._workspace.organizer.pin, [entry.id], on)

    def archive(self) -> None:
        for entry in self.some():
            on = not entry.archived
            self.do({f"archived:{entry.id}": (not on, on)}, self._workspace.organizer.archive, [entry.id], on)

    def rename(self) -> None:
        for entry in self.some():
            title = f"Title {self._random.randint(0, 999)}"
            self.do({f"title:{entry.id}": (entry.title, title)}, self._workspace.organizer.rename, entry.id, title)

    def tag(self) -> None:
        for entry in self.some():
            tag = f"tag{self._random.randint(0, 9_999)}"
            was = tag in entry.tags
            changes = {f"tag:{entry.id}:{tag}": (was, True)}
            self.do(changes, self._workspace.organizer.tag, [entry.id], [tag])

    # folders

    def move(self) -> None:
        for entry in self.some():
            folder = self._random.choice(["", *self._workspace.folders.names])
            self.do(_moved([entry], folder), self._workspace.organizer.move, [entry.id], folder)

    def new_folder(self) -> None:
        book = self._workspace.folders
        if len(book.names) < 6:
            name = book.free_name(f"Folder {self._random.randint(0, 99)}")
            within = self.some()
            changes = _moved(within, name) | self._folders([*book.names, name])
            self.do(changes, self._workspace.organizer.new_folder, name, [entry.id for entry in within])

    def rename_folder(self) -> None:
        names = self._workspace.organizer.folders
        new = f"Other {self._random.randint(0, 999)}"
        if names and new not in names:
            old = self._random.choice(names)
            changes: Changes = {f"folder:{e.id}": (old, new) for e in self._history.in_folder(old)}
            changes |= self._folders([new if name == old else name for name in names])
            self.do(changes, self._workspace.organizer.rename_folder, old, new)

    def remove_folder(self) -> None:
        if names := self._workspace.organizer.folders:
            old = self._random.choice(names)
            changes: Changes = {f"folder:{e.id}": (old, "") for e in self._history.in_folder(old)}
            changes |= self._folders([name for name in names if name != old])
            self.do(changes, self._workspace.organizer.remove_folder, old)

    def _folders(self, names: list[str]) -> Changes:
        return {"folders": (self._workspace.folders.names, names)}

    # the trash

    def delete(self) -> None:
        if len(self._history.entries()) > 4:
            for entry in self.some():
                self.do({f"there:{entry.id}": (True, False)}, self._workspace.delete, entry.id)

    def restore(self) -> None:
        """From the trash, by its list."""
        self._coming_back = {name for name in self._coming_back if self._history.get(name) is None}
        there = [
            (entry.id, name)
            for entry in self._workspace.trash.model.entries()
            if self._history.get(name := entry.id.partition(".")[0]) is None and name not in self._coming_back
        ]
        if there:
            key, name = self._random.choice(there)
            self._coming_back.add(name)
            self.do({f"there:{name}": (False, True)}, self._workspace.trash.restore, [key])

    # back and forth

    def _on_pushed(self, _: str) -> None:
        self._done.append(self._under_way)
        self._under_way = {}
        self._undone.clear()

    def undo(self) -> None:
        undo = self._workspace.undo
        if undo.can_undo and self._done:
            step = self._done.pop()
            for name, (before, _) in step.items():
                self._tell(name, before)
            undo.undo()
            if undo.can_redo:
                self._undone.append(step)

    def redo(self) -> None:
        if self._workspace.undo.can_redo and self._undone:
            step = self._undone.pop()
            for name, (_, after) in step.items():
                self._tell(name, after)
            self._workspace.undo.redo()
            self._done.append(step)

    # more of them

    def duplicate(self) -> None:
        if len(self._history.entries()) < ENOUGH:
            small = [e.id for e in self._history.entries() if e.title != "Ten thousand" and not e.busy]
            if small:
                self._workspace.organizer.duplicate([self._random.choice(small)])

    def bring_in(self) -> None:
        if self._program.imports.is_busy or len(self._history.entries()) > ENOUGH:
            return
        number = self._next
        self._next += 1
        rows = [{"messages": [{"role": "user", "content": f"Imported {number} {i}"}]} for i in range(IMPORTED)]
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl", dir=self._files, delete=False) as file:
            file.write("".join(json.dumps(row) + "\n" for row in rows))
        self._tell(f"imported:{number}", 0)
        self._imports.append((number, file.name))
        self._program.imports.read([file.name])

    def _on_imported(self) -> None:
        number, name = self._imports.pop()
        os.unlink(name)
        self._tell(f"imported:{number}", IMPORTED)


def _moved(entries: list[HistoryEntry], folder: str) -> Changes:
    """What lies in the archive comes out of it on the way."""
    changes: Changes = {f"folder:{entry.id}": (entry.folder, folder) for entry in entries}
    return changes | {f"archived:{entry.id}": (entry.archived, False) for entry in entries}
