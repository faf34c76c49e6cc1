"""What ``test`` runs: the linters, the type checker, the tests with coverage, the benchmarks' smoke run."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dev_console import ROOT, Outcome, Stop, last_line, run, say, shown
from dev_environment import python_path, tool_path

SMOKE = (
    ("tests.benchmarks.start", "--quick"),
    ("tests.benchmarks.streaming", "--quick"),
    ("tests.benchmarks.storage", "--quick"),
)
"""The benchmarks that each change is held to: modules with their arguments."""

# Unlocks a fresh keyring on the bus of this session, then becomes the command.
WITH_KEYRING = (
    'eval "$(printf "coderapp-tests\\n" | gnome-keyring-daemon --unlock --components=secrets --daemonize)" && exec "$@"'
)

PARALLEL = ("-n", "auto", "--maxprocesses", "4", "--dist", "worksteal")
"""The whole suite runs in as many processes as there are cores, up to four."""

_LIMIT_S = 1200
_CLOSING = re.compile(r"^=*\s*((?:\d+ \w+(?:, )?)+ in [\d.]+s.*?|no tests ran in .*?)\s*=*$")


@dataclass(frozen=True, slots=True)
class Step:
    """A check. ``advice`` ends the sentence about its failure; ``session`` gives it a bus with a keyring."""

    name: str
    command: tuple[str, ...]
    advice: str
    session: bool = False


def steps(pytest_args: Sequence[str]) -> list[Step]:
    """The checks in their order. With arguments for pytest only the tests that these choose, without coverage."""
    python = str(python_path())
    pytest = (python, "-m", "pytest")
    if pytest_args:
        return [Step("tests", (*pytest, *pytest_args), "look at the failures above", session=True)]
    ruff = str(tool_path("ruff"))
    return [
        Step("format", (ruff, "format", "--check", "."), "run .venv/bin/ruff format"),
        Step("lint", (ruff, "check", "."), "run .venv/bin/ruff check --fix, or look above"),
        Step("types", (str(tool_path("mypy")),), "look at the lines that it names"),
        Step(
            "layers", (str(tool_path("lint-imports")), "--no-logo"), "see docs/architecture.md for who may import whom"
        ),
        Step("tests", (*pytest, *PARALLEL, "--cov", "--cov-report=term"), "look at the failures above", session=True),
        *(
            Step(module, (python, "-m", module, *arguments), "look at the figures above", session=True)
            for module, *arguments in SMOKE
        ),
    ]


def closing_line(output: str) -> str | None:
    """The line in which pytest sums up, without its decoration."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", output)
    found = [match[1] for line in plain.splitlines() if (match := _CLOSING.match(line.strip()))]
    return found[-1] if found else None


def failure(step: Step, outcome: Outcome) -> str:
    """The sentence about a step that failed."""
    if outcome.timed_out:
        return f"{step.name} did not end within {_LIMIT_S // 60} minutes and was killed: {shown(step.command)}"
    said = closing_line(outcome.tail) if step.name == "tests" else None
    uncovered = re.search(r"^FAIL Required test coverage.*$", outcome.tail, re.MULTILINE)
    if uncovered and (not said or "failed" not in said):
        said = f"{uncovered[0]}; {said}"
    how = f"was killed by signal {-outcome.code}" if outcome.code < 0 else f"failed with exit code {outcome.code}"
    return f"{step.name} {how} ({said or last_line(outcome.tail)}): {step.advice}. Command: {shown(step.command)}"


def run_all(pytest_args: Sequence[str]) -> None:
    """Runs every step, also after one that failed, and sums up.

    Raises:
        Stop: A step failed; the sentence is about the first of them.
    """
    summary: list[str] = []
    first: str | None = None
    with _session_environment() as env:
        for step in steps(pytest_args):
            if step.command[1:2] == ("-m",) and not _exists(step.command[2]):
                summary.append(f"  {step.name:<24} not there yet")
                continue
            say(f"\n== {step.name}: {shown(step.command)}")
            outcome = run(_in_session(step), env=env, limit_s=_LIMIT_S, sweep=True)
            passed = outcome.code == 0 and not outcome.timed_out
            said = closing_line(outcome.tail) if step.name == "tests" else None
            verdict = "ok" if passed else "FAILED"
            summary.append(f"  {step.name:<24} {verdict:<7}{outcome.seconds:7.1f} s  {said or ''}".rstrip())
            if not passed and first is None:
                first = failure(step, outcome)
    say("\n== summary\n" + "\n".join(summary))
    if first is not None:
        raise Stop(first)


def _in_session(step: Step) -> list[str]:
    if not step.session or sys.platform != "linux":
        return list(step.command)
    return ["dbus-run-session", "--", "sh", "-c", WITH_KEYRING, "sh", *step.command]


def _exists(module: str) -> bool:
    if not module.startswith("tests."):
        return True
    return ROOT.joinpath(*module.split(".")).with_suffix(".py").is_file()


@contextmanager
def _session_environment() -> Iterator[Mapping[str, str]]:
    """An environment with a home of its own, no display of the developer's and no session bus of theirs."""
    with tempfile.TemporaryDirectory(prefix="coderapp-session-", ignore_cleanup_errors=True) as folder:
        home, runtime = Path(folder, "home"), Path(folder, "runtime")
        home.mkdir()
        runtime.mkdir(mode=0o700)
        dropped = re.compile(
            r"XDG_|DBUS_|DISPLAY$|WAYLAND_DISPLAY$|XAUTHORITY$|GNOME_KEYRING_|PYTHONPATH$|VIRTUAL_ENV$"
        )
        env = {name: value for name, value in os.environ.items() if not dropped.match(name)}
        env |= {"HOME": str(home), "XDG_RUNTIME_DIR": str(runtime), "QT_QPA_PLATFORM": "offscreen"}
        env |= {"PATH": os.pathsep.join([str(python_path().parent), env.get("PATH", os.defpath)])}
        if sys.stdout.isatty():
            env |= {"PY_COLORS": "1", "CLICOLOR_FORCE": "1"}
        yield env
