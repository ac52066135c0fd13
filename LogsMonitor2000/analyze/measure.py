"""What is measured in a bucket. Every measure is mergeable: measuring two pieces and merging gives what measuring the whole gives.

A measure is a small immutable description; its states can be pickled, so that they cross process borders. Equal measures share one state, so two calculators that ask for the same cost once.
"""

from __future__ import annotations

# The C function inside Counter.update: a Counter costs more than counting the ten lines that a sparse log has in a bucket.
from collections import _count_elements  # type: ignore[attr-defined]
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any, NamedTuple, Protocol, runtime_checkable

from ..limits import KEY_BYTES_MAX, KEYS_MAX

OTHER = b"(other)"
"""The key under which a counter that grew past its bound counts what it forgot."""

CUT = b"..."
"""What stands behind a key that was cut."""

SHORT = frozenset({"status", "status_class", "size"})
"""Fields of so many digits."""

Values = Sequence["bytes | None"]
Counts = dict[Any, int]


class Measure(Protocol):
    """What `Count`, `Total` and `TotalBy` have in common, and what a measure of your own needs."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields it looks at."""

    def empty(self) -> Any:
        """The state of no events."""

    def select(self, values: Mapping[Any, Values]) -> Sequence[Any]:
        """What `add` needs of each event, from the columns of a block: done once, however many buckets the block goes to."""

    def add(self, state: Any, selected: Sequence[Any]) -> Any:
        """The state with a run of events added, given as `select` made them; `state` may be changed and returned."""

    def merge(self, state: Any, other: Any) -> Any:
        """The state of both; `state` may be changed and returned, `other` is not."""

    def shrink(self, state: Any) -> Any:
        """The state within its bounds."""

    def dump(self, state: Any) -> Any:
        """The state as JSON can hold it."""

    def load(self, dumped: Any) -> Any:
        """The state that was dumped."""


@runtime_checkable
class Cuttable(Protocol):
    """A measure whose states hold texts of the log, which may be as long as a line."""

    def are_long(self, states: Iterable[Any]) -> bool:
        """Whether anything in any of `states` is too long."""

    def cut(self, state: Any) -> Any:
        """The state with that cut: to do so with each part of a log gives what cutting the whole gives."""


class Count(NamedTuple):
    """Hits by the value of a field, or by the tuple of values of several: a dictionary of at most `keys_max` keys.

    Past the bound the lighter half of the keys is counted as `OTHER` from then on; the total stays exact.
    """

    fields: tuple[str, ...]
    keys_max: int = KEYS_MAX

    def empty(self) -> Counts:
        return {}

    def select(self, values: Mapping[Any, Values]) -> Sequence[Any]:
        if len(self.fields) == 1:
            return values[self.fields[0]]
        return list(zip(*(values[field] for field in self.fields)))

    def add(self, state: Counts, selected: Sequence[Any]) -> Counts:
        _count_elements(state, selected)
        return state

    def merge(self, state: Counts, other: Counts) -> Counts:
        return merge_counts(state, other)

    def are_long(self, states: Iterable[Counts]) -> bool:
        if len(self.fields) == 1:
            return self.fields[0] not in SHORT and has_long(chain.from_iterable(states))
        return has_long_parts(states, [index for index, field in enumerate(self.fields) if field not in SHORT])

    def cut(self, state: Counts) -> Counts:
        return cut_counts(state)

    def shrink(self, state: Counts) -> Counts:
        return shrink_counts(state, self.keys_max)

    def dump(self, state: Counts) -> list[Any]:
        return dump_counts(state)

    def load(self, dumped: list[Any]) -> Counts:
        return load_counts(dumped)


class Total(NamedTuple):
    """The sum of a field of digits; a value that is missing counts as 0."""

    field: str

    @property
    def fields(self) -> tuple[str, ...]:
        return (self.field,)

    def empty(self) -> int:
        return 0

    def select(self, values: Mapping[Any, Values]) -> Values:
        return values[self.field]

    def add(self, state: int, selected: Values) -> int:
        return state + sum(map(int, filter(None, selected)))

    def merge(self, state: int, other: int) -> int:
        return state + other

    def shrink(self, state: int) -> int:
        return state

    def dump(self, state: int) -> int:
        return state

    def load(self, dumped: int) -> int:
        return dumped


class Unparsed(NamedTuple):
    """Malformed lines, each in the newest second of its input before it: it has no time of its own. The digest counts them."""

    @property
    def fields(self) -> tuple[str, ...]:
        return ()

    def empty(self) -> int:
        return 0

    def select(self, values: Mapping[Any, Values]) -> Values:
        return ()

    def add(self, state: int, selected: Values) -> int:
        return state

    def merge(self, state: int, other: int) -> int:
        return state + other

    def shrink(self, state: int) -> int:
        return state

    def dump(self, state: int) -> int:
        return state

    def load(self, dumped: int) -> int:
        return dumped


UNPARSED = Unparsed()


class TotalBy(NamedTuple):
    """The sum of a field of digits for each value of the field `by`; a sum of 0 may be missing. Bounded as `Count` is."""

    field: str
    by: str
    keys_max: int = KEYS_MAX

    @property
    def fields(self) -> tuple[str, ...]:
        return (self.field, self.by)

    def empty(self) -> Counts:
        return {}

    def select(self, values: Mapping[str, Values]) -> Sequence[Any]:
        return list(zip(values[self.by], values[self.field]))

    def add(self, state: Counts, selected: Sequence[Any]) -> Counts:
        get = state.get
        for key, value in selected:
            if value:
                state[key] = get(key, 0) + int(value)
        return state

    def merge(self, state: Counts, other: Counts) -> Counts:
        return merge_counts(state, other)

    def are_long(self, states: Iterable[Counts]) -> bool:
        return self.by not in SHORT and has_long(chain.from_iterable(states))

    def cut(self, state: Counts) -> Counts:
        return cut_counts(state)

    def shrink(self, state: Counts) -> Counts:
        return shrink_counts(state, self.keys_max)

    def dump(self, state: Counts) -> list[Any]:
        return dump_counts(state)

    def load(self, dumped: list[Any]) -> Counts:
        return load_counts(dumped)


def merge_counts(state: Counts, other: Counts) -> Counts:
    """`state` with the counts of `other` added."""
    if not state:
        return other.copy()
    get = state.get
    for key, count in other.items():
        state[key] = get(key, 0) + count
    return state


def shrink_counts(state: Counts, keys_max: int) -> Counts:
    """The heavier half of more than `keys_max` keys; the rest is counted as `OTHER`."""
    if len(state) <= keys_max:
        return state
    forgotten = state.pop(OTHER, 0)
    heaviest = sorted(state.items(), key=lambda item: (-item[1], repr(item[0])))
    kept = dict(heaviest[: keys_max // 2])
    kept[OTHER] = forgotten + sum(count for _, count in heaviest[keys_max // 2 :])
    return kept


def has_long(texts: Iterable[bytes | None]) -> bool:
    """Whether any of `texts` is too long for a key."""
    return max(map(len, filter(None, texts)), default=0) > KEY_BYTES_MAX


def has_long_parts(states: Iterable[Mapping[Any, Any]], places: Sequence[int]) -> bool:
    """The same of keys that are tuples, of what is at `places` in them."""
    keys = list(chain.from_iterable(states)) if places else []
    return any(has_long(map(itemgetter(place), keys)) for place in places)


def cut_key(key: Any) -> Any:
    """A key without what is too long in it."""
    if isinstance(key, tuple):
        return tuple(map(cut_key, key))
    return key[:KEY_BYTES_MAX] + CUT if isinstance(key, bytes) and len(key) > KEY_BYTES_MAX else key


def cut_counts(state: Counts) -> Counts:
    """The state with long keys cut; those that begin alike count together."""
    found: Counts = {}
    for key, count in state.items():
        key = cut_key(key)
        found[key] = found.get(key, 0) + count
    return found


def dump_counts(state: Counts) -> list[Any]:
    return [[dump_key(key), count] for key, count in state.items()]


def load_counts(dumped: list[Any]) -> Counts:
    return {load_key(key): count for key, count in dumped}


def dump_key(key: Any) -> Any:
    """A key as JSON can hold it: bytes as a string of as many characters; a tuple as a list; what else there is as it is."""
    if isinstance(key, bytes):
        return key.decode("latin-1")
    return [dump_key(part) for part in key] if isinstance(key, tuple) else key


def load_key(dumped: Any) -> Any:
    """The key that was dumped."""
    if isinstance(dumped, str):
        return dumped.encode("latin-1")
    return tuple(load_key(part) for part in dumped) if isinstance(dumped, list) else dumped
