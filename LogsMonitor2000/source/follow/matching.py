"""Which file is which generation: the fingerprints of a log against the files that lie in its directory now. In order:

1. A file whose device, inode and content are those of a fingerprint is that generation, under whatever name.
2. A file with the content of a generation whose own file is gone has taken its place: it was compressed, copied before a
   truncation, or saved by an editor. While the own file is still there, it is a copy, and not read.
3. Any other file is a new generation, if it is recent enough to be one. All of them are read from their start, the oldest first: so
   no rotation is missed, however many there were between two polls.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .fingerprint import Fingerprint, Probe
from .generation import FileGeneration
from .siblings import is_backup, without_compression


class Matching:
    """One search of the directory of `path`, the followed name.

    Of the generations being read, `held` were found again under some name and `unlinked` were not. `is_recent` says whether an
    unknown file may be a new generation, `is_patient` whether to wait for a compressed one that is not complete.
    """

    def __init__(
        self,
        path: str,
        fingerprints: Sequence[Fingerprint],
        held: Sequence[FileGeneration],
        unlinked: Sequence[FileGeneration],
        is_recent: Callable[[Probe], bool],
        is_patient: Callable[[Probe], bool],
    ) -> None:
        self.continued: list[tuple[Probe, Fingerprint]] = []
        """Files to read on from where the fingerprint says."""
        self.begun: list[Probe] = []
        """New generations, the oldest first."""
        self.replaced: list[FileGeneration] = []
        """Generations whose place was taken by the file at the followed name, which is among `continued`."""
        self.foreign: list[Fingerprint] = []
        """Files that are not to be read."""
        self.moved: dict[Fingerprint, list[Fingerprint]] = {}
        """What becomes of the fingerprints whose file was found: nothing where it is read on, else the fingerprint as it is now."""
        self.pending: list[Probe] = []
        """Files that are not complete yet."""
        self.failed: list[tuple[Probe, OSError]] = []
        self._path = path
        self._fingerprints = fingerprints
        self._held, self._unlinked = held, unlinked
        self._is_recent, self._is_patient = is_recent, is_patient
        self._at: dict[Fingerprint, Probe] = {}

    def match(self, probes: Sequence[Probe], names: set[str]) -> None:
        """Decide on `probes`, the oldest first; `names` are those of all files. What cannot be read ends up in `failed`."""
        unknown: list[Probe] = []
        for probe in probes:
            try:
                if not self._match_inode(probe):
                    unknown.append(probe)
            except OSError as error:
                self.failed.append((probe, error))
        for probe in unknown:
            try:
                self._match_content(probe, names)
            except OSError as error:
                self.failed.append((probe, error))

    def missing(self) -> bool:
        """Whether a file that is read here was not found."""
        return any(known.own and known not in self.moved for known in self._fingerprints)

    def _match_inode(self, probe: Probe) -> bool:
        """Step 1."""
        known = [known for known in self._fingerprints if known.key == probe.key and known not in self.moved]
        return self._recognise(probe, [each for each in known if probe.has_content_of(each) and probe.agrees(each)])

    def _match_content(self, probe: Probe, names: set[str]) -> None:
        """Steps 2 and 3."""
        plain = without_compression(probe.path)
        if plain in names and plain != self._path:  # it is being compressed; what it was before is still there
            if self._is_patient(probe):
                self.pending.append(probe)
        elif any(self._is_copy(probe, generation) for generation in (*self._held, *self._unlinked)):
            if is_backup(probe.path):
                self.foreign.append(probe.foreign_fingerprint())
        elif not self._takes_over(probe):
            answers = [(known, probe.agrees(known)) for known in self._fingerprints if known not in self.moved and known.seen]
            if self._recognise(probe, [known for known, agrees in answers if agrees]):
                pass
            elif any(agrees is None for _, agrees in answers) and self._is_patient(probe):
                self.pending.append(probe)
            elif is_backup(probe.path) and any(probe.is_copy_of_beginning(other) for other in self._at.values()):
                self.foreign.append(probe.foreign_fingerprint())
            elif self._is_recent(probe):
                self.begun.append(probe)

    def _recognise(self, probe: Probe, agreeing: Sequence[Fingerprint]) -> bool:
        """The file is the one of those fingerprints of which most was seen; False where there are none."""
        if not agreeing:
            return False
        known = max(agreeing, key=lambda each: each.seen)
        self._at[known] = probe
        moved = known.under(probe.key)
        if probe.kind is not None and known.is_handed_on and probe.is_all_of(known):
            moved = moved._replace(packed=probe.size)
        unread = moved.packed != probe.size if probe.kind is not None else probe.size > known.offset + known.handed
        if probe.path == self._path or known.own and unread:
            self.continued.append((probe, moved))
            self.moved[known] = []
        else:
            self.moved[known] = [moved]
        return True

    def _is_copy(self, probe: Probe, generation: FileGeneration) -> bool:
        """Whether a file beside the followed one is a copy of what is read from another, in which nothing more can be."""
        if probe.path == self._path:
            return False
        if generation in self._unlinked:
            return generation.agrees_as(probe) or generation.is_whole(probe)
        if generation.file.path == self._path or is_backup(probe.path):
            return generation.agrees_as(probe) or generation.begins_with(probe)
        return without_compression(probe.path) == generation.file.path

    def _takes_over(self, probe: Probe) -> bool:
        """Whether the file at the followed name has the content of one that was deleted, as when an editor saves it."""
        if probe.path != self._path:
            return False
        edited = [generation for generation in self._held if generation.file.path == self._path + "~"]
        for generation in (*edited, *reversed(self._unlinked)):
            if generation.agrees_as(probe):
                self.replaced.append(generation)
                self.continued.append((probe, generation.fingerprint().under(probe.key)))
                return True
        return False
