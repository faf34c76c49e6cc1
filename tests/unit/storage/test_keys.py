from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from typing import cast

import pytest
from keyring.backend import KeyringBackend
from keyring.backends import fail, null

from coderapp.core.errors import KeyringError
from coderapp.core.profile import Profile, ProfileKind, built_in_profile, pixlab_profile
from coderapp.core.secret import Secret
from coderapp.storage.errors import KeyringAbsent, KeyringLocked, KeyringSilent
from coderapp.storage.keys import SERVICE, Keys, KeyStore, MemoryKeyStore, environment_key
from tests.unit.storage.conftest import Session, bus, keyring_session, process, wait_for_name

KEY = "sk-dont-print-me-äöü-0123456789"


def secret_service() -> KeyringBackend:
    backend: KeyringBackend = importlib.import_module("keyring.backends.SecretService").Keyring()
    return backend


@pytest.fixture
def keys(keyring_bus: Session, monkeypatch: pytest.MonkeyPatch) -> KeyStore:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", keyring_bus.address)
    return KeyStore(secret_service())


def run(session: Session | None, body: str) -> str:
    """What a new process prints whose KeyStore finds its own backend; an error is printed as its class and words."""
    script = f"""
import sys
sys.path.insert(0, ".")
from coderapp.core.errors import KeyringError
from coderapp.core.secret import Secret
from coderapp.storage.keys import KeyStore
keys = KeyStore()
try:
    {body}
except KeyringError as error:
    print(type(error).__name__, error, error.advice)
"""
    environment = session.environment if session else {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=30, check=True
    )
    return done.stdout.strip()


def test_a_key_is_kept_found_replaced_and_deleted(keys: KeyStore) -> None:
    assert keys.get("pixlab") is None
    keys.set("pixlab", Secret(KEY))
    keys.set("other", Secret("another"))
    assert keys.get("pixlab") == Secret(KEY)
    keys.set("pixlab", Secret("newer"))
    assert keys.get("pixlab") == Secret("newer")
    keys.delete("pixlab")
    keys.delete("pixlab")
    assert keys.get("pixlab") is None
    assert keys.get("other") == Secret("another")
    keys.delete("other")


def test_the_key_stands_in_the_keyring_under_our_name(keys: KeyStore) -> None:
    keys.set("pixlab", Secret(KEY))
    assert secret_service().get_password(SERVICE, "pixlab") == KEY
    assert SERVICE == "coderapp"
    keys.delete("pixlab")


def test_a_new_process_finds_the_keyring_by_itself(keyring_bus: Session) -> None:
    said = run(keyring_bus, f'keys.set("p", Secret({KEY!r})); print(keys.backend_name())')
    assert said == "SecretService Keyring"
    assert run(keyring_bus, 'print(keys.get("p").reveal(), keys.get("p")); keys.delete("p")') == f"{KEY} Secret(…)"
    assert run(keyring_bus, 'print(keys.get("p"))') == "None"


def test_no_bus() -> None:
    said = run(None, 'print(keys.backend_name()); keys.get("p")')
    assert said.startswith("none\nKeyringAbsent There is no keyring on this system. The key is kept in memory")


def test_a_bus_without_a_keyring() -> None:
    with bus() as session:
        assert run(session, 'keys.set("p", Secret("x"))').startswith("KeyringAbsent")


def test_no_collection_yet() -> None:
    with keyring_session(unlocked=False) as session:
        assert run(session, 'keys.set("p", Secret("x"))').startswith("KeyringAbsent The keyring of this system is not")


def test_a_locked_collection() -> None:
    with keyring_session(unlocked=True) as session:
        assert run(session, f'keys.set("p", Secret({KEY!r})); print("kept")') == "kept"
        lock = "import secretstorage; secretstorage.get_default_collection(secretstorage.dbus_init()).lock()"
        for call in ('keys.get("p")', 'keys.set("p", Secret("x"))', 'keys.delete("p")'):
            said = run(session, f"{lock}; {call}")
            assert said.startswith("KeyringLocked The keyring is locked. Unlock the keyring and try again."), said
            assert KEY not in said


SILENT_SERVICE = """
from jeepney import message_bus
from jeepney.io.blocking import Proxy, open_dbus_connection
connection = open_dbus_connection()
print(Proxy(message_bus, connection).RequestName("org.freedesktop.secrets"), flush=True)
while True:
    connection.receive()
"""


@pytest.fixture
def silent() -> Iterator[tuple[Session, subprocess.Popen[str]]]:
    """A service that takes every call and answers none."""
    with bus() as session:
        command = [sys.executable, "-c", SILENT_SERVICE]
        with process(command, session.environment) as service:
            wait_for_name(session, "org.freedesktop.secrets")
            yield session, service


def test_a_service_that_hangs_blocks_and_its_end_is_an_error(silent: tuple[Session, subprocess.Popen[str]]) -> None:
    session, service = silent
    # in a process of its own: the library leaves its socket open
    script = """
import sys
sys.path.insert(0, ".")
from keyring.backends import SecretService
from coderapp.core.errors import KeyringError
from coderapp.storage.keys import KeyStore
class Service(SecretService.Keyring):
    priority = 5
print("asking", flush=True)
try:
    KeyStore(Service()).get("p")
except KeyringError as error:
    print(type(error).__name__, error, error.advice)
"""
    command = [sys.executable, "-c", script]
    with process(command, session.environment) as asking:
        with pytest.raises(subprocess.TimeoutExpired):  # the deadline is the caller's: it must not give up by itself
            asking.wait(0.4)
        service.kill()
        assert asking.stdout is not None
        said = asking.stdout.read()
    assert said.startswith(("KeyringSilent The keyring did not answer", "KeyringAbsent The keyring of")), said
    assert "The key is kept in memory" in said


@pytest.mark.parametrize("backend", [null.Keyring, fail.Keyring])
def test_a_backend_that_keeps_nothing_is_none(backend: type[KeyringBackend]) -> None:
    keys = KeyStore(backend())
    assert keys.backend_name() == "none"
    with pytest.raises(KeyringAbsent):
        keys.set("p", Secret(KEY))


class Failing:
    """Fails as told. Not of the library's class: each of those is a candidate for the whole process."""

    priority = 5

    def __init__(self, error: Exception) -> None:
        self.error = error

    def get_password(self, service: str, username: str) -> str | None:
        raise self.error


def test_what_backends_raise_becomes_a_sentence_without_the_key() -> None:
    from keyring.errors import InitError, NoKeyringError, PasswordSetError
    from keyring.errors import KeyringLocked as Locked
    from secretstorage.exceptions import LockedException, SecretServiceNotAvailableException

    cases: list[tuple[Exception, type[KeyringError]]] = [
        (NoKeyringError(KEY), KeyringAbsent),
        (InitError(KEY), KeyringAbsent),
        (Locked(KEY), KeyringLocked),
        (LockedException(KEY), KeyringLocked),
        (PasswordSetError(KEY), KeyringSilent),
        (SecretServiceNotAvailableException(KEY), KeyringSilent),
        (ConnectionResetError(KEY), KeyringSilent),
        (TimeoutError(KEY), KeyringSilent),
    ]
    for error, expected in cases:
        with pytest.raises(expected) as caught:
            KeyStore(cast(KeyringBackend, Failing(error))).get("p")
        assert KEY not in caught.value.sentence + caught.value.advice
        assert caught.value.sentence.endswith(".")


def test_a_missing_library_is_no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(KeyringAbsent, match="library"):
        KeyStore().get("p")


def test_memory_serves_for_one_run() -> None:
    keys: Keys = MemoryKeyStore()
    keys.set("p", Secret(KEY))
    assert keys.get("p") == Secret(KEY)
    assert KEY not in repr(vars(keys))
    keys.delete("p")
    keys.delete("p")
    assert keys.get("p") is None
    assert MemoryKeyStore().get("p") is None


def test_the_environment_gives_a_key_to_pixlab_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {"PIXLAB_API_KEY": f" {KEY}\n"}
    assert environment_key(pixlab_profile(), environment) == Secret(KEY)
    assert environment_key(built_in_profile(), environment) is None
    assert environment_key(Profile("o", "O", ProfileKind.OPENAI), environment) is None
    assert environment_key(pixlab_profile(), {}) is None
    assert environment_key(pixlab_profile(), {"PIXLAB_API_KEY": "  "}) is None
    monkeypatch.setenv("PIXLAB_API_KEY", KEY)
    assert environment_key(pixlab_profile()) == Secret(KEY)
