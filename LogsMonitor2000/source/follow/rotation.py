"""Which file is which generation: what is known of a log's files is matched with what lies in its directory now.

This happens when following begins, and whenever the name has another file, none, or one that was truncated. In order:

1. A file whose device, inode and content are those of a mark is that generation, under whatever name.
2. A file with the content of a generation whose own file is gone has taken its place: it was compressed, copied before a
   truncation, or saved by an editor. While the own file is still there, it is a copy, and not read.
3. Any other file is a new generation. All of them are read from their start, the oldest first: so no rotation is missed,
   however many there were between two looks.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
import os
from typing import NamedTuple

from ...limits import KNOWN_MAX, KNOWN_SECONDS, SETTLE_LOOKS_MAX
from .files import Files
from .fingerprint import Key, Mark, Probe
from .generation import Generation
from .siblings import File, is_backup, siblings, without_compression


class Found(NamedTuple):
    """What a search has come to. Whoever asked closes the probes."""

    probes: list[Probe]
    continued: list[tuple[Probe, Mark]]
    """Files that are to be read on from a mark."""
    begun: list[Probe]
    """New generations, the oldest first."""
    replaced: list[Generation]
    """Generations that are being read whose place was taken by the file at the followed name, from their mark on."""
    failed: bool
    """Something could not be opened: look again soon."""
    undecided: bool
    """Some file is not whole yet: look again later."""


class Lineage:
    """The marks of one followed name, the oldest first. `failed` is told of what cannot be opened."""

    def __init__(self, files: Files, path: str, failed: Callable[[OSError], None]) -> None:
        self.marks: list[Mark] = []
        self._files = files
        self._path = path
        self._failed = failed
        self._missed_since: dict[Mark, float] = {}
        self._unsettled_looks: dict[Key, int] = {}

    def leave_out(self, read: Collection[str]) -> None:
        """What lies beside the file when it is first followed is no part of it, but for the names in `read`."""
        for path, status in siblings(self._files, self._path):
            if path not in read:
                try:
                    probe = Probe(self._files, path, status)
                except OSError as error:
                    self._failed(error)
                    continue
                self.add(probe.foreign_mark())
                probe.close()

    def amend(self, old: Mark, handed: int) -> None:
        """Of the unfinished line of `old`, so much was handed on."""
        self.marks = [mark._replace(handed=handed) if mark == old else mark for mark in self.marks]

    def add(self, mark: Mark) -> None:
        self.marks = [*self.marks, mark][-KNOWN_MAX:]

    def search(self, at_path: os.stat_result | None, generations: Sequence[Generation], now: float) -> Found:
        """Look through the directory. Marks that are continued are taken out; `now` is a clock that only goes forward."""
        files: list[File] = siblings(self._files, self._path)
        if at_path is not None:
            files.append((self._path, at_path))
        held_by_key = {generation.key: generation for generation in generations if generation.overwritten is None}
        held: list[Generation] = []
        probes: list[Probe] = []
        seen: set[Key] = set()
        failed = False
        for path, status in reversed(files):  # of two names of one file, the followed one counts
            key = (status.st_dev, status.st_ino)
            if key in seen:
                continue
            seen.add(key)
            generation = held_by_key.get(key)
            if generation is not None and generation.is_open:
                generation.path = path
                held.append(generation)
                continue
            try:
                probe = Probe(self._files, path, status)
                if generation is not None and generation.is_still(probe):
                    probe.close()
                    generation.path = path
                    held.append(generation)
                    continue
                probes.append(probe)
                if generation is not None:
                    generation.out_of_sight = True  # its inode was given to another file
            except OSError as error:
                failed = True
                self._failed(error)
        probes.reverse()
        for generation in generations:
            if generation.out_of_sight and generation not in held:
                self.add(generation.lose())
            generation.out_of_sight = False
        match = _Match(
            self._path, self.marks, held, [g for g in generations if g.overwritten is None and g not in held], probes[:]
        )
        try:
            match.by_inode()
            match.by_content({path for path, _ in files}, self._is_patient)
        except OSError as error:
            failed = True
            self._failed(error)
        self._remember(match, now)
        return Found(probes, match.continued, match.begun, match.replaced, failed, match.undecided)

    def _is_patient(self, probe: Probe) -> bool:
        """Whether to wait for a compressed file to become whole."""
        looks = self._unsettled_looks.get(probe.key, 0)
        self._unsettled_looks[probe.key] = looks + 1
        return looks < SETTLE_LOOKS_MAX

    def _remember(self, match: _Match, now: float) -> None:
        """Keep the marks of what is there, under the inode it has now; those of what is nowhere only for a while."""
        kept: list[Mark] = []
        missed: dict[Mark, float] = {}
        for mark in self.marks:
            if mark in match.moved:
                kept += match.moved[mark]
                continue
            since = self._missed_since.get(mark, now)
            if match.undecided or now - since < KNOWN_SECONDS:
                kept.append(mark)
                missed[mark] = since
        self.marks = (kept + match.foreign)[-KNOWN_MAX:]
        self._missed_since = missed
        self._unsettled_looks = {key: looks for key, looks in self._unsettled_looks.items() if key in match.keys}


class _Match:
    """One search: every probe ends in `continued`, `begun`, among the known, or undecided."""

    def __init__(
        self, path: str, marks: Sequence[Mark], held: Sequence[Generation], unlinked: Sequence[Generation], probes: list[Probe]
    ) -> None:
        self.continued: list[tuple[Probe, Mark]] = []
        self.begun: list[Probe] = []
        self.replaced: list[Generation] = []
        self.foreign: list[Mark] = []
        self.moved: dict[Mark, list[Mark]] = {}
        """What becomes of the marks whose file was found: nothing where it is read on, else the mark as it is now."""
        self.undecided = False
        self._path = path
        self._marks = marks
        self._held = held
        self._unlinked = unlinked
        self._probes = probes
        self._at: dict[Mark, Probe] = {}
        self.keys = {probe.key for probe in probes}

    def by_inode(self) -> None:
        """Step 1 of the module's list."""
        for probe in self._probes[:]:
            agreeing = [mark for mark in self._marks if mark.key == probe.key and mark not in self.moved]
            agreeing = [mark for mark in agreeing if _has_content(mark, probe) and probe.agrees(mark)]
            if agreeing:
                self._is(probe, max(agreeing, key=lambda mark: mark.seen))

    def by_content(self, names: set[str], is_patient: Callable[[Probe], bool]) -> None:
        """Steps 2 and 3. `names` are all there are."""
        for probe in self._probes[:]:
            plain = without_compression(probe.path)
            if plain in names and plain != self._path:
                self.undecided |= is_patient(probe)  # it is being compressed; what it was before is there
                continue
            if any(self._is_copy(probe, generation) for generation in (*self._held, *self._unlinked)):
                if is_backup(probe.path):
                    self.foreign.append(probe.foreign_mark())
                continue
            if self._replaces(probe):
                continue
            answers = [(mark, probe.agrees(mark)) for mark in self._marks if mark not in self.moved and mark.seen]
            agreeing = [mark for mark, agrees in answers if agrees]
            if agreeing:
                self._is(probe, max(agreeing, key=lambda mark: mark.seen))
            elif any(agrees is None for _, agrees in answers) and is_patient(probe):
                self.undecided = True
            elif is_backup(probe.path) and any(_begins(other, probe) for other in self._at.values()):
                self.foreign.append(probe.foreign_mark())
            else:
                self.begun.append(probe)

    def _is(self, probe: Probe, mark: Mark) -> None:
        self._at[mark] = probe
        moved = mark._replace(device=probe.key[0], inode=probe.key[1])
        if probe.kind is not None and mark.is_handed_on and probe.is_all_of(mark):
            moved = moved._replace(packed=probe.size)
        unread = moved.packed != probe.size if probe.kind is not None else probe.size > mark.offset + mark.handed
        if probe.path == self._path or mark.own and unread:
            self.continued.append((probe, moved))
            self.moved[mark] = []
        else:
            self.moved[mark] = [moved]
        self._probes.remove(probe)

    def _is_copy(self, probe: Probe, generation: Generation) -> bool:
        """Whether a file beside the followed one is a copy of what is read from another, in which nothing more can be."""
        if probe.path == self._path:
            return False
        if generation in self._unlinked:
            return generation.agrees_as(probe) or generation.is_whole(probe)
        if generation.path == self._path or is_backup(probe.path):
            return generation.agrees_as(probe) or generation.begins_with(probe)
        return without_compression(probe.path) == generation.path

    def _replaces(self, probe: Probe) -> bool:
        """Whether the file at the followed name has the content of one that was deleted, as an editor does it."""
        if probe.path != self._path:
            return False
        edited = [generation for generation in self._held if generation.path == self._path + "~"]
        for generation in (*edited, *reversed(self._unlinked)):
            if generation.agrees_as(probe):
                self.replaced.append(generation)
                self.continued.append((probe, generation.mark()._replace(device=probe.key[0], inode=probe.key[1])))
                return True
        return False


def _has_content(mark: Mark, probe: Probe) -> bool:
    """Whether the mark says anything: of a file that was empty only the inode is known, which may be any file's now."""
    return mark.head_bytes > 0 or probe.size == 0 or (probe.kind is not None and probe.size == mark.packed)


def _begins(whole: Probe, part: Probe) -> bool:
    """Whether the plain file `part` is a copy of the beginning of `whole`."""
    if part.kind is not None or not 0 < part.size <= whole.size:
        return False
    mark = part.foreign_mark()
    return whole.agrees(mark) is True
