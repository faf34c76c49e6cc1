"""Writes an answer token by token: the model's distribution, a draw, stop texts, the limit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from coderapp.core.message import FinishReason
from coderapp.endpoint.model import Wording
from coderapp.endpoint.ngram import END, END_TEXT, Mixture, Reading
from coderapp.endpoint.sampler import Sampler


@dataclass(slots=True)
class Written:
    """One token of the answer. `logprob` and `top` (text, logprob) are of the model's distribution, before
    temperature, top_p and penalties; None where they were not asked for.
    """

    text: str
    logprob: float | None = None
    top: list[tuple[str, float]] | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """`most`: tokens. `closes`: the document is brought to its end before `most` is reached (JSON, where the limit is
    ours and not the client's). `stop`: texts that end the answer and are not part of it.
    """

    most: int
    closes: bool = False
    stop: tuple[str, ...] = ()


class Generation:
    """An iterator over the answer's tokens. `finish` is known when it is exhausted, `count` counts what came."""

    def __init__(
        self, reading: Reading, wording: Wording, sampler: Sampler, limits: Limits, alternatives: int | None = None
    ) -> None:
        """`alternatives`: how many likeliest tokens to report at each position; None for no log probabilities."""
        self._reading = reading
        self._wording = wording
        self._sampler = sampler
        self._limits = limits
        self._alternatives = alternatives
        self._tokens = self._held_back() if limits.stop else self._drawn()
        self.count = 0
        self.finish: FinishReason | None = None

    def __iter__(self) -> Iterator[Written]:
        return self

    def __next__(self) -> Written:
        written = next(self._tokens)
        self.count += 1
        return written

    def _drawn(self) -> Iterator[Written]:
        reading, sampler, text, limits = self._reading, self._sampler, self._wording.text, self._limits
        settings = sampler.settings
        greedy = settings.temperature <= 0 and not settings.penalises and self._alternatives is None
        for number in range(limits.most):
            leader = reading.leader() if greedy else None
            if leader is not None and leader != END:
                reading.advance(leader)
                yield Written(text(leader))
                continue
            if limits.closes and limits.most - number <= reading.frame_left:
                mixture = reading.forced()
            else:
                mixture = reading.mixture()
            token = sampler.choose(mixture)
            if token == END:
                self.finish = FinishReason.STOP
                return
            sampler.take(token, mixture)
            reading.advance(token)
            if self._alternatives is None:
                yield Written(text(token))
            else:
                yield self._reported(token, mixture, self._alternatives)
        self.finish = FinishReason.STOP if limits.closes and not reading.frame_left else FinishReason.LENGTH

    def _reported(self, token: int, mixture: Mixture, alternatives: int) -> Written:
        top = [
            (END_TEXT if other == END else self._wording.text(other), math.log(share))
            for other, share in mixture.top(alternatives)
            if share > 0
        ]
        return Written(self._wording.text(token), math.log(mixture.probability(token)), top)

    def _held_back(self) -> Iterator[Written]:
        """Tokens that may be the beginning of a stop text wait until that is settled."""
        stops = self._limits.stop
        held: list[Written] = []
        for written in self._drawn():
            held.append(written)
            text = "".join([each.text for each in held])
            at = min((place for place in (text.find(stop) for stop in stops) if place >= 0), default=-1)
            if at >= 0:
                self.finish = FinishReason.STOP
                yield from _cut(held, at)
                return
            waiting = _overlap(text, stops)
            free = len(text) - waiting
            while held and len(held[0].text) <= free:
                free -= len(held[0].text)
                yield held.pop(0)
        yield from held


def _overlap(text: str, stops: tuple[str, ...]) -> int:
    """How many characters at the end of `text` may be the beginning of a stop text."""
    longest = min(len(text), max(map(len, stops)) - 1)
    for length in range(longest, 0, -1):
        end = text[-length:]
        if any(stop.startswith(end) for stop in stops):
            return length
    return 0


def _cut(held: list[Written], length: int) -> Iterator[Written]:
    """The first `length` characters; a token that is cut in two is given as far as it is kept."""
    for written in held:
        if length <= 0:
            return
        kept = written.text[:length]
        length -= len(kept)
        yield Written(kept, written.logprob, written.top)
