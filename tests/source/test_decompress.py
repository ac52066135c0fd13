"""Compressed input: whole, in pieces, in several members, broken off, damaged, and out to exhaust memory."""

from __future__ import annotations

import bz2
from collections.abc import Callable, Iterable
import gzip
import lzma
import random
import tracemalloc
import unittest
from unittest import mock

from LogsMonitor2000.source.decompress import Decompressor, compression_of
from LogsMonitor2000.source.file import FileSource
from LogsMonitor2000.testing import PAUSE, ScriptedSource

from ..support import TemporaryFiles, read_all


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


PACKERS: dict[str, Callable[[bytes], bytes]] = {"gzip": _gzip, "bzip2": bz2.compress, "xz": lzma.compress}
LINES = b"".join(b"line %d of some text\n" % (number * 7_919 % 1_000) for number in range(150))


def cut_off(raw_bytes: int, data_bytes: int) -> str:
    return f"compressed data is cut off after {raw_bytes:,} bytes; {data_bytes:,} bytes of log were read before that"


def unpack(raw: bytes, size: int = 4_096, *, raw_size: int | None = None, pauses: bool = False) -> tuple[bytes, list[str]]:
    """What a decompressor that is asked for `size` bytes at once gives for `raw`, and its warnings."""
    head, rest = raw[:6], raw[6:]
    warnings: list[str] = []
    pausing = False

    def read_raw(wanted: int) -> bytes | None:
        nonlocal rest, pausing
        pausing = pauses and not pausing
        if pausing:
            return None
        piece = rest[: raw_size or wanted]
        rest = rest[len(piece) :]
        return piece

    kind = compression_of(head)
    assert kind is not None
    decompressor = Decompressor(kind, read_raw, head, warnings.append)
    pieces: list[bytes] = []
    while (data := decompressor.read(size)) != b"":
        if data is not None:
            assert len(data) <= size
            pieces.append(data)
    assert decompressor.read(size) == b""
    return b"".join(pieces), warnings


def every_way(raw: bytes) -> Iterable[tuple[bytes, list[str]]]:
    """`unpack` with reads of every kind of size, down to one byte, with pauses and without."""
    for size in (1, 2, 3, 5, 7, 64, 1_000, 1 << 17):
        yield unpack(raw, size)
        yield unpack(raw, size, pauses=True)
    for raw_size in (1, 2, 3, 5, 64):
        yield unpack(raw, raw_size=raw_size)
        yield unpack(raw, raw_size=raw_size, pauses=True)


class Streams(unittest.TestCase):
    def check(self, raw: bytes, data: bytes, warnings: list[str]) -> None:
        for number, seen in enumerate(every_way(raw)):
            with self.subTest(way=number):
                self.assertEqual(seen, (data, warnings))

    def test_what_was_packed_comes_out_whatever_the_size_of_reads(self) -> None:
        for kind, pack in PACKERS.items():
            for data in (b"", b"x", b"no end", LINES):
                with self.subTest(kind, data=data[:10]):
                    self.check(pack(data), data, [])

    def test_members_that_follow_one_another_are_one_stream(self) -> None:
        for kind, pack in PACKERS.items():
            with self.subTest(kind):
                self.check(pack(b"one\nhalf a ") + pack(b"") + pack(b"line\n") + pack(b"end"), b"one\nhalf a line\nend", [])

    def test_zero_bytes_behind_the_end_are_padding(self) -> None:
        for kind, pack in PACKERS.items():
            for zeros in (1, 4, 5, 6, 7, 512):
                with self.subTest(kind, zeros=zeros):
                    self.check(pack(b"one\n") + b"\0" * zeros, b"one\n", [])

    def test_a_member_may_follow_padding(self) -> None:
        for kind, pack in PACKERS.items():
            for zeros in (1, 4, 8, 30):
                with self.subTest(kind, zeros=zeros):
                    self.check(pack(b"one\n") + b"\0" * zeros + pack(b"two\n"), b"one\ntwo\n", [])

    def test_something_else_behind_the_end_is_left_out_with_a_warning(self) -> None:
        for kind, pack in PACKERS.items():
            other = PACKERS["xz" if kind != "xz" else "gzip"](b"other")
            for rest in (b"x", b"garbage behind the end", b"\0\0garbage", b"\0" * 20 + b"g", other):
                with self.subTest(kind, rest=rest[:10]):
                    for data, warnings in every_way(pack(LINES[:499]) + rest):
                        self.assertEqual(data, LINES[:499])
                        self.assertRegex(warnings[0], "^something else follows the compressed data; 499 bytes of log were read")
                        self.assertEqual(len(warnings), 1)

    def test_a_stream_that_breaks_off_gives_what_came_and_a_warning(self) -> None:
        packed = _gzip(LINES)
        for cut in (12, 100, len(packed) // 2, len(packed) - 9, len(packed) - 8, len(packed) - 1):
            seen = list(every_way(packed[:cut]))
            for data, warnings in seen:
                self.assertEqual(warnings, [cut_off(cut, len(data))])
                self.assertEqual(data, seen[0][0], "depends on how it was read")
                self.assertTrue(LINES.startswith(data))
            self.assertTrue(seen[0][0] == LINES or cut < len(packed) - 8)

    def test_long_repeats_that_break_off_are_not_lost(self) -> None:
        packed = _gzip(b"a" * 100_000)
        for cut in range(20, len(packed), 7):
            whole, _ = unpack(packed[:cut], 1 << 20)
            for size in (1_000, 4_097):
                with self.subTest(cut=cut, size=size):
                    self.assertEqual(unpack(packed[:cut], size), (whole, [cut_off(cut, len(whole))]))

    def test_every_kind_that_breaks_off_warns(self) -> None:
        for kind, pack in PACKERS.items():
            packed = pack(LINES)
            for cut in (8, len(packed) // 2, len(packed) - 1):
                with self.subTest(kind, cut=cut):
                    data, warnings = unpack(packed[:cut])
                    self.assertTrue(LINES.startswith(data))
                    self.assertEqual(warnings, [cut_off(cut, len(data))])

    def test_the_second_member_that_breaks_off_costs_only_itself(self) -> None:
        for kind, pack in PACKERS.items():
            for cut in (1, 3, 6, 9):
                with self.subTest(kind, cut=cut):
                    data, warnings = unpack(pack(LINES) + pack(LINES)[:cut])
                    self.assertEqual(data, LINES)
                    self.assertEqual(len(warnings), 1)

    def test_damaged_data_gives_what_came_before_and_a_warning(self) -> None:
        draw = random.Random(3)
        data = bytes(draw.choices(b"abcdefghijklmnop\n", k=300_000))
        for kind, pack in PACKERS.items():
            packed = bytearray(pack(data))
            middle = len(packed) * 2 // 3
            packed[middle : middle + 40] = bytes(40)
            with self.subTest(kind):
                seen, warnings = unpack(bytes(packed), 4_096)
                self.assertEqual(len(warnings), 1)
                self.assertRegex(
                    warnings[0],
                    r"^compressed data is damaged \(.+\); [0-9,]+ bytes of log were read before that$",
                )
                self.assertTrue(kind != "gzip" or data.startswith(seen[:100_000]))
                self.assertLess(len(seen), len(data))

    def test_damage_at_the_beginning_gives_nothing_but_a_warning(self) -> None:
        for kind, head in (
            ("gzip", b"\x1f\x8bnot gzip"),
            ("bzip2", b"BZh9not bzip2"),
            ("xz", b"\xfd7zXZ\0not xz at all, really"),
        ):
            with self.subTest(kind):
                seen, warnings = unpack(head * 3)
                self.assertEqual((seen, len(warnings)), (b"", 1))

    def test_a_wrong_checksum_does_not_cost_the_lines(self) -> None:
        packed = bytearray(_gzip(LINES))
        packed[-6] ^= 1
        seen, warnings = unpack(bytes(packed), 1 << 17)
        self.assertEqual(seen, LINES)
        self.assertEqual(len(warnings), 1)

    def test_a_bug_of_our_own_is_not_taken_for_damage(self) -> None:
        broken = mock.Mock(eof=False, unconsumed_tail=b"", decompress=mock.Mock(side_effect=RuntimeError("a bug")))
        with mock.patch("zlib.decompressobj", return_value=broken), self.assertRaises(RuntimeError):
            Decompressor("gzip", lambda size: b"", _gzip(b"x"), self.fail).read(10)

    def test_a_bomb_costs_no_memory(self) -> None:
        for kind, pack in PACKERS.items():
            bomb = pack(bytes(8_000_000))
            size = 1 << 16
            decompressor = Decompressor(kind, _once(bomb[6:]), bomb[:6], self.fail)
            decompressor.read(size)
            tracemalloc.start()
            try:
                total = 0
                while data := decompressor.read(size):
                    total += len(data)
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            with self.subTest(kind):
                self.assertGreater(total, 7_900_000)
                self.assertLess(peak, 2_000_000)


def _once(raw: bytes) -> Callable[[int], bytes | None]:
    pieces = [raw]
    return lambda size: pieces.pop() if pieces else b""


class Sources(TemporaryFiles):
    def test_told_by_content_and_never_by_name(self) -> None:
        for kind, pack in PACKERS.items():
            with self.subTest(kind):
                self.assertEqual(read_all(FileSource(self.path("plain.log", pack(LINES)))), LINES)
                self.assertEqual(read_all(FileSource(self.path(f"plain.{kind}.gz", LINES))), LINES)

    def test_every_size_of_reads(self) -> None:
        for kind, pack in PACKERS.items():
            path = self.path(content=pack(LINES))
            for size in (1, 2, 3, 7, 100, 1 << 17):
                with self.subTest(kind, size=size):
                    source = FileSource(path, block_bytes=size)
                    self.assertEqual(read_all(source), LINES)
                    self.assertEqual((source.offset, source.warnings), (len(LINES), []))

    def test_a_stream_that_comes_in_pieces_with_pauses(self) -> None:
        draw = random.Random(5)
        for kind, pack in PACKERS.items():
            raw = pack(LINES[:2_000]) + pack(LINES[2_000:])
            script: list[bytes | None] = []
            for byte in raw:
                script += [bytes([byte])] + [PAUSE] * draw.randrange(3)
            with self.subTest(kind):
                source = ScriptedSource(script)
                self.assertEqual(read_all(source), LINES)
                self.assertEqual(source.warnings, [])

    def test_warnings_name_the_input_and_come_once(self) -> None:
        packed = _gzip(LINES)[:-3]
        source = FileSource(self.path("a.log", packed))
        self.assertEqual(read_all(source), LINES)
        self.assertEqual(source.warnings, [f"{source.name}: {cut_off(len(packed), len(LINES))}"])
        self.assertTrue(source.is_incomplete)

    def test_a_byte_order_mark_inside_is_stripped(self) -> None:
        self.assertEqual(read_all(FileSource(self.path(content=_gzip(b"\xef\xbb\xbfone\n")))), b"one\n")

    def test_short_files_are_plain(self) -> None:
        for content in (b"\x1f", b"BZ", b"\xfd7zXZ", b"a", b"\n\n"):
            with self.subTest(content=content):
                self.assertEqual(read_all(FileSource(self.path(content=content))), content + b"\n" * (content[-1:] != b"\n"))
