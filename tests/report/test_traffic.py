"""The traffic report against a count of its lines one by one; its pages, tables and text whatever strangers wrote."""

from __future__ import annotations

from collections import Counter
import io
import json
import random
import re
from typing import Any
from unittest import main, mock
import zipfile

from LogsMonitor2000.parse.choose import Choice
from LogsMonitor2000.report.compare import changes
from LogsMonitor2000.report.engine import run_reports
from LogsMonitor2000.report.measured import recognised
from LogsMonitor2000.report.piece import pieces_of
from LogsMonitor2000.report.render.csv import defused
from LogsMonitor2000.report.series import LADDER, STEPS_MAX, Series
from LogsMonitor2000.report.traffic import TrafficReport

from .cutting import Cutting

START = 1_700_000_000
LINE = '{source} - {user} [{time}] "{method} {path} HTTP/1.1" {status} {size} "{referrer}" "{agent}" {duration:.3f}\n'
HOSTILE = (
    "/<script>alert(1)</script>",
    '/"><img src=x onerror=1>',
    "/\u202eevil",
    "/" + "x" * 3000,
    "/=1+1",
    "/a\x01b",
    "/&amp;",
)


def event(draw: random.Random, second: int, paths: tuple[str, ...] = ("/a/b", "/a/c", "/d", "/e/f?x=1")) -> dict[str, Any]:
    return {
        "source": f"10.0.0.{draw.randrange(9)}",
        "user": draw.choice(("-", "ann", "bob")),
        "second": second,
        "method": draw.choice(("GET", "POST")),
        "path": draw.choice(paths),
        "status": draw.choice((200, 200, 200, 301, 404, 503)),
        "size": draw.choice(("-", 0, 17, 4000)),
        "referrer": draw.choice(("-", "http://a/b")),
        "agent": draw.choice(("curl/8.0", "Mozilla/5.0 (X11; Linux x86_64; rv:99.0) Gecko Firefox/99.0", "Googlebot/2.1")),
        "duration": draw.choice((0.01, 0.2, 3.0)),
    }


def line(fields: dict[str, Any]) -> bytes:
    from datetime import datetime, timezone

    time = datetime.fromtimestamp(fields["second"], timezone.utc).strftime("%d/%b/%Y:%H:%M:%S +0000")
    return LINE.format(time=time, **fields).encode("utf-8", "surrogateescape")


def ranked(events: list[dict[str, Any]], key: Any) -> list[list[Any]]:
    """[value, hits, bytes, errors], heaviest first."""
    hits: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    errors: Counter[str] = Counter()
    for each in events:
        value = key(each)
        hits[value] += 1
        sizes[value] += 0 if each["size"] == "-" else each["size"]
        errors[value] += each["status"] >= 500
    return [
        [value, hits[value], sizes[value], errors[value]] for value in sorted(hits, key=lambda value: (-hits[value], value))
    ]


class Traffic(Cutting):
    def report(self, paths: list[str], piece_bytes: int = 1 << 24, jobs: int = 1, **bounds: int) -> dict[str, Any]:
        report = TrafficReport()
        for name, value in bounds.items():
            setattr(report, name, value)
        with mock.patch("LogsMonitor2000.report.piece.PIECE_BYTES", piece_bytes):
            pieces = recognised(pieces_of(paths), Choice("timed"), self.fail)
        (state,) = run_reports([report], pieces, jobs)
        return report.result(state)

    def test_any_log_in_any_pieces_and_processes_is_what_its_lines_say(self) -> None:
        draw = random.Random(8)
        for case in range(8):
            events = [event(draw, START + draw.randrange(60 * 10 ** draw.randrange(1, 5))) for _ in range(200)]
            lines = [line(each) for each in events] + [b"bad line\n"] * draw.randrange(4)
            draw.shuffle(lines)
            path = self.file(f"{case}.log", b"".join(lines))
            whole = self.report([path])
            with self.subTest(case=case):
                self.check(whole, events, len(lines))
                self.assertEqual(self.report([path], draw.randrange(200, 9000)), whole)
        self.assertEqual(self.report([path], 5000, 2), whole)

    def check(self, found: dict[str, Any], events: list[dict[str, Any]], lines: int) -> None:
        seconds = [each["second"] for each in events]
        self.assertEqual((found["from"], found["until"]), (min(seconds), max(seconds) + 1))
        self.assertEqual((found["lines"], found["events"], found["malformed"]), (lines, len(events), lines - len(events)))
        self.assertEqual(found["statuses"], dict(sorted(Counter(f"{each['status'] // 100}xx" for each in events).items())))
        step = found["series"]["step"]
        self.assertLessEqual(max(seconds) // step - min(seconds) // step + 1, STEPS_MAX)
        hits = Counter(second // step * step for second in seconds)
        errors = Counter(each["second"] // step * step for each in events if each["status"] >= 500)
        self.assertEqual(
            [[point[0], point[1], point[3]] for point in found["series"]["points"]],
            [[second, hits[second], errors[second]] for second in sorted(hits)],
        )

        def path(each: dict[str, Any]) -> str:
            return str(each["path"]).partition("?")[0]

        top = found["top"]
        self.assertEqual(top["source"], ranked(events, lambda each: each["source"]))
        self.assertEqual(top["path"], ranked(events, path))
        self.assertEqual(top["section"], ranked(events, lambda each: "/" + path(each).split("/")[1]))
        self.assertEqual(top["not_found"], ranked([each for each in events if each["status"] == 404], path))
        self.assertEqual(top["server_errors"], ranked([each for each in events if each["status"] >= 500], path))
        self.assertEqual([row[0] for row in top["bot"]], ["Googlebot"])
        self.assertEqual(sum(row["count"] for row in found["durations"]), len(events))
        self.assertEqual(sum(found["week"]), len(events))

    def test_a_range_of_time(self) -> None:
        draw = random.Random(2)
        events = [event(draw, START + n) for n in range(100)]
        path = self.file("a.log", b"".join(map(line, events)))
        found = self.report([path], since=START + 10, until=START + 30)
        self.assertEqual((found["events"], found["lines"], found["from"], found["until"]), (20, 100, START + 10, START + 30))
        self.assertEqual(found["top"]["source"], ranked(events[10:30], lambda each: each["source"]))

    def test_malformed_lines_are_shown_with_their_place(self) -> None:
        good = line(event(random.Random(1), START))
        first = self.file("a.log", good * 3 + b"bad\n" + good)
        second = self.file("b.log", good * 4 + b"worse\n")
        for piece_bytes in (1 << 24, len(good)):
            with self.subTest(piece_bytes=piece_bytes):
                samples = self.report([first, second], piece_bytes)["samples"]
                self.assertEqual(
                    [(path, number, text) for path, number, _, text in samples], [(first, 4, "bad"), (second, 5, "worse")]
                )

    def test_what_strangers_write_is_text_in_every_output(self) -> None:
        draw = random.Random(3)
        events = [event(draw, START + n, HOSTILE) for n in range(100)]
        path = self.file("<i>.log", b"".join(map(line, events)) + b"<b>bad\x1b[31m\n")
        result = self.report([path])
        report = TrafficReport()
        shown = report.render(result, "html").decode()
        for raw in ("<script>alert", "<img", "\u202e", "\x1b", "\x01", "<b>bad", "<i>.log", "x" * 200):
            self.assertNotIn(raw, shown)
        self.assertLess(len(shown), 1 << 20)
        (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', shown)
        self.assertNotIn("unsafe", policy)
        self.assertNotRegex(shown, r'\s(?:src|href|style|on\w+)="(?!#)')
        text = report.render(result, "text").decode()
        self.assertTrue(all(character.isprintable() or character == "\n" for character in text))
        json.loads(report.render(result, "json"))
        with zipfile.ZipFile(io.BytesIO(report.render(result, "csv"))) as archive:
            table = archive.read("top_path.csv").decode()
        self.assertNotIn("\u202e", table)
        self.assertEqual(report.render(result, "html"), report.render(result, "html"))

    def test_addresses_are_cut_on_request(self) -> None:
        draw = random.Random(4)
        path = self.file("a.log", b"".join(line(event(draw, START + n)) for n in range(50)) + b"10.0.0.77 is bad\n")
        report = TrafficReport({"anonymize": True})
        (state,) = run_reports([report], recognised(pieces_of([path]), Choice("timed"), self.fail))
        result = report.result(state)
        self.assertEqual([row[:2] for row in result["top"]["source"]], [["10.0.0.0/24", 50]])
        for output in ("text", "json", "html"):
            self.assertNotRegex(report.render(result, output).decode(), r"10\.0\.0\.[1-9]")

    def test_two_logs_side_by_side(self) -> None:
        draw = random.Random(5)
        old = [event(draw, START + n, ("/a",)) | {"status": 200} for n in range(40)]
        new = [event(draw, START + 90_000 + n, ("/a", "/b")) | {"status": 500} for n in range(60)]
        results = [self.report([self.file(name, b"".join(map(line, events)))]) for name, events in (("old", old), ("new", new))]
        found = changes(results[1], results[0])
        self.assertEqual(found["totals"]["requests"], [40, 60])
        self.assertEqual(found["statuses"], {"2xx": [40, 0], "5xx": [0, 60]})
        hits = sum(each["path"] == "/b" for each in new)
        self.assertEqual(sorted(found["top"]["path"])[1], ["/b", 0, hits, round(100 * hits / 60, 3)])
        report = TrafficReport()
        compared = results[1] | {"compared": found}
        self.assertIn("requests  40 → 60 (+50.0 %)", report.render(compared, "text").decode())
        self.assertIn("Compared with older logs", report.render(compared, "html").decode())

    def test_formulas_are_defused(self) -> None:
        for cell, expected in (
            ("=1+1", "'=1+1"),
            ("+x", "'+x"),
            ("@a", "'@a"),
            ("-2", "'-2"),
            ("\t=1", "'\\t=1"),
            ("a=1", "a=1"),
            (-2, -2),
        ):
            self.assertEqual(defused(cell), expected)

    def test_an_empty_log_says_so(self) -> None:
        report = TrafficReport()
        result = report.result(report.empty())
        self.assertIn("no event", report.text(result))
        self.assertIn("no event", report.render(result, "html").decode())
        zipfile.ZipFile(io.BytesIO(report.render(result, "csv"))).close()


class OverTime(Cutting):
    def test_the_step_depends_on_the_span_alone(self) -> None:
        draw = random.Random(6)
        for span in (1, 3999, 4000, 10**5, 10**7, 10**9):
            seconds = [START + draw.randrange(span) for _ in range(300)] + [START, START + span - 1]
            whole, parts = Series(), [Series() for _ in range(5)]
            for second in seconds:
                whole.add(second, [1] * 8)
                part = draw.choice(parts)
                part.add(second, [1] * 8)
                part.bound()
            whole.bound()
            merged = Series()
            for part in parts:
                merged.merge(part)
            with self.subTest(span=span):
                self.assertEqual(merged, whole)
                self.assertIn(whole.step, LADDER)
                self.assertEqual(sum(point[0] for point in whole.points.values()), len(seconds))


if __name__ == "__main__":
    main()
