"""The blocks of a message one below the other: a height for each, an item only for those that are near the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from coderapp.text.blocks import LINE_BREAK, TOP, Block, CodeBlock, Place, RuleBlock, TableBlock, TextBlock
from coderapp.widgets import metrics
from coderapp.widgets.conversation.code_item import CodeItem, CodeState
from coderapp.widgets.conversation.heights import Heights
from coderapp.widgets.conversation.items import BlockItem, TextItem, left_of
from coderapp.widgets.conversation.style import DocumentStyle
from coderapp.widgets.conversation.table_item import TableItem

Make = Callable[[Block, CodeState], BlockItem]


class Body:
    """`blocks` with the space that each takes. Heights are estimates until a block was near the screen; an estimate
    includes the gap above the block.
    """

    def __init__(self, make: Make) -> None:
        """`make(block, state)` gives the item that shows a block."""
        self.blocks: list[Block] = []
        self.heights = Heights()
        self.items: dict[int, BlockItem] = {}
        self.wrap = False
        """How code starts."""
        self._last_change: float | None = None
        self.fold = False
        """Whether long code starts folded."""
        self._states: dict[int, CodeState] = {}
        self._measured: set[int] = set()  # blocks whose item is laid out as it is to be
        self._make = make
        self._width = 1.0
        self._style: DocumentStyle | None = None

    # content

    def change(self, first: int, blocks: Sequence[Block]) -> float:
        """The blocks from `first` on are now `blocks`. Returns the height from which on it may look different."""
        grown = self.items.pop(first, None) if blocks and first < len(self.blocks) else None
        for index in [index for index in self.items if index >= first]:
            self.items.pop(index).release()
        self._measured -= {index for index in self._measured if index >= first}
        for index in [index for index in self._states if index >= first]:
            del self._states[index]
        del self.blocks[first:]
        self.heights.truncate(min(first, len(self.heights)))
        top = self.heights.total
        for index, block in enumerate(blocks, first):
            self.blocks.append(block)
            self.heights.append(self._gap(index) + self._estimate(index))
        if grown is not None:
            top += self._grow_into(first, grown)
            grown.release()
        return top

    def _grow_into(self, index: int, old: BlockItem) -> float:
        """A paragraph that got longer takes over what it was."""
        block = self.blocks[index]
        if not isinstance(old, TextItem) or not isinstance(block, TextBlock):
            return 0.0
        new = self._new_item(index)
        if not isinstance(new, TextItem):
            return 0.0
        same_gap = old.gap == self._gap(index)
        changed = new.adopt(old)
        self._put(index, new)
        return new.gap + changed if same_gap and changed else 0.0

    def replace_lead(self, count: int, blocks: Sequence[Block]) -> None:
        """The first `count` blocks are now `blocks`; those behind stay as they are, with what was chosen for them."""
        shift = len(blocks) - count
        for index in [index for index in self.items if index < count]:
            self.items.pop(index).release()
        behind = [self.heights[index] - self._gap(index) for index in range(count, len(self.blocks))]
        self.blocks[:count] = blocks
        self.items = {index + shift: item for index, item in self.items.items()}
        self._states = {index + shift: state for index, state in self._states.items() if index >= count}
        self._measured = {index + shift for index in self._measured if index >= count}
        lead = len(blocks)
        self.heights = Heights(
            self._gap(index) + (self._estimate(index) if index < lead else behind[index - lead])
            for index in range(len(self.blocks))
        )
        if (first := self.items.get(lead)) is not None:
            self._put(lead, first)

    def grew(self, index: int, kept: int) -> float:
        """The code or table at `index` got longer in place. Returns the height from which on it may look different."""
        item = self.items.get(index)
        top = self.heights.top(index) + self._gap(index)
        if item is None:
            self.heights.set(index, self._gap(index) + self._estimate(index))
            return top
        block = self.blocks[index]
        if isinstance(item, CodeItem) and isinstance(block, CodeBlock):
            before = top
            top += item.grew(kept)
            self._last_change = before + item.bottom_of_line(len(block.lines) - 1) if top > before else None
        elif isinstance(item, TableItem):
            changed = top + item.top_of_row(kept)
            columns = item.columns
            item.grew(kept)
            if self._style is not None:
                self._measure(index, item, self._style)
            return changed if item.columns == columns else top  # a wider column moves all of the table
        if self._style is not None:
            self._measure(index, item, self._style)
        return top

    def take_last_change(self) -> float | None:
        """Where ends what the last `grew` changed, if that is above the end; asked for once."""
        found, self._last_change = self._last_change, None
        return found

    def _put(self, index: int, item: BlockItem) -> None:
        item.gap = self._gap(index)
        item.joined = _shared(self._place(index - 1), item.place) if index else 0
        self.items[index] = item

    def _place(self, index: int) -> Place:
        return self.blocks[index].place if index >= 0 else TOP

    def _gap(self, index: int) -> float:
        """The space above a block."""
        if not index:
            return 0.0
        block = self.blocks[index]
        if isinstance(block, TextBlock) and block.continued:
            return 0.0
        above = self.blocks[index - 1]
        same_list = (
            block.place.marker and isinstance(above, TextBlock) and "l" in above.place.path and "l" in block.place.path
        )
        return float(metrics.ITEM_GAP if same_list else metrics.BLOCK_GAP)

    # geometry

    def set_width(self, width: float, style: DocumentStyle) -> bool:
        """True where the width or the style is another; then all heights are estimates again."""
        if width == self._width and style is self._style:
            return False
        self._width, self._style = width, style
        self.heights = Heights(self._gap(index) + self._estimate(index) for index in range(len(self.blocks)))
        self._measured.clear()
        for index, item in self.items.items():
            self._measure(index, item, style)
        return True

    def realise(self, top: float, bottom: float) -> bool:
        """Measures the blocks between two heights. True where one is higher or lower than was thought."""
        if self._style is None or not self.blocks:
            return False
        changed = False
        index = self.heights.at(max(top, 0.0))
        y = self.heights.top(index)
        size = len(self.blocks)
        while index < size and y < bottom:
            if index in self._measured:
                y += self.heights[index]
                index += 1
                continue
            item = self.items.get(index)
            if item is None:
                item = self._new_item(index)
                self._put(index, item)
            changed |= self._measure(index, item, self._style)
            if isinstance(item, TableItem) and item.realise(top - y, bottom - y, self._style):
                self.heights.set(index, item.gap + item.height)
                changed = True
            y += self.heights[index]
            index += 1
        return changed

    def _measure(self, index: int, item: BlockItem, style: DocumentStyle) -> bool:
        item.layout(self._width, style)
        if not isinstance(item, TableItem):  # its rows are measured where they are seen
            self._measured.add(index)
        return self.heights.set(index, item.gap + item.height) != 0

    def item(self, index: int) -> BlockItem:
        """The item of a block, made and measured if it is far from the screen."""
        found = self.items.get(index)
        if found is None:
            found = self._new_item(index)
            self._put(index, found)
            if self._style is not None:
                self._measure(index, found, self._style)
        return found

    def measure(self, index: int) -> None:
        """An item was unfolded, wrapped or the like."""
        item = self.items.get(index)
        if item is not None and self._style is not None:
            self._measure(index, item, self._style)

    def drop_outside(self, top: float, bottom: float) -> None:
        """Lets go of the items that are not between two heights; measured heights stay."""
        if not self.items:
            return
        first, last = self.heights.at(top), self.heights.at(bottom)
        for index in [index for index in self.items if not first <= index <= last]:
            self.items.pop(index).release()
            self._measured.discard(index)

    def release(self) -> None:
        """Nothing is shown any more."""
        for item in self.items.values():
            item.release()
        self.items.clear()
        del self._make

    def top(self, index: int) -> float:
        """Where a block begins, below its gap."""
        return self.heights.top(index) + (self._gap(index) if index < len(self.blocks) else 0.0)

    def at(self, y: float) -> int:
        """The block at a height; the gap above it is its own. -1 where there is none."""
        return self.heights.at(max(y, 0.0)) if self.blocks else -1

    def between(self, top: float, bottom: float) -> Iterator[tuple[int, BlockItem, float]]:
        """(index, item, top) of the blocks between two heights that are laid out."""
        if not self.blocks:
            return
        index = self.heights.at(max(top, 0.0))
        y = self.heights.top(index)
        while index < len(self.blocks) and y <= bottom:
            item = self.items.get(index)
            if item is not None:
                yield index, item, y + item.gap
            y += self.heights[index]
            index += 1

    def state(self, index: int) -> CodeState:
        """What was chosen for a block of code."""
        found = self._states.get(index)
        if found is None:
            found = self._states[index] = CodeState(self.wrap, self.fold)
        return found

    def _new_item(self, index: int) -> BlockItem:
        block = self.blocks[index]
        return self._make(block, self.state(index) if isinstance(block, CodeBlock) else CodeState())

    def _estimate(self, index: int) -> float:
        block, style = self.blocks[index], self._style
        if style is None:
            return 20.0
        line = style.text_line_height
        if isinstance(block, CodeBlock):
            lines = len(block.lines)
            if lines > metrics.CODE_FOLDS_FROM and block.closed and self.state(index).folded:
                return metrics.CODE_HEADER + metrics.CODE_FOLD + metrics.CODE_FOLDED_LINES * style.code_height
            return metrics.CODE_HEADER + 2 * metrics.CODE_PADDING_Y + lines * style.code_height
        if isinstance(block, TextBlock):
            room = max(self._width - left_of(block.place), 40.0)
            lines = int(len(block.text) * style.average_width / room) + 1 + block.text.count(LINE_BREAK)
            return lines * line + (metrics.HEADING_SPACE if block.level else 0)
        if isinstance(block, TableBlock):
            return len(block.rows) * (line + 2 * metrics.CELL_PADDING_Y) + 1
        return float(metrics.RULE_HEIGHT) if isinstance(block, RuleBlock) else 3 * line


def _shared(one: Place, other: Place) -> int:
    """How many steps of their paths two neighbours share."""
    count = 0
    for a, b in zip(one.path, other.path, strict=False):
        if a != b:
            break
        count += 1
    return count
