"""A source that is one stream of bytes: what files that are read once, pipes and scripts have in common.

A concrete one only reads raw bytes (`_read_raw`); framing and decompression are the same for all.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from ..limits import BLOCK_BYTES
from .base import Source
from .decompress import Decompressor, compression_of, may_be_compressed
from .lines import LineFramer


class StreamSource(Source):
    """The lines of what `_read_raw` yields, decompressed where its beginning says so."""

    def __init__(self, name: str, offset: int = 0, block_bytes: int = BLOCK_BYTES) -> None:
        super().__init__(name)
        self._block_bytes = block_bytes
        self._framer = LineFramer(offset)
        self._read: Callable[[int], bytes | None] | None = None

    @property
    def offset(self) -> int:
        return self._framer.offset

    def _take(self, room: int) -> bytes:
        return self._framer.take(room)

    def _fill(self) -> bool:
        if self._read is None:
            self._read = self._open_stream()
        data = self._read(self._block_bytes)
        if data is None:
            return False
        if data:
            self._framer.feed(data)
        else:
            self._framer.finish()
            self.ended = True
        return True

    def _open_stream(self) -> Callable[[int], bytes | None]:
        """Decide by the first bytes: plain as they come, or through a decompressor."""
        if self.offset:
            return self._read_raw
        head = b""

        def read(size: int) -> bytes | None:
            nonlocal head
            while may_be_compressed(head):
                more = self._read_raw(size)
                if more is None:
                    return None
                head += more
                if not more:
                    break
            kind = compression_of(head)
            if kind is None:
                self._read = self._read_raw
                return head
            decompressor = Decompressor(kind, self._read_raw, head, self._note_incomplete)
            self._read = decompressor.read
            return decompressor.read(size)

        return read

    def _note_incomplete(self, why: str) -> None:
        self.is_incomplete = True
        self._warn(why)

    @abstractmethod
    def _read_raw(self, size: int) -> bytes | None:
        """At most `size` bytes; None when none have arrived; b"" at the end."""

    def stop(self) -> None:
        self._read = lambda size: b""  # the end is found after the lines that are ready

    def close(self) -> None:
        # a reference to itself: a worker opens a source for each chunk, and none may wait for the garbage collector
        self._read = None
