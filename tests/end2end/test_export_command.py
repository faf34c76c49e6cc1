"""`coderapp export` as scripts use it: in a process of its own, without a display."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

import coderapp
from coderapp.core.conversation import Conversation
from coderapp.core.message import Role
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.paths import Paths
from tests.unit.exchange.samples import message, rich

ROOT = Path(coderapp.__file__).parents[1]
FIRST, SECOND = "20261122-170355-ab12cd", "20261121-170355-ab12ce"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    store = ConversationStore(Paths.under(tmp_path / "data"))
    for name in (FIRST, SECOND):
        store.create(rich(name))
    store.close()
    return tmp_path / "data"


def run(data: Path, *arguments: str, job: str = "") -> subprocess.CompletedProcess[str]:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return subprocess.run(
        [sys.executable, "-m", "coderapp", "export", "--data-dir", str(data), *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        input=job,
        cwd=data.parent,
        env={name: value for name, value in os.environ.items() if name not in hidden} | {"PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )


def test_the_list_and_a_file_named_after_the_title(data: Path) -> None:
    listed = run(data, "--list")
    assert listed.returncode == 0
    assert {line.split("\t")[0] for line in listed.stdout.splitlines()} == {FIRST, SECOND}
    first, again = run(data, FIRST), run(data, FIRST, "--format", "markdown")
    assert first.returncode == again.returncode == 0
    assert first.stdout == f"{data.parent / 'Parser & _friends_ a_b _ c.md'}\n"
    assert again.stdout == f"{data.parent / 'Parser & _friends_ a_b _ c-2.md'}\n"
    assert "sk-live" not in Path(first.stdout.strip()).read_text()


def test_everything_in_one_archive_and_one_on_the_standard_output(data: Path) -> None:
    done = run(data, "--all", "--out", "all.zip", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "Exported 2 conversations.\n")
    with zipfile.ZipFile(data.parent / "all.zip") as archive:
        assert {json.loads(archive.read(name))["id"] for name in archive.namelist()} == {FIRST, SECOND}
    shown = run(data, FIRST, "--out", "-", "--format", "text", "--branches")
    assert shown.returncode == 0
    assert "version 1 of 2" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 2, "--list shows them"),
        ((FIRST, "--all"), 2, "exclude each other"),
        (("--all", "--out", "-"), 2, "Give --out"),
        (("20990101-000000-000000",), 1, "no conversation 20990101-000000-000000"),
        (("../../etc/passwd",), 1, "is not the name of a conversation"),
        ((FIRST, "20990101-000000-000000"), 1, "no conversation 20990101-000000-000000"),
        ((FIRST, "--out", "no/where.md"), 1, "does not exist"),
    ],
)
def test_what_can_not_be_done_is_a_sentence(data: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    done = run(data, *arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert done.stderr.startswith("coderapp export: ")
    assert done.stderr.count("\n") == 1
    assert os.listdir(data.parent) == ["data"]


def test_what_is_left_out_is_told_by_the_exit_code(data: Path) -> None:
    (data / "conversations" / "20260101-000000-000000.json").mkdir()
    done = run(data, "--all", "--out", "all.zip")
    assert done.returncode == 3
    assert "20260101-000000-000000 is not in the export" in done.stderr


def test_a_pdf_without_a_display(data: Path) -> None:
    done = run(data, FIRST, "--out", "out.pdf", "--branches", "--details", "--reasoning")
    assert (done.returncode, done.stderr) == (0, "Exported 1 conversation.\n")
    assert (data.parent / "out.pdf").read_bytes().startswith(b"%PDF-")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such signal")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_one_that_is_ended_leaves_nothing(data: Path, number: int, code: int) -> None:
    store = ConversationStore(Paths.under(data))
    long = Conversation("20261120-170355-ab12cf", 1_795_000_000.0)
    for count in range(4000):
        long.add(message(f"m{count}", Role.USER, "```python\nprint(1)\n```\n" * 3))
    store.create(long)
    store.close()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "coderapp",
            "export",
            "--data-dir",
            str(data),
            "--all",
            "--format",
            "pdf",
            "--out",
            "x.zip",
        ],
        cwd=data.parent,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
    )
    try:
        deadline = time.monotonic() + 30
        while not any(name.endswith(".part") for name in os.listdir(data.parent)):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(number)
        assert process.wait(30) == code
    finally:
        process.kill()
        process.communicate()
    assert os.listdir(data.parent) == ["data"]
