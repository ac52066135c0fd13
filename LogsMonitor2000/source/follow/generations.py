"""The file generations of one followed log that are being read, oldest first: how they begin, follow each other, and end."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..statistics import ReadStatistics
from .environment import Environment
from .fingerprint import Fingerprint, Probe
from .generation import FileGeneration
from .open_file import NO_FILE, Key
from .rotation import Found, RotationTracking


class Generations:
    """`elsewhere` says of a file whether another source reads it; `failed` is called with what goes wrong."""

    def __init__(
        self,
        path: str,
        identity: str,
        environment: Environment,
        tracking: RotationTracking,
        statistics: ReadStatistics,
        *,
        elsewhere: Callable[[Probe], bool],
        warn: Callable[[str], None],
        failed: Callable[[OSError], None],
    ) -> None:
        self.current: FileGeneration | None = None
        """The one whose file has the followed name."""
        self.key: Key | None = None
        """Of the file that has the name, read or not."""
        self.has_begun = False
        """There has been one, in this run or before."""
        self.taking_from: FileGeneration | None = None
        """The one whose lines are being taken."""
        self._all: list[FileGeneration] = []
        self._path, self._identity = path, identity
        self._environment, self._tracking, self._statistics = environment, tracking, statistics
        self._elsewhere, self._warn, self._failed = elsewhere, warn, failed

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[FileGeneration]:
        """Over those that there are now, whatever is dropped meanwhile."""
        return iter(self._all[:])

    def set_current(self, key: Key | None, now: float) -> None:
        """The name has this file now."""
        self.key = key
        at_path = [each for each in self._all if not each.lost_as and each.key == key]
        self.current = at_path[-1] if at_path else None
        for generation in self._all:
            if generation is self.current:
                generation.replaced_since = None
            elif generation.replaced_since is None:
                generation.replaced_since = now

    def arrange(self, found: Found, at_end: bool, is_first: bool) -> bool:
        """Begin with what was found, in the first search with the end of the file if `at_end`.

        False when some of it could not be read and must be searched for again.
        """
        for generation in found.replaced:
            self._drop(generation)
        has_failed = False
        for probe, known in (*found.continued, *((probe, None) for probe in found.begun)):
            try:
                if known is not None:
                    self._continue(probe, known)
                else:
                    self._begin_new(probe, at_end and probe.path == self._path, is_first)
            except OSError as error:
                has_failed = True
                self._tracking.retry(probe, known)
                self._failed(error)
        taken = {generation.file for generation in self._all}
        for probe in found.probes:
            if probe.file not in taken:
                probe.close()
        return not has_failed

    def _continue(self, probe: Probe, known: Fingerprint) -> None:
        if not known.own and self._elsewhere(probe):
            self._tracking.add(known)
            return
        self._begin(probe, known)
        for generation in self._all[:-1]:
            if generation.lost_as and generation.fingerprint().under(probe.key) == known._replace(packed=0):
                self._drop(generation)  # its content is in the file that was found

    def _begin_new(self, probe: Probe, at_end: bool, is_first: bool) -> None:
        if self._elsewhere(probe) or at_end and probe.kind is not None:
            self._tracking.add(probe.foreign_fingerprint())
            return
        is_refilled = probe.path == self._path and any(generation.lost_as for generation in self._all)
        is_rotated = self.has_begun and not is_first and not is_refilled
        self._begin(probe, None, probe.last_line_start() if at_end else 0)
        self._statistics.rotations += is_rotated

    def _begin(self, probe: Probe, known: Fingerprint | None, start: int = 0) -> None:
        generation = FileGeneration(probe, self._statistics, self._warn, self._environment.clock, known, start)
        self._all.append(generation)
        self._environment.readers[generation.key] = self._identity
        self.has_begun = True

    def let_go(self, generation: FileGeneration) -> None:
        """All of it has been handed on."""
        self._drop(generation)
        self._tracking.add(generation.fingerprint())
        self._statistics.lost_bytes += generation.lost_bytes

    def _drop(self, generation: FileGeneration) -> None:
        self._all.remove(generation)
        if all(other.key != generation.key for other in self._all):
            self._environment.readers.pop(generation.key, None)
        generation.close()
        if generation is self.taking_from:
            self.taking_from = None

    def lose(self, generation: FileGeneration) -> None:
        """What was read of it is gone: the file was truncated, or its inode reused. A copy may have been made before."""
        self._statistics.truncations += generation is self.current
        generation.lose(NO_FILE)
        if generation is self.current:
            self.current = None

    def close(self) -> None:
        for generation in self._all:
            generation.close()
