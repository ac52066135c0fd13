"""Events for people, as they come: a compact block an interval, alerts that stand out, a summary at the end."""

from __future__ import annotations

from collections.abc import Callable
import os
from typing import TextIO

from ..alert.state import AlertState
from ..event import Alert, Event, Explanation, MalformedLine, Notice, Stats, Summary
from ..limits import SAMPLE_BYTES_MAX
from ..runtime.clock import Clock
from ..text import counted, duration, printable
from .base import Action, Run
from .folding import Totals
from .formatter import MessageFormatter
from .intervals import IntervalText, entries
from .style import WIDTH, Style
from .summary_text import Advice, SummaryText


class TerminalNotifier(Action):
    """Writes to `out`; problems with the input, and with `verbose` decisions about it, go to `errors`.

    `width` is asked for the columns there are whenever something is written: a terminal may be resized. `is_timed` says whether
    the summary has how long the run took.
    """

    essential = True

    def __init__(
        self,
        out: TextIO,
        errors: TextIO,
        formatter: MessageFormatter | None = None,
        *,
        banner: str = "",
        style: Style | None = None,
        width: Callable[[], int] = lambda: WIDTH,
        verbose: bool = False,
        advice: Advice | None = None,
        is_timed: bool = True,
        clock: Clock | None = None,
    ) -> None:
        self._out = out
        self._errors = errors
        self._formatter = formatter or MessageFormatter()
        self._banner = banner
        self._style = style or Style()
        self._width = width
        self._verbose = verbose
        self._is_timed = is_timed
        self._clock = clock or Clock()
        self._started = self._clock.elapsed()
        self._text = IntervalText(self._formatter, self._style)
        self._summary_text = SummaryText(self._formatter, self._style, self._text, advice)
        self._run: Run | None = None
        self._history: Totals | None = None
        self._fired_at: int | None = None
        self._day = ""
        self._pending: Stats | None = None  # it is shown once it is known how much of it the log covers
        self._first: int | None = None

    def start(self, run: Run) -> None:
        self._run = run

    def notify(self, event: Event) -> None:
        self._show_banner()
        if isinstance(event, Stats):
            self._show_pending(is_over=True)
            self._stats(event)
            return
        self._show_pending()
        if isinstance(event, Alert):
            if event.state == AlertState.FIRING and self._fired_at is None:
                self._fired_at = event.time
            if event.state != AlertState.PENDING or self._verbose:
                self._message(event.time, self._alert(event))
        elif isinstance(event, Explanation):
            self._write(f"at {self._formatter.time(event.time)}\n" + "".join(f"  {line}\n" for line in event.lines))
        elif isinstance(event, Summary):
            self._summary(event)
        elif isinstance(event, (MalformedLine, Notice)):
            self._out.flush()
            report_problem(event, self._errors, self._verbose)
        else:  # an event of a custom calculator
            self._message(event.order[0], printable(str(event).encode("utf-8", "surrogateescape")) + "\n")

    def progress(self, read: int, total: int, lines: int) -> None:
        self._show_banner()
        self._show_pending()
        if self._history is not None and self._is_live():
            self._show_history()
        self._out.flush()

    def close(self) -> None:
        self._show_pending()
        self._out.flush()

    def _write(self, text: str) -> None:
        self._out.write(text)

    def _show_banner(self) -> None:
        if self._banner:
            self._out.write(self._style.paint(self._banner, "bold") + "\n")
            self._banner = ""

    def _is_live(self) -> bool:
        """Whether what was there when following began has been read."""
        return self._run is None or self._run.has_caught_up

    def _stats(self, stats: Stats) -> None:
        if self._is_live():
            if self._history is not None:
                self._show_history()
            self._pending = stats
        else:
            self._history = self._history or Totals()
            self._history.add(stats)

    def _counts(self) -> Summary:
        """The lines read so far, and their times."""
        return Summary() if self._run is None else self._run.status().summary

    def _show_pending(self, *, is_over: bool = False) -> None:
        """Show the interval that waits; with `is_over` a later one has begun, so the log covers its end."""
        stats, self._pending = self._pending, None
        if stats is None:
            return
        if is_over and self._first is not None:  # to ask for how far the log has come takes time
            first, last = self._first, stats.time + stats.interval
        else:
            first, last = self._covered(stats)
            self._first = first
        self._write(self._block(stats, first, last))

    def _message(self, second: int, text: str) -> None:
        """Show `text` about `second`."""
        self._write(text)

    def _block(self, stats: Stats, first: int, last: int) -> str:
        """A block, after a line with the date where that changes; the log covers the seconds `first` to `last`."""
        day = self._formatter.day(stats.time)
        heading = self._style.paint(day, "dim") + "\n" if day != self._day else ""
        self._day = day
        covered = min(stats.time + stats.interval, last + 1) - max(stats.time, first)
        return heading + self._text.block(stats, covered, self._width())

    def _covered(self, stats: Stats) -> tuple[int, int]:
        """The first and the last second that the log covers, as far as is known while `stats` is the newest interval."""
        end = stats.time + stats.interval
        summary = self._counts()
        if summary.first is None or summary.last is None:
            return stats.time, end
        # A followed log continues by the clock: silence at the end of an interval is part of it.
        reached = int(self._clock.now()) if self._run is not None and self._run.is_following else 0
        return summary.first, max(summary.last, reached)

    def _show_history(self) -> None:
        """One line about what was in the log before it was followed live."""
        history, self._history = self._history, None
        summary = self._counts()
        if history is None or summary.first is None or summary.last is None:
            return
        lasted = duration(summary.last - summary.first + 1)
        shown = [f"{counted(history.hits, 'hit')} in {lasted}"]
        shown += [self._text.status(key, f"{count:,}") for key, count in sorted(history.statuses.items())]
        self._write(entries("before now  ", [*shown, f"since {self._formatter.time(summary.first)}"], self._width()))

    def _alert(self, alert: Alert) -> str:
        lines = alert.lines if alert.state == AlertState.FIRING else ()
        shown = "".join(f"  {printable(line[:SAMPLE_BYTES_MAX])}\n" for line in lines)
        return self._style.alert(alert, self._formatter.alert(alert)) + "\n" + shown

    def _summary(self, summary: Summary) -> None:
        if self._history is not None:
            self._show_history()
        took = self._clock.elapsed() - self._started if self._is_timed else None
        self._write(self._summary_text.text(summary, took, self._width(), self._fired_at))


def report_problem(event: MalformedLine | Notice, errors: TextIO, verbose: bool) -> None:
    """One line on `errors` about a malformed line or a notice."""
    if isinstance(event, MalformedLine):
        errors.write(
            f"{printable(os.fsencode(event.source))}:{event.line}: malformed, {event.reason}: {printable(event.text)}\n"
        )
    elif verbose or not event.verbose:
        errors.write(printable(os.fsencode(event.text)) + "\n")
    errors.flush()
