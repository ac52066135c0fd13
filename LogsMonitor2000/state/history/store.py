"""The rows of history: how a commit adds to them, merges and prunes them. All of it is part of the commit's transaction.

A commit adds a row for each part of each bucket of each width that has something new: rewriting the bucket of a whole day every second
would cost more than all else. Rows of one part and bucket are merged `HISTORY_ROWS_FAN` at a time, level by level, as in a log-structured
merge tree; a sweep, a few rows in each commit, merges into one the rows of buckets that are over. So work is bounded in each
commit, and grows with the logarithm of what a bucket holds.

    history            one row: first and last bucket of 10 s, from when on buckets of each width are kept, the fields that have top
                       lists, and a version that grows with every change
    history_part       (width, part, time, level, number): content, see there
    history_user       (day, user): requests, failed ones, and the durations: number, sum in millionths of a second, bins
    history_alert      (name, labels, started): an alert from start to end

Buckets that are too old for their width, counted back from the newest event, are neither written nor read, and pruned bit by bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
import json
import sqlite3
from typing import Any, NamedTuple

from ...analyze.bucket import Bucket
from ...analyze.measures.count import merge_counts
from ...analyze.measures.keys import OTHER
from ...analyze.measures.sketch import Bins
from ...limits import HISTORY_MERGED_MAX, HISTORY_PRUNED_MAX, HISTORY_ROWS_FAN, HISTORY_SWEPT_MAX, HISTORY_USERS_MAX
from .content import Content, bins_of, columns_of_bins, compressed, decode, decompressed, encode, merge_parts
from .measures import LATENCIES, USER_BINS, USERS
from .settings import DAY, FIELDS, WIDTHS, HistorySettings

ALWAYS = -(1 << 62)
"""Before any time."""

SETTLED = 1 << 20
"""The level of the one row that a bucket which is over has."""

Cursor = tuple[int, str, int]


class Span(NamedTuple):
    """The first bucket of the finest width, and the last one; `kept` is from when on buckets of each width are kept."""

    first: int
    last: int
    kept: Mapping[int, int]

    def widened(self, times: Sequence[int], keep: Mapping[int, int]) -> Span:
        """With buckets at `times` too, where buckets of each width are to be kept for so long."""
        last = max(self.last, *times)
        return Span(
            min(self.first, *times), last, {width: max(self.kept[width], _kept_from(width, last, keep)) for width in WIDTHS}
        )


def _kept_from(width: int, last: int, keep: Mapping[int, int]) -> int:
    """From when on buckets of `width` are to be kept, where `last` is the newest one. Wider buckets begin there too."""
    if width == DAY:
        return ALWAYS
    wider = WIDTHS[WIDTHS.index(width) + 1]
    return -(-(last - keep[width]) // wider) * wider


class HistoryStore:
    """Writes history as `settings` say."""

    def __init__(self, settings: HistorySettings) -> None:
        self._settings = settings
        self._cursor: Cursor = (0, "", 0)

    def add(self, connection: sqlite3.Connection, buckets: Sequence[Bucket]) -> None:
        """Add buckets of the finest width, each of another time, and let a bounded part of the rest be tidied."""
        number = next_version(connection)
        if buckets:
            span = self._widen(connection, [bucket.time for bucket in buckets])
            contents = {bucket.time: Content.of(bucket, self._settings.fields) for bucket in buckets}
            for width in WIDTHS:  # each from the one before
                contents = _widened(contents, width)
                self._add(connection, contents, width, span, number)
            self._add_users(connection, buckets)
            self._prune(connection, span)
            self._sweep(connection, span)

    def _widen(self, connection: sqlite3.Connection, times: Sequence[int]) -> Span:
        known = span_of(connection) or Span(times[0], times[0], dict.fromkeys(WIDTHS, ALWAYS))
        span = known.widened(times, self._settings.keep)
        values = (span.first, span.last, json.dumps(list(span.kept.values())), json.dumps(self._settings.fields))
        connection.execute("UPDATE history SET first = ?, last = ?, kept = ?, fields = ?", values)
        return span

    def _add(
        self, connection: sqlite3.Connection, contents: Mapping[int, Content], width: int, span: Span, number: int
    ) -> None:
        """Add rows for buckets of `width`, by time."""
        oldest = span.kept[width]
        rows = [
            (width, part, time, 0, number, encode(part, state))
            for time, content in contents.items()
            if time >= oldest
            for part, state in content.parts(width).items()
        ]
        connection.executemany("INSERT INTO history_part VALUES (?,?,?,?,?,?)", rows)
        if number % 4 == 0:  # not each time: a bucket has some rows more, and the check costs as much as the rows
            for key in {row[:3] for row in rows}:
                _merge_levels(connection, key)

    def _add_users(self, connection: sqlite3.Connection, buckets: Sequence[Bucket]) -> None:
        days: dict[int, list[Bucket]] = {}
        for bucket in buckets:
            days.setdefault(bucket.time // DAY * DAY, []).append(bucket)
        for day, of_day in days.items():
            (known,) = connection.execute("SELECT count(*) FROM history_user WHERE day = ?", (day,)).fetchone()
            rest = UserDay()
            for user, change in _users(of_day).items():
                row = connection.execute("SELECT * FROM history_user WHERE day = ? AND user = ?", (day, user)).fetchone()
                if row is None and known >= HISTORY_USERS_MAX:
                    rest = rest.plus(change)
                    continue
                known += row is None
                _put_user(connection, day, user, change if row is None else UserDay.of(row).plus(change))
            if rest.requests:
                row = connection.execute("SELECT * FROM history_user WHERE day = ? AND user = ?", (day, OTHER)).fetchone()
                _put_user(connection, day, OTHER, rest if row is None else UserDay.of(row).plus(rest))

    def _prune(self, connection: sqlite3.Connection, span: Span) -> None:
        left = HISTORY_PRUNED_MAX
        for width in WIDTHS[:-1]:
            oldest = span.kept[width]
            parts = connection.execute("SELECT DISTINCT part FROM history_part WHERE width = ? AND time < ?", (width, oldest))
            for (part,) in parts.fetchall() if left else ():
                left -= connection.execute(
                    "DELETE FROM history_part WHERE rowid IN (SELECT rowid FROM history_part"
                    " WHERE width = ? AND part = ? AND time < ? LIMIT ?)",
                    (width, part, oldest, left),
                ).rowcount

    def _sweep(self, connection: sqlite3.Connection, span: Span) -> None:
        """Merge the rows of some buckets that are over, going round through all of them."""
        found = connection.execute(
            "SELECT width, part, time FROM history_part WHERE (width, part, time) > (?, ?, ?)"
            " ORDER BY width, part, time, level, number LIMIT ?",
            (*self._cursor, HISTORY_SWEPT_MAX),
        ).fetchall()
        merged = 0
        for key, rows in groupby(found):
            width, _, time = key
            if len(list(rows)) > 1 and time + width < span.last - width:
                _merge(connection, key, "1", SETTLED, 0)
                merged += 1
            self._cursor = key
            if merged >= HISTORY_MERGED_MAX:
                return
        if len(found) < HISTORY_SWEPT_MAX:
            self._cursor = (0, "", 0)


def _widened(contents: Mapping[int, Content], width: int) -> dict[int, Content]:
    """The contents of buckets by time, as those of wider ones."""
    found: dict[int, list[Content]] = {}
    for time, content in contents.items():
        found.setdefault(time // width * width, []).append(content)
    return {time: Content.together(of_time) for time, of_time in found.items()}


class UserDay(NamedTuple):
    """A user's day: requests, those that failed, and the durations."""

    requests: int = 0
    failed: int = 0
    timed: int = 0
    micros: int = 0
    bins: Bins = {}

    def plus(self, other: UserDay) -> UserDay:
        """Both together."""
        return UserDay(
            self.requests + other.requests,
            self.failed + other.failed,
            self.timed + other.timed,
            self.micros + other.micros,
            merge_counts(dict(self.bins), other.bins),
        )

    @classmethod
    def of(cls, row: Sequence[Any]) -> UserDay:
        """That of a row of `history_user`."""
        requests, failed, timed, micros, bins = row[2:]
        return cls(requests, failed, timed, micros, {} if bins is None else bins_of(decompressed(bins)))


def _users(buckets: Iterable[Bucket]) -> dict[bytes, UserDay]:
    """The users in `buckets`."""
    requests: dict[bytes, int] = {}
    failed: dict[bytes, int] = {}
    timed: dict[bytes, tuple[int, int]] = {}
    bins: dict[Any, Bins] = {}
    for bucket in buckets:
        for key, count in bucket[USERS].items():
            user, digit = key if isinstance(key, tuple) else (key, b"-")
            user = user or b"-"
            requests[user] = requests.get(user, 0) + count
            if digit is not None and digit >= b"4":
                failed[user] = failed.get(user, 0) + count
        for user, (count, micros, _) in bucket[LATENCIES].items():
            user = user or b"-"
            known = timed.get(user, (0, 0))
            timed[user] = (known[0] + count, known[1] + micros)
        bins = USER_BINS.merge(bins, {user or b"-": of_user for user, of_user in bucket[USER_BINS].items()})
    return {
        user: UserDay(count, failed.get(user, 0), *timed.get(user, (0, 0)), bins.get(user, {}))
        for user, count in requests.items()
    }


def _put_user(connection: sqlite3.Connection, day: int, user: bytes, of_day: UserDay) -> None:
    bins = compressed(columns_of_bins(of_day.bins)) if of_day.bins else None
    connection.execute("REPLACE INTO history_user VALUES (?,?,?,?,?,?,?)", (day, user, *of_day[:4], bins))


def _merge_levels(connection: sqlite3.Connection, key: Cursor) -> None:
    """Merge the rows of a level, if there are enough of them, into one of the next; and so on."""
    for level in range(8):
        (count,) = connection.execute(
            "SELECT count(*) FROM history_part WHERE width = ? AND part = ? AND time = ? AND level = ?", (*key, level)
        ).fetchone()
        if count < HISTORY_ROWS_FAN:
            return
        _merge(connection, key, f"level = {level}", level + 1)


def _merge(connection: sqlite3.Connection, key: Cursor, rows: str, level: int, number: int | None = None) -> None:
    """Replace the `rows` of a part of a bucket by one."""
    where = f"width = ? AND part = ? AND time = ? AND {rows}"
    found = connection.execute(
        f"SELECT number, data FROM history_part WHERE {where} ORDER BY level DESC, number", key
    ).fetchall()
    width, part, time = key
    state = merge_parts(part, width, [decode(part, data) for _, data in found])
    connection.execute(f"DELETE FROM history_part WHERE {where}", key)
    number = found[-1][0] if number is None else number
    connection.execute("INSERT INTO history_part VALUES (?,?,?,?,?,?)", (*key, level, number, encode(part, state)))


def next_version(connection: sqlite3.Connection) -> int:
    """The number of this change of history."""
    connection.execute("UPDATE history SET version = version + 1")
    return version_of(connection)


def version_of(connection: sqlite3.Connection) -> int:
    """It grows with every change."""
    (version,) = connection.execute("SELECT version FROM history").fetchone()
    return int(version)


def span_of(connection: sqlite3.Connection) -> Span | None:
    """The first and the last bucket; None where there is none."""
    first, last, kept = connection.execute("SELECT first, last, kept FROM history").fetchone()
    return None if first is None else Span(first, last, dict(zip(WIDTHS, json.loads(kept))))


def fields_of(connection: sqlite3.Connection) -> tuple[str, ...]:
    """The fields that have top lists."""
    (fields,) = connection.execute("SELECT fields FROM history").fetchone()
    return FIELDS if fields is None else tuple(json.loads(fields))


def states(connection: sqlite3.Connection, width: int, part: str, begin: int, end: int) -> Iterator[tuple[int, list[Any]]]:
    """By time, the states of a part of the buckets in `[begin, end)`: one a row."""
    rows = connection.execute(
        "SELECT time, data FROM history_part WHERE width = ? AND part = ? AND time >= ? AND time < ? ORDER BY time",
        (width, part, begin, end),
    )
    for time, of_time in groupby(rows, key=lambda row: row[0]):
        yield time, [decode(part, data) for _, data in of_time]
