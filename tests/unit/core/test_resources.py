from __future__ import annotations

from pathlib import Path

import pytest

from coderapp.core import resources


def test_the_shipped_files_are_found() -> None:
    assert resources.resource_path().is_dir()
    assert resources.resource_path("a", "b.svg") == resources.resource_path() / "a" / "b.svg"


def test_those_inside_the_package_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "coderapp"
    package.mkdir()
    monkeypatch.setattr(resources, "_PACKAGE", package)
    assert resources.resource_path("x") == tmp_path / "resources" / "x"
    (package / "resources").mkdir()
    assert resources.resource_path("x") == package / "resources" / "x"
