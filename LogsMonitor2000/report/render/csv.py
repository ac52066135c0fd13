"""The tables of a report as CSV files in a zip archive, defused: a cell never begins like a formula."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
import csv
import io
from typing import Any
import zipfile

FORMULA = tuple("=+-@\t\r")
"""What a spreadsheet may take for the beginning of a formula."""

MOMENT = (1980, 1, 1, 0, 0, 0)
"""The time stamp of every file in the archive, so that the same report is the same bytes."""


def tables_of(result: Mapping[str, Any]) -> bytes:
    """A zip archive with a file for each table of a report of traffic."""
    tables: dict[str, tuple[Sequence[str], Iterable[Sequence[Any]]]] = {
        "series": (("time", "hits", "bytes", "errors"), result["series"]["points"]),
        "week": (("weekday", "hour", "hits"), [(n // 24, n % 24, hits) for n, hits in enumerate(result["week"])]),
        "durations": (
            ("section", "count", "p50", "p90", "p95", "p99"),
            [list(row.values()) for row in result["durations"]],
        ),
        "malformed": (("file", "line", "reason", "text"), result["samples"]),
    }
    for name, rows in result["top"].items():
        tables[f"top_{name}"] = ((name, "hits", "bytes", "errors"), rows)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, (header, rows) in tables.items():
            info = zipfile.ZipInfo(f"{name}.csv", MOMENT)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, _table(header, rows))
    return out.getvalue()


def _table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([defused(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8", "backslashreplace")


def defused(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula; controls are visible, so that no line ends in the middle of a cell."""
    if not isinstance(cell, str):
        return cell
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cell)
    return f"'{shown}" if shown.startswith(FORMULA) or cell.startswith(FORMULA) else shown
