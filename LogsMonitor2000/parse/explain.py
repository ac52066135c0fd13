"""Answers about formats: the table of them all, and what each reads of one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timezone

from ..event import WebLogEvent
from ..text import printable
from .base import Malformed, Parser
from .detect import best_of
from .envelopes.kinds import ENVELOPES, envelopes_of
from .lines.http_log import HTTPLogParser
from .registry import LINES, RECORDS

COLUMNS_MAX = 160


def list_formats() -> Iterator[str]:
    """The table, as lines: each format's name and title, an example, and its documentation."""
    for row in (*LINES, *RECORDS):
        yield f"{row.name:16} {row.title}"
        for line in row.example.split(b"\n"):
            text = printable(line.replace(b"\t", b"  "))
            yield " " * 17 + (text if len(text) <= COLUMNS_MAX else text[: COLUMNS_MAX - 1] + "…")
        yield f"{'':17}({row.origin})"
    yield "Any of them may have a syslog prefix, or be in Docker's or the journal's records:"
    yield f"{', '.join(envelope + ':NAME' for envelope in ENVELOPES)}."
    yield "A server's own definition can be given instead of a name: '$remote_addr - …' of nginx, '%h %l …' of Apache."


def explain(line: bytes, others: Sequence[Parser] = ()) -> Iterator[str]:
    """What each format reads of `line`: its fields, or where it stops matching. `others` are formats besides those of the table."""
    best = best_of([line])
    known = envelopes_of([line])
    envelope = next((kind for kind in known if best is not None and best.parser.name.startswith(kind.name + ":")), None)
    if envelope is None:  # what is inside may be broken
        envelope = next((kind for kind in known if kind.name in ("syslog", "cri", "docker", "journal")), None)
    if envelope is not None:
        line = envelope.open_line(line) or b""
        yield f"inside {envelope.name}: {printable(line)}"
    best = best_of([line])
    parsers: list[Parser] = [*others, *map(HTTPLogParser, LINES), *(row.make() for row in RECORDS)]
    unfit: list[str] = []
    for parser in parsers:
        try:
            event = parser.parse_line(line)
        except Malformed as error:
            unfit.append(f"{parser.name}: no: {printable(str(error).encode())}")
            continue
        if event is None or parser.skips(line):
            unfit.append(f"{parser.name}: no event by itself")
            continue
        note = " (taken)" if best is not None and best.read and best.parser.name == parser.name else ""
        yield f"{parser.name}: yes{note}"
        yield from (f"    {field:10} {text}" for field, text in _fields_of(event))
    yield from unfit


def _fields_of(event: WebLogEvent) -> Iterator[tuple[str, str]]:
    yield "time", datetime.fromtimestamp(event.time, timezone.utc).isoformat() if abs(event.time) < 1 << 37 else str(event.time)
    for field, value in event._asdict().items():
        if field != "time" and value not in ("-", None):
            yield field, printable(str(value).encode("utf-8", "surrogateescape"))
