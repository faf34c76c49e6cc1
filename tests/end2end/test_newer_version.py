"""A conversation that a later version of the program saved: it can be read, and stays as it is."""

from __future__ import annotations

import json

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from coderapp.storage.paths import Paths
from tests.helpers.desktop import desktop, keep_profile, openai_profile
from tests.helpers.talker import Talker


def test_it_is_shown_and_not_changed(qtbot: QtBot, paths: Paths, server: Talker) -> None:
    keep_profile(paths, openai_profile(server.openai_url))
    with desktop(qtbot, paths) as desk:
        desk.ask("Hello")
        name = desk.session.conversation.id
    path = paths.conversations / f"{name}.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {"version": 99, "mood": "new"}), encoding="utf-8")
    data = path.read_bytes()
    with desktop(qtbot, paths) as desk:
        desk.until(lambda: desk.session.conversation.id == name)
        assert desk.shown_text().startswith("Hello\n\nFine.")
        composer = desk.program.window.pane.composer
        sentences = [label.text() for label in composer.findChildren(QLabel) if label.isVisible()]
        assert any("A newer coderapp saved this conversation" in sentence for sentence in sentences)
        assert not desk.edit.isVisible()
        desk.session.send("More?")
        desk.session.regenerate(desk.last.id)
        desk.session.set_draft("a draft")
        desk.session.set_parameter("temperature", 1.0)
        desk.program.workspace.new()
        assert desk.edit.isVisible()
        desk.ask("Elsewhere")
    assert path.read_bytes() == data
    assert sorted(entry.name for entry in paths.conversations.glob(f"{name}*")) == [path.name]
    assert len(server.requests) == 2
    with desktop(qtbot, paths) as desk:
        desk.program.workspace.open(name)
        desk.until(lambda: desk.session.conversation.id == name)
        desk.press(Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    assert path.read_bytes() == data
