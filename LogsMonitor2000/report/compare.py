"""Two traffic reports side by side: what changed from the older to the newer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FIELDS = ("section", "path", "source", "not_found", "server_errors", "bot")
ROWS = 10


def changes(result: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Totals of both, and of each field the values whose share of the requests changed most: [value, hits before, hits, change].

    The change is in percentage points, because the two logs may be of different lengths.
    """
    numbers = ("requests", "bytes", "malformed")
    return {
        "from": before["from"],
        "until": before["until"],
        "totals": {name: [before[name], result[name]] for name in numbers},
        "statuses": {
            name: [before["statuses"].get(name, 0), result["statuses"].get(name, 0)]
            for name in sorted({*before["statuses"], *result["statuses"]})
        },
        "top": {name: rows for name in FIELDS if (rows := _changed(result, before, name))},
    }


def _changed(result: Mapping[str, Any], before: Mapping[str, Any], name: str) -> list[list[Any]]:
    now = {value: hits for value, hits, *_ in result["top"].get(name, ())}
    then = {value: hits for value, hits, *_ in before["top"].get(name, ())}
    rows = []
    for value in {*now, *then}:
        hits, earlier = now.get(value, 0), then.get(value, 0)
        change = 100 * hits / (result["requests"] or 1) - 100 * earlier / (before["requests"] or 1)
        rows.append([value, earlier, hits, round(change, 3)])
    rows.sort(key=lambda row: (-abs(row[3]), row[0]))
    return [row for row in rows[:ROWS] if row[3]]
