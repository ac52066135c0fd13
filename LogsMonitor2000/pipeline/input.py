"""A log read by this process: a source, its format once that is known, and how far its events have come."""

from __future__ import annotations

from datetime import datetime, timezone
from itertools import chain
from typing import TYPE_CHECKING, Any

from ..analyze.digest import Digest
from ..errors import FormatError, MisfitError
from ..event import MalformedLine, Notice
from ..limits import CHUNK_BYTES, DRIFT_NOTICES_MAX
from ..source.base import Source
from .recogniser import FirstLines, Recogniser
from .stream import DigestStream, latest

if TYPE_CHECKING:
    from .replay import Replay


class Input(DigestStream):
    """The digests of one source, chunk after chunk.

    `tolerant`: a log whose format is not known does not raise a `FormatError` but counts as malformed, since it may be one of
    many that a glob found. `replay` is given what it takes to digest a chunk of a plain file again.
    """

    def __init__(self, source: Source, recogniser: Recogniser, *, tolerant: bool = False, replay: Replay | None = None) -> None:
        super().__init__(source.name)
        self._replay = replay
        self.source = source
        self._tolerant = tolerant
        self._first = FirstLines(source, recogniser)
        self._notices: list[Notice] = []
        self._directives = b""  # the directives that are in force
        self._changes = 0
        self._leading = 0  # malformed lines before the first event
        self._is_given_up = self._is_misfit_reported = False

    @property
    def misfit(self) -> MisfitError | None:
        digester = self._first.digester
        return None if digester is None or self.newest is not None else digester.misfit

    @property
    def identity(self) -> str:
        return self.source.identity

    @property
    def next_poll(self) -> float:
        return self.source.next_poll

    @property
    def is_incomplete(self) -> bool:
        return self.source.is_incomplete

    @property
    def ended(self) -> bool:
        return self.source.ended and (self._is_given_up or not self._first.blocks)

    def digest(self, horizon: int, floor: int | None) -> Digest | None:
        try:
            return self._digest(horizon, floor) if self._recognise() else None
        except FormatError as error:
            if not self._tolerant:
                raise
            if not self.source.ended:
                return self._first.refuse(error)
            # Its lines stay in the snapshot: after a restart, more may follow.
            self._is_given_up = True
            self._notices.append(Notice(str(error)))
            return None

    def _recognise(self) -> bool:
        """Whether the format is known by now; the blank lines before the first one that counts have been accounted for."""
        is_known = self._first.recognise()
        self.line_count += self._first.blank_lines
        self._first.blank_lines = 0
        if (
            self._tolerant and not self._is_misfit_reported and self.misfit is not None
        ):  # such a log may have no end at which to report it
            self._notices.append(Notice(str(self.misfit)))
            self._is_misfit_reported = True
        return is_known

    def _digest(self, horizon: int, floor: int | None) -> Digest | None:
        """The next chunk, or as much of it as there is now."""
        first, source = self._first, self.source
        assert first.digester is not None
        chunk = first.chunk if first.blocks else source.offset // CHUNK_BYTES
        more = source.chunk((chunk + 1) * CHUNK_BYTES)
        if not first.blocks and (block := next(more, None)) is not None:
            first.blocks = [block]
        if not first.blocks:
            return None  # as of most files that are followed, most of the time
        newest = latest(self.newest, floor)
        digest = first.digester.digest(chain(first.blocks, more), horizon, newest, self._directives)
        digest.chunk = chunk
        first.blocks = []
        self._note(digest, horizon, newest)
        return digest if digest.line_count else None

    def rebind(self, recogniser: Recogniser) -> None:
        """Continue with digests as `recogniser` makes them."""
        kept = self.snapshot()
        self._first = FirstLines(self.source, recogniser)
        self.restore(kept)

    def _note(self, digest: Digest, horizon: int, newest: int | None) -> None:
        """Let the chunk be digested again, with what was known before it."""
        if self._replay is not None:
            assert self._first.digester is not None
            is_sequential, name = self._first.digester.sequential, self._first.format_name
            self._replay.note(self.name, name, digest, horizon, newest, self._directives, is_sequential=is_sequential)

    def join(self, digest: Digest) -> list[MalformedLine]:
        samples = [
            MalformedLine(self.name, self.line_count + sample.line + 1, sample.reason, sample.text) for sample in digest.samples
        ]
        self._note_format(digest)
        self.line_count += digest.line_count
        self.chunk = digest.chunk
        self._place_leading(digest)
        self.newest = latest(self.newest, digest.newest)
        return samples

    def _place_leading(self, digest: Digest) -> None:
        """Malformed lines before the first event count at its second."""
        self._leading += digest.leading
        if self._leading and digest.first is not None:
            digest.put_unparsed(digest.first, self._leading)
            self._leading = 0

    def _note_format(self, digest: Digest) -> None:
        """Remember the format and the directives in force after `digest`, and report where the format changes."""
        if digest.asked:
            self._directives = digest.directives
        for run in digest.runs:
            self._changes += run.name != self.format_name != ""
            if run.name != self.format_name != "" and self._changes <= DRIFT_NOTICES_MAX:
                when = datetime.fromtimestamp(run.second, timezone.utc).isoformat()
                more = "; further changes are not reported" if self._changes == DRIFT_NOTICES_MAX else ""
                line = f"{self.name}: line {self.line_count + run.line + 1:,} ({when}): format"
                self._notices.append(Notice(f"{line} {run.name} instead of {self.format_name}{more}", verbose=True))
            self.format_name = run.name

    def snapshot(self) -> list[Any]:
        waiting = b"".join(self._first.blocks).decode("latin-1")
        remembered = [self._leading, self._first.format_name, self.format_name, self._directives.decode("latin-1")]
        return [self.newest, self.line_count, waiting, *remembered]

    def restore(self, snapshot: list[Any]) -> None:
        self.newest, self.line_count, waiting, self._leading, detected, self.format_name, directives = snapshot
        self._directives = directives.encode("latin-1")
        self._first.restore(waiting.encode("latin-1"), detected)

    def notices(self) -> list[Notice]:
        notices = self._first.notices + self._notices + [Notice(text) for text in self.source.warnings]
        self._first.notices.clear()
        self._notices.clear()
        self.source.warnings.clear()
        return notices

    @property
    def read_bytes(self) -> int:
        progress = self.progress()
        return self.source.offset if progress is None else progress[0]

    def progress(self) -> tuple[int, int] | None:
        return self.source.progress()

    def fileno(self) -> int | None:
        return self.source.fileno()

    def stop(self) -> None:
        self.source.stop()

    def close(self) -> None:
        self.source.close()
