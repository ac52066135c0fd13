"""How the values of rules are distributed in a log, so that a backtest can try thresholds that mean something there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate
from math import ceil

from ..analyze.bucket import Bucket
from ..event import Event
from .calculator import RuleCalculator
from .rule import Rule

SHARES = {"p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
"""The values that are tried as thresholds where large values are the bad ones: the name of each, and the share that do not exceed it."""

SHARES_LOW = {"p50": 0.5, "p25": 0.25, "p10": 0.1, "p5": 0.05, "p1": 0.01, "p0.1": 0.001, "min": 0.0}
"""The same where small values are the bad ones."""


class Distribution:
    """The values of a rule, to three significant digits: of a decade at most 900 are told apart."""

    def __init__(self) -> None:
        self._counts: Counter[float] = Counter()

    def add(self, values: Iterable[float]) -> None:
        """Count some values."""
        self._counts.update([float(f"{value:.3g}") for value in values])

    def levels(self, rule: Rule) -> dict[str, float]:
        """The values that are worth trying as thresholds of `rule`, by name; a value that has several names has the last."""
        if not self._counts:
            return {}
        values = sorted(self._counts)
        ranks = list(accumulate(self._counts[value] for value in values))
        found: dict[float, str] = {}
        for name, share in (SHARES if rule.is_high else SHARES_LOW).items():
            rank = max(1, ceil(share * ranks[-1]))
            found[next(value for value, reached in zip(values, ranks) if reached >= rank)] = name
        return {name: value for value, name in found.items()}


class SurveyCalculator(RuleCalculator):
    """Collects the distributions of the values of `rules`, of all their groups, and yields nothing."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        super().__init__(rules, causes=False)
        self._distributions = {rule.name: Distribution() for rule in rules}
        for name, evaluator in self._evaluators.items():
            evaluator.survey(self._distributions[name].add)

    def advance(self, closed: Sequence[Bucket], through: int) -> list[Event]:
        super().advance(closed, through)
        return []

    def levels(self) -> dict[str, dict[str, float]]:
        """By rule: thresholds worth trying, by what they are in the distribution."""
        return {rule.name: self._distributions[rule.name].levels(rule) for rule in self.rules}
