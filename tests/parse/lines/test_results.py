"""Results of tests: what is a result, which test it belongs to, and that it does not matter where a block ends."""

from __future__ import annotations

from collections.abc import Sequence
import random
import time
import unittest

from LogsMonitor2000.errors import FormatError
from LogsMonitor2000.event import WebLogEvent
from LogsMonitor2000.limits import LINE_BYTES_MAX, SAMPLE_BYTES_MAX, SAMPLES_MAX
from LogsMonitor2000.parse.base import FIELDS, Malformed
from LogsMonitor2000.parse.columns import Column, Columns
from LogsMonitor2000.parse.detect import detect, parser_named
from LogsMonitor2000.parse.lines.results import ResultsParser

from ...support import FAR_FUTURE

NOW = 1_700_000_000
ASKED = ("path", "section", "status", "status_class", "target")
NEITHER = "neither '# Test: NAME' nor '# Result: PASS' or 'FAIL'"
UNFINISHED = "previous test has no result"
ORPHAN = "result without a test"
TOO_LONG = f"longer than {LINE_BYTES_MAX:,} bytes"
EXAMPLE = b"# Test: a started\nsome output\n\n# Result: PASS\n# Test: b\n# Result: FAIL\n"
PIECES = (
    *(
        b"# Test: a",
        b"# Test: b more words",
        b"# Result: PASS",
        b"# Result: FAIL",
        b"output",
        b"",
        b" # Test: no",
        b"# Comment",
    ),
    *(b"# Test:", b"# Result: MAYBE", b"# Result: PASS\r", b"# Test: c\r"),
)

Told = tuple[list[tuple[bytes, bytes]], list[tuple[int, str]]]
"""Test and status of each result; number and reason of each malformed line."""


def parser_at(now: float = NOW) -> ResultsParser:
    return ResultsParser(lambda: now)


def told(blocks: Sequence[bytes], now: float = NOW, horizon: int = FAR_FUTURE) -> Told:
    """What one bound parser says of successive blocks; lines are numbered through all of them."""
    bound = parser_at(now).bind(["target", "status"])
    results: list[tuple[bytes, bytes]] = []
    wrong: list[tuple[int, str]] = []
    line_count = 0
    for block in blocks:
        columns = bound(block, horizon)
        for test, status in zip(columns.values["target"], columns.values["status"], strict=True):
            assert test is not None and status is not None
            results.append((test, status))
        assert columns.seconds == columns.ascending == [int(now)] * len(columns.values["target"])
        wrong += [(line_count + sample.line, sample.reason) for sample in columns.samples]
        assert columns.malformed >= len(columns.samples)
        line_count += columns.line_count
    assert line_count == b"".join(blocks).count(b"\n")
    return results, wrong


class Reading(unittest.TestCase):
    def test_what_the_columns_say(self) -> None:
        columns = parser_at(NOW + 0.9).bind(ASKED)(EXAMPLE, FAR_FUTURE)
        names: Column = [b"a", b"b"]
        values: dict[str, Column] = {
            "path": names,
            "section": names,
            "status": [b"200", b"500"],
            "status_class": [b"2", b"5"],
            "target": names,
        }
        rows = [number for number, line in enumerate(EXAMPLE.split(b"\n")) if line.startswith(b"# Result:")]
        self.assertEqual(columns, Columns(6, 0, [], [NOW, NOW], [NOW, NOW], values, rows, []))

    def test_what_belongs_to_what(self) -> None:
        table: list[tuple[bytes, Told]] = [
            (b"", ([], [])),
            (b"output\n\n", ([], [])),
            (b"# Test: a\n", ([], [])),
            (b"# Test:a\n# Result:PASS\n", ([(b"a", b"200")], [])),
            (b"# Test:    a b c\n# Result:   FAIL  \n", ([(b"a", b"500")], [])),
            (b"# Test: a\r\noutput\r\n# Result: PASS\r\n", ([(b"a", b"200")], [])),
            (b"# Test: \xff\xc3\xa9/\0\n# Result: PASS\n", ([(b"\xff\xc3\xa9/\0", b"200")], [])),
            (b"# Test: a\n # Result: FAIL\n# result: FAIL\n#Result: FAIL\n# Result: PASS\n", ([(b"a", b"200")], [])),
            (b"# Result: PASS\n", ([], [(0, ORPHAN)])),
            (b"# Test: a\n# Result: PASS\n# Result: FAIL\n", ([(b"a", b"200")], [(2, ORPHAN)])),
            (b"# Test: a\n# Test: b\n# Result: PASS\n", ([(b"b", b"200")], [(1, UNFINISHED)])),
            (b"# Test: a\n# Test: a\n# Test: a\n", ([], [(1, UNFINISHED), (2, UNFINISHED)])),
            # A broken line ends the test before it: its result is nobody else's.
            (b"# Test: a\n# Test:\n# Result: FAIL\n", ([], [(1, NEITHER), (2, ORPHAN)])),
            (b"# Test: a\n# Result: MAYBE\n# Result: PASS\n", ([], [(1, NEITHER), (2, ORPHAN)])),
            (b"# Test: a\n# Result: PASSED\n# Test: b\n# Result: PASS\n", ([(b"b", b"200")], [(1, NEITHER)])),
            (b"# Test: a\n# Test: " + b"b" * LINE_BYTES_MAX + b"\n# Result: PASS\n", ([], [(1, TOO_LONG), (2, ORPHAN)])),
            (b"# Test: a\n" + b"x" * (LINE_BYTES_MAX + 1) + b"\n# Result: PASS\n", ([(b"a", b"200")], [])),
        ]
        for reason, lines in (
            (
                NEITHER,
                (b"# Test:", b"# Test: \r", b"# Result:", b"# Result: pass", b"# Result: PASS FAIL", b"# Result: PASS\t"),
            ),
        ):
            table += [(line + b"\n", ([], [(0, reason)])) for line in lines]
        for block, want in table:
            with self.subTest(block[:80]):
                self.assertEqual(told([block]), want)
                self.assertEqual(told(block.splitlines(keepends=True) if b"\r" not in block else [block]), want)

    def test_one_line_at_a_time(self) -> None:
        parser = parser_at(NOW + 0.5)
        self.assertIsNone(parser.parse_line(b"# Test: \xff/b x"))
        name = "\udcff/b"
        event = WebLogEvent(NOW, target=name, path=name, section=name, status=500)
        self.assertEqual(parser.parse_line(b"# Result: FAIL"), event)
        for line, why in ((b"# Result: FAIL", ORPHAN), (b"# Test:", NEITHER), (b"# Result: ?", NEITHER)):
            with self.subTest(line), self.assertRaisesRegex(Malformed, why):
                parser.parse_line(line)

    def test_samples_are_few_and_short(self) -> None:
        columns = parser_at().bind([])((b"# Test:" + b" " * 1_000 + b"\n") * 20, FAR_FUTURE)
        self.assertEqual((columns.malformed, len(columns.samples)), (20, SAMPLES_MAX))
        self.assertEqual([sample.line for sample in columns.samples], list(range(SAMPLES_MAX)))
        self.assertEqual({len(sample.text) for sample in columns.samples}, {SAMPLE_BYTES_MAX})


class Splitting(unittest.TestCase):
    def test_a_test_goes_on_in_the_next_block(self) -> None:
        want: Told = ([(b"a", b"200"), (b"b", b"500")], [])
        lines = EXAMPLE.splitlines(keepends=True)
        for size in range(1, len(lines) + 1):
            with self.subTest(size=size):
                self.assertEqual(told([b"".join(lines[i : i + size]) for i in range(0, len(lines), size)]), want)
        for cut in range(len(lines) + 1):
            with self.subTest(cut=cut):
                self.assertEqual(told([b"".join(lines[:cut]), b"", b"".join(lines[cut:])]), want)

    def test_a_test_at_the_end_of_input_is_none_yet(self) -> None:
        bound = parser_at().bind(["target"])
        self.assertEqual(bound(b"# Test: a\n", FAR_FUTURE), Columns(1, 0, [], [], [], {"target": []}, [], []))
        self.assertEqual(bound(b"", FAR_FUTURE), Columns(0, 0, [], [], [], {"target": []}, [], []))
        self.assertEqual(bound(b"# Result: PASS\n", FAR_FUTURE), Columns(1, 0, [], [NOW], [NOW], {"target": [b"a"]}, [0], []))

    def test_random_lines_in_random_blocks(self) -> None:
        rng = random.Random(20)
        for run in range(150):
            lines = [rng.choice(PIECES) + b"\n" for _ in range(rng.randrange(1, 30))]
            with self.subTest(run, lines=lines):
                want = told(lines)
                blocks = []
                left = list(lines)
                while left:
                    size = rng.randrange(0, SAMPLES_MAX + 1)  # no more lines than are shown when all are malformed
                    blocks.append(b"".join(left[:size]))
                    del left[:size]
                self.assertEqual(told(blocks), want)
                single = parser_at()
                events: list[tuple[bytes, bytes]] = []
                wrong: list[tuple[int, str]] = []
                for number, line in enumerate(lines):
                    line = line.rstrip(b"\r\n")
                    if not single.skips(line):
                        try:
                            event = single.parse_line(line)
                        except Malformed as error:
                            wrong.append((number, str(error)))
                            continue
                        if event is not None:
                            events.append((event.target.encode(), b"%d" % (event.status or 0)))
                self.assertEqual((events, wrong), want)
                results, samples = told([b"".join(lines)])
                self.assertEqual((results, samples), (want[0], want[1][:SAMPLES_MAX]))

    def test_bound_parsers_do_not_share_a_test(self) -> None:
        parser = parser_at()
        first, second = parser.bind([]), parser.bind([])
        first(b"# Test: a\n", FAR_FUTURE)
        self.assertEqual(second(b"# Result: PASS\n", FAR_FUTURE).malformed, 1)
        self.assertEqual(first(b"# Result: PASS\n", FAR_FUTURE).seconds, [NOW])
        self.assertEqual(parser.try_lines([b"# Test: a"]), (1, 1))
        with self.assertRaisesRegex(Malformed, ORPHAN):
            parser.parse_line(b"# Result: PASS")


class Clock(unittest.TestCase):
    def test_the_clock_is_read_once_a_result(self) -> None:
        seconds = iter((10.0, 10.99, 12.5, 11.0))
        bound = ResultsParser(lambda: next(seconds)).bind(["target"])
        block = b"# Test: a\nx\n# Result: PASS\n# Result: PASS\n"
        self.assertEqual(bound(block * 2, FAR_FUTURE).seconds, [10, 10])
        columns = bound(block * 2, FAR_FUTURE)  # the clock was set back
        self.assertEqual((columns.seconds, columns.ascending), ([12, 11], [11, 12]))

    def test_the_time_of_reading_is_never_in_the_future(self) -> None:
        for horizon in (0, NOW - 1, NOW, FAR_FUTURE):
            with self.subTest(horizon):
                self.assertEqual(told([EXAMPLE], horizon=horizon), told([EXAMPLE]))

    def test_by_default_it_is_the_system_s(self) -> None:
        before = int(time.time())
        (second,) = parser_named("test_results").bind([])(b"# Test: a\n# Result: PASS\n", FAR_FUTURE).seconds
        self.assertTrue(before <= second <= time.time())


class Choosing(unittest.TestCase):
    def test_it_is_recognised(self) -> None:
        score = detect("x", [b"$ make check\n" + EXAMPLE * 3 + b"# Result: ?\n"])
        assert score is not None
        self.assertEqual((score.parser.name, score.read, score.lines), ("test_results", 12, 13))
        self.assertTrue(score.parser.sequential)

    def test_fields_it_lacks(self) -> None:
        for field in sorted(set(FIELDS) - set(ASKED)):
            with self.subTest(field), self.assertRaisesRegex(FormatError, f"test_results has no {field}"):
                parser_at().bind([field])


if __name__ == "__main__":
    unittest.main()
