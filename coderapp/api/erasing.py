"""Finding an API key in text, however it is spelled there, and in texts that arrive in pieces."""

from __future__ import annotations

import html
import json
import re
from functools import cache
from urllib.parse import quote

MARK = "[key]"
SHORTEST = 8
"""Characters that a key must have to be erased from answers: shorter ones might be words."""

_NO_MATCH = -1
_LEADS = "\\%&+"
"""What every spelling but the plain one begins with."""


class KeyFinder:
    """Finds a key: plain, escaped as in JSON, percent-encoded or HTML-escaped, in any mixture and up to three times
    over (a server may quote in JSON the JSON that it was sent).

    `greedy` takes as much as can belong to the key, a backslash before it too. Otherwise a plain key is just itself,
    so that a text without other spellings becomes `text.replace(key, MARK)`.
    """

    def __init__(self, key: str, *, greedy: bool) -> None:
        self._key = key
        self._greedy = greedy
        self._head = _head(key)

    def erase(self, text: str, *, final: bool = True) -> tuple[str, str]:
        """`text` without the key, and its end that might begin one: "" where `text` is `final`."""
        match = self._head.search(text)
        if match is None:
            return text, ""
        pieces: list[str] = []
        done = 0
        while match is not None:
            start = match.start()
            end, may_come = self._match(text, start)
            if end != _NO_MATCH:
                pieces += text[done:start], MARK
                done = end
            elif may_come and not final:
                return "".join((*pieces, text[done:start])), text[start:]
            match = self._head.search(text, max(done, start + 1))
        return "".join((*pieces, text[done:])), ""

    def _match(self, text: str, start: int) -> tuple[int, bool]:
        """Where a key that begins at `start` ends, or _NO_MATCH; and whether more text could make it one."""
        if not self._greedy:
            piece = text[start : start + len(self._key)]
            if self._key.startswith(piece):
                return (start + len(piece), False) if len(piece) == len(self._key) else (_NO_MATCH, True)
        ends, may_come, size = {start}, False, len(text)
        for place, character in enumerate(self._key):
            reached: set[int] = set()
            for at in ends:
                if at == size:
                    may_come = True
                    continue
                if text[at] == character:
                    reached.add(at + 1)
                if text[at] not in _LEADS:
                    continue
                for spelling in spellings(character):
                    if not self._greedy and place == 0 and spelling.strip("\\") in ("", character):
                        continue  # a backslash before the key is not the key's
                    if text.startswith(spelling, at):
                        reached.add(at + len(spelling))
                    elif size - at < len(spelling) and spelling.startswith(text[at:]):
                        may_come = True
            if not reached:
                return _NO_MATCH, may_come
            ends = reached
        return max(ends), False


class KeyEraser:
    """Takes a key out of a text in pieces. Only an end that might begin the key waits for the next piece."""

    __slots__ = ("_finder", "_held")

    def __init__(self, finder: KeyFinder | None) -> None:
        self._finder = finder
        self._held = ""

    def feed(self, text: str) -> str:
        if self._finder is None:
            return text
        done, self._held = self._finder.erase(self._held + text if self._held else text, final=False)
        return done

    def flush(self) -> str:
        held, self._held = self._held, ""
        return self._finder.erase(held)[0] if self._finder and held else held


@cache
def spellings(character: str) -> tuple[str, ...]:
    """Every other way to write one character, from one to three encodings deep."""
    code = f"{ord(character):x}"
    escaped = json.dumps(character)[1:-1]
    forms = {escaped, html.escape(character), quote(character, safe="")}
    for digits in (code, code.upper()):
        forms |= {f"\\u{digits:0>4}", f"&#x{digits};", f"&#x0{digits};", f"&#X{digits};"}
        forms |= {"".join(f"%{byte:02x}" for byte in character.encode(errors="replace"))}
    forms |= {"".join(f"%{byte:02X}" for byte in character.encode(errors="replace"))}
    forms |= {f"&#{ord(character)};", f"&#{ord(character):03};"}
    forms |= {"'": {"&apos;"}, " ": {"+"}}.get(character, set())
    if not character.isalnum() and character != " ":
        forms.add(f"\\{character}")
    for _ in range(2):
        forms |= {again for form in forms for again in _encoded(form)}
    return tuple(sorted(form for form in forms if form != character and form[0] in _LEADS))


def _encoded(text: str) -> tuple[str, ...]:
    in_json = json.dumps(text)[1:-1]
    upper = quote(text, safe="")
    return in_json, in_json.replace("/", "\\/"), upper, upper.lower(), text.replace("%", "%25"), html.escape(text)


def _head(key: str) -> re.Pattern[str]:
    """Where a key may begin: a spelling of its first character before one of its second, or at the end of the text."""
    first = "|".join(re.escape(form) for form in (key[0], *spellings(key[0])))
    then = f"[{re.escape(key[1] + _LEADS)}]|" if len(key) > 1 else "|"
    longest = max(map(len, spellings(key[0])))
    return re.compile(rf"(?:{first})(?:{then}\Z)|[\\%&][\w\\%&#;+]{{0,{longest}}}\Z")
