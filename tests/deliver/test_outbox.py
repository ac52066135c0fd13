"""What is kept on disk: whole, private, apart for each delivery, and in trouble not at all rather than wrongly."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
import unittest

from LogsMonitor2000.deliver.outbox import FILE, GroupRecord, Outbox, Record, StoredOutbox

from ..support import TemporaryFiles
from .making import NASTY, NOW, firing, resolved


class Stored(TemporaryFiles):
    def outbox(self, delivery: str = "slack") -> StoredOutbox:
        outbox = StoredOutbox(self.directory, delivery)
        self.addCleanup(outbox.close)
        return outbox

    def test_records_come_back_as_they_were(self) -> None:
        alert = firing("errors", NOW, NASTY, lines=(NASTY,), causes=(("source", b"\xff", 0.5, True),))
        records = [
            Record("a1", alert, since=100.5),
            Record("b2", resolved(alert, NOW + 9), told="firing", is_news=True, is_over=True, until=7.25),
        ]
        outbox = self.outbox()
        self.assertEqual(outbox.load(), ([], []))
        outbox.save(records, group=GroupRecord("{}", 5.5, 3))
        outbox.save([Record("c3", alert)])
        outbox.save(forgotten=["c3"], forgotten_group="{other}")
        outbox.close()
        self.assertEqual(self.outbox().load(), (records, [GroupRecord("{}", 5.5, 3)]))
        self.assertEqual(self.outbox("other").load(), ([], []))
        self.assertEqual(self.outbox().warnings, [])

    def test_a_group_can_be_forgotten(self) -> None:
        outbox = self.outbox()
        outbox.load()
        outbox.save(group=GroupRecord("{}", 5.5, 3))
        outbox.save(forgotten_group="{}")
        self.assertEqual(self.outbox().load(), ([], []))

    def test_only_its_owner_can_read_it(self) -> None:
        previous = os.umask(0)
        self.addCleanup(os.umask, previous)
        outbox = self.outbox()
        outbox.load()
        outbox.save([Record("a1", firing())])
        for name in os.listdir(self.directory):
            self.assertEqual(stat.S_IMODE(os.stat(self.path(name)).st_mode), 0o600, name)

    def test_threads_and_deliveries_can_share_it(self) -> None:
        outboxes = [self.outbox(name) for name in ("a", "b", "c")]
        for outbox in outboxes:
            outbox.load()

        def write(outbox: StoredOutbox) -> None:
            for number in range(5):
                outbox.save([Record(str(number), firing())])

        threads = [threading.Thread(target=write, args=(outbox,)) for outbox in outboxes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for name in ("a", "b", "c"):
            self.assertEqual(len(self.outbox(name).load()[0]), 5)
        self.assertEqual([outbox.warnings for outbox in outboxes], [[], [], []])

    def test_a_damaged_file_is_set_aside(self) -> None:
        database = sqlite3.connect(self.path("sound"))
        database.executescript(
            "CREATE TABLE alerts (delivery, fingerprint, alert, told, is_news, is_over, since, until);"
            "CREATE TABLE groups (delivery, name, last, repeats);"
            """INSERT INTO alerts VALUES ('slack', 'x', '["Notice", "no alert"]', '', 1, 0, 0, 0)"""
        )
        database.close()
        with open(self.path("sound"), "rb") as file:
            foreign = file.read()
        for content in (
            b"no database at all, " * 100,
            foreign,
            foreign.replace(b'["Notice", "no alert"]', b'["Notice", "no alert"!'),
        ):
            with self.subTest(content=content[:20]):
                self.path(FILE, content)
                if not content.startswith(b"SQLite"):
                    self.path(FILE + "-wal", b"x")
                outbox = self.outbox()
                self.assertEqual(outbox.load(), ([], []))
                self.assertIn("is damaged", outbox.warnings[0])
                outbox.save([Record("a1", firing())])
                self.assertEqual(len(self.outbox().load()[0]), 1)
                self.assertTrue(os.path.exists(self.path(FILE + ".damaged")))
                self.doCleanups()
                super().setUp()

    def test_without_a_place_to_write_it_goes_on(self) -> None:
        os.mkdir(self.path(FILE))
        for directory in (self.directory, self.path("missing")):
            with self.subTest(directory=directory):
                outbox = StoredOutbox(directory, "slack")
                self.assertEqual(outbox.load(), ([], []))
                outbox.save([Record("a1", firing())])
                self.assertEqual(len(outbox.warnings), 1)
                self.assertIn("going on without", outbox.warnings[0])

    def test_a_failure_is_told_when_it_begins(self) -> None:
        outbox = self.outbox()
        outbox.load()
        other = sqlite3.connect(self.path(FILE), isolation_level=None)
        self.addCleanup(other.close)
        other.execute("DROP TABLE alerts")
        for _ in range(3):
            outbox.save([Record("a1", firing())])
        self.assertEqual(len(outbox.warnings), 1)

    def test_none_keeps_nothing(self) -> None:
        outbox = Outbox()
        outbox.save([Record("a1", firing())], group=GroupRecord("{}", 5.5))
        self.assertEqual((outbox.load(), outbox.keeps), (([], []), False))
        outbox.close()


if __name__ == "__main__":
    unittest.main()
