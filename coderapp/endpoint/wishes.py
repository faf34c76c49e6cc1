"""What a turn of a conversation asks for, as far as its words tell: frameworks, theme, subject, and what it does with
the answer before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from coderapp.endpoint.acts import Act, act_of
from coderapp.endpoint.words import terms


@dataclass(frozen=True, slots=True)
class Wish:
    """`frameworks` are names of the library's; `foreign` is one that it does not have, as it is written. `subject`
    are the terms without frameworks and themes. `builds`: something is to be made. `leans`: the turn is about the
    answer before it ("make it …", "and with …").
    """

    act: Act
    frameworks: tuple[str, ...] = ()
    foreign: str = ""
    theme: str = ""
    subject: tuple[str, ...] = ()
    builds: bool = False
    leans: bool = False
    along: frozenset[str] = frozenset()
    """Terms of the subject that are only to come along with it: "… with validation"."""
    visible: bool = False
    """Something to look at: a page, a screen."""
    elsewhere: bool = False
    """Its words are of something other than code: weather, poems, recipes."""


_MENTIONS: tuple[tuple[str, str], ...] = (
    ("react-native", r"react[\s-]?native|\bexpo\b"),
    ("tailwind", r"\btailwind(?:\s?css)?\b"),
    ("swiftui", r"\bswift[\s-]?ui\b|\bswift\b|\bios\b|\biphone\b|\bmacos\b"),
    ("compose", r"\bjetpack(?:\s+compose)?\b|\bcompose\b(?!\s+(?:an?|the|my|emails?|mails?)\b)|\bkotlin\b|\bandroid\b"),
    ("flutter", r"\bflutter\b|\bdart\b"),
    ("qml", r"\bqml\b|\bqt\s?quick\b|\bqt\s?6?\b|\bpyside6?\b"),
    ("react", r"\breact(?:\.?js)?\b(?![\s-]?native)(?!\s+to\b)|\bjsx\b|\btsx\b|\bnext\.?js\b"),
    ("svg", r"\bsvgs?\b"),
    ("html", r"\bhtml5?\b|\bcss3?\b|\bweb\s?page\b"),
    ("python", r"\bpython3?\b|\bpy\b"),
    ("javascript", r"\bjavascript\b|\bjs\b|\bnode(?:\.?js)?\b|\btypescript\b|\becmascript\b"),
    ("sql", r"\bsql\b|\bpostgres(?:ql)?\b|\bsqlite\b|\bmysql\b"),
    ("shell", r"\bbash\b|\bshell\b|\bzsh\b|\bposix\s+sh\b"),
)
_LIBRARY = re.compile(
    "|".join(f"(?P<f{place}>{mention})" for place, (_, mention) in enumerate(_MENTIONS)), re.IGNORECASE
)

_FOREIGN = re.compile(
    r"\b(vue(?:\.?js)?|svelte|angular|solid\.?js|ember|lit|jquery|bootstrap|xaml|wpf|winforms|winui|maui|avalonia|"
    r"gtk\d?|tkinter|wxwidgets|javafx|unity|godot|objective-c|uikit|blazor|django|rails|laravel|php|ruby|rust|golang|"
    r"java|c\+\+|c#|scala|haskell|elixir|perl|cobol|fortran|matlab|lua|powershell)(?![\w+#])",
    re.IGNORECASE,
)
_FOREIGN_NAMES = {
    "vue": "Vue", "vuejs": "Vue", "vue.js": "Vue", "svelte": "Svelte", "angular": "Angular", "php": "PHP", "wpf": "WPF",
    "xaml": "XAML", "golang": "Go", "gtk": "GTK", "gtk3": "GTK", "gtk4": "GTK", "jquery": "jQuery", "javafx": "JavaFX",
    "cobol": "COBOL", "matlab": "MATLAB", "uikit": "UIKit", "maui": ".NET MAUI", "winui": "WinUI",
    "powershell": "PowerShell", "wxwidgets": "wxWidgets", "winforms": "Windows Forms",
}  # fmt: skip

_LEFT_OUT = re.compile(
    r"\b(?:instead\s+of|rather\s+than|not(?:\s+in)?|no(?:t\s+using)?|without|from)\s+$", re.IGNORECASE
)
_AIMED = re.compile(r"\b(?:in|into|to|as|using|with|for|auf|als)\s+(?:an?\s+|the\s+)?$", re.IGNORECASE)

_DARK = re.compile(r"\b(?:dark(?:er)?|night(?:\s?mode)?|dunk(?:el|ler|le[rsmn]?))\b", re.IGNORECASE)
_LIGHT = re.compile(
    r"\b(?:light(?:er)?(?!\s*(?:blue|green|gr[ae]y|red|pink|box|house|bulb))|day\s?mode|helle[rsmn])\b", re.IGNORECASE
)
# A theme as the thing itself, not as the look of another.
_THEMING = re.compile(r"\b(?:dark|light|night)[\s-]?mode\b|\bthem(?:e|ing)\b|\bcolou?r[\s-]?scheme\b", re.IGNORECASE)
_SWITCHING = re.compile(r"\b(?:toggle|switch(?:er)?|detect|remember|support|follow)\w*", re.IGNORECASE)
_THEMING_TERMS = ("dark", "mode")
_THEME_TERMS = frozenset(terms("dark darker night light lighter bright theme themed mode"))

_BUILDS = re.compile(
    r"\b(?:make|create|build|write|generate|code|implement|design|draw|develop|render|show|give|need|want|looking\s+for|"
    r"how\s+(?:do|can|would|to)|form|page|screen|view|component|widget|layout|button|card|script|function|query|regex|"
    r"class|app|erstelle|schreibe|baue|mach|zeige?)\b",
    re.IGNORECASE,
)
_ALONG = re.compile(r"\b(?:with|including|that\s+has|which\s+has|mit)\b", re.IGNORECASE)
_VISIBLE = re.compile(
    r"\b(?:(?:web|home|landing\s)?pages?|screens?|web\s?sites?|buttons?|widgets?|layouts?|dialogs?|ui)\b", re.IGNORECASE
)
_ELSEWHERE = re.compile(
    r"\b(?:weather|forecast|poems?|poetry|haiku|sonnets?|limericks?|lyrics|song|story|stories|novel|essay|jokes?|recipes?|"
    r"cook|bake|translate|president|capital\s+(?:city\s+)?of|population|horoscope|gedicht|wetter|rezept|witz|"
    r"meaning\s+of\s+life|who\s+(?:is|was|won|invented|wrote)|when\s+(?:is|was|did)|where\s+(?:is|was))\b",
    re.IGNORECASE,
)
_LEANS = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|yes|great|nice|cool|thanks|thank\s+you|good|perfect|hm+)[\s,.!-]+)*"
    r"(?:and|with|plus|but|also|add|include|remove|drop|use|without|now\s+(?:with|add|make\s+(?:it|this|that)|also|in|as|for)|same|"
    r"(?:can|could|would|will)\s+you\s+(?:please\s+)?(?:make\s+(?:it|this|that|the)|add|also|do\s+(?:it|that|the\s+same)|change|"
    r"convert|port|translate|rewrite|turn)|(?:please\s+)?(?:make|do|turn|change|convert|port|translate|rewrite|have|put|style)\s+"
    r"(?:it|this|that|them|the)\b|what\s+about|how\s+about|as\b|in\b|to\b|(?:the\s+)?same\b)"
    r"|\binstead\b\W*$|\btoo\b\W*$|\bthat\s+(?:one|code|version|form|page|screen)\b|\babove\b|^\W*more\b|^\W*less\b",
    re.IGNORECASE,
)

_ENDS = 4_000


def ends_of(text: str) -> str:
    """A long text's beginning and end: what is asked stands there, between them stands what was pasted."""
    return text if len(text) <= 2 * _ENDS else f"{text[:_ENDS]}\n{text[-_ENDS:]}"


def understand(text: str, *, answered: bool) -> Wish:
    """The wish of one turn. `answered`: an answer came before, to which a turn may refer."""
    text = ends_of(text).strip()
    if not text:
        return Wish(Act.NOTHING)
    act = act_of(text, answered=answered)
    named, rest = _mentioned(text)
    theme = _theme(rest)
    foreign, rest = _foreign(rest)
    subject = tuple(dict.fromkeys(term for term in terms(rest) if term not in _THEME_TERMS))
    if _THEMING.search(rest) and (_SWITCHING.search(rest) or not (subject or answered)):
        subject, theme = tuple(dict.fromkeys((*_THEMING_TERMS, *subject))), ""
    head = _ALONG.split(rest, maxsplit=1)[0]
    main = {*terms(head), *_THEMING_TERMS}
    return Wish(
        act,
        named,
        "" if named else foreign,
        theme,
        subject,
        builds=bool(_BUILDS.search(text)),
        leans=answered and (bool(_LEANS.search(text)) or act.needs_answer),
        along=frozenset(subject) - main if terms(head) else frozenset(),
        visible=bool(_VISIBLE.search(text)),
        elsewhere=bool(_ELSEWHERE.search(text)),
    )


def _mentioned(text: str) -> tuple[tuple[str, ...], str]:
    """The frameworks that are wanted, and the text without the words that name frameworks."""
    plain: list[str] = []
    aimed: list[str] = []
    for match in _LIBRARY.finditer(text):
        name = _MENTIONS[int((match.lastgroup or "f0")[1:])][0]
        before = text[max(0, match.start() - 24) : match.start()]
        if _LEFT_OUT.search(before):
            continue
        (aimed if _AIMED.search(before) else plain).append(name)
    chosen = aimed[-1:] if aimed and (len(set(aimed)) > 1 or plain) else aimed or plain
    if set(aimed + plain) == {"html", "tailwind"} or set(aimed + plain) == {"react", "tailwind"}:
        chosen = ["tailwind"] if "html" in aimed + plain else ["react", "tailwind"]
    return tuple(dict.fromkeys(chosen)), _LIBRARY.sub(" ", text)


def _foreign(text: str) -> tuple[str, str]:
    """A framework that the library does not have, and the text without the words that name such."""
    found = ""
    for match in _FOREIGN.finditer(text):
        if not _LEFT_OUT.search(text[max(0, match.start() - 24) : match.start()]):
            found = _FOREIGN_NAMES.get(match[1].lower(), match[1].capitalize())
    return found, _FOREIGN.sub(" ", text)


def _theme(text: str) -> str:
    dark, light = _DARK.search(text), _LIGHT.search(text)
    if dark and light:
        return ""  # "dark and light", "a dark mode toggle beside the light one"
    return "dark" if dark else "light" if light else ""
