"""The kinds of rules, one class a kind of measure. A new kind is a class derived from `Rule`, and a line here.

A kind is imported when a rule asks for it: most runs have few kinds of rules, or none, and start-up counts.
"""

from __future__ import annotations

from importlib import import_module
import re

from ..rule import Rule, plain

KINDS = {
    "count": "events:Count",
    "rate": "events:Rate",
    "ratio": "ratio:Ratio",
    "bytes": "amounts:Bytes",
    "mean": "amounts:Mean",
    "max": "amounts:Max",
    "distinct": "distinct:Distinct",
    "p50": "percentile:Percentile",
    "p90": "percentile:Percentile",
    "p95": "percentile:Percentile",
    "p99": "percentile:Percentile",
    "spike": "change:Spike",
    "drop": "change:Drop",
    "silent": "silent:Silent",
    "unparsed": "ratio:Unparsed",
    "new": "new:New",
    "leaky_bucket": "leaky_bucket:LeakyBucket",
}
"""What a rule's `measure` may be → module and class."""

_PERCENTILE = re.compile(r"p[1-9][0-9]?(?:\.[0-9]{1,3})?")


def kind_of(measure: str) -> type[Rule] | None:
    """The class of rules on `measure`; None for an unknown measure. Any percentile is one, as `p99.9`."""
    place = KINDS["p50"] if _PERCENTILE.fullmatch(measure) else KINDS.get(measure)
    if place is None:
        return None
    module, _, name = place.partition(":")
    kind: type[Rule] = getattr(import_module(f"{__name__}.{module}"), name)
    return kind


def amount(measured: str, value: float) -> str:
    """A value with its unit; `measured` is the measure and its field, as in `Alert.measure`."""
    measure, _, field = measured.partition(" ")
    kind = kind_of(measure)
    return plain(value) if kind is None else kind.unit(field)(value)
