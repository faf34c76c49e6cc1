"""Every failure that an endpoint can report, as a sentence and a leaf of the error tree. No key gets through here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus

from coderapp.api.decoding import NotJson, clean, decode_json, excerpt
from coderapp.api.erasing import SHORTEST, KeyFinder
from coderapp.core import parameters
from coderapp.core.errors import (
    BadReply,
    ConnectionLost,
    EndpointError,
    KeyRefused,
    RateLimited,
    RequestRefused,
    ServerFailed,
)
from coderapp.core.message import JsonValue
from coderapp.core.secret import Secret

MOST_RAW = 64 * 1024
_MOST_WORDS = 600
_DAY = 24 * 60 * 60.0

_BODY_STATUSES = {
    "authentication_error": 401,
    "invalid_api_key": 401,
    "permission_error": 403,
    "insufficient_quota": 402,
    "rate_limit_error": 429,
    "rate_limit_exceeded": 429,
    "invalid_request_error": 400,
    "not_found_error": 404,
    "overloaded_error": 503,
}
"""What servers name an error that comes under HTTP 200, in mid-stream for instance."""


class Redactor:
    """Takes the key out of text: plain, JSON-escaped, percent-encoded, HTML-escaped, in any mixture."""

    def __init__(self, key: Secret | None) -> None:
        self._key = key

    @cached_property
    def _finder(self) -> KeyFinder | None:
        return KeyFinder(self._key.reveal(), greedy=True) if self._key else None

    @cached_property
    def finder_in_answers(self) -> KeyFinder | None:
        """What finds the key in answers: None where there is no key, or one so short that it might be a word."""
        key = self._key.reveal() if self._key else ""
        return KeyFinder(key, greedy=False) if len(key) >= SHORTEST else None

    def __call__(self, text: str) -> str:
        return self._erased(text, final=True)

    def answer(self, text: str) -> str:
        """A whole text of an answer (a name, a token, a tool's result) without the key."""
        finder = self.finder_in_answers
        return finder.erase(text)[0] if finder else text

    def raw(self, data: bytes | str) -> str:
        """At most MOST_RAW bytes of a reply, readable, without the key."""
        head = data[: 4 * MOST_RAW]
        text = head if isinstance(head, str) else head.decode("utf-8", "replace")
        text = self._erased(text, final=len(data) == len(head))
        return clean(text).encode()[:MOST_RAW].decode("utf-8", "ignore")

    def _erased(self, text: str, *, final: bool) -> str:
        """Half a key may stand at the end of a text that is not `final`: it is left out."""
        if self._key is None or self._finder is None:
            return text
        return self._key.redact(self._finder.erase(text, final=final)[0])


@dataclass(frozen=True)
class Site:
    """Whom a request went to: `host` as sentences name it (with the port, where it has one), the key's eraser, whether
    a key was sent, and the seconds of the reply's Retry-After.
    """

    host: str
    path: str
    redact: Redactor
    with_key: bool = True
    wait: float | None = None

    def bad_reply(self, what: str, raw: bytes | str = b"", *, shown: bool = True) -> BadReply:
        """`what` follows the host's name; the first 200 characters of `raw` follow that."""
        kept = self.redact.raw(raw)
        start = excerpt(kept)
        sentence = f"{self.host} {self.redact(what)}" + (f": “{start}”" if start and shown else "")
        return BadReply(sentence if sentence.endswith("”") else f"{sentence}.", raw=kept)

    def cut_short(self, detail: str, raw: bytes | str = b"") -> ConnectionLost:
        return ConnectionLost(f"The answer from {self.host} was cut short: {detail}.", raw=self.redact.raw(raw))


# what a server said


@dataclass(frozen=True, slots=True)
class Said:
    """A server's own words on a failure, "" where it has none, and what else it tells."""

    words: str = ""
    parameter: str | None = None
    status: int | None = None


def said_in(value: JsonValue) -> Said:
    """Reads `error`, `error.message`, `detail` (FastAPI's list too), `message`, in this order of preference."""
    if isinstance(value, list):
        value = next((item for item in value if isinstance(item, dict)), None)
    if not isinstance(value, dict):
        return Said()
    error = value.get("error")
    candidates = [error, value.get("detail"), value.get("message"), value.get("errors"), value.get("msg")]
    words = [text for candidate in candidates if (text := _words(candidate))]
    # Some frameworks say "Bad Request" in `error` and what is wrong in `message`.
    telling = next((text for text in words if text.casefold() not in _PHRASES), words[0] if words else "")
    described = error if isinstance(error, dict) else value
    named = _row(described.get("param")) or _row_in_locations(value.get("detail"))
    return Said(telling, named or row_in(telling), _status_in(described) or _status_in(value))


_PHRASES = frozenset(status.phrase.casefold() for status in HTTPStatus)


def _words(value: JsonValue) -> str:
    if isinstance(value, str):
        text = " ".join(clean(value[:MOST_RAW]).split())
        usable = any(character.isalpha() for character in text) and "[object " not in text and text[:1] != "<"
        return text if usable else ""
    if isinstance(value, dict):
        for name in ("message", "msg", "detail", "error", "reason", "description"):
            text = _words(value.get(name)) if name != "error" or isinstance(value.get(name), str) else ""
            if text:
                place = _location(value.get("loc"))
                return f"{place}: {text}" if place and name == "msg" else text
        return ""
    if isinstance(value, list):
        texts = [text for item in value[:20] if not isinstance(item, list) and (text := _words(item))]
        return "; ".join(texts)
    return ""


def _location(value: JsonValue) -> str:
    if not isinstance(value, list):
        return ""
    return ".".join(str(step) for step in value if isinstance(step, str | int) and step != "body")


def _row_in_locations(detail: JsonValue) -> str | None:
    for item in detail if isinstance(detail, list) else ():
        loc = item.get("loc") if isinstance(item, dict) else None
        for step in loc if isinstance(loc, list) else ():
            if row := _row(step):
                return row
    return None


def _row(value: JsonValue) -> str | None:
    if not isinstance(value, str):
        return None
    for name in (value, *re.findall(r"[\w-]+", value)):
        row = parameters.BY_FIELD.get(name) or parameters.BY_NAME.get(name)
        if row:
            return row.name
    return None


_PLAIN_WORDS = frozenset({"format", "model", "seed", "stop", "stream", "tools"})
_FIELDS = "|".join(sorted(map(re.escape, {*parameters.BY_FIELD, *parameters.BY_NAME}), key=len, reverse=True))
_FIELD = re.compile(rf"(?<![\w-])(?:({_FIELDS}))(?![\w-])")


def row_in(sentence: str) -> str | None:
    """The first parameter that a sentence names. Ordinary words ("model", "stop") count only in quotes, as the
    sentence's subject, or before a colon: "'seed' is unknown", "tools must be a list", "body.stop: too long".
    """
    for match in _FIELD.finditer(sentence):
        name, before, after = match[1], sentence[: match.start()], sentence[match.end() :]
        quoted = before[-1:] in ("'", '"', "`", "“", "‘") and before[-1:] != ""
        subject = not before.strip() or before.endswith(".") or re.match(r":| (must|should|is not a|has to)\b", after)
        if name not in _PLAIN_WORDS or quoted or subject:
            return _row(name)
    return None


def _status_in(value: dict[str, JsonValue]) -> int | None:
    for name in ("status", "code", "status_code", "type"):
        found = value.get(name)
        if isinstance(found, str) and found in _BODY_STATUSES:
            return _BODY_STATUSES[found]
        if isinstance(found, str) and re.fullmatch(r"[1-5]\d\d", found):
            found = int(found)
        if isinstance(found, int) and not isinstance(found, bool) and 400 <= found <= 599:
            return found
    return None


# statuses


def status_failure(site: Site, status: int, said: Said, *, raw: str = "", wait: float | None = None) -> EndpointError:
    """The error that an HTTP status, or the `status` in a body, means. `wait`: seconds from Retry-After."""
    words = excerpt(site.redact(said.words), _MOST_WORDS)
    host = site.host
    wait = site.wait if wait is None else wait
    because = f": {words}" if words else "."
    if status in (401, 403):
        verb = "refused the key" if site.with_key else "wants a key"
        return KeyRefused(f"{host} {verb}{because}", status=status, raw=raw)
    if status in (402, 429):
        what = "limits the rate of requests" if status == 429 else "reports that the quota is used up"
        sentence = f"{host} {what}{because}"
        if wait is not None:
            span = seconds(wait) if wait <= _DAY else "more than a day"
            sentence += f"{'' if sentence[-1] in '.!?…' else '.'} It asks to wait {span}."
        return RateLimited(sentence, retry_after=wait, status=status, raw=raw)
    if 400 <= status < 500:
        advice = "Check the address and the model in the profile." if status == 404 else None
        terse = words and " " not in words  # "no", "invalid_request": no sentence by itself
        sentence = f"{host} refused the request: {words}" if terse else words or _own_sentence(site, status)
        return RequestRefused(sentence, parameter=said.parameter, advice=advice, status=status, raw=raw)
    return ServerFailed(f"{host} {_FAILED.get(status, 'failed')}{because}", status=status, raw=raw)


_FAILED = {
    500: "failed inside",
    501: "does not know how to do this",
    502: "could not reach the server behind it",
    503: "is overloaded or not ready",
    504: "got no answer in time from the server behind it",
}


def _own_sentence(site: Site, status: int) -> str:
    if status == 404:
        return f"{site.host} has nothing at {site.redact(site.path)}."
    if status == 413:
        return f"The conversation is too large for {site.host}."
    if status == 415:
        return f"{site.host} does not take JSON."
    try:
        phrase = f" as “{HTTPStatus(status).phrase}”"
    except ValueError:
        phrase = ""
    return f"{site.host} refused the request{phrase} and did not say why."


def http_failure(
    site: Site, status: int, headers: Mapping[str, str], body: bytes, *, body_status: bool
) -> EndpointError:
    """From a reply with an HTTP status that means failure. `body_status`: a `status` in the body says it better."""
    said = _said_in_body(body)
    if body_status and said.status in (401, 402, 403, 429):
        status = said.status
    return status_failure(site, status, said, raw=site.redact.raw(body), wait=retry_after(headers.get("retry-after")))


def _said_in_body(body: bytes) -> Said:
    start = body.lstrip()
    if start.startswith((b"data:", b"event:")):
        start = re.sub(rb"(?m)^(?:data: ?|event:.*$)", b"", start)
    try:
        return said_in(decode_json(start))
    except NotJson:
        text = body.decode("utf-8", "replace").strip()
        plain = len(text) <= 300 and "\ufffd" not in text and text[:1] not in ("<", "{", "[")
        words = _words(text) if plain else ""
        return Said(words, row_in(words))


def retry_after(value: str | None) -> float | None:
    """Seconds from a Retry-After header: a number, or an HTTP date; None where it is neither."""
    if value is None:
        return None
    value = value.strip()
    if re.fullmatch(r"\d{1,9}(\.\d*)?", value, re.ASCII):
        return float(value)
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def seconds(span: float) -> str:
    """A span of time in words: "0.5 s", "12 s", "2 min 5 s", "3 h"."""
    if span < 10:
        return f"{span:.2g} s"
    whole = round(span)
    if whole < 120:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 120:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
