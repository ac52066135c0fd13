"""Lines of other formats than the one recognised: which is read as what, and what a directive before them means."""

from __future__ import annotations

import unittest
from unittest import mock

from LogsMonitor2000.parse.drift import Drift
from LogsMonitor2000.parse.registry import LINES, RECORDS
from LogsMonitor2000.parse.values.timestamps import NO_TIME

EXAMPLES = {row.name: row.example for row in (*LINES, *RECORDS)}
FIELDS = ("section", "size", "source", "status_class")
FIELDS_LINE = b"#Fields: date time c-ip cs-method cs-uri-stem sc-status"
W3C_LINE = b"2024-01-01 12:00:00 10.0.0.1 GET /w/x 200"
DATE, TIME_FIELDS, TIME_LINE = b"#Date: 2024-01-01", b"#Fields: time c-ip", b"12:00:00 10.0.0.1"
IN_A_DAY = DATE + b"\n" + TIME_FIELDS
UNFIT, SKIPPED = "", "none that counts"


def kinds(lines: list[bytes], context: bytes = b"", main: str = "") -> tuple[list[str], bytes]:
    """The format of each line, and the directive that is in force behind them."""
    drift = Drift(main)
    drift.directives = context
    rows = drift.read(lines, FIELDS)
    names = [SKIPPED if number in rows.skipped else name for number, name in enumerate(rows.names)]
    assert all((second != NO_TIME) == (name not in (UNFIT, SKIPPED)) for second, name in zip(rows.seconds, names))
    return names, drift.directives


class Reading(unittest.TestCase):
    def test_every_example_is_read_in_its_own_format(self) -> None:
        for name, example in EXAMPLES.items():
            *front, last = example.split(b"\n")
            if name not in ("connections", "test_results"):
                with self.subTest(name):
                    self.assertEqual(kinds([*front, last] * 2)[0][-1], "w3c" if name == "cloudfront" else name)

    def test_behind_a_wrapping(self) -> None:
        combined, record = EXAMPLES["combined"], EXAMPLES["json"]
        for line, name in (
            (b"<134>Oct 11 22:14:15 host nginx: " + combined, "syslog:combined"),
            (b"<134>Oct 11 22:14:15 host nginx: " + record, "syslog:json"),
            (b'{"log":"%s"}' % combined.replace(b'"', b'\\"'), "docker:combined"),
            (b'{"MESSAGE":"%s"}' % combined.replace(b'"', b'\\"'), "journal:combined"),
            (b'{"log":"started"}', UNFIT),
            (b'{"log":" \\n"}', SKIPPED),
            (record[:-1] + b',"log":"x"}', "json"),
        ):
            with self.subTest(line):
                self.assertEqual(kinds([line, b"garbage"])[0], [name, UNFIT])

    def test_what_is_not_typical_is_left_alone(self) -> None:
        combined = EXAMPLES["combined"]
        for line, name in (
            (combined.replace(b"/apache_pb.gif", b'/a\\"b'), "combined"),
            (combined.replace(b"/apache_pb.gif", b'/a"b'), UNFIT),
            (combined.replace(b"10/Oct", b"10/Foo"), UNFIT),
            (EXAMPLES["connections"], UNFIT),
            (b'{"level":"info","ts":1585597114.7,"msg":"started"}', UNFIT),
            (b"{" + b"x" * 100_000, UNFIT),
        ):
            with self.subTest(line[:90]):
                self.assertEqual(kinds([line])[0], [name])

    def test_the_recognised_format_is_not_looked_at_again(self) -> None:
        for name in ("combined", "json"):
            self.assertEqual(kinds([EXAMPLES[name]], main=name)[0], [UNFIT])

    def test_over_long_lines(self) -> None:
        with mock.patch("LogsMonitor2000.parse.alternatives.LINE_BYTES_MAX", len(EXAMPLES["combined"])):
            self.assertEqual(kinds([EXAMPLES["combined"], EXAMPLES["combined"] + b"x"])[0], ["combined", UNFIT])


class Directives(unittest.TestCase):
    def test_what_is_in_force_behind_them(self) -> None:
        test, passed = b"# Test: a b", b"# Result: PASS"
        csv = EXAMPLES["csv"]
        for lines, context, names, after in (
            ([W3C_LINE], b"", [UNFIT], b""),
            ([W3C_LINE], FIELDS_LINE, ["w3c"], FIELDS_LINE),
            ([FIELDS_LINE, W3C_LINE, csv, W3C_LINE], b"", [SKIPPED, "w3c", "csv", "w3c"], FIELDS_LINE),
            ([b"#Version: 1.0", b"#Date: x", b"# a comment"], b"", [SKIPPED, SKIPPED, UNFIT], b""),
            ([b"#Fields: time cs-method", W3C_LINE], FIELDS_LINE, [SKIPPED, UNFIT], b"#Fields: time cs-method"),
            ([FIELDS_LINE + b" x" * 9_000, W3C_LINE], FIELDS_LINE, [UNFIT, UNFIT], b""),
            ([test, b"output", csv, passed, b"garbage"], b"", [SKIPPED, SKIPPED, "csv", "test_results", UNFIT], b""),
            ([b"output", passed], test, [SKIPPED, "test_results"], b""),
            ([passed], b"", [UNFIT], b""),
            ([test, test, passed], b"", [SKIPPED, UNFIT, "test_results"], b""),
            ([b"# Test:", passed], test, [UNFIT, UNFIT], b""),
            ([b"# Result: MAYBE", passed], test, [UNFIT, UNFIT], b""),
            ([DATE, TIME_FIELDS, TIME_LINE], b"", [SKIPPED, SKIPPED, "w3c"], DATE + b"\n" + TIME_FIELDS),
            ([TIME_FIELDS, TIME_LINE, DATE + b" 00:00:00", TIME_LINE], b"", [SKIPPED, UNFIT, SKIPPED, "w3c"], IN_A_DAY),
            ([b"#Date: 2024-01-02", TIME_LINE], IN_A_DAY, [SKIPPED, "w3c"], IN_A_DAY.replace(b"01\n", b"02\n")),
            ([FIELDS_LINE, W3C_LINE, TIME_LINE], IN_A_DAY, [SKIPPED, "w3c", UNFIT], DATE + b"\n" + FIELDS_LINE),
            ([b'12:00:00 "10.0.0.1"', csv, b"12:00:00\ta"], IN_A_DAY, ["w3c", "csv", "w3c"], IN_A_DAY),
            ([test, W3C_LINE], FIELDS_LINE, [SKIPPED, SKIPPED], test),
        ):
            with self.subTest(lines=[line[:40] for line in lines], context=context):
                self.assertEqual(kinds(lines, context), (names, after))


if __name__ == "__main__":
    unittest.main()
