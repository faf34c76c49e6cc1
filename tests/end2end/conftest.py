"""Programs on a fresh data folder, and servers for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from coderapp.core.profile import Profile
from coderapp.storage.paths import Paths
from tests.helpers.desktop import Desktop, desktop, keep_profile, openai_profile
from tests.helpers.talker import Talker, says, talker

Open = Callable[..., Desktop]


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.under(tmp_path / "data")


@pytest.fixture
def server() -> Iterator[Talker]:
    """Says "Fine." until told otherwise."""
    with talker(says("Fine.")) as running:
        yield running


@pytest.fixture
def open_program(qtbot: QtBot, paths: Paths, server: Talker) -> Iterator[Open]:
    """Opens the program with a profile, by default an OpenAI-compatible one at `server`. Closed after the test."""
    with ExitStack() as stack:

        def open_(profile: Profile | None = None, **options: Any) -> Desktop:
            keep_profile(paths, profile or openai_profile(server.openai_url))
            return stack.enter_context(desktop(qtbot, paths, **options))

        yield open_


@pytest.fixture
def desk(open_program: Open) -> Desktop:
    """The program with an OpenAI-compatible profile at `server`."""
    return open_program()
