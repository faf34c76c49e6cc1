"""`coderapp doctor`: what a report of a fault needs to say about this machine. No secret in it."""

from __future__ import annotations

import argparse
import asyncio
import importlib.metadata
import os
import platform
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from coderapp import __version__
from coderapp.core.errors import CoderappError, KeyringError
from coderapp.core.profile import Profile, ProfileKind
from coderapp.core.secret import Secret
from coderapp.storage.keys import KeyStore, environment_key
from coderapp.storage.paths import Paths
from coderapp.storage.profiles import ProfileStore

if TYPE_CHECKING:
    from coderapp.api.client import CheckResult

KEYRING_DEADLINE = 5.0
LIBRARIES = (
    "PySide6-Essentials", "httpx", "keyring", "Pygments", "markdown-it-py", "msgspec", "starlette", "uvicorn",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", metavar="NAME|URL", help="which profile to ask (default: the one in use)")
    parser.add_argument("--data-dir", metavar="DIR", default=argparse.SUPPRESS, help="the data folder to look at")


def run(arguments: argparse.Namespace) -> int:
    """Prints one finding a line. 0 where everything works, 1 where something does not."""
    from coderapp.app.choosing import choose_profile

    paths = Paths.under(arguments.data_dir)
    store = ProfileStore(paths)
    profiles = store.load()
    try:
        wanted = arguments.profile or profiles.default_id
        profile, _ = choose_profile(wanted, profiles.profiles)
    except CoderappError as error:
        print(f"coderapp doctor: {error.sentence} {error.advice}".strip(), file=sys.stderr)
        return 1
    findings = [
        *_versions(),
        *_display(),
        *_folder(paths),
        *((False, f"Profiles: {p.sentence}") for p in store.problems),
    ]
    keyring_fine, keyring_words, key = _keyring(profile)
    findings.append((keyring_fine, f"Keyring: {keyring_words}"))
    findings.append(_endpoint(profile, key))
    for fine, words in findings:
        print(f"{'ok  ' if fine else 'BAD '} {words}")
    return 0 if all(fine for fine, _ in findings) else 1


Finding = tuple[bool, str]


def _versions() -> Iterator[Finding]:
    yield True, f"coderapp {__version__}, Python {platform.python_version()}, {platform.platform()}"
    found = []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            yield False, f"{name} is not installed"
    yield True, ", ".join(found)


def _display() -> Iterator[Finding]:
    try:
        from PySide6.QtCore import qVersion
        from PySide6.QtGui import QGuiApplication
    except ImportError as error:
        yield False, f"Qt can't be loaded: {error}"
        return
    has_display = sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    if not has_display:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = QGuiApplication([])
    screen = application.primaryScreen()
    size = screen.size()
    words = f"{size.width()}×{size.height()} at {screen.devicePixelRatio():g}×, platform {application.platformName()}"
    yield True, f"Qt {qVersion()}, display: {words if has_display else 'none (offscreen works)'}"
    application.shutdown()


def _folder(paths: Paths) -> Iterator[Finding]:
    root = paths.root
    nearest = next((folder for folder in (root, *root.parents) if folder.exists()), Path("/"))
    writable = os.access(nearest, os.W_OK)
    room = shutil.disk_usage(nearest).free / 1e9
    count = len(list(paths.conversations.glob("*.json"))) if paths.conversations.is_dir() else 0
    state = "writable" if writable else "NOT writable"
    yield writable, f"Data folder: {root} ({state}, {room:.1f} GB free, {count} conversations)"


def _keyring(profile: Profile) -> tuple[bool, str, Secret | None]:
    """Asked in a thread that can be left behind: a locked keyring may block without limit."""
    result: list[tuple[bool, str, Secret | None]] = []

    def ask() -> None:
        store = KeyStore()
        try:
            name = store.backend_name()
            key = store.get(profile.id) if profile.kind is not ProfileKind.BUILT_IN else None
            words = "none here; keys are kept in memory for a run" if name == "none" else name
            result.append((True, words, key))
        except KeyringError as error:
            result.append((False, f"{error.sentence} {error.advice}", None))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(KEYRING_DEADLINE)
    fallback = environment_key(profile)
    if not result:
        return False, f"did not answer within {KEYRING_DEADLINE:.0f} seconds; keys stay in memory for a run", fallback
    fine, words, key = result[0]
    return fine or fallback is not None, words, key or fallback


def _endpoint(profile: Profile, key: Secret | None) -> Finding:
    label = f"Profile {profile.name}"
    try:
        with _reachable(profile, key) as (found, secret):
            result = asyncio.run(_check(found, secret))
    except CoderappError as error:
        return False, f"{label}: {error.sentence}"
    stored = "key known" if key else "no key"
    note = "" if profile.kind is ProfileKind.BUILT_IN else f" ({stored})"
    return result.ok, f"{label}{note}: {result.sentence}"


async def _check(profile: Profile, key: Secret | None) -> CheckResult:
    from coderapp.api.http_client import HttpClient

    client = HttpClient()
    try:
        return await client.check(profile, key)
    finally:
        await client.aclose()


@contextmanager
def _reachable(profile: Profile, key: Secret | None) -> Iterator[tuple[Profile, Secret | None]]:
    """The profile as it can be asked; the built-in endpoint runs meanwhile."""
    if profile.kind is not ProfileKind.BUILT_IN:
        yield profile, key
        return
    import json
    import secrets
    import subprocess

    own = secrets.token_urlsafe(24)
    process = subprocess.Popen(
        [sys.executable, "-m", "coderapp", "serve"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "CODERAPP_ENDPOINT_KEY": own},
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        try:
            url = json.loads(line)["url"]
        except (ValueError, KeyError) as error:
            raise CoderappError("The built-in endpoint did not start.") from error
        yield replace(profile, base_url=f"{url}/coder"), Secret(own)
    finally:
        process.terminate()
        process.wait(5)
