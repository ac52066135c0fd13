"""The directory is private, one process's own, and never a way to other files."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import unittest
from unittest import mock

from LogsMonitor2000.errors import InputError, MonitorError, UsageError
from LogsMonitor2000.state.directory import DATABASE, LOCK, SNAPSHOT, StateDirectory

from ..support import TemporaryFiles


class Directory(TemporaryFiles):
    def setUp(self) -> None:
        super().setUp()
        self.state = self.path("state")

    def open(self, path: str | None = None) -> StateDirectory:
        directory = StateDirectory(path or self.state)
        self.addCleanup(directory.close)
        return directory

    def mode(self, path: str) -> int:
        return stat.S_IMODE(os.stat(path).st_mode)

    def test_a_new_one_is_private(self) -> None:
        directory = self.open(os.path.join(self.state, "deep"))
        directory.create(DATABASE)
        self.assertEqual(self.mode(directory.path), 0o700)
        for name in os.listdir(directory.path):
            self.assertEqual(self.mode(os.path.join(directory.path, name)), 0o600, name)

    def test_the_mode_of_an_existing_one_is_left_alone(self) -> None:
        for mode in (0o700, 0o755, 0o750):
            os.mkdir(self.state)
            os.chmod(self.state, mode)
            self.open().close()
            with self.subTest(mode=oct(mode)):
                self.assertEqual(self.mode(self.state), mode)
            self.open().close()  # with a lock file in it
            os.unlink(os.path.join(self.state, LOCK))
            os.rmdir(self.state)

    def test_one_that_others_can_write_to_is_refused_and_left_as_it_is(self) -> None:
        os.mkdir(self.state)
        for mode in (0o1777, 0o770, 0o702):
            os.chmod(self.state, mode)
            with self.subTest(mode=oct(mode)), self.assertRaisesRegex(UsageError, "other users can write"):
                self.open()
            self.assertEqual((self.mode(self.state), os.listdir(self.state)), (mode, []))

    @unittest.skipUnless(os.geteuid() == 0, "only root can give a directory away")
    def test_one_of_another_user_is_refused(self) -> None:
        os.mkdir(self.state, 0o755)
        os.chown(self.state, 12_345, -1)
        with self.assertRaisesRegex(UsageError, "other users can write"):
            self.open()

    def test_one_that_holds_something_else_is_refused(self) -> None:
        os.mkdir(self.state)
        self.path("state/thesis.tex", b"x")
        self.path("state/lock", b"x")
        with self.assertRaisesRegex(UsageError, "holds other files.*thesis.tex"):
            self.open()
        self.assertEqual(sorted(os.listdir(self.state)), ["lock", "thesis.tex"])
        self.path("state/lock.txt", b"")
        for ours in (DATABASE, SNAPSHOT):
            self.path(f"state/{ours}", b"x")
            self.open().close()
            os.unlink(os.path.join(self.state, ours))

    def test_no_file_is_reached_through_a_link(self) -> None:
        os.mkdir(self.state)
        victim = self.path("victim", b"precious")
        for name in (LOCK, DATABASE):
            os.symlink(victim, os.path.join(self.state, name))
            with self.subTest(name), self.assertRaises((InputError, UsageError, OSError)):
                directory = self.open()
                self.addCleanup(directory.close)
                try:
                    directory.create(name)
                finally:
                    directory.close()
            os.unlink(os.path.join(self.state, name))
        missing = self.path("missing")
        os.symlink(missing, os.path.join(self.state, DATABASE))
        directory = self.open()
        with self.assertRaisesRegex(UsageError, "not a regular file"):
            directory.file(DATABASE)
        with self.assertRaises(OSError):
            directory.create(DATABASE)
        self.assertFalse(os.path.exists(missing))
        with open(victim, "rb") as file:
            self.assertEqual(file.read(), b"precious")

    def test_a_second_one_is_refused_and_says_by_whom(self) -> None:
        self.open()
        with self.assertRaisesRegex(MonitorError, rf"locked by another process \(pid {os.getpid()}\)") as caught:
            self.open()
        self.assertEqual(caught.exception.exit_status, 2)

    def test_a_second_process_is_refused(self) -> None:
        code = "import sys; from LogsMonitor2000.state.directory import StateDirectory; StateDirectory(sys.argv[1])"
        first = self.open()
        for expected in (False, True):
            done = subprocess.run([sys.executable, "-c", code, self.state], capture_output=True, text=True, timeout=20)
            self.assertEqual(done.returncode == 0, expected, done.stderr)
            first.close()

    def test_one_that_cannot_be_written_can_be_locked(self) -> None:
        self.open().close()
        real = os.open

        def read_only(path: str, flags: int, *args: object, **more: object) -> int:
            if flags & (os.O_WRONLY | os.O_RDWR):
                raise OSError(errno.EROFS, "Read-only file system")
            return real(path, flags, *args, **more)  # type: ignore[arg-type]

        for has_lock_file in (True, False):
            with mock.patch("os.open", read_only):
                directory = self.open()
                with self.assertRaises(UsageError):
                    self.open()
                directory.close()
            if has_lock_file:
                os.unlink(os.path.join(self.state, LOCK))

    def test_where_locks_do_not_work_it_says_so(self) -> None:
        with mock.patch("fcntl.flock", side_effect=OSError(errno.ENOLCK, "No locks available")):
            self.assertIn("make sure that only one monitor", self.open().warnings[0])

    def test_a_path_that_cannot_be_a_directory(self) -> None:
        for path in ("/dev/null/state", "/dev/null"):
            with self.assertRaises(MonitorError) as caught:
                self.open(path)
            self.assertEqual(caught.exception.exit_status, 2)


if __name__ == "__main__":
    unittest.main()
