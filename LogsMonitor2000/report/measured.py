"""Reports of events: measures over the same digests that the monitor makes, merged.

A report says which measures it wants over the whole log, and gets their states once all pieces are merged. The format of each file is
detected once, from its first lines, before pieces are mapped.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress, islice
from typing import Any

from ..analyze.digest import Digest, Digester
from ..analyze.layouts import FOREVER, Layouts
from ..analyze.measures.base import Measure
from ..errors import FormatError
from ..limits import CHUNK_BYTES, SAMPLES_MAX
from ..parse.base import BoundParser, directives_of
from ..parse.choose import Choice, Chosen
from ..parse.columns import Columns
from .base import Report, State
from .piece import FilePiece, Piece

BATCH_BLOCKS = 64
"""Blocks that are digested at once: 8 MiB, so that counters are merged seldom, and little of a piece is held."""


@dataclass
class Measured:
    """What the events of some pieces amount to: the states of the report's measures, and how many lines there were.

    `totals` has a state for each measure, in their order.
    """

    totals: list[State]
    events: int = 0
    malformed: int = 0
    excluded: int = 0
    """Events outside the range of time that was asked for."""
    first: int | None = None
    last: int | None = None
    samples: list[tuple[str, int, str, bytes]] = field(default_factory=list)
    """The first malformed lines: file, line number, reason, text."""
    line_counts: dict[str, int] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    """Files that have a piece, not the first, which had to be read as if no directives were in force before it."""
    directed: set[str] = field(default_factory=set)
    """Files that have a piece with directives in force at its end, or lines that take the time of one before."""

    @property
    def uncut(self) -> set[str]:
        """Files whose pieces depend on earlier ones: to be read again, whole."""
        return self.asked & self.directed

    @property
    def lines(self) -> int:
        return self.events + self.malformed + self.excluded


class MeasuredReport(Report):
    """Declares `measures`, and makes its result of their states: override `data`."""

    measures: tuple[Measure, ...] = ()
    horizon = 1 << 40
    """Times after this second are malformed: in the future."""

    def layouts(self) -> Layouts:
        """What is measured: one bucket for the whole log, unless overridden."""
        return Layouts({FOREVER: self.measures})

    def empty(self) -> Measured:
        return Measured([measure.empty() for measure in self.measures])

    def map(self, piece: Piece) -> Measured:
        layouts = self.layouts()
        chosen = piece.chosen
        assert chosen is not None, "a report of events needs pieces whose format is known"
        parse: BoundParser = chosen.bind(layouts.fields, frozenset())
        between = Between(parse, self.since, self.until)
        digester = Digester(between, layouts, FOREVER, chosen.parser, chosen.name, chosen.drift)
        state = self.empty()
        directives, newest = b"", None
        blocks = piece.blocks()
        while batch := list(islice(blocks, BATCH_BLOCKS)):
            digest = digester.digest(batch, self.horizon, newest, directives)
            newest = digest.newest if newest is None or digest.newest is None else max(newest, digest.newest)
            directives = digest.directives
            if piece.start and not state.line_counts and (digest.asked or digest.undated):
                state.asked.add(piece.label)
                state.directed |= {piece.label} if digest.undated else set()
            self._take(state, digest, piece.label)
        if directives:
            state.directed.add(piece.label)
        state.excluded = between.excluded
        return state

    def _take(self, state: Measured, digest: Digest, path: str) -> None:
        """Add a digest to the state of its piece."""
        before = state.line_counts.get(path, 0)
        for sample in digest.samples[: SAMPLES_MAX - len(state.samples)]:
            state.samples.append((path, before + sample.line + 1, sample.reason, sample.text))
        state.line_counts[path] = before + digest.line_count
        state.events += digest.events
        state.malformed += digest.malformed
        state.first, state.last = _least(state.first, digest.oldest), _greatest(state.last, digest.last)
        for bucket in digest.buckets.get(FOREVER, {}).values():
            for index, measure in enumerate(self.measures):
                state.totals[index] = measure.shrink(measure.merge(state.totals[index], bucket[measure]))

    def merge(self, state: Measured, other: Measured) -> Measured:
        for index, measure in enumerate(self.measures):
            state.totals[index] = measure.shrink(measure.merge(state.totals[index], other.totals[index]))
        for path, line, reason, text in other.samples[: SAMPLES_MAX - len(state.samples)]:
            state.samples.append((path, line + state.line_counts.get(path, 0), reason, text))
        for path, count in other.line_counts.items():
            state.line_counts[path] = state.line_counts.get(path, 0) + count
        state.events += other.events
        state.malformed += other.malformed
        state.excluded += other.excluded
        state.first, state.last = _least(state.first, other.first), _greatest(state.last, other.last)
        state.asked |= other.asked
        state.directed |= other.directed
        return state

    def result(self, state: Measured) -> dict[str, Any]:
        found = {"report": self.name, "from": state.first, "until": None if state.last is None else state.last + 1}
        found |= {"lines": state.lines, "events": state.events, "malformed": state.malformed}
        return found | self.data(dict(zip(self.measures, state.totals)), state)

    @abstractmethod
    def data(self, totals: Mapping[Measure, State], state: Measured) -> dict[str, Any]:
        """The rest of the result, from the state of each measure."""


class Between:
    """A bound parser that leaves out the events outside `[since, until)` and counts them."""

    def __init__(self, inner: BoundParser, since: int | None, until: int | None) -> None:
        self.inner = inner
        self.excluded = 0
        self._since = -FOREVER if since is None else since
        self._until = FOREVER if until is None else until

    def __call__(self, block: bytes, horizon: int) -> Columns:
        columns = self.inner(block, horizon)
        ascending = columns.ascending
        if not ascending or (self._since <= ascending[0] and ascending[-1] < self._until):
            return columns
        inside = [self._since <= second < self._until for second in columns.seconds]
        seconds = list(compress(columns.seconds, inside))
        self.excluded += len(columns.seconds) - len(seconds)
        rows = range(len(inside)) if columns.rows is None else columns.rows
        return columns._replace(
            seconds=seconds,
            ascending=sorted(seconds),
            values={name: list(compress(column, inside)) for name, column in columns.values.items()},
            rows=list(compress(rows, inside)),
            runs=(),
        )


def recognised(
    pieces: Sequence[FilePiece], choice: Choice, warn: Callable[[str], object], *, uncut: frozenset[str] = frozenset()
) -> list[FilePiece]:
    """The same pieces, each with the parser of its file. A file is not cut where its lines depend on those before them.

    A file of no known format is refused with a `FormatError` if it is the only one, otherwise left out with a warning.
    """
    chosen: dict[str, Chosen | None] = {}
    found: list[FilePiece] = []
    for piece in pieces:
        if piece.path not in chosen:
            chosen[piece.path] = _chosen(piece, choice, warn, is_only=len({each.path for each in pieces}) == 1)
        parser = chosen[piece.path]
        if parser is None:
            continue
        if piece.label in uncut or parser.parser.sequential or directives_of(parser.bind((), frozenset())) is not None:
            if piece.start == 0:
                found.append(piece._replace(end=None, is_last=True, chosen=parser))
        else:
            found.append(piece._replace(chosen=parser))
    return found


def _chosen(piece: FilePiece, choice: Choice, warn: Callable[[str], object], *, is_only: bool) -> Chosen | None:
    """The parser of a file, from its first lines; None where these are blank or of no known format."""
    sample: list[bytes] = []
    for block in piece.blocks():
        sample.append(block)
        if sum(map(len, sample)) >= CHUNK_BYTES // 8 and any(not block.isspace() for block in sample):
            break
    try:
        return choice.choose(piece.label, sample)
    except FormatError as error:
        if is_only:
            raise
        warn(f"{error}; left out")
        return None


def _least(one: int | None, other: int | None) -> int | None:
    return min((second for second in (one, other) if second is not None), default=None)


def _greatest(one: int | None, other: int | None) -> int | None:
    return max((second for second in (one, other) if second is not None), default=None)
