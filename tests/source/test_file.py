"""Files: read from the start, from the middle, while they grow; and files that cannot be read."""

from __future__ import annotations

import random
from unittest.mock import patch

from LogsMonitor2000.errors import InputError
from LogsMonitor2000.source.file import FileSource
from LogsMonitor2000.source.follow.tail import FollowSource

from ..support import SCALE, TemporaryFiles, chunks_of, read_all
from .test_base import by_chunk, random_lines
from .test_lines import expected


class Whole(TemporaryFiles):
    CONTENT = b"one\r\ntwo\n\nlast"

    def test_every_block_size(self) -> None:
        path = self.path(content=self.CONTENT)
        for size in (*range(1, 20), 1 << 17):
            with self.subTest(size=size):
                self.assertEqual(read_all(FileSource(path, block_bytes=size)), self.CONTENT + b"\n")

    def test_an_empty_file(self) -> None:
        source = FileSource(self.path(content=b""))
        self.assertEqual((list(source.chunk()), source.ended, source.progress()), ([], True, (0, 0)))
        source.close()

    def test_progress_is_in_bytes_on_disk(self) -> None:
        source = FileSource(self.path(content=b"a\n" * 50), block_bytes=40)
        self.addCleanup(source.close)
        self.assertEqual(source.progress(), (0, 100))
        next(source.chunk())
        self.assertEqual(source.progress(), (40, 100))

    def test_what_cannot_be_opened_is_an_input_error_that_says_which_and_why(self) -> None:
        for path, why in ((self.path("missing"), "No such file"), (self.directory, "directory")):
            with self.subTest(path), self.assertRaisesRegex(InputError, f"^{path}: .*{why}"):
                FileSource(path)

    def test_a_read_that_fails_is_an_input_error(self) -> None:
        source = FileSource("/proc/self/mem")  # nothing is mapped at its beginning
        self.addCleanup(source.close)
        with self.assertRaisesRegex(InputError, "^/proc/self/mem: Input/output error$"):
            list(source.chunk())

    def test_stopping_leaves_an_unfinished_line_alone(self) -> None:
        source = FileSource(self.path(content=b"one line\nhalf a line"), block_bytes=13)
        self.addCleanup(source.close)
        self.assertEqual(next(source.chunk()), b"one line\n")
        source.stop()
        self.assertEqual((list(source.chunk()), source.ended), ([], True))


class FromTheMiddle(TemporaryFiles):
    def test_the_lines_that_begin_at_start_or_later(self) -> None:
        content = b"\xef\xbb\xbfone\ntwo\r\n\n\nthree"
        path = self.path(content=content)
        lines = expected(content)
        for start in range(len(content) + 3):
            with self.subTest(start=start):
                want = b"".join(line for offset, line in lines if offset >= start)
                self.assertEqual(read_all(FileSource(path, start)), want)

    def test_offset_is_where_the_first_line_begins(self) -> None:
        path = self.path(content=b"one\ntwo\n")
        for start, offset in ((0, 0), (1, 4), (4, 4), (5, 8)):
            source = FileSource(path, start)
            with self.subTest(start=start):
                self.assertEqual(source.offset, offset)
            source.close()

    def test_all_chunks_together_are_the_file_exactly_once(self) -> None:
        draw = random.Random(11)
        for round_ in range(25 * SCALE):
            content = draw.choice((b"", b"\xef\xbb\xbf")) + random_lines(draw, longest=draw.choice((5, 30, 200)))
            chunk_bytes = draw.choice((1, 2, 3, 10, 64, 100))
            path = self.path(content=content)
            size = draw.choice((1, 3, 17, 1 << 17))
            chunks = []
            with (
                self.subTest(round_, content=content, chunk_bytes=chunk_bytes, size=size),
                patch("LogsMonitor2000.source.base.CHUNK_BYTES", chunk_bytes),
                patch("LogsMonitor2000.source.file.CHUNK_BYTES", chunk_bytes),
                patch("LogsMonitor2000.source.file.BLOCK_BYTES", draw.choice((1, 4, 1 << 17))),
            ):
                for start in range(0, len(content), chunk_bytes):
                    source = FileSource(path, start, block_bytes=size)
                    chunks.append(b"".join(source.chunk(start + chunk_bytes)))
                    source.close()
                self.assertEqual(list(filter(None, chunks)), by_chunk(content, chunk_bytes))
                self.assertEqual(
                    list(filter(None, chunks_of(FileSource(path, block_bytes=size)))), by_chunk(content, chunk_bytes)
                )

    def test_over_long_lines_are_in_one_chunk_only(self) -> None:
        content = b"a\n" * 20 + b"x" * 500 + b"\n" + b"b\n" * 20 + b"y" * 50 + b"\nc\n"
        path = self.path(content=content)
        for chunk_bytes in (10, 60, 300):
            counts = []
            for start in range(0, len(content), chunk_bytes):
                with patch("LogsMonitor2000.source.lines.LINE_BYTES_MAX", 16):
                    source = FileSource(path, start, block_bytes=16)
                with (
                    patch("LogsMonitor2000.source.file.CHUNK_BYTES", chunk_bytes),
                    patch("LogsMonitor2000.source.file.BLOCK_BYTES", 16),
                ):
                    counts.append(b"".join(source.chunk(start + chunk_bytes)).count(b"\n"))
                source.close()
            with self.subTest(chunk_bytes=chunk_bytes):
                self.assertEqual(list(filter(None, counts)), [chunk.count(b"\n") for chunk in by_chunk(content, chunk_bytes)])

    def test_no_more_than_a_chunk_is_searched_for_a_line(self) -> None:
        path = self.path(content=b"x" * 10_000 + b"\nlast\n")
        with patch("LogsMonitor2000.source.file.CHUNK_BYTES", 100), patch("LogsMonitor2000.source.file.BLOCK_BYTES", 50):
            source = FileSource(path, 200)
        self.addCleanup(source.close)
        self.assertEqual(list(source.chunk(300)), [])
        progress = source.progress()
        assert progress is not None
        self.assertLessEqual(progress[0], 400)


class Following(TemporaryFiles):
    def test_reads_on_as_the_file_grows(self) -> None:
        path = self.path(content=b"one line\nha")
        source = FollowSource(path)
        self.addCleanup(source.close)
        self.assertEqual((list(source.chunk()), source.ended), ([b"one line\n"], False))
        self.assertEqual((list(source.chunk()), source.ended), ([], False))
        with open(path, "ab") as file:
            file.write(b"lf\nnext")
        self.assertEqual((list(source.chunk()), source.ended), ([b"half\n"], False))
        self.assertIsNone(source.progress())

    def test_half_a_line_is_a_line_when_it_is_stopped(self) -> None:
        source = FollowSource(self.path(content=b"one line\nhalf"))
        self.addCleanup(source.close)
        self.assertEqual(list(source.chunk()), [b"one line\n"])
        source.stop()
        self.assertEqual((list(source.chunk()), source.ended), ([b"half\n"], True))
