"""Timestamps as they stand in a log → seconds since the epoch, each distinct text converted once.

C code looks up a whole column at once (`map(timestamps.__getitem__, column)`), so the dictionary itself must know how to fill
its gaps: `__missing__`. An invalid timestamp gives `NO_TIME` instead of an exception, because a bad line is data.
"""

from __future__ import annotations

from datetime import date

from ...limits import EPOCH_DIGITS_MAX, TIMESTAMP_BYTES_MAX, TIMESTAMPS_MAX
from ..regex import compile_pattern

NO_TIME = -(1 << 62)
"""Smaller than every real second, so that the minimum of a column shows whether it is there."""

TIME_BEFORE = NO_TIME + 1
"""The second of an event whose line has no time of its own: it takes the newest second before it (`columns.dated`)."""

_UNUSUAL = compile_pattern(rb"(\d\d?+)(/\w{3}/\d{4}:\d\d:\d\d:\d\d)(?:[.,]\d++)?+(?: ?+(?:UTC|GMT|Z|([+-]\d{4})))?+\Z")
MONTHS = {name: number for number, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
EPOCH_DAY = date(1970, 1, 1).toordinal()
TWO_DIGITS = {b"%02d" % number: number for number in range(100)}
SECONDS = [b"%02d" % second for second in range(60)]


class Timestamps(dict["bytes | None", int]):
    """Seconds by timestamp, at most `TIMESTAMPS_MAX` remembered; a concrete class says how one is converted."""

    absent: bytes | None = None
    """What stands for the time of a line that has none."""

    def __missing__(self, timestamp: bytes | None) -> int:
        if timestamp is None:
            return NO_TIME
        second = self.convert(timestamp)
        if len(timestamp) <= TIMESTAMP_BYTES_MAX:
            if len(self) >= TIMESTAMPS_MAX:
                self.clear()
            self[timestamp] = second
        return second

    def convert(self, timestamp: bytes) -> int:
        """Floored seconds since the epoch, or `NO_TIME`."""
        raise NotImplementedError


class NoTimestamps(Timestamps):
    """Of lines without a time of their own."""

    absent = b""

    def convert(self, timestamp: bytes) -> int:
        return TIME_BEFORE


class EpochTimestamps(Timestamps):
    """`1549573860`, or with a fraction that is cut off."""

    def convert(self, timestamp: bytes) -> int:
        whole, _, fraction = timestamp.partition(b".")
        if not whole.isdigit() or len(whole) > EPOCH_DIGITS_MAX or (b"." in timestamp and not fraction.isdigit()):
            return NO_TIME
        return int(whole)


class ClfTimestamps(Timestamps):
    """`10/Oct/2000:13:55:36 -0700`, the Common Log Format's, in which all but the seconds repeat for a minute.

    The second time a minute is met, all of its sixty timestamps are entered at once: a log of one line a second pays for
    two conversions a minute.
    """

    def __init__(self) -> None:
        super().__init__()
        self._minutes: dict[bytes, int] = {}  # the last few: timestamp without its seconds → its first second

    def convert(self, timestamp: bytes) -> int:
        if len(timestamp) != 26:
            timestamp = _usual(timestamp)
        if timestamp[17:18] != b":" or timestamp[20:21] != b" ":
            return NO_TIME
        second = TWO_DIGITS.get(timestamp[18:20], 99)
        if second > 59:
            if second > 60:
                return NO_TIME
            second = 59  # a leap second: POSIX time has no room for it
        minute = timestamp[:17] + timestamp[20:]
        start = self._minutes.get(minute)
        if start is not None:
            prefix, zone = timestamp[:18], timestamp[20:]
            self.update({prefix + text + zone: start + number for number, text in enumerate(SECONDS)})
            return start + second
        start = _clf_minute(minute)
        if start != NO_TIME:
            if len(self._minutes) >= 8:
                self._minutes.clear()
            self._minutes[minute] = start
            start += second
        return start


def _usual(text: bytes) -> bytes:
    """`1/Oct/2000:13:55:36 UTC`, `01/Oct/2000:13:55:36`, `01/Oct/2000:13:55:36.123 +0000` → `01/Oct/2000:13:55:36 +0000`."""
    found = _UNUSUAL.match(text)
    if found is None:
        return b""
    day, rest, zone = found.groups()
    return day.rjust(2, b"0") + rest + b" " + (zone or b"+0000")


def _clf_minute(text: bytes) -> int:
    """First second of the minute `10/Oct/2000:13:55 -0700`, or `NO_TIME`."""
    digits = text[:2] + text[7:11] + text[12:14] + text[15:17] + text[19:]
    month = MONTHS.get(text[3:6])
    if month is None or not digits.isdigit() or (text[2:3], text[6:7], text[11:12], text[14:15]) != (b"/", b"/", b":", b":"):
        return NO_TIME
    hour, minute, zone_hour, zone_minute = (int(text[i : i + 2]) for i in (12, 15, 19, 21))
    if hour > 23 or minute > 59 or zone_hour > 23 or zone_minute > 59 or text[18:19] not in (b"+", b"-"):
        return NO_TIME
    try:
        day = date(int(text[7:11]), month, int(text[:2])).toordinal() - EPOCH_DAY
    except ValueError:  # the 29th of February, year 0
        return NO_TIME
    offset = (zone_hour * 60 + zone_minute) * 60
    return day * 86_400 + (hour * 60 + minute) * 60 - (offset if text[18:19] == b"+" else -offset)
