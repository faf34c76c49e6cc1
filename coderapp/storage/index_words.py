"""What a word is to the index: text is folded and cut into tokens here, for what is stored and what is asked alike.

The tokenizer of SQLite is given tokens with spaces between them. So what counts as a word does not depend on the
SQLite that is there, and the list of all words (for finding parts of words) holds the same ones.
"""

from __future__ import annotations

import re
import unicodedata

MOST_LETTERS = 64
"""A longer run of letters (a key, a picture in base64) is cut into pieces of this length."""

# Scripts that are written without spaces, and pictures: each character is a word, a run of them a phrase.
_ALONE = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2190-\u23ff\u2500-\u27bf\u2900-\u297f\u2b00-\u2bff\u2e80-\u2fdf"
    "\u3005-\u3007\u3021-\u3029\u3040-\u30ff\u3130-\u318f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\uff66-\uff9f\U0001f000-\U0001fbff\U00020000-\U000323af"
)
# Signs of vowels in Arabic and Indic scripts: parts of words, though they are no letters.
_SIGNS = "\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094f\u0962\u0963\u0981-\u0983\u09bc-\u09d7\u0a01-\u0df3"

_PLAIN = {n: chr(n) if chr(n).isalnum() else " " for n in range(128)}
_PIECES = re.compile(f".{{1,{MOST_LETTERS}}}")
_ANY = re.compile(rf"[{_ALONE}]|(?:(?![{_ALONE}])[^\W_]|[{_SIGNS}]){{1,{MOST_LETTERS}}}")
# Each stands for one space: a text that has no other signs beyond ASCII goes the quick way.
_PUNCTUATION = re.compile(
    "[\u00a0\u00a1\u00ab\u00b7\u00bb\u00bf\u2010-\u2027\u202f-\u205e\u3000-\u3003\u3008-\u3011\uff01\uff0c]"
)
_ACCENTS = re.compile("[\u00ad\u0300-\u036f\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff]+")
# Letters that Unicode takes for letters of their own, and who has no such key writes so.
_PLAINER = {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
_OWN = re.compile(f"[{''.join(_PLAINER)}]")
_STANDS_ALONE = re.compile(f"[{_ALONE}]")


def fold(text: str) -> str:
    """Lower case, without accents, in one form: what is the same to somebody who searches."""
    if text.isascii():
        return text.lower()
    text = _PUNCTUATION.sub(" ", text)
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold()))).casefold()
    return text if text.isascii() else _OWN.sub(lambda letter: _PLAINER[letter[0]], text)


def tokens(folded: str) -> list[str]:
    """The words of a folded text, in their order."""
    if not folded.isascii():
        return _ANY.findall(folded)
    found = folded.translate(_PLAIN).split()
    if found and len(max(found, key=len)) > MOST_LETTERS:
        return [piece for token in found for piece in _PIECES.findall(token)]
    return found


def has_signs(folded: str) -> bool:
    """Whether there is something in it that is no part of a token, and no space."""
    return bool(_ANY.sub(" ", folded).split())


def stands_alone(token: str) -> bool:
    """Whether the token is a character that is a word by itself: it has no parts to be found."""
    return len(token) == 1 and _STANDS_ALONE.match(token) is not None
