"""What all sources share: blocks of whole lines, chunks with fixed borders, pauses, stopping."""

from __future__ import annotations

from collections.abc import Iterable
import random
import unittest
from unittest.mock import patch

from LogsMonitor2000.source.base import Source
from LogsMonitor2000.testing import PAUSE, ScriptedSource

from ..support import chunks_of, read_all
from .test_lines import BLOCK_SIZES, cut_up, expected

CHUNK_BYTES = "LogsMonitor2000.source.base.CHUNK_BYTES"


def random_lines(draw: random.Random, count: int = 40, longest: int = 30) -> bytes:
    """Lines of random length, now and then without an end of the last one."""
    lines = (bytes(draw.choices(b"ab\r", k=draw.choice((0, 1, 2, draw.randrange(longest))))) for _ in range(count))
    return b"\n".join(lines) + b"\n" * draw.randrange(2)


def by_chunk(stream: bytes, chunk_bytes: int) -> list[bytes]:
    """The lines of `stream`, joined where they begin in the same chunk."""
    chunks: dict[int, bytes] = {}
    for offset, line in expected(stream):
        number = offset // chunk_bytes
        chunks[number] = chunks.get(number, b"") + line
    return list(chunks.values())


class Blocks(unittest.TestCase):
    STREAM = b"\xef\xbb\xbfone\r\n\ntwo\n" + b"x" * 200 + b"\nlast"

    def test_every_block_size_gives_the_same_lines(self) -> None:
        want = b"".join(line for _, line in expected(self.STREAM))
        for size in BLOCK_SIZES:
            with self.subTest(size=size):
                source = ScriptedSource(cut_up(self.STREAM, size))
                self.assertEqual(read_all(source), want)
                self.assertEqual(source.offset, len(self.STREAM) + 1)

    def test_a_block_is_whole_lines(self) -> None:
        for size in BLOCK_SIZES:
            for block in ScriptedSource(cut_up(self.STREAM, size)).chunk():
                with self.subTest(size=size):
                    self.assertTrue(block.endswith(b"\n"))

    def test_offset_is_behind_what_was_handed_on(self) -> None:
        source = ScriptedSource([b"one two\nth", b"ree\nfour\nf", b"ive\n"])
        offsets = [source.offset for _ in source.chunk()]
        self.assertEqual(offsets, [8, 19, 24])

    def test_nothing_at_all(self) -> None:
        for script in ([], [b""], [PAUSE]):
            with self.subTest(script):
                self.assertEqual(read_all(ScriptedSource(script)), b"")

    def test_a_pause_gives_no_block_and_is_no_end(self) -> None:
        source = ScriptedSource([b"one two\nthr", PAUSE, PAUSE, b"ee\n"])
        self.assertEqual((list(source.chunk()), source.ended), ([b"one two\n"], False))
        self.assertEqual((list(source.chunk()), source.ended), ([], False))
        self.assertEqual((list(source.chunk()), source.ended), ([b"three\n"], True))
        self.assertEqual(list(source.chunk()), [])

    def test_a_pause_within_the_first_bytes(self) -> None:
        source = ScriptedSource([b"BZ", PAUSE, b"\nb", PAUSE, b"\nc\nd\n"])
        self.assertEqual(list(source.chunk()), [], "it may yet turn out to be compressed")
        self.assertEqual(list(source.chunk()), [b"BZ\n"])
        self.assertEqual(b"".join(source.chunk()), b"b\nc\nd\n")

    def test_an_endless_source_never_ends(self) -> None:
        source = ScriptedSource([b"one and\ntwo"], endless=True)
        self.assertEqual((list(source.chunk()), source.ended), ([b"one and\n"], False))
        self.assertEqual((list(source.chunk()), source.ended), ([], False))

    def test_by_default_there_is_no_progress_and_nothing_to_wait_on(self) -> None:
        source = ScriptedSource([])
        self.assertIsNone(source.progress())
        self.assertIsNone(source.fileno())


class Stopping(unittest.TestCase):
    def drained(self, source: Source) -> bytes:
        source.stop()
        rest = b"".join(source.chunk()) + b"".join(source.chunk())
        self.assertTrue(source.ended)
        return rest

    def test_an_unfinished_line_counts(self) -> None:
        source = ScriptedSource([b"one line\nhalf"], endless=True)
        self.assertEqual(list(source.chunk()), [b"one line\n"])
        self.assertEqual(self.drained(source), b"half\n")

    def test_before_anything_was_read(self) -> None:
        self.assertEqual(self.drained(ScriptedSource([b"never read\n"], endless=True)), b"")

    def test_lines_that_were_ready_are_not_lost(self) -> None:
        for end in (b"", b"half"):
            with self.subTest(end), patch(CHUNK_BYTES, 10):
                source = ScriptedSource([b"one line 1\none line 2\none line 3\n" + end], endless=True)
                self.assertEqual(b"".join(source.chunk()), b"one line 1\n")
                source.stop()
                rest = b"".join(b"".join(source.chunk()) for _ in range(5))
                self.assertEqual(rest, b"one line 2\none line 3\n" + (end and end + b"\n"))
                self.assertTrue(source.ended)

    def test_reads_no_further(self) -> None:
        source = ScriptedSource([b"one line\n", PAUSE, b"two\n"])
        self.assertEqual(list(source.chunk()), [b"one line\n"])
        self.assertEqual(self.drained(source), b"")


class Chunks(unittest.TestCase):
    def test_borders_do_not_depend_on_how_it_was_read(self) -> None:
        draw = random.Random(7)
        for round_ in range(60):
            stream = random_lines(draw)
            chunk_bytes = draw.choice((1, 2, 7, 16, 64, 300))
            want = by_chunk(stream, chunk_bytes)
            for size in (1, 2, 3, 5, 11, 40, 1_000):
                with self.subTest(round_, size=size, chunk_bytes=chunk_bytes), patch(CHUNK_BYTES, chunk_bytes):
                    self.assertEqual(list(filter(None, chunks_of(ScriptedSource(cut_up(stream, size))))), want)

    def test_a_mark_and_over_long_lines_move_no_border(self) -> None:
        stream = b"\xef\xbb\xbf" + b"".join(b"%d\n" % number for number in range(40)) + b"x" * 90 + b"\n1\n2\n" * 9
        for chunk_bytes in (10, 32, 50):
            chunk_counts = set()
            for size in (1, 3, 7, 16):
                with patch(CHUNK_BYTES, chunk_bytes), patch("LogsMonitor2000.source.lines.LINE_BYTES_MAX", 16):
                    source = ScriptedSource(cut_up(stream, size))
                    chunks = [chunk.count(b"\n") for chunk in chunks_of(source) if chunk]
                chunk_counts.add(tuple(chunks))
            with self.subTest(chunk_bytes=chunk_bytes):
                self.assertEqual(chunk_counts, {tuple(chunk.count(b"\n") for chunk in by_chunk(stream, chunk_bytes))})

    def test_a_given_end_holds_instead(self) -> None:
        source = ScriptedSource([b"aa\nbb\ncc\ndd\n"])
        self.assertEqual(list(source.chunk(4)), [b"aa\nbb\n"])
        self.assertEqual(list(source.chunk(6)), [])
        self.assertEqual(list(source.chunk()), [b"cc\ndd\n"])

    def test_a_pause_inside_a_chunk_does_not_end_it_for_good(self) -> None:
        with patch(CHUNK_BYTES, 8):
            source = ScriptedSource([b"aa\nbb\nc", PAUSE, b"c\ndd\n"])
            self.assertEqual(self.joined(source.chunk()), b"aa\nbb\n")
            self.assertEqual(self.joined(source.chunk()), b"cc\n")
            self.assertEqual(self.joined(source.chunk()), b"dd\n")

    @staticmethod
    def joined(blocks: Iterable[bytes]) -> bytes:
        return b"".join(blocks)
