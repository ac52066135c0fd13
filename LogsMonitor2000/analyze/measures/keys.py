"""Keys of counters: values of the log, cut where they are too long, and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

from ...limits import KEY_BYTES_MAX
from ..columns import Derived

OTHER = b"(other)"
"""The key of what a counter that grew past its bound no longer counts by key."""

CUT = b"..."
"""The end of a key that was cut."""


def has_long(texts: Iterable[bytes | None]) -> bool:
    """Whether any of `texts` is too long for a key."""
    return max(map(len, filter(None, texts)), default=0) > KEY_BYTES_MAX


def have_long(states: Iterable[Mapping[Any, Any]], columns: Sequence[Derived]) -> bool:
    """Whether any key of `states`, which are by `columns`, has a text that is too long."""
    textual = [place for place, column in enumerate(columns) if column.is_text]
    if not textual:
        return False
    if len(columns) == 1:
        return has_long(chain.from_iterable(states))
    keys = [key for key in chain.from_iterable(states) if key != OTHER]
    return any(has_long(map(itemgetter(place), keys)) for place in textual)


def cut_key(key: Any) -> Any:
    """A key without what is too long in it."""
    if isinstance(key, tuple):
        return tuple(map(cut_key, key))
    return key[:KEY_BYTES_MAX] + CUT if isinstance(key, bytes) and len(key) > KEY_BYTES_MAX else key


def dump_key(key: Any) -> Any:
    """A key as JSON can hold it: bytes as a string of as many characters; a tuple as a list; anything else as it is."""
    if isinstance(key, bytes):
        return key.decode("latin-1")
    return [dump_key(part) for part in key] if isinstance(key, tuple) else key


def load_key(dumped: Any) -> Any:
    """The key that was dumped."""
    if isinstance(dumped, str):
        return dumped.encode("latin-1")
    return tuple(load_key(part) for part in dumped) if isinstance(dumped, list) else dumped
