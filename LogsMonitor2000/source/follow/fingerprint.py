"""What is remembered of a file, so that it is recognised under whatever name, inode or compression it reappears.

Names change with every rotation, and ext4 gives the inode of a deleted file to the next one. So a fingerprint holds, beside device
and inode, a hash of the beginning and a hash of the last bytes before the place that was reached: content decides.
"""

from __future__ import annotations

from collections.abc import Mapping
import hashlib
import os
from typing import NamedTuple

from ...limits import BLOCK_BYTES, HEAD_BYTES, LINE_BYTES_MAX, TAIL_BYTES
from ..decompress import Decompressor, compression_of
from .files import Descriptors, Files
from .open_file import Key, OpenFile


def digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


class Fingerprint(NamedTuple):
    """One generation of a log: which file it is, and how much of it has been read. Offsets count decompressed bytes."""

    device: int
    inode: int
    head_bytes: int
    head: str
    """Hash of the first `head_bytes` bytes."""
    offset: int
    """Where the next line begins."""
    handed: int
    """Bytes of that line which were already handed on as a line, since reading was stopped there."""
    seen: int
    """How far the content has been read, unfinished line included."""
    tail: str
    """Hash of the bytes shortly before `seen`."""
    own: bool
    """Its source reads it; otherwise it is only known in order not to be read."""
    packed: int
    """The size on disk of a compressed file that was read to its end, 0 for every other."""

    @property
    def key(self) -> Key:
        return self.device, self.inode

    def under(self, key: Key) -> Fingerprint:
        """The same content in another file."""
        return self._replace(device=key[0], inode=key[1])

    @property
    def is_handed_on(self) -> bool:
        """Whether all that was seen has been handed on."""
        return self.offset + self.handed == self.seen

    def as_json(self) -> dict[str, object]:
        return self._asdict()

    @classmethod
    def from_json(cls, value: object) -> Fingerprint | None:
        """None for what is not a fingerprint."""
        if not isinstance(value, Mapping):
            return None
        fields = [value.get(name) for name in cls._fields]
        for field, kind in zip(fields, (int, int, int, str, int, int, int, str, bool, int)):
            if type(field) is not kind or (kind is int and not 0 <= field < 1 << 64):  # type: ignore[operator]
                return None
        found = cls(*fields)  # type: ignore[arg-type]
        return found if found.offset + found.handed <= found.seen and found.head_bytes <= HEAD_BYTES else None


class Probe:
    """A file whose content is compared with fingerprints. `close` it, unless a generation has taken over `file`."""

    def __init__(self, files: Files, descriptors: Descriptors, path: str, status: os.stat_result | None = None) -> None:
        self.path = path
        self.file = OpenFile(files, descriptors, path, status)
        self.key, self.status, self.size = self.file.key, self.file.opened_as, self.file.opened_as.st_size
        try:
            raw_head = self.file.read_fully(HEAD_BYTES, 0)
            self.kind = compression_of(raw_head)
            self._head = raw_head if self.kind is None else self._unpacked(0, HEAD_BYTES)[0]
        except BaseException:
            self.file.close()
            raise
        self._hashes: dict[int, str] = {}

    def close(self) -> None:
        self.file.close()

    def head(self, size: int) -> bytes:
        return self._head[:size]

    def agrees(self, known: Fingerprint) -> bool | None:
        """Whether this is the file of `known`, grown or not; None when a compressed file is not complete yet."""
        if len(self._head) < known.head_bytes or self._hash(known.head_bytes) != known.head:
            return None if self.kind and len(self._head) < known.head_bytes and self._breaks_off(HEAD_BYTES) else False
        if known.seen == 0:
            return True
        if self.kind is None:
            if self.size < known.seen:
                return False
            back = min(TAIL_BYTES, known.seen)
            return digest(self.file.read_fully(back, known.seen - back)) == known.tail
        if known.packed:
            return known.key == self.key and known.packed == self.size
        if self.is_all_of(known):
            return True
        tail, whole = self._unpacked(max(0, known.seen - TAIL_BYTES), known.seen)
        if len(tail) == min(TAIL_BYTES, known.seen):
            return digest(tail) == known.tail
        return False if whole else None

    def has_content_of(self, known: Fingerprint) -> bool:
        """Whether agreement means anything: of a file that was empty only the inode is known, which any file may have now."""
        return known.head_bytes > 0 or self.size == 0 or (self.kind is not None and self.size == known.packed)

    def is_all_of(self, known: Fingerprint) -> bool:
        """A gzip file says at its end how much it holds; just what was seen means that nothing need be unpacked."""
        if self.kind != "gzip" or self.size < 20:
            return False
        length = int.from_bytes(self.file.read_fully(4, self.size - 4), "little")
        return known.seen > 0 and length == known.seen & 0xFFFFFFFF

    def is_copy_of_beginning(self, whole: Probe) -> bool:
        """Whether this plain file is a copy of the beginning of `whole`."""
        if self.kind is not None or not 0 < self.size <= whole.size:
            return False
        return whole.agrees(self.foreign_fingerprint()) is True

    def foreign_fingerprint(self) -> Fingerprint:
        """By which the file is known and not read."""
        head = self._head
        end = 0 if self.kind else self.size
        back = min(TAIL_BYTES, end)
        tail = self.file.read_fully(back, end - back) if back else b""
        packed = self.size if self.kind else 0
        return Fingerprint(*self.key, len(head), digest(head), end, 0, end, digest(tail), False, packed)

    def span(self, start: int, end: int) -> bytes:
        """The bytes of the content from `start` to `end`."""
        if self.kind is None:
            return self.file.read_fully(end - start, start)
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
        """The decompressed bytes from `start` to `end`, and whether the file is complete as far as it was read."""
        position = 0

        def read_raw(size: int) -> bytes:
            nonlocal position
            data = self.file.pread(size, position)
            position += len(data)
            return data

        assert self.kind is not None
        problems: list[str] = []
        unpack = Decompressor(self.kind, read_raw, b"", problems.append)
        found, reached = b"", 0
        while reached < end and (data := unpack.read(BLOCK_BYTES)):
            if reached + len(data) > start:
                found += data[max(0, start - reached) : end - reached]
            reached += len(data)
        return found, not problems
