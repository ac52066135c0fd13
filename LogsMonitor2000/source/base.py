"""The interface of an input: a stream of bytes that is read in blocks of whole lines.

A concrete source says how lines become ready (`_fill`) and are taken (`_take`); chunk boundaries are the same for all. A chunk is
what is summarised at once: the lines that begin in the same `CHUNK_BYTES` of the stream, whatever the sizes of the reads,
or less while no more has arrived.

What was read can be made durable: `position()` says how far `chunk` has come, and once everything that follows from those lines has
been saved, `acknowledge(position)` lets the source acknowledge to its upstream. A file has none; a broker may then forget the messages.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping

from ..limits import CHUNK_BYTES
from .statistics import ReadStatistics


class Source(ABC):
    """One input."""

    def __init__(self, name: str) -> None:
        self.name = name
        """What messages call it."""
        self.identity = name
        """What its position is kept under: the same however the user spells the name."""
        self.ended = False
        """There will never be more."""
        self.is_incomplete = False
        """Not all of the content could be read, as of a gzip file that is cut off."""
        self.next_poll = 0.0
        """Before this time, by `Clock.elapsed`, the caller need not ask for more: a quiet file among thousands."""
        self.warnings: list[str] = []
        """What an operator should know about the input; the caller shows and clears it."""

    @property
    @abstractmethod
    def offset(self) -> int:
        """Bytes of the (decompressed) stream that `chunk` has yielded so far, as whole lines."""

    def position(self) -> dict[str, object]:
        """Where to resume after everything that `chunk` has yielded, as plain values for JSON; empty where that is impossible."""
        return {}

    def acknowledge(self, position: Mapping[str, object]) -> None:
        """Everything up to `position`, an earlier answer of `position()`, is safely kept."""

    def statistics(self) -> ReadStatistics:
        """What reading has come to; of a source that is read once only the bytes are counted."""
        statistics = ReadStatistics()
        statistics.bytes = self.offset
        return statistics

    def progress(self) -> tuple[int, int] | None:
        """Bytes read and bytes in all, as they lie on disk; None where the end is unknown."""
        return None

    def fileno(self) -> int | None:
        """What to wait on when there is nothing to read now; None where waiting means polling."""
        return None

    def chunk(self, end: int | None = None) -> Iterator[bytes]:
        """Blocks of whole lines that begin before `end` (default: the end of the chunk), or as many as have arrived."""
        if end is None:
            end = (self.offset // CHUNK_BYTES + 1) * CHUNK_BYTES
        while self.offset < end:
            block = self._take(end - self.offset)
            if block:
                yield block
            elif self.ended or not self._fill():
                return

    @abstractmethod
    def _take(self, room: int) -> bytes:
        """The ready lines that begin within the next `room` bytes."""

    @abstractmethod
    def _fill(self) -> bool:
        """Read more, now that all ready lines are taken; False when nothing has arrived."""

    def _warn(self, text: str) -> None:
        self.warnings.append(f"{self.name}: {text}")

    @abstractmethod
    def stop(self) -> None:
        """Read no further: what has arrived of the last line counts as a line."""

    def close(self) -> None:
        """Release everything that the source holds open."""
