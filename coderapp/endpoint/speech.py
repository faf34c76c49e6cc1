"""What the model says in words of its own: who it is, what it does not have, and what it offers instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from coderapp.endpoint.acts import Act
from coderapp.endpoint.library import FRAMEWORKS, Snippet
from coderapp.endpoint.rendering import Answer

_OFFERED = 4
_SELF = "I am coderapp's built-in sample model"
_COMMON = ("html", "react", "swiftui", "python", "sql")
_FAMOUS = ("login", "dashboard", "pricing", "table", "chart", "settings", "onboarding", "csv-parsing")


class Speech:
    """Answers in sentences, each with titles of the library on offer."""

    def __init__(self, snippets: Sequence[Snippet]) -> None:
        self._snippets = snippets

    def offers(self, snippets: Iterable[Snippet], count: int = _OFFERED) -> tuple[str, ...]:
        return tuple(dict.fromkeys(snippet.label for snippet in snippets))[:count]

    def _usual(self, frameworks: Sequence[str] = (), count: int = _OFFERED) -> tuple[str, ...]:
        """Where nothing is near: different things of one framework, or one thing of each."""
        chosen: dict[str, Snippet] = {}
        for snippet in sorted(self._snippets, key=_fame):
            if not frameworks or snippet.framework in frameworks:
                chosen.setdefault(snippet.pattern if frameworks else snippet.framework, snippet)
        return self.offers(chosen.values(), count)

    def decline(self, near: Sequence[Snippet], frameworks: Sequence[str] = ()) -> Answer:
        """Nothing in the library answers the prompt."""
        lead = "The nearest that I have:" if near else "Among what I have:"
        return Answer(
            f"{_SELF}: I know a small library of code snippets, and nothing in it answers this. {lead}",
            self.offers(near) or self._usual(frameworks) or self._usual(),
        )

    def cannot_edit(self, shown: Snippet, near: Iterable[Snippet]) -> Answer:
        """A change was asked for that no snippet has."""
        return Answer(
            f"{_SELF}: I answer from a small library of snippets and can't change one to order. "
            f"Near {shown.label} I have:",
            self.offers(snippet for snippet in near if snippet is not shown),
        )

    def catalogue(self, frameworks: Sequence[str], theme: str) -> Answer:
        """Only a framework or a theme was named: what there is of it."""
        snippets = [
            snippet
            for snippet in self._snippets
            if (not frameworks or snippet.framework in frameworks) and snippet.suits(theme)
        ]
        if not snippets:
            return self.decline(())
        snippets.sort(key=lambda each: (each.theme != theme, *_fame(each)))
        where = f" in {names_of(frameworks)}" if frameworks else ""
        which = f"{theme} snippets" if theme else "snippets"
        return Answer(f"My library has these {which}{where}, among others:", self.offers(snippets, 2 * _OFFERED))

    def shortest(self, shown: Snippet) -> Answer:
        return Answer("This is the shortest that I have of it; here is the code alone.", snippet=shown, whole=False)

    def longest(self, near: Iterable[Snippet]) -> Answer:
        return Answer("That was the most complete that I have of it. Near it in my library:", self.offers(near))

    def nothing_else(self) -> Answer:
        return Answer("You have seen all that I have of that kind.")

    def nearest(self, missing: str, snippet: Snippet) -> Answer:
        """The snippet, and what of the wish it does not meet."""
        note = f"{_SELF} and have no {missing}. This is the nearest in my library: {snippet.label}."
        return Answer(note, snippet=snippet)

    def has_theme(self, theme: str, snippet: Snippet) -> str:
        """Where what was shown is asked for in a theme that it has already."""
        if snippet.theme == theme:
            return f"{snippet.label} is {theme} already. Here it is once more."
        return f"{snippet.label} has its {theme} look already: it is made for light and dark. Here it is once more."

    def explain(self, shown: Snippet) -> Answer:
        return Answer(f"{shown.explanation}\n\n{shown.notes}" if shown.notes else shown.explanation)

    def small_talk(self, act: Act) -> Answer:
        """To a greeting, thanks, an empty message, or the question what this is."""
        if act is Act.THANK:
            return Answer("You're welcome. Ask for another piece, or say how: “now in SwiftUI”, “make it dark”.")
        sentence = {
            Act.GREET: f"Hello. {_SELF}, and I know a small library of code snippets. Ask, for example, for:",
            Act.WHO: (
                f"{_SELF}: a small n-gram model over {len(self._snippets)} code snippets, which works with no key and "
                "no network. Ask, for example, for:"
            ),
        }.get(act, "There is no question in this message. Ask for a piece of code or of a user interface, for example:")
        return Answer(sentence, self._usual(count=6))


def _fame(snippet: Snippet) -> tuple[int, int, bool]:
    """Orders what is offered unasked: common frameworks and well-known kinds first."""
    framework = _COMMON.index(snippet.framework) if snippet.framework in _COMMON else len(_COMMON)
    kind = _FAMOUS.index(snippet.pattern) if snippet.pattern in _FAMOUS else len(_FAMOUS)
    return (framework, kind, snippet.theme == "dark")


def names_of(frameworks: Sequence[str]) -> str:
    return " and ".join(FRAMEWORKS[name] for name in frameworks)
