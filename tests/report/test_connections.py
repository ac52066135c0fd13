"""Connections: the window to the second, whatever the order of the lines, the pieces and the processes."""

from __future__ import annotations

from collections import Counter
import json
import random
from typing import Any
from unittest import main

from LogsMonitor2000.errors import UsageError
from LogsMonitor2000.report.connections import ConnectionsReport

from .cutting import Cutting

HOSTS = ["Uniform", "Delta", "sierra", "quark", "10.0.0.1", "1366815793"]


def reference(lines: list[bytes], seconds: int, last: int | None, to_host: str, from_host: str) -> dict[str, Any]:
    """What the definition says, line by line."""
    rows = []
    for line in lines:
        words = line.decode("utf-8", "backslashreplace").split()
        if len(words) == 3 and words[0].isdigit() and len(words[0]) <= 10:
            rows.append((int(words[0]), words[1], words[2]))
    until = last if last is not None else max((row[0] for row in rows), default=None)
    inside = [row for row in rows if until is not None and until - seconds < row[0] <= until]
    counts = Counter(row[1] for row in inside)
    busiest = min(counts.items(), key=lambda item: (-item[1], item[0]), default=None)
    lines = [line for line in lines if line.split()]
    return {
        "report": "connections",
        "from": None if until is None else until - seconds + 1,
        "until": until,
        "lines": len(lines),
        "malformed": len(lines) - len(rows),
        "connections": len(inside),
        "series": [list(group) for group in sorted(Counter(row[0] // 1200 * 1200 for row in inside).items())],
        "busiest": busiest and {"host": busiest[0], "connections": busiest[1]},
        "connected_to": (
            {"host": to_host, "hosts": sorted({row[1] for row in inside if row[2] == to_host})} if to_host else None
        ),
        "connected_from": (
            {"host": from_host, "hosts": sorted({row[2] for row in inside if row[1] == from_host})} if from_host else None
        ),
    }


class Connections(Cutting):
    def test_any_log_in_any_pieces_gives_what_the_definition_says(self) -> None:
        draw = random.Random(5)
        for case in range(50):
            start = 1_366_815_000
            lines = []
            for number in range(draw.randrange(1, 120)):
                time = start + number * draw.choice((1, 7)) - draw.randrange(60)
                line = b"%d %s %s" % (time, draw.choice(HOSTS).encode(), draw.choice(HOSTS).encode())
                if case % 2 and draw.random() < 0.1:
                    line = draw.choice(
                        (b"", b"x", line + b" more", line.replace(b" ", b"  "), line + b"\r", b"99999999999 a b", b"\xff a b")
                    )
                lines.append(line)
            last = draw.choice((None, None, start + draw.randrange(200)))
            settings = {"seconds": draw.choice((1, 20, 100, 3600))}
            settings |= {"to_host": draw.choice(["", *HOSTS]), "from_host": draw.choice(["", *HOSTS])}
            path = self.file(f"{case}.log", b"\n".join(lines) + b"\n")
            expected = reference(lines, settings["seconds"], last, settings["to_host"], settings["from_host"])
            for piece_bytes in (1 << 24, draw.randrange(1, 200)):
                with self.subTest(case=case, piece_bytes=piece_bytes, settings=settings):
                    report = ConnectionsReport(settings)
                    report.until = last
                    self.assertEqual(self.run_over(report, [path], piece_bytes), expected)

    def test_several_files_in_processes(self) -> None:
        lines = [b"%d a%d b\n" % (1_366_815_000 + number, number % 3) for number in range(3000)]
        paths = [self.file("a.log", b"".join(lines[:1000])), self.file("b.log", b"".join(lines[1000:]))]
        report = ConnectionsReport({"seconds": 100, "to_host": "b"})
        plain = self.run_over(report, paths)
        self.assertEqual(plain["connections"], 100)
        for jobs in (2, 3):
            self.assertEqual(self.run_over(report, paths, 2000, jobs), plain)

    def test_text(self) -> None:
        path = self.file("a.log", b"100 a b\n101 a c\n101 \x1b[m b\n102 x\n")
        report = ConnectionsReport({"to_host": "b", "from_host": "z", "seconds": 60})
        self.assertEqual(
            report.text(self.run_over(report, [path])),
            "1970-01-01 00:00:42 to 1970-01-01 00:01:41: 3 connections\nbusiest host: a (2 connections)\n"
            "hosts connected to b: \\x1b[m, a\nhosts connected from z: none\n1 of 4 lines are malformed\n",
        )
        report = ConnectionsReport()
        report.until = 20
        self.assertEqual(report.text(self.run_over(report, [path])), "no connections in the window\n")
        json.loads(report.render(self.run_over(report, [path]), "json"))

    def test_an_option_that_it_does_not_have(self) -> None:
        with self.assertRaisesRegex(UsageError, "no option top"):
            ConnectionsReport({"top": 3})
        with self.assertRaisesRegex(UsageError, "no output 'svg'; it has text, json"):
            ConnectionsReport().render({}, "svg")


if __name__ == "__main__":
    main()
