"""All HTTP: one thread with one asyncio loop. A stream's events reach the UI thread in batches, once a frame."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Qt, QThread, Signal, Slot

from coderapp.core.errors import CoderappError
from coderapp.core.events import Failed, StreamEvent
from coderapp.core.request import GenerationRequest
from coderapp.core.secret import Secret
from coderapp.qt.background import Delivery, Failure

if TYPE_CHECKING:
    import asyncio

    from coderapp.api.client import Client
    from coderapp.qt.outbox import Outbox

T = TypeVar("T")

log = logging.getLogger(__name__)


class _LoopThread(QThread):
    """Runs an asyncio loop until `finish` is called. `ready` is set once tasks can be handed over."""

    def __init__(self, client_factory: Callable[[], Client]) -> None:
        super().__init__()
        self.setObjectName("streams")
        self._client_factory = client_factory
        self._client: Client | None = None
        self._waiting: list[Callable[[], None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._finish: asyncio.Event | None = None
        import threading

        self._lock = threading.Lock()

    def call(self, job: Callable[[], None]) -> None:
        """Runs `job` in the loop's thread. Callable from any thread, also before the loop runs."""
        with self._lock:
            if self._loop is None:
                self._waiting.append(job)
                return
            self._loop.call_soon_threadsafe(job)

    def client(self) -> Client:
        if self._client is None:
            self._client = self._client_factory()
        return self._client

    def run(self) -> None:
        import asyncio

        # Not asyncio.run: it waits for the executor, in which a name look-up may hang.
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(self._main())
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            asyncio.set_event_loop(None)
            loop.close()

    async def _main(self) -> None:
        import asyncio

        self._finish = asyncio.Event()
        with self._lock:
            self._loop = asyncio.get_running_loop()
            for job in self._waiting:
                self._loop.call_soon(job)
            self._waiting.clear()
        await self._finish.wait()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    def finish(self) -> None:
        self.call(lambda: self._finish.set() if self._finish else None)


class StreamWorker(QObject):
    """Signal: `events_arrived(job, events)`: StreamEvents of one stream, in order, at most 60 times a second."""

    events_arrived = Signal(int, list)
    _batch_ready = Signal(int, list)

    def __init__(self, client_factory: Callable[[], Client], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._client_factory = client_factory
        self._thread: _LoopThread | None = None
        self._tasks: dict[int, asyncio.Task[None]] = {}  # in the loop's thread
        self._jobs = 0
        self._outboxes: dict[int, Outbox] = {}  # in the loop's thread
        self._delivery = Delivery(self)
        self._batch_ready.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    def start(self, request: GenerationRequest, key: Secret | None) -> int:
        """Begins an answer; its events carry the number that is returned."""
        self._jobs += 1
        job = self._jobs

        def begin() -> None:
            import asyncio

            task = asyncio.ensure_future(self._run(job, request, key))
            self._tasks[job] = task
            task.add_done_callback(lambda _: self._tasks.pop(job, None))

        self._loop().call(begin)
        return job

    def cancel(self, job: int) -> None:
        """Ends a stream at once, also while the server stalls. No event of it comes after those already sent."""

        def end() -> None:
            if task := self._tasks.get(job):
                task.cancel()

        self._loop().call(end)

    def call(self, work: Callable[[Client], Awaitable[T]], success: Callable[[T], None], failure: Failure) -> None:
        """Awaits `work(client)` in the loop, then calls `success` or `failure` in the UI thread."""
        thread = self._loop()

        async def run() -> None:
            try:
                result = await work(thread.client())
            except CoderappError as error:
                known = error
                self._delivery.hand_over(lambda: failure(known))
            except Exception as error:
                log.exception("a call to the endpoint failed")
                fault = CoderappError(f"An internal error occurred ({type(error).__name__}).")
                self._delivery.hand_over(lambda: failure(fault))
            else:
                self._delivery.hand_over(lambda: success(result))

        def begin() -> None:
            import asyncio

            task = asyncio.ensure_future(run())
            self._jobs_running.add(task)
            task.add_done_callback(self._jobs_running.discard)

        thread.call(begin)

    def warm(self) -> None:
        """Loads the HTTP library in the thread, so that the first prompt does not wait for it."""
        thread = self._loop()
        thread.call(lambda: (thread.client(), None)[1])

    def stop(self) -> None:
        """Cancels every stream and waits for the thread. Outcomes of calls are not delivered any more."""
        self._delivery.close()
        if self._thread is not None:
            self._thread.finish()
            self._thread.wait()
            self._thread = None

    def _loop(self) -> _LoopThread:
        if self._thread is None:
            self._thread = _LoopThread(self._client_factory)
            self._jobs_running: set[asyncio.Task[None]] = set()
            self._thread.start()
        return self._thread

    async def _run(self, job: int, request: GenerationRequest, key: Secret | None) -> None:
        from coderapp.qt.outbox import Outbox

        assert self._thread is not None
        outbox = self._outboxes[job] = Outbox(lambda events: self._batch_ready.emit(job, events))
        try:
            try:
                async with aclosing(self._thread.client().generate(request, key)) as events:
                    async for event in events:
                        await outbox.put(event)
            except Exception as error:
                log.exception("a stream failed")
                sentence = f"An internal error occurred ({type(error).__name__})."
                outbox.put_last(Failed(CoderappError(sentence, advice="Your prompt is kept.")))
            await outbox.drained()
        finally:
            outbox.close()
            del self._outboxes[job]

    @Slot(int, list)
    def _deliver(self, job: int, events: list[StreamEvent]) -> None:
        """In the UI thread: whoever listens deals with the batch now; then the next may come."""
        self.events_arrived.emit(job, events)
        if self._thread is not None:
            self._thread.call(lambda: self._taken(job))

    def _taken(self, job: int) -> None:
        if outbox := self._outboxes.get(job):
            outbox.taken()
