"""One generation of a followed log: one file's content, read from a place in it to its end, whatever its name is by now.

Every read begins a little before the place that was reached and compares those bytes with what was read there before: so a file
that was truncated and filled again is noticed in the same system call that would have read from it, however large it has become.
The descriptor may be taken away (there is a bound on those); then the file is opened again by its last name.
"""

from __future__ import annotations

from collections.abc import Callable
import os
import time

from ...limits import BLOCK_BYTES, HEAD_BYTES, RACY_SECONDS, TAIL_BYTES
from ..decompress import MAGIC_BYTES, Decompressor, compression_of, may_be_compressed
from ..lines import LineFramer
from ..statistics import ReadStatistics
from .files import Descriptors, Files
from .fingerprint import Mark, Probe, digest, key_of


class Overwritten(Exception):
    """The bytes before the offset are not those that were read there: the file was truncated, or is another one."""


class Generation:
    """Reads what `probe` has open, from `mark` on where there is one, else from `start`.

    `size` and the like are as the file was last looked at (`refresh`); only that much is read, so that a file that grows
    without end keeps nobody from looking at the others.
    """

    def __init__(
        self,
        files: Files,
        descriptors: Descriptors,
        counts: ReadStatistics,
        warn: Callable[[str], None],
        probe: Probe,
        mark: Mark | None = None,
        start: int = 0,
    ) -> None:
        self.path = probe.path
        self.key = probe.key
        self.size = probe.size
        self.replaced: float | None = None
        """Since when its name belongs to another file, or to none."""
        self.heard = 0.0
        self.out_of_sight = False
        """No descriptor is held, and the last name belongs to another file: it must be searched for."""
        self.overwritten: Mark | None = None
        """What its mark was when its content was found gone, or out of reach."""
        self.lost_bytes = 0
        self.dead = False
        """There will never be more: the content is gone, or at its end."""
        self.finished = False
        self._files, self._descriptors, self._counts, self._warn = files, descriptors, counts, warn
        self._descriptor: int | None = probe.descriptor
        probe.descriptor = -1  # it is ours now
        self._stamp = (probe.status.st_mtime_ns, probe.status.st_ctime_ns)
        self._settled = False
        offset = mark.offset if mark else start
        self._resumed = mark._replace(device=self.key[0], inode=self.key[1], own=True) if mark else None
        self._handed = mark.handed if mark else 0
        self._end: tuple[int, int] | None = None  # where the unfinished last line begins, and its length
        self._framer = LineFramer(offset)
        self._position = offset  # of the next byte of content to be read
        self._block = b""  # what was read last
        self._before = b""  # what lies before the block
        self._head = b""
        self._in_hole = offset == 0
        self._unpack: Decompressor | None = None
        self._raw_position = 0
        self._decided = self._closing = False
        descriptors.use(self)
        if offset:
            self._resume(probe, offset)

    def _resume(self, probe: Probe, offset: int) -> None:
        assert self._descriptor is not None
        probe.descriptor = self._descriptor
        self._head = probe.head(min(HEAD_BYTES, offset))
        self._decide(probe.kind)
        if self._unpack is None:
            self._before = probe.span(max(0, offset - TAIL_BYTES), offset)
        else:
            self._before = self._skip_packed(offset)
        probe.descriptor = -1

    @property
    def is_open(self) -> bool:
        """While its descriptor is held, its inode is given to no other file."""
        return self._descriptor is not None

    @property
    def at_end(self) -> bool:
        """Nothing more is known to be there."""
        if self.dead or self._unpack is None:
            return self.dead or self._position >= self.size
        return self._raw_position >= self.size

    @property
    def unread(self) -> int:
        """Bytes known to be there that have not been read."""
        return max(0, self.size - (self._raw_position if self._unpack else self._position))

    def mark(self) -> Mark:
        """How far its lines have been handed on."""
        offset, handed = self._framer.offset, self._handed
        if self._end is not None:
            handed = self._end[1] if offset > self._end[0] else handed
            offset = self._end[0]
        packed = self.size if self._unpack is not None and self.dead else 0
        if self._resumed is not None and self._position < self._resumed.seen:
            return self._resumed._replace(offset=offset, handed=handed, packed=packed)
        head, tail = digest(self._head), digest(self._tail())
        return Mark(*self.key, len(self._head), head, offset, handed, self._position, tail, True, packed)

    def take(self, room: int) -> bytes:
        """The lines that are ready and begin within the next `room` bytes."""
        while True:
            before = self._framer.offset
            lines = self._framer.take(room)
            read = self._framer.offset - before
            if lines and self._handed and self._end is None:
                first = lines.find(b"\n") + 1
                if first + read - len(lines) == self._handed + 1:
                    lines = lines[first:]  # its end has come, and nothing else: it was a whole line when it was handed on
                self._handed = 0
                if not lines:
                    continue
            if lines:
                self._counts.lines += lines.count(b"\n")
                self._counts.bytes += read - (self._end is not None and self._framer.offset > self._end[0])
            return lines

    def refresh(self, status: os.stat_result | None = None) -> bool:
        """Look at the file; `status` is what its name was just found to be. Raises `Overwritten` and `OSError`.

        True when something was done to the file, and it is as long as before: it may have been truncated, and be empty again.
        """
        if self.dead:
            return False
        if status is None:
            status = self._files.stat(self.path) if self._descriptor is None else self._files.fstat(self._descriptor)
            if key_of(status) != self.key:
                raise FileNotFoundError(f"{self.path}: is another file now")
        stamp = (status.st_mtime_ns, status.st_ctime_ns)
        if self._settled and status.st_size == self.size and stamp == self._stamp:
            return False
        if status.st_size < (self._position if self._unpack is None else self._raw_position):
            raise Overwritten
        if self._unpack is None:
            self._read_plain(0)
        touched = status.st_size == self.size and stamp != self._stamp
        self.size = status.st_size
        self._stamp = stamp
        self._settled = time.time() - status.st_ctime > RACY_SECONDS
        return touched

    def fill(self, size: int) -> bool:
        """Read on; False when there is nothing now. All lines that were ready must have been taken."""
        self._compact()
        if self.finished or self.dead or (self.at_end and self._unpack is None):
            return False
        if not self._decided and not self._find_kind():
            return False
        data = self._unpack.read(size) if self._unpack else self._read_plain(min(size, self.size - self._position))
        if not data:
            if data == b"" and self._unpack:
                self.dead = True
            return False
        if len(self._head) < HEAD_BYTES and len(self._head) == self._position:
            self._head += data[: HEAD_BYTES - len(self._head)]
        self._block = data
        self._position += len(data)
        if self._in_hole:
            data = self._past_hole(data)
        long_lines = self._framer.long_lines
        if data:
            self._framer.feed(data)
            if self._position - self._framer.offset == self._framer.partial_bytes > self._handed:
                self._handed = 0  # the line has grown beyond what was handed on of it: it will be handed on as a whole
        self._counts.long_lines += self._framer.long_lines - long_lines
        return True

    def finish(self) -> bool:
        """There is no more: what came of the last line counts as a line, if it was not one before. True when it is ready now."""
        if not self.dead and not self._decided and self.size:
            self._decide(None)
            self.fill(BLOCK_BYTES)
        self.finished = True
        partial = self._framer.partial_bytes
        if not partial or partial == self._handed:
            return False
        self._end = (self._framer.offset, partial)
        self._framer.finish()
        return True

    def lose(self) -> Mark:
        """Its content is gone or out of reach; returns its mark, by which it may be found again."""
        if self.overwritten is None:
            self.overwritten = self.mark()
            self.lost_bytes = self.unread
        self.dead = True
        self.close()
        return self.overwritten

    def expect_no_more(self) -> None:
        """Nothing has come for long: compressed data that breaks off here is damaged."""
        self._closing = True

    def release(self) -> bool:
        """Close the descriptor if the file can be opened again by name."""
        if self._descriptor is None:
            return True
        try:
            if key_of(self._files.stat(self.path)) != self.key:
                return False
        except OSError:
            return False
        self.close()
        return True

    def close(self) -> None:
        if self._descriptor is not None:
            self._files.close(self._descriptor)
            self._descriptor = None
        self._descriptors.drop(self)

    def agrees_as(self, probe: Probe) -> bool:
        """Whether `probe` begins with all that was handed on of this."""
        mark = self.mark()
        return mark.seen > 0 and probe.agrees(mark) is True

    def is_still(self, probe: Probe) -> bool:
        """Whether `probe`, on the same inode, is this file still, of which no descriptor was held."""
        mark = self.mark()
        return probe.agrees(mark) is not False if mark.seen else probe.size == 0

    def is_whole(self, probe: Probe) -> bool:
        """Whether `probe` begins with all that is in this file, read or not."""
        if self._descriptor is None or self._unpack is not None:
            return False
        size = self._files.fstat(self._descriptor).st_size
        back = min(TAIL_BYTES, size)
        head, tail = self._pread(min(HEAD_BYTES, size), 0), self._pread(back, size - back)
        return size > 0 and probe.agrees(Mark(*self.key, len(head), digest(head), size, 0, size, digest(tail), True, 0)) is True

    def begins_with(self, probe: Probe) -> bool:
        """Whether the plain file of `probe` is a copy of the beginning of this."""
        if self._unpack is not None or probe.kind is not None or not 0 < probe.size <= self.size:
            return False
        back = min(TAIL_BYTES, probe.size)
        head = min(HEAD_BYTES, probe.size)
        return self._pread(back, probe.size - back) == probe.span(probe.size - back, probe.size) and self._pread(
            head, 0
        ) == probe.head(head)

    def _pread(self, size: int, offset: int) -> bytes:
        if self._descriptor is None:
            descriptor = self._files.open(self.path)
            if key_of(self._files.fstat(descriptor)) != self.key:
                self._files.close(descriptor)
                raise FileNotFoundError(f"{self.path}: is another file now")
            self._descriptor = descriptor
        self._descriptors.use(self)
        return self._files.pread(self._descriptor, size, offset)

    def _read_plain(self, size: int) -> bytes:
        """At most `size` bytes from the position on, in one call with those before it, which must not have changed."""
        tail = self._tail()
        data = self._pread(len(tail) + size, self._position - len(tail))
        if not data.startswith(tail):
            raise Overwritten
        return data[len(tail) :]

    def _read_raw(self, size: int) -> bytes | None:
        data = self._pread(size, self._raw_position)
        self._raw_position += len(data)
        return data or (b"" if self._closing else None)

    def _find_kind(self) -> bool:
        """Plain or compressed? False while there are too few bytes to say."""
        head = self._pread(MAGIC_BYTES, 0)
        kind = compression_of(head)
        if kind is None and may_be_compressed(head):
            return False
        self._decide(kind)
        return True

    def _decide(self, kind: str | None) -> None:
        self._decided = True
        if kind is not None:
            self._unpack = Decompressor(kind, self._read_raw, b"", self._warn)

    def _skip_packed(self, offset: int) -> bytes:
        """Go to the place in the decompressed content; returns what lies before it."""
        assert self._unpack is not None
        tail, reached = b"", 0
        while reached < offset and (data := self._unpack.read(min(BLOCK_BYTES, offset - reached))):
            reached += len(data)
            tail = (tail + data)[-TAIL_BYTES:]
        return tail

    def _past_hole(self, data: bytes) -> bytes:
        """Leave out the zeros that a file begins with when it was truncated under a writer that does not append."""
        rest = data.lstrip(b"\0")
        skipped = len(data) - len(rest)
        if rest:
            self._in_hole = False
        elif self._unpack is None and self._descriptor is not None:
            there = min(self._files.next_data(self._descriptor, self._position), self.size)
            if there > self._position:
                skipped += there - self._position
                self._position = there
                self._block = b""
                self._before = bytes(TAIL_BYTES)
        if skipped:
            self._counts.lost_bytes += skipped
            self._framer.skip(skipped)
        return rest

    def _compact(self) -> None:
        """Let go of the block, but for its end."""
        self._before = self._tail()
        self._block = b""

    def _tail(self) -> bytes:
        """The last bytes of content before the place where reading stands."""
        return (self._before + self._block[-TAIL_BYTES:])[-TAIL_BYTES:]
