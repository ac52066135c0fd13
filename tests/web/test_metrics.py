"""What is added up for `/metrics`: monotonic, bounded, and the same for the same log."""

from __future__ import annotations

from random import Random
import unittest

from LogsMonitor2000.analyze.bucket import Bucket
from LogsMonitor2000.analyze.measures.keys import OTHER
from LogsMonitor2000.event import Alert, BucketClosed, Stats, Summary
from LogsMonitor2000.limits import ALERT_STATES_MAX, RESOLVED_SECONDS
from LogsMonitor2000.source.statistics import ReadStatistics
from LogsMonitor2000.testing import ManualClock
from LogsMonitor2000.web.exposition import exposition
from LogsMonitor2000.web.metrics import BYTES, HITS, MEASURES, Metrics

from .test_exposition import read

START = 1_600_000_000
Hits = dict[tuple[bytes, bytes], int]


def traffic(hits: Hits, sizes: dict[bytes, int] | None = None, width: int = 5, late: bool = False) -> BucketClosed:
    """An interval with hits by section and status class, and bytes by section; `OTHER` stands for both."""
    bucket = Bucket(START, width, MEASURES)
    bucket.put(HITS, {OTHER if OTHER in key else key: count for key, count in hits.items()})
    bucket.put(BYTES, sizes or {})
    return BucketClosed(bucket, late)


def alert(state: str, name: str = "errors", group: bytes | None = None, **more: object) -> Alert:
    made = Alert(name, state, START, 1.0, 1.0, 60, START, 1.0, () if group is None else (("section", group),))
    return made._replace(**more)  # type: ignore[arg-type]


class MetricsTest(unittest.TestCase):
    def setUp(self) -> None:
        self.clock = ManualClock(START)
        self.metrics = Metrics(4, self.clock)

    def samples(self, name: str, **state: object) -> list[tuple[dict[str, str], float]]:
        """Labels and values of one metric, as a reader sees them."""
        given = {"summary": Summary(), "read": ReadStatistics(), **state}
        text = exposition(self.metrics.families(**given))  # type: ignore[arg-type]
        found = read(text)
        self.assertEqual(len({(n, tuple(labels.items())) for n, labels, _ in found}), len(found), "two samples of one series")
        return [(labels, float(value)) for n, labels, value in found if n == "logsmonitor2000_" + name]

    def hits(self) -> dict[tuple[str, str], float]:
        return {(labels["section"], labels["status"]): value for labels, value in self.samples("hits_total")}


class TestTraffic(MetricsTest):
    def test_intervals_add_up(self) -> None:
        self.metrics.add(traffic({(b"/a", b"2"): 3, (b"/a", b"5"): 1, (b"-", b"-"): 1}, {b"/a": 10}))
        self.metrics.add(traffic({(b"/a", b"2"): 4}, {b"/a": 5, b"-": 1}))
        self.assertEqual(self.hits(), {("/a", "2xx"): 7, ("/a", "5xx"): 1, ("-", "-"): 1})
        self.assertEqual(self.samples("response_bytes_total"), [({"section": "-"}, 1), ({"section": "/a"}, 15)])

    def test_the_heaviest_of_the_first_interval_have_a_place_and_keep_it(self) -> None:
        first = {(b"/%d" % number, b"2"): number for number in range(1, 7)}
        self.metrics.add(traffic(first, {section: 1 for section, _ in first}))
        self.metrics.add(traffic({(b"/1", b"2"): 100, (b"/6", b"2"): 1, (b"/9", b"5"): 1000}))
        expected = {("/6", "2xx"): 7, ("/5", "2xx"): 5, ("/4", "2xx"): 4, ("/3", "2xx"): 3}
        self.assertEqual(self.hits(), {**expected, ("(other)", "2xx"): 103, ("(other)", "5xx"): 1000})
        self.assertEqual(dict((labels["section"], n) for labels, n in self.samples("response_bytes_total"))["(other)"], 2)

    def test_equals_get_their_place_by_name_in_whatever_order_they_came(self) -> None:
        hits = [((b"/%d" % number, b"2"), 5) for number in range(9)]
        for seed in range(5):
            Random(seed).shuffle(hits)
            self.metrics = Metrics(4, self.clock)
            self.metrics.add(traffic(dict(hits)))
            self.assertEqual({section for section, _ in self.hits()}, {"/0", "/1", "/2", "/3", "(other)"})

    def test_what_a_scanner_makes_up_takes_half_of_the_places(self) -> None:
        for number in range(50):
            self.metrics.add(traffic({(b"/scan%d" % number, b"4"): 100}))
        self.assertEqual({section for section, _ in self.hits()}, {"/scan0", "/scan1", "(other)"})
        self.metrics.add(traffic({(b"/new", b"2"): 1, (b"/new", b"4"): 7, (b"/broken", b"5"): 1, (b"/third", b"2"): 1}))
        self.metrics.add(traffic({(b"/scan0", b"2"): 1}))
        expected = {("/new", "2xx"): 1, ("/new", "4xx"): 7, ("/broken", "5xx"): 1, ("(other)", "2xx"): 1}
        self.assertEqual(self.hits() | expected | {("/scan0", "2xx"): 1}, self.hits())

    def test_sections_that_read_the_same_are_one(self) -> None:
        same = [b"/" + b"x" * 200 + end for end in (b"1", b"2")] + [b"/\xff", b"/\\xff"]
        self.metrics.add(traffic({(section, b"2"): 1 for section in same}, {section: 2 for section in same}))
        self.assertEqual(sorted(self.hits().values()), [2, 2])
        self.assertEqual([value for _, value in self.samples("response_bytes_total")], [4, 4])

    def test_what_the_counters_of_an_interval_forgot(self) -> None:
        self.metrics.add(traffic({(b"/a", b"2"): 5, (OTHER, OTHER): 3}, {OTHER: 9}))
        self.metrics.add(traffic({(b"/b", b"2"): 1}))
        self.assertEqual(self.hits(), {("/a", "2xx"): 5, ("(other)", "(other)"): 3, ("/b", "2xx"): 1})

    def test_buckets_for_others_and_late_ones_do_not_count(self) -> None:
        self.metrics.add(traffic({(b"/a", b"2"): 5}, width=10))
        self.metrics.add(traffic({(b"/a", b"2"): 5}, late=True))
        self.assertEqual(self.hits(), {})

    def test_the_number_of_series_is_bounded_and_the_total_exact(self) -> None:
        rng, total = Random(6), 0
        for _ in range(40):
            hits = {(b"/%d" % rng.randrange(10**6), b"%d" % rng.randrange(1, 6)): rng.randrange(1, 5) for _ in range(200)}
            self.metrics.add(traffic(hits))
            total += sum(hits.values())
        self.assertEqual(sum(self.hits().values()), total)
        self.assertLessEqual(len(self.hits()), (4 + 1) * 5)

    def test_other_events_say_nothing(self) -> None:
        before = self.metrics.families(Summary(), ReadStatistics())
        self.metrics.add(Stats(START, 10, 5, 5, [(b"/", 5)], [], {b"2": 5}))
        self.metrics.add(Summary(1, 1))
        self.assertEqual(self.metrics.families(Summary(), ReadStatistics()), before)


class TestAlerts(MetricsTest):
    def states(self) -> dict[str, float]:
        return {labels.get("group", labels["alert"]): value for labels, value in self.samples("alert_state")}

    def test_state_and_transitions(self) -> None:
        for event in (alert("pending"), alert("firing"), alert("resolved"), alert("firing"), alert("firing", "high_traffic")):
            self.metrics.add(event)
        labels = {"severity": "warning"}
        self.assertEqual(
            self.samples("alert_state"), [({"alert": "errors", **labels}, 1), ({"alert": "high_traffic", **labels}, 1)]
        )
        counts = {(labels["alert"], labels["state"]): value for labels, value in self.samples("alert_transitions_total")}
        expected = {("errors", "pending"): 1, ("errors", "firing"): 2, ("errors", "resolved"): 1, ("high_traffic", "firing"): 1}
        self.assertEqual(counts, expected)
        self.metrics.add(alert("resolved"))
        self.assertEqual(self.states(), {"errors": 0, "high_traffic": 1})

    def test_groups_have_states_of_their_own(self) -> None:
        self.metrics.add(alert("firing", group=b"/a", severity="critical"))
        self.metrics.add(alert("firing", group=b'/"} 1\n', suppressed="muted"))
        self.metrics.add(alert("resolved", group=b"/a", severity="critical"))
        self.assertEqual(
            self.samples("alert_state"),
            [
                ({"alert": "errors", "severity": "critical", "group": "section=/a"}, 0),
                ({"alert": "errors", "severity": "warning", "group": 'section=/"} 1\\n', "held": "muted"}, 1),
            ],
        )

    def test_several_fields_make_one_label(self) -> None:
        self.metrics.add(alert("firing")._replace(group=(("source", b"10.0.0.1"), ("section", b"/api"))))
        self.assertEqual(list(self.states()), ["source=10.0.0.1,section=/api"])

    def test_groups_that_read_the_same_fire_as_long_as_one_of_them_does(self) -> None:
        for first, second in ((b"/\xff", b"/\\xff"), (b"/\\xff", b"/\xff")):
            self.metrics = Metrics(4, self.clock)
            for event in (alert("firing", group=first), alert("firing", group=second), alert("resolved", group=second)):
                self.metrics.add(event)
            self.assertEqual(self.states(), {"section=/\\xff": 1})

    def test_resolved_groups_are_forgotten_and_rules_are_not(self) -> None:
        for event in (alert("firing", group=b"/a"), alert("firing", group=b"/b"), alert("firing"), alert("resolved")):
            self.metrics.add(event)
        self.metrics.add(alert("resolved", group=b"/a"))
        self.clock.advance(RESOLVED_SECONDS - 1)
        self.assertEqual(self.states(), {"section=/a": 0, "section=/b": 1, "errors": 0})
        self.clock.advance(1)
        self.assertEqual(self.states(), {"section=/b": 1, "errors": 0})

    def test_how_many_states_there_are_is_bounded(self) -> None:
        for number in range(ALERT_STATES_MAX):
            self.metrics.add(alert("firing", group=b"/%d" % number))
            self.clock.advance(1)
        self.metrics.add(alert("firing", group=b"/more"))
        self.assertEqual((len(self.states()), "section=/more" in self.states()), (ALERT_STATES_MAX, False))
        self.assertEqual(self.samples("alert_states_omitted_total"), [({}, 1)])
        self.metrics.add(alert("resolved", group=b"/7"))
        self.clock.advance(1)
        self.metrics.add(alert("resolved", group=b"/5"))
        self.metrics.add(alert("firing", group=b"/more"))  # in the place of what was resolved first
        states = self.states()
        self.assertEqual((len(states), states["section=/more"], states["section=/5"]), (ALERT_STATES_MAX, 1, 0))
        self.assertNotIn("section=/7", states)
        self.assertEqual(self.samples("alert_transitions_total")[0][1], ALERT_STATES_MAX + 2)

    def test_an_alert_of_an_earlier_run_is_known_without_a_transition(self) -> None:
        self.metrics.know(alert("firing"))
        self.assertEqual((self.states(), self.samples("alert_transitions_total")), ({"errors": 1}, []))


class TestTheRun(MetricsTest):
    def test_counters_of_the_monitor(self) -> None:
        read = ReadStatistics.from_json(dict(zip(ReadStatistics.NAMES, range(10, 17))))
        summary = Summary(lines=9, events=5, malformed=3, late=1, lateness_max=7, first=START - 60, last=START - 2)
        for name, value in {
            "lines_total": 9,
            "events_total": 5,
            "malformed_lines_total": 3,
            "late_lines_total": 1,
            "lateness_max_seconds": 7,
            "read_bytes_total": 11,
            "rotations_total": 12,
            "truncations_total": 13,
            "overlong_lines_total": 14,
            "lost_bytes_total": 15,
            "source_errors_total": 16,
            "newest_event_timestamp_seconds": START - 2,
            "lag_seconds": 2.25,
        }.items():
            self.clock.set(START + 0.25)
            with self.subTest(name=name):
                self.assertEqual(self.samples(name, summary=summary, read=read), [({}, value)])

    def test_before_the_first_event_there_is_no_newest(self) -> None:
        self.assertEqual(self.samples("newest_event_timestamp_seconds") + self.samples("lag_seconds"), [])

    def test_start_and_version(self) -> None:
        self.clock.advance(50)
        found = {
            name: (labels, value)
            for name, labels, value in read(exposition(self.metrics.families(Summary(), ReadStatistics())))
        }
        self.assertEqual(float(found["process_start_time_seconds"][1]), START)
        self.assertEqual(set(found["logsmonitor2000_build_info"][0]), {"version", "python"})

    def test_deliveries_and_replies(self) -> None:
        deliveries = {"hook": {("sent", ""): 2, ("failed", "timeout"): 1}}
        self.assertEqual(
            self.samples("deliveries_total", deliveries=deliveries),
            [({"action": "hook", "outcome": "failed", "reason": "timeout"}, 1), ({"action": "hook", "outcome": "sent"}, 2)],
        )
        self.assertEqual(
            self.samples("http_replies_total", replies={404: 2, 200: 1}), [({"code": "200"}, 1), ({"code": "404"}, 2)]
        )


if __name__ == "__main__":
    unittest.main()
