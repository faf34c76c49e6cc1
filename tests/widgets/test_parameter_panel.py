"""The sidebar of parameters: what it shows for each kind of server, and what it reports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QDoubleSpinBox, QPlainTextEdit, QPushButton, QSlider, QToolButton
from pytestqt.qtbot import QtBot

from coderapp.core import parameters
from coderapp.core.message import JsonValue
from coderapp.core.parameters import PARAMETERS, Kind
from coderapp.core.profile import Profile, ProfileKind
from coderapp.qt import theme
from coderapp.widgets.parameter_panel import ParameterPanel
from tests.helpers.panel import PanelHands

OPENAI = Profile("o", "Open", ProfileKind.OPENAI, base_url="http://127.0.0.1/v1")
PIXLAB = Profile("p", "Pix", ProfileKind.PIXLAB, base_url="http://127.0.0.1/coder", stream=False)
BUILT_IN = Profile("b", "Built-in", ProfileKind.BUILT_IN)


class Bench:
    """A panel, and the values that a conversation would hold after what it reports."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.values: dict[str, JsonValue] = {}
        self.system = ""
        self.panel = ParameterPanel(theme.load("light"))
        self.panel.resize(300, 900)
        self.panel.value_set.connect(self._on_set)
        self.panel.value_unset.connect(self._on_unset)
        self.panel.reset_requested.connect(self._on_reset)
        self.panel.system_prompt_changed.connect(self._on_system)
        self.hands = PanelHands(self.panel)
        self.show()

    def show(self) -> None:
        self.panel.show_conversation(self.values, self.system, self.profile)

    def _on_set(self, name: str, value: Any) -> None:
        self.values[name] = parameters.BY_NAME[name].validate(value)
        self.show()

    def _on_unset(self, name: str) -> None:
        self.values.pop(name, None)
        self.show()

    def _on_reset(self) -> None:
        self.values.clear()
        self.show()

    def _on_system(self, text: str) -> None:
        self.system = text
        self.show()


@pytest.fixture
def bench(qtbot: QtBot, request: pytest.FixtureRequest) -> Iterator[Bench]:
    made = Bench(getattr(request, "param", OPENAI))
    with qtbot.waitExposed(made.panel):
        made.panel.show()
    yield made
    made.panel.close()
    made.panel.deleteLater()


@pytest.mark.parametrize("bench", [OPENAI, PIXLAB, BUILT_IN], indirect=True)
def test_there_is_a_row_for_each_accepted_parameter_and_no_other(bench: Bench) -> None:
    accepted = {row.label for row in parameters.accepted(bench.profile.kind)}
    assert {row.label for row in PARAMETERS if bench.hands.shown(row.label)} == accepted


def test_another_profile_shows_other_rows(bench: Bench) -> None:
    bench.profile = PIXLAB
    bench.show()
    assert bench.hands.shown("Format")
    assert not bench.hands.shown("Seed")


@pytest.mark.parametrize("bench", [OPENAI, BUILT_IN], indirect=True)
def test_a_tick_sets_and_another_unsets(bench: Bench) -> None:
    rows = [row for row in parameters.accepted(bench.profile.kind) if row.kind not in (Kind.TOOLS, Kind.TEXT)]
    for row in rows:
        if row.kind is Kind.TEXTS or row.needs:
            continue
        assert not bench.hands.is_set(row.label)
        bench.hands.tick(row.label)
        assert row.name in bench.values, row.name
        assert bench.hands.is_set(row.label)
        bench.hands.tick(row.label)
        assert row.name not in bench.values, row.name
        assert not bench.hands.is_set(row.label)
    assert bench.values == {}


def test_numbers_are_typed_within_their_range(bench: Bench) -> None:
    hands = bench.hands
    hands.type_number("Temperature", "1.25")
    assert bench.values == {"temperature": 1.25}
    hands.type_number("Temperature", "7")
    assert 0 <= float(str(bench.values["temperature"])) <= 2
    hands.type_number("Max tokens", "180000")
    assert bench.values["max_tokens"] == 180_000
    hands.type_number("Seed", str(2**53 - 1))
    assert bench.values["seed"] == 2**53 - 1
    hands.type_number("Frequency penalty", "-2")
    assert bench.values["frequency_penalty"] == -2


def test_a_value_finer_than_the_sliders_step_is_kept_exactly(bench: Bench) -> None:
    bench.hands.type_number("Temperature", "0.37")
    assert bench.values["temperature"] == 0.37
    bench.show()
    assert bench.hands.number("Temperature").value() == pytest.approx(0.37)


def test_the_default_itself_can_be_set_by_typing(bench: Bench) -> None:
    """Setting 1 where 1 is the default means: send it."""
    box = bench.hands.number("Temperature")
    assert box.value() == 1
    bench.hands.type_number("Temperature", "1")
    assert bench.values == {"temperature": 1.0}


def test_sliders_move_by_steps_and_to_both_ends(bench: Bench) -> None:
    hands = bench.hands
    for label, name in (("Temperature", "temperature"), ("Top p", "top_p"), ("Max tokens", "max_tokens")):
        row = parameters.BY_NAME[name]
        hands.slide(label, Qt.Key.Key_Home)
        assert bench.values.get(name, row.minimum) == row.minimum
        hands.slide(label, Qt.Key.Key_Right)
        assert float(str(bench.values[name])) > float(row.minimum or 0)
        hands.slide(label, Qt.Key.Key_End)
        assert bench.values[name] == row.maximum
        assert hands.number(label).value() == row.maximum


def test_the_wheel_over_the_panel_changes_nothing(bench: Bench) -> None:
    hands = bench.hands
    for widget in (
        hands.number("Temperature"), hands.find(QSlider, "Temperature slider"), hands.find(QComboBox, "Stream"),
    ):  # fmt: skip
        at = QPointF(widget.rect().center())
        wheel = QWheelEvent(
            at, QPointF(widget.mapToGlobal(at.toPoint())), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(widget, wheel)
    assert bench.values == {}


def test_choices(bench: Bench) -> None:
    bench.hands.choose("Stream", "off")
    assert bench.values == {"stream": False}
    bench.hands.choose("Log probabilities", "on")
    assert bench.values == {"stream": False, "logprobs": True}
    bench.profile = PIXLAB
    bench.show()
    bench.hands.choose("Format", "json")
    bench.hands.choose("Reply style", "openai")
    assert bench.values["format"] == "json"
    assert bench.values["reply_style"] == "openai"


def test_a_double_click_resets(bench: Bench) -> None:
    bench.hands.type_number("Temperature", "0.2")
    bench.hands.double_click("Temperature")
    assert bench.values == {}
    assert bench.hands.number("Temperature").value() == 1


def test_a_double_click_on_an_unset_one_leaves_it_unset(bench: Bench) -> None:
    bench.hands.double_click("Temperature")
    assert bench.values == {}


def test_the_reset_button_is_there_for_what_is_set(bench: Bench) -> None:
    button = bench.hands.find(QToolButton, "Reset Temperature")
    assert not button.isVisible()
    bench.hands.type_number("Temperature", "0.2")
    assert button.isVisible()
    bench.hands.reset("Temperature")
    assert bench.values == {}
    assert not button.isVisible()


def test_reset_all(bench: Bench) -> None:
    button = next(b for b in bench.panel.findChildren(QPushButton) if b.text() == "Reset all")
    assert not button.isEnabled()
    bench.hands.type_number("Temperature", "0.2")
    bench.hands.type_text("Stop", "END")
    assert button.isEnabled()
    bench.hands.reset_all()
    assert bench.values == {}
    assert bench.hands.find(QPlainTextEdit, "Stop").toPlainText() == ""


def test_set_or_not_is_said_with_the_default(bench: Bench) -> None:
    def notes() -> list[str]:
        return [text for text in bench.hands.labels() if "default 1" in text]

    assert any(text.startswith("not sent") for text in notes())
    before = len([text for text in notes() if text.startswith("sent")])
    bench.hands.type_number("Temperature", "0.2")
    assert len([text for text in notes() if text.startswith("sent")]) == before + 1


def test_the_advice_stands_there_while_both_are_set(bench: Bench) -> None:
    def advised() -> bool:
        return any("not both" in text for text in bench.hands.labels())

    assert not advised()
    bench.hands.type_number("Temperature", "0.2")
    assert not advised()
    bench.hands.type_number("Top p", "0.5")
    assert advised()
    bench.hands.reset("Top p")
    assert not advised()


def test_alternatives_need_log_probabilities(bench: Bench) -> None:
    box = bench.hands.number("Alternatives")
    assert not box.isEnabled()
    bench.hands.choose("Log probabilities", "on")
    assert box.isEnabled()
    bench.hands.type_number("Alternatives", "4")
    assert "top_logprobs 4" in bench.hands.sent
    bench.hands.choose("Log probabilities", "off")
    assert "top_logprobs" not in bench.hands.sent
    assert any("needs Log probabilities" in text for text in bench.hands.labels())


@pytest.mark.parametrize(
    ("typed", "texts"),
    [
        ("END", ["END"]),
        ("a\nb\nc\nd", ["a", "b", "c", "d"]),
        ("line\\n", ["line\n"]),
        ('say "hi"', ['say "hi"']),
        ("back\\\\slash", ["back\\slash"]),
        ("\\q", ["\\q"]),
    ],
)
def test_stop_texts(bench: Bench, typed: str, texts: list[str]) -> None:
    edit = bench.hands.find(QPlainTextEdit, "Stop")
    edit.setFocus()
    edit.insertPlainText(typed)
    assert bench.values == {"stop": texts}
    assert edit.toPlainText() == typed
    edit.selectAll()
    QTest.keyClick(edit, Qt.Key.Key_Delete)
    assert bench.values == {}


def test_stop_texts_that_were_stored_are_shown_so_that_they_read_back(bench: Bench) -> None:
    texts: list[JsonValue] = ["END", "two\nlines", 'quote " and \\', "tab\t"]
    bench.values = {"stop": texts}
    bench.show()
    edit = bench.hands.find(QPlainTextEdit, "Stop")
    edit.setFocus()
    edit.moveCursor(edit.textCursor().MoveOperation.End)
    QTest.keyClick(edit, Qt.Key.Key_X)
    QTest.keyClick(edit, Qt.Key.Key_Backspace)
    assert bench.values == {"stop": texts}


def test_a_model_is_typed_and_cleared(bench: Bench) -> None:
    bench.hands.type_model("my-model")
    assert bench.values == {"model": "my-model"}
    bench.hands.reset("Model")
    assert bench.values == {}
    bench.hands.type_model("my-model")
    box = bench.hands.find(QComboBox, "Model")
    line = box.lineEdit()
    assert line is not None
    line.selectAll()
    QTest.keyClick(line, Qt.Key.Key_Delete)
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert bench.values == {}


def test_clearing_the_profiles_model_brings_it_back(bench: Bench) -> None:
    bench.profile = Profile("o", "Open", ProfileKind.OPENAI, base_url="http://127.0.0.1/v1", model="m-9")
    bench.show()
    line = bench.hands.find(QComboBox, "Model").lineEdit()
    assert line is not None
    assert line.text() == "m-9"
    line.selectAll()
    QTest.keyClick(line, Qt.Key.Key_Delete)
    QTest.keyClick(line, Qt.Key.Key_Return)
    assert bench.values == {}
    assert line.text() == "m-9"


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)
def test_the_list_of_models_is_asked_for(qtbot: QtBot, bench: Bench) -> None:
    button = next(b for b in bench.panel.findChildren(QPushButton) if b.text() == "List")
    with qtbot.waitSignal(bench.panel.models_wanted, timeout=1000):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    bench.panel.show_models(("m-1", "m-2"))
    bench.hands.find(QComboBox, "Model").hidePopup()
    bench.hands.choose("Model", "m-2")
    assert bench.values == {"model": "m-2"}


def test_tools_are_asked_for(qtbot: QtBot, bench: Bench) -> None:
    with qtbot.waitSignal(bench.panel.tools_wanted, timeout=1000):
        bench.hands.tick("Tools")
    assert not bench.hands.is_set("Tools")
    bench.values["tools"] = [{"type": "function", "function": {"name": "f"}}]
    bench.show()
    assert bench.hands.find(QPushButton, "Choose tools").text() == "1 chosen…"
    bench.hands.tick("Tools")
    assert bench.values == {}


def test_the_system_prompt(bench: Bench) -> None:
    bench.hands.type_text("System prompt", "Be brief.")
    assert bench.system == "Be brief."
    assert "with the system prompt" in bench.hands.sent


def test_what_the_profile_sends_is_said(bench: Bench) -> None:
    bench.profile = Profile("o", "Open", ProfileKind.OPENAI, base_url="http://127.0.0.1/v1", model="m-9")
    bench.show()
    assert bench.hands.sent == "messages, model m-9, stream true, stream_options include_usage"
    assert not bench.hands.is_set("Stream")
    assert sum("as the profile says" in text for text in bench.hands.labels()) == 2


def test_a_parameter_can_be_brought_to_the_users_eyes(bench: Bench) -> None:
    bench.panel.resize(300, 260)
    bench.panel.activateWindow()
    bench.panel.focus_parameter("temperature")
    box = bench.hands.number("Temperature")
    assert isinstance(box, QDoubleSpinBox)
    assert box.hasFocus()
