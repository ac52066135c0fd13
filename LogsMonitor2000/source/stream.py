"""A source that is one stream of bytes: what files read once, pipes and scripts have in common.

A concrete one says only how raw bytes are got (`_read_raw`); framing and decompression are the same for all.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from ..limits import BLOCK_BYTES
from .base import Source
from .decompress import Decompressor, compression_of, may_be_compressed
from .lines import LineFramer


class StreamSource(Source):
    """Lines of the bytes that `_read_raw` gives, decompressed where their beginning says so."""

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
        """Look at the first bytes and choose: plain as they come, or through a decompressor."""
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
            decompressor = Decompressor(kind, self._read_raw, head, self._warn)
            self._read = decompressor.read
            return decompressor.read(size)

        return read

    @abstractmethod
    def _read_raw(self, size: int) -> bytes | None:
        """At most `size` bytes; None when there are none now; b"" at the end."""

    def stop(self) -> None:
        self._read = lambda size: b""  # the end is found behind the lines that are ready

    def close(self) -> None:
        self._read = (
            None  # it leads back here: a worker opens a source for each chunk, and none may wait for the garbage collector
        )
