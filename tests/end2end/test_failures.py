"""Servers, keyrings and networks that fail: a sentence, a way on, and the prompt kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QLineEdit, QPlainTextEdit

from coderapp.api.http_client import HttpClient
from coderapp.api.retries import RetryPolicy
from coderapp.core.errors import KeyringError
from coderapp.core.message import FinishReason
from coderapp.core.profile import Timeouts
from coderapp.core.secret import Secret
from coderapp.qt.session import SessionState
from coderapp.storage.keys import MemoryKeyStore
from coderapp.widgets.conversation import captions
from coderapp.widgets.conversation.hot_spots import Action
from coderapp.widgets.parameter_panel import ParameterPanel
from tests.end2end.conftest import Open
from tests.helpers.desktop import Desktop, coder_profile, openai_profile
from tests.helpers.hostile_server import Behaviour, answers, free_port, in_turn, sends, sse, streams
from tests.helpers.panel import PanelHands
from tests.helpers.talker import Talker, says

KEY = "sk-Geheim-123"


def hasty() -> HttpClient:
    """Retries at once."""

    async def no_sleep(_: float) -> None:
        pass

    return HttpClient(RetryPolicy(sleep=no_sleep))


@pytest.fixture
def hasty_desk(open_program: Open) -> Desktop:
    return open_program(client=hasty)


def problem_of(desk: Desktop) -> str:
    generation = desk.last.generation
    assert generation is not None
    assert generation.problem is not None
    return f"{generation.problem.sentence} {generation.problem.advice}".strip()


def buttons(desk: Desktop) -> list[str]:
    desk.view.viewport().repaint()
    return [spot.text for spot in desk.view.hot_spots() if spot.text]


def assert_retry_works(desk: Desktop, server: Talker) -> None:
    """The prompt is kept, and a click on the button asks again, beside the failure."""
    assert desk.messages[0].text == "Go"
    server.behave(says("Better now."))
    desk.click(Action.RETRY)
    desk.answered()
    assert desk.last.text == "Better now."
    assert desk.session.model.rows[-1].branch.of == 2
    assert server.bodies[-1]["messages"] == [{"role": "user", "content": "Go"}]


OPENAI_ERROR = {"error": {"message": "What you ask is beyond me.", "type": "server_error"}}


@pytest.mark.parametrize(
    ("behaviour", "words", "shown"),
    [
        pytest.param(answers({"error": {"message": "Bad key."}}, 401), "key", ["Enter key…", "Try again"], id="401"),
        pytest.param(answers(OPENAI_ERROR, 500), "beyond me", ["Try again"], id="500"),
        pytest.param(answers("<html>No</html>", 200, content_type="text/html"), "127.0.0.1", ["Try again"], id="page"),
        pytest.param(answers(b"\xff\xfe\x00garbage", 200), "127.0.0.1", ["Try again"], id="garbage"),
        pytest.param(sends(b"", then="reset"), "127.0.0.1", ["Try again"], id="reset"),
        pytest.param(sends(b"nonsense\r\n\r\n"), "127.0.0.1", ["Try again"], id="not-http"),
        pytest.param(answers({"error": {"message": "No credit left."}}, 402), "credit", ["Try again"], id="402"),
    ],
)
def test_errors_are_sentences_with_buttons(
    hasty_desk: Desktop, server: Talker, behaviour: Behaviour, words: str, shown: list[str]
) -> None:
    desk = hasty_desk
    server.behave(behaviour)
    desk.ask("Go")
    assert desk.finish() is FinishReason.FAILED
    said = problem_of(desk)
    assert words in said
    assert "Traceback" not in said
    assert [text for text in buttons(desk) if text != "Show the raw reply"] == shown
    assert_retry_works(desk, server)


def test_what_the_server_complains_of_is_shown_in_the_sidebar(desk: Desktop, server: Talker) -> None:
    server.behave(answers({"error": {"message": "temperature is too hot", "param": "temperature"}}, 400))
    PanelHands(desk.program.window.panel).type_number("Temperature", "2")
    desk.ask("Go")
    assert "temperature is too hot" in problem_of(desk)
    desk.program.window.toggle_parameters()
    assert not desk.program.window.panel.isVisible()
    desk.click(Action.REMEDY)
    assert desk.program.window.panel.isVisible()
    focused = desk.program.window.focusWidget()
    assert focused is PanelHands(panel_of(desk)).number("Temperature")


def panel_of(desk: Desktop) -> ParameterPanel:
    return desk.program.window.panel


def test_a_value_that_can_not_be_sent_is_told_before_anything_leaves(desk: Desktop, server: Talker) -> None:
    hands = PanelHands(desk.program.window.panel)
    hands.type_text("Stop", "a\nb\nc\nd\ne")
    desk.ask("Go")
    assert problem_of(desk).startswith("stop takes 1 to 4 texts, got 5")
    assert server.requests == []
    desk.click(Action.REMEDY)
    hands.type_text("Stop", "a")
    server.behave(says("Fine."))
    desk.click(Action.RETRY)
    assert desk.answered().text == "Fine."


def test_a_refused_key_leads_to_its_field(open_program: Open, server: Talker) -> None:
    desk = open_program(coder_profile(server.coder_url), keys=with_key())
    server.behave(answers({"status": 401, "error": "Invalid key"}))
    desk.ask("Go")
    assert KEY not in problem_of(desk)
    desk.click(Action.REMEDY)
    dialog = desk.program.window.findChild(QDialog)
    assert isinstance(dialog, QDialog)
    key = next(line for line in dialog.findChildren(QLineEdit) if line.accessibleName() == "Key")
    assert key.hasFocus() or dialog.focusWidget() is key
    assert key.echoMode() is QLineEdit.EchoMode.Password
    dialog.reject()
    assert_retry_works(desk, server)


def test_a_missing_key_is_told_before_anything_leaves(open_program: Open, server: Talker) -> None:
    desk = open_program(coder_profile(server.coder_url))
    desk.ask("Go")
    assert "key" in problem_of(desk)
    assert server.requests == []
    assert buttons(desk)[0] == "Enter key…"


def test_the_raw_reply_is_a_click_away(desk: Desktop, server: Talker) -> None:
    server.behave(answers("<html>Login page</html>", 200, content_type="text/html"))
    desk.ask("Go")
    desk.click(Action.SHOW_RAW)
    dialog = desk.program.window.findChild(QDialog)
    assert isinstance(dialog, QDialog)
    shown = dialog.findChild(QPlainTextEdit)
    assert isinstance(shown, QPlainTextEdit)
    assert "Login page" in shown.toPlainText()
    dialog.reject()


def test_a_busy_server_is_asked_again_visibly(desk: Desktop, server: Talker) -> None:
    busy = answers({"error": {"message": "Slow down."}}, 429, retry_after="1")
    server.behave(in_turn(busy, says("At last.")))
    desk.type("Go")
    desk.press(Qt.Key.Key_Return)
    desk.until(lambda: "Trying again in 1" in captions.footer(desk.session.model.rows[-1]))
    assert desk.session.state is SessionState.WAITING
    assert desk.answered().text == "At last."
    assert "Trying again" not in captions.footer(desk.session.model.rows[-1])
    assert len(server.requests) == 2


def test_the_wait_for_a_busy_server_can_be_cancelled(desk: Desktop, server: Talker) -> None:
    server.behave(answers({"error": {"message": "Slow down."}}, 429, retry_after="50"))
    desk.type("Go")
    desk.press(Qt.Key.Key_Return)
    desk.until(lambda: "Trying again in 50" in captions.footer(desk.session.model.rows[-1]))
    desk.press(Qt.Key.Key_Escape)
    assert desk.finish() is FinishReason.STOPPED
    assert len(server.requests) == 1


def test_a_busy_server_is_given_up_after_two_retries(hasty_desk: Desktop, server: Talker) -> None:
    server.behave(answers({"error": {"message": "Slow down."}}, 429))
    hasty_desk.ask("Go")
    assert len(server.requests) == 3
    assert "Slow down." in problem_of(hasty_desk)
    assert_retry_works(hasty_desk, server)


def test_nobody_listens(open_program: Open) -> None:
    desk = open_program(openai_profile(f"http://127.0.0.1:{free_port()}/v1"), client=hasty)
    desk.ask("Go")
    assert "127.0.0.1" in problem_of(desk)
    assert buttons(desk) == ["Try again"]
    assert desk.messages[0].text == "Go"


def test_an_error_in_mid_answer_keeps_the_text(desk: Desktop, server: Talker) -> None:
    half = {"choices": [{"delta": {"content": "Half of it"}}]}
    server.behave(streams(sse(half, {"error": {"message": "Out of memory."}})))
    desk.ask("Go")
    assert desk.last.text == "Half of it"
    assert "Out of memory." in problem_of(desk)
    assert "Half of it" in desk.shown_text()
    assert_retry_works(desk, server)


def test_silence_is_given_up_after_the_profiles_time(open_program: Open, server: Talker) -> None:
    from tests.helpers.hostile_server import stalls

    server.behave(stalls)
    desk = open_program(openai_profile(server.openai_url, timeouts=Timeouts(2.0, 0.3, 0.3)))
    desk.ask("Go")
    assert desk.finish() is FinishReason.FAILED
    assert_retry_works(desk, server)


# keys


def with_key() -> MemoryKeyStore:
    keys = MemoryKeyStore()
    keys.set("mine", Secret(KEY))
    return keys


class HangingKeys:
    """A keyring that shows a prompt which nobody sees: it blocks until the test lets go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.asked = threading.Event()

    def _hang(self) -> None:
        self.asked.set()
        self.let_go.wait(30)

    def get(self, profile_id: str) -> Secret | None:
        self._hang()
        return None

    def set(self, profile_id: str, key: Secret) -> None:
        self._hang()

    def delete(self, profile_id: str) -> None:
        self._hang()


class LockedKeys(HangingKeys):
    def _hang(self) -> None:
        raise KeyringError("The keyring is locked.")


@pytest.fixture
def hanging() -> Iterator[HangingKeys]:
    keys = HangingKeys()
    yield keys
    keys.let_go.set()
    for thread in threading.enumerate():
        if thread.name == "keyring":
            thread.join(5)


def test_a_hanging_keyring_freezes_nothing(open_program: Open, server: Talker, hanging: HangingKeys) -> None:
    desk = open_program(coder_profile(server.coder_url), keys=hanging)
    begun = time.perf_counter()
    desk.type("Go")
    desk.press(Qt.Key.Key_Return)
    assert time.perf_counter() - begun < 0.5
    desk.until(hanging.asked.is_set)
    assert desk.session.state is SessionState.WAITING
    begun = time.perf_counter()
    desk.press(Qt.Key.Key_Escape)
    assert time.perf_counter() - begun < 0.1
    assert desk.finish() is FinishReason.STOPPED
    desk.type("still alive")
    assert desk.edit.toPlainText() == "still alive"
    assert server.requests == []


@pytest.mark.slow
def test_a_prompt_behind_a_hanging_keyring_ends_within_the_deadline(
    open_program: Open, server: Talker, hanging: HangingKeys
) -> None:
    from coderapp.qt import keyring_worker

    desk = open_program(coder_profile(server.coder_url), keys=hanging)
    desk.type("Go")
    desk.press(Qt.Key.Key_Return)
    begun = time.perf_counter()
    desk.bot.waitUntil(lambda: desk.session.is_idle, timeout=round(1000 * keyring_worker.DEADLINE + 2000))
    assert time.perf_counter() - begun < keyring_worker.DEADLINE + 1
    assert "key" in problem_of(desk)
    assert "keyring" in desk.notice
    assert buttons(desk)[0] == "Enter key…"


def test_a_locked_keyring_is_told_and_a_key_can_be_entered_for_this_run(open_program: Open, server: Talker) -> None:
    desk = open_program(coder_profile(server.coder_url), keys=LockedKeys())
    desk.ask("Go")
    assert "locked" in desk.notice
    said: list[str] = []
    desk.program.keys.set("mine", Secret(KEY), said.append)
    desk.until(lambda: bool(said))
    assert "locked" in said[0]
    assert "memory" in said[0]
    server.behave(says("With a key."))
    desk.click(Action.RETRY)
    desk.answered()
    assert desk.last.text == "With a key."
    assert server.requests[-1].headers["www-authenticate"] == KEY


def test_the_key_from_the_environment_is_used_where_none_is_stored(
    open_program: Open, server: Talker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIXLAB_API_KEY", "from-the-environment")
    desk = open_program(coder_profile(server.coder_url), keys=LockedKeys())
    desk.ask("Go")
    assert desk.last.text == "Fine."
    assert server.requests[-1].headers["www-authenticate"] == "from-the-environment"


def test_a_stored_key_goes_before_the_environments(
    open_program: Open, server: Talker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIXLAB_API_KEY", "from-the-environment")
    desk = open_program(coder_profile(server.coder_url), keys=with_key())
    desk.ask("Go")
    assert server.requests[-1].headers["www-authenticate"] == KEY


def test_the_environments_key_goes_to_no_other_kind_of_server(
    open_program: Open, server: Talker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIXLAB_API_KEY", "from-the-environment")
    desk = open_program()
    desk.ask("Go")
    assert "authorization" not in server.requests[-1].headers


def test_a_key_entered_while_the_keyring_is_slow_is_used(
    open_program: Open, server: Talker, hanging: HangingKeys
) -> None:
    """The slow answer "no key" comes after the user entered one: the user's counts."""
    desk = open_program(coder_profile(server.coder_url), keys=hanging)
    found: list[Secret | None] = []
    desk.program.keys.get(desk.session.profile, found.append)
    desk.until(hanging.asked.is_set)
    said: list[str] = []
    desk.program.keys.set("mine", Secret(KEY), said.append)
    hanging.let_go.set()
    desk.until(lambda: bool(said))
    desk.ask("Go")
    assert desk.last.text == "Fine."
    assert server.requests[-1].headers["www-authenticate"] == KEY
