"""An outbox in a database: rows that survive a crash, a full disk, a foreign lock and other versions.

What cannot be saved, because the disk is full or another process holds a lock, stays in memory and is saved when that is over;
nothing here waits for another process. Rows that cannot be read, since a newer version or something else wrote them, are moved to the
table `rejected_deliveries` one by one. The database is handed in as a `Store`, which deliveries share.
"""

from __future__ import annotations

from collections.abc import Callable
import json
import math
import sqlite3
from typing import Any, Protocol, TypeVar

from ..event import Alert
from ..limits import DELIVERY_ALERTS_MAX, OUTBOX_ROW_BYTES_MAX
from ..serialize import EventCodec
from .outbox import Changes, GroupRecord, Outbox, Record

T = TypeVar("T")
CODEC = EventCodec()
Row = tuple[Any, ...]

COLUMNS = "delivery, fingerprint, alert, sent, is_pending, is_final, since, until"


class Store(Protocol):
    """A database that several threads use, one at a time. `path` is for messages."""

    path: str

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """The result of `work`, done in one transaction; raises `sqlite3.Error` or `OSError` if that is not possible just now."""


class StoredOutbox(Outbox):
    """Keeps the records of `delivery` in `store`."""

    keeps = True

    def __init__(self, store: Store, delivery: str) -> None:
        super().__init__()
        self._store = store
        self._delivery = delivery
        self._unsaved = Changes()
        self._has_loaded = False
        self._is_failing = False

    def load(self) -> tuple[list[Record], list[GroupRecord]] | None:
        found = self._try(self._read)
        if found is None:
            return None
        records, groups, rejected = found
        self._has_loaded = True
        if rejected:
            self.warnings.append(
                f"{self._store.path}: {rejected} pending alerts of {self._delivery} are not readable by this version; "
                "they are set aside in the table 'rejected_deliveries'"
            )
        return records, groups

    def save(self, changes: Changes) -> None:
        self._unsaved.add(changes)
        self.retry()

    def retry(self) -> None:
        if self._has_loaded and self._unsaved and self._try(self._write):
            self._unsaved = Changes()

    def close(self) -> None:
        self.retry()
        if self._unsaved:
            lost = len(self._unsaved.records) + len(self._unsaved.forgotten)
            self.warnings.append(f"{self._store.path}: changes of {lost} alerts of {self._delivery} were not saved")

    def _try(self, work: Callable[[sqlite3.Connection], T]) -> T | None:
        """The result of `work`; None if it is not possible now. The user hears when that begins and when it ends."""
        try:
            result = self._store.run(work)
        except (sqlite3.Error, OSError) as error:
            if not self._is_failing:
                self.warnings.append(f"{self._store.path}: cannot save pending alerts ({error}); retrying")
            self._is_failing = True
            return None
        if self._is_failing:
            self.warnings.append(f"{self._store.path}: pending alerts are saved again")
        self._is_failing = False
        return result

    def _read(self, database: sqlite3.Connection) -> tuple[list[Record], list[GroupRecord], int]:
        mine = (self._delivery,)
        records, rejected = [], []
        for row in database.execute(
            f"SELECT {COLUMNS} FROM deliveries WHERE delivery=? LIMIT ?", (*mine, 2 * DELIVERY_ALERTS_MAX)
        ):
            try:
                records.append(_record(row))
            except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
                rejected.append(row[:2])
        for key in rejected:
            database.execute(
                f"INSERT INTO rejected_deliveries SELECT {COLUMNS} FROM deliveries WHERE delivery IS ? AND fingerprint IS ?",
                key,
            )
            database.execute("DELETE FROM deliveries WHERE delivery IS ? AND fingerprint IS ?", key)
        groups = []
        rows = database.execute(
            "SELECT name, last, repeats FROM delivery_groups WHERE delivery=? LIMIT ?", (*mine, 2 * DELIVERY_ALERTS_MAX)
        )
        for name, last, repeats in rows:
            if isinstance(name, str) and _is_time(last) and _is_count(repeats):  # else it is as if there had been no message
                groups.append(GroupRecord(name, last, repeats))
        return records, groups, len(rejected)

    def _write(self, database: sqlite3.Connection) -> bool:
        name, changes = self._delivery, self._unsaved
        rows = [self._row(record) for record in changes.records.values()]
        groups = [(name, group.name, group.last, group.repeats) for group in changes.groups.values()]
        database.executemany(f"REPLACE INTO deliveries ({COLUMNS}) VALUES (?,?,?,?,?,?,?,?)", rows)
        database.executemany(
            "DELETE FROM deliveries WHERE delivery=? AND fingerprint=?", [(name, each) for each in changes.forgotten]
        )
        database.executemany("REPLACE INTO delivery_groups (delivery, name, last, repeats) VALUES (?,?,?,?)", groups)
        database.executemany(
            "DELETE FROM delivery_groups WHERE delivery=? AND name=?", [(name, each) for each in changes.forgotten_groups]
        )
        return True

    def _row(self, record: Record) -> Row:
        alert = json.dumps(CODEC.dump(record.alert))
        states = (record.sent, record.is_pending, record.is_final, record.since, record.until)
        return (self._delivery, record.fingerprint, alert, *states)


def _record(row: Row) -> Record:
    """The record that a row holds; one of several exceptions if it does not hold one."""
    _, fingerprint, dumped, sent, is_pending, is_final, since, until = row
    if not (isinstance(dumped, str) and len(dumped) <= OUTBOX_ROW_BYTES_MAX and isinstance(fingerprint, str)):
        raise ValueError
    alert = CODEC.load(json.loads(dumped))
    if not (isinstance(alert, Alert) and alert.state in ("firing", "resolved") and sent in ("", "firing", "resolved")):
        raise ValueError
    for name, value in zip(Alert._fields, alert):
        if name in CHECKS and not CHECKS[name](value):
            raise ValueError(name)
    if not (_is_time(since) and _is_time(until)):
        raise ValueError
    return Record(fingerprint, alert, sent, bool(is_pending), bool(is_final), since, until)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_second(value: object) -> bool:
    return type(value) is int and abs(value) < 1 << 60


def _is_number(value: object) -> bool:
    return type(value) is float or _is_second(value)


def _is_time(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]


def _is_count(value: object) -> bool:
    return _is_second(value) and value >= 0  # type: ignore[operator]


def _is_group(value: object) -> bool:
    return isinstance(value, tuple) and all(
        isinstance(pair, tuple) and [type(part) for part in pair] == [str, bytes] for pair in value
    )


def _is_causes(value: object) -> bool:
    return isinstance(value, tuple) and all(
        isinstance(cause, tuple) and len(cause) == 4 and _is_group((cause[:2],)) and _is_number(cause[2]) for cause in value
    )


def _is_lines(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(line, bytes) for line in value)


CHECKS: dict[str, Callable[[object], bool]] = {
    **dict.fromkeys(("name", "severity", "held", "suppressed", "measure", "condition"), _is_text),
    **dict.fromkeys(("time", "started", "window"), _is_second),
    **dict.fromkeys(("value", "threshold", "peak", "change"), _is_number),
    "group": _is_group,
    "causes": _is_causes,
    "lines": _is_lines,
}
"""What the fields of an alert must be: a row may have been crafted, and what is wrong must not come up while it is sent."""
