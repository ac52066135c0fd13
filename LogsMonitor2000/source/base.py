"""The interface of an input: something that is handed on in blocks of whole lines.

A concrete source says how lines are made ready (`_fill`) and taken (`_take`); chunk boundaries are the same for all. A chunk is
what is summarised at once: the lines that begin in the same `CHUNK_BYTES` of the stream, whatever the sizes of the reads were,
or less where nothing more has come yet.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from ..limits import CHUNK_BYTES


class Source(ABC):
    """One input. `name` is what messages call it; `ended` turns true when there will never be more."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.ended = False
        self.warnings: list[str] = []
        """What a person should know about the input; whoever shows it clears it."""

    @property
    @abstractmethod
    def offset(self) -> int:
        """Bytes of the (decompressed) stream handed on so far, as whole lines."""

    def progress(self) -> tuple[int, int] | None:
        """Bytes read and bytes there are, as they lie on disk; None where the end is not known."""
        return None

    def fileno(self) -> int | None:
        """What to wait on when there is nothing to read now; None where waiting means looking again later."""
        return None

    def chunk(self, end: int | None = None) -> Iterator[bytes]:
        """Blocks of whole lines that begin before `end` (default: where the chunk ends), or as many as there are now."""
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
        """The lines that are ready and begin within the next `room` bytes."""

    @abstractmethod
    def _fill(self) -> bool:
        """Get more, now that all lines that were ready are taken; False when there is nothing now."""

    def _warn(self, text: str) -> None:
        self.warnings.append(f"{self.name}: {text}")

    @abstractmethod
    def stop(self) -> None:
        """There shall be no more: what has come of the last line counts as a line."""

    def close(self) -> None:
        """Let go of what the source holds open."""
