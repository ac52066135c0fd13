"""The fast and the careful path of the built-in formats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
import random
import sys
from typing import NamedTuple
import unittest

from LogsMonitor2000.errors import FormatError
from LogsMonitor2000.limits import LINE_BYTES_MAX, SAMPLE_BYTES_MAX, SAMPLES_MAX
from LogsMonitor2000.parse.base import FIELDS, BoundParser, Malformed, Parser, check_horizon, is_blank
from LogsMonitor2000.parse.columns import Rejects, Sample
from LogsMonitor2000.parse.lines.formats import FORMATS, Format
from LogsMonitor2000.parse.lines.http_log import HTTPLogParser

from ...support import FAR_FUTURE, SCALE, quickest
from ..corpus import line_of, mutated, nasty_lines

MUTANTS = 400
"""Mutated lines a format; more of them, with other seeds, were tried before this number was fixed."""


class Reading(NamedTuple):
    """What a block says, in a form that can be compared."""

    line_count: int
    malformed: int
    samples: list[Sample]
    seconds: list[int]
    values: dict[str, list[bytes | None]]


def read_fast(parser: Parser, block: bytes, fields: Sequence[str], horizon: int = FAR_FUTURE) -> Reading:
    """What `bind` makes of the block."""
    columns = parser.bind(fields)(block, horizon)
    values = {field: list(column) for field, column in columns.values.items()}
    return Reading(columns.line_count, columns.malformed, list(columns.samples), list(columns.seconds), values)


def read_with_care(parser: HTTPLogParser, block: bytes, fields: Sequence[str], horizon: int = FAR_FUTURE) -> Reading:
    """What `bind(fields)(block, horizon)` must give, by the careful path alone."""
    lines = block.split(b"\n")[:-1]
    seconds: list[int] = []
    values: dict[str, list[bytes | None]] = {field: [] for field in fields}
    rejects = Rejects()
    for number, line in enumerate(lines):
        line = line.removesuffix(b"\r")
        if is_blank(line) or parser.skips(line):
            continue
        try:
            second, found = parser.read_line(line)
            check_horizon(second, horizon)
        except Malformed as error:
            rejects.add(number, str(error), line)
            continue
        seconds.append(second)
        for field in fields:
            values[field].append(found[field])
    return Reading(len(lines), rejects.count, rejects.samples, seconds, values)


def field_sets(parser: HTTPLogParser) -> list[list[str]]:
    """What is asked for by default, each field alone, all of them, and none."""
    every = [field for field in FIELDS if field in parser.fields]
    return [["section", "size", "source", "status_class"], every, [], *([field] for field in every)]


def with_ends(draw: random.Random, lines: Sequence[bytes]) -> bytes:
    """One block of `lines`, some of which end in CRLF."""
    return b"".join(line + draw.choice((b"\n", b"\n", b"\r\n")) for line in lines)


class Agreement(unittest.TestCase):
    """The fast path says of every block what the careful path says of its lines."""

    def check(self, parser: HTTPLogParser, block: bytes, field_lists: Sequence[Sequence[str]]) -> None:
        for fields in field_lists:
            fast, careful = read_fast(parser, block, fields), read_with_care(parser, block, fields)
            if fast != careful:
                for line in block.split(b"\n")[:-1]:
                    one = line + b"\n"
                    self.assertEqual(
                        read_fast(parser, one, fields), read_with_care(parser, one, fields), f"{parser.name}: {line!r}"
                    )
                self.assertEqual(fast, careful, f"{parser.name}: {block!r}")

    def test_on_nasty_lines(self) -> None:
        draw = random.Random(37)
        for row in FORMATS:
            with self.subTest(row.name):
                parser = HTTPLogParser(row)
                lines = nasty_lines(row)
                self.check(parser, with_ends(draw, lines), field_sets(parser))
                for line in lines:
                    self.check(parser, line + b"\n", field_sets(parser)[:3])
                    self.check(parser, line + b"\r\n", field_sets(parser)[:1])

    def test_on_lines_cut_at_every_byte(self) -> None:
        for row in FORMATS:
            lines = [
                row.example,
                line_of(row, request=b'GET /a\\"b?c HTTP/1.1'),
                line_of(row, request=b'GET /a"" 200 5 HTTP/1.1'),
            ]
            with self.subTest(row.name):
                parser = HTTPLogParser(row)
                for line in lines:
                    front = b"".join(line[:end] + b"\n" for end in range(len(line)))
                    back = b"".join(line[start:] + b"\r\n" for start in range(len(line)))
                    self.check(parser, front + back, field_sets(parser)[:3])

    def test_on_mutated_lines(self) -> None:
        for seed in range(SCALE):
            draw = random.Random(seed)
            for row in FORMATS:
                parser = HTTPLogParser(row)
                corpus = nasty_lines(row)
                lines = [mutated(draw, corpus) if draw.random() < 0.7 else line_of(row, draw) for _ in range(MUTANTS)]
                with self.subTest(row.name, seed=seed):
                    self.check(parser, with_ends(draw, lines), field_sets(parser)[:3])

    def test_a_block_says_what_its_lines_say_one_at_a_time(self) -> None:
        draw = random.Random(41)
        for row in FORMATS:
            parser = HTTPLogParser(row)
            lines = [mutated(draw, nasty_lines(row)) for _ in range(60)] + [line_of(row)] * 60
            draw.shuffle(lines)
            for fields in field_sets(parser)[:3]:
                bound = parser.bind(fields)
                block = b"".join(line + b"\n" for line in lines)
                whole = bound(block, FAR_FUTURE)
                singles = [bound(line + b"\n", FAR_FUTURE) for line in lines]
                with self.subTest(row.name, fields=fields):
                    self.assertEqual(whole.line_count, len(lines))
                    self.assertEqual(whole.malformed, sum(single.malformed for single in singles))
                    self.assertEqual(list(whole.seconds), [second for single in singles for second in single.seconds])
                    for field in fields:
                        self.assertEqual(
                            list(whole.values[field]), [value for single in singles for value in single.values[field]], field
                        )

    def test_good_lines_between_others_are_never_lost(self) -> None:
        draw = random.Random(43)
        for row in FORMATS:
            parser = HTTPLogParser(row)
            good = line_of(row, source=b"good.example")
            lines = [mutated(draw, nasty_lines(row)) for _ in range(100 * SCALE)]
            block = b"".join(line + b"\n" + good + b"\n" for line in lines)
            column = parser.bind(["source"])(block, FAR_FUTURE).values["source"]
            with self.subTest(row.name):
                self.assertGreaterEqual(list(column).count(b"good.example"), len(lines))


class Blocks(unittest.TestCase):
    def test_the_example_is_taken_by_the_fast_path(self) -> None:
        for row in FORMATS:
            with self.subTest(row.name):
                self.assertEqual(HTTPLogParser(row).typical([row.example, row.example + b"\r", b"x"]), 2)

    def test_a_block_without_lines(self) -> None:
        for row in FORMATS:
            parser = HTTPLogParser(row)
            for block, count in ((b"", 0), (b"\n", 1), (b"\n\r\n \t\n", 3), ((row.header or b"") + b"\n", 1)):
                with self.subTest(row.name, block=block):
                    self.assertEqual(read_fast(parser, block, ["size"]), Reading(count, 0, [], [], {"size": []}))

    def test_headers_and_blank_lines_in_the_middle_are_no_lines(self) -> None:
        for row in FORMATS:
            between = b"\n \r\n" + (row.header + b"\r\n" if row.header else b"")
            reading = read_fast(HTTPLogParser(row), (row.example + b"\n" + between) * 3, ["source"])
            with self.subTest(row.name):
                self.assertEqual((reading.malformed, len(reading.seconds), len(reading.values["source"])), (0, 3, 3))

    def test_what_lies_behind_the_horizon_is_malformed(self) -> None:
        for row in FORMATS:
            parser = HTTPLogParser(row)
            second = parser.read_line(row.example)[0]
            block = row.example + b"\n" + b"garbage\n" + row.example + b" \r\n"
            for horizon, events in ((second, 3), (second - 1, 0), (second + 1, 3)):
                with self.subTest(row.name, ahead=second - horizon):
                    reading = read_fast(parser, block, ["source"], horizon)
                    self.assertEqual(reading, read_with_care(parser, block, ["source"], horizon))
                    self.assertEqual(len(reading.seconds) + reading.malformed, 3)
                    self.assertLessEqual(len(reading.seconds), events)
            self.assertEqual(read_fast(parser, block, [], second - 1).samples[0], (0, "future", row.example))

    def test_only_what_is_in_the_future_goes(self) -> None:
        row = FORMATS[0]
        lines = b"".join(line_of(row, time=b"%d" % second) + b"\n" for second in (5, 50, 6, 51, 7, 10**12 - 1))
        reading = read_fast(HTTPLogParser(row), lines, ["source"], 10)
        self.assertEqual((reading.seconds, reading.malformed), ([5, 6, 7], 3))
        self.assertEqual([sample.line for sample in reading.samples], [1, 3, 5])

    def test_an_over_long_line_is_malformed_and_its_neighbours_are_not(self) -> None:
        for row in FORMATS:
            parser = HTTPLogParser(row)
            short = len(line_of(row, request=b"GET /x? HTTP/1.0"))
            for extra, malformed in ((-1, 0), (0, 0), (1, 1), (2, 1), (1_000, 1)):
                line = line_of(row, request=b"GET /x?%s HTTP/1.0" % (b"a" * (LINE_BYTES_MAX - short + extra)))
                self.assertEqual(len(line), LINE_BYTES_MAX + extra)
                for end in (b"\n", b"\r\n"):
                    block = row.example + b"\n" + line + end + row.example + b"\n"
                    with self.subTest(row.name, extra=extra, end=end):
                        reading = read_fast(parser, block, ["source", "size"])
                        self.assertEqual((reading.malformed, len(reading.seconds)), (malformed, 3 - malformed))
                        if malformed:
                            self.assertEqual(reading.samples[0].line, 1)
                            self.assertIn("longer than 1,048,576 bytes", reading.samples[0].reason)

    def test_samples_are_few_and_short_and_say_where(self) -> None:
        for row in FORMATS:
            block = (row.example + b"\n" + b"x" * 10_000 + b"\r\n") * 50
            reading = read_fast(HTTPLogParser(row), block, [])
            with self.subTest(row.name):
                self.assertEqual((reading.malformed, len(reading.seconds)), (50, 50))
                self.assertEqual([sample.line for sample in reading.samples], [1 + 2 * number for number in range(SAMPLES_MAX)])
                self.assertTrue(all(sample.text == b"x" * SAMPLE_BYTES_MAX for sample in reading.samples))

    def test_a_field_that_the_format_lacks_is_named(self) -> None:
        with self.assertRaisesRegex(FormatError, "^the format common has no agent "):
            HTTPLogParser(FORMATS[1]).bind(["source", "agent"])

    def test_the_same_field_set_in_another_order_gives_the_same_columns(self) -> None:
        for row in FORMATS:
            parser = HTTPLogParser(row)
            fields = field_sets(parser)[1]
            block = (row.example + b"\n") * 3
            with self.subTest(row.name):
                self.assertEqual(read_fast(parser, block, fields).values, read_fast(parser, block, fields[::-1]).values)


UNITS = (
    *(
        b"\\\\",
        b"\\",
        b'\\"',
        b'"',
        b'""',
        b" ",
        b"[",
        b" [",
        b" [x] ",
        b'] "',
        b'" 200 ',
        b'" 200 5',
        b'" 200 5 ',
        b'" 200 5x',
    ),
    *(b"9", b" HTTP/", b" A/1.", b",", b'","', b'"a",', b"/", b"a://", b"a", b"a b", b"\0", b"\r", b' "', b'" "'),
)
"""What hostile lines are made of: each over and over is somebody's worst case."""


@unittest.skipIf(sys.gettrace(), "what traces Python code distorts times")
class Time(unittest.TestCase):
    """No pattern takes more than linear time, whatever a stranger sends."""

    SHORT, LONG = 8_000, 40_000

    def hostile(self, row: Format, unit: bytes, length: int) -> list[bytes]:
        text = unit * (length // len(unit))
        lines = [text, line_of(row, user=text), line_of(row, request=text), line_of(row, size=text)]
        return [*lines, line_of(row, request=b"GET /x" + text + b" HTTP/1.1")[:-9], line_of(row) + b" " + text]

    def check(self, read: Callable[[bytes], object], short: bytes, long: bytes, ordinary: float, name: str) -> None:
        """Five times as much takes about five times as long, and no longer than many `ordinary` lines of that length."""
        for _ in range(5):  # a disturbed measurement is taken again
            brief = quickest(lambda: read(short), 1)
            took = quickest(lambda: read(long), 1)
            if took < 12 * max(brief, 0.0005) and took < 25 * ordinary:
                return
        self.fail(f"{name}: {len(short):,} bytes took {brief:.4f} s, {len(long):,} bytes {took:.4f} s: {long[:150]!r}")

    def test_of_hostile_lines(self) -> None:
        for row in FORMATS:
            if row.name not in ("csv", "vhost_combined"):
                continue  # the others are parts of these
            parser = HTTPLogParser(row)
            bound = parser.bind(sorted(row.fields))

            def careful(line: bytes, parser: HTTPLogParser = parser) -> None:
                with suppress(Malformed):
                    parser.read_line(line)

            def fast(line: bytes, bound: BoundParser = bound) -> None:
                bound(line + b"\n", FAR_FUTURE)

            lines = [row.example] * (self.LONG // len(row.example))
            ordinary = quickest(lambda: list(map(careful, lines)))
            for unit in UNITS:
                for short, long in zip(self.hostile(row, unit, self.SHORT), self.hostile(row, unit, self.LONG)):
                    self.check(careful, short, long, ordinary, row.name)
                    self.check(fast, short, long, ordinary, row.name)

    def test_of_many_short_lines_without_a_space(self) -> None:
        for row in FORMATS[1:]:
            parser = HTTPLogParser(row)
            for line in (b"a\n", b'"\n', b'"a","b","c",1,"\n'):
                block = line * (16_000 // len(line))
                one_by_one = quickest(lambda: read_with_care(parser, block, []))
                for _ in range(2):
                    took = quickest(lambda: read_fast(parser, block, []), 1)
                    if took < 4 * one_by_one:
                        break
                else:
                    self.fail(
                        f"{row.name}: a block of {line!r} takes {took / one_by_one:.0f} times as long as its lines one by one"
                    )
