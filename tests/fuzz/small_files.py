"""Fuzzes the small files of the data folder, and the names of what lies in its trash and among the older files."""

from __future__ import annotations

import json
import os
from pathlib import Path
from random import Random
from typing import Any

from coderapp.core.conversation import Conversation
from coderapp.core.errors import StorageError
from coderapp.core.profile import Profile, ProfileKind, built_in_profile
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.folders import FolderStore
from coderapp.storage.paths import Paths
from coderapp.storage.profiles import ProfileStore
from coderapp.storage.settings import SettingsStore, StateStore
from tests.fuzz.mutations import as_bytes, damaged, mutated

NAMES = (
    "", "x", "20261122-170355-ab12cd", "20261122-170355-ab12cd.1800000000", "20261122-170355-ab12cd.-5", "a.",
    "20261122-170355-ab12cd.1e5", "a.9" + "9" * 200, "a.٣", "a.²", "a.0", ".5", "..5", "a b.7", "-a.7", "a.7.8",
    "emptied.log", "checked.json", "é.7", "\udcff.7", "a" * 64 + ".7", "a" * 65 + ".7", "a.99999999999",
    "a.999999999999999999",
)  # fmt: skip


def one(random: Random, paths: Paths) -> None:
    if random.random() < 0.4:
        _trash(random, paths)
        return
    _kept(random, paths)


def _kept(random: Random, paths: Paths) -> None:
    """Any bytes in a file: it loads, and after a save it loads equal; the bytes that did not read stay beside it."""
    FolderStore(paths).save(["Work", "Größeres", "日本語"])
    SettingsStore(paths).save({"theme": "dark"})
    StateStore(paths).save({"window": {"geometry": "AAAA", "places": [1, 2, None]}, "open": "x"})
    mine = Profile("mine", "Mine", ProfileKind.OPENAI, base_url="http://localhost:1/v1", starts_with={"top_p": 0.5})
    ProfileStore(paths).save([built_in_profile(), mine], "mine")
    path = random.choice((paths.folders, paths.settings, paths.state, paths.profiles))
    data = path.read_bytes()
    if random.random() < 0.5:
        value, _ = mutated(json.loads(data), random, random.randint(1, 4))
        data = as_bytes(value, random)
    else:
        data = damaged(data, random)
    path.write_bytes(data)
    problems: list[Any] = []
    if path == paths.folders:
        folders = FolderStore(paths)
        names = folders.load()
        problems = folders.problems
        folders.save(names)
        assert FolderStore(paths).load() == names
    elif path == paths.settings:
        settings = SettingsStore(paths)
        values = settings.load()
        problems = settings.problems
        settings.save({"theme": "light"})
        assert SettingsStore(paths).load() == {**values, "theme": "light"}
    elif path == paths.state:
        state = StateStore(paths)
        fields = state.load()
        problems = state.problems
        state.save(fields)
        assert json.dumps(StateStore(paths).load()) == json.dumps(fields)
    else:
        profiles = ProfileStore(paths)
        found = profiles.load()
        problems = profiles.problems
        profiles.save(found.profiles, found.default_id)
        assert ProfileStore(paths).load() == found
    assert all(problem.sentence and problem.advice for problem in problems)
    try:
        read = isinstance(json.loads(data.removeprefix(b"\xef\xbb\xbf")), dict)
    except (ValueError, RecursionError):
        read = False
    if not read:
        assert any(copy.read_bytes() == data for copy in path.parent.glob(f"{path.name}.damaged-*"))


def _trash(random: Random, paths: Paths) -> None:
    """Whatever lies in the trash and among the older files: it lists, comes back or goes, and never raises but with a
    sentence; what is no deleted conversation is not touched.
    """
    now = 1_900_000_000.0
    store = ConversationStore(paths, now=lambda: now)
    for number in range(random.randrange(4)):
        name = f"20261122-17035{number}-ab12cd"
        store.create(Conversation(name, 1.8e9, title=f"Number {number}"))
        store.delete(name)
    for place in (paths.trash, paths.older):
        place.mkdir(parents=True, exist_ok=True)
        for name in random.sample(NAMES[1:], 5):
            _put(place / name, random)
    foreign = {path: _content(path) for path in _below(paths.trash) if not path.parent.name.startswith("2026")}
    for row in store.trashed():
        assert row.head.id == row.trashed.id
        assert 0 <= row.deleted < 1e11
        try:
            if random.random() < 0.5:
                store.restore(row.trashed)
            else:
                store.destroy(row.trashed)
        except StorageError as error:
            _told(error)
    store.list()
    store.clean_up()
    if random.random() < 0.5:
        if (paths.trash / "checked.json").is_file():
            (paths.trash / "checked.json").unlink()
        now += random.choice((-1e9, 86_401.0, 1e9, 1e18))
        store.clean_up()
    try:
        store.empty_trash(now + 1)
    except StorageError as error:
        _told(error)
    for path, content in foreign.items():
        if "." not in path.name or not path.name.partition(".")[2].isascii():
            assert _content(path) == content, path
    store.close()


def _put(path: Path, random: Random) -> None:
    if path.exists() or path.is_symlink():
        return
    kind = random.randrange(4)
    stem = path.name.partition(".")[0]
    try:
        if kind == 0:
            path.write_bytes(random.randbytes(20))
        elif kind == 1:
            path.symlink_to(random.choice(("/nowhere", "/tmp", path.name)))
        else:
            path.mkdir()
            if kind == 2:
                (path / f"{stem}.json").write_bytes(random.choice((b"", b"{}", b"\0" * 50, b'{"version": 99}')))
                (path / "inside").mkdir()
    except OSError:
        pass  # a name that this file system does not take


def _below(folder: Path) -> list[Path]:
    return [Path(entry.path) for entry in os.scandir(folder)]


def _content(path: Path) -> object:
    if path.is_symlink():
        return os.readlink(path)
    if path.is_dir():
        return sorted(os.listdir(path))
    return path.read_bytes() if path.exists() else None


def _told(error: StorageError) -> None:
    assert error.sentence.endswith(".")
