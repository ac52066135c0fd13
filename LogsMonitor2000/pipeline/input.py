"""An input as the monitor sees it: a source, its format once that is known, and how far its events have come."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from itertools import chain
from typing import Any

from ..analyze.digest import Digest, Digester
from ..analyze.layouts import Layouts
from ..errors import FormatError
from ..event import MalformedLine, Notice
from ..limits import BLOCK_BYTES, CHANGES_MAX, CHUNK_BYTES, DETECT_LINES_MAX
from ..parse.base import Rejects, is_blank
from ..source.base import Source

Recognise = Callable[[str, list[bytes], str], "tuple[Digester, Notice] | None"]
"""From an input's name, first blocks, and the format that an earlier run recognised, to what digests its format, and word of it;
None while there are only blank lines."""


class Input:
    """Gives the digests of one source, chunk after chunk.

    `newest` is the newest second it has had, `chunk` the number of the chunk it is in; `heard` and
    `is_quiet` are for the monitor to remember when its last line came, and whether there was none when it was last asked.
    """

    def __init__(self, source: Source, recognise: Recognise) -> None:
        self.source = source
        self.newest: int | None = None
        self.heard = 0.0
        self.is_quiet = False
        self.chunk = 0
        self._notices: list[Notice] = []
        self._recognise = recognise
        self._digester: Digester | None = None
        self._recognised = ""  # the format, also by an earlier run
        self._format = ""  # that of the last event
        self._context = b""  # the directives that are in force
        self._changes = 0
        self._first_blocks: list[bytes] = []  # what the format is told from: the lines that begin before `_sample_end`
        self._first_chunk = 0  # the chunk they are in
        self._sample_end = 0
        self._line_count = 0
        self._leading = 0  # malformed lines before the first event
        self._is_told = False  # that nothing fits what has come so far
        self._is_refused = False
        self._is_given_up = False

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def ended(self) -> bool:
        return self.source.ended and (self._is_given_up or not self._first_blocks)

    def open(self) -> bool:
        """Find out the format from what can be read now; False when that is not enough to tell.

        It is told from the same lines however they come: nothing is refused before all of these are there.
        """
        while self._digester is None:
            if not self._first_blocks and self.source.offset >= self._sample_end:
                self._first_chunk = self.source.offset // CHUNK_BYTES
                self._sample_end = min(self.source.offset + BLOCK_BYTES, (self._first_chunk + 1) * CHUNK_BYTES)
            begun = self.source.offset
            self._first_blocks += self.source.chunk(self._sample_end)
            whole = self.source.ended or self.source.offset >= self._sample_end
            if self.source.offset == begun and not whole:
                return False
            try:
                known = self._recognise(self.name, self._first_blocks, self._recognised)
            except FormatError as error:
                if whole:
                    raise
                if not self._is_told:
                    self._is_told = True
                    self._notices.append(Notice(f"{error}; waiting for more lines"))
                return False
            if known is not None:
                self._digester, notice = known
                self._recognised = self._digester.format_name
                self._notices.append(notice)
            else:  # nothing but blank lines, which need not be looked at again
                self._line_count += sum(block.count(b"\n") for block in self._first_blocks)
                self._first_blocks.clear()
                if self.source.ended:
                    return False
        return True

    def digest(self, horizon: int, floor: int | None) -> Digest | None:
        """The next chunk, or as much of it as there is now; None when there is nothing.

        `floor` is a second that the input must be taken to have reached.
        """
        if not self.open():
            return None
        assert self._digester is not None
        chunk = self._first_chunk if self._first_blocks else self.source.offset // CHUNK_BYTES
        blocks = chain(self._first_blocks, self.source.chunk((chunk + 1) * CHUNK_BYTES))
        digest = self._digester.digest(blocks, horizon, latest(self.newest, floor), self._context)
        digest.chunk = chunk
        self._first_blocks = []
        return digest if digest.line_count else None

    def refuse(self, why: FormatError) -> Digest:
        """No format fits the lines that are here: count the first of them as malformed, and look at the others afresh."""
        if not self._is_refused:
            self._is_refused = True
            self._notices.append(Notice(str(why)))
        digest = Digest(Layouts())
        rejects = Rejects()
        lines = b"".join(self._first_blocks).split(b"\n")
        refused = min(max(DETECT_LINES_MAX, len(lines) // 4), len(lines) - 1)
        digest.line_count = refused
        for number, line in enumerate(lines[:refused]):
            if not is_blank(line):
                rejects.add(number, "no known log format fits", line)
        digest.malformed = digest.leading = rejects.count
        digest.samples, digest.chunk = rejects.samples, self._first_chunk
        rest = b"\n".join(lines[refused:])
        self._first_blocks = [rest] if rest else []
        return digest

    def give_up(self, why: FormatError) -> None:
        """The source has ended before its format was known. Its lines stay in the snapshot: more may come after a restart."""
        self._is_given_up = True
        self._notices.append(Notice(str(why)))

    def join(self, digest: Digest) -> list[MalformedLine]:
        """Move on behind `digest`; returns its samples of malformed lines with their place in the input."""
        samples = [
            MalformedLine(self.name, self._line_count + sample.line + 1, sample.reason, sample.text)
            for sample in digest.samples
        ]
        self._follow_changes(digest)
        self._line_count += digest.line_count
        self.chunk = digest.chunk
        self._place_leading(digest)
        self.newest = latest(self.newest, digest.newest)
        return samples

    def _place_leading(self, digest: Digest) -> None:
        """Malformed lines that came before the first event count at its second."""
        self._leading += digest.leading
        if self._leading and digest.first is not None:
            digest.put_unparsed(digest.first, self._leading)
            self._leading = 0

    def _follow_changes(self, digest: Digest) -> None:
        """Note in which format, and behind which directives, the log goes on behind `digest`; say so where the former changes."""
        if digest.asked:
            self._context = digest.context
        for run in digest.runs:
            self._changes += run.name != self._format != ""
            if run.name != self._format != "" and self._changes <= CHANGES_MAX:
                when = datetime.fromtimestamp(run.second, timezone.utc).isoformat()
                more = "; further changes are not told" if self._changes == CHANGES_MAX else ""
                line = f"{self.name}: line {self._line_count + run.line + 1:,} ({when}): format"
                self._notices.append(Notice(f"{line} {run.name} instead of {self._format}{more}", verbose=True))
            self._format = run.name

    def snapshot(self) -> list[Any]:
        """What a restart needs besides the source's position, as JSON can hold it."""
        waiting = b"".join(self._first_blocks).decode("latin-1")  # lines whose format is not known yet
        remembered = [self._leading, self._recognised, self._format, self._context.decode("latin-1")]
        return [self.newest, self._line_count, waiting, *remembered]

    def restore(self, snapshot: list[Any]) -> None:
        """Go on from a snapshot, the source from its position."""
        self.newest, self._line_count, waiting, self._leading, self._recognised, self._format, context = snapshot
        self._context = context.encode("latin-1")
        if waiting:
            self._first_blocks = [waiting.encode("latin-1")]
            self._first_chunk = self.source.offset // CHUNK_BYTES
            self._sample_end = self.source.offset + BLOCK_BYTES

    def notices(self) -> list[Notice]:
        """What a person should know about the input and has not been told yet."""
        notices = self._notices + [Notice(text) for text in self.source.warnings]
        self._notices.clear()
        self.source.warnings.clear()
        return notices

    def fileno(self) -> int | None:
        """What to wait on for more; None where waiting means looking again."""
        return self.source.fileno()

    def stop(self) -> None:
        """Read no further than what is at hand."""
        self.source.stop()

    def progress(self) -> tuple[int, int] | None:
        """Bytes read and bytes there are; None where the end is not known."""
        return self.source.progress()

    def close(self) -> None:
        self.source.close()


def latest(*seconds: int | None) -> int | None:
    """The largest of the seconds that are known."""
    return max((second for second in seconds if second is not None), default=None)
