"""Reads a tool's arguments out of a prompt, by the types, names and descriptions that its schema declares."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from coderapp.core.message import JsonValue
from coderapp.endpoint import schema
from coderapp.endpoint.schema import Schema, types_of
from coderapp.endpoint.tools.color import NAMES, ColorError, parse_color
from coderapp.endpoint.words import STOP_WORDS, words

_NAMED = "|".join(sorted(NAMES, key=len, reverse=True))
_COLOR = re.compile(
    rf"#(?:[0-9a-f]{{8}}|[0-9a-f]{{6}}|[0-9a-f]{{3,4}})\b|\b(?:rgba?|hsla?|oklch)\([^()]*\)|\b(?:{_NAMED})\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w.#])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?", re.IGNORECASE)
_QUOTED = re.compile(
    r"```[^\n`]{0,200}\n(?P<fence>.*?)```|`(?P<tick>[^`\n]+)`|\"(?P<double>[^\"\n]+)\"|“(?P<curly>[^“”\n]+)”|(?<!\w)'(?P<single>[^'\n]+)'(?!\w)",
    re.DOTALL,
)
_URL = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]", re.IGNORECASE)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_TIME = re.compile(r"\b\d{1,2}:\d{2}(?::\d{2})?\b")
_MARKUP = re.compile(r"<[a-z!/]", re.IGNORECASE)
_RULES = re.compile(r"[.#@:*\[a-z][^{}\n]{0,400}\{", re.IGNORECASE)
_AFTER_COLON = re.compile(r":\s*(\S.*)", re.DOTALL)
_PLACE = re.compile(
    r"\b(?:in|for|at|of|near|from|to|around)\s+((?:[A-ZÀ-Þ][\w'’.-]*)(?:[\s,]+(?:[A-ZÀ-Þ][\w'’-]*|de|la|am|of))*)"
)
_CAPITALISED = re.compile(r"(?<=[\w,;] )([A-ZÀ-Þ][\w'’-]+(?:\s+[A-ZÀ-Þ][\w'’-]+)*)")
_MOST_ENTRIES = 100
_MOST_WORDS = 5
"""Of a flag's name that are looked for; each may be inflected, which multiplies the ways to find them."""
_NOT = r"\b(?:no|not|without|don't|never|non)[\s-]+(?:\w+\s+)?"

_PLACES = frozenset(words("location city place country town address region destination origin"))
_COLORS = frozenset(words("color colour foreground background hex tint accent"))
_FREE = frozenset(
    words("query question prompt message input search keyword keywords instruction request topic subject")
)
_CODE = frozenset(words("json html css code source markup xml sql svg"))
_LEAD = re.compile(
    r"^\s*(?:please\s+|can\s+you\s+|could\s+you\s+)*(?:search(?:\s+the\s+web)?(?:\s+for)?|look\s+up|find(?:\s+me)?|google|query|ask|"
    r"tell\s+me|show\s+me|send|what\s+is|what's)\s+(?:about\s+)?",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Material:
    """A prompt taken apart. What an argument uses up is not used again by another of the same kind."""

    text: str
    colors: list[tuple[int, str]] = field(default_factory=list)
    numbers: list[tuple[int, int, float]] = field(default_factory=list)
    quoted: list[str] = field(default_factory=list)
    taken: list[tuple[int, int]] = field(default_factory=list)
    written: dict[type, JsonValue] = field(default_factory=dict)  # JSON of a type that stands in the text, once read
    whole: tuple[tuple[tuple[int, str], ...], tuple[tuple[int, int, float], ...], tuple[str, ...]] = ((), (), ())

    @classmethod
    def of(cls, text: str) -> Material:
        found = cls(text)
        outside = list(text)
        for match in _QUOTED.finditer(text):
            found.quoted.append(next(group for group in match.groups() if group is not None).strip("\n"))
        for match in _COLOR.finditer(text):
            found.colors.append((match.start(), match[0]))
            outside[match.start() : match.end()] = " " * len(match[0])
        for pattern in (_QUOTED, _URL, _DATE, _TIME):
            for match in pattern.finditer(text):
                outside[match.start() : match.end()] = " " * len(match[0])
        blanked = "".join(outside)
        found.numbers = [(match.start(), match.end(), float(match[0])) for match in _NUMBER.finditer(blanked)]
        found.whole = (tuple(found.colors), tuple(found.numbers), tuple(found.quoted))
        return found

    def again(self) -> Material:
        """The same prompt with nothing used up, without another look at it."""
        colors, numbers, quoted = self.whole
        return Material(self.text, [*colors], [*numbers], [*quoted], [], self.written, self.whole)


@dataclass(frozen=True, slots=True)
class Arguments:
    """`found`: read out of the prompt. `filled`: required ones that had to be made up from the schema."""

    found: dict[str, JsonValue]
    filled: dict[str, JsonValue]

    @property
    def all(self) -> dict[str, JsonValue]:
        return {**self.found, **self.filled}


def read_arguments(parameters: Schema, text: str) -> Arguments:
    """The arguments of a tool with that schema; each satisfies its declaration."""
    return _read(parameters, text, Material.of(text))


def _read(parameters: Schema, text: str, material: Material) -> Arguments:
    declared = _properties(parameters)
    required = _required(parameters)
    found: dict[str, JsonValue] = {}
    ordered = sorted(declared.items(), key=lambda entry: entry[0] not in required)  # stable
    for by_name in (True, False):  # what the prompt names outright goes first
        for name, declaration in ordered:
            if name in found or (not by_name and name not in required and not _may_be_taken(name, declaration)):
                continue
            value = _value(name, declaration, material, named_only=by_name)
            if value is not None and schema.fault(value, declaration, name) is None:
                found[name] = value
    found = {name: found[name] for name in declared if name in found}
    filled = {name: _made_up(declared.get(name, {}), name, text) for name in sorted(required) if name not in found}
    return Arguments(found, filled)


def _properties(parameters: Schema) -> dict[str, dict[str, JsonValue]]:
    properties = parameters.get("properties")
    if not isinstance(properties, dict):
        return {}
    return {name: value if isinstance(value, dict) else {} for name, value in properties.items()}


def _required(parameters: Schema) -> set[str]:
    required = parameters.get("required")
    return {str(name) for name in required} if isinstance(required, list) else set()


def _kind(declaration: Schema) -> str:
    return next((kind for kind in types_of(declaration) if kind != "null"), "string")


def _may_be_taken(name: str, declaration: Schema) -> bool:
    """Whether an optional argument may be filled by something that stands nowhere near its name."""
    enum = declaration.get("enum")
    return isinstance(enum, list) or bool(_hints(name, declaration) & (_PLACES | _COLORS))


def _hints(name: str, declaration: Schema) -> set[str]:
    return set(words(name.replace("_", " ")))


def _about(declaration: Schema) -> set[str]:
    description = declaration.get("description")
    return set(words(description)) if isinstance(description, str) else set()


def _value(name: str, declaration: Schema, material: Material, *, named_only: bool) -> JsonValue:
    kind = _kind(declaration)
    enum = declaration.get("enum")
    if isinstance(enum, list) and enum:
        return _choice(name, enum, material, named_only=named_only)
    if kind == "boolean":
        return _flag(name, declaration, material)
    if kind in ("integer", "number"):
        return _amount(name, declaration, material, whole=kind == "integer", named_only=named_only)
    if kind == "array":
        return _several(name, declaration, material)
    if kind == "object":
        # Whole in one go, and the same in both: nested twice at every level, it would take for ever.
        return _object(declaration, material) if named_only else None
    return _text(name, declaration, material, named_only=named_only)


def _name_pattern(name: str) -> str:
    parts = [re.escape(part) for part in re.split(r"[_\s-]+|(?<=[a-z])(?=[A-Z])", name) if part]
    return r"[\s_-]*".join(parts)


def _choice(name: str, enum: list[JsonValue], material: Material, *, named_only: bool) -> JsonValue:
    """The option that the prompt mentions; of several, the one beside the argument's name, else the first unused."""
    mentions: list[tuple[int, int, JsonValue]] = []
    for option in enum:
        if isinstance(option, bool) or not isinstance(option, str | int | float):
            continue
        parts = re.split(r"[\s_-]+", str(option))
        if not any(parts):
            continue
        spelled = r"[\s_-]?".join(map(re.escape, parts))
        pattern = rf"(?<![A-Za-z_]){spelled}(?![A-Za-z0-9_])"
        found = re.finditer(pattern, material.text, re.IGNORECASE)
        mentions += [(match.start(), match.end(), option) for match in found]
    mentions = [
        each for each in sorted(mentions, key=lambda each: (each[0], -each[1])) if not _is_taken(each, material)
    ]
    role = re.split(r"[_\s-]", name)[0].lower()
    for start, end, option in mentions:
        before = material.text[max(0, start - 16) : start].lower()
        towards = role in ("to", "target") and re.search(r"\b(?:to|into|in|as)\s+(?:an?\s+)?$", before)
        beside = re.search(_name_pattern(name) + r"\W{1,3}$", before)
        if towards or beside:
            material.taken.append((start, end))
            return option
    if named_only or not mentions:
        return None
    start, end, option = mentions[0]
    material.taken.append((start, end))
    return option


def _is_taken(mention: tuple[int, int, JsonValue], material: Material) -> bool:
    return any(start < mention[1] and mention[0] < end for start, end in material.taken)


def _flag(name: str, declaration: Schema, material: Material) -> JsonValue:
    told = [word for word in re.split(r"[_\s-]+", name.lower()) if word not in ("is", "has", "use", "with", "include")]
    if not told:
        return None
    spelled = r"[\s_-]*".join(re.escape(word.removesuffix("s")) + r"\w{0,3}" for word in told[:_MOST_WORDS])
    match = re.search(
        rf"\b{spelled}\b(?:\W{{1,3}}(?:(?P<no>false|no|off)|(?P<yes>true|yes|on))\b)?", material.text, re.IGNORECASE
    )
    if match is None:
        return None
    if match["no"]:
        return False
    if match["yes"]:
        return True
    before = material.text[max(0, match.start() - 24) : match.start()]
    return re.search(_NOT + "$", before, re.IGNORECASE) is None


def _amount(name: str, declaration: Schema, material: Material, *, whole: bool, named_only: bool) -> JsonValue:
    """The number beside the argument's name; else the first that is left."""
    chosen = None
    parts = [part for part in re.split(r"[_\s-]+", name.lower()) if len(part) > 1 and part not in ("of", "in", "per")]
    about = [word for word in _about(declaration) if len(word) > 3 and word not in STOP_WORDS]
    for number in material.numbers:
        start, end, _ = number
        before, after = material.text[max(0, start - 24) : start].lower(), material.text[end : end + 20].lower()
        stems = {part.rstrip("s") for part in parts}
        near = any(
            re.search(rf"\b{re.escape(part)}\w{{0,3}}\W{{1,4}}(?:of\s+|is\s+|to\s+)?$", before) for part in stems
        )
        near = near or any(re.match(rf"\s*{re.escape(part)}\w{{0,3}}\b", after) for part in stems)
        if not near and not named_only:
            near = any(re.match(rf"\s*{re.escape(word)}", after) for word in about)
        if near:
            chosen = number
            break
    if chosen is None and not named_only and material.numbers:
        chosen = next((each for each in material.numbers if not whole or each[2].is_integer()), None)
    if chosen is None:
        return None
    value: JsonValue = int(chosen[2]) if whole or chosen[2].is_integer() else chosen[2]
    if whole and not chosen[2].is_integer():
        return None
    if schema.fault(value, declaration, name) is not None:
        return None
    material.numbers.remove(chosen)
    return value


def _several(name: str, declaration: Schema, material: Material) -> JsonValue:
    items = declaration.get("items")
    items = items if isinstance(items, dict) else {}
    kind = _kind(items)
    written = _json_in(material, list)
    if written is not None:
        return written
    hints = _hints(name, declaration) | _about(declaration) | _about(items)
    if isinstance(items.get("enum"), list):
        found = [
            option
            for option in items["enum"]  # type: ignore[union-attr]
            if re.search(rf"\b{re.escape(str(option))}\b", material.text, re.IGNORECASE)
        ]
        return found or None
    if kind in ("integer", "number"):
        values = [number for _, _, number in material.numbers if kind == "number" or number.is_integer()]
        material.numbers = [each for each in material.numbers if each[2] not in values]
        return [int(value) if value.is_integer() else value for value in values] or None
    if kind != "string":
        return None
    if hints & _COLORS and material.colors:
        colors, material.colors = [color for _, color in material.colors], []
        return list(colors)
    if material.quoted:
        quoted, material.quoted = material.quoted, []
        return list(quoted)
    listed = _AFTER_COLON.search(material.text) or re.search(
        rf"\b{_name_pattern(name.rstrip('s'))}s?\s+(.*)", material.text, re.IGNORECASE | re.DOTALL
    )
    if listed is None:
        return None
    entries = [entry.strip(" .!?\n") for entry in re.split(r",|;|\n|\band\b", listed[1])]
    return [entry for entry in entries if entry] or None


def _object(declaration: Schema, material: Material) -> JsonValue:
    written = _json_in(material, dict)
    if written is not None:
        return written
    if not _properties(declaration):
        return None
    inner = _read(declaration, material.text, material.again())
    return inner.found if inner.found and not inner.filled else None


def _json_in(material: Material, kind: type) -> JsonValue:
    if kind not in material.written:
        material.written[kind] = _decoded(material.text, kind)
    return material.written[kind]


def _decoded(text: str, kind: type) -> JsonValue:
    decoder = json.JSONDecoder()
    mark = "[" if kind is list else "{"
    for start in [match.start() for match in re.finditer(re.escape(mark), text)][:20]:
        try:
            found: JsonValue = decoder.raw_decode(text, start)[0]
        except (ValueError, RecursionError):
            continue
        if isinstance(found, kind):
            return found
    return None


def _text(name: str, declaration: Schema, material: Material, *, named_only: bool) -> JsonValue:
    own = _hints(name, declaration)
    hints = own | _about(declaration)
    form = declaration.get("format")
    text = material.text
    if own & _COLORS or (hints & frozenset(words("color colour")) and not own & _CODE):
        return _color(name, material, named_only=named_only)
    for wanted, pattern, formats in (
        (frozenset({"email", "mail"}), _EMAIL, ("email",)),
        (frozenset(words("url uri link website")), _URL, ("uri", "url")),
        (frozenset({"dat", "date", "day"}), _DATE, ("date",)),
        (frozenset(words("time")), _TIME, ("time",)),
    ):
        if own & wanted or form in formats:
            match = pattern.search(text)
            if match is not None:
                return match[0]
            if form in formats:
                return None
    beside = re.search(
        rf"\b{_name_pattern(name)}\b\s{{0,9}}(?:is|to|=|:|called|named)?\s{{0,9}}(?:\"([^\"\n]+)\"|'([^'\n]+)'|`([^`\n]+)`|“([^”\n]+)”)",
        text,
        re.IGNORECASE,
    )
    if beside is not None:
        value = next(group for group in beside.groups() if group is not None)
        if value in material.quoted:
            material.quoted.remove(value)
        return value
    if named_only:
        return None
    if hints & _CODE:
        source = _source(hints, material)
        if source is not None or own & _CODE:
            return source
    if material.quoted:
        return material.quoted.pop(0)
    if own & _PLACES or hints & _PLACES:
        match = _PLACE.search(text) or _CAPITALISED.search(text)
        return match[1].strip(" ,.?!") if match is not None else None
    if own & _FREE:
        return _LEAD.sub("", text).strip(" ?!.\n") or None
    match = _AFTER_COLON.search(text)
    if match is not None and not text[match.start() :].startswith("://"):
        return match[1].strip()
    called = re.search(r"\b(?:called|named|titled|for|saying|says|of)\s+(\S.*)$", text, re.IGNORECASE | re.DOTALL)
    if called is not None and not hints & _CODE:
        return called[1].strip().rstrip(".!?").strip() or None
    return None


def _color(name: str, material: Material, *, named_only: bool) -> JsonValue:
    """The colour beside the argument's name ("background #fff", "white text"); else the next in the prompt's order."""
    role = next((word for word in ("foreground", "background", "text", "accent") if word in name.lower()), "")
    spellings = {"foreground": r"(?:foreground|text|font)", "text": r"(?:text|foreground|font)"}.get(role, role)
    for place, color in material.colors if role else ():
        before, after = material.text[max(0, place - 28) : place], material.text[place + len(color) :][:20]
        labelled = re.search(rf"\b{spellings}(?:\s+colou?r)?\W{{0,3}}(?:is|of|=|:)?\s*$", before, re.IGNORECASE)
        follows = re.match(rf"\s+{spellings}\b", after, re.IGNORECASE)
        behind = role == "background" and re.search(
            r"\b(?:on|against|over)\s+(?:an?\s+|the\s+)?$", before, re.IGNORECASE
        )
        if labelled or follows or behind:
            material.colors.remove((place, color))
            return color
    if named_only or not material.colors:
        return None
    return _checked(material.colors.pop(0)[1])


def _checked(color: str) -> JsonValue:
    try:
        parse_color(color)
    except ColorError:
        return None
    return color


def _source(hints: set[str], material: Material) -> JsonValue:
    """Code in the prompt: a fence, or what looks like the language that the argument is of."""
    text = material.text
    fence = re.search(r"```[^\n]*\n(.*?)\n?```", text, re.DOTALL)
    if fence is not None:
        return fence[1]
    tick = re.search(r"`([^`\n]+)`", text)
    if tick is not None:
        return tick[1]
    if "json" in hints:
        start = min((place for place in (text.find("{"), text.find("[")) if place >= 0), default=-1)
        end = max(text.rfind("}"), text.rfind("]"))
        if start >= 0:
            return text[start : end + 1] if end > start else text[start:]
    if hints & {"html", "markup", "xml", "svg"}:
        markup = _through(_MARKUP, ">", text)
        if markup is not None:
            return markup
    if hints & set(words("css")):
        _, colon, after = text.partition(": ") if ":\n" not in text else text.partition(":\n")
        rules = _through(_RULES, "}", after if colon and "{" in after else text)
        if rules is not None:
            return rules
    match = _AFTER_COLON.search(text)
    return match[1].strip() if match is not None else None


def _through(opening: re.Pattern[str], end: str, text: str) -> str | None:
    """From the first `opening` to the last `end`. One expression for both would try every beginning with every end."""
    match = opening.search(text)
    last = text.rfind(end)
    return text[match.start() : last + 1] if match is not None and last >= match.end() else None


def _made_up(declaration: Schema, name: str, text: str, room: int = _MOST_ENTRIES) -> JsonValue:
    """A value that the schema allows, for a required argument that the prompt does not give. `room`: entries that
    lists within lists may have all together.
    """
    if "default" in declaration:
        return declaration["default"]
    enum = declaration.get("enum")
    if isinstance(enum, list) and enum:
        return enum[0]
    if "const" in declaration:
        return declaration["const"]
    examples = declaration.get("examples")
    if isinstance(examples, list) and examples:
        return examples[0]
    kind = _kind(declaration)
    if kind == "boolean":
        return False
    if kind in ("integer", "number"):
        return _made_up_number(declaration, whole=kind == "integer")
    if kind == "array":
        least = declaration.get("minItems")
        items = declaration.get("items")
        count = min(max(least, 0), room) if isinstance(least, int) else 0
        inner = items if isinstance(items, dict) else {}
        return [_made_up(inner, name, text, room // count) for _ in range(count)]
    if kind == "object":
        properties = _properties(declaration)
        return {each: _made_up(properties.get(each, {}), each, text, room) for each in sorted(_required(declaration))}
    return _made_up_text(declaration, text)


def _made_up_number(declaration: Mapping[str, JsonValue], *, whole: bool) -> JsonValue:
    step = 1 if whole else 0.5
    for candidate in (
        0,
        1,
        declaration.get("minimum"),
        declaration.get("maximum"),
        *(
            bound + sign * step
            for key, sign in (("exclusiveMinimum", 1), ("exclusiveMaximum", -1))
            if isinstance(bound := declaration.get(key), int | float)
        ),
        declaration.get("multipleOf"),
    ):
        if isinstance(candidate, int | float) and schema.fault(candidate, declaration) is None:
            return candidate
    return 0


def _made_up_text(declaration: Mapping[str, JsonValue], text: str) -> str:
    most = declaration.get("maxLength")
    whole = " ".join(text.split())[: most if isinstance(most, int) and most >= 0 else 200]
    return whole if schema.fault(whole, declaration) is None else ""
