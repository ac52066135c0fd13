"""The set of logs that is followed: names and globs on one side, sources on the other, each file in one of them only.

A glob is expanded again and again, so that new logs are found while running. `access.log.1` is not a log of its own where
`access.log` is followed: it is where that was rotated to. Two names of one file (hard links, symbolic links, overlapping globs) are
one log, under the name that came first. When a file is renamed to another name that is followed, the source of that name resumes
where the first one stopped. Positions are kept by `identity`, those of logs that are not followed now as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
import fnmatch
from itertools import chain
import operator
import os
import stat

from ...errors import InputError
from ...limits import GONE_SECONDS, POSITIONS_MAX, SEARCH_SECONDS
from ..base import Source
from ..open import STANDARD_INPUT, directory_message, is_path, open_source
from ..pipe import PipeSource
from ..statistics import ReadStatistics
from .environment import Environment
from .fingerprint import Probe
from .identity import KeptPosition, identity_of
from .listing import Glob, has_magic
from .open_file import Key, key_of
from .siblings import suffix_of
from .tail import FollowSource, Start


class SourceSet:
    """The sources of `names`, paths or globs. `position` is an earlier answer of `position()`; `start` counts where there is none."""

    def __init__(
        self,
        names: Sequence[str],
        *,
        start: Start = "begin",
        position: Mapping[str, object] | None = None,
        last_line: bool = True,
        environment: Environment | None = None,
    ) -> None:
        self.sources: list[Source] = []
        """All of them, in the order in which they were found."""
        self.gone = ReadStatistics()
        """The statistics of sources that were given up because their files are gone."""
        self._start: Start = start if position is None else "begin"
        self._last_line = last_line
        self._environment = environment or Environment()
        self._clock, self._files = self._environment.clock, self._environment.files
        patterns = [name for name in names if is_path(name) and has_magic(name) and not os.path.lexists(name)]
        self._paths = [name for name in dict.fromkeys(names) if name not in patterns]
        self._globs = {pattern: Glob(self._environment.listings, pattern) for pattern in patterns}
        self._named = {identity_of(path) if is_path(path) else path: path for path in reversed(self._paths)}
        self._followed: dict[str, FollowSource] = {}  # by identity
        self._listening: list[Source] = []  # at addresses
        self._keys: dict[str, Key] = {}  # of the file of each when it was found
        self._found: dict[str, str] = {}  # what the globs stand for: paths by identity
        self._unfollowed: list[str] = []  # identities of these that have no source
        self._rotated: set[str] = set()  # identities that were found to be rotations of another
        self._expanded: list[list[str]] = []  # the paths of each glob
        self._polled = float("-inf")
        self._is_scarcity_said = False
        saved = position.get("files") if position is not None else None
        positions = (
            {name: value for name, value in saved.items() if isinstance(value, Mapping)} if isinstance(saved, Mapping) else {}
        )
        self._kept = {str(name): KeptPosition(value) for name, value in positions.items()}

    # ---- what a monitor asks

    def poll(self) -> list[Source]:
        """Expand the globs if it is time to; returns the sources that are new. Those that were given up have `ended` then.

        Raises `InputError` where a name cannot be followed at all.
        """
        now = self._clock.elapsed()
        if now - self._polled < SEARCH_SECONDS:
            return []
        is_first, self._polled = self._polled == float("-inf"), now
        before = set(map(id, self.sources))
        has_changed = self._expand()
        if is_first:
            self._resume_kept()
            for path in self._paths:
                self._follow_named(path)
        self._follow_found(has_changed)
        self._start = "begin"
        self._give_up(now)
        arrived = [source for source in self.sources if id(source) not in before]
        if arrived:
            self._mention_scarcity(arrived[-1])
        return arrived

    def position(self) -> dict[str, object]:
        """Where to resume, as plain values for JSON."""
        kept = {name: position.as_json() for name, position in self._kept.items()}
        return {"files": {**kept, **{name: source.position() for name, source in self._followed.items()}}}

    def acknowledge(self, position: Mapping[str, object]) -> None:
        """Everything up to `position`, an earlier answer of `position()`, is safely kept: each source acknowledges its part."""
        files = position.get("files")
        for source in self.sources:
            part = files.get(source.identity) if isinstance(files, Mapping) else None
            if isinstance(part, Mapping):
                source.acknowledge(part)

    @property
    def needs_commit(self) -> bool:
        """Never: files wait."""
        return False

    @property
    def ended(self) -> bool:
        """Everything that was named has been found and has ended: there were only pipes."""
        return not self._globs and bool(self.sources) and all(source.ended for source in self.sources)

    def statistics(self) -> dict[str, ReadStatistics]:
        """By the name of each followed log."""
        return {source.name: source.statistics() for source in (*self._followed.values(), *self._listening)}

    def total(self) -> ReadStatistics:
        """The sum over everything that was ever followed."""
        return ReadStatistics.total([self.gone, *(source.statistics() for source in self.sources)])

    def close(self) -> None:
        for source in self.sources:
            source.close()

    # ---- which names there are

    def _expand(self) -> bool:
        """Whether the globs stand for other names than before."""
        before, self._expanded = self._expanded, [pattern.paths() for pattern in self._globs.values()]
        if len(before) == len(self._expanded) and all(map(operator.is_, before, self._expanded)):
            return False
        known = {path: name for name, path in self._found.items()}
        found: dict[str, str] = {}
        for path in chain.from_iterable(self._expanded):
            found.setdefault(known.get(path) or identity_of(path), path)
        has_changed, self._found = found != self._found, found
        return has_changed

    def _resume_kept(self) -> None:
        """Follow what was followed before, if it is asked for again."""
        patterns = [identity_of(pattern) for pattern in self._globs]
        for name in list(self._kept):
            path = self._named.get(name) or self._found.get(name)
            if path is None and any(fnmatch.fnmatch(name, pattern) for pattern in patterns):
                path = name
            if path is not None:
                self._follow(path, self._kept.pop(name).as_json(), [])
        for name in list(self._kept)[:-POSITIONS_MAX]:
            del self._kept[name]

    def _follow_named(self, path: str) -> None:
        if path == STANDARD_INPUT:
            if not any(source.fileno() == 0 for source in self.sources):
                self.sources.append(PipeSource("standard input", os.dup(0) if os.isatty(0) else 0))
        elif not is_path(path):
            self._listening.append(open_source(path))
            self.sources.append(self._listening[-1])
        elif identity_of(path) not in self._followed:
            if os.path.isdir(path):
                raise InputError(directory_message(path))
            self._find(path, [], self._keys_now())

    def _follow_found(self, has_changed: bool) -> None:
        if has_changed:
            self._unfollowed = [name for name in self._found if name not in self._followed and name not in self._named]
            names = {*self._found, *self._named, *self._followed}
            rotated: dict[str, list[str]] = {}
            for name in self._unfollowed:
                if name not in self._rotated and (base := _base_of(name, names)) is not None:
                    self._rotated.add(name)
                    rotated.setdefault(base, []).append(self._found[name])
            self._rotated.intersection_update(self._unfollowed)
        else:
            rotated = {}
        fresh = [name for name in self._unfollowed if name not in self._rotated and os.path.isfile(self._found[name])]
        keys = self._keys_now() if fresh else set()
        followed = {name for name in fresh if self._find(self._found[name], rotated.get(name, []), keys)}
        if followed:
            self._unfollowed = [name for name in self._unfollowed if name not in followed]

    def _give_up(self, now: float) -> None:
        """End the sources that a glob had found, and whose name has long been gone."""
        for name, source in list(self._followed.items()):
            since = source.missing_since
            if (
                since is None
                or name in self._named
                or name in self._found
                or not source.is_at_rest
                or now - since < GONE_SECONDS
            ):
                continue
            source.ended = True
            source.close()
            self.gone.add(source.statistics())
            self.sources.remove(source)
            del self._followed[name]
            self._keys.pop(name, None)

    def _mention_scarcity(self, source: Source) -> None:
        descriptors = self._environment.descriptors
        if not self._is_scarcity_said and descriptors.is_scarce and len(self._followed) > descriptors.limit:
            self._is_scarcity_said = True
            source.warnings.append(
                f"following {len(self._followed)} files with at most {descriptors.limit} of them open at once, because the system "
                f"allows {descriptors.allowed} open files; raise `ulimit -n` to {2 * len(self._followed)} or more to read faster"
            )

    # ---- which file belongs to which source

    def _find(self, path: str, rotated: Sequence[str], keys: set[Key | None]) -> bool:
        """Follow `path`, unless its file is one of `keys`, or is followed under another name."""
        try:
            status = self._files.stat(path)
        except OSError:
            if identity_of(path) in self._named:  # it may come yet
                self._follow(path, None, rotated)
                return True
            return False
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
            self._open_pipe(path, status)
            return True
        key = key_of(status)
        if key in keys:
            return False
        position: Mapping[str, object] | None = None
        if stat.S_ISREG(status.st_mode) and (self._followed or self._kept):
            is_free, position = self._claim(path, status)
            if not is_free:
                return False
        keys.add(key)
        self._keys[identity_of(path)] = key
        self._follow(path, position, rotated)
        return True

    def _keys_now(self) -> set[Key | None]:
        return {source.key if source.was_polled else self._keys.get(name) for name, source in self._followed.items()}

    def _claim(self, path: str, status: os.stat_result) -> tuple[bool, Mapping[str, object] | None]:
        """Whether no source reads the file, and where to resume if one did, in this run or before."""
        try:
            probe = Probe(self._files, self._environment.descriptors, path, status)
        except OSError:
            return True, None  # its source will report that
        try:
            if probe.key in self._environment.readers:
                return False, None
            remembering = [source for source in self._followed.values() if source.remembers]
            owners: Iterable[FollowSource | KeptPosition] = (*remembering, *self._kept.values())
            for owner in owners:
                if (known := owner.fingerprint_of(probe)) is not None:
                    return True, owner.hand_over(known)
            return True, None
        except OSError:
            return False, None  # try again later
        finally:
            probe.close()

    def _is_elsewhere(self, asking: FollowSource, probe: Probe) -> bool:
        """Whether a source other than `asking` reads the file that `probe` has open, or has read it."""
        reader = self._environment.readers.get(probe.key)
        if reader is not None and reader != asking.identity:
            return True
        remembering = [source for source in self._followed.values() if source.remembers]
        return any(source.fingerprint_of(probe) is not None for source in remembering if source is not asking)

    def _follow(self, path: str, position: Mapping[str, object] | None, rotated: Sequence[str]) -> None:
        source = FollowSource(
            path,
            start=self._start,
            position=position,
            rotated=rotated if self._start == "begin" else (),
            elsewhere=self._is_elsewhere,
            last_line=self._last_line,
            environment=self._environment,
        )
        self._followed[source.identity] = source
        self.sources.append(source)

    def _open_pipe(self, path: str, status: os.stat_result) -> None:
        if any(source.name == path for source in self.sources):
            return
        # opened for writing too, a FIFO has no end when a writer leaves
        mode = os.O_RDWR if stat.S_ISFIFO(status.st_mode) else os.O_RDONLY
        try:
            self.sources.append(PipeSource(path, os.open(path, mode | os.O_NONBLOCK | os.O_CLOEXEC)))
        except OSError as error:
            raise InputError(f"{path}: {error.strerror or error}") from error


def _base_of(path: str, names: set[str]) -> str | None:
    """The one of `names` that `path` was rotated from, None if there is none."""
    directory, base = os.path.split(path)
    for length in range(len(base) - 1, 0, -1):
        for end in {"", os.path.splitext(base)[1]}:
            name = os.path.join(directory, base[:length] + end)
            if name in names and suffix_of(base, os.path.basename(name)) is not None:
                return name
    return None
