"""The virtual environment ``.venv`` at the project's root: made, filled from the locks, and known to be so."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from dev_console import ROOT, Stop, last_line, run, say, shown
from dev_system import Purpose

VENV = ROOT / ".venv"
STAMP = VENV / "coderapp-setup.json"
LOCKS: Mapping[Purpose, Path] = {
    "run": ROOT / "packaging" / "requirements.lock",
    "test": ROOT / "packaging" / "requirements-dev.lock",  # everything of the other, and the tools
}

Plan = Literal["ready", "install", "remake"]


@dataclass(frozen=True, slots=True)
class Stamp:
    """What was put into the environment, and for which checkout.

    ``installing`` is true from before the first change until the last one succeeded; ``entries`` are the names
    in site-packages at that time.
    """

    root: str
    python: str
    installing: bool
    fingerprints: dict[str, str] = field(default_factory=dict)
    entries: tuple[str, ...] = ()

    def dumps(self) -> str:
        values = {
            "root": self.root,
            "python": self.python,
            "installing": self.installing,
            "fingerprints": self.fingerprints,
            "entries": list(self.entries),
        }
        return json.dumps(values, indent=1)

    @classmethod
    def loads(cls, text: str) -> Stamp | None:
        """The stamp in ``text``, None if it is none of ours."""
        try:
            values = json.loads(text)
            return cls(
                root=str(values["root"]),
                python=str(values["python"]),
                installing=bool(values["installing"]),
                fingerprints={str(kind): str(digest) for kind, digest in values["fingerprints"].items()},
                entries=tuple(map(str, values["entries"])),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return None


@dataclass(frozen=True, slots=True)
class Found:
    """What is at ``.venv``: ``python`` is its version (``3.11``), None if there is no working interpreter."""

    python: str | None
    stamp: Stamp | None
    entries: frozenset[str] = frozenset()
    exists: bool = True


def decide(found: Found, *, root: str, python: str, purpose: Purpose, fingerprint: str) -> tuple[Plan, str]:
    """What to do with the environment, and why, as a sentence for the developer ("" if there is nothing to say)."""
    if not found.exists:
        return "remake", "Making the virtual environment .venv."
    if found.python is None:
        return "remake", ".venv has no working Python: making it anew."
    if found.python != python:
        return "remake", f".venv is one of Python {found.python}, this is {python}: making it anew."
    stamp = found.stamp
    if stamp is None:
        return "install", ".venv was not made by this command: adding what it lacks."
    if stamp.installing:
        return "remake", ".venv was left half-made: making it anew."
    if stamp.root != root:
        return "remake", f".venv belongs to {stamp.root}: making it anew."
    lost = set(stamp.entries) - found.entries
    if any(name.endswith(".dist-info") for name in lost):
        return "install", "Packages in .venv were changed by hand: installing the locked ones."
    if lost:
        return "remake", f".venv has lost {', '.join(sorted(lost)[:3])}: making it anew."
    if stamp.fingerprints.get(purpose) != fingerprint:
        return "install", "Installing the locked dependencies."
    return "ready", ""


def fingerprint(pyproject: str, files: Mapping[str, bytes], python: str) -> str:
    """A digest of all that decides what is installed; settings of tools in pyproject.toml do not count."""
    table = tomllib.loads(pyproject)
    relevant = {
        "build-system": table.get("build-system"),
        "project": table.get("project"),
        "hatch": table.get("tool", {}).get("hatch"),
        "python": python,
    }
    digest = hashlib.sha256(json.dumps(relevant, sort_keys=True).encode())
    for name in sorted(files):
        digest.update(f"\n{name} {hashlib.sha256(files[name]).hexdigest()}".encode())
    return digest.hexdigest()


def python_path() -> Path:
    return VENV / "Scripts" / "python.exe" if sys.platform == "win32" else VENV / "bin" / "python"


def tool_path(name: str) -> Path:
    return python_path().with_name(f"{name}.exe" if sys.platform == "win32" else name)


def ensure(purpose: Purpose) -> None:
    """Makes ``.venv`` what ``purpose`` needs; does nothing, in milliseconds, if it is that already.

    Raises:
        Stop: It cannot be made.
    """
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    digest = _fingerprint_here(purpose, version)
    found = _look()
    plan, why = decide(found, root=str(ROOT), python=version, purpose=purpose, fingerprint=digest)
    if plan == "ready":
        return
    if plan == "install" and not _pip_works():
        plan, why = "remake", ".venv has no working pip: making it anew."
    say(why)
    kept: dict[str, str] = {}
    if plan == "remake":
        _make()
    elif found.stamp is not None:
        kept = found.stamp.fingerprints
    _write(Stamp(str(ROOT), version, installing=True))
    try:
        _install(purpose)
    except Stop:
        # pip failed in good order: what is there is sound, and the next start goes on from it.
        _write(Stamp(str(ROOT), version, installing=False))
        raise
    kept = {**kept, purpose: digest}
    if purpose == "test":
        kept["run"] = _fingerprint_here("run", version)
    _write(Stamp(str(ROOT), version, False, kept, tuple(sorted(_entries()))))


def _fingerprint_here(purpose: Purpose, version: str) -> str:
    lock = LOCKS[purpose]
    parts = [lock, ROOT / "coderapp" / "__init__.py"]
    try:
        files = {part.name: part.read_bytes() for part in parts}
        return fingerprint((ROOT / "pyproject.toml").read_text(encoding="utf-8"), files, version)
    except FileNotFoundError as error:
        raise Stop(f"{error.filename} is missing from this checkout: restore it with git, then start again.") from error


def _look() -> Found:
    if not VENV.exists() and not VENV.is_symlink():
        return Found(None, None, exists=False)
    stamp = None
    if STAMP.is_file():
        stamp = Stamp.loads(STAMP.read_text(encoding="utf-8", errors="replace"))
    return Found(_version(), stamp, frozenset(_entries()))


def _version() -> str | None:
    """The version that ``pyvenv.cfg`` names, if the interpreter is still there."""
    try:
        lines = (VENV / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    values = {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in lines)}
    version = values.get("version", values.get("version_info", ""))
    return ".".join(version.split(".")[:2]) if version and python_path().exists() else None


def _entries() -> Collection[str]:
    names = {path.name for folder in _site_packages() for path in folder.iterdir()}
    # pip changes itself; a cache may come and go
    return {name for name in names if name != "__pycache__" and not name.startswith(("pip-", "setuptools-", "~"))}


def _site_packages() -> list[Path]:
    candidates = [VENV / "Lib" / "site-packages", *VENV.glob("lib/python*/site-packages")]
    return [folder for folder in candidates if folder.is_dir()]


def _pip_works() -> bool:
    try:
        command = [str(python_path()), "-c", "import pip, ssl"]
        return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _make() -> None:
    try:
        if VENV.is_symlink() or VENV.is_file():
            VENV.unlink()
        elif VENV.exists():
            shutil.rmtree(VENV)
    except OSError as error:
        raise Stop(f"{VENV} cannot be removed ({error.strerror}): remove it by hand, then start again.") from error
    base: Any = getattr(sys, "_base_executable", None) or sys.executable
    outcome = run([str(base), "-m", "venv", str(VENV)], quiet=True, limit_s=300)
    if outcome.code != 0:
        raise Stop(f"Python could not make {VENV}: {last_line(outcome.tail)}")


def _install(purpose: Purpose) -> None:
    lock = LOCKS[purpose]
    say(f"Installing what {lock.relative_to(ROOT)} names; the first time this takes a minute or two.")
    pip = [str(python_path()), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input"]
    for attempt in (1, 2):
        outcome = run([*pip, "--require-hashes", "-r", str(lock)])
        if outcome.code == 0:
            break
        if attempt == 2:
            raise Stop(
                f"pip could not install the locked dependencies (its words are above: {last_line(outcome.tail)}). "
                "Check the network and the free space on the disk, then start again."
            )
        say("pip failed; trying once more.")
    editable = [*pip, "--no-deps", "--no-build-isolation", "--no-index", "-e", str(ROOT)]
    if run(editable).code != 0:
        raise Stop(f"pip could not install coderapp itself (its words are above): {shown(editable)}")


def _write(stamp: Stamp) -> None:
    partial = STAMP.with_suffix(".partial")
    partial.write_text(stamp.dumps(), encoding="utf-8")
    partial.replace(STAMP)
