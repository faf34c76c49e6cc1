"""Reports on HTML: is it well-formed, and what is missing that users would miss."""

from __future__ import annotations

from html.parser import HTMLParser

from coderapp.core.message import JsonValue

SCHEMA: dict[str, JsonValue] = {
    "type": "object",
    "properties": {"html": {"type": "string", "description": "The HTML source: a whole document or a part of one"}},
    "required": ["html"],
    "additionalProperties": False,
}

_VOID_ELEMENTS = """
    area base br col embed hr img input link meta source track wbr
"""
_VOID = frozenset(_VOID_ELEMENTS.split())
_FOREIGN = frozenset({"svg", "math"})
_MOST = 100

_BLOCKS_ELEMENTS = """
    address article aside blockquote details div dl fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header
    hgroup hr main menu nav ol p pre section table ul
"""
_BLOCKS = frozenset(_BLOCKS_ELEMENTS.split())
# The HTML standard, 13.1.2.4 "Optional tags": an element → the start tags that end it.
_ENDED_BY: dict[str, frozenset[str]] = {
    "p": _BLOCKS,
    "li": frozenset({"li"}),
    "dt": frozenset({"dt", "dd"}),
    "dd": frozenset({"dt", "dd"}),
    "option": frozenset({"option", "optgroup"}),
    "optgroup": frozenset({"optgroup"}),
    "tr": frozenset({"tr", "tbody", "tfoot"}),
    "td": frozenset({"td", "th", "tr", "tbody", "tfoot"}),
    "th": frozenset({"td", "th", "tr", "tbody", "tfoot"}),
    "thead": frozenset({"tbody", "tfoot"}),
    "tbody": frozenset({"tbody", "tfoot"}),
    "tfoot": frozenset({"tbody"}),
    "colgroup": frozenset({"thead", "tbody", "tfoot", "tr"}),
    "rt": frozenset({"rt", "rp"}),
    "rp": frozenset({"rt", "rp"}),
    "head": frozenset({"body"}),
}
_OPTIONAL_END = frozenset(_ENDED_BY) | {"html", "body"}
_LABELLED = frozenset({"submit", "button", "reset", "hidden", "image"})


class _Checker(HTMLParser):
    """Keeps the stack of open elements: (name, line, column)."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.problems: list[JsonValue] = []
        self.elements = 0
        self.open: list[tuple[str, int, int]] = []
        self.ids: dict[str, int] = {}
        self.names: set[str] = set()
        self.has_doctype = False
        self.language = ""
        self.labels: set[str] = set()
        self.unlabelled: list[tuple[str, str, int, int]] = []
        self.references: list[tuple[str, str, int, int]] = []

    def report(self, message: str, line: int | None = None, column: int | None = None, *, level: str = "error") -> None:
        if line is None or column is None:
            line, column = self.getpos()
            column += 1
        self.problems.append({"line": line, "column": column, "level": level, "message": message})

    def handle_decl(self, decl: str) -> None:
        if decl.lower().startswith("doctype"):
            self.has_doctype = True
            if self.elements:
                self.report("the doctype stands after the first element")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._start(tag, attrs)
        if tag in _VOID:
            return
        if self._is_foreign():
            self.open.pop()
        else:
            self.report(f"<{tag}/> is not closed by its slash: HTML takes it for a start tag")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._start(tag, attrs)

    def _is_foreign(self) -> bool:
        return any(name in _FOREIGN for name, _, _ in self.open)

    def _start(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements += 1
        self.names.add(tag)
        line, column = self.getpos()
        while self.open and tag in _ENDED_BY.get(self.open[-1][0], ()):
            self.open.pop()
        values: dict[str, str] = {}
        for name, value in attrs:
            if name in values:
                self.report(f"<{tag}> has the attribute {name} twice")
            values[name] = value or ""
        self._check_attributes(tag, values, line, column + 1)
        if tag not in _VOID:
            self.open.append((tag, line, column + 1))

    def _check_attributes(self, tag: str, values: dict[str, str], line: int, column: int) -> None:
        own = values.get("id")
        if own is not None:
            if own in self.ids:
                self.report(f'id="{own}" is used already in line {self.ids[own]}')
            elif not own or own != "".join(own.split()):
                self.report("an id must not be empty or have spaces")
            self.ids.setdefault(own, line)
        if tag == "html":
            self.language = values.get("lang", "")
        if tag == "img" and "alt" not in values:
            self.report("<img> has no alt text", level="warning")
        if tag == "label":
            if "for" in values:
                self.labels.add(values["for"])
                self.references.append(("for", values["for"], line, column))
        elif tag in ("input", "select", "textarea") and values.get("type", "text").lower() not in _LABELLED:
            named = any(values.get(name) for name in ("aria-label", "aria-labelledby", "title"))
            inside = any(name == "label" for name, _, _ in self.open)
            if not named and not inside:
                self.unlabelled.append((tag, own or "", line, column))
        for name in ("aria-labelledby", "aria-describedby", "aria-controls"):
            self.references += [(name, each, line, column) for each in values.get(name, "").split()]

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            self.report(f"</{tag}> must not be: <{tag}> has no content and no end tag")
            return
        if not any(name == tag for name, _, _ in self.open):
            self.report(f"</{tag}> closes nothing that is open")
            return
        while self.open:
            name, line, column = self.open.pop()
            if name == tag:
                return
            if name not in _OPTIONAL_END:
                self.report(f"<{name}> is not closed before </{tag}> in line {self.getpos()[0]}", line, column)

    def finish(self) -> None:
        self.close()
        for name, line, column in self.open:
            if name not in _OPTIONAL_END:
                self.report(f"<{name}> is never closed", line, column)
        for tag, own, line, column in self.unlabelled:
            if not own or own not in self.labels:
                self.report(f"<{tag}> has no label", line, column, level="warning")
        for attribute, wanted, line, column in self.references:
            if wanted and wanted not in self.ids:
                self.report(f'{attribute}="{wanted}" names an id that is not there', line, column, level="warning")
        if "html" in self.names or self.has_doctype:
            self._finish_document()

    def _finish_document(self) -> None:
        if not self.has_doctype:
            self.report("the document has no <!doctype html>", 1, 1)
        if "html" in self.names and not self.language:
            self.report("<html> has no lang attribute", 1, 1, level="warning")
        if "title" not in self.names:
            self.report("the document has no <title>", 1, 1)


def html_check(html: str) -> dict[str, JsonValue]:
    """Lines and columns count from 1. `well_formed`: no problem of level error."""
    checker = _Checker()
    checker.feed(html)
    checker.finish()

    def place(problem: JsonValue) -> tuple[int, int]:
        assert isinstance(problem, dict)
        return int(str(problem["line"])), int(str(problem["column"]))

    problems = sorted(checker.problems, key=place)
    errors = sum(1 for problem in problems if isinstance(problem, dict) and problem["level"] == "error")
    return {
        "well_formed": errors == 0,
        "elements": checker.elements,
        "errors": errors,
        "warnings": len(problems) - errors,
        "problems": problems[:_MOST],
    }
