"""The bytes of one followed file from a place in it on: verified as they are read, decompressed, holes left out.

Every read begins a little before the place that was reached and compares those bytes with what was read there before: so a file
that was truncated and refilled is noticed in the same system call that would have read from it, however large it has become.
"""

from __future__ import annotations

from collections.abc import Callable

from ...limits import BLOCK_BYTES, HEAD_BYTES, TAIL_BYTES
from ..decompress import MAGIC_BYTES, Decompressor, compression_of, may_be_compressed
from .fingerprint import Probe
from .open_file import OpenFile


class Overwritten(Exception):
    """The bytes before the position are not those that were read there: the file was truncated, or its inode reused."""


class Content:
    """Reads `file` from its beginning, or from where `resume` sets it; only the first `size` bytes on disk.

    `size` is as the file was last polled: a file that grows without end does not keep the others waiting.
    """

    def __init__(self, file: OpenFile, size: int, warn: Callable[[str], None]) -> None:
        self.file = file
        self.size = size
        self.position = 0
        """Of the next byte of content to be read."""
        self.head = b""
        """The first bytes of content, up to `HEAD_BYTES`."""
        self.ended = False
        """Compressed data has come to its end."""
        self.kind_known = False
        """It is known whether the file is compressed."""
        self._warn = warn
        self._block = b""  # what was read last
        self._before = b""  # what lies before the block
        self._in_hole = True
        self._unpack: Decompressor | None = None
        self._raw_position = 0
        self._is_complete = False

    def resume(self, probe: Probe, offset: int) -> None:
        """Go to the place `offset` in the content, of which `probe` knows the beginning."""
        self._in_hole = False
        self.head = probe.head(min(HEAD_BYTES, offset))
        self._set_kind(probe.kind)
        if self._unpack is None:
            self._before = probe.span(max(0, offset - TAIL_BYTES), offset)
        else:
            self._before = self._skip(self._unpack, offset)
        self.position = offset

    @property
    def is_compressed(self) -> bool:
        return self._unpack is not None

    @property
    def at_end(self) -> bool:
        """No more is known to be there."""
        return self.ended or self.unread == 0

    @property
    def unread(self) -> int:
        """Bytes known to be there that have not been read."""
        return max(0, self.size - self._disk_position)

    @property
    def _disk_position(self) -> int:
        return self.position if self._unpack is None else self._raw_position

    def resize(self, size: int) -> None:
        """The file was found to be `size` bytes long. Raises `Overwritten`."""
        if size < self._disk_position:
            raise Overwritten
        if self._unpack is None:
            self._read_plain(0)
        self.size = size

    def read(self, size: int) -> tuple[bytes, int] | None:
        """At most `size` bytes of content, and how many zero bytes before them were left out as a hole; None when there is nothing now.

        Raises `Overwritten` and `OSError`.
        """
        self._before, self._block = self.tail(), b""
        if self.ended or (self.unread == 0 and self._unpack is None):
            return None
        if not self.kind_known and not self._find_kind():
            return None
        data = self._unpack.read(size) if self._unpack else self._read_plain(min(size, self.size - self.position))
        if not data:
            self.ended = data == b"" and self._unpack is not None
            return None
        if len(self.head) < HEAD_BYTES and len(self.head) == self.position:
            self.head += data[: HEAD_BYTES - len(self.head)]
        self._block = data
        self.position += len(data)
        return self._past_hole(data) if self._in_hole else (data, 0)

    def expect_no_more(self) -> None:
        """Nothing has come for long: compressed data that breaks off here is damaged."""
        self._is_complete = True

    def take_as_plain(self) -> None:
        """No more will come: what is too short to be compressed is plain."""
        self._set_kind(None)

    def tail(self) -> bytes:
        """The last bytes of content before the position."""
        return (self._before + self._block[-TAIL_BYTES:])[-TAIL_BYTES:]

    def _read_plain(self, size: int) -> bytes:
        """At most `size` bytes from the position on, in one call with those before it, which must not have changed."""
        tail = self.tail()
        data = self.file.pread(len(tail) + size, self.position - len(tail))
        if len(data) < len(tail):  # cut short by the file system, or truncated
            data = self.file.read_fully(len(tail), self.position - len(tail))
        if not data.startswith(tail):
            raise Overwritten
        return data[len(tail) :]

    def _read_raw(self, size: int) -> bytes | None:
        data = self.file.pread(size, self._raw_position)
        self._raw_position += len(data)
        return data or (b"" if self._is_complete else None)

    def _find_kind(self) -> bool:
        """Plain or compressed? False while there are too few bytes to say."""
        head = self.file.read_fully(MAGIC_BYTES, 0)
        kind = compression_of(head)
        if kind is None and may_be_compressed(head):
            return False
        self._set_kind(kind)
        return True

    def _set_kind(self, kind: str | None) -> None:
        self.kind_known = True
        if kind is not None:
            self._unpack = Decompressor(kind, self._read_raw, b"", self._warn)

    @staticmethod
    def _skip(unpack: Decompressor, offset: int) -> bytes:
        """Go to the place in the decompressed content; returns what lies before it."""
        tail, reached = b"", 0
        while reached < offset and (data := unpack.read(min(BLOCK_BYTES, offset - reached))):
            reached += len(data)
            tail = (tail + data)[-TAIL_BYTES:]
        return tail

    def _past_hole(self, data: bytes) -> tuple[bytes, int]:
        """Leave out the zeros that a file begins with when it was truncated under a writer that does not append."""
        rest = data.lstrip(b"\0")
        skipped = len(data) - len(rest)
        if rest:
            self._in_hole = False
        elif self._unpack is None:
            data_begins = min(self.file.next_data(self.position), self.size)
            if data_begins > self.position:
                skipped += data_begins - self.position
                self.position = data_begins
                self._block, self._before = b"", bytes(TAIL_BYTES)
        return rest, skipped
