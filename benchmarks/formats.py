"""How fast each format is read and digested, beside combined: `python -m benchmarks.formats [NAME …]`.

Lines are made of each format's first example (of every example for JSON) by varying addresses and paths, and combined ones once
more as syslog and Docker wrap them; the default
statistics and alert are counted, in one process, as far as the format has their fields. The quickest of five runs counts.
"""

from __future__ import annotations

from collections.abc import Iterator
import gc
import json
import random
import re
import sys
import time

from LogsMonitor2000 import AnalyticsProcessor, HighTrafficCalculator, MostCommonCalculator
from LogsMonitor2000.analyze.digest import Digester
from LogsMonitor2000.limits import BLOCK_BYTES
from LogsMonitor2000.parse.base import Parser
from LogsMonitor2000.parse.choose import bind_some
from LogsMonitor2000.parse.detect import parser_named
from LogsMonitor2000.parse.drift import Drift
from LogsMonitor2000.parse.registry import LINES, RECORDS

COUNT = 40_000
FAR_FUTURE = 1 << 50
ADDRESS = re.compile(rb"\b(?:10|192|198)(?:\.\d+){3}\b")
PATH = re.compile(rb"/(?:a/b|images/a|api/v1|status/418|apache_pb|photos/a|index)\b")


def lines_like(example: bytes, draw: random.Random) -> Iterator[bytes]:
    """The example's directives, then its last line again and again with other addresses and paths."""
    *front, last = example.split(b"\n")
    yield from (line + b"\n" for line in front)
    for _ in range(COUNT):
        line = ADDRESS.sub(lambda found: b"10.0.%d.%d" % (draw.randrange(20), draw.randrange(250)), last)
        yield PATH.sub(lambda found: b"/s%d/p%d" % (draw.randrange(20), draw.randrange(500)), line) + b"\n"


def rate(parser: Parser, lines: list[bytes], drift: Drift | None = None) -> float:
    """Million lines a second."""
    step = max(1, BLOCK_BYTES // len(lines[-1]))
    blocks = [b"".join(lines[start : start + step]) for start in range(0, len(lines), step)]
    processor = AnalyticsProcessor([MostCommonCalculator(), HighTrafficCalculator()])
    fields = ["section", "size", "source", "status_class"]
    best = float("inf")
    for _ in range(5):
        digester = Digester(bind_some(parser, fields, frozenset(), drift), processor.layouts, 2, drift=drift)
        begun = time.process_time()
        digest = digester.digest(blocks, FAR_FUTURE)
        best = min(best, time.process_time() - begun)
        assert digest.events + digest.late == COUNT, digest.samples
    return COUNT / best / 1e6


def as_syslog(line: bytes) -> bytes:
    return b"<134>Oct 11 22:14:15 host nginx[42]: " + line


def as_docker(line: bytes) -> bytes:
    return b'{"log":%s,"stream":"stdout","time":"2024-01-01T12:00:00.123456789Z"}\n' % json.dumps(line.decode()).encode()


def as_cri(line: bytes) -> bytes:
    return b"2024-01-01T12:00:00.123456789Z stdout F " + line


WRAPPED = {"syslog:combined": as_syslog, "docker:combined": as_docker, "cri:combined": as_cri}


def with_directives(lines: list[bytes]) -> list[bytes]:
    """W3C lines with their `#Fields:` before every tenth."""
    front = b"".join(line for line in lines if line[:1] == b"#")
    lines = [line for line in lines if line[:1] != b"#"]
    return [front * (number % 10 == 0) + line for number, line in enumerate(lines)]


def plain_json_rate(lines: list[bytes]) -> float:
    """The same for a plain loop: `json.loads` and `strptime`, counted in dictionaries."""
    from collections import Counter
    from datetime import datetime

    hits: Counter[float] = Counter()
    sections: Counter[str] = Counter()
    begun = time.process_time()
    for line in lines[:10_000]:
        record = json.loads(line)
        hits[datetime.strptime(record["time"], "%Y-%m-%dT%H:%M:%S%z").timestamp()] += 1
        sections["/" + record["request"].split(" ")[1].split("/")[1]] += 1
    return 10_000 / (time.process_time() - begun) / 1e6


def main() -> None:
    gc.set_threshold(100_000)
    combined = 0.0
    for row in (LINES[2], *LINES[:2], *LINES[3:], *RECORDS):
        if row.name == "test_results" or (sys.argv[1:] and row.name not in (*sys.argv[1:], "combined")):
            continue
        for number, example in enumerate(row.examples if row.name == "json" else row.examples[:1]):
            lines = list(lines_like(example, random.Random(1)))
            found = rate(parser_named(row.name), lines)
            combined = combined or found
            name = f"{row.name} {number}" if row.name == "json" else row.name
            print(f"{name:16} {len(lines[-1]):4} bytes a line  {found:5.2f} M lines/s  {found / combined:5.2f} of combined")
            if name == "json 0":
                plain = plain_json_rate(lines)
                print(f"{'':16} {'':18}{plain:5.2f} M lines/s by json.loads and strptime: {found / plain:.1f} times slower")
    for name, wrapped in WRAPPED.items():
        if not sys.argv[1:] or name in sys.argv[1:]:
            lines = [wrapped(line) for line in lines_like(LINES[2].example, random.Random(1))]
            found = rate(parser_named(name), lines)
            print(f"{name:16} {len(lines[-1]):4} bytes a line  {found:5.2f} M lines/s  {found / combined:5.2f} of combined")
    for name, found in others():
        if not sys.argv[1:] or name in sys.argv[1:]:
            print(f"{name:16} {'':17}  {found:5.2f} M lines/s  {found / combined:5.2f} of combined")


def others() -> Iterator[tuple[str, float]]:
    """What is slower than it looks: directives again and again, and lines of another format than the one detected."""
    w3c = next(row for row in RECORDS if row.name == "w3c")
    yield "w3c_directives", rate(parser_named("w3c"), with_directives(list(lines_like(w3c.example, random.Random(1)))))
    json_lines = list(lines_like(RECORDS[0].example, random.Random(1)))
    yield "json_drifted", rate(parser_named("combined"), json_lines, Drift("combined"))


if __name__ == "__main__":
    main()
