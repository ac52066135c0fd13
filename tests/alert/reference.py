"""Rules evaluated slowly and obviously: every second, every group, every window summed afresh from plain events.

Nothing is shared with the package but the middle of a percentile's bin. A rule is the dictionary that its table in a file of
settings is; only what the tests' random rules use is understood.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from ipaddress import ip_address, ip_network
from math import ceil
from typing import Any, NamedTuple

Rule = dict[str, Any]
Group = tuple[str, ...]


class Hit(NamedTuple):
    """An event that is not late. A size that the log does not tell is 0; a duration that it does not tell is None."""

    second: int
    source: str
    method: str
    path: str
    status: str
    size: int
    duration: float | None

    @property
    def section(self) -> str:
        return "/" + self.path.split("/")[1]

    @property
    def status_class(self) -> str:
        return self.status[0]


class Told(NamedTuple):
    """What has to be told of a rule."""

    time: int
    name: str
    state: str
    group: Group
    value: float
    started: int
    peak: float
    suppressed: str


class State:
    def __init__(self, time: int, value: float) -> None:
        self.phase = "pending"
        self.active_at = self.started = time
        self.peak = value
        self.recovered_at: int | None = None
        self.told = False
        self.suppressed = ""


# Conditions and groups.


def holds(hit: Hit, conditions: dict[str, Any]) -> bool:
    return all(_field_holds(hit, field, asked if isinstance(asked, list) else [asked]) for field, asked in conditions.items())


def _field_holds(hit: Hit, field: str, asked: Sequence[Any]) -> bool:
    wanted = [text for text in map(str, asked) if not text.startswith("!")]
    refused = [text[1:] for text in map(str, asked) if text.startswith("!")]
    value = getattr(hit, field)
    return not any(_is(value, field, text) for text in refused) and (not wanted or any(_is(value, field, t) for t in wanted))


def _is(value: Any, field: str, text: str) -> bool:
    if value is None:
        return False
    if text[0] in "<>":
        operator = text.rstrip("0123456789.smkB")
        number = text[len(operator) :]
        unit = number.lstrip("0123456789.")
        limit = float(number.removesuffix(unit)) * {"": 1, "s": 1, "ms": 0.001, "kB": 1000}[unit]
        return {">": float(value) > limit, ">=": float(value) >= limit, "<": float(value) < limit, "<=": float(value) <= limit}[
            operator
        ]
    if text.endswith("xx"):
        return str(value)[0] == text[0]
    if field == "source" and "/" in text:
        return ip_address(value) in ip_network(text)
    if field in ("size", "duration"):
        return float(value) == float(text)
    return fnmatchcase(value, text)


def group_of(hit: Hit, rule: Rule) -> Group:
    return tuple(getattr(hit, label) if "/" not in label else _network(hit.source, label) for label in rule.get("by", ()))


@lru_cache
def _network(source: str, label: str) -> str:
    lengths = [int(part) for part in label.split("/")[1:]]
    address = ip_address(source)
    own = lengths[:1] if address.version == 4 else lengths[1:]  # of `source/24/64`
    if len(lengths) == 1 and (lengths[0] > 32) == (address.version == 6):
        own = lengths
    elif len(lengths) == 1:
        own = []
    length = own[0] if own else None
    return source if length is None else str(ip_network(f"{source}/{length}", strict=False))


# The value of a rule for a group at a second; None where there is none, and so nothing is decided.


class Evaluation:
    """One rule over all seconds. `hits` are those it counts, by second; `unparsed` malformed lines by second."""

    def __init__(self, rule: Rule, hits: Iterable[Hit], unparsed: dict[int, int], first: int) -> None:
        self.rule = rule
        self.name: str = rule["name"]
        self.measure: str = rule["measure"]
        self.window: int = rule.get("window", 60)
        self.first = first
        self.states: dict[Group, State] = {}
        self.by_second: dict[int, list[Hit]] = {}
        self.unparsed = unparsed
        self._grouped: dict[int, dict[Group, list[Hit]]] = {}  # remembered, as they are asked for over and over
        for hit in hits:
            if holds(hit, rule.get("where", {})):
                self.by_second.setdefault(hit.second, []).append(hit)
        self.heard: dict[Group, int] = {}
        self.known: set[Group] = set()
        self.levels: dict[Group, float] = {}
        self.poured: dict[Group, set[Any]] = {}
        for key in ("above", "at_least", "below", "at_most"):
            if key in rule:
                self.comparison, self.threshold = key, rule[key]
        if self.measure == "leaky_bucket":
            self.comparison, self.threshold = "above", rule["capacity"]
        self.is_high = self.comparison in ("above", "at_least")

    def within(self, time: int) -> dict[Group, list[Hit]]:
        """What the window that ends with `time` holds, by group."""
        if time not in self._grouped:
            groups = self._grouped[time] = {}
            for second in range(time - self.window + 1, time + 1):
                for hit in self.by_second.get(second, ()):
                    groups.setdefault(group_of(hit, self.rule), []).append(hit)
        return self._grouped[time]

    def befores(self, time: int) -> list[int]:
        """Where the windows end that a spike or drop is held against."""
        behind = self.rule.get("against", 0) or self.window
        return [time - behind * number for number in range(1, self.rule.get("windows", 1) + 1)]

    def groups(self, time: int) -> list[Group]:
        """Those of the window, those that have just left it, and those that are pending or firing."""
        if self.measure == "unparsed" or not self.rule.get("by"):
            return [()]
        if self.measure in ("silent", "leaky_bucket"):
            return sorted(self.heard)
        ends = [time, *(self.befores(time) if self.measure in ("spike", "drop") else ())]
        return sorted({group for end in ends for back in (0, 1) for group in self.within(end - back)} | set(self.states))

    def value(self, group: Group, time: int) -> float | None:
        measure, rule = self.measure, self.rule
        if measure == "silent":
            return time - self.heard[group] if group in self.heard else None
        if measure == "leaky_bucket":
            return self.levels.get(group, 0.0)
        full_at = self.first + self.window - 1
        if measure in ("spike", "drop"):
            full_at = self.first + self.window - 1 + (rule.get("against", 0) or self.window) * rule.get("windows", 1)
        waits = measure in ("ratio", "mean", "unparsed", "spike") or measure[0] == "p" or not self.is_high
        if waits and time < full_at:
            return None
        if measure == "unparsed":
            seconds = range(time - self.window + 1, time + 1)
            bad = sum(self.unparsed.get(second, 0) for second in seconds)
            lines = bad + sum(len(self.by_second.get(second, ())) for second in seconds)
            return bad / lines if lines and lines >= rule.get("min_events", 0) else None
        hits = self.within(time).get(group, [])
        if measure == "new":
            return len(hits) if group in self.top(time) else 0
        if measure in ("spike", "drop"):
            befores = self.befores(time)
            before = sum(len(self.within(end).get(group, ())) for end in befores)
            if not before or before < rule.get("min_before", 0) * len(befores) or len(hits) < rule.get("min_events", 0):
                return None
            return len(hits) * len(befores) / before
        return self.of_hits(hits)

    def of_hits(self, hits: list[Hit]) -> float | None:
        measure, rule = self.measure, self.rule
        values: list[Any] = hits
        if measure in ("mean", "max", "bytes") or measure[0] == "p":
            field = "size" if measure == "bytes" else rule.get("field", "duration")
            values = [value for value in (getattr(hit, field) for hit in hits) if value is not None]
        if len(values) < rule.get("min_events", 0):
            return None
        if measure == "count":
            return len(hits)
        if measure == "rate":
            return len(hits) / self.window
        if measure == "bytes":
            return sum(values)
        if measure == "distinct":
            return len({getattr(hit, rule["field"]) for hit in hits})
        if not values:
            return None
        if measure == "ratio":
            return len([hit for hit in hits if holds(hit, rule["of"])]) / len(hits)
        if measure == "mean":
            return sum(round(value * 10**6) for value in values) / len(values) / 10**6
        if measure == "max":
            return max(values)
        return sorted(values)[max(1, ceil(round(float(measure[1:]) * len(values), 6) / 100)) - 1]

    def top(self, time: int) -> list[Group]:
        groups = self.within(time)
        return sorted(groups, key=lambda group: (-len(groups[group]), group))[: self.rule.get("top", 10)]

    def is_over(self, value: float, limit: float) -> bool:
        return {
            "above": value > limit,
            "at_least": value >= limit,
            "below": value < limit,
            "at_most": value <= limit,
        }[self.comparison]

    def worse(self, one: float, other: float) -> float:
        return max(one, other) if self.is_high else min(one, other)

    def pour(self, time: int) -> None:
        leak, capacity = self.rule["leak"], self.rule["capacity"]
        for group in list(self.levels):
            self.levels[group] = max(0.0, round(self.levels[group] - 1 / leak, 9))
            if not self.levels[group]:
                self.poured.pop(group, None)
        for group in {group_of(hit, self.rule) for hit in self.by_second.get(time, ())}:
            hits = [hit for hit in self.by_second[time] if group_of(hit, self.rule) == group]
            count = len(hits)
            if "distinct" in self.rule:
                fresh = {getattr(hit, self.rule["distinct"]) for hit in hits} - self.poured.setdefault(group, set())
                self.poured[group] |= fresh
                count = len(fresh)
            self.levels[group] = min(self.levels.get(group, 0.0) + count, 2.0 * capacity)

    def at(self, time: int) -> list[tuple[str, Group, float, State]]:
        """The transitions of one second."""
        self.heard |= {group_of(hit, self.rule): time for hit in self.by_second.get(time, ())}
        fresh: set[Group] = set()
        if self.measure == "leaky_bucket":
            self.pour(time)
        if self.measure == "new":
            learning = time < self.first + self.window - 1
            for group in self.top(time):
                over = self.is_over(len(self.within(time)[group]), self.threshold)
                if not learning and group not in self.known and over:
                    fresh.add(group)
                if learning or over:
                    self.known.add(group)
        found = []
        for group in self.groups(time):
            value = self.value(group, time)
            state = self.states.get(group)
            if value is None or (state is None and not self.is_over(value, self.threshold)):
                continue
            if state is None:
                if self.measure == "new" and group not in fresh:
                    continue
                state = self.states[group] = State(time, value)
            if state.phase == "pending":
                if not self.is_over(value, self.threshold):
                    del self.states[group]
                    continue
                if time - state.active_at >= self.rule.get("for", 0):
                    state.phase, state.started, state.peak = "firing", time, value
                    found.append(("firing", group, value, state))
                elif time == state.active_at:
                    found.append(("pending", group, value, state))
                continue
            state.peak = self.worse(state.peak, value)
            if self.is_over(value, self.rule.get("recover", self.threshold)):
                state.recovered_at = None
                continue
            if state.recovered_at is None:
                state.recovered_at = time
            keep = self.rule.get("keep_firing", 300 if self.measure == "leaky_bucket" else 0)
            if time - state.recovered_at >= keep:
                del self.states[group]
                found.append(("resolved", group, value, state))
        return found


def ledger(
    rules: Sequence[Rule],
    hits: Sequence[Hit],
    unparsed: dict[int, int] | None = None,
    last: int | None = None,
    muted: Sequence[tuple[int, int, str]] = (),
) -> list[Told]:
    """All that `rules` must tell; `muted` are (from, to, alert) in seconds. Of one second by rule, then by group."""
    if not hits:
        return []
    first = min(hit.second for hit in hits)
    evaluations = [Evaluation(rule, hits, unparsed or {}, first) for rule in rules]
    told: list[Told] = []

    def why(of: Evaluation, group: Group, time: int) -> str:
        if of.rule.get("dry_run", of.measure == "leaky_bucket"):
            return "dry run"
        if any(begin <= time < end and name == of.name for begin, end, name in muted):
            return "muted: m"
        labels = dict(zip(of.rule.get("by", ()), group))
        for name in of.rule.get("inhibited_by", ()):
            (source,) = [evaluation for evaluation in evaluations if evaluation.name == name]
            for other, state in source.states.items():
                theirs = dict(zip(source.rule.get("by", ()), other))
                if state.phase == "firing" and all(labels.get(label, value) == value for label, value in theirs.items()):
                    return f"inhibited by {name}"
        return ""

    for time in range(first, (max(hit.second for hit in hits) if last is None else last) + 1):
        found = [(evaluation, *transition) for evaluation in evaluations for transition in evaluation.at(time)]
        for of, phase, group, value, state in found:
            if phase == "resolved":
                suppressed = "" if state.told else state.suppressed
            else:
                suppressed = state.suppressed = why(of, group, time)
                state.told = phase == "firing" and not suppressed
            told.append(Told(time, of.name, phase, group, value, state.started, state.peak, suppressed))
        for of in evaluations:
            for group, state in sorted(of.states.items()):
                if state.phase == "firing" and not state.told:
                    state.suppressed = why(of, group, time)
                    if not state.suppressed:
                        state.told = True
                        now = of.value(group, time)
                        value = state.peak if now is None else now
                        told.append(Told(time, of.name, "firing", group, value, state.started, state.peak, ""))
    return told
