"""Events for machines: one JSON object a line, each flushed as it comes. Everything outside ASCII is escaped."""

from __future__ import annotations

from typing import Any, TextIO

from ..alert.state import AlertState
from ..event import Alert, Event, Explained, Explanation, MalformedLine, Notice, Stats, Summary
from ..text import decoded
from .base import Action
from .formatter import MessageFormatter, status_class
from .terminal import report_problem


class JsonLines(Action):
    """Writes statistics, alerts and the summary to `out` and nothing else; problems with the input go to `errors` as text."""

    essential = True

    def __init__(
        self, out: TextIO, errors: TextIO, formatter: MessageFormatter | None = None, *, verbose: bool = False
    ) -> None:
        import json  # here, because only this output needs it and start-up counts

        self._out = out
        self._errors = errors
        self._formatter = formatter or MessageFormatter()
        self._verbose = verbose
        self._encode = json.JSONEncoder(separators=(",", ":"), default=_plain).encode

    def notify(self, event: Event) -> None:
        if isinstance(event, (MalformedLine, Notice)):
            report_problem(event, self._errors, self._verbose)
            return
        if isinstance(event, Alert) and event.state == AlertState.PENDING and not self._verbose:
            return
        self._out.write(self._encode(self._fields(event)) + "\n")
        self._out.flush()

    def _fields(self, event: Event) -> dict[str, Any]:
        if isinstance(event, Stats):
            return {"event": "stats", **event._asdict(), **_traffic_fields(event)}
        if isinstance(event, Alert):
            return {"event": "alert", **alert_fields(event, self._formatter)}
        if isinstance(event, Summary):
            return {"event": "summary", **_summary_fields(event)}
        if isinstance(event, Explanation):
            rules = [_explained_fields(rule) for rule in event.rules]
            return {"event": "explanation", **event._asdict(), "rules": rules}
        # An event of a custom calculator: a named tuple names its fields.
        own = event._asdict() if hasattr(event, "_asdict") else {"text": str(event)}
        return {"event": type(event).__name__, **own}


def _traffic_fields(event: Stats | Summary) -> dict[str, Any]:
    """The keys that statistics and the summary share."""
    return {
        "sections": [(decoded(key), count) for key, count in event.sections],
        "sources": [(decoded(key), count) for key, count in event.sources],
        "statuses": {status_class(key): count for key, count in event.statuses.items()},
    }


def _summary_fields(summary: Summary) -> dict[str, Any]:
    return {
        "lines": summary.lines,
        "events": summary.events,
        "malformed": summary.malformed,
        "late": summary.late,
        "max_lateness": summary.lateness_max,
        "first": summary.first,
        "last": summary.last,
        "bytes": summary.bytes,
        "statuses": {},  # keeps its place among the keys
        **_traffic_fields(summary),
        "peak": None if summary.peak is None else summary.peak._asdict(),
        "alerts": [alert._asdict() for alert in summary.alerts],
    }


def alert_fields(alert: Alert, formatter: MessageFormatter) -> dict[str, Any]:
    """An alert as an object of JSON; what does not apply to it is left out."""
    fields: dict[str, Any] = {"held" if name == "suppressed" else name: value for name, value in alert._asdict().items()}
    fields["group"] = _decoded_pairs(alert.group)
    fields["causes"] = [
        {"field": field, "value": decoded(value), "share": round(share, 4), "new": is_new}
        for field, value, share, is_new in alert.causes
    ]
    fields["lines"] = [decoded(line) for line in alert.lines]
    for name in ("held", "condition", "change", "causes", "lines"):
        if not fields[name]:
            del fields[name]
    if alert.state == AlertState.FIRING and alert.started == alert.time:
        del fields["started"], fields["peak"]  # they would repeat `time` and `value`
    fields["message"] = formatter.alert(alert)
    return fields


def _explained_fields(explained: Explained) -> dict[str, Any]:
    fields = {"held" if name == "suppressed" else name: value for name, value in explained._asdict().items()}
    return {**fields, "group": _decoded_pairs(explained.group)}


def _decoded_pairs(group: tuple[tuple[str, bytes], ...]) -> dict[str, str]:
    return {field: decoded(value) for field, value in group}


def _plain(value: object) -> str:
    """Keys, and whatever JSON has no type for, as text."""
    return decoded(value) if isinstance(value, bytes) else str(value)
