"""The index against the plainest way to search, and against what may happen to its file."""

from __future__ import annotations

import re
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderapp.core.conversation import Conversation
from coderapp.core.message import FilePart, Generation, Message, ReasoningPart, Role, TextPart, ToolCallPart
from coderapp.core.search import Hit, Order
from coderapp.qt.index_keeping import language_of
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.heads import head_of
from coderapp.storage.index import Index, Source
from coderapp.storage.index_database import remove_files
from coderapp.storage.index_files import reconcile
from coderapp.storage.index_search import Searcher
from coderapp.storage.index_words import fold, has_signs, stands_alone, tokens
from coderapp.storage.paths import Paths

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def named(info: str) -> str:
    return {"py": "python"}.get(info, info)


def said(
    name: str, text: str, *, at: float = 1000.0, role: Role = Role.USER, model: str = "", more: Sequence[object] = ()
) -> Message:
    generation = Generation(model=model) if model else None
    return Message(name, role, (TextPart(text), *more), at, generation)  # type: ignore[arg-type]


def talk(name: str, *messages: Message, **fields: object) -> Conversation:
    pairs = [(messages[place - 1].id if place else "", message) for place, message in enumerate(messages)]
    updated = max((message.created for message in messages), default=1.0)
    return Conversation.restore(name, 1.0, pairs, {}, **({"updated": updated, "title": "-"} | fields))


def source(conversation: Conversation, stamp: str = "1") -> Source:
    return Source(head_of(conversation), conversation, stamp)


@pytest.fixture
def index(paths: Paths) -> Iterator[Index]:
    index = Index(paths.index, named)
    yield index
    index.close()


@given(
    st.floats(-1e9, 1e10),
    st.text(max_size=20),
    st.text(max_size=20),
    st.lists(st.text(min_size=1, max_size=9), max_size=3, unique=True),
    st.booleans(),
)
def test_the_quick_list_says_what_the_heads_say(
    updated: float, title: str, folder: str, tags: list[str], pinned: bool
) -> None:
    fields: dict[str, object] = {"title": title, "folder": folder, "tags": tuple(tags), "pinned": pinned}
    with tempfile.TemporaryDirectory() as place:
        index = Index(Path(place, "index.sqlite"), named)
        try:
            for number in range(2):
                for _ in index.put([source(talk(f"c{number}", updated=updated + number, **fields))]):
                    pass
            heads = {
                (h.id, h.title, h.updated, h.reason, h.folder, h.tags, h.pinned, h.archived, False)
                for h in index.heads()
            }
            assert set(index.rows()) == heads
            assert len(heads) == 2
        finally:
            index.close()


@pytest.fixture
def searcher(paths: Paths, index: Index) -> Iterator[Searcher]:
    searcher = Searcher(paths.index, named, now=lambda: NOW)
    yield searcher
    searcher.close()


def put(index: Index, *conversations: Conversation) -> None:
    for _ in index.put([source(conversation) for conversation in conversations]):
        pass


def found(searcher: Searcher, query: str, order: Order = Order.NEWEST) -> list[str]:
    return [hit.message_id for hit in searcher.search(query, order, 1000).hits]


# what is found


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("useEffect", True), ("useeffect", True), ("Effect", True), ("seEff", True), ("effectuse", False),
        ("snake_case", True), ("snake_ca", True), ("ake_case", True), ("nake_cas", True), ("snake_cat", False),
        ("foo.bar()", True), ("foo.ba", True), ("bar.foo", False), ("oo.bar", False),
        ("std::vec", True), ("td::vec", False),
        ("返回", True), ("返", True), ("回值", True), ("回返", False), ("データ", True), ("데이터베", True),
        ("cafe", True), ("café", True), ("CAFÉ", True), ("cafe\u0301", True), ("strasse", True), ("straße", True),
        ('"the quick"', True), ('"quick the"', False), ('"quic"', False), ("quic", True), ("quick the", True),
        ("quick -fox", False), ("quick -cat", True), ('quick -"brown cat"', True), ('-"brown fox"', False),
        ('"brown fo', False), ("fo", True), ("ox", False), ("gpt4", True), ("🎉", True), ("std::vector", True),
        ("lodz", True), ("łódź", True), ("ore", True), ("smorrebrod", True), ("dorde", True), ("aether", True),
        ("x:y", True), ("https://example.org/a", True), ("quick zebra", False), ("हिन्दी", True), ("ภาษา", True),
    ],
)  # fmt: skip
@pytest.mark.parametrize("order", list(Order))
def test_words_parts_of_words_and_phrases(
    index: Index, searcher: Searcher, query: str, fits: bool, order: Order
) -> None:
    text = (
        "The quick brown fox uses useEffect(snake_case) and foo.bar(), 函数返回值是, データ型, 데이터베이스, a café in"
        " the Straße, gpt4o 🎉 std::vector x:y https://example.org/a हिन्दी ภาษาไทย"
        " Łódź Øre smørrebrød Đorđe Æther"
    )
    put(index, talk("a", said("m", text)))
    assert found(searcher, query, order) == (["m"] if fits else [])


FILTERED = [
    talk(
        "old",
        said("q", "how do I sort", at=NOW.timestamp() - 40 * 86400),
        said("a", "sort so:\n\n```py app.py\nsorted(x)\n```", at=NOW.timestamp() - 40 * 86400 + 5, role=Role.ASSISTANT,
             model="Qwen2.5-Coder:32b"),
        folder="Work/Tools", tags=("Python", "later"), pinned=True, starred={"a"},
    ),
    talk(
        "new",
        said("f", "sort this file", at=NOW.timestamp() - 60, more=[FilePart("notes.txt", "text/plain", "sort me")]),
        said("r", "sorted", at=NOW.timestamp() - 50, role=Role.ASSISTANT, model="gpt-4o", more=[ReasoningPart("hmm")]),
        said("t", "sort call", at=NOW.timestamp() - 40, role=Role.TOOL, more=[ToolCallPart("1", "run", "{}")]),
        said("c", "sort\n~~~css\na{}\n~~~\n", at=NOW.timestamp() - 30, role=Role.ASSISTANT, model="gpt-4o-mini"),
        archived=True, title="About sorting",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("sort", "c t r f a q"), ("sort model:gpt", "c r"), ("sort model:4o-mini", "c"), ("sort model:CODER", "a"),
        ("sort -model:gpt", "t f a q"), ("lang:python", "a"), ("lang:py sort", "a"), ("lang:c", ""), ("lang:rust", ""),
        ("lang:css", "c"), ("-lang:rust sort", "c t r f a q"), ("has:code", "c a"), ("has:code -lang:css", "a"),
        ("has:file", "f"),
        ("has:reasoning", "r"), ("has:tool", "t"), ("role:user", "f q"), ("from:me", "f q"), ("role:a sort", "c r a"),
        ("is:starred", "a"), ("-is:starred sort", "c t r f q"), ("is:pinned", "a q"), ("is:archived", "c t r f"),
        ("sort -is:archived", "a q"), ("folder:work", "a q"), ("in:tools sort", "a q"), ("tag:python", "a q"),
        ("tag:lat", "a q"), ("tag:x", ""), ("-tag:python sort", "c t r f"), ("after:yesterday", "c t r f"),
        ("before:7d", "a q"), ("before:2026-11", "a q"), ("after:2026-11 sort -has:code", "t r f"),
        ("after:2026-10-13 before:2026-10-14", "a q"), ("notes.txt", "f"), ("hmm", "r"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("order", list(Order))
def test_filters(index: Index, searcher: Searcher, query: str, names: str, order: Order) -> None:
    put(index, *FILTERED)
    hits = searcher.search(query, order).hits
    messages = [hit.message_id for hit in hits if hit.message_id]
    models = {"a": "Qwen2.5-Coder:32b", "r": "gpt-4o", "c": "gpt-4o-mini"}
    assert all(hit.model == models.get(hit.message_id, "") for hit in hits)
    assert (messages if order is Order.NEWEST else sorted(messages)) == (
        names.split() if order is Order.NEWEST else sorted(names.split())
    )


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("lang:java", ""), ("-lang:java", "js css cpp cs tsx prose list file quoted ordered indented none dock"),
        ("lang:c", ""), ("lang:js", "js"), ("lang:C++", "cpp"), ("lang:c#", "cs"), ("lang:ts", "tsx"),
        ("lang:typescript", "tsx"), ("lang:tsx", "tsx"), ("lang:python", "file"), ("lang:go", "ordered"),
        ("lang:golang", "ordered"), ("lang:sh", "quoted"), ("lang:dockerfile", "dock"),
        ("has:code", "js css cpp cs tsx file quoted ordered indented none dock"),
    ],
)  # fmt: skip
def test_languages_by_their_names_and_code_wherever_it_stands(paths: Paths, query: str, names: str) -> None:
    texts = {
        "js": "```javascript\nx\n```", "css": "```css\nx\n```", "cpp": "```c++\nx\n```", "cs": "```c#\nx\n```",
        "tsx": "```tsx\nx\n```", "prose": "see `x`:\n  - y", "list": "1. one\n\n    still the list", "file": "look",
        "quoted": "> ```sh\n> ls\n> ```", "ordered": "1. ```go\n   a\n   ```", "indented": "see:\n\n    int x;\n",
        "none": "```\nx\n```", "dock": "",
    }  # fmt: skip
    files = {"file": "my app.py", "dock": "Dockerfile", "prose": "README", "list": "notes.txt"}
    index, searcher = Index(paths.index, language_of), Searcher(paths.index, language_of)
    messages = [
        said(name, text, at=float(-n), more=[FilePart(files[name], "", "x\n")] if name in files else [])
        for n, (name, text) in enumerate(texts.items())
    ]
    put(index, talk("a", *messages))
    assert sorted(found(searcher, query)) == sorted(names.split())
    searcher.close()
    index.close()


def test_titles_come_first_and_alone_where_only_they_are_asked_for(index: Index, searcher: Searcher) -> None:
    put(index, *FILTERED)
    first = searcher.search("sort").hits[0]
    assert first == Hit("new", "", "About sorting", "", FILTERED[1].updated, "About sorting", ((6, 10),))
    assert found(searcher, "title:sorting") == [""]
    assert found(searcher, "title:sorting has:code") == ["c"]
    assert found(searcher, "sort -title:sorting") == ["a", "q"]


WORDS = st.sampled_from(
    [
        "alpha",
        "alphabet",
        "beta",
        "Gamma",
        "x",
        "useBeta",
        "béta",
        "返回",
        "回值",
        "a_b",
        "foo.bar",
        "1",
        "be",
        "``` py\n",
    ]
)
TEXTS = st.lists(WORDS, max_size=6).map(" ".join)
TERM = st.tuples(
    st.booleans(), st.booleans(), st.lists(WORDS.map(lambda word: word.split()[-1]), min_size=1, max_size=2)
)
TERMS = st.lists(TERM, min_size=1, max_size=3)


def holds(text: list[str], wanted: list[str], *, whole: bool) -> bool:
    """The plainest way: every place is looked at."""
    inner_from = len(wanted) > 1 or len(wanted[0]) > 2
    for start in range(len(text) - len(wanted) + 1):
        piece = text[start : start + len(wanted)]
        if whole or not inner_from or (stands_alone(wanted[0]) and len(wanted) == 1):
            fits = piece == wanted
        elif len(wanted) == 1:
            fits = wanted[0] in piece[0]
        else:
            first, last = wanted[0], wanted[-1]
            fits = (
                (piece[0].endswith(first) if len(first) > 2 else piece[0] == first)
                and piece[1:-1] == wanted[1:-1]
                and (piece[-1].startswith(last) if last.isascii() else piece[-1] == last)
            )
        if fits:
            return True
    return False


@given(st.lists(TEXTS, min_size=1, max_size=6), TERMS, st.sampled_from(Order))
def test_it_finds_what_looking_at_everything_finds(
    texts: list[str], terms: list[tuple[bool, bool, list[str]]], order: Order
) -> None:
    query, oracle = "", set(range(len(texts)))
    asked = 0
    for negated, whole, words in terms:
        joined = " ".join(words) if whole else ".".join(words)
        wanted = tokens(fold(joined))
        signs = joined if has_signs(fold(joined)) else ""
        if not wanted:
            continue
        asked += 1
        query += f"{'-' if negated else ''}{chr(34) if whole else ''}{joined}{chr(34) if whole else ''} "
        fitting = {
            place
            for place, text in enumerate(texts)
            if holds(tokens(fold(text)), wanted, whole=whole) and fold(signs) in fold(text)
        }
        oracle &= set(range(len(texts))) - fitting if negated else fitting
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        index, searcher = Index(Path(folder, "i.sqlite")), Searcher(Path(folder, "i.sqlite"))
        messages = [said(str(place), text, at=float(place)) for place, text in enumerate(texts)]
        put(index, talk("c", *messages))
        names = found(searcher, query, order)
        searcher.close()
        index.close()
    assert sorted(names) == (sorted(map(str, oracle)) if asked else [])
    if order is Order.NEWEST:
        assert names == sorted(names, key=int, reverse=True)


@pytest.mark.parametrize("order", list(Order))
def test_a_part_of_hundreds_of_words_finds_all_of_them(index: Index, searcher: Searcher, order: Order) -> None:
    put(index, talk("a", *(said(str(n), f"the handleRequest{n:05} here", at=float(n)) for n in range(300))))
    shown = searcher.search("Request", order)
    assert ([hit.message_id for hit in shown.hits], shown.more) == ([str(n) for n in range(299, 249, -1)], True)
    assert len(found(searcher, "request")) == 300
    assert found(searcher, "-request here") == []


@pytest.mark.parametrize("order", list(Order))
def test_a_part_of_thousands_of_words_finds_the_newest_and_the_oldest(
    index: Index, searcher: Searcher, order: Order
) -> None:
    """Words that are asked for at once, words behind others that hold none, and a newest message with an old word."""
    talks = [said(f"{n}", f"x{n:04}rare{n % 7} y", at=float(n)) for n in range(2500)]
    talks += [said(f"{n}", "nothing of it y", at=float(n)) for n in range(2500, 4000)]
    put(index, talk("a", *talks), talk("b", said("last", "x0001rare1 z", at=9999.0)))
    newest = ["last", *(str(n) for n in range(2499, -1, -1))]
    shown = searcher.search("rare", order)
    assert ([hit.message_id for hit in shown.hits], shown.more) == (newest[:50], True)
    assert [hit.message_id for hit in searcher.search("rare", most=5000).hits] == newest
    assert len(searcher.search("-rare y", most=5000).hits) == 1500
    assert found(searcher, "rare z", order) == ["last"]
    assert found(searcher, "rare nothing", order) == []


@pytest.mark.parametrize("order", list(Order))
def test_the_end_of_a_word_before_a_sign_is_found_in_many_words(index: Index, searcher: Searcher, order: Order) -> None:
    messages = [said(f"{n}", f"w{n:03}ake_caseone x", at=float(n)) for n in range(400)]
    put(index, talk("a", *messages, said("target", "snake_case", at=5000.0)), talk("b", title="Another snake_case"))
    for query, count in (("ake_case", 401), ("nake_case", 1), ("ake_caseo", 400), ("ake case", 401)):
        hits = [hit.message_id for hit in searcher.search(query, order, most=1000).hits if hit.message_id]
        assert len(hits) == count, query
        assert ("target" in hits) == (query != "ake_caseo")
    assert next(iter(searcher.search("ake_case", order).hits)).title == "Another snake_case"


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("foo.bar()", "call"), ('"foo.bar()"', "call"), ("foo.bar", "call"), ("foo bar", "call words"),
        ('"foo bar"', "call words"), ("C++", "plus wide"), ("c", "plus see wide"), ("C++ -c++17", "plus"),
        ("-foo.bar() foo", "words"), ("how foo?", ""), ("foo, baz.", "words"), ('"baz."', ""),
        ("$var", "see"), ("don't", "curly straight"), ("'bar baz'", "words"),
        ('-"foo.bar()" baz', "words"), ('"a, b"', "lines"),
        ("title:foo.bar", ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("order", list(Order))
def test_signs_stand_where_they_were_typed(
    index: Index, searcher: Searcher, query: str, names: str, order: Order
) -> None:
    texts = {
        "call": "so foo.bar()", "words": "foo bar baz", "plus": "C++ is", "see": "c: a $var", "curly": "I don’t",
        "straight": "you DON'T", "lines": "a,\n  b", "wide": "Ｃ＋＋ C++17",
    }  # fmt: skip
    put(index, talk("a", *(said(name, text, at=float(n)) for n, (name, text) in enumerate(texts.items()))))
    put(index, talk("t", title="foo bar too"))
    hits = [hit.message_id for hit in searcher.search(query, order).hits if hit.message_id]
    assert sorted(hits) == sorted(names.split())
    assert [hit.title for hit in searcher.search(query, order).hits if not hit.message_id] == (
        ["foo bar too"] if query in ("foo bar", '"foo bar"', "title:foo.bar", "-foo.bar() foo") else []
    )


SIGNS = [
    "a", "ab", "-", '"', " ", "model:", "tag:", "title:", "folder:", "x", "*", "^", "(", ")", "{", ":", "'", "%", "_",
    "NOT", "AND", "OR", "NEAR", "返", "é", "\ud83d", "\x00", "before:", "2026", "is:pinned", "lang:py", "\n",
]  # fmt: skip
NASTY = st.text() | st.lists(st.sampled_from(SIGNS)).map("".join)


@given(st.lists(NASTY, min_size=1, max_size=8), st.sampled_from(Order))
def test_nothing_that_is_typed_is_too_much_for_sqlite(texts: list[str], order: Order) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        index, searcher = Index(Path(folder, "i.sqlite")), Searcher(Path(folder, "i.sqlite"))
        put(index, talk("c", *(said(str(n), text) for n, text in enumerate(texts)), title=texts[0], tags=tuple(texts)))
        for text in texts:
            searcher.search(text, order)
        searcher.close()
        index.close()


# changes


def everything(index: Index) -> tuple[object, ...]:
    """What the index would answer with, whatever its rows are numbered."""
    db = index._db
    db.execute("INSERT INTO words (words) VALUES ('optimize')")
    vocabulary = "CREATE VIRTUAL TABLE IF NOT EXISTS temp.seen USING fts5vocab('main', 'words', 'instance')"
    db.execute(vocabulary)
    names = dict(db.execute("SELECT m.number, c.id || '/' || m.id FROM messages m JOIN conversations c ON c.number ="
                            " m.conversation"))  # fmt: skip
    places = sorted(
        (term, names[doc], column, at)
        for term, doc, column, at in db.execute("SELECT term, doc, col, offset FROM temp.seen")
        if not re.fullmatch(r"(in|label)\d+", term)
    )
    return places, list(index.heads()), sorted(names.values())


def test_what_was_indexed_piece_by_piece_is_what_is_indexed_at_once(folder: Path) -> None:
    first, second = Index(folder / "1.sqlite"), Index(folder / "2.sqlite")
    old, new = FILTERED
    put(first, talk("old", *list(old.messages.values())[:1]), talk("new"), talk("third", said("gone", "gone words")))
    for conversation in FILTERED:
        for message in conversation.messages.values():
            first.put_message(conversation.id, said(message.id, "something before"))
            first.put_message(conversation.id, message)
        first.put_head(head_of(conversation))
    first.set_star("old", "a", True)
    first.set_star("new", "f", True)
    first.set_star("new", "f", False)
    first.remove("third")
    put(second, new, old)
    assert everything(first) == everything(second)
    put(first, old, new)
    assert everything(first) == everything(second)
    first.close()
    second.close()


def test_pieces_are_joined(index: Index, searcher: Searcher) -> None:
    for n in range(12):
        put(index, talk(f"c{n}", *(said(f"{m}", f"word {n} {m} " * 50, at=float(m)) for m in range(20))))
    before = everything_found(searcher)
    steps = sum(1 for _ in index.join())
    assert index._db.execute("SELECT count(DISTINCT segid) FROM words_idx").fetchone() == (1,)
    assert everything_found(searcher) == before
    assert steps
    assert not list(index.join())


def everything_found(searcher: Searcher) -> list[Hit]:
    return [*searcher.search("word", most=1000).hits]


def test_hundreds_of_messages_of_one_moment(index: Index, searcher: Searcher) -> None:
    put(
        index, talk("a", *(said(str(n), f"word {n}", at=0.0) for n in range(700))), talk("b", said("x", "word", at=1.0))
    )
    assert len(found(searcher, "word")) == 701
    assert found(searcher, "word")[0] == "x"


def test_what_is_of_one_moment_keeps_its_order(index: Index, searcher: Searcher) -> None:
    count = 700
    messages = [said(str(n), f"word {n}") for n in range(count)]
    put(index, talk("a", *messages[:500]))
    for message in messages[500:]:
        index.put_message("a", message)
    newest_first = [str(n) for n in reversed(range(count))]
    assert found(searcher, "word") == newest_first
    index.put_message("a", said("3", "word again"))
    assert found(searcher, "word") == newest_first
    changed = [said(m.id, "word changed" if m.id == "3" else f"word {m.id}") for m in messages]
    put(index, talk("a", *changed))
    assert found(searcher, "word") == newest_first
    put(index, talk("b", *(said(f"{n}", f"sound {n}", at=5.0) for n in range(9))))
    put(index, talk("b", *(said(f"{n}", f"sound {n if n != 4 else 'new'}", at=5.0) for n in range(9))))
    assert found(searcher, "sound") == [str(n) for n in reversed(range(9))]


@pytest.mark.parametrize("at", [float("nan"), float("inf"), -5.0, 1e300])
def test_messages_of_no_real_time(index: Index, searcher: Searcher, at: float) -> None:
    put(index, talk("a", said("m", "word", at=at), updated=5.0))
    assert found(searcher, "word") == ["m"]


def test_half_a_character_and_a_nul(index: Index, searcher: Searcher) -> None:
    put(index, talk("a", said("m", "before \ud83d after \x00 end"), title="\ud83d title", tags=("\ud83d",)))
    assert found(searcher, "after end title -x") == []
    assert found(searcher, "after end") == ["m"]
    assert index.heads()[0].id == "a"


# the files


def catch_up(index: Index, paths: Paths) -> int:
    return max((step.total for step in reconcile(index, paths.conversations)), default=0)


def test_only_what_changed_is_read(paths: Paths, store: ConversationStore, index: Index, searcher: Searcher) -> None:
    for name in ("one", "two"):
        store.create(talk(name, said("m", f"words of {name}")))
    assert catch_up(index, paths) == 2
    assert catch_up(index, paths) == 0
    store.add_message("two", said("n", "more words", at=2000.0))
    assert catch_up(index, paths) == 1
    assert found(searcher, "words") == ["n", "m", "m"]
    store.delete("one")
    assert catch_up(index, paths) == 0
    assert found(searcher, "words") == ["n", "m"]


def test_a_damaged_file_is_listed_and_what_is_left_of_it_found(
    paths: Paths, store: ConversationStore, index: Index, searcher: Searcher
) -> None:
    store.create(talk("one", said("m", "words"), said("n", "others")))
    file = paths.conversations / "one.json"
    file.write_bytes(file.read_bytes()[:-30])
    (paths.conversations / "two.json").write_bytes(b"\0" * 100)
    catch_up(index, paths)
    assert {head.id: head.state.value for head in index.heads()} == {"one": "damaged", "two": "damaged"}
    assert found(searcher, "words") == ["m"]


@pytest.mark.parametrize("what", ["nothing", "zeros", "text", "cut", "version", "holes", "tables"])
def test_an_index_that_does_not_read_is_made_again(paths: Paths, store: ConversationStore, what: str) -> None:
    store.create(talk("one", *(said(str(n), f"words {n} {'x' * n}") for n in range(200))))
    index = Index(paths.index)
    catch_up(index, paths)
    index.close()
    data = bytearray(paths.index.read_bytes())
    if what == "version":
        with sqlite3.connect(paths.index) as db:
            db.execute("PRAGMA user_version = 99")
        db.close()
    elif what == "tables":
        with sqlite3.connect(paths.index) as db:
            db.execute("DROP TABLE words")
        db.close()
    else:
        data[100:] = {
            "nothing": data[100:], "zeros": b"\0" * (len(data) - 100), "text": b"no database " * 100,
            "cut": data[100 : len(data) // 2], "holes": b"\xff" * 8000 + data[8100:],
        }[what]  # fmt: skip
        paths.index.write_bytes(bytes(data) if what != "text" else b"no database")
    index = Index(paths.index)
    with suppress(sqlite3.DatabaseError):  # damage may be met late; whoever writes the index makes it anew then
        catch_up(index, paths)
        index.put_message("one", said("new", "words and more"))
    if what == "holes":
        index.close()
        remove_files(paths.index)
        index = Index(paths.index)
        catch_up(index, paths)
    searcher = Searcher(paths.index)
    assert len(found(searcher, "words")) >= 200
    searcher.close()
    index.close()
