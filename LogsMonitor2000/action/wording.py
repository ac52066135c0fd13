"""How times and transitions are put into words, the same in every output."""

from __future__ import annotations

from datetime import datetime, timezone, tzinfo

from ..errors import UsageError
from ..event import Alert


class Wording:
    """Words with times in `zone`; None is the zone of the machine."""

    def __init__(self, zone: tzinfo | None = timezone.utc) -> None:
        self._zone = zone
        self._minute: int | None = None  # the last one that was put into words
        self._before = self._behind = ""  # its words before and behind the seconds

    def time(self, second: int) -> str:
        """ISO 8601 with the offset of the zone: `2019-02-07T21:10:59+00:00`; `@` and the number outside the years 1 to 9999."""
        minute, rest = divmod(second, 60)
        if minute != self._minute:
            # No zone has changed its offset within a minute, or had one of odd seconds, since there are web servers.
            try:
                text = datetime.fromtimestamp(minute * 60, timezone.utc).astimezone(self._zone).isoformat()
            except (ValueError, OverflowError, OSError):
                return f"@{second}"
            self._minute, self._before, self._behind = minute, text[:17], text[19:]
        return f"{self._before}{rest:02d}{self._behind}"

    def alert(self, alert: Alert) -> str:
        """The message of a transition of the high-traffic alert."""
        time = self.time(alert.time)
        if alert.state == "firing":
            return f"High traffic generated an alert - hits {alert.value:.2f}, triggered at {time}"
        lasted = duration(alert.time - alert.started)
        return f"Traffic is now back to normal as of {time} (after {lasted}, peak {alert.peak:.2f} hits/s)"


def zone_named(name: str) -> tzinfo | None:
    """`local`, `UTC` or a name of the zone database such as `Europe/Prague`."""
    if name.lower() == "local":
        return None
    if name.upper() == "UTC":
        return timezone.utc
    from zoneinfo import ZoneInfo  # here, because few runs need it and start-up counts

    try:
        return ZoneInfo(name)
    except Exception as error:  # whatever the zone database raises for a name that is none
        raise UsageError(f"no time zone is called {name!r} (give local, UTC, or a name like Europe/Prague)") from error


def duration(seconds: int) -> str:
    """`87 s`, `12 min 5 s`, `3 h 0 min`, `2 d 4 h`: the two largest units."""
    for name, size, smaller, part in (("d", 86_400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if seconds >= 2 * size:
            return f"{seconds // size} {name} {seconds % size // part} {smaller}"
    return f"{seconds} s"


def size(count: int) -> str:
    """`812 B`, `107.2 KiB`, `3.4 GiB`."""
    if count < 1024:
        return f"{count} B"
    amount = float(count)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        amount /= 1024
        if amount < 1023.95:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1024:.1f} PiB"


def status_class(digit: bytes) -> str:
    """`2xx` for the first digit of a status; "-" where the log has none."""
    return "-" if digit == b"-" else f"{digit.decode()}xx"
