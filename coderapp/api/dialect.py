"""What a request is on the wire, and which dialect a profile speaks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote, urlsplit, urlunsplit

from coderapp.api.decoding import encode_json
from coderapp.api.failures import Redactor, Site
from coderapp.api.replies import JsonObject, Reader
from coderapp.core.errors import KeyMissing, KeyRefused, Unreachable
from coderapp.core.profile import KeyPlacement, Profile, ProfileKind, address_fault
from coderapp.core.request import GenerationRequest
from coderapp.core.secret import Secret


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One request, with the key in it: its parts are kept out of the repr."""

    method: str
    site: Site
    url: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


class Dialect(Protocol):
    """How requests are written and replies read."""

    body_status: bool
    """Whether a `status` in the body of a reply counts."""

    def body(self, request: GenerationRequest) -> JsonObject:
        """The request's fields, without the key: exactly its messages, model and parameters."""

    def key_header(self, key: str) -> tuple[str, str]: ...

    def reader(self, site: Site) -> Reader: ...


def dialect_of(kind: ProfileKind) -> Dialect:
    from coderapp.api.chat_completions import ChatCompletions
    from coderapp.api.pixlab import Pixlab

    return ChatCompletions() if kind is ProfileKind.OPENAI else Pixlab()


def post(profile: Profile, url: str, key: Secret | None, body: JsonObject, dialect: Dialect) -> Outgoing:
    """A POST of JSON with the key where the profile puts it. Raises KeyMissing, KeyRefused, Unreachable."""
    return _outgoing("POST", profile, url, key, dialect, body)


def get(profile: Profile, url: str, key: Secret | None, dialect: Dialect) -> Outgoing:
    """A GET; a key that belongs in the body goes into the header, for there is none. Raises as `post`."""
    return _outgoing("GET", profile, url, key, dialect, None)


def _outgoing(
    method: str, profile: Profile, url: str, key: Secret | None, dialect: Dialect, body: JsonObject | None
) -> Outgoing:
    if fault := address_fault(url):
        where = f"The address of the profile {profile.name}" if url else f"The profile {profile.name} has no address"
        raise Unreachable(f"{where} can't be used. {fault}" if url else f"{where}.")
    text = _usable_key(profile, key)
    parts = urlsplit(url)
    site = Site(host_of(url), parts.path or "/", Redactor(key), bool(text))
    headers: dict[str, str] = {}
    if text:
        if profile.key_placement is KeyPlacement.QUERY:
            parts = parts._replace(query=f"{parts.query}{'&' if parts.query else ''}key={quote(text, safe='')}")
        elif profile.key_placement is KeyPlacement.BODY and body is not None:
            body = {**body, "key": text}
        else:
            name, value = dialect.key_header(text)
            headers[name] = value
    if body is not None:
        headers["Content-Type"] = "application/json"
    encoded = None if body is None else encode_json(body)
    return Outgoing(method, site, urlunsplit(parts._replace(fragment="")), headers, encoded)


def _usable_key(profile: Profile, key: Secret | None) -> str:
    text = key.reveal() if key else ""
    if not text and profile.needs_key:
        raise KeyMissing(f"{profile.name} wants an API key, and none is stored.")
    if not text.isascii() or not text.isprintable():
        kind = "a line break or another control character" if text.isascii() else "a character outside ASCII"
        raise KeyRefused(f"The key holds {kind}; it was not sent.", advice="Copy the key once more, and alone.")
    return text


def host_of(url: str) -> str:
    """Host and port as sentences name them, without user name and password."""
    parts = urlsplit(url)
    host = parts.hostname or "the server"
    host = f"[{host}]" if ":" in host else host
    return f"{host}:{parts.port}" if parts.port else host
