"""What one second says to a rule: of a bucket, the contribution to each group.

Rules that ask the same share one feed, and feeds that count by the same columns share one tally in the bucket.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..analyze.derived import Derived, Raw, remembered
from ..analyze.measure import OTHER
from ..limits import CONVERTED_MAX
from .condition import Condition, Conditions
from .rule import VALUED, Rule

Group = tuple[Any, ...]
"""The values of a rule's `by` columns; () where it has none."""

Deltas = Mapping[Group, Any]
"""What a second contributes to each group; of which kind is the feed's matter. Never changed once made."""

FEW_VALUES = frozenset({"method", "section", "protocol", "status", "status_class", "vhost"})
"""Fields with so few values that conditions on them are decided once for each value in a bucket, not for each line."""


@dataclass(frozen=True)
class Flag:
    """Whether a condition holds."""

    condition: Condition

    @property
    def field(self) -> str:
        return self.condition.field

    def convert(self, text: bytes | None) -> bool:
        return self.condition.holds(text)

    def column(self, texts: Sequence[bytes | None]) -> Sequence[bool]:
        # Sizes and durations hardly ever come again: comparing them is cheaper than remembering.
        return self.condition.compared(texts) or remembered(self, texts)


class Feed(NamedTuple):
    """`kind` is of what the contributions are: events, shares (events, and those of them that match `of`), amounts, bins or values."""

    kind: str
    where: Conditions = ()
    of: Conditions = ()
    by: tuple[Derived, ...] = ()
    field: str = ""

    @property
    def is_unparsed(self) -> bool:
        """Whether the shares are of lines, and what matches are those that could not be parsed."""
        return self.field == "unparsed"

    @property
    def columns(self) -> tuple[Derived, ...]:
        """What it needs of each event to know its group and whether it counts."""
        columns = set(self.by) | {column_of(condition) for condition in (*self.where, *self.of)}
        return tuple(sorted(columns, key=repr))

    @property
    def fields(self) -> frozenset[str]:
        """The fields that it looks at."""
        own = {self.field} if self.field and not self.is_unparsed else set()
        return frozenset({column.field for column in self.columns} | own)


def pinned(rule: Rule) -> tuple[Group, Rule]:
    """`rule` as one by the fields of which its `where` demands one value, and that group: so such rules share a feed."""
    if rule.by or rule.measure in ("silent", "leaky_bucket", "new"):
        return (), rule
    pins = [c for c in rule.where if c.field in FEW_VALUES and not c.none_of and [t.kind for t in c.any_of] == ["equal"]]
    where = tuple(condition for condition in rule.where if condition not in pins)
    group = tuple(condition.any_of[0].argument for condition in pins)
    return group, rule._replace(where=where, by=tuple(Raw(condition.field) for condition in pins))


def feed_of(rule: Rule) -> Feed:
    """What feeds the window of `rule`."""
    if rule.measure == "unparsed":
        return Feed("shares", field="unparsed")
    kind, field = "shares" if rule.of else "events", ""
    if rule.measure in VALUED:
        kind, field = "amounts", rule.field
    elif rule.measure == "bytes":
        kind, field = "bytes", "size"
    elif rule.quantile is not None:
        kind, field = "bins", rule.field
    elif rule.measure in ("distinct", "leaky_bucket") and rule.field:
        kind, field = "values", rule.field
    return Feed(kind, rule.where, rule.of, rule.by, field)


def column_of(condition: Condition) -> Derived:
    """The column on which `condition` is decided."""
    return Raw(condition.field) if condition.field in FEW_VALUES else Flag(condition)


class Places(dict[Any, "tuple[Group, bool] | None"]):
    """Key of a tally → its group, and whether it matches `of`; None when it does not count. Filled as keys are met."""

    def __init__(self, columns: tuple[Derived, ...], where: Conditions, of: Conditions, by: tuple[Derived, ...]) -> None:
        super().__init__()
        self._by = [columns.index(column) for column in by]
        self._where = [(columns.index(column_of(condition)), condition) for condition in where]
        self._of = [(columns.index(column_of(condition)), condition) for condition in of]

    def __missing__(self, key: Any) -> tuple[Group, bool] | None:
        if len(self) >= CONVERTED_MAX:
            self.clear()
        place = None
        if key != OTHER and _all_hold(self._where, key):
            place = tuple([key[index] for index in self._by]), bool(self._of) and _all_hold(self._of, key)
        self[key] = place
        return place


def _all_hold(conditions: list[tuple[int, Condition]], key: tuple[Any, ...]) -> bool:
    for index, condition in conditions:
        value = key[index]
        if not (value if isinstance(value, bool) else condition.holds(value)):
            return False
    return True
