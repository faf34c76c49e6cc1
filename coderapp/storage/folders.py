"""The user's folders: their order, and those that are empty. Which conversation is in which stands with it."""

from __future__ import annotations

from collections.abc import Sequence

from coderapp.core.errors import Problem
from coderapp.storage.objects import read_object, write_object
from coderapp.storage.paths import Paths

VERSION = 1


class FolderStore:
    """`folders.json`. A folder that only conversations name comes after those that stand here."""

    def __init__(self, paths: Paths) -> None:
        self.problems: list[Problem] = []
        self._path = paths.folders
        self._rest: dict[str, object] = {}

    def load(self) -> list[str]:
        """Never raises; what is no name is passed over."""
        read = read_object(self._path, "The folders")
        self.problems = read.problems
        found = read.fields.pop("folders", None)
        self._rest = {name: value for name, value in read.fields.items() if name != "version"}
        names = [name for name in found if isinstance(name, str) and name.strip()] if isinstance(found, list) else []
        return list(dict.fromkeys(names))

    def save(self, names: Sequence[str]) -> None:
        """Raises StorageError."""
        write_object(self._path, {"version": VERSION, "folders": list(names), **self._rest})  # type: ignore[dict-item]
