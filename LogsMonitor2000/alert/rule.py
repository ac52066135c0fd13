"""A rule as a user writes it, checked when it is read: `[[alert]]` in a file of settings."""

from __future__ import annotations

from collections.abc import Sequence
from operator import ge, gt, le, lt
import re
from typing import Any, NamedTuple

from ..analyze.derived import Derived, Raw, Subnet
from ..config.table import Table
from ..event import SEVERITIES
from ..limits import WINDOW_SECONDS_MAX
from ..parse.base import FIELDS
from ..text import amount
from .condition import Conditions, read_conditions

HITS = ("count", "rate", "ratio", "bytes", "mean", "max", "distinct")
MEASURES = (*HITS, "p50", "p90", "p95", "p99", "spike", "drop", "silent", "unparsed", "new", "leaky_bucket")
COMPARE = {"above": gt, "at_least": ge, "below": lt, "at_most": le}
BUILT_IN = "high_traffic"
"""The alert that there is without any rules."""

VALUED = ("mean", "max")  # and percentiles: measures of the values of one numeric field

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")
_PERCENTILE = re.compile(r"p([1-9][0-9]?(?:\.[0-9]{1,3})?)")
_SUBNET = re.compile(r"source/([0-9]{1,3})(?:/([0-9]{1,3}))?")


class Rule(NamedTuple):
    """One rule. `comparison` is above, at_least, below or at_most, `threshold` what the measure is compared with; times are seconds."""

    name: str
    measure: str
    comparison: str
    threshold: float
    window: int = 60
    field: str = ""
    of: Conditions = ()
    where: Conditions = ()
    by: tuple[Derived, ...] = ()
    labels: tuple[str, ...] = ()
    recover: float | None = None
    for_seconds: int = 0
    keep_firing: int = 0
    min_events: int = 0
    min_before: int = 0
    against: int = 0
    windows: int = 1
    top: int = 0
    leak: float = 0.0
    severity: str = "warning"
    inhibited_by: tuple[str, ...] = ()
    dry_run: bool = False
    optional: bool = False
    description: str = ""

    @property
    def is_high(self) -> bool:
        """Whether large values are the bad ones."""
        return self.comparison in ("above", "at_least")

    @property
    def quantile(self) -> float | None:
        """The share of values that its percentile is not below; None for other measures."""
        found = _PERCENTILE.fullmatch(self.measure)
        return None if found is None else float(found[1]) / 100

    @property
    def waits(self) -> bool:
        """Whether it tells nothing before its window is full: what is still filling would look low, or be a share of little."""
        return not self.is_high or self.measure in ("ratio", "mean", "unparsed", "spike") or self.quantile is not None

    def is_over(self, value: float) -> bool:
        """Whether `value` is one to alert on."""
        return bool(COMPARE[self.comparison](value, self.threshold))

    def is_recovered(self, value: float) -> bool:
        """Whether `value` is one at which an alert that fires is over."""
        return not COMPARE[self.comparison](value, self.threshold if self.recover is None else self.recover)

    def worse(self, one: float, other: float) -> float:
        """The worse of two values."""
        return max(one, other) if self.is_high else min(one, other)

    @property
    def measured(self) -> str:
        """The measure, and what of: `p95 duration`."""
        return f"{self.measure} {self.field}" if self.field else self.measure

    @property
    def condition(self) -> str:
        """What it fires on, in words."""
        words = [self.measured]
        words += [f"of {' and '.join(map(str, self.of))}"] if self.of else []
        words += [f"where {' and '.join(map(str, self.where))}"] if self.where else []
        words += [f"by {', '.join(self.labels)}"] if self.labels else []
        words.append(f"{self.comparison.replace('_', ' ')} {amount(self.measured, self.threshold)}")
        if self.measure == "leaky_bucket":
            words.append(f"leaking one every {self.leak:g} s")
        elif self.measure != "silent":
            words.append(f"over {self.window} s")
        if self.measure in ("spike", "drop"):
            before = f"the same time {amount('silent', self.against)} before" if self.against else "the window before"
            words.append(f"against {before}" + (f", and so {self.windows} times" if self.windows > 1 else ""))
        return " ".join(words)

    @property
    def details(self) -> str:
        """What else there is to say of it, in words."""
        words = [self.severity]
        words += [f"recovers at {amount(self.measured, self.recover)}"] if self.recover is not None else []
        words += [f"for {self.for_seconds} s"] if self.for_seconds else []
        words += [f"kept firing {self.keep_firing} s"] if self.keep_firing else []
        words += [f"from {self.min_events} events"] if self.min_events else []
        words += [f"from {self.min_before} events before"] if self.min_before else []
        words += [f"inhibited by {', '.join(self.inhibited_by)}"] if self.inhibited_by else []
        words += ["dry run"] if self.dry_run else []
        return ", ".join(words)


def built_in_rules(window: int, threshold: float) -> tuple[Rule, ...]:
    """The built-in alert as a rule, to be treated like the others: it tells the same at the same seconds. None where it is off."""
    return (Rule(BUILT_IN, "rate", "above", threshold, window),) if window and threshold else ()


def read_rules(tables: Sequence[Table], built_in: Sequence[Rule] = ()) -> tuple[Rule, ...]:
    """The rules of `[[alert]]`, each of another name; `ConfigError` for what is impossible. They stand beside the `built_in` ones."""
    rules = [read_rule(table) for table in tables]
    _check_names(rules, tables, built_in)
    return tuple(rules)


def _check_names(rules: Sequence[Rule], tables: Sequence[Table], built_in: Sequence[Rule]) -> None:
    """Refuse names that two rules have, and inhibition by what is no rule or in a circle."""
    names = {rule.name: rule for rule in (*built_in, *rules)}
    for number, (rule, table) in enumerate(zip(rules, tables)):
        if rule.name == BUILT_IN or any(other.name == rule.name for other in rules[:number]):
            raise table.error("name", f"{rule.name!r} is taken by another rule")
        for other in rule.inhibited_by:
            if other not in names:
                raise table.error("inhibited_by", f"names {other!r}, which is no rule; there are {', '.join(names)}")
        seen, following = {rule.name}, list(rule.inhibited_by)
        while following:
            other = following.pop()
            if other == rule.name:
                raise table.error("inhibited_by", "goes round in a circle")
            if other in names and other not in seen:
                seen.add(other)
                following += names[other].inhibited_by


def read_rule(table: Table) -> Rule:
    """One rule."""
    name = table.text("name")
    if not _NAME.fullmatch(name):
        raise table.error("name", f"must be letters, digits, _, - and ., not {name!r}")
    measure = table.text("measure")
    if measure not in MEASURES and not _PERCENTILE.fullmatch(measure):
        raise table.error("measure", f"must be one of {', '.join(MEASURES)}, not {measure!r}")
    labels = table.texts("by", ())
    rule = Rule(
        name=name,
        measure=measure,
        comparison="above",
        threshold=0,
        of=read_conditions(table.table("of", None)),
        where=read_conditions(table.table("where", None)),
        by=tuple(_column(table, label) for label in labels),
        labels=labels,
        for_seconds=table.whole_seconds("for", 0, most=WINDOW_SECONDS_MAX),
        keep_firing=table.whole_seconds("keep_firing", 300 if measure == "leaky_bucket" else 0, most=WINDOW_SECONDS_MAX),
        severity=table.text("severity", "warning", choices=SEVERITIES),
        inhibited_by=table.texts("inhibited_by", ()),
        dry_run=table.flag("dry_run", measure == "leaky_bucket"),
        optional=table.flag("optional", False),
        description=table.text("description", ""),
    )
    if len(set(labels)) < len(labels):
        raise table.error("by", "names a field twice")
    rule = rule._replace(**_of_measure(table, rule))
    table.finish()
    return rule


def _of_measure(table: Table, rule: Rule) -> dict[str, Any]:
    """What only some measures have."""
    measure = rule.measure
    found: dict[str, Any] = {}
    if measure == "leaky_bucket":
        found["threshold"] = table.whole("capacity", least=1, most=100_000)
        found["leak"] = table.seconds("leak", least=0.001, most=WINDOW_SECONDS_MAX)
        if (distinct := table.text("distinct", "", choices=FIELDS)) != "":
            found["field"] = distinct
        found["window"] = 1
        if not rule.by:
            raise table.error("by", "is missing: a leaky bucket is one for each client, such as by = ['source']")
    elif measure == "silent":
        found["comparison"] = _comparison(table, ("at_least", "above"))
        found["threshold"] = table.seconds(found["comparison"], least=1, most=WINDOW_SECONDS_MAX)
        found["window"] = 1
    else:
        found["window"] = table.whole_seconds("window", 60, least=1, most=WINDOW_SECONDS_MAX)
        if measure != "new":  # whose threshold is a number of events
            found["min_events"] = table.whole("min_events", 0)
        found |= _compared(table, rule, found["window"])
    if measure in VALUED or rule.quantile is not None:
        found["field"] = table.text("field", "duration", choices=("duration", "size"))
    if measure == "distinct":
        found["field"] = table.text("field", choices=FIELDS)
    if (measure == "ratio") != bool(rule.of):
        raise table.error("of", "is missing: a ratio is the share of these" if measure == "ratio" else "goes with a ratio")
    if measure == "unparsed" and (rule.where or rule.by):
        raise table.error("where" if rule.where else "by", "cannot be asked of lines that could not be parsed")
    if measure == "new":
        found["top"] = table.whole("top", 10, least=1, most=1000)
        if not rule.by:
            raise table.error("by", "is missing: it says what is to be new, such as by = ['path']")
    return found


def _compared(table: Table, rule: Rule, window: int) -> dict[str, Any]:
    """Threshold, recovery and floors of a measure that is compared."""
    found: dict[str, Any] = {}
    measure = rule.measure
    allowed = tuple(COMPARE)
    if measure in ("spike", "new"):
        allowed = ("above", "at_least")
    elif measure == "drop":
        allowed = ("below", "at_most")
    if measure == "new" and not any(key in table for key in allowed):
        comparison, threshold = "at_least", 1.0
    else:
        comparison = _comparison(table, allowed)
        threshold = _value(table, comparison, comparison, measure)
    found["comparison"], found["threshold"] = comparison, threshold
    if "recover" in table:
        recover = found["recover"] = _value(table, "recover", comparison, measure)
        is_high = comparison in ("above", "at_least")
        if recover > threshold if is_high else recover < threshold:
            side = "at most" if is_high else "at least"
            raise table.error("recover", f"must be on the healthy side: {side} {threshold:g}, not {recover:g}")
    if measure in ("spike", "drop"):
        found["min_before"] = table.whole("min_before", 0)
        found["against"] = table.whole_seconds("against", 0, most=WINDOW_SECONDS_MAX)
        found["windows"] = table.whole("windows", 1, least=1, most=28)
        back = (found["against"] or window) * found["windows"]
        if back > 4 * WINDOW_SECONDS_MAX:
            raise table.error("windows", f"must not go back further than {4 * WINDOW_SECONDS_MAX:,} s, not {back:,}")
    return found


def _comparison(table: Table, allowed: Sequence[str]) -> str:
    """Which of the comparisons the rule has: one."""
    given = [key for key in COMPARE if key in table]
    if len(given) == 1 and given[0] in allowed:
        return given[0]
    problem = "is missing: give one of"
    if given:
        problem = "must be the only one of" if len(given) > 1 else "does not fit: give one of"
    raise table.error(given[0] if given else "threshold", f"{problem} {', '.join(allowed)}")


def _value(table: Table, key: str, comparison: str, measure: str) -> float:
    """A value to compare with, which the measure can be on both sides of."""
    value: float = table.number(key, least=0)
    if measure in ("ratio", "unparsed"):
        if value > 1:
            raise table.error(key, f"must be a share between 0 and 1, not {value:g}: 5 % is 0.05")
        if value == 1 and comparison in ("above", "at_most"):
            raise table.error(key, "must be below 1: no share is above it")
    if value == 0 and comparison in ("at_least", "below"):
        raise table.error(key, "must be above 0: nothing is below it")
    return value


def _column(table: Table, label: str) -> Derived:
    found = _SUBNET.fullmatch(label)
    if found is not None:
        first = int(found[1])
        second = None if found[2] is None else int(found[2])
        v4, v6 = (first, second) if first <= 32 else (None, first)
        if (second is None or first <= 32) and (v6 is None or v6 <= 128):
            return Subnet("source", v4, v6)
    if label not in FIELDS:
        raise table.error(
            "by", f"must be fields ({', '.join(FIELDS)}) or networks like source/24 or source/24/64, not {label!r}"
        )
    return Raw(label)
