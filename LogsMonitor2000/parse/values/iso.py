"""Timestamps of the formats that came after the Common Log Format: ISO 8601, epochs in any unit, and any of all these."""

from __future__ import annotations

from datetime import date

from ...limits import MINUTES_MAX
from ..regex import compile_pattern
from .timestamps import EPOCH_DAY, NO_TIME, ClfTimestamps, Timestamps

_ISO = compile_pattern(
    rb"(\d{4})-(\d\d)-(\d\d)[T \t](\d\d):(\d\d):(\d\d)(?:[.,]\d++)?+ ?+(?:Z|z|UTC|GMT|([+-])(\d\d):?+(\d\d)?+)?+\Z"
)
_EPOCH = compile_pattern(rb"(\d{1,20}+)(?:\.\d{1,20}+)?+\Z")
_FLOAT = compile_pattern(rb"\d{1,3}+\.\d{1,17}+[eE][+]?+\d{1,2}+\Z")


def iso_second(timestamp: bytes) -> int:
    """The second of `2015-05-13T23:39:43.945958Z`, with any zone; without one it is UTC."""
    found = _ISO.match(timestamp)
    if found is None:
        return NO_TIME
    year, month, day, hour, minute, second = map(int, found.group(1, 2, 3, 4, 5, 6))
    if hour > 23 or minute > 59 or second > 60:
        return NO_TIME
    try:
        days = date(year, month, day).toordinal() - EPOCH_DAY
    except ValueError:
        return NO_TIME
    offset = 0
    if found[7]:
        zone_hour, zone_minute = int(found[8]), int(found[9] or 0)
        if zone_hour > 23 or zone_minute > 59:
            return NO_TIME
        offset = (zone_hour * 60 + zone_minute) * (60 if found[7] == b"+" else -60)
    return days * 86_400 + (hour * 60 + minute) * 60 + min(second, 59) - offset  # a leap second has no second of its own


class IsoTimestamps(Timestamps):
    """ISO 8601: date, `T` or a space, time, a fraction perhaps, a zone perhaps."""

    def __init__(self) -> None:
        super().__init__()
        self._minutes: dict[bytes, int] = {}

    def convert(self, timestamp: bytes) -> int:
        # Up to its minutes a timestamp is the same for sixty seconds, and in UTC nothing behind the seconds matters.
        if len(timestamp) == 19 or (
            timestamp[19:20] == b"." and timestamp[-1:] == b"Z" and timestamp[20:-1].isdigit() and len(timestamp) < 33
        ):
            start = self._minutes.get(timestamp[:17])
            second = timestamp[17:19]
            if start is not None and second.isdigit() and second < b"60":
                return start + int(second)
            found = iso_second(timestamp)
            if found != NO_TIME and second < b"60":
                if len(self._minutes) >= MINUTES_MAX:
                    self._minutes.clear()
                self._minutes[timestamp[:17]] = found - int(second)
            return found
        return iso_second(timestamp)


class ClockTimestamps(Timestamps):
    """`12:00:00` of a day that is known from elsewhere."""

    def __init__(self, day: bytes) -> None:
        super().__init__()
        self._day = day

    def convert(self, timestamp: bytes) -> int:
        return iso_second(self._day + b" " + timestamp)


def epoch_second(timestamp: bytes) -> int:
    """The second of an epoch time in seconds, milli-, micro- or nanoseconds, distinguished by the number of digits."""
    found = _EPOCH.match(timestamp)
    if found is None:
        return int(float(timestamp)) if _FLOAT.match(timestamp) and float(timestamp) < 1e11 else NO_TIME
    whole = found[1]
    digits = len(whole)
    return int(whole) // (1 if digits < 12 else 10**3 if digits < 15 else 10**6 if digits < 18 else 10**9)


class EpochAnyTimestamps(Timestamps):
    """Epoch time in whichever unit."""

    def convert(self, timestamp: bytes) -> int:
        return epoch_second(timestamp)


class LocalClfTimestamps(Timestamps):
    """`06/Feb/2009:12:14:14.655`, as HAProxy writes it: no zone, which is taken as UTC, and milliseconds."""

    def __init__(self) -> None:
        super().__init__()
        self._clf = ClfTimestamps()

    def convert(self, timestamp: bytes) -> int:
        whole, point, fraction = timestamp.partition(b".")
        if point and not fraction.isdigit():
            return NO_TIME
        return self._clf[whole + b" +0000"]


class AnyTimestamps(Timestamps):
    """Whatever a keyed record may hold: ISO 8601, an epoch in any unit, or the Common Log Format's, in brackets or not."""

    def __init__(self) -> None:
        super().__init__()
        self._clf = ClfTimestamps()
        self._iso = IsoTimestamps()

    def convert(self, timestamp: bytes) -> int:
        if timestamp[4:5] == b"-":
            return self._iso.convert(timestamp)
        if timestamp[:1] == b"[" and timestamp[-1:] == b"]":
            timestamp = timestamp[1:-1]
        if b"/" in timestamp[1:3]:
            return self._clf[timestamp]
        return epoch_second(timestamp)
