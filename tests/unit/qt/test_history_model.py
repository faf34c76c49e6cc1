"""The list of conversations, watched by Qt's own tester of models."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from coderapp.qt.history_model import ENTRY_ROLE, ID_ROLE, HistoryEntry, HistoryModel


def watched() -> tuple[HistoryModel, QAbstractItemModelTester]:
    model = HistoryModel()
    return model, QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Warning, model)


def ids(model: HistoryModel) -> list[str]:
    return [model.index(row).data(ID_ROLE) for row in range(model.rowCount())]


def entry(name: str, updated: float, **fields: object) -> HistoryEntry:
    return HistoryEntry(name, f"Title {name}", updated, **fields)  # type: ignore[arg-type]


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


def test_what_is_shown() -> None:
    model, _ = watched()
    model.reset([entry("a", 1, problem="It is damaged.")])
    index = model.index(0)
    assert index.data() == "Title a"
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "Title a"
    assert index.data(Qt.ItemDataRole.ToolTipRole) == "<qt>It is damaged.</qt>"
    assert index.data(ENTRY_ROLE) == model.entry(0)
    assert model.data(QModelIndex()) is None
    model.reset([HistoryEntry("b", "Center a <div>", 1)])
    assert model.index(0).data(Qt.ItemDataRole.ToolTipRole) == "<qt>Center a &lt;div&gt;</qt>"
    model.reset([entry("a", 1, problem="It is damaged.")])
    index = model.index(0)
    assert model.rowCount(index) == 0
    assert index.flags() & Qt.ItemFlag.ItemIsEditable
    assert not model.setData(index, "other")
    assert index.data() == "Title a"


def test_busy_and_gone() -> None:
    model, _ = watched()
    model.reset([entry("a", 1), entry("b", 2), entry("c", 3)])
    model.set_busy("b", True)
    assert model.entry(1).busy
    model.set_busy("nobody", True)
    assert model.neighbour("c") == "b"
    assert model.neighbour("a") == "b"
    assert model.neighbour("nobody") == ""
    model.remove("b")
    model.remove("nobody")
    assert ids(model) == ["c", "a"]
    model.remove("c")
    assert model.neighbour("a") == ""


STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "remove", "busy", "reset"]), st.sampled_from("abcde"), st.integers(0, 6)),
    max_size=30,
)


@settings(max_examples=150)
@given(STEPS)
def test_any_course_of_changes_keeps_the_order(steps: list[tuple[str, str, int]]) -> None:
    model, _ = watched()
    expected: dict[str, HistoryEntry] = {}
    for what, name, updated in steps:
        match what:
            case "put":
                expected[name] = entry(name, updated)
                model.put(expected[name])
            case "remove":
                expected.pop(name, None)
                model.remove(name)
            case "busy":
                model.set_busy(name, True)
            case _:
                model.reset(list(expected.values()))
        times = [model.entry(row).updated for row in range(model.rowCount())]
        assert times == sorted(times, reverse=True)
        assert sorted(ids(model)) == sorted(expected)
        assert all(expected[model.entry(row).id].updated == times[row] for row in range(len(times)))
