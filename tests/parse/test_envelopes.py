"""What shippers put around a line: that it comes off whole, and that a line says the same alone, in a block, and bare."""

from __future__ import annotations

import json
import random
import time
import unittest

from LogsMonitor2000.errors import FormatError
from LogsMonitor2000.event import WebLogEvent
from LogsMonitor2000.limits import LINE_BYTES_MAX
from LogsMonitor2000.parse.base import Malformed
from LogsMonitor2000.parse.choose import Choice
from LogsMonitor2000.parse.columns import Columns, Sample, joined
from LogsMonitor2000.parse.detect import detect, parser_named
from LogsMonitor2000.parse.drift import Drift
from LogsMonitor2000.parse.envelopes.base import EnvelopeParser
from LogsMonitor2000.parse.envelopes.journal_export import JournalExport
from LogsMonitor2000.parse.envelopes.json import Docker, Journal, JsonEnvelope
from LogsMonitor2000.parse.envelopes.kinds import ENVELOPES, envelopes_of
from LogsMonitor2000.parse.envelopes.syslog import Syslog

from ..support import FAR_FUTURE

COMBINED = rb'192.0.2.7 - frank [10/Oct/2000:13:55:36 -0700] "GET /a/b\"c?d=\x16 HTTP/1.0" 200 2326 "http://h/" "Mozilla \\ x"'
JSON = (
    b'{"time":"2000-10-10T13:55:36-07:00","remote_addr":"192.0.2.7","remote_user":"frank","request":"GET /a/b?\xc3\xa9 HTTP/1.0",'
    b'"status":200,"body_bytes_sent":2326,"http_user_agent":"Mozilla \\" x"}'
)
LTSV = b"time:[10/Oct/2000:13:55:36 -0700]\thost:192.0.2.7\tuser:frank\treq:GET /a/b HTTP/1.0\tstatus:200\tsize:2326\tua:Mozilla \xff"
INNER = {"combined": COMBINED, "json": JSON, "ltsv": LTSV}
BROKEN = {"combined": COMBINED.replace(b" 200 ", b" 20x "), "json": JSON[:-9], "ltsv": LTSV.replace(b":200", b":20x")}
FIELDS = ("agent", "method", "path", "section", "size", "source", "status", "status_class", "target", "user")

PREFIXES_3164 = (
    b"<134>Oct 11 22:14:15 host haproxy[4321]: ",
    b"<13>Oct  1 22:14:15 host nginx: ",
    b"Oct 11 22:14:15 host nginx: ",
    b"<134>Oct 11 22:14:15 nginx: ",
    b"<134>Oct 11 22:14:15 2001:db8::1 a/b-c.d[x-1]: ",
    b"<134>Oct 11 22:14:15 fe80::1%eth0 nginx: ",
    b"<134>Oct 11 22:14:15 ::ffff:192.0.2.7 nginx[1]:",
    b"<134>Oct 11 2003 22:14:15.123: host nginx: ",
    b"<134>2003-10-11T22:14:15.003Z host nginx[1]: ",
    b"2003-10-11T22:14:15+02:00 host nginx: ",
    b"<134>Oct 11 22:14:15 host nginx:",
)
PREFIXES_5424 = (
    b"<134>1 2003-10-11T22:14:15.003Z host app 4321 ID47 - ",
    b"<0>1 - - - - - - ",
    b"<134>1 2003-10-11T22:14:15.003Z host app 4321 ID47 - \xef\xbb\xbf",
    b'<134>1 2003-10-11T22:14:15.003Z host app - - [id@1 a="b" c=""] ',
    b'<134>1 2003-10-11T22:14:15.003Z host app - - [id@1 a="\\"]\\\\"][x y="[]"] ',
    b"<134>1 2003-10-11T22:14:15.003Z host app - - [id@1] \xef\xbb\xbf",
)
PREFIXES = PREFIXES_3164 + PREFIXES_5424
PREFIXED = {
    "cri": (b"2024-10-10T13:55:36.123456789Z stdout F ", b"2024-10-10T13:55:36+02:00 stderr F:tag "),
    "compose": (b"nginx-1  | ", b"\x1b[36mweb-1 | \x1b[0m", b"web.1.abc@node    | ", b"web-1  | 2024-10-10T13:55:36.1Z "),
    "kubectl": (b"[pod/x-1/y] ", b"[pod/x-1/y] 2024-10-10T13:55:36.1Z ", b"2024-10-10T13:55:36Z "),
    "log4j": (b"13:55:36.123 [qtp-64-1] INFO o.e.j.s.RequestLog - ", b"2024-10-10 13:55:36,123 INFO [x y] a.B - "),
    "awslogs": (b"2024-10-10T13:55:36.123000+00:00 ecs/nginx/0123 ", b"2024-10-10T13:55:36 ecs/nginx/0123 "),
    "stern": (b"ingress-abc controller ", b"\x1b[32mingress-abc\x1b[0m \x1b[33mcontroller\x1b[0m "),
}
BROKEN_PREFIXES = (
    b"<134>Oct 11 22:14 host nginx: ",
    b"<134>Oct 11 22:14:15 host nginx ",
    b"<1345>Oct 11 22:14:15 host nginx: ",
    b"<134> Oct 11 22:14:15 host nginx: ",
    b"<134>October 11 22:14:15 host nginx: ",
    b"<134>1 2003-10-11T22:14:15Z host app 4321 - ",
    b'<134>1 2003-10-11T22:14:15Z host app 4321 ID47 [a b="c" ',
    b"<134>1 2003-10-11T22:14:15Z host app 4321 ID47 -",
    b"<134>",
)


def text_of(line: bytes) -> str:
    return line.decode("utf-8", "surrogateescape")


def dumped(record: object, ascii_only: bool = False, tight: bool = True) -> bytes:
    separators = (",", ":") if tight else (", ", ": ")
    return json.dumps(record, ensure_ascii=ascii_only, separators=separators).encode("utf-8", "surrogateescape")


def docker(line: bytes, ascii_only: bool = False, tight: bool = True, end: str = "\n") -> bytes:
    record = {"log": text_of(line) + end, "stream": "stdout", "time": "2000-10-10T20:55:37.123456789Z"}
    return dumped(record, ascii_only, tight)


def journal(message: object, first: bool = False) -> bytes:
    rest = {"__CURSOR": "s=1;i=2", "PRIORITY": "6", "_PID": "42", "SYSLOG_IDENTIFIER": "nginx"}
    return dumped({"MESSAGE": message, **rest} if first else {**rest, "MESSAGE": message})


def wrappings(line: bytes) -> list[tuple[str, bytes]]:
    """`line` in everything that there is, each with the wrapper's name."""
    return [
        *(("syslog", prefix + line) for prefix in PREFIXES),
        *(("docker", docker(line, end=end)) for end in ("\n", "\r\n", "")),
        ("docker", docker(line, tight=False)),
        ("docker", docker(line, ascii_only=True)),
        ("docker", b'{"stream":"stdout",' + docker(line)[1:]),
        ("journal", journal(text_of(line))),
        ("journal", journal(text_of(line), first=True)),
        ("journal", journal(list(line))),
        ("beats", dumped({"@timestamp": "2000-10-10T20:55:37.1Z", "message": text_of(line), "host": {"name": "h"}})),
        ("loki", dumped({"labels": {"app": "x"}, "line": text_of(line), "timestamp": "2000-10-10T20:55:37.1Z"})),
        *((name, prefix + line) for name, prefixes in PREFIXED.items() for prefix in prefixes),
    ]


class WrapperCase(unittest.TestCase):
    def said(self, name: str, line: bytes) -> WebLogEvent | str | None:
        """The event of a line, or what is wrong with it."""
        try:
            return parser_named(name).parse_line(line)
        except Malformed as error:
            return str(error)

    def columns(self, name: str, block: bytes, horizon: int = FAR_FUTURE) -> Columns:
        return parser_named(name).bind(FIELDS)(block, horizon)


class Unwrapping(WrapperCase):
    def test_every_field_is_what_it_is_without(self) -> None:
        self.maxDiff = None
        for inner, line in INNER.items():
            event, columns = self.said(inner, line), self.columns(inner, line + b"\n")
            assert isinstance(event, WebLogEvent)
            self.assertEqual((event.time, event.user, event.status, event.size), (971211336, "frank", 200, 2326))
            self.assertEqual((columns.seconds, columns.malformed), ([971211336], 0))
            for wrapper, wrapped in wrappings(line):
                with self.subTest(inner, wrapped=wrapped):
                    self.assertEqual(self.said(f"{wrapper}:{inner}", wrapped), event)
                    self.assertEqual(self.columns(f"{wrapper}:{inner}", wrapped + b"\n"), columns)
                    self.assertEqual(self.columns(f"{wrapper}:{inner}", wrapped + b"\r\n"), columns)
                    self.assertIn(wrapper, [kind for kind, make in ENVELOPES.items() if make().encloses(wrapped)])

    def test_a_broken_line_inside_is_malformed_as_it_is_without(self) -> None:
        for inner, line in BROKEN.items():
            why = self.said(inner, line)
            assert isinstance(why, str)
            self.assertTrue(why)
            for wrapper, wrapped in wrappings(line):
                with self.subTest(inner, wrapped=wrapped):
                    self.assertEqual(self.said(f"{wrapper}:{inner}", wrapped), why)
                    columns = self.columns(f"{wrapper}:{inner}", wrapped + b"\n")
                    self.assertEqual((columns.malformed, columns.seconds), (1, []))
                    self.assertEqual([(sample.line, sample.reason) for sample in columns.samples], [(0, why)])

    def test_a_line_without_is_malformed(self) -> None:
        for inner, line in INNER.items():
            for wrapper, make in ENVELOPES.items():
                with self.subTest(inner, wrapper=wrapper):
                    self.assertFalse(make().encloses(line))
                    self.assertEqual(self.said(f"{wrapper}:{inner}", line), make().missing)
                    columns = self.columns(f"{wrapper}:{inner}", line + b"\n\n" + line + b"\r\n")
                    self.assertEqual(columns.samples, [Sample(0, make().missing, line), Sample(2, make().missing, line)])
                    self.assertEqual((columns.line_count, columns.seconds), (3, []))

    def test_where_the_format_was_recognised_a_log_may_lose_its_wrapping(self) -> None:
        line = COMBINED.replace(rb"\"", b"")
        for wrapper, wrapped in [*wrappings(line), ("docker", docker(JSON))]:
            bare = line if line[:40] in wrapped or wrapper == "journal" else JSON
            known = Choice().choose("x", [(wrapped + b"\n") * 5])
            assert known is not None
            with self.subTest(wrapped):
                columns = known.bind(["source"], frozenset())((bare + b"\n" + wrapped + b"\n") * 2, FAR_FUTURE)
                self.assertEqual((columns.values["source"], columns.malformed), ([b"192.0.2.7"] * 4, 0))
        for prefix in (
            *BROKEN_PREFIXES,
            b"<134>host ",
            b"2003-10-11T22:14:15+02:00 ",
        ):  # such a line would look like vhost_combined
            parser = parser_named("syslog:combined")
            with self.subTest(prefix):
                self.assertEqual(parser.bind([], Drift(parser.name))(prefix + line + b"\n", FAR_FUTURE).malformed, 1)

    def test_future_and_too_long(self) -> None:
        long = LTSV + b"\tx:" + b"y" * LINE_BYTES_MAX
        for wrapper, make in (("docker", docker), ("journal", lambda line: journal(text_of(line)))):
            for line, horizon, why in (
                (LTSV, 971211335, "future"),
                (long, FAR_FUTURE, f"longer than {LINE_BYTES_MAX:,} bytes"),
            ):
                with self.subTest(wrapper, why=why):
                    columns = self.columns(f"{wrapper}:ltsv", make(line) + b"\n", horizon)
                    self.assertEqual([sample.reason for sample in columns.samples], [why])


class Prefixes(WrapperCase):
    def test_what_comes_off(self) -> None:
        for prefix in PREFIXES:
            for line in (b"x", b"- y: z", b"[a] b", b"Oct", b"<1>", b""):
                with self.subTest(prefix, line=line):
                    if not (prefix.endswith(b"\xbf") and not line):
                        self.assertEqual(Syslog().open_line(prefix + line), line)
                        self.assertEqual(Syslog().open((prefix + line + b"\n") * 3), [line + b"\n"] * 3)

    def test_only_one_comes_off(self) -> None:
        twice = PREFIXES[0] + PREFIXES[0] + b"x"
        self.assertEqual(Syslog().open_line(twice), PREFIXES[0] + b"x")

    def test_behind_a_broken_one_is_nothing(self) -> None:
        for prefix in BROKEN_PREFIXES:
            for inner, line in INNER.items():
                wrapped = prefix + line
                with self.subTest(wrapped):
                    if inner != "json" and b'="c" ' in prefix:
                        continue  # the quotes of the line inside may close what the prefix leaves open
                    self.assertFalse(Syslog().encloses(wrapped))
                    self.assertEqual(Syslog().open(wrapped + b"\n"), [None])
                    self.assertEqual(Syslog().open(wrapped + PREFIXES[0] + b"x\n"), [None])
                    # Formats that are lenient about how a line begins would take a part of it for a client or a user.
                    self.assertEqual(self.said(f"syslog:{inner}", wrapped), Syslog.missing)
                    columns = self.columns(f"syslog:{inner}", wrapped + b"\n")
                    self.assertEqual([sample.reason for sample in columns.samples], [Syslog.missing])

    def test_a_message_may_be_missing_anywhere_in_a_block(self) -> None:
        empty = b"<134>1 - - - - - -"
        self.assertEqual(Syslog().open_line(empty), b"")
        for end in (b"\n", b"\r\n"):
            for position in range(4):
                lines = [PREFIXES_5424[1] + LTSV + end] * 3
                lines.insert(position, empty + end)
                with self.subTest(position, end=end):
                    columns = self.columns("syslog:ltsv", b"".join(lines))
                    self.assertEqual((columns.line_count, columns.malformed, len(columns.seconds)), (4, 0, 3))


class Records(WrapperCase):
    def test_what_comes_off(self) -> None:
        table: list[tuple[type[JsonEnvelope], bytes, bytes]] = [
            (Docker, rb'{"log":"a\n","stream":"stdout"}', b"a"),
            (Docker, rb'{"log":"a","stream":"stdout"}', b"a"),
            (Docker, rb'{"log":"a\n"}', b"a"),
            (Docker, rb' { "stream" : "stderr", "log" : "a\r\n" } ', b"a"),
            (Docker, rb'{"log":"\n","stream":"stdout"}', b""),
            (Docker, rb'{"log":"","stream":"stdout"}', b""),
            (Docker, rb'{"log":"a\n\n","stream":"stdout"}', b"a"),
            (Docker, rb'{"log":"a\nb\n","stream":"stdout"}', b"a b"),
            (Docker, rb'{"log":"a\\nb\n","stream":"stdout"}', rb"a\nb"),
            (Docker, rb'{"log":"\"\\\/\b\f\t\u0041\u003c\u00e9\u20ac\n","x":1}', '"\\/\b\f\tA<é€'.encode()),
            (Docker, rb'{"log":"\ud83d\ude00\n","x":1}', "😀".encode()),
            (Docker, rb'{"log":"a\ud83d b\n","x":1}', rb"a\ud83d b"),
            (Docker, b'{"log":"\xff\\t\xfe\\n","x":1}', b"\xff\t\xfe"),
            (Docker, b'{"log":"\xff\\n","x":1}', b"\xff"),
            (Docker, b'{"log":"a\tb\\"\\n","x":1}', b'a\tb"'),
            (Docker, rb'{"log":"a","attrs":{"log":"b"}}', b"a"),
            (Journal, rb'{"MESSAGE":"a","x":1}', b"a"),
            (Journal, rb'{"x":[{"MESSAGE":"b"}],"MESSAGE":"a\u0000"}', b"a\0"),
            (Journal, b'{"MESSAGE":[97,98,255,9],"x":1}', b"ab\xff\t"),
            (Journal, b'{"MESSAGE":[195,169,10]}', b"\xc3\xa9"),
            (Journal, b'{"MESSAGE":[97,10,98]}', b"a b"),
            (Journal, b'{"MESSAGE":[]}', b""),
        ]
        for kind, line, want in table:
            with self.subTest(line):
                self.assertEqual(kind().open_line(line), want)
                self.assertEqual(kind().open((line + b"\n") * 2 + line + b"\r\n"), [want + b"\n"] * 3)
                self.assertTrue(kind().encloses(line))

    def test_what_is_none_is_malformed(self) -> None:
        whole, plain = docker(COMBINED), docker(LTSV.replace(b"\t", b"  "))
        table: list[tuple[str, bytes]] = [
            *(("docker", whole[:end]) for end in range(1, len(whole))),
            *(("docker", plain[:end]) for end in range(1, len(plain))),
            *(("journal", journal(text, first=True)[:end]) for text in ("a", "b\t") for end in range(1, 60, 3)),
            ("docker", plain + b"x"),
            ("docker", plain[:-1] + b',"log":7}'),
            ("docker", whole + b"}"),
            ("docker", b"[" + whole + b"]"),
            ("docker", b'"log"'),
            ("docker", whole.replace(b'"log"', b'"Log"')),
            ("docker", b'{"log":null}'),
            ("docker", b'{"log":7}'),
            ("docker", b'{"log":{"log":"x"}}'),
            ("docker", b'{"log":"\\x"}'),
            ("docker", b'{"log":"\\u12"}'),
            ("docker", b'{"log":"x","y":' + b"1" * 5_000 + b"}"),
            ("docker", b'{"log":' + b"[" * 100_000),
            ("journal", whole),
            ("journal", b'{"MESSAGE":null}'),
            ("journal", b'{"MESSAGE":[256]}'),
            ("journal", b'{"MESSAGE":[-1]}'),
            ("journal", b'{"MESSAGE":[97.5]}'),
            ("journal", b'{"MESSAGE":["a","b"]}'),
            ("journal", b'{"MESSAGE":[[97],[98]]}'),
        ]
        for wrapper, line in table:
            for inner in INNER:
                with self.subTest(line[:300], inner=inner):
                    why = self.said(f"{wrapper}:{inner}", line)
                    assert isinstance(why, str)
                    self.assertTrue(why)
                    columns = self.columns(f"{wrapper}:{inner}", line + b"\n")
                    self.assertEqual([sample.reason for sample in columns.samples], [why])

    def test_the_quick_way_and_the_decoder_agree(self) -> None:
        rng = random.Random(7)
        alphabet = ["a", " ", "\t", "é", "\udcff", '"', "\\", "\\n", "\n", "\r", "/", "{", "}", ",", '",', "😀", "\0"]
        for kind in (Docker, Journal):
            wrapper = kind()
            for _ in range(300):
                text = "".join(rng.choices(alphabet, k=rng.randrange(8)))
                want = text.rstrip("\r\n").replace("\n", " ").encode("utf-8", "surrogateescape")
                for record in ({kind.key: text, "x": "y"}, {"x": "y", kind.key: text}):
                    for tight in (True, False):
                        line = dumped(record, tight=tight)
                        self.assertEqual(wrapper.open_line(line), want, line)
                        self.assertEqual(wrapper.open(line + b"\n"), [want + b"\n"], line)


def field(name: bytes, data: bytes) -> bytes:
    """A field of a journal's record as it is written when it is not printable."""
    return name + b"\n" + len(data).to_bytes(8, "little") + data + b"\n"


class Export(WrapperCase):
    """`journalctl -o export`: records of many lines."""

    FRONT = b"__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=971211336000000\n_PID=42\n"
    BACK = b"SYSLOG_IDENTIFIER=nginx\n_CMDLINE=nginx: MESSAGE=x\n\n"
    SOURCE = b"192.0.2.7"

    def record(self, *fields: bytes) -> bytes:
        return self.FRONT + b"".join(fields) + self.BACK

    def test_records(self) -> None:
        text, other = b"MESSAGE=" + COMBINED + b"\n", field(b"_SELINUX_CONTEXT", b"unconfined\n")
        lacks = JournalExport.missing
        table: tuple[tuple[str, bytes, int, list[tuple[int, str]]], ...] = (
            ("text", self.record(text) * 3, 3, []),
            ("the message is first", text + self.FRONT + b"\n" + text, 2, []),
            ("lines end in CRLF", self.record(text).replace(b"\n", b"\r\n") * 2, 2, []),
            ("not printable", self.record(field(b"MESSAGE", COMBINED + b"\xff\0")) * 2 + self.record(text), 3, []),
            ("an end of line", self.record(field(b"MESSAGE", COMBINED + b"\n")), 1, []),
            ("several lines", self.record(field(b"MESSAGE", COMBINED.replace(b" Moz", b"\nMoz"))) * 2, 2, []),
            ("several empty lines", self.record(field(b"MESSAGE", COMBINED + b"\n\n\n")), 1, []),
            ("an end of line in the length", self.record(field(b"MESSAGE", COMBINED.ljust(0x0A0A))) * 2, 2, []),
            ("another field", self.record(other, text) * 2, 2, []),
            ("another field holds what looks like a message", self.record(field(b"X", b"a\n" + text + b"\n"), text), 1, []),
            ("an empty field", self.record(field(b"MESSAGE", b""), field(b"X", b""), text), 1, []),
            ("no message", self.record() * 5, 0, []),
            ("no access", self.record(b"MESSAGE=Started nginx.\n", text), 1, [(3, "")]),
            ("a line of something else", self.record(b"some thing\n", text), 1, [(3, lacks)]),
            ("a bare line", self.record(COMBINED + b"\n", text), 1, [(3, lacks)]),
            (
                "a length too small",
                self.record(b"MESSAGE\n" + (3).to_bytes(8, "little") + COMBINED + b"\n", text),
                1,
                [(4, lacks)],
            ),
            ("a length beyond all", self.record(b"MESSAGE\n" + b"\xff" * 8 + COMBINED + b"\n", text), 1, [(4, lacks)]),
            ("cut off", self.record(text) + self.FRONT + b"MESSAGE\n" + COMBINED[:3] + b"\n", 1, []),
        )
        for name, block, events, wrong in table:
            with self.subTest(name):
                columns = self.columns("journal_export:combined", block)
                self.assertEqual(columns.values["source"], [self.SOURCE] * events)
                self.assertEqual(columns.line_count, block.count(b"\n"))
                found = [(sample.line, sample.reason) for sample in columns.samples]
                self.assertEqual([number for number, _ in found], [number for number, _ in wrong])
                self.assertTrue(all(said == want for (_, said), (_, want) in zip(found, wrong) if want), found)

    def test_it_does_not_matter_where_a_block_ends(self) -> None:
        rng = random.Random(3)
        messages = (b"MESSAGE=" + COMBINED + b"\n", field(b"MESSAGE", COMBINED + b"\xff\n\n"), field(b"X", b"\n" * 10), b"?\n")
        for _ in range(40):
            log = b"".join(self.record(*rng.choices(messages, k=rng.randrange(3))) for _ in range(8))
            lines = log.split(b"\n")[:-1]
            whole = self.columns("journal_export:combined", log)
            for size in (1, 2, 5):
                bound = parser_named("journal_export:combined").bind(FIELDS)
                blocks = [b"".join(line + b"\n" for line in lines[i : i + size]) for i in range(0, len(lines), size)]
                parts = [bound(block, FAR_FUTURE) for block in blocks]
                self.assertEqual(joined(parts, FIELDS), whole)

    def test_one_line_at_a_time_and_recognised(self) -> None:
        parser = parser_named("journal_export:combined")
        self.assertTrue(parser.sequential)
        self.assertEqual([parser.skips(line) for line in self.BACK.split(b"\n")], [True] * 4)
        self.assertEqual(parser.parse_line(b"MESSAGE=" + COMBINED), self.said("combined", COMBINED))
        line = COMBINED.replace(rb"\"", b"").replace(b"\\", b"")
        score = detect("x", [self.record(b"MESSAGE=" + line + b"\n") * 20])
        assert score is not None
        self.assertEqual((score.parser.name, score.read), ("journal_export:combined", score.lines))
        with self.assertRaises(FormatError):
            detect("x", [self.record(b"MESSAGE=Started nginx.\n") * 20])

    def test_a_field_that_goes_on_and_on(self) -> None:
        bound = parser_named("journal_export:combined").bind(["source"])
        bound(b"MESSAGE\n" + (LINE_BYTES_MAX).to_bytes(8, "little"), FAR_FUTURE)
        begun = time.process_time()
        for _ in range(20):
            bound(b"\n" * 60_000, FAR_FUTURE)
        self.assertLess(time.process_time() - begun, 20)
        columns = bound(self.record(b"MESSAGE=" + COMBINED + b"\n") * 2, FAR_FUTURE)
        self.assertEqual(columns.values["source"], [self.SOURCE] * 2)


class Blocks(WrapperCase):
    def test_a_block_says_what_its_lines_say(self) -> None:
        rng = random.Random(11)
        for inner, line in INNER.items():
            pool: dict[str, list[bytes]] = {name: [b"", b"garbage", line, BROKEN[inner]] for name in ENVELOPES}
            pool["syslog"] += [prefix + line for prefix in BROKEN_PREFIXES] + [b"<134>1 - - - - - -"]
            pool["docker"] += [docker(line)[:-30], b'{"log":7}', b'{"log":"x\\ny"}']
            pool["journal"] += [journal(text_of(line))[:-3], b'{"MESSAGE":[300]}']
            for text in (line, BROKEN[inner]):
                for wrapper, wrapped in wrappings(text):
                    pool[wrapper] += [wrapped, wrapped + b"\r"]
            for wrapper, choices in pool.items():
                for _ in range(12):
                    lines = rng.choices(choices, k=rng.randrange(1, 12))
                    with self.subTest(inner, lines=lines):
                        self.check(f"{wrapper}:{inner}", lines)

    def check(self, name: str, lines: list[bytes]) -> None:
        columns = self.columns(name, b"".join(line + b"\n" for line in lines))
        alone = [self.columns(name, line + b"\n") for line in lines]
        self.assertEqual(columns.line_count, len(lines))
        self.assertEqual(columns.seconds, [second for one in alone for second in one.seconds])
        self.assertEqual(columns.malformed, sum(one.malformed for one in alone))
        rows = range(len(lines)) if columns.rows is None else columns.rows
        self.assertEqual(list(rows), [number for number, one in enumerate(alone) if one.seconds])
        self.assertEqual(list(columns.rejected), [number for number, one in enumerate(alone) if one.malformed])
        for field, column in columns.values.items():
            self.assertEqual(column, [value for one in alone for value in one.values[field]], field)
        wrong = [sample._replace(line=number) for number, one in enumerate(alone) for sample in one.samples]
        self.assertEqual(columns.samples, wrong[: len(columns.samples)])
        # The careful path, which takes a line at a time.
        for line, one in zip(lines, alone):
            said = self.said(name, line.removesuffix(b"\r"))
            if isinstance(said, WebLogEvent):
                self.assertEqual(one.seconds, [said.time])
                for field in ("agent", "path", "source", "user"):
                    self.assertEqual(one.values[field], [getattr(said, field).encode("utf-8", "surrogateescape")])
                self.assertEqual(
                    (one.values["status"], one.values["size"]), ([b"%d" % (said.status or 0)], [b"%d" % said.size])
                )
            elif one.malformed:
                self.assertEqual([sample.reason for sample in one.samples], [said])
            else:
                self.assertEqual((one.seconds, one.line_count), ([], 1))  # blank

    def test_a_csv_header_inside_is_no_line(self) -> None:
        header = b'"remotehost","rfc931","authuser","date","request","status","bytes"'
        line = b'"10.0.0.2","-","apache",1549573860,"GET /api/user HTTP/1.0",200,1234'
        for name, lines in (
            ("docker:csv", (docker(header), docker(line))),
            ("journal:csv", (journal(text_of(header)), journal(list(line)))),
            ("syslog:csv", (PREFIXES[0] + header, PREFIXES[0] + line)),
        ):
            with self.subTest(name):
                self.assertTrue(parser_named(name).skips(lines[0]))
                columns = parser_named(name).bind(["section"])(b"".join(text + b"\n" for text in lines), FAR_FUTURE)
                self.assertEqual((columns.malformed, columns.values), (0, {"section": [b"/api"]}))


class Recognising(WrapperCase):
    def test_the_wrapping_and_the_format_inside(self) -> None:
        for inner, line in {**INNER, "combined": COMBINED.replace(rb"\"", b"").replace(b"\\", b"")}.items():
            for wrapper, wrapped in wrappings(line):
                with self.subTest(wrapped):
                    score = detect("x", [(wrapped + b"\n") * 5])
                    assert score is not None
                    self.assertEqual((score.parser.name, score.read, score.lines), (f"{wrapper}:{inner}", 5, 5))

    def test_most_lines_have_it(self) -> None:
        for wrapper, wrapped in wrappings(LTSV):
            with self.subTest(wrapped):
                self.assertIn(wrapper, [found.name for found in envelopes_of([wrapped, wrapped, LTSV])])
                self.assertNotIn(wrapper, [found.name for found in envelopes_of([wrapped, LTSV])])
        for line in (*INNER.values(), b"", b"{", b"<", b'{"log":7}', b'{"log":7,"MESSAGE":8}'):
            self.assertEqual(envelopes_of([line] if line else [b"-"]), [], line)


if __name__ == "__main__":
    unittest.main()
