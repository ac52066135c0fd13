"""From the first lines of an input to what digests its format.

The format is detected from the same lines however they arrive: `FirstLines` collects them up to a fixed place, and no log is
refused before all of them are there. `Recogniser` asks the parsers which of them fits.
"""

from __future__ import annotations

from ..analyze.digest import Digest, Digester
from ..analyze.layouts import Layouts
from ..analyze.processor import AnalyticsProcessor
from ..errors import FormatError
from ..event import Notice
from ..limits import BLOCK_BYTES, CHUNK_BYTES, DETECT_LINES_MAX
from ..parse.base import Parser, is_blank
from ..parse.choose import Choice, Chosen
from ..parse.columns import Rejects
from ..source.base import Source


class Recogniser:
    """Detects formats as `choice` says, or uses `parser`, and binds the parser to the fields that `processor` asks for."""

    def __init__(self, processor: AnalyticsProcessor, choice: Choice = Choice(), parser: Parser | None = None) -> None:
        self._layouts, self._buffer_time, self._needed = processor.layouts, processor.buffer_time, processor.needed
        self._fields = processor.layouts.fields
        self._choice = choice
        self._parser = parser
        if choice.log_format != "auto":
            choice.named().require(sorted(self._needed))  # a format that cannot work is refused before anything is opened

    def recognise(self, name: str, blocks: list[bytes], before: str = "") -> tuple[Digester, Notice] | None:
        """The digester of the input `name` that begins with `blocks`, and which format that is; None while all lines are blank.

        `before` is the format that an earlier run detected. Raises `FormatError` when nothing fits.
        """
        chosen = Chosen(self._parser, "as given") if self._parser is not None else self._choice.choose(name, blocks, before)
        if chosen is None:
            return None
        parse = chosen.bind(self._fields, self._needed)
        digester = Digester(parse, self._layouts, self._buffer_time, chosen.parser, chosen.name, chosen.drift)
        digester.misfit = chosen.misfit
        if chosen.doubts:
            return digester, Notice(
                f"{name}: the detected format {chosen.name} may be wrong: {'; '.join(chosen.doubts)}; name another with --log_format"
            )
        return digester, Notice(f"{name}: format {chosen.name} ({chosen.why})", verbose=True)


class FirstLines:
    """The first lines of `source`, kept until their format is known; then `digester` is not None.

    `blocks` are those lines, and `chunk` is the chunk that they are in. `format_name` is the detected format, an earlier run's too.
    """

    def __init__(self, source: Source, recogniser: Recogniser) -> None:
        self.digester: Digester | None = None
        self.blocks: list[bytes] = []
        self.chunk = 0
        self.blank_lines = 0
        """Lines before `blocks`, all of them blank."""
        self.format_name = ""
        self.notices: list[Notice] = []
        self._source = source
        self._recogniser = recogniser
        self._end = 0  # the sample is made of the lines that begin before it
        self._is_waiting_reported = self._is_refused = False

    def recognise(self) -> bool:
        """Read what there is now; returns whether the format is known. Raises `FormatError` when it cannot be."""
        source = self._source
        while self.digester is None:
            if not self.blocks and source.offset >= self._end:
                self._begin_at(source.offset)
                self._end = min(self._end, (self.chunk + 1) * CHUNK_BYTES)
            begun = source.offset
            self.blocks += source.chunk(self._end)
            is_whole = source.ended or source.offset >= self._end
            if source.offset == begun and not is_whole:
                return False
            try:
                known = self._recogniser.recognise(source.name, self.blocks, self.format_name)
            except FormatError as error:
                if is_whole:
                    raise
                if not self._is_waiting_reported:
                    self._is_waiting_reported = True
                    self.notices.append(Notice(f"{error}; waiting for more lines"))
                return False
            if known is not None:
                self.digester, notice = known
                self.format_name = self.digester.format_name
                self.notices.append(notice)
            else:
                self.blank_lines += sum(block.count(b"\n") for block in self.blocks)
                self.blocks.clear()
                if source.ended:
                    return False
        return True

    def refuse(self, why: FormatError) -> Digest:
        """Count the first lines of the sample as malformed, since no format fits; the rest is examined afresh."""
        if not self._is_refused:
            self._is_refused = True
            self.notices.append(Notice(str(why)))
        digest = Digest(Layouts())
        rejects = Rejects()
        lines = b"".join(self.blocks).split(b"\n")
        refused = min(max(DETECT_LINES_MAX, len(lines) // 4), len(lines) - 1)
        digest.line_count = refused
        for number, line in enumerate(lines[:refused]):
            if not is_blank(line):
                rejects.add(number, "no known log format fits", line)
        digest.malformed = digest.leading = rejects.count
        digest.samples, digest.chunk = rejects.samples, self.chunk
        rest = b"\n".join(lines[refused:])
        self.blocks = [rest] if rest else []
        return digest

    def restore(self, waiting: bytes, format_name: str) -> None:
        """Continue with the lines whose format an earlier run did not know, and the format that it had detected."""
        self.format_name = format_name
        if waiting:
            self.blocks = [waiting]
            self._begin_at(self._source.offset)

    def _begin_at(self, offset: int) -> None:
        self.chunk = offset // CHUNK_BYTES
        self._end = offset + BLOCK_BYTES
