"""Backtesting: variants are as true as the rule itself, and what is counted of each."""

from __future__ import annotations

from dataclasses import replace
from random import Random
import unittest

from LogsMonitor2000.alert.backtest import BacktestCalculator, Record, suggestion, trial_of
from LogsMonitor2000.alert.calculator import RuleCalculator
from LogsMonitor2000.alert.high_traffic import HighTrafficCalculator, built_in_rules
from LogsMonitor2000.alert.kinds.events import Count, Rate
from LogsMonitor2000.alert.mute import read_mutes
from LogsMonitor2000.alert.reading import read_rules
from LogsMonitor2000.alert.rule import Rule
from LogsMonitor2000.analyze.calculator import StreamCalculator
from LogsMonitor2000.analyze.processor import AnalyticsProcessor
from LogsMonitor2000.config.toml_file import parse_config
from LogsMonitor2000.event import Alert, Event, Notice
from LogsMonitor2000.pipeline.monitor import Monitor
from LogsMonitor2000.pipeline.wiring import open_log
from LogsMonitor2000.runtime.clock import zone_named
from LogsMonitor2000.testing import ManualClock, ScriptedSource

from ..logs import NOW, START, csv_line, random_log
from ..support import SCALE

RULES = """
[[alert]]
name = "hits"
measure = "count"
by = ["section"]
window = 5
above = 4
recover = 2
[[alert]]
name = "errors"
measure = "ratio"
of = { status = "5xx" }
window = 7
at_least = 0.25
recover = 0.1
min_events = 2
inhibited_by = ["hits"]
[[alert]]
name = "quiet"
measure = "silent"
by = ["source"]
at_least = 4
for = 2
[[alert]]
name = "fresh"
measure = "new"
by = ["path"]
window = 10
at_least = 2
[[alert]]
name = "probing"
measure = "leaky_bucket"
by = ["source"]
distinct = "path"
capacity = 2
leak = 3
[[alert]]
name = "few"
measure = "rate"
window = 6
below = 0.5
[[alert]]
name = "surge"
measure = "spike"
window = 5
above = 2
"""


def rules_of(text: str) -> tuple[Rule, ...]:
    return read_rules(parse_config(text.encode(), "rules.toml").tables("alert"))


def events_of(log: bytes, calculator: StreamCalculator) -> list[Event]:
    processor = AnalyticsProcessor([calculator])
    monitor = Monitor([open_log(ScriptedSource([log]), processor, log_format="csv")], processor, clock=ManualClock(NOW))
    return list(monitor.events())


def alerts_of(log: bytes, calculator: StreamCalculator) -> list[Alert]:
    return [event for event in events_of(log, calculator) if isinstance(event, Alert)]


def numbers(alert: Alert) -> tuple[object, ...]:
    """What of an alert does not depend on what its rule is called."""
    return alert.state, alert.time, alert.value, alert.started, alert.peak, alert.group


def told_later(alert: Alert) -> bool:
    """Whether it tells of a firing that was held back when it began."""
    return alert.state == "firing" and alert.started < alert.time


class Variants(unittest.TestCase):
    def test_other_thresholds(self) -> None:
        for text, thresholds, recoveries in (
            ("measure='rate'\nabove=10\nrecover=8", [5, 7.5, 12.5, 15, 20, 30], [4, 6, 10, 12, 16, 24]),
            (
                "measure='ratio'\nof={status=500}\nabove=0.4\nrecover=0.2",
                [0.2, 0.3, 0.5, 0.6, 0.8],
                [0.1, 0.15, 0.25, 0.3, 0.4],
            ),
            ("measure='ratio'\nof={status=200}\nbelow=0.8\nrecover=0.9", [0.4, 0.6, 1.0], [0.45, 0.675, 1.0]),
            ("measure='unparsed'\nat_least=0.6", [0.3, 0.45, 0.75, 0.9, 1.0], None),
            ("measure='count'\nabove=3", [1, 2, 4, 6, 9], None),
            ("measure='count'\nat_least=3", [2, 4, 5, 6, 9], None),
            ("measure='distinct'\nfield='path'\nbelow=1", [2, 3], None),
            ("measure='new'\nby=['path']", [2, 3], None),
            ("measure='silent'\nat_least=1", [2, 3], None),
            ("measure='leaky_bucket'\nby=['source']\ncapacity=4\nleak=1", [2, 3, 5, 6, 8, 12], None),
            ("measure='p95'\nabove=0.5", [0.25, 0.375, 0.625, 0.75, 1, 1.5], None),
            ("measure='count'\nat_most=0", [], None),
        ):
            with self.subTest(text):
                (rule,) = rules_of(f"[[alert]]\nname='x'\n{text}")
                trial = trial_of(rule)
                self.assertEqual([round(other.threshold, 9) for other in trial.others], thresholds)
                if recoveries is not None:
                    self.assertEqual([round(other.recover or 0, 9) for other in trial.others], recoveries)
                for other in trial.others:
                    self.assertIn("*", other.name)
                    kept = {"name": rule.name, "threshold": rule.threshold, "recover": rule.recover}
                    self.assertEqual(replace(other, **kept), rule)

    def test_thresholds_at_levels_of_the_log(self) -> None:
        for text, levels, thresholds, recoveries in (
            ("measure='rate'\nabove=10\nrecover=8", {"p50": 5.0, "p99": 10.0, "max": 20.0}, {"p50": 5, "max": 20}, [4, 16]),
            ("measure='ratio'\nof={status=500}\nabove=0.4", {"p50": 0.0, "p90": 0.25, "max": 1.0}, {"p90": 0.25}, None),
            ("measure='count'\nat_least=3", {"p50": 1.5, "max": 9.0}, {"p50": 2, "max": 9}, None),
        ):
            with self.subTest(text):
                (rule,) = rules_of(f"[[alert]]\nname='x'\n{text}")
                trial = trial_of(rule, levels)
                self.assertEqual({trial.level(other): other.threshold for other in trial.others}, thresholds)
                self.assertEqual([other.recover for other in trial.others], recoveries or [None] * len(thresholds))
                self.assertEqual(trial.level(rule), "")

    def test_one_that_is_kept_firing(self) -> None:
        for text, seconds in (
            ("window = 60", 300),
            ("window = 900", 900),
            ("keep_firing = 120", 300),
            ("keep_firing = 300", None),
        ):
            with self.subTest(text):
                kept = trial_of(rules_of(f"[[alert]]\nname='x'\nmeasure='count'\nabove=1\n{text}")[0]).kept
                self.assertEqual(None if kept is None else kept.keep_firing, seconds)

    def test_each_variant_does_what_a_rule_of_its_own_would(self) -> None:
        rng = Random(5)
        rules = rules_of(RULES)
        fired = set()
        for number in range(4 * SCALE):
            log = random_log(rng, lines_max=150)
            together = alerts_of(log, BacktestCalculator(list(map(trial_of, rules))))
            for rule in rules:
                trial = trial_of(rule)
                for variant in filter(None, (rule, *trial.others, trial.kept)):
                    alone = alerts_of(log, RuleCalculator([replace(variant, inhibited_by=())], causes=False))
                    with self.subTest(number=number, variant=variant.name):
                        own = [alert for alert in together if alert.name == variant.name and not told_later(alert)]
                        self.assertEqual(list(map(numbers, own)), list(map(numbers, alone)))
                    fired.update(alert.name for alert in alone if alert.state == "firing")
        self.assertGreater(len(fired), 20)

    def test_the_built_in_alert_as_a_rule_tells_the_same(self) -> None:
        rng = Random(6)
        for number in range(30):
            log = random_log(rng, lines_max=200)
            window, threshold = rng.choice((1, 2, 5, 30)), rng.choice((0.2, 0.5, 1, 2))
            with self.subTest(number=number):
                built_in = alerts_of(log, HighTrafficCalculator(window, threshold))
                as_rule = alerts_of(log, RuleCalculator(built_in_rules(window, threshold), causes=False))
                self.assertEqual(list(map(numbers, built_in)), list(map(numbers, (a for a in as_rule if a.state != "pending"))))

    def test_mutes_and_inhibition_hold_variants_too(self) -> None:
        rules = rules_of(
            "[[alert]]\nname='many'\nmeasure='count'\nwindow=1\nabove=1\n"
            "[[alert]]\nname='more'\nmeasure='count'\nwindow=1\nabove=2\ninhibited_by=['many']"
        )
        mutes = read_mutes(parse_config(b"[[mute]]\nalerts=['many']", "m").tables("mute"), zone_named("UTC"), ["many"])
        alerts = alerts_of(csv_line(START) * 10, BacktestCalculator(list(map(trial_of, rules)), mutes))
        self.assertEqual({alert.suppressed for alert in alerts if alert.name.startswith("many")}, {"muted: mute"})
        self.assertEqual({alert.suppressed for alert in alerts if alert.name.startswith("more")}, {"inhibited by many"})
        self.assertGreater(len(alerts), 10)

    def test_too_many_groups_are_told_of_the_rule_only(self) -> None:
        rules = rules_of("[[alert]]\nname='each'\nmeasure='count'\nby=['source']\nabove=1")
        log = b"".join(csv_line(START, source=b"10.0.%d.%d" % divmod(n, 250)) * 9 for n in range(1200))
        notices = [
            event.text
            for event in events_of(log, BacktestCalculator(list(map(trial_of, rules))))
            if isinstance(event, Notice) and not event.verbose
        ]
        self.assertEqual(len(notices), 1)
        self.assertTrue(notices[0].startswith("alert each: more than 1,000 groups"))


def transition(state: str, time: int, started: int, held: str = "", group: bytes = b"a") -> Alert:
    return Alert("x", state, time, 1.0, 1.0, 60, started, 1.0, (("source", group),), suppressed=held)


class Seconds(unittest.TestCase):
    """What a rule tells at seconds at which nothing but the rule itself has a reason to look, so that no other may hide it."""

    def told(self, text: str, log: bytes) -> list[tuple[str, int]]:
        rules = rules_of(f"[[alert]]\nname='x'\n{text}")
        return [
            (alert.state, alert.time - START) for alert in alerts_of(log, RuleCalculator(rules)) if alert.state != "pending"
        ]

    def test_a_group_that_leaves_when_the_first_window_is_full(self) -> None:
        log = csv_line(START) * 5 + csv_line(START + 50)
        self.assertEqual(self.told("measure='count'\nby=['section']\nwindow=5\nabove=4", log), [("firing", 0), ("resolved", 5)])

    def test_a_bucket_that_has_leaked_to_exactly_its_capacity(self) -> None:
        log = csv_line(START) * 4 + csv_line(START + 50, source=b"10.0.0.2")
        text = "measure='leaky_bucket'\nby=['source']\ncapacity=2\nleak=3\nkeep_firing=0"
        self.assertEqual(self.told(text, log), [("firing", 0), ("resolved", 6)])

    def test_a_spike_that_is_there_when_both_windows_are_full(self) -> None:
        log = csv_line(START) + csv_line(START + 5) * 9 + csv_line(START + 50)
        self.assertEqual(self.told("measure='spike'\nwindow=5\nabove=2", log)[:1], [("firing", 9)])


class Records(unittest.TestCase):
    def record(self, *alerts: Alert, window: int = 60) -> Record:
        record = Record(Count(name="x", measure="count", threshold=1, window=window))
        for alert in alerts:
            record.take(alert)
        return record

    def test_firings_pages_and_times(self) -> None:
        record = self.record(
            transition("pending", 5, 5),
            transition("firing", 10, 10),
            transition("resolved", 40, 10),
            transition("firing", 1000, 1000, group=b"b"),
            transition("resolved", 1010, 1000, group=b"b"),
        )
        record.end(2000)
        self.assertEqual((record.fired, record.pages, record.seconds, record.longest, record.flaps), (2, 2, 40, 30, 0))
        self.assertEqual(len(record.groups), 2)

    def test_a_flap_begins_soon_behind_the_end_of_the_last_firing_of_its_group(self) -> None:
        for later, group, window, flaps in ((300, b"a", 60, 1), (301, b"a", 60, 0), (301, b"a", 400, 1), (1, b"b", 60, 0)):
            with self.subTest(later=later, group=group, window=window):
                again = transition("firing", 40 + later, 40 + later, group=group)
                record = self.record(transition("firing", 10, 10), transition("resolved", 40, 10), again, window=window)
                self.assertEqual(record.flaps, flaps)

    def test_what_was_held_is_a_page_only_if_it_was_told_in_the_end(self) -> None:
        for alerts, pages, held in (
            ((transition("firing", 10, 10, "dry run"), transition("resolved", 20, 10, "dry run")), 0, {"dry run": 1}),
            ((transition("firing", 10, 10, "muted"), transition("firing", 60, 10), transition("resolved", 70, 10)), 1, {}),
            ((transition("firing", 10, 10, "muted"),), 0, {"muted": 1}),
            ((transition("firing", 10, 10),), 1, {}),
        ):
            with self.subTest(alerts=alerts):
                record = self.record(*alerts)
                record.end(99)
                self.assertEqual((record.fired, record.pages, dict(record.suppressed)), (1, pages, held))

    def test_what_fires_at_the_end_has_fired_until_then(self) -> None:
        record = self.record(transition("firing", 10, 10))
        record.end(19)
        self.assertEqual((record.seconds, record.longest, len(record.firing)), (10, 10, 1))


class Suggestions(unittest.TestCase):
    def test_all(self) -> None:
        for fired, flaps, others, kept, expected in (
            (41, 0, {5: 60, 15: 20, 18: 3, 30: 0}, 41, "above 18.00 hits/s would have fired 3 times instead of 41"),
            (41, 0, {12: 20, 15: 18}, 41, "above 12.00 hits/s would have fired 20 times instead of 41"),
            (41, 0, {12: 39, 30: 0}, 41, ""),
            (41, 30, {18: 3}, 5, "keep_firing = 300 would have fired 5 times instead of 41"),
            (41, 30, {18: 3}, 40, "above 18.00 hits/s would have fired 3 times instead of 41"),
            (3, 0, {18: 1}, 1, ""),
            (0, 0, {5: 2, 7: 1, 18: 0}, 0, "above 7.00 hits/s would have fired 1 time"),
            (0, 0, {5: 0, 18: 0}, 0, ""),
        ):
            with self.subTest(expected, fired=fired):
                rule = Rate(name="x", measure="rate", threshold=10)
                records = [Record(rule), *(Record(replace(rule, threshold=other)) for other in others), Record(rule)]
                for record, count in zip(records, (fired, *others.values(), kept)):
                    record.fired = count
                records[0].flaps = flaps
                records[-1].rule = replace(rule, keep_firing=300)
                self.assertEqual(suggestion(records[0], records[1:-1], records[-1]), expected)

    def test_of_a_rule_that_looks_for_little(self) -> None:
        rule = Rate(name="x", measure="rate", comparison="below", threshold=10)
        records = [Record(replace(rule, threshold=threshold)) for threshold in (10, 5, 20)]
        for record, fired in zip(records, (8, 2, 20)):
            record.fired = fired
        self.assertEqual(suggestion(records[0], records[1:], None), "below 5.00 hits/s would have fired 2 times instead of 8")


if __name__ == "__main__":
    unittest.main()
