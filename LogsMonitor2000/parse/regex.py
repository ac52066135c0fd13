"""Compiling patterns for every Python there is: before 3.11.5 a possessive group could fail to match (CPython issue 106052).

There `(?:…)*+` is compiled as the atomic group `(?>(?:…)*)`, which means the same.
"""

from __future__ import annotations

import re
import sys
from typing import AnyStr

POSSESSIVE_GROUPS_WORK = sys.version_info >= (3, 11, 5)
_TOKEN = re.compile(rb"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?[:=!>]|\?<[=!]|\?P<\w+>|\?\w+\)?)?|\)(?:[*+?]\+)?|.", re.DOTALL)


def compile_pattern(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """`re.compile`, right on each Python."""
    if not POSSESSIVE_GROUPS_WORK and isinstance(pattern, bytes):
        pattern = with_atomic_groups(pattern)
    return re.compile(pattern, flags)


def with_atomic_groups(pattern: bytes) -> bytes:
    """The same pattern without possessive quantifiers behind groups."""
    pieces: list[bytes] = []
    begun: list[int] = []  # where in `pieces` the groups that are open begin
    for found in _TOKEN.finditer(pattern):
        token = found[0]
        if token.startswith(b"(") and not token.endswith(b")"):
            begun.append(len(pieces))
        elif token.startswith(b")") and begun:
            start = begun.pop()
            if len(token) == 3:
                pieces[start] = b"(?>" + pieces[start]
                token = token[:2] + b")"
        pieces.append(token)
    return b"".join(pieces)
