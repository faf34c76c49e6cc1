"""The colour tools: contrast of two colours, a palette from one."""

from __future__ import annotations

from coderapp.core.message import JsonValue
from coderapp.endpoint.tools.color import Color, contrast, from_oklch, parse_color, to_oklch

CONTRAST_SCHEMA: dict[str, JsonValue] = {
    "type": "object",
    "properties": {
        "foreground": {"type": "string", "description": "Colour of the text, in CSS notation"},
        "background": {"type": "string", "description": "Colour behind the text, in CSS notation"},
        "font_size": {"type": "number", "minimum": 1, "description": "Font size in CSS pixels"},
        "bold": {"type": "boolean", "description": "Whether the text is bold"},
    },
    "required": ["foreground", "background"],
    "additionalProperties": False,
}


def contrast_ratio(
    foreground: str, background: str, font_size: float | None = None, bold: bool = False
) -> dict[str, JsonValue]:
    """WCAG 2.2, 1.4.3, 1.4.6 and 1.4.11. Large text is 24 px, or bold 18.66 px, and more. Raises ColorError.

    Translucent colours are painted first: the background on white, the foreground on that.
    """
    behind = parse_color(background).over(Color(1, 1, 1))
    front = parse_color(foreground).over(behind)
    ratio = contrast(front, behind)
    shown = int(ratio * 100) / 100  # cut, never rounded up to a pass
    verdicts: dict[str, JsonValue] = {
        "aa_normal_text": ratio >= 4.5,
        "aa_large_text": ratio >= 3,
        "aaa_normal_text": ratio >= 7,
        "aaa_large_text": ratio >= 4.5,
        "aa_user_interface": ratio >= 3,
    }
    result: dict[str, JsonValue] = {
        "foreground": front.hex,
        "background": behind.hex,
        "ratio": shown,
        "verdicts": verdicts,
    }
    if font_size is not None:
        large = font_size >= 24 or (bold and font_size >= 18.66)
        result["large_text"] = large
        result["passes_aa"] = verdicts["aa_large_text" if large else "aa_normal_text"]
        result["passes_aaa"] = verdicts["aaa_large_text" if large else "aaa_normal_text"]
    return result


PALETTE_SCHEMA: dict[str, JsonValue] = {
    "type": "object",
    "properties": {
        "base": {"type": "string", "description": "Base colour in CSS notation"},
        "steps": {
            "type": "integer",
            "minimum": 3,
            "maximum": 21,
            "default": 11,
            "description": "Number of shades in the palette",
        },
    },
    "required": ["base"],
    "additionalProperties": False,
}

_LIGHTEST, _DARKEST = 0.975, 0.22


def color_palette(base: str, steps: int = 11) -> dict[str, JsonValue]:
    """Shades of one hue from light to dark, even in OKLCH lightness, chroma eased towards both ends, the base among
    them as it is. Raises ColorError.
    """
    given = parse_color(base).over(Color(1, 1, 1))
    lightness, chroma, hue = to_oklch(given)
    levels = [_LIGHTEST + (_DARKEST - _LIGHTEST) * place / (steps - 1) for place in range(steps)]
    nearest = min(range(steps), key=lambda place: abs(levels[place] - lightness))
    shades: list[JsonValue] = []
    for place, level in enumerate(levels):
        if place == nearest:
            color = given
        else:
            distance = abs(level - lightness) / max(lightness - _DARKEST, _LIGHTEST - lightness, 1e-6)
            color = parse_color(from_oklch(level, chroma * (1 - 0.6 * min(distance, 1.0) ** 1.5), hue).hex)
        on_white, on_black = contrast(color, Color(1, 1, 1)), contrast(color, Color(0, 0, 0))
        light, strength, angle = to_oklch(color)
        shades.append(
            {
                "name": _name(place, steps),
                "hex": color.hex,
                "oklch": f"oklch({light:.3f} {strength:.3f} {angle if strength > 0.002 else 0.0:.1f})",
                "is_base": place == nearest,
                "text": "#ffffff" if on_white >= on_black else "#000000",
                "text_contrast": int(max(on_white, on_black) * 100) / 100,
            }
        )
    css = "\n".join(f"  --{_css_name(shade)};" for shade in shades)
    return {"base": given.hex, "shades": shades, "css": f":root {{\n{css}\n}}"}


def _name(place: int, steps: int) -> str:
    if steps == 11:
        return str([50, 100, 200, 300, 400, 500, 600, 700, 800, 900, 950][place])
    return str((place + 1) * 100)


def _css_name(shade: JsonValue) -> str:
    assert isinstance(shade, dict)
    return f"color-{shade['name']}: {shade['hex']}"
