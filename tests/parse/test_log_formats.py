"""Every format of the table: its examples, the agreement of its two paths, hostile lines, and block sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
import random
import re
import sys
import unittest

from LogsMonitor2000 import (
    AnalyticsProcessor,
    Event,
    HighTrafficCalculator,
    MalformedLine,
    Monitor,
    MostCommonCalculator,
    Notice,
    Summary,
    open_log,
)
from LogsMonitor2000.parse.base import FIELDS, Malformed, Parser, is_blank
from LogsMonitor2000.parse.columns import Columns
from LogsMonitor2000.parse.detect import detect, parser_named, sample_of
from LogsMonitor2000.parse.envelopes.kinds import ENVELOPES
from LogsMonitor2000.parse.lines.definitions import defined
from LogsMonitor2000.parse.lines.http_log import HTTPLogParser
from LogsMonitor2000.parse.lines.w3c import Directive, W3cParser
from LogsMonitor2000.parse.records.base import RecordParser
from LogsMonitor2000.parse.registry import LINES, RECORDS
from LogsMonitor2000.testing import ManualClock, ScriptedSource

from ..support import SCALE, quickest
from .test_envelopes import PREFIXES_3164, PREFIXES_5424, docker, journal

FAR_FUTURE = 1 << 50
MUTANTS = 40 * SCALE
ROWS = (*LINES, *RECORDS)
MAIN = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
DEFINITIONS = {
    MAIN: LINES[2].example,
    "$time_iso8601|$http_host|$remote_addr|$request_method|$uri|$status|$request_time": (
        b"2024-01-01T12:00:00+02:00|a.b|192.0.2.7|GET|/a/b|200|0.125"
    ),
    '%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i" %D': (
        b'a.b:443 192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "GET /a/b HTTP/1.1" 200 5 "-" "x" 125000'
    ),
}

QUOTING = (
    b"#Fields: date time c-ip cs-username cs-method cs-uri-stem cs-uri-query sc-status sc-bytes cs(User-Agent) cs(Referer)"
)

TOKENS = (
    *(
        b'"',
        b'\\"',
        b"\\",
        b"\\\\",
        b" ",
        b"  ",
        b"[",
        b"]",
        b'" ',
        b' "',
        b" HTTP/1.1",
        b"/",
        b"?",
        b"http://h",
        b"://",
        b"|",
        b"ms",
    ),
    *(
        b",",
        b":",
        b"=",
        b"{",
        b"}",
        b"null",
        b"true",
        b"\t",
        b"\r",
        b"\0",
        b"\xff",
        b"-",
        b"0",
        b"007",
        b"1e5",
        b"#",
        b"'",
        b"\\u00e9",
    ),
    *(
        b"\\x22",
        b"-1",
        b"9" * 25,
        b"1.5",
        b".",
        b'"-"',
        b'""',
        b"\xe2\x80\xa8",
        b"Z",
        b"+02:00",
        b"#Fields: date time cs-method\t",
    ),
)
PARTS = re.compile(rb'[^ \t",:\[\]/\\{}=|]+|.', re.DOTALL)


def mutated(draw: random.Random, lines: Sequence[bytes]) -> bytes:
    """One of `lines` with a few of its parts deleted, doubled, swapped, or replaced by a token."""
    parts = PARTS.findall(draw.choice(lines))
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        if not parts:
            break
        at = draw.randrange(len(parts))
        kind = draw.randrange(6)
        if kind == 0:
            del parts[at]
        elif kind == 1:
            parts.insert(at, parts[draw.randrange(len(parts))])
        elif kind == 2:
            parts[at] = draw.choice(TOKENS)
        elif kind == 3:
            parts.insert(at, draw.choice(TOKENS))
        elif kind == 4:
            parts[at] = parts[at][: draw.randrange(len(parts[at]) + 1)]
        else:
            other = PARTS.findall(draw.choice(lines))
            parts[at:] = other[draw.randrange(len(other)) :] if other else []
    return b"".join(parts).replace(b"\n", b" ")


def with_care(parser: HTTPLogParser | RecordParser, lines: Sequence[bytes], fields: Sequence[str]) -> list[object]:
    """What the careful path makes of each line: second and fields, or why not."""
    readings: list[object] = []
    for line in lines:
        line = line.removesuffix(b"\r")
        if is_blank(line):
            continue
        if parser.skips(line):
            if parser.sequential:
                parser.parse_line(line)  # a directive
            continue
        try:
            second, values = parser.read_line(line)
        except Malformed as error:
            readings.append(str(error))
            continue
        absent = {"size": None, "duration": None}
        readings.append((second, *(values.get(field, absent.get(field, b"-")) for field in fields)))
    return readings


def rows_of(columns: Columns, fields: Sequence[str]) -> list[object]:
    return list(zip(columns.seconds, *(columns.values[field] for field in fields)))


def field_sets(parser: Parser) -> list[list[str]]:
    every = [field for field in FIELDS if field in parser.fields]
    usual = [field for field in ("section", "size", "source", "status_class") if field in every]
    return [usual, every, [], *([field] for field in every)]


def parsers() -> list[tuple[str, Callable[[], HTTPLogParser | RecordParser], list[bytes]]]:
    """Every parser whose lines stand for themselves, with examples."""
    found: list[tuple[str, Callable[[], HTTPLogParser | RecordParser], list[bytes]]] = []
    for row in LINES:
        found.append((row.name, lambda row=row: HTTPLogParser(row), list(row.examples)))  # type: ignore[misc]
    for record in RECORDS[:3]:
        for number, example in enumerate(record.examples):
            found.append((f"{record.name} {number}", record.make, [example]))  # type: ignore[arg-type]
    for text, line in DEFINITIONS.items():
        found.append((text, lambda text=text: HTTPLogParser(defined(text)), [line]))  # type: ignore[misc]
    return found


class Agreement(unittest.TestCase):
    def test_the_first_example_takes_the_fast_path_whatever_is_asked_for(self) -> None:
        for name, make, examples in parsers():
            parser = make()
            for fields in field_sets(parser):
                with self.subTest(name, fields=fields):
                    block = (examples[0] + b"\n") * 6
                    bound = parser.bind(fields)
                    self.assertEqual(rows_of(bound(block, FAR_FUTURE), fields), with_care(parser, [examples[0]] * 6, fields))
                    reader = getattr(bound, "_reader", bound)
                    if b'\\"' not in examples[0] or "agent" not in fields:
                        self.assertEqual(reader.missed, 0)

    def test_both_paths_read_mutated_lines_alike(self) -> None:
        for name, make, examples in parsers():
            draw = random.Random(f"7{name}")
            lines = [draw.choice((examples[0], mutated(draw, examples), mutated(draw, examples))) for _ in range(MUTANTS)]
            parser = make()
            for fields in field_sets(parser)[:3]:
                with self.subTest(name, fields=fields):
                    expected = with_care(parser, lines, fields)
                    bound = parser.bind(fields)
                    for start in range(0, len(lines), 30):  # what is learned on the way must not show
                        part = lines[start : start + 30]
                        columns = bound(b"".join(line + b"\n" for line in part), FAR_FUTURE)
                        care = with_care(parser, part, fields)
                        self.assertEqual(rows_of(columns, fields), [reading for reading in care if isinstance(reading, tuple)])
                        self.assertEqual(columns.malformed, sum(isinstance(reading, str) for reading in care))
                    alone = parser.bind(fields)
                    one_by_one = [row for line in lines for row in rows_of(alone(line + b"\n", FAR_FUTURE), fields)]
                    self.assertEqual(one_by_one, [reading for reading in expected if isinstance(reading, tuple)])

    def test_both_paths_read_mutated_lines_behind_directives_alike(self) -> None:
        for name, front, line in (
            *((record.name, *record.example.rsplit(b"\n", 1)) for record in RECORDS[3:5]),
            ("w3c", QUOTING, b'2024-01-01 12:00:00 10.0.0.1 "a b" GET "/a/b c" "d e" 200 5 "x ""y"" z" "http://h/"'),
            ("w3c", QUOTING, b'2024-01-01 12:00:00 10.0.0.1 "a b" GET /a/b - 200 5 "x \\" -'),
            ("w3c", b"#Date: 2024-01-01 11:11:11\n" + QUOTING.replace(b"date ", b""), b"12:00:00 h u GET /a/b c 200 5 x y"),
        ):
            draw = random.Random(line)
            parser = parser_named(name)
            with_care(parser, front.split(b"\n"), [])  # type: ignore[arg-type]
            for fields in field_sets(parser)[:3]:
                lines = [line] * 3 + [
                    draw.choice((line, mutated(draw, [line]), mutated(draw, [line]))) for _ in range(MUTANTS * 2)
                ]
                lines = [line for line in lines if not line.startswith(b"#")]
                care = with_care(parser, lines, fields)  # type: ignore[arg-type]
                for first in (0, 1, 2, 40, 50):  # whose shape is the one that is looked for
                    order = slice(first, None)
                    bound = parser.bind(fields)
                    self.assertEqual(bound(front + b"\n", FAR_FUTURE).malformed, 0)
                    columns = bound(b"".join(line + b"\n" for line in lines[order]), FAR_FUTURE)
                    rest = with_care(parser, lines[order], fields)  # type: ignore[arg-type]
                    with self.subTest(line, fields=fields, first=first):
                        self.assertEqual(rows_of(columns, fields), [reading for reading in rest if isinstance(reading, tuple)])
                        self.assertEqual(columns.malformed, sum(isinstance(reading, str) for reading in rest))
                bound = parser.bind(fields)
                bound(front + b"\n", FAR_FUTURE)
                rows = [row for line in lines for row in rows_of(bound(line + b"\n", FAR_FUTURE), fields)]
                self.assertEqual(rows, [reading for reading in care if isinstance(reading, tuple)])

    def test_quoted_values_take_the_fast_path(self) -> None:
        for line, quick in (
            (b'2024-01-01 12:00:00 10.0.0.1 "a b" GET "/a/b c" - 200 5 "x \\" "http://h/"', True),
            (b"2024-01-01 12:00:00 10.0.0.1 ab GET /a/b - 200 5 x -", True),
            (b'2024-01-01 12:00:00 10.0.0.1 ab GET /a/b - 200 5 "x ""y""" -', False),
        ):
            directive = Directive(QUOTING)
            reader = directive.bind([field for field in FIELDS if field in W3cParser.fields], line)
            reader((line + b"\n") * 5, FAR_FUTURE)
            with self.subTest(line):
                self.assertEqual(getattr(reader, "missed"), 0 if quick else 5)

    def test_sequential_formats_do_not_depend_on_blocks(self) -> None:
        for record in RECORDS[3:5]:
            draw = random.Random(record.name)
            lines = record.example.split(b"\n")
            text = [lines[0]] * 1 + [draw.choice((lines[-1], mutated(draw, lines))) for _ in range(60)]
            text += [b"#Fields: time date c-ip", b"a b c", *lines, b"#Fields: date time cs-method sc-status c-ip"]
            text += [b"2024-01-01 12:00:00 GET 200 192.0.2.7", b"2024-01-01\t12:00:01\tGET\t404\t192.0.2.8"]
            fields = ["section", "size", "source", "status_class", "agent", "duration"]
            whole = record.make().bind(fields)(b"".join(line + b"\n" for line in text), FAR_FUTURE)
            self.assertEqual(whole.values["status_class"][-2:], [b"2", b"4"])
            self.assertEqual(whole.values["agent"][-2:], [b"-", b"-"])
            for size in (1, 2, 7):
                bound = record.make().bind(fields)
                rows: list[object] = []
                malformed = 0
                for start in range(0, len(text), size):
                    columns = bound(b"".join(line + b"\n" for line in text[start : start + size]), FAR_FUTURE)
                    rows += rows_of(columns, fields)
                    malformed += columns.malformed
                with self.subTest(record.name, size=size):
                    self.assertEqual((rows, malformed), (rows_of(whole, fields), whole.malformed))


class WholeRuns(unittest.TestCase):
    """Through the monitor: block sizes down to one byte make no difference, and neither does a change of format."""

    def events(self, log: bytes, size: int, log_format: str = "auto") -> list[Event]:
        processor = AnalyticsProcessor([MostCommonCalculator(10, 5), HighTrafficCalculator(5, 0.5)], buffer_time=1 << 40)
        pieces = [log[start : start + size] for start in range(0, len(log), size)]
        source = open_log(ScriptedSource(pieces), processor, log_format=log_format)
        events = Monitor([source], processor, clock=ManualClock(2e9)).events()
        return [event for event in events if not isinstance(event, (MalformedLine, Notice))]

    def test_every_block_size(self) -> None:
        for row in ROWS:
            if row.name == "test_results":
                continue
            draw = random.Random(row.name)
            *front, last = row.example.split(b"\n")
            lines = [*front, last, *(draw.choice((last, last, mutated(draw, [last]))) for _ in range(12)), last]
            log = b"\n".join(lines) + b"\r\n"
            whole = self.events(log, len(log))
            for size in (1, 7, 100):
                with self.subTest(row.name, size=size):
                    self.assertEqual(self.events(log, size), whole)

    def test_every_block_size_behind_wrappers_and_directives(self) -> None:
        line = LINES[1].example
        data = (line + b"\n").replace(b" 200 ", b" 404 ")
        logs = {
            "syslog": (b"\n".join(prefix + line for prefix in (*PREFIXES_3164, *PREFIXES_5424)) + b"\n" + line + b"\n") * 3,
            "docker": (docker(line) + b"\n" + docker(line)[:-9] + b"\n" + docker(data, tight=False) + b"\r\n") * 6,
            "journal": (journal(line.decode()) + b"\n" + journal(list(data)) + b"\n\n") * 6,
            "journal_export": b"__CURSOR=1\n_PID=1\nMESSAGE=%s\n\n__CURSOR=2\n_PID=1\nMESSAGE\n%s%s\n_X\n%s\n\n\n"
            % (line, len(data).to_bytes(8, "little"), data, (1).to_bytes(8, "little"))
            * 8,
            "w3c": b"".join(
                b"#Date: 2024-01-%02d 00:00:00\n" % day
                + QUOTING.replace(b"date ", b"date " * (day % 2))
                + b"\n"
                + b'2024-01-03 12:00:00 h "a b" GET "/a/b c" "d e" 200 5 "x ""y"" z" -\n'[11 * (1 - day % 2) :]
                + b"12:00:01\th\tu\tGET\t/a\t-\t404\t5\tx\t-\n" * (1 - day % 2)
                for day in (1, 2, 3, 4, 6)
            ),
        }
        for name, log in logs.items():
            whole = self.events(log, len(log))
            summary = whole[-1]
            assert isinstance(summary, Summary)
            self.assertGreater(summary.events, 5, name)
            for size in (1, 7, 100):
                with self.subTest(name, size=size):
                    self.assertEqual(self.events(log, size), whole)

    def test_a_log_that_changes_its_format_goes_on(self) -> None:
        for row in (LINES[2], RECORDS[0], LINES[13]):
            for other in (LINES[2], RECORDS[0], LINES[13], LINES[8]):
                log = (row.example + b"\n") * 30 + (other.example + b"\n") * 20 + b"garbage\n"
                summary = self.events(log, 50)[-1]
                with self.subTest(row.name, other=other.name):
                    assert isinstance(summary, Summary)
                    self.assertEqual((summary.events, summary.malformed), (50, 1))

    def test_a_format_that_was_told_stays(self) -> None:
        log = (LINES[2].example + b"\n") * 3 + (RECORDS[0].example + b"\n") * 2
        summary = self.events(log, 50, "combined")[-1]
        assert isinstance(summary, Summary)
        self.assertEqual((summary.events, summary.malformed), (3, 2))


@unittest.skipIf(sys.gettrace(), "what traces Python code distorts times")
class Hostile(unittest.TestCase):
    """No line takes much longer than good lines of that length, whatever a stranger sends."""

    TIMES = 10
    """As long as so many good ones may one take: the engine of Python 3.11.2 needs four. What is quadratic takes hundreds."""

    LENGTH = 100_000
    UNITS = (
        *(
            b"\\",
            b'\\"',
            b'"',
            b" ",
            b'" ',
            b"[",
            b"/",
            b"a=",
            b"{",
            b'{"a":',
            b"\t",
            b"(",
            b"1",
            b'\\"" 200 5',
            b"[x] ",
            b"a:\t",
        ),
        *(b'""', b'"a" ', b'"a":"b",', b"\\u0041", b"[x ", b'[x y="', b'{"log":"', b"<1>", b"a: ", b"::", b"A=", b"#Date: "),
    )
    INSERTED = (b"\\", b'"', b" ", b'\\"', b"0", b"/", b" [", b'" 200 5 ')

    def lines(self, example: bytes) -> Iterator[bytes]:
        """Every text that means something to a format, over and over: alone, and at the borders of a good line's parts."""
        yield from (unit * (self.LENGTH // len(unit)) for unit in self.UNITS)
        cuts = [found.start() for found in re.finditer(rb'[ "\[/:=\t]', example)][: 40 : 8 if SCALE == 1 else 4] + [
            len(example)
        ]
        for cut in cuts:
            yield from (example[:cut] + unit * (self.LENGTH // len(unit)) + example[cut:] for unit in self.INSERTED)

    def cases(self) -> Iterator[tuple[str, Parser, bytes, bytes]]:
        """Parsers by name, each with what must come before its lines, and a good one."""
        yield from ((name, make(), b"", lines[0]) for name, make, lines in parsers())
        for record in RECORDS[3:5]:
            front, _, line = record.example.rpartition(b"\n")
            yield record.name, record.make(), front + b"\n", line
        line = b'2024-01-01 12:00:00 192.0.2.7 "a b" GET "/a/b c" "d e" 200 5 "x ""y"" z" "http://h/"'
        yield "w3c in quotes", parser_named("w3c"), QUOTING + b"\n", line
        line = LINES[1].example
        for wrapper, wrapped in (
            *(("syslog", prefix + line) for prefix in (PREFIXES_3164[0], PREFIXES_3164[4], PREFIXES_5424[4])),
            *(("docker", docker(line)), ("docker", docker(line.replace(b'"', b"'")))),
            *(("journal", journal(line.decode())), ("journal", journal(list(line)))),
            ("journal_export", b"MESSAGE=" + line),
        ):
            yield f"{wrapper}:common", parser_named(f"{wrapper}:common"), b"", wrapped
        yield "syslog:json", parser_named("syslog:json"), b"", PREFIXES_3164[0] + RECORDS[0].example

    def test_no_line_takes_more_than_linear_time(self) -> None:
        for name, parser, front, example in self.cases():
            bound = parser.bind([field for field in FIELDS if field in parser.fields])
            bound(front + (example + b"\n") * 9, FAR_FUTURE)
            lines = [*front.split(b"\n"), *[example] * (self.LENGTH // len(example))]
            good = partial(with_patience, parser, lines)
            limit = self.TIMES * quickest(good)
            for line in self.lines(example):
                bad = partial(bound, line + b"\n", FAR_FUTURE)
                # A machine that is busy may become slower in between: who is too slow is measured against its neighbour.
                if quickest(bad, 1) > limit and all(quickest(bad, 1) > self.TIMES * quickest(good, 1) for _ in range(3)):
                    self.fail(f"{name}: more than {self.TIMES} times as long as good lines: {line[:60]!r}… {line[-60:]!r}")


def with_patience(parser: Parser, lines: Sequence[bytes]) -> None:
    """Read lines one by one by the careful path."""
    for line in lines:
        with suppress(Malformed):
            if parser.sequential or not parser.skips(line):
                parser.parse_line(line)


class BlankLines(unittest.TestCase):
    """A file may be nothing else: a block of them is seen at a glance, not line by line."""

    BLOCKS = (b"\n" * 5_000, b" \n" * 2_500, b"\r\n\t\n" * 1_250)
    NAMES = ("combined", "json", "logfmt", "w3c", "cloudfront", "syslog:combined", "docker:json")

    def test_they_are_none_that_count_and_cost_next_to_nothing(self) -> None:
        for name in self.NAMES:
            parser = parser_named(name)
            bound = parser.bind(["status"])
            garbage = quickest(partial(bound, b"x\n" * 2_500, FAR_FUTURE))
            for block in self.BLOCKS:
                columns = bound(block, FAR_FUTURE)
                with self.subTest(name, block=block[:4]):
                    self.assertEqual((columns.line_count, columns.malformed), (block.count(b"\n"), 0))
                    self.assertEqual((columns.seconds, list(columns.rows or ()), columns.values), ([], [], {"status": []}))
                    self.assertLess(quickest(partial(bound, block, FAR_FUTURE)) * 10, garbage)

    def test_a_format_is_not_looked_for_in_them(self) -> None:
        for block in self.BLOCKS:
            self.assertEqual(sample_of([block] * 3 + [b"\n\nx\n"]), [b"x"])
            searched = quickest(lambda: sample_of([block]))
            lines = quickest(lambda: [line for line in block.split(b"\n") if not is_blank(line)])
            self.assertLess(searched * 10, lines)


class Detection(unittest.TestCase):
    def test_every_example_and_behind_every_wrapper(self) -> None:
        for row in ROWS:
            for example in row.examples:
                score = detect("x", [example + b"\n"])
                assert score is not None
                with self.subTest(row.name, example=example):
                    self.assertIn(score.parser.name, (row.name, "combined") if row.name == "forwarded" else (row.name,))
                prefixed = b"".join(b"<134>Oct  1 22:14:15 host app[42]: " + line + b"\n" for line in example.split(b"\n"))
                score = detect("x", [prefixed])
                assert score is not None
                self.assertTrue(score.parser.name.startswith("syslog:"), score)

    def test_one_line_of_another_format_does_not_fool_it(self) -> None:
        for number, row in enumerate(ROWS):
            front, _, last = row.example.rpartition(b"\n") if row.name != "test_results" else (b"", b"", row.example)
            for other in ROWS if SCALE > 1 else ROWS[number % 6 :: 6]:
                odd = other.example.rpartition(b"\n")[2]
                for lines in ([odd, front] + [last] * 11, [front] + [last] * 5 + [odd] + [last] * 6):
                    score = detect("x", [b"\n".join(lines) + b"\n"])
                    with self.subTest(row.name, other=other.name, first=lines[0] == odd):
                        self.assertEqual(score.parser.name if score else None, row.name)

    def test_what_is_no_access_log_is_refused(self) -> None:
        for text in (
            b"[Wed Oct 11 14:32:52.1 2000] [core:error] [pid 1:tid 2] [client 192.0.2.7:80] File does not exist: /x",
            b"Feb  6 12:12:09 localhost haproxy[14387]: 10.0.1.2:33313 [06/Feb/2009:12:12:09.655] fnt bck/srv1 0/0/5007 212 --"
            b" 0/0/0/0/3 0/0",
            b"id,name,price\n1,apple,3.5\n2,pear,4",
            b'{"level":"info","ts":1585597114.7,"msg":"started"}',
            b"ts=2024-01-01T00:00:00Z level=info msg=started",
            b"#Software: x\nnothing",
            b"2024-01-01 00:00:00 INFO started",
        ):
            with self.subTest(text), self.assertRaises(Exception) as caught:
                detect("x", [(text + b"\n") * 5])
            self.assertEqual(type(caught.exception).__name__, "FormatError")

    def test_utf_16_and_binary_are_refused_with_a_word(self) -> None:
        for text, word in (
            (("GET /\n" * 9).encode("utf-16"), "UTF-16"),
            (("a b\n" * 9).encode("utf-16-le"), "UTF-16"),
            (
                bytes(range(256)) * 9,
                "binary",
            ),
        ):
            with self.assertRaisesRegex(Exception, word):
                detect("x", [text])

    def test_wrappers_by_name(self) -> None:
        for name in ENVELOPES:
            self.assertEqual(parser_named(f"{name}:combined").name, f"{name}:combined")
        self.assertEqual(parser_named("syslog:" + MAIN).name, "syslog:nginx")


if __name__ == "__main__":
    unittest.main()
