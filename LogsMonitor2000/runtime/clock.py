"""The wall clock, in one place so that tests can bring their own (`testing.ManualClock`), and the zones its time is shown in."""

from __future__ import annotations

from datetime import datetime, timezone, tzinfo
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
