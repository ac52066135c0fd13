"""Everything that a worker process needs can be pickled: the bound parser of every format, and what reads other formats."""

from __future__ import annotations

import pickle
import unittest

from LogsMonitor2000.event import WebLogEvent
from LogsMonitor2000.parse.base import Malformed, Parser
from LogsMonitor2000.parse.choose import Choice, bind_some
from LogsMonitor2000.parse.detect import parser_named
from LogsMonitor2000.parse.drift import Drift
from LogsMonitor2000.parse.envelopes.kinds import ENVELOPES
from LogsMonitor2000.parse.registry import LINES, RECORDS

from .test_envelopes import docker, journal, wrappings

FAR_FUTURE = 1 << 50
FIELDS = ("section", "size", "source", "status_class")
ROWS = (*LINES, *RECORDS)
COMBINED = LINES[2].example
SEALED = {
    "syslog": b"<134>Oct 11 22:14:15 host nginx: " + COMBINED,
    "docker": docker(COMBINED),
    "journal": journal(COMBINED.decode()),
    "journal_export": b"MESSAGE=" + COMBINED,
}


class OwnParser(Parser):
    """A parser of a third party."""

    name = "own"

    def parse_line(self, line: bytes) -> WebLogEvent:
        if not line.isdigit():
            raise Malformed("not a number")
        return WebLogEvent(int(line))


class Pickling(unittest.TestCase):
    def check(self, parser: Parser, block: bytes, drift: Drift | None = None) -> None:
        """A bound parser that was pickled, before and after its first use, reads what the original reads."""
        parse = bind_some(parser, FIELDS, frozenset(), drift)
        first = pickle.loads(pickle.dumps(parse))
        columns = parse(block, FAR_FUTURE)
        self.assertTrue(columns.seconds)
        if parser.name != "test_results":  # these have the time of reading
            self.assertEqual(first(block, FAR_FUTURE), columns)
            self.assertEqual(pickle.loads(pickle.dumps(parse))(block, FAR_FUTURE), parse(block, FAR_FUTURE))

    def test_every_format(self) -> None:
        for row in ROWS:
            for example in row.examples:
                block = (example + b"\n") * 3 + b"garbage\n"
                with self.subTest(row.name, example=example):
                    self.check(parser_named(row.name), block)
                    if row.name != "cloudfront":
                        self.check(
                            parser_named(row.name), block + COMBINED + b"\n" + RECORDS[0].example + b"\n", Drift(row.name)
                        )

    def test_every_envelope(self) -> None:
        sealed = {**SEALED, **dict(wrappings(COMBINED))}
        self.assertEqual(set(sealed), set(ENVELOPES))
        for name, line in sealed.items():
            with self.subTest(name):
                self.check(parser_named(f"{name}:combined"), (line + b"\n") * 3 + b"garbage\n")

    def test_definitions_clients_and_parsers_of_a_third_party(self) -> None:
        line = LINES[2].example + b' "8.8.8.8, 10.0.0.3"\n'
        definition = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for"'
        for choice in (
            Choice(definition),
            Choice("forwarded", client_from="x_forwarded_for", trusted=("10.0.0.0/8", "192.0.2.0/24")),
            Choice("json", {"time": "time"}),
        ):
            chosen = choice.choose("x.log", [line])
            assert chosen is not None
            with self.subTest(choice):
                block = line if choice.log_format != "json" else RECORDS[0].example + b"\n"
                self.check(chosen.parser, block * 3)
                self.assertEqual(pickle.loads(pickle.dumps(choice)), choice)
        self.check(OwnParser(), b"5\nx\n7\n")


if __name__ == "__main__":
    unittest.main()
