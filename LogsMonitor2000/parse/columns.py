"""What parsers return: the events of a block as columns, one list a field, and the malformed lines beside them.

Columns are plain lists of `bytes`, so that C code counts and converts them whole. `Rows` is the same for lines that several
formats read one after the other: it is filled row by row.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate, compress
from typing import NamedTuple

from ..event import WebLogEvent
from ..limits import SAMPLE_BYTES_MAX, SAMPLES_MAX
from .values.timestamps import NO_TIME, TIME_BEFORE

Column = list["bytes | None"]
"""One field of successive events as it stands in the log; None where the log says "-" for a number."""

Values = dict[str, "bytes | None"]
"""One line's fields as they stand in the log, and its `time`."""


class Sample(NamedTuple):
    """A malformed line: its number within the block, counted from 0, the reason, and its first bytes."""

    line: int
    reason: str
    text: bytes


class Run(NamedTuple):
    """Consecutive rows of one format: the first one's line within the block, its second, and the format's name."""

    line: int
    second: int
    name: str


class Columns(NamedTuple):
    """A block of lines, parsed: row `i` is the event at `seconds[i]` with the values `values[field][i]`.

    `line_count` counts all lines, blank ones too, so that a sample's number can be made absolute; `malformed` counts all the
    malformed ones, of which `samples` has the first few. Rows are in file order; `ascending` is `seconds`, sorted.
    `rows` are the line numbers of the events, None when every line is one; `rejected` those of malformed lines.
    """

    line_count: int
    malformed: int
    samples: list[Sample]
    seconds: list[int]
    ascending: list[int]
    values: dict[str, Column]
    rows: Sequence[int] | None = None
    rejected: Sequence[int] = ()
    runs: Sequence[Run] = ()
    """Where the format changes, the first row included; empty where format drift is not looked for."""
    is_short: bool = False
    """Whether it is known that no value is longer than a key may be."""


class Rejects:
    """The malformed lines of one block: all counted, the first few kept."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.samples: list[Sample] = []

    @property
    def count(self) -> int:
        return len(self.numbers)

    def add(self, line: int, reason: str, text: bytes) -> None:
        self.numbers.append(line)
        if len(self.samples) < SAMPLES_MAX:
            self.samples.append(Sample(line, reason, text[:SAMPLE_BYTES_MAX]))


def absent_value(field: str) -> bytes | None:
    """What stands in the column `field` where a line does not have it."""
    return None if field in ("size", "duration") else b"-"


def joined(parts: Sequence[Columns], fields: Sequence[str]) -> Columns:
    """The columns of a block that was parsed in consecutive parts."""
    line_count = malformed = 0
    samples: list[Sample] = []
    rows: list[int] = []
    rejected: list[int] = []
    runs: list[Run] = []
    for part in parts:
        rows += [row + line_count for row in (range(part.line_count) if part.rows is None else part.rows)]
        rejected += [row + line_count for row in part.rejected]
        runs += [run._replace(line=run.line + line_count) for run in part.runs]
        samples += [sample._replace(line=sample.line + line_count) for sample in part.samples]
        malformed += part.malformed
        line_count += part.line_count
    seconds = [second for part in parts for second in part.seconds]
    values = {field: [value for part in parts for value in part.values[field]] for field in fields}
    return Columns(line_count, malformed, samples[:SAMPLES_MAX], seconds, sorted(seconds), values, rows, rejected, runs or ())


def dated(columns: Columns, newest: int | None, block: bytes) -> tuple[Columns, int]:
    """`columns` of `block` whose rows at `TIME_BEFORE` take the newest second before them.

    `newest` is the newest second before the block, None where that is unknown or there is none. Rows before which there is none
    become malformed; also returns how many these are.
    """
    before = list(accumulate(columns.seconds, max, initial=TIME_BEFORE if newest is None else newest))
    seconds = [then if second == TIME_BEFORE else second for second, then in zip(columns.seconds, before)]
    dropped = seconds.count(TIME_BEFORE)
    runs = [run._replace(second=seconds[_row_of(columns, run.line)]) for run in columns.runs]
    columns = columns._replace(
        seconds=seconds, ascending=sorted(seconds), runs=[run for run in runs if run.second != TIME_BEFORE]
    )
    if not dropped:
        return columns, 0
    kept = [second != TIME_BEFORE for second in seconds]
    numbers = range(columns.line_count) if columns.rows is None else columns.rows
    lines = block.split(b"\n")
    samples = [
        Sample(number, "no line with a time before it", lines[number][:SAMPLE_BYTES_MAX])
        for number, keep in zip(numbers, kept)
        if not keep
    ]
    return (
        columns._replace(
            seconds=list(compress(seconds, kept)),
            ascending=columns.ascending[dropped:],
            values={field: list(compress(column, kept)) for field, column in columns.values.items()},
            rows=list(compress(numbers, kept)),
            malformed=columns.malformed + dropped,
            samples=sorted([*columns.samples, *samples[:SAMPLES_MAX]])[:SAMPLES_MAX],
            rejected=sorted([*columns.rejected, *(number for number, keep in zip(numbers, kept) if not keep)]),
        ),
        dropped,
    )


def _row_of(columns: Columns, line: int) -> int:
    return line if columns.rows is None else bisect_left(columns.rows, line)


class Rows:
    """Lines that various formats read: each one's second (`NO_TIME` where no format matches), fields, and format name.

    `skipped` are the numbers of directives and other lines that do not count.
    """

    def __init__(self, count: int, fields: Sequence[str]) -> None:
        self.seconds = [NO_TIME] * count
        self.names = [""] * count
        self.values: dict[str, Column] = {field: [None] * count for field in fields}
        self.skipped: set[int] = set()

    def put(self, numbers: Iterable[int], seconds: Sequence[int], values: dict[str, Column], name: str) -> None:
        """Set the lines `numbers`; those without a second may be set again."""
        for number, second in zip(numbers, seconds):
            self.seconds[number] = second
            self.names[number] = name if second != NO_TIME else ""
        for field, column in values.items():
            mine = self.values[field]
            for number, value in zip(numbers, column):
                mine[number] = value

    def put_line(self, number: int, second: int, values: Values, name: str) -> None:
        """Set one line; fields that it lacks become as the log would write that."""
        self.seconds[number] = second
        self.names[number] = name
        for field, column in self.values.items():
            column[number] = values[field] if field in values else absent_value(field)

    def append(self, second: int, values: Values, name: str) -> None:
        """Add one line."""
        self.seconds.append(NO_TIME)
        self.names.append("")
        for column in self.values.values():
            column.append(None)
        self.put_line(len(self.seconds) - 1, second, values, name)

    def merged(self, numbers: list[int], others: Rows, more: list[int], horizon: int) -> tuple[list[int], Rows]:
        """These rows, of the lines `numbers`, and those of `others`, of the lines `more`, that are events, in file order."""
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
        """Where the format changes, when the rows are of the lines `numbers`."""
        found: list[Run] = []
        for number, second, name in zip(numbers, self.seconds, self.names):
            if not found or name != found[-1].name:
                found.append(Run(number, second, name))
        return found


def event_of(second: int, values: Values) -> WebLogEvent:
    """The event of a line whose fields are `values`."""
    status, size, duration = (values.get(name) for name in ("status", "size", "duration"))
    text = {
        name: "-" if value is None else value.decode("utf-8", "surrogateescape")
        for name, value in values.items()
        if name in WebLogEvent._fields and name not in ("time", "status", "size", "duration")
    }
    return WebLogEvent(
        second,
        status=int(status) if status and status != b"-" else None,
        size=int(size or 0),
        duration=float(duration) if duration else None,
        **text,
    )


def values_of(event: WebLogEvent, fields: Sequence[str]) -> list[bytes | None]:
    """The `fields` of an event as a log would write them."""
    return [_value_of(event, field) for field in fields]


def _value_of(event: WebLogEvent, field: str) -> bytes | None:
    if field == "size":
        return b"%d" % event.size
    if field == "duration":
        return None if event.duration is None else f"{event.duration:.9f}".encode()
    if field in ("status", "status_class"):
        status = b"-" if event.status is None else b"%03d" % event.status
        return status if field == "status" else status[:1]
    text: str = getattr(event, field)
    return text.encode("utf-8", "surrogateescape")
