"""Tools on texts: JSON, CSS, names in another case, CSS lengths."""

from __future__ import annotations

import json
import math
import re
from typing import Never

from coderapp.core.message import JsonValue


class TextError(ValueError):
    """An argument that a tool can't use; the sentence says why."""


JSON_SCHEMA: dict[str, JsonValue] = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "description": "The JSON text"},
        "indent": {"type": "integer", "minimum": 0, "maximum": 8, "default": 2, "description": "Spaces per level"},
        "sort_keys": {"type": "boolean", "default": False, "description": "Whether keys are sorted"},
    },
    "required": ["text"],
    "additionalProperties": False,
}


def _no_constant(name: str) -> Never:
    raise ValueError(f"{name} is not allowed in JSON")


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"{number[:40]} is out of range: a number may be up to about 1.8e308")
    return value


def json_format(text: str, indent: int = 2, sort_keys: bool = False) -> dict[str, JsonValue]:
    """Pretty-printed, or where it is not JSON, the place of the first fault (line and column from 1)."""
    repeated: list[JsonValue] = []

    def pairs(entries: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
        found: dict[str, JsonValue] = {}
        for key, value in entries:
            if key in found and key not in repeated:
                repeated.append(key)
            found[key] = value
        return found

    try:
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        line = text.split("\n")[error.lineno - 1]
        start = max(0, error.colno - 31)
        shown = line[start : start + 60]
        return {
            "valid": False,
            "error": f"{error.msg} in line {error.lineno}, column {error.colno}",
            "line": error.lineno,
            "column": error.colno,
            "excerpt": f"{shown}\n{' ' * (error.colno - 1 - start)}^",
        }
    except RecursionError:
        return {"valid": False, "error": "it is nested too deeply"}
    except ValueError as error:
        return {"valid": False, "error": str(error)}
    formatted = json.dumps(value, ensure_ascii=False, indent=indent or None, sort_keys=sort_keys)
    return {"valid": True, "formatted": formatted, "repeated_keys": repeated}


CSS_SCHEMA: dict[str, JsonValue] = {
    "type": "object",
    "properties": {"css": {"type": "string", "description": "The CSS source"}},
    "required": ["css"],
    "additionalProperties": False,
}

_CSS_PIECE = re.compile(
    r"""(?P<comment>/\*.*?(?:\*/|\Z))|(?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|(?P<url>url\(\s*[^"')\s][^)]*\))"""
    r"""|(?P<space>\s+)|(?P<mark>[{};,])|(?P<other>[^\s{};,"'/]+|.)""",
    re.DOTALL | re.VERBOSE | re.IGNORECASE,
)


def css_minify(css: str) -> dict[str, JsonValue]:
    """Without comments and needless white space; strings and url(…) stay. Colons in selectors keep their spaces."""
    kept: list[str] = []
    gap = False
    depth_of_colon = False  # inside a declaration, after its property
    for match in _CSS_PIECE.finditer(css):
        piece = match[0]
        if match["comment"] is not None:
            if piece.startswith("/*!"):
                kept.append(piece)
            else:
                gap = gap or bool(kept)
            continue
        if match["space"] is not None:
            gap = True
            continue
        if match["mark"] is not None:
            while kept and kept[-1] == ";" and piece in "};":
                kept.pop()
            if piece == ";" and (not kept or kept[-1] in "{}"):
                gap = False
                continue
            kept.append(piece)
            gap = False
            depth_of_colon = False
            continue
        if gap and kept and kept[-1] not in ("{", "}", ";", ",") and not (depth_of_colon and kept[-1].endswith(":")):
            kept.append(" ")
        gap = False
        depth_of_colon = piece.endswith(":") or (depth_of_colon and not piece.endswith(":"))
        kept.append(piece)
    minified = "".join(kept)
    before, after = len(css.encode("utf-8", "replace")), len(minified.encode("utf-8", "replace"))
    saved = round(100 * (before - after) / before, 1) if before else 0.0
    return {"css": minified, "bytes_before": before, "bytes_after": after, "saved_percent": saved}


CASE_SCHEMA: dict[str, JsonValue] = {
    "type": "object",
    "properties": {
        "text": {"type": "string", "description": "The name or phrase to convert"},
        "case": {
            "type": "string",
            "enum": ["camel", "pascal", "snake", "kebab", "constant", "title", "sentence"],
            "description": "Naming convention to convert to",
        },
    },
    "required": ["text", "case"],
    "additionalProperties": False,
}

_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[^\W\dA-Z_]+|[A-Z]+|\d+|[^\W_]+")


def text_case(text: str, case: str) -> dict[str, JsonValue]:
    """An identifier or a phrase in another naming convention."""
    words = [word.lower() for word in _WORDS.findall(text)]
    if not words:
        raise TextError("text holds no letter and no digit")
    capitalised = [word.capitalize() for word in words]
    result = {
        "camel": "".join([words[0], *capitalised[1:]]),
        "pascal": "".join(capitalised),
        "snake": "_".join(words),
        "kebab": "-".join(words),
        "constant": "_".join(words).upper(),
        "title": " ".join(capitalised),
        "sentence": " ".join([capitalised[0], *words[1:]]),
    }[case]
    return {"text": text, "case": case, "result": result}


_PER_PIXEL = {"px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4, "q": 96 / 101.6}
_UNITS: list[JsonValue] = ["px", "rem", "em", "pt", "pc", "in", "cm", "mm", "q"]

UNIT_SCHEMA: dict[str, JsonValue] = {
    "type": "object",
    "properties": {
        "value": {"type": "number", "description": "The length's number"},
        "from_unit": {"type": "string", "enum": _UNITS, "description": "Unit of the value"},
        "to_unit": {"type": "string", "enum": _UNITS, "description": "Unit to convert to"},
        "font_size": {
            "type": "number",
            "exclusiveMinimum": 0,
            "default": 16,
            "description": "Font size in pixels that rem and em refer to",
        },
    },
    "required": ["value", "from_unit", "to_unit"],
    "additionalProperties": False,
}


def convert_css_unit(value: float, from_unit: str, to_unit: str, font_size: float = 16) -> dict[str, JsonValue]:
    """By the ratios of CSS Values and Units Level 4, section 6.2; rem and em by `font_size`."""
    ratios = {**_PER_PIXEL, "rem": float(font_size), "em": float(font_size)}
    converted = value * ratios[from_unit] / ratios[to_unit]
    if not math.isfinite(converted):
        raise TextError(f"{value:g}{from_unit} in {to_unit} is out of range; give a smaller value")
    number = f"{converted:.4f}".rstrip("0").rstrip(".")
    return {"value": round(converted, 4), "unit": to_unit, "css": f"{'0' if number in ('-0', '') else number}{to_unit}"}
