"""A monitor that is slow and obviously right: what the numbers mean, written down a second time.

One object an event, each window summed afresh from all events. Nothing is shared with the package but the careful line parser.
Events are plain tuples, equal to the package's named ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from LogsMonitor2000.event import Alert
from LogsMonitor2000.parse.base import Malformed
from LogsMonitor2000.parse.detect import parser_named

DEFAULTS = tuple(Alert._field_defaults.values())


class Request(NamedTuple):
    """An event that is not late."""

    second: int
    section: bytes
    source: bytes
    status_class: bytes
    size: int


class Options(NamedTuple):
    """What the reference can be asked to do; the names are those of the command's options."""

    log_format: str = "csv"
    stats_interval: int = 10
    top: int = 3
    window: int = 120
    threshold: float = 10.0
    buffer_time: int = 2
    horizon: int = 1 << 40


class Reading:
    """The lines of one input: its events, and what became of the others. Each input has a `newest` of its own."""

    def __init__(self, data: bytes, options: Options) -> None:
        self.requests: list[Request] = []
        self.malformed = self.late = self.max_lateness = 0
        parser = parser_named(options.log_format)
        newest: int | None = None
        for line in data.split(b"\n"):
            line = line.removesuffix(b"\r")
            if not line.strip(b" \t\r") or line.lower().startswith(b'"remotehost"'):
                continue
            try:
                second, values = parser.read_line(line)
            except Malformed:
                self.malformed += 1
                continue
            if second > options.horizon:
                self.malformed += 1
                continue
            newest = second if newest is None else max(newest, second)
            if newest - second > options.buffer_time:
                self.late += 1
                self.max_lateness = max(self.max_lateness, newest - second)
                continue
            size = values["size"]
            self.requests.append(
                Request(
                    second,
                    values["section"] or b"-",
                    values["source"] or b"-",
                    values["status_class"] or b"-",
                    0 if size is None else int(size),
                )
            )


def monitor(inputs: Sequence[bytes], options: Options) -> list[tuple[Any, ...]]:
    """Every event that `inputs` must give, in order, the summary last."""
    readings = [Reading(data, options) for data in inputs]
    requests = [request for reading in readings for request in reading.requests]
    events = [((time + interval, 0), stats) for stats in statistics(requests, options) for time, interval in [stats[:2]]]
    events += [((alert[2], 1), alert) for alert in alerts(requests, options)]
    seconds = [request.second for request in requests]
    malformed, late = sum(reading.malformed for reading in readings), sum(reading.late for reading in readings)
    summary = (
        len(requests) + malformed + late,
        len(requests),
        malformed,
        late,
        max((reading.max_lateness for reading in readings), default=0),
        min(seconds, default=None),
        max(seconds, default=None),
    )
    return [event for _, event in sorted(events, key=lambda pair: pair[0])] + [summary]


def statistics(requests: Sequence[Request], options: Options) -> list[tuple[Any, ...]]:
    """(time, interval, hits, bytes, sections, sources, statuses) of each interval that had events."""
    interval = options.stats_interval
    if not interval:
        return []
    told = []
    for number in sorted({request.second // interval for request in requests}):
        inside = [request for request in requests if number * interval <= request.second < (number + 1) * interval]
        told.append(
            (
                number * interval,
                interval,
                len(inside),
                sum(request.size for request in inside),
                top(options.top, [request.section for request in inside]),
                top(options.top, [request.source for request in inside]),
                dict(sorted(Counter(request.status_class for request in inside).items())),
            )
        )
    return told


def top(count: int, keys: Sequence[bytes]) -> list[tuple[bytes, int]]:
    """The most frequent keys: count descending, then name ascending."""
    return sorted(Counter(keys).items(), key=lambda item: (-item[1], item[0]))[:count]


def alerts(requests: Sequence[Request], options: Options) -> list[tuple[Any, ...]]:
    """(name, state, time, value, threshold, window, started, peak, …) of each transition; what else an alert has is as by default."""
    window, threshold = options.window, options.threshold
    if not (window and threshold and requests):
        return []
    hits = Counter(request.second for request in requests)
    last = max(hits)
    told = []
    started: int | None = None
    peak = 0.0
    # Every second from the first to the last, but those before which nothing has happened for longer than a window: their
    # average is 0, as was that of the second before, so they change nothing; there are years of them.
    times = {second + behind for second in hits for behind in range(window + 1) if second + behind <= last}
    for time in sorted(times):
        average = sum(hits[second] for second in range(time - window + 1, time + 1)) / window
        if average > threshold:
            peak = average if started is None else max(peak, average)
            if started is None:
                started = time
                told.append(("high_traffic", "firing", time, average, threshold, window, started, peak, *DEFAULTS))
        elif started is not None:
            told.append(("high_traffic", "resolved", time, average, threshold, window, started, peak, *DEFAULTS))
            started = None
    return told
