"""The fast parser of all built-in formats: one compiled pattern matches a block of lines; what it misses goes to the strict parser.

The pattern has two alternatives: a line of the format, or any line at all. So every line gives exactly one row, in C, and the
row's number is the line's. A row of the second kind, or one with an invalid timestamp, is read again by the format's strict
parser: garbage costs only itself.

Trust, then check: the fast pattern's `[^ ]` may run over a line's end, which is a third faster than forbidding it. It has done
so exactly when there are fewer rows than newlines; then the block is matched again by a pattern that forbids it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import compress
import re
from types import MappingProxyType
from typing import NamedTuple, Protocol

from ..limits import KEY_BYTES_MAX, LINE_BYTES_MAX
from .base import FormatDrift, Malformed, check_horizon, is_all_blank, is_blank, strictly
from .columns import Column, Columns, Rejects, Run, Values, absent_value
from .regex import compile_pattern
from .values.fields import Converter
from .values.timestamps import NO_TIME

ANY_LINE = rb"|.*+\n"
RUN = 32
"""Lines of one second from which on it pays to look for the end of a second instead of converting line by line."""

SHORT = frozenset({"status", "status_class", "size"})
"""Fields of a few digits."""

_BOUNDED = re.compile(rb"\(\?P<(\w+)>/?\[(?:[^]\\]|\\.)*\]\{\d,(\d{1,4})\}\+\)")

NO_LINE = rb"(?!)(?P<time>)\n"
"""The pattern of a format without a fast parser: the strict one reads all lines."""


class StrictParser(Protocol):
    """What a block reader needs of a parser."""

    @property
    def timestamps(self) -> Mapping[bytes | None, int]:
        """The format's timestamps → seconds, filled as they are met."""
        ...

    def skips(self, line: bytes) -> bool: ...

    def read_line(self, line: bytes) -> tuple[int, Values]:
        """Second and fields of one line without its end; `Malformed` says what is wrong."""
        ...


class Computed(NamedTuple):
    """A field that is made of several captured groups, row by row."""

    inputs: tuple[str, ...]
    function: Callable[..., bytes | None]


class BlockReader:
    """A parser bound to fields: called with a block, gives its columns. `missed` is how many rows of it the pattern did not match.

    `cautious` is a pattern for blocks in which one of `triggers` occurs, where that means something: a backslash in most cases.
    """

    def __init__(
        self,
        parser: StrictParser,
        pattern: bytes,
        fields: Sequence[str],
        converters: Mapping[str, Converter],
        drift: FormatDrift | None = None,
        computed: Mapping[str, Computed] = MappingProxyType({}),
        cautious: bytes | None = None,
        triggers: Sequence[bytes] = (b"\\",),
    ) -> None:
        self.missed = 0
        self._parser = parser
        self._drift = drift
        self._second_of = parser.timestamps.__getitem__
        self._patterns = (pattern, pattern if cautious is None else cautious)
        self._compiled: dict[tuple[bool, bool], re.Pattern[bytes]] = {}
        self._triggers = triggers
        self._cautious = cautious is not None
        self._fast = self._pattern(False, False)
        groups = self._fast.groupindex
        self._stride = self._fast.groups + 1
        self._time = groups["time"]
        self._columns = [(field, groups.get(field)) for field in fields]
        self._computed = [
            (field, [groups[name] for name in computed[field].inputs], computed[field].function)
            for field in fields
            if field in computed
        ]
        self._is_short = not self._computed and is_short(pattern, fields)
        self._converted = [(field, converters[field].__getitem__) for field in fields if field in converters]

    def _pattern(self, cautious: bool, within_lines: bool) -> re.Pattern[bytes]:
        compiled = self._compiled.get((cautious, within_lines))
        if compiled is None:
            pattern = self._patterns[cautious]
            compiled = compile_pattern((pattern.replace(b"[^", rb"[^\n") if within_lines else pattern) + ANY_LINE)
            self._compiled[cautious, within_lines] = compiled
        return compiled

    def _is_triggered(self, block: bytes) -> bool:
        return self._cautious and any(trigger in block for trigger in self._triggers)

    def matches(self, line: bytes) -> bool:
        """Whether the pattern matches `line`."""
        found = self._pattern(self._is_triggered(line), True).match(line + b"\n")
        return found is not None and found["time"] is not None

    def rows(self, block: bytes) -> tuple[list[int], dict[str, Column]]:
        """For each line its second, `NO_TIME` where the pattern does not match it, and the columns."""
        # `split` gives the groups of all matches as one flat list, with nothing between them: columns are its strides.
        cautious = self._is_triggered(block)
        flat = (self._pattern(True, False) if cautious else self._fast).split(block)
        line_count = count_lines(block)
        stride = self._stride
        if len(flat) != line_count * stride + 1:
            flat = self._pattern(cautious, True).split(block)
        seconds = seconds_of(flat[self._time :: stride], self._second_of)
        values: dict[str, Column] = {
            field: [absent_value(field)] * len(seconds) if group is None else flat[group::stride]
            for field, group in self._columns
        }
        for field, numbers, function in self._computed:
            values[field] = list(map(function, *(flat[number::stride] for number in numbers)))
        for field, convert in self._converted:
            values[field] = list(map(convert, values[field]))
        return seconds, values

    def __call__(self, block: bytes, horizon: int) -> Columns:
        if is_all_blank(block):
            self.missed = 0
            return Columns(block.count(b"\n"), 0, [], [], [], {field: [] for field, _ in self._columns}, [])
        seconds, values = self.rows(block)
        ascending = sorted(seconds)
        self.missed = 0
        too_long = len(block) > LINE_BYTES_MAX and any(len(line) > LINE_BYTES_MAX for line in block.split(b"\n"))
        if not too_long and (not seconds or (ascending[0] != NO_TIME and ascending[-1] <= horizon)):
            runs = [Run(0, seconds[0], self._drift.name)] if self._drift is not None and seconds else ()
            return Columns(len(seconds), 0, [], seconds, ascending, values, runs=runs, is_short=self._is_short)
        self.missed = bisect_right(ascending, NO_TIME)
        return self._read_again(block, horizon, seconds, values)

    def _read_again(self, block: bytes, horizon: int, seconds: list[int], values: dict[str, Column]) -> Columns:
        """Read the rows that the pattern missed, or that cannot stand, by the strict parser; drop those that are no events."""
        lines = block.split(b"\n")
        kept = [True] * len(seconds)
        unfit: dict[int, str] = {}
        for row, second in enumerate(seconds):
            line = lines[row]
            if NO_TIME < second <= horizon and len(line) <= LINE_BYTES_MAX:
                continue
            line = line.removesuffix(b"\r")
            if is_blank(line) or self._parser.skips(line):
                kept[row] = False
                continue
            try:
                second, fields = strictly(self._parser.read_line, line)
                check_horizon(second, horizon)
            except Malformed as error:
                unfit[row] = str(error)
                kept[row] = False
                continue
            seconds[row] = second
            for field, column in values.items():
                column[row] = fields[field] if field in fields else absent_value(field)
        names: dict[int, str] = {}
        if self._drift is not None and unfit:
            names = _read_drifted(self._drift, lines, horizon, unfit, kept, seconds, values)
        runs = self._drift.runs(kept, seconds, names) if self._drift is not None else ()
        rejects = Rejects()
        for row, reason in unfit.items():
            rejects.add(row, reason, lines[row].removesuffix(b"\r"))
        seconds = list(compress(seconds, kept))
        return Columns(
            len(kept),
            rejects.count,
            rejects.samples,
            seconds,
            sorted(seconds),
            {field: list(compress(column, kept)) for field, column in values.items()},
            list(compress(range(len(kept)), kept)),
            rejects.numbers,
            runs,
        )


def is_short(pattern: bytes, fields: Sequence[str]) -> bool:
    """Whether `pattern` captures nothing for `fields` that is longer than a key may be: a class of characters, so many times at most."""
    bounded = {name.decode() for name, most in _BOUNDED.findall(pattern) if int(most) < KEY_BYTES_MAX}
    return set(fields) <= bounded | SHORT


def seconds_of(timestamps: Sequence[bytes | None], second_of: Callable[[bytes | None], int]) -> list[int]:
    """The second of each of `timestamps`. Where many lines share one, looking for the end of each run takes a quarter of the time.

    The end is guessed as if timestamps ascended as texts, and proved by counting.
    """
    if not _has_runs(timestamps):
        return list(map(second_of, timestamps))
    seconds: list[int] = []
    first, count = 0, len(timestamps)
    try:
        while first < count:
            timestamp = timestamps[first]
            end = bisect_right(timestamps, timestamp, first)  # type: ignore[type-var]
            if timestamps[first:end].count(timestamp) != end - first:
                break
            seconds += [second_of(timestamp)] * (end - first)
            first = end
    except TypeError:  # a line without a timestamp
        pass
    return seconds + list(map(second_of, timestamps[first:]))


def _has_runs(timestamps: Sequence[bytes | None]) -> bool:
    """Whether runs of equal timestamps are long enough, from a few places."""
    places = range(0, len(timestamps) - RUN, max(RUN, len(timestamps) // 4))
    return 2 * sum(timestamps[place] == timestamps[place + RUN] for place in places) > len(places)


def _read_drifted(
    drift: FormatDrift,
    lines: Sequence[bytes],
    horizon: int,
    unfit: dict[int, str],
    kept: list[bool],
    seconds: list[int],
    values: dict[str, Column],
) -> dict[int, str]:
    """Read the rows that are `unfit` in other formats, which leaves those that match none; returns the formats of the rest."""
    found = drift.read([lines[row].removesuffix(b"\r") for row in unfit], tuple(values))
    names: dict[int, str] = {}
    for number, row in enumerate(list(unfit)):
        if number in found.skipped:
            del unfit[row]
        elif NO_TIME < found.seconds[number] <= horizon:
            del unfit[row]
            kept[row] = True
            names[row] = found.names[number]
            seconds[row] = found.seconds[number]
            for field, column in values.items():
                column[row] = found.values[field][number]
    return names


def count_lines(block: bytes) -> int:
    """Newlines in `block`. Until Python 3.13 `bytes.count` looks at byte after byte; `replace` finds them with memchr, 3 times faster."""
    return len(block) - len(block.replace(b"\n", b""))
