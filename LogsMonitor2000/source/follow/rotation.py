"""Rotation tracking: what is known of the files that a followed name has had, and the search for what became of them.

A search takes place when following begins, and whenever the name has another file, none, or one that was truncated. It lists the
directory, opens what may matter (`Probe`) and matches it with what is known (`Matching`).

A directory may hold hundreds of old rotations. They need not be known one by one: after a complete search, whatever was last written
before it is accounted for (`known_until`) and never taken for new. So only newer files are opened, those whose inode is known, and
more, newest first, as long as a file that was read is missing: it may have been compressed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
import os
from typing import NamedTuple

from ...limits import KNOWN_MAX, KNOWN_SECONDS, SETTLE_POLLS_MAX, STAMP_SECONDS
from .environment import Environment
from .fingerprint import Fingerprint, Probe
from .generation import FileGeneration
from .matching import Matching
from .open_file import Key, key_of
from .siblings import File, siblings


class Found(NamedTuple):
    """What a search has come to. The caller closes the probes that it does not hand to a generation."""

    probes: list[Probe]
    continued: list[tuple[Probe, Fingerprint]]
    begun: list[Probe]
    replaced: list[FileGeneration]
    failed: bool
    """Something could not be listed or opened: search again soon."""
    undecided: bool
    """Some file is not complete yet: search again later."""


class RotationTracking:
    """The fingerprints of one followed name, the oldest first. `failed` is called with what cannot be listed or opened."""

    def __init__(self, environment: Environment, path: str, failed: Callable[[OSError], None]) -> None:
        self.fingerprints: list[Fingerprint] = []
        self._known_until = 0
        self._files, self._descriptors = environment.files, environment.descriptors
        self._listings, self._clock = environment.listings, environment.clock
        self._path = path
        self._report = failed
        self._failures = 0
        self._pending: set[Key] = set()  # files older than `known_until` that are not accounted for
        self._unopened: set[Key] = set()  # in this search
        self._complete_until = 0  # `known_until` when there were none
        self._missing_since: dict[Fingerprint, float] = {}
        self._unsettled_polls: dict[Key, int] = {}

    # ---- what is kept over a restart

    @property
    def known_until(self) -> int:
        """Everything that was last written before is accounted for; nanoseconds since the epoch, by the file system's clock."""
        return self._complete_until

    def restore(self, fingerprints: Sequence[Fingerprint], known_until: int) -> None:
        self.fingerprints = list(fingerprints)[-KNOWN_MAX:]
        if known_until <= self._clock.now() * 1e9:  # else the clock was set back: nothing can be said by time
            self._known_until = self._complete_until = known_until

    # ---- fingerprints

    def add(self, known: Fingerprint) -> None:
        self.fingerprints = [*self.fingerprints, known][-KNOWN_MAX:]

    def remove(self, known: Fingerprint) -> None:
        self.fingerprints.remove(known)

    # ---- searching

    def start(self, rotated: Collection[str]) -> bool:
        """What lies beside the file when it is first followed is not part of it, except for the names in `rotated`.

        The newest may still be written, so their content is noted; of the others it is enough that they are old. False when the
        directory cannot be listed now.
        """
        failures = self._failures
        files = siblings(self._files, self._listings, self._path, self._failed)
        if self._failures > failures:
            return False
        others = [file for file in files if file[0] not in rotated]
        for path, status in others[-(KNOWN_MAX // 2) :]:
            try:
                probe = Probe(self._files, self._descriptors, path, status)
                try:
                    self.add(probe.foreign_fingerprint())
                finally:
                    probe.close()
            except OSError as error:
                self._failed(error)
        self._pending = {key_of(status) for path, status in files if path in rotated}
        self._account_for(others)
        return True

    def search(self, at_path: os.stat_result | None, generations: Sequence[FileGeneration], last_poll: float) -> Found:
        """Search the directory. Fingerprints of files to be read on are taken out; `retry` those that cannot be.

        `last_poll` is when the name was polled last, by the time of day as the clock has it now: if it was set back since, nothing
        that was written after that may count as old.
        """
        failures = self._failures
        self._known_until = min(self._known_until, _nanoseconds(last_poll - STAMP_SECONDS))
        files: list[File] = siblings(self._files, self._listings, self._path, self._failed)
        if at_path is not None:
            files.append((self._path, at_path))
        is_listed = self._failures == failures
        self._unopened = set()
        held, probes, older = self._sorted_out(files, generations)
        is_complete = is_listed and not self._unopened
        for generation in generations:
            if generation in held:
                generation.out_of_sight = False
            elif generation.out_of_sight and is_complete:
                generation.out_of_sight = False
                generation.lose(generation.key)
        lost = [generation.fingerprint() for generation in generations if generation.lost_as]
        unlinked = [each for each in generations if not each.lost_as and each not in held]
        known = [*self.fingerprints, *lost]
        matching = Matching(self._path, known, held, unlinked, self._is_recent, self._is_patient)
        names = {path for path, _ in files}
        matching.match(probes, names)
        while older and matching.missing():
            if (probe := self._probe(*older.pop())) is not None:
                probes.append(probe)
                matching.match([probe], names)
        for probe, error in matching.failed:
            self._unopened.add(probe.key)
            self._failed(error)
        self._remember(matching, probes, is_complete and not self._unopened)
        self._pending = self._unopened | {probe.key for probe in matching.pending} | (set() if is_listed else self._pending)
        if is_listed:
            self._account_for(files)
        failed = self._failures > failures
        return Found(probes, matching.continued, matching.begun, matching.replaced, failed, bool(matching.pending))

    def retry(self, probe: Probe, known: Fingerprint | None) -> None:
        """The file could not be read after all: the next search is to find it again."""
        if known is not None:
            self.add(known)
        self._pending.add(probe.key)

    def _failed(self, error: OSError) -> None:
        self._failures += 1
        self._report(error)

    def _probe(self, path: str, status: os.stat_result) -> Probe | None:
        try:
            return Probe(self._files, self._descriptors, path, status)
        except OSError as error:
            self._unopened.add(key_of(status))
            self._failed(error)
            return None

    def _sorted_out(
        self, files: Sequence[File], generations: Sequence[FileGeneration]
    ) -> tuple[list[FileGeneration], list[Probe], list[File]]:
        """Generations that were found under their present names, files that may matter, and older ones; both oldest first."""
        being_read = {generation.key: generation for generation in generations if not generation.lost_as}
        known_keys = {known.key for known in self.fingerprints}
        held: list[FileGeneration] = []
        probes: list[Probe] = []
        older: list[File] = []
        seen: set[Key] = set()
        for path, status in reversed(files):  # of two names of one file, the followed one counts
            key = key_of(status)
            if key in seen:
                continue
            seen.add(key)
            generation = being_read.get(key)
            if generation is not None and generation.file.is_open:
                generation.file.path = path
                held.append(generation)
            elif generation is None and key not in known_keys and not self._may_be_new(path, status):
                older.append((path, status))
            elif (probe := self._probe(path, status)) is None:
                pass
            elif generation is not None and self._is_still(generation, probe):
                probe.close()
                generation.file.path = path
                held.append(generation)
            else:
                probes.append(probe)
                if generation is not None:
                    generation.out_of_sight = True  # its inode was given to another file
        probes.reverse()
        older.reverse()
        return held, probes, older

    def _is_still(self, generation: FileGeneration, probe: Probe) -> bool:
        try:
            return generation.is_still(probe)
        except OSError as error:
            self._failed(error)
            return True  # it will be verified before anything is read from it

    def _may_be_new(self, path: str, status: os.stat_result) -> bool:
        return path == self._path or status.st_mtime_ns > self._known_until or key_of(status) in self._pending

    def _is_recent(self, probe: Probe) -> bool:
        return self._may_be_new(probe.path, probe.status)

    def _is_patient(self, probe: Probe) -> bool:
        """Whether to wait for a compressed file to become complete."""
        polls = self._unsettled_polls.get(probe.key, 0)
        self._unsettled_polls[probe.key] = polls + 1
        return polls < SETTLE_POLLS_MAX

    def _account_for(self, files: Sequence[File]) -> None:
        """All of `files` are known or being read now, or pending."""
        if files:
            newest = max(status.st_mtime_ns for _, status in files)
            self._known_until = min(newest, _nanoseconds(self._clock.now() - STAMP_SECONDS))
        if not self._pending:
            self._complete_until = self._known_until

    def _remember(self, matching: Matching, probes: Sequence[Probe], is_complete: bool) -> None:
        """Keep the fingerprints of what is there, under the inode it has now; those of what is nowhere only for a while."""
        now = self._clock.elapsed()
        kept: list[Fingerprint] = []
        missing: dict[Fingerprint, float] = {}
        for known in self.fingerprints:
            if known in matching.moved:
                kept += matching.moved[known]
                continue
            since = self._missing_since.get(known, now if is_complete else None)
            if since is None or matching.pending or not is_complete or now - since < KNOWN_SECONDS:
                kept.append(known)
            if since is not None:
                missing[known] = since
        self.fingerprints = (kept + matching.foreign)[-KNOWN_MAX:]
        self._missing_since = missing
        keys = {probe.key for probe in probes}
        self._unsettled_polls = {key: polls for key, polls in self._unsettled_polls.items() if key in keys}


def _nanoseconds(seconds: float) -> int:
    return max(0, int(seconds * 1e9))
