"""Heights of things that stand one below the other, in a Fenwick tree: a change costs the logarithm of their number."""

from __future__ import annotations

from collections.abc import Iterable


class Heights:
    """A list of heights that knows where each one begins, and what stands at a height."""

    __slots__ = ("_tree", "_values", "total")

    def __init__(self, values: Iterable[float] = ()) -> None:
        self._values = list(values)
        self.total = float(sum(self._values))
        tree = [0.0, *self._values]
        size = len(tree)
        for i in range(1, size):
            above = i + (i & -i)
            if above < size:
                tree[above] += tree[i]
        self._tree = tree  # tree[i] is the sum of the values (i - lowest bit of i, i]

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, index: int) -> float:
        return self._values[index]

    def append(self, height: float) -> None:
        tree = self._tree
        i = len(tree)
        total, j, low = height, i - 1, i - (i & -i)
        while j > low:
            total += tree[j]
            j &= j - 1
        tree.append(total)
        self._values.append(height)
        self.total += height

    def truncate(self, count: int) -> None:
        """Keeps the first `count`."""
        self.total = self.top(count)
        del self._tree[count + 1 :]
        del self._values[count:]

    def set(self, index: int, height: float) -> float:
        """Returns by how much it grew."""
        change = height - self._values[index]
        if change:
            self._values[index] = height
            self.total += change
            i, tree, size = index + 1, self._tree, len(self._tree)
            while i < size:
                tree[i] += change
                i += i & -i
        return change

    def top(self, index: int) -> float:
        """The sum of those before `index`."""
        total, i, tree = 0.0, index, self._tree
        while i > 0:
            total += tree[i]
            i &= i - 1
        return total

    def at(self, y: float) -> int:
        """The index of what stands at `y`, held at both ends; 0 where there is nothing."""
        size, tree = len(self._values), self._tree
        found, step = 0, 1 << max(size.bit_length() - 1, 0)
        while step:
            after = found + step
            if after <= size and tree[after] <= y:
                found = after
                y -= tree[after]
            step >>= 1
        return min(found, max(size - 1, 0))
