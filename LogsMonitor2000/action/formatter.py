"""How times and transitions are put into words, the same in every output."""

from __future__ import annotations

from datetime import datetime, timezone, tzinfo

from ..alert.state import AlertState
from ..event import Alert
from ..text import duration, printable


class MessageFormatter:
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
        """The message of a transition: of the built-in alert in its own words, of a rule in those of the rule."""
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
