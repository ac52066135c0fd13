"""What the server knows of the run: events that the reading thread hands over, and how the run stands, as it publishes from time to time.

The reading thread appends to a queue and replaces a reference; it never waits. Everything else here belongs to the server's thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
import io
import json
from typing import Any, NamedTuple
import uuid

from ..action.base import Status
from ..action.formatter import MessageFormatter
from ..action.json_lines import JsonLines
from ..alert.state import AlertState
from ..event import Alert, BucketClosed, Event, Notice, Stats, Summary
from ..runtime.clock import Clock
from ..text import printable
from .alerts import AlertLog
from .events import EventLog
from .history import History
from .live import Intervals
from .metrics import Deliveries, Metrics


class Published(NamedTuple):
    """How the run stood at the time of day `now`. Nothing changes it; `number` counts them."""

    number: int
    now: float
    status: Status
    deliveries: Deliveries
    totals: Summary


class Site:
    """`rules` are the alert rules in words, `sections` how many sections have metrics of their own."""

    def __init__(
        self,
        formatter: MessageFormatter,
        *,
        sections: int = 100,
        rules: Sequence[Mapping[str, str]] = (),
        history: History | None = None,
        clock: Clock | None = None,
        instance: str = "",
    ) -> None:
        self.clock = clock or Clock()
        self.instance = instance or uuid.uuid4().hex[:12]
        self.rules = rules
        self.history = history
        self.metrics = Metrics(sections, self.clock)
        self.alerts = AlertLog(formatter)
        self.events = EventLog(self.instance)
        self.published: Published | None = None
        self.intervals = Intervals()
        self.stats: dict[str, Any] | None = None
        """The last interval's statistics, as JSON."""
        self.revision = 0
        """Grows with everything that is taken in."""
        self._queue: deque[Event] = deque()
        self._line = io.StringIO()
        self._encoder = JsonLines(self._line, io.StringIO(), formatter)

    def hand_over(self, event: Event) -> int:
        """From the reading thread: `event` is to be taken in. Returns how many are."""
        self._queue.append(event)
        return len(self._queue)

    def publish(self, status: Status, deliveries: Deliveries, totals: Summary | None = None) -> None:
        """From the reading thread: the run stands like this; without `totals`, they stand as they did."""
        if totals is None:
            totals = Summary() if self.published is None else self.published.totals
        number = 1 if self.published is None else self.published.number + 1
        self.published = Published(number, self.clock.now(), status, deliveries, totals)

    def take_in(self) -> None:
        """In the server's thread: process what was handed over."""
        while self._queue:
            self._take(self._queue.popleft())
            self.revision += 1

    def _take(self, event: Event) -> None:
        if isinstance(event, BucketClosed):
            self.metrics.add(event)
        elif isinstance(event, Alert):
            self.metrics.add(event)
            if event.state != AlertState.PENDING:
                self.alerts.add(event)
                self.events.append("alert", self._json(event))
        elif isinstance(event, Stats):
            self.intervals.add(event)
            line = self._json(event)
            self.stats = json.loads(line)
            self.events.append("stats", line)
        elif isinstance(event, Notice) and not event.verbose:
            text = printable(event.text.encode("utf-8", "surrogateescape"))
            self.events.append("notice", json.dumps({"event": "notice", "text": text}, separators=(",", ":")))

    def know(self, alert: Alert) -> None:
        """An alert that an earlier run left firing."""
        self.metrics.know(alert)
        self.alerts.add(alert)

    def _json(self, event: Event) -> str:
        """As `--output json` has it."""
        self._line.seek(0)
        self._line.truncate()
        self._encoder.notify(event)
        return self._line.getvalue().rstrip("\n")
