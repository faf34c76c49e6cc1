"""JSON and text as they come from, and go to, other people's servers."""

from __future__ import annotations

import json
import re

from coderapp.core.message import JsonValue

BOM = b"\xef\xbb\xbf"
_SURROGATES = re.compile("[\ud800-\udfff]")
_BEGUN = re.compile(r"(n(ul?)?|t(ru?)?|f(a(ls?)?)?|-|\.|[eE][+-]?)?")
"""What may stand at the end of JSON that was cut, where a decoder expected something else."""
_PAIRS = re.compile("[\ud800-\udbff][\udc00-\udfff]")


class NotJson(ValueError):
    """`cut`: the text is the beginning of a JSON value, as far as one can tell."""

    def __init__(self, why: str, *, cut: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.cut = cut


def decode_json(data: bytes) -> JsonValue:
    """A JSON value from UTF-8. Raises NotJson.

    Halves of surrogate pairs that are escaped singly (an emoji split across two deltas) come out as lone surrogates:
    the fast decoder refuses them, the standard library's takes them.
    """
    import msgspec

    try:
        value: JsonValue = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _decode_slowly(data)
    except RecursionError:
        raise NotJson("it is nested too deeply") from None
    return value


def _decode_slowly(data: bytes) -> JsonValue:
    try:
        text = data.removeprefix(BOM).decode()
    except UnicodeDecodeError as error:
        cut = error.reason == "unexpected end of data"
        raise NotJson(f"it is not UTF-8 at byte {error.start + 1}", cut=cut) from None
    try:
        value: JsonValue = json.loads(text)
    except json.JSONDecodeError as error:
        inside = error.msg.startswith(("Unterminated string", "Invalid \\uXXXX"))
        cut = inside or _BEGUN.fullmatch(text.rstrip(), error.pos) is not None
        where = f"line {error.lineno}, column {error.colno}"
        what = error.msg.removesuffix(" at")
        raise NotJson(f"{what[:1].lower()}{what[1:]} at {where}", cut=cut) from None
    except RecursionError:
        raise NotJson("it is nested too deeply") from None
    except ValueError:  # an integer of thousands of digits
        raise NotJson("it holds a number that is too long") from None
    return value


def encode_json(value: JsonValue) -> bytes:
    """Compact UTF-8. A lone surrogate, which has no UTF-8, becomes U+FFFD."""
    import msgspec

    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(_cleaned(value))


def _cleaned(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {clean(name): _cleaned(item) for name, item in value.items()}
    return value


def clean(text: str) -> str:
    """`text` with surrogate pairs joined and lone surrogates replaced by U+FFFD: it can be encoded and saved."""
    if text.isascii() or not _SURROGATES.search(text):
        return text
    return _SURROGATES.sub("\ufffd", _joined(text))


def _joined(text: str) -> str:
    return _PAIRS.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)


class SurrogateJoiner:
    """Joins the halves of a pair that two deltas brought: a trailing first half waits for its second."""

    __slots__ = ("_held",)

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> str:
        if text.isascii() and not self._held:
            return text
        text = self._held + text
        self._held = text[-1] if "\ud800" <= text[-1:] <= "\udbff" else ""
        return clean(text[:-1] if self._held else text)

    def flush(self) -> str:
        held, self._held = self._held, ""
        return clean(held)


def excerpt(text: str, most: int = 200) -> str:
    """The first `most` characters on one line."""
    line = " ".join(clean(text[: most * 4]).split())
    return line if len(line) <= most else line[:most] + "…"
