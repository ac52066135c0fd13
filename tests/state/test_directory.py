"""The snapshot is whole or not there, private, and one process's own."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from LogsMonitor2000.errors import MonitorError
from LogsMonitor2000.state.directory import SNAPSHOT, StateDirectory

CONTENT: dict[str, object] = {"reader": {"a": [1, 2, "\udcff"]}, "n": 1.5}


class State(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = os.path.join(directory.name, "state", "deep")
        self.snapshot = os.path.join(self.path, SNAPSHOT)
        self.state = StateDirectory(self.path)
        self.addCleanup(lambda: self.state.close())

    def test_what_was_saved_is_loaded(self) -> None:
        self.assertIsNone(self.state.load())
        self.assertTrue(self.state.save(CONTENT))
        self.assertEqual(self.state.load(), CONTENT)
        self.state.save({})
        self.assertEqual(self.state.load(), {})
        self.assertEqual(self.state.warnings, [])

    def test_it_is_private(self) -> None:
        self.state.save(CONTENT)
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o700)
        for name in os.listdir(self.path):
            self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.path, name)).st_mode), 0o600)

    def test_damage_gives_a_warning_and_a_fresh_start(self) -> None:
        self.state.save(CONTENT)
        with open(self.snapshot, "rb") as file:
            good = file.read()
        newer = good.replace(b'"version": 1', b'"version": 2')
        for name, data in {
            "empty": b"",
            "zeros": bytes(len(good)),
            "cut in half": good[: len(good) // 2],
            "cut by a byte": good[:-1],
            "one bit": good[:-3] + bytes([good[-3] ^ 1]) + good[-2:],
            "newer": newer,
            "foreign": b'{"some": "thing"}\n{}',
            "foreign magic": good.replace(b"LogsMonitor2000", b"SomethingElse00"),
            "a list": b"[]\n[]",
            "no text": b"\xff\xfe\n\x80",
            "deeply nested": b"[" * 100_000,
        }.items():
            with self.subTest(name):
                with open(self.snapshot, "wb") as file:
                    file.write(data)
                self.assertIsNone(self.state.load())
                self.assertEqual(len(self.state.warnings), 1)
                self.assertIn("starting afresh", self.state.warnings.pop())

    def test_one_that_is_too_large_is_not_read(self) -> None:
        with mock.patch("LogsMonitor2000.state.directory.STATE_BYTES_MAX", 10):
            self.state.save(CONTENT)
            self.assertIsNone(self.state.load())

    def test_a_full_disk_is_told_once_and_every_time_counted(self) -> None:
        self.state.save(CONTENT)
        with mock.patch("os.fsync", side_effect=OSError(errno.ENOSPC, "No space left on device")):
            self.assertFalse(self.state.save({}))
            self.assertFalse(self.state.save({}))
        self.assertEqual((self.state.failures, len(self.state.warnings)), (2, 1))
        self.assertEqual(self.state.load(), CONTENT)
        self.assertTrue(self.state.save({}))
        self.assertEqual(self.state.load(), {})

    def test_a_directory_that_cannot_be_written(self) -> None:
        with mock.patch("os.open", side_effect=OSError(errno.EROFS, "Read-only file system")):
            self.assertFalse(self.state.save({}))
        self.assertEqual(self.state.failures, 1)

    def test_an_existing_directory_that_cannot_be_written(self) -> None:
        self.state.save(CONTENT)
        self.state.close()
        real = os.open

        def read_only(path: str, flags: int, mode: int = 0o777) -> int:
            if flags & (os.O_WRONLY | os.O_RDWR):
                raise OSError(errno.EROFS, "Read-only file system")
            return real(path, flags, mode)

        with mock.patch("os.open", read_only):
            self.state = StateDirectory(self.path)
            self.assertEqual(self.state.load(), CONTENT)
            self.assertFalse(self.state.save({}))

    def test_a_second_process_is_refused(self) -> None:
        code = "import sys; from LogsMonitor2000.state.directory import StateDirectory; StateDirectory(sys.argv[1])"
        for expected in (False, True):
            done = subprocess.run([sys.executable, "-c", code, self.path], capture_output=True, text=True, timeout=20)
            self.assertEqual(done.returncode == 0, expected)
            self.state.close()
        self.state = StateDirectory(self.path)

    def test_a_second_one_is_told_why(self) -> None:
        with self.assertRaisesRegex(MonitorError, "another monitor") as caught:
            StateDirectory(self.path)
        self.assertEqual(caught.exception.exit_status, 2)

    def test_a_path_that_cannot_be_a_directory(self) -> None:
        with self.assertRaises(MonitorError) as caught:
            StateDirectory("/dev/null/state")
        self.assertEqual(caught.exception.exit_status, 2)

    def test_the_content_is_plain_json(self) -> None:
        self.state.save(CONTENT)
        with open(self.snapshot, "rb") as file:
            self.assertEqual([type(json.loads(line)) for line in file], [dict, dict])


if __name__ == "__main__":
    unittest.main()
