"""However the bytes come, whoever digests them, and whenever it is restarted: the same alerts."""

from __future__ import annotations

from collections.abc import Sequence
import json
from random import Random
from typing import Any
import unittest

from LogsMonitor2000.alert.calculator import RuleCalculator
from LogsMonitor2000.analyze.processor import AnalyticsProcessor
from LogsMonitor2000.event import Alert, Event
from LogsMonitor2000.parse.choose import Choice
from LogsMonitor2000.pipeline.monitor import Monitor
from LogsMonitor2000.pipeline.parallel import ParallelInput
from LogsMonitor2000.pipeline.recogniser import Recogniser
from LogsMonitor2000.pipeline.wiring import open_log
from LogsMonitor2000.source.file import FileSource
from LogsMonitor2000.testing import Collecting, ManualClock, ManualWaiter

from ..logs import NOW, START
from ..pipeline.test_agreement import InlinePool
from ..running import STEP, Feed, chunks_of_bytes
from ..support import FAR_FUTURE, SCALE, TemporaryFiles
from .making import LOG_FORMAT, alerts, calculator, log_line, pieces, random_lines, random_rules, read, rounded, run
from .reference import Hit, Rule, ledger


def alerts_only(events: Sequence[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, Alert)]


class HoweverTheBytesCome(TemporaryFiles):
    def test_several_inputs_in_any_order(self) -> None:
        told = 0
        for seed in range(16 * SCALE):
            rng = Random(seed)
            rules, buffer_time = random_rules(rng), rng.choice((0, 2))
            logs = [random_lines(rng, 50) for _ in range(2)]
            readings = [read(lines, buffer_time) for lines in logs]
            hits = [hit for hits, _ in readings for hit in hits]
            unparsed: dict[int, int] = {}
            for _, malformed in readings:
                for second, count in malformed.items():
                    unparsed[second] = unparsed.get(second, 0) + count
            expected = rounded(ledger(rules, hits, unparsed))
            data = [pieces(rng, b"".join(map(log_line, lines))) for lines in logs]
            with self.subTest(seed=seed, rules=rules), chunks_of_bytes(rng.choice((200, 1000, 1 << 20))):
                events = [run(order, calculator(rules), buffer_time) for order in (data, data[::-1])]
                self.assertEqual(rounded(alerts(events[0])), expected)
                self.assertEqual(alerts_only(events[0]), alerts_only(events[1]), "causes and lines too")
            told += len(expected)
        self.assertGreater(told, 80)

    def test_every_block_size_and_chunks_digested_on_their_own(self) -> None:
        for seed in range(3 * SCALE):
            rng = Random(seed)
            lines, rules = random_lines(rng, 40), random_rules(rng, 5)
            path = self.path(content=b"".join(map(log_line, lines)))
            expected = self.read_file(path, rules, 1 << 17)
            self.assertEqual(rounded(alerts(expected)), rounded(ledger(rules, *read(lines, 2))))
            for size in (1, 2, 3, 60, 100, 333):
                with self.subTest(seed=seed, block_bytes=size):
                    self.assertEqual(self.read_file(path, rules, size), expected)
            for size in (90, 250, 1000):
                with self.subTest(seed=seed, chunk_bytes=size), chunks_of_bytes(size):
                    processor = AnalyticsProcessor([calculator(rules)], 2)
                    pool = InlinePool(2, 2)
                    source = ParallelInput(path, Recogniser(processor, Choice(LOG_FORMAT)), pool)
                    self.assertEqual(alerts_only(events_of(processor, source)), alerts_only(expected))

    def read_file(self, path: str, rules: Sequence[Rule], block_bytes: int) -> list[Event]:
        processor = AnalyticsProcessor([calculator(rules)], 2)
        source = open_log(FileSource(path, block_bytes=block_bytes), processor, log_format=LOG_FORMAT)
        return alerts_only(events_of(processor, source))


def events_of(processor: AnalyticsProcessor, source: Any) -> list[Event]:
    waiter = ManualWaiter([])
    try:
        return list(Monitor([source], processor, clock=ManualClock(NOW), skew_max=FAR_FUTURE, waiter=waiter).events())
    finally:
        waiter.close()


def follow(lines: Sequence[Any], rules: Sequence[Rule], rng: Random, silence: float) -> list[Event]:
    """Follow a log that grows by some lines at each look, then is silent for so many seconds."""
    clock = ManualClock(NOW)
    feed, seen = Feed("feed"), Collecting()
    processor = AnalyticsProcessor([calculator(rules)], 2)
    pending = [log_line(line) for line in lines]
    quiet = 0.0

    def step() -> None:
        nonlocal quiet
        clock.advance(STEP)
        if pending:
            count = rng.randrange(1, 6)
            feed.push(b"".join(pending[:count]))
            del pending[:count]
            return
        quiet += STEP
        if quiet > silence:
            monitor.stop()

    waiter = ManualWaiter([], at_end=step)
    inputs = [open_log(feed, processor, log_format=LOG_FORMAT)]
    monitor = Monitor(inputs, processor, [seen], follow=True, skew_max=FAR_FUTURE, clock=clock, waiter=waiter)
    try:
        monitor.run()
    finally:
        waiter.close()
    return seen.events


class Following(unittest.TestCase):
    def test_following_and_replaying_tell_the_same(self) -> None:
        for seed in range(12 * SCALE):
            rng = Random(seed)
            lines, rules = random_lines(rng), random_rules(rng)
            replayed = run([[b"".join(map(log_line, lines))]], calculator(rules))
            with self.subTest(seed=seed, rules=rules):
                self.assertEqual(alerts_only(follow(lines, rules, rng, 0)), alerts_only(replayed))

    def test_silence_moves_the_clock(self) -> None:
        """What silence brings is what a log that went on for as long would have brought."""
        for seed in range(10 * SCALE):
            rng = Random(seed)
            lines, rules = random_lines(rng, 60), random_rules(rng)
            hits, unparsed = read(lines, 2)
            last = max(line.second for line in lines if line is not None)
            expected = ledger(rules, hits, unparsed, last + 37)
            with self.subTest(seed=seed, rules=rules):
                told = alerts(follow(lines, rules, rng, 40 + STEP))
                self.assertEqual(rounded(told), rounded(expected))


def lived(logs: Sequence[bytes], rules_of_lives: Sequence[Sequence[Rule]]) -> list[Event]:
    """What the lives of a monitor tell, each of which reads one of `logs` by its rules and leaves a snapshot, as JSON, to the next."""
    events: list[Event] = []
    snapshot: str | None = None
    newest: Any = None
    for number, (log, rules) in enumerate(zip(logs, rules_of_lives, strict=True)):
        processor = AnalyticsProcessor([calculator(rules)], 2)
        if snapshot is not None:
            assert processor.restore(json.loads(snapshot))
        processor_input = open_log(Feed("feed"), processor, log_format=LOG_FORMAT)
        feed = processor_input.source
        assert isinstance(feed, Feed)
        if newest is not None:
            processor_input.restore(newest)
        feed.push(log)
        while (digest := processor_input.digest(FAR_FUTURE, processor.floor)) is not None:
            processor_input.join(digest)
            processor.add(digest)
            if processor_input.newest is not None:
                events += processor.advance(processor_input.newest)
        if number == len(logs) - 1:
            events += processor.finish()
        snapshot, newest = json.dumps(processor.snapshot()), json.loads(json.dumps(processor_input.snapshot()))
    return events


class Restarting(unittest.TestCase):
    maxDiff = None

    def test_a_restart_anywhere_changes_nothing(self) -> None:
        told = 0
        for seed in range(20 * SCALE):
            rng = Random(seed)
            lines, rules = random_lines(rng), random_rules(rng)
            data = list(map(log_line, lines))
            cuts = sorted(rng.randrange(len(data) + 1) for _ in range(rng.choice((1, 2, 5))))
            logs = [b"".join(data[begin:end]) for begin, end in zip([0, *cuts], [*cuts, len(data)])]
            expected = ledger(rules, *read(lines, 2))
            with self.subTest(seed=seed, rules=rules, cuts=cuts):
                events = lived(logs, [rules] * len(logs))
                self.assertEqual(rounded(alerts(events)), rounded(expected))
            told += len(expected)
        self.assertGreater(told, 150)


def steady(counts: dict[int, int]) -> bytes:
    return b"".join(
        log_line(Hit(START + second, "10.0.0.1", "GET", "/a", "200", 1, 0.1))
        for second, count in counts.items()
        for _ in range(count)
    )


class ChangedRules(unittest.TestCase):
    """A restart with rules that are not those of the run before."""

    RULE: Rule = {"name": "r", "measure": "count", "window": 5, "above": 10}

    def told(self, logs: Sequence[dict[int, int]], *rules: Rule) -> list[tuple[str, int, float]]:
        events = lived([steady(log) for log in logs], [[rule] for rule in rules])
        return [(alert.state, alert.time - START, alert.value) for alert in alerts(events)]

    def test_an_alert_goes_on_with_another_threshold(self) -> None:
        before, after = {second: 4 for second in range(10)}, {second: 4 for second in range(10, 20)} | {40: 1}
        fires = ("firing", 2, 12.0)
        for above, expected in (
            (10, [fires, ("resolved", 22, 8.0)]),
            (15, [fires, ("resolved", 21, 12.0)]),
            (50, [fires, ("resolved", 7, 20.0)]),  # the first second that the second life closes
        ):
            with self.subTest(above=above):
                self.assertEqual(self.told([before, after], self.RULE, self.RULE | {"above": above}), expected)

    def test_a_lower_threshold_is_noticed_though_nothing_changes(self) -> None:
        quiet = {second: 1 for second in range(10)}
        told = self.told([quiet, {100: 1}], self.RULE, self.RULE | {"above": 3})
        self.assertEqual(told, [("firing", 7, 5), ("resolved", 11, 3)])

    def test_a_shorter_wait_counts_from_when_it_began(self) -> None:
        log = {second: 4 for second in range(20)}
        told = self.told([log, {100: 1}], self.RULE | {"for": 600}, self.RULE | {"for": 5})
        self.assertEqual(told, [("pending", 2, 12), ("firing", 17, 20), ("resolved", 22, 8)])

    def test_a_longer_window_waits_until_it_is_full(self) -> None:
        below: Rule = {"name": "r", "measure": "count", "window": 5, "below": 2}
        log = {second: 1 for second in range(30)}
        on = {second: 1 for second in range(30, 90)}
        longer = below | {"window": 20, "below": 21}
        # The first life has closed seconds through 26, and held the last 5 of these: 20 are there at 41.
        self.assertEqual(self.told([log, on], below, longer), [("firing", 41, 20)])
        self.assertEqual(self.told([log, on], longer, longer), [("firing", 19, 20)])

    def test_a_new_rule_begins_to_learn(self) -> None:
        old: Rule = {"name": "old", "measure": "count", "window": 5, "above": 10, "by": ["path"]}
        new: Rule = {"name": "new", "measure": "new", "window": 5, "by": ["path"]}
        log = {second: 1 for second in range(30)}
        events = lived([steady(log), steady({second: 1 for second in range(30, 60)})], [[old], [old, new]])
        self.assertEqual(alerts(events), [])

    def test_silence_with_another_limit(self) -> None:
        rule: Rule = {"name": "r", "measure": "silent", "at_least": 5}
        with self.subTest("longer: what fires is over, and fires again"):
            logs = [{0: 1, 20: 1}, {100: 1}]
            longer = rule | {"at_least": 30}
            self.assertEqual(
                self.told(logs, rule, longer),
                [("firing", 5, 5), ("resolved", 18, 18), ("firing", 50, 30), ("resolved", 100, 0)],
            )
        with self.subTest("shorter"):
            self.assertEqual(self.told([{0: 1, 20: 1}, {100: 1}], rule | {"at_least": 50}, rule)[:1], [("firing", 18, 18)])

    def test_what_was_held_is_told_when_the_rule_is_no_dry_run_any_more(self) -> None:
        logs = [{second: 4 for second in range(10)}, {second: 4 for second in range(10, 20)}]
        dry = self.RULE | {"dry_run": True}
        events = alerts(lived([steady(log) for log in logs], [[dry], [self.RULE]]))
        self.assertEqual(
            [(alert.state, alert.time - START, alert.suppressed) for alert in events],
            [("firing", 2, "dry run"), ("firing", 7, "")],
        )

    def test_rules_that_look_at_something_else_start_afresh(self) -> None:
        processor = AnalyticsProcessor([calculator([self.RULE])], 2)
        other = AnalyticsProcessor([calculator([self.RULE | {"where": {"path": "/x"}}])], 2)
        self.assertFalse(other.restore(processor.snapshot()))

    def test_a_snapshot_before_the_first_event(self) -> None:
        self.assertEqual(self.told([{}, {second: 20 for second in range(9)}], self.RULE, self.RULE), [("firing", 0, 20)])


class Made(unittest.TestCase):
    def test_nothing_is_asked_for_by_no_rules(self) -> None:
        engine = RuleCalculator(())
        self.assertEqual((engine.measures, engine.required, engine.advance([], START)), ((), frozenset(), []))


if __name__ == "__main__":
    unittest.main()
