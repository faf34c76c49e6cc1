"""What the commands pass on, print and conclude."""

import sys
from pathlib import Path

import dev
import dev_console
import pytest
from dev_checks import closing_line, failure, steps
from dev_console import ROOT, Outcome, Stop
from dev_environment import LOCKS
from dev_locks import HEADER, checked, compile_command


@pytest.mark.parametrize(
    ("platform", "env", "expected"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ""}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_has_display(platform: str, env: dict[str, str], expected: bool) -> None:
    assert dev.has_display(platform, env) is expected


def test_program_arguments() -> None:
    picture = ["snapshot", "--prompt", dev.PICTURE_PROMPT, "--out", dev.PICTURE]
    assert dev.program_arguments([], display=True) == []
    assert dev.program_arguments([], display=False) == picture
    assert dev.program_arguments(["--data-dir", "x"], display=False) == [*picture, "--data-dir", "x"]
    assert dev.program_arguments(["--data-dir", "x", "doctor"], display=False) == ["--data-dir", "x", "doctor"]


def test_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert dev.main(["tset"]) == 1
    assert "There is no such command: tset" in capsys.readouterr().err
    assert dev.main(["setup", "extra"]) == 1


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert dev.main([]) == 0
    assert "run [ARG ...]" in capsys.readouterr().out


def test_other_python(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4, "final", 0))
    assert dev.main(["run"]) == 1
    assert "coderapp needs Python 3.11, 3.12 or 3.13; this is 3.10" in capsys.readouterr().err


def test_run_keeps_the_tail_and_the_code() -> None:
    script = "import sys; print('x' * 200_000); print('last'); sys.exit(3)"
    outcome = dev_console.run([sys.executable, "-c", script], quiet=True)
    assert (outcome.code, outcome.timed_out, outcome.tail[-6:]) == (3, False, "x\nlast\n"[-6:])
    assert len(outcome.tail) <= 1 << 16


def test_run_kills_what_takes_too_long() -> None:
    # The grandchild holds the pipe: were it left alive, the reader would wait for it.
    script = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    outcome = dev_console.run([sys.executable, "-c", script], quiet=True, limit_s=0.3)
    assert outcome.timed_out
    assert outcome.seconds < 4


def test_run_without_the_program() -> None:
    with pytest.raises(Stop, match="no-such-program could not be started"):
        dev_console.run(["no-such-program", "x"])


def test_every_check_in_order() -> None:
    assert [step.name for step in steps([])] == [
        *("format", "lint", "types", "layers", "tests", "tests.benchmarks.start"),
        "tests.benchmarks.streaming",
        "tests.benchmarks.storage",
    ]
    (quick,) = steps(["-k", "stamp"])
    assert quick.command[1:] == ("-m", "pytest", "-k", "stamp")


CLOSING = "=== \x1b[31m1 failed\x1b[0m, \x1b[32m21 passed\x1b[0m, 1 skipped in 12.21s (0:00:12) ==="


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (f"...\n{CLOSING}\n", "1 failed, 21 passed, 1 skipped in 12.21s (0:00:12)"),
        ("3 passed in 0.02s\n", "3 passed in 0.02s"),
        ("2 errors in 1.00s\n", "2 errors in 1.00s"),
        ("==== no tests ran in 0.01s ====", "no tests ran in 0.01s"),
        ("Fatal Python error: Aborted\n", None),
    ],
)
def test_closing_line(output: str, expected: str | None) -> None:
    assert closing_line(output) == expected


def test_failures_are_sentences() -> None:
    tests = next(step for step in steps([]) if step.name == "tests")
    lint = next(step for step in steps([]) if step.name == "lint")
    assert failure(lint, Outcome(1, 0.1, "x\nFound 1 error.\n")).startswith(
        "lint failed with exit code 1 (Found 1 error.): run"
    )
    assert "tests failed with exit code 1 (1 failed, 21 passed" in failure(tests, Outcome(1, 9, CLOSING))
    uncovered = "FAIL Required test coverage of 95.0% not reached. Total coverage: 80.00%\n4 passed in 1.0s\n"
    assert "Total coverage: 80.00%; 4 passed in 1.0s" in failure(tests, Outcome(1, 9, uncovered))
    assert "was killed by signal 6" in failure(tests, Outcome(-6, 9, "Fatal Python error: Aborted\n"))
    assert "did not end within" in failure(tests, Outcome(-9, 1200, "", timed_out=True))


def test_committed_locks_are_ours() -> None:
    names: dict[str, set[str]] = {}
    for purpose, lock in LOCKS.items():
        text = lock.read_text(encoding="utf-8")
        assert checked(text, lock.name) == text
        names[purpose] = {line.split(" ")[0] for line in text.splitlines() if "==" in line and line[0] != " "}
    assert names["run"] < names["test"]
    assert {"hatchling", "editables", "pyside6-essentials"} <= {name.partition("==")[0] for name in names["run"]}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("--index-url https://example.org/simple\n", "name a host"),
        ("--find-links wheels\n", "name a host"),
        ("a @ https://example.org/a.whl \\\n", "name a host"),
        ("a==1 \\\n    --hash=sha256:00\nb==2\n", "no hashes for b==2"),
    ],
)
def test_lock_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(Stop, match=complaint):
        checked(text, "requirements.lock")


def test_lock_command() -> None:
    command = compile_command("uv", Path("out.lock"), ["build"], Path("all.lock"), True)
    assert command[-1] == "pyproject.toml"
    assert {"--universal", "--generate-hashes", "--no-emit-index-url", "--upgrade"} <= set(command)
    assert "--upgrade" not in compile_command("uv", Path("out.lock"), ["build"], None, False)
    assert HEADER.startswith("# Made by")


def test_shown_is_relative_to_the_root() -> None:
    assert dev_console.shown([str(ROOT / ".venv" / "bin" / "ruff"), "a b"]) == ".venv/bin/ruff 'a b'"
