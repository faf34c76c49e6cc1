"""What prompts and conversations get, over the shipped library."""

from __future__ import annotations

import pytest

from coderapp.endpoint.acts import Act, act_of
from coderapp.endpoint.answering import Answerer, Plan, Turn
from coderapp.endpoint.library import Snippet
from coderapp.endpoint.retrieval import Index
from coderapp.endpoint.wishes import ends_of, understand
from coderapp.endpoint.words import terms, words


@pytest.fixture(scope="module")
def answerer(library: tuple[Snippet, ...]) -> Answerer:
    return Answerer(library)


def said(plan: Plan) -> str:
    """An answer as the model would leave it in the conversation."""
    return plan.answer.snippet.body if plan.answer.snippet is not None else plan.answer.message


def last(answerer: Answerer, *prompts: str, system: str = "") -> Plan:
    """The plan for the last of several user turns, with the answers between them."""
    turns = [Turn("system", system)] if system else []
    plan = Plan(answerer.plan([Turn("user", "")]).answer)
    for prompt in prompts:
        turns.append(Turn("user", prompt))
        plan = answerer.plan(turns)
        turns.append(Turn("assistant", said(plan)))
    return plan


def shown(plan: Plan) -> Snippet:
    assert plan.answer.snippet is not None, plan.answer.message
    return plan.answer.snippet


@pytest.mark.parametrize(
    ("prompt", "framework", "pattern", "theme"),
    [
        ("login form", "html", "login", "light"),
        ("a login page in html please", "html", "login", "light"),
        ("Create a dark login screen in SwiftUI", "swiftui", "login", "dark"),
        ("login form in QML, dark", "qml", "login", "dark"),
        ("make a responsive navbar with tailwind", "tailwind", "navbar", ""),
        ("swipe to delete list in flutter", "flutter", "list-swipe", ""),
        ("an onboarding flow for iOS", "swiftui", "onboarding", ""),
        ("settings screen android", "compose", "settings", ""),
        ("modal dialog in react", "react", "modal", ""),
        ("sign up form with password strength meter", "html", "signup", ""),
        ("dark mode toggle", "html", "dark-mode", ""),
        ("🎉🎉 login", "html", "login", "light"),
        ("Erstelle ein Login-Formular", "html", "login", ""),
        (
            "Please generate a beautiful landing page for my coffee shop with a hero section, opening hours and a map",
            "html",
            "hero",
            "",
        ),
    ],
)
def test_prompts_of_the_library_get_their_snippet(
    answerer: Answerer, prompt: str, framework: str, pattern: str, theme: str
) -> None:
    plan = last(answerer, prompt)
    snippet = shown(plan)
    assert (snippet.framework, snippet.pattern) == (framework, pattern)
    assert not theme or snippet.theme in (theme, "both")
    assert not plan.answer.message


@pytest.mark.parametrize(
    "prompt",
    [
        "what is the weather in Berlin",
        "write a poem about the sea",
        "write me a poem about login",
        "Schreibe ein Gedicht über den Herbst",
        "写一首关于秋天的诗",
        "x",
        "🎉",
        "asdf qwer zxcv",
        "tell me a joke",
        "What's the capital of France?",
        "write a compiler in Rust",
        "lorem ipsum dolor " * 12_000,
    ],
)
def test_prompts_beyond_the_library_are_declined_with_offers(answerer: Answerer, prompt: str) -> None:
    answer = last(answerer, prompt).answer
    assert answer.snippet is None
    assert "built-in sample model" in answer.message
    assert len(answer.offers) == 4


@pytest.mark.parametrize(
    ("prompt", "opening"),
    [
        ("", "There is no question"),
        (" \n ", "There is no question"),
        ("hello", "Hello."),
        ("thanks!", "You're welcome."),
        ("Thank you very much, great job", "You're welcome."),
        ("who are you?", "I am coderapp's built-in sample model"),
        ("What can you do?", "I am coderapp's built-in sample model"),
    ],
)
def test_small_talk(answerer: Answerer, prompt: str, opening: str) -> None:
    assert last(answerer, prompt).answer.message.startswith(opening)


def test_a_framework_alone_lists_what_there_is(answerer: Answerer) -> None:
    answer = last(answerer, "show me something in QML").answer
    assert "QML" in answer.message
    assert len(answer.offers) == 8


def test_a_long_paste_does_not_hide_the_wish(answerer: Answerer) -> None:
    prompt = "Make a login form in SwiftUI.\n" + "x = 1\n" * 40_000
    assert shown(last(answerer, prompt)).framework == "swiftui"
    assert len(ends_of(prompt)) < 10_000


def test_theme_carries_over_to_another_framework(answerer: Answerer) -> None:
    dark = shown(last(answerer, "login form", "make it dark"))
    assert (dark.framework, dark.pattern, dark.theme) == ("html", "login", "dark")
    swift = shown(last(answerer, "login form", "make it dark", "now in SwiftUI"))
    assert (swift.framework, swift.pattern, swift.theme) == ("swiftui", "login", "dark")


@pytest.mark.parametrize(
    "follow_up", ["as React", "now in React", "can you convert this to React?", "what about react"]
)
def test_the_framework_can_be_changed(answerer: Answerer, follow_up: str) -> None:
    snippet = shown(last(answerer, "pricing table", follow_up))
    assert (snippet.framework, snippet.pattern) == ("react", "pricing")


def test_a_new_subject_keeps_the_framework(answerer: Answerer) -> None:
    snippet = shown(last(answerer, "login form in flutter", "now a pricing page"))
    assert (snippet.framework, snippet.pattern) == ("flutter", "pricing")


def test_with_validation_stays_in_the_framework(answerer: Answerer) -> None:
    snippet = shown(last(answerer, "login form", "and with validation"))
    assert snippet.framework == "html"
    assert "validation" in " ".join((snippet.title, *snippet.keywords)).lower() or snippet.pattern == "login"


def test_in_python_instead_of_what_only_user_interfaces_have(answerer: Answerer) -> None:
    answer = last(answerer, "pricing table", "in Python instead").answer
    assert "no pricing in Python" in answer.message
    assert answer.snippet is not None
    assert answer.snippet.pattern == "pricing"


def test_a_missing_theme_is_said(answerer: Answerer) -> None:
    answer = last(answerer, "pricing table in QML, dark").answer
    assert answer.message
    assert "dark pricing in QML" in answer.message
    assert answer.snippet is not None
    assert answer.snippet.framework == "qml"


@pytest.mark.parametrize(
    ("prompts", "slug"),
    [
        (("A login form in HTML and CSS with validation", "make it dark"), "html/login-dark"),
        (("pricing page in tailwind", "make it dark"), "tailwind/pricing-dark"),
        (("flutter login", "dark please"), "flutter/login-dark"),
        (("dashboard with charts in tailwind", "dark"), "tailwind/dashboard-dark"),
        (("a login form in HTML", "make it dark", "now in react", "make it light"), "react/login"),
    ],
)
def test_make_it_dark_gives_the_dark_one(answerer: Answerer, prompts: tuple[str, ...], slug: str) -> None:
    plan = last(answerer, *prompts)
    assert (shown(plan).slug, plan.answer.message) == (slug, "")


def test_where_there_is_no_dark_one_it_is_said(answerer: Answerer) -> None:
    answer = last(answerer, "a navbar in react", "make it dark").answer
    assert "no dark navbar in React" in answer.message
    assert answer.snippet is not None
    assert (answer.snippet.pattern, answer.snippet.theme) == ("navbar", "dark")
    later = last(answerer, "pricing page", "make it dark", "now in react").answer
    assert "no dark pricing in React" in later.message


def test_what_is_dark_already_is_not_repeated_without_a_word(answerer: Answerer) -> None:
    chart = last(answerer, "chart in html", "make it dark").answer
    assert chart.snippet is not None
    assert (chart.snippet.slug, chart.snippet.theme) == ("html/chart", "both")
    assert "made for light and dark" in chart.message
    again = last(answerer, "dark login form in html", "make it dark").answer
    assert "is dark already" in again.message


@pytest.mark.parametrize(
    ("prompt", "slug"),
    [
        ("table in flutter", "tailwind/table"),
        ("e-commerce product page", "html/cart"),
        ("calendar date picker", "python/date-formatting"),
        ("drag and drop list", "react/list"),
        ("contact form with html", "html/form-validation"),
        ("quicksort in javascript", "python/sorting"),
        ("todo app in python", "python/http-server"),
    ],
)
def test_what_only_comes_near_is_called_that(answerer: Answerer, prompt: str, slug: str) -> None:
    plan = last(answerer, prompt)
    assert shown(plan).slug == slug
    assert "This is the nearest in my library" in plan.answer.message
    assert not plan.begins


@pytest.mark.parametrize(
    "prompt",
    [
        "regex for email in python",
        "regex for phone numbers in javascript",
        "infinite scroll in react",
        "linked list in python",
        "kanban board in react",
        "fastapi endpoint",
    ],
)
def test_what_is_not_there_is_declined(answerer: Answerer, prompt: str) -> None:
    answer = last(answerer, prompt).answer
    assert answer.snippet is None
    assert "nothing in it answers this" in answer.message


@pytest.mark.parametrize(
    ("prompt", "slug"),
    [
        ("read a csv file into a list in python", "python/csv-parsing"),
        ("parse command line arguments in bash", "shell/argument-parsing"),
        ("data table with sorting in react", "react/table"),
        ("file upload with drag and drop", "html/file-upload"),
        ("sign in page with google login", "tailwind/login"),
        ("window functions running total", "sql/window-functions"),
        ("bottom sheet in flutter", "flutter/modal"),
        ("settings screen in flutter", "flutter/settings"),
        ("settings screen in flutter, dark", "flutter/settings"),
    ],
)
def test_what_is_there_is_given_without_a_word(answerer: Answerer, prompt: str, slug: str) -> None:
    plan = last(answerer, prompt)
    assert (shown(plan).slug, plan.answer.message) == (slug, "")


def test_an_addition_that_nothing_has_is_not_taken_for_another_subject(answerer: Answerer) -> None:
    answer = last(answerer, "a login form", "add a remember me checkbox").answer
    assert answer.snippet is None
    assert "can't change one to order" in answer.message


def test_a_foreign_framework_is_said(answerer: Answerer) -> None:
    answer = last(answerer, "login form in Vue").answer
    assert "no login in Vue" in answer.message
    assert answer.snippet is not None


def test_what_cannot_be_edited_is_said(answerer: Answerer) -> None:
    answer = last(answerer, "dashboard", "make the frobnicator purple").answer
    assert "can't change one to order" in answer.message
    assert answer.offers


def test_again_gives_the_same(answerer: Answerer) -> None:
    assert shown(last(answerer, "login form", "again")) is shown(last(answerer, "login form"))


def test_something_else_gives_others_each_time(answerer: Answerer) -> None:
    slugs = [shown(last(answerer, "login", *["something else"] * count)).slug for count in range(4)]
    assert len(set(slugs)) == 4


def test_shorter_is_shorter(answerer: Answerer, library: tuple[Snippet, ...]) -> None:
    first = shown(last(answerer, "login form"))
    second = last(answerer, "login form", "shorter please").answer
    assert second.snippet is not None
    assert len(second.snippet.code) < len(first.code) or not second.whole


def test_longer_is_longer_or_says_that_there_is_none(answerer: Answerer) -> None:
    first = shown(last(answerer, "accordion"))
    second = last(answerer, "accordion", "more detail").answer
    assert (second.snippet and len(second.snippet.code) > len(first.code)) or "most complete" in second.message


def test_code_alone_and_explanation(answerer: Answerer) -> None:
    first = shown(last(answerer, "login form"))
    code = last(answerer, "login form", "just the code").answer
    assert code.snippet is first
    assert not code.whole
    assert last(answerer, "login form", "explain it").answer.message.startswith(first.explanation)


def test_a_poem_after_code_is_declined(answerer: Answerer) -> None:
    assert last(answerer, "login form", "write a poem about autumn leaves").answer.snippet is None


def test_what_needs_an_answer_before_it_is_a_question_without_one(answerer: Answerer) -> None:
    assert last(answerer, "again").answer.snippet is None


def test_the_system_prompt_may_name_the_framework(answerer: Answerer) -> None:
    assert shown(last(answerer, "login form", system="You answer in SwiftUI.")).framework == "swiftui"


def test_no_user_turn_at_all(answerer: Answerer) -> None:
    assert answerer.plan([Turn("assistant", "hm")]).answer.message.startswith("There is no question")


def test_earlier_answers_are_recognised(answerer: Answerer, library: tuple[Snippet, ...]) -> None:
    pricing = next(each for each in library if each.framework == "html" and each.pattern == "pricing")
    turns = [Turn("user", "something nice for my shop"), Turn("assistant", pricing.body), Turn("user", "now in React")]
    snippet = shown(answerer.plan(turns))
    assert (snippet.framework, snippet.pattern) == ("react", "pricing")


def test_the_best_always_leads(answerer: Answerer, library: tuple[Snippet, ...]) -> None:
    for snippet in library:
        plan = last(answerer, snippet.title)
        assert shown(plan).title == snippet.title
        assert 1 - sum(weight for _, weight in plan.beside) >= 0.6 - 1e-9
        assert 1 - sum(share for _, share in plan.begins) >= 0.6


def test_seen_everything(library: tuple[Snippet, ...]) -> None:
    answerer = Answerer(library[:1])
    title = library[0].title
    assert "seen all" in last(answerer, title, "something else").answer.message


# ----------------------------------------------------------------------------------------------- words and wishes


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Sign in", ["login"]),
        ("navigation bars", ["navbar", "bar"]),
        ("nav-bar", ["navbar"]),
        ("signed up users", ["sign", "up", "user"]),
        ("validating queries", ["validat", "query"]),
        ("sortable tables", ["sortabl", "tabl"]),
        ("LoginForm", ["login", "form"]),
        ("C++ and C#", ["c++", "and", "c#"]),
    ],
)
def test_words(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_terms_leave_out_what_every_request_has() -> None:
    assert terms("Could you please write me a pricing table") == ["pric", "tabl"]


@pytest.mark.parametrize(
    ("text", "frameworks"),
    [
        ("in React Native", ("react-native",)),
        ("convert this React to SwiftUI", ("swiftui",)),
        ("in Flutter instead of React", ("flutter",)),
        ("compose an email", ()),
        ("Jetpack Compose card", ("compose",)),
        ("react to events", ()),
        ("html with tailwind", ("tailwind",)),
        ("react with tailwind", ("react", "tailwind")),
        ("a PySide6 window", ("qml",)),
    ],
)
def test_frameworks_are_found(text: str, frameworks: tuple[str, ...]) -> None:
    assert understand(text, answered=False).frameworks == frameworks


@pytest.mark.parametrize(
    ("text", "theme"),
    [
        ("a dark card", "dark"),
        ("light theme", "light"),
        ("a light blue card", ""),
        ("dark and light", ""),
        ("night", "dark"),
    ],
)
def test_themes_are_found(text: str, theme: str) -> None:
    assert understand(text, answered=True).theme == theme


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("again", Act.AGAIN),
        ("once more please", Act.AGAIN),
        ("another one", Act.OTHER),
        ("give me a different design", Act.OTHER),
        ("can you make it shorter?", Act.SHORTER),
        ("with more details", Act.LONGER),
        ("only the code", Act.CODE_ONLY),
        ("how does this work?", Act.EXPLAIN),
        ("ok thanks, that looks great", Act.THANK),
        ("a shorter url service " * 10, Act.ASK),
    ],
)
def test_acts(text: str, act: Act) -> None:
    assert act_of(text, answered=True) is act


def test_search_ranks_by_relevance(library: tuple[Snippet, ...]) -> None:
    index = Index(library)
    found = index.search({"pric": 1.0, "tabl": 1.0})
    assert library[found[0].place].pattern == "pricing"
    assert [match.score for match in found] == sorted((match.score for match in found), reverse=True)
    assert index.rarity("zzz") >= max(index.rarity("login"), index.rarity("pric"))
    assert not index.is_subject("zzz")
