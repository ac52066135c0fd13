"""Times and texts of a log as every rendering of a report shows them."""

from __future__ import annotations

from datetime import datetime, timezone

from ...text import printable


def shown_time(second: int) -> str:
    """`2026-11-24 19:20:00`, in UTC."""
    return datetime.fromtimestamp(second, timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


def shown_text(text: str) -> str:
    """Text of a log on one line, what does not print escaped."""
    return printable(text.encode("utf-8", "surrogateescape"))
