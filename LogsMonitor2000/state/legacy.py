"""What versions before the database kept in a state directory, read once: `snapshot.json` and `told`.

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
from .directory import NOTE, SNAPSHOT
from .snapshot import encoded
from .snapshot import write as write_snapshot

MAGIC, VERSION = "LogsMonitor2000 state", 1


def migrate(database: Database, now: float) -> None:
    """Take over what earlier versions kept in the directory of `database`, if anything."""
    directory = os.path.dirname(database.path)
    snapshot, note = (os.path.join(directory, name) for name in (SNAPSHOT, NOTE))
    found = [path for path in (snapshot, note) if os.path.lexists(path)]
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

    try:
        database.run(write)
    except (sqlite3.Error, OSError):
        return  # reported; the files stay for another run
    for path in found:
        with suppress(OSError):
            os.replace(path, path + ".migrated")


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
