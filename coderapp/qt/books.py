"""Settings, profiles and the window's state in memory; changes are written by whoever listens."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, QTimer, Signal

from coderapp.core.profile import Profile, ProfileKind
from coderapp.core.settings import BY_NAME, SettingValue

STATE_AFTER = 400
"""Milliseconds from a change of the window's state until it is reported, with those that followed it."""


class SettingsBook(QObject):
    """Signals: `changed(name)`; `to_save(values)`."""

    changed = Signal(str)
    to_save = Signal(dict)

    def __init__(self, values: Mapping[str, SettingValue], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._values = dict(values)

    def __getitem__(self, name: str) -> SettingValue:
        return self._values.get(name, BY_NAME[name].default)

    def set(self, name: str, value: SettingValue) -> None:
        """Raises SettingError where the table does not allow the value."""
        value = BY_NAME[name].validate(value)
        if self[name] != value:
            self._values[name] = value
            self.to_save.emit({name: value})
            self.changed.emit(name)


class ProfileBook(QObject):
    """Never empty: the built-in profile can't be removed. Signals: `changed()`; `to_save(profiles, default id)`."""

    changed = Signal()
    to_save = Signal(list, str)

    def __init__(self, profiles: list[Profile], default_id: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._profiles = list(profiles)
        self._default_id = default_id

    @property
    def profiles(self) -> tuple[Profile, ...]:
        return tuple(self._profiles)

    @property
    def default(self) -> Profile:
        """For new conversations: the one chosen last."""
        return self.get(self._default_id)

    def get(self, profile_id: str) -> Profile:
        """By id; the default, or the first, where it is gone."""
        for wanted in (profile_id, self._default_id):
            for profile in self._profiles:
                if profile.id == wanted:
                    return profile
        return self._profiles[0]

    def put(self, profile: Profile) -> None:
        """Adds a profile, or replaces the one with its id."""
        for place, known in enumerate(self._profiles):
            if known.id == profile.id:
                self._profiles[place] = profile
                break
        else:
            self._profiles.append(profile)
        self._save()

    def remove(self, profile_id: str) -> None:
        kept = [known for known in self._profiles if known.id != profile_id or known.kind is ProfileKind.BUILT_IN]
        if len(kept) < len(self._profiles):
            self._profiles = kept
            self._default_id = self.default.id
            self._save()

    def set_default(self, profile_id: str) -> None:
        if profile_id != self._default_id:
            self._default_id = profile_id
            self._save()

    def _save(self) -> None:
        self.to_save.emit(list(self._profiles), self._default_id)
        self.changed.emit()


class StateBook(QObject):
    """Sizes and places. Signal: `to_save(values)`: soon after a change."""

    to_save = Signal(dict)

    def __init__(self, values: Mapping[str, object], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._values = dict(values)
        self._timer = QTimer(self, singleShot=True, interval=STATE_AFTER)
        self._timer.timeout.connect(self.flush)

    def get(self, name: str) -> object:
        return self._values.get(name)

    def set(self, name: str, value: object) -> None:
        if self._values.get(name) != value:
            self._values[name] = value
            if not self._timer.isActive():
                self._timer.start()

    def flush(self) -> None:
        """Reports now what waits."""
        self._timer.stop()
        self.to_save.emit(dict(self._values))
