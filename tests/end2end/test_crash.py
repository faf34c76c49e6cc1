"""The program under load, killed at random moments: a few times here, hundreds with `python -m tests.crash`."""

from __future__ import annotations

import json

import pytest

from tests.crash.__main__ import main


@pytest.mark.slow
def test_nothing_is_lost_by_three_kills_and_an_end(capsys: pytest.CaptureFixture[str]) -> None:
    """The seed has two folders, and ends in one by SIGTERM in mid-answer."""
    code = main(["--kills", "3", "--seed", "1", "--grace", "3"])  # the tests of others run beside it
    told = capsys.readouterr()
    assert code == 0, told.err
    outcome = json.loads(told.out.splitlines()[-1])
    assert outcome["kills"] == 3
    assert outcome["max_lost_text_s"] <= 3.0
    assert [name for name in outcome if name.startswith("lost_") and outcome[name]] == []
    assert outcome["unreadable"] == 0
