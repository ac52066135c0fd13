"""Times at which alerts are evaluated and shown, but not sent: `[[mute]]` in a file of settings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from fnmatch import fnmatchcase
import re
from typing import NamedTuple

from ..config.problems import ConfigError
from ..config.table import Table, matches, read_each
from ..errors import UsageError
from ..runtime.clock import zone_named

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")


class Mute(NamedTuple):
    """Minutes of the day from `begin` to `end` (past midnight when that is smaller), on the days on which they begin."""

    name: str
    alerts: tuple[str, ...]
    days: frozenset[int]
    begin: int
    end: int
    zone: tzinfo | None

    def covers(self, alert: str, second: int) -> bool:
        """Whether it mutes the alert of that name at `second`."""
        if not matches(alert, self.alerts):
            return False
        try:
            local = datetime.fromtimestamp(second, self.zone)
        except (ValueError, OverflowError, OSError):  # no clock shows years before 1 or past 9999
            return False
        minute, day = local.hour * 60 + local.minute, local.weekday()
        if self.begin < self.end:
            return day in self.days and self.begin <= minute < self.end
        return (day in self.days and minute >= self.begin) or ((day - 1) % 7 in self.days and minute < self.end)

    def next_end(self, second: int) -> int:
        """A second after `second` before which a mute that covers it does not end; the time of day may be the end there."""
        try:
            local = datetime.fromtimestamp(second, self.zone)
            day = datetime(local.year, local.month, local.day)
            ends = [day + timedelta(days, minutes=self.end) for days in (0, 1)]
            moments = [end.replace(tzinfo=self.zone, fold=fold) for end in ends for fold in (0, 1)]
            found = min(int(moment.timestamp()) for moment in moments if moment.timestamp() > second)
            then = datetime.fromtimestamp(found, self.zone)
            if then.astimezone(self.zone).utcoffset() == local.astimezone(self.zone).utcoffset():
                return found
        except (ValueError, OverflowError, OSError):  # no clock shows years before 1 or past 9999
            pass
        return (second // 60 + 1) * 60  # clocks are set in between: to look at each minute is always right

    @property
    def described(self) -> str:
        """It in words: `22:00 to 06:00 on sat, sun (UTC), alerts matching errors_*`."""
        days = "every day" if len(self.days) == len(DAYS) else ", ".join(DAYS[day] for day in sorted(self.days))
        times = " to ".join(f"{minutes // 60:02d}:{minutes % 60:02d}" for minutes in (self.begin, self.end))
        which = f"alerts matching {', '.join(self.alerts)}" if self.alerts else "all alerts"
        return f"{times} on {days} ({self.zone or 'local time'}), {which}"


def read_mutes(tables: Sequence[Table], zone: tzinfo | None, names: Sequence[str]) -> tuple[Mute, ...]:
    """The mutes of `[[mute]]` for alerts of these `names`; times are in `zone` unless they name one."""
    return tuple(read_each(tables, lambda table: _read_mute(table, zone, names)))


def _read_mute(table: Table, zone: tzinfo | None, names: Sequence[str]) -> Mute:
    days = table.texts("days", DAYS)
    for day in days:
        if day not in DAYS:
            raise table.error("days", f"must be of {', '.join(DAYS)}, not {day!r}")
    begin, end = _minutes(table, "from", "00:00"), _minutes(table, "to", "24:00")
    if begin == end:
        raise table.error("to", "is the same as from")
    name = table.text("name", "mute")
    alerts = table.texts("alerts", ())
    for glob in alerts:
        if not any(fnmatchcase(name, glob.removeprefix("!")) for name in names):
            raise table.error("alerts", f"names {glob!r}, but no alert has that name; there are {', '.join(names) or 'none'}")
    table.knows("timezone")
    if "timezone" in table:
        try:
            zone = zone_named(table.text("timezone"))
        except ConfigError:
            raise
        except UsageError as error:
            raise table.error("timezone", f"is wrong: {error}") from None
    table.finish()
    return Mute(name, alerts, frozenset(map(DAYS.index, days)), begin, end, zone)


def _minutes(table: Table, key: str, default: str) -> int:
    text: str = table.text(key, default)
    if not _TIME.fullmatch(text):
        raise table.error(key, f"must be a time of the day like 22:30, not {text!r}")
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)
