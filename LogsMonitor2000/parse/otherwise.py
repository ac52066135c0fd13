"""Lines that the format of their input does not explain: a server was given another log format, and the file goes on.

Which format reads such a line follows from the line alone, never from its neighbours: so the result does not depend on how the
log was cut into blocks or on who digests them. It must be typical of the other format, not just readable: what is garbage in
one format should not become an event of another. Only where the format was recognised, not told.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from ..limits import DETECT_BYTES_MAX
from .formats import Values
from .http_log import HTTPLogParser
from .keyed import KeyedParser
from .parser import Malformed
from .table import LINES, RECORDS
from .regex import compile_pattern

TOO_PLAIN = ("connections",)
"""Formats that too much garbage looks like."""


class _Candidates(NamedTuple):
    """Formats by their hints, of which many are the same; those that tell most first."""

    hints: list[tuple[re.Pattern[bytes], list[HTTPLogParser]]]
    records: list[tuple[re.Pattern[bytes], KeyedParser]]


@lru_cache(maxsize=1)
def _candidates() -> _Candidates:
    by_hint: dict[bytes, list[HTTPLogParser]] = {}
    for row in LINES:
        if row.name not in TOO_PLAIN:
            by_hint.setdefault(row.hint, []).append(HTTPLogParser(row))
    made = [(compile_pattern(row.hint), row.make()) for row in RECORDS if row.keyed]
    return _Candidates(
        [(compile_pattern(hint), sorted(parsers, key=_told, reverse=True)) for hint, parsers in by_hint.items()],
        [(hint, parser) for hint, parser in made if isinstance(parser, KeyedParser)],
    )


def _told(parser: HTTPLogParser) -> int:
    return len(parser.fields) + parser.forwards


def read_otherwise(line: bytes) -> tuple[int, Values] | None:
    """Second and fields of a line in the format it is typical of; None when there is none, or its time is no time."""
    candidates = _candidates()
    head = line[:DETECT_BYTES_MAX]
    try:
        if not line.startswith(b"{"):
            for hint, parsers in candidates.hints:
                if hint.search(head) is not None:
                    for parser in parsers:
                        if parser.is_typical(line):
                            return parser.read_line(line)
        for hint, record in candidates.records:
            if hint.search(head) is not None:
                return record.read_line(line)
    except Malformed:
        pass
    return None
