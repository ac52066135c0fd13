"""Pipes: what is there now, nothing yet, the end, and a line in two halves."""

from __future__ import annotations

import bz2
import os
import unittest
from unittest.mock import patch

from LogsMonitor2000.errors import InputError
from LogsMonitor2000.source.pipe import PipeSource

State = tuple[list[bytes], bool]


class Pipe(unittest.TestCase):
    def setUp(self) -> None:
        self.reader, self.writer = os.pipe()
        self.source = PipeSource("a pipe", self.reader)
        self.addCleanup(self.source.close)

    def write(self, data: bytes) -> None:
        os.write(self.writer, data)

    def read(self) -> State:
        return list(self.source.chunk()), self.source.ended

    def hang_up(self) -> None:
        if self.writer >= 0:
            os.close(self.writer)
        self.writer = -1

    def tearDown(self) -> None:
        self.hang_up()

    def test_nothing_now_is_no_block_and_no_end(self) -> None:
        self.assertEqual(self.read(), ([], False))
        self.write(b"one line\n")
        self.assertEqual(self.read(), ([b"one line\n"], False))
        self.assertEqual(self.read(), ([], False))

    def test_it_ends_when_the_writer_hangs_up(self) -> None:
        self.write(b"one line\n")
        self.hang_up()
        self.assertEqual(self.read(), ([b"one line\n"], True))
        self.assertEqual(self.read(), ([], True))

    def test_it_may_be_closed_twice(self) -> None:
        self.source.close()
        other, writer = os.pipe()  # has the number that has become free
        self.source.close()
        os.write(writer, b"x")
        self.assertEqual(os.read(other, 1), b"x")
        os.close(other)
        os.close(writer)

    def test_it_may_end_without_a_byte(self) -> None:
        self.hang_up()
        self.assertEqual(self.read(), ([], True))

    def test_half_a_line_waits_for_its_end(self) -> None:
        self.write(b"one line\nhalf ")
        self.assertEqual(self.read(), ([b"one line\n"], False))
        self.write(b"a line")
        self.assertEqual(self.read(), ([], False))
        self.write(b"\n")
        self.assertEqual(self.read(), ([b"half a line\n"], False))

    def test_half_a_line_is_a_line_at_the_end(self) -> None:
        self.write(b"one line\nhalf")
        self.hang_up()
        self.assertEqual(self.read(), ([b"one line\n", b"half\n"], True))

    def test_stopping_reads_no_further_but_keeps_what_came(self) -> None:
        self.write(b"one line\nhalf")
        self.read()
        self.write(b" a line\n")
        self.source.stop()
        self.assertEqual(self.read(), ([b"half\n"], True))

    def test_compressed_input_in_two_writes(self) -> None:
        packed = bz2.compress(b"one line\ntwo\n")
        self.write(packed[:20])
        self.assertEqual(self.read(), ([], False))
        self.write(packed[20:])
        self.assertEqual(self.read(), ([b"one line\ntwo\n"], False))
        self.hang_up()
        self.assertEqual(self.read(), ([], True))
        self.assertEqual(self.source.warnings, [])

    def test_it_can_be_waited_on(self) -> None:
        self.assertEqual(self.source.fileno(), self.reader)

    def test_a_descriptor_of_the_process_itself_is_not_closed(self) -> None:
        PipeSource("standard input", 0).close()
        os.fstat(0)


class OtherDescriptors(unittest.TestCase):
    def test_a_read_that_fails_is_an_input_error(self) -> None:
        descriptor = os.open("/", os.O_RDONLY)  # ready to be read, and then it cannot
        source = PipeSource("a directory", descriptor)
        self.addCleanup(source.close)
        with self.assertRaisesRegex(InputError, "^a directory: "):
            list(source.chunk())

    def test_a_descriptor_that_is_ready_but_has_nothing(self) -> None:
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        source = PipeSource("a pipe", reader)
        self.addCleanup(source.close)
        self.addCleanup(os.close, writer)
        with patch("select.select", return_value=([reader], [], [])):  # as after another reader was quicker
            self.assertEqual((list(source.chunk()), source.ended), ([], False))
