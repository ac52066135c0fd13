"""Intervals as text: a block each while they are short, a line each where a whole log is looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from ..event import Key, Stats
from ..text import cells, counted, duration, elided, printable, size
from .folding import Totals
from .formatter import MessageFormatter, status_class
from .style import Style

KEY_CELLS_MAX = 60
"""Cells of a key in a list; longer ones lose their middle."""

KEY_BYTES_MAX = 1 << 10
"""Bytes of a key that are looked at: more than any terminal is wide."""

BAR_CELLS_MAX = 30
WIDE = 72
"""From so many columns on, a block's first line is aligned with those of other blocks."""

INDENT = " " * 12
RATE, BAR, SIZE = b"rate", b"bar", b"size"
"""Columns of a table besides status classes."""

# Of a rate: how many seconds, and its name.
UNITS = ((1, "/s"), (60, "/min"), (3600, "/h"), (86_400, "/d"))


class IntervalText:
    """Renders intervals in `style`, times by `formatter`."""

    def __init__(self, formatter: MessageFormatter, style: Style) -> None:
        self._formatter = formatter
        self._style = style

    def block(self, stats: Stats, seconds: int, width: int) -> str:
        """Several lines about one interval, of which the log covers `seconds`."""
        label = self._formatter.interval(stats.time, stats.interval, self._style.dash)
        hits, rate = counted(stats.hits, "hit"), f"{stats.hits / max(seconds, 1):,.1f}"
        if width >= WIDE:
            hits += " " * (stats.hits == 1)
            first = f"{label:<17}  {hits:>14}  {rate:>9} requests/s  {size(stats.bytes):>10}\n"
        else:
            first = entries(f"{label}  ", [hits, f"{rate}/s", size(stats.bytes)], width)
        return first + self.lists(stats.statuses, {"sections": stats.sections, "sources": stats.sources}, width)

    def lists(self, statuses: Mapping[Key, int], tops: Mapping[str, Sequence[tuple[Key, int]]], width: int) -> str:
        """The rows of a block: statuses, and the top values of some fields."""
        shown = [self.status(key, f"{count:,}") for key, count in statuses.items()]
        lines = entries("  status    ", shown, width) if shown else ""
        for field, top in tops.items():
            if top:
                lines += entries(f"  {field:<8}  ", [self.key(key, f" {count:,}", width) for key, count in top], width)
        return lines

    def status(self, key: Key, text: str) -> str:
        """`5xx 12` in the colour of the class."""
        name = status_class(key)
        return self._style.paint(f"{name} {text}", name)

    def key(self, key: Key, after: str, width: int) -> str:
        """A value of the log, elided so that it and `after` fit a row."""
        room = min(KEY_CELLS_MAX, width - len(INDENT) - len(after))
        return _shown(key[:KEY_BYTES_MAX], room, self._style.ellipsis) + after

    def rows(self, rows: Mapping[int, Totals], step: int, first: int, last: int, width: int) -> Iterator[tuple[int, str]]:
        """A line for each of `rows`, which are `step` seconds long, and for each gap; with the second at which it begins.

        The log covers the seconds `first` to `last`: a rate is that of the part of the row that it covers.
        """
        with_year = len({self._formatter.time(second)[:4] for second in (first, last)}) > 1
        unit, name = self._unit(rows, step)
        table = []
        for start, totals in rows.items():
            covered = max(1, min(start + step, last + 1) - max(start, first))
            label = self._formatter.start(start, step, with_year=with_year)
            table.append((start, _Row(label, totals, f"{totals.hits * unit / covered:,.1f}{name}")))
        columns = _Columns([row for _, row in table], width, self._style)
        end = None
        for start, row in table:
            if end is not None and start > end:
                label = self._formatter.start(end, step, with_year=with_year)
                yield end, self._style.paint(f"{label}  no events for {duration(start - end)}", "dim") + "\n"
            yield start, columns.line(row)
            end = start + step

    @staticmethod
    def _unit(rows: Mapping[int, Totals], step: int) -> tuple[int, str]:
        """The unit of a rate by which the middle row has at least one event."""
        hits = sorted(totals.hits for totals in rows.values())
        middle = hits[len(hits) // 2] / step
        return next(((unit, name) for unit, name in UNITS if middle * unit >= 1), UNITS[-1])


class _Row(NamedTuple):
    label: str
    totals: Totals
    rate: str


class _Columns:
    """How wide each column of a table is, and which of them there is room for."""

    def __init__(self, rows: Sequence[_Row], width: int, style: Style) -> None:
        self._style = style
        self._peak = max(row.totals.hits for row in rows)
        self._label = max(cells(row.label) for row in rows)
        self._hits = max(len(self._counted(row)) for row in rows)
        has_statuses = any(key != b"-" for row in rows for key in row.totals.statuses)
        digits = {key: max(len(f"{row.totals.statuses.get(key, 0):,}") for row in rows) for key in (b"4", b"5")}
        wanted = {key: len("4xx ") + digits[key] for key in (b"5", b"4") if has_statuses}
        room = width - self._label - 2 - self._hits
        self._widths: dict[Key, int] = (
            {}
        )  # the most important column first: where there is no room for it, there is for no other
        for key, needed in (
            *wanted.items(),
            (BAR, 1),
            (RATE, max(len(row.rate) for row in rows)),
            (SIZE, max(len(size(row.totals.bytes)) for row in rows)),
        ):
            room -= needed + 2
            if room < 0:
                break
            self._widths[key] = needed
        if BAR in self._widths:
            self._widths[BAR] += min(max(room, 0), BAR_CELLS_MAX - 1)

    def line(self, row: _Row) -> str:
        parts = [f"{row.label:<{self._label}}", f"{self._counted(row):>{self._hits}}"]
        for key in (RATE, BAR, b"4", b"5", SIZE):
            if key in self._widths:
                parts.append(self._cell(row, key, self._widths[key]))
        return "  ".join(parts).rstrip() + "\n"

    @staticmethod
    def _counted(row: _Row) -> str:
        return counted(row.totals.hits, "hit") + " " * (row.totals.hits == 1)

    def _cell(self, row: _Row, key: Key, width: int) -> str:
        if key == RATE:
            return f"{row.rate:>{width}}"
        if key == SIZE:
            return f"{size(row.totals.bytes):>{width}}"
        if key == BAR:
            return f"{self._style.bar(row.totals.hits / self._peak, width):<{width}}"
        count, name = row.totals.statuses.get(key, 0), status_class(key)
        return self._style.paint(f"{name} {count:>{width - 4},}", name if count else "dim")


@lru_cache(maxsize=4096)  # the top keys of one interval are those of the next
def _shown(key: Key, room: int, ellipsis: str) -> str:
    return elided(printable(key), room, ellipsis)


def entries(title: str, shown: Iterable[str], width: int, gap: str = "  ", indent: str = INDENT) -> str:
    """`title` and the entries after it, `gap` between them, on as many lines as it takes; colours take no room."""
    shown = list(shown)
    whole = title + gap.join(shown)
    if len(whole) <= width and whole.isascii() and "\x1b" not in whole:  # as most are
        return whole.rstrip() + "\n"
    lines, line, used = [], title, cells(title)
    is_empty = True
    for entry in shown:
        room = cells(plain(entry))
        if not is_empty and used + room > width:
            lines.append(line.rstrip())
            line, used = indent, len(indent)
        line += entry + gap
        used += room + len(gap)
        is_empty = False
    return "\n".join([*lines, line.rstrip()]) + "\n"


def plain(text: str) -> str:
    """`text` without colours."""
    if "\x1b" not in text:
        return text
    first, *rest = text.split("\x1b[")
    return first + "".join(part.partition("m")[2] for part in rest)
