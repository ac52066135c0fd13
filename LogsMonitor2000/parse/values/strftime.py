"""Timestamps in a format that the user gives as `strftime` writes it: `%d/%b/%Y %H:%M:%S`.

Without a zone a time is UTC; without a date it has none, so a format needs one.
"""

from __future__ import annotations

from datetime import date
import re

from ...errors import FormatError
from ..regex import compile_pattern
from .timestamps import EPOCH_DAY, MONTHS, NO_TIME, Timestamps

_SHORT = {"T": "%H:%M:%S", "F": "%Y-%m-%d", "D": "%m/%d/%y", "R": "%H:%M", "h": "%b", "c": "%a %b %e %H:%M:%S %Y"}
_PATTERNS = {
    "Y": rb"\d{4}",
    "y": rb"\d\d",
    "m": rb"\d\d?+",
    "d": rb"\d\d?+",
    "e": rb" ?+\d\d?+",
    "b": rb"[A-Za-z]{3}",
    "B": rb"[A-Za-z]{3,9}+",
    "a": rb"[A-Za-z]{2,4}+",
    "A": rb"[A-Za-z]{6,9}+",
    "H": rb"\d\d?+",
    "k": rb" ?+\d\d?+",
    "I": rb"\d\d?+",
    "M": rb"\d\d",
    "S": rb"\d\d",
    "p": rb"[AaPp][Mm]",
    "f": rb"\d++",
    "z": rb"(?:[+-]\d\d:?+\d\d|Z)",
    "Z": rb"(?:UTC|GMT|Z)",
    "s": rb"\d{1,12}+",
}
_DIRECTIVE = re.compile(r"%[-_0^#]?(.)|([^%]+)", re.DOTALL)


def _parts(text: str) -> list[tuple[str, bytes]]:
    """The directives and literal texts of a format, each with its pattern."""
    parts: list[tuple[str, bytes]] = []
    for found in _DIRECTIVE.finditer(re.sub(r"%([TFDRhc])", lambda short: _SHORT[short[1]], text)):
        letter, literal = found.groups()
        if letter is None or letter == "%":
            parts.append(("", re.escape((literal or "%").encode())))
        elif letter in _PATTERNS:
            parts.append((letter, _PATTERNS[letter]))
        else:
            raise FormatError(
                f"time format {text!r}: %{letter} is not supported; known: {' '.join('%' + k for k in _PATTERNS)}"
            )
    letters = [letter for letter, _ in parts if letter]
    if "s" not in letters and not ({"Y", "y"} & set(letters) and {"d", "e"} & set(letters) and {"m", "b", "B"} & set(letters)):
        raise FormatError(f"time format {text!r}: needs %s, or a year, a month and a day")
    if len(set(letters)) < len(letters):
        raise FormatError(f"time format {text!r}: the same part twice")
    return parts


def strftime_pattern(text: str) -> bytes:
    """A pattern of the times that the format describes, without groups."""
    return b"".join(pattern for _, pattern in _parts(text))


class StrftimeTimestamps(Timestamps):
    """Times of one format."""

    def __init__(self, text: str) -> None:
        super().__init__()
        groups = (b"(?P<%s>%s)" % (letter.encode(), pattern) if letter else pattern for letter, pattern in _parts(text))
        self._pattern = compile_pattern(b"".join(groups) + rb"\Z")

    def convert(self, timestamp: bytes) -> int:
        found = self._pattern.match(timestamp)
        return NO_TIME if found is None else _second(found.groupdict())


def _second(parts: dict[str, bytes]) -> int:
    if "s" in parts:
        return int(parts["s"])
    year = int(parts.get("Y") or 2000 + int(parts["y"]) - (100 if int(parts["y"]) > 68 else 0))
    name = parts.get("b") or parts.get("B")
    month = MONTHS.get(name[:3].capitalize(), 0) if name else int(parts["m"])
    hour = int(parts.get("H") or parts.get("k") or parts.get("I") or b"0")
    if "p" in parts:
        hour = hour % 12 + 12 * (parts["p"] in (b"PM", b"pm", b"Pm", b"pM"))
    minute, second = int(parts.get("M", b"0")), int(parts.get("S", b"0"))
    if hour > 23 or minute > 59 or second > 60:
        return NO_TIME
    try:
        days = date(year, month, int(parts.get("d") or parts["e"])).toordinal() - EPOCH_DAY
    except ValueError:
        return NO_TIME
    zone = parts.get("z", b"Z").replace(b":", b"")
    offset = 0
    if zone != b"Z":
        if int(zone[1:3]) > 23 or int(zone[3:5]) > 59:
            return NO_TIME
        offset = (int(zone[1:3]) * 60 + int(zone[3:5])) * (60 if zone[:1] == b"+" else -60)
    return days * 86_400 + (hour * 60 + minute) * 60 + min(second, 59) - offset
