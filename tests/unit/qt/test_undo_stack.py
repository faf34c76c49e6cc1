"""Several steps back, and forth again."""

from __future__ import annotations

from functools import partial

from coderapp.qt import undo_stack
from coderapp.qt.undo_stack import Step, UndoStack


def filled() -> tuple[UndoStack, list[str]]:
    """Three steps that note what they do."""
    stack = UndoStack()
    course: list[str] = []
    for name in "abc":
        stack.do(f"Did {name}.", partial(course.append, f"+{name}"), partial(course.append, f"-{name}"))
    return stack, course


def test_back_and_forth() -> None:
    stack, course = filled()
    assert stack.next_undo == "Did c."
    stack.undo()
    stack.undo()
    assert (stack.next_undo, stack.next_redo) == ("Did a.", "Did b.")
    stack.redo()
    stack.undo()
    stack.undo()
    stack.undo()
    assert course == ["+a", "+b", "+c", "-c", "-b", "+b", "-b", "-a"]
    assert not stack.can_undo
    stack.redo()
    assert course[-1] == "+a"


def test_something_new_ends_redoing() -> None:
    stack, course = filled()
    stack.undo()
    stack.do("Did d.", lambda: course.append("+d"), lambda: course.append("-d"))
    assert not stack.can_redo
    stack.redo()
    assert course[-1] == "+d"


def test_what_a_step_does_while_it_is_taken_back_redoes_it() -> None:
    stack = UndoStack()
    course: list[str] = []

    def undo() -> None:
        course.append("deleted")
        stack.push(Step("Deleted.", lambda: course.append("restored")))

    stack.push(Step("Continued.", undo))
    stack.undo()
    assert (stack.can_undo, stack.next_redo) == (False, "Continued.")
    stack.redo()
    assert course == ["deleted", "restored"]


def test_a_step_without_a_way_forth_is_gone_once_it_is_taken_back() -> None:
    stack = UndoStack()
    stack.push(Step("", lambda: None))
    stack.undo()
    assert not stack.can_redo


def test_a_step_that_failed_is_dropped() -> None:
    stack, course = filled()
    step = stack.push(Step("Failed.", lambda: course.append("never")))
    stack.drop(step)
    stack.undo()
    assert course[-1] == "-c"


def test_it_remembers_a_bounded_number() -> None:
    stack = UndoStack()
    for number in range(undo_stack.MOST + 5):
        stack.push(Step(str(number), lambda: None))
    last = ""
    while stack.can_undo:
        last = stack.next_undo
        stack.undo()
    assert last == "5"
