"""Makes the lock files from pyproject.toml: one answer for every supported Python and system, with hashes."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from dev_console import ROOT, Stop, last_line, run, say
from dev_environment import LOCKS, tool_path

OLDEST_PYTHON = "3.11"
HEADER = (
    "# Made by `python3 packaging/dev.py lock` from pyproject.toml, for Python 3.11 to 3.13 on Linux, macOS and\n"
    "# Windows. Do not edit.\n"
)


def compile_command(uv: str, output: Path, groups: Sequence[str], constraint: Path | None, upgrade: bool) -> list[str]:
    """The call of uv that writes ``output``; versions already in it are kept unless ``upgrade``."""
    command = [uv, "pip", "compile", "--quiet", "--universal", "--python-version", OLDEST_PYTHON]
    command += [
        "--generate-hashes",
        "--no-emit-index-url",
        "--no-header",
        "--no-annotate",
        "--output-file",
        str(output),
    ]
    for group in groups:
        command += ["--group", group]
    if constraint is not None:
        command += ["--constraint", str(constraint)]
    if upgrade:
        command.append("--upgrade")
    return [*command, "pyproject.toml"]


def checked(text: str, name: str) -> str:
    """The lock with our header.

    Raises:
        Stop: It names a host, or a package without hashes.
    """
    body = "".join(line + "\n" for line in text.splitlines() if line + "\n" not in HEADER)
    if "://" in body or "--index" in body or "--find-links" in body:
        raise Stop(f"{name} would name a host, which a lock of ours does not: look at uv's configuration.")
    bare = [block.split(" ")[0] for block in body.split("\n") if "==" in block and not block.endswith("\\")]
    if bare:
        raise Stop(f"{name} would have no hashes for {', '.join(bare)}.")
    return HEADER + body


def renew(*, upgrade: bool) -> None:
    """Writes both locks, the smaller one from the versions of the larger.

    Raises:
        Stop: uv is missing or finds no solution; the locks stay as they were.
    """
    own = tool_path("uv")
    uv = str(own) if own.exists() else shutil.which("uv")
    if uv is None:
        raise Stop("uv is not in .venv: run python3 packaging/dev.py test once, or install uv, then start again.")
    with tempfile.TemporaryDirectory(prefix="coderapp-locks-") as folder:
        made = {purpose: Path(folder, lock.name) for purpose, lock in LOCKS.items()}
        for purpose, lock in LOCKS.items():
            if lock.exists():
                made[purpose].write_bytes(lock.read_bytes())
        _compile(compile_command(uv, made["test"], ["build", "dev"], None, upgrade))
        _compile(compile_command(uv, made["run"], ["build"], made["test"], upgrade))
        texts = {purpose: checked(path.read_text("utf-8"), path.name) for purpose, path in made.items()}
    for purpose, lock in LOCKS.items():
        lock.write_text(texts[purpose], encoding="utf-8", newline="\n")
        say(f"{lock.relative_to(ROOT)}: {len(re.findall(r'^[a-z].*==', texts[purpose], re.MULTILINE))} packages.")


def _compile(command: list[str]) -> None:
    outcome = run(command, limit_s=600)
    if outcome.code != 0:
        raise Stop(f"uv could not make the lock (its words are above): {last_line(outcome.tail)}")
