"""What `/metrics` shows: events and the state of the run, added up to families of samples. Knows nothing of servers and threads.

All counters begin at 0 with the process. How many samples there can be is bounded, whatever the log holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
import platform
from typing import NamedTuple

from ..action.formatter import status_class
from ..alert.state import AlertState
from ..analyze.bucket import Bucket
from ..analyze.measures.count import Count
from ..analyze.measures.keys import OTHER
from ..analyze.measures.sum import SumBy
from ..analyze.most_common import heaviest
from ..event import Alert, BucketClosed, Event, Summary
from ..limits import ALERT_STATES_MAX, RESOLVED_SECONDS, TRAFFIC_SECONDS
from ..runtime.clock import Clock
from ..source.statistics import ReadStatistics
from ..text import decoded
from ..version import VERSION
from .exposition import Family, Sample, label

PREFIX = "logsmonitor2000_"

HITS = Count("section", "status_class")
BYTES = SumBy("size", "section")
MEASURES = (HITS, BYTES)
"""What the counters of traffic are made of: measured in buckets of `TRAFFIC_SECONDS`."""

Deliveries = Mapping[str, Mapping[tuple[str, str], int]]
"""For each action that delivers, by outcome and reason how often it did."""


class _State(NamedTuple):
    alert: Alert  # its last transition
    since: float  # when that came, by the monotonic clock


class Metrics:
    """Adds up events. At most `sections` sections have series of their own, the rest is in `(other)`.

    A section gets a place when it first comes, the heaviest of an interval first, and keeps it. Sections that have brought nothing
    but client errors yet take only the first half of the places, so that those a scanner makes up cannot use up all.
    """

    def __init__(self, sections: int = 100, clock: Clock | None = None) -> None:
        self._sections_max = sections
        self._clock = clock or Clock()
        self._started = self._clock.now()
        self._labels: dict[bytes, str] = {}  # of the sections that have a place
        self._hits: Counter[tuple[str, str]] = Counter()  # by labels: sections that read the same are one
        self._bytes: Counter[str] = Counter()
        self._alerts: dict[tuple[str, tuple[tuple[str, bytes], ...]], _State] = {}
        self._omitted = 0
        self._transitions: Counter[tuple[str, str]] = Counter()

    def add(self, event: Event) -> None:
        """Take in traffic or a transition of an alert; other events say nothing."""
        if isinstance(event, BucketClosed):
            if event.bucket.width == TRAFFIC_SECONDS and not event.late:
                self._add_traffic(event.bucket)
        elif isinstance(event, Alert):
            self._transitions[event.name, event.state] += 1
            self.know(event)

    def _add_traffic(self, bucket: Bucket) -> None:
        hits = bucket[HITS]
        if OTHER in hits:  # hits of sections whose statuses were forgotten with them
            hits = {key: count for key, count in hits.items() if key != OTHER} | {(OTHER, OTHER): hits[OTHER]}
        self._give_places(hits)
        for (section, status), count in hits.items():
            self._hits[self._label(section), _status(status)] += count
        for section, size in bucket[BYTES].items():
            self._bytes[self._label(section)] += size

    def know(self, alert: Alert) -> None:
        """This is how `alert` stands, whenever it came to that."""
        key = alert.name, alert.group
        if alert.state not in (AlertState.FIRING, AlertState.RESOLVED):
            return
        if key not in self._alerts and len(self._alerts) >= ALERT_STATES_MAX and not self._forget_one():
            self._omitted += 1
            return
        self._alerts[key] = _State(alert, self._clock.elapsed())

    def families(
        self,
        summary: Summary,
        read: ReadStatistics,
        deliveries: Deliveries | None = None,
        replies: Mapping[int, int] | None = None,
    ) -> list[Family]:
        """Everything as it is now; `replies` is how often the server has replied, by status."""
        answered = [({"code": str(code)}, count) for code, count in sorted((replies or {}).items())]
        return [
            *self._of_the_traffic(),
            *self._of_alerts(),
            *_of_deliveries(deliveries or {}),
            *self._of_the_run(summary, read),
            _counter("http_replies", "Replies of the server that answers this.", answered),
        ]

    def _give_places(self, hits: Mapping[tuple[bytes, bytes], int]) -> None:
        if len(self._labels) >= self._sections_max:
            return
        served, refused = Counter[bytes](), Counter[bytes]()
        for (section, status), count in hits.items():
            if section not in self._labels and section != OTHER:
                (refused if status == b"4" else served)[section] += count
        for section in served:
            served[section] += refused.pop(section, 0)
        for sections, places in ((served, self._sections_max), (refused, -(-self._sections_max // 2))):
            if (left := places - len(self._labels)) > 0:
                self._labels |= {section: label(section) for section, _ in heaviest(sections, left)}

    def _label(self, section: bytes) -> str:
        return self._labels.get(section, decoded(OTHER))

    def _forget_one(self) -> bool:
        """Make room by what was resolved first; False when all are firing."""
        resolved = [(state.since, key) for key, state in self._alerts.items() if state.alert.state == AlertState.RESOLVED]
        if not resolved:
            return False
        del self._alerts[min(resolved)[1]]
        return True

    def _forget_old(self) -> None:
        """Groups come and go; a rule without groups stays, since it will be asked for again."""
        old = self._clock.elapsed() - RESOLVED_SECONDS
        for key, (alert, since) in list(self._alerts.items()):
            if alert.group and alert.state == AlertState.RESOLVED and since <= old:
                del self._alerts[key]

    def _of_the_traffic(self) -> list[Family]:
        hits: list[Sample] = [({"section": s, "status": status}, count) for (s, status), count in sorted(self._hits.items())]
        sizes: list[Sample] = [({"section": section}, size) for section, size in sorted(self._bytes.items())]
        return [
            _counter("hits", "Requests in the log that were not late, by section and status class.", hits),
            _counter("response_bytes", "Bytes of their responses, by section.", sizes),
        ]

    def _of_alerts(self) -> list[Family]:
        self._forget_old()
        states: dict[tuple[tuple[str, str], ...], int] = {}
        for alert, _ in self._alerts.values():
            group = ",".join(f"{field}={label(value)}" for field, value in alert.group)
            labels = {"alert": alert.name, "severity": alert.severity, "group": group, "held": alert.suppressed}
            key = tuple(labels.items())
            states[key] = max(states.get(key, 0), int(alert.state == AlertState.FIRING))  # of groups that read the same
        transitions = [({"alert": name, "state": state}, n) for (name, state), n in sorted(self._transitions.items())]
        return [
            _gauge(
                "alert_state", "1 while an alert is firing, 0 when it was resolved.", [(dict(k), v) for k, v in states.items()]
            ),
            _counter("alert_transitions", "Transitions of alerts.", transitions),
            _counter("alert_states_omitted", "Transitions to states that alert_state has no room for.", [({}, self._omitted)]),
        ]

    def _of_the_run(self, summary: Summary, read: ReadStatistics) -> list[Family]:
        now = self._clock.now()
        known = summary.last is not None
        newest = summary.last or 0
        return [
            _counter("lines", "Lines read: events, malformed and late ones.", [({}, summary.lines)]),
            _counter("events", "Lines that were requests, in time.", [({}, summary.events)]),
            _counter("malformed_lines", "Lines that do not fit the format of their log.", [({}, summary.malformed)]),
            _counter("late_lines", "Lines that came more than the buffer time late.", [({}, summary.late)]),
            _gauge("lateness_max_seconds", "The largest lateness of a late line.", [({}, summary.lateness_max)]),
            _counter("read_bytes", "Bytes read.", [({}, read.bytes)]),
            _counter("rotations", "Rotations of followed logs.", [({}, read.rotations)]),
            _counter("truncations", "Truncations of followed logs.", [({}, read.truncations)]),
            _counter("overlong_lines", "Followed lines longer than the bound.", [({}, read.long_lines)]),
            _counter("lost_bytes", "Bytes of followed logs that are known to have been missed.", [({}, read.lost_bytes)]),
            _counter("lost_messages", "Datagrams of logs that the kernel dropped.", [({}, read.lost_messages)]),
            _counter("source_errors", "Errors while reading followed logs.", [({}, read.errors)]),
            _gauge("newest_event_timestamp_seconds", "Time of the newest event.", [({}, newest)] if known else []),
            _gauge("lag_seconds", "How old the newest event is.", [({}, round(now - newest, 3))] if known else []),
            _gauge("build_info", "The version.", [({"version": VERSION, "python": platform.python_version()}, 1)]),
            Family("process_start_time_seconds", "gauge", "When the process started.", [({}, round(self._started, 3))]),
        ]


def _of_deliveries(deliveries: Deliveries) -> list[Family]:
    samples = [
        ({"action": name, "outcome": outcome, "reason": reason}, count)
        for name, counts in sorted(deliveries.items())
        for (outcome, reason), count in sorted(counts.items())
    ]
    return [_counter("deliveries", "What became of what was to be sent.", samples)]


def _counter(name: str, help: str, samples: Iterable[Sample]) -> Family:
    return Family(f"{PREFIX}{name}_total", "counter", help, list(samples))


def _gauge(name: str, help: str, samples: Iterable[Sample]) -> Family:
    return Family(PREFIX + name, "gauge", help, list(samples))


def _status(key: bytes) -> str:
    return label(key) if key == OTHER else status_class(key)
