"""Draws a view of the model on a grid of any size: header, alerts, rates, chart, panels, footer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import os
import shlex
from typing import NamedTuple

from ..action.base import Status
from ..action.formatter import MessageFormatter
from ..action.intervals import entries
from ..action.style import Style
from ..alert.state import AlertState
from ..event import Alert
from ..text import cells, counted, duration, elided, printable
from .chart import LABEL, Chart, zoom_for
from .filters import FIELDS
from .grid import Grid, Run
from .panels import Frame, PanelText
from .view import HELP, OTHERS, View

TINY = 40, 12
"""Columns and rows below which there is only a line of status."""

PANEL_COLUMNS = 38
"""Columns that a panel needs; three are beside each other from 120 on."""

TITLE_CELLS = 30
LINE_BYTES = 2_000


class Moment(NamedTuple):
    """What changes without an event: the clock, how the run stands, how far reading has come (of 1; None where unknown)."""

    now: float
    status: Status | None = None
    share: float | None = None


class Screen:
    """Draws with times by `formatter`. `title` names the input, `threshold` (0: none) is that of the high-traffic alert."""

    def __init__(self, formatter: MessageFormatter, style: Style, title: str, threshold: float = 0.0) -> None:
        self._formatter = formatter
        self._style = style
        self._title = title
        self._threshold = threshold

    def draw(self, view: View, width: int, height: int, moment: Moment) -> Grid:
        """The screen."""
        view.refresh()
        grid = Grid(width, height, unicode=self._style.unicode)
        if width < TINY[0] or height < TINY[1]:
            grid.runs(0, 0, self._rates(view, moment))
            return grid
        self._header(grid, view, moment)
        self._alert_line(grid, view)
        grid.runs(2, 1, self._rates(view, moment))
        body = 3
        if view.mode in _PAGES:
            _PAGES[view.mode](self, grid, view, body, height - body - 1)
        else:
            if height > TINY[1] + 3 and not view.is_full:
                rows = min(max(4, (height - 8) // 3), 16)
                self._chart(grid, view, body, rows)
                body += rows
            self._panels(grid, view, body, height - body - 1, moment)
        self._footer(grid, view)
        return grid

    def _header(self, grid: Grid, view: View, moment: Moment) -> None:
        formats = sorted({each.format for each in moment.status.inputs if each.format}) if moment.status else []
        runs: list[Run] = [
            (f" {elided(printable(os.fsencode(self._title)), TITLE_CELLS, self._style.ellipsis)} ", "title"),
            (" ".join(formats) + "  ", "dim"),
        ]
        model = view.model
        if view.is_frozen:
            runs.append(("FROZEN ", "pending"))
        if view.is_live:
            lag = max(0, int(moment.now) - model.newest) if model.newest is not None else None
            runs.append(("LIVE ", "resolved"))
            text = "no line yet" if lag is None else f"lag {duration(lag)}" if lag < 60 else self._silent(model.newest)
            runs.append((text, "" if lag is not None and lag < 60 else "warning"))
        elif model.summary is None and moment.share is not None:
            runs.append((f"reading {100 * moment.share:.0f} %", ""))
        else:
            runs.append(("end of log" if model.summary is not None else "reading", ""))
        x = grid.runs(0, 0, runs)
        if view.filter_text:
            chips = [
                f" {printable(os.fsencode(chip))} {'✕' if self._style.unicode else 'x'} " for chip in _chips(view.filter_text)
            ]
            scope = self._scope(view)
            shown = f"filter:{''.join(chips)}{scope}"
            grid.put(0, max(x + 2, grid.width - cells(shown)), shown, "chip")

    def _scope(self, view: View) -> str:
        recent = view.recent
        if recent is None or recent.since is None or recent.newest is None:
            return ""
        about = ("≈" if self._style.unicode else "~") if recent.is_sampled else ""
        return f" {about}last {duration(recent.newest - recent.since + 1)}"

    def _silent(self, newest: int | None) -> str:
        return "no line yet" if newest is None else f"silent since {self._formatter.time(newest)[11:19]}"

    def _alert_line(self, grid: Grid, view: View) -> None:
        firing = list(view.model.firing.values())
        if not firing:
            last = next((alert for alert in view.alerts() if alert.state == AlertState.RESOLVED), None)
            grid.put(1, 1, "no alert" if last is None else self._resolved(last), "dim" if last is None else "resolved")
            return
        alert = firing[-1]
        more = f" (and {len(firing) - 1} more)" if len(firing) > 1 else ""
        lasted = duration(max(0, (view.model.newest or alert.time) - alert.started))
        causes = ", ".join(f"{100 * part:.0f}% {printable(value)}" for _, value, part, _ in alert.causes)
        change = f"  {alert.change:+,.1f}/s: {causes}" if causes else ""
        text = f"{self._style.mark(alert)} FIRING {_name(alert)} {lasted}{more}  {_value(alert)}{change}"
        grid.put(1, 1, text, "dim" if alert.suppressed else alert.severity)

    def _resolved(self, alert: Alert) -> str:
        at, lasted = self._formatter.time(alert.time)[11:19], duration(alert.time - alert.started)
        return f"{self._style.mark(alert)} {_name(alert)} resolved at {at} after {lasted}, peak {alert.peak:,.4g}"

    def _rates(self, view: View, moment: Moment) -> list[Run]:
        model = view.model
        errors, slow = model.error_share(), model.percentile(0.95)
        summary = moment.status.summary if moment.status else model.summary
        numbers = [
            ("hits/s", f"{model.rate(1):,.1f}", "title"),
            ("1m", f"{model.rate(60):,.1f}", ""),
            ("peak", f"{model.peak:,}", ""),
            ("5xx", "-" if errors is None else f"{100 * errors:.1f}%", "5xx" if errors else ""),
        ]
        if slow is not None:
            numbers.append(("p95", f"{slow:.3g} s" if slow >= 1 else f"{1000 * slow:.3g} ms", ""))
        numbers.append(("hits", f"{model.hits:,}", ""))
        if summary is not None:
            numbers += [
                ("late", f"{summary.late:,}", ""),
                ("bad", f"{summary.malformed:,}", "4xx" if summary.malformed else ""),
            ]
        return [run for name, value, role in numbers for run in ((f"{name} ", "dim"), (f"{value}   ", role))]

    def _chart(self, grid: Grid, view: View, y: int, rows: int) -> None:
        model = view.model
        if model.first is None or model.newest is None:
            grid.put(y + rows // 2, 2, "no line yet", "dim")
            return
        columns = grid.width - LABEL - 1
        fit = zoom_for(model.newest - model.first + 1, columns)
        zoom = (1 if view.is_live else fit) if view.zoom is None else view.zoom
        view.span = zoom * columns
        end = model.newest - view.shift
        if zoom == fit and not view.is_live:  # a short log begins at the left
            end = max(end, (model.first // zoom + columns - 1) * zoom)
        chart = Chart(view.series, self._formatter, self._style, first=model.first, newest=model.newest, end=end, zoom=zoom)
        chart.draw(grid, y, rows, 0.0 if view.recent is not None else self._threshold, view.model.alerts)

    def _panels(self, grid: Grid, view: View, y: int, height: int, moment: Moment) -> None:
        names = view.names()
        beside = 1 if view.is_full else 3 if grid.width >= 120 else max(1, grid.width // PANEL_COLUMNS)
        above = 1 if view.is_full or height < 14 else 2 if height < 40 else 3
        page = beside * above
        view.focus %= len(names)
        start = 0 if len(names) <= page else min(view.focus // page * page, len(names) - 1)
        if view.is_full:
            start, page = view.focus, 1
        text = PanelText(grid, self._style)
        rows = height // above
        view.page_rows = max(1, rows - 2)
        for number, name in enumerate(names[start : start + page], start):
            row, column = divmod(number - start, beside)
            x = column * grid.width // beside
            box = (y + row * rows, x, (column + 1) * grid.width // beside - x, rows if row < above - 1 else height - row * rows)
            is_focused = number == view.focus
            if name in OTHERS:
                self._health(grid, view, box, number + 1, moment, is_focused=is_focused)
            else:
                text.draw(box, number + 1, name, view.panel(name), view.state(name), is_focused=is_focused)

    def _health(
        self, grid: Grid, view: View, box: tuple[int, int, int, int], number: int, moment: Moment, *, is_focused: bool
    ) -> None:
        """What was read, and what went wrong with it."""
        Frame(grid, self._style).draw(box, f"{number} Health", "", "bold" if is_focused else "")
        y, x, width, height = box
        for row, line in enumerate(self._health_lines(view, moment)[: height - 2]):
            grid.put(y + 1 + row, x + 2, line, "", width - 4)

    def _health_lines(self, view: View, moment: Moment) -> list[str]:
        model = view.model
        summary = moment.status.summary if moment.status else model.summary
        lines = []
        if summary is not None:
            lines.append(f"{counted(summary.lines, 'line')}: {summary.events:,} events")
            lines.append(f"{summary.malformed:,} malformed, {summary.late:,} late (up to {summary.lateness_max} s)")
        for each in moment.status.inputs if moment.status else ():
            lines.append(
                f"{printable(os.fsencode(each.name))}: {each.format or 'unknown format'}, {counted(each.lines, 'line')}"
            )
        missing = [name for name in ("user", "referrer", "agent") if name not in model.fields()]
        if missing and model.hits:
            lines.append(f"not in this log: {', '.join(missing)}")
        lines += [f"line {bad.line}: {bad.reason}: {printable(bad.text)}" for bad in reversed(model.malformed)]
        return lines + [printable(os.fsencode(text)) for text in reversed(model.notices)]

    def _footer(self, grid: Grid, view: View) -> None:
        y = grid.height - 1
        if view.entry is not None:
            grid.put(y, 1, f"filter: {printable(os.fsencode(view.entry))}_   Enter apply  Esc cancel  ({', '.join(FIELDS)})")
        elif view.message:
            grid.put(y, 1, printable(os.fsencode(view.message)), "warning")
        else:
            enter, back = ("⏎", "⌫") if self._style.unicode else ("Enter ", "Esc ")
            keys = f"?help /filter {enter}drill {back}back s sort z zoom a alerts l lines p pause q quit"
            grid.put(y, 1, keys if view.mode == "panels" else "j k scroll  Esc back  q quit", "dim")

    # Pages that fill the body

    def _page(self, grid: Grid, view: View, y: int, height: int, rows: Sequence[Run]) -> None:
        rows = [(line, role) for text, role in rows for line in self._wrapped(text, grid.width - 2)]
        view.page_rows = height
        view.scroll = max(0, min(view.scroll, len(rows) - height))
        for place, (text, role) in enumerate(rows[view.scroll : view.scroll + height]):
            grid.put(y + place, 1, text, role)

    @staticmethod
    def _wrapped(text: str, width: int) -> list[str]:
        return entries("", text.split(" "), width, " ", "  ").splitlines() if cells(text) > width else [text]

    def _help(self, grid: Grid, view: View, y: int, height: int) -> None:
        self._page(grid, view, y, height, [(f"{keys:<16} {meaning}", "") for keys, meaning in HELP])

    def _alerts(self, grid: Grid, view: View, y: int, height: int) -> None:
        rows = [(f"{self._style.mark(alert)} {self._formatter.alert(alert)}", _role(alert)) for alert in view.alerts()] or [
            ("no alert has fired", "dim")
        ]
        self._page(grid, view, y, height, rows)

    def _lines(self, grid: Grid, view: View, y: int, height: int) -> None:
        lines = view.model.lines if view.recent is None else view.recent.lines()
        rows = [(printable(line[:LINE_BYTES]), "") for _, line in reversed(lines)] or [("no line yet", "dim")]
        self._page(grid, view, y, height, rows)

    def _explain(self, grid: Grid, view: View, y: int, height: int) -> None:
        """The last alert that fired: its message, what changed, and lines of it."""
        alert = next((alert for alert in view.alerts() if alert.state == AlertState.FIRING), None)
        if alert is None:
            self._page(grid, view, y, height, [("no alert has fired", "dim")])
            return
        rows: list[Run] = [(self._formatter.alert(alert), _role(alert)), ("", "")]
        rows += [
            (f"{100 * part:.0f} % of the change: {field} {printable(value)}{' (new)' if is_new else ''}", "")
            for field, value, part, is_new in alert.causes
        ]
        rows += [(printable(line[:LINE_BYTES]), "dim") for line in alert.lines]
        rows.append((f"more: explain {self._formatter.time(alert.time)} {shlex.quote(self._title)}", "dim"))
        self._page(grid, view, y, height, rows)


def _name(alert: Alert) -> str:
    """The rule, and its group where there is one."""
    return printable(b" ".join([alert.name.encode(), *(value for _, value in alert.group)]))


def _value(alert: Alert) -> str:
    """The value at firing, and what it is compared with."""
    return f"{alert.measure} {alert.value:,.4g} ({alert.condition or f'above {alert.threshold:g}/s over {alert.window} s'})"


def _role(alert: Alert) -> str:
    return "dim" if alert.suppressed else "resolved" if alert.state == AlertState.RESOLVED else alert.severity


def _chips(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return [text]


_PAGES: dict[str, Callable[[Screen, Grid, View, int, int], None]] = {
    "help": Screen._help,
    "alerts": Screen._alerts,
    "lines": Screen._lines,
    "explain": Screen._explain,
}
