"""The painted conversation: selected, clicked, scrolled and resized as a person does it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from coderapp.core.conversation import BranchPosition
from coderapp.core.errors import KeyRefused, Problem, Remedy
from coderapp.core.message import Message, Role, TextPart
from coderapp.qt import theme
from coderapp.qt.conversation_model import ConversationModel, Row, RowState
from coderapp.qt.highlighter import Highlighter
from coderapp.widgets.conversation.code_item import CodeItem
from coderapp.widgets.conversation.hot_spots import Action, HotSpot
from coderapp.widgets.conversation.items import TextItem
from coderapp.widgets.conversation.table_item import TableItem
from coderapp.widgets.conversation.view import ConversationView
from tests.helpers.desktop import click_at, clipboard
from tests.helpers.pictures import has_colour
from tests.widgets.conftest import answer, growing, prompt

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
LIGHT = theme.load("light")


def place_of(view: ConversationView, text: str, after: int = 0) -> QPoint:
    """Where the character `after` places on from the first of `text` stands on screen, in the viewport."""
    layout = view._layout
    for index in range(len(layout.rows)):
        item = layout.item(index)
        for number in range(len(item.body.blocks)):
            shown = item.body.item(number)
            at = shown.text().find(text)
            if at < 0:
                continue
            left = layout.left + item.pad
            top = layout.top(index) - layout.offset + item.block_top(number)
            wanted = at + after
            # The item tells which offset lies under a point: the first point with the wanted one is the place.
            for y in range(2, max(3, int(shown.height)), 6):
                for x in range(0, view.viewport().width(), 2):
                    if shown.offset_at(QPointF(x, y)) == wanted:
                        return QPoint(round(left + x + 1), round(top + y))
    raise AssertionError(f"{text!r} is not on screen")


def drag(view: ConversationView, start: QPoint, end: QPoint) -> None:
    port = view.viewport()
    QTest.mousePress(port, LEFT, NONE, start)
    move = QMouseEvent(QEvent.Type.MouseMove, QPointF(end), QPointF(port.mapToGlobal(end)), LEFT, LEFT, NONE)
    QApplication.sendEvent(port, move)
    QTest.mouseRelease(port, LEFT, NONE, end)


def copied(view: ConversationView) -> str:
    QTest.keyClick(view, Qt.Key.Key_C, CONTROL)
    return clipboard()


def picture(view: ConversationView) -> QImage:
    return view.viewport().grab().toImage()


def spots(view: ConversationView, action: Action) -> list[HotSpot]:
    view.viewport().repaint()
    return [spot for spot in view.hot_spots() if spot.action is action]


def press(view: ConversationView, action: Action, number: int = 0) -> None:
    click_at(view, spots(view, action)[number].rect.center().toPoint())


# selection


def test_a_drag_selects_across_blocks_and_messages(view: ConversationView, model: ConversationModel) -> None:
    model.reset([prompt("Please greet"), answer("Good *morning* to you.\n\n- one\n- two\n\n```py\nx = 1\n```")])
    drag(view, place_of(view, "greet"), place_of(view, "x = 1", 3))
    assert copied(view) == "greet\n\nGood morning to you.\n\n• one\n• two\n\nx ="


def test_a_drag_upwards_selects_the_same(view: ConversationView, model: ConversationModel) -> None:
    model.reset([prompt("Please greet"), answer("Good *morning* to you.")])
    drag(view, place_of(view, "morning", 7), place_of(view, "greet"))
    assert copied(view) == "greet\n\nGood morning"


def test_the_selection_is_seen(view: ConversationView, model: ConversationModel) -> None:
    model.reset([answer("Some words to select.")])
    assert not has_colour(picture(view), LIGHT.selection)
    drag(view, place_of(view, "words"), place_of(view, "select"))
    assert has_colour(picture(view), LIGHT.selection)
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert not has_colour(picture(view), LIGHT.selection)


def test_shift_click_extends(view: ConversationView, model: ConversationModel) -> None:
    model.reset([answer("One two three four.")])
    QTest.mouseClick(view.viewport(), LEFT, NONE, place_of(view, "two"))
    QTest.mouseClick(view.viewport(), LEFT, SHIFT, place_of(view, "four"))
    assert copied(view) == "two three "


def test_a_double_click_selects_a_word(view: ConversationView, model: ConversationModel) -> None:
    model.reset([answer("Call `snake_case_name` now.")])
    at = place_of(view, "snake_case_name", 5)
    QTest.mouseClick(view.viewport(), LEFT, NONE, at)
    QTest.mouseDClick(view.viewport(), LEFT, NONE, at)
    assert copied(view) == "snake_case_name"


def test_a_click_clears_the_selection(view: ConversationView, model: ConversationModel) -> None:
    model.reset([answer("One two three.")])
    drag(view, place_of(view, "two"), place_of(view, "three"))
    assert view.selected_text() == "two "
    QTest.mouseClick(view.viewport(), LEFT, NONE, place_of(view, "three"))
    assert view.selected_text() == ""


def test_select_all_takes_what_is_not_on_screen_too(view: ConversationView, model: ConversationModel) -> None:
    model.reset([answer("\n\n".join(f"Paragraph {n}." for n in range(200)), f"a{k}") for k in range(3)])
    QTest.keyClick(view, Qt.Key.Key_A, CONTROL)
    assert copied(view).count("Paragraph") == 600


def test_characters_of_two_units_before_the_selection(view: ConversationView, model: ConversationModel) -> None:
    model.reset([answer("😀😀 smile **bold** end\n\n```py\ns = '😀😀' + other\n```")])
    drag(view, place_of(view, "smile"), place_of(view, "bold"))
    assert copied(view) == "smile "
    at = place_of(view, "other", 2)
    QTest.mouseClick(view.viewport(), LEFT, NONE, at)
    QTest.mouseDClick(view.viewport(), LEFT, NONE, at)
    assert copied(view) == "other"


def test_the_style_stands_on_its_words_behind_an_emoji(
    qtbot: QtBot, view: ConversationView, model: ConversationModel
) -> None:
    """A link behind wide characters is coloured and clicked where its words are."""
    model.reset([answer("😀😀😀😀 [click](https://example.org/) words after it")])
    with qtbot.waitSignal(view.link_activated, timeout=1000) as clicked:
        click_at(view, place_of(view, "click", 4))
    assert clicked.args == ["https://example.org/"]
    with qtbot.assertNotEmitted(view.link_activated):
        click_at(view, place_of(view, "words", 2))
    image = picture(view)
    after = place_of(view, "words", 1).x()
    link = QColor(LIGHT.link)
    assert not any(image.pixelColor(x, y) == link for y in range(image.height()) for x in range(after, image.width()))


def test_code_behind_an_emoji_is_coloured_where_it_stands(
    qtbot: QtBot, view: ConversationView, model: ConversationModel, highlighter: Highlighter
) -> None:
    model.reset([answer("```python\ns = '😀😀😀😀'; return None\n```")])
    picture(view)
    qtbot.waitUntil(lambda: not highlighter.pending)
    image = picture(view)
    keyword = QColor(LIGHT.code_keyword)
    begin, end = place_of(view, "return").x(), place_of(view, "return", 6).x()
    coloured = [x for x in range(image.width()) for y in range(image.height()) if image.pixelColor(x, y) == keyword]
    inside = [x for x in coloured if begin - 2 <= x <= end + 1]
    assert inside
    assert min(coloured) >= begin - 2


# links, raw HTML


def test_a_click_on_a_link_is_reported_and_a_drag_is_not(
    qtbot: QtBot, view: ConversationView, model: ConversationModel
) -> None:
    model.reset([answer("See [the docs](https://example.org/a) for more, or <https://example.org/b>.")])
    with qtbot.waitSignal(view.link_activated, timeout=1000) as clicked:
        click_at(view, place_of(view, "the docs", 3))
    assert clicked.args == ["https://example.org/a"]
    with qtbot.assertNotEmitted(view.link_activated):
        drag(view, place_of(view, "the docs", 1), place_of(view, "for more"))
    assert copied(view) == "he docs "


def test_raw_html_is_text(view: ConversationView, model: ConversationModel) -> None:
    raw = '<script>alert(1)</script>\n\n<b>bold</b> <img src="https://example.org/x.png"> end'
    model.reset([answer(raw)])
    view.select_all()
    text = view.selected_text()
    for piece in ("<script>alert(1)</script>", "<b>bold</b>", '<img src="https://example.org/x.png">'):
        assert piece in text


# hot spots


def test_copy_and_save_of_code(qtbot: QtBot, view: ConversationView, model: ConversationModel) -> None:
    model.reset([answer("```js title=app.js\nlet a = 1;\n\nlet b;\n```\n\n```python\npass\n```")])
    press(view, Action.COPY_CODE)
    assert clipboard() == "let a = 1;\n\nlet b;"
    with qtbot.waitSignal(view.save_code_requested, timeout=1000) as wanted:
        press(view, Action.SAVE_CODE)
    assert wanted.args == ["let a = 1;\n\nlet b;\n", "app.js"]
    with qtbot.waitSignal(view.save_code_requested, timeout=1000) as wanted:
        press(view, Action.SAVE_CODE, 1)
    assert wanted.args[0] == "pass\n"
    assert wanted.args[1].endswith(".py")


def test_places_under_messages(qtbot: QtBot, view: ConversationView, model: ConversationModel) -> None:
    model.reset([prompt("Hi"), Row(answer("Hello").message, BranchPosition(1, 3))])
    with qtbot.waitSignal(view.edit_requested, timeout=1000) as edit:
        press(view, Action.EDIT)
    assert edit.args == ["p1"]
    with qtbot.waitSignal(view.regenerate_requested, timeout=1000) as again:
        press(view, Action.REGENERATE)
    assert again.args == ["a1"]
    steps = []
    view.branch_requested.connect(lambda name, step: steps.append((name, step)))
    press(view, Action.PREVIOUS)
    press(view, Action.NEXT)
    assert steps == [("a1", -1), ("a1", 1)]


def test_the_first_and_last_branch_go_no_further(
    qtbot: QtBot, view: ConversationView, model: ConversationModel
) -> None:
    model.reset([Row(answer("Hello").message, BranchPosition(0, 2))])
    with qtbot.assertNotEmitted(view.branch_requested):
        press(view, Action.PREVIOUS)
    with qtbot.waitSignal(view.branch_requested, timeout=1000):
        press(view, Action.NEXT)


def test_an_error_offers_its_remedy(qtbot: QtBot, view: ConversationView, model: ConversationModel) -> None:
    model.reset([answer("", problem=Problem.of(KeyRefused("The key was refused.", raw="{}")))])
    with qtbot.waitSignal(view.remedy_requested, timeout=1000) as remedy:
        press(view, Action.REMEDY)
    assert remedy.args == ["a1", Remedy.EDIT_KEY]
    with qtbot.waitSignal(view.retry_requested, timeout=1000):
        press(view, Action.RETRY)
    with qtbot.waitSignal(view.raw_requested, timeout=1000):
        press(view, Action.SHOW_RAW)
    assert has_colour(picture(view), LIGHT.error_background)


def test_tab_goes_through_the_places_and_enter_acts(
    qtbot: QtBot, view: ConversationView, model: ConversationModel
) -> None:
    model.reset([prompt("Hi"), answer("```js\nlet a;\n```")])
    view.setFocus()
    names = []
    for _ in view.hot_spots():
        QTest.keyClick(view, Qt.Key.Key_Tab)
        names.append(view.accessibleDescription())
    assert names == [spot.label for spot in view.hot_spots()]
    for _ in range(3):
        QTest.keyClick(view, Qt.Key.Key_Backtab)
    assert view.accessibleDescription() == "Copy code"
    QTest.keyClick(view, Qt.Key.Key_Return)
    assert clipboard() == "let a;"


def test_the_focused_place_is_seen(view: ConversationView, model: ConversationModel) -> None:
    model.reset([prompt("Hi"), answer("```js\nlet a;\n```")])
    view.activateWindow()
    view.setFocus()
    assert not has_colour(picture(view), LIGHT.focus_ring)
    QTest.keyClick(view, Qt.Key.Key_Tab)
    assert has_colour(picture(view), LIGHT.focus_ring)


def test_places_below_the_screen_are_reached_by_tab(view: ConversationView, model: ConversationModel) -> None:
    code = "```js\n" + "\n".join(f"line{n}();" for n in range(30)) + "\n```"
    model.reset([prompt("Hi"), answer(f"{code}\n\n{code}\n\n{code}")])
    view.go_to_top()
    view.setFocus()
    layout = view._layout
    total = sum(len(layout.item(row).spots.everything(layout.style)) for row in range(len(layout.rows)))
    seen = set()
    for _ in range(total):
        QTest.keyClick(view, Qt.Key.Key_Tab)
        seen.add(view._keyboard.focused)
        focused = view._keyboard.focused_spot()
        assert focused is not None
        top = layout.top(focused[0]) + focused[1].rect.top() - view.scroll_position()
        assert 0 <= top <= view.viewport().height() - focused[1].rect.height()
    assert len(seen) == total


# layout


def test_blocks_stand_below_one_another_within_the_column(view: ConversationView, model: ConversationModel) -> None:
    text = (
        "# Title\n\nWords and words.\n\n> quoted\n>\n> - in a list\n\n1. first\n2. second\n   - nested\n\n"
        "- [x] done\n- [ ] open\n\n| a | b |\n|---|--:|\n| long words in a cell | 1 |\n\n---\n\n"
        "~~gone~~\n\n```py\nx\n```"
    )
    model.reset([answer(text)])
    view.viewport().repaint()
    item = view._layout.item(0)
    bottom = 0.0
    for number in range(len(item.body.blocks)):
        shown = item.body.item(number)
        assert item.block_top(number) >= bottom, "blocks overlap"
        assert shown.height > 0
        bottom = item.block_top(number) + shown.height
    assert item.height >= bottom
    view.select_all()
    text = view.selected_text()
    assert "second\n◦ nested\n[x] done\n[ ] open\n\na\tb" in text
    assert "quoted\n\n• in a list\n\n1. first" in text
    assert "long words in a cell\t1\n\ngone" in text
    places = [block.place for block in item.body.blocks]
    assert [place.task for place in places if place.task is not None] == [True, False]
    assert any(place.path == "ql" for place in places)


def test_a_ticked_task_is_drawn(view: ConversationView, model: ConversationModel) -> None:
    model.reset([answer("- [ ] open")])
    assert not has_colour(picture(view), LIGHT.accent)
    model.reset([answer("- [x] done")])
    assert has_colour(picture(view), LIGHT.accent)


def test_quote_bars_are_drawn(view: ConversationView, model: ConversationModel) -> None:
    model.reset([answer("> words")])
    assert has_colour(picture(view), LIGHT.quote_bar)


def test_a_wide_table_breaks_its_cells_within_the_column(view: ConversationView, model: ConversationModel) -> None:
    wide = " ".join(["word"] * 60)
    model.reset([answer(f"| short | long |\n|---|---|\n| a | {wide} |")])
    view.viewport().repaint()
    table = view._layout.item(0).body.item(0)
    assert isinstance(table, TableItem)
    assert sum(table._columns) <= view._layout.column + 1
    assert table.height > 100


def test_headings_are_larger(view: ConversationView, model: ConversationModel) -> None:
    model.reset([answer("# One\n\ntext")])
    view.viewport().repaint()
    first, second = (view._layout.item(0).body.item(number) for number in range(2))
    assert isinstance(first, TextItem)
    assert first.height > 1.4 * second.height


def code_of(view: ConversationView) -> CodeItem:
    view.viewport().repaint()
    bodies = [view._layout.item(row).body for row in range(len(view._layout.rows))]
    return next(item for body in bodies for item in body.items.values() if isinstance(item, CodeItem))


LONG_LINE = "```py\n" + "value = " + " + ".join(f"number_{n}" for n in range(40)) + "\nshort\n```"


def test_wrapping_shows_all_of_a_long_line_and_back(view: ConversationView, model: ConversationModel) -> None:
    model.reset([answer(LONG_LINE)])
    assert code_of(view).overflows
    before = code_of(view).height
    press(view, Action.WRAP_CODE)
    assert code_of(view).wrapped
    assert not code_of(view).overflows
    assert code_of(view).height > before
    assert spots(view, Action.WRAP_CODE)[0].label == "Don't wrap lines"
    drag(view, place_of(view, "number_39"), place_of(view, "short", 5))
    assert copied(view) == "number_39\nshort"
    press(view, Action.WRAP_CODE)
    assert code_of(view).height == before


def test_long_lines_scroll_sideways(view: ConversationView, model: ConversationModel) -> None:
    model.reset([answer(LONG_LINE)])
    code = code_of(view)
    at = QPointF(place_of(view, "value"))
    wheel = QWheelEvent(
        at, QPointF(view.viewport().mapToGlobal(at.toPoint())), QPoint(), QPoint(-240, 0), Qt.MouseButton.NoButton,
        NONE, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view.viewport(), wheel)
    assert 0 < code.scroll_x <= code.most_scroll
    for _ in range(60):
        QApplication.sendEvent(view.viewport(), wheel)
    assert code.scroll_x == code.most_scroll
    assert place_of(view, "number_39", 9).x() <= view.viewport().width()


def test_the_sideways_bar_can_be_dragged(view: ConversationView, model: ConversationModel) -> None:
    model.reset([answer(LONG_LINE)])
    code = code_of(view)
    top = view._layout.top(0) - view.scroll_position() + view._layout.item(0).block_top(0)
    thumb = code.thumb().translated(view._layout.left, top).center().toPoint()
    drag(view, thumb, thumb + QPoint(60, 0))
    assert code.scroll_x > 0
    assert view.selected_text() == ""


def test_code_blocks_start_as_the_setting_says(view: ConversationView, model: ConversationModel) -> None:
    view.set_wrap_code(True)
    model.reset([answer(LONG_LINE)])
    assert code_of(view).wrapped


# streaming and scrolling


def grow(model: ConversationModel, text: str) -> None:
    for start in range(0, len(text), 50):
        model.append_text(len(model.rows) - 1, text[start : start + 50])
    QTest.qWait(100)  # what did not fit in a frame, and the scroll bar, come after


PARAGRAPHS = "\n\n".join(f"Paragraph {n} has some words in it, enough for a line or so." for n in range(80))


def test_the_view_follows_a_growing_answer(view: ConversationView, model: ConversationModel) -> None:
    model.reset([prompt("Go"), growing()])
    grow(model, PARAGRAPHS)
    bar = view.verticalScrollBar()
    assert bar.maximum() > 1000
    assert bar.value() == bar.maximum()
    assert view.following


def test_it_stays_when_the_user_has_scrolled_up(qtbot: QtBot, view: ConversationView, model: ConversationModel) -> None:
    model.reset([prompt("Go"), growing()])
    grow(model, PARAGRAPHS)
    bar = view.verticalScrollBar()
    with qtbot.waitSignal(view.following_changed, timeout=1000) as changed:
        QTest.keyClick(view, Qt.Key.Key_PageUp)
    assert changed.args == [False]
    before = picture(view)
    at = bar.value()
    grow(model, "\n\n" + PARAGRAPHS)
    assert bar.value() == at
    assert picture(view) == before, "nothing that is on screen moves"
    QTest.keyClick(view, Qt.Key.Key_End)
    assert view.following
    grow(model, "\n\nlast words")
    assert bar.value() == bar.maximum()


@pytest.mark.parametrize("size", [1, 3, 17, 1000])
def test_a_grown_answer_looks_like_a_whole_one(
    qtbot: QtBot, view: ConversationView, model: ConversationModel, highlighter: Highlighter, size: int
) -> None:
    text = (
        "# Head\n\nSome **bold** words\nand more\n\n- a\n- b\n\n> q\n\n```py\ndef f():\n    return 1\n```\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n\nEnd."
    )

    def settled_picture() -> QImage:
        picture(view)
        qtbot.waitUntil(lambda: not highlighter.pending)
        return picture(view)

    model.reset([answer(text)])
    whole = settled_picture()
    model.reset([growing()])
    for start in range(0, len(text), size):
        model.append_text(0, text[start : start + size])
    model.change(0, message=answer(text).message, state=RowState.SETTLED)
    assert settled_picture() == whole


def test_blitted_scrolling_paints_what_a_full_repaint_paints(
    qtbot: QtBot, view: ConversationView, model: ConversationModel
) -> None:
    model.reset([prompt("Go"), answer(PARAGRAPHS)])
    view.go_to_top()
    for _ in range(7):
        QTest.keyClick(view, Qt.Key.Key_Down)
        QApplication.processEvents()
    shown = view.viewport().grab().toImage()
    view.viewport().update()
    QApplication.processEvents()
    assert view.viewport().grab().toImage() == shown


def test_resizing_keeps_the_place(view: ConversationView, model: ConversationModel) -> None:
    long = " ".join(["words that wrap when the window is narrow"] * 6)
    model.reset([answer(f"Mark {n}. {long}", f"a{n}") for n in range(40)])
    view.go_to_top()
    bar = view.verticalScrollBar()
    bar.setValue(round(view._layout.top(20)) + 3)
    assert view._layout.visible().start == 20
    for width in (500, 360, 700):
        view.resize(width, 600)
        QApplication.processEvents()
        assert view._layout.visible().start == 20
    assert abs(view._layout.top(20) - bar.value()) < 30


def test_resizing_keeps_the_end_in_view(view: ConversationView, model: ConversationModel) -> None:
    model.reset([answer(PARAGRAPHS)])
    bar = view.verticalScrollBar()
    assert bar.value() == bar.maximum()
    view.resize(400, 300)
    QApplication.processEvents()
    assert bar.value() == bar.maximum()


def test_scrolling_up_from_the_end_through_estimates_does_not_jump(
    view: ConversationView, model: ConversationModel
) -> None:
    """Heights of messages that were never on screen are estimated; what is on screen keeps its place."""
    model.reset([answer(("word " * (n % 50)) + "\n\n```\na\nb\n```", f"a{n}") for n in range(120)])
    bar = view.verticalScrollBar()
    for _ in range(60):
        first = view._layout.visible().start
        before = view._layout.top(first + 1) - bar.value()
        bar.setValue(bar.value() - 40)
        after = view._layout.top(first + 1) - bar.value()
        assert abs(after - before - 40) <= 1


def test_a_conversation_of_thousands_opens_quickly(view: ConversationView, model: ConversationModel) -> None:
    import time

    rows = [
        Row(Message(f"m{n}", Role.ASSISTANT, (TextPart("Some *words*.\n\n```py\nx = 1\n```"),))) for n in range(5000)
    ]
    begun = time.perf_counter()
    model.reset(rows)
    view.viewport().repaint()
    assert time.perf_counter() - begun < 1.0
    assert len(view._layout.items) < 40


def test_another_theme_repaints_everything(view: ConversationView, model: ConversationModel) -> None:
    dark = theme.load("dark")
    model.reset([prompt("Go"), answer("Words\n\n```py\nx\n```")])
    assert picture(view).pixelColor(2, 2) == QColor(LIGHT.surface)
    view.set_theme(dark)
    image = picture(view)
    assert image.pixelColor(2, 2) == QColor(dark.surface)
    assert has_colour(image, dark.code_background)
    assert not has_colour(image, LIGHT.code_background)
