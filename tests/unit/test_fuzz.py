"""The fuzzers themselves run, briefly: `python -m tests.fuzz` is for longer."""

from __future__ import annotations

from tests.fuzz import importers


def test_a_moment_of_damaged_exports() -> None:
    found = importers.run(1.5, seed=20261122)
    assert found["failures"] == []
    assert found["cases"] > 20
