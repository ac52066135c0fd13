"""How often files are polled: those that are being written at every turn, quiet ones as often as a fixed budget allows.

A poll of a quiet file costs some microseconds. A few files are all polled at every turn; thousands of them share
`QUIET_POLLS_PER_SECOND`, evenly spread, so that the cost of silence does not grow with their number.
"""

from __future__ import annotations

from ...limits import BUSY_SECONDS, POLL_SECONDS, QUIET_POLL_SECONDS_MAX, QUIET_POLLS_PER_SECOND


class PollSchedule:
    """Shared by all sources of a process. Times are those of `Clock.elapsed`."""

    def __init__(self) -> None:
        self._slot = float("-inf")

    def next_poll(self, now: float, last_news: float) -> float:
        """When to poll a file again that was polled now; `last_news` is when it last had something new."""
        if now - last_news < BUSY_SECONDS:
            return now
        self._slot = max(self._slot + 1 / QUIET_POLLS_PER_SECOND, now + POLL_SECONDS / 2)
        return min(self._slot, now + QUIET_POLL_SECONDS_MAX)
