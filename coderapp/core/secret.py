"""A secret that does not print itself."""

from __future__ import annotations

from typing import Never


class Secret:
    """An API key in memory. `reveal` is the only way to its text: repr, str, format and pickling refuse.

    The text is stripped of surrounding white space (a pasted key often brings a line end).
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text.strip()

    def reveal(self) -> str:
        return self._text

    def redact(self, text: str) -> str:
        """`text` with every occurrence of the secret replaced."""
        return text.replace(self._text, "[key]") if self._text else text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        # The environment gives bytes that are no UTF-8 as lone surrogates.
        import hmac  # with hashlib behind it: not on the way to the first window

        return hmac.compare_digest(
            self._text.encode(errors="surrogatepass"), other._text.encode(errors="surrogatepass")
        )

    def __hash__(self) -> int:
        return hash(("Secret", self._text))

    def __repr__(self) -> str:
        return "Secret(…)" if self._text else "Secret(empty)"

    __str__ = __repr__

    def __reduce__(self) -> Never:
        raise TypeError("a Secret is not serialised")
