"""The settings file and the file with the state of the window."""

from __future__ import annotations

from collections.abc import Mapping

from coderapp.core.errors import Problem, StorageError
from coderapp.core.message import JsonValue
from coderapp.core.settings import BY_NAME, SETTINGS, SettingError, SettingValue, defaults
from coderapp.storage.objects import read_object, write_object
from coderapp.storage.paths import Paths

VERSION = 1


class SettingsStore:
    """`settings.json`: only what differs from a default has to stand there. Unknown names stay in the file, and so
    does a value that is not allowed, until its setting is changed."""

    def __init__(self, paths: Paths) -> None:
        self.problems: list[Problem] = []
        self._path = paths.settings
        self._fields: dict[str, JsonValue] | None = None

    def load(self) -> dict[str, SettingValue]:
        """Every setting of the table. A bad value gives the default and a sentence in `problems`. Never raises."""
        read = read_object(self._path, "The settings")
        self.problems = read.problems
        self._fields = read.fields
        values = defaults()
        for row in SETTINGS:
            if row.name in read.fields:
                try:
                    values[row.name] = row.validate(read.fields[row.name])
                except SettingError as error:
                    advice = f"{error.advice} Until it is changed, {row.default!r} is used."
                    self.problems.append(
                        Problem.of(StorageError(f"{self._path.name}: {error.sentence}", advice=advice))
                    )
        return values

    def save(self, changes: Mapping[str, SettingValue]) -> None:
        """Changes some settings. Raises SettingError for a value that the table does not allow, StorageError."""
        if self._fields is None:
            self.load()
        fields = dict(self._fields or {})
        fields.setdefault("version", VERSION)
        for name, value in changes.items():
            if name not in BY_NAME:
                raise SettingError(f"There is no setting {name!r}.", advice="Look at the list of settings.")
            fields[name] = BY_NAME[name].validate(value)
        write_object(self._path, {"version": fields.pop("version"), **fields})
        self._fields = fields


class StateStore:
    """`state.json`: whatever the window wants to find again. Nothing in it is needed to start."""

    def __init__(self, paths: Paths) -> None:
        self.problems: list[Problem] = []
        self._path = paths.state

    def load(self) -> dict[str, JsonValue]:
        """Never raises; empty on the first start or where the file does not read."""
        read = read_object(self._path, "The state of the window")
        self.problems = read.problems
        return read.fields

    def save(self, state: Mapping[str, JsonValue]) -> None:
        """Raises StorageError."""
        write_object(self._path, dict(state))
