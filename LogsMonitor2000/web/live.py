"""What the live page shows of the run: its totals as the summary has them, the last intervals, and alerts.

`/api/v1/live` is this as JSON; the page itself is sent with it, and with the totals as plain HTML: numbers are there at the first
paint, and without JavaScript too. Text of the log is `printable` in both, and escaped by its place.
"""

from __future__ import annotations

from collections import deque
from html import escape
import json
from typing import Any

from ..action.formatter import status_class
from ..event import Key, Stats, Summary
from ..limits import INTERVALS_MAX, SHOWN_TEXT_MAX
from ..text import elided, printable, share, size

CLASSES = (b"2", b"3", b"4", b"5")
"""Status classes that the chart tells apart; the rest is one."""

MARKS = {"2xx": "✓", "3xx": "→", "4xx": "!", "5xx": "✗"}


class Intervals:
    """Statistics of the last intervals, as rows of numbers: `[time, seconds, bytes, 2xx, 3xx, 4xx, 5xx, others]`."""

    def __init__(self, count_max: int = INTERVALS_MAX) -> None:
        self._rows: deque[list[int]] = deque(maxlen=count_max)
        self.newest: Stats | None = None

    def add(self, stats: Stats) -> None:
        counts = [stats.statuses.get(key, 0) for key in CLASSES]
        self._rows.append([stats.time, stats.interval, stats.bytes, *counts, stats.hits - sum(counts)])
        self.newest = stats

    def since(self, time: int | None) -> list[list[int]]:
        """Those that begin at `time` or later; None: all that are known."""
        return [row for row in self._rows if time is None or row[0] >= time]


def totals(summary: Summary, newest: Stats | None) -> dict[str, Any]:
    """Totals of the run, late events included. `now` of a value are its hits in the last interval; null: not among its top values."""
    hits = sum(summary.statuses.values())
    return {
        "hits": hits,
        "bytes": summary.bytes,
        "statuses": {status_class(key): count for key, count in summary.statuses.items()},
        "sections": _top(summary.sections, dict(newest.sections) if newest else {}),
        "sources": _top(summary.sources, dict(newest.sources) if newest else {}),
        "distinct": dict(summary.distinct),
        "peak": None if summary.peak is None else summary.peak._asdict(),
    }


def _top(pairs: tuple[tuple[Key, int], ...], now: dict[Key, int]) -> list[dict[str, Any]]:
    return [{"value": elided(printable(key), SHOWN_TEXT_MAX), "hits": hits, "now": now.get(key)} for key, hits in pairs]


def filled(template: str, live: dict[str, Any] | None) -> bytes:
    """The page with what is known of the run: `<!--totals-->` becomes HTML, `<!--data-->` a block of JSON for its script."""
    data = json.dumps(live, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    block = f'<script type="application/json" id="data">{data}</script>'
    # `data` last: what it holds is never searched for a mark.
    html = template.replace("<!--totals-->", "<p>No line yet.</p>" if live is None else _totals_html(live))
    before, mark, after = html.rpartition("<!--data-->")
    return f"{before}{block if mark else ''}{after}".encode("utf-8", "backslashreplace")


def _totals_html(live: dict[str, Any]) -> str:
    found = live["totals"]
    firing = [f"<p><strong>▲ FIRING</strong> {escape(each['message'])}</p>" for each in live["firing"]]
    counts = f"{live['lines']:,} lines: {live['events']:,} events, {live['malformed']:,} malformed, {live['late']:,} late; "
    statuses = [{"value": f"{MARKS.get(name, '')} {name}", "hits": count} for name, count in found["statuses"].items()]
    tables = (
        _table_html(title, rows, found["hits"])
        for title, rows in (("Status", statuses), ("Sections", found["sections"]), ("Sources", found["sources"]))
    )
    return "".join([*firing, f"<p>{counts}{found['hits']:,} hits, {size(found['bytes'])}</p>", *tables])


def _table_html(title: str, rows: list[dict[str, Any]], total: int) -> str:
    cells = "".join(
        f'<tr><th scope="row">{escape(row["value"])}</th><td>{row["hits"]:,}</td><td>{share(row["hits"], total)}</td></tr>'
        for row in rows
    )
    head = '<tr><th scope="col">value</th><th scope="col">hits</th><th scope="col">share</th></tr>'
    return f"<table><caption>{title}</caption><thead>{head}</thead><tbody>{cells}</tbody></table>"
