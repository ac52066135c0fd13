"""The one SQLite database of a state directory, in which everything that belongs together changes together.

It holds the snapshot of the run, the events that are committed and not yet emitted, and what deliveries have to send; others keep
tables of their own there. The monitor's thread and the threads of deliveries share one connection, one transaction at a time.

A database of another version is refused and left as it is, and so is one that is there but cannot be read: a run that began with
empty state would overwrite it. One that is damaged is set aside under a new name. Where nothing can be written (a full disk, a
read-only file system), the run continues and says so once, and once more when it can save again. Another process that holds the file
open or locks it does not block the reading of logs.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
import os
import sqlite3
import threading
from typing import TypeVar

from ..errors import InputError, UsageError
from ..limits import DAMAGED_FILES_MAX, LOCKED_MILLISECONDS_MAX
from .directory import DATABASE, StateDirectory

T = TypeVar("T")

APPLICATION = int.from_bytes(b"LM2k", "big")
"""`PRAGMA application_id` of our databases."""

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE snapshot (name TEXT PRIMARY KEY, saved REAL NOT NULL, checksum TEXT NOT NULL, value TEXT NOT NULL);
    CREATE TABLE pending (number INTEGER PRIMARY KEY, event TEXT NOT NULL);
    CREATE TABLE deliveries (delivery TEXT, fingerprint TEXT, alert TEXT, sent TEXT, is_pending INTEGER, is_final INTEGER,
        since REAL, until REAL, PRIMARY KEY (delivery, fingerprint)) WITHOUT ROWID;
    CREATE TABLE delivery_groups (delivery TEXT, name TEXT, last REAL, repeats INTEGER, PRIMARY KEY (delivery, name)) WITHOUT ROWID;
    CREATE TABLE rejected_deliveries (delivery, fingerprint, alert, sent, is_pending, is_final, since, until);
    """,
    "CREATE TABLE operation (number INTEGER PRIMARY KEY, value TEXT NOT NULL);",
    """
    CREATE TABLE history (version INTEGER NOT NULL, first INTEGER, last INTEGER, kept TEXT, fields TEXT);
    INSERT INTO history (version) VALUES (0);
    CREATE TABLE history_part (width INTEGER, part TEXT, time INTEGER, level INTEGER, number INTEGER, data BLOB NOT NULL,
        PRIMARY KEY (width, part, time, level, number));
    CREATE TABLE history_user (day INTEGER, user BLOB, requests INTEGER, failed INTEGER, timed INTEGER, micros INTEGER, bins BLOB,
        PRIMARY KEY (day, user)) WITHOUT ROWID;
    CREATE TABLE history_alert (name TEXT, labels TEXT, started INTEGER, ended INTEGER, severity TEXT, peak REAL, threshold REAL,
        message TEXT, PRIMARY KEY (name, labels, started));
    """,
)
"""What brings a database from version `n` to `n + 1`, by `n`; `PRAGMA user_version` says where it is. Only ever append."""


class Database:
    """The database of `directory`, open until `close`. `failures` counts transactions that could not be committed."""

    def __init__(self, directory: StateDirectory) -> None:
        try:
            self.path = directory.file(DATABASE)
        except (InputError, UsageError):
            directory.close()
            raise
        self.failures = 0
        self.warnings: list[str] = directory.warnings
        self._directory = directory
        self._lock = threading.RLock()
        self._is_failing = self._is_read_only = self._is_closed = False
        self._connection: sqlite3.Connection | None = None
        try:
            self._open()
        except (sqlite3.OperationalError, OSError) as error:  # locked, full, read-only: the file itself is sound
            self._open_read_only(error)
        except sqlite3.DatabaseError as error:
            self._set_aside(error)

    def run(self, work: Callable[[sqlite3.Connection], T], *, durable: bool = True) -> T:
        """The result of `work`, done in one transaction; all of it counts, or nothing if it raises.

        It also survives the death of the machine if it is `durable`, and else that of the process only; then it does not wait for
        another process either. Transactions survive in their order. Raises `sqlite3.Error` or `OSError` where none is possible now;
        a warning is reported when that begins and when it ends.
        """
        with self._lock:
            try:
                try:
                    result = self._run(work, durable)
                except sqlite3.DatabaseError as error:
                    if type(error) is not sqlite3.DatabaseError:  # locked, full, no permission: the file itself is sound
                        raise
                    self._set_aside(error)
                    result = self._run(work, durable)
            except (sqlite3.Error, OSError) as error:
                self._failed(error)
                raise
            self._worked()
            return result

    def _run(self, work: Callable[[sqlite3.Connection], T], durable: bool) -> T:
        if self._connection is None or self._is_read_only:
            self._open_again()
        connection = self._connection
        assert connection is not None
        connection.execute(f"PRAGMA busy_timeout={LOCKED_MILLISECONDS_MAX if durable else 0}")
        connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(connection)
            connection.execute("COMMIT")
        except BaseException:
            self._roll_back(connection)
            raise
        return result

    def read(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """The rows of a query; none where there is no database."""
        with self._lock:
            return [] if self._connection is None else self._connection.execute(query, values).fetchall()

    def discard(self, problem: str) -> None:
        """What was read makes no sense (`problem`): set the database aside, and start with an empty one."""
        with self._lock:
            self._set_aside(sqlite3.DatabaseError(problem))

    def close(self) -> None:
        """Release the database and the directory."""
        with self._lock:
            self._is_closed = True
            self._close_connection()
            self._directory.close()

    def _open(self) -> None:
        self._directory.create(DATABASE)
        for suffix in ("-wal", "-shm"):
            self._directory.file(DATABASE + suffix)
        self._connection = self._connect(self.path)
        self._check_version()
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._migrate()

    def _connect(self, path: str, *, uri: bool = False) -> sqlite3.Connection:
        timeout = LOCKED_MILLISECONDS_MAX / 1000
        connection = sqlite3.connect(path, timeout=timeout, isolation_level=None, check_same_thread=False, uri=uri)
        connection.text_factory = lambda raw: raw.decode("utf-8", "backslashreplace")
        return connection

    def _open_again(self) -> None:
        """Try to write where that was not possible before."""
        if self._is_closed:
            raise sqlite3.OperationalError("the state is closed")
        readable, self._connection = self._connection, None
        try:
            self._open()
        except BaseException:
            self._close_connection()
            self._connection = readable
            raise
        self._is_read_only = False
        if readable is not None:
            readable.close()

    def _check_version(self) -> int:
        """The version of the schema; a `UsageError` for a database that is not ours to change."""
        assert self._connection is not None
        (application,) = self._connection.execute("PRAGMA application_id").fetchone()
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        (tables,) = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        problem = ""
        if application != APPLICATION and tables:
            problem = "a database of another program"
        elif version > len(MIGRATIONS):
            problem = f"written by a newer version (schema {version}, this one knows {len(MIGRATIONS)})"
        if problem:
            self.close()
            raise UsageError(f"{self.path}: {problem}; it is left as it is: choose another --state directory, or upgrade")
        return int(version)

    def _migrate(self) -> None:
        """Bring the schema to this version, all of it or nothing."""
        version = self._check_version()
        if version == len(MIGRATIONS):
            return
        assert self._connection is not None
        steps = "".join(MIGRATIONS[version:])
        try:
            self._connection.executescript(
                f"BEGIN IMMEDIATE; {steps} PRAGMA application_id={APPLICATION}; PRAGMA user_version={len(MIGRATIONS)}; COMMIT;"
            )
        except sqlite3.Error:
            self._roll_back(self._connection)
            raise
        self._directory.sync()

    def _open_read_only(self, problem: sqlite3.Error | OSError) -> None:
        """Read what there is, where nothing can be written."""
        self._close_connection()
        self._failed(problem)
        self._is_read_only = True
        if not os.path.exists(self.path):
            return
        has_log = os.path.exists(self.path + "-wal")
        for options in ("mode=ro", *(() if has_log else ("mode=ro&immutable=1",))):
            with suppress(sqlite3.Error):
                self._connection = self._connect(f"file:{_quoted(self.path)}?{options}", uri=True)
                self._check_version()
                self._connection.execute("SELECT count(*) FROM snapshot").fetchone()
                return
            self._close_connection()
        if os.path.getsize(self.path):
            self.close()
            raise InputError(f"{self.path}: cannot be read ({problem})")

    def _set_aside(self, problem: sqlite3.Error) -> None:
        """Keep a damaged database under a new name, with the log that belongs to it, and begin a new one."""
        self._close_connection()
        names = [f"{self.path}.damaged", *(f"{self.path}.damaged.{number}" for number in range(1, DAMAGED_FILES_MAX))]
        kept = next((name for name in names if not os.path.lexists(name)), names[-1])
        try:
            os.replace(self.path, kept)
            for suffix in ("-wal", "-shm"):
                with suppress(FileNotFoundError):
                    os.replace(self.path + suffix, kept + suffix)
            self.warnings.append(f"{self.path}: damaged ({problem}); kept as {kept}, starting with empty state")
            self._open()
        except (OSError, sqlite3.Error) as error:
            self._close_connection()
            self._is_read_only = True
            self._failed(error)

    def _close_connection(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
        self._connection = None

    @staticmethod
    def _roll_back(connection: sqlite3.Connection) -> None:
        with suppress(sqlite3.Error):
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def _failed(self, error: sqlite3.Error | OSError) -> None:
        self.failures += 1
        if not self._is_failing:
            self._is_failing = True
            self.warnings.append(f"{self.path}: cannot save the state ({error}); the run continues without")

    def _worked(self) -> None:
        if self._is_failing:
            self._is_failing = False
            self.warnings.append(f"{self.path}: the state is being saved again")


def _quoted(path: str) -> str:
    """A path in a URI."""
    from urllib.parse import quote  # here, because only trouble needs it and start-up counts

    return quote(os.path.abspath(path))
