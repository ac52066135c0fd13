"""The chart of hits over time: bars of eighths of a cell, a threshold, alerts on the axis that all of it shares."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from ..action.formatter import MessageFormatter
from ..action.style import LEVELS, Style
from ..alert.state import AlertState
from ..event import Alert
from .grid import Grid
from .model import Point, Series

ZOOMS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400, 43_200, 86_400)
"""Seconds that a column may stand for."""

LABEL = 6
"""Cells of the scale, with the axis."""

STAMP_GAP = 12
"""Cells from one time on the axis to the next, at least."""


def zoom_for(seconds: int, columns: int) -> int:
    """The finest zoom at which `seconds` fit `columns`."""
    return next((zoom for zoom in ZOOMS if zoom * columns >= seconds), ZOOMS[-1])


def scale_for(peak: float) -> float:
    """A round number that is not below `peak`: 1, 2 or 5 times a power of ten."""
    power = 1.0
    while power < peak:
        power *= 10
    while power >= 10 * peak > 0:
        power /= 10
    return next((factor * power for factor in (0.1, 0.2, 0.5, 1.0) if factor * power >= peak), power)


class Chart:
    """Draws `series` up to the second `end`; a column is `zoom` seconds. The log covers `first` to `newest`."""

    def __init__(
        self, series: Series, formatter: MessageFormatter, style: Style, *, first: int, newest: int, end: int, zoom: int
    ) -> None:
        self._series = series
        self._formatter = formatter
        self._style = style
        self._first = first
        self._newest = newest
        self._end = end
        self._zoom = zoom

    def draw(self, grid: Grid, y: int, height: int, threshold: float, alerts: Sequence[Alert]) -> None:
        """Take `height` rows of `grid` from row `y` on, the last of them for the axis."""
        columns = grid.width - LABEL - 1
        start = (self._end // self._zoom - columns + 1) * self._zoom
        points = [self._point(start + place * self._zoom) for place in range(columns)]
        rates = [None if point is None else point[0].hits / point[1] for point in points]
        peak = max((rate for rate in rates if rate is not None), default=0.0)
        scale = scale_for(max(peak, threshold if threshold <= 3 * peak else 0.0) or 1.0)
        bars = max(1, height - 1)
        line = bars - 1 - int(bars * threshold / scale) if 0 < threshold < scale else None
        for row in range(bars):
            top = scale * (bars - row) / bars
            label = f"{top:g}" if row in (0, bars // 2) and len(f"{top:g}") < LABEL else ""
            grid.put(y + row, 0, f"{label:>{LABEL - 1}}{'┤' if self._style.unicode else '|'}", "dim")
            for place, rate in enumerate(rates):
                self._cell(grid, y + row, LABEL + place, rate, points[place], bars, row, scale)
                if row == line and (rate is None or rate * bars / scale <= bars - row - 1):
                    grid.put(y + row, LABEL + place, "┄" if self._style.unicode else "-", "threshold")
        self._axis(grid, y + bars, columns, start, alerts)

    def _point(self, start: int) -> tuple[Point, int] | None:
        """What a column shows, and how many of its seconds the log covers; None where it covers none."""
        covered = min(start + self._zoom, self._newest + 1) - max(start, self._first)
        return (self._series.point(start, self._zoom), covered) if covered > 0 else None

    def _cell(
        self, grid: Grid, y: int, x: int, rate: float | None, point: tuple[Point, int] | None, bars: int, row: int, scale: float
    ) -> None:
        if rate is None or point is None or not rate:
            return
        eighths = ceil(rate / scale * bars * 8) - 8 * (bars - row - 1)
        if eighths <= 0:
            return
        hits = point[0]
        # Of the bar, server errors are the foot, client errors are above them.
        level = (bars - row - 0.5) / bars * scale / rate
        failed = hits.server_errors / hits.hits
        role = "5xx" if level <= failed else "4xx" if level <= failed + hits.client_errors / hits.hits else "2xx"
        full = "█" if role != "5xx" else "▓"
        glyph = (full if eighths >= 8 else LEVELS[eighths - 1]) if self._style.unicode else "#"
        grid.put(y, x, glyph, role)

    def _axis(self, grid: Grid, y: int, columns: int, start: int, alerts: Sequence[Alert]) -> None:
        across, corner = ("─", "└") if self._style.unicode else ("-", "+")
        grid.put(y, LABEL - 1, corner + across * columns, "dim")
        marks = {(alert.time - start) // self._zoom: alert for alert in alerts}
        place = 0
        while place + STAMP_GAP <= columns:
            text = self._formatter.time(start + place * self._zoom)
            stamp = text[11:19] if self._zoom < 60 else text[5:16].replace("T", " ")
            if not any(place + offset in marks for offset in range(-1, len(stamp) + 1)):
                grid.put(y, LABEL + place, stamp, "dim")
                place += 2 * STAMP_GAP
            else:
                place += 1
        for column, alert in marks.items():
            if 0 <= column < columns:
                role = "resolved" if alert.state == AlertState.RESOLVED else alert.severity
                grid.put(y, LABEL + column, self._style.mark(alert), "dim" if alert.suppressed else role)
