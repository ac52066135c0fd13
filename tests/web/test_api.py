"""What each route answers: held to a brute-force history, and to the description of the interface."""

from __future__ import annotations

from datetime import datetime, timezone
import json
from random import Random
from typing import Any
import unittest
from urllib.parse import urlencode

from LogsMonitor2000.action.base import InputStatus, Status
from LogsMonitor2000.action.formatter import MessageFormatter
from LogsMonitor2000.event import Alert, Notice, Stats, Summary
from LogsMonitor2000.limits import EPISODES_MAX, HEALTHY_SECONDS, METRICS_PAUSE_SECONDS, POINTS_MAX, STREAMS_MAX
from LogsMonitor2000.source.statistics import ReadStatistics
from LogsMonitor2000.testing import ManualClock
from LogsMonitor2000.web.api import Api
from LogsMonitor2000.web.history import Episode
from LogsMonitor2000.web.http import Request, Response, Stream
from LogsMonitor2000.web.openapi import DESCRIPTION
from LogsMonitor2000.web.router import Router
from LogsMonitor2000.web.site import Site

from .brute_history import DAY, BruteHistory, Row, durations_of, rows_at_random, usage_of
from .schemas import problems, schema_of

NOON = 1_600_000_000 // DAY * DAY + DAY // 2
FIRING = Alert("errors", "firing", NOON, 0.5, 0.05, 60, NOON, 0.5, (("section", b"/\x1b[31m"),), "critical")
RULES = [{"name": "errors", "severity": "critical", "condition": "5xx above 5 %"}]


class ApiTest(unittest.TestCase):
    history: BruteHistory | None = None

    def setUp(self) -> None:
        self.clock = ManualClock(NOON + 100)
        self.site = Site(MessageFormatter(), rules=RULES, history=self.history, clock=self.clock, instance="run")
        self.streams = 0
        self.api = Api(self.site, lambda: {200: 3}, lambda: self.streams)
        self.router = Router(self.api.routes())

    def publish(self) -> None:
        summary = Summary(lines=7, events=5, malformed=2, first=NOON - 50, last=NOON)
        inputs = (InputStatus("access.log", "combined", 7, NOON), InputStatus("\udcff.log", "", 0, None))
        self.site.publish(Status(summary, ReadStatistics(), (), inputs), {"hook": {("sent", ""): 1}})

    def answer(self, path: str, headers: dict[str, str] | None = None, **query: object) -> Response | Stream:
        return self.router.answer(Request("GET", path, urlencode(query), headers or {}, True))

    def ask(self, path: str, status: int = 200, pattern: str = "", **query: object) -> Any:
        """The JSON of an answer, which must be as described."""
        answer = self.answer(path, **query)
        assert isinstance(answer, Response)
        self.assertEqual(answer.status, status, answer.body)
        content = json.loads(answer.body)
        schema = schema_of(pattern or path, status)
        assert schema is not None
        self.assertEqual(list(problems(content, schema)), [])
        return content

    def refused(self, detail: str, path: str, status: int = 422, pattern: str = "", **query: object) -> None:
        self.assertIn(detail, self.ask(path, status, pattern, **query)["detail"])


class Present(ApiTest):
    def test_status(self) -> None:
        self.refused("nothing has been read yet", "/api/v1/status", 404)
        self.publish()
        self.site.hand_over(FIRING)
        self.site.take_in()
        found = self.ask("/api/v1/status")
        self.assertEqual(
            found["inputs"],
            [
                {"name": "access.log", "format": "combined", "lines": 7, "lag": 100.0},
                {"name": "\\xff.log", "format": None, "lines": 0, "lag": None},
            ],
        )
        self.assertEqual((found["lines"], found["malformed"], found["last"], found["rules"]), (7, 2, NOON, RULES))
        ((firing),) = found["firing"]
        self.assertEqual((firing["name"], firing["group"], firing["ended"]), ("errors", {"section": "/\\x1b[31m"}, None))

    def test_alerts_of_this_run(self) -> None:
        other = FIRING._replace(name="slow", group=(), started=NOON + 50, time=NOON + 50)
        for alert in (FIRING, other, FIRING._replace(state="resolved", time=NOON + 60), FIRING._replace(state="pending")):
            self.site.hand_over(alert)
        self.site.take_in()
        found = self.ask("/api/v1/alerts")
        self.assertEqual(
            [(each["name"], each["started"], each["ended"]) for each in found],
            [("errors", NOON, NOON + 60), ("slow", NOON + 50, None)],
        )
        for since, until, names in (
            (NOON + 61, None, ["slow"]),
            (NOON + 60, None, ["errors", "slow"]),
            (None, NOON + 50, ["errors"]),
            (None, NOON, []),
            (NOON + 55, NOON + 56, ["errors", "slow"]),
        ):
            query = {name: value for name, value in (("from", since), ("until", until)) if value is not None}
            with self.subTest(**query):
                self.assertEqual([each["name"] for each in self.ask("/api/v1/alerts", **query)], names)

    def test_the_alerts_kept_are_bounded(self) -> None:
        for number in range(EPISODES_MAX + 10):
            alert = FIRING._replace(group=(("n", b"%d" % number),), started=NOON + number, time=NOON + number)
            self.site.hand_over(alert)
            self.site.hand_over(alert._replace(state="resolved", time=NOON + number + 1))
        self.site.take_in()
        found = self.ask("/api/v1/alerts")
        self.assertEqual((len(found), found[0]["started"]), (EPISODES_MAX, NOON + 10))

    def test_an_alert_of_an_earlier_run(self) -> None:
        self.site.know(FIRING)
        self.assertEqual([each["ended"] for each in self.ask("/api/v1/alerts")], [None])

    def test_health(self) -> None:
        def health() -> tuple[int, bytes]:
            answer = self.answer("/healthz")
            assert isinstance(answer, Response)
            return answer.status, answer.body

        self.assertEqual(health(), (503, b"unhealthy: not started\n"))
        self.publish()
        self.clock.advance(HEALTHY_SECONDS)
        self.assertEqual(health(), (200, b"ok\n"))
        self.clock.advance(1)
        self.assertEqual(health(), (503, b"unhealthy: nothing from the reading thread for 61 s\n"))

    def test_metrics_are_the_same_bytes_until_something_changes(self) -> None:
        def scrape() -> Response:
            answer = self.answer("/metrics")
            assert isinstance(answer, Response)
            return answer

        self.assertEqual(scrape().status, 404)
        self.publish()
        first = scrape()
        self.assertIn(b"logsmonitor2000_lines_total 7\n", first.body)
        self.assertIn(b'logsmonitor2000_http_replies_total{code="200"} 3\n', first.body)
        self.assertIs(scrape(), first)
        self.site.hand_over(FIRING)
        self.site.take_in()
        self.assertIs(scrape(), first, "so soon after the last time")
        self.clock.advance(METRICS_PAUSE_SECONDS)
        self.assertIn(b'alert_state{alert="errors"', scrape().body)

    def test_without_history_the_past_is_not_there(self) -> None:
        for path in ("/api/v1/traffic", "/api/v1/top", "/customers/stats"):
            self.refused("start with --state DIR", path, 404)

    def test_parameters_that_are_not_known(self) -> None:
        self.publish()
        for path in ("/api/v1/status", "/api/v1/alerts", "/events", "/openapi.json", "/docs"):
            self.refused("unknown parameter 'x'", path, x=1)

    def test_events(self) -> None:
        self.publish()
        for event in (FIRING, FIRING._replace(state="pending"), Stats(NOON, 10, 1, 2, [(b"/a", 1)], [], {b"2": 1})):
            self.site.hand_over(event)
        for event in (Notice("a \x1b notice"), Notice("only for the curious", verbose=True)):
            self.site.hand_over(event)
        self.site.take_in()
        answer = self.answer("/events")
        assert isinstance(answer, Stream)
        begin, snapshot, *_ = answer.feed.read().decode().split("\n\n")
        self.assertEqual(begin, "retry: 2000")
        data = json.loads(snapshot.partition("data: ")[2])
        self.assertEqual((data["status"]["lines"], data["stats"]["hits"]), (7, 1))
        answer = self.answer("/events", {"last-event-id": "run-0"})
        assert isinstance(answer, Stream)
        text = answer.feed.read().decode()
        self.assertEqual(
            [line for line in text.split("\n") if line.startswith("event")], ["event: alert", "event: stats", "event: notice"]
        )
        self.assertIn('data: {"event":"stats","time":', text)
        self.assertIn('{"event":"notice","text":"a \\\\x1b notice"}', text)
        self.streams = STREAMS_MAX
        self.refused("32 clients read events already", "/events", 503)


class Past(ApiTest):
    def setUp(self) -> None:
        self.rng = Random(7)
        self.rows = rows_at_random(self.rng, 3000, NOON // DAY * DAY - 5 * DAY, 6)
        self.episodes = [Episode("errors", {}, "critical", NOON - 90, NOON - 30, 0.5, 0.05, "…")]
        self.history = BruteHistory(self.rows, self.episodes)
        super().setUp()

    def test_traffic_is_what_a_pass_over_all_lines_gives(self) -> None:
        for _ in range(20):
            step = self.rng.choice((600, 3600, 7200, 86_400))
            since = NOON - self.rng.randrange(6 * DAY)
            until = since + self.rng.randrange(3 * DAY)
            found = self.ask("/api/v1/traffic", **{"from": since, "until": until, "step": step})
            self.assertEqual((found["from"] % step, found["until"] % step, found["step"]), (0, 0, step))
            self.assertTrue(found["from"] <= since < found["from"] + step)
            self.assertTrue(found["until"] - step < until <= found["until"])
            rows = [row for row in self.rows if found["from"] <= row.time < found["until"]]
            self.assertEqual(sum(point["hits"] for point in found["points"]), len(rows))
            self.assertEqual(sum(point["bytes"] for point in found["points"]), sum(row.size for row in rows))
            for point in found["points"]:
                mine = [row for row in rows if point["time"] <= row.time < point["time"] + step]
                self.assertEqual(point["hits"], len(mine))
                self.assertEqual(sum(point["statuses"].values()), len(mine))
                durations = durations_of(mine)
                self.assertEqual(point["duration"] and point["duration"]["p99"], durations and durations.p99)

    def test_traffic_of_all_there_is(self) -> None:
        found = self.ask("/api/v1/traffic", step=3600)
        self.assertEqual(sum(point["hits"] for point in found["points"]), 3000)
        self.history = None
        self.site.history = BruteHistory()
        self.assertEqual(self.ask("/api/v1/traffic"), {"from": 0, "until": 0, "step": 60, "points": []})

    def test_steps_that_are_refused(self) -> None:
        for step, detail in (
            (0, "step must be a whole number from 10"),
            (15, "step must be a multiple of 10 seconds, not 15"),
            ("1m", "step must be a whole number"),
        ):
            self.refused(detail, "/api/v1/traffic", step=step)
        seconds = 60 * (POINTS_MAX + 1)
        self.refused(
            f"step=60 gives {POINTS_MAX + 1:,} points, 11,000 are allowed; step=120 would do",
            "/api/v1/traffic",
            **{"from": 0, "until": seconds},
        )
        assert self.history is not None
        self.history.buckets_max = 10
        self.refused("too many buckets for step=600; step=6000 would do", "/api/v1/traffic", step=600)

    def test_top(self) -> None:
        for field in ("section", "user", "status"):
            found = self.ask("/api/v1/top", field=field, limit=2)
            self.assertEqual((found["total"], found["error"]), (3000, 0))
            self.assertEqual(sum(each["hits"] for each in found["values"]) + found["other"], 3000)
        errors = sum(each["errors"] for each in self.ask("/api/v1/top", field="status")["values"])
        self.assertEqual(errors, sum(row.status >= 500 for row in self.rows))
        self.assertIn("/\\xff\\x1b[31m", [each["value"] for each in self.ask("/api/v1/top")["values"]])
        self.refused("field must be one of section, user, status, not 'agent'", "/api/v1/top", field="agent")
        self.refused("limit must be a whole number from 1 to 1000", "/api/v1/top", limit=1001)

    def test_alerts_of_earlier_runs(self) -> None:
        self.assertEqual([each["started"] for each in self.ask("/api/v1/alerts")], [NOON - 90])
        self.assertEqual(self.ask("/api/v1/alerts", **{"from": NOON}), [])

    def test_usage_of_each_user_and_day(self) -> None:
        pattern = "/customers/{user}/stats"
        for user in (None, *(b"user%d" % number for number in range(5))):
            for days in (None, 0, 2, 5, 30):
                query: dict[str, object] = {}
                begin = 0
                if days is not None:
                    begin = NOON // DAY * DAY - days * DAY
                    query = {"from_date": datetime.fromtimestamp(begin, timezone.utc).date().isoformat()}
                path = "/customers/stats" if user is None else f"/customers/{user.decode()}/stats"
                with self.subTest(user=user, days=days):
                    found = self.ask(path, pattern=path if user is None else pattern, **query)
                    rows = [row for row in self.rows if row.time >= begin and user in (None, row.user)]
                    self.assert_usage(found, rows)
                    for each in found["daily"]:
                        day = int(datetime.fromisoformat(each["date"]).replace(tzinfo=timezone.utc).timestamp())
                        self.assert_usage(each, [row for row in rows if day <= row.time < day + DAY])
                    self.assertEqual(sum(each["total_requests"] for each in found["daily"]), len(rows))

    def assert_usage(self, found: dict[str, Any], rows: list[Row]) -> None:
        usage = usage_of(rows)
        self.assertEqual(
            (found["total_requests"], found["failed_requests"], found["successful_requests"]),
            (usage.requests, usage.failed, usage.requests - usage.failed),
        )
        if rows:
            self.assertAlmostEqual(found["uptime"], 100 * (1 - usage.failed / usage.requests), 5)
        else:
            self.assertIsNone(found["uptime"])
        latency = usage.average_latency
        self.assertEqual(found["average_latency"], None if latency is None else round(latency, 6))

    def test_users_and_dates_that_are_refused(self) -> None:
        pattern = "/customers/{user}/stats"
        self.refused("unknown user 'nobody'", "/customers/nobody/stats", 404, pattern)
        self.refused("unknown user '\\\\x00../'", "/customers/%00..%2F/stats", 404, pattern)
        for date in ("", "yesterday", "2026-13-01", "20200101", "2020-W01-1", "1969-12-31", "2020-1-1", "2020-09-13T00:00"):
            self.refused("from_date must be a date like 2026-11-01", "/customers/stats", from_date=date)
        self.refused("is in the future; today is 2020-09-13", "/customers/stats", from_date="2020-09-14")

    def test_an_answer_is_given_again_until_the_next_commit(self) -> None:
        assert self.history is not None
        first = self.answer("/api/v1/top")
        asked = self.history.asked
        self.assertIs(self.answer("/api/v1/top"), first)
        self.assertEqual(self.history.asked, asked)
        self.history.version += 1
        self.assertIsNot(self.answer("/api/v1/top"), first)


class Description(ApiTest):
    def test_it_describes_the_routes(self) -> None:
        routes = {route.pattern for route in self.api.routes()}
        self.assertEqual(routes - {"/", "/page/{name}"}, set(DESCRIPTION["paths"]))

    def test_it_is_consistent(self) -> None:
        text = json.dumps(DESCRIPTION)
        schemas = set(DESCRIPTION["components"]["schemas"])
        used = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
        self.assertEqual(used, schemas)
        tags = {tag["name"] for tag in DESCRIPTION["tags"]}
        for path, item in DESCRIPTION["paths"].items():
            operation = item["get"]
            self.assertLessEqual(set(operation["tags"]), tags)
            in_path = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "path"}
            self.assertEqual(in_path, {"user"} if "{user}" in path else set())

    def test_the_page_shows_every_path_and_loads_nothing(self) -> None:
        for path in ("/docs",):
            answer = self.answer(path)
            assert isinstance(answer, Response)
            text = answer.body.decode()
            for described in DESCRIPTION["paths"]:
                self.assertIn(described, text)
            for forbidden in ("<script", "http://", "https://", "src=", "@import", "url("):
                self.assertNotIn(forbidden, text)
            policy = dict(answer.headers)["Content-Security-Policy"]
            self.assertIn("default-src 'none'; style-src 'sha256-", policy)

    def test_files_of_the_page(self) -> None:
        self.assertEqual(getattr(self.answer("/page/nothing.js"), "status"), 404)
        self.assertEqual(getattr(self.answer("/page/%2e%2e%2fapi.py"), "status"), 404)


if __name__ == "__main__":
    unittest.main()
