"""What is due when: grouping, reminders, retries, what overtakes what, and what a crash leaves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
import copy
from random import Random
import unittest
from unittest import mock

from LogsMonitor2000.deliver.dispatch import Dispatch, Timing
from LogsMonitor2000.deliver.message import Message, fingerprint_of
from LogsMonitor2000.deliver.outbox import GroupRecord, Outbox, Record
from LogsMonitor2000.event import Alert

from ..support import SCALE
from .making import NOW, dispatch, firing, resolved, states


class Remembering(Outbox):
    """As one on disk, without one."""

    keeps = True

    def __init__(self) -> None:
        super().__init__()
        self.records: dict[str, Record] = {}
        self.groups: dict[str, GroupRecord] = {}

    def load(self) -> tuple[list[Record], list[GroupRecord]]:
        return copy.deepcopy(list(self.records.values())), copy.deepcopy(list(self.groups.values()))

    def save(
        self,
        records: Iterable[Record] = (),
        forgotten: Iterable[str] = (),
        group: GroupRecord | None = None,
        forgotten_group: str | None = None,
    ) -> None:
        self.records.update({record.fingerprint: copy.deepcopy(record) for record in records})
        for fingerprint in forgotten:
            del self.records[fingerprint]
        if group is not None:
            self.groups[group.name] = group
        if forgotten_group is not None:
            self.groups.pop(forgotten_group, None)


def add(to: Dispatch, alert: Alert, now: float, late: float = 0) -> bool:
    return to.add(alert, now, alert.time + late)


def sent(by: Dispatch, now: float) -> Message | None:
    """The message that is due, which the receiver takes."""
    message = by.take(now)
    if message is not None:
        by.sent(message, now)
    return message


class Telling(unittest.TestCase):
    def test_a_firing_is_told_at_once_and_its_end_too(self) -> None:
        told = dispatch()
        self.assertIsNone(told.due)
        alert = firing()
        self.assertTrue(add(told, alert, 100))
        self.assertEqual((told.due, told.waiting), (100, 1))
        first = sent(told, 100)
        self.assertEqual(states(first), ["errors firing"])
        self.assertTrue(add(told, resolved(alert, NOW + 60), 160))
        second = sent(told, 160)
        self.assertEqual(states(second), ["errors resolved"])
        assert first is not None and second is not None
        fingerprint = fingerprint_of(alert)
        self.assertEqual((first.id, first.status), (f"{fingerprint}-{NOW}-firing", "firing"))
        self.assertEqual((second.id, second.status), (f"{fingerprint}-{NOW}-resolved", "resolved"))
        self.assertEqual((told.due, told.waiting, told.counts), (None, 0, {("sent", ""): 2}))

    def test_the_end_of_what_was_not_told_is_not_told(self) -> None:
        told = dispatch()
        add(told, resolved(firing(), NOW + 60), 100)
        self.assertIsNone(told.due)
        self.assertEqual(told.counts, {("dropped", "resolved, and its firing was not sent"): 1})

    def test_a_transition_that_is_told_again_is_not_sent_again(self) -> None:
        told = dispatch()
        alert = firing()
        for now in (100, 101):
            add(told, alert, now)
            sent(told, now)
        self.assertFalse(add(told, alert, 102))
        self.assertEqual(told.counts, {("sent", ""): 1})

    def test_held_alerts_are_not_sent_and_their_end_is_the_end(self) -> None:
        told = dispatch(repeat=10)
        alert = firing()
        self.assertFalse(add(told, alert._replace(suppressed="muted: night"), 100))
        self.assertIsNone(told.due)
        add(told, alert, 101)
        sent(told, 101)
        add(told, resolved(alert, NOW + 9)._replace(suppressed="muted: night"), 102)
        self.assertIsNone(told.due, "a reminder of what is over")
        self.assertEqual(told.counts["dropped", "held"], 2)

    def test_a_held_firing_changes_nothing_about_what_was_told(self) -> None:
        told = dispatch()
        add(told, firing(), 100)
        sent(told, 100)
        add(told, firing(time=NOW + 9)._replace(suppressed="muted: night"), 109)
        add(told, resolved(firing(), NOW + 20), 120)
        self.assertEqual(states(sent(told, 120)), ["errors resolved"])

    def test_the_end_of_a_firing_that_was_too_old_does_not_end_the_one_before_once_more(self) -> None:
        told = dispatch(wait=0, max_age=600)
        add(told, firing(), 100)
        message = told.take(100)
        assert message is not None
        told.retry(message, 100, "HTTP 503")
        for alert in (resolved(firing(), NOW + 1), firing(time=NOW + 2), resolved(firing(time=NOW + 2), NOW + 3)):
            add(told, alert, 101, late=1000)
        last = sent(told, 200)
        assert last is not None
        self.assertEqual([(each.alert.started, each.alert.time) for each in last.items], [(NOW, NOW + 1)])

    def test_what_is_kept_of_a_log_is_bounded(self) -> None:
        told = dispatch()
        add(told, firing(section=b"x" * 10**6, lines=(b"y" * 10**6,) * 9), 100)
        self.assertLess(len(repr(sent(told, 100))), 7000)

    def test_old_alerts_are_not_sent_unless_they_end_what_was(self) -> None:
        told = dispatch(max_age=600)
        alert = firing()
        self.assertFalse(add(told, alert, 100, late=601))
        add(told, alert, 100, late=600)
        sent(told, 100)
        self.assertFalse(add(told, firing(time=NOW + 50), 150, late=9999))
        self.assertTrue(add(told, resolved(alert, NOW + 60), 160, late=9999))
        self.assertEqual(states(sent(told, 160)), ["errors resolved"])
        self.assertEqual(told.counts["dropped", "too old"], 2)
        self.assertTrue(add(dispatch(max_age=0), alert, 100, late=10**9))

    def test_without_resolved_only_firings_are_told(self) -> None:
        told = dispatch(resolved=False, repeat=10)
        alert = firing()
        add(told, alert, 100)
        add(told, resolved(alert, NOW + 1), 101)
        self.assertEqual(states(sent(told, 102)), ["errors firing"], "that it is over is no reason not to tell")
        self.assertIsNone(told.due)
        add(told, firing(time=NOW + 9), 109)
        sent(told, 109)
        add(told, resolved(firing(time=NOW + 9), NOW + 10), 110)
        self.assertIsNone(told.due)

    def test_there_is_a_bound_on_what_is_kept_in_mind(self) -> None:
        told = dispatch()
        with mock.patch("LogsMonitor2000.deliver.dispatch.DELIVERY_ALERTS_MAX", 3):
            for number in range(5):
                add(told, firing(section=b"/%d" % number), 100)
            add(told, resolved(firing(section=b"/1"), NOW + 1), 100)
        self.assertEqual(told.waiting, 3)
        self.assertEqual(told.counts["dropped", "too many alerts"], 2)


class Grouping(unittest.TestCase):
    def test_alerts_of_one_group_wait_for_each_other(self) -> None:
        told = dispatch(group_by=("alertname",), wait=30, interval=300)
        add(told, firing(section=b"/a"), 100)
        add(told, firing(section=b"/b"), 110)
        add(told, firing("slow"), 120)
        self.assertIsNone(told.take(129))
        first = sent(told, 130)
        self.assertEqual(states(first), ["errors/a firing", "errors/b firing"])
        assert first is not None
        self.assertEqual((first.labels, first.group), ({"alertname": "errors"}, '{alertname="errors"}'))
        self.assertEqual(told.due, 150)
        self.assertEqual(states(sent(told, 150)), ["slow firing"])

    def test_what_changes_in_a_group_waits_for_the_interval_but_its_end_does_not(self) -> None:
        told = dispatch(group_by=("alertname",), interval=300)
        one, two = firing(section=b"/a"), firing(section=b"/b")
        add(told, one, 100)
        sent(told, 100)
        add(told, two, 150)
        self.assertEqual(told.due, 400)
        self.assertEqual(states(sent(told, 400)), ["errors/a firing", "errors/b firing"])
        add(told, resolved(one, NOW + 350), 450)
        self.assertEqual(told.due, 700)
        add(told, resolved(two, NOW + 351), 451)
        self.assertEqual(told.due, 450)
        self.assertEqual(states(sent(told, 451)), ["errors/a resolved", "errors/b resolved"])
        self.assertIsNone(told.due)

    def test_what_resolves_before_it_is_due_is_not_told(self) -> None:
        told = dispatch(wait=30)
        alert = firing()
        add(told, alert, 100)
        self.assertFalse(add(told, resolved(alert, NOW + 10), 110))
        self.assertIsNone(told.due)
        self.assertEqual(told.counts, {("dropped", "resolved before it was due"): 1})

    def test_groups_by_any_labels_by_none_and_each_alone(self) -> None:
        alerts = [firing(section=b"/a"), firing(section=b"/b"), firing("slow", severity="critical")]
        for group_by, groups in (
            (("alertname",), 2),
            (("severity",), 2),
            (("section",), 3),
            (("alertname", "section"), 3),
            ((), 1),
            (None, 3),
        ):
            with self.subTest(group_by=group_by):
                told = dispatch(group_by=group_by)
                for alert in alerts:
                    add(told, alert, 100)
                messages = []
                while (message := sent(told, 100)) is not None:
                    messages.append(message)
                self.assertEqual(len(messages), groups)
                self.assertEqual(sum(len(message.items) for message in messages), 3)

    def test_an_alert_stays_in_its_group_when_its_severity_changes(self) -> None:
        told = dispatch(group_by=("severity",))
        add(told, firing(), 100)
        sent(told, 100)
        add(told, resolved(firing(severity="critical"), NOW + 5), 105)
        self.assertEqual(states(sent(told, 105)), ["errors resolved"])
        self.assertIsNone(told.due)


class Reminding(unittest.TestCase):
    def test_what_goes_on_firing_is_told_again(self) -> None:
        told = dispatch(repeat=1000)
        alert = firing()
        add(told, alert, 100)
        messages = [sent(told, now) for now in (100, 1099, 1100, 2100)]
        self.assertEqual(
            [states(message) for message in messages], [["errors firing"], [], ["errors firing"], ["errors firing"]]
        )
        ids = [message.id for message in messages if message]
        self.assertEqual([each.removeprefix(ids[0]) for each in ids], ["", "-1", "-2"])
        add(told, resolved(alert, NOW + 9), 2200)
        self.assertEqual(states(sent(told, 2200)), ["errors resolved"])
        self.assertIsNone(told.due)

    def test_reminders_never_have_the_id_of_an_earlier_one(self) -> None:
        told = dispatch(repeat=1000, interval=0)
        one, two = firing(section=b"/a"), firing(section=b"/b")
        add(told, one, 100)
        ids = [getattr(sent(told, now), "id", None) for now in (100, 1100)]
        add(told, two, 1200)
        ids.append(getattr(sent(told, 1200), "id", None))
        add(told, resolved(two, NOW + 9), 1300)
        ids += [getattr(sent(told, now), "id", None) for now in (1300, 2300)]
        self.assertNotIn(None, ids)
        self.assertEqual(len(set(ids)), 5)

    def test_none_if_they_are_off(self) -> None:
        told = dispatch(repeat=0)
        add(told, firing(), 100)
        sent(told, 100)
        self.assertIsNone(told.due)

    def test_the_end_is_told_again_for_a_while_where_that_is_wanted(self) -> None:
        told = dispatch(group_by=(), interval=0, repeat=60, resolved_again=300)
        alert = firing()
        add(told, alert, 100)
        sent(told, 100)
        add(told, resolved(alert, NOW + 9), 110)
        moments = []
        while (due := told.due) is not None:
            if states(sent(told, due)) == ["errors resolved"]:
                moments.append(due)
        self.assertEqual(moments, [110, 170, 230, 290, 350])

    def test_news_comes_before_what_is_told_again(self) -> None:
        told = dispatch(group_by=(), interval=0, repeat=60, resolved_again=300)
        alert = firing()
        add(told, alert, 100)
        sent(told, 100)
        add(told, resolved(alert, NOW + 9), 110)
        sent(told, 110)
        again = firing(time=NOW + 20)
        add(told, again, 120)
        self.assertEqual(states(sent(told, 120)), ["errors firing"])
        self.assertEqual(states(sent(told, 500)), ["errors firing"])


class Trouble(unittest.TestCase):
    def test_retries_wait_with_jitter_and_as_long_as_they_are_told(self) -> None:
        told = dispatch(seed=3)
        add(told, firing(), 100)
        now, pauses = 100.0, []
        for _ in range(12):
            message = told.take(now)
            assert message is not None
            told.retry(message, now, "HTTP 503")
            due = told.due
            assert due is not None
            pauses.append(due - now)
            now = due
        for failures, pause in enumerate(pauses):
            self.assertLessEqual(pause, min(60, 2**failures))
        self.assertGreater(max(pauses), 10)
        message = told.take(now)
        assert message is not None
        told.retry(message, now, "HTTP 429", 1000)
        self.assertEqual(told.due, now + 1000)
        self.assertIsNone(told.take(now + 999))
        sent(told, now + 1000)
        add(told, firing("slow"), now + 1000)
        message = told.take(now + 1000)
        assert message is not None
        told.retry(message, now + 1000, "HTTP 503")
        assert told.due is not None
        self.assertLessEqual(told.due, now + 1001, "success forgets what was before")
        self.assertEqual(told.counts["retried", "HTTP 503"], 13)

    def test_what_is_refused_is_over_but_its_end_is_told(self) -> None:
        told = dispatch(repeat=0)
        alert = firing()
        add(told, alert, 100)
        message = told.take(100)
        assert message is not None
        told.refused(message, 100, "HTTP 404")
        self.assertIsNone(told.due)
        add(told, resolved(alert, NOW + 9), 110)
        self.assertEqual(states(sent(told, 110)), ["errors resolved"])
        self.assertEqual(told.counts, {("failed", "HTTP 404"): 1, ("sent", ""): 1})

    def test_a_deadline_ends_the_tries(self) -> None:
        told = dispatch(deadline=100, repeat=0)
        add(told, firing(), 100)
        now = 100.0
        while (message := told.take(now)) is not None:
            told.retry(message, now, "timed out")
            now = now if told.due is None else told.due
        self.assertGreaterEqual(now, 200)
        self.assertEqual(told.counts["failed", "timed out, until the deadline"], 1)
        self.assertEqual(told.waiting, 0)

    def test_a_newer_state_takes_the_place_of_one_that_fails(self) -> None:
        told = dispatch(interval=300)
        alert = firing()
        add(told, alert, 100)
        message = told.take(100)
        assert message is not None
        told.retry(message, 100, "HTTP 503")
        add(told, resolved(alert, NOW + 9), 100.5)
        last = sent(told, 200)
        assert last is not None
        self.assertEqual(
            [(item.alert.state, item.alert.started, item.alert.time) for item in last.items], [("resolved", NOW, NOW + 9)]
        )
        self.assertIsNone(told.due)
        self.assertEqual(told.counts["coalesced", ""], 1)

    def test_a_receiver_that_is_away_for_days_costs_no_more_than_its_alerts(self) -> None:
        told = dispatch(wait=30, deadline=10**9)
        add(told, firing(), 0)
        alert = firing()
        message = told.take(30)
        assert message is not None
        told.retry(message, 30, "HTTP 503", 3600)
        for number in range(2000):
            alert = resolved(alert, NOW + number) if alert.state == "firing" else firing(time=NOW + number)
            add(told, alert, 30 + number)
        self.assertLess(len(told._schedule), 200)
        self.assertEqual(alert.state, "firing")
        self.assertEqual(told.due, 3630, "what failed does not wait for its group once more")
        last = sent(told, 3630)
        assert last is not None
        self.assertEqual(last.items[0].alert, alert)
        self.assertEqual(told.waiting, 0)

    def test_what_happens_while_a_message_is_under_way_is_told_after_it(self) -> None:
        alert, other = firing(section=b"/a"), firing(section=b"/b")
        for name, happens, then in (
            ("end", [resolved(alert, NOW + 9)], [["errors/a resolved"]]),
            ("end and another", [resolved(alert, NOW + 9), firing(section=b"/a", time=NOW + 10)], [["errors/a firing"]]),
            ("another alert", [other], [["errors/a firing", "errors/b firing"]]),
            ("held end", [resolved(alert, NOW + 9)._replace(suppressed="dry run")], []),
        ):
            for outcome in ("sent", "refused", "retry"):
                with self.subTest(happens=name, outcome=outcome):
                    told = dispatch(interval=50, repeat=0)
                    add(told, alert, 100)
                    message = told.take(100)
                    assert message is not None
                    for each in happens:
                        add(told, each, 101)
                    if outcome == "sent":
                        told.sent(message, 102)
                    elif outcome == "refused":
                        told.refused(message, 102, "HTTP 400")
                    else:
                        told.retry(message, 102, "HTTP 500")
                    after = []
                    while told.due is not None:
                        after.append(states(sent(told, told.due)))
                    self.assertEqual(after, then)
                    self.assertEqual(told.waiting, 0)

    def test_one_that_always_fails_does_not_hold_up_the_others(self) -> None:
        told = dispatch()
        add(told, firing("poison"), 100)
        for number in range(3):
            add(told, firing(f"good{number}"), 101)
        now, good = 101.0, []
        for _ in range(7):
            message = told.take(now)
            assert message is not None
            if message.names == "poison":
                told.retry(message, now, "HTTP 500")
            else:
                told.sent(message, now)
                good.append(message.names)
            now = told.due or now
        self.assertEqual(good, ["good0", "good1", "good2"])

    def test_the_end_of_the_run_makes_news_due_and_asks_once_more(self) -> None:
        told = dispatch(wait=30, repeat=10, seed=3)
        one = firing("one")
        add(told, one, 0)
        self.assertIsNotNone(sent(told, 30))
        add(told, firing("two"), 35)
        told.end(36)
        self.assertEqual(states(sent(told, 36)), ["two firing"])
        self.assertIsNone(told.due, "reminders are not for the end")
        for after, due in ((None, 100), (50, 150)):
            with self.subTest(after=after):
                told = dispatch(seed=3)
                add(told, firing(), 100)
                for _ in range(9):
                    message = told.take(10_000)
                    assert message is not None
                    told.retry(message, 100, "HTTP 503", after)
                told.end(100)
                assert told.due is not None
                self.assertGreaterEqual(told.due, due)
                self.assertEqual(told.take(100) is not None, after is None)


class Restarting(unittest.TestCase):
    def test_what_was_not_told_is_told_by_the_next_run(self) -> None:
        outbox = Remembering()
        alert = firing()
        add(dispatch(outbox=outbox, wait=30), alert, 100)
        told = dispatch(outbox=outbox, wait=30)
        told.restore(110)
        self.assertEqual(told.due, 130)
        self.assertEqual(states(sent(told, 130)), ["errors firing"])

    def test_what_was_under_way_is_told_again_with_the_same_id(self) -> None:
        outbox = Remembering()
        killed = dispatch(outbox=outbox)
        add(killed, firing(), 100)
        lost = killed.take(100)
        told = dispatch(outbox=outbox)
        told.restore(110)
        again = sent(told, 110)
        assert lost is not None and again is not None
        self.assertEqual(again.id, lost.id)

    def test_its_end_is_told_even_if_it_resolved_before_it_was_due_again(self) -> None:
        outbox = Remembering()
        killed = dispatch(outbox=outbox, wait=30)
        add(killed, firing(), 100)
        killed.take(130)
        told = dispatch(outbox=outbox, wait=30)
        told.restore(50)  # the clock was set back
        add(told, resolved(firing(), NOW + 9), 51)
        self.assertEqual(states(sent(told, 51)), ["errors resolved"])

    def test_intervals_and_reminders_go_on(self) -> None:
        outbox = Remembering()
        killed = dispatch(outbox=outbox, interval=300, repeat=1000)
        add(killed, firing(section=b"/a"), 100)
        sent(killed, 100)
        self.assertIsNotNone(sent(killed, 1100))
        told = dispatch(outbox=outbox, interval=300, repeat=1000)
        told.restore(1200)
        self.assertEqual(told.due, 2100)
        add(told, firing(section=b"/b"), 1201)
        self.assertEqual(told.due, 1400)
        sent(told, 1400)
        reminder = sent(told, 2400)
        assert reminder is not None
        self.assertEqual(reminder.repeats, 2)

    def test_what_no_rule_knows_of_any_more_is_told_to_be_over(self) -> None:
        outbox = Remembering()
        killed = dispatch(outbox=outbox, interval=0)
        for name in ("kept", "gone"):
            add(killed, firing(name), NOW)
            sent(killed, NOW)
        killed_early = dispatch(outbox=outbox, wait=60)
        killed_early.restore(NOW)
        add(killed_early, firing("never told"), NOW)
        told = dispatch(outbox=outbox, interval=0, wait=60)
        told.restore(NOW + 50)
        told.reconcile(lambda alert: alert.name == "kept", NOW + 50)
        last = sent(told, NOW + 50)
        self.assertEqual(states(last), ["gone resolved"])
        assert last is not None
        self.assertEqual(last.items[0].alert.time, NOW + 50)
        self.assertIsNone(told.take(NOW + 100))
        self.assertEqual(told.counts["dropped", "no rule knows of it any more"], 1)


class AtRandom(unittest.TestCase):
    def test_whatever_happens_the_receiver_knows_in_the_end(self) -> None:
        for seed in range(60 * SCALE):
            with self.subTest(seed=seed):
                History(seed).run()


class History:
    """Alerts come and go, the receiver works, fails and refuses, the monitor is killed; what was received is compared."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        rng = self.rng
        repeat = rng.choice((0, 200))
        self.timing = Timing(
            group_by=rng.choice((("alertname",), ("section",), (), None)),
            wait=rng.choice((0, 0, 10)),
            interval=rng.choice((0, 30)),
            repeat=repeat,
            deadline=10**9,
            resolved_again=rng.choice((0, 100)) if repeat else 0,
        )
        self.outbox = Remembering()
        self.told = self.start()
        self.now = 1000.0
        self.is_over = False
        self.true: dict[str, Alert] = {}  # how each alert is now
        self.known: dict[str, list[Alert]] = defaultdict(list)  # what the receiver was told
        self.tried: set[str] = set()  # fingerprints of which a firing was

    def start(self) -> Dispatch:
        return dispatch(self.timing, self.outbox, self.rng.randrange(10**6))

    def run(self) -> None:
        for _ in range(self.rng.randrange(80)):
            self.rng.choice((self.transition, self.transition, self.wait, self.work, self.work, self.restart))()
        quiet, self.is_over = self.now + 1000, True
        while (due := self.told.due) is not None and due <= quiet:
            self.now = max(self.now, due)
            self.attempt("sent")
        self.check()

    def transition(self) -> None:
        name, section = self.rng.choice((("errors", b"/a"), ("errors", b"/b"), ("slow", b"/a"), ("slow", b"")))
        alert = firing(name, int(self.now), section)
        before = self.true.get(fingerprint_of(alert))
        if before is not None and before.state == "firing":
            alert = resolved(before, int(self.now))
        elif before is not None and before.started == alert.started:
            return
        self.true[fingerprint_of(alert)] = alert
        self.told.add(alert, self.now, self.now)

    def wait(self) -> None:
        self.now += self.rng.choice((0.3, 1, 3, 20, 100))

    def work(self) -> None:
        outcome = self.rng.choice(("sent", "sent", "retry", "refused"))
        for _ in range(self.rng.randrange(4)):
            self.attempt(outcome)

    def restart(self) -> None:
        if self.rng.random() < 0.3:
            self.attempt("killed")
        self.told = self.start()
        self.told.restore(self.now)

    def attempt(self, outcome: str) -> None:
        message = self.told.take(self.now)
        if message is None:
            return
        taken_by = outcome in ("sent", "refused") or self.rng.random() < 0.5  # an answer may get lost
        for item in message.items:
            if item.is_firing:
                self.tried.add(item.fingerprint)
            if taken_by:
                self.known[item.fingerprint].append(item.alert)
        if self.rng.random() < 0.2 and not self.is_over:
            self.transition()
        if outcome == "sent":
            self.told.sent(message, self.now)
        elif outcome == "refused":
            self.told.refused(message, self.now, "HTTP 400")
        elif outcome == "retry":
            self.told.retry(message, self.now, "HTTP 503", self.rng.choice((None, None, 40)))

    def check(self) -> None:
        for fingerprint, alert in self.true.items():
            known = self.known[fingerprint]
            moments = [(each.started, each.state == "resolved") for each in known]
            assert moments == sorted(moments), moments
            if alert.state == "firing" or fingerprint in self.tried:
                assert known and known[-1] == alert or self.was_dropped_as_too_early(known, alert), (known, alert)
        assert self.told.waiting == 0
        if all(alert.state == "resolved" for alert in self.true.values()):
            assert self.told.due is None and not self.outbox.records and not self.outbox.groups

    def was_dropped_as_too_early(self, known: list[Alert], alert: Alert) -> bool:
        """It came and went again before its group was due, after the receiver knew that the one before was over."""
        return alert.state == "resolved" and (not known or known[-1].state == "resolved")


if __name__ == "__main__":
    unittest.main()
