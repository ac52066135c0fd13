"""Events for people: one compact block an interval, alerts that stand out, a summary at the end. Fits 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
import os
from typing import TextIO

from ..alert.state import AlertState
from ..event import Alert, Event, Explanation, MalformedLine, Notice, Stats, Summary
from ..limits import SAMPLE_BYTES_MAX
from ..runtime.clock import Clock
from ..text import duration, printable, size
from .base import Action
from .formatter import MessageFormatter, status_class

WIDTH = 80
KEY_WIDTH_MAX = 60
INDENT = " " * 12
BOLD_RED, BOLD_GREEN, BOLD, RESET = "\x1b[1;31m", "\x1b[1;32m", "\x1b[1m", "\x1b[0m"


COLORS: dict[str, str] = {AlertState.FIRING: BOLD_RED, AlertState.RESOLVED: BOLD_GREEN}
"""Of alerts, by their state."""


class TerminalNotifier(Action):
    """Writes to `out`; what went wrong with the input, and with `verbose` what was decided about it, goes to `errors`."""

    essential = True

    def __init__(
        self,
        out: TextIO,
        errors: TextIO,
        formatter: MessageFormatter | None = None,
        *,
        banner: str = "",
        color: bool = False,
        verbose: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self._out = out
        self._errors = errors
        self._formatter = formatter or MessageFormatter()
        self._banner = banner
        self._color = color
        self._verbose = verbose
        self._clock = clock or Clock()
        self._started = self._clock.elapsed()

    def notify(self, event: Event) -> None:
        self._start()
        if isinstance(event, Stats):
            self._out.write(self._stats(event))
        elif isinstance(event, Alert):
            if event.state != AlertState.PENDING or self._verbose:
                self._out.write(self._alert(event))
        elif isinstance(event, Explanation):
            self._out.write(f"at {self._formatter.time(event.time)}\n" + "".join(f"  {line}\n" for line in event.lines))
        elif isinstance(event, Summary):
            self._out.write(self._summary(event))
        elif isinstance(event, (MalformedLine, Notice)):
            self._out.flush()
            tell_problem(event, self._errors, self._verbose)
        else:  # an event of a custom calculator
            self._out.write(printable(str(event).encode()) + "\n")

    def progress(self, read: int, total: int, lines: int) -> None:
        self._start()
        self._out.flush()

    def close(self) -> None:
        self._out.flush()

    def _start(self) -> None:
        if self._banner:
            self._out.write(self._painted(self._banner, BOLD) + "\n")
            self._banner = ""

    def _painted(self, text: str, color: str) -> str:
        return f"{color}{text}{RESET}" if self._color else text

    def _stats(self, stats: Stats) -> str:
        return (
            f"{self._formatter.time(stats.time)}  {stats.hits:>9,} hits  {stats.hits / stats.interval:>9,.1f}/s"
            f"  {size(stats.bytes):>11}\n"
            + _row("  status    ", [f"{status_class(key)} {count:,}" for key, count in stats.statuses.items()])
            + _row("  sections  ", [f"{_clipped(key)} {count:,}" for key, count in stats.sections])
            + _row("  sources   ", [f"{_clipped(key)} {count:,}" for key, count in stats.sources])
        )

    def _alert(self, alert: Alert) -> str:
        color = COLORS.get(alert.state, BOLD)
        lines = (
            [f"  {printable(line[:SAMPLE_BYTES_MAX])}\n" for line in alert.lines] if alert.state == AlertState.FIRING else []
        )
        return self._painted(self._formatter.alert(alert), color) + "\n" + "".join(lines)

    def _summary(self, summary: Summary) -> str:
        took = self._clock.elapsed() - self._started
        lines = [f"{summary.lines:,} lines: {summary.events:,} events, {summary.malformed:,} malformed, {summary.late:,} late"]
        if summary.first is not None and summary.last is not None:
            first, last = self._formatter.time(summary.first), self._formatter.time(summary.last)
            lines.append(f"{first} to {last} ({duration(summary.last - summary.first + 1)})")
        lines.append(f"took {took:.2f} s" + (f", {summary.lines / took:,.0f} lines/s" if took > 0 else ""))
        return self._painted(lines[0], BOLD) + "\n" + "".join(f"  {line}\n" for line in lines[1:])


def tell_problem(event: MalformedLine | Notice, errors: TextIO, verbose: bool) -> None:
    """One line on `errors` for a malformed line or a notice."""
    if isinstance(event, MalformedLine):
        errors.write(
            f"{printable(os.fsencode(event.source))}:{event.line}: malformed, {event.reason}: {printable(event.text)}\n"
        )
    elif verbose or not event.verbose:
        errors.write(printable(os.fsencode(event.text)) + "\n")
    errors.flush()


def _clipped(key: bytes) -> str:
    return _clipped_short(key[: 4 * KEY_WIDTH_MAX + 1])  # no character takes more than four bytes


@lru_cache(maxsize=4096)  # the top keys of one interval are those of the next
def _clipped_short(key: bytes) -> str:
    text = printable(key)
    return text if len(text) <= KEY_WIDTH_MAX else text[: KEY_WIDTH_MAX - 3] + "..."


def _row(title: str, entries: Sequence[str]) -> str:
    """`title` and the entries behind it, on as many lines as it takes."""
    row = title + "  ".join(entries)
    if len(row) <= WIDTH:
        return row + "\n"
    rows, row = [], title
    for entry in entries:
        if len(row) > len(INDENT) and len(row) + len(entry) > WIDTH:
            rows.append(row.rstrip())
            row = INDENT
        row += entry + "  "
    return "\n".join([*rows, row.rstrip()]) + "\n"
