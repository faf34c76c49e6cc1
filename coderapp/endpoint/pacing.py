"""Hands out an answer's tokens without holding up the event loop, at the pace that was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from time import perf_counter

from coderapp.endpoint.generation import Written

SLICE = 0.004
"""Seconds of work after which others have their turn, and what is written goes out."""

_PATIENCE = 0.002
"""Tokens that are due within this time of each other go out together."""


async def paced(
    tokens: Iterator[Written], ended: asyncio.Event, tokens_per_second: float = 0
) -> AsyncIterator[list[Written]]:
    """The tokens in batches; 0 tokens a second stands for no limit. Ends early where `ended` is set."""
    batches = _evenly(tokens, ended, tokens_per_second) if tokens_per_second > 0 else _at_once(tokens, ended)
    async for batch in batches:
        yield batch


async def _at_once(tokens: Iterator[Written], ended: asyncio.Event) -> AsyncIterator[list[Written]]:
    while not ended.is_set():
        until = perf_counter() + SLICE
        batch: list[Written] = []
        for written in tokens:
            batch.append(written)
            if perf_counter() >= until:
                break
        else:
            if batch:
                yield batch
            return
        yield batch
        await asyncio.sleep(0)


async def _evenly(
    tokens: Iterator[Written], ended: asyncio.Event, tokens_per_second: float
) -> AsyncIterator[list[Written]]:
    began = perf_counter()
    batch: list[Written] = []
    for number, written in enumerate(tokens):
        wait = began + number / tokens_per_second - perf_counter()
        if wait > _PATIENCE:
            if batch:
                yield batch
                batch = []
            wait = began + number / tokens_per_second - perf_counter()
            if wait > 0 and await _wait(ended, wait):
                return
        if ended.is_set():
            return
        batch.append(written)
        if len(batch) >= 64:
            yield batch
            batch = []
            await asyncio.sleep(0)
    if batch:
        yield batch


async def _wait(ended: asyncio.Event, seconds: float) -> bool:
    """Wait, and say whether `ended` was set meanwhile."""
    try:
        await asyncio.wait_for(ended.wait(), seconds)
    except TimeoutError:
        return False
    return True
