"""What a notation for key-value records has to provide, for the strict parser and for learning patterns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ...limits import JSON_DIGITS_MAX
from .synonyms import Path, Place

NUMBER = rb"(?:0|[1-9]\d{0,%d}+)(?:\.\d{1,20}+)?+" % (JSON_DIGITS_MAX - 1)


class Scalar(NamedTuple):
    """A value in a record's line: its path, where it starts and ends without its quotes, and whether it has such."""

    path: Path
    start: int
    end: int
    quoted: bool


class Found(NamedTuple):
    """Where a record has its fields, and their values."""

    places: dict[str, Place]
    values: dict[str, bytes]


class Syntax:
    """A notation for records."""

    name = ""
    own: Mapping[str, tuple[Place, ...]] = {}
    """Synonyms that stand for the common ones."""
    bare_dash = False
    """Whether a missing value may be a dash without quotes."""
    stop = b'"'
    """Characters that end a value without quotes, as in a class of a pattern."""
    escaped: bytes | None = None
    """A pattern for what stands in quotes where a backslash escapes; None where it does not."""

    def find(self, line: bytes, wanted: Mapping[str, tuple[Place, ...]]) -> Found:
        """The wanted values of a line; `Malformed` when it is not a record."""
        raise NotImplementedError

    def scalars(self, line: bytes) -> list[Scalar] | None:
        """Every value of a line that `find` has read; None when no pattern can be made from it."""
        raise NotImplementedError

    def plain(self, text: bytes, stop: bytes) -> bytes | None:
        """A pattern for an unquoted value that is not asked for, which is `text` in the line learned from."""
        return rb"[^%s]*+" % stop
