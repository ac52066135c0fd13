"""What earlier versions left in a state directory is taken over once, and nothing of it is lost."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any
import unittest

from LogsMonitor2000.event import Notice
from LogsMonitor2000.serialize import EventCodec
from LogsMonitor2000.state.directory import NOTE, SNAPSHOT
from LogsMonitor2000.state.journal import Journal
from LogsMonitor2000.state.open import open_state
from LogsMonitor2000.state.snapshot import KeptSnapshot

from ..support import TemporaryFiles


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
                self.assertEqual(journal.commit([], lambda: {"n": 2}, at_once=True), expected)
                self.assertEqual(journal.notices(), [])
                self.assertIn(SNAPSHOT + ".migrated", os.listdir(self.state))
                self.assertNotIn(SNAPSHOT, os.listdir(self.state))
            journal.emitted()
            journal.close()
            again = self.journal()
            self.assertEqual(again.found, {"n": 2})
            again.close()
            for name in os.listdir(self.state):
                os.unlink(os.path.join(self.state, name))

    def test_the_position_of_cat(self) -> None:
        self.old({"reader": {"files": {}}})
        database = open_state(self.state)
        self.addCleanup(database.close)
        self.assertEqual(KeptSnapshot(database, "reader").found, {"files": {}})

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
        journal.commit([], lambda: {"n": 2}, at_once=True)
        journal.close()
        self.old({"number": 5, "run": {"n": 1}, "outbox": []})
        self.assertEqual(self.journal().found, {"n": 2})


if __name__ == "__main__":
    unittest.main()
