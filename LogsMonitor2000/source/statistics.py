"""What reading an input has come to: for the report at the end, for SIGUSR1, and for the metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


class ReadStatistics:
    """Counters that only grow; those of a followed log go on over a restart, as they are kept with its position.

    `lost_bytes` are bytes known to have existed that could not be read: destroyed before they were read, or a hole of zeros.
    `lost_messages` are datagrams that the kernel dropped.
    """

    NAMES = ("lines", "bytes", "rotations", "truncations", "long_lines", "lost_bytes", "errors", "lost_messages")

    def __init__(self) -> None:
        self.lines = self.bytes = self.rotations = self.truncations = 0
        self.long_lines = self.lost_bytes = self.errors = self.lost_messages = 0

    def __str__(self) -> str:
        lost_messages = f", {self.lost_messages} lost messages" if self.lost_messages else ""
        return (
            f"{self.lines} lines, {self.bytes} bytes, {self.rotations} rotations, {self.truncations} truncations, "
            f"{self.long_lines} over-long lines, {self.lost_bytes} lost bytes, {self.errors} errors{lost_messages}"
        )

    def as_json(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in self.NAMES}

    @classmethod
    def from_json(cls, value: object) -> ReadStatistics:
        """The counters found in `value`; 0 for the others."""
        statistics = cls()
        for name in cls.NAMES:
            number = value.get(name) if isinstance(value, Mapping) else None
            if type(number) is int and number >= 0:
                setattr(statistics, name, number)
        return statistics

    @classmethod
    def total(cls, parts: Iterable[ReadStatistics]) -> ReadStatistics:
        """The sum of `parts`."""
        statistics = cls()
        for part in parts:
            statistics.add(part)
        return statistics

    def add(self, other: ReadStatistics) -> None:
        for name, number in other.as_json().items():
            setattr(self, name, getattr(self, name) + number)
