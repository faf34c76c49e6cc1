"""`kill -9` in mid-answer: the prompt is there, and all but the last second of the answer."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from coderapp.core.message import FinishReason
from coderapp.storage.paths import Paths
from tests.helpers.desktop import desktop, keep_profile, openai_profile
from tests.helpers.hostile_server import Exchange, chunk, head
from tests.helpers.talker import Talker

ROOT = Path(__file__).parents[2]


class Counting:
    """Writes a number every few milliseconds and notes when."""

    def __init__(self) -> None:
        self.sent: list[tuple[float, str]] = []

    async def __call__(self, exchange: Exchange) -> None:
        await exchange.send(head(content_type="text/event-stream", transfer_encoding="chunked"))
        while True:
            word = f"{len(self.sent)} "
            await exchange.send(chunk(b'data: {"choices":[{"delta":{"content":"%s"}}]}\n\n' % word.encode()))
            self.sent.append((time.monotonic(), word))
            await asyncio.sleep(0.01)


@pytest.mark.slow
def test_at_most_a_second_of_an_answer_is_lost(qtbot: QtBot, paths: Paths, server: Talker) -> None:
    counting = Counting()
    server.behave(counting)
    keep_profile(paths, openai_profile(server.openai_url))
    command = [sys.executable, "-m", "tests.helpers.doomed", str(paths.root), "Count for me"]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as doomed:
        assert doomed.stdout is not None
        try:
            assert doomed.stdout.readline() == "asking\n"
            assert doomed.stdout.readline() == "streaming\n"
            enough = time.monotonic() + 1.6
            qtbot.waitUntil(lambda: time.monotonic() > enough, timeout=5000)
        finally:
            killed = time.monotonic()
            doomed.send_signal(signal.SIGKILL)
        doomed.wait(5)
    due = "".join(word for then, word in counting.sent if then < killed - 1.0)
    sent = "".join(word for _, word in counting.sent)
    assert len(due) > 20
    with desktop(qtbot, paths) as desk:
        desk.until(lambda: len(desk.messages) == 2)
        assert desk.notice == ""
        assert desk.messages[0].text == "Count for me"
        kept = desk.last.text
        assert sent.startswith(kept)
        assert len(kept) >= len(due)
        assert desk.finish() is FinishReason.INTERRUPTED
        assert desk.shown_text().startswith("Count for me\n\n0 1 2 3")


@pytest.mark.slow
def test_the_prompt_is_on_disk_before_its_request_leaves(qtbot: QtBot, paths: Paths, server: Talker) -> None:
    seen: list[str] = []

    async def behave(exchange: Exchange) -> None:
        seen.extend(path.read_text(encoding="utf-8") for path in paths.conversations.iterdir() if path.suffix != ".tmp")
        await exchange.stall()

    server.behave(behave)
    keep_profile(paths, openai_profile(server.openai_url))
    with desktop(qtbot, paths) as desk:
        desk.type("Remember this")
        desk.press(Qt.Key.Key_Return)
        desk.until(lambda: bool(seen))
        assert any("Remember this" in text for text in seen)
