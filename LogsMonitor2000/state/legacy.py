"""What versions before the database kept in a state directory, read once: `snapshot.json`, `told` and `deliveries.sqlite3`.

Their content moves into the new database in one transaction, and they are then renamed to `….migrated`; an operator may delete them.
"""

from __future__ import annotations

from contextlib import suppress
import hashlib
import json
import os
import sqlite3
from typing import Any

from ..limits import STATE_BYTES_MAX
from .database import Database
from .directory import DELIVERIES, NOTE, SNAPSHOT
from .snapshot import encoded
from .snapshot import write as write_snapshot

MAGIC, VERSION = "LogsMonitor2000 state", 1


def migrate(database: Database, now: float) -> None:
    """Take over what earlier versions kept in the directory of `database`, if anything."""
    directory = os.path.dirname(database.path)
    snapshot, note, deliveries = (os.path.join(directory, name) for name in (SNAPSHOT, NOTE, DELIVERIES))
    found = [path for path in (snapshot, note, deliveries) if os.path.isfile(path) and not os.path.islink(path)]
    if not found:
        return
    content = _snapshot(database, snapshot)

    def write(connection: sqlite3.Connection) -> None:
        if content is not None:
            known = {name for (name,) in connection.execute("SELECT name FROM snapshot")}
            for name in ({"run", "reader"} & content.keys()) - known:
                write_snapshot(connection, name, encoded(content[name]), _saved(snapshot, now))
            if "run" in content and "run" not in known and _last_emitted(note) < content["number"]:
                rows = [(json.dumps(event),) for event in content["outbox"]]
                connection.executemany("INSERT INTO pending (event) VALUES (?)", rows)
        if deliveries in found:
            _copy_deliveries(database, deliveries, connection)

    try:
        database.run(write)
    except (sqlite3.Error, OSError):
        return  # reported; the files stay for another run
    for path in found:
        with suppress(OSError):
            os.replace(path, path + ".migrated")
    for suffix in ("-wal", "-shm"):
        with suppress(OSError):
            os.remove(deliveries + suffix)


def _snapshot(database: Database, path: str) -> dict[str, Any] | None:
    """The content of the snapshot; None, with a warning, for one that is damaged or something else."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        with open(descriptor, "rb") as file:
            data = file.read(STATE_BYTES_MAX + 1)
        header, _, body = data.partition(b"\n")
        fields = json.loads(header)
        if (fields["magic"], fields["version"]) != (MAGIC, VERSION) or len(data) > STATE_BYTES_MAX:
            raise ValueError("something else")
        if fields["checksum"] != hashlib.blake2b(body, digest_size=16).hexdigest():
            raise ValueError("not as it was written")
        content: dict[str, Any] = json.loads(body)
        if "run" in content and not (isinstance(content["number"], int) and isinstance(content["outbox"], list)):
            raise ValueError("something else")
        return content
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        database.warnings.append(f"{path}: cannot be migrated ({error}); starting with empty state")
        return None


def _saved(path: str, now: float) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return now


def _last_emitted(path: str) -> int:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        with open(descriptor, "rb") as file:
            return int(file.read(20))
    except (OSError, ValueError):
        return 0


def _copy_deliveries(database: Database, path: str, connection: sqlite3.Connection) -> None:
    """Copy what was to be sent; a damaged file is left out, with a warning."""
    try:
        old = sqlite3.connect(path, timeout=0.2)
        try:
            alerts = old.execute(
                "SELECT delivery, fingerprint, alert, told, is_news, is_over, since, until FROM alerts"
            ).fetchall()
            groups = old.execute("SELECT delivery, name, last, repeats FROM groups").fetchall()
        finally:
            old.close()
    except sqlite3.Error as error:
        database.warnings.append(f"{path}: cannot be migrated ({error}); starting with nothing to send")
        return
    connection.executemany("REPLACE INTO deliveries VALUES (?,?,?,?,?,?,?,?)", alerts)
    connection.executemany("REPLACE INTO delivery_groups VALUES (?,?,?,?)", groups)
