"""Where the program's files are. On the way to the first window: imports next to nothing."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

NAME = "coderapp"


@dataclass(frozen=True, slots=True)
class Paths:
    """Everything lives under `root`; nothing is created by asking for a path."""

    root: Path

    @classmethod
    def under(cls, data_dir: str | Path | None = None) -> Paths:
        """`--data-dir`, or the platform's data folder (`$XDG_DATA_HOME/coderapp` on Linux)."""
        return cls(Path(os.path.abspath(Path(data_dir).expanduser())) if data_dir else _platform_folder())

    @property
    def conversations(self) -> Path:
        return self.root / "conversations"

    @property
    def trash(self) -> Path:
        return self.root / "trash"

    @property
    def index(self) -> Path:
        """Made from the conversations, and made again when it is gone."""
        return self.root / "index.sqlite"

    @property
    def incoming(self) -> Path:
        """What an import has made ready and not moved to the conversations yet."""
        return self.root / "incoming"

    @property
    def older(self) -> Path:
        """Conversations as they were before their files were brought to the form of today."""
        return self.root / "older"

    @property
    def settings(self) -> Path:
        return self.root / "settings.json"

    @property
    def folders(self) -> Path:
        """The user's folders in their order; which conversation is in which stands with it."""
        return self.root / "folders.json"

    @property
    def profiles(self) -> Path:
        return self.root / "profiles.json"

    @property
    def state(self) -> Path:
        """Sizes and places of the window, the open conversation, drafts that belong to none."""
        return self.root / "state.json"

    @property
    def lock(self) -> Path:
        """Held by the program that works in the folder."""
        return self.root / "lock"

    @property
    def logs(self) -> Path:
        return self.root / "logs"


def _platform_folder() -> Path:
    if sys.platform != "linux":
        from platformdirs import user_data_path

        return user_data_path(NAME, appauthor=False)
    # What platformdirs computes, without its import. The XDG specification has relative paths ignored.
    base = os.environ.get("XDG_DATA_HOME", "").strip()
    return Path(base, NAME) if base.startswith("/") else Path.home() / ".local" / "share" / NAME
