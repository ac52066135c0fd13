"""A screen as data: cells that hold a character and a role, drawn on without a terminal, so that tests can read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..text import cells, clipped

Run = tuple[str, str]
"""Text and its role."""


class Grid:
    """`height` rows of `width` cells; the second cell of a wide character is empty. What does not fit is cut off.

    Without `unicode` all that is not ASCII is escaped.
    """

    def __init__(self, width: int, height: int, *, unicode: bool = True) -> None:
        self.width = width
        self.height = height
        self._unicode = unicode
        self._ellipsis = "…" if unicode else "..."
        self._characters = [[" "] * width for _ in range(height)]
        self._roles = [[""] * width for _ in range(height)]

    def put(self, y: int, x: int, text: str, role: str = "", width: int | None = None) -> int:
        """Write `text` from cell `x` of row `y` on, clipped to `width` cells; returns the cell after it."""
        room = max(0, self.width - x if width is None else min(width, self.width - x))
        if not 0 <= y < self.height or x < 0:
            return x
        if not self._unicode and not text.isascii():
            text = text.encode("ascii", "backslashreplace").decode()
        if text.isascii() and len(text) <= room:  # as most are
            self._characters[y][x : x + len(text)] = text
            self._roles[y][x : x + len(text)] = [role] * len(text)
            return x + len(text)
        for character in clipped(text, room, self._ellipsis if room > len(self._ellipsis) else ""):
            taken = cells(character)
            if not taken:  # a combining character joins the one before it
                if x:
                    self._characters[y][x - 1] += character
                continue
            self._characters[y][x] = character
            self._roles[y][x] = role
            if taken == 2 and x + 1 < self.width:
                self._characters[y][x + 1] = ""
                self._roles[y][x + 1] = role
            x += taken
        return x

    def runs(self, y: int, x: int, runs: Sequence[Run]) -> int:
        """Write several texts one after the other."""
        for text, role in runs:
            x = self.put(y, x, text, role)
        return x

    def paint(self, y: int, x: int, width: int, role: str) -> None:
        """Give `width` cells another role."""
        if 0 <= y < self.height:
            for place in range(max(0, x), min(self.width, x + width)):
                self._roles[y][place] = role

    def row(self, y: int) -> list[Run]:
        """A row as runs of one role each."""
        found: list[Run] = []
        for character, role in zip(self._characters[y], self._roles[y]):
            if found and found[-1][1] == role:
                found[-1] = found[-1][0] + character, role
            else:
                found.append((character, role))
        return found

    def lines(self) -> Iterator[str]:
        """The rows as plain text."""
        for row in self._characters:
            yield "".join(row).rstrip()
