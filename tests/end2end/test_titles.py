"""Titles that the endpoint suggests: asked for once, behind the user's back only in the sense that nothing waits."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from coderapp.core.secret import Secret
from coderapp.qt import title_suggestion
from coderapp.storage.keys import MemoryKeyStore
from coderapp.storage.paths import Paths
from coderapp.storage.settings import SettingsStore
from tests.end2end.conftest import Open
from tests.helpers.desktop import Desktop, coder_profile
from tests.helpers.hostile_server import Exchange
from tests.helpers.talker import Gate, Talker, says


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch, paths: Paths) -> None:
    monkeypatch.setattr(title_suggestion, "PAUSE", 10)
    SettingsStore(paths).save({"suggest_titles": True})


def title(desk: Desktop) -> str:
    return desk.session.conversation.title


def test_the_first_answer_brings_a_title(desk: Desktop, server: Talker) -> None:
    server.behave(says("Use a hook.", 'Title: "Fetching data"'))
    desk.session.set_parameter("temperature", 0.5)
    desk.ask("How do I fetch")
    assert title(desk) == "How do I fetch"
    desk.until(lambda: title(desk) == "Fetching data")
    asked = server.bodies[1]
    assert asked["max_tokens"] == 64
    assert "temperature" not in asked
    assert not asked.get("stream")
    assert len(asked["messages"]) == 1
    assert not desk.session.conversation.titled_by_user
    assert desk.program.workspace.history.listed()[0].title == "Fetching data"
    desk.ask("And then")
    desk.bot.wait(60)
    assert len(server.requests) == 3, "it is asked for once"
    desk.view.setFocus()
    QTest.keyClick(desk.view, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert title(desk) == "How do I fetch"


def test_the_providers_own_dialect_can_too(open_program: Open, server: Talker) -> None:
    keys = MemoryKeyStore()
    keys.set("mine", Secret("k"))
    desk = open_program(coder_profile(server.coder_url), keys=keys)
    server.behave(says("Use a hook.", "Fetching data"))
    desk.ask("How do I fetch")
    desk.until(lambda: title(desk) == "Fetching data")


def test_it_is_off_unless_wanted(desk: Desktop, server: Talker) -> None:
    desk.program.settings.set("suggest_titles", False)
    desk.ask("How do I fetch")
    desk.bot.wait(80)
    assert len(server.requests) == 1


def test_a_name_given_meanwhile_stays(desk: Desktop, server: Talker) -> None:
    gate = Gate()
    desk.ask("How do I fetch")
    server.behave(says("Fetching data", gate=gate))
    desk.until(lambda: len(server.requests) == 2)
    desk.program.workspace.rename(desk.session.conversation.id, "Mine")
    gate.open()
    desk.until(lambda: server.open_connections == 0 or desk.program.titles._session is None)
    desk.bot.wait(50)
    assert title(desk) == "Mine"


def test_a_new_prompt_goes_first(desk: Desktop, server: Talker) -> None:
    gate = Gate()
    desk.ask("How do I fetch")
    server.behave(says("Never shown", gate=gate))
    desk.until(lambda: len(server.requests) == 2)
    server.behave(says("Then."))
    desk.ask("And then")
    gate.open()
    desk.bot.wait(80)
    assert title(desk) == "How do I fetch"
    assert len(server.requests) == 3


def test_leaving_the_conversation_gives_it_up(desk: Desktop, server: Talker) -> None:
    gate = Gate()
    desk.ask("How do I fetch")
    server.behave(says("Never shown", gate=gate))
    desk.until(lambda: len(server.requests) == 2)
    desk.program.workspace.new()
    gate.open()
    desk.bot.wait(80)
    assert desk.program.workspace.history.listed()[0].title == "How do I fetch"


@pytest.mark.parametrize("status", [400, 429, 500])
def test_a_failure_is_silent_and_has_no_effect(desk: Desktop, server: Talker, status: int) -> None:
    desk.ask("How do I fetch")

    async def refuses(exchange: Exchange) -> None:
        await exchange.reply({"error": {"message": "no"}}, status=status)

    server.behave(refuses)
    desk.until(lambda: len(server.requests) == 2)
    desk.until(lambda: desk.program.titles._session is None)
    desk.bot.wait(50)
    assert (title(desk), desk.notice) == ("How do I fetch", "")
    assert len(server.requests) == 2, "nor a second request"


def test_closing_does_not_wait_for_it(desk: Desktop, server: Talker) -> None:
    desk.ask("How do I fetch")
    server.behave(says("Never", gate=Gate()))
    desk.until(lambda: len(server.requests) == 2)
