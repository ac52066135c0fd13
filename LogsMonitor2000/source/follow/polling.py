"""How often files are polled: those that are being written ten times a second, quiet ones as often as a fixed budget allows.

A poll of a quiet file costs some microseconds. With few files each is polled at every turn; with thousands of them they share
`QUIET_POLLS_PER_SECOND`, so that the cost of silence does not grow with their number.
"""

from __future__ import annotations

from ...limits import BUSY_SECONDS, POLL_SECONDS, QUIET_POLL_SECONDS_MAX, QUIET_POLLS_PER_SECOND


class PollSchedule:
    """Shared by sources; `count` is how many there are."""

    def __init__(self) -> None:
        self.count = 1

    def delay(self, quiet_seconds: float) -> float:
        """Seconds until a file should be polled again that has had nothing new for so long."""
        if quiet_seconds < BUSY_SECONDS:
            return POLL_SECONDS
        return min(QUIET_POLL_SECONDS_MAX, max(POLL_SECONDS, self.count / QUIET_POLLS_PER_SECOND))
