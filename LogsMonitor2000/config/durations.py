"""Durations as people write them: `90s`, `5m`, `1h30m`, `2d`, or plain seconds. The same on the command line and in files."""

from __future__ import annotations

import re

UNITS = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
"""Seconds in each unit."""

_TEXT_CHARS_MAX = 64
_NUMBER = r"\d{1,15}(?:\.\d{1,9})?"
_PART = rf"({_NUMBER})(ms|min|[smhd])"  # not compiled here, because start-up counts
_PLAIN = rf"-?{_NUMBER}"


def duration_of(text: str) -> float:
    """The seconds that `text` means, an `int` where they are whole; a `ValueError` where it is not a duration."""
    compact = text.replace(" ", "") if len(text) <= _TEXT_CHARS_MAX else ""
    if re.fullmatch(_PLAIN, compact, re.ASCII):
        return _whole(float(compact))
    parts = list(re.finditer(_PART, compact, re.ASCII))
    if not parts or "".join(part[0] for part in parts) != compact:
        raise ValueError(f"must be a duration like 90s, 5m or 2h, not {text!r}")
    return _whole(sum(float(part[1]) * UNITS[part[2]] for part in parts))


def _whole(seconds: float) -> float:
    return int(seconds) if seconds.is_integer() else seconds
