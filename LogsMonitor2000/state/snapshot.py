"""Snapshots: what a run needs to continue, as one JSON value in the database, by name, with a checksum of its text."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from typing import Any, NamedTuple

from ..limits import STATE_BYTES_MAX
from ..runtime.clock import Clock
from .database import Database


class Snapshot(NamedTuple):
    """What was saved, and when, in seconds since the epoch."""

    content: dict[str, Any]
    saved: float


def load(database: Database, name: str) -> Snapshot | None:
    """The snapshot `name`; None where there is none, a `ValueError` for one that is not as it was written."""
    rows = database.read("SELECT saved, checksum, value FROM snapshot WHERE name = ?", name)
    if not rows:
        return None
    saved, expected, text = rows[0]
    if not isinstance(text, str) or len(text) > STATE_BYTES_MAX or _checksum(text) != expected:
        raise ValueError("the snapshot is not as it was written")
    content = json.loads(text)
    if not isinstance(content, dict) or not isinstance(saved, (int, float)):
        raise ValueError("the snapshot is something else")
    return Snapshot(content, saved)


def encoded(content: dict[str, Any]) -> str:
    """The text of a snapshot."""
    return json.dumps(content, separators=(",", ":"))


def write(connection: sqlite3.Connection, name: str, text: str, saved: float) -> None:
    """Replace the snapshot `name` by `text`, as part of a transaction."""
    connection.execute("REPLACE INTO snapshot VALUES (?,?,?,?)", (name, saved, _checksum(text), text))


class KeptSnapshot:
    """One snapshot of a command that keeps nothing else, such as `cat`. `found` is what an earlier run left."""

    def __init__(self, database: Database, name: str, clock: Clock | None = None) -> None:
        self.database = database
        self._name = name
        self._clock = clock or Clock()
        try:
            loaded = load(database, name)
        except (sqlite3.DatabaseError, ValueError, RecursionError) as error:
            database.discard(str(error))
            loaded = None
        self.found = None if loaded is None else loaded.content

    def save(self, content: dict[str, Any]) -> bool:
        """Replace it; False where that is not possible now, which the database reports."""
        text = encoded(content)
        try:
            self.database.run(lambda connection: write(connection, self._name, text, self._clock.now()))
        except (sqlite3.Error, OSError):
            return False
        return True


def _checksum(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
