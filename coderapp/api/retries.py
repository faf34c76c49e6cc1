"""When a request goes out again by itself: before the first byte of an answer only, at most twice."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from coderapp.core.errors import EndpointError, RateLimited, Unreachable


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`backoff`: seconds before the first and the second retry, lengthened at random by up to `jitter` of them, where
    the server names no wait. A wait over `longest` seconds is left to the user. `sleep` is replaceable for tests.
    """

    backoff: tuple[float, ...] = (0.5, 1.5)
    jitter: float = 0.25
    longest: float = 60.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    @property
    def most(self) -> int:
        return len(self.backoff)

    def delay(self, error: EndpointError, attempt: int) -> float | None:
        """Seconds to wait before retry number `attempt` (from 1); None where the error is final."""
        if attempt > self.most or not is_passing(error):
            return None
        named = error.retry_after if isinstance(error, RateLimited) else None
        if named is not None:
            return named if named <= self.longest else None
        return self.backoff[attempt - 1] * (1 + random.uniform(0, self.jitter))


def is_passing(error: EndpointError) -> bool:
    """429, 502, 503, 504 and refused connections (the cause says so) may be over in a moment."""
    if isinstance(error, Unreachable):
        return isinstance(error.__cause__, ConnectionRefusedError)
    return error.status in (429, 502, 503, 504)
