"""The program under load, killed at random moments: a few times here, hundreds with `python -m tests.crash`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.crash.__main__ import main
from tests.crash.life import Life
from tests.crash.server import word_server


@pytest.mark.slow
def test_nothing_is_lost_by_three_kills(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--kills", "3", "--seed", "1"])
    told = capsys.readouterr()
    assert code == 0, told.err
    outcome = json.loads(told.out.splitlines()[-1])
    assert outcome["kills"] == 3
    assert outcome["max_lost_text_s"] <= 1.0
    assert [name for name in outcome if name.startswith("lost_") and outcome[name]] == []
    assert outcome["unreadable"] == 0


@pytest.mark.slow
def test_an_end_in_mid_answer_saves_everything(tmp_path: Path) -> None:
    with word_server(2) as server:
        assert Life(tmp_path, server, 2, large=False).end_well().findings.sentences == []
