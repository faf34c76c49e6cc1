from __future__ import annotations

import json
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderapp.core.settings import SETTINGS, SettingError, defaults
from coderapp.storage.paths import Paths
from coderapp.storage.profiles import ProfileStore
from coderapp.storage.settings import SettingsStore, StateStore
from tests.unit.storage.strategies import json_values, texts


def test_a_first_start_has_the_defaults_and_writes_nothing(paths: Paths) -> None:
    store = SettingsStore(paths)
    assert store.load() == defaults()
    assert store.problems == []
    assert os.listdir(paths.root) == []


def test_a_setting_is_kept(paths: Paths) -> None:
    SettingsStore(paths).save({"theme": "dark"})
    SettingsStore(paths).save({"built_in_pace": 0})
    assert SettingsStore(paths).load() == defaults() | {"theme": "dark", "built_in_pace": 0}
    assert json.loads(paths.settings.read_bytes()) == {"version": 1, "theme": "dark", "built_in_pace": 0}


def test_a_value_that_is_not_allowed_is_not_saved(paths: Paths) -> None:
    store = SettingsStore(paths)
    store.save({"theme": "dark"})
    for changes in ({"theme": "pink"}, {"built_in_pace": -1}, {"no_such": True}):
        with pytest.raises(SettingError):
            store.save(changes)
    assert SettingsStore(paths).load()["theme"] == "dark"


def test_bad_values_give_the_default_and_a_sentence_and_stay_with_what_is_unknown(paths: Paths) -> None:
    before = {"theme": "pink", "built_in_pace": "fast", "wrap_code": True, "from_later": [1, {"a": None}]}
    paths.settings.write_text(json.dumps(before))
    store = SettingsStore(paths)
    assert store.load() == defaults() | {"wrap_code": True}
    assert [problem.sentence for problem in store.problems] == [
        "settings.json: Theme can't be 'pink'.",
        "settings.json: Pace of the built-in model can't be 'fast'.",
    ]
    assert "Use one of system, light, dark." in store.problems[0].advice
    store.save({"theme": "light"})
    assert json.loads(paths.settings.read_bytes()) == before | {"version": 1, "theme": "light"}


@pytest.mark.parametrize("data", [b"", b"{", b"\0" * 100, b"[1]", b"\xff\xfe", b"[" * 100_000])
def test_a_damaged_file_is_kept_beside_the_defaults(data: bytes, paths: Paths) -> None:
    paths.settings.write_bytes(data)
    store = SettingsStore(paths)
    assert store.load() == defaults()
    assert store.problems[0].sentence == "The settings in settings.json could not be read, so the defaults are used."
    assert "settings.json.damaged-1" in store.problems[0].advice
    assert (paths.root / "settings.json.damaged-1").read_bytes() == data
    store.save({"theme": "dark"})
    assert SettingsStore(paths).load()["theme"] == "dark"


def test_a_file_that_cannot_be_read_is_told(paths: Paths) -> None:
    paths.settings.mkdir()
    store = SettingsStore(paths)
    assert store.load() == defaults()
    assert "could not be read" in store.problems[0].sentence


def test_a_copy_that_cannot_be_made_is_told(paths: Paths) -> None:
    paths.settings.write_bytes(b"{")
    for number in range(1, 100):
        (paths.root / f"settings.json.damaged-{number}").mkdir()
    store = SettingsStore(paths)
    assert store.load() == defaults()
    assert "no copy could be put beside it" in store.problems[0].advice


def test_a_byte_order_mark_is_no_damage(paths: Paths) -> None:
    paths.settings.write_bytes(b'\xef\xbb\xbf{"theme": "dark"}')
    assert SettingsStore(paths).load()["theme"] == "dark"


@given(st.dictionaries(st.sampled_from([row.name for row in SETTINGS]) | texts, json_values, max_size=5))
def test_any_object_loads(fields: dict[str, object]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        paths = Paths.under(name)
        paths.settings.write_text(json.dumps(fields))
        values = SettingsStore(paths).load()
        assert all(row.validate(values[row.name]) == values[row.name] for row in SETTINGS)


def test_the_state_is_whatever_the_window_says(paths: Paths) -> None:
    store = StateStore(paths)
    assert store.load() == {}
    state = {"splitter": [200, 600, 280], "open": "20261122-170355-ab12cd", "drafts": {"new": "half \ud83d"}}
    store.save(state)  # type: ignore[arg-type]  # plain JSON
    assert StateStore(paths).load() == state
    assert store.problems == []
    paths.state.write_bytes(b"\0\0\0")
    assert store.load() == {}
    assert store.problems[0].sentence.startswith("The state of the window in state.json could not be read")


def test_reading_all_three_at_the_start_takes_a_millisecond(paths: Paths) -> None:
    SettingsStore(paths).save({"theme": "dark"})
    StateStore(paths).save({"geometry": "x" * 400, "splitter": [1, 2, 3]})
    profiles = ProfileStore(paths).load()
    ProfileStore(paths).save(profiles.profiles, profiles.default_id)
    best = 1.0
    for _ in range(20):
        start = time.perf_counter()
        SettingsStore(paths).load(), StateStore(paths).load(), ProfileStore(paths).load()
        best = min(best, time.perf_counter() - start)
    assert best < 0.1  # 0.1 ms here; an import on the way would take much more
