"""Colours: CSS notation, WCAG luminance and contrast, and the OKLCH space.

Luminance and contrast: WCAG 2.2, definitions of relative luminance and contrast ratio. OKLab: Björn Ottosson, "A
perceptual color space for image processing", 2020.
"""

from __future__ import annotations

import colorsys
import math
import re
from dataclasses import dataclass

_CSS_NAMES = """
    aliceblue:f0f8ff antiquewhite:faebd7 aqua:00ffff aquamarine:7fffd4 azure:f0ffff beige:f5f5dc bisque:ffe4c4
    black:000000 blanchedalmond:ffebcd blue:0000ff blueviolet:8a2be2 brown:a52a2a burlywood:deb887 cadetblue:5f9ea0
    chartreuse:7fff00 chocolate:d2691e coral:ff7f50 cornflowerblue:6495ed cornsilk:fff8dc crimson:dc143c cyan:00ffff
    darkblue:00008b darkcyan:008b8b darkgoldenrod:b8860b darkgray:a9a9a9 darkgreen:006400 darkgrey:a9a9a9
    darkkhaki:bdb76b darkmagenta:8b008b darkolivegreen:556b2f darkorange:ff8c00 darkorchid:9932cc darkred:8b0000
    darksalmon:e9967a darkseagreen:8fbc8f darkslateblue:483d8b darkslategray:2f4f4f darkslategrey:2f4f4f
    darkturquoise:00ced1 darkviolet:9400d3 deeppink:ff1493 deepskyblue:00bfff dimgray:696969 dimgrey:696969
    dodgerblue:1e90ff firebrick:b22222 floralwhite:fffaf0 forestgreen:228b22 fuchsia:ff00ff gainsboro:dcdcdc
    ghostwhite:f8f8ff gold:ffd700 goldenrod:daa520 gray:808080 green:008000 greenyellow:adff2f grey:808080
    honeydew:f0fff0 hotpink:ff69b4 indianred:cd5c5c indigo:4b0082 ivory:fffff0 khaki:f0e68c lavender:e6e6fa
    lavenderblush:fff0f5 lawngreen:7cfc00 lemonchiffon:fffacd lightblue:add8e6 lightcoral:f08080 lightcyan:e0ffff
    lightgoldenrodyellow:fafad2 lightgray:d3d3d3 lightgreen:90ee90 lightgrey:d3d3d3 lightpink:ffb6c1
    lightsalmon:ffa07a lightseagreen:20b2aa lightskyblue:87cefa lightslategray:778899 lightslategrey:778899
    lightsteelblue:b0c4de lightyellow:ffffe0 lime:00ff00 limegreen:32cd32 linen:faf0e6 magenta:ff00ff maroon:800000
    mediumaquamarine:66cdaa mediumblue:0000cd mediumorchid:ba55d3 mediumpurple:9370db mediumseagreen:3cb371
    mediumslateblue:7b68ee mediumspringgreen:00fa9a mediumturquoise:48d1cc mediumvioletred:c71585
    midnightblue:191970 mintcream:f5fffa mistyrose:ffe4e1 moccasin:ffe4b5 navajowhite:ffdead navy:000080
    oldlace:fdf5e6 olive:808000 olivedrab:6b8e23 orange:ffa500 orangered:ff4500 orchid:da70d6 palegoldenrod:eee8aa
    palegreen:98fb98 paleturquoise:afeeee palevioletred:db7093 papayawhip:ffefd5 peachpuff:ffdab9 peru:cd853f
    pink:ffc0cb plum:dda0dd powderblue:b0e0e6 purple:800080 rebeccapurple:663399 red:ff0000 rosybrown:bc8f8f
    royalblue:4169e1 saddlebrown:8b4513 salmon:fa8072 sandybrown:f4a460 seagreen:2e8b57 seashell:fff5ee
    sienna:a0522d silver:c0c0c0 skyblue:87ceeb slateblue:6a5acd slategray:708090 slategrey:708090 snow:fffafa
    springgreen:00ff7f steelblue:4682b4 tan:d2b48c teal:008080 thistle:d8bfd8 tomato:ff6347 turquoise:40e0d0
    violet:ee82ee wheat:f5deb3 white:ffffff whitesmoke:f5f5f5 yellow:ffff00 yellowgreen:9acd32
"""
_NAMED = dict(entry.split(":") for entry in _CSS_NAMES.split())
NAMES = frozenset(_NAMED)

_HEX = re.compile(r"#?([0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")
_FUNCTION = re.compile(r"(rgba?|hsla?|oklch)\(\s*([^()]*)\)", re.IGNORECASE)


class ColorError(ValueError):
    """A text that is no colour; the sentence says what is understood."""


@dataclass(frozen=True, slots=True)
class Color:
    """sRGB, each channel and `alpha` from 0 to 1."""

    red: float
    green: float
    blue: float
    alpha: float = 1.0

    @property
    def hex(self) -> str:
        channels = [self.red, self.green, self.blue, *([self.alpha] if self.alpha < 1 else [])]
        return "#" + "".join(f"{round(channel * 255):02x}" for channel in channels)

    def over(self, behind: Color) -> Color:
        """This colour painted on an opaque one."""
        share = self.alpha
        return Color(
            self.red * share + behind.red * (1 - share),
            self.green * share + behind.green * (1 - share),
            self.blue * share + behind.blue * (1 - share),
        )

    @property
    def luminance(self) -> float:
        """Relative luminance, 0 for black to 1 for white."""
        return 0.2126 * _linear(self.red) + 0.7152 * _linear(self.green) + 0.0722 * _linear(self.blue)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _gamma(channel: float) -> float:
    return channel * 12.92 if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055


def contrast(first: Color, second: Color) -> float:
    """1 (none) to 21 (black on white). Both opaque."""
    lighter, darker = sorted((first.luminance, second.luminance), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def parse_color(text: str) -> Color:
    """#rgb, #rgba, #rrggbb, #rrggbbaa, rgb(), hsl(), oklch(), or a CSS name. Raises ColorError."""
    given = text.strip().casefold()
    name = _NAMED.get(given.replace(" ", ""))
    if name:
        return _from_hex(name)
    if given == "transparent":
        return Color(0, 0, 0, 0)
    match = _HEX.fullmatch(given)
    if match:
        return _from_hex(match[1])
    function = _FUNCTION.fullmatch(given)
    if function:
        try:
            return _from_function(function[1], re.split(r"[\s,/]+", function[2].strip()))
        except (ValueError, IndexError):
            pass  # said below, in one sentence for all
    raise ColorError(
        f"{text.strip()[:40]!r} is not a colour; write it as #336699, rgb(51 102 153), hsl(210 50% 40%), "
        "oklch(0.5 0.1 250) or by its CSS name"
    )


def _from_hex(digits: str) -> Color:
    if len(digits) <= 4:
        digits = "".join(digit * 2 for digit in digits)
    values = [int(digits[place : place + 2], 16) / 255 for place in range(0, len(digits), 2)]
    return Color(*values)


def _from_function(name: str, parts: list[str]) -> Color:
    if len(parts) not in (3, 4):
        raise ValueError(name)
    alpha = _bounded(_share(parts[3])) if len(parts) == 4 else 1.0
    if name.startswith("rgb"):
        red, green, blue = (_bounded(_share(part) if part.endswith("%") else float(part) / 255) for part in parts[:3])
        return Color(red, green, blue, alpha)
    if name.startswith("hsl"):
        hue = float(parts[0].removesuffix("deg")) % 360 / 360
        red, green, blue = colorsys.hls_to_rgb(hue, _bounded(_share(parts[2])), _bounded(_share(parts[1])))
        return Color(red, green, blue, alpha)
    found = from_oklch(_bounded(_share(parts[0])), max(float(parts[1]), 0.0), float(parts[2].removesuffix("deg")))
    return Color(found.red, found.green, found.blue, alpha)


def _share(text: str) -> float:
    return float(text[:-1]) / 100 if text.endswith("%") else float(text)


def _bounded(value: float) -> float:
    if math.isnan(value):
        raise ValueError("not a number")
    return min(max(value, 0.0), 1.0)


def to_oklch(color: Color) -> tuple[float, float, float]:
    """Lightness 0…1, chroma from 0, hue in degrees."""
    red, green, blue = _linear(color.red), _linear(color.green), _linear(color.blue)
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    middle = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    lightness = 0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short
    return lightness, math.hypot(a, b), math.degrees(math.atan2(b, a)) % 360


def _raw_from_oklch(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )


def from_oklch(lightness: float, chroma: float, hue: float) -> Color:
    """The sRGB colour of that lightness and hue; where it has no such chroma, the most that it has."""

    def fits(value: float) -> bool:
        return all(-1e-6 <= channel <= 1 + 1e-6 for channel in _raw_from_oklch(lightness, value, hue))

    if not fits(chroma):
        low, high = 0.0, chroma
        for _ in range(24):
            middle = (low + high) / 2
            low, high = (middle, high) if fits(middle) else (low, middle)
        chroma = low
    return Color(*(_bounded(_gamma(max(channel, 0.0))) for channel in _raw_from_oklch(lightness, chroma, hue)))
