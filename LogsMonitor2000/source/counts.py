"""What following one name has come to: for the report at the end, and for whoever watches the watcher."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass
class Counts:
    """All of them only grow, over restarts too when they are kept with the position."""

    lines: int = 0
    bytes: int = 0
    rotations: int = 0
    truncations: int = 0
    long_lines: int = 0
    gap_bytes: int = 0
    """Bytes that are known to have been there and could not be read: destroyed, or a hole of zeros."""
    errors: int = 0

    def __str__(self) -> str:
        return (
            f"{self.lines} lines, {self.bytes} bytes, {self.rotations} rotations, {self.truncations} truncations, "
            f"{self.long_lines} over-long lines, {self.gap_bytes} bytes of known gaps, {self.errors} errors"
        )

    def as_json(self) -> dict[str, int]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: object) -> Counts:
        """What of `value` is counts; 0 for the rest."""
        counts = cls()
        for name in asdict(counts):
            number = value.get(name) if isinstance(value, Mapping) else None
            if type(number) is int and number >= 0:
                setattr(counts, name, number)
        return counts

    def add(self, other: Counts) -> None:
        for name, number in asdict(other).items():
            setattr(self, name, getattr(self, name) + number)
