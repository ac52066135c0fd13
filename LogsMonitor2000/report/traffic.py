"""The report of a site's traffic: how much, when, of what, by whom, and what went wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..analyze.bucket import Bucket
from ..analyze.columns import Subnet
from ..analyze.digest import Digest
from ..analyze.layouts import FOREVER, Layouts
from ..analyze.measures.base import Measure
from ..analyze.measures.count import Count
from ..analyze.measures.keys import OTHER
from ..analyze.measures.sketch import Sketch, quantile
from ..analyze.measures.sum import Sum
from ..analyze.measures.topk import Row, TopK
from ..config.option import Flag, Option, Whole
from ..text import decoded
from .agents import agent_of
from .base import State
from .measured import Measured, MeasuredReport
from .series import CLASSES, LADDER, Point, Series

FIELDS = ("section", "source", "user", "method", "referrer", "agent", "vhost")
TOPS: Mapping[str, TopK] = {name: TopK(name) for name in FIELDS}
PATHS = TopK("path", "status")
"""Paths by status: of which the lists of paths, of what was not found and of server errors are made."""

STATUS_CLASSES = Count("status_class")
SIZES = Sum("size")
DURATIONS = Sketch("duration", "section")

HOUR = 3600


@dataclass
class Traffic(Measured):
    """What some pieces amount to: besides the totals, a series over time, and hits by hour of the week (Monday 0 h first, UTC)."""

    series: Series = field(default_factory=Series)
    week: list[int] = field(default_factory=lambda: [0] * 168)


class TrafficReport(MeasuredReport):
    """Totals, a series of at most 400 steps, the hours of the week, top lists, durations by section, malformed samples."""

    name = "traffic"
    title = "traffic"
    outputs = ("text", "json", "html", "csv")
    options = (
        Option("limit", 100, Whole("N", least=1, most=1000), "values in each top list"),
        Option("anonymize", False, Flag(), "cut addresses to their /24 or /64 network, and show no malformed line"),
    )
    measures = (*TOPS.values(), PATHS, DURATIONS)
    alerts: list[dict[str, Any]] = []
    """The alerts that rules would have raised, where there are rules."""

    def __init__(self, settings: Mapping[str, Any] | None = None) -> None:
        super().__init__(settings)
        self._tops: Mapping[str, TopK] = TOPS
        if self.settings["anonymize"]:
            self._tops = {**TOPS, "source": TopK(Subnet("source", 24, 64))}
            self.measures = (*self._tops.values(), PATHS, DURATIONS)

    def layouts(self) -> Layouts:
        return Layouts({LADDER[0]: (STATUS_CLASSES, SIZES), FOREVER: self.measures})

    def empty(self) -> Traffic:
        return Traffic([measure.empty() for measure in self.measures])

    def _take(self, state: Measured, digest: Digest, path: str) -> None:
        super()._take(state, digest, path)
        assert isinstance(state, Traffic)
        for time, bucket in digest.buckets[LADDER[0]].items():
            state.series.add(time, _point(bucket))
            state.week[_hour_of_week(time)] += bucket.hits
        state.series.bound()

    def merge(self, state: Measured, other: Measured) -> Measured:
        assert isinstance(state, Traffic) and isinstance(other, Traffic)
        super().merge(state, other)
        state.series.merge(other.series)
        state.week = [one + another for one, another in zip(state.week, other.week)]
        return state

    def data(self, totals: Mapping[Measure, State], state: Measured) -> dict[str, Any]:
        assert isinstance(state, Traffic)
        points = sorted(state.series.points.items())
        sums = [sum(column) for column in zip(*(point for _, point in points))] or [0] * (2 + CLASSES)
        return {
            "requests": state.events,
            "bytes": sums[1],
            "statuses": {name: count for name, count in zip(("1xx", "2xx", "3xx", "4xx", "5xx", "-"), sums[2:]) if count},
            "series": {
                "step": state.series.step,
                "points": [[second, point[0], point[1], point[6]] for second, point in points],
                "statuses": [point[2:] for _, point in points],
            },
            "week": state.week,
            "top": self._top(totals),
            "different": {name: len(state_of) for name, state_of in self._different(totals).items()},
            "durations": _durations(totals[DURATIONS], self.settings["limit"]),
            "alerts": self.alerts,
            "samples": [
                [path, line, reason, "" if self.settings["anonymize"] else decoded(text)]
                for path, line, reason, text in state.samples
            ],
        }

    def _different(self, totals: Mapping[Measure, State]) -> dict[str, set[Any]]:
        """The values that are known of each field, those that the log never has left out."""
        found: dict[str, set[Any]] = {name: set(totals[measure][0]) - {b"-", OTHER} for name, measure in self._tops.items()}
        return found | {"path": {key[0] for key in totals[PATHS][0] if key != OTHER} - {b"-"}}

    def _top(self, totals: Mapping[Measure, State]) -> dict[str, list[list[Any]]]:
        limit = self.settings["limit"]
        top: dict[str, list[list[Any]]] = {}
        for name, measure in self._tops.items():
            rows = measure.top(totals[measure], limit)
            if any(row.value not in (b"-", None) for row in rows):
                top[name] = [[decoded(row.value or b"-"), row.hits, row.bytes, row.errors] for row in rows]
        every = PATHS.top(totals[PATHS], 1 << 40)
        top["path"] = _folded((row.value[0] or b"-", row) for row in every)[:limit]
        top["not_found"] = _folded((row.value[0] or b"-", row) for row in every if row.value[1] == b"404")[:limit]
        top["server_errors"] = _folded((row.value[0] or b"-", row) for row in every if row.errors)[:limit]
        top["status"] = _folded((row.value[1] or b"-", row) for row in every)[:limit]
        return {
            name: rows
            for name, rows in (top | _of_agents(TOPS["agent"].top(totals[TOPS["agent"]], 1 << 40), limit)).items()
            if rows
        }

    def render(self, result: Mapping[str, Any], output: str) -> bytes:
        if output == "html":
            from .render.traffic_html import traffic_page

            return traffic_page(result).encode("utf-8", "backslashreplace")
        if output == "csv":
            from .render.csv import tables_of

            return tables_of(result)
        return super().render(result, output)

    def text(self, result: Mapping[str, Any]) -> str:
        from .render.traffic_text import traffic_text

        return traffic_text(result)


def _point(bucket: Bucket) -> Point:
    counts = bucket[STATUS_CLASSES]
    classes = [counts.get(b"%d" % number, 0) for number in range(1, 6)]
    return [bucket.hits, bucket[SIZES], *classes, bucket.hits - sum(classes)]


def _hour_of_week(second: int) -> int:
    """Hours since Monday, 0 h UTC; the epoch began on a Thursday."""
    return (second // HOUR + 3 * 24) % 168


def _folded(rows: Iterable[tuple[bytes, Row]]) -> list[list[Any]]:
    """[value, hits, bytes, errors] of rows that were distinguished by more than their value; by hits, then by value."""
    found: dict[bytes, list[int]] = {}
    for value, row in rows:
        amounts = found.setdefault(value, [0, 0, 0])
        for place, amount in enumerate((row.hits, row.bytes, row.errors)):
            amounts[place] += amount
    ranked = sorted(found.items(), key=lambda item: (-item[1][0], item[0]))
    return [[decoded(value), *amounts] for value, amounts in ranked]


def _of_agents(rows: Iterable[Row], limit: int) -> dict[str, list[list[Any]]]:
    """Browsers, systems and bots, from the user agents that are known."""
    found: dict[str, Counter[str]] = {"browser": Counter(), "system": Counter(), "bot": Counter()}
    amounts: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        if row.value in (None, b"-"):
            continue
        agent = agent_of(decoded(row.value))
        for name, value in (("browser", agent.browser if not agent.bot else ""), ("system", agent.system), ("bot", agent.bot)):
            if value:
                found[name][value] += row.hits
                known = amounts.setdefault((name, value), [0, 0])
                known[0] += row.bytes
                known[1] += row.errors
    return {
        name: [
            [value, hits, *amounts[name, value]]
            for value, hits in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit]
        ]
        for name, counts in found.items()
    }


def _durations(state: State, limit: int) -> list[dict[str, Any]]:
    """Of the sections with the most requests, percentiles in seconds."""
    ranked = sorted(
        ((sum(bins.values()), key) for key, bins in state.items() if key != OTHER), key=lambda item: (-item[0], repr(item[1]))
    )
    found = []
    for count, key in ranked[:limit]:
        bins = state[key]
        shares = {f"p{share}": quantile(bins, share / 100) for share in (50, 90, 95, 99)}
        section = key[0] if isinstance(key, tuple) else key
        found.append(
            {"section": decoded(section or b"-"), "count": count}
            | {name: round(value or 0.0, 6) for name, value in shares.items()}
        )
    return found
