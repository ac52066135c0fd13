"""The outboxes of deliveries in the state's database.

An alert comes to a delivery from a commit, which has it among the events not yet emitted, and is forgotten there only after the
delivery has saved it. Both are transactions of one database, and those survive in their order: so whenever the process or the
machine dies, an alert is in one of the two places, or in both, which its id shows. No transaction here has to wait for the disk.
"""

from __future__ import annotations

from collections.abc import Callable
import sqlite3
from typing import TypeVar

from ..deliver.outbox import Outbox
from ..deliver.stored import StoredOutbox
from .database import Database

T = TypeVar("T")


class DeliveryStore:
    """The database as deliveries use it, see `deliver.stored.Store`. What is wrong with it is reported by the journal."""

    def __init__(self, database: Database) -> None:
        self.path = database.path
        self._database = database

    def outbox(self, delivery: str) -> Outbox:
        """The outbox of the delivery with that name."""
        return StoredOutbox(self, delivery)

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return self._database.run(work, durable=False)
