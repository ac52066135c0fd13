"""Answers from history: what the routes of `web` ask for, see `web.history.History`.

It reads through a connection of its own, which sees what was committed last and never waits for who writes, in whichever process. A
query is answered from the widest buckets that give the exact answer, which is much quicker than from the finest ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
import json
import os
import sqlite3
import threading
from typing import Any
from urllib.parse import quote

from ...action.formatter import status_class
from ...analyze.columns import MICRO
from ...analyze.measures.keys import OTHER, cut_key
from ...analyze.measures.sketch import Bins, quantile
from ...analyze.measures.topk import State, TopK
from ...errors import InputError
from ...limits import HISTORY_BUCKETS_MAX, HISTORY_QUERY_VALUES_MAX
from ...web.history import DailyUsage, Durations, Episode, Point, TooManyBuckets, Top, Usage
from ..database import APPLICATION, MIGRATIONS
from ..directory import DATABASE
from .content import LISTS, NOTHING, SPLIT_SECONDS, TOTALS, Totals, top_of
from .settings import DAY, WIDTHS
from .store import Span, UserDay, fields_of, span_of, states, version_of

EMPTY: State = ({}, {}, {})


class StoredHistory:
    """The history in the state directory `path`; an `InputError` where there is none to read."""

    def __init__(self, path: str) -> None:
        self._path = os.path.join(path, DATABASE)
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    @property
    def version(self) -> int:
        with self._reading() as connection:
            return version_of(connection)

    @property
    def fields(self) -> Sequence[str]:
        with self._reading() as connection:
            return *fields_of(connection), "status"

    @property
    def span(self) -> tuple[int, int] | None:
        with self._reading() as connection:
            span = span_of(connection)
        return None if span is None else (span.first, span.last + WIDTHS[0])

    def traffic(self, since: int | None, until: int | None, step: int) -> list[Point]:
        with self._reading() as connection:
            if (span := span_of(connection)) is None:
                return []
            begin = span.first // step * step if since is None else max(since, span.first // step * step)
            end = span.last + 1 if until is None else min(until, span.last + 1)
            width = max(width for width in WIDTHS if step % width == 0)
            if begin < span.kept[width]:
                narrowest = next(each for each in WIDTHS if begin >= span.kept[each])
                raise TooManyBuckets(-(-step // narrowest) * narrowest)
            if (end - begin) // width > HISTORY_BUCKETS_MAX:
                raise TooManyBuckets(None)
            steps: dict[int, Totals] = {}
            for time, found in states(connection, width, TOTALS, begin, end):
                at = time // step * step
                for totals in found:
                    steps[at] = steps.get(at, NOTHING).plus(totals)
        return [_point(time, totals) for time, totals in sorted(steps.items())]

    def top(self, field: str, since: int | None, until: int | None, limit: int) -> Top:
        measure = TopK(field, keys_max=HISTORY_QUERY_VALUES_MAX, bytes_max=1 << 28)
        total, error = EMPTY, 0
        with self._reading() as connection:
            if (span := span_of(connection)) is not None:
                for width, begin, end in self._pieces(span, since, until):
                    state = EMPTY
                    for each in _lists(connection, field, width, begin, end):
                        state = measure.shrink(measure.merge(state, each))
                    error += top_of(field, width).error(state)
                    total = measure.shrink(measure.merge(total, state))
        rows = measure.top(total, limit)
        hits = sum(total[0].values())
        values = [(row.value or b"-", row.hits, row.bytes, row.errors) for row in rows]
        return Top(hits, error, values, hits - sum(row.hits for row in rows))

    def usage(self, user: bytes | None, since: int | None) -> DailyUsage | None:
        begin = -(1 << 62) if since is None else since
        with self._reading() as connection:
            if user is None:
                found = {time: _merged(each) for time, each in states(connection, DAY, TOTALS, begin, 1 << 62)}
                days = {time: _day_of(totals) for time, totals in found.items()}
            else:
                rows = connection.execute(
                    "WITH days AS (SELECT DISTINCT time FROM history_part WHERE width = ? AND part = ?)"
                    " SELECT history_user.* FROM days JOIN history_user ON day = days.time AND user = ? ORDER BY day",
                    (DAY, TOTALS, cut_key(user)),
                ).fetchall()
                if not rows:
                    return None
                days = {row[0]: UserDay.of(row) for row in rows if row[0] >= begin}
        total = UserDay()
        for of_day in days.values():
            total = total.plus(of_day)
        return DailyUsage(_usage(total), [(day, _usage(of_day)) for day, of_day in days.items()])

    def alerts(self, since: int | None, until: int | None) -> list[Episode]:
        with self._reading() as connection:
            rows = connection.execute(
                "SELECT name, labels, severity, started, ended, peak, threshold, message FROM history_alert"
                " WHERE started < ? AND (ended IS NULL OR ended >= ?) ORDER BY started, name, labels",
                (1 << 62 if until is None else until, -(1 << 62) if since is None else since),
            ).fetchall()
        return [Episode(name, json.loads(labels), *values) for name, labels, *values in rows]

    def check(self) -> None:
        """Raise an `InputError` if there is no history to read."""
        with self._reading():
            pass

    def close(self) -> None:
        """Release the database."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _pieces(self, span: Span, since: int | None, until: int | None) -> Iterator[tuple[int, int, int]]:
        """The range in as few buckets as possible: width, begin and end. It is widened to whole buckets of those that are kept."""
        begin = span.first if since is None else max(since, span.first)
        end = span.last + WIDTHS[0] if until is None else min(until, span.last + WIDTHS[0])
        finest = next(width for width in WIDTHS if begin // width * width >= span.kept[width])
        begin, end = begin // finest * finest, -(-end // finest) * finest
        widths = WIDTHS[WIDTHS.index(finest) :]
        yield from _split(begin, end, widths)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """A connection that shows one state of the database, whatever is committed meanwhile."""
        with self._lock:
            if self._connection is None:
                self._connection = self._connected()
            connection = self._connection
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    def _connected(self) -> sqlite3.Connection:
        try:
            uri = f"file:{quote(os.path.abspath(self._path))}?mode=ro"
            connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=5)
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if application != APPLICATION or version > len(MIGRATIONS):
                raise sqlite3.DatabaseError(
                    "of another program" if application != APPLICATION else "written by a newer version"
                )
            version_of(connection)
        except sqlite3.Error as error:
            raise InputError(f"{self._path}: no history to read ({error})") from error
        return connection


def _split(begin: int, end: int, widths: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """`[begin, end)` in buckets of `widths`: the widest in the middle, narrower ones at its ends."""
    width, *wider = widths
    if begin >= end:
        return
    if not wider:
        yield width, begin, end
        return
    inner, outer = -(-begin // wider[0]) * wider[0], end // wider[0] * wider[0]
    if inner >= outer:
        yield width, begin, end
        return
    if begin < inner:
        yield width, begin, inner
    yield from _split(inner, outer, wider)
    if outer < end:
        yield width, outer, end


def _lists(connection: sqlite3.Connection, field: str, width: int, begin: int, end: int) -> Iterator[State]:
    if field == "status":
        for _, found in states(connection, width, TOTALS, begin, end):
            yield from (totals.statuses for totals in found)
    elif width < SPLIT_SECONDS:
        for _, found in states(connection, width, LISTS, begin, end):
            yield from (lists.get(field, EMPTY) for lists in found)
    else:
        for _, found in states(connection, width, field, begin, end):
            yield from found


def _merged(found: Sequence[Totals]) -> Totals:
    total = NOTHING
    for each in found:
        total = total.plus(each)
    return total


def _point(time: int, totals: Totals) -> Point:
    hits, sizes, _ = totals.statuses
    classes: dict[str, int] = {}
    for status, count in sorted(hits.items(), key=lambda item: item[0] or b"-"):
        name = _class(status)
        classes[name] = classes.get(name, 0) + count
    return Point(time, sum(hits.values()), sum(sizes.values()), classes, _durations(totals))


def _class(status: Any) -> str:
    return "-" if status in (None, b"-", OTHER) else status_class(status[:1])


def _durations(totals: Totals) -> Durations | None:
    count, micros, most = totals.durations
    p50, p90, p99 = (quantile(totals.bins, share) for share in (0.5, 0.9, 0.99))
    if p50 is None or p90 is None or p99 is None:
        return None
    return Durations(count, micros / count / MICRO, p50, p90, p99, most / MICRO)


def _day_of(totals: Totals) -> UserDay:
    """The totals of a day as if one user had made them."""
    hits = totals.statuses[0]
    failed = sum(count for status, count in hits.items() if status is not None and b"4" <= status[:1] <= b"9")
    return UserDay(sum(hits.values()), failed, *totals.durations[:2], totals.bins)


def _usage(day: UserDay) -> Usage:
    bins: Bins = day.bins
    if not day.timed:
        return Usage(day.requests, day.failed)
    return Usage(day.requests, day.failed, day.micros / day.timed / MICRO, quantile(bins, 0.5), quantile(bins, 0.99))
