"""What can go wrong, as one tree. Each leaf has a sentence (what happened) and advice (what to do next).

CoderappError
├── EndpointError                what an endpoint answered, or did not
│   ├── KeyMissing               the profile wants a key and none is known
│   ├── KeyRefused               401, 403
│   ├── RequestRefused           400, 404, 413, 415, 422: the server's own sentence, and the parameter if named
│   ├── RateLimited              402, 429: with the wait in seconds, where the server names one
│   ├── ServerFailed             5xx
│   ├── Unreachable              refused, DNS, TLS, proxy: no connection came about
│   ├── ConnectionLost           reset or closed before the reply was whole
│   ├── TimedOut                 connect, first byte, or silence in mid-answer
│   └── BadReply                 not JSON, not UTF-8, of a wrong shape; `raw` holds what came
├── ParameterError               a value outside its table row (also HTTP 400 in the built-in endpoint)
├── StorageError                 a file that can't be read or written
└── KeyringError                 the OS keyring is absent, locked or does not answer
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Remedy(StrEnum):
    """The button that stands beside an error."""

    NONE = "none"
    RETRY = "retry"
    EDIT_KEY = "edit-key"
    EDIT_PROFILE = "edit-profile"
    EDIT_PARAMETERS = "edit-parameters"


class CoderappError(Exception):
    """Root of the tree. `str(error)` is the sentence; `advice` says what to do next."""

    remedy: ClassVar[Remedy] = Remedy.NONE
    default_advice: ClassVar[str] = ""

    def __init__(self, sentence: str, *, advice: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.advice = self.default_advice if advice is None else advice


class EndpointError(CoderappError):
    """`raw`: the reply as it came (at most 64 KiB, without the key), for "show the raw reply"."""

    remedy: ClassVar[Remedy] = Remedy.RETRY
    default_advice: ClassVar[str] = "Your prompt is kept. Try again."

    def __init__(self, sentence: str, *, advice: str | None = None, status: int | None = None, raw: str = "") -> None:
        super().__init__(sentence, advice=advice)
        self.status = status
        self.raw = raw


class KeyMissing(EndpointError):
    remedy = Remedy.EDIT_KEY
    default_advice = "Enter the key in the profile, then send again."


class KeyRefused(EndpointError):
    remedy = Remedy.EDIT_KEY
    default_advice = "Check the key in the profile, then send again."


class RequestRefused(EndpointError):
    """`parameter`: the name in `core.parameters.PARAMETERS` that the server complained of, if it named one."""

    remedy = Remedy.EDIT_PARAMETERS
    default_advice = "Change what the server complains of, then send again."

    def __init__(
        self,
        sentence: str,
        *,
        parameter: str | None = None,
        advice: str | None = None,
        status: int | None = None,
        raw: str = "",
    ) -> None:
        super().__init__(sentence, advice=advice, status=status, raw=raw)
        self.parameter = parameter


class RateLimited(EndpointError):
    """`retry_after`: seconds to wait, from the reply's Retry-After; None where it names none."""

    default_advice = "Wait a little, then try again, or check the quota of your account."

    def __init__(
        self,
        sentence: str,
        *,
        retry_after: float | None = None,
        advice: str | None = None,
        status: int | None = None,
        raw: str = "",
    ) -> None:
        super().__init__(sentence, advice=advice, status=status, raw=raw)
        self.retry_after = retry_after


class ServerFailed(EndpointError):
    default_advice = "The fault is on the server's side. Your prompt is kept; try again in a moment."


class Unreachable(EndpointError):
    remedy = Remedy.RETRY
    default_advice = "Check the address in the profile and that the server runs, then try again."


class ConnectionLost(EndpointError):
    default_advice = "What had arrived is kept. Try again."


class TimedOut(EndpointError):
    default_advice = "What had arrived is kept. Try again, or raise the time limit in the profile."


class BadReply(EndpointError):
    default_advice = "Look at the raw reply; the address may belong to another kind of server."


class ParameterError(CoderappError):
    """`name`: the row of the table whose rule the value breaks."""

    remedy = Remedy.EDIT_PARAMETERS
    default_advice = "Change the value, then send again."

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(sentence)
        self.name = name


class StorageError(CoderappError):
    default_advice = "Check that the disk has room and that the folder can be written."


class KeyringError(CoderappError):
    default_advice = "The key is kept in memory until you close the program."


def in_words(sentence: str, advice: str) -> str:
    """Both as running text. A server's own sentence, or a parameter's rule, may come without a full stop."""
    sentence = sentence.strip()
    if sentence and advice and sentence[-1] not in ".!?…:":
        sentence += "."
    return f"{sentence} {advice}".strip()


@dataclass(frozen=True, slots=True)
class Problem:
    """An error as a value: what a message keeps of it on disk and what the window shows."""

    kind: str
    sentence: str
    advice: str = ""
    remedy: Remedy = Remedy.NONE
    raw: str = ""
    parameter: str | None = None
    """The row of `core.parameters` that it is about, where one is known; a server may name what is no row."""

    @classmethod
    def of(cls, error: CoderappError) -> Problem:
        return cls(
            kind=type(error).__name__,
            sentence=error.sentence,
            advice=error.advice,
            remedy=error.remedy,
            raw=error.raw if isinstance(error, EndpointError) else "",
            parameter=_parameter_of(error),
        )


def _parameter_of(error: CoderappError) -> str | None:
    if isinstance(error, ParameterError):
        return error.name
    return error.parameter if isinstance(error, RequestRefused) else None
