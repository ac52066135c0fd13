"""A log that changes its format in the middle goes on, and a person is told; however it is cut and whoever reads it."""

from __future__ import annotations

import json
import os
import re
import signal
from typing import Any
import unittest
from unittest import mock

from LogsMonitor2000.analyze.most_common import MostCommonCalculator
from LogsMonitor2000.analyze.processor import AnalyticsProcessor
from LogsMonitor2000.event import Event, MalformedLine, Notice, Stats, Summary
from LogsMonitor2000.limits import DRIFT_NOTICES_MAX
from LogsMonitor2000.parse.choose import Choice
from LogsMonitor2000.parse.lines.results import ResultsParser
from LogsMonitor2000.pipeline.input import Input
from LogsMonitor2000.pipeline.monitor import Monitor
from LogsMonitor2000.pipeline.parallel import ParallelInput, WorkerPool
from LogsMonitor2000.pipeline.recogniser import Recogniser
from LogsMonitor2000.pipeline.wiring import open_log
from LogsMonitor2000.testing import ManualClock, ManualWaiter, ScriptedSource

from ..logs import NOW, START, combined_line, csv_line
from ..running import Running, chunks_of_bytes, wait_until
from ..support import SCALE, TemporaryFiles, clf_line, read_state
from .test_agreement import InlinePool

W3C = b"#Software: x\n#Version: 1.0\n#Fields: date time c-ip cs-method cs-uri-stem sc-status sc-bytes\n"
TABS = W3C.replace(b" ", b"\t").replace(b":\t", b": ")
OTHER_W3C = b"#Fields: date time cs-method cs-uri-stem sc-status c-ip\n"
DAYS = b"#Date: 2019-02-07 00:00:00\n#Fields: time cs-username cs-method cs-uri-stem sc-status\n"
RESULTS = b"# Test: login a\nopening\nthe page\n# Result: PASS\n# Test: logout\n\nclosing\n# Result: FAIL\n"


def w3c_line(second: int) -> bytes:
    return b"2019-02-07 21:11:%02d 10.0.0.1 GET /w 200 5\n" % (second - START)


def other_w3c_line(second: int) -> bytes:
    return b"2019-02-07 21:11:%02d GET /o 404 10.0.0.2\n" % (second - START)


def day_line(second: int) -> bytes:
    return b'21:11:%02d "a b" GET "/d d" 200\n' % (second - START)


def json_line(second: int, target: bytes = b"/json") -> bytes:
    return b'{"time":"2019-02-07T21:11:%02dZ","remote_addr":"10.0.0.3","request":"GET %s HTTP/1.1","status":200}\n' % (
        second - START,
        target,
    )


def docker_line(second: int) -> bytes:
    return json.dumps({"log": csv_line(second).decode(), "stream": "stdout"}).encode() + b"\n"


def syslog_line(second: int) -> bytes:
    return b"<134>Feb  7 21:11:00 host nginx: " + combined_line(second)


COMBINED, CSV, JSON, DOCKER, SYSLOG, PLAIN, W3C_LINES, OTHER_LINES, DAY_LINES = (
    b"".join(line_of(START + number) for number in range(12))
    for line_of in (combined_line, csv_line, json_line, docker_line, syslog_line, clf_line, w3c_line, other_w3c_line, day_line)
)
DAY_LINES += DAY_LINES.replace(b" ", b"\t").replace(b"a\tb", b"a b").replace(b"/d\td", b"/d") + DAY_LINES.replace(
    b'"', b""
).replace(b"a b", b"a").replace(b"/d d", b"/d")
BEFORE = b"#Date: 2019-02-06\n"
"""The day before, behind which a line is another one."""
LOGS: tuple[tuple[bytes, bytes, int, list[tuple[int, str, str]]], ...] = (
    (COMBINED, PLAIN, 0, []),
    (COMBINED, b"garbage\n" + JSON + b"{}\n", 2, [(2, "json", "combined")]),
    (JSON, COMBINED + b"garbage\n" + JSON, 1, [(1, "combined", "json"), (14, "json", "combined")]),
    (CSV, COMBINED, 0, [(1, "combined", "csv")]),
    (CSV, DOCKER + CSV, 0, [(1, "docker:csv", "csv"), (13, "csv", "docker:csv")]),
    (PLAIN, SYSLOG, 0, [(1, "syslog:combined", "common")]),
    (SYSLOG, COMBINED, 0, [(1, "combined", "syslog:combined")]),
    (COMBINED, W3C + W3C_LINES + COMBINED, 0, [(4, "w3c", "combined"), (16, "combined", "w3c")]),
    (COMBINED, TABS + W3C_LINES.replace(b" ", b"\t"), 0, [(4, "w3c", "combined")]),
    (COMBINED, W3C_LINES + W3C + W3C_LINES + b"garbage\n", 13, [(16, "w3c", "combined")]),
    (COMBINED, W3C + W3C_LINES + OTHER_W3C + OTHER_LINES + W3C_LINES, 12, [(4, "w3c", "combined")]),
    (JSON, OTHER_W3C + OTHER_LINES + JSON, 0, [(2, "w3c", "json"), (14, "json", "w3c")]),
    (W3C + W3C_LINES, b"\n" + JSON, 0, [(2, "json", "w3c")]),
    (W3C + W3C_LINES, COMBINED + W3C_LINES, 0, [(1, "combined", "w3c"), (13, "w3c", "combined")]),
    (W3C + W3C_LINES, OTHER_W3C + W3C_LINES + OTHER_LINES, 12, []),
    (COMBINED, DAYS + DAY_LINES + BEFORE + DAY_LINES, 0, [(3, "w3c", "combined")]),
    (COMBINED, BEFORE + COMBINED + DAYS + DAY_LINES + JSON, 0, [(16, "w3c", "combined"), (52, "json", "w3c")]),
    (COMBINED, DAYS[27:] + DAY_LINES, 36, []),
    (DAYS + DAY_LINES, JSON + DAY_LINES + BEFORE + DAY_LINES, 0, [(1, "json", "w3c"), (13, "w3c", "json")]),
    (DAYS + DAY_LINES, W3C + BEFORE + W3C_LINES + DAY_LINES, 36, []),
    (SYSLOG, W3C + W3C_LINES, 0, [(4, "w3c", "syslog:combined")]),
    (
        RESULTS,
        W3C + W3C_LINES + RESULTS + W3C_LINES,
        0,
        [(4, "w3c", "test_results"), (19, "test_results", "w3c"), (24, "w3c", "test_results")],
    ),
    (COMBINED, RESULTS + COMBINED, 0, [(4, "test_results", "combined"), (9, "combined", "test_results")]),
    (COMBINED, RESULTS * 3 + b"garbage\n", 1, [(4, "test_results", "combined")]),
    (RESULTS, COMBINED + RESULTS, 0, [(1, "combined", "test_results"), (16, "test_results", "combined")]),
)
"""How a log begins, many times over, so that this is recognised; how it goes on; how many malformed lines that has; and where it
changes: the line behind the beginning, the format, the format before."""

SIZES = (1, 100, 1_000, 10_000)
"""Bytes in which a log comes."""

COUNTED = re.compile(rb"(?m)^(?:# Result|[^#]).*(?<!opening)(?<!page)(?<!closing)$")
"""Lines that count."""


class Whole(TemporaryFiles):
    def setUp(self) -> None:
        super().setUp()
        patch = mock.patch.object(ResultsParser.__init__, "__defaults__", (lambda: float(START + 30),))
        patch.start()
        self.addCleanup(patch.stop)

    def processor(self) -> AnalyticsProcessor:
        return AnalyticsProcessor([MostCommonCalculator(10, 9)], buffer_time=1 << 40)

    def events(self, source: Input, processor: AnalyticsProcessor) -> list[Event]:
        """What is told, but not how the format was recognised; names without their directory."""
        waiter = ManualWaiter([])
        try:
            events = list(Monitor([source], processor, clock=ManualClock(NOW), waiter=waiter).events())
        finally:
            waiter.close()
        found: list[Event] = []
        for event in events:
            if isinstance(event, Notice):
                if " instead of " in event.text:
                    found.append(event._replace(text=event.text.partition(": ")[2]))
            elif not isinstance(event, MalformedLine):
                found.append(event)
        return found

    def in_pieces(self, log: bytes, size: int) -> list[Event]:
        processor = self.processor()
        pieces = [log[start : start + size] for start in range(0, len(log), size)]
        return self.events(open_log(ScriptedSource(pieces), processor), processor)

    def by_workers(self, path: str, pool: WorkerPool) -> list[Event]:
        processor = self.processor()
        return self.events(ParallelInput(path, Recogniser(processor), pool), processor)

    def test_what_is_counted_and_told(self) -> None:
        for number, (begin, end, malformed, changes) in enumerate(LOGS):
            log = begin * 9 + end
            count = len(COUNTED.findall(log)) - malformed
            events = self.in_pieces(log, len(log))
            summary, notices = events[-1], [event for event in events if isinstance(event, Notice)]
            with self.subTest(number=number):
                assert isinstance(summary, Summary)
                self.assertEqual((summary.events, summary.malformed), (count, malformed))
                self.assertEqual(len(notices), len(changes), notices)
                for notice, (line, after, before) in zip(notices, changes):
                    line += begin.count(b"\n") * 9
                    self.assertTrue(notice.verbose)
                    self.assertRegex(notice.text, rf"^line {line:,} \(2019-.*\): format {after} instead of {before}$")

    def test_neither_blocks_nor_chunks_nor_processes_make_a_difference(self) -> None:
        for number, (begin, end, *_) in enumerate(LOGS):
            log = begin * 9 + end
            path = self.path(str(number), log)
            whole = self.in_pieces(log, len(log))
            for size in SIZES if SCALE > 1 else SIZES[number % 4 :: 4]:
                with self.subTest(number=number, piece_bytes=size):
                    self.assertEqual(self.in_pieces(log, size), whole)
                with self.subTest(number=number, chunk_bytes=size), chunks_of_bytes(max(size, 250)):
                    self.assertEqual(self.in_pieces(log, 50), whole)
                    self.assertEqual(self.by_workers(path, InlinePool(1, 1 << 40)), whole)
            if number % 4 == 0 or SCALE > 1:  # processes do what those did in line
                with self.subTest(number=number, processes=2), chunks_of_bytes(200):
                    self.assertEqual(self.by_workers(path, WorkerPool(2, 1 << 40)), whole)

    def test_results_inside_an_access_log_take_the_time_of_the_line_before(self) -> None:
        """So that they are not late, and neither are the lines after them: however the log is cut."""

        def events(log: bytes, jobs: WorkerPool | None = None, size: int = 0) -> tuple[Summary, list[Event]]:
            processor = AnalyticsProcessor([MostCommonCalculator(10, 9)], buffer_time=2)
            if jobs is None:
                pieces = [log[start : start + size] for start in range(0, len(log), size)]
                found = self.events(open_log(ScriptedSource(pieces), processor), processor)
            else:
                found = self.events(ParallelInput(self.path(content=log), Recogniser(processor), jobs), processor)
            assert isinstance(found[-1], Summary)
            return found[-1], [event for event in found if not isinstance(event, Notice)]  # which come as chunks are read

        lines = [combined_line(START + number) for number in range(50)]
        for places in ((10,), (10, *range(20, 50)), (1, 2, 3, 50)):
            log = b"".join(line + RESULTS * (number + 1 in places) for number, line in enumerate(lines))
            summary, whole = events(log, size=len(log))
            with self.subTest(places):
                self.assertEqual((summary.events, summary.late, summary.malformed), (50 + 2 * len(places), 0, 0))
                self.assertEqual(summary.last, START + 49)
                for size in (1, 100, 1_000):
                    self.assertEqual(events(log, size=size)[1], whole)
                for size in range(1_700, 1_800, 7):
                    with chunks_of_bytes(size):
                        self.assertEqual(events(log, InlinePool(1, 2))[1], whole)
        # Before the first line there is no time.
        summary, whole = events(RESULTS + b"".join(lines), size=1 << 20)
        self.assertEqual((summary.events, summary.late, summary.malformed), (50, 0, 2))
        with chunks_of_bytes(1_700):
            self.assertEqual(events(RESULTS + b"".join(lines), InlinePool(1, 2))[1], whole)

    def test_lines_in_parts_are_joined_over_chunks_and_by_workers(self) -> None:
        prefix = b"2019-02-07T21:11:00.1Z stdout %s "
        parts = b"".join(
            prefix % b"P" + line[:30] + b"\n" + prefix % b"P" + line[30:60] + b"\n" + prefix % b"F" + line[60:]
            for line in COMBINED.splitlines(keepends=True)
        )
        log = (prefix % b"F").join([b"", *COMBINED.splitlines(keepends=True)]) * 2 + parts * 3 + b"garbage\n"
        whole = self.in_pieces(log, len(log))
        summary = whole[-1]
        assert isinstance(summary, Summary)
        self.assertEqual((summary.events, summary.malformed), (5 * 12, 1))
        for size in (1, 100, 1_000):
            with self.subTest(size), chunks_of_bytes(max(size, 250)):
                self.assertEqual(self.in_pieces(log, size), whole)
                self.assertEqual(self.by_workers(self.path(content=log), InlinePool(1, 1 << 40)), whole)

    def test_an_export_of_the_journal(self) -> None:
        records = b"".join(b"__CURSOR=1\n_PID=1\nMESSAGE=" + line + b"\n\n" for line in COMBINED.splitlines())
        log = records * 9 + W3C + W3C_LINES + records + W3C_LINES
        whole = self.in_pieces(log, len(log))
        summary = whole[-1]
        assert isinstance(summary, Summary)
        self.assertEqual((summary.events, summary.malformed), (12 * 12, 0))
        for size in (1, 100, 1_000):
            with self.subTest(piece_bytes=size), chunks_of_bytes(max(size, 250)):
                self.assertEqual(self.in_pieces(log, size), whole)
                self.assertEqual(self.by_workers(self.path(content=log), InlinePool(1, 1 << 40)), whole)

    def test_a_field_that_only_the_format_after_has(self) -> None:
        for first in (b"".join(b"%d quark garak\n" % (START + number) for number in range(5)), RESULTS):
            stats = next(event for event in self.in_pieces(first * 9 + COMBINED, 1_000) if isinstance(event, Stats))
            with self.subTest(first):
                self.assertIn((b"/api", 10), stats.sections)
                self.assertIn((b"10.0.0.1", 10), stats.sources)

    def test_a_log_of_two_formats_is_told_of_a_few_times(self) -> None:
        log = (COMBINED + JSON) * 30
        events = self.in_pieces(log, 5_000)
        notices = [event for event in events if isinstance(event, Notice)]
        self.assertEqual(len(notices), DRIFT_NOTICES_MAX)
        self.assertIn("further changes are not reported", notices[-1].text)
        with chunks_of_bytes(700):
            self.assertEqual(self.by_workers(self.path(content=log), InlinePool(1, 1 << 40)), events)


class AfterARestart(TemporaryFiles):
    """The real command, stopped and begun again: the format it goes on with is the one it recognised."""

    def setUp(self) -> None:
        super().setUp()
        self.log, self.state = self.path("a.log"), self.path("state")

    def append(self, data: bytes) -> None:
        with open(self.log, "ab") as file:
            file.write(data)

    def run_until(self, lines: int) -> tuple[dict[str, Any], bytes]:
        """A life that ends once so many lines of all lives are in the snapshot; its summary, and what it said besides."""

        def there() -> bool:
            snapshot = read_state(self.state, "SELECT value FROM snapshot WHERE name = 'run'")
            return snapshot is not None and sum(json.loads(snapshot)["processor"]["counts"][3:6]) == lines

        arguments = ["--follow", "--state", self.state, "--output", "json", "--verbose", "--buffer_time", "99999"]
        with Running(self.log, *arguments) as run:
            self.assertTrue(wait_until(there))
            run.signal(signal.SIGTERM)
            self.assertEqual(run.end(), 0)
        return json.loads(run.out.splitlines()[-1]), run.errors

    def check(self, first: bytes, more: bytes, rotated: bytes = b"") -> bytes:
        """Two lives and perhaps a rotation; every line is an event. Returns what the last one said."""
        self.append(first)
        count = sum(line[:1] != b"#" for line in first.splitlines())
        self.run_until(count)
        self.append(more)
        count += more.count(b"\n")
        if rotated:
            os.rename(self.log, self.log + ".1")
            self.append(rotated)
            count += sum(line[:1] != b"#" for line in rotated.splitlines())
        summary, errors = self.run_until(count)
        self.assertEqual((summary["events"], summary["malformed"]), (count, 0), errors)
        return errors

    def test_lines_that_other_formats_read_too(self) -> None:
        # A user with a space in his name looks like a virtual host.
        odd = clf_line(START).replace(b" - - ", b" - a b ") * 5
        errors = self.check(clf_line(START) * 5, odd)
        self.assertIn(b"format common (as before)", errors)
        self.assertNotIn(b"instead of", errors)

    def test_lines_that_mean_something_behind_a_directive(self) -> None:
        errors = self.check(W3C + W3C_LINES, W3C_LINES)
        self.assertIn(b"format w3c (as before)", errors)

    def test_a_changed_log_goes_on_behind_its_directive(self) -> None:
        errors = self.check(COMBINED * 3 + W3C + W3C_LINES, W3C_LINES)
        self.assertIn(b"format combined (as before)", errors)
        self.assertNotIn(b"instead of", errors)

    def test_a_day_that_a_directive_told(self) -> None:
        self.check(DAYS + DAY_LINES, DAY_LINES)

    def test_a_changed_log_goes_on_in_the_day_that_a_directive_told(self) -> None:
        errors = self.check(COMBINED * 9 + DAYS + DAY_LINES, DAY_LINES)
        self.assertIn(b"format combined (as before)", errors)
        self.assertNotIn(b"instead of", errors)

    def test_another_format_after_a_rotation(self) -> None:
        errors = self.check(COMBINED, PLAIN, W3C + W3C_LINES)
        self.assertIn(b"format w3c instead of combined", errors)

    def test_a_format_that_is_defined_no_longer(self) -> None:
        known = Choice().choose("a.log", [COMBINED], "gone")
        assert known is not None
        self.assertEqual((known[0].name, known[1]), ("combined", "reads 12 of its first 12 lines"))


if __name__ == "__main__":
    unittest.main()
