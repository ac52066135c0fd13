"""What earlier versions left in a state directory is taken over once, and nothing of it is lost."""

from __future__ import annotations

from contextlib import closing
import hashlib
import json
import os
import sqlite3
from typing import Any
import unittest

from LogsMonitor2000.deliver.outbox import GroupRecord, Record
from LogsMonitor2000.event import Alert, Notice
from LogsMonitor2000.serialize import EventCodec
from LogsMonitor2000.state.directory import DATABASE, DELIVERIES, NOTE, SNAPSHOT
from LogsMonitor2000.state.journal import Journal
from LogsMonitor2000.state.open import open_state
from LogsMonitor2000.state.outbox import DeliveryStore
from LogsMonitor2000.state.snapshot import KeptSnapshot

from ..support import TemporaryFiles

ALERT = Alert("high_traffic", "firing", 5, 20.0, 10.0, 120, 5, 20.0, (("section", b"/\xff"),))


class Legacy(TemporaryFiles):
    def setUp(self) -> None:
        super().setUp()
        self.state = self.path("state")
        os.mkdir(self.state)

    def old(self, content: dict[str, Any], version: int = 1, note: int | None = None) -> None:
        """What the version before the database would have left."""
        body = json.dumps(content).encode()
        checksum = hashlib.blake2b(body, digest_size=16).hexdigest()
        header = {"magic": "LogsMonitor2000 state", "version": version, "checksum": checksum}
        self.path(f"state/{SNAPSHOT}", json.dumps(header).encode() + b"\n" + body)
        if note is not None:
            self.path(f"state/{NOTE}", b"%020d" % note)

    def journal(self) -> Journal:
        journal = Journal(open_state(self.state))
        self.addCleanup(journal.close)
        return journal

    def test_a_snapshot_and_what_it_had_to_emit(self) -> None:
        event = Notice("once")
        for note, expected in ((4, [event]), (5, []), (None, [event])):
            self.old({"number": 5, "run": {"n": 1}, "outbox": [EventCodec().dump(event)]}, note=note)
            journal = self.journal()
            with self.subTest(note=note):
                self.assertEqual(journal.found, {"n": 1})
                self.assertEqual(journal.commit([], lambda: 2, dict, at_once=True), expected)
                self.assertEqual(journal.notices(), [])
                self.assertIn(SNAPSHOT + ".migrated", os.listdir(self.state))
                self.assertNotIn(SNAPSHOT, os.listdir(self.state))
            journal.emitted()
            journal.close()
            again = self.journal()
            self.assertEqual(again.found, {"processor": 2})
            again.close()
            for name in os.listdir(self.state):
                os.unlink(os.path.join(self.state, name))

    def test_the_position_of_cat(self) -> None:
        self.old({"reader": {"files": {}}})
        database = open_state(self.state)
        self.addCleanup(database.close)
        self.assertEqual(KeptSnapshot(database, "reader").found, {"files": {}})

    def test_what_deliveries_had_to_send(self) -> None:
        alert = json.dumps(EventCodec().dump(ALERT))
        with closing(sqlite3.connect(self.path(f"state/{DELIVERIES}"), isolation_level=None)) as old:
            old.execute("PRAGMA journal_mode=WAL")
            old.execute(
                "CREATE TABLE alerts (delivery TEXT, fingerprint TEXT, alert TEXT, told TEXT, is_news INTEGER, is_over INTEGER, "
                "since REAL, until REAL, PRIMARY KEY (delivery, fingerprint)) WITHOUT ROWID"
            )
            old.execute("CREATE TABLE groups (delivery TEXT, name TEXT, last REAL, repeats INTEGER)")
            old.execute("INSERT INTO alerts VALUES ('slack', 'a1', ?, 'firing', 1, 0, 5.5, 0)", (alert,))
            old.execute("INSERT INTO groups VALUES ('slack', '{}', 7.5, 2)")
        for _ in range(2):
            database = open_state(self.state)
            loaded = DeliveryStore(database).outbox("slack").load()
            self.assertEqual(loaded, ([Record("a1", ALERT, "firing", True, False, 5.5, 0.0)], [GroupRecord("{}", 7.5, 2)]))
            self.assertEqual(database.warnings, [])
            database.close()
        self.assertEqual(sorted(os.listdir(self.state)), [DELIVERIES + ".migrated", "lock", DATABASE])

    def test_deliveries_that_are_damaged_are_reported_and_kept(self) -> None:
        self.path(f"state/{DELIVERIES}", b"no database " * 100)
        database = open_state(self.state)
        self.addCleanup(database.close)
        self.assertIn("cannot be migrated", database.warnings[0])
        self.assertIn(DELIVERIES + ".migrated", os.listdir(self.state))

    def test_a_damaged_or_foreign_one_is_reported_and_kept(self) -> None:
        for content in (b"", b"garbage", b"[" * 10_000, b'{"magic":"x","version":1,"checksum":""}\n{}'):
            self.path(f"state/{SNAPSHOT}", content)
            journal = self.journal()
            with self.subTest(content=content[:10]):
                self.assertIsNone(journal.found)
                (notice,) = journal.notices()
                self.assertIn("cannot be migrated", notice.text)
                with open(self.path(f"state/{SNAPSHOT}.migrated"), "rb") as file:
                    self.assertEqual(file.read(), content)
            journal.close()

    def test_an_old_snapshot_does_not_replace_a_newer_state(self) -> None:
        journal = self.journal()
        journal.commit([], lambda: 2, dict, at_once=True)
        journal.close()
        self.old({"number": 5, "run": {"n": 1}, "outbox": []})
        self.assertEqual(self.journal().found, {"processor": 2})


if __name__ == "__main__":
    unittest.main()
