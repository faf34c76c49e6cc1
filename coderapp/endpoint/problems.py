"""What a request is refused with: a status, a sentence, and in OpenAI's shape the parameter and a code."""

from __future__ import annotations

from coderapp.core.message import JsonValue


class Refusal(Exception):
    """`headers` go with the reply (Retry-After, Allow)."""

    def __init__(
        self, status: int, sentence: str, *, param: str | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        self.param = param
        self.headers = headers or {}

    def body(self, *, openai: bool) -> dict[str, JsonValue]:
        """In OpenAI's shape for its paths, else in the contract's."""
        if not openai:
            return {"status": self.status, "error": self.sentence}
        error: dict[str, JsonValue] = {
            "message": self.sentence,
            "type": _TYPES.get(self.status, "invalid_request_error" if self.status < 500 else "server_error"),
            "param": self.param,
            "code": _CODES.get(self.status),
        }
        return {"error": error}


_TYPES = {401: "authentication_error", 429: "rate_limit_error"}
_CODES = {401: "invalid_api_key", 413: "request_too_large", 429: "rate_limit_exceeded"}
