r"""Whether a rule of a lexer might have decided otherwise if its text went on.

A lexer that is fed line by line may trust a rule's match, or its failure, only if the rule did not look at the end of
the text that is there. Python's expressions do not tell. So for each rule a second expression is made from the first
one's parse tree. It matches at a place where some way through the rule ends at the text's end: `[^"]*"` becomes
`[^"]*\Z`. Where it does not match, more text changes nothing. Rules that never look over a line's end need none.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from typing import Any

_parser: Any = import_module("re._parser")  # the module behind `re`: there is no public way to a parse tree

_LINE_FREE = re.compile(r"(?:\\[bwdSAZ.()\[\]{}|*+?^$\\/'\"#@!<>=:;,%&~`-]|[^\\.\[\n])*\Z")
"""Sources without anything that could take a line's end: no sets, dots or classes that hold one."""

_AT = {"AT_BEGINNING": "^", "AT_BEGINNING_STRING": r"\A", "AT_BOUNDARY": r"\b", "AT_NON_BOUNDARY": r"\B",
       "AT_END": "$", "AT_END_STRING": r"\Z"}  # fmt: skip
_CATEGORY = {"DIGIT": r"\d", "NOT_DIGIT": r"\D", "SPACE": r"\s", "NOT_SPACE": r"\S", "WORD": r"\w",
             "NOT_WORD": r"\W"}  # fmt: skip
_REPEAT = {"MAX_REPEAT": "", "MIN_REPEAT": "?", "POSSESSIVE_REPEAT": "+"}
_GROUP = re.compile(r"\(\?P<(g\d+)>")
_NAME = re.compile(r"(\(\?P[<=]|\(\?\()(g\d+)([>)])")
_NEVER = r"(?!)"
_ANYTHING = r"(?s:.)"

Node = tuple[Any, Any]


@cache
def reach(pattern: re.Pattern[str]) -> re.Pattern[str] | None:
    """The expression that matches where `pattern` could look at the end of a text that consists of whole lines; None
    where it can't, because it looks at nothing behind the first line's end.
    """
    if not pattern.flags & re.DOTALL and "\n" not in pattern.pattern and _LINE_FREE.match(pattern.pattern):
        return None
    tree = _parser.parse(pattern.pattern, pattern.flags)
    writer = _Writer(pattern.flags)
    source, _ = writer.reach(list(tree), after_line=False, rest="")
    return None if source is None else re.compile(source, pattern.flags & ~re.VERBOSE)


class _Writer:
    """Writes parse trees as expressions. `after_line`: the character before may be a line's end, so that the place may
    be the end of the text.
    """

    def __init__(self, flags: int) -> None:
        self._multiline = bool(flags & re.MULTILINE)
        self._dotall = bool(flags & re.DOTALL)
        self._names: dict[int, str] = {}  # groups, as they were written last
        self._lines: dict[int, bool] = {}  # whether a group may hold a line's end
        self._made = 0

    # as it is

    def plain(self, nodes: list[Node]) -> str:
        return "".join(self._plain(str(op), value) for op, value in nodes)

    def _plain(self, op: str, value: Any) -> str:
        if op in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
            return self._set(op, value)
        if op == "AT":
            return _AT[str(value)]
        if op == "BRANCH":
            return "(?:" + "|".join(self.plain(list(each)) for each in value[1]) + ")"
        if op == "SUBPATTERN":
            group, on, off, inner = value
            return self._group(group, on, off, self.plain(list(inner)))
        if op in _REPEAT:
            least, most, inner = value
            return f"(?:{self.plain(list(inner))}){_count(least, most)}{_REPEAT[op]}"
        if op == "ATOMIC_GROUP":
            return f"(?>{self.plain(list(value))})"
        if op in ("ASSERT", "ASSERT_NOT"):
            direction, inner = value
            mark = ("<" if direction < 0 else "") + ("=" if op == "ASSERT" else "!")
            return f"(?{mark}{self.plain(list(inner))})"
        if op == "GROUPREF":
            return f"(?P={self._names[value]})"
        if op == "GROUPREF_EXISTS":
            group, yes, no = value
            return f"(?({self._names[group]}){self.plain(list(yes))}|{self.plain(list(no or []))})"
        if op == "FAILURE":
            return _NEVER
        raise ValueError(f"unknown part of an expression: {op}")

    def _group(self, group: int | None, on: int, off: int, inner: str) -> str:
        if group is None:
            return f"(?{_letters(on)}{'-' + _letters(off) if off else ''}:{inner})"
        self._made += 1
        self._names[group] = f"g{self._made}"
        return f"(?P<{self._names[group]}>{inner})"

    @staticmethod
    def _set(op: str, value: Any) -> str:
        if op == "ANY":
            return "."
        if op == "LITERAL":
            return re.escape(chr(value))
        if op == "NOT_LITERAL":
            return f"[^{re.escape(chr(value))}]"
        parts = []
        for kind, item in value:
            match str(kind):
                case "NEGATE":
                    parts.append("^")
                case "LITERAL":
                    parts.append(re.escape(chr(item)))
                case "RANGE":
                    parts.append(f"{re.escape(chr(item[0]))}-{re.escape(chr(item[1]))}")
                case _:
                    parts.append(_CATEGORY[str(item).removeprefix("CATEGORY_")])
        return "[" + "".join(parts) + "]"

    # up to the end

    def reach(self, nodes: list[Node], *, after_line: bool, rest: str | None = None) -> tuple[str | None, bool]:
        """The expression, or None where the end can't be reached; and whether the last character taken may be a line's
        end. `rest`: what must match behind the nodes, None where that is not known.
        """
        if not nodes:
            return None, after_line
        (op, value), further_nodes = nodes[0], nodes[1:]
        behind = self._behind(further_nodes, rest)
        if str(op) == "MIN_REPEAT" and behind is not None:
            first, plain, after = self._reach_lazily(value, after_line, behind)
        else:
            first, after = self._reach(str(op), value, after_line, behind)
            plain = self._plain(str(op), value)
        further, at_last = self.reach(further_nodes, after_line=after, rest=rest)
        ways = [way for way in (first, None if further is None else plain + further) if way is not None]
        return (f"(?:{'|'.join(ways)})" if ways else None), at_last

    def _behind(self, nodes: list[Node], rest: str | None) -> str | None:
        """What must match behind a place, to be looked for without a trace."""
        if rest is None:
            return None
        names = dict(self._names)
        try:
            return self.plain(nodes) + rest
        except KeyError:  # it refers to a group that is still open
            return None
        finally:
            self._names = names

    def _reach_lazily(self, value: Any, after_line: bool, behind: str) -> tuple[str | None, str, bool]:
        """A loop that ends as soon as what is behind it matches: it looks no farther than that."""
        least, most, inner = value
        nodes = list(inner)
        way, after = self._reach_repeat(value, after_line, bare=True)
        begin = f"(?:{self._anew(self.plain(nodes))}){{{least}}}" if least else ""
        turns = f"{begin}(?:(?!{self._anew(behind)}){self.plain(nodes)}){_count(0, most)}"
        return (None if way is None else f"{self._anew(turns)}+{way}"), turns, after

    def _anew(self, source: str) -> str:
        """The same with other names for its groups, so that it can stand in one expression twice."""
        names: dict[str, str] = {}
        for name in _GROUP.findall(source):
            self._made += 1
            names[name] = f"g{self._made}"
        return _NAME.sub(lambda match: match[1] + names.get(match[2], match[2]) + match[3], source) if names else source

    def _reach(self, op: str, value: Any, after_line: bool, rest: str | None) -> tuple[str | None, bool]:
        end = r"\Z" if after_line else None
        if op in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
            return end, self._takes_line(op, value)
        if op == "AT":
            if str(value) == "AT_END" and not self._multiline:
                return r"\n?\Z", after_line
            return (None if "BEGINNING" in str(value) else end), after_line
        if op == "BRANCH":
            return self._reach_any([list(each) for each in value[1]], after_line, rest)
        if op == "SUBPATTERN":
            group, on, off, inner = value
            if (on | off) & ~re.IGNORECASE:
                self._multiline, self._dotall = False, True  # the careful reading of both
            way, after = self.reach(list(inner), after_line=after_line, rest=rest)
            if group is not None:
                self._lines[group] = self._may_take_line(list(inner))
            elif way is not None and (on or off):
                way = self._group(None, on, off, way)
            return way, after
        if op in _REPEAT:
            return self._reach_repeat(value, after_line)
        if op == "ATOMIC_GROUP":
            return self.reach(list(value), after_line=after_line)
        if op in ("ASSERT", "ASSERT_NOT"):
            direction, inner = value
            return (None if direction < 0 else self.reach(list(inner), after_line=after_line, rest="")[0]), after_line
        if op == "GROUPREF":
            lines = self._lines.get(value, True)
            return (_ANYTHING + r"{0,200}\Z" if after_line or lines else None), after_line or lines
        if op == "GROUPREF_EXISTS":
            return self._reach_any([list(value[1]), list(value[2] or [])], after_line, rest)
        return None, after_line

    def _reach_any(self, branches: list[list[Node]], after_line: bool, rest: str | None) -> tuple[str | None, bool]:
        found = [self.reach(branch, after_line=after_line, rest=rest) for branch in branches]
        ways = [way for way, _ in found if way is not None]
        return (f"(?:{'|'.join(ways)})" if ways else None), any(after for _, after in found)

    def _reach_repeat(self, value: Any, after_line: bool, *, bare: bool = False) -> tuple[str | None, bool]:
        """`bare`: the last turn alone, which comes to the end."""
        least, most, inner = value
        nodes = list(inner)
        _, after = self.reach(nodes, after_line=after_line)
        again = after_line or (after and most > 1)
        way, after = self.reach(nodes, after_line=again)
        after = after or (least == 0 and after_line)
        if way is None:
            return None, after
        if most == _parser.MAXREPEAT:
            after = False  # who comes to the end here has looked for one more, which `way` tells
        if most == 1 or bare:
            return way, after
        if one := self._one_of(nodes):
            # All ways along one set end at the same place, so that going back is of no use.
            return f"{one}{_count(0, most)}+{way}", after
        # Where a turn can be taken in several ways, all ways together can be exponentially many. The rule itself mostly
        # succeeds at once; here all would be tried. So only the first way through each turn is.
        once = "+" if most == _parser.MAXREPEAT and self._many_ways(nodes) else ""
        count = _count(0, most if most == _parser.MAXREPEAT else most - 1)
        return f"(?:{self.plain(nodes)}){count}{once}{way}", after

    def _many_ways(self, nodes: list[Node]) -> bool:
        """Whether the nodes may take the same text in several ways: by two loops in a row over the same characters, or
        by one character or several of the same.
        """
        loops: list[str] = []
        for op, value in nodes:
            name = str(op)
            if name == "SUBPATTERN" and self._many_ways(list(value[3])):
                return True
            if name == "BRANCH":
                branches = [list(each) for each in value[1]]
                if any(self._many_ways(each) for each in branches):
                    return True
                ones = [one for each in branches if (one := self._one_of(each))]
                firsts = [one for each in branches if len(each) > 1 and (one := self._one_of(each[:1]))]
                if any(_overlap(one, first) for one in ones for first in firsts):
                    return True
            if name in _REPEAT:
                inner = list(value[2])
                one = self._one_of(inner)
                if self._many_ways(inner) or (one and any(_overlap(one, other) for other in loops)):
                    return True
                if value[1] == _parser.MAXREPEAT:
                    loops = [*loops, one] if one and value[0] == 0 else [one or "[^\\s\\S]"]
            elif name not in ("AT", "ASSERT", "ASSERT_NOT"):
                loops = []
        return False

    def _one_of(self, nodes: list[Node]) -> str | None:
        """One set for nodes that always take exactly one character."""
        if len(nodes) != 1:
            return None
        op, value = str(nodes[0][0]), nodes[0][1]
        if op in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
            return self._set(op, value)
        if op == "SUBPATTERN" and not value[1] and not value[2]:
            return self._one_of(list(value[3]))
        if op == "BRANCH":
            sets = [self._one_of(list(each)) for each in value[1]]
            if "." in sets and any(each in ("\\\n", "[\\\n]") for each in sets):
                return _ANYTHING
        return None

    def _takes_line(self, op: str, value: Any) -> bool:
        if op == "ANY":
            return self._dotall
        return _takes_line(self._set(op, value))

    def _may_take_line(self, nodes: list[Node]) -> bool:
        for op, value in nodes:
            name = str(op)
            if name in ("LITERAL", "NOT_LITERAL", "ANY", "IN"):
                if self._takes_line(name, value):
                    return True
            elif name not in ("AT", "ASSERT", "ASSERT_NOT", "FAILURE"):
                if name not in ("BRANCH", "SUBPATTERN", *_REPEAT):
                    return True
                parts = value[1] if name == "BRANCH" else [value[-1]]
                if any(self._may_take_line(list(each)) for each in parts):
                    return True
        return False


@cache
def _takes_line(one: str) -> bool:
    return re.match(one, "\n", re.IGNORECASE) is not None


@cache
def _overlap(one: str, other: str) -> bool:
    """Whether two sets have a character in common, of the first 256."""
    both = re.compile(f"(?={one}){other}", re.IGNORECASE)
    return any(both.match(chr(code)) for code in range(256) if code != 10)


def _count(least: int, most: Any) -> str:
    if most == _parser.MAXREPEAT:
        return {0: "*", 1: "+"}.get(least, f"{{{least},}}")
    return f"{{{least},{most}}}"


def _letters(flags: int) -> str:
    known = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
    return "".join(letter for letter, flag in known.items() if flags & flag)
