"""From the path of a state directory to its database, with what earlier versions kept there taken over."""

from __future__ import annotations

from ..runtime.clock import Clock
from .database import Database
from .directory import StateDirectory
from .legacy import migrate


def open_state(path: str, clock: Clock | None = None) -> Database:
    """The database in the directory `path`, which is created if need be; an `InputError` or `UsageError` says what is wrong."""
    database = Database(StateDirectory(path))
    migrate(database, (clock or Clock()).now())
    return database
