"""JSON as others write it: numbers that JSON does not have, or that no float can hold, are read as null."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

from coderapp.core.message import JsonValue


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def decoder(hook: Callable[[list[tuple[str, JsonValue]]], JsonValue] | None = None) -> json.JSONDecoder:
    """`hook` makes the objects, of the pairs that stand in them."""
    return json.JSONDecoder(object_pairs_hook=hook, parse_float=_finite, parse_constant=lambda _: None)
