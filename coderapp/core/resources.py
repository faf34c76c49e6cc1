"""Where the files are that ship with the program: icons, themes, snippets."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def resource_path(*names: str) -> Path:
    """A path below `resources/`: inside the package where it was installed, beside it in a checkout."""
    shipped = _PACKAGE / "resources"
    base = shipped if shipped.is_dir() else _PACKAGE.parent / "resources"
    return base.joinpath(*names)
