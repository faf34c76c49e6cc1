"""Keys from a keyring that works, refuses, or is silent."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from coderapp.core.errors import KeyringError
from coderapp.core.profile import Profile, ProfileKind, built_in_profile
from coderapp.core.secret import Secret
from coderapp.qt.keyring_worker import KeyringWorker
from coderapp.storage.keys import MemoryKeyStore

PIXLAB = Profile("p", "Pix", ProfileKind.PIXLAB, base_url="https://host.invalid/coder")
OPENAI = Profile("o", "Open", ProfileKind.OPENAI, base_url="https://host.invalid/v1")
KEY = Secret("sk-1")


class Keyring(MemoryKeyStore):
    """Fails with `fault` where it is set; waits for `free` before each call; counts the calls."""

    def __init__(self) -> None:
        super().__init__()
        self.fault: KeyringError | None = None
        self.free = threading.Event()
        self.free.set()
        self.calls = 0
        self.workers: list[KeyringWorker] = []

    def _begin(self) -> None:
        self.calls += 1
        self.free.wait(20)
        if self.fault is not None:
            raise self.fault

    def get(self, profile_id: str) -> Secret | None:
        self._begin()
        return super().get(profile_id)

    def set(self, profile_id: str, key: Secret) -> None:
        self._begin()
        super().set(profile_id, key)

    def delete(self, profile_id: str) -> None:
        self._begin()
        super().delete(profile_id)


@pytest.fixture
def keyring() -> Iterator[Keyring]:
    made = Keyring()
    yield made
    for each in made.workers:
        each.stop()
    made.free.set()
    for thread in threading.enumerate():
        if thread.name == "keyring":
            thread.join(5)


def worker(keyring: Keyring, environment: Secret | None = None, deadline: float = 5.0) -> KeyringWorker:
    made = KeyringWorker(keyring, lambda _: environment, deadline=deadline)
    keyring.workers.append(made)
    return made


class Asked:
    """Gathers what `get` and `set` report."""

    def __init__(self, bot: QtBot) -> None:
        self._bot = bot
        self.keys: list[Secret | None] = []
        self.sentences: list[str] = []

    def get(self, worker: KeyringWorker, profile: Profile) -> Secret | None:
        before = len(self.keys)
        worker.get(profile, self.keys.append)
        self._bot.waitUntil(lambda: len(self.keys) > before)
        return self.keys[-1]

    def set(self, worker: KeyringWorker, profile: Profile, key: Secret) -> str:
        before = len(self.sentences)
        worker.set(profile.id, key, self.sentences.append)
        self._bot.waitUntil(lambda: len(self.sentences) > before)
        return self.sentences[-1]


@pytest.fixture
def asked(qtbot: QtBot) -> Asked:
    return Asked(qtbot)


def test_a_stored_key_is_found_and_asked_for_once(asked: Asked, keyring: Keyring) -> None:
    MemoryKeyStore.set(keyring, "p", KEY)
    keys = worker(keyring)
    assert asked.get(keys, PIXLAB) == KEY
    assert asked.get(keys, PIXLAB) == KEY
    assert keyring.calls == 1


def test_the_built_in_endpoint_has_none(asked: Asked, keyring: Keyring) -> None:
    assert asked.get(worker(keyring), built_in_profile()) is None
    assert keyring.calls == 0


def test_a_key_is_kept_and_forgotten(asked: Asked, keyring: Keyring) -> None:
    keys = worker(keyring)
    assert asked.set(keys, PIXLAB, KEY) == ""
    assert MemoryKeyStore.get(keyring, "p") == KEY
    assert not keys.is_session_only("p")
    assert asked.set(keys, PIXLAB, Secret("")) == ""
    assert MemoryKeyStore.get(keyring, "p") is None
    assert asked.get(keys, PIXLAB) is None


def test_a_refused_key_stays_for_this_run(asked: Asked, keyring: Keyring) -> None:
    keyring.fault = KeyringError("The keyring is locked.")
    keys = worker(keyring)
    assert "locked" in asked.set(keys, PIXLAB, KEY)
    assert keys.is_session_only("p")
    assert asked.get(keys, PIXLAB) == KEY
    keys.forget_cache("p")
    assert asked.get(keys, PIXLAB) == KEY


def test_requests_behind_a_silent_keyring_share_one_deadline(qtbot: QtBot, keyring: Keyring) -> None:
    keyring.free.clear()
    keys = worker(keyring, deadline=0.2)
    found: list[Secret | None] = []
    with qtbot.waitSignal(keys.trouble, timeout=1000) as told:
        for _ in range(5):
            keys.get(PIXLAB, found.append)
    assert found == [None] * 5
    assert "did not answer" in told.args[0]
    assert keyring.calls == 1


def test_after_trouble_the_keyring_is_asked_again(asked: Asked, keyring: Keyring) -> None:
    MemoryKeyStore.set(keyring, "p", KEY)
    keyring.fault = KeyringError("The keyring is locked.")
    keys = worker(keyring)
    assert asked.get(keys, PIXLAB) is None
    keyring.fault = None
    assert asked.get(keys, PIXLAB) == KEY


def test_where_the_key_is_optional_trouble_costs_one_deadline(asked: Asked, keyring: Keyring) -> None:
    keyring.fault = KeyringError("The keyring is locked.")
    keys = worker(keyring)
    assert asked.get(keys, OPENAI) is None
    assert asked.get(keys, OPENAI) is None
    assert keyring.calls == 1
    keyring.fault = None
    MemoryKeyStore.set(keyring, "o", KEY)
    keys.forget_cache("o")
    assert asked.get(keys, OPENAI) == KEY


def test_the_environments_key_stands_in(asked: Asked, keyring: Keyring) -> None:
    keys = worker(keyring, environment=Secret("env"))
    assert asked.get(keys, PIXLAB) == Secret("env")
    assert keys.is_from_environment(PIXLAB)
    asked.set(keys, PIXLAB, KEY)
    assert asked.get(keys, PIXLAB) == KEY
    assert not keys.is_from_environment(PIXLAB)


def test_a_key_entered_during_a_slow_call_counts(qtbot: QtBot, asked: Asked, keyring: Keyring) -> None:
    keyring.free.clear()
    keys = worker(keyring)
    found: list[Secret | None] = []
    keys.get(PIXLAB, found.append)
    keys.set("p", KEY, asked.sentences.append)
    assert asked.get(keys, PIXLAB) == KEY
    keyring.free.set()
    qtbot.waitUntil(lambda: len(found) == 1 and asked.sentences == [""])
    assert found == [KEY]
    assert asked.get(keys, PIXLAB) == KEY
