"""Compiling patterns for every Python, and putting them together from segments that capture no more than is asked for.

Before 3.11.5 a possessive group could fail to match (CPython issue 106052). There `(?:…)*+` is compiled as the atomic group
`(?>(?:…)*)`, which means the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
import re
import sys
from typing import AnyStr

from ..limits import CACHED_PATTERN_BYTES_MAX

POSSESSIVE_GROUPS_WORK = sys.version_info >= (3, 11, 5)
_TOKEN = re.compile(rb"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\((?:\?[:=!>]|\?<[=!]|\?P<\w+>|\?\w+\)?)?|\)(?:[*+?]\+)?|.", re.DOTALL)


def compile_pattern(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """`re.compile`, right on each Python."""
    if not POSSESSIVE_GROUPS_WORK and isinstance(pattern, bytes):
        pattern = with_atomic_groups(pattern)
    return re.compile(pattern, flags)


def with_atomic_groups(pattern: bytes) -> bytes:
    """The same pattern without possessive quantifiers after groups."""
    parts: list[bytes] = []
    begun: list[int] = []  # where in `parts` the groups that are open begin
    for found in _TOKEN.finditer(pattern):
        token = found[0]
        if token.startswith(b"(") and not token.endswith(b")"):
            begun.append(len(parts))
        elif token.startswith(b")") and begun:
            start = begun.pop()
            if len(token) == 3:
                parts[start] = b"(?>" + parts[start]
                token = token[:2] + b")"
        parts.append(token)
    return b"".join(parts)


def pattern_of(segments: Sequence[tuple[bytes, ...]], fields: frozenset[str]) -> bytes:
    """A pattern that captures `time` and `fields` and nothing else.

    Each segment comes in versions that capture more and more: the first one that captures what is wanted of it is taken, and its
    groups that are not wanted become plain ones.
    """
    wanted = fields | {"time"}
    pattern = b"".join(
        next(version for version in segment if wanted & group_names(segment[-1]) <= group_names(version))
        for segment in segments
    )
    for name in group_names(pattern) - wanted:
        pattern = pattern.replace(b"(?P<%s>" % name.encode(), b"(?:")
    return pattern


def group_names(pattern: bytes) -> frozenset[str]:
    """The names of the groups of a pattern."""
    return _names(pattern) if len(pattern) <= CACHED_PATTERN_BYTES_MAX else _names.__wrapped__(pattern)


@lru_cache(maxsize=1024)
def _names(pattern: bytes) -> frozenset[str]:
    return frozenset(name.decode() for name in re.findall(rb"\(\?P<(\w+)>", pattern))
