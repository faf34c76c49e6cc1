"""From a conversation to a plan: which answer the model gives, and which others it may slip into on the way."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from coderapp.endpoint.acts import Act
from coderapp.endpoint.library import FRAMEWORKS, Snippet
from coderapp.endpoint.rendering import Answer, plain
from coderapp.endpoint.retrieval import Index, Match
from coderapp.endpoint.speech import Speech, names_of
from coderapp.endpoint.wishes import Wish, understand
from coderapp.endpoint.words import terms

MODEL_NAME = "coderapp-sample"

_POOL = 6
_LEAST_LEAD = 0.6
"""The best answer begins with at least this probability, so that temperature 0 always gives it."""

_SPREAD = 0.1
"""Width of the softmax over retrieval scores, as a share of the best score."""

_REMEMBERED = 12

_PREFERENCE = {
    "html": 1.3, "react": 1.05, "swiftui": 0.85, "compose": 0.85, "flutter": 0.85, "qml": 0.85, "react-native": 0.85,
}  # fmt: skip
"""Where no framework is named: what most people mean."""

_FAMILIES = (frozenset(("html", "tailwind", "react", "svg")), frozenset(("python", "javascript")))
"""Frameworks that stand in for each other where none is named."""

_CHOICE = 0.36
_AS_GOOD = 0.55
"""Other answers to the same wish together begin with at most this probability, each having at least this share of the
best one's score."""

_CODE = frozenset(("python", "javascript", "sql", "shell"))
"""Frameworks whose snippets show nothing: the others are of user interfaces."""

_ALONG = 0.4
"""What a term weighs that only comes along with the subject."""

_SURE = 0.75
"""A snippet of another kind than the prompt names must cover this much of it to pass for an answer."""

_OFF_THEME = 0.8
_TAKEN_ALONG = 0.7


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the conversation: `role` as in OpenAI's format, `text` its text parts."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """`answer` is what is meant. `beside`: snippets that the model also knows of while it writes, by weight (the
    answer's own is 1 - their sum). `begins`: those of them that would answer as well, by the probability that the
    answer begins as they do, and so is theirs to the end.
    """

    answer: Answer
    beside: tuple[tuple[Snippet, float], ...] = ()
    begins: tuple[tuple[Snippet, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Topic:
    """What the conversation is about so far."""

    subject: tuple[tuple[str, float], ...] = ()
    frameworks: tuple[str, ...] = ()
    theme: str = ""
    pattern: str = ""
    shown: int | None = None
    seen: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """What retrieval settled on, best first, and what is missing from the wish as a phrase ("" where it is met); else
    `note` may say something before the answer.
    """

    matches: tuple[Match, ...]
    missing: str = ""
    note: str = ""


class Answerer:
    """Decides on answers. Keeps nothing between conversations."""

    def __init__(self, snippets: Sequence[Snippet]) -> None:
        self._snippets = tuple(snippets)
        self._index = Index(self._snippets)
        self._speech = Speech(self._snippets)
        self._openings = [(plain(snippet.explanation)[:48], place) for place, snippet in enumerate(self._snippets)]
        self._patterns = {tuple(_pattern_terms(snippet)) for snippet in self._snippets}

    def plan(self, turns: Sequence[Turn]) -> Plan:
        """The answer to the last user turn, understood from the ones before it."""
        topic = Topic()
        system = " ".join(turn.text for turn in turns if turn.role in ("system", "developer"))
        if system.strip():
            wish = understand(system, answered=False)
            topic = replace(topic, frameworks=wish.frameworks, theme=wish.theme)
        asked = [place for place, turn in enumerate(turns) if turn.role == "user"]
        plan = Plan(self._speech.small_talk(Act.NOTHING))
        for number in asked[-_REMEMBERED:]:
            plan, topic = self._answer(turns[number].text, topic)
            reply = next((turn.text for turn in turns[number + 1 :] if turn.role in ("assistant", "user")), "")
            shown = self._recognised(reply)
            if shown is not None and shown != topic.shown:
                topic = replace(topic, shown=shown, pattern=self._snippets[shown].pattern, seen=(*topic.seen, shown))
        return plan

    def _recognised(self, reply: str) -> int | None:
        """Which snippet an earlier answer was."""
        if not reply:
            return None
        text = plain(reply[:4000])
        return next((place for opening, place in self._openings if opening in text), None)

    # ------------------------------------------------------------------------------------------- one turn

    def _answer(self, text: str, topic: Topic) -> tuple[Plan, Topic]:
        wish = understand(text, answered=topic.shown is not None)
        if wish.act in (Act.NOTHING, Act.GREET, Act.THANK, Act.WHO):
            return Plan(self._speech.small_talk(wish.act)), topic
        if topic.shown is not None and wish.act is not Act.ASK:
            return self._again(wish, topic)
        exact = [place for place in self._index.titled(text) if self._in(place, topic.frameworks)]
        if exact:
            return self._exactly(text, exact, topic)
        topic = replace(
            topic,
            frameworks=wish.frameworks or topic.frameworks,
            theme=wish.theme or topic.theme,
        )
        known = any(self._index.is_subject(term) for term in wish.subject)
        off_topic = bool(wish.subject) and not known and (wish.elsewhere or wish.builds)
        if topic.shown is not None and (wish.leans or not (known or off_topic)):
            return self._follow(wish, topic)
        return self._fresh(wish, topic)

    def _exactly(self, text: str, places: Sequence[int], topic: Topic) -> tuple[Plan, Topic]:
        """The prompt is a title."""
        place = places[0]
        snippet = self._snippets[place]
        query = dict.fromkeys(_subject_of(snippet), 1.0)
        others = [match for match in self._index.search(query) if match.place != place]
        own = Match(place, max((match.score for match in others), default=1.0) * 1.25, frozenset())
        wanted = understand(text, answered=False).frameworks or topic.frameworks
        topic = replace(topic, frameworks=(snippet.framework,), subject=tuple(query.items()))
        return self._show(_Found((own, *self._ranked(others, wanted, topic.theme))), topic, wanted)

    def _fresh(self, wish: Wish, topic: Topic) -> tuple[Plan, Topic]:
        """A new subject."""
        query = {term: _ALONG if term in wish.along else 1.0 for term in wish.subject}
        topic = replace(topic, subject=tuple(query.items()), pattern="")
        if not wish.subject and (wish.frameworks or wish.theme) and not wish.foreign:
            return Plan(self._speech.catalogue(wish.frameworks, wish.theme)), topic
        scored = self._index.search(self._themed(query, topic))
        relevant = [match for match in scored if self._is_relevant(match, wish) and self._can_stand_in(match, wish)]
        if not relevant:
            near = [match for match in scored if match.strong] if wish.builds or not wish.elsewhere else []
            near = [match for match in near if self._fits(match, wish.frameworks)] or near
            return Plan(self._speech.decline(self._shown(near), wish.frameworks)), topic
        return self._show(self._sure(self._settle(relevant, wish, topic, scored=scored), scored, wish, topic), topic)

    def _can_stand_in(self, match: Match, wish: Wish) -> bool:
        """Whether a snippet can be the nearest to a wish in another framework: code is no screen, and the other way
        round, unless it is of the very kind that is named.
        """
        framework = self._snippets[match.place].framework
        if framework in wish.frameworks or self._is_kind(match, wish.subject):
            return True
        if wish.frameworks:
            coded = framework in _CODE
            alike = all((name in _CODE) == coded for name in wish.frameworks)
            return alike and (not coded or self._covered(match, wish) >= 0.9)
        return not (wish.visible and framework in _CODE)

    def _covered(self, match: Match, wish: Wish) -> float:
        """How much of the subject a snippet is about."""
        rarity = self._index.rarity
        return sum(map(rarity, match.strong.intersection(wish.subject))) / sum(map(rarity, wish.subject))

    def _sure(self, found: _Found, scored: Sequence[Match], wish: Wish, topic: Topic) -> _Found:
        """What was found, or where it only shares words with the wish, the nearest, called that."""
        best = found.matches[0]
        snippet = self._snippets[best.place]
        if found.missing or self._is_kind(best, wish.subject):
            return found
        kinds = {pattern for pattern in self._patterns if len(pattern) == 1 and pattern[0] in wish.subject}
        kinds = {pattern for pattern in kinds if pattern[0] not in {*best.strong, *wish.along}}
        if kinds:
            of_kind = [match for match in scored if tuple(_pattern_terms(self._snippets[match.place])) in kinds]
            of_kind = [match for match in of_kind if self._fits(match, topic.frameworks)]
            if of_kind:
                ranked = self._ranked(of_kind, topic.frameworks, topic.theme)
                return _Found((*ranked, *found.matches), "answer to exactly that")
        if wish.subject in self._patterns:  # a kind by itself, which the framework does not have
            return _Found(found.matches, "answer to exactly that")
        phrased = any(" " in phrase and set(terms(phrase)) <= best.strong for phrase in snippet.keywords)
        if phrased or self._covered(best, wish) >= _SURE:
            return found
        return _Found(found.matches, "answer to exactly that")

    def _follow(self, wish: Wish, topic: Topic) -> tuple[Plan, Topic]:
        """Something more about the same subject: another framework, another theme, an addition."""
        shown = self._snippets[topic.shown or 0]
        pattern = topic.pattern or shown.pattern
        subject = dict(topic.subject)
        new = [term for term in wish.subject if term not in subject]
        query = {**subject, **dict.fromkeys(new, 1.5)}
        for term in _pattern_terms(shown):
            query.setdefault(term, 0.5)
        if not topic.frameworks and not wish.foreign:
            topic = replace(topic, frameworks=(shown.framework,))
        scored = self._index.search(self._themed(query, topic))
        same = [match for match in scored if self._snippets[match.place].pattern == pattern]
        turned = bool(wish.frameworks or wish.theme or wish.foreign)
        if new:
            candidates, fits = self._with_added(new, scored, same, topic)
            if not candidates and turned:
                candidates, fits = same, True
        else:
            candidates, fits = (same if turned else []), True
        if not candidates:
            return Plan(self._speech.cannot_edit(shown, self._shown([*same, *self._near(shown)]))), topic
        topic = replace(topic, subject=tuple(query.items()))
        if fits:
            found = self._settle(candidates, wish, topic, pattern)
            return self._show(self._rethemed(found, candidates, wish, topic) if not new else found, topic)
        missing = f"{pattern.replace('-', ' ')} like that in {names_of(topic.frameworks)}"
        return self._show(_Found(tuple(self._ranked(candidates, topic.frameworks, topic.theme)), missing), topic)

    def _rethemed(self, found: _Found, candidates: Sequence[Match], wish: Wish, topic: Topic) -> _Found:
        """Another theme of what was shown just now must not be the same again without a word."""
        place = found.matches[0].place
        if not wish.theme or place != topic.shown:
            return found
        snippet = self._snippets[place]
        if self._snippets[place].suits(wish.theme):
            return replace(found, note=self._speech.has_theme(wish.theme, snippet))
        home = next((family for family in _FAMILIES if snippet.framework in family), frozenset())
        themed = [match for match in candidates if self._snippets[match.place].theme == wish.theme]
        related = [match for match in themed if self._snippets[match.place].framework in home]
        return replace(found, matches=tuple(self._ranked(related, (), wish.theme))) if related else found

    def _with_added(
        self, new: Sequence[str], scored: Sequence[Match], same: Sequence[Match], topic: Topic
    ) -> tuple[list[Match], bool]:
        """What has the new terms: first in the wanted framework, of the same kind and of any; then in others. And
        whether kind and framework are met.
        """
        rarity = self._index.rarity
        all_new = sum(map(rarity, new))

        def has(match: Match) -> bool:
            strong = match.strong.intersection(new)
            return sum(map(rarity, strong)) >= 0.5 * all_new and self._is_named(match, strong)

        both = [match for match in same if sum(map(rarity, match.strong.intersection(new))) >= 0.5 * all_new]
        other = [match for match in scored if has(match)]
        for matches, of_kind in ((both, True), (other, False)):
            fitting = [match for match in matches if self._fits(match, topic.frameworks)]
            if fitting:
                # A new kind that is named outright ("add a search box") is what is wanted now.
                return fitting, of_kind or self._is_kind(fitting[0], new)
        if both:
            return both, False
        return (other if topic.shown is None else []), True

    def _is_kind(self, match: Match, new: Sequence[str]) -> bool:
        return set(_pattern_terms(self._snippets[match.place])) <= set(new)

    def _is_named(self, match: Match, strong: AbstractSet[str]) -> bool:
        """Whether the terms name the snippet's kind, or one of its keywords."""
        kind = set(_pattern_terms(self._snippets[match.place]))
        return kind <= strong or any(phrase <= strong for phrase in self._index.phrases(match.place))

    def _again(self, wish: Wish, topic: Topic) -> tuple[Plan, Topic]:
        """The same wish once more: as it was, another, a shorter or a longer one, the code alone, explained."""
        place = topic.shown or 0
        shown = self._snippets[place]
        topic = replace(topic, frameworks=wish.frameworks or topic.frameworks, theme=wish.theme or topic.theme)
        if wish.act is Act.EXPLAIN:
            return Plan(self._speech.explain(shown)), topic
        if wish.act is Act.CODE_ONLY:
            return Plan(Answer(snippet=shown, whole=False)), topic
        if wish.act is Act.AGAIN and not wish.frameworks and not wish.theme:
            return self._show(_Found((Match(place, 1.0, frozenset()),)), topic)
        kin = [
            each
            for each, snippet in enumerate(self._snippets)
            if snippet.pattern == shown.pattern and snippet.framework == shown.framework and each != place
        ]
        theme = topic.theme or ("dark" if shown.theme == "dark" else "light")
        kin = [each for each in kin if self._snippets[each].suits(theme) or self._snippets[each].theme == "none"]
        if wish.act is Act.SHORTER:
            shorter = [each for each in kin if len(self._snippets[each].code) < len(shown.code)]
            if not shorter:
                return Plan(self._speech.shortest(shown)), topic
            best = min(shorter, key=lambda each: len(self._snippets[each].code))
            return self._show(_Found((Match(best, 1.0, frozenset()),)), topic)
        if wish.act is Act.LONGER:
            longer = [each for each in kin if len(self._snippets[each].code) > len(shown.code)]
            if not longer:
                near = [match for match in self._near(shown) if match.place != place]
                return Plan(self._speech.longest(self._shown(near))), topic
            best = max(longer, key=lambda each: len(self._snippets[each].code))
            return self._show(_Found((Match(best, 1.0, frozenset()),)), topic)
        near = self._near(shown)
        fresh = [match for match in near if match.place not in topic.seen and match.place != place]
        same = [match for match in fresh if self._snippets[match.place].pattern == shown.pattern]
        home = [match for match in same if self._fits(match, topic.frameworks)]
        order = tuple(home or same or fresh)
        if not order:
            return Plan(self._speech.nothing_else()), topic
        return self._show(_Found(order), topic)

    # ----------------------------------------------------------------------------------------- retrieval

    def _themed(self, query: dict[str, float], topic: Topic) -> dict[str, float]:
        return {**query, topic.theme: 0.5} if topic.theme else query

    def _is_relevant(self, match: Match, wish: Wish) -> bool:
        """Whether a snippet is about what the prompt is about, and not only shares a word with it."""
        subject = wish.subject
        strong = match.strong.intersection(subject)
        if not strong:
            return False
        covered = self._covered(match, wish)
        meant = wish.builds or bool(wish.frameworks or wish.foreign)
        named = self._is_named(match, strong)
        if wish.elsewhere:
            return covered >= 0.75 and named and meant
        if not named:
            return len(strong) > 1 and covered >= (0.45 if meant else 0.66)
        if not meant:
            return covered >= 0.55
        if len(strong) == 1 and not self._is_kind(match, wish.subject):
            return covered >= 0.75
        return covered >= (0.3 if len(subject) < 8 else 0.12)

    def _fits(self, match: Match, frameworks: Sequence[str]) -> bool:
        return self._in(match.place, frameworks)

    def _in(self, place: int, frameworks: Sequence[str]) -> bool:
        return not frameworks or self._snippets[place].framework in frameworks

    def _suits(self, match: Match, theme: str) -> bool:
        snippet = self._snippets[match.place]
        return snippet.theme == "none" or snippet.suits(theme)

    def _settle(
        self, matches: Sequence[Match], wish: Wish, topic: Topic, pattern: str = "", scored: Sequence[Match] = ()
    ) -> _Found:
        """The matches that meet framework and theme; else the nearest, with what is missing."""
        frameworks, theme = topic.frameworks, topic.theme
        ranked = self._ranked(matches, frameworks, theme)
        found = pattern or self._snippets[ranked[0].place].pattern
        kind = set(terms(found.replace("-", " ")))
        subject = found.replace("-", " ") if pattern or kind <= set(wish.subject) else "answer to that"
        if wish.foreign:
            return _Found(tuple(ranked), f"{subject} in {wish.foreign}")
        of_kind = [match for match in scored if self._snippets[match.place].pattern == found]
        homely = self._ranked((match for match in of_kind if self._fits(match, frameworks)), frameworks, theme)
        fitting = [match for match in ranked if self._fits(match, frameworks)]
        if not fitting and homely and self._is_kind(homely[0], wish.subject):
            fitting = homely  # the kind is named, and only the word beside it ("screen") is another there
        if fitting:
            suiting = [match for match in fitting if self._suits(match, theme)]
            if suiting:
                return _Found(tuple(suiting))
            name = FRAMEWORKS[self._snippets[fitting[0].place].framework]
            return _Found(
                tuple(fitting), f"{theme} {found.replace('-', ' ')} in {name}" if wish.theme or pattern else ""
            )
        if not wish.frameworks and not pattern:  # a framework of an earlier turn, and a new subject
            return _Found(tuple(ranked))
        if homely:  # of the same kind, only without all that is asked for
            return _Found((*homely, *ranked), f"{subject} in {names_of(frameworks)}")
        suiting = [match for match in ranked if self._suits(match, theme)]
        return _Found(tuple(suiting or ranked), f"{subject} in {names_of(frameworks)}")

    def _ranked(self, matches: Iterable[Match], frameworks: Sequence[str], theme: str) -> list[Match]:
        """With the preference for common frameworks, and against a theme that nobody asked for."""

        def weighed(match: Match) -> Match:
            snippet = self._snippets[match.place]
            factor = 1.0 if frameworks else _PREFERENCE.get(snippet.framework, 1.0)
            if (theme and not self._suits(match, theme)) or (not theme and snippet.theme == "dark"):
                factor *= _OFF_THEME
            return replace(match, score=match.score * factor)

        return sorted(map(weighed, matches), key=lambda match: (-match.score, match.place))

    def _near(self, snippet: Snippet) -> list[Match]:
        return self._index.search(dict.fromkeys(_subject_of(snippet), 1.0))

    def _alike(self, matches: Iterable[Match], place: int) -> list[Match]:
        """Those in the language of the snippet at `place`: what its text can slip into."""
        language = self._snippets[place].language
        return [match for match in matches if self._snippets[match.place].language == language]

    # -------------------------------------------------------------------------------------------- answers

    def _show(self, found: _Found, topic: Topic, wanted: Sequence[str] | None = None) -> tuple[Plan, Topic]:
        """`wanted`: the frameworks that other answers must be in, where they are not the topic's."""
        best = found.matches[0]
        snippet = self._snippets[best.place]
        frameworks = topic.frameworks if wanted is None else wanted
        topic = replace(topic, shown=best.place, seen=(*topic.seen, best.place), pattern=snippet.pattern)
        begins = self._as_good(found, frameworks, topic.theme)
        chosen = {best.place, *(match.place for match, _ in begins)}
        others = [match for match in self._alike(found.matches[1:], best.place) if match.place not in chosen]
        chosen.update(match.place for match in others)
        near = [match for match in self._alike(self._near(snippet), best.place) if match.place not in chosen]
        scale = _TAKEN_ALONG * best.score / max((match.score for match in near), default=1.0)
        others += [replace(match, score=match.score * scale) for match in near]
        others = others[: _POOL - 1 - len(begins)]
        top = max(best.score, 1e-9)
        weights = [math.exp(min(match.score - top, 0.0) / (_SPREAD * top)) for match in others]
        left = 1 - _LEAST_LEAD - math.fsum(share for _, share in begins)
        total = 1 + math.fsum(weights)
        first = tuple((self._snippets[match.place], share) for match, share in begins)
        beside = tuple(
            (self._snippets[match.place], left * weight / total) for match, weight in zip(others, weights, strict=True)
        )
        answer = self._speech.nearest(found.missing, snippet) if found.missing else Answer(found.note, snippet=snippet)
        return Plan(answer, first + beside, first), topic

    def _as_good(self, found: _Found, frameworks: Sequence[str], theme: str) -> list[tuple[Match, float]]:
        """Other answers to the same wish, each with the probability that it is given: of the best one's kind, in the
        wanted frameworks (or, where none is named, in related ones), not against the theme.
        """
        best = found.matches[0]
        if found.missing or found.note or best.score <= 0:
            return []
        snippet = self._snippets[best.place]
        home = next((family for family in _FAMILIES if snippet.framework in family), {snippet.framework})
        fitting = [
            match
            for match in found.matches[1:]
            if match.score >= _AS_GOOD * best.score
            and self._snippets[match.place].pattern == snippet.pattern
            and self._snippets[match.place].framework in (frameworks or home)
            and self._suits(match, theme)
        ][: _POOL - 2]
        shares = [min(match.score / best.score, 1.0) for match in fitting]
        total = max(math.fsum(shares), 1.0)
        return [(match, _CHOICE * share / total) for match, share in zip(fitting, shares, strict=True)]

    def _shown(self, matches: Iterable[Match]) -> list[Snippet]:
        return [self._snippets[match.place] for match in matches]


def _pattern_terms(snippet: Snippet) -> list[str]:
    return terms(snippet.pattern.replace("-", " "))


def _subject_of(snippet: Snippet) -> list[str]:
    return list(dict.fromkeys([*terms(snippet.title), *_pattern_terms(snippet)]))
