"""Which language a code block is in that does not say so.

A small table of marks, each with a weight for the languages that it speaks for. A language is taken only if its marks
weigh enough and clearly more than the next one's: a wrong guess colours worse than none.
"""

# ruff: noqa: E501 - a mark in a table is easier to read on one line

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from itertools import islice
from typing import Any

MOST_LINES = 60
MOST_CHARACTERS = 1600
"""As much of the code's beginning is looked at."""

_ENOUGH = 6
_CLEARLY = 1.5
"""What the best must weigh, and how many times the next one."""

_FAMILIES = ({"javascript", "typescript", "jsx", "tsx"}, {"c", "cpp"}, {"css", "scss"}, {"ini", "toml"})
"""Languages that look alike, and are coloured alike: the likeliest need not be clearly so."""

_MOST_HITS = 3
"""How often one mark counts."""

_PROGRAMS = {
    "sh": "bash", "bash": "bash", "zsh": "bash", "dash": "bash", "ksh": "bash", "python": "python", "node": "javascript",
    "deno": "typescript", "bun": "typescript", "ruby": "ruby", "perl": "perl", "php": "php", "lua": "lua",
    "rscript": "r", "pwsh": "powershell", "make": "make", "swift": "swift", "runhaskell": "haskell", "scala": "scala",
}  # fmt: skip

_SHEBANG = re.compile(r"#!\s*\S*?(?:/env\s+(?:-S\s+)?(?:\w+=\S+\s+)*)?([A-Za-z]+)[\d.]*(?:\s|$)")

_MARKS: tuple[tuple[str, str], ...] = (
    ("python 6", r"^\s*(?:async )?def \w+\(.*\)(?: -> .+)?:\s*(?:#.*)?$"),
    ("python 3", r"^from [\w.]+ import [\w(*]"),
    ("python 2", r"^import \w[\w.]*(?: as \w+)?(?:, \w[\w.]*)*$"),
    ("python 4", r"^\s*class \w+(?:\(.*\))?:\s*$"),
    ("python 3", r"^\s*(?:if|elif|else|for|while|try|except|with)\b[^{}]*:\s*$"),
    ("python 4", r"""^if __name__ == ["']__main__["']:"""),
    ("python 3", r"\bself\.\w+|\bprint\(f?[\"']|^@\w+[\w.]*(?:\(.*\))?$"),
    ("javascript 3 typescript 3 jsx 1 tsx 1", r"^\s*(?:export )?(?:const|let) [\w{\[][^=:]* = "),
    ("javascript 3 typescript 3 jsx 2 tsx 2", r"=> ?[{(]|\bfunction\*? ?\w*\(.*\) ?\{"),
    ("javascript 4", r"\brequire\(['\"]|\bmodule\.exports\b|\bdocument\.\w+|\bconsole\.log\(|\bwindow\.\w+"),
    ("javascript 2 typescript 2 jsx 2 tsx 2", r"^import .* from ['\"]|^export (?:default|const|function|class)\b"),
    ("javascript 2 typescript 2", r"===|!==|\bawait \w|\bnew Promise\("),
    ("jsx 6 tsx 5", r"^\s*<[A-Z]\w*(?:\s|>|/)|\breturn \(\s*$|className=|<\w+ [^>]*=\{|^\s*<>\s*$"),
    ("jsx 3 tsx 3", r"\buse(?:State|Effect|Memo|Ref|Callback|Reducer)\(|from ['\"]react['\"]"),
    ("typescript 5 tsx 6", r"^(?:export )?(?:interface \w+|type \w+(?:<.*>)? =|enum \w+|declare )"),
    ("typescript 4 tsx 6", r"[\w)?]: ?(?:string|number|boolean|void|any|unknown|Promise<\w|\w+\[\])(?: =|[;,)|])"),
    ("tsx 6 typescript 2", r"\buse(?:State|Ref|Memo)<|: React\.\w+|\}: \{|\bas const\b"),
    ("java 6", r"^import (?:static )?(?:java|javax|org|com)\.[\w.]+\*?;|^package [\w.]+;"),
    ("java 5", r"\bpublic (?:static )?(?:final )?(?:void|class|int|String|boolean|interface|enum|record)\b"),
    ("java 4", r"\bSystem\.(?:out|err)\.|@Override\b|\bthrows \w+|\bprivate (?:static )?(?:final )?\w+ \w+;"),
    ("csharp 7", r"^using (?:System|Microsoft)[\w.]*;|^namespace [\w.]+;?\s*$"),
    ("csharp 5", r"\{ get; (?:set|init|private set); \}|\bConsole\.Write(?:Line)?\(|\bpublic (?:async )?Task\b|\bvar \w+ = new\b"),
    ("csharp 4", r"\b(?:internal|public) (?:sealed |static |abstract |partial )*(?:class|record|struct) \w+\s*(?::|$)"),
    ("c 5 cpp 4", r"^#\s*include [<\"][\w/]+\.h[>\"]|^#\s*(?:ifndef|define|endif|ifdef)\b"),
    ("cpp 7", r"^#\s*include <\w+>$|\bstd::|\btemplate ?<|\busing namespace\b|^\s*(?:public|private|protected):"),
    ("cpp 4", r"\bcout <<|\bauto&?&? \w+ =|\bconst \w+& |\bnullptr\b|\bclass \w+ (?:final )?(?:: public|\{)"),
    ("c 4 cpp 2", r"\b(?:printf|malloc|free|sizeof|memcpy|strlen|fprintf)\(|^(?:static |const )?(?:int|void|char|struct \w+) \*?\w+\("),
    ("c 3", r"\bstruct \w+ \*|->\w+ = |\btypedef struct\b|\bNULL\b"),
    ("go 8", r"^package \w+$|^func (?:\(\w+ \*?\w+(?:\[.*\])?\) )?\w+(?:\[.*\])?\("),
    ("go 4", r"\b\w+ := |\bif err != nil\b|\bfmt\.\w+\(|\bdefer \w|^import \($|\bchan \w"),
    ("rust 6", r"\bfn \w+(?:<.*>)?\(.*\)(?: -> .+)? (?:\{|where)|\blet mut \w|^\s*impl(?:<.*>)? \w"),
    ("rust 5", r"^use (?:std|crate|super|self|\w+)::|^#!?\[\w+|\b\w+!\(|\bpub (?:fn|struct|enum|mod)\b|&mut \w|\bmatch \w.* \{$"),
    ("kotlin 6", r"^\s*(?:private |override |suspend |internal |inline )*fun (?:<.*> )?(?:\w+\.)?\w+\(|^@Composable|\bdata class \w"),
    ("kotlin 4", r"\bval \w+(?:: \w+.*)? (?:=|by) |^import (?:androidx|kotlin|kotlinx)\.|\bModifier\.\w+"),
    ("scala 6", r"^\s*(?:override )?def \w+(?:\[.*\])?(?:\(.*\))*(?:: [\w\[\], ]+)? =|\bcase class \w|^object \w+|\bextends App\b"),
    ("scala 3", r"\bval \w+ = |\bcase \w.* =>|^import scala\.|\bimplicit \w|\bsealed trait\b"),
    ("swift 7", r"^import (?:SwiftUI|Foundation|UIKit|Combine)$|^\s*(?:@\w+ )?(?:private |public |static |override )*func \w+\(.*\)(?: (?:async )?(?:throws )?-> .+)? \{"),
    ("swift 4", r"\bguard (?:let|var|\w)|\bif let \w+ = |\bvar \w+: some View\b|@(?:State|Published|Binding|main)\b|\bstruct \w+: \w"),
    ("dart 8", r"^import 'package:|^import 'dart:|\bWidget build\(BuildContext\b"),
    ("dart 4", r"\bextends State(?:less|ful)Widget\b|^void main\(\) |\bfinal \w+\??(?:<.*>)? \w+;|\bsetState\(\(\)"),
    ("ruby 5", r"^\s*def (?:self\.)?\w+[?!]?(?:\(.*\))?\s*$|^require ['\"]|\battr_(?:accessor|reader)\b|\bdo \|\w+"),
    ("ruby 4", r"^\s*(?:end|puts .*|module [A-Z]\w*|class [A-Z]\w*(?: < [\w:]+)?)$|\.each do\b|^\s*elsif\b|\bunless \w"),
    ("php 12", r"^\s*<\?php\b"),
    ("php 4", r"^\s*(?:echo |\$\w+ = |use [A-Z]\w*\\|namespace \w+(?:\\\w+)*;)|\$this->\w|\bfunction \w+\(.*\$\w"),
    ("perl 5", r"^use (?:strict|warnings|\w+::\w+)\b.*;|^\s*my [$@%(]|\bsub \w+ ?\{|=~ [ms]?/"),
    ("perl 3", r"^package [\w:]+;|@_\b|\$\w+->\{|\bforeach my \$"),
    ("lua 5", r"^\s*local (?:function )?\w+|\bfunction [\w.:]+\(.*\)\s*$|\bthen\s*$|^\s*end\)?$"),
    ("lua 3", r" \.\. |~= |\b(?:ipairs|pairs)\(|--\[\["),
    ("r 6", r"^\s*[\w.]+ <- |\blibrary\(\w+\)|%>%|\bfunction\(.*\) ?\{?$|\bggplot\("),
    ("haskell 6", r"^module [A-Z][\w.]* |^import (?:qualified )?[A-Z][\w.]+|^\w+'? :: |^\s*deriving \(?[A-Z]|^\{-#"),
    ("haskell 3", r"^\s*where$|<\$>|>>=|\b\w+ <- |^data [A-Z]\w* ="),
    ("bash 5", r"^\s*(?:if|while|until) \[\[? .* \]\]?; (?:then|do)|^\s*fi$|^\s*done\b|^\s*esac$|\becho \"?\$"),
    ("bash 4", r"^(?:\$ )?(?:sudo|apt(?:-get)?|cd|mkdir|export|npm|pip3?|git|docker|curl|chmod|brew|npx|source|yarn|pnpm) \S"),
    ("bash 4", r"^set -[euxo]|\"\$\{?[\w@#*]|\$\([a-z]+ |^\s*\w+\(\) ?\{|^[A-Z_]+=\"?\$|\|\| (?:exit|true|return)\b"),
    ("powershell 6", r"\b(?:Get|Set|New|Remove|Write|Import|Invoke|Add|Start|Stop)-[A-Z]\w+|\[Parameter\(|^param ?\(|\$_\."),
    ("sql 6", r"(?i)^\s*(?:select\s+[\w*(,]|insert into\s+\w|create (?:unique )?(?:or replace )?(?:table|index|view|function|trigger)\b|update \w+ set\b|delete from\b|alter table\b|with (?:recursive )?\w+ as\b)"),
    ("sql 3", r"(?i)^\s*(?:from \w+|(?:left |inner )?join \w+|where \w|group by\b|order by\b|primary key)|\bvarchar\(|\bnot null\b"),
    ("html 12", r"(?i)^\s*<!doctype html|^\s*<html[\s>]"),
    ("html 4", r"(?i)^\s*</?(?:div|head|body|script|style|p|ul|li|section|form|button|nav|header|main|table|span|h[1-6]|a|label|img|input)(?:[\s>]|/>|$)"),
    ("xml 14", r"^\s*<\?xml "),
    ("xml 8", r"^\s*<svg\b|\bxmlns(?::\w+)?="),
    ("css 4", r"^\s*(?:[.#][\w-]+|[a-z]+|:root|\*)(?:[ >,:.#][\w>:.# ,()-]*)? ?\{\s*$|^\s*@(?:media|keyframes|import|font-face)\b"),
    ("css 3 scss 3", r"^\s+(?:--)?[a-z-]+: [^;{}]+;\s*$"),
    ("scss 8", r"^\s*\$[\w-]+: .+;|^\s*@(?:mixin|include|use|extend|function)\b|^\s*&[:.\w-]"),
    ("yaml 3", r"^\s*- \w[\w -]*:(?: |$)|^[\w.-]+:\s*$|^---\s*$|^ +[\w-]+:$"),
    ("yaml 2", r"^\s*[A-Za-z][\w.-]*: [^{};]*[^{};,]$|^\s*- [\w\"'./]"),
    ("toml 5", r"^\[\[?[\w.\"-]+\]\]?$"),
    ("toml 1", r"^[\w.-]+ = (?:\"|\[|\{|\d|true|false)"),
    ("ini 3", r"^\[[^\]\[]+\]$"),
    ("ini 2", r"^[\w.]+ ?= ?[^\"'\[{\s]"),
    ("docker 8", r"^FROM [\w./:@-]+(?: AS \w+)?$"),
    ("docker 5", r"^(?:RUN|COPY|WORKDIR|ENTRYPOINT|CMD|EXPOSE|ENV|ARG) \S"),
    ("make 5", r"^\.PHONY:|^[\w.%/-]+:(?: [\w.%/$()-]+)*\n\t|^\t@?\$\(\w+\)|^[A-Z_]+ ?[:?]= ?|^ifn?(?:eq|def) |^include \S"),
    ("make 3", r"^\t.*\$[@<^]"),
    ("diff 8", r"^(?:diff --git |@@ -\d|index [0-9a-f]{6,}\.\.)|^--- \S+|^\+\+\+ \S+"),
    ("qml 9", r"^import Qt\w+|^\s*(?:Rectangle|Item|ApplicationWindow|ColumnLayout|Window) \{|\bproperty (?:int|string|real|bool|var|color|alias) \w"),
    ("objective-c 8", r"^@(?:interface|implementation|property|end|import)\b|^#import [<\"]|^[-+] ?\(\w+ ?\*?\)\w|\[\[\w+ alloc\]"),
    ("markdown 3", r"^#{2,6} \w|^\s*[-*] \[[ x]\] |^```|\[[^\]]+\]\(https?://|^\s*> \w|\*\*\w[^*]*\*\*"),
)  # fmt: skip

_JSON = re.compile(r"""\s*(?:[\[{]\s*)+(?:"(?:[^"\\]|\\.)*"\s*[:,\]]|[\]}\d-]|true|false|null)""")


_parser: Any = import_module("re._parser")  # the module behind `re`: there is no public way to a parse tree


@dataclass(frozen=True, slots=True)
class _Mark:
    """`needs`: one of these must be in the text (in small letters), else the pattern need not be tried."""

    pattern: re.Pattern[str]
    weights: tuple[tuple[str, int], ...]
    needs: tuple[str, ...]


@lru_cache(maxsize=1)
def _marks() -> list[_Mark]:
    made = []
    for speaks_for, source in _MARKS:
        words = speaks_for.split()
        weights = tuple((name, int(weight)) for name, weight in zip(words[::2], words[1::2], strict=True))
        pattern = re.compile(source, re.MULTILINE)
        needs = _needs(list(_parser.parse(source, re.MULTILINE)))
        made.append(_Mark(pattern, weights, tuple(sorted(needs or ()))))
    return made


def _needs(nodes: list[tuple[Any, Any]]) -> set[str] | None:
    """Texts of which every match holds one; None where there are none."""
    found: list[set[str]] = []
    run = ""
    for op, value in [*nodes, ("END", None)]:
        name = str(op)
        if name == "LITERAL":
            run += chr(value).lower()
            continue
        if run:
            found.append({run})
            run = ""
        if (name == "SUBPATTERN" and (inner := _needs(list(value[3])))) or (
            name in ("MAX_REPEAT", "MIN_REPEAT") and value[0] and (inner := _needs(list(value[2])))
        ):
            found.append(inner)
        elif name == "BRANCH":
            branches = [_needs(list(each)) for each in value[1]]
            if all(branches):
                found.append({text for each in branches for text in each or ()})
    # The rarest is best: the one whose shortest text is longest.
    return max(found, key=lambda texts: min(map(len, texts)), default=None)


def prepare() -> None:
    """Compiles the marks, which takes some 50 ms the first time; call it off the UI thread."""
    _marks()


def guess_language(lines: Sequence[str]) -> str:
    """A `Language.name`, or "" where it can't be told. Looks at the first lines only, for about 1 ms once `prepare` was called."""
    head: list[str] = []
    left = MOST_CHARACTERS
    for line in lines[:MOST_LINES]:
        head.append(line[: min(left, 300)])
        left -= len(head[-1]) + 1
        if left <= 0:
            break
    text = "\n".join(head)
    if (match := _SHEBANG.match(text)) and match[1].lower() in _PROGRAMS:
        return _PROGRAMS[match[1].lower()]
    if "<?php" in text:
        return "php"
    if _JSON.match(text) and not re.search(r"=>|;\s*$|\bfunction\b", text):
        return "json"
    weights: dict[str, int] = {}
    lower = text.lower()
    for mark in _marks():
        if mark.needs and not any(map(lower.__contains__, mark.needs)):
            continue
        hits = sum(1 for _ in islice(mark.pattern.finditer(text), _MOST_HITS))
        if hits:
            for name, weight in mark.weights:
                weights[name] = weights.get(name, 0) + weight * hits
    if not weights:
        return ""
    best = max(weights, key=weights.__getitem__)
    family = next((each for each in _FAMILIES if best in each), {best})
    others = max((weight for name, weight in weights.items() if name not in family), default=0)
    return best if weights[best] >= max(_ENOUGH, others * _CLEARLY) else ""
