"""How long to wait before a receiver that failed is asked again: exponential, with full jitter, no shorter than it asked for.

Full jitter, a time anywhere between nothing and the bound, spreads out those that failed at the same moment.
"""

from __future__ import annotations

from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from random import Random

from ..limits import RETRY_AFTER_SECONDS_MAX, RETRY_SECONDS, RETRY_SECONDS_MAX


class Backoff:
    """Counts failures in a row."""

    def __init__(self, random: Random | None = None) -> None:
        self._random = random or Random()
        self.failures = 0

    def failed(self, after: float | None = None) -> float:
        """Another one: how many seconds to wait. `after` is what the receiver asked for."""
        bound = min(RETRY_SECONDS_MAX, RETRY_SECONDS * 2 ** min(self.failures, 30))
        self.failures += 1
        pause = self._random.uniform(0, bound)
        return pause if after is None else max(pause, min(after, RETRY_AFTER_SECONDS_MAX))

    def worked(self) -> None:
        self.failures = 0


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds from a `Retry-After` header, which has seconds or a date; None where it has neither. `now` is the time of day."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return max(0.0, (moment - datetime.fromtimestamp(now, timezone.utc)).total_seconds())
