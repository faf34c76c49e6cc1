"""Names of files: safe everywhere, unique whatever a file system makes of capitals."""

from __future__ import annotations

import re
import unicodedata

from coderapp.core.exporting import ExportFormat
from coderapp.text.languages import safe_name

_SEPARATORS = re.compile(r"[/\\]+")


class Names:
    """Gives each name once. Two names that differ in capitals or in how accents are written count as one."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}
        self._folders: dict[str, str] = {}

    def free(self, folder: str, stem: str, suffix: str = "") -> str:
        """`stem` and `suffix` are safe; `folder` is "" or ends with a slash. The name without the folder."""
        wanted = _key(f"{folder}{stem}{suffix}")
        name = f"{stem}{suffix}"
        number = self._taken.get(wanted, 1)
        while _key(folder + name) in self._taken:
            number += 1
            name = f"{stem}-{number}{suffix}"
        self._taken[wanted] = number
        self._taken.setdefault(_key(folder + name), 1)
        return name

    def folder(self, inside: str, name: str) -> str:
        """The name for a folder: the same each time, and not that of a file."""
        key = _key(inside + name)
        if key not in self._folders:
            self._folders[key] = self.free(inside, name)
        return self._folders[key]


def _key(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def file_stem(title: str) -> str:
    """A title as the name of a file, without its ending; "conversation" where nothing is left of it."""
    return safe_name(" ".join(title.split()).strip("-. ")[:80]) or "conversation"


def safe_path(name: str) -> list[str]:
    """The folders and the file of a relative path, each safe; what would lead out of its folder is left out."""
    pieces = [safe_name(piece.strip()) for piece in _SEPARATORS.split(name.removeprefix("~"))]
    return [piece for piece in pieces if piece][-6:]


def default_name(title: str, form: ExportFormat, day: str, *, several: bool) -> str:
    """What the file, or the archive of several, is called. `day` like 2026-11-22."""
    if several:
        return f"coderapp {'code' if form is ExportFormat.CODE else 'export'} {day}.zip"
    return f"{file_stem(title)}{form.suffix}"
