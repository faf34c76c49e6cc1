"""What a text is about: the words that retrieval compares."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:[+#]+)?")
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")

_STOPS = """
    a about actually add after again all also am an and another any anything app application are as ask at be been
    being best but by bye can change cool could create design develop did do does doing done draw each else ever
    every example few for from generate get give go good great had has have hello help her here hey hi his how i if
    implement in instead into is it its just kind know let like little look looks made make makes many me mine more
    most much must my need needs new nice no not now of off ok okay on one only or other our out over own please
    produce provide put really same sample see shall she should show simple so some something such sure tell than
    thank thanks that the their them then there these they thing this those to too try turn up us use used uses
    using very via want was we well were what when where which who why will wish with without would write yes yet
    you your code coded component snippet ui ux interface bitte danke der die das den dem des ein eine einen einem
    einer eines und oder mit für fur ist mir ich du wie von im auf zu zum zur erstelle schreibe zeige mach mache
"""
STOP_WORDS = frozenset(_STOPS.split())

_SYNONYMS = {
    "signin": "login",
    "logon": "login",
    "registration": "signup",
    "register": "signup",
    "navigation": "navbar",
    "nav": "navbar",
    "dialog": "modal",
    "dialogue": "modal",
    "popup": "modal",
    "picture": "image",
    "photo": "image",
    "preference": "setting",
    "chatbot": "chat",
    "formular": "form",
    "tabelle": "table",
    "seite": "page",
    "liste": "list",
    "karte": "card",
    "colour": "color",
    "graph": "chart",
    "spinner": "loading",
    "loader": "loading",
}


def stem(word: str) -> str:
    """A word without the ending of its plural, -ing or -ed form; rough, but the same on both sides."""
    if len(word) > 4 and word.endswith("ies"):
        word = word[:-3] + "y"
    elif len(word) > 4 and word.endswith(("ses", "xes", "ches", "shes")):
        word = word[:-2]
    elif len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    if len(word) > 6 and word.endswith("ing"):
        word = _undoubled(word[:-3])
    elif len(word) > 5 and word.endswith("ed"):
        word = _undoubled(word[:-2])
    if len(word) > 4 and word.endswith("e"):
        word = word[:-1]
    return word


def _undoubled(word: str) -> str:
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz" else word


_STEMMED_SYNONYMS = {stem(word): stem(meant) for word, meant in _SYNONYMS.items()}
_PAIRS = re.compile(r"\b(sign|log)[ -]?(in|on|up|out)\b|\bnav(?:igation)?[ -]?bar\b", re.IGNORECASE)


def _joined(match: re.Match[str]) -> str:
    verb, side = match[1], match[2]
    if verb is None:
        return "navbar"
    side = side.lower()
    if side == "out":
        return "logout"
    return "signup" if side == "up" else "login"


@lru_cache(maxsize=32_768)
def _parts(raw: str) -> tuple[str, ...]:
    """The words of one run of letters: camelCase is several."""
    stems = [stem(part.casefold()) for part in _HUMP.split(raw)]
    return tuple([_STEMMED_SYNONYMS.get(word, word) for word in stems])


def words(text: str) -> list[str]:
    """All words, folded and stemmed, common verbs with their particle as one ("sign in", "log in" → login)."""
    return [word for raw in _WORD.findall(_PAIRS.sub(_joined, text)) for word in _parts(raw)]


_STEMMED_STOPS = frozenset(stem(word) for word in STOP_WORDS) | STOP_WORDS


def terms(text: str) -> list[str]:
    """The words that say what a text is about: `words` without those that every request has."""
    return [word for word in words(text) if word not in _STEMMED_STOPS]


def counted_terms(code: str) -> Counter[str]:
    """How often each of the `terms` is in a long text, such as code; verbs and particles apart."""
    found: Counter[str] = Counter()
    for raw, count in Counter(_WORD.findall(code)).items():
        for word in _parts(raw):
            if word not in _STEMMED_STOPS:
                found[word] += count
    return found
