"""The guards of ``tests/conftest.py`` let honest tests pass and name what a careless one left behind."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

TESTS = """
import logging
import os
import socket
import threading
import warnings
from pathlib import Path

import pytest
from PySide6.QtCore import QThread, qWarning


def test_fine(qtbot):
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(("localhost", server.getsockname()[1])).close()
    thread = QThread()
    thread.start()
    thread.quit()
    assert thread.wait(5000)
    (Path(os.environ["XDG_DATA_HOME"]) / "left.txt").write_text("left")


def test_home_is_empty_again():
    assert os.environ["HOME"] != "HOME-OF-THE-USER"
    assert not (Path(os.environ["XDG_DATA_HOME"]) / "left.txt").exists()
    assert "PIXLAB_API_KEY" not in os.environ and "https_proxy" not in os.environ


@pytest.mark.expected_log("disk is .* full")
def test_expected_log():
    logging.getLogger("coderapp.x").warning("disk is %s full", "90%")


def test_name_that_never_exists():
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("nowhere.invalid", 80)


def test_thread_left(qtbot, request):
    thread = QThread()
    thread.setObjectName("forgotten worker")
    thread.start()
    request.config.thread = thread


def test_logs():
    logging.getLogger("coderapp.x").warning("the %s is full", "disk")


def test_qt_warns(qtbot):
    qWarning("QObject::connect: no such signal")


def test_python_warns():
    warnings.warn("old", DeprecationWarning)


def test_nobody_catches():
    class Bad:
        def __del__(self):
            raise ValueError("in a finalizer")

    Bad()


def test_thread_raises():
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()


def test_connects_out():
    with socket.socket() as out:
        out.settimeout(1)
        assert out.connect_ex  # the test swallows the refusal, and fails nevertheless
        try:
            out.connect(("192.0.2.1", 80))
        except OSError:
            pass


def test_looks_up():
    try:
        socket.getaddrinfo("example.org", 443)
    except OSError:
        pass
"""

COMPLAINTS = {
    "test_thread_left": "it left the QThread forgotten worker running",
    "test_logs": "it logged: WARNING coderapp.x: the disk is full",
    "test_qt_warns": "QtWarningMsg: QObject::connect: no such signal",
    "test_python_warns": "DeprecationWarning: old",
    "test_nobody_catches": "ValueError: in a finalizer",
    "test_thread_raises": "ZeroDivisionError",
    "test_connects_out": "it reached for 192.0.2.1, which is not this machine",
    "test_looks_up": "it reached for example.org, which is not this machine",
}


@pytest.mark.slow
def test_guards(tmp_path: Path) -> None:
    (tmp_path / "test_sample.py").write_text(TESTS.replace("HOME-OF-THE-USER", os.environ["HOME"]))
    result = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider"),
            *("-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), "-rA", str(tmp_path)),
        ],
        cwd=ROOT,
        env={**os.environ, "PIXLAB_API_KEY": "secret", "https_proxy": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    outcome: dict[str, set[str]] = {}
    for word, name in re.findall(r"^(PASSED|FAILED|ERROR) \S+::(\w+)", result.stdout, re.MULTILINE):
        outcome.setdefault(name, set()).add(word)
    passed = {name for name, words in outcome.items() if words == {"PASSED"}}
    assert passed == set(re.findall(r"def (test_\w+)", TESTS)) - set(COMPLAINTS), result.stdout
    for name, complaint in COMPLAINTS.items():
        assert complaint in result.stdout, name
