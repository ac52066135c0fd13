"""How far log time has come over several streams.

Of finished logs, log time is the newest second that every stream has passed. While following, a stream that has been silent for
longer than the buffer time holds back no other, and when all are silent, log time continues at the pace of the clock.

Silence is what was observed, not what the clock says: a stream is silent up to the moment at which it was last polled in vain.
After a wait, no stream counts as silent before it has been polled again, for all may have grown meanwhile; one of thousands of quiet
files, which is not due yet (`DigestStream.next_poll`), is taken to be silent as it was, and log time stays as far behind as that is
ago. And a process that was itself held up (stopped, swapped out, blocked by a slow disk) missed that time: silence is counted from
when it was back.
"""

from __future__ import annotations

from collections.abc import Iterable
from weakref import WeakKeyDictionary

from ..limits import HELD_UP_SECONDS, POLL_SECONDS
from ..runtime.clock import Clock
from .stream import DigestStream, latest


class Watermark:
    """Log time over streams of which each must be `add`ed; every poll is reported, before and after, and every wait."""

    def __init__(self, buffer_time: int, clock: Clock, *, is_live: bool) -> None:
        self._buffer_time = buffer_time
        self._clock = clock
        self._is_live = is_live
        self._newest: int | None = None  # of all streams
        self._last_line = self._polled = self._observed_since = clock.elapsed()
        self._heard: WeakKeyDictionary[DigestStream, float] = (
            WeakKeyDictionary()
        )  # when its last line came, or the stream itself
        self._silent_at: dict[DigestStream, float] = {}  # when it was last polled in vain; not if it is to be polled again

    def add(self, stream: DigestStream) -> None:
        """A stream has come; it may have been read by an earlier run."""
        self._heard[stream] = self._clock.elapsed()
        self._newest = latest(self._newest, stream.newest)

    def begin_poll(self) -> float:
        """The moment at which a stream is about to be polled."""
        now = self._clock.elapsed()
        if now - self._polled > HELD_UP_SECONDS:
            self._observed_since = now
        self._polled = now
        return now

    def found_nothing(self, stream: DigestStream, begun: float) -> None:
        """The poll that began then found nothing."""
        self._silent_at[stream] = begun

    def joined(self, stream: DigestStream) -> None:
        """Lines of the stream have been joined."""
        self._heard[stream] = self._last_line = self._clock.elapsed()
        self._silent_at.pop(stream, None)
        self._newest = latest(self._newest, stream.newest)

    def waited(self) -> None:
        """Time has passed in which any stream may have grown."""
        now = self._clock.elapsed()
        self._silent_at = {stream: silent for stream, silent in self._silent_at.items() if now < stream.next_poll}

    def is_due(self, stream: DigestStream) -> bool:
        """Whether the stream should be polled: not if it was just now, in vain."""
        silent_at = self._silent_at.get(stream)
        return silent_at is None or self._clock.elapsed() >= max(stream.next_poll, silent_at + POLL_SECONDS)

    def time(self, streams: Iterable[DigestStream]) -> float | None:
        """Log time over `streams`; None where it is not known yet."""
        observed: float | None = None  # up to when all streams are known
        slowest: int | None = None
        for stream in streams:
            if stream.ended:
                continue
            silent_at = self._silent_at.get(stream) if self._is_live else None
            if silent_at is not None:
                observed = silent_at if observed is None else min(observed, silent_at)
                if silent_at - max(self._heard[stream], self._observed_since) > self._buffer_time:
                    continue
            if stream.newest is None:
                return None
            slowest = stream.newest if slowest is None else min(slowest, stream.newest)
        if slowest is not None:
            return slowest - (0.0 if observed is None else max(0.0, self._last_line - observed))
        if self._newest is None or not self._is_live:
            return None
        since = self._clock.elapsed() if observed is None else observed
        return self._newest + max(0.0, since - self._last_line)
