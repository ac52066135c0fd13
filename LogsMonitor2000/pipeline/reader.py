"""Merges streams by event time: which is read next, when to wait for more, and how far log time has come.

Of several finished logs the one that is furthest behind is read next; of live ones the first that has something new. Log time moves
as the watermark says.
"""

from __future__ import annotations

from datetime import datetime, timezone

from ..analyze.digest import Digest
from ..event import Notice
from ..limits import CLOCK_STEP_SECONDS, POLL_SECONDS
from ..runtime.clock import Clock
from ..runtime.waiter import Waiter
from .stream import DigestStream
from .stream_set import StreamSet
from .watermark import Watermark


class Reader:
    """Reads `streams`; a time more than `skew_max` seconds ahead of the clock is in the future, hence malformed."""

    def __init__(self, streams: StreamSet, buffer_time: int, skew_max: int, clock: Clock, waiter: Waiter) -> None:
        self.streams = streams
        self.has_arrived = False
        """Whether a stream has arrived since `take_arrived` was last called."""
        self._buffer_time = buffer_time
        self._skew_max = skew_max
        self._clock_ahead = clock.now() - clock.elapsed()  # of the clock that cannot be set
        self._clock = clock
        self._waiter = waiter
        self._watermark = Watermark(buffer_time, clock, is_live=streams.is_live)
        self._unended: list[DigestStream] = []
        for stream in streams.current:
            self._watermark.add(stream)

    @property
    def log_time(self) -> float | None:
        """How far log time has come; None where it is not known yet."""
        return self._watermark.time(self.streams.current)

    def take_arrived(self) -> bool:
        """Whether a stream has arrived since this was last asked: what is not known to a restart must be committed at once."""
        has_arrived, self.has_arrived = self.has_arrived, False
        return has_arrived

    def has_more(self) -> bool:
        """Whether there may be more to read, from streams that have just arrived too."""
        for stream in self.streams.poll():
            self._watermark.add(stream)
            self.has_arrived = True
        self._unended = self.streams.unended()
        return bool(self._unended) or self.streams.is_endless

    def poll(self, floor: int | None) -> tuple[DigestStream, Digest] | None:
        """The next digest and its stream, which is to join it; None when there is none now. See `DigestStream.digest`."""
        for stream in self._unended if self.streams.is_live else self._unended[:1]:
            if self._watermark.is_due(stream) and (digest := self.digest(stream, floor)) is not None:
                return stream, digest
        return None

    def digest(self, stream: DigestStream, floor: int | None) -> Digest | None:
        """The next digest of one stream."""
        begun = self._watermark.begin_poll()
        digest = stream.digest(int(self._clock.now()) + self._skew_max, floor)
        if digest is None:
            self._watermark.found_nothing(stream, begun)
        return digest

    def notices(self) -> list[Notice]:
        """What the operator should know about time: that the clock was set back, so that lines come late until it has caught up."""
        if not self.streams.is_live:
            return []
        ahead = self._clock.now() - self._clock.elapsed()
        back, self._clock_ahead = self._clock_ahead - ahead, ahead
        if back <= max(self._buffer_time, CLOCK_STEP_SECONDS):
            return []
        until = datetime.fromtimestamp(self._clock.now() + back, timezone.utc).isoformat(timespec="seconds")
        return [Notice(f"the clock was set back by {back:.0f} s: until {until}, new lines are late and alerts do not change")]

    def joined(self, stream: DigestStream) -> None:
        """The stream has joined its digest."""
        self._watermark.joined(stream)

    def wait(self, seconds: float | None = None) -> None:
        """Wait until there may be more from the stream that is read, for up to `seconds`; when following, until the next poll."""
        unended = self._unended
        if unended and unended[0].ended:
            return  # the next one can be read at once
        descriptor = unended[0].fileno() if unended else None
        if self.streams.is_live or descriptor is None:
            self._waiter.wait([], POLL_SECONDS)
        else:
            self._waiter.wait([descriptor], seconds)
        self._watermark.waited()

    def close(self) -> None:
        self.streams.close()
        self._waiter.close()
