"""What is set in the sidebar, and nothing else, reaches the server, in both dialects; and the panel tells it truly."""

from __future__ import annotations

import json
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QListWidget, QPushButton

from coderapp.core.profile import KeyPlacement, Profile
from coderapp.core.secret import Secret
from coderapp.storage.keys import MemoryKeyStore
from tests.end2end.conftest import Open
from tests.helpers.desktop import Desktop, coder_profile, openai_profile
from tests.helpers.panel import PanelHands
from tests.helpers.talker import TOOLS, Talker

KEY = "sk-Geheim-123"


def with_key() -> MemoryKeyStore:
    keys = MemoryKeyStore()
    keys.set("mine", Secret(KEY))
    return keys


def sent_as_told(hands: PanelHands) -> dict[str, str]:
    """The panel's sentence on the next request, taken apart."""
    pieces = [piece.partition(" ") for piece in hands.sent.split(", ")]
    return {name: value for name, _, value in pieces}


def as_words(value: Any) -> str:
    if isinstance(value, list):
        return str(len(value))
    return json.dumps(value) if isinstance(value, bool) else str(value)


def assert_told(told: dict[str, str], body: dict[str, Any]) -> None:
    assert set(told) == set(body) - {"key"}
    for name, value in body.items():
        if name == "stream_options":
            assert told[name] == "include_usage"
        elif name not in ("messages", "key"):
            assert told[name] == as_words(value), name


def ask(desk: Desktop, server: Talker) -> dict[str, Any]:
    """Sends a prompt; its request's body, which must be what the panel told before."""
    told = sent_as_told(PanelHands(desk.program.window.panel))
    desk.ask("Go")
    body = server.bodies[-1]
    assert_told(told, body)
    return body


def without(body: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in names}


def test_nothing_is_sent_that_is_not_set_in_openais_dialect(open_program: Open, server: Talker) -> None:
    desk = open_program(openai_profile(server.openai_url, stream=False))
    assert set(ask(desk, server)) == {"messages"}


def test_nothing_is_sent_that_is_not_set_in_pixlabs_dialect(open_program: Open, server: Talker) -> None:
    desk = open_program(coder_profile(server.coder_url, stream=False), keys=with_key())
    assert ask(desk, server) == {"messages": [{"role": "user", "content": "Go"}]}
    assert server.requests[-1].headers["www-authenticate"] == KEY


def test_a_stream_in_openais_dialect_asks_for_the_counts(open_program: Open, server: Talker) -> None:
    desk = open_program(openai_profile(server.openai_url), keys=with_key())
    assert without(ask(desk, server), "messages") == {"stream": True, "stream_options": {"include_usage": True}}
    assert server.requests[-1].headers["authorization"] == f"Bearer {KEY}"
    desk.program.profiles.put(openai_profile(server.openai_url, include_usage=False))
    assert without(ask(desk, server), "messages") == {"stream": True}


@pytest.mark.parametrize("placement", [KeyPlacement.BODY, KeyPlacement.QUERY])
def test_the_key_travels_where_the_profile_says(open_program: Open, server: Talker, placement: KeyPlacement) -> None:
    desk = open_program(coder_profile(server.coder_url, key_placement=placement), keys=with_key())
    body = ask(desk, server)
    request = server.requests[-1]
    assert "www-authenticate" not in request.headers
    assert "authorization" not in request.headers
    assert (body.get("key") == KEY) is (placement is KeyPlacement.BODY)
    assert (f"key={KEY}" in request.target) is (placement is KeyPlacement.QUERY)


def set_common(hands: PanelHands) -> dict[str, Any]:
    hands.type_number("Temperature", "0.35")
    hands.type_number("Top p", "0.9")
    hands.type_number("Frequency penalty", "-1.5")
    hands.slide("Presence penalty", Qt.Key.Key_Right)
    hands.type_number("Max tokens", "777")
    hands.choose("Log probabilities", "on")
    hands.type_number("Alternatives", "3")
    hands.type_text("System prompt", "Be brief.")
    return {
        "temperature": 0.35,
        "top_p": 0.9,
        "frequency_penalty": -1.5,
        "presence_penalty": 0.1,
        "max_tokens": 777,
        "logprobs": True,
        "top_logprobs": 3,
    }


MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Go"}]


def test_everything_set_in_pixlabs_dialect(open_program: Open, server: Talker) -> None:
    desk = open_program(coder_profile(server.coder_url, stream=False), keys=with_key())
    hands = PanelHands(desk.program.window.panel)
    expected = set_common(hands)
    hands.choose("Format", "json")
    hands.choose("Reply style", "openai")
    hands.choose("Stream", "on")
    for absent in ("Seed", "Stop", "Model"):
        assert not hands.shown(absent)
    body = ask(desk, server)
    assert body == {"messages": MESSAGES, **expected, "format": "json", "openai-reply": True, "stream": True}
    assert desk.last.text == "Fine."


def test_everything_set_in_openais_dialect(open_program: Open, server: Talker) -> None:
    desk = open_program(openai_profile(server.openai_url))
    hands = PanelHands(desk.program.window.panel)
    expected = set_common(hands)
    hands.type_number("Seed", "42")
    hands.type_text("Stop", "END\nEnde ")
    hands.type_model("talker-2")
    hands.choose("Stream", "off")
    for absent in ("Format", "Reply style"):
        assert not hands.shown(absent)
    body = ask(desk, server)
    assert body == {
        "messages": MESSAGES,
        **expected,
        "seed": 42,
        "stop": ["END", "Ende "],
        "model": "talker-2",
        "stream": False,
    }
    assert desk.last.text == "Fine."


def test_alternatives_are_never_sent_without_log_probabilities(desk: Desktop, server: Talker) -> None:
    hands = PanelHands(desk.program.window.panel)
    hands.choose("Log probabilities", "on")
    hands.type_number("Alternatives", "5")
    hands.reset("Log probabilities")
    assert not {"logprobs", "top_logprobs"} & set(ask(desk, server))
    hands.choose("Log probabilities", "off")
    body = ask(desk, server)
    assert body["logprobs"] is False
    assert "top_logprobs" not in body
    hands.choose("Log probabilities", "on")
    assert ask(desk, server)["top_logprobs"] == 5


def test_what_is_reset_is_not_sent(desk: Desktop, server: Talker) -> None:
    hands = PanelHands(desk.program.window.panel)
    expected = set_common(hands)
    assert set(expected) <= set(ask(desk, server))
    hands.reset("Temperature")
    hands.double_click("Top p")
    hands.tick("Max tokens")
    body = ask(desk, server)
    assert not {"temperature", "top_p", "max_tokens"} & set(body)
    assert body["presence_penalty"] == 0.1
    hands.reset_all()
    assert set(ask(desk, server)) == {"messages", "stream", "stream_options"}


def test_a_value_equal_to_the_default_is_sent_once_it_is_set(desk: Desktop, server: Talker) -> None:
    hands = PanelHands(desk.program.window.panel)
    hands.tick("Temperature")
    assert ask(desk, server)["temperature"] == 1.0


def test_the_profiles_model_is_sent_and_can_be_overruled(open_program: Open, server: Talker) -> None:
    desk = open_program(openai_profile(server.openai_url, model="talker-1"))
    assert ask(desk, server)["model"] == "talker-1"
    PanelHands(desk.program.window.panel).type_model("talker-2")
    assert ask(desk, server)["model"] == "talker-2"


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)
def test_the_servers_models_are_listed(desk: Desktop) -> None:
    from PySide6.QtWidgets import QComboBox

    hands = PanelHands(desk.program.window.panel)
    button = next(b for b in desk.program.window.panel.findChildren(QPushButton) if b.text() == "List")
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    box = hands.find(QComboBox, "Model")
    desk.until(lambda: [box.itemText(n) for n in range(box.count())] == ["talker-1", "talker-2"])
    box.hidePopup()


def test_tools_are_chosen_from_the_servers(open_program: Open, server: Talker) -> None:
    desk = open_program(coder_profile(server.coder_url), keys=with_key())
    panel = desk.program.window.panel
    QTest.mouseClick(PanelHands(panel).find(QPushButton, "Choose tools"), Qt.MouseButton.LeftButton)
    dialog = desk.program.window.findChild(QDialog)
    assert isinstance(dialog, QDialog)
    offered = dialog.findChild(QListWidget)
    assert isinstance(offered, QListWidget)
    desk.until(lambda: offered.count() == 2)
    offered.item(1).setCheckState(Qt.CheckState.Checked)
    buttons = dialog.findChild(QDialogButtonBox)
    assert isinstance(buttons, QDialogButtonBox)
    QTest.mouseClick(buttons.button(QDialogButtonBox.StandardButton.Ok), Qt.MouseButton.LeftButton)
    body = ask(desk, server)
    assert body["tools"] == [TOOLS[1]]
    assert PanelHands(panel).is_set("Tools")


def test_values_belong_to_the_conversation(desk: Desktop, server: Talker) -> None:
    hands = PanelHands(desk.program.window.panel)
    hands.type_number("Temperature", "0.2")
    desk.ask("cool")
    cool = desk.session.conversation.id
    desk.program.workspace.new()
    assert not hands.is_set("Temperature")
    hands.type_number("Temperature", "1.8")
    desk.ask("hot")
    desk.program.workspace.open(cool)
    desk.until(lambda: desk.session.conversation.id == cool)
    assert hands.number("Temperature").value() == pytest.approx(0.2)
    assert ask(desk, server)["temperature"] == 0.2


def test_another_profile_is_chosen_in_the_window(open_program: Open, server: Talker) -> None:
    from PySide6.QtWidgets import QComboBox

    desk = open_program()
    other = Profile("other", "Other", openai_profile("").kind, base_url=server.openai_url, model="other-model")
    desk.program.profiles.put(other)
    box = next(b for b in desk.program.window.pane.findChildren(QComboBox) if b.accessibleName() == "Profile")
    place = box.findText("Other")
    while box.currentIndex() != place:
        QTest.keyClick(box, Qt.Key.Key_Down)
    assert desk.session.profile == other
    assert ask(desk, server)["model"] == "other-model"
