"""With no key and no network: the window and the endpoint that it starts itself."""

from __future__ import annotations

import os
import signal

import pytest
from PySide6.QtCore import QProcess, Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from coderapp.core.message import FinishReason
from coderapp.qt.endpoint_process import EndpointProcess
from coderapp.storage.paths import Paths
from coderapp.text.blocks import CodeBlock
from coderapp.text.stream import parse
from coderapp.widgets.conversation.hot_spots import Action
from tests.helpers.desktop import clipboard, desktop
from tests.helpers.panel import PanelHands


@pytest.mark.slow
def test_the_first_start_on_a_new_machine(qtbot: QtBot, paths: Paths) -> None:
    with desktop(qtbot, paths, pace=0) as desk:
        assert any("built-in" in label.text() for label in desk.program.window.pane.empty.findChildren(QLabel))
        PanelHands(desk.program.window.panel).type_number("Temperature", "0")
        first = desk.ask("A login form in HTML and CSS with validation")
        assert desk.finish() is FinishReason.STOP
        blocks = [block for block in parse(first.text) if isinstance(block, CodeBlock)]
        assert blocks
        desk.click(Action.COPY_CODE)
        assert clipboard() == blocks[-1].code
        generation = desk.last.generation
        assert generation is not None
        assert generation.parameters == {"temperature": 0.0, "format": "markdown", "stream": True}
        assert (generation.usage.output_tokens or 0) > 50
        second = desk.ask("now in SwiftUI")
        assert "swift" in second.text.casefold()

        # It goes on when its process is killed.
        endpoint = desk.program.endpoint
        os.kill(process_id(endpoint), signal.SIGKILL)
        desk.until(lambda: endpoint_gone(endpoint))
        third = desk.ask("A pricing table in Tailwind")
        assert desk.finish() is FinishReason.STOP
        assert third.text
        running = process_id(endpoint)
    with pytest.raises(ProcessLookupError):
        os.kill(running, 0)


def test_stopping_while_the_endpoint_starts(qtbot: QtBot, paths: Paths) -> None:
    with desktop(qtbot, paths) as desk:
        desk.type("Something")
        desk.press(Qt.Key.Key_Return)
        desk.press(Qt.Key.Key_Escape)
        assert desk.finish() is FinishReason.STOPPED
        assert desk.session.is_idle


def process_id(endpoint: EndpointProcess) -> int:
    found = endpoint.findChild(QProcess)
    assert isinstance(found, QProcess)
    return int(found.processId())


def endpoint_gone(endpoint: EndpointProcess) -> bool:
    return not [p for p in endpoint.findChildren(QProcess) if p.state() is QProcess.ProcessState.Running]
