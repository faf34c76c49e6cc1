"""What the exporters write of a conversation, read back by other means than they write it with."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderapp.core.conversation import Conversation
from coderapp.core.exporting import ExportFormat, ExportOptions
from coderapp.core.message import FilePart, FinishReason, JsonValue, ReasoningPart, Role, ToolCallPart, ToolResultPart
from coderapp.exchange.exporters.html import as_html, as_index
from coderapp.exchange.exporters.json_file import as_json
from coderapp.exchange.exporters.markdown import as_markdown, closed
from coderapp.exchange.exporters.plain import as_text
from coderapp.exchange.exporters.transcript import moment, transcript
from coderapp.storage import schema
from coderapp.storage.document import Document
from coderapp.text.blocks import CodeBlock
from coderapp.text.stream import parse
from tests.unit.exchange.samples import HOSTILE, UNCLOSED, answer, message, rich

ALL = ExportOptions(branches=True, reasoning=True, details=True)


def nothing(part: float) -> None:
    pass


def codes(text: str) -> list[tuple[str, str]]:
    return [(block.info, block.code) for block in parse(text) if isinstance(block, CodeBlock)]


class Page(HTMLParser):
    """The elements, attributes and text of a page; fails where one is not closed in its order."""

    EMPTY = frozenset({"meta", "br", "hr", "img"})

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.names: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self.code: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in self.EMPTY:
            self._open.append(tag)
        if tag == "pre":
            self.code.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.texts.append(data)
        if "pre" in self._open:
            self.code[-1] += data

    @property
    def text(self) -> str:
        return "".join(self.texts)


# transcript


def test_the_shown_path_is_what_is_exported() -> None:
    (section,) = transcript(rich(), ExportOptions())
    assert [entry.message.id for entry in section.entries] == ["p1", "a2", "p2", "a3", "t1"]
    assert [entry.number for entry in section.entries] == [1, 2, 3, 4, 5]


def test_with_branches_every_message_is_there_once() -> None:
    made = rich()
    made.add_sibling("p1", message("q", Role.USER, "Another beginning"))
    made.add(answer("qa", "…"))
    made.add_sibling("qa", answer("qb", "…"))
    made.add_sibling("qa", answer("qc", "…"))
    sections = transcript(made, ALL)
    found = [entry.message.id for section in sections for entry in section.entries]
    assert sorted(found) == sorted(made.messages)
    assert sections[0].title == ""
    assert [section.title for section in sections[1:]] == [
        "Message 1, version 1 of 2",
        "Message 2, version 1 of 3",
        "Message 2, version 2 of 3",
        "Message 2, version 1 of 2",
    ]


@pytest.mark.parametrize("form", [as_markdown, as_html, as_text])
def test_thoughts_and_details_only_where_they_are_wanted(form: object) -> None:
    assert callable(form)
    plain, full = form(rich(), ExportOptions(), nothing), form(rich(), ALL, nothing)
    for words in ("Thoughts", "think", "480 tokens out", "Be brief", "seed 7", "first version"):
        assert words not in plain
        assert words in full
    assert "a draft of mine" not in full, "a draft is nobody's message"


@pytest.mark.parametrize("form", [as_markdown, as_html, as_text])
def test_a_failure_is_told_without_the_reply_as_it_came(form: object) -> None:
    assert callable(form)
    said = form(rich(), ALL, nothing)
    assert "The server failed with 500" in said
    assert "sk-live" not in said
    assert "Authorization" not in said


# JSON


def test_json_is_the_stored_form_with_every_branch_and_no_raw_reply() -> None:
    data = as_json(Document(rich(), journal=7, extras={"later": {"x": 1}}))
    assert b"sk-live" not in data
    back = schema.decode("20261122-170355-ab12cd", data)
    assert back.complaints == []
    assert back.journal == 7
    assert back.extras == {"later": {"x": 1}}
    made = rich()
    assert list(back.conversation.messages) == list(made.messages)
    assert back.conversation.parents == made.parents
    assert back.conversation.draft == made.draft
    same = {name: one for name, one in made.messages.items() if name != "a3"}
    assert {name: back.conversation.messages[name] for name in same} == same


def test_json_holds_no_raw_reply_of_what_a_damaged_file_was_set_aside_from() -> None:
    reply: JsonValue = {"generation": {"problem": {"kind": "server", "raw": {"key": "sk-live"}}}}
    document = Document(
        rich(),
        extras={"starred_of_version_1": reply, "raw": "sk-live"},
        message_extras={"a2": {"generation": {"problem": {"raw": "sk-live"}}}, "a1": {"later": [reply]}},
        set_aside=[reply, [[reply]], '{"problem":{"raw":"sk-live"'],
    )
    data = as_json(document)
    assert b"sk-live" not in data
    assert data.count(b'"kind":"server"') >= 3


# Markdown


def test_markdown_holds_every_code_block_as_it_was_written() -> None:
    made = rich()
    exported = codes(as_markdown(made, ExportOptions(), nothing))
    wanted = [("python", "x = '''\n```\n'''"), *codes(made.messages["a2"].text), *codes(UNCLOSED)]
    assert exported[: len(wanted)] == wanted
    assert [info for info, _ in exported[len(wanted) :]] == ["json", "json"]


PIECES = st.sampled_from(
    [
        "```",
        "````",
        "~~~",
        "```py",
        "~~~ a `",
        "code",
        "",
        "- item",
        "  more",
        "    indented",
        "> ",
        "> ```",
        "# h",
        "$$",
        "1. ```js",
        "   ```",
        "    ```",
        "``` a ` b",
    ]
)


@given(st.lists(st.lists(PIECES, max_size=8).map("\n".join), min_size=1, max_size=4))
def test_no_answer_swallows_what_follows_it(texts: list[str]) -> None:
    made = Conversation("20261122-170355-ab12cd", 1.0)
    for number, text in enumerate(texts):
        made.add(answer(f"a{number}", text))
    wanted = [code for text in texts if text.strip() for code in codes(text.rstrip("\n"))]
    found = codes(as_markdown(made, ExportOptions(), nothing))
    assert [code.rstrip("\n") for _, code in found] == [code.rstrip("\n") for _, code in wanted]


def test_what_is_closed_already_stays_as_it_is() -> None:
    for text in ("", "words", "```\na\n```", "a ``` b", "- ```\n  a"):
        assert closed(text) == text


# HTML


def test_a_page_has_nothing_that_runs_or_loads() -> None:
    made = Conversation("20261122-170355-ab12cd", 1.0)
    made.title = HOSTILE
    made.system_prompt = HOSTILE
    made.add(message("p", Role.USER, HOSTILE))
    many = f'{HOSTILE}\n\n```{HOSTILE}\n{HOSTILE}\n```\n\n| {HOSTILE} |\n|---|\n| x |\n\n[a](javascript:alert(1)) [b](https://x.y/?"onclick=z)'
    made.add(answer("a", many, model=HOSTILE, profile=HOSTILE, parameters={HOSTILE: HOSTILE}))
    page = Page(as_html(made, ALL, nothing))
    assert not {"script", "img", "iframe", "link", "object", "base", "form"} & set(page.names)
    assert page.names.count("title") == page.names.count("style") == 1
    for name, value in page.attributes:
        assert not name.startswith("on")
        assert "javascript:" not in value
    assert {value for name, value in page.attributes if name == "href"} == {"https://x.y/?%22onclick=z"}
    assert page.text.count("onerror=alert(1)") >= 8


def test_a_page_holds_the_code_and_colours_it() -> None:
    page = as_html(rich(), ALL, nothing)
    found = Page(page)
    for _, code in codes(rich().messages["a2"].text) + codes(UNCLOSED):
        assert code in found.code
    assert '<span class="keyword">def</span>' in page
    assert "prefers-color-scheme:dark" in page
    assert "@media print" in page
    assert "http-equiv" in page


def test_pages_name_no_colour_that_the_theme_does_not_have() -> None:
    page = as_html(rich(), ALL, nothing)
    defined = set(re.findall(r"--(\w+):", page))
    assert set(re.findall(r"var\(--(\w+)\)", page)) <= defined


def test_an_index_leads_to_names_with_odd_letters() -> None:
    page = Page(as_index([("a %20#?&.html", "<b>", "today"), ("ü.html", "Ü", "")]))
    addresses = [value for name, value in page.attributes if name == "href"]
    assert addresses == ["a%20%2520%23%3F%26.html", "%C3%BC.html"]
    assert "<b>" in page.text


@given(st.text(st.characters(), max_size=60), st.text(st.characters(), max_size=60))
def test_any_text_can_be_exported(title: str, text: str) -> None:
    made = Conversation("20261122-170355-ab12cd", 1.0)
    made.title = title
    made.add(message("p", Role.USER, text))
    made.add(answer("a", text, model=title))
    for form in (as_markdown, as_html, as_text):
        assert form(made, ALL, nothing).encode("utf-8", "replace")
    Page(as_html(made, ALL, nothing))


# plain text


def test_plain_text_has_the_words_without_marks() -> None:
    said = as_text(rich(), ExportOptions(), nothing)
    assert "Here is the parser, in two files. See the docs and shlex.split." in said
    assert "[Attached: notes & more.py]\nx = '''" in said
    assert "**" not in said


def test_the_work_that_is_done_is_told() -> None:
    for form in (as_markdown, as_html, as_text):
        heard: list[float] = []
        form(rich(), ALL, heard.append)
        assert heard == sorted(heard)
        assert heard[-1] == 1.0


def test_every_format_says_what_it_is() -> None:
    for form in ExportFormat:
        assert form.label
        assert form.note
        assert form.suffix.startswith(".")


def test_parts_are_shown_in_their_order_and_texts_joined() -> None:
    made = Conversation("20261122-170355-ab12cd", 1.0)
    call = ToolCallPart("c", "find", "not json")
    made.add(
        answer(
            "a", ReasoningPart("First "), ReasoningPart("thought."), "Hel", "lo.", call, "More.", ReasoningPart("Last.")
        )
    )
    made.add(message("t", Role.TOOL, ToolResultPart("c", "find", "plain words")))
    made.add(message("e", Role.USER, FilePart("Makefile", "text/plain", "all:")))
    (section,) = transcript(made, ALL)
    pieces = [(piece.title, piece.source) for piece in section.entries[0].pieces]
    assert pieces == [
        ("Thoughts", "First thought."),
        ("", "Hello."),
        ("Calls the tool find", "not json"),
        ("", "More."),
        ("Thoughts", "Last."),
    ]
    assert section.entries[1].pieces[0].language == ""
    assert section.entries[2].pieces[0].language == "make"


@pytest.mark.parametrize(
    ("how", "ending"),
    [
        ({"finish": None}, "This answer was still being written."),
        ({"finish": FinishReason.STOPPED}, "Stopped by the user."),
        ({"finish": FinishReason.LENGTH}, "Cut at the token limit."),
        ({"finish": FinishReason.STOP}, ""),
    ],
)
def test_how_an_answer_ended_is_told(how: dict[str, object], ending: str) -> None:
    made = Conversation("20261122-170355-ab12cd", 1.0)
    made.add(answer("a", "x", **how))
    assert transcript(made, ExportOptions())[0].entries[0].ending == ending


@pytest.mark.parametrize("seconds", [0.0, -1e18, 1e18, float("inf")])
def test_times_that_no_calendar_has_are_left_out(seconds: float) -> None:
    assert moment(seconds) == ""


def test_tags_and_titles_are_yaml_strings() -> None:
    made = rich()
    made.title = 'a: "b" #c\u2028'
    made.tags = ("x, y", "- z")
    front = as_markdown(made, ExportOptions(), nothing).split("---\n")[1]
    assert 'title: "a: \\"b\\" #c"\n' in front
    assert 'tags: ["x, y", "- z"]\n' in front


def test_html_holds_no_control_characters() -> None:
    made = Conversation("20261122-170355-ab12cd", 1.0, title="A\x00B")
    made.add(message("m", Role.USER, "\x00\x1b[31mred\x07\n\n```py\nx = '\x7f'\n```\n\ttab"))
    page = as_html(made, ALL, nothing)
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", page)
    assert "[31mred" in page
