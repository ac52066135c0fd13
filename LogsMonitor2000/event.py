"""What flows through the monitor: `WebLogEvent` comes out of a parser, every other `Event` out of the calculators.

All are plain named tuples: they can be pickled, compared and printed. Times are whole seconds since the epoch, in UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from .analyze.bucket import Bucket

SEVERITIES = ("info", "warning", "error", "critical")
"""Of alerts, the mildest first."""

Key = bytes
"""A value of a field as it stands in the log."""


class WebLogEvent(NamedTuple):
    """One request as a log line states it; what the line does not state is `None` (or "-", as logs write it).

    `path` is the target without its query, `section` the first segment of that, `duration` seconds.
    Text that is not UTF-8 is held with `surrogateescape`, so that no byte is lost.
    """

    time: int
    source: str = "-"
    user: str = "-"
    vhost: str = "-"
    method: str = "-"
    target: str = "-"
    path: str = "-"
    section: str = "-"
    protocol: str = "-"
    status: int | None = None
    size: int = 0
    referrer: str = "-"
    agent: str = "-"
    duration: float | None = None


class Event(Protocol):
    """What actions are notified of. `order` sorts events by event time: (second, rank within the second)."""

    @property
    def order(self) -> tuple[int, int]: ...


class Stats(NamedTuple):
    """What one interval `[time, time + interval)` saw. `sections` and `sources` are the top ones, heaviest first."""

    time: int
    interval: int
    hits: int
    bytes: int
    sections: list[tuple[Key, int]]
    sources: list[tuple[Key, int]]
    statuses: dict[Key, int]

    @property
    def order(self) -> tuple[int, int]:
        """An interval that ends at `e` comes before an alert stamped `e`."""
        return self.time + self.interval, 0


class BucketClosed(NamedTuple):
    """A bucket that a calculator keeps for others: history, reports, metrics. Only actions that ask for this type are notified.

    It is complete and never changes again; with `late` it holds events that came after a bucket of that time had closed, and there
    may be several of one time. A receiver may keep `bucket`, and must not change it: others hold it too.
    """

    bucket: Bucket
    late: bool = False

    @property
    def order(self) -> tuple[int, int]:
        """As that of statistics."""
        return self.bucket.time + self.bucket.width, 0


class Alert(NamedTuple):
    """A transition of an alert at second `time`: `state` is an `alert.state.AlertState`: firing, resolved, or pending, which only `--verbose` shows.

    `value` is the measure at that second and `peak` the most extreme one since the alert `started`. `group` names the state of a
    rule that has one for each group: pairs of field and value. `suppressed` says why it is shown but not sent: muted, inhibited, a
    dry run; "" otherwise. `measure` and `condition` are the rule in words. At firing, `change` is by how many requests/s
    the traffic that the rule looks at differs from the window before, `causes` (field, value, share of the change, whether new)
    what most of it is, and `lines` are raw lines of it.
    """

    name: str
    state: str
    time: int
    value: float
    threshold: float
    window: int
    started: int
    peak: float
    group: tuple[tuple[str, bytes], ...] = ()
    severity: str = "warning"
    suppressed: str = ""
    measure: str = "rate"
    condition: str = ""
    change: float = 0.0
    causes: tuple[tuple[str, bytes, float, bool], ...] = ()
    lines: tuple[bytes, ...] = ()

    @property
    def order(self) -> tuple[int, int]:
        return self.time, 1


class Explained(NamedTuple):
    """What the alert `name` was for one `group` at a second: `state` is an `alert.state.AlertState`, but never resolved.

    `value` is None where there was too little to decide; `why` says it all in words. The rest is as in `Alert`.
    """

    name: str
    group: tuple[tuple[str, bytes], ...]
    state: str
    value: float | None
    threshold: float
    suppressed: str
    why: str


class Explanation(NamedTuple):
    """Why each rule was in its state at second `time`: `rules` has each of its groups that matter, `lines` the same in words.

    One without both says that the log only begins there.
    """

    time: int
    lines: tuple[str, ...]
    rules: tuple[Explained, ...] = ()

    @property
    def order(self) -> tuple[int, int]:
        return self.time, 2


class MalformedLine(NamedTuple):
    """A line that does not have the structure of its format: one of the first few, as a sample."""

    source: str
    line: int
    reason: str
    text: bytes

    @property
    def order(self) -> tuple[int, int]:
        return 0, 0


class Notice(NamedTuple):
    """Something about the run itself that an operator should know: which format an input has, an input that broke off.

    One that is `final` is about the whole run, and belongs right before its summary.
    """

    text: str
    verbose: bool = False
    final: bool = False

    @property
    def order(self) -> tuple[int, int]:
        return 0, 0


class Peak(NamedTuple):
    """The largest average of hits per second over `window` seconds, and the first second at which it was reached."""

    value: float
    time: int
    window: int


class AlertTotal(NamedTuple):
    """How often an alert fired in a run, for how many seconds in all, and whether it fires now. Groups of a rule add up."""

    name: str
    fired: int
    seconds: int
    firing: bool


class Summary(NamedTuple):
    """The whole run. `lines = events + malformed + late`; `first` and `last` are the first and last second that had an event.

    `bytes`, `statuses` (by class) and the top `sections` and `sources` count late events too; `lateness_max` is that of late events.
    `distinct` says how many `sections` and `sources` there are, where that is known.
    `alerts` are those that fired; `peak` is None where nothing measures it.
    """

    lines: int = 0
    events: int = 0
    malformed: int = 0
    late: int = 0
    lateness_max: int = 0
    first: int | None = None
    last: int | None = None
    bytes: int = 0
    statuses: Mapping[Key, int] = {}
    sections: tuple[tuple[Key, int], ...] = ()
    sources: tuple[tuple[Key, int], ...] = ()
    peak: Peak | None = None
    alerts: tuple[AlertTotal, ...] = ()
    distinct: Mapping[str, int] = {}

    @property
    def order(self) -> tuple[int, int]:
        return 1 << 62, 0
