"""Keys from the OS keyring, with a deadline for each call and this run's memory as the fallback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from coderapp.core.errors import CoderappError, KeyringError
from coderapp.core.profile import Profile, ProfileKind
from coderapp.core.secret import Secret
from coderapp.qt.background import AbandonableCalls

DEADLINE = 6.0
"""Seconds for one keyring call. A locked keyring may show a prompt that nobody sees, and block without limit."""


class KeyStorage(Protocol):
    """What is needed of `storage.keys.KeyStore`. Calls may block; failures are KeyringError."""

    def get(self, profile_id: str) -> Secret | None: ...

    def set(self, profile_id: str, key: Secret) -> None: ...

    def delete(self, profile_id: str) -> None: ...


OnKey = Callable[[Secret | None], None]


class KeyringWorker(QObject):
    """Signal: `trouble(sentence)`: the keyring does not work; keys stay in memory for this run."""

    trouble = Signal(str)

    def __init__(
        self,
        store: KeyStorage,
        environment_key: Callable[[Profile], Secret | None],
        *,
        deadline: float = DEADLINE,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._environment_key = environment_key
        self._known: dict[str, Secret | None] = {}
        self._asking: dict[str, list[OnKey]] = {}
        self._session_only: set[str] = set()
        self._calls = AbandonableCalls(
            deadline, lambda: KeyringError(f"The keyring did not answer within {deadline:.0f} seconds."), self
        )

    def is_session_only(self, profile_id: str) -> bool:
        """Whether a profile's key is only in memory, because the keyring refused it."""
        return profile_id in self._session_only

    def is_from_environment(self, profile: Profile) -> bool:
        """Whether the key comes from the environment, because none is stored. Call after `get`."""
        return not self._known.get(profile.id) and self._environment_key(profile) is not None

    def get(self, profile: Profile, found: OnKey) -> None:
        """Calls `found` with the key, or None. Never fails: a keyring in trouble counts as one without the key."""
        if profile.kind is ProfileKind.BUILT_IN:
            found(None)
            return
        if profile.id in self._known:
            found(self._known[profile.id] or self._environment_key(profile))
            return

        if profile.id in self._asking:  # one call answers all: behind a silent keyring they would queue for minutes
            self._asking[profile.id].append(found)
            return
        self._asking[profile.id] = [found]

        def tell(key: Secret | None) -> None:
            key = self._known.get(profile.id, key) or self._environment_key(profile)  # entered meanwhile: that counts
            for each in self._asking.pop(profile.id):
                each(key)

        def success(key: Secret | None) -> None:
            self._known.setdefault(profile.id, key)
            tell(key)

        def failure(error: CoderappError) -> None:
            if not self._known.get(profile.id):
                if profile.needs_key and self._environment_key(profile) is None:
                    self.trouble.emit(f"{error.sentence} {error.advice}".strip())
                else:  # it goes on without: the next prompt need not wait for the keyring again
                    self._known[profile.id] = None
            tell(None)

        self._calls.submit(lambda: self._store.get(profile.id), success, failure)

    def set(self, profile_id: str, key: Secret, done: Callable[[str], None]) -> None:
        """Keeps a key, or forgets it where it is empty. `done` gets "" or a sentence on why it is only in memory."""
        self._known[profile_id] = key or None
        store = self._store

        def success(_: None) -> None:
            self._session_only.discard(profile_id)
            done("")

        def failure(error: CoderappError) -> None:
            if key:
                self._known[profile_id] = key
                self._session_only.add(profile_id)
                done(f"{error.sentence} The key is kept in memory until you close the program.")
            else:
                done(error.sentence)

        if key:
            self._calls.submit(lambda: store.set(profile_id, key), success, failure)
        else:
            self._calls.submit(lambda: store.delete(profile_id), success, failure)

    def forget_cache(self, profile_id: str) -> None:
        """Asks the keyring anew next time."""
        if profile_id not in self._session_only:
            self._known.pop(profile_id, None)

    def stop(self) -> None:
        """Leaves calls that still run to themselves: the program's end does not wait for a keyring."""
        self._calls.stop()
