"""An input: which lines its format is told from, where its chunks end, and what it remembers of its place."""

from __future__ import annotations

import json
from typing import Any
import unittest

from LogsMonitor2000 import AnalyticsProcessor, MostCommonCalculator, open_log
from LogsMonitor2000.analyze.digest import Digester
from LogsMonitor2000.analyze.layouts import Layouts
from LogsMonitor2000.event import Notice
from LogsMonitor2000.parse.detect import parser_named
from LogsMonitor2000.pipeline.input import Input
from LogsMonitor2000.pipeline.recogniser import Recogniser
from LogsMonitor2000.source.base import Source
from LogsMonitor2000.testing import PAUSE, ScriptedSource

from ..logs import START, csv_line
from ..running import chunks_of_bytes

HORIZON = 1 << 40
RESULT = b"# Test: x\n# Result: PASS\n"
LINE = csv_line(START)


def digester() -> Digester:
    return Digester(parser_named("csv").bind([]), Layouts({1: ()}), 2)


class Noting(Recogniser):
    """Notes what it is shown; knows the format once there is a line that is not blank."""

    def __init__(self) -> None:
        self.shown: list[bytes] = []

    def recognise(self, name: str, blocks: list[bytes], before: str = "") -> tuple[Digester, Notice] | None:
        self.shown.append(b"".join(blocks))
        return (digester(), Notice("known")) if self.shown[-1].strip() else None


def input_of(source: Source) -> tuple[Input, Noting]:
    recogniser = Noting()
    return Input(source, recogniser), recogniser


def digests(source: Input) -> list[tuple[int, int, int]]:
    """(chunk, lines, events) of each digest to the end."""
    found = []
    while not source.ended:
        digest = source.digest(HORIZON, None)
        if digest is not None:
            source.join(digest)
            found.append((digest.chunk, digest.line_count, digest.events))
    return found


class TestInput(unittest.TestCase):
    def test_nothing_to_read_is_no_digest(self) -> None:
        source, recogniser = input_of(ScriptedSource([PAUSE], endless=True))
        self.assertIsNone(source.digest(HORIZON, None))
        self.assertFalse(source.ended)
        self.assertEqual(recogniser.shown, [])

    def test_blank_lines_alone_end_it_without_a_format(self) -> None:
        source, _ = input_of(ScriptedSource([b"\n\n", b" \n"]))
        self.assertEqual(digests(source), [])
        self.assertTrue(source.ended)
        self.assertEqual(source.notices(), [])

    def test_the_first_lines_are_digested_too(self) -> None:
        source, _ = input_of(ScriptedSource([b"\n", LINE, LINE]))
        self.assertEqual(digests(source), [(0, 3, 2)])

    def test_the_sample_does_not_depend_on_the_pieces(self) -> None:
        log = LINE * 50
        for size in (1, 7, 62, 1000, len(log)):
            source, recogniser = input_of(ScriptedSource([log[start : start + size] for start in range(0, len(log), size)]))
            with self.subTest(piece_bytes=size):
                self.assertEqual(digests(source), [(0, 50, 50)])
                self.assertEqual(recogniser.shown, [log])

    def test_a_pause_is_enough_when_something_fits(self) -> None:
        source, recogniser = input_of(ScriptedSource([LINE, PAUSE, PAUSE, LINE], endless=True))
        digest = source.digest(HORIZON, None)
        assert digest is not None
        self.assertEqual((digest.events, recogniser.shown), (1, [LINE]))

    def test_chunks_end_where_their_bytes_do(self) -> None:
        with chunks_of_bytes(3 * len(LINE)):
            for name, script in (
                ("at once", [LINE * 8]),
                ("in pieces", [LINE * 2] * 4),
                ("cut", [LINE * 3 + LINE[:9], LINE[9:] + LINE * 4]),
            ):
                source, _ = input_of(ScriptedSource(script))
                with self.subTest(name):
                    self.assertEqual(digests(source), [(0, 3, 3), (1, 3, 3), (2, 2, 2)])

    def test_a_pause_cuts_a_chunk_and_both_parts_know_its_number(self) -> None:
        with chunks_of_bytes(3 * len(LINE)):
            source, _ = input_of(ScriptedSource([LINE * 4, PAUSE, LINE * 3]))
            self.assertEqual(digests(source), [(0, 3, 3), (1, 1, 1), (1, 2, 2), (2, 1, 1)])

    def test_blank_chunks_at_the_start(self) -> None:
        with chunks_of_bytes(100):
            source, _ = input_of(ScriptedSource([b"\n" * 250 + b"bad\n" + LINE]))
            samples: list[Any] = []
            while not source.ended:
                if (digest := source.digest(HORIZON, None)) is not None:
                    samples += source.join(digest)
            self.assertEqual([sample.line for sample in samples], [251])

    def test_joining_remembers_the_newest_and_the_lines(self) -> None:
        source, _ = input_of(ScriptedSource([csv_line(START + 5) + b"bad 1\n", PAUSE, PAUSE, csv_line(START + 4) + b"bad 2\n"]))
        samples: list[Any] = []
        newest = []
        while not source.ended:
            if (digest := source.digest(HORIZON, None)) is not None:
                samples += source.join(digest)
                newest.append(source.newest)
        self.assertEqual(newest, [START + 5, START + 5])
        self.assertEqual(
            [(sample.source, sample.line, sample.text) for sample in samples],
            [("script", 2, b"bad 1"), ("script", 4, b"bad 2")],
        )

    def test_directives_outlast_a_restart(self) -> None:
        front = b"#Software: x\n#Date: 2019-02-07 00:00:00\n#Fields: time c-ip sc-status\n"
        line, other = b"21:11:00 h 200\nbad\n", b"#Fields: time sc-status\n21:11:01 500\n"
        processor = AnalyticsProcessor([MostCommonCalculator()])
        for log_format in ("auto", "w3c", "syslog:w3c"):
            prefix = b"<134>Feb  7 21:11:00 host iis: " if log_format == "syslog:w3c" else b""
            snapshot: list[Any] = []
            found = []
            for pieces in ([front + line], [], [line], [line + other], [b"21:11:02 404\n"]):
                pieces = [b"".join(prefix + line for line in piece.splitlines(True)) for piece in pieces]
                source = open_log(ScriptedSource([*pieces, PAUSE], endless=True), processor, log_format=log_format)
                if snapshot:
                    source.restore(snapshot)
                for _ in range(2):
                    if (digest := source.digest(HORIZON, None)) is not None:
                        found.append((digest.events, [sample.line for sample in source.join(digest)]))
                snapshot = source.snapshot()
            with self.subTest(log_format):
                self.assertEqual(found, [(1, [5]), (1, [7]), (2, [9]), (1, [])])

    def test_a_test_that_is_begun_outlasts_a_restart(self) -> None:
        processor = AnalyticsProcessor([MostCommonCalculator()])
        for log_format in ("auto", "test_results"):
            snapshot: list[Any] = []
            events = malformed = 0
            for piece in (RESULT, b"# Test: a\nopening\n", b"closing\n", b"# Result: PASS\n# Test: b\n", b"# Test: c\n"):
                source = open_log(ScriptedSource([piece, PAUSE], endless=True), processor, log_format=log_format)
                if snapshot:
                    source.restore(snapshot)
                for _ in range(2):
                    if (digest := source.digest(HORIZON, None)) is not None:
                        source.join(digest)
                        events, malformed = events + digest.events, malformed + digest.malformed
                snapshot = json.loads(json.dumps(source.snapshot()))
            with self.subTest(log_format):
                self.assertEqual((events, malformed), (2, 1))

    def test_blank_lines_before_the_first_are_looked_at_once(self) -> None:
        recognise = Noting()
        pieces = [b"\n \r\n" * 9] * 50
        source = Input(ScriptedSource([part for piece in pieces for part in (piece, PAUSE)] + [b"bad\n" + LINE]), recognise)
        digests = [source.digest(HORIZON, None) for _ in range(110)]
        (digest,) = filter(None, digests)
        self.assertEqual(b"".join(recognise.shown), b"".join(pieces) + b"bad\n" + LINE)
        self.assertEqual([sample.line for sample in source.join(digest)], [50 * 18 + 1])

    def test_the_floor_makes_what_is_below_it_late(self) -> None:
        for floor, late in ((None, 0), (START + 2, 0), (START + 3, 1)):
            source, _ = input_of(ScriptedSource([LINE]))
            digest = source.digest(HORIZON, floor)
            assert digest is not None
            with self.subTest(floor=floor):
                self.assertEqual((digest.late, digest.lateness), (late, {3: 1} if late else {}))

    def test_notices_are_told_once(self) -> None:
        source, _ = input_of(ScriptedSource([LINE]))
        source.source.warnings.append("broke off")
        source.digest(HORIZON, None)
        self.assertEqual([notice.text for notice in source.notices()], ["known", "broke off"])
        self.assertEqual(source.notices(), [])

    def test_stopping_counts_what_has_come_of_the_last_line(self) -> None:
        source, _ = input_of(ScriptedSource([LINE + LINE[:-1], PAUSE], endless=True))
        first = source.digest(HORIZON, None)
        source.stop()
        rest = source.digest(HORIZON, None)
        assert first is not None and rest is not None
        self.assertEqual((first.events, rest.events), (1, 1))
        self.assertTrue(source.ended)


if __name__ == "__main__":
    unittest.main()
