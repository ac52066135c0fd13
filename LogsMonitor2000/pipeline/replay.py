"""Finished files that are read again for what was not needed at first: the sample of the seconds around an alert.

A digest is a pure function of the bytes of its chunk and of what came before them. So a note of the latter is enough to make it once
more, with other measures, whenever an alert fires; most chunks are never asked for.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import NamedTuple

from ..analyze.bucket import Bucket
from ..analyze.calculator import StreamCalculator
from ..analyze.digest import Digest, Digester
from ..analyze.measures.sample import Sample
from ..analyze.processor import AnalyticsProcessor
from ..errors import FormatError, InputError
from ..limits import CHUNKS_REPLAYED_MAX, HISTORY_DETAIL_SECONDS
from ..parse.base import Parser
from ..parse.choose import Choice
from ..source.file import FileSource
from .chunk import digest_chunk
from .recogniser import FirstLines, Recogniser


class Chunk(NamedTuple):
    """What the digest of a chunk depends on besides its bytes: see `Digester.digest`. `first` and `last` are seconds that it has."""

    path: str
    number: int
    format_name: str
    horizon: int
    newest: int | None
    directives: bytes
    first: int
    last: int


class Replay:
    """Digests chunks of plain files again, for a sample; `choice` and `parser` are what they were digested with.

    What can only be digested in order, once, is sampled right away.
    """

    def __init__(self, choice: Choice, parser: Parser | None, buffer_time: int) -> None:
        self._choice = choice
        self._parser = parser
        self._buffer_time = buffer_time
        self._measure = Sample()
        self._chunks: deque[Chunk] = deque()  # in the order in which they were joined
        self._newest = 0
        self._digesters: dict[str, Digester | None] = {}
        self._latest: OrderedDict[Chunk, Digest | None] = OrderedDict()  # digested again
        self._sequential: dict[Chunk, Digest | None] = {}

    def want(self, measure: Sample) -> None:
        """What the samples are to be made by."""
        self._measure = measure

    def note(
        self,
        path: str,
        format_name: str,
        digest: Digest,
        horizon: int,
        newest: int | None,
        directives: bytes,
        *,
        is_sequential: bool = False,
    ) -> None:
        """A chunk has been digested, knowing this of what came before it."""
        first = 0 if digest.oldest is None else digest.oldest
        last = -1 if digest.last is None else digest.last
        chunk = Chunk(path, digest.chunk, format_name, horizon, newest, directives, first, last)
        if is_sequential:
            self._sequential[chunk] = self._digested(chunk)
        self._newest = max(self._newest, last)
        self._chunks.append(chunk)
        while self._chunks[0].last < self._newest - 2 * HISTORY_DETAIL_SECONDS:
            self._sequential.pop(self._chunks.popleft(), None)

    def samples(self, begin: int, end: int) -> Iterable[Bucket]:
        """See `SampleSource`. A file that cannot be read any more has none."""
        found: dict[int, Bucket] = {}
        for chunk in self._chunks:
            if chunk.first > end or chunk.last < begin or (digest := self._digest(chunk)) is None:
                continue
            for time, bucket in digest.buckets[1].items():
                if begin <= time <= end:
                    found.setdefault(time, Bucket(time, 1, (self._measure,))).merge(bucket)
        return [found[time] for time in sorted(found)]

    def _digest(self, chunk: Chunk) -> Digest | None:
        if chunk in self._sequential:
            return self._sequential[chunk]
        if chunk not in self._latest:
            self._latest[chunk] = self._digested(chunk)
            if len(self._latest) > CHUNKS_REPLAYED_MAX:
                self._latest.popitem(last=False)
        self._latest.move_to_end(chunk)
        return self._latest[chunk]

    def _digested(self, chunk: Chunk) -> Digest | None:
        try:
            if chunk.path not in self._digesters:
                self._digesters[chunk.path] = self._digester(chunk)
            digester = self._digesters[chunk.path]
            if digester is None:
                return None
            return digest_chunk(digester, chunk.path, chunk.number, chunk.horizon, chunk.directives, chunk.newest)
        except (InputError, FormatError, OSError):
            return None

    def _digester(self, chunk: Chunk) -> Digester | None:
        """What samples the file that `chunk` is of."""
        processor = AnalyticsProcessor([_Sampling(self._measure)], self._buffer_time)
        source = FileSource(chunk.path)
        first = FirstLines(source, Recogniser(processor, self._choice, self._parser))
        first.restore(b"", chunk.format_name)
        try:
            while first.digester is None and not source.ended:
                first.recognise()
        finally:
            source.close()
        return first.digester


class _Sampling(StreamCalculator):
    """Asks for one measure by the second."""

    lenient = True

    def __init__(self, measure: Sample) -> None:
        self.measures = (measure,)
