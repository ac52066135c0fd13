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
    """An event."""

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
        self.late_requests: list[Request] = []
        self.malformed = self.max_lateness = 0
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
            size = values["size"]
            request = Request(
                second,
                values["section"] or b"-",
                values["source"] or b"-",
                values["status_class"] or b"-",
                0 if size is None else int(size),
            )
            newest = second if newest is None else max(newest, second)
            if newest - second > options.buffer_time:
                self.late_requests.append(request)
                self.max_lateness = max(self.max_lateness, newest - second)
            else:
                self.requests.append(request)


def monitor(inputs: Sequence[bytes], options: Options) -> list[tuple[Any, ...]]:
    """Every event that `inputs` must give, in order, the summary last."""
    readings = [Reading(data, options) for data in inputs]
    requests = [request for reading in readings for request in reading.requests]
    events = [((time + interval, 0), stats) for stats in statistics(requests, options) for time, interval in [stats[:2]]]
    events += [((alert[2], 1), alert) for alert in alerts(requests, options)]
    return [event for _, event in sorted(events, key=lambda pair: pair[0])] + [summary(readings, options)]


def summary(readings: Sequence[Reading], options: Options) -> tuple[Any, ...]:
    """What the whole run amounts to; late requests count in bytes, statuses, sections and sources."""
    requests = [request for reading in readings for request in reading.requests]
    late = [request for reading in readings for request in reading.late_requests]
    malformed = sum(reading.malformed for reading in readings)
    seconds = [request.second for request in requests]
    everything = requests + late
    return (
        len(requests) + malformed + len(late),
        len(requests),
        malformed,
        len(late),
        max((reading.max_lateness for reading in readings), default=0),
        min(seconds, default=None),
        max(seconds, default=None),
        sum(request.size for request in everything),
        dict(sorted(Counter(request.status_class for request in everything).items())),
        tuple(top(options.top, [request.section for request in everything])),
        tuple(top(options.top, [request.source for request in everything])),
        peak(requests, options),
        alert_totals(alerts(requests, options), max(seconds, default=0)),
        (
            {
                "sections": len({request.section for request in everything}),
                "sources": len({request.source for request in everything}),
            }
            if everything
            else {}
        ),
    )


def peak(requests: Sequence[Request], options: Options) -> tuple[float, int, int] | None:
    """The largest average of the high-traffic window, its first second, and the window; None where the alert is off."""
    window = options.window
    if not (window and options.threshold and requests):
        return None
    hits = Counter(request.second for request in requests)
    averages = {time: sum(hits[second] for second in range(time - window + 1, time + 1)) / window for time in list(hits)}
    highest = max(averages.values())
    return highest, min(time for time, average in averages.items() if average == highest), window


def alert_totals(transitions: Sequence[tuple[Any, ...]], last: int) -> tuple[tuple[str, int, int, bool], ...]:
    """(name, how often it fired, seconds in all, whether it still fires at second `last`) of each alert that fired."""
    fired = [alert for alert in transitions if alert[1] == "firing"]
    resolved = [alert for alert in transitions if alert[1] == "resolved"]
    if not fired:
        return ()
    seconds = sum(alert[2] - alert[6] for alert in resolved)
    is_firing = len(fired) > len(resolved)
    return (("high_traffic", len(fired), seconds + (last - fired[-1][2] + 1 if is_firing else 0), is_firing),)


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
