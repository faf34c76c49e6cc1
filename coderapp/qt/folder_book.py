"""The user's folders in memory; changes are written by whoever listens."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal

LONGEST = 200
"""Characters of a name."""


def clean(name: str) -> str:
    """A name as it is kept: one line without blanks around it; "" where nothing is left."""
    return " ".join(name.split())[:LONGEST].strip()


class FolderBook(QObject):
    """Names in the user's order. Signals: `changed()`; `to_save(names)`."""

    changed = Signal()
    to_save = Signal(list)

    def __init__(self, names: Iterable[str] = (), parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._names = list(names)

    @property
    def names(self) -> list[str]:
        return list(self._names)

    def set(self, names: Iterable[str]) -> None:
        """Another order, more or fewer."""
        new = list(dict.fromkeys(names))
        if new != self._names:
            self._names = new
            self.to_save.emit(self.names)
            self.changed.emit()

    def adopt(self, names: Iterable[str]) -> None:
        """Adds those that conversations name and that are not known yet."""
        self.set([*self._names, *names])

    def free_name(self, wanted: str = "New folder") -> str:
        """The name, or with a number where it is taken."""
        name, number = wanted, 2
        while name in self._names:
            name, number = f"{wanted} {number}", number + 1
        return name
