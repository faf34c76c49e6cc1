"""Batches: in order, whole, one at a time, and reading that pauses where the window does not follow."""

from __future__ import annotations

import asyncio

from coderapp.core.events import Finished, StreamEvent, TextDelta
from coderapp.core.message import FinishReason
from coderapp.qt.outbox import FRAME, MOST_TEXT, MOST_WAITING, Outbox

END = Finished(FinishReason.STOP)


def text_of(batches: list[list[StreamEvent]]) -> str:
    return "".join(event.text for batch in batches for event in batch if isinstance(event, TextDelta))


def test_the_next_batch_comes_only_when_the_last_was_taken() -> None:
    async def run() -> None:
        batches: list[list[StreamEvent]] = []
        outbox = Outbox(batches.append)
        for word in ("a", "b", "c"):
            await outbox.put(TextDelta(word))
        await asyncio.sleep(3 * FRAME)
        assert text_of(batches) == "a"
        outbox.taken()
        await asyncio.sleep(3 * FRAME)
        assert text_of(batches) == "abc"
        assert len(batches) == 2

    asyncio.run(run())


def test_a_long_delta_is_parted_and_nothing_is_lost() -> None:
    async def run() -> None:
        batches: list[list[StreamEvent]] = []
        outbox: Outbox

        def take(batch: list[StreamEvent]) -> None:
            batches.append(batch)
            asyncio.get_running_loop().call_soon(outbox.taken)

        outbox = Outbox(take)
        whole = "".join(chr(97 + number % 26) for number in range(5 * MOST_TEXT + 17))
        await outbox.put(TextDelta(whole))
        await outbox.put(END)
        await outbox.drained()
        assert text_of(batches) == whole
        assert batches[-1][-1] == END
        assert max(len(text_of([batch])) for batch in batches) <= 2 * MOST_TEXT

    asyncio.run(run())


def test_reading_pauses_where_too_much_waits_and_ends_at_once_when_cancelled() -> None:
    async def run() -> None:
        read = 0
        outbox = Outbox(lambda _: None)  # a window that does not come to take anything

        async def flood() -> None:
            nonlocal read
            while True:
                await outbox.put(TextDelta("x" * 1000))
                read += 1000

        task = asyncio.ensure_future(flood())
        await asyncio.sleep(0.1)
        paused_at = read
        await asyncio.sleep(0.05)
        assert paused_at == read <= MOST_WAITING + MOST_TEXT + 2000
        task.cancel()
        assert isinstance((await asyncio.gather(task, return_exceptions=True))[0], asyncio.CancelledError)

    asyncio.run(run())


def test_after_the_end_nothing_is_handed_over() -> None:
    async def run() -> None:
        batches: list[list[StreamEvent]] = []
        outbox = Outbox(batches.append)
        await outbox.put(TextDelta("a"))
        outbox.taken()
        await outbox.put(TextDelta("b"))
        outbox.close()
        await asyncio.sleep(3 * FRAME)
        assert text_of(batches) == "a"

    asyncio.run(run())
