"""What a stream costs in the program: processor time, memory, and how hostile inputs fare."""

from __future__ import annotations

import math
import time
from typing import Any

from tests.benchmarks.heartbeat import Heartbeat
from tests.benchmarks.measuring import Flusher, measured, memory_mb, pump_until
from tests.benchmarks.stage import Feed, Stage, silent_client, stage
from tests.benchmarks.texts import mixed, text_of

WARM_UP = 6_000
"""Characters of an answer before the one that counts: fonts, lexers and imports are loaded with it."""


def _warm_up(on: Stage) -> None:
    feed = Feed(on, "Warm up.")
    text = mixed(WARM_UP, seed=2)
    for start in range(0, len(text), 200):
        feed.text(text[start : start + 200])
        pump_until(lambda: not on.backlog)
    feed.end()
    pump_until(on.settled)
    on.new()


def stream(kind: str, size: int, flush: int) -> dict[str, Any]:
    """Processor seconds of the whole process from the first character to the settled answer, and memory, in MB."""
    text = text_of(kind, size)
    pieces = [text[start : start + flush] for start in range(0, len(text), flush)]
    with stage(client=silent_client) as on:
        _warm_up(on)
        feed = Feed(on)
        flusher = Flusher(on.view.viewport(), lambda: on.backlog)
        before = memory_mb()
        began, cpu = time.perf_counter(), time.process_time()
        with measured():
            for piece in pieces:
                flusher.flush(lambda now=piece: feed.text(now))  # type: ignore[misc]
            feed.end()
            pump_until(on.settled)
            on.wait_painted()
        cpu, took = time.process_time() - cpu, time.perf_counter() - began
        after = memory_mb()
        losses = on.losses(text)
        viewport = on.view.size()
    return {
        "cpu_s": round(cpu, 3),
        "wall_s": round(took, 3),
        "memory_mb": round(after - before, 2),
        "flushes": len(pieces),
        "unpainted": flusher.unpainted,
        **losses,
        "size": [viewport.width(), viewport.height()],
    }


def hostile(kind: str, size: int, flush: int) -> dict[str, Any]:
    """Stalls while a hostile text is fed in pieces as fast as the view takes them; `exponent` 1 means linear."""
    text = text_of(kind, size)
    pieces = [text[start : start + flush] for start in range(0, len(text), flush)]
    with stage(client=silent_client) as on:
        _warm_up(on)
        feed = Feed(on)
        flusher = Flusher(on.view.viewport(), lambda: on.backlog, grace=0)
        heart = Heartbeat()
        heart.start()
        began, cpu, half = time.perf_counter(), time.process_time(), 0.0
        with measured():
            for place, piece in enumerate(pieces):
                flusher.flush(lambda now=piece: feed.text(now))  # type: ignore[misc]
                if place == len(pieces) // 2:
                    half = time.process_time() - cpu
            streamed = time.process_time() - cpu
            feed.end()
            pump_until(on.settled)
            on.wait_painted()
        heart.stop()
        took = time.perf_counter() - began
        losses = on.losses(text)
    figures = heart.figures()
    return {
        **figures,
        "seconds": round(took, 2),
        "cpu_s": round(streamed, 2),
        "exponent": round(math.log2(max(streamed, 1e-6) / max(half, 1e-6)), 2),
        **losses,
    }
