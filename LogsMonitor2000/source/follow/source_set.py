"""The set of logs that is followed: names and globs on one side, sources on the other, each file in one of them only.

A glob is expanded again and again, so that new logs are found while running. `access.log.1` is not a log of its own where
`access.log` is followed: it is where that was rotated to. Two names of one file (hard links, symbolic links, overlapping globs) are
one log, under the name that came first. When a file is renamed to another name that is followed, the source of that name goes on
where the first one stopped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import fnmatch
import glob
import os
import stat

from ...errors import InputError
from ...limits import GONE_SECONDS, LOOK_SECONDS
from ...runtime.clock import Clock
from ..base import Source
from ..open import STANDARD_INPUT
from ..pipe import PipeSource
from ..statistics import ReadStatistics
from .files import Descriptors, Files
from .fingerprint import Key, Probe, key_of
from .siblings import age_of
from .tail import FollowSource, Start


class SourceSet:
    """The sources of `names`, paths or globs. `position` is what `position()` gave earlier; `start` counts where there is none."""

    def __init__(
        self,
        names: Sequence[str],
        *,
        start: Start = "begin",
        position: Mapping[str, object] | None = None,
        last_line: bool = True,
        clock: Clock | None = None,
        files: Files | None = None,
        descriptors: Descriptors | None = None,
    ) -> None:
        self.sources: list[Source] = []
        """All of them, in the order in which they were found."""
        self.gone = ReadStatistics()
        """The statistics of sources that were given up because their files are gone."""
        self._start: Start = start if position is None else "begin"
        self._last_line = last_line
        self._clock = clock or Clock()
        self._files = files or Files()
        self._descriptors = descriptors or Descriptors()
        self._globs = [name for name in names if glob.has_magic(name) and not os.path.lexists(name)]
        self._paths = [name for name in dict.fromkeys(names) if name not in self._globs]
        self._followed: dict[str, FollowSource] = {}
        self._keys: dict[str, Key] = {}  # of the file of each name when it was found
        self._rotated: set[str] = set()  # names that were found to be rotations of another
        self._looked = float("-inf")
        saved = position.get("files") if position is not None else None
        self._saved = {path: value for path, value in saved.items()} if isinstance(saved, Mapping) else {}

    def look(self) -> list[Source]:
        """Expand the globs if it is time to; returns the sources that are new. Those that are over have `ended` then."""
        now = self._clock.elapsed()
        if now - self._looked < LOOK_SECONDS:
            return []
        is_first, self._looked = self._looked == float("-inf"), now
        known = len(self.sources)
        found = dict.fromkeys(path for pattern in self._globs for path in sorted(glob.glob(pattern, recursive=True)))
        if is_first:
            self._go_on(found)
        for path in self._paths:
            if path not in self._followed:
                self._find(path, [])
        names = {*found, *self._paths, *self._followed}
        rotated: dict[str, list[str]] = {}
        fresh = [path for path in found if path not in self._followed and path not in self._paths]
        for path in fresh:
            if path not in self._rotated and (base := _base_of(path, names)) is not None:
                self._rotated.add(path)
                rotated.setdefault(base, []).append(path)
        self._rotated.intersection_update(fresh)
        for path in fresh:
            if path not in self._rotated and os.path.isfile(path):
                self._find(path, rotated.get(path, []))
        self._start = "begin"
        self._give_up(found, now)
        return self.sources[known:]

    def position(self) -> dict[str, object]:
        """Where to resume, as plain values for JSON."""
        return {"files": {**self._saved, **{path: source.position() for path, source in self._followed.items()}}}

    def acknowledge(self, position: Mapping[str, object]) -> None:
        """Everything up to `position`, an earlier answer of `position()`, is safely kept: each source is told its part."""
        files = position.get("files")
        for source in self.sources:
            part = files.get(source.identity) if isinstance(files, Mapping) else None
            if isinstance(part, Mapping):
                source.acknowledge(part)

    @property
    def ended(self) -> bool:
        """Everything that was named has been found and has ended: there were only pipes."""
        return not self._globs and bool(self.sources) and all(source.ended for source in self.sources)

    def statistics(self) -> dict[str, ReadStatistics]:
        """By the name of each followed log."""
        return {path: source.statistics() for path, source in self._followed.items()}

    def total(self) -> ReadStatistics:
        """The sum over everything that was ever followed."""
        return ReadStatistics.total([self.gone, *(source.statistics() for source in self.sources)])

    def close(self) -> None:
        for source in self.sources:
            source.close()

    def _go_on(self, found: Mapping[str, None]) -> None:
        """Follow what was followed before, if it was asked for again."""
        for path in list(self._saved):
            asked = path in self._paths or path in found or any(fnmatch.fnmatch(path, pattern) for pattern in self._globs)
            value = self._saved.pop(path)
            if asked and isinstance(value, Mapping):
                self._follow(path, value, [])

    def _find(self, path: str, rotated: Sequence[str]) -> None:
        """Follow `path`, unless its file is followed under another name."""
        if path == STANDARD_INPUT:
            if not any(source.fileno() == 0 for source in self.sources):
                self.sources.append(PipeSource("standard input", os.dup(0) if os.isatty(0) else 0))
            return
        try:
            status = self._files.stat(path)
        except OSError:
            if path in self._paths:  # it may come yet
                self._follow(path, None, rotated)
            return
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            self._open_pipe(path, status)
            return
        if key_of(status) in self._keys_now():
            return
        position: Mapping[str, object] | None = None
        if stat.S_ISREG(status.st_mode) and (self._followed and not self._is_unknown(path, status)):
            position = self._handed_over(path, status)
            if position is None:
                return
        self._keys[path] = key_of(status)
        self._follow(path, position, rotated)

    def _keys_now(self) -> set[Key | None]:
        return {source.key if source.has_looked else self._keys.get(path) for path, source in self._followed.items()}

    def _is_unknown(self, path: str, status: os.stat_result) -> bool:
        try:
            probe = Probe(self._files, path, status)
        except OSError:
            return True  # whoever follows it will tell
        try:
            return not self._is_known(probe, None)
        finally:
            probe.close()

    def _handed_over(self, path: str, status: os.stat_result) -> Mapping[str, object] | None:
        """Where the source that read the file under another name stopped; None while it still reads."""
        try:
            probe = Probe(self._files, path, status)
        except OSError:
            return None
        try:
            if any(probe.key in source.reading for source in self._followed.values()):
                return None
            for source in self._followed.values():
                if (mark := source.mark_of(probe)) is not None:
                    source.hand_over(mark)
                    return {"begun": True, "offset": mark.offset, "marks": [mark.as_json()]}
            return None
        finally:
            probe.close()

    def _follow(self, path: str, position: Mapping[str, object] | None, rotated: Sequence[str]) -> None:
        source = FollowSource(
            path,
            start=self._start,
            position=position,
            rotated=rotated if self._start == "begin" else (),
            elsewhere=self._is_elsewhere,
            last_line=self._last_line,
            clock=self._clock,
            files=self._files,
            descriptors=self._descriptors,
        )
        self._followed[path] = source
        self.sources.append(source)

    def _is_elsewhere(self, asking: FollowSource, probe: Probe) -> bool:
        """Whether a source other than `asking` reads the file that `probe` has open, or has read it."""
        return self._is_known(probe, asking)

    def _is_known(self, probe: Probe, asking: FollowSource | None) -> bool:
        for source in self._followed.values():
            if source is not asking and (probe.key in source.reading or source.has_marks and source.mark_of(probe) is not None):
                return True
        return False

    def _open_pipe(self, path: str, status: os.stat_result) -> None:
        if any(source.name == path for source in self.sources):
            return
        # opened for writing too, a FIFO has no end when a writer leaves
        mode = os.O_RDWR if stat.S_ISFIFO(status.st_mode) else os.O_RDONLY
        try:
            self.sources.append(PipeSource(path, os.open(path, mode | os.O_NONBLOCK | os.O_CLOEXEC)))
        except OSError as error:
            raise InputError(f"{path}: {error.strerror or error}") from error

    def _give_up(self, found: Mapping[str, None], now: float) -> None:
        """End the sources that a glob had found, and whose name has long been gone."""
        for path, source in list(self._followed.items()):
            since = source.missing_since
            if path in self._paths or path in found or since is None or not source.is_at_rest or now - since < GONE_SECONDS:
                continue
            source.ended = True
            source.close()
            self.gone.add(source.statistics())
            self.sources.remove(source)
            del self._followed[path]
            self._keys.pop(path, None)


def _base_of(path: str, names: set[str]) -> str | None:
    """The one of `names` that `path` was rotated from, None if there is none."""
    directory, base = os.path.split(path)
    for length in range(len(base) - 1, 0, -1):
        for end in {"", os.path.splitext(base)[1]}:
            name = os.path.join(directory, base[:length] + end)
            if name in names and age_of(base, os.path.basename(name)) is not None:
                return name
    return None
