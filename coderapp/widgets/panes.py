"""The three panes side by side: how wide they are, which are hidden, and what gives way in a narrow window."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter, QWidget

from coderapp.qt.books import StateBook
from coderapp.widgets import metrics


class Panes(QSplitter):
    """History, conversation, parameters. Signals: `changed()`: which are shown, or how wide they are."""

    changed = Signal()

    def __init__(self, history: QWidget, middle: QWidget, panel: QWidget, state: StateBook) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._history = history
        self._panel = panel
        self._state = state
        self._gave_way: set[str] = set()  # sides hidden for want of room, by the name of their state
        self._wide_sides: tuple[int, int] | None = None  # the sides' widths before they shrank for want of room
        history.setMinimumWidth(metrics.HISTORY_LEAST)
        panel.setMinimumWidth(metrics.PANEL_LEAST)
        self.setHandleWidth(1)
        for widget in (history, middle, panel):
            self.addWidget(widget)
        self.setCollapsible(1, False)
        self.setStretchFactor(1, 1)
        self.splitterMoved.connect(lambda *_: self.changed.emit())

    # which are shown

    @property
    def shows_history(self) -> bool:
        return self._history.isVisibleTo(self)

    @property
    def shows_panel(self) -> bool:
        return self._panel.isVisibleTo(self)

    def show_history(self, visible: bool) -> None:
        self._set_visible(self._history, "history_hidden", visible)

    def show_panel(self, visible: bool) -> None:
        self._set_visible(self._panel, "parameters_hidden", visible)

    def _set_visible(self, side: QWidget, name: str, visible: bool) -> None:
        self._gave_way.discard(name)
        side.setVisible(visible)
        self.changed.emit()

    # over restarts

    @property
    def are_known(self) -> bool:
        """Whether widths were kept."""
        return isinstance(self._state.get("panes"), list)

    def restore(self) -> None:
        sizes = self._state.get("panes")
        if isinstance(sizes, list) and len(sizes) == 3 and all(isinstance(size, int) and size >= 0 for size in sizes):
            self.setSizes(sizes)
        self._history.setVisible(self._state.get("history_hidden") is not True)
        self._panel.setVisible(self._state.get("parameters_hidden") is not True)

    def keep(self) -> None:
        if self._history.isVisible() and self._panel.isVisible():
            self._state.set("panes", self.sizes())
        for side, name in ((self._history, "history_hidden"), (self._panel, "parameters_hidden")):
            if name not in self._gave_way:
                self._state.set(name, side.isHidden())

    # widths. All of them take the window's: the splitter itself is resized after it

    def set_first_sizes(self, width: int) -> None:
        """Where none are known yet."""
        left, right = metrics.HISTORY_WIDTH, metrics.PANEL_WIDTH
        if width - left - right < metrics.PANE_COMFORTABLE:
            self._wide_sides = (left, right)
            left, right = metrics.HISTORY_LEAST, metrics.PANEL_LEAST
        self.setSizes([left, width - left - right, right])

    def adapt(self, width: int, *, narrowed: bool) -> None:
        """The conversation comes first: where the window is made narrow, the sides shrink, and then give way."""
        for side, name, least in (
            (self._panel, "parameters_hidden", metrics.PANEL_FROM),
            (self._history, "history_hidden", metrics.HISTORY_FROM),
        ):
            if width < least and side.isVisibleTo(self):
                self._gave_way.add(name)
                side.hide()
            elif width >= least and name in self._gave_way:
                self._gave_way.discard(name)
                side.show()
        left, _, right = self.sizes()
        middle = width - left - right
        if (
            narrowed
            and middle < metrics.PANE_COMFORTABLE
            and (left > metrics.HISTORY_LEAST or right > metrics.PANEL_LEAST)
        ):
            before = self._wide_sides or (metrics.HISTORY_LEAST, metrics.PANEL_LEAST)
            self._wide_sides = (
                left if left > metrics.HISTORY_LEAST else before[0],
                right if right > metrics.PANEL_LEAST else before[1],
            )
            left, right = min(left, metrics.HISTORY_LEAST), min(right, metrics.PANEL_LEAST)
            self.setSizes([left, width - left - right, right])
        elif not narrowed:
            self._give_back(width)
        self.changed.emit()

    def _give_back(self, width: int) -> None:
        """The sides get back the widths that they shrank from, once there is room; not where they were moved since."""
        if self._wide_sides is None or width - sum(self._wide_sides) < metrics.PANE_COMFORTABLE:
            return
        if self._gave_way:
            return  # one is still hidden
        wide, self._wide_sides = self._wide_sides, None
        self.resize(width, self.height())  # as it will be in a moment
        left, _, right = self.sizes()
        left = wide[0] if left == metrics.HISTORY_LEAST else left
        right = wide[1] if right == metrics.PANEL_LEAST else right
        self.setSizes([left, width - left - right, right])
