"""Logs for tests: single lines, and whole ones made at random, with everything in them that a log can have."""

from __future__ import annotations

from datetime import datetime, timezone
from random import Random

START = 1_549_573_860
"""Where most logs of the tests begin: a multiple of 60."""

NOW = 4_000_000_000.0
"""What the clock says in tests: decades behind the logs, so that only what is meant to is in the future."""

SECTIONS = (b"/api", b"/report", b"/", b"/pages", b"-")
TARGETS = (b"/api/user?x=1", b"/report?x=1", b"/", b"http://h/pages/create", b"*")
GARBAGE = (
    b"garbage",
    b'"',
    b"\x00\xff\x1b[31m",
    b'"10.0.0.1","-","apache",yesterday,"GET / HTTP/1.0",200,1',
    b'10.0.0.1 - - [99/Foo/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 1',
    b"a" * 300,
)


def csv_line(
    second: int,
    target: bytes = b"/api/user",
    source: bytes = b"10.0.0.1",
    status: bytes = b"200",
    size: bytes = b"100",
    request: bytes | None = None,
) -> bytes:
    """A line of the CSV format with its end."""
    request = b"GET %s HTTP/1.0" % target if request is None else request
    return b'"%s","-","apache",%d,"%s",%s,%s\n' % (source, second, request, status, size)


def combined_line(
    second: int,
    target: bytes = b"/api/user",
    source: bytes = b"10.0.0.1",
    status: bytes = b"200",
    size: bytes = b"100",
    request: bytes | None = None,
) -> bytes:
    """A line of the Combined Log Format with its end."""
    request = b"GET %s HTTP/1.0" % target if request is None else request
    stamp = datetime.fromtimestamp(second, timezone.utc).strftime("%d/%b/%Y:%H:%M:%S +0000").encode()
    return b'%s - - [%s] "%s" %s %s "-" "curl/8 \\"x\\""\n' % (source, stamp, request, status, size)


LINE_OF = {"csv": csv_line, "combined": combined_line}


def random_log(rng: Random, log_format: str = "csv", lines_max: int = 60, start: int = START) -> bytes:
    """A small log: busy and quiet stretches, lines out of order and late, gaps up to years, garbage, blank lines."""
    line_of = LINE_OF[log_format]
    now = start + rng.randrange(20)
    busy = rng.choice((0.2, 0.5, 0.9))
    disorder = rng.choice((0.0, 0.0, 0.1, 0.5))
    odd = rng.choice((0.0, 0.1, 0.3))
    lines = []
    for _ in range(rng.randrange(lines_max + 1)):
        if rng.random() > busy:
            now += rng.choice((1, 1, 1, 2, 3, 6, 7, 8, 20))
        elif rng.random() < 0.01:
            now += rng.choice((100_000, 5 * 365 * 86_400))
        second = now
        if rng.random() < disorder:
            second -= rng.choice((1, 1, 2, 3, 4, 7, 1000))
        if rng.random() < odd:
            lines.append(
                rng.choice(
                    (
                        b"\n",
                        b" \t\r\n",
                        rng.choice(GARBAGE) + b"\n",
                        line_of(int(NOW) + 10_000_000),  # the future
                        line_of(second, request=rng.choice((b"-", b"\\x16\\x03\\x01", b"", b"OPTIONS *"))),
                    )
                )
            )
            continue
        line = line_of(
            second,
            rng.choice(TARGETS),
            b"10.0.0.%d" % rng.randrange(1, 6),
            rng.choice((b"200", b"200", b"304", b"404", b"500")),
            rng.choice((b"-", b"0", b"7", b"123456789")),
        )
        lines.append(line.replace(b"\n", b"\r\n") if rng.random() < odd / 3 else line)
    log = b"".join(lines)
    return log.removesuffix(b"\n") if rng.random() < 0.3 else log
