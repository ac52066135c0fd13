"""A log that is being written: one pathname looks like one endless source, whatever becomes of the file behind it.

The log is a sequence of file generations, oldest first. Each poll asks what file the name has now. As long as it is the same one and
what was read of it has not changed, its new bytes are read. Otherwise the directory is searched (`rotation`) for what became of the
old file and for what came in between. A generation whose name has passed on is read to its end, and for a grace period longer,
since its writer may not have reopened its log yet; then its unfinished last line counts as a line.

Nothing that happens to a file ends following: failures are counted, reported once, and retried. Nothing here sleeps: where there
is nothing to read, `chunk` yields nothing, and the caller waits; `next_poll` says until when.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
import errno
import os
import stat
from typing import Literal

from ...limits import BLOCK_BYTES, CHUNK_BYTES, GRACE_SECONDS, POLL_SECONDS, SEARCH_SECONDS
from ..base import Source
from ..statistics import ReadStatistics
from .content import Overwritten
from .environment import Environment
from .fingerprint import Fingerprint, Probe
from .generation import FileGeneration
from .generations import Generations
from .identity import identity_of, recognised
from .open_file import FileState, Key, key_of, state_of
from .rotation import RotationTracking

Start = Literal["begin", "end"]


class FollowSource(Source):
    """Follows `path`, which need not exist yet.

    `position` is an earlier answer of `position()`: reading resumes there. Without one it begins at the file's `start`, with the
    files named in `rotated`, which it was rotated to before, in front. `elsewhere` says of a file whether another source reads
    it. With `last_line` an unfinished last line is handed on by `stop`; after a restart it is not handed on again unless it has
    grown by then.
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
        environment: Environment | None = None,
        block_bytes: int = BLOCK_BYTES,
    ) -> None:
        super().__init__(path)
        self.path = path
        self.identity = identity_of(path)
        self.missing_since: float | None = None
        """Since when the name has no file."""
        self._statistics = ReadStatistics()
        self._start = start
        self._rotated = rotated
        self._last_line = last_line
        self._environment = environment or Environment()
        self._clock, self._files = self._environment.clock, self._environment.files
        self._block_bytes = block_bytes
        self._tracking = RotationTracking(self._environment, path, self._failed)
        self._generations = Generations(
            path,
            self.identity,
            self._environment,
            self._tracking,
            self._statistics,
            elsewhere=lambda probe: elsewhere is not None and elsewhere(self, probe),
            warn=self._warn,
            failed=self._failed,
        )
        self._handed_on = 0
        self._polled = self._search_again = float("-inf")
        self._polled_at = self._clock.now()  # the same by the time of day
        self._search_delay = SEARCH_SECONDS
        self._is_search_complete = True
        self._news_at = self._clock.elapsed()  # when something was last read or found changed
        self._quiet_as: FileState | None = None  # the file's state when it was read to its end and nothing was going on
        self._failure: int | None = None  # what went wrong last, so that it is reported once
        self._failed_since_poll = False
        self._is_first = True
        self._is_started = False
        self._stopping = False
        self._stop_room = CHUNK_BYTES
        if position is not None:
            self._restore(position)

    # ---- what a monitor asks

    @property
    def offset(self) -> int:
        return self._handed_on

    def position(self) -> dict[str, object]:
        known = [*self._tracking.fingerprints, *(generation.fingerprint() for generation in self._generations)]
        return {
            "offset": self._handed_on,
            "begun": not self._is_first,
            "known_until": self._tracking.known_until,
            "fingerprints": [each.as_json() for each in known],
            "statistics": self._statistics.as_json(),
        }

    def statistics(self) -> ReadStatistics:
        return self._statistics

    def stop(self) -> None:
        """Read what is there now, within reason, and end; see `last_line`."""
        if not self._stopping:
            self._poll()
            self._stopping = True

    def close(self) -> None:
        self._generations.close()

    # ---- what a set of sources asks

    @property
    def key(self) -> Key | None:
        """Device and inode of the file that had the name at the last poll."""
        return self._generations.key

    @property
    def was_polled(self) -> bool:
        return self._polled > float("-inf")

    @property
    def is_at_rest(self) -> bool:
        """Nothing is being read: the name has no file, and all that it had was read."""
        return self.missing_since is not None and not self._generations

    @property
    def remembers(self) -> bool:
        """Whether there are files that are read no longer."""
        return bool(self._tracking.fingerprints)

    def fingerprint_of(self, probe: Probe) -> Fingerprint | None:
        """The fingerprint of the file of `probe`, if it was read here and is read no longer."""
        return recognised(self._tracking.fingerprints, probe)

    def hand_over(self, known: Fingerprint) -> dict[str, object]:
        """The position from which another source reads that file on."""
        self._tracking.remove(known)
        until = self._tracking.known_until
        return {"begun": True, "offset": known.offset, "known_until": until, "fingerprints": [known.as_json()]}

    # ---- lines

    def _take(self, room: int) -> bytes:
        if self._generations.taking_from is None:
            return b""
        before = self._statistics.bytes
        lines = self._generations.taking_from.take(room)
        self._handed_on += self._statistics.bytes - before
        return lines

    def _fill(self) -> bool:
        if self._stopping:
            self.ended = not self._fill_one()
            return not self.ended
        is_due = self._clock.elapsed() - self._polled >= POLL_SECONDS
        has_news = not is_due or self._poll()
        if has_news:
            if self._fill_one() or (not is_due and self._poll() and self._fill_one()):
                return True
            self._note_quiet()
        self.next_poll = self._environment.schedule.next_poll(self._polled, self._news_at)
        return False

    def _note_quiet(self) -> None:
        """There is nothing now: note the state by which the next poll recognises an unchanged file."""
        current = self._generations.current
        is_quiet = (
            current is not None
            and len(self._generations) == 1
            and self._search_again == float("inf")
            and not self._failed_since_poll
            and current.is_settled
            and current.at_end
        )
        self._quiet_as = current.state if is_quiet and current is not None else None

    def _fill_one(self) -> bool:
        """Read from the oldest generation that has something."""
        for generation in self._generations:
            if generation.finished:  # and all its lines are taken
                self._generations.let_go(generation)
                continue
            if generation.out_of_sight:
                continue
            try:
                if self._fill_from(generation):
                    self._generations.taking_from = generation
                    self._news_at = self._polled
                    return True
            except (Overwritten, OSError) as error:
                self._cannot_read(generation, error)
                if generation.dead or generation.out_of_sight:
                    self._poll()  # before anything else is read: its content may be found elsewhere
                    return self._fill_one()
        return False

    def _fill_from(self, generation: FileGeneration) -> bool:
        size = self._block_bytes
        if self._stopping:
            size = min(size, self._stop_room)
        if size and generation.fill(size):
            self._stop_room -= size if self._stopping else 0
            return True
        if generation is not self._generations.current and generation.at_end and self._is_over(generation):
            generation.expect_no_more()
            return generation.fill(self._block_bytes) or generation.finish()
        if self._stopping and self._last_line and generation.at_end:
            return generation.finish()
        return False

    def _is_over(self, generation: FileGeneration) -> bool:
        """Whether nothing more will come, as far as the last poll showed: what happened since then, in a long pause, is not known."""
        if generation.dead and (self._is_search_complete or not generation.lost_as):
            return True
        if generation.replaced_since is None:
            return False
        return self._polled - max(generation.heard, generation.replaced_since) >= GRACE_SECONDS

    # ---- polling

    def _poll(self) -> bool:
        """See what file the name has now, and what has become of the others; False when nothing has happened."""
        now, wall = self._clock.elapsed(), self._clock.now()
        last_poll = min(self._polled_at, wall - (now - self._polled)) if now - self._polled < float("inf") else self._polled_at
        self._polled, self._polled_at = now, wall
        try:
            status: os.stat_result | None = self._files.stat(self.path)
        except (FileNotFoundError, NotADirectoryError):
            status = None
        except OSError as error:
            self._failed(error)
            return True
        if status is not None and self._quiet_as is not None and self._quiet_as == state_of(status):
            return False
        if not self._failed_since_poll:
            self._failure = None
        self._failed_since_poll = False
        if status is not None and not stat.S_ISREG(status.st_mode):
            self._failed(OSError(errno.EINVAL, _not_a_log(self.path, status.st_mode)))
            status = None
        if status is not None:
            self.missing_since = None
        elif self.missing_since is None:
            self.missing_since = now
            if self._is_first and not self._failed_since_poll:
                self._warn("no such file yet; waiting for it")
        key = None if status is None else key_of(status)
        for generation in self._generations:
            self._poll_generation(generation, status if generation is self._generations.current else None)
        if self._is_first or key != self._generations.key or now >= self._search_again:
            if key != self._generations.key:
                self._search_delay = SEARCH_SECONDS
                self._news_at = now
            self._search(status, last_poll)
        return True

    def _poll_generation(self, generation: FileGeneration, status: os.stat_result | None) -> None:
        try:
            if generation.poll(status) and generation is self._generations.current:
                self._search_again = self._polled
        except (Overwritten, OSError) as error:
            self._cannot_read(generation, error)

    def _cannot_read(self, generation: FileGeneration, error: Exception) -> None:
        """What was read of it is gone, or it is out of reach; or reading failed, and will be retried."""
        if isinstance(error, Overwritten):
            self._generations.lose(generation)
        elif isinstance(error, FileNotFoundError):
            generation.out_of_sight = True
        else:
            assert isinstance(error, OSError)
            self._failed(error)
            if error.errno == errno.ESTALE:
                generation.close()  # the server has forgotten it: open it again
            return
        self._search_again = self._polled

    # ---- generations

    def _search(self, status: os.stat_result | None, last_poll: float) -> None:
        """Arrange the generations by what is in the directory; `status` is of the file that has the name."""
        if self._is_first and not self._is_started:
            if not (self._tracking.fingerprints or self._tracking.start(self._rotated)):
                self._search_again = self._polled + SEARCH_SECONDS
                return
            self._is_started = True
        out_of_sight = [generation for generation in self._generations if generation.out_of_sight]
        found = self._tracking.search(status, list(self._generations), last_poll)
        is_arranged = self._generations.arrange(found, self._start == "end" and self._is_first, self._is_first)
        self._generations.set_current(None if status is None else key_of(status), self._polled)
        for generation in out_of_sight:
            self._poll_generation(generation, None)
        self._is_first = (
            self._is_first and status is not None and self._generations.current is None and not self._is_foreign(status)
        )
        self._is_search_complete = is_arranged and not found.failed
        if not self._is_search_complete or status is None:
            self._search_again = self._polled + SEARCH_SECONDS
        elif found.undecided:
            self._search_again = self._polled + self._search_delay
            self._search_delay *= 2
        else:
            self._search_again = float("inf")

    def _is_foreign(self, status: os.stat_result) -> bool:
        """Whether the file is known and another source's."""
        return any(known.key == key_of(status) for known in self._tracking.fingerprints)

    def _failed(self, error: OSError) -> None:
        """Counted and reported when it begins; while it lasts, that is once."""
        self._failed_since_poll = True
        if error.errno in (errno.EMFILE, errno.ENFILE):
            self._environment.descriptors.relieve()
        if error.errno != self._failure:
            self._failure = error.errno
            self._statistics.errors += 1
            self._warn(f"{error.strerror or error}; trying again")

    def _restore(self, position: Mapping[str, object]) -> None:
        """Take over what makes sense in `position`."""
        values, offset, until = position.get("fingerprints"), position.get("offset"), position.get("known_until")
        known = [Fingerprint.from_json(value) for value in values] if isinstance(values, list) else []
        self._tracking.restore([each for each in known if each is not None], until if type(until) is int else 0)
        self._generations.has_begun = any(each is not None and each.own for each in known)
        self._is_first = position.get("begun") is not True
        self._handed_on = offset if type(offset) is int and offset >= 0 else 0
        self._statistics.add(ReadStatistics.from_json(position.get("statistics")))


def _not_a_log(path: str, mode: int) -> str:
    if stat.S_ISDIR(mode):
        return f"is a directory; to follow the logs in it, name a quoted glob such as '{os.path.join(path, '*.log')}'"
    return "is not a regular file; waiting for one"
