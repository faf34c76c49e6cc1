"""Languages of code blocks: what a fence's info string says, how a language is called, how its files are named."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Language:
    """`name` as fences write it and Pygments knows it, `label` as people read it, `extension` with its dot."""

    name: str
    label: str
    extension: str
    aliases: tuple[str, ...] = ()


PLAIN = Language("text", "Text", ".txt", ("plain", "plaintext", "txt"))

LANGUAGES: tuple[Language, ...] = (
    PLAIN,
    Language("bash", "Shell", ".sh", ("sh", "shell", "zsh", "shell-session")),
    Language("c", "C", ".c", ("h",)),
    Language("cpp", "C++", ".cpp", ("c++", "cc", "cxx", "hpp")),
    Language("csharp", "C#", ".cs", ("cs", "c#")),
    Language("css", "CSS", ".css"),
    Language("dart", "Dart", ".dart", ("flutter",)),
    Language("diff", "Diff", ".diff", ("patch",)),
    Language("docker", "Dockerfile", "", ("dockerfile",)),
    Language("go", "Go", ".go", ("golang",)),
    Language("haskell", "Haskell", ".hs", ("hs",)),
    Language("html", "HTML", ".html", ("htm", "xhtml", "vue", "svelte")),
    Language("ini", "INI", ".ini", ("cfg", "conf")),
    Language("java", "Java", ".java"),
    Language("javascript", "JavaScript", ".js", ("js", "node", "mjs", "cjs")),
    Language("json", "JSON", ".json", ("json5", "jsonc")),
    Language("jsx", "JSX", ".jsx", ("react",)),
    Language("kotlin", "Kotlin", ".kt", ("kt", "kts", "compose")),
    Language("lua", "Lua", ".lua"),
    Language("make", "Makefile", "", ("makefile",)),
    Language("markdown", "Markdown", ".md", ("md",)),
    Language("objective-c", "Objective-C", ".m", ("objc",)),
    Language("perl", "Perl", ".pl", ("pl",)),
    Language("php", "PHP", ".php"),
    Language("powershell", "PowerShell", ".ps1", ("ps1", "pwsh")),
    Language("python", "Python", ".py", ("py", "python3", "py3")),
    Language("qml", "QML", ".qml"),
    Language("r", "R", ".r"),
    Language("ruby", "Ruby", ".rb", ("rb",)),
    Language("rust", "Rust", ".rs", ("rs",)),
    Language("scala", "Scala", ".scala"),
    Language("scss", "SCSS", ".scss", ("sass",)),
    Language("sql", "SQL", ".sql", ("postgres", "postgresql", "mysql", "sqlite", "sqlite3", "plpgsql")),
    Language("swift", "Swift", ".swift", ("swiftui",)),
    Language("toml", "TOML", ".toml"),
    Language("tsx", "TSX", ".tsx"),
    Language("typescript", "TypeScript", ".ts", ("ts", "mts")),
    Language("xml", "XML", ".xml", ("svg", "xaml", "plist")),
    Language("yaml", "YAML", ".yaml", ("yml",)),
)  # fmt: skip

_BY_NAME = {alias: row for row in LANGUAGES for alias in (row.name, *row.aliases)}
_BY_EXTENSION = {row.extension: row for row in LANGUAGES if row.extension} | {
    f".{alias}": row for row in LANGUAGES for alias in row.aliases
}

_TITLE = re.compile(r"""\b(?:title|file|filename|name|path)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s}]+))""")
_FILE = re.compile(r"(?:[\w@.+()\[\]-]+[/\\])*(?:[\w@.+()\[\]-]+\.\w{1,12}|Dockerfile|Makefile|Procfile)")
_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]+')
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])\s*(?:\..*)?", re.IGNORECASE | re.DOTALL
)
"""Devices, not files, on Windows, whatever their extension."""

_END = re.compile(r"[\s.]+\Z")

_MOST_BYTES = 120
"""Of a suggested name in UTF-8; file systems take 255."""


@dataclass(frozen=True, slots=True)
class Fence:
    """What an info string says: the language, and the file's name or "" where it names none."""

    language: Language
    file_name: str = ""


@lru_cache(maxsize=1024)
def fence(info: str) -> Fence:
    """Reads `python`, `python app.py`, `python:src/app.py`, `js title="x.js"`, `{.rust}`, `app.py` and the like."""
    text = info.strip()
    name = ""
    if match := _TITLE.search(text):
        name = match[1] or match[2] or match[3] or ""
    word = text.split(maxsplit=1)[0] if text else ""
    word = word.strip("{}").lstrip(".")
    language, colon, path = word.partition(":")
    language = language.split(",")[0].split("{")[0]
    if not name and colon and _FILE.fullmatch(path):
        name = path
    if not name:
        rest = text.split(maxsplit=1)[1] if len(text.split(maxsplit=1)) > 1 else ""
        name = next((piece for piece in rest.split() if _FILE.fullmatch(piece)), "")
    if not name and _FILE.fullmatch(word) and language.lower() not in _BY_NAME:
        name = word
    found = _BY_NAME.get(language.lower())
    if found is None and name:
        found = _by_file_name(name)
    if found is None:
        found = Language(language.lower(), language, f".{language.lower()}"[:8]) if _plausible(language) else PLAIN
    return Fence(found, name)


def _plausible(word: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z][\w+#-]{0,20}", word))


def _by_file_name(name: str) -> Language | None:
    base = re.split(r"[/\\]", name)[-1].lower()
    if base in _BY_NAME:
        return _BY_NAME[base]
    dot = base.rfind(".")
    return _BY_EXTENSION.get(base[dot:]) if dot >= 0 else None


def suggested_file_name(info: str, *, stem: str = "snippet") -> str:
    """A safe name to save a block under: the fence's own file name without folders, else `stem` and the extension."""
    said = fence(info)
    base = safe_name(re.split(r"[/\\]", said.file_name)[-1])
    if not base and said.language.name in ("docker", "make"):
        base = said.language.label
    return base or safe_name(stem + said.language.extension) or f"snippet{PLAIN.extension}"


def safe_name(name: str) -> str:
    """A name that every file system takes as one file's; "" where nothing is left of it."""
    name = _END.sub("", _UNSAFE.sub("_", name).lstrip())
    dot = name.rfind(".")
    ending = name[dot:] if dot > 0 and len(name[dot:].encode()) <= _MOST_BYTES // 4 else ""
    start = name[: len(name) - len(ending)].encode()[: _MOST_BYTES - len(ending.encode())].decode(errors="ignore")
    name = _END.sub("", start + ending)
    if not name.strip("._ "):
        return ""
    return f"_{name}" if _RESERVED.fullmatch(name) else name
