"""Framing: the same lines, at the same offsets, however the bytes arrive."""

from __future__ import annotations

from collections.abc import Sequence
import random
import re
import tracemalloc
import unittest

from LogsMonitor2000.source.lines import BYTE_ORDER_MARK, LineFramer

ROOM = 1 << 60
BLOCK_SIZES = (*range(1, 71), 100, 1_000, 1 << 16)

Line = tuple[int, bytes]
"""Where a line begins in the stream, and what it is."""


def expected(stream: bytes, offset: int = 0) -> list[Line]:
    """The lines of `stream`, by the plainest means."""
    lines: list[Line] = []
    for line in stream.removesuffix(b"\n").split(b"\n") if stream else []:
        size = len(line) + 1
        if offset == 0:
            line = line.removeprefix(BYTE_ORDER_MARK)
        lines.append((offset, line + b"\n"))
        offset += size
    return lines


def taken(framer: LineFramer, room: int) -> list[Line]:
    """What is ready, taken in pieces that begin within `room` bytes; the offsets of all lines but each piece's first follow."""
    lines: list[Line] = []
    offset = framer.offset
    while block := framer.take(room):
        behind = framer.offset - len(block)  # as if what the first line has lost lay before it
        for number, line in enumerate(re.findall(rb".*\n", block)):
            lines.append((offset if number == 0 else behind, line))
            behind += len(line)
        offset = framer.offset
    return lines


def framed(framer: LineFramer, pieces: Sequence[bytes], room: int = ROOM) -> list[Line]:
    lines: list[Line] = []
    for piece in pieces:
        framer.feed(piece)
        lines += taken(framer, room)
    framer.finish()
    return lines + taken(framer, room)


def cut_up(stream: bytes, size: int) -> list[bytes]:
    return [stream[start : start + size] for start in range(0, len(stream), size)]


class WhateverTheBlockSize(unittest.TestCase):
    STREAMS = {
        "nothing": b"",
        "one line": b"one\n",
        "no end": b"one\ntwo",
        "only a newline": b"\n",
        "blank lines": b"\n\n\none\n\n",
        "CRLF kept": b"one\r\ntwo\r\n\r\nthree\r",
        "CR is no end": b"one\rtwo\n\r\n",
        "other separators are none": b"a\x0bb\x0cc\x1cd\xc2\x85e\xe2\x80\xa8f\n\0\n",
        "mark at the start": BYTE_ORDER_MARK + b"one\ntwo\n",
        "nothing but a mark": BYTE_ORDER_MARK,
        "mark without an end": BYTE_ORDER_MARK + b"one",
        "mark alone on its line": BYTE_ORDER_MARK + b"\none\n",
        "two marks, of which one is stripped": BYTE_ORDER_MARK * 2 + b"one\n",
        "mark later on is text": b"one\n" + BYTE_ORDER_MARK + b"two\n",
        "half a mark": BYTE_ORDER_MARK[:2] + b"\none\n",
    }

    def test_the_lines_and_their_offsets_are_the_same(self) -> None:
        for name, stream in self.STREAMS.items():
            for size in BLOCK_SIZES:
                with self.subTest(name, size=size):
                    framer = LineFramer()
                    self.assertEqual(framed(framer, cut_up(stream, size)), expected(stream))
                    self.assertEqual(framer.offset, len(stream) + (stream[-1:] not in (b"", b"\n")))

    def test_random_streams_in_random_pieces_taken_with_random_room(self) -> None:
        draw = random.Random(1)
        for round_ in range(300):
            stream = b"".join(
                draw.choice((b"a", b"bc" * 9, b"\r", b"\n", b"\n", BYTE_ORDER_MARK)) for _ in range(draw.randrange(60))
            )
            pieces, rest = [], stream
            while rest:
                size = draw.randrange(1, 30)
                pieces.append(rest[:size])
                rest = rest[size:]
            offset = draw.choice((0, 7))
            with self.subTest(round_, stream=stream):
                self.assertEqual(framed(LineFramer(offset), pieces, draw.choice((1, 2, 5, 50))), expected(stream, offset))

    def test_a_mark_is_text_when_the_stream_does_not_begin_here(self) -> None:
        self.assertEqual(framed(LineFramer(10), [BYTE_ORDER_MARK + b"x\n"]), [(10, BYTE_ORDER_MARK + b"x\n")])

    def test_what_is_taken_begins_within_the_room(self) -> None:
        lines = b"aaa\nbb\n\nc\n"  # beginning at 0, 4, 7, 8
        for room, takes in (
            (1, b"aaa\n"),
            (4, b"aaa\n"),
            (5, b"aaa\nbb\n"),
            (7, b"aaa\nbb\n"),
            (8, b"aaa\nbb\n\n"),
            (9, lines),
        ):
            with self.subTest(room=room):
                framer = LineFramer()
                framer.feed(lines)
                self.assertEqual(framer.take(room), takes)
                self.assertEqual(framer.offset, len(takes))
                self.assertEqual(takes + framer.take(ROOM), lines)

    def test_a_mark_counts_as_bytes_of_the_stream_when_room_is_judged(self) -> None:
        framer = LineFramer()
        framer.feed(BYTE_ORDER_MARK + b"a\nb\nc\n")  # beginning at 0, 5, 7
        self.assertEqual(framer.take(6), b"a\nb\n")
        self.assertEqual((framer.offset, framer.take(5)), (7, b"c\n"))

    def test_partial_bytes_are_those_of_the_unfinished_line(self) -> None:
        framer = LineFramer(line_bytes_max=4)
        for piece, partial in ((b"ab", 2), (b"cdefghijklmnop", 16), (b"\nxy", 2), (b"\n", 0)):
            framer.feed(piece)
            framer.take(ROOM)
            self.assertEqual(framer.partial_bytes, partial)


class OverLongLines(unittest.TestCase):
    LIMIT = 10

    def check(self, stream: bytes) -> None:
        """Lines up to the limit are untouched; a longer one begins right, and is still too long without mark and CR."""
        want = expected(stream)
        for size in range(1, self.LIMIT + 1):
            for room in (1, 13, ROOM):
                with self.subTest(stream=stream, size=size, room=room):
                    framer = LineFramer(line_bytes_max=self.LIMIT)
                    lines = framed(framer, cut_up(stream, size), room)
                    self.assertEqual([offset for offset, _ in lines], [offset for offset, _ in want])
                    for (_, line), (_, whole) in zip(lines, want):
                        if len(whole.removesuffix(b"\n").removesuffix(b"\r")) <= self.LIMIT:
                            self.assertEqual(line, whole)
                        else:
                            self.assertTrue(whole.startswith(line.removesuffix(b"\n")))
                            self.assertGreater(len(line.removesuffix(b"\n").removesuffix(b"\r")), self.LIMIT)
                            self.assertLess(len(line), self.LIMIT + 10)
                    self.assertEqual(framer.offset, len(stream) + (not stream.endswith(b"\n")))

    def test_it_is_cut_and_the_next_line_is_intact(self) -> None:
        for length in (9, 10, 11, 12, 13, 14, 15, 16, 17, 40):
            self.check(b"first\n" + b"x" * length + b"\nnext\r\nlast\n")
            self.check(b"x" * length + b"\n" + b"y" * length + b"\nnext\n")
            self.check(b"first\n" + b"x" * length)

    def test_a_carriage_return_where_it_is_cut_does_not_make_it_fit(self) -> None:
        for length in range(8, 16):
            self.check(b"x" * length + b"\r\nnext\n")
            self.check(b"x" * length + b"\ryz\nnext\n")
            self.check(b"x" * length + b"\r" * 5 + b"z\nnext\n")

    def test_a_mark_in_front_does_not_make_it_fit(self) -> None:
        for length in range(6, 16):
            self.check(BYTE_ORDER_MARK + b"x" * length + b"\nnext\n")
            self.check(BYTE_ORDER_MARK + b"x" * length + b"\r\nnext\n")

    def test_room_is_judged_by_where_lines_begin_in_the_stream(self) -> None:
        framer = LineFramer(line_bytes_max=self.LIMIT)
        framer.feed(b"x" * 50)
        framer.feed(b"\nin the next chunk\n")
        self.assertEqual(framer.take(30).count(b"\n"), 1)
        self.assertEqual(framer.offset, 51)
        self.assertEqual(framer.take(1), b"in the next chunk\n")
        self.assertEqual(framer.offset, 69)

    def test_memory_is_bounded(self) -> None:
        for piece, times in ((b"x" * 1_000, 20_000), (b"x", 30_000)):
            with self.subTest(piece=len(piece)):
                framer = LineFramer(line_bytes_max=10_000)
                tracemalloc.start()
                try:
                    for _ in range(times):
                        framer.feed(piece)
                    _, peak = tracemalloc.get_traced_memory()
                finally:
                    tracemalloc.stop()
                self.assertLess(peak, 200_000)
                framer.feed(b"\nnext\n")
                self.assertEqual(framer.take(ROOM).split(b"\n")[1], b"next")
                self.assertEqual(framer.offset, len(piece) * times + 6)
