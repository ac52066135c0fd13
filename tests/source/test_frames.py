"""Messages become the same lines however their bytes arrive."""

from __future__ import annotations

import random
import unittest
from unittest.mock import patch

from LogsMonitor2000.source.frames import StreamFrames, line_of

from ..support import SCALE

LIMIT = "LogsMonitor2000.source.frames.LINE_BYTES_MAX"


def fed(stream: bytes, draw: random.Random) -> tuple[bytes, int, StreamFrames]:
    """The lines of a stream that arrives in pieces, the bytes lost at its end, and what framed it."""
    frames, lines = StreamFrames(), b""
    while stream:
        size = draw.choice((1, 2, 3, 10, 1_000))
        lines += frames.feed(stream[:size])
        stream = stream[size:]
    last, lost = frames.finish()
    return lines + last, lost, frames


class Frames(unittest.TestCase):
    def messages(self, draw: random.Random) -> list[bytes]:
        return [b"<%d>%s" % (draw.randrange(192), bytes(draw.choices(b"ab 12<>", k=draw.randrange(30)))) for _ in range(20)]

    def test_newlines_and_counted_octets_give_the_same_lines_in_any_pieces(self) -> None:
        for seed in range(40 * SCALE):
            draw = random.Random(seed)
            messages = self.messages(draw)
            want = b"".join(message + b"\n" for message in messages)
            for name, stream in (
                ("newlines", want),
                ("no last newline", want[:-1]),
                ("counted", b"".join(b"%d %s" % (len(message), message) for message in messages)),
                ("counted with newlines", b"".join(b"%d %s\n" % (len(message) + 1, message) for message in messages)),
            ):
                with self.subTest(name, seed=seed):
                    self.assertEqual(fed(stream, draw)[:2], (want, 0))

    def test_a_line_that_begins_with_a_number_is_not_a_length(self) -> None:
        draw = random.Random(1)
        for stream in (b'10.0.0.1 - - "GET /"\n', b"10 apples\n", b"5\n", b"77"):
            self.assertEqual(fed(stream, draw)[0], stream.rstrip(b"\n") + b"\n")

    def test_newlines_inside_a_message_do_not_make_two(self) -> None:
        self.assertEqual(line_of(b"<1>one\ntwo\n"), b"<1>one#012two\n")
        self.assertEqual(fed(b"11 <1>one\ntwo\n4 <1>x", random.Random(1))[0], b"<1>one#012two\n<1>x\n")

    def test_empty_messages_and_trailing_zeros_are_nothing(self) -> None:
        self.assertEqual(
            [line_of(message) for message in (b"", b"\n", b"\0", b"x\0", b"x\r\n")], [b"", b"", b"", b"x\n", b"x\n"]
        )
        self.assertEqual(fed(b"\n<1>x\0\n\n<1>y\n", random.Random(2))[0], b"<1>x\n<1>y\n")

    def test_over_long_messages_are_cut_and_the_next_is_whole(self) -> None:
        for seed in range(20):
            for name, stream in (("newline", b"<1>" + b"x" * 50 + b"\n<1>y\n"), ("counted", b"53 <1>" + b"x" * 50 + b"4 <1>y")):
                with self.subTest(name, seed=seed), patch(LIMIT, 20):
                    lines, lost, frames = fed(stream, random.Random(seed))
                    self.assertEqual(lines, b"<1>" + b"x" * 18 + b"\n<1>y\n")
                    self.assertEqual((lost, frames.long_messages), (0, 1))

    def test_a_counted_message_that_is_cut_off_is_lost_bytes(self) -> None:
        self.assertEqual(fed(b"4 <1>x10 <1>abc", random.Random(3))[:2], (b"<1>x\n", 9))

    def test_a_length_that_is_none_breaks_the_stream(self) -> None:
        for rest in (b"no length here", b"x 4"):
            lines, _, frames = fed(b"4 <1>x" + rest, random.Random(4))
            self.assertEqual((lines, frames.is_broken), (b"<1>x\n", True))


if __name__ == "__main__":
    unittest.main()
