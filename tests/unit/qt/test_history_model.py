"""The list of conversations, watched by Qt's own tester of models."""

from __future__ import annotations

import time
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from coderapp.qt.history_days import Days, label
from coderapp.qt.history_model import ENTRY_ROLE, GROUP_ROLE, ID_ROLE, HistoryEntry, HistoryModel, Scope

NOON = time.mktime((2026, 5, 20, 12, 0, 0, 0, 0, -1))
DAY = 86400


def watched(scope: Scope = Scope.CURRENT) -> tuple[HistoryModel, QAbstractItemModelTester]:
    model = HistoryModel(scope=scope, now=lambda: NOON)
    return model, QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning, model)


def entry(name: str, updated: float = NOON, **fields: object) -> HistoryEntry:
    return HistoryEntry(name, f"Title {name}", updated, **fields)  # type: ignore[arg-type]


def ids(model: HistoryModel) -> list[str]:
    return [found for row in range(model.rowCount()) if (found := model.index(row).data(ID_ROLE))]


def rows(model: HistoryModel) -> list[str]:
    """Headers in brackets with their count, conversations by id."""
    found = []
    for row in range(model.rowCount()):
        group = model.group(row)
        found.append(model.index(row).data(ID_ROLE) or f"[{group.label} {group.count}{'-' * group.collapsed}]")
    return found


def test_newest_first() -> None:
    model, _ = watched()
    model.reset([entry("a", 1), entry("c", 3), entry("b", 2)])
    assert ids(model) == ["c", "b", "a"]
    model.put(entry("d", 2.5))
    assert ids(model) == ["c", "d", "b", "a"]
    model.put(entry("a", 4))
    assert ids(model) == ["a", "c", "d", "b"]
    model.put(entry("a", 0))
    assert ids(model) == ["c", "d", "b", "a"]


def test_pinned_then_folders_then_days() -> None:
    model, _ = watched()
    model.set_folders(["Work", "Home"])
    model.reset(
        [
            entry("p", NOON - 9 * DAY, pinned=True, folder="Work"),
            entry("w", NOON - DAY, folder="Work"),
            entry("x", NOON - DAY, folder="Elsewhere"),
            entry("t", NOON - 60),
            entry("y", NOON - DAY),
            entry("s", NOON - 5 * DAY),
            entry("m", NOON - 20 * DAY),
            entry("o", NOON - 70 * DAY),
            entry("gone", NOON, archived=True),
        ]
    )
    assert rows(model) == [
        "[Pinned 1]", "p", "[Work 1]", "w", "[Home 0]", "[Elsewhere 1]", "x", "[Today 1]", "t", "[Yesterday 1]", "y",
        "[Previous 7 days 1]", "s", "[Previous 30 days 1]", "m", f"[{label('2026-03')} 1]", "o",
    ]  # fmt: skip
    assert model.folders == ["Work", "Home", "Elsewhere"]
    model.set_scope(Scope.ARCHIVE)
    assert rows(model) == ["[Today 1]", "gone"]
    assert model.get("t") is not None
    assert model.row_of("t") == -1


def test_days_at_their_edges() -> None:
    midnight = time.mktime((2026, 5, 20, 0, 0, 0, 0, 0, -1))
    days = Days(NOON)
    assert [days.key(at) for at in (NOON + 9 * DAY, midnight, midnight - 1)] == ["today", "today", "yesterday"]
    assert [days.key(midnight - 7 * DAY), days.key(midnight - 7 * DAY - 1)] == ["week", "month"]
    assert [days.key(midnight - 30 * DAY), days.key(midnight - 30 * DAY - 1)] == ["month", "2026-04"]
    assert days.key(0) == "older"
    assert days.until == midnight + DAY


def test_the_next_day_groups_anew() -> None:
    now = [NOON]
    model = HistoryModel(now=lambda: now[0])
    model.reset([entry("a", NOON - 60)])
    model.refresh()
    assert rows(model) == ["[Today 1]", "a"]
    now[0] += DAY
    model.refresh()
    assert rows(model) == ["[Yesterday 1]", "a"]


def test_collapsing_hides_and_keeps() -> None:
    model, _ = watched()
    model.set_folders(["Work"])
    model.reset([entry("a", folder="Work"), entry("b")])
    told: list[list[str]] = []
    model.collapsed_changed.connect(told.append)
    model.collapse("folder:Work", True)
    assert rows(model) == ["[Work 1-]", "[Today 1]", "b"]
    model.put(entry("c", folder="Work"))
    assert rows(model) == ["[Work 2-]", "[Today 1]", "b"]
    assert [found.id for found in model.listed()] == ["a", "c", "b"]
    model.collapse("folder:Work", False)
    assert rows(model) == ["[Work 2]", "a", "c", "[Today 1]", "b"]
    assert told == [["folder:Work"], []]
    model.set_collapsed(["today"])
    assert rows(model) == ["[Work 2]", "a", "c", "[Today 1-]"]


def test_what_is_shown() -> None:
    model, _ = watched()
    model.reset([entry("a", problem="It is damaged.", tags=("x", "y"), draft=True)])
    header, index = model.index(0), model.index(1)
    assert index.data() == "Title a"
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "Title a"
    assert index.data(Qt.ItemDataRole.AccessibleDescriptionRole) == "It is damaged.; an unsent draft; tags: x, y"
    assert index.data(Qt.ItemDataRole.ToolTipRole) == "<qt>It is damaged.</qt>"
    assert index.data(ENTRY_ROLE) == model.entry(1)
    assert model.data(QModelIndex()) is None
    assert header.data(Qt.ItemDataRole.AccessibleTextRole) == "Today, 1 conversation, expanded"
    assert header.data(ENTRY_ROLE) is None
    assert header.data(GROUP_ROLE) == index.data(GROUP_ROLE)
    assert not header.flags() & Qt.ItemFlag.ItemIsSelectable
    assert header.flags() & Qt.ItemFlag.ItemIsEnabled
    model.reset([HistoryEntry("b", "Center a <div>", 1)])
    assert model.index(1).data(Qt.ItemDataRole.ToolTipRole) == "<qt>Center a &lt;div&gt;</qt>"
    assert model.rowCount(model.index(1)) == 0
    assert model.index(1).flags() & Qt.ItemFlag.ItemIsEditable
    assert not model.setData(model.index(1), "other")
    assert model.index(1).data() == "Center a <div>"


def test_busy_and_gone() -> None:
    model, _ = watched()
    model.reset([entry("a", 1), entry("b", 2), entry("c", 3)])
    model.set_busy("b", True)
    assert (found := model.get("b")) is not None
    assert found.busy
    model.set_busy("nobody", True)
    assert model.neighbour("c") == "b"
    assert model.neighbour("a") == "b"
    assert model.neighbour("c", ["b"]) == "a"
    assert model.neighbour("nobody") == ""
    model.remove("b")
    model.remove("nobody")
    assert ids(model) == ["c", "a"]
    model.remove("c")
    assert model.neighbour("a") == ""
    model.remove("a")
    assert model.rowCount() == 0


def test_a_moved_row_stays_the_same_row() -> None:
    model, _ = watched()
    model.reset([entry("a"), entry("b", NOON - 1), entry("c", NOON - 2)])
    kept = model.index(model.row_of("c"))
    persistent = QPersistentModelIndex(kept)
    resets: list[int] = []
    model.modelReset.connect(lambda: resets.append(1))
    model.put(entry("c", NOON - 2, pinned=True))
    assert rows(model) == ["[Pinned 1]", "c", "[Today 2]", "a", "b"]
    assert persistent.data(ID_ROLE) == "c"
    model.put_many(model.entries() * 10, ["nobody"] * 20)
    assert resets == [], "nothing changed"


FOLDERS = st.sampled_from(["", "", "A", "B", "Z"])
TIMES = st.integers(0, 60).map(lambda days: NOON - days * DAY)
ENTRIES = st.builds(
    HistoryEntry, st.sampled_from("abcdef"), st.just("T"), TIMES, busy=st.booleans(), folder=FOLDERS,
    pinned=st.booleans(), archived=st.booleans(),
)  # fmt: skip
KEYS = st.sampled_from(["pinned", "folder:A", "folder:Z", "today", "week", "month"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), ENTRIES),
        st.tuples(st.just("many"), st.lists(ENTRIES, max_size=30)),
        st.tuples(st.just("remove"), st.sampled_from("abcdef")),
        st.tuples(st.just("busy"), st.sampled_from("abcdef")),
        st.tuples(st.just("collapse"), st.tuples(KEYS, st.booleans())),
        st.tuples(st.just("folders"), st.permutations(["A", "B", "Empty"]).map(lambda names: names[:2])),
        st.tuples(st.just("scope"), st.sampled_from(list(Scope))),
    ),
    max_size=25,
)


@settings(max_examples=150)
@given(STEPS)
def test_any_course_of_changes_gives_what_a_fresh_list_shows(steps: list[tuple[str, object]]) -> None:
    model, _ = watched()
    expected: dict[str, HistoryEntry] = {}
    given_folders: list[str] = []
    for what, value in steps:
        match what, value:
            case "put", HistoryEntry() as new:
                expected[new.id] = new
                model.put(new)
            case "many", list() as several:
                expected.update({new.id: new for new in several})
                model.put_many(several)
            case "remove", str() as name:
                expected.pop(name, None)
                model.remove(name)
            case "busy", str() as name:
                if name in expected:
                    expected[name] = replace(expected[name], busy=True)
                model.set_busy(name, True)
            case "collapse", (str() as key, bool() as collapsed):
                model.collapse(key, collapsed)
            case "folders", list() as names:
                given_folders = names
                model.set_folders(names)
            case "scope", Scope() as scope:
                model.set_scope(scope)
        fresh = HistoryModel(scope=model.scope, now=lambda: NOON)
        fresh.set_folders(given_folders)
        fresh.set_collapsed(model.collapsed)
        fresh.reset(expected.values())
        assert rows(model) == rows(fresh)
        assert [model.entry(row) for row in range(model.rowCount())] == [
            fresh.entry(row) for row in range(fresh.rowCount())
        ]
        assert all(model.row_of(name) in (-1, rows(model).index(name)) for name in ids(model))


def test_what_stays_at_its_place_is_shown_without_a_reset() -> None:
    model, _ = watched()
    known = [entry(f"e{number:03}", NOON - number) for number in range(100)]
    model.reset(known)
    resets, touched = [], []
    model.modelReset.connect(lambda: resets.append(1))
    model.dataChanged.connect(lambda first, last: touched.append((first.row(), last.row())))
    model.put_many(replace(one, tags=("t",)) for one in known)
    assert not resets
    assert touched == [(0, 100)]
    assert all(one.tags == ("t",) for one in model.listed())
    model.put_many(replace(one, archived=True) for one in known)
    assert resets
    assert not model.listed()
    model.put_many(replace(one, archived=True, tags=("u",)) for one in known)
    assert {one.tags for one in model.entries()} == {("u",)}


def test_a_new_folder_moves_nothing_else() -> None:
    model, _ = watched()
    model.set_folders(["Work"])
    model.reset([entry("a"), entry("w", folder="Work")])
    resets: list[int] = []
    model.modelReset.connect(lambda: resets.append(1))
    model.set_folders(["Work", "Home", "Attic"])
    assert not resets
    assert rows(model)[:4] == ["[Work 1]", "w", "[Home 0]", "[Attic 0]"]
    assert model.folders == ["Work", "Home", "Attic"]


def test_a_new_folder_comes_before_those_that_only_conversations_name() -> None:
    model, _ = watched()
    model.set_folders(["Work"])
    model.reset([entry("x", folder="Abroad")])
    model.set_folders(["Work", "Home"])
    assert rows(model) == ["[Work 0]", "[Home 0]", "[Abroad 1]", "x"]


def test_folders_and_what_lies_in_them_are_shown_at_once() -> None:
    model, _ = watched()
    model.set_folders(["Work", "Home"])
    known = [entry(f"e{number:03}", NOON - number, folder="Work") for number in range(30)]
    model.reset(known)
    resets: list[int] = []
    model.modelReset.connect(lambda: resets.append(1))
    model.rearrange(["Office", "Home"], [replace(one, folder="Office") for one in known])
    assert len(resets) == 1
    assert rows(model)[0] == "[Office 30]"
    assert rows(model)[-1] == "[Home 0]"
