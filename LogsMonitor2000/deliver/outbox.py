"""What one delivery has yet to tell and what it has told, as records that survive a crash.

A record is written before its alert counts as taken over, and again around each attempt, so whenever the process dies the next one
knows what may not have been told. It may have been told all the same: at least once, and the id tells a repeat.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
import json
import os
import sqlite3

from ..alert.state import AlertState
from ..event import Alert
from ..limits import LOCKED_SECONDS_MAX
from ..state.journal import dump_event, load_event
from .message import transition_id

FILE = "deliveries.sqlite3"
SCHEMA = """
CREATE TABLE IF NOT EXISTS alerts (delivery TEXT, fingerprint TEXT, alert TEXT, told TEXT, is_news INTEGER, is_over INTEGER,
    since REAL, until REAL, PRIMARY KEY (delivery, fingerprint)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS groups (delivery TEXT, name TEXT, last REAL, repeats INTEGER, PRIMARY KEY (delivery, name)) WITHOUT ROWID;
"""


@dataclass(slots=True)
class Record:
    """An alert by its latest transition.

    `told` is the state the receiver was last told, or may have been: an attempt was made; "" none. `is_news` says that the latest
    transition is still to be told, since the second `since`. `is_over`: once told, forget it. `until`: when to forget a resolved
    one that is told again and again.
    """

    fingerprint: str
    alert: Alert
    told: str = ""
    is_news: bool = True
    is_over: bool = False
    since: float = 0.0
    until: float = 0.0

    @property
    def id(self) -> str:
        return transition_id(self.alert, self.fingerprint)

    @property
    def is_firing(self) -> bool:
        return self.alert.state == AlertState.FIRING


@dataclass(slots=True)
class GroupRecord:
    """When the last message of a group was over with, and how many reminders there were since its last news."""

    name: str
    last: float
    repeats: int = 0


class Outbox:
    """Remembers nothing: a run without a state directory. `warnings` are for a person, whoever shows them clears them."""

    keeps = False
    """Whether another run will find what this one could not send."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def load(self) -> tuple[list[Record], list[GroupRecord]]:
        """What an earlier run left."""
        return [], []

    def save(
        self,
        records: Iterable[Record] = (),
        forgotten: Iterable[str] = (),
        group: GroupRecord | None = None,
        forgotten_group: str | None = None,
    ) -> None:
        """Make this so, all of it or nothing; `forgotten` are fingerprints."""

    def close(self) -> None:
        """There will be no more."""


class StoredOutbox(Outbox):
    """Keeps the records of `delivery` in a file in `directory`, which deliveries share. Opens it with `load`.

    A file that cannot be used is told of, and then the delivery goes on as without one. It is used by several threads, one at a time.
    """

    keeps = True

    def __init__(self, directory: str, delivery: str) -> None:
        super().__init__()
        self._path = os.path.join(directory, FILE)
        self._delivery = delivery
        self._database: sqlite3.Connection | None = None
        self._is_failing = False

    def load(self) -> tuple[list[Record], list[GroupRecord]]:
        try:
            return self._open()
        except sqlite3.OperationalError as error:  # locked, full, no permission: the file itself is sound
            self._failed(error)
        except (sqlite3.DatabaseError, ValueError, TypeError, KeyError):
            try:
                self._set_aside()
                return self._open()
            except (sqlite3.Error, OSError) as error:
                self._failed(error)
        except OSError as error:
            self._failed(error)
        return [], []

    def save(
        self,
        records: Iterable[Record] = (),
        forgotten: Iterable[str] = (),
        group: GroupRecord | None = None,
        forgotten_group: str | None = None,
    ) -> None:
        if self._database is None:
            return
        name = self._delivery
        try:
            with self._database as database:
                database.executemany("REPLACE INTO alerts VALUES (?,?,?,?,?,?,?,?)", [self._row(record) for record in records])
                database.executemany(
                    "DELETE FROM alerts WHERE delivery=? AND fingerprint=?", [(name, each) for each in forgotten]
                )
                if group is not None:
                    database.execute("REPLACE INTO groups VALUES (?,?,?,?)", (name, group.name, group.last, group.repeats))
                if forgotten_group is not None:
                    database.execute("DELETE FROM groups WHERE delivery=? AND name=?", (name, forgotten_group))
            self._is_failing = False
        except sqlite3.Error as error:
            self._failed(error)

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
        self._database = None

    def _open(self) -> tuple[list[Record], list[GroupRecord]]:
        os.close(
            os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        )  # sqlite would ask the umask
        self._database = sqlite3.connect(self._path, timeout=LOCKED_SECONDS_MAX, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.executescript(SCHEMA)
        rows = self._database.execute("SELECT * FROM alerts WHERE delivery=?", (self._delivery,)).fetchall()
        groups = self._database.execute("SELECT name, last, repeats FROM groups WHERE delivery=?", (self._delivery,)).fetchall()
        return [_record(row) for row in rows], [GroupRecord(*row) for row in groups]

    def _set_aside(self) -> None:
        """Make room for a new file; what its journal holds would be taken for the new one's."""
        self.close()
        os.replace(self._path, self._path + ".damaged")
        for suffix in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                os.remove(self._path + suffix)
        self.warnings.append(f"{self._path}: is damaged, and kept as {FILE}.damaged; starting with nothing to send")

    def _row(self, record: Record) -> tuple[object, ...]:
        alert = json.dumps(dump_event(record.alert))
        states = (record.told, record.is_news, record.is_over, record.since, record.until)
        return (self._delivery, record.fingerprint, alert, *states)

    def _failed(self, error: sqlite3.Error | OSError) -> None:
        if not self._is_failing:
            self.warnings.append(f"{self._path}: what is to be sent cannot be saved ({error}); going on without")
        self._is_failing = True


def _record(row: tuple[str, str, str, str, int, int, float, float]) -> Record:
    _, fingerprint, dumped, told, is_news, is_over, since, until = row
    alert = load_event(json.loads(dumped))
    if not isinstance(alert, Alert):
        raise TypeError(alert)
    return Record(fingerprint, alert, told, bool(is_news), bool(is_over), since, until)
