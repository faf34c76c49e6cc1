"""The test of a connection: a sentence about whether the server answers, takes the key, and with which model."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from urllib.parse import urlsplit

from coderapp.api.client import CheckResult
from coderapp.api.dialect import host_of
from coderapp.core.errors import (
    CoderappError,
    EndpointError,
    KeyMissing,
    KeyRefused,
    RateLimited,
    RequestRefused,
)
from coderapp.core.events import Failed, Started, StreamEvent
from coderapp.core.message import Message, Role, TextPart
from coderapp.core.profile import Profile, ProfileKind
from coderapp.core.request import GenerationRequest
from coderapp.core.secret import Secret

_FIRST_BYTE = 60.0
"""Seconds that a test waits for an answer, where the profile would wait longer."""


Ask = Callable[[GenerationRequest, Secret | None], AsyncGenerator[StreamEvent]]
ListModels = Callable[[Profile, Secret | None], Awaitable[tuple[str, ...]]]


async def check_connection(list_models: ListModels, ask: Ask, profile: Profile, key: Secret | None) -> CheckResult:
    """Lists the models where the dialect can, then asks for an answer of one token: many servers list their models to
    anybody, so only an answer shows that the key is good. A server of one's own, without a key, is only asked for the
    list: the answer might have to wait for a model to be loaded. `ask` sends one request, without retries.
    """
    begun = time.monotonic()
    limits = replace(profile.timeouts, first_byte=min(profile.timeouts.first_byte, _FIRST_BYTE))
    profile = replace(profile, timeouts=limits)
    models: tuple[str, ...] = ()
    model = ""
    error: CoderappError | None = None
    try:
        models = await list_models(profile, key)
    except EndpointError as failure:
        error = failure
    has_no_list = isinstance(error, RequestRefused) and error.status in (404, 405, 501)
    listed_to_us = bool(models) and not key and profile.kind is ProfileKind.OPENAI
    if has_no_list or (error is None and not listed_to_us):
        model, error = await _answer(ask, profile, key, models)
    return replace(_result(profile, key, models, model, error), models=models, seconds=time.monotonic() - begun)


async def _answer(
    ask: Ask, profile: Profile, key: Secret | None, models: tuple[str, ...]
) -> tuple[str, CoderappError | None]:
    """The model that answered, and what went wrong."""
    model = "" if profile.kind is ProfileKind.PIXLAB else profile.model
    if not model and profile.kind is ProfileKind.OPENAI and models:
        model = models[0]
    hello = Message("check", Role.USER, (TextPart("Hi"),))
    async with aclosing(ask(GenerationRequest(profile, (hello,), {"max_tokens": 1}, model), key)) as events:
        async for event in events:
            if isinstance(event, Started):
                model = event.model or model
            elif isinstance(event, Failed):
                of_the_test = isinstance(event.error, RequestRefused) and event.error.parameter == "max_tokens"
                return model, None if of_the_test else event.error  # some models want another field for the limit
    return model, None


def _result(
    profile: Profile, key: Secret | None, models: tuple[str, ...], model: str, error: CoderappError | None
) -> CheckResult:
    host = host_of(profile.chat_url)
    accepted = True if key else None
    if error is None:
        takes = f"{host} answers" + (" and takes the key" if key else "")
        if models and profile.model and profile.model not in models and not model:
            few = ", ".join(models[:3]) + ("…" if len(models) > 3 else "")
            sentence = f"{takes}, but it does not list the model {profile.model}. It has {few}."
            return CheckResult(False, sentence, True, accepted)
        told = f" The model is {model}." if model else f" It lists {len(models)} models." if len(models) > 1 else ""
        told = told or (f" Its model is {models[0]}." if models else "")
        return CheckResult(True, f"{takes}.{told}", True, accepted, model or profile.model)
    if isinstance(error, KeyRefused | KeyMissing):
        return CheckResult.failed(error, key_accepted=False)
    if isinstance(error, RequestRefused) and error.status in (404, 405):
        # Whoever has nothing there, or no such model, may not have looked at the key at all.
        return CheckResult.failed(error, key_accepted=None, sentence=_nothing_there(profile, host, error))
    if isinstance(error, RequestRefused):
        takes = f"{host} answers and takes the key" if key else f"{host} answers"
        return CheckResult.failed(
            error, key_accepted=accepted, sentence=f"{takes}, but refuses the test: {error.sentence}"
        )
    return CheckResult.failed(error, key_accepted=accepted if isinstance(error, RateLimited) else None)


_VERSION = re.compile(r"/v\d+(?:[a-z]+\d*)?(?:/|$)", re.IGNORECASE)
_OF_A_MODEL = re.compile(r"\bmodels?\b(?!/)", re.IGNORECASE)


def _nothing_there(profile: Profile, host: str, error: RequestRefused) -> str:
    """A sentence for a 404 or 405, with a hint where the address probably lacks OpenAI's version part."""
    path = urlsplit(profile.chat_url).path or "/"
    silent = error.sentence.startswith(f"{host} has nothing at ")
    if not silent and _OF_A_MODEL.search(error.sentence):
        return f"{host} answers, but refuses the test: {error.sentence}"
    what = "has nothing at" if error.status == 404 else "takes no prompts at"
    told = f"{host} answers, but {what} {path}."
    if profile.kind is ProfileKind.OPENAI and error.status == 404 and not _VERSION.search(path):
        base = urlsplit(profile.base_url)
        root = base.path.rstrip("/").removesuffix("/chat/completions")
        return f"{told} The address probably lacks /v1: try {base.scheme}://{host}{root}/v1."
    return f"{told} Check the address in the profile."
