"""Malformed lines, as a measure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .base import Columns, Measure


class Unparsed(Measure):
    """Malformed lines, each in the newest second of its input before it, as it has no time of its own. The digest counts them."""

    key = "unparsed()"

    @property
    def fields(self) -> tuple[str, ...]:
        return ()

    def empty(self) -> int:
        return 0

    def select(self, values: Columns) -> Sequence[Any]:
        return ()

    def add(self, state: int, selected: Sequence[Any]) -> int:
        return state

    def merge(self, state: int, other: int) -> int:
        return state + other


UNPARSED = Unparsed()
