"""API keys in the keyring of the operating system.

Every function here may block without limit: a locked keyring asks its user, who may not be there, and a broken
service takes minutes to be given up. Call them on a thread of their own that can be abandoned after a deadline, and
say so with `KeyringSilent`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol, TypeVar

from coderapp.core.errors import KeyringError
from coderapp.core.profile import COMMAND_LINE, Profile, ProfileKind
from coderapp.core.secret import Secret
from coderapp.storage.errors import KeyringAbsent, KeyringLocked, KeyringSilent

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "coderapp"
"""Under this name the keys stand in the keyring, each with its profile's id as the user."""

ENVIRONMENT_KEY = "PIXLAB_API_KEY"
COMMAND_LINE_KEY = "CODERAPP_API_KEY"

LOWEST_PRIORITY = 1
"""By the keyring library's measure: what is below keeps secrets in a plain file, or not at all."""

_T = TypeVar("_T")


class Keys(Protocol):
    """Where keys are kept, by profile id. Raises KeyringError."""

    def get(self, profile_id: str) -> Secret | None: ...

    def set(self, profile_id: str, key: Secret) -> None: ...

    def delete(self, profile_id: str) -> None: ...


def environment_key(profile: Profile, environ: Mapping[str, str] = os.environ) -> Secret | None:
    """`PIXLAB_API_KEY`, for a PixLab profile that has no key of its own; for an address that was given on the command
    line, `CODERAPP_API_KEY` before it.
    """
    names = [COMMAND_LINE_KEY] if profile.id == COMMAND_LINE else []
    names += [ENVIRONMENT_KEY] if profile.kind is ProfileKind.PIXLAB else []
    return next((key for name in names if (key := Secret(environ.get(name, "")))), None)


class MemoryKeyStore:
    """For this run only: where there is no keyring, or the user does not want it."""

    def __init__(self) -> None:
        self._keys: dict[str, Secret] = {}

    def get(self, profile_id: str) -> Secret | None:
        return self._keys.get(profile_id)

    def set(self, profile_id: str, key: Secret) -> None:
        self._keys[profile_id] = key

    def delete(self, profile_id: str) -> None:
        self._keys.pop(profile_id, None)


class KeyStore:
    """The system's keyring. `backend` None takes the one that the keyring library finds, at the first call.

    Raises KeyringAbsent, KeyringLocked or KeyringSilent.
    """

    def __init__(self, backend: KeyringBackend | None = None) -> None:
        self._given = backend
        self._trusted: KeyringBackend | None = None

    def get(self, profile_id: str) -> Secret | None:
        """None where no key is stored."""
        text = self._ask(lambda backend: backend.get_password(SERVICE, profile_id))
        return Secret(text) if text else None

    def set(self, profile_id: str, key: Secret) -> None:
        self._ask(lambda backend: backend.set_password(SERVICE, profile_id, key.reveal()))

    def delete(self, profile_id: str) -> None:
        """Also where there is none."""
        if self._ask(lambda backend: backend.get_password(SERVICE, profile_id)) is not None:
            self._ask(lambda backend: backend.delete_password(SERVICE, profile_id))

    def backend_name(self) -> str:
        """The name of the keyring in use, for `coderapp doctor`; "none" where there is none."""
        try:
            return self._ask(lambda backend: str(backend.name))
        except KeyringAbsent:
            return "none"

    def _ask(self, action: Callable[[KeyringBackend], _T]) -> _T:
        try:
            from keyring import errors
        except ImportError as error:
            raise KeyringAbsent("The library that reaches the keyring is missing.") from error
        try:
            return action(self._backend())
        except KeyringError:
            raise
        except errors.NoKeyringError as error:
            raise KeyringAbsent("There is no keyring on this system.") from error
        except errors.KeyringLocked as error:
            raise KeyringLocked("The keyring is locked.") from error
        except errors.InitError as error:
            raise KeyringAbsent("The keyring of this system is not set up, or can't be opened.") from error
        except Exception as error:
            # Each backend raises what its own libraries raise: D-Bus errors, COM errors, OSError and more.
            if type(error).__name__ in ("LockedException", "PromptDismissedException"):
                raise KeyringLocked("The keyring is locked.") from error
            raise KeyringSilent(f"The keyring did not answer as it should ({type(error).__name__}).") from error

    def _backend(self) -> KeyringBackend:
        """Raises KeyringAbsent where the library found nothing that keeps a secret."""
        if self._trusted is None:
            backend = self._given or self._found()
            if backend.priority < LOWEST_PRIORITY:
                raise KeyringAbsent("There is no keyring on this system.")
            self._trusted = backend
        return self._trusted

    @staticmethod
    def _found() -> KeyringBackend:
        import keyring
        from keyring.backends import fail

        backend = keyring.get_keyring()
        if isinstance(backend, fail.Keyring):  # found once and for all; but a keyring may have been started since
            keyring.core.init_backend()
            backend = keyring.get_keyring()
        return backend
