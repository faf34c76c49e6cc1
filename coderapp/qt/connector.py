"""From a profile to an address and a key: starts the built-in endpoint, or asks the keyring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject

from coderapp.core.profile import Profile, ProfileKind
from coderapp.core.secret import Secret
from coderapp.qt.background import Failure
from coderapp.qt.endpoint_process import EndpointProcess
from coderapp.qt.keyring_worker import KeyringWorker

Connected = Callable[[Profile, Secret | None], None]


class Connector(QObject):
    def __init__(self, endpoint: EndpointProcess, keys: KeyringWorker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._endpoint = endpoint
        self._keys = keys

    def connect_to(self, profile: Profile, connected: Connected, failure: Failure) -> None:
        """Calls `connected` with the profile, its address filled in, and the key; may do so at once."""
        if profile.kind is ProfileKind.BUILT_IN:
            self._endpoint.use(lambda url, key: connected(replace(profile, base_url=url), key), failure)
        else:
            self._keys.get(profile, lambda key: connected(profile, key))

    def prepare(self, profile: Profile) -> None:
        """Makes the first prompt quicker: called when the user begins to type one."""
        if profile.kind is ProfileKind.BUILT_IN:
            self._endpoint.start()
        else:
            self._keys.get(profile, lambda _: None)
