"""Times, intervals and alert transitions as text, the same in every output."""

from __future__ import annotations

from datetime import datetime, timezone, tzinfo

from ..alert.state import AlertState
from ..event import Alert
from ..text import duration, printable


class MessageFormatter:
    """Formats in the time zone `zone`; None is that of the machine."""

    def __init__(self, zone: tzinfo | None = timezone.utc) -> None:
        self._zone = zone
        self._minute: int | None = None  # the last one that was formatted
        self._before = self._after = ""  # its text before and after the seconds

    def time(self, second: int) -> str:
        """ISO 8601 with the offset of the zone: `2019-02-07T21:10:59+00:00`; `@` and the number outside the years 1 to 9999."""
        minute, rest = divmod(second, 60)
        if minute != self._minute:
            # No zone has changed its offset within a minute, or had one of odd seconds, since there are web servers.
            try:
                text = datetime.fromtimestamp(minute * 60, timezone.utc).astimezone(self._zone).isoformat()
            except (ValueError, OverflowError, OSError):
                return f"@{second}"
            self._minute, self._before, self._after = minute, text[:17], text[19:]
        return f"{self._before}{rest:02d}{self._after}"

    def interval(self, start: int, seconds: int, dash: str = "–") -> str:
        """The time of day of `[start, start + seconds)`: `21:12:30–40`, `21:12:50–21:13:00`, `21:10–21:15`."""
        begin, end = self.time(start), self.time(start + seconds)
        if begin.startswith("@") or end.startswith("@"):
            return f"@{start}{dash}{start + seconds}"
        begin, end = begin[11:19], end[11:19]
        if begin.endswith(":00") and end.endswith(":00"):
            return f"{begin[:5]}{dash}{end[:5]}"
        return f"{begin}{dash}{end[6:] if begin[:5] == end[:5] else end}"

    def day(self, second: int) -> str:
        """The date and the offset of the zone: `2019-02-07 +00:00`."""
        text = self.time(second)
        return text if text.startswith("@") else f"{text[:10]} {text[19:]}"

    def start(self, second: int, seconds: int, *, with_year: bool = False) -> str:
        """The start of an interval of minutes, hours or days, as precise as it must be: `05-17 10:30`, `05-17 10h`, `05-17`."""
        text = self.time(second)
        if text.startswith("@"):
            return text
        date, hour, minute = text[0 if with_year else 5 : 10], text[11:13], text[14:16]
        if seconds % 3600 or minute != "00":
            return f"{date} {hour}:{minute}"
        return date if seconds % 86_400 == 0 and hour == "00" else f"{date} {hour}h"

    def _of_rule(self, alert: Alert, time: str) -> str:
        from ..alert.kinds import amount  # here, because few runs have rules and start-up counts

        group = ", ".join(f"{label}={printable(value)}" for label, value in alert.group)
        name = f"{alert.severity} {alert.name}" + (f" [{group}]" if group else "")
        value = f"{alert.measure} {amount(alert.measure, alert.value)}"
        suppressed = f" ({alert.suppressed}, not sent)" if alert.suppressed else ""
        if alert.state == AlertState.RESOLVED:
            lasted, peak = duration(alert.time - alert.started), amount(alert.measure, alert.peak)
            return f"{name} is back to normal as of {time} - {value} (after {lasted}, peak {peak}){suppressed}"
        verb = "triggered at" if alert.state == AlertState.FIRING else "pending since"
        return f"{name} - {value} ({alert.condition}), {verb} {time}{self._change(alert)}{suppressed}"

    def _change(self, alert: Alert) -> str:
        """What changed: `; +312.0 hits/s: 91 % section /login, 87 % source 10.0.0.9 (new)`."""
        if not alert.causes:
            return ""
        causes = [
            f"{100 * share:.0f} % {field} {printable(value)}{' (new)' if is_new else ''}"
            for field, value, share, is_new in alert.causes
        ]
        return f"; {alert.change:+,.1f} hits/s: {', '.join(causes)}"

    def alert(self, alert: Alert) -> str:
        """The message of a transition; that of the built-in alert is fixed, that of a rule is made of the rule."""
        time = self.time(alert.time)
        if alert.condition:
            return self._of_rule(alert, time)
        suppressed = f" ({alert.suppressed}, not sent)" if alert.suppressed else ""
        if alert.state == AlertState.FIRING:
            return f"High traffic generated an alert - hits {alert.value:.2f}, triggered at {time}{self._change(alert)}{suppressed}"
        lasted = duration(alert.time - alert.started)
        return f"Traffic is now back to normal as of {time} (after {lasted}, peak {alert.peak:.2f} hits/s){suppressed}"


def status_class(digit: bytes) -> str:
    """`2xx` for the first digit of a status; "-" where the log has none."""
    return "-" if digit == b"-" else f"{digit.decode()}xx"
