"""The model's numbers are those of a count by hand."""

from __future__ import annotations

from collections import Counter
from random import Random
import unittest
from unittest import mock

from LogsMonitor2000.dashboard.filters import read_filter
from LogsMonitor2000.dashboard.model import FIELDS, LiveModel, Minutes, Point, Series
from LogsMonitor2000.event import Alert, MalformedLine, Notice, Stats, Summary

from ..logs import START
from .making import model_of, request

TARGETS = (b"/api/user", b"/api/help", b"/report", b"/")


def random_requests(rng: Random, count: int, seconds: int) -> list[tuple[int, bytes, bytes, int, int]]:
    """Second, target, source, status and size of requests, by time."""
    found = [
        (
            rng.randrange(seconds),
            rng.choice(TARGETS),
            b"10.0.0.%d" % rng.randrange(5),
            rng.choice((200, 200, 304, 404, 500, 503)),
            rng.randrange(2000),
        )
        for _ in range(count)
    ]
    return sorted(found, key=lambda each: each[0])


class Numbers(unittest.TestCase):
    def test_they_are_those_of_a_count_by_hand(self) -> None:
        rng = Random(4)
        for _ in range(10):
            requests = random_requests(rng, 300, rng.choice((5, 100, 400)))
            model = model_of(request(*each) for each in requests)
            last = max(each[0] for each in requests)
            self.assertEqual((model.hits, model.newest), (300, START + last))
            sources = Counter(each[2] for each in requests)
            panel = model.panel("source")
            self.assertEqual({line.value: line.hits for line in panel.lines}, dict(sources))
            self.assertEqual([line.hits for line in panel.lines], sorted(sources.values(), reverse=True))
            self.assertEqual((panel.total, panel.distinct, panel.other, panel.is_approximate), (300, len(sources), 0, False))
            for line in panel.lines:
                mine = [each for each in requests if each[2] == line.value]
                self.assertEqual(line.bytes, sum(each[4] for each in mine))
                self.assertEqual(line.errors, sum(each[3] >= 500 for each in mine))
                now = sum(each[0] > last - 60 for each in mine)
                before = sum(last - 120 < each[0] <= last - 60 for each in mine)
                self.assertAlmostEqual(line.rate, now / 60)
                self.assertEqual(line.change, now - before)
            busiest = Counter(each[0] for each in requests)
            self.assertEqual(model.peak, max(busiest.values()))
            self.assertEqual(model.rate(1), busiest[last])

    def test_filtered_numbers_are_those_of_the_requests_that_match(self) -> None:
        rng = Random(5)
        requests = random_requests(rng, 400, 200)
        model = model_of(request(*each) for each in requests)
        for text, matches in (
            ("status=5xx", lambda each: each[3] >= 500),
            ("section=/api", lambda each: each[1].startswith(b"/api")),
            ("section=/api status=500", lambda each: each[1].startswith(b"/api") and each[3] == 500),
            ("!source=10.0.0.1", lambda each: each[2] != b"10.0.0.1"),
            ("size>1000", lambda each: each[4] > 1000),
            ("path=/none", lambda each: False),
        ):
            recent = model.filtered(read_filter(text))
            chosen = [each for each in requests if matches(each)]
            with self.subTest(text):
                self.assertEqual(recent.hits, len(chosen))
                for field, place in (("source", 2), ("path", 1)):
                    counts = Counter(each[place] for each in chosen)
                    self.assertEqual({line.value: line.hits for line in recent.panel(field).lines}, dict(counts))
                self.assertEqual(len(recent.lines()), len(chosen))
                total = recent.series.point(START // 3600 * 3600, 7200)
                self.assertEqual((total.hits, total.server_errors), (len(chosen), sum(each[3] >= 500 for each in chosen)))

    def test_of_a_busy_second_the_first_events_stand_for_all(self) -> None:
        model = model_of([request(0, status=500)] * 100 + [request(0)] * 900 + [request(5)])
        recent = model.filtered(read_filter("source=10.0.0.1"))
        self.assertTrue(recent.is_sampled)
        self.assertEqual(recent.hits, 1001)
        self.assertTrue(recent.panel("source").is_approximate)
        self.assertEqual(model.panel("source").lines[0].hits, 1001)

    def test_fields_that_the_log_lacks_have_no_panel(self) -> None:
        self.assertEqual(model_of([request(0)]).fields(), ["section", "path", "source", "status", "agent", "method"])
        self.assertEqual(LiveModel().fields(), [])

    def test_late_events_count_in_panels_and_not_in_the_chart(self) -> None:
        model = model_of([request(0), request(100), request(1, b"/late")])
        self.assertEqual(model.hits, 3)
        self.assertIn(b"/late", [line.value for line in model.panel("section").lines])
        self.assertEqual(model.series.point(START + 1, 1), Point())

    def test_memory_is_bounded_by_names(self) -> None:
        lines = [request(n // 100, b"/%d" % n, b"10.%d.%d.1" % (n // 250, n % 250)) for n in range(5_000)]
        with mock.patch("LogsMonitor2000.dashboard.model.DASHBOARD_ROWS_MAX", 700):
            model = model_of(lines)
        for field in FIELDS:
            self.assertLessEqual(len(model.panel(field).lines), 1_000)
        panel = model.panel("path")
        self.assertTrue(panel.is_approximate)
        self.assertEqual(sum(line.hits for line in panel.lines) + panel.other, 5_000)
        self.assertLessEqual(len(model.filtered(()).lines()), 700)
        self.assertLessEqual(len(model.lines), 2_000)


class Lists(unittest.TestCase):
    def test_alerts(self) -> None:
        model = LiveModel()
        alert = Alert("errors", "firing", 100, 2.0, 1.0, 10, 100, 2.0)
        other = alert._replace(group=(("section", b"/api"),))
        for event in (alert._replace(state="pending"), alert, other):
            model.add(event)
        self.assertEqual(list(model.firing.values()), [alert, other])
        model.add(alert._replace(state="resolved"))
        self.assertEqual(list(model.firing.values()), [other])
        self.assertEqual([each.state for each in model.alerts], ["firing", "firing", "resolved"])

    def test_other_events(self) -> None:
        model = LiveModel()
        before = model.version
        model.add(Stats(0, 10, 0, 0, [], [], {}))
        self.assertEqual(model.version, before)
        for event in (Notice("hello"), MalformedLine("a.log", 3, "bad", b"x"), Summary(1)):
            model.add(event)
        self.assertEqual((list(model.notices), model.malformed[0].line, model.version), (["hello"], 3, before + 3))
        self.assertEqual(model.summary, Summary(1))


class Sums(unittest.TestCase):
    def test_series_of_any_step(self) -> None:
        rng = Random(6)
        series, hits = Series(), Counter[int]()
        for time in sorted(rng.randrange(10_000) for _ in range(2_000)):
            series.add(time, Point(1, 0, 1))
            hits[time] += 1
        for seconds in (1, 5, 60, 300, 3600, 7200):
            start = rng.randrange(3) * 7200
            expected = sum(hits[time] for time in range(start, start + seconds))
            self.assertEqual(series.point(start, seconds), Point(expected, 0, expected))

    def test_minutes(self) -> None:
        rng = Random(7)
        minutes, seen = Minutes(), []
        time = 0
        for _ in range(500):
            time += rng.choice((1, 1, 2, 30, 200))
            counts = {rng.choice("ab"): rng.randrange(1, 5)}
            seen.append((time, counts))
            minutes.add(time, dict(counts))
            now, before = Counter[str](), Counter[str]()
            for at, each in seen:
                if at > time - 60:
                    now.update(each)
                elif at > time - 120:
                    before.update(each)
            self.assertEqual((minutes.now, minutes.before), (dict(now), dict(before)))


if __name__ == "__main__":
    unittest.main()
