"""Buckets and states made from columns, by the way that blocks take."""

from __future__ import annotations

from typing import Any

from LogsMonitor2000.analyze.bucket import Bucket
from LogsMonitor2000.analyze.columns import Derivations
from LogsMonitor2000.analyze.measures.base import Measure

Values = list["bytes | None"]


def added(measure: Measure, state: Any, *columns: Values) -> Any:
    """`state` with events added; one column for each of the measure's fields."""
    return measure.add(state, measure.select(Derivations(zip(measure.fields, columns))))


def state_of(measure: Measure, *columns: Values) -> Any:
    return added(measure, measure.empty(), *columns)


def fill(bucket: Bucket, **values: Values) -> Bucket:
    """`bucket` with events added, given by the columns of their fields."""
    count = len(next(iter(values.values())))
    columns = Derivations(values)
    bucket.add(slice(0, count), [measure.select(columns) for measure in bucket.measures])
    return bucket
