"""What every test runs under.

* Qt paints offscreen unless ``QT_QPA_PLATFORM`` says otherwise.
* Home, data, configuration and cache folders are empty ones of this run; what a test leaves in them is gone
  before the next. ``XDG_RUNTIME_DIR`` and the session bus stay, for the keyring answers there, but never the
  bus of the desktop that somebody is logged in to.
* A connection or a look-up that leaves this machine is refused and fails the test.
* So do a logged warning that the test does not expect (``expected_log``), a Qt warning (``qt_log_level_fail``
  in pyproject.toml), a ``QThread`` that outlives the test, and an exception that nobody could catch
  (pytest warns of it, and warnings are errors here).
* Garbage is collected between the tests, in the thread that runs them: a collection that happens to start in
  another one would end widgets of an earlier test there, which Qt answers with a crash some tests later.
"""

from __future__ import annotations

import gc
import ipaddress
import logging
import os
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# Timings on a shared machine say nothing about one example of a property.
settings.register_profile("coderapp", deadline=None, max_examples=50)
settings.load_profile("coderapp")

_HOME = Path(tempfile.mkdtemp(prefix="coderapp-tests-"))
_FOLDERS = {
    "XDG_CACHE_HOME": _HOME / ".cache",
    "XDG_CONFIG_HOME": _HOME / ".config",
    "XDG_DATA_HOME": _HOME / ".local" / "share",
    "XDG_STATE_HOME": _HOME / ".local" / "state",
    "APPDATA": _HOME / "AppData" / "Roaming",
    "LOCALAPPDATA": _HOME / "AppData" / "Local",
}
# Font caches cost each process a second when they are lost, and hold nothing of ours.
_KEPT = frozenset({"XDG_CACHE_HOME"})

_FULL_COLLECTION_EVERY = 100
"""Tests between two collections of all garbage, which cost 0.1 s each."""

_GRACE_MS = 200
"""How long a thread that was told to end may take until it counts as left running."""


def pytest_configure(config: pytest.Config) -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ["HOME"] = os.environ["USERPROFILE"] = str(_HOME)
    for name, folder in _FOLDERS.items():
        folder.mkdir(parents=True, exist_ok=True)
        os.environ[name] = str(folder)
    for name in [name for name in os.environ if name.startswith("CODERAPP_") or name == "PIXLAB_API_KEY"]:
        del os.environ[name]
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]
    if "/run/user/" in os.environ.get("DBUS_SESSION_BUS_ADDRESS", ""):
        os.environ["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={_HOME / 'no-session-bus'}"
    config.pluginmanager.register(_Watch(), "coderapp-watch")


@pytest.fixture
def untraced() -> Generator[None]:
    """For what takes many times as long while its lines are counted, and is counted by other tests too."""
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)


def pytest_unconfigure() -> None:
    shutil.rmtree(_HOME, ignore_errors=True)


class RefusedByTests(ConnectionRefusedError):
    """A test reached for a host beyond this machine."""


class _Warnings(logging.Handler):
    """Keeps what is logged at WARNING or above."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


class _Watch:
    """Looks after each test, once all its fixtures are gone, for what it left behind."""

    def __init__(self) -> None:
        self._log = _Warnings()
        self._refused: list[str] = []
        self._threads_before: frozenset[str] = frozenset()
        self._tests = 0
        self._guard_network()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self) -> Generator[None]:
        gc.disable()  # a program that ended in the test before has enabled it
        self._log.records.clear()
        self._refused.clear()
        self._threads_before = _native_threads()
        logging.getLogger().addHandler(self._log)
        yield

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None]:
        try:
            yield
            complaints = [
                *(f"it reached for {address}, which is not this machine" for address in self._refused),
                *(f"it left the QThread {name} running" for name in self._running_qthreads()),
                *(f"it logged: {line}" for line in self._unexpected_lines(item)),
            ]
        finally:
            logging.getLogger().removeHandler(self._log)
            _empty_home()
            self._tests += 1
            gc.collect(1 if self._tests % _FULL_COLLECTION_EVERY else 2)
        if complaints:
            pytest.fail("\n".join(complaints), pytrace=False)

    def _unexpected_lines(self, item: pytest.Item) -> list[str]:
        expected = [re.compile(pattern) for mark in item.iter_markers("expected_log") for pattern in mark.args]
        lines = [f"{record.levelname} {record.name}: {record.getMessage()}" for record in self._log.records]
        return [line for line in lines if not any(pattern.search(line) for pattern in expected)]

    def _running_qthreads(self) -> list[str]:
        """The names of the QThreads that run on; they are asked to end, to spare the later tests."""
        qtcore = sys.modules.get("PySide6.QtCore")
        if qtcore is None or (self._threads_before and not _native_threads() - self._threads_before):
            return []
        names = []
        for thread in [each for each in gc.get_objects() if issubclass(type(each), qtcore.QThread)]:
            try:
                if thread.isRunning() and not thread.isCurrentThread() and not thread.wait(_GRACE_MS):
                    names.append(thread.objectName() or type(thread).__name__)
                    thread.requestInterruption()
                    thread.quit()
                    thread.wait(1000)
            except RuntimeError:  # the C++ half is gone already
                continue
        return names

    def _guard_network(self) -> None:
        def guarded(original: Callable[..., Any]) -> Callable[..., Any]:
            def call(sock: socket.socket, *arguments: Any) -> Any:
                # sendto(data, [flags,] address); connect(address)
                if sock.family in (socket.AF_INET, socket.AF_INET6):
                    self._refuse_unless_loopback(arguments[-1][0])
                return original(sock, *arguments)

            return call

        for name in ("connect", "connect_ex", "sendto"):
            setattr(socket.socket, name, guarded(getattr(socket.socket, name)))

        look_up = socket.getaddrinfo

        def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
            name = host.decode() if isinstance(host, bytes) else host
            if isinstance(name, str) and name.rstrip(".").endswith(".invalid"):  # never exists, says RFC 6761
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            self._refuse_unless_loopback(name)
            return look_up(host, *arguments, **options)

        socket.getaddrinfo = getaddrinfo

    def _refuse_unless_loopback(self, host: object) -> None:
        if not _is_this_machine(host):
            self._refused.append(str(host))
            raise RefusedByTests(f"tests connect to this machine only, not to {host}")


def _is_this_machine(host: object) -> bool:
    if host in (None, "", "localhost", "localhost."):
        return True
    try:
        address = ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback or address.is_unspecified


def _native_threads() -> frozenset[str]:
    """The identities of this process's threads; empty where the system does not tell."""
    try:
        return frozenset(os.listdir("/proc/self/task"))
    except OSError:
        return frozenset()


def _empty_home() -> None:
    for name, folder in _FOLDERS.items():
        if name in _KEPT:
            continue
        for entry in folder.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)
