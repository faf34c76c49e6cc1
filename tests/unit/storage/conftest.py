"""What the tests of storage share: a data folder on the fastest disk there is, and D-Bus sessions of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import pytest

from coderapp.storage.conversations import ConversationStore
from coderapp.storage.paths import Paths

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={folder}/bus</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
</busconfig>
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where the system offers that: these tests write thousands of files."""
    base = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=base if os.access(base, os.W_OK) else None, prefix="coderapp-") as name:
        yield Path(name)


@pytest.fixture
def paths(folder: Path) -> Paths:
    return Paths.under(folder)


@pytest.fixture
def store(paths: Paths) -> Iterator[ConversationStore]:
    store = ConversationStore(paths)
    yield store
    store.close()


@dataclass(frozen=True, slots=True)
class Session:
    """A message bus that nobody else is on; `environment` leads a process to it."""

    folder: Path

    @property
    def address(self) -> str:
        return f"unix:path={self.folder / 'bus'}"

    @property
    def environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DBUS_", "GNOME_KEYRING_", "XDG_")) and name not in ("DISPLAY", "WAYLAND_DISPLAY")
        }
        home = str(self.folder)
        return kept | {"DBUS_SESSION_BUS_ADDRESS": self.address, "HOME": home, "XDG_RUNTIME_DIR": home}


@contextmanager
def process(command: list[str], environment: dict[str, str], *, says: str = "") -> Iterator[subprocess.Popen[str]]:
    """Runs while the block does; first waits until it has said its first line. `says` goes to its input."""
    if shutil.which(command[0]) is None:
        pytest.fail(f"{command[0]} is needed for this test: packaging/dev.py test installs it")
    with subprocess.Popen(
        command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        try:
            running.stdin.write(says)
            running.stdin.close()
            running.stdout.readline()
            yield running
        finally:
            running.kill()


@contextmanager
def bus() -> Iterator[Session]:
    with tempfile.TemporaryDirectory(prefix="coderapp-bus-", ignore_cleanup_errors=True) as name:
        session = Session(Path(name))
        config = session.folder / "session.conf"
        config.write_text(BUS.format(folder=name))
        with process(["dbus-daemon", f"--config-file={config}", "--nofork", "--print-address"], session.environment):
            yield session


@contextmanager
def keyring_session(*, unlocked: bool) -> Iterator[Session]:
    """A session with gnome-keyring; without a keyring in it unless `unlocked`."""
    with ExitStack() as stack:
        session = stack.enter_context(bus())
        how = ["--unlock"] if unlocked else []
        command = ["gnome-keyring-daemon", "--foreground", "--components=secrets", *how]
        stack.enter_context(process(command, session.environment, says="password\n" if unlocked else ""))
        wait_for_name(session, "org.freedesktop.secrets")
        yield session


def wait_for_name(session: Session, name: str) -> None:
    question = ["org.freedesktop.DBus.NameHasOwner", f"string:{name}"]
    command = ["dbus-send", f"--bus={session.address}", "--print-reply", "--dest=org.freedesktop.DBus", "/", *question]
    for _ in range(250):
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=5)
        if "boolean true" in said.stdout:
            return
        Event().wait(0.02)
    pytest.fail(f"nothing took the name {name} on the bus within 5 s")


@pytest.fixture(scope="session")
def keyring_bus() -> Iterator[Session]:
    with keyring_session(unlocked=True) as session:
        yield session
