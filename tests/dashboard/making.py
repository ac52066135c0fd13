"""A model that has seen a log, and logs for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from LogsMonitor2000.alert.high_traffic import HighTrafficCalculator
from LogsMonitor2000.analyze.calculator import StreamCalculator
from LogsMonitor2000.analyze.processor import AnalyticsProcessor
from LogsMonitor2000.analyze.publisher import BucketPublisher
from LogsMonitor2000.dashboard.model import MEASURES, LiveModel
from LogsMonitor2000.event import BucketClosed, Event
from LogsMonitor2000.pipeline.monitor import Monitor
from LogsMonitor2000.pipeline.wiring import open_log
from LogsMonitor2000.testing import ManualClock, ScriptedSource

from ..logs import NOW, START, combined_line


def request(after: int, target: bytes = b"/api/user", source: bytes = b"10.0.0.1", status: int = 200, size: int = 100) -> bytes:
    """A line of the combined log, `after` seconds after `START`."""
    return combined_line(START + after, target, source, b"%d" % status, b"%d" % size)


def events_of(lines: Iterable[bytes], more: Sequence[StreamCalculator] = ()) -> list[Event]:
    """What a monitor of `lines` emits for the dashboard."""
    processor = AnalyticsProcessor([BucketPublisher(1, MEASURES, late=True), *more])
    source = ScriptedSource([b"".join(lines)])
    monitor = Monitor([open_log(source, processor)], processor, clock=ManualClock(NOW), skew_max=86_400)
    return list(monitor.events())


def model_of(lines: Iterable[bytes], threshold: float = 0.0, window: int = 10) -> LiveModel:
    """A model that has seen all of `lines`; with a `threshold` there is the high-traffic alert."""
    model = LiveModel()
    for event in events_of(lines, [HighTrafficCalculator(window, threshold)] if threshold else []):
        model.add(event)
    return model


def buckets(model_events: Iterable[Event]) -> list[BucketClosed]:
    return [event for event in model_events if isinstance(event, BucketClosed)]
