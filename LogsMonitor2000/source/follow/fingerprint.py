"""What is remembered of a file, so that it is known again by whatever name, inode or compression it has become.

Names change with every rotation, and ext4 hands the inode of a deleted file out again at once. So a mark holds, beside device and
inode, a hash of the beginning and a hash of the last bytes before the place that was reached: content decides.
"""

from __future__ import annotations

from collections.abc import Mapping
import hashlib
import os
from typing import NamedTuple

from ...limits import BLOCK_BYTES, HEAD_BYTES, LINE_BYTES_MAX, TAIL_BYTES
from ..decompress import Decompressor, compression_of
from .files import Files

Key = tuple[int, int]
"""Device and inode."""


def key_of(status: os.stat_result) -> Key:
    return status.st_dev, status.st_ino


def digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


class Mark(NamedTuple):
    """One generation of a log: which file it is, and how much of it has been handed on. Offsets count decompressed bytes."""

    device: int
    inode: int
    head_bytes: int
    head: str
    """Hash of the first `head_bytes` bytes."""
    offset: int
    """Where the next line begins."""
    handed: int
    """Bytes of that line which were handed on as a line of their own because reading stopped there."""
    seen: int
    """How far the content has been read, unfinished line included."""
    tail: str
    """Hash of the bytes shortly before `seen`."""
    own: bool
    """It is read by the source that has the mark; otherwise it is only known so as not to be read."""
    packed: int
    """The size on disk of a compressed file that was read to its end, 0 for every other."""

    @property
    def key(self) -> Key:
        return self.device, self.inode

    @property
    def is_handed_on(self) -> bool:
        """Whether all that was seen has been handed on."""
        return self.offset + self.handed == self.seen

    def as_json(self) -> dict[str, object]:
        return self._asdict()

    @classmethod
    def from_json(cls, value: object) -> Mark | None:
        """None for what is no mark."""
        if not isinstance(value, Mapping):
            return None
        fields = [value.get(name) for name in cls._fields]
        for field, kind in zip(fields, (int, int, int, str, int, int, int, str, bool, int)):
            if type(field) is not kind or (kind is int and not 0 <= field < 1 << 64):  # type: ignore[operator]
                return None
        mark = cls(*fields)  # type: ignore[arg-type]
        return mark if mark.offset + mark.handed <= mark.seen and mark.head_bytes <= HEAD_BYTES else None


class Probe:
    """An open file whose content is compared with marks. It belongs to whoever made it, descriptor included."""

    def __init__(self, files: Files, path: str, status: os.stat_result | None = None) -> None:
        self.path = path
        self.descriptor = files.open(path)
        self._files = files
        try:
            self.status = files.fstat(self.descriptor)
            if status is not None and key_of(status) != key_of(self.status):
                raise FileNotFoundError(f"{path}: became another file")
            self._raw_head = files.pread(self.descriptor, HEAD_BYTES, 0)
            self.kind = compression_of(self._raw_head)
            self._head = self._raw_head if self.kind is None else self._unpacked(0, HEAD_BYTES)[0]
        except BaseException:
            files.close(self.descriptor)
            raise
        self.key = key_of(self.status)
        self.size = self.status.st_size
        self._hashes: dict[int, str] = {}

    def close(self) -> None:
        if self.descriptor >= 0:
            self._files.close(self.descriptor)
            self.descriptor = -1

    def head(self, size: int) -> bytes:
        return self._head[:size]

    def agrees(self, mark: Mark) -> bool | None:
        """Whether this is the file of `mark`, grown or not; None when it is not whole yet."""
        if len(self._head) < mark.head_bytes or self._hash(mark.head_bytes) != mark.head:
            return None if self.kind and len(self._head) < mark.head_bytes and self._breaks_off(HEAD_BYTES) else False
        if mark.seen == 0:
            return True
        if self.kind is None:
            if self.size < mark.seen:
                return False
            back = min(TAIL_BYTES, mark.seen)
            return digest(self._files.pread(self.descriptor, back, mark.seen - back)) == mark.tail
        if mark.packed:
            return mark.key == self.key and mark.packed == self.size
        if self.is_all_of(mark):
            return True
        tail, whole = self._unpacked(max(0, mark.seen - TAIL_BYTES), mark.seen)
        if len(tail) == min(TAIL_BYTES, mark.seen):
            return digest(tail) == mark.tail
        return False if whole else None

    def is_all_of(self, mark: Mark) -> bool:
        """A gzip file that says at its end how much it holds holds just what was seen: nothing need be unpacked to know."""
        if self.kind != "gzip" or self.size < 20:
            return False
        length = int.from_bytes(self._files.pread(self.descriptor, 4, self.size - 4), "little")
        return mark.seen > 0 and length == mark.seen & 0xFFFFFFFF

    def foreign_mark(self) -> Mark:
        """So that the file is known and not read."""
        head = self._head
        end = 0 if self.kind else self.size
        back = min(TAIL_BYTES, end)
        tail = self._files.pread(self.descriptor, back, end - back) if back else b""
        packed = self.size if self.kind else 0
        return Mark(*self.key, len(head), digest(head), end, 0, end, digest(tail), False, packed)

    def span(self, start: int, end: int) -> bytes:
        """The bytes of the content from `start` to `end`."""
        if self.kind is None:
            return self._files.pread(self.descriptor, end - start, start)
        return self._unpacked(start, end)[0]

    def last_line_start(self) -> int:
        """Where the unfinished last line of a plain file begins, or its end: no line of a sane length is cut."""
        end = self.size
        while end > max(0, self.size - LINE_BYTES_MAX):
            start = max(0, end - BLOCK_BYTES)
            newline = self.span(start, end).rfind(b"\n")
            if newline >= 0:
                return start + newline + 1
            end = start
        return self.size if end else 0

    def _hash(self, size: int) -> str:
        if size not in self._hashes:
            self._hashes[size] = digest(self._head[:size])
        return self._hashes[size]

    def _breaks_off(self, end: int) -> bool:
        return not self._unpacked(0, end)[1]

    def _unpacked(self, start: int, end: int) -> tuple[bytes, bool]:
        """The decompressed bytes from `start` to `end`, and whether the file is whole as far as it was read."""
        position = 0
        complaints: list[str] = []

        def read_raw(size: int) -> bytes:
            nonlocal position
            data = self._files.pread(self.descriptor, size, position)
            position += len(data)
            return data

        assert self.kind is not None
        unpack = Decompressor(self.kind, read_raw, b"", complaints.append)
        found, reached = b"", 0
        while reached < end and (data := unpack.read(BLOCK_BYTES)):
            if reached + len(data) > start:
                found += data[max(0, start - reached) : end - reached]
            reached += len(data)
        return found, not complaints
