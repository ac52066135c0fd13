"""What following one name has come to: for the report at the end, and for whoever watches the watcher."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class Counts:
    """All of them only grow, over restarts too when they are kept with the position.

    `gap_bytes` are bytes that are known to have been there and could not be read: destroyed, or a hole of zeros.
    """

    NAMES = ("lines", "bytes", "rotations", "truncations", "long_lines", "gap_bytes", "errors")

    def __init__(self) -> None:
        self.lines = self.bytes = self.rotations = self.truncations = 0
        self.long_lines = self.gap_bytes = self.errors = 0

    def __str__(self) -> str:
        return (
            f"{self.lines} lines, {self.bytes} bytes, {self.rotations} rotations, {self.truncations} truncations, "
            f"{self.long_lines} over-long lines, {self.gap_bytes} bytes of known gaps, {self.errors} errors"
        )

    def as_json(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in self.NAMES}

    @classmethod
    def from_json(cls, value: object) -> Counts:
        """What of `value` is counts; 0 for the rest."""
        counts = cls()
        for name in cls.NAMES:
            number = value.get(name) if isinstance(value, Mapping) else None
            if type(number) is int and number >= 0:
                setattr(counts, name, number)
        return counts

    @classmethod
    def total(cls, parts: Iterable[Counts]) -> Counts:
        """All of them together."""
        held, counts = list(parts), cls()
        for name in cls.NAMES:
            setattr(counts, name, sum(getattr(part, name) for part in held))
        return counts

    def add(self, other: Counts) -> None:
        for name, number in other.as_json().items():
            setattr(self, name, getattr(self, name) + number)
