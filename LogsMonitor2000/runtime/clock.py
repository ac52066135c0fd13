"""The wall clock, in one place so that tests can bring their own (`testing.ManualClock`), and the zones its time is shown in."""

from __future__ import annotations

from datetime import date, datetime
from datetime import time as TimeOfDay
from datetime import timedelta, timezone, tzinfo
import re
import time

from ..errors import UsageError


class Clock:
    """`now` is the time of day, `elapsed` a clock that only goes forward; both in seconds."""

    def now(self) -> float:
        return time.time()

    def elapsed(self) -> float:
        return time.monotonic()


def zone_named(name: str) -> tzinfo | None:
    """`local`, `UTC` or a name of the zone database such as `Europe/Prague`."""
    if name.lower() == "local":
        return None
    if name.upper() == "UTC":
        return timezone.utc
    from zoneinfo import ZoneInfo  # here, because few runs need it and start-up counts

    try:
        return ZoneInfo(name)
    except Exception as error:  # the zone database raises several
        raise UsageError(f"unknown time zone {name!r} (give local, UTC, or a name like Europe/Prague)") from error


def second_named(text: str, zone: str) -> int:
    """The second that `text` means: seconds since the epoch, or ISO 8601, in `zone` where it names none."""
    if text.isdecimal() and len(text) <= 12:
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=zone_named(zone))).timestamp())
    except (ValueError, OverflowError) as error:
        raise UsageError(f"invalid time {text!r} (give 2026-11-22T08:30:00, with an offset or not, or seconds)") from error


_TIME_OF_DAY = re.compile(r"(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?")


def is_time_of_day(text: str) -> bool:
    """Whether `text` is a time without a date: `21:12`, `21:12:36`."""
    return _TIME_OF_DAY.fullmatch(text) is not None


def second_of_day(text: str, zone: str, first: int, last: int) -> int:
    """The second that the time of day `text` means in a log from second `first` to `last`: the only one that it may be."""
    of_day = TimeOfDay.fromisoformat(text if text.index(":") == 2 else f"0{text}")
    place = zone_named(zone)

    def local(second: int) -> date:
        return datetime.fromtimestamp(second, place).date()

    days = [local(first) + timedelta(days) for days in range(min(2, (local(last) - local(first)).days) + 1)]
    seconds = [int(datetime.combine(day, of_day, place).timestamp()) for day in days]
    inside = [second for second in seconds if first <= second <= last]
    if len(inside) == 1 or len(days) == 1:
        return (inside or seconds)[0]
    span = f"the logs span {local(first)} to {local(last)}"
    raise UsageError(
        f"{text!r} is {'ambiguous' if inside else 'not'} in the logs ({span}); give the date too: {days[0]}T{text}"
    )
