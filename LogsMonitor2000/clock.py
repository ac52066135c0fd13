"""The wall clock, in one place so that tests can bring their own (`testing.ManualClock`)."""

from __future__ import annotations

import time


class Clock:
    """`now` is the time of day, `elapsed` a clock that only goes forward; both in seconds."""

    def now(self) -> float:
        return time.time()

    def elapsed(self) -> float:
        return time.monotonic()
