"""One file generation of a followed log: the lines of one file, from a place in it to its end, whatever its name is by now.

`Content` reads the bytes; this makes lines of them, remembers how far these were handed on (the fingerprint), and how the file has
been faring: replaced under its name, out of sight, lost, dead.
"""

from __future__ import annotations

from collections.abc import Callable
import os

from ...limits import BLOCK_BYTES, HEAD_BYTES, RACY_SECONDS, TAIL_BYTES
from ...runtime.clock import Clock
from ..lines import LineFramer
from ..statistics import ReadStatistics
from .content import Content
from .fingerprint import Fingerprint, Probe, digest
from .open_file import Key, key_of, state_of


class FileGeneration:
    """Reads the file of `probe`, which it takes over, from `known` on where that is given, else from `start`."""

    def __init__(
        self,
        probe: Probe,
        statistics: ReadStatistics,
        warn: Callable[[str], None],
        clock: Clock,
        known: Fingerprint | None = None,
        start: int = 0,
    ) -> None:
        offset = known.offset if known else start
        self.file = probe.file
        self.key = probe.key
        self.replaced_since: float | None = None
        """Since when its name belongs to another file, or to none."""
        self.heard = clock.elapsed()
        """When something was read from it last."""
        self.out_of_sight = False
        """No descriptor is held, and the last name belongs to another file: it must be searched for."""
        self.lost_as: Key | None = None
        """Set when its content was found gone (`NO_FILE`), or out of reach: where it may be found again."""
        self.lost_bytes = 0
        self.dead = False
        """There will never be more: the content is gone, or at its end."""
        self.finished = False
        """All lines are ready, the unfinished last one included."""
        self._statistics, self._clock = statistics, clock
        self.state = state_of(probe.status)
        """As it was last polled."""
        self.is_settled = False
        """It had not been changed just before that: as long as its state is the same, so is its content."""
        self._resumed = known.under(self.key)._replace(own=True) if known else None
        self._handed = known.handed if known else 0
        self._last_line: tuple[int, int] | None = None  # where the unfinished one begins, and its length
        self._framer = LineFramer(offset)
        self._content = Content(probe.file, probe.size, warn)
        self._fingerprint: tuple[object, Fingerprint] | None = None
        if offset:
            self._content.resume(probe, offset)

    # ---- what is known of it

    @property
    def is_plain(self) -> bool:
        return not self._content.is_compressed

    @property
    def at_end(self) -> bool:
        """No more is known to be there."""
        return self.dead or self._content.at_end

    def fingerprint(self) -> Fingerprint:
        """How far its lines have been handed on."""
        offset, handed = self._framer.offset, self._handed
        if self._last_line is not None:
            handed = self._last_line[1] if offset > self._last_line[0] else handed
            offset = self._last_line[0]
        content = self._content
        packed = content.size if content.is_compressed and self.dead else 0
        key = self.lost_as or self.key
        state = (offset, handed, packed, content.position, key)
        if self._fingerprint is None or self._fingerprint[0] != state:
            self._fingerprint = state, self._made(key, offset, handed, packed)
        return self._fingerprint[1]

    def _made(self, key: Key, offset: int, handed: int, packed: int) -> Fingerprint:
        content = self._content
        if self._resumed is not None and content.position < self._resumed.seen:
            return self._resumed.under(key)._replace(offset=offset, handed=handed, packed=packed)
        head, tail = digest(content.head), digest(content.tail())
        return Fingerprint(*key, len(content.head), head, offset, handed, content.position, tail, True, packed)

    # ---- lines

    def take(self, room: int) -> bytes:
        """The ready lines that begin within the next `room` bytes."""
        while True:
            before = self._framer.offset
            lines = self._framer.take(room)
            read = self._framer.offset - before
            if lines and self._handed and self._last_line is None:
                first = lines.find(b"\n") + 1
                if first + read - len(lines) == self._handed + 1:
                    lines = lines[first:]  # its end has come, and nothing else: it was complete when it was handed on
                self._handed = 0
                if not lines:
                    continue
            if lines:
                self._statistics.lines += lines.count(b"\n")
                self._statistics.bytes += read - (self._last_line is not None and self._framer.offset > self._last_line[0])
            return lines

    def fill(self, size: int) -> bool:
        """Read on; False when there is nothing now. All ready lines must have been taken. Raises `Overwritten` and `OSError`."""
        if self.finished or self.dead:
            return False
        read = self._content.read(size)
        if read is None:
            self.dead = self._content.ended
            return False
        data, skipped = read
        if skipped:
            self._statistics.lost_bytes += skipped
            self._framer.skip(skipped)
        if data:
            long_lines = self._framer.long_lines
            self._framer.feed(data)
            self._statistics.long_lines += self._framer.long_lines - long_lines
            if self._content.position - self._framer.offset == self._framer.partial_bytes > self._handed:
                self._handed = 0  # the line has grown beyond what was handed on of it: it will be handed on as a whole
        self.heard = self._clock.elapsed()
        return True

    def expect_no_more(self) -> None:
        """Nothing has come for long: compressed data that breaks off here is damaged."""
        self._content.expect_no_more()

    def finish(self) -> bool:
        """End the last line, unless it was handed on before; True when it is ready now."""
        if not self.dead and not self._content.kind_known and self._content.size:
            self._content.take_as_plain()
            self.fill(BLOCK_BYTES)
        self.finished = True
        partial = self._framer.partial_bytes
        if not partial or partial == self._handed:
            return False
        self._last_line = (self._framer.offset, partial)
        self._framer.finish()
        return True

    # ---- the file

    def poll(self, status: os.stat_result | None = None) -> bool:
        """See what has become of the file; `status` is what its name was just found to have. Raises `Overwritten` and `OSError`.

        True when something was done to it that left it as long as before: it may have been truncated, and be empty again.
        """
        if self.dead:
            return False
        if status is None or key_of(status) != self.key:
            status = self.file.status()
        state = state_of(status)
        if self.is_settled and state == self.state:
            return False
        touched = state != self.state and status.st_size == self._content.size
        self._content.resize(status.st_size)
        self.state = state
        self.is_settled = self._clock.now() - status.st_ctime > RACY_SECONDS
        return touched

    def lose(self, key: Key) -> None:
        """Its content is gone or out of reach; lines that are ready can be taken all the same."""
        if self.lost_as is None:
            self.lost_as = key
            self.lost_bytes = self._content.unread
        self.dead = True
        self.file.close()

    def close(self) -> None:
        self.file.close()

    # ---- whether another file is a copy of it

    def agrees_as(self, probe: Probe) -> bool:
        """Whether `probe` begins with all that was handed on of this."""
        known = self.fingerprint()
        return known.seen > 0 and probe.agrees(known) is True

    def is_still(self, probe: Probe) -> bool:
        """Whether `probe`, on the same inode, is this file still, of which no descriptor was held."""
        known = self.fingerprint()
        return probe.agrees(known) is not False if known.seen else probe.size == 0

    def is_whole(self, probe: Probe) -> bool:
        """Whether `probe` begins with all that is in this file, read or not."""
        if not self.file.is_open or not self.is_plain:
            return False
        size = self.file.status().st_size
        back = min(TAIL_BYTES, size)
        head, tail = self.file.read_fully(min(HEAD_BYTES, size), 0), self.file.read_fully(back, size - back)
        whole = Fingerprint(*self.key, len(head), digest(head), size, 0, size, digest(tail), True, 0)
        return size > 0 and probe.agrees(whole) is True

    def begins_with(self, probe: Probe) -> bool:
        """Whether the plain file of `probe` is a copy of the beginning of this."""
        if not self.is_plain or probe.kind is not None or not 0 < probe.size <= self._content.size:
            return False
        back, head = min(TAIL_BYTES, probe.size), min(HEAD_BYTES, probe.size)
        before_end = probe.size - back
        return self.file.read_fully(back, before_end) == probe.span(before_end, probe.size) and self.file.read_fully(
            head, 0
        ) == probe.head(head)
