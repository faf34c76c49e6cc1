"""A connection profile: which endpoint, which dialect, where the key travels, how long to wait. Holds no key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, parse_qsl, urlsplit

from coderapp.core.message import JsonValue

COMMAND_LINE = "command-line"
"""The id of a profile that stands for an address given on the command line. It is never kept."""

PIXLAB_URL = "https://llm.pixlab.io/coder"
OPENAI_URL = "https://api.openai.com/v1"

_COMPLETIONS = "/chat/completions"


class ProfileKind(StrEnum):
    """Who listens at the other end. Decides the dialect and which parameters are accepted."""

    BUILT_IN = "built-in"
    PIXLAB = "pixlab"
    OPENAI = "openai"

    @property
    def label(self) -> str:
        return {"built-in": "Built-in", "pixlab": "PixLab CODER", "openai": "OpenAI-compatible"}[self.value]


class KeyPlacement(StrEnum):
    """Header: `WWW-Authenticate: KEY` for PixLab's dialect, `Authorization: Bearer KEY` for OpenAI's.

    Body: the field `key`. Query: `?key=KEY`.
    """

    HEADER = "header"
    BODY = "body"
    QUERY = "query"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to connect, to the first byte of the reply, and between two bytes after it."""

    connect: float = 10.0
    first_byte: float = 300.0
    between_bytes: float = 120.0


@dataclass(frozen=True, slots=True)
class Profile:
    """`base_url` is the address of `/coder` in PixLab's dialect and ends in `/v1` (or the like) in OpenAI's.

    `stream` is what is sent where the conversation does not set it itself: True sends `stream: true`, False sends
    nothing. `include_usage` sends `stream_options: {"include_usage": true}` with streams (OpenAI's dialect only):
    without it most servers report no token counts. `tools_url` and `toolcall_url`, where empty, are `/tools` and
    `/toolcall` on the same host. `starts_with` holds the parameters that a new conversation has set from the start;
    they show in the sidebar as set and can be reset there.
    """

    id: str
    name: str
    kind: ProfileKind
    base_url: str = ""
    model: str = ""
    key_placement: KeyPlacement = KeyPlacement.HEADER
    stream: bool = True
    include_usage: bool = True
    tools_url: str = ""
    toolcall_url: str = ""
    timeouts: Timeouts = Timeouts()
    starts_with: Mapping[str, JsonValue] = field(default_factory=dict)

    @property
    def needs_key(self) -> bool:
        return self.kind is ProfileKind.PIXLAB

    @property
    def chat_url(self) -> str:
        """Where prompts are posted. A query of `base_url` stays."""
        return _extended(self.base_url, _COMPLETIONS if self.kind is ProfileKind.OPENAI else "")

    @property
    def models_url(self) -> str:
        """Where models are listed (OpenAI's dialect). A query of `base_url` stays."""
        return _extended(self.base_url, "/models", instead_of=_COMPLETIONS)

    def beside(self, path: str) -> str:
        """`path` on the host of `base_url`, or `base_url` itself where it names none (see `address_fault`)."""
        parts = _split(self.base_url)
        return f"{parts.scheme}://{parts.netloc}{path}" if parts else self.base_url

    @property
    def tools_address(self) -> str:
        return self.tools_url or self.beside("/tools")

    @property
    def toolcall_address(self) -> str:
        return self.toolcall_url or self.beside("/toolcall")


def _split(url: str) -> SplitResult | None:
    """None where the address can't be read or names no host."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return parts if parts.scheme and parts.netloc else None


def _extended(url: str, ending: str, *, instead_of: str = "") -> str:
    """With `ending` after its path, once; as it is where it can't be read, for `address_fault` to say why."""
    parts = _split(url)
    if parts is None:
        return url
    path = parts.path.rstrip("/").removesuffix(instead_of or ending)
    return parts._replace(path=path + ending, fragment="").geturl()


def built_in_profile() -> Profile:
    """Its address is known only while it runs. The contract's default format is plain text, without code blocks."""
    return Profile("built-in", "Built-in", ProfileKind.BUILT_IN, starts_with={"format": "markdown"})


def pixlab_profile() -> Profile:
    """Whole replies by default: PixLab's documentation describes no streaming."""
    return Profile("pixlab", "PixLab CODER", ProfileKind.PIXLAB, base_url=PIXLAB_URL, stream=False)


_KEY_NAMES = {"key", "api_key", "apikey", "token", "access_token", "secret"}


def address_fault(url: str) -> str | None:
    """What is wrong with an address, as a sentence; None where it can be used."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        return f"The address can't be read: {error}."
    if parts.scheme not in ("http", "https"):
        return "The address must begin with http:// or https://."
    if not host:
        return "The address names no host."
    if any(each.isspace() or not each.isprintable() for each in url):
        return "The address holds a space or a character that can't be seen; take it out."
    if parts.username or parts.password:
        return "The address must not hold a user name or password; enter the key in its own field."
    if any(name.casefold().replace("-", "_") in _KEY_NAMES for name, _ in parse_qsl(parts.query)):
        return "The address must not hold a key; enter the key in its own field, and where it travels below it."
    return None
