"""Lines that the format of their input does not explain: a server was given another log format, and the file goes on.

Which format reads such a line follows from the line alone, never from its neighbours: so the result does not depend on how the
log was cut into blocks or on who digests them. It must be typical of the other format, not just readable: what is garbage in
one format should not become an event of another. Only where the format was recognised, not told.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ..limits import DETECT_BYTES_MAX
from .formats import Values
from .http_log import HTTPLogParser
from .keyed import KeyedParser
from .parser import Malformed
from .table import LINES, RECORDS

TOO_PLAIN = ("connections",)
"""Formats that too much garbage looks like."""


@lru_cache(maxsize=1)
def _candidates() -> tuple[list[tuple[re.Pattern[bytes], HTTPLogParser]], list[tuple[re.Pattern[bytes], KeyedParser]]]:
    lines = [(re.compile(row.hint), HTTPLogParser(row)) for row in LINES if row.name not in TOO_PLAIN]
    lines.sort(key=lambda pair: -(len(pair[1].fields) + pair[1].forwards))
    records = [(re.compile(row.hint), row.make()) for row in RECORDS if row.keyed]
    return lines, [(hint, parser) for hint, parser in records if isinstance(parser, KeyedParser)]


def read_otherwise(line: bytes) -> tuple[int, Values] | None:
    """Second and fields of a line in the format it is typical of; None when there is none, or its time is no time."""
    lines, records = _candidates()
    head = line[:DETECT_BYTES_MAX]
    try:
        for hint, parser in lines:
            if hint.search(head) is not None and parser.is_typical(line):
                return parser.read_line(line)
        for hint, record in records:
            if hint.search(head) is not None:
                return record.read_line(line)
    except Malformed:
        pass
    return None
