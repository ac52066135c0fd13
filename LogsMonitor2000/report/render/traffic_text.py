"""A report of traffic on one screen of text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...text import duration, size
from .shown import shown_text, shown_time

WIDTH = 100
LISTS = ("section", "path", "source", "not_found", "server_errors", "browser", "bot")
TITLES = {"not_found": "not found", "server_errors": "errors", "section": "sections", "path": "paths", "source": "sources"}
TITLES |= {"browser": "browsers", "bot": "bots"}
BARS = "▁▂▃▄▅▆▇█"
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def traffic_text(result: Mapping[str, Any]) -> str:
    """Totals, a chart of one line, the lists that matter, durations, alerts."""
    lines = [f"{result['lines']:,} lines = {result['events']:,} events + {result['malformed']:,} malformed"]
    excluded = result["lines"] - result["events"] - result["malformed"]
    if excluded:
        lines[0] += f" + {excluded:,} outside the range"
    if not result["events"]:
        return "\n".join([*lines, "no event to report on"]) + "\n"
    span = result["until"] - result["from"]
    lines.append(f"  {shown_time(result['from'])} to {shown_time(result['until'] - 1)} UTC ({duration(span)})")
    lines.append(f"  requests  {result['requests']:,}  {_rate(result['requests'], span)}  {size(result['bytes'])}")
    statuses = "  ".join(f"{name} {count:,} {_share(count, result['requests'])}" for name, count in result["statuses"].items())
    lines.append(f"  status    {statuses}")
    lines.append(f"  over time {_chart(result['series'])} ({duration(result['series']['step'])} a step)")
    lines.append(f"  busiest   {_busiest(result['week'])}")
    for name in LISTS:
        rows = result["top"].get(name)
        if rows:
            lines.append(_row(TITLES[name], rows))
    for row in result["durations"][:3]:
        times = "  ".join(f"{name} {row[name]:.3g} s" for name in ("p50", "p90", "p99"))
        lines.append(f"  durations {_shown(row['section'], 40)}  {times}")
    for alert in result["alerts"][:5]:
        until = "still firing" if alert["ended"] is None else f"to {shown_time(alert['ended'])}"
        lines.append(
            f"  alert     {_shown(alert['name'], 40)}  {shown_time(alert['started'])} {until}, peak {alert['peak']:.4g}"
        )
    for path, line, reason, _ in result["samples"]:
        lines.append(f"  malformed {_shown(path, 40)}:{line}: {_shown(reason, 60)}")
    if "compared" in result:
        lines += _compared(result["compared"])
    return "\n".join(lines) + "\n"


def _compared(compared: Mapping[str, Any]) -> list[str]:
    """What changed, a line each."""
    lines = ["compared with the older logs"]
    if compared["from"] is not None:
        lines[0] += f" ({shown_time(compared['from'])} to {shown_time(compared['until'] - 1)} UTC)"
    before, now = compared["totals"]["requests"]
    lines.append(f"  requests  {before:,} → {now:,}{_change(before, now)}")
    parts = [
        f"{name} {_share(one, before or 1)} → {_share(other, now or 1)}" for name, (one, other) in compared["statuses"].items()
    ]
    lines.append(f"  status    {'  '.join(parts)}")
    for name, rows in compared["top"].items():
        line = f"  {TITLES[name]:10}"
        line += "  ".join(f"{_shown(value, 40)} {change:+.1f} points" for value, _, _, change in rows[:3])
        lines.append(line)
    return lines


def _change(before: int, now: int) -> str:
    return f" ({100 * (now - before) / before:+.1f} %)" if before else ""


def _row(title: str, rows: Sequence[Sequence[Any]]) -> str:
    """As many values as fit on a line."""
    line = f"  {title:10}"
    for value, hits, *_ in rows:
        part = f"{_shown(value, 40)} {hits:,}  "
        if len(line) + len(part) > WIDTH and len(line) > 12:
            break
        line += part
    return line.rstrip()


def _chart(series: Mapping[str, Any]) -> str:
    """Hits over time in at most 60 bars; a gap is a space."""
    step, points = series["step"], series["points"]
    first = points[0][0]
    count = (points[-1][0] - first) // step + 1
    width = min(60, count)
    bars = [0] * width
    for second, hits, *_ in points:
        bars[((second - first) // step) * width // count] += hits
    most = max(bars)
    return "".join(BARS[(hits * len(BARS) - 1) // most] if hits else " " for hits in bars)


def _busiest(week: Sequence[int]) -> str:
    hour = max(range(168), key=week.__getitem__)
    return f"{DAYS[hour // 24]} {hour % 24:02d}:00–{(hour + 1) % 24:02d}:00 UTC, {week[hour]:,} requests"


def _rate(hits: int, seconds: int) -> str:
    for unit, length in (("s", 1), ("min", 60), ("h", 3600)):
        if hits * length >= seconds:
            return f"{hits * length / seconds:.3g} requests/{unit}"
    return f"{hits * 86_400 / seconds:.3g} requests/day"


def _share(count: int, total: int) -> str:
    return f"{100 * count / total:.1f} %" if 1000 * count >= total else "<0.1 %"


def _shown(text: str, most: int) -> str:
    """Text of a log, printable, elided in the middle where it is long."""
    shown = shown_text(text)
    return shown if len(shown) <= most else f"{shown[: most // 2 - 1]}…{shown[-(most // 2) :]}"
