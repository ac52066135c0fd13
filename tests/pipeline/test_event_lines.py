"""Events as data: the same keys for every format, null for what is missing, and what the careful reader of each line says."""

from __future__ import annotations

import json
import random
import unittest

from LogsMonitor2000 import Malformed
from LogsMonitor2000.errors import FormatError
from LogsMonitor2000.event import WebLogEvent
from LogsMonitor2000.parse.base import Parser
from LogsMonitor2000.parse.choose import Choice
from LogsMonitor2000.parse.registry import make_parser
from LogsMonitor2000.pipeline.event_lines import FIELDS, EventLines
from LogsMonitor2000.testing import PAUSE, ScriptedSource

from ..logs import csv_line

HORIZON = 1 << 40
COMMON = b'10.0.0.%d - - [10/Oct/2000:13:55:36 +0000] "GET /a/b?x=%d HTTP/1.1" 200 -\n'


def objects(content: list[bytes | None], choice: Choice = Choice()) -> tuple[list[dict[str, object]], EventLines]:
    source = ScriptedSource(content)
    events = EventLines(source, choice, lambda: HORIZON)
    made = b""
    while not source.ended:
        made += events.of(source.chunk())
    made += events.of(())
    return [json.loads(line) for line in made.splitlines()], events


def read_strictly(parser: Parser, line: bytes) -> dict[str, object] | None:
    """What `parse_line` says, as an object."""
    try:
        event = parser.parse_line(line)
    except Malformed:
        return None
    assert isinstance(event, WebLogEvent)
    found = event._asdict()
    return {name: None if value == "-" else value for name, value in found.items()}


class EventsAsData(unittest.TestCase):
    def test_each_line_is_what_the_strict_parser_says(self) -> None:
        draw = random.Random(4)
        for name in ("combined", "json", "squid", "csv"):
            parser = make_parser(name)
            assert parser is not None
            row = {
                "combined": b'192.0.2.7 - frank [10/Oct/2000:13:55:36 -0700] "GET /a.gif?x HTTP/1.0" 200 2326 "-" "x"',
                "json": b'{"time":"2024-01-01T12:00:00Z","remote_addr":"192.0.2.7","request":"GET /a HTTP/1.1","status":200,"request_time":0.125}',
                "squid": b"1066036250.603    310 192.0.2.7 TCP_MISS/200 1234 GET http://a.b/c - DIRECT/192.0.2.80 text/html",
                "csv": csv_line(1_549_573_860).rstrip(b"\n"),
            }[name]
            lines = [row if draw.random() < 0.8 else row[: draw.randrange(len(row))] for _ in range(30)]
            lines[0] = row
            made, events = objects([b"\n".join(lines) + b"\n"], Choice(name))
            expected = [each for line in lines if line and (each := read_strictly(parser, line)) is not None]
            with self.subTest(format=name):
                self.assertEqual(events.malformed, sum(map(bool, lines)) - len(expected))
                self.assertEqual([list(each) for each in made], [["time", *FIELDS]] * len(made))
                for each, strict in zip(made, expected, strict=True):
                    strict["size"] = each["size"] if each["size"] is None and strict["size"] == 0 else strict["size"]
                    self.assertEqual(each, strict)

    def test_the_format_is_known_once_enough_lines_have_come(self) -> None:
        made, _ = objects([b"\n\n", PAUSE, COMMON % (1, 1), PAUSE, COMMON % (2, 2)])
        self.assertEqual([each["source"] for each in made], ["10.0.0.1", "10.0.0.2"])
        with self.assertRaises(FormatError):
            objects([b"no log\n", PAUSE, b"of any kind\n"])

    def test_malformed_lines_are_counted_and_the_first_few_kept(self) -> None:
        _, events = objects([COMMON % (1, 1) + b"bad\n" * 7, PAUSE, b"worse\n"], Choice("common"))
        self.assertEqual((events.malformed, len(events.samples)), (8, 5))
        self.assertEqual(events.samples[0][0], 2)


if __name__ == "__main__":
    unittest.main()
