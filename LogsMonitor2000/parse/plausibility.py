"""Whether the columns of a detected format hold what they should: a format that is close to the right one may shift them.

A source that is not an address or host name on most lines, a referrer or agent that is a number, a median duration of over an
hour: such a format loses to another that reads the lines as well, or is reported with the column's name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import re

from ..event import WebLogEvent
from ..limits import PLAUSIBLE_LINES_MAX, PLAUSIBLE_SECONDS_MAX
from ..text import printable
from .base import Malformed, Parser, strictly

_HOST = re.compile(r"(?!(?:stdout|stderr|INFO|DEBUG|WARN|WARNING|ERROR)\Z)[\w.:%-]*\w[\w.:%-]*\Z")
_ADDRESS = re.compile(r"(?:\d{1,3}(?:\.\d{1,3}){3}|[\dA-Fa-f]*:[\dA-Fa-f:.%]+)\Z")
_NUMBER = re.compile(r"\d+(?:\.\d+)?\Z")


def doubts(parser: Parser, lines: Sequence[bytes]) -> list[str]:
    """What is implausible about how `parser` reads `lines`, in words; nothing for what depends on earlier lines."""
    events = _events(parser, lines)
    found = []
    for field, is_wrong, what in _CHECKS:
        values = [value for event in events if (value := str(getattr(event, field))) != "-"]
        wrong = [value for value in values if is_wrong(value)]
        if len(wrong) * 2 > len(events):
            example = printable(wrong[0][:40].encode("utf-8", "surrogateescape"))
            found.append(f"the {field} is not {what} on most lines, such as '{example}'")
    durations = sorted(event.duration for event in events if event.duration is not None)
    median = durations[len(durations) // 2] if durations else 0
    if median > PLAUSIBLE_SECONDS_MAX:
        found.append(f"the median duration is {median:,.0f} s: perhaps another unit")
    return found


def is_sound(parser: Parser, lines: Sequence[bytes]) -> bool:
    """Whether there is nothing to doubt, and the source of most lines is an IP address, where there is a source."""
    has_addresses = "source" not in parser.fields or address_count(parser, lines) * 2 > min(len(lines), PLAUSIBLE_LINES_MAX)
    return has_addresses and not doubts(parser, lines)


def address_count(parser: Parser, lines: Sequence[bytes]) -> int:
    """Of how many lines the source is an IP address."""
    return sum(_ADDRESS.match(event.source) is not None for event in _events(parser, lines))


def _events(parser: Parser, lines: Sequence[bytes]) -> list[WebLogEvent]:
    events: list[WebLogEvent] = []
    for line in () if parser.sequential else lines[:PLAUSIBLE_LINES_MAX]:
        try:
            event = None if parser.skips(line) else strictly(parser.parse_line, line)
        except Malformed:
            continue
        if event is not None:
            events.append(event)
    return events


def _is_number(text: str) -> bool:
    return _NUMBER.match(text) is not None


def _is_no_host(text: str) -> bool:
    return _HOST.match(text) is None


_CHECKS: tuple[tuple[str, Callable[[str], bool], str], ...] = (
    ("source", _is_no_host, "an address or host name"),
    ("vhost", _is_no_host, "a host name"),
    ("referrer", _is_number, "a URL"),
    ("agent", _is_number, "text"),
)
