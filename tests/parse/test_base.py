"""The interface: a parser of somebody else's that knows nothing but `parse_line`."""

from __future__ import annotations

import unittest
from unittest.mock import patch

from LogsMonitor2000.errors import FormatError
from LogsMonitor2000.event import WebLogEvent
from LogsMonitor2000.limits import REASON_CHARACTERS_MAX, SAMPLE_BYTES_MAX, SAMPLES_MAX
from LogsMonitor2000.parse.base import FIELDS, Malformed, Parser, is_blank

from ..support import FAR_FUTURE


class TabParser(Parser):
    """time, path, status, bytes between tabs: all that a third party has to write."""

    name = "tabs"
    fields = frozenset({"section", "status", "status_class", "size", "agent"})

    def skips(self, line: bytes) -> bool:
        return line.startswith(b"#")

    def parse_line(self, line: bytes) -> WebLogEvent | None:
        parts = line.split(b"\t")
        if len(parts) != 4:
            return None
        time, path, status, size = parts
        if not time.isdigit():
            raise Malformed("the time is no number")
        return WebLogEvent(
            int(time),
            section=path.decode("utf-8", "surrogateescape"),
            status=None if status == b"-" else int(status),
            size=int(size),
        )


class Nameless(TabParser):
    name = ""


BLOCK = b"#time path\n10\t/a\t200\t5\r\n\n11\t/\xff\t-\t0\n \t\r\nx\ty\n12\t/b\t7\t1\n?\t/c\t200\t1\n"


class ThirdParty(unittest.TestCase):
    def test_columns_are_what_the_events_say(self) -> None:
        columns = TabParser().bind(["section", "status", "status_class", "size", "agent"])(BLOCK, FAR_FUTURE)
        self.assertEqual(columns.seconds, [10, 11, 12])
        self.assertEqual(
            columns.values,
            {
                "section": [b"/a", b"/\xff", b"/b"],
                "status": [b"200", b"-", b"007"],
                "status_class": [b"2", b"-", b"0"],
                "size": [b"5", b"0", b"1"],
                "agent": [b"-"] * 3,
            },
        )

    def test_blank_lines_and_headers_are_no_lines_and_the_rest_is_counted(self) -> None:
        columns = TabParser().bind([])(BLOCK, FAR_FUTURE)
        self.assertEqual((columns.line_count, columns.malformed, columns.seconds, columns.values), (8, 2, [10, 11, 12], {}))

    def test_samples_say_where_and_why(self) -> None:
        columns = TabParser().bind(["size"])(BLOCK, FAR_FUTURE)
        self.assertEqual(
            columns.samples,
            [(5, "does not match the format tabs", b"x\ty"), (7, "the time is no number", b"?\t/c\t200\t1")],
        )
        self.assertEqual(Nameless().bind([])(b"x\n", FAR_FUTURE).samples[0].reason, "does not match the format Nameless")

    def test_no_events_give_empty_columns(self) -> None:
        for block in (b"", b"\n", b"x\n"):
            with self.subTest(block):
                columns = TabParser().bind(["size", "section"])(block, FAR_FUTURE)
                self.assertEqual((columns.seconds, columns.values), ([], {"size": [], "section": []}))

    def test_what_lies_behind_the_horizon_is_malformed(self) -> None:
        columns = TabParser().bind(["size"])(BLOCK, 11)
        self.assertEqual((columns.seconds, columns.malformed), ([10, 11], 3))
        self.assertEqual(columns.samples[1], (6, "future", b"12\t/b\t7\t1"))

    def test_an_over_long_line_is_malformed(self) -> None:
        with patch("LogsMonitor2000.parse.base.LINE_BYTES_MAX", 10):
            columns = TabParser().bind(["size"])(b"10\t/a\t200\t5\n1\t/a\t200\t5\r\n1\t/ab\t200\t5\r\n", FAR_FUTURE)
        self.assertEqual((columns.seconds, columns.malformed), ([1], 2))
        self.assertEqual(columns.samples[0].reason, "longer than 10 bytes")

    def test_an_exception_makes_the_line_malformed(self) -> None:
        columns = TabParser().bind(["size"])(b"10\t/a\tx\t5\n11\t/a\t200\t" + b"9" * 5_000 + b"\n12\t/a\t200\t5\n", FAR_FUTURE)
        self.assertEqual((columns.seconds, columns.malformed), ([12], 2))
        self.assertRegex(columns.samples[0].reason, "^parser failed: ValueError: invalid literal for int")
        self.assertLessEqual(len(columns.samples[1].reason), REASON_CHARACTERS_MAX)
        self.assertEqual(TabParser().try_lines([b"10\t/a\tx\t5", b"1\t/a\t200\t5"]), (1, 2))

    def test_samples_are_few_and_short(self) -> None:
        columns = TabParser().bind([])(b"%s\n" % (b"x" * 1_000) * 20, FAR_FUTURE)
        self.assertEqual(columns.malformed, 20)
        self.assertEqual([sample.line for sample in columns.samples], list(range(SAMPLES_MAX)))
        self.assertTrue(all(len(sample.text) == SAMPLE_BYTES_MAX for sample in columns.samples))

    def test_a_field_that_the_format_lacks_is_named(self) -> None:
        with self.assertRaisesRegex(FormatError, "^the format tabs has no source, user .it has section, .*agent.$"):
            TabParser().bind(["size", "source", "user"])
        with self.assertRaisesRegex(FormatError, "Nameless has no source"):
            Nameless().require(["source"])

    def test_by_default_a_parser_has_every_field_and_skips_nothing(self) -> None:
        class Least(Parser):
            def parse_line(self, line: bytes) -> WebLogEvent | None:
                return WebLogEvent(int(line))

        columns = Least().bind(FIELDS)(b"5\n6\n", FAR_FUTURE)
        self.assertEqual((columns.seconds, columns.malformed), ([5, 6], 0))
        self.assertEqual(columns.values["source"], [b"-", b"-"])


class Blank(unittest.TestCase):
    def test_spaces_tabs_and_carriage_returns_are_blank_and_nothing_else_is(self) -> None:
        for line, blank in (
            (b"", True),
            (b" \t\r", True),
            (b"\0", False),
            (b"\x0b", False),
            (b"-", False),
            (b"\xc2\xa0", False),
        ):
            with self.subTest(line):
                self.assertEqual(is_blank(line), blank)
