"""What a writer writes, the reader of that format reads back, field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import unittest

from LogsMonitor2000.generate.traffic import Request, Traffic
from LogsMonitor2000.generate.writers import Writer, writable, writer_for
from LogsMonitor2000.parse.registry import make_parser

SECOND = 1_700_000_000
HORIZON = 1 << 40
SOME = ("source", "method", "target", "path", "section", "status", "status_class", "size", "duration", "referrer", "agent")


def written(writer: Writer, request: Request) -> bytes:
    before, after = writer.parts(request)
    return before + writer.timestamp(SECOND) + after


class Writers(unittest.TestCase):
    def setUp(self) -> None:
        self.requests = list(Traffic(7).requests(80))

    def test_every_line_of_every_format_is_read_back(self) -> None:
        for name in writable():
            writer, parser = writer_for(name), make_parser(name)
            assert writer is not None and parser is not None
            fields = sorted(parser.fields & set(SOME))
            parse = parser.bind(fields)
            block = writer.header + b"".join(written(writer, request) for request in self.requests)
            result = parse(block, HORIZON)
            seconds, values = result.seconds, result.values
            with self.subTest(format=name):
                self.assertEqual(len(seconds), len(self.requests))
                if name != "test_results":  # which have no time of their own
                    self.assertEqual(set(seconds), {SECOND})
                self.compare(name, fields, values)

    def compare(self, name: str, fields: Sequence[str], values: Mapping[str, Sequence[bytes | None]]) -> None:
        """Each field that a log of HTTP requests has is that of its request."""
        if name in ("connections", "test_results"):
            return
        for field in set(fields) & {"status", "size", "method", "duration"}:
            for request, text in zip(self.requests, values[field]):
                with self.subTest(format=name, field=field):
                    meant = getattr(request, field)
                    if field == "duration":
                        self.assertAlmostEqual(float(text or b"nan"), meant, places=3)
                    else:
                        self.assertEqual((text or b"0").decode(), str(meant or 0))
        for request, section in zip(self.requests, values["section"]):
            expected = "/" + request.target[1:].partition("/")[0].partition("?")[0]
            self.assertEqual((section or b"-").decode(), expected, name)

    def test_a_format_without_a_writer_has_none(self) -> None:
        self.assertIsNone(writer_for("no such format"))

    def test_the_formats_that_users_try_first_have_one(self) -> None:
        self.assertLessEqual(
            {"csv", "common", "combined", "json", "w3c", "api_requests", "connections", "test_results"}, set(writable())
        )


if __name__ == "__main__":
    unittest.main()
