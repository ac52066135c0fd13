"""The routes: what each path answers, from what the site knows of the run and from history."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timezone
from functools import partial
import re
from typing import Any

from ..limits import HEALTHY_SECONDS, METRICS_PAUSE_SECONDS, POINTS_MAX, STREAMS_MAX, TOP_VALUES_MAX
from ..text import printable
from ..version import VERSION
from .cache import AnswerCache
from .docs import docs_page
from .events import Subscription
from .exposition import CONTENT_TYPE, exposition
from .history import DailyUsage, Durations, Episode, History, Point, TooManyBuckets, Usage
from .http import Answer, Request, Response, Stream
from .live import filled, totals
from .openapi import DESCRIPTION
from .router import ApiError, Query, Route, as_json
from .site import Site
from .static import CONTENT_TYPES, HEADERS, page, template

BUCKET_SECONDS = 10
"""The finest width of history: a step is a multiple of it."""

STEPS = (10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400, 43_200, 86_400, 604_800)
"""Steps that are suggested where one is too short."""

Segments = Mapping[str, bytes]


class Api:
    """Answers from `site`. `replies` and `streams` ask the server how often it has replied, and how many streams there are."""

    def __init__(
        self, site: Site, replies: Callable[[], Mapping[int, int]] = dict, streams: Callable[[], int] = lambda: 0
    ) -> None:
        self._site = site
        self._replies = replies
        self._streams = streams
        self._cache = AnswerCache()
        self._metrics: tuple[object, float, Response] | None = None

    def routes(self) -> list[Route]:
        return [
            Route("/", self._page, "the live page"),
            Route("/page/{name}", self._page_file, "a file of the page"),
            Route("/api/v1/live", self._live, "what the live page shows"),
            Route("/api/v1/status", self._status, "how the run stands"),
            Route("/api/v1/traffic", self._past(self._traffic), "hits, bytes, statuses and durations over time"),
            Route("/api/v1/top", self._past(self._top), "the heaviest values of a field"),
            Route("/api/v1/alerts", self._alerts, "alerts from start to end"),
            Route("/customers/stats", self._past(self._usage), "availability and latency of all users, by day"),
            Route("/customers/{user}/stats", self._past(self._usage), "the same of one user"),
            Route("/events", self._events, "server-sent events"),
            Route("/metrics", self._exposition, "metrics for Prometheus"),
            Route("/healthz", self._health, "whether the monitor is at work"),
            Route("/openapi.json", self._description, "this description for programs"),
            Route("/docs", self._docs, "this description"),
        ]

    def _page(self, query: Query, segments: Segments, request: Request) -> Answer:
        query.finish()
        if (found := template()) is None:
            return docs_page()
        version = (self._site.published and self._site.published.number, self._site.revision)
        return self._cache.get("/", version, partial(self._filled, found))

    def _filled(self, found: str) -> Response:
        live = None if self._site.published is None else self.live(None)
        return Response(200, filled(found, live), CONTENT_TYPES[".html"], HEADERS, cache="no-cache")

    def _page_file(self, query: Query, segments: Segments, request: Request) -> Answer:
        if (found := page(segments["name"].decode("latin-1"))) is None:
            raise ApiError(404, "there is no such file")
        return found

    def _docs(self, query: Query, segments: Segments, request: Request) -> Answer:
        query.finish()
        return docs_page()

    def _description(self, query: Query, segments: Segments, request: Request) -> Answer:
        query.finish()
        return self._cache.get("/openapi.json", 0, partial(as_json, DESCRIPTION))

    def _health(self, query: Query, segments: Segments, request: Request) -> Answer:
        published = self._site.published
        age = None if published is None else self._site.clock.now() - published.now
        if age is None or age > HEALTHY_SECONDS:
            reason = "not started" if age is None else f"nothing from the reading thread for {age:.0f} s"
            return Response(503, f"unhealthy: {reason}\n".encode())
        return Response(200, b"ok\n")

    def _exposition(self, query: Query, segments: Segments, request: Request) -> Answer:
        """The same bytes for all who ask until something has changed: what many clients do not read is in memory once."""
        site, now = self._site, self._site.clock.elapsed()
        version = (site.revision, site.published and site.published.number)
        if self._metrics is None or (self._metrics[0] != version and now - self._metrics[1] >= METRICS_PAUSE_SECONDS):
            if site.published is None:
                raise ApiError(404, "nothing has been read yet")
            _, _, status, deliveries, _ = site.published
            families = site.metrics.families(status.summary, status.read, deliveries, self._replies())
            self._metrics = version, now, Response(200, exposition(families), CONTENT_TYPE)
        return self._metrics[2]

    def _status(self, query: Query, segments: Segments, request: Request) -> Answer:
        query.finish()
        published = self._site.published
        version = (published and published.number, self._site.revision)
        return self._cache.get("/api/v1/status", version, lambda: as_json(self.status()))

    def status(self) -> dict[str, Any]:
        """`/api/v1/status`, also a part of the snapshot that begins a stream."""
        site = self._site
        if (published := site.published) is None:
            raise ApiError(404, "nothing has been read yet")
        summary, now = published.status.summary, published.now
        return {
            "version": VERSION,
            "instance": site.instance,
            "time": round(now, 3),
            "inputs": [
                {
                    "name": printable(each.name.encode("utf-8", "surrogateescape")),
                    "format": each.format or None,
                    "lines": each.lines,
                    "lag": None if each.newest is None else round(now - each.newest, 3),
                }
                for each in published.status.inputs
            ],
            "lines": summary.lines,
            "events": summary.events,
            "malformed": summary.malformed,
            "late": summary.late,
            "first": summary.first,
            "last": summary.last,
            "rules": list(site.rules),
            "firing": [_episode_fields(each) for each in site.alerts.firing()],
        }

    def _live(self, query: Query, segments: Segments, request: Request) -> Answer:
        since, _ = query.range()
        query.finish()
        version = (self._site.published and self._site.published.number, self._site.revision)
        return self._cache.get(("/api/v1/live", since), version, lambda: as_json(self.live(since)))

    def live(self, since: int | None) -> dict[str, Any]:
        """`/api/v1/live`: the status, totals, intervals from `since` on, and the alerts of this run."""
        status = self.status()
        assert self._site.published is not None
        intervals = self._site.intervals
        return {
            **status,
            "totals": totals(self._site.published.totals, intervals.newest),
            "intervals": intervals.since(since),
            "alerts": [_episode_fields(each) for each in self._site.alerts.episodes(since, None)],
        }

    def _events(self, query: Query, segments: Segments, request: Request) -> Answer:
        query.finish()
        if self._streams() >= STREAMS_MAX:
            raise ApiError(503, f"{STREAMS_MAX} clients read events already")
        last_id = request.headers.get("last-event-id", "")
        return Stream(Subscription(self._site.events, self._snapshot, last_id), "text/event-stream; charset=utf-8")

    def _snapshot(self) -> dict[str, Any]:
        status = None if self._site.published is None else self.status()
        return {"event": "snapshot", "status": status, "stats": self._site.stats}

    def _alerts(self, query: Query, segments: Segments, request: Request) -> Answer:
        since, until = query.range()
        query.finish()
        source = self._site.alerts.episodes if self._site.history is None else self._site.history.alerts
        version = (self._site.alerts.version, self._site.history and self._site.history.version)
        key = ("/api/v1/alerts", since, until)
        return self._cache.get(key, version, lambda: as_json([_episode_fields(each) for each in source(since, until)]))

    def _past(self, handler: Callable[[History, Query, Segments], dict[str, Any]]) -> Callable[..., Answer]:
        """A handler that answers from history, once for each version of it."""

        def answer(query: Query, segments: Segments, request: Request) -> Answer:
            if (history := self._site.history) is None:
                raise ApiError(404, "there is no history: start with --state DIR")
            # A question about "until today" has another answer tomorrow, although nothing has been committed.
            version = (history.version, int(self._site.clock.now()) // 86_400)
            key = (request.path, request.query)
            return self._cache.get(key, version, lambda: as_json(handler(history, query, segments)))

        return answer

    def _traffic(self, history: History, query: Query, segments: Segments) -> dict[str, Any]:
        since, until = query.range()
        step = query.whole("step", 60, BUCKET_SECONDS, 366 * 86_400)
        query.finish()
        if step % BUCKET_SECONDS:
            raise ApiError(422, f"step must be a multiple of {BUCKET_SECONDS} seconds, not {step}")
        first, end = history.span or (0, 0)
        begin = (first if since is None else since) // step * step
        end = -(-(end if until is None else until) // step) * step
        _check_points(end - begin, step)
        try:
            points = history.traffic(begin, end, step) if end > begin else []
        except TooManyBuckets as error:
            hint = f"; step={error.step} would do" if error.step else ""
            raise ApiError(422, f"too many buckets for step={step}{hint}") from None
        return {
            "from": begin,
            "until": end,
            "step": step,
            "points": [_point_fields(point) for point in points],
        }

    def _top(self, history: History, query: Query, segments: Segments) -> dict[str, Any]:
        field = query.text("field", "section", choices=history.fields)
        since, until = query.range()
        limit = query.whole("limit", 10, 1, TOP_VALUES_MAX)
        query.finish()
        try:
            top = history.top(field, since, until, limit)
        except TooManyBuckets:
            raise ApiError(422, "the range has too many buckets; ask for a shorter one") from None
        values = [
            {"value": printable(value), "hits": hits, "bytes": size, "errors": errors}
            for value, hits, size, errors in top.values
        ]
        return {"field": field, "total": top.total, "error": top.error, "values": values, "other": top.other}

    def _usage(self, history: History, query: Query, segments: Segments) -> dict[str, Any]:
        since = self._from_date(query.optional("from_date"))
        query.finish()
        try:
            usage = history.usage(segments.get("user"), since)
        except TooManyBuckets:
            raise ApiError(422, "the range has too many buckets; give a later from_date") from None
        if usage is None:
            raise ApiError(404, f"unknown user {printable(segments['user'][:100])!r}")
        return _usage_answer(usage)

    def _from_date(self, text: str | None) -> int | None:
        """The second at which the day begins; None if none was given."""
        if text is None:
            return None
        today = datetime.fromtimestamp(self._site.clock.now(), timezone.utc).date()
        try:
            day = date.fromisoformat(text) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else None
        except ValueError:
            day = None
        if day is None or not 1970 <= day.year:
            raise ApiError(422, f"from_date must be a date like 2026-11-01, not {text[:50]!r}")
        if day > today:
            raise ApiError(422, f"from_date {day} is in the future; today is {today}")
        return int(datetime(day.year, day.month, day.day, tzinfo=timezone.utc).timestamp())


def _check_points(seconds: int, step: int) -> None:
    count = seconds // step
    if count > POINTS_MAX:
        enough = next((each for each in STEPS if seconds // each <= POINTS_MAX), STEPS[-1])
        raise ApiError(422, f"step={step} gives {count:,} points, {POINTS_MAX:,} are allowed; step={enough} would do")


def _point_fields(point: Point) -> dict[str, Any]:
    duration = None if point.durations is None else _duration_fields(point.durations)
    counts = {"time": point.time, "hits": point.hits, "bytes": point.bytes, "statuses": dict(point.statuses)}
    return {**counts, "duration": duration}


def _duration_fields(durations: Durations) -> dict[str, Any]:
    fields = durations._asdict()
    return {"count": fields.pop("requests"), **fields}


def _episode_fields(episode: Episode) -> dict[str, Any]:
    return {**episode._asdict(), "group": dict(episode.group)}


def _usage_answer(usage: DailyUsage) -> dict[str, Any]:
    days = [
        {"date": datetime.fromtimestamp(second, timezone.utc).date().isoformat(), **_usage_fields(each)}
        for second, each in usage.days
    ]
    return {**_usage_fields(usage.total), "daily": days}


def _usage_fields(usage: Usage) -> dict[str, Any]:
    successful = usage.requests - usage.failed
    return {
        "total_requests": usage.requests,
        "successful_requests": successful,
        "failed_requests": usage.failed,
        "uptime": round(100 * successful / usage.requests, 5) if usage.requests else None,
        "average_latency": _seconds(usage.average_latency),
        "median_latency": _seconds(usage.median_latency),
        "p99_latency": _seconds(usage.p99_latency),
    }


def _seconds(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
