"""The database file in which deliveries keep their outboxes: opened when it is needed, private to the user, never waited for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
import os
import sqlite3
import threading
from typing import TypeVar

from ..limits import DAMAGED_FILES_MAX
from .outbox import Outbox
from .stored import SCHEMA, NewerVersion, StoredOutbox

T = TypeVar("T")

FILE = "deliveries.sqlite3"
VERSION = 1
"""In the database's `user_version`, where the first versions had 0."""


class OutboxFile:
    """The file in `directory`. A damaged one is set aside under another name, and a new one begun."""

    def __init__(self, directory: str) -> None:
        self.path = os.path.join(directory, FILE)
        self._database: sqlite3.Connection | None = None
        self._lock = threading.Lock()
        self._warnings: list[str] = []
        self._users = 0

    def outbox(self, delivery: str) -> Outbox:
        self._users += 1
        return StoredOutbox(self, delivery)

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """See `stored.Store`."""
        with self._lock:
            try:
                return self._run(work)
            except sqlite3.DatabaseError as error:
                if type(error) is not sqlite3.DatabaseError:  # locked, full, no permission: the file itself is sound
                    raise
                self._set_aside()
                return self._run(work)

    def warnings(self) -> list[str]:
        warnings, self._warnings = self._warnings, []
        return warnings

    def close(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                self._close()

    def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._database is None:
            self._database = self._open()
        with self._database as database:  # a transaction
            return work(database)

    def _open(self) -> sqlite3.Connection:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        os.close(os.open(self.path, flags, 0o600))  # SQLite would apply the umask
        database = sqlite3.connect(self.path, timeout=0, check_same_thread=False)
        try:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                raise NewerVersion(f"was written by a newer version (its format is {version}, this one knows {VERSION})")
            database.text_factory = lambda raw: raw.decode("utf-8", "backslashreplace")
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=FULL")
            with database:
                for statement in SCHEMA:
                    database.execute(statement)
                database.execute(f"PRAGMA user_version={VERSION}")
        except BaseException:
            database.close()
            raise
        return database

    def _set_aside(self) -> None:
        """Make room for a new file. What the journal of the old one holds would be taken for the new one's."""
        self._close()
        names = [f"{self.path}.damaged", *(f"{self.path}.damaged.{number}" for number in range(1, DAMAGED_FILES_MAX))]
        free = next((name for name in names if not os.path.lexists(name)), names[-1])
        os.replace(self.path, free)
        for suffix in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                os.remove(self.path + suffix)
        self._warnings.append(f"{self.path}: damaged; kept as {os.path.basename(free)}, starting without pending alerts")

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
        self._database = None
