"""What history measures of the log, in buckets of the finest width; everything wider is merged from these."""

from __future__ import annotations

from collections.abc import Sequence

from ...analyze.measures.base import Measure
from ...analyze.measures.count import Count
from ...analyze.measures.sketch import Sketch
from ...analyze.measures.sum import Amounts
from ...analyze.measures.topk import TopK

STATUS = TopK("status")
USERS = Count("user", "status_class")
LATENCIES = Amounts("duration", "user")
SECTION_BINS = Sketch("duration", "section")
USER_BINS = Sketch("duration", "user")


def measures_of(fields: Sequence[str]) -> tuple[Measure, ...]:
    """What is measured where `fields` have top lists."""
    return (STATUS, USERS, LATENCIES, SECTION_BINS, USER_BINS, *(TopK(field) for field in fields))
