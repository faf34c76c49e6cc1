"""The fuzzers themselves run, briefly: `python -m tests.fuzz` is for longer."""

from __future__ import annotations

from tests.fuzz import importers, loader


def test_a_moment_of_damaged_exports() -> None:
    found = importers.run(1.5, seed=20261122)
    assert found["failures"] == []
    assert found["cases"] > 20


def test_two_seconds_of_a_damaged_data_folder() -> None:
    found = loader.run(2.0, seed=20261122)
    assert found["failures"] == []
    assert found["opened_damaged"] > 5
    assert found["undamaged_messages"] > 100
