"""What the routes about the past ask for: a protocol that a store of history fulfils, and its answers as plain data.

All times are epoch seconds, ranges are half-open `[since, until)`, and None stands for the first or the last event there is. Buckets
are aligned to the epoch; a store answers from the finest width that it still has for all of a range and that divides the step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol


class Durations(NamedTuple):
    """How long requests took, in seconds; percentiles within 0.5 %."""

    requests: int
    mean: float
    p50: float
    p90: float
    p99: float
    max: float


class Point(NamedTuple):
    """The step `[time, time + step)`. `statuses` are hits by class: `{"2xx": 5}`. `durations` is None where the format has none."""

    time: int
    hits: int
    bytes: int
    statuses: Mapping[str, int]
    durations: Durations | None = None


class Top(NamedTuple):
    """The heaviest values of a field, by hits, then by value. `hits`, `bytes` and `errors` of a value are never too high, and hits
    at most `error` too low; `total` are the hits of all, `other` those of values that are not listed."""

    total: int
    error: int
    values: Sequence[tuple[bytes, int, int, int]]
    """(value, hits, bytes, errors)"""
    other: int


class Usage(NamedTuple):
    """The requests of one user, or of all: `failed` are those with a status of 400 and above. Latencies are in seconds."""

    requests: int
    failed: int
    average_latency: float | None = None
    median_latency: float | None = None
    p99_latency: float | None = None


class DailyUsage(NamedTuple):
    """In all, and by day: the second at which it begins in UTC, and its usage. Days without requests are left out."""

    total: Usage
    days: Sequence[tuple[int, Usage]]


class Episode(NamedTuple):
    """An alert from its start to its end; `ended` is None while it fires."""

    name: str
    group: Mapping[str, str]
    severity: str
    started: int
    ended: int | None
    peak: float
    threshold: float
    message: str


class TooManyBuckets(Exception):
    """A query would touch more buckets than the store allows. `step` is one that would do, None if it is not about the step."""

    def __init__(self, step: int | None = None) -> None:
        super().__init__(step)
        self.step = step


class History(Protocol):
    """Is asked in the server's thread, and answers from what has been committed. It must not wait for the thread that writes."""

    @property
    def version(self) -> int:
        """Changes with every commit; equal versions give equal answers."""

    @property
    def fields(self) -> Sequence[str]:
        """The fields that `top` knows."""

    @property
    def span(self) -> tuple[int, int] | None:
        """The second of the first event, and the one after that of the last; None as long as there is none."""

    def traffic(self, since: int | None, until: int | None, step: int) -> Sequence[Point]:
        """The steps that had events, in order. `since` and `until` are multiples of `step`."""

    def top(self, field: str, since: int | None, until: int | None, limit: int) -> Top:
        """The `limit` heaviest values of `field`."""

    def usage(self, user: bytes | None, since: int | None) -> DailyUsage | None:
        """The requests of `user`, None being all, from `since` on, which is the begin of a day. None: there is no such user."""

    def alerts(self, since: int | None, until: int | None) -> Sequence[Episode]:
        """The alerts that fired at any time of the range, by start."""
