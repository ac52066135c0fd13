"""A log that is being written: one pathname looks like one endless source, whatever becomes of the file behind it.

The log is a sequence of generations, oldest first. Each look asks what file the name has now. As long as it is the same one and
what was read of it has not changed, its new bytes are read. Otherwise the directory is searched (`lineage`) for what became of the
old file and for what came in between. A generation whose name has passed on is read to its end, and for a grace time longer,
since its writer may not know yet; then its unfinished last line counts as a line.

Nothing that happens to a file ends following: what fails is counted, told once, and tried again. Nothing here sleeps: where there
is nothing to read, `chunk` yields nothing, and whoever follows waits.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
import errno
import os
import stat
from typing import Literal

from ...limits import BLOCK_BYTES, CHUNK_BYTES, GRACE_SECONDS, LOOK_SECONDS, POLL_SECONDS
from ...runtime.clock import Clock
from ..base import Source
from ..statistics import ReadStatistics
from .files import Descriptors, Files
from .fingerprint import Key, Mark, Probe, key_of
from .generation import Generation, Overwritten
from .rotation import Found, Lineage

Start = Literal["begin", "end"]


class FollowSource(Source):
    """Follows `path`, which need not exist yet.

    `position` is what `position()` gave earlier: reading goes on there. Without one it begins at the file's `start`, with the
    files named in `rotated`, which it was rotated to before, in front. `elsewhere` says of a file whether another source reads
    it. With `last_line` an unfinished last line is handed on by `stop`; it is not handed on again after a restart unless it has
    grown by then. Sources may share `descriptors`, the bound on open files.
    """

    def __init__(
        self,
        path: str,
        *,
        start: Start = "begin",
        position: Mapping[str, object] | None = None,
        rotated: Collection[str] = (),
        elsewhere: Callable[[FollowSource, Probe], bool] | None = None,
        last_line: bool = True,
        clock: Clock | None = None,
        files: Files | None = None,
        descriptors: Descriptors | None = None,
        block_bytes: int = BLOCK_BYTES,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        super().__init__(path)
        self.path = path
        self._read = ReadStatistics()
        self.missing_since: float | None = None
        """Since when the name has no file."""
        self._start = start
        self._rotated = rotated
        self._elsewhere = elsewhere or (lambda source, probe: False)
        self._last_line = last_line
        self._clock = clock or Clock()
        self._files = files or Files()
        self._descriptors = descriptors or Descriptors()
        self._block_bytes = block_bytes
        self._grace_seconds = grace_seconds
        self._lineage = Lineage(self._files, path, self._failed)
        self._generations: list[Generation] = []
        self.reading: set[Key] = set()
        """Devices and inodes of the files that are being read."""
        self._reading: Generation | None = None  # whose lines are being taken
        self._current: Generation | None = None  # whose file has the name
        self._key: Key | None = None  # of the file that has the name, read or not
        self._handed_on = 0
        self._looked = self._search_again = float("-inf")
        self._search_delay = LOOK_SECONDS
        self._failure: int | None = None  # what went wrong last, so that it is told once
        self._failed_since_look = False
        self._is_first = True
        self._has_begun = False
        self._stopping = False
        self._stop_room = CHUNK_BYTES
        if position is not None:
            self._restore(position)

    # ---- what a monitor asks

    @property
    def offset(self) -> int:
        return self._handed_on

    @property
    def is_at_rest(self) -> bool:
        """Nothing is open for reading: the name has no file, and all that it had was read."""
        return self.missing_since is not None and not self._generations

    def position(self) -> dict[str, object]:
        """Where to go on after all that `chunk` has given so far, as plain values for JSON."""
        marks = [*self._lineage.marks, *(generation.mark() for generation in self._generations)]
        return {
            "offset": self._handed_on,
            "begun": not self._is_first,
            "marks": [mark.as_json() for mark in marks],
            "statistics": self._read.as_json(),
        }

    def statistics(self) -> ReadStatistics:
        return self._read

    @property
    def key(self) -> Key | None:
        """Device and inode of the file that has the name, as it was last looked at."""
        return self._key

    @property
    def has_looked(self) -> bool:
        return self._looked > float("-inf")

    @property
    def has_marks(self) -> bool:
        return bool(self._lineage.marks)

    def mark_of(self, probe: Probe) -> Mark | None:
        """The mark of the file that `probe` has open, if it was read here and is read no longer.

        Only a compressed file is known by its content alone: two logs may well begin with the same lines.
        """
        for mark in reversed(self._lineage.marks):
            if mark.own and mark.seen and (mark.key == probe.key or probe.kind) and probe.agrees(mark):
                return mark
        return None

    def hand_over(self, mark: Mark) -> None:
        """Another source goes on there."""
        self._lineage.marks.remove(mark)

    def stop(self) -> None:
        """Read what is there now, within reason, and end; see `last_line`."""
        if not self._stopping:
            self._look()
            self._stopping = True

    def close(self) -> None:
        for generation in self._generations:
            generation.close()

    # ---- lines

    def _take(self, room: int) -> bytes:
        if self._reading is None:
            return b""
        before = self._read.bytes
        lines = self._reading.take(room)
        self._handed_on += self._read.bytes - before
        return lines

    def _fill(self) -> bool:
        is_due = not self._stopping and self._clock.elapsed() - self._looked >= POLL_SECONDS
        if is_due:
            self._look()
        if self._fill_one():
            return True
        if self._stopping:
            self.ended = True
            return False
        if is_due:
            return False
        self._look()
        return self._fill_one()

    def _fill_one(self) -> bool:
        """Read from the oldest generation that has something."""
        for generation in self._generations[:]:
            if generation.finished:  # and all its lines are taken
                self._let_go(generation)
                continue
            try:
                if self._fill_from(generation):
                    self._reading = generation
                    return True
            except (Overwritten, OSError) as error:
                self._cannot_read(generation, error)
                if generation.dead or generation.out_of_sight:
                    self._look()  # before anything else is read: its content may be found elsewhere
                    return self._fill_one()
        return False

    def _fill_from(self, generation: Generation) -> bool:
        size = self._block_bytes
        if self._stopping:
            size = min(size, self._stop_room)
        if size and generation.fill(size):
            self._stop_room -= size if self._stopping else 0
            generation.heard = self._clock.elapsed()
            return True
        if generation is not self._current and generation.at_end and self._is_over(generation):
            generation.expect_no_more()
            return generation.fill(self._block_bytes) or generation.finish()
        if self._stopping and self._last_line and generation.at_end:
            return generation.finish()
        return False

    def _is_over(self, generation: Generation) -> bool:
        if generation.dead:
            return True
        since = max(generation.heard, generation.replaced if generation.replaced is not None else self._clock.elapsed())
        return self._clock.elapsed() - since >= self._grace_seconds

    # ---- files

    def _look(self) -> None:
        """See what file the name has now, and what has become of the others."""
        now = self._looked = self._clock.elapsed()
        if not self._failed_since_look:
            self._failure = None
        self._failed_since_look = False
        try:
            status: os.stat_result | None = self._files.stat(self.path)
        except (FileNotFoundError, NotADirectoryError):
            status = None
        except OSError as error:
            self._failed(error)
            return
        if status is not None and not stat.S_ISREG(status.st_mode):
            self._failed(OSError(errno.EINVAL, "is no regular file; waiting for one"))
            status = None
        if status is not None:
            self.missing_since = None
        elif self.missing_since is None:
            self.missing_since = now
            if self._is_first:
                self._warn("no such file yet; waiting for it")
        key = None if status is None else key_of(status)
        for generation in self._generations[:]:
            self._refresh(generation, status if generation is self._current and generation.key == key else None)
        if self._is_first or key != self._key or now >= self._search_again:
            if key != self._key:
                self._search_delay = LOOK_SECONDS
            self._search(status)

    def _refresh(self, generation: Generation, status: os.stat_result | None) -> None:
        try:
            if generation.refresh(status) and generation is self._current:
                self._search_again = self._looked
        except (Overwritten, OSError) as error:
            self._cannot_read(generation, error)

    def _cannot_read(self, generation: Generation, error: Exception) -> None:
        """What was read of it is gone, or it is out of reach; or reading failed, and is tried again."""
        if isinstance(error, Overwritten):
            self._read.truncations += generation is self._current
            self._lineage.add(generation.lose()._replace(device=0, inode=0))  # a copy may have been made before
            if generation is self._current:
                self._current = None
        elif isinstance(error, FileNotFoundError):
            generation.out_of_sight = True
        else:
            assert isinstance(error, OSError)
            self._failed(error)
            if error.errno == errno.ESTALE:
                generation.close()  # the server has forgotten it: open it again
            return
        self._search_again = self._looked

    def _let_go(self, generation: Generation) -> None:
        """All of it has been handed on."""
        self._drop(generation)
        if generation.overwritten is None:
            self._lineage.add(generation.mark())
        else:
            self._read.lost_bytes += generation.lost_bytes
            self._lineage.amend(generation.overwritten, generation.mark().handed)

    def _drop(self, generation: Generation) -> None:
        self._generations.remove(generation)
        self.reading = {other.key for other in self._generations}
        generation.close()
        if generation is self._reading:
            self._reading = None

    def _search(self, status: os.stat_result | None) -> None:
        """Arrange the generations by what is in the directory; `status` is of the file that has the name."""
        now = self._clock.elapsed()
        if self._is_first and not self._lineage.marks:
            self._lineage.leave_out(self._rotated)
        out_of_sight = [generation for generation in self._generations if generation.out_of_sight]
        found = self._lineage.search(status, self._generations, now)
        try:
            self._arrange(found)
        except OSError as error:
            self._failed(error)
            found = found._replace(failed=True)
        finally:
            for probe in found.probes:
                probe.close()
        self._key = None if status is None else key_of(status)
        current = [
            generation for generation in self._generations if generation.overwritten is None and generation.key == self._key
        ]
        self._current = current[-1] if current else None
        for generation in self._generations:
            if generation is self._current:
                generation.replaced = None
            elif generation.replaced is None:
                generation.replaced = now
        for generation in out_of_sight:
            self._refresh(generation, None)
        self._is_first = self._is_first and found.failed
        if found.failed or status is None:
            self._search_again = now + LOOK_SECONDS
        elif found.undecided:
            self._search_again = now + self._search_delay
            self._search_delay *= 2
        else:
            self._search_again = float("inf")

    def _arrange(self, found: Found) -> None:
        for generation in found.replaced:
            self._drop(generation)
        for probe, mark in found.continued:
            if not mark.own and self._elsewhere(self, probe):
                self._lineage.add(mark)
                continue
            for generation in self._generations[:]:
                lost = generation.overwritten
                if lost is not None and (lost.head, lost.tail, lost.offset) == (mark.head, mark.tail, mark.offset):
                    self._drop(generation)
            self._begin(probe, mark)
        for probe in found.begun:
            is_first = self._is_first and probe.path == self.path and self._start == "end"
            if self._elsewhere(self, probe) or is_first and probe.kind is not None:
                self._lineage.add(probe.foreign_mark())
                continue
            refills = probe.path == self.path and any(generation.overwritten for generation in self._generations)
            self._read.rotations += self._has_begun and not self._is_first and not refills
            self._begin(probe, None, probe.last_line_start() if is_first else 0)

    def _begin(self, probe: Probe, mark: Mark | None, start: int = 0) -> None:
        generation = Generation(self._files, self._descriptors, self._read, self._warn, probe, mark, start)
        generation.heard = self._clock.elapsed()
        self._generations.append(generation)
        self.reading.add(generation.key)
        self._has_begun = True

    def _failed(self, error: OSError) -> None:
        """Counted and told when it begins; while it lasts, that is once."""
        self._failed_since_look = True
        if error.errno in (errno.EMFILE, errno.ENFILE):
            self._descriptors.relieve()
        if error.errno != self._failure:
            self._failure = error.errno
            self._read.errors += 1
            self._warn(f"{error.strerror or error}; trying again")

    def _restore(self, position: Mapping[str, object]) -> None:
        """Take over what is a position in `position`."""
        marks, offset = position.get("marks"), position.get("offset")
        for value in marks if isinstance(marks, list) else []:
            if (mark := Mark.from_json(value)) is not None:
                self._lineage.add(mark)
                self._has_begun = self._has_begun or mark.own
        self._is_first = position.get("begun") is not True
        self._handed_on = offset if type(offset) is int and offset >= 0 else 0
        self._read = ReadStatistics.from_json(position.get("statistics"))
