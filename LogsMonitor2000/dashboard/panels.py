"""One panel: a frame, the values of a field with their numbers, how many there are."""

from __future__ import annotations

from collections.abc import Sequence

from ..action.style import Style
from ..text import cells, elided, printable
from .grid import Grid
from .model import Line, Panel
from .view import SORTS, PanelState

TITLES = {
    "section": "Sections",
    "path": "Paths",
    "source": "Sources",
    "status": "Status",
    "agent": "Agents",
    "referrer": "Referrers",
    "method": "Methods",
    "user": "Users",
    "health": "Health",
}
KEY_CELLS_MIN = 10
KEY_CELLS_USUAL = 15
KEY_CELLS_MAX = 120
KEY_BYTES = 4 * KEY_CELLS_MAX
CLASS_MARKS = {b"2": "✓", b"3": "→", b"4": "!", b"5": "✗"}

COLUMNS = (("hits", "hits", 8), ("rate", "/s", 6), ("errors", "5xx%", 6), ("bytes", "size", 6), ("change", "Δ", 7))
"""Of a panel besides the value: what it is sorted by, its title, its cells. The last ones are left out where there is no room."""

Column = tuple[str, str, int]
Box = tuple[int, int, int, int]
"""Row, column, width, height."""


class Frame:
    """Draws the border of a box, with a title above and a word below."""

    def __init__(self, grid: Grid, style: Style) -> None:
        self._grid = grid
        self._edges = "┌─┐│└┘" if style.unicode else "+-+|++"

    def draw(self, box: Box, title: str, below: str, role: str) -> None:
        y, x, width, height = box
        left, across, right, side, low_left, low_right = tuple(self._edges)
        self._grid.put(y, x, left + across * (width - 2) + right, role)
        for row in range(y + 1, y + height - 1):
            self._grid.put(row, x, side, role)
            self._grid.put(row, x + width - 1, side, role)
        self._grid.put(y + height - 1, x, low_left + across * (width - 2) + low_right, role)
        self._grid.put(y, x + 1, title, "title" if role else "dim", width - 2)
        if below:
            self._grid.put(y + height - 1, max(x + 1, x + width - 1 - len(below)), below, role or "dim", width - 2)


class PanelText:
    """Draws panels on `grid`."""

    def __init__(self, grid: Grid, style: Style) -> None:
        self._grid = grid
        self._style = style
        self._frame = Frame(grid, style)

    def draw(self, box: Box, number: int, name: str, panel: Panel, state: PanelState, *, is_focused: bool) -> None:
        """A panel of a field: the window of its values that has the cursor in it."""
        y, x, width, height = box
        rows = height - 2
        state.cursor = max(0, min(state.cursor, len(panel.lines) - 1))
        start = max(0, min(state.cursor - rows // 2, len(panel.lines) - rows + bool(panel.other)))
        visible = panel.lines[start : start + rows]
        columns = _columns(width, max((cells(self._name(name, line)) for line in visible), default=0))
        about = "" if not panel.is_approximate else "≈" if self._style.unicode else "~"
        below = f" {about}{min(len(panel.lines), start + rows):,} of {panel.distinct:,}"
        self._frame.draw(box, f"{number} {TITLES[name]}", below, "bold" if is_focused else "")
        self._titles(y, x + width - 1 - sum(taken for _, _, taken in columns), columns, state)
        for row, line in enumerate(visible, y + 1):
            at = is_focused and row - y - 1 + start == state.cursor
            self._line((row, x + 1, width - 2, 1), name, line, columns, at=at)
        if panel.other and len(visible) < rows:
            other = Line(b"(other)", panel.other, 0, 0)
            self._line((y + 1 + len(visible), x + 1, width - 2, 1), "", other, columns, at=False)

    def _titles(self, y: int, x: int, columns: Sequence[Column], state: PanelState) -> None:
        down, up = ("▼", "▲") if self._style.unicode else ("v", "^")
        for order, title, taken in columns:
            is_sorted_by = SORTS[state.sort] == order
            text = (title if title.isascii() or self._style.unicode else "chg") + (up if state.reverse else down) * is_sorted_by
            self._grid.put(y, x, f"{text:>{taken}}", "title" if is_sorted_by else "dim")
            x += taken

    def _line(self, box: Box, name: str, line: Line, columns: Sequence[Column], *, at: bool) -> None:
        y, x, width, _ = box
        numbers = x + width - sum(taken for _, _, taken in columns)
        role = f"{line.value[:1].decode()}xx" if name == "status" and line.value and line.value.isdigit() else ""
        self._grid.put(y, x, ">" if at else " ", "bold")
        shown = elided(self._name(name, line), min(KEY_CELLS_MAX, numbers - x - 2), self._style.ellipsis)
        self._grid.put(y, x + 1, shown, role)
        place = numbers
        for order, _, taken in columns:
            is_failing = order == "errors" and line.errors
            self._grid.put(y, place, f"{_cell(order, line):>{taken}}", "5xx" if is_failing else "")
            place += taken
        if at:
            self._grid.paint(y, x, width, "reverse")

    def _name(self, name: str, line: Line) -> str:
        text = printable((b"-" if line.value is None else line.value)[:KEY_BYTES])
        mark = CLASS_MARKS.get((line.value or b"")[:1]) if name == "status" and self._style.unicode else None
        return f"{mark} {text}" if mark else text


def _columns(width: int, longest: int) -> Sequence[Column]:
    """The columns for which there is room beside values of up to `longest` cells."""
    wanted = max(KEY_CELLS_MIN, min(longest, KEY_CELLS_USUAL))
    columns = list(COLUMNS)
    while len(columns) > 1 and width - 4 - sum(taken for _, _, taken in columns) < wanted:
        columns.pop()
    return columns


def _cell(order: str, line: Line) -> str:
    if order == "rate":
        return f"{line.rate:.1f}" if line.rate else ""
    if order == "errors":
        return f"{100 * line.errors / line.hits:.1f}" if line.errors else ""
    if order == "bytes":
        return short_size(line.bytes) if line.bytes else ""
    if order == "change":
        return f"{line.change:+,}" if line.change else ""
    return f"{line.hits:,}"


def short_size(count: float) -> str:
    """`812`, `4.6K`, `1.1G`: bytes in five cells."""
    for unit in ("", "K", "M", "G", "T"):
        if count < 999.5 or unit == "T":
            return f"{count:.0f}{unit}" if not unit or count >= 99.5 else f"{count:.1f}{unit}"
        count /= 1024
    raise AssertionError
