from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderapp.core.profile import KeyPlacement, Profile, ProfileKind, Timeouts, built_in_profile, pixlab_profile
from coderapp.storage.paths import Paths
from coderapp.storage.profiles import Profiles, ProfileStore, first_profiles
from tests.unit.storage.strategies import json_values

MINE = Profile(
    "mine",
    "Mine",
    ProfileKind.OPENAI,
    "http://127.0.0.1:8080/v1",
    "llama",
    KeyPlacement.QUERY,
    stream=False,
    include_usage=False,
    tools_url="http://127.0.0.1/t",
    toolcall_url="http://127.0.0.1/c",
    timeouts=Timeouts(1.0, 2.0, 3.5),
    starts_with={"temperature": 0.5, "stop": ["a"]},
)


def test_a_first_start_has_two_profiles(paths: Paths) -> None:
    store = ProfileStore(paths)
    loaded = store.load()
    assert loaded == Profiles((built_in_profile(), pixlab_profile()), "built-in")
    assert loaded.default == built_in_profile()
    assert store.problems == []
    assert not paths.profiles.exists()


def test_what_is_saved_is_loaded(paths: Paths) -> None:
    ProfileStore(paths).save([MINE, pixlab_profile()], "mine")
    loaded = ProfileStore(paths).load()
    assert loaded == Profiles((MINE, pixlab_profile()), "mine")
    assert loaded.by_id("pixlab") == pixlab_profile()
    assert loaded.by_id("gone") is None


def test_ids_differ_and_the_default_exists(paths: Paths) -> None:
    for profiles, default in (([MINE, MINE], "mine"), ([MINE], "other"), ([], "")):
        with pytest.raises(ValueError, match="different ids"):
            ProfileStore(paths).save(profiles, default)
    assert not paths.profiles.exists()


def test_there_is_no_room_for_a_key(paths: Paths) -> None:
    ProfileStore(paths).save(first_profiles().profiles, "built-in")
    for row in json.loads(paths.profiles.read_bytes())["profiles"]:
        assert not {"key", "api_key", "token", "secret"} & set(row)


def test_what_is_not_understood_stays(paths: Paths) -> None:
    ProfileStore(paths).save([MINE], "mine")
    value = json.loads(paths.profiles.read_bytes())
    value["colour"] = "blue"
    value["profiles"][0]["organisation"] = "ours"
    foreign: list[Any] = [{"id": "x", "kind": "telepathy"}, "rubbish", {"kind": "openai"}, value["profiles"][0]]
    value["profiles"] += foreign
    paths.profiles.write_text(json.dumps(value))
    store = ProfileStore(paths)
    assert store.load() == Profiles((MINE,), "mine")
    assert [problem.sentence for problem in store.problems] == [
        "4 of the profiles could not be read; they stay in profiles.json."
    ]
    store.save([MINE, pixlab_profile()], "pixlab")
    written = json.loads(paths.profiles.read_bytes())
    assert written["colour"] == "blue"
    assert written["profiles"][0]["organisation"] == "ours"
    assert written["profiles"][2:] == foreign


def test_bad_fields_give_the_default_and_a_sentence(paths: Paths) -> None:
    row: dict[str, Any] = {
        "id": "mine",
        "kind": "openai",
        "name": None,
        "base_url": 5,
        "stream": "yes",
        "starts_with": [],
        "timeouts": {"connect": -1, "first_byte": "long", "between_bytes": 7},
    }
    paths.profiles.write_text(json.dumps({"default": "gone", "profiles": [row]}))
    store = ProfileStore(paths)
    loaded = store.load()
    expected = Profile("mine", "OpenAI-compatible", ProfileKind.OPENAI, timeouts=Timeouts(between_bytes=7.0))
    assert loaded == Profiles((expected,), "mine")
    (problem,) = store.problems
    for name in ("base_url", "stream", "starts_with", "timeouts.connect", "timeouts.first_byte"):
        assert name in problem.sentence


@pytest.mark.parametrize("data", [b"", b"{}", b'{"profiles": []}', b'{"profiles": 5}', b"\0\0"])
def test_without_one_that_reads_there_are_those_of_the_first_start(data: bytes, paths: Paths) -> None:
    paths.profiles.write_bytes(data)
    assert ProfileStore(paths).load() == first_profiles()


@given(st.dictionaries(st.sampled_from(["default", "profiles", "version"]), json_values | st.lists(json_values)))
def test_any_object_loads(fields: dict[str, Any]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        paths = Paths.under(name)
        paths.profiles.write_text(json.dumps(fields))
        loaded = ProfileStore(paths).load()
        assert loaded.default in loaded.profiles
