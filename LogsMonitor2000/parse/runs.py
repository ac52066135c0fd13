"""What becomes of an input's lines that are not of the format recognised; the formats they may be of are looked for in `otherwise`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import compress
from typing import TYPE_CHECKING

from .base import Column, Run
from .values.timestamps import NO_TIME

if TYPE_CHECKING:  # few logs need it and start-up counts
    from .drift import Others

Values = dict[str, "bytes | None"]


class Changes:
    """Reads what the format `name` does not fit.

    `context` is the last line so far that says what those behind it are: a `#Fields:` directive, a test that is begun. `asked`
    is set when anything was read here, so that what was made of it may depend on the context.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.context = b""
        self.asked = False
        self._others: dict[tuple[str, ...], Others] = {}

    def read(self, lines: Sequence[bytes], fields: Sequence[str]) -> Rows:
        """What the successive `lines` are in other formats, with `fields`."""
        self.asked = True
        others = self._others.get(tuple(fields))
        if others is None:
            from .drift import Others

            others = self._others[tuple(fields)] = Others(fields, self.name)
        rows, self.context = others.read(lines, self.context)
        return rows

    def runs(self, kept: Sequence[bool], seconds: Sequence[int], names: Mapping[int, str]) -> list[Run]:
        """Where formats begin among the rows that are kept; `names` has the formats of those that are not of the one recognised."""
        if not names:
            return [Run(row, seconds[row], self.name) for row in (kept.index(True),)] if True in kept else []
        found: list[Run] = []
        for row in compress(range(len(kept)), kept):
            name = names.get(row, self.name)
            if not found or name != found[-1].name:
                found.append(Run(row, seconds[row], name))
        return found


class Rows:
    """What was made of some lines: of each its second (`NO_TIME` where no format fits), its fields, and the name of its format.

    `skipped` are the numbers of those that are none that count.
    """

    def __init__(self, count: int, fields: Sequence[str]) -> None:
        self.seconds = [NO_TIME] * count
        self.names = [""] * count
        self.values: dict[str, Column] = {field: [None] * count for field in fields}
        self.skipped: set[int] = set()

    def put(self, numbers: Iterable[int], seconds: Sequence[int], values: dict[str, Column], name: str) -> None:
        """Take in what a format makes of the lines `numbers`; those without a second may be overwritten."""
        for number, second in zip(numbers, seconds):
            self.seconds[number] = second
            self.names[number] = name if second != NO_TIME else ""
        for field, column in values.items():
            mine = self.values[field]
            for number, value in zip(numbers, column):
                mine[number] = value

    def append(self, second: int, values: Values, name: str) -> None:
        """Take in one line more."""
        self.seconds.append(NO_TIME)
        self.names.append("")
        for column in self.values.values():
            column.append(None)
        self.put_line(len(self.seconds) - 1, second, values, name)

    def with_others(self, numbers: list[int], others: Rows, more: list[int], horizon: int) -> tuple[list[int], Rows]:
        """These rows, which stand in the lines `numbers`, and `others` of the lines `more` that are events, in order."""
        rows = [(number, self, row) for row, number in enumerate(numbers)]
        rows += [(number, others, row) for row, number in enumerate(more) if NO_TIME < others.seconds[row] <= horizon]
        rows.sort(key=lambda row: row[0])
        merged = Rows(0, list(self.values))
        for _, source, row in rows:
            merged.append(
                source.seconds[row], {field: column[row] for field, column in source.values.items()}, source.names[row]
            )
        return [number for number, _, _ in rows], merged

    def runs(self, numbers: Sequence[int]) -> list[Run]:
        """Where formats begin, when the rows stand in the lines `numbers`."""
        found: list[Run] = []
        for number, second, name in zip(numbers, self.seconds, self.names):
            if not found or name != found[-1].name:
                found.append(Run(number, second, name))
        return found

    def put_line(self, number: int, second: int, values: Values, name: str) -> None:
        """Take in one line; fields that it lacks are as the log would write that."""
        self.seconds[number] = second
        self.names[number] = name
        for field, column in self.values.items():
            column[number] = values[field] if field in values else None if field in ("size", "duration") else b"-"
