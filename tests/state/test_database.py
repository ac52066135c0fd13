"""The database changes as a whole or not at all, and in trouble loses nothing that was there."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import threading
import unittest
from unittest import mock

from LogsMonitor2000.errors import InputError, UsageError
from LogsMonitor2000.state.database import MIGRATIONS, Database
from LogsMonitor2000.state.directory import DATABASE, StateDirectory

from ..support import TemporaryFiles


class DatabaseCase(TemporaryFiles):
    def setUp(self) -> None:
        super().setUp()
        self.state = self.path("state")
        self.file = os.path.join(self.state, DATABASE)

    def open(self) -> Database:
        database = Database(StateDirectory(self.state))
        self.addCleanup(database.close)
        return database

    def put(self, database: Database, *texts: str) -> None:
        database.run(lambda connection: connection.executemany("INSERT INTO pending (event) VALUES (?)", [(t,) for t in texts]))

    def texts(self, database: Database) -> list[object]:
        return [text for (text,) in database.read("SELECT event FROM pending ORDER BY number")]


class Transactions(DatabaseCase):
    def test_all_of_it_or_nothing(self) -> None:
        database = self.open()
        self.put(database, "a", "b")

        def fail(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM pending")
            raise RuntimeError

        with self.assertRaises(RuntimeError):
            database.run(fail)
        self.put(database, "c")
        database.close()
        self.assertEqual(self.texts(self.open()), ["a", "b", "c"])

    def test_threads_take_turns(self) -> None:
        database = self.open()

        def work(name: str) -> None:
            for number in range(20):
                database.run(
                    lambda connection: connection.execute("INSERT INTO pending (event) VALUES (?)", (f"{name}{number}",)),
                    durable=False,
                )

        threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(self.texts(database)), 60)
        self.assertEqual((database.warnings, database.failures), ([], 0))

    def test_files_are_private(self) -> None:
        previous = os.umask(0)
        self.addCleanup(os.umask, previous)
        self.put(self.open(), "a")
        self.assertIn(DATABASE + "-wal", os.listdir(self.state))
        for name in os.listdir(self.state):
            self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.state, name)).st_mode), 0o600, name)

    def test_a_reader_in_another_process_sees_the_last_commit_and_blocks_nothing(self) -> None:
        database = self.open()
        self.put(database, "a")
        other = sqlite3.connect(self.file, isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN")
        self.assertEqual(other.execute("SELECT event FROM pending").fetchall(), [("a",)])
        self.put(database, "b")
        self.assertEqual(other.execute("SELECT event FROM pending").fetchall(), [("a",)])
        other.execute("COMMIT")
        self.assertEqual(len(other.execute("SELECT event FROM pending").fetchall()), 2)


class Trouble(DatabaseCase):
    def test_trouble_is_reported_when_it_begins_and_when_it_ends(self) -> None:
        database = self.open()
        other = sqlite3.connect(self.file, isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN IMMEDIATE")
        for _ in range(3):
            with self.assertRaises(sqlite3.OperationalError):
                self.put(database, "a")
        (warning,) = database.warnings
        self.assertIn("cannot save the state (database is locked); the run continues", warning)
        other.execute("COMMIT")
        self.put(database, "b")
        self.put(database, "c")
        self.assertEqual(len(database.warnings), 2)
        self.assertIn("is being saved again", database.warnings[1])
        self.assertEqual((database.failures, self.texts(database)), (3, ["b", "c"]))

    def test_another_version_is_refused_and_left_as_it_is(self) -> None:
        self.open().close()
        for application, version, why in ((0x4C4D326B, len(MIGRATIONS) + 1, "newer version"), (99, 1, "another program")):
            connection = sqlite3.connect(self.file)
            connection.execute(f"PRAGMA user_version={version}")
            connection.execute(f"PRAGMA application_id={application}")
            connection.close()
            with open(self.file, "rb") as file:
                before = file.read()
            with self.subTest(why), self.assertRaisesRegex(UsageError, why):
                self.open()
            with open(self.file, "rb") as file:
                self.assertEqual(file.read(), before)
            self.assertEqual(sorted(os.listdir(self.state)), ["lock", DATABASE])

    def test_a_refused_directory_is_not_locked(self) -> None:
        self.test_another_version_is_refused_and_left_as_it_is()
        StateDirectory(self.state).close()

    def test_a_damaged_one_is_set_aside(self) -> None:
        database = self.open()
        self.put(database, *map(str, range(1000)))
        database.close()
        with open(self.file, "rb") as file:
            sound = file.read()
        for name, damage in (
            ("no database", b"nothing of the kind " * 300),
            ("zeros", bytes(len(sound))),
            ("schema", sound[:100] + b"\xff" * 3000 + sound[3100:]),
        ):
            with open(self.file, "wb") as file:
                file.write(damage)
            database = self.open()
            with self.subTest(name):
                self.assertEqual(len(database.warnings), 1, database.warnings)
                self.assertIn("starting with empty state", database.warnings[0])
                self.assertEqual(self.texts(database), [])
                self.put(database, "new")
                kept = [name for name in os.listdir(self.state) if ".damaged" in name]
                (path,) = [os.path.join(self.state, name) for name in kept]
                with open(path, "rb") as file:
                    self.assertEqual(file.read(), damage)
                os.unlink(path)
            database.close()

    def test_two_damaged_ones_are_both_kept(self) -> None:
        self.open().close()
        for number in range(3):
            with open(self.file, "wb") as file:
                file.write(b"%d" % number * 1000)
            self.open().close()
        self.assertEqual(len([name for name in os.listdir(self.state) if ".damaged" in name]), 3)

    def test_what_reading_finds_senseless_can_be_set_aside(self) -> None:
        database = self.open()
        self.put(database, "a")
        database.discard("not an event")
        self.assertEqual(self.texts(database), [])
        self.assertIn("damaged (not an event)", database.warnings[0])
        self.put(database, "b")

    def test_an_empty_file_is_a_new_database(self) -> None:
        os.mkdir(self.state)
        open(self.file, "wb").close()
        database = self.open()
        self.put(database, "a")
        self.assertEqual(database.warnings, [])

    def test_where_no_file_can_be_created_the_run_continues(self) -> None:
        with mock.patch.object(StateDirectory, "create", side_effect=OSError(errno.ENOSPC, "No space left on device")):
            database = self.open()
            with self.assertRaises(OSError):
                self.put(database, "a")
        self.assertEqual(database.read("SELECT * FROM pending"), [])
        (warning,) = database.warnings
        self.assertIn("No space left on device", warning)
        self.put(database, "b")
        self.assertEqual(self.texts(database), ["b"])
        self.assertIn("is being saved again", database.warnings[1])

    def test_what_was_saved_can_be_read_where_nothing_can_be_written(self) -> None:
        database = self.open()
        self.put(database, "a")
        database.close()
        with mock.patch.object(StateDirectory, "create", side_effect=OSError(errno.EROFS, "Read-only file system")):
            database = self.open()
            self.assertEqual(self.texts(database), ["a"])
            with self.assertRaises(OSError):
                self.put(database, "b")
            self.assertEqual(self.texts(database), ["a"])
        self.assertEqual(len(database.warnings), 1)
        self.put(database, "c")
        self.assertEqual(self.texts(database), ["a", "c"])

    def test_one_that_is_there_and_cannot_be_read_is_not_replaced(self) -> None:
        self.open().close()
        other = sqlite3.connect(self.file, isolation_level=None)
        self.addCleanup(other.close)
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with self.assertRaisesRegex(InputError, "cannot be read .*locked"):
            self.open()
        other.close()
        self.open()

    def test_damage_in_the_middle_of_a_run_is_set_aside(self) -> None:
        database = self.open()
        self.put(database, *map(str, range(1000)))
        database.read("PRAGMA wal_checkpoint(TRUNCATE)")
        with open(self.file, "r+b") as file:
            file.write(b"\xff" * os.path.getsize(self.file))
        database.read("PRAGMA cache_size=0")
        self.put(database, "new")
        self.assertEqual(self.texts(database), ["new"])
        self.assertIn("damaged", database.warnings[0])

    def test_a_full_disk(self) -> None:
        """SQLite says so when its pages run out; all that was committed before is there, and it goes on when there is room."""
        database = self.open()
        self.put(database, "a")
        (pages,) = database.read("PRAGMA page_count")[0]
        database.read(f"PRAGMA max_page_count={pages}")
        with self.assertRaisesRegex(sqlite3.OperationalError, "full"):
            self.put(database, "x" * 100_000)
        database.read("PRAGMA max_page_count=1000000")
        self.put(database, "b")
        self.assertEqual(self.texts(database), ["a", "b"])
        self.assertEqual(len(database.warnings), 2)

    def test_after_closing_nothing_is_written(self) -> None:
        database = self.open()
        database.close()
        with self.assertRaises(sqlite3.OperationalError):
            self.put(database, "a")
        self.assertEqual(database.read("SELECT * FROM pending"), [])
        database.close()


if __name__ == "__main__":
    unittest.main()
