"""The system libraries and programs that coderapp and its tests need, and how to get those that are missing."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dev_console import Stop, last_line, run, say, shown

Purpose = Literal["run", "test"]


@dataclass(frozen=True, slots=True)
class Need:
    """A shared library (by its soname) or a program that must be there, and the Debian package that has it."""

    name: str
    package: str


# What the NEEDED entries of Qt's libraries and platform plugins name and a bare system may lack.
LIBRARIES = (
    Need("libGL.so.1", "libgl1"),
    Need("libEGL.so.1", "libegl1"),
    Need("libX11.so.6", "libx11-6"),
    Need("libxkbcommon.so.0", "libxkbcommon0"),
    Need("libgthread-2.0.so.0", "libglib2.0-0"),
    Need("libfreetype.so.6", "libfreetype6"),
    Need("libfontconfig.so.1", "libfontconfig1"),
    Need("libdbus-1.so.3", "libdbus-1-3"),
    # the xcb platform
    Need("libX11-xcb.so.1", "libx11-xcb1"),
    Need("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
    Need("libxcb-cursor.so.0", "libxcb-cursor0"),
    Need("libxcb-icccm.so.4", "libxcb-icccm4"),
    Need("libxcb-image.so.0", "libxcb-image0"),
    Need("libxcb-keysyms.so.1", "libxcb-keysyms1"),
    Need("libxcb-randr.so.0", "libxcb-randr0"),
    Need("libxcb-render-util.so.0", "libxcb-render-util0"),
    Need("libxcb-shape.so.0", "libxcb-shape0"),
    Need("libxcb-shm.so.0", "libxcb-shm0"),
    Need("libxcb-sync.so.1", "libxcb-sync1"),
    Need("libxcb-util.so.1", "libxcb-util1"),
    Need("libxcb-xfixes.so.0", "libxcb-xfixes0"),
    Need("libxcb-xkb.so.1", "libxcb-xkb1"),
)
WAYLAND_LIBRARIES = (
    Need("libwayland-client.so.0", "libwayland-client0"),
    Need("libwayland-cursor.so.0", "libwayland-cursor0"),
)
TEST_PROGRAMS = (
    Need("Xvfb", "xvfb"),
    Need("xauth", "xauth"),
    Need("openbox", "openbox"),
    Need("dbus-run-session", "dbus"),
    Need("gnome-keyring-daemon", "gnome-keyring"),
)

_MACHINES = {"x86_64": "x86-64", "aarch64": "AArch64"}
OS_RELEASE = Path("/etc/os-release")
_ATTEMPTS = 3
_PAUSE_S = 5.0


def missing(
    purpose: Purpose,
    *,
    libraries: Collection[str] | None,
    find_program: Callable[[str], str | None],
    wayland: bool,
    ensurepip: bool,
) -> list[Need]:
    """What is needed and not there.

    ``libraries`` are the sonames that the loader knows, None where it does not tell: then only programs are
    looked for, and Qt itself names a library that it cannot load.
    """
    needs = [*LIBRARIES, *(WAYLAND_LIBRARIES if wayland else ())]
    found = [] if libraries is None else [need for need in needs if need.name not in libraries]
    if purpose == "test":
        found += [need for need in TEST_PROGRAMS if find_program(need.name) is None]
    if not ensurepip:
        found.append(Need("ensurepip", f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"))
    return found


def packages(needs: Collection[Need]) -> list[str]:
    return sorted({need.package for need in needs})


def apt_install(names: Collection[str]) -> list[str]:
    options = ["--yes", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=3"]
    return ["apt-get", "install", *options, *names]


def by_hand(names: Collection[str]) -> str:
    """The one command that a person with sudo types."""
    return f"sudo apt-get update && sudo apt-get install --yes --no-install-recommends {' '.join(names)}"


def is_debian(os_release: str) -> bool:
    """Whether ``/etc/os-release`` is that of Debian, Ubuntu or one of their children."""
    ids = re.findall(r"^ID(?:_LIKE)?=(.*)$", os_release, re.MULTILINE)
    return any(word in ("debian", "ubuntu") for line in ids for word in line.strip("\"' ").split())


def sonames(ldconfig_output: str, machine: str) -> frozenset[str]:
    """The libraries in the output of ``ldconfig -p`` that fit this machine."""
    tag = _MACHINES.get(machine, "")
    rows = re.findall(r"^\s+(\S+) \(([^)]*)\)", ldconfig_output, re.MULTILINE)
    return frozenset(name for name, kind in rows if tag in kind)


def ensure(purpose: Purpose) -> None:
    """Sees to it that everything ``purpose`` needs from the system is there.

    Raises:
        Stop: Something is missing and cannot be installed from here.
    """
    if sys.platform != "linux":
        return  # Qt's wheels bring all they need
    needs = _missing_here(purpose)
    if not needs:
        return
    names = packages(needs)
    listed = ", ".join(need.name for need in needs)
    if not (is_debian(_os_release()) and shutil.which("apt-get")):
        raise Stop(
            f"This system lacks {listed}. Install {'it' if len(needs) == 1 else 'them'} with its package manager "
            f"(on Debian: {' '.join(names)}) and start again."
        )
    if os.geteuid() != 0:
        raise Stop(
            f"This system lacks {listed}, and only root may install them. "
            f"Run this, then start again:\n\n    {by_hand(names)}\n"
        )
    say(f"This system lacks {listed}: installing {' '.join(names)}.")
    _apt(["apt-get", "update", "-o", "Acquire::Retries=3"], names)
    _apt(apt_install(names), names)
    if still := _missing_here(purpose):
        raise Stop(
            f"{' '.join(packages(still))} installed without complaint, but {', '.join(n.name for n in still)} "
            "cannot be found. Look at the output of ldconfig -p and at PATH."
        )


def _apt(command: list[str], names: Collection[str]) -> None:
    env: Mapping[str, str] = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for attempt in range(1, _ATTEMPTS + 1):
        outcome = run(command, env=env, limit_s=600, quiet=True)
        if outcome.code == 0:
            return
        complaint = next((ln for ln in outcome.tail.splitlines() if ln.startswith("E:")), last_line(outcome.tail))
        say(f"{shown(command[:2])} failed (attempt {attempt} of {_ATTEMPTS}): {complaint}")
        if attempt < _ATTEMPTS:
            time.sleep(_PAUSE_S * attempt)
    raise Stop(
        f"{shown(command[:2])} did not get through. Check the network and the package sources, then run: "
        f"{by_hand(names)}"
    )


def _missing_here(purpose: Purpose) -> list[Need]:
    importlib.invalidate_caches()
    return missing(
        purpose,
        libraries=_loader_knows(),
        find_program=_find_program,
        wayland=bool(os.environ.get("WAYLAND_DISPLAY")),
        ensurepip=importlib.util.find_spec("ensurepip") is not None,
    )


def _loader_knows() -> frozenset[str] | None:
    ldconfig = _find_program("ldconfig")
    if ldconfig is None:
        return None
    result = subprocess.run([ldconfig, "-p"], capture_output=True, text=True, errors="replace", check=False)
    return sonames(result.stdout, platform.machine()) if result.returncode == 0 else None


def _find_program(name: str) -> str | None:
    # an ordinary user's PATH often lacks the folder in which ldconfig is
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"]))


def _os_release() -> str:
    try:
        return OS_RELEASE.read_text(encoding="utf-8")
    except OSError:
        return ""
