"""The built-in alert: on high traffic, without any configured rule."""

from __future__ import annotations

from .kinds.events import Rate
from .rule import BUILT_IN, Rule


def built_in_rules(window: int, threshold: float) -> tuple[Rule, ...]:
    """The built-in alert as a rule beside others; none where it is off."""
    return (Rate(name=BUILT_IN, measure="rate", threshold=threshold, window=window),) if window and threshold else ()
