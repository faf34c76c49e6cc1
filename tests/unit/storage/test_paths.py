from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from platformdirs import user_data_path

from coderapp.storage.paths import Paths


def test_everything_lies_under_the_folder_given(tmp_path: Path) -> None:
    paths = Paths.under(tmp_path / "data")
    for path in (paths.conversations, paths.trash, paths.settings, paths.profiles, paths.state, paths.logs):
        assert path.parent == tmp_path / "data"
    assert not paths.root.exists()


def test_a_relative_folder_and_a_tilde_are_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Paths.under("data").root == tmp_path / "data"
    assert Paths.under("~/data").root == Path.home() / "data"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is platformdirs that answers")
@pytest.mark.parametrize("value", ["/srv/data", "relative", "", "  ", None])
def test_the_platform_folder_is_the_one_of_platformdirs(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_DATA_HOME")
    if value is not None:
        monkeypatch.setenv("XDG_DATA_HOME", value)
    ours = Paths.under().root
    if value == "relative":  # which the specification has ignored
        monkeypatch.delenv("XDG_DATA_HOME")
    assert ours == user_data_path("coderapp", appauthor=False)


def test_elsewhere_platformdirs_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert Paths.under().root == user_data_path("coderapp", appauthor=False)


def test_what_the_first_window_needs_imports_no_library() -> None:
    script = """
import sys
from coderapp.storage import conversations, paths, profiles, settings
paths.Paths.under()
print({"msgspec", "keyring", "platformdirs", "httpx", "PySide6"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ)
    assert done.stdout == "set()\n"
