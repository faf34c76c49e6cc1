"""Settings, profiles and the window's state in memory."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from coderapp.core.profile import Profile, ProfileKind, built_in_profile, pixlab_profile
from coderapp.core.settings import SettingError
from coderapp.qt.books import ProfileBook, SettingsBook, StateBook

MINE = Profile("mine", "Mine", ProfileKind.OPENAI, base_url="http://127.0.0.1/v1")


def test_settings_have_defaults_and_tell_changes(qtbot: QtBot) -> None:
    book = SettingsBook({})
    assert book["theme"] == "system"
    saved: list[dict[str, object]] = []
    changed: list[str] = []
    book.to_save.connect(saved.append)
    book.changed.connect(changed.append)
    book.set("theme", "dark")
    assert book["theme"] == "dark"
    assert saved == [{"theme": "dark"}]
    assert changed == ["theme"]
    with qtbot.assertNotEmitted(book.to_save):
        book.set("theme", "dark")


def test_a_setting_that_is_not_allowed_changes_nothing(qtbot: QtBot) -> None:
    book = SettingsBook({})
    with qtbot.assertNotEmitted(book.to_save), pytest.raises(SettingError):
        book.set("theme", "pink")
    assert book["theme"] == "system"


def test_profiles(qtbot: QtBot) -> None:
    book = ProfileBook([built_in_profile(), pixlab_profile()], "built-in")
    saved: list[tuple[list[Profile], str]] = []
    book.to_save.connect(lambda profiles, default: saved.append((profiles, default)))
    book.put(MINE)
    assert book.get("mine") == MINE
    changed = Profile("mine", "Other", ProfileKind.OPENAI, base_url="http://127.0.0.1/v1")
    book.put(changed)
    assert [profile.id for profile in book.profiles] == ["built-in", "pixlab", "mine"]
    assert book.get("mine").name == "Other"
    book.set_default("mine")
    assert book.default == changed
    assert saved[-1] == ([built_in_profile(), pixlab_profile(), changed], "mine")


def test_a_removed_default_gives_way_to_one_that_is_there(qtbot: QtBot) -> None:
    book = ProfileBook([built_in_profile(), MINE], "mine")
    saved: list[tuple[list[Profile], str]] = []
    book.to_save.connect(lambda profiles, default: saved.append((profiles, default)))
    book.remove("mine")
    assert book.default.id == "built-in"
    assert book.get("mine").id == "built-in"
    profiles, default = saved[-1]
    assert default in [profile.id for profile in profiles], "what is saved must read back"


def test_removing_one_that_is_not_there_removes_no_other(qtbot: QtBot) -> None:
    book = ProfileBook([built_in_profile(), MINE], "mine")
    book.remove("nobody")
    assert [profile.id for profile in book.profiles] == ["built-in", "mine"]


def test_the_built_in_profile_stays(qtbot: QtBot) -> None:
    book = ProfileBook([built_in_profile()], "built-in")
    book.remove("built-in")
    assert [profile.id for profile in book.profiles] == ["built-in"]


def test_state_is_saved_soon_after_changes(qtbot: QtBot) -> None:
    book = StateBook({"panes": [1, 2, 3]})
    assert book.get("panes") == [1, 2, 3]
    saved: list[dict[str, object]] = []
    book.to_save.connect(saved.append)
    for width in range(20):
        book.set("panes", [width, 2, 3])
    assert saved == []
    qtbot.waitUntil(lambda: saved == [{"panes": [19, 2, 3]}], timeout=2000)
    book.set("panes", [19, 2, 3])
    book.set("other", True)
    book.flush()
    assert saved[-1] == {"panes": [19, 2, 3], "other": True}
    qtbot.wait(450)
    assert len(saved) == 2
