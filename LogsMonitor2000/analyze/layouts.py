"""What is to be measured of a log, and in buckets of which width."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from ..parse.base import LINE
from .measures.base import Measure

FOREVER = 1 << 40
"""The width of a bucket that holds all of a log."""

Layout = Mapping[int, tuple[Measure, ...]]


class Layouts(dict[int, tuple[Measure, ...]]):
    """For each bucket width in seconds the measures of its buckets; `late` is the same for late events, which have buckets of their own,
    and `unordered` for all events, late or not: for what has no order.

    Width 1 without measures stands for hits by the second, which are kept as numbers: a sparse log has as many seconds as lines.
    """

    def __init__(
        self, on_time: Layout | tuple[()] = (), late: Layout | tuple[()] = (), unordered: Layout | tuple[()] = ()
    ) -> None:
        super().__init__(on_time)
        self.late: dict[int, tuple[Measure, ...]] = dict(late)
        self.unordered: dict[int, tuple[Measure, ...]] = dict(unordered)

    @property
    def measures(self) -> Iterator[Measure]:
        """All of them; one that is in several layouts comes as often."""
        return chain.from_iterable((*self.values(), *self.late.values(), *self.unordered.values()))

    @property
    def fields(self) -> list[str]:
        """The fields that a parser must give for them, sorted."""
        return sorted({field for measure in self.measures for field in measure.fields} - {LINE})
