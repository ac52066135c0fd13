"""The interface of what collects all events, late ones too, as they are read: history.

A calculator sees closed seconds, in their order. A collector does not wait for seconds to close: what it makes of the events does not
depend on their order, and so never on lateness, nor on what a restart makes of open windows.
"""

from __future__ import annotations

from typing import Protocol

from .bucket import Bucket
from .measures.base import Measure


class Collector(Protocol):
    """Is given buckets of `width` seconds with the states of `measures`, in any order, several of one time perhaps.

    A field that a format lacks counts as "-".
    """

    width: int
    measures: tuple[Measure, ...]

    def take(self, bucket: Bucket) -> None:
        """Take in the events of `bucket`, which belongs to no one else."""
