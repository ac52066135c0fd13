"""The interface of an input: a stream of bytes that is handed on in blocks of whole lines.

A concrete source says only how raw bytes are got (`_read_raw`); framing, decompression and chunk boundaries are the same for
all. A chunk is what is summarised at once: the lines that begin in the same `CHUNK_BYTES` of the stream, whatever the sizes of
the reads were, or less where nothing more has come yet.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

from ..limits import CHUNK_BYTES, BLOCK_BYTES
from .decompress import Decompressor, compression_of
from .lines import LineFramer

MAGIC_BYTES = 6


class Source(ABC):
    """One input. `name` is what messages call it; `ended` turns true when there will never be more."""

    def __init__(self, name: str, offset: int = 0, block_bytes: int = BLOCK_BYTES) -> None:
        self.name = name
        self.ended = False
        self.warnings: list[str] = []
        """What a person should know about the input; whoever shows it clears it."""
        self._block_bytes = block_bytes
        self._framer = LineFramer(offset)
        self._read: Callable[[int], bytes | None] | None = None

    @property
    def offset(self) -> int:
        """Bytes of the (decompressed) stream handed on so far, as whole lines."""
        return self._framer.offset

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
            block = self._framer.take(end - self.offset)
            if block:
                yield block
            elif self.ended or not self._fill():
                return

    def _fill(self) -> bool:
        """Hand the framer what can be read; False when there is nothing now."""
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
            while len(head) < MAGIC_BYTES:
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

    def _warn(self, text: str) -> None:
        self.warnings.append(f"{self.name}: {text}")

    @abstractmethod
    def _read_raw(self, size: int) -> bytes | None:
        """At most `size` bytes; None when there are none now; b"" at the end."""

    def stop(self) -> None:
        """There shall be no more: what has come of the last line counts as a line."""
        self._read = lambda size: b""  # the end is found behind the lines that are ready

    def close(self) -> None:
        """Let go of what the source holds open."""
