"""Answers that come after the dialog that asked has been closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec

from PySide6.QtCore import QObject
from shiboken6 import isValid

P = ParamSpec("P")


def while_alive(owner: QObject, act: Callable[P, None]) -> Callable[P, None]:
    """`act`, which does nothing once Qt has deleted `owner`."""

    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        if isValid(owner):
            act(*args, **kwargs)

    return guarded
