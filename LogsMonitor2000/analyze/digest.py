"""A chunk of the log, digested: its buckets, and what is needed to join it to what came before, exactly.

A digest is a pure function of the bytes, the format and the horizon, so chunks can be digested by any process in any order.
Only lateness reaches across chunks: an event is late iff `max(newest before the chunk, newest before it inside the chunk) -
second > buffer_time`. A digest made without knowing the first of the two is still exact if none of its events
is late on that account, and `holds_after` says whether that is so; if not, the chunk is digested once more with that knowledge.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, compress
from operator import sub
from typing import Any

from ..errors import MisfitError
from ..limits import DRIFT_NOTICES_MAX, KEY_BYTES_MAX, SAMPLES_MAX
from ..parse.base import LINE, ActiveDirectives, BoundParser, FormatDrift, Parser, directives_of
from ..parse.columns import Column, Columns, Run, Sample, dated
from ..parse.values.timestamps import TIME_BEFORE
from .bucket import Bucket, cut_keys
from .columns import Derivations
from .layouts import Layout, Layouts
from .measures.base import Measure
from .measures.unparsed import UNPARSED

NOT_YET = -1 << 62
"""Before any second that a line can have."""

Buckets = dict[int, dict[int, Bucket]]
"""By width and time."""

_PROCESSED = ("events", "malformed", "late", "oldest", "last")
"""The numbers of a digest that the processor takes."""


class Digest:
    """What a chunk amounts to: `hits` is by second, `buckets` by width and time; late events are only in `late`, in `late_buckets`,
    and with all others in `unordered_buckets`."""

    def __init__(self, layouts: Layouts) -> None:
        self.chunk = 0  # the number of the chunk in its input
        self.line_count = 0  # all lines, blank ones too
        self.malformed = 0
        self.samples: list[Sample] = []
        self.events = 0  # that are not late
        self.late = 0
        self.leading = 0  # malformed lines before which nothing was known of the newest second
        self.first: int | None = None  # second of the first event in the order of the file
        self.oldest: int | None = None  # second of an event that is not late
        self.last: int | None = None
        self.newest: int | None = None  # of all events, late ones too
        self.hits: Counter[int] = Counter()
        self.runs: list[Run] = []  # of events of one format; as many as may be reported
        self.directives = b""  # those in force after the chunk
        self.known = b""  # those that were taken to be in force before it
        self.asked = False  # whether it mattered
        self.undated = False  # whether it has events that take the newest second before the chunk, which was not known
        self.buckets: Buckets = {width: {} for width, measures in layouts.items() if width > 1 or measures}
        self.late_buckets: Buckets = {width: {} for width in layouts.late}
        self.unordered_buckets: Buckets = {width: {} for width in layouts.unordered}
        self._layouts = layouts
        self._late_events: Counter[tuple[int, int]] = Counter()  # newest second before it, as far as was known, and its own
        self._newest_before = NOT_YET

    @property
    def lateness(self) -> Counter[int]:
        """By how many seconds how many events are late."""
        found: Counter[int] = Counter()
        for (newest, second), count in self._late_events.items():
            found[max(newest, self._newest_before) - second] += count
        return found

    def add_late(self, newest: Iterable[int], seconds: Iterable[int]) -> None:
        """Note late events of these `seconds`, before each of which the newest second was the one in `newest`."""
        self._late_events.update(zip(newest, seconds))
        self.late = self._late_events.total()

    def dump(self) -> list[Any]:
        """What the processor takes of it, as JSON can hold it; the layouts must be known to load it again."""
        buckets, late_buckets = (
            [[width, [bucket.dump() for bucket in by_time.values()]] for width, by_time in some.items()]
            for some in (self.buckets, self.late_buckets)
        )
        counts = [getattr(self, name) for name in _PROCESSED]
        late = [[newest, second, count] for (newest, second), count in self._late_events.items()]
        return [counts, list(self.hits.items()), buckets, late_buckets, late, self._newest_before]

    @classmethod
    def load(cls, dumped: list[Any], layouts: Layouts) -> Digest:
        """The digest that was dumped, for the processor only."""
        digest = cls(layouts)
        counts, hits, buckets, late_buckets, late, digest._newest_before = dumped
        for name, value in zip(_PROCESSED, counts, strict=True):
            setattr(digest, name, value)
        digest.hits.update(dict(hits))
        for target, of_layout, some in ((digest.buckets, layouts, buckets), (digest.late_buckets, layouts.late, late_buckets)):
            for width, by_time in some:
                loaded = [Bucket.load(each, width, of_layout[width]) for each in by_time]
                target[width] = {bucket.time: bucket for bucket in loaded}
        digest._late_events.update({(newest, second): count for newest, second, count in late})
        return digest

    def holds_after(self, newest: int | None, buffer_time: int, directives: bytes = b"") -> bool:
        """Whether the digest, made without knowing `newest`, the newest second before it, and perhaps not `directives`, is exact."""
        if self.asked and directives != self.known:
            return False
        if self.undated and newest is not None:
            return False
        return newest is None or self.oldest is None or newest - self.oldest <= buffer_time

    def join(self, newest: int | None) -> None:
        """Count lateness from `newest`, the newest second before the chunk (`holds_after` it)."""
        if newest is None:
            return
        self._newest_before = newest
        if self.leading:
            self.put_unparsed(newest, self.leading)
            self.leading = 0
        self._move_unparsed(newest)

    def _move_unparsed(self, newest: int) -> None:
        """Malformed lines after events that are older than `newest`, but not late, count at `newest`: it is what came before them."""
        for width, layout in self._layouts.items():
            if UNPARSED in layout:
                start = newest // width * width
                for bucket in [bucket for time, bucket in self.buckets[width].items() if time < start]:
                    if count := bucket[UNPARSED]:
                        bucket.put(UNPARSED, -count)
                        self._put_unparsed(width, layout, start, count)

    def put_unparsed(self, second: int, count: int) -> None:
        """Count malformed lines at `second`."""
        for width, layout in self._layouts.items():
            if UNPARSED in layout:
                self._put_unparsed(width, layout, second // width * width, count)

    def _put_unparsed(self, width: int, layout: tuple[Measure, ...], start: int, count: int) -> None:
        buckets = self.buckets[width]
        if start not in buckets:
            buckets[start] = Bucket(start, width, layout)
        buckets[start].put(UNPARSED, count)


class Digester:
    """Makes digests of chunks of one format."""

    def __init__(
        self,
        parse: BoundParser,
        layouts: Layouts,
        buffer_time: int,
        parser: Parser | None = None,
        format_name: str = "",
        drift: FormatDrift | None = None,
    ) -> None:
        self.format_name = format_name
        self.misfit: MisfitError | None = None
        """What is wrong if the input ends without an event."""
        self.sequential = parser is not None and parser.sequential
        """Whether a chunk's digest depends on the chunks before it, so that each must be made once and in order."""
        self._parse = parse
        self._drift = drift
        self._active: ActiveDirectives | None = directives_of(parse) or drift
        self._layouts = layouts
        self._buffer_time = buffer_time
        measures = list(layouts.measures)
        self._wants_lines = any(LINE in measure.fields for measure in measures)
        self._counts_unparsed = UNPARSED in measures
        self._longest = 0  # bytes of a line of the chunk, as far as that matters

    def digest(self, blocks: Iterable[bytes], horizon: int, newest: int | None = None, directives: bytes = b"") -> Digest:
        """Digest the chunk that consists of `blocks`, each of whole lines.

        `newest` is the newest second before it, and `directives` are those in force before it, if known.
        """
        digest = Digest(self._layouts)
        self._longest = 0
        digest.directives = digest.known = directives
        active, drift = self._active, self._drift
        if active is not None and active.directives != directives:
            active.directives = directives
        if drift is not None:
            drift.asked = False
        for block in blocks:
            newest = self._add(digest, block, horizon, newest)
        if self._longest > KEY_BYTES_MAX:  # no key is longer than the line it is from
            for width, measures in self._layouts.items():
                if width in digest.buckets:
                    cut_keys(digest.buckets[width].values(), measures)
            for width, measures in self._layouts.late.items():
                cut_keys(digest.late_buckets[width].values(), measures)
            for width, measures in self._layouts.unordered.items():
                cut_keys(digest.unordered_buckets[width].values(), measures)
        if active is not None:
            digest.directives = active.directives
        digest.asked = self.sequential or (drift is not None and drift.asked) or getattr(active, "asked", False)
        return digest

    def _add(self, digest: Digest, block: bytes, horizon: int, newest: int | None) -> int | None:
        """Add a block to `digest`; returns the newest second after it."""
        columns = self._parse(block, horizon)
        if columns.ascending and columns.ascending[0] == TIME_BEFORE:
            columns = self._dated(digest, columns, newest, block)
        line_count, malformed, samples, seconds, ascending, values, rows, rejected, runs, is_short = columns
        for run in runs:
            if len(digest.runs) <= DRIFT_NOTICES_MAX and (not digest.runs or run.name != digest.runs[-1].name):
                digest.runs.append(run._replace(line=run.line + digest.line_count))
        for sample in samples[: SAMPLES_MAX - len(digest.samples)]:
            digest.samples.append(sample._replace(line=sample.line + digest.line_count))
        digest.line_count += line_count
        digest.malformed += malformed
        if rejected and self._counts_unparsed:
            _place_unparsed(digest, rejected, rows, seconds, newest)
        if not seconds:
            return newest
        if self._wants_lines:
            lines: Column = [*block.split(b"\n")]
            lines.pop()
            self._longest = max(self._longest, max(map(len, filter(None, lines)), default=0))
            values[LINE] = lines if rows is None else [lines[row] for row in rows]
        elif not is_short:
            self._longest = KEY_BYTES_MAX + 1  # perhaps; to look at all keys of the chunk is quicker than at its lines
        if digest.first is None:
            digest.first = seconds[0]
        if newest is None:
            newest = seconds[0]
        block_newest = ascending[-1]
        if newest - ascending[0] > self._buffer_time or ascending != seconds:
            ascending, values = self._reorder(digest, seconds, values, newest)
        if ascending:
            self._count(digest, ascending, values)
        digest.newest = block_newest if digest.newest is None else max(digest.newest, block_newest)
        return max(newest, block_newest)

    @staticmethod
    def _dated(digest: Digest, columns: Columns, newest: int | None, block: bytes) -> Columns:
        """`columns` in which events without a time of their own have the newest second before them."""
        columns, undated = dated(columns, newest, block)
        digest.undated = digest.undated or undated > 0
        return columns

    def _reorder(
        self, digest: Digest, seconds: list[int], values: dict[str, Column], newest: int
    ) -> tuple[list[int], dict[str, Column]]:
        """The rows that are not late by ascending second, in the order of the file within one; late ones are counted apart."""
        newest_at = list(accumulate(seconds, max, initial=newest))
        lateness = list(map(sub, newest_at, seconds))
        rows: Iterable[int] = range(len(seconds))
        if max(lateness) > self._buffer_time:
            late = [amount > self._buffer_time for amount in lateness]
            digest.add_late(compress(newest_at, late), compress(seconds, late))
            if self._layouts.late or self._layouts.unordered:
                late_seconds, late_values = _by_second(compress(rows, late), seconds, values)
                columns = self._columns(late_values)
                _fill(digest.late_buckets, self._layouts.late, late_seconds, columns)
                _fill(digest.unordered_buckets, self._layouts.unordered, late_seconds, columns)
            rows = compress(rows, [not is_late for is_late in late])
        return _by_second(rows, seconds, values)

    def _count(self, digest: Digest, seconds: list[int], values: dict[str, Column]) -> None:
        """Add rows that are not late, ascending by second, to `digest`."""
        digest.events += len(seconds)
        digest.oldest = seconds[0] if digest.oldest is None else min(digest.oldest, seconds[0])
        digest.last = seconds[-1] if digest.last is None else max(digest.last, seconds[-1])
        if 1 in self._layouts and not self._layouts[1]:
            _count_hits(digest.hits, seconds)
        columns = self._columns(values)
        _fill(digest.buckets, self._layouts, seconds, columns)
        _fill(digest.unordered_buckets, self._layouts.unordered, seconds, columns)

    def _columns(self, values: dict[str, Column]) -> Derivations:
        """What measures select from."""
        columns = Derivations(values)
        columns.longest = self._longest
        return columns


def _by_second(rows: Iterable[int], seconds: list[int], values: dict[str, Column]) -> tuple[list[int], dict[str, Column]]:
    """The seconds and values of `rows`, ascending by second, in the order of the file within one."""
    order = sorted(rows, key=seconds.__getitem__)
    return (
        [seconds[row] for row in order],
        {field: [column[row] for row in order] for field, column in values.items()},
    )


def _fill(buckets: Buckets, layout: Layout, seconds: list[int], columns: Mapping[Any, Any]) -> None:
    """Add rows, ascending by second, to the buckets of each width."""
    count = len(seconds)
    for width, of_width in buckets.items():
        measures = layout[width]
        selected = [measure.select(columns) for measure in measures]
        first = 0
        while first < count:
            start = seconds[first] // width * width
            end = bisect_left(seconds, start + width, first)
            bucket = of_width.get(start)
            if bucket is None:
                bucket = of_width[start] = Bucket(start, width, measures)
            bucket.add(slice(first, end), selected, all_rows=end - first == count)
            first = end


def _place_unparsed(
    digest: Digest, rejected: Sequence[int], rows: Sequence[int] | None, seconds: Sequence[int], newest: int | None
) -> None:
    """Count each of the lines `rejected` at the newest second before it; `rows` are the lines of the events at `seconds`."""
    newest_at = list(accumulate(seconds, max, initial=NOT_YET if newest is None else newest))
    for second, count in Counter(newest_at[bisect_left(rows or (), line)] for line in rejected).items():
        if second == NOT_YET:
            digest.leading += count
        else:
            digest.put_unparsed(second, count)


def _count_hits(hits: Counter[int], seconds: list[int]) -> None:
    """Add `seconds`, which ascend, to `hits`: where many lines share a second, looking for its end is quicker than counting."""
    if seconds[-1] - seconds[0] > len(seconds) // 8:
        hits.update(seconds)
        return
    first = 0
    while first < len(seconds):
        end = bisect_right(seconds, seconds[first], first)
        hits[seconds[first]] += end - first
        first = end
