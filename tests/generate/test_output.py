"""Generated lines on their way out: appended whole, with a header once, rotated by size."""

from __future__ import annotations

import io
import os
import tempfile
import unittest

from LogsMonitor2000.errors import InputError
from LogsMonitor2000.generate.output import Output


class Outputs(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "access.log")

    def read(self, path: str) -> bytes:
        with open(path, "rb") as file:
            return file.read()

    def test_a_file_is_appended_to_and_has_one_header(self) -> None:
        for _ in range(2):
            output = Output(self.path, io.BytesIO(), b"header\n")
            output.write([b"a\n", b"b\n"])
            output.close()
        self.assertEqual(self.read(self.path), b"header\na\nb\na\nb\n")

    def test_standard_output(self) -> None:
        out = io.BytesIO()
        output = Output(None, out, b"header\n")
        output.write([b"a\n"])
        output.close()
        self.assertEqual(out.getvalue(), b"header\na\n")

    def test_rotation_loses_nothing_and_shifts_numbers(self) -> None:
        output = Output(self.path, io.BytesIO(), rotate_bytes=4)
        for number in range(7):
            output.write([b"%d\n" % number])
        output.close()
        self.assertEqual(
            [self.read(self.path + suffix) for suffix in (".3", ".2", ".1", "")], [b"0\n1\n", b"2\n3\n", b"4\n5\n", b"6\n"]
        )

    def test_a_path_that_cannot_be_opened_is_an_input_error(self) -> None:
        with self.assertRaisesRegex(InputError, "No such file"):
            Output(os.path.join(self.path, "x", "y"), io.BytesIO())
        with self.assertRaisesRegex(InputError, "Is a directory"):
            Output(os.path.dirname(self.path), io.BytesIO())


if __name__ == "__main__":
    unittest.main()
