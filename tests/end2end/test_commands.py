"""`coderapp snapshot` and `coderapp doctor`, as a shell starts them: without a display."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from coderapp.cli import main
from tests.helpers.hostile_server import answers, free_port
from tests.helpers.talker import Talker, says

KEY = "sk-Geheim-123"
ROOT = Path(__file__).parents[2]


def coderapp(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    return subprocess.run(
        [sys.executable, "-m", "coderapp", *map(str, arguments)],
        cwd=ROOT,
        env={**inherited, **environment},
        capture_output=True,
        timeout=60,
        check=False,
    )


def png_size(path: Path) -> tuple[int, int]:
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def brightness(path: Path) -> int:
    """Of the picture as a whole, from 0 to 255."""
    from PySide6.QtGui import QImage

    return QImage(str(path)).scaled(1, 1).pixelColor(0, 0).lightness()


# snapshot


@pytest.mark.slow
def test_a_snapshot_of_the_built_in_endpoint(tmp_path: Path) -> None:
    out, kept = tmp_path / "window.png", tmp_path / "conversation.json"
    done = coderapp(
        "--data-dir", tmp_path / "data", "snapshot", "--prompt", "A login form in HTML", "--out", out, "--json", kept,
        "--set", "temperature=0", "--set", "max_tokens=4000", "--size", "900x650", "--theme", "dark",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert png_size(out) == (900, 650)
    assert brightness(out) < 80
    document = json.loads(kept.read_text())
    prompt, answer = document["messages"]
    assert "A login form in HTML" in json.dumps(prompt)
    assert "<form" in json.dumps(answer)
    assert answer["generation"]["parameters"]["temperature"] == 0
    assert answer["generation"]["finish"] in ("stop", "length")
    assert list((tmp_path / "data" / "conversations").glob("*.json"))


@pytest.mark.slow
def test_a_snapshot_of_another_server(tmp_path: Path, server: Talker) -> None:
    server.behave(says("# Hello\n\nIt *works*."))
    out, kept = tmp_path / "window.png", tmp_path / "conversation.json"
    done = coderapp(
        "snapshot", "--prompt", "Go", "--out", out, "--json", kept, "--profile", server.openai_url, "--model", "m-7",
        "--set", "top_p=0.5", "--set", 'stop=["END"]', "--system", "Be brief.", "--data-dir", tmp_path / "data",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert png_size(out) == (1280, 800)
    assert brightness(out) > 200
    body = server.bodies[-1]
    assert body == {
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Go"}],
        "model": "m-7",
        "top_p": 0.5,
        "stop": ["END"],
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert "It *works*." in kept.read_text()
    assert not (tmp_path / "data" / "profiles.json").exists(), "an address of the command line is for one run"


@pytest.mark.slow
def test_a_snapshot_with_the_key_of_the_environment_shows_it_nowhere(tmp_path: Path, server: Talker) -> None:
    out, kept = tmp_path / "window.png", tmp_path / "conversation.json"
    data = tmp_path / "data"
    done = coderapp(
        "snapshot", "--prompt", "Go", "--out", out, "--json", kept, "--profile", server.coder_url, "--data-dir", data,
        PIXLAB_API_KEY=KEY,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert server.requests[-1].headers["www-authenticate"] == KEY
    assert without_key(done, out, kept, *(path for path in data.rglob("*") if path.is_file()))


def without_key(done: subprocess.CompletedProcess[bytes], *files: Path) -> bool:
    return KEY.encode() not in b"".join([done.stdout, done.stderr, *(path.read_bytes() for path in files)])


@pytest.mark.slow
def test_a_snapshot_that_fails_says_so_in_a_sentence(tmp_path: Path, server: Talker) -> None:
    server.behave(answers({"status": 401, "error": f"Invalid key {KEY}"}, 401))
    done = coderapp(
        "snapshot", "--prompt", "Go", "--out", tmp_path / "w.png", "--profile", server.coder_url, PIXLAB_API_KEY=KEY
    )
    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert b"key" in done.stderr
    assert b"Traceback" not in done.stderr
    assert without_key(done)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--size", "big"], "write it like 1280x800"),
        (["--size", "10x10"], "write it like 1280x800"),
        (["--set", "temperature"], "write NAME=VALUE"),
        (["--set", "temperature=9"], "temperature must be between 0 and 2, got 9."),
        (["--set", "heat=1"], "There is no parameter heat"),
        (["--profile", "Nobody"], "There is no profile Nobody"),
        (["--profile", "ftp://host/v1"], "must begin with http"),
        (["--prompt", "  "], "The prompt is empty"),
        (["--json", "/nowhere/at/all.json"], "does not exist"),
    ],
)
def test_bad_arguments_are_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    given = ["snapshot", "--prompt", "Go", "--out", str(tmp_path / "w.png"), "--data-dir", str(tmp_path / "data")]
    assert main([*given, *arguments]) == 1
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert not (tmp_path / "w.png").exists()


@pytest.mark.parametrize("arguments", [["snapshot"], ["snapshot", "--prompt", "x", "--out", "y", "--theme", "pink"]])
def test_a_wrong_command_line_tells_the_usage(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: coderapp snapshot" in capsys.readouterr().err


# doctor


@pytest.mark.slow
def test_the_doctor_finds_the_built_in_endpoint(tmp_path: Path) -> None:
    done = coderapp("doctor", "--data-dir", tmp_path / "data", PIXLAB_API_KEY=KEY)
    report = done.stdout.decode()
    assert done.returncode == 0, report
    assert str(tmp_path / "data") in report
    assert "Python" in report
    assert "display: none" in report
    assert "Keyring" in report
    assert "Profile Built-in" in report
    assert "BAD" not in report
    assert without_key(done)
    assert not (tmp_path / "data").exists(), "a report changes nothing"


@pytest.mark.slow
def test_the_doctor_takes_the_data_folder_before_its_name_too(tmp_path: Path, server: Talker) -> None:
    done = coderapp("--data-dir", tmp_path / "elsewhere", "doctor", "--profile", server.coder_url, PIXLAB_API_KEY=KEY)
    report = done.stdout.decode()
    assert done.returncode == 0, report + done.stderr.decode()
    assert str(tmp_path / "elsewhere") in report
    assert "key known" in report
    assert without_key(done)


@pytest.mark.slow
def test_the_doctor_finds_nobody(tmp_path: Path) -> None:
    done = coderapp("doctor", "--profile", f"http://127.0.0.1:{free_port()}/v1", "--data-dir", tmp_path)
    assert done.returncode == 1
    assert "BAD " in done.stdout.decode()
    assert b"Traceback" not in done.stdout + done.stderr
