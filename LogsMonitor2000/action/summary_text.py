"""The summary as text: what was read, what the traffic was, what became of each alert, and what to run next."""

from __future__ import annotations

from collections.abc import Iterator
import shlex
from typing import NamedTuple

from ..event import AlertTotal, Key, Summary
from ..text import counted, duration, printable, share, size
from .formatter import MessageFormatter
from .intervals import UNITS, IntervalText, entries
from .style import Style

TITLE = 10
"""Cells that the name of a row takes."""


class Advice(NamedTuple):
    """What may be suggested to run next: `program` as the user calls it, the `verbs` that there are, and what to repeat.

    `shared` are the arguments of this run that other verbs take too, `own` are those that only this one takes.
    """

    program: str
    verbs: frozenset[str] = frozenset()
    shared: tuple[str, ...] = ()
    own: tuple[str, ...] = ()

    def command(self, *words: str) -> str:
        """A command line to paste, of another verb on the same logs."""
        return shlex.join((*shlex.split(self.program), *words, *self.shared))

    def repeat(self, buffer_time: int) -> str:
        """The command line of this run with another buffer time; of two values the last one counts."""
        return f"{shlex.join((*shlex.split(self.program), *self.shared, *self.own))} --buffer_time {buffer_time}"


class SummaryText:
    """Renders summaries; the rows of keys are those of `text`."""

    def __init__(self, formatter: MessageFormatter, style: Style, text: IntervalText, advice: Advice | None = None) -> None:
        self._formatter = formatter
        self._style = style
        self._text = text
        self._advice = advice

    def text(self, summary: Summary, took: float | None, width: int, fired_at: int | None = None) -> str:
        """The lines of the summary of a run that took `took` seconds, where that matters, and whose first alert fired at `fired_at`."""
        title = f"{summary.lines:,} lines: {summary.events:,} events, {summary.malformed:,} malformed, {summary.late:,} late"
        title = entries("", title.split(" "), width, " ", "").rstrip("\n")
        lines = [self._style.paint(title, "bold") + "\n"]
        if summary.first is not None and summary.last is not None:
            first, last = self._formatter.time(summary.first), self._formatter.time(summary.last)
            lasted = duration(summary.last - summary.first + 1)
            lines.append(entries("  ", [first, "to", last, f"({lasted})"], width, " ", "  "))
        lines += self._traffic(summary, width)
        lines += self._alerts(summary, width)
        if took is not None:
            speed = [f"{summary.lines / took:,.0f} lines/s"] if took > 0 else []
            lines.append(self._row("took", [", ".join([f"{took:.2f} s", *speed])], width))
        lines += self._next(summary, fired_at)
        return "".join(lines)

    @staticmethod
    def _row(name: str, shown: list[str], width: int) -> str:
        return entries(f"  {name:<{TITLE}}", shown, width)

    def _traffic(self, summary: Summary, width: int) -> Iterator[str]:
        """Totals, status classes with their shares, and the top values."""
        if not summary.events + summary.late:
            return
        lasted = summary.last - summary.first + 1 if summary.first is not None and summary.last is not None else 1
        hits = summary.events + summary.late
        yield self._row("traffic", [counted(hits, "hit"), _rate(hits / lasted), size(summary.bytes)], width)
        known = {key: count for key, count in summary.statuses.items() if key != b"-"}
        if known:
            classes = [self._text.status(key, f"{count:,} {share(count, hits)}") for key, count in known.items()]
            yield self._row("status", classes, width)
        for name, top in (("sections", summary.sections), ("sources", summary.sources)):
            if top and top[0][0] != b"-":
                yield self._row(name, [*self._top(top, width), *self._different(summary, name, len(top))], width)

    def _top(self, top: tuple[tuple[Key, int], ...], width: int) -> list[str]:
        return [self._text.key(key, f" {count:,}", width) for key, count in top]

    def _different(self, summary: Summary, name: str, shown: int) -> list[str]:
        """How many values there are besides those that are shown."""
        different = summary.distinct.get(name, 0)
        return [f"({different:,} different)"] if different > shown else []

    def _alerts(self, summary: Summary, width: int) -> Iterator[str]:
        peak = None
        if summary.peak is not None:
            at = self._formatter.time(summary.peak.time)
            peak = f"peak {summary.peak.value:,.2f} hits/s over {summary.peak.window} s at {at}"
        if not summary.alerts:
            if peak is not None:
                yield entries("  ", f"no alert fired; {peak}".split(" "), width, " ", "  ")
            return
        for number, total in enumerate(summary.alerts):
            text = f"{printable(total.name.encode())} {_outcome(total)}"
            role = "bold" if total.firing else ""
            painted = [self._style.paint(word, role) for word in text.split(" ")]
            yield entries(f"  {'alerts' if not number else '':<{TITLE}}", painted, width, " ")
        if peak is not None:
            yield entries(f"  {'':<{TITLE}}", peak.split(" "), width, " ")

    def _next(self, summary: Summary, fired_at: int | None) -> Iterator[str]:
        """Commands to paste: not wrapped, so that they can be."""
        if self._advice is None or not (summary.peak or summary.alerts):  # no alert was on
            return
        commands = []
        if "explain" in self._advice.verbs and fired_at is not None:
            commands.append(self._advice.command("explain", self._formatter.time(fired_at)))
        if "backtest" in self._advice.verbs:
            commands.append(self._advice.command("backtest"))
        for number, command in enumerate(commands):
            yield f"  {'next' if not number else '':<{TITLE}}{command}\n"


def _rate(per_second: float) -> str:
    """`2.02 requests/s`, `1.99 requests/min`: in the first unit in which there is at least one."""
    number, unit = next(((number, unit) for number, unit in UNITS if per_second * number >= 1), UNITS[-1])
    return f"{per_second * number:,.2f} requests{unit}"


def _outcome(total: AlertTotal) -> str:
    """`fired 2 times, 3 min 46 s in all`, `still firing, 4 h 10 min`."""
    if total.firing and total.fired <= 1:
        return f"still firing, {duration(total.seconds)}"
    times = "once" if total.fired == 1 else f"{total.fired:,} times"
    return f"fired {times}, {duration(total.seconds)} in all" + (", still firing" if total.firing else "")
