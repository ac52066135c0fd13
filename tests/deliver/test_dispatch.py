"""What is due when: grouping, reminders, retries, what overtakes what, and what a crash leaves."""

from __future__ import annotations

from collections import defaultdict
import copy
from random import Random
import time
import unittest
from unittest import mock

from LogsMonitor2000.deliver.dispatch import Dispatch
from LogsMonitor2000.deliver.message import Message, fingerprint_of
from LogsMonitor2000.deliver.outbox import Changes, GroupRecord, Outbox, Record
from LogsMonitor2000.deliver.timing import Timing
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
        self.saves = 0

    def load(self) -> tuple[list[Record], list[GroupRecord]]:
        return copy.deepcopy(list(self.records.values())), copy.deepcopy(list(self.groups.values()))

    def save(self, changes: Changes) -> None:
        self.saves += 1
        self.records |= copy.deepcopy(changes.records)
        self.groups |= copy.deepcopy(changes.groups)
        for fingerprint in changes.forgotten:
            self.records.pop(fingerprint, None)
        for name in changes.forgotten_groups:
            self.groups.pop(name, None)


def add(to: Dispatch, alert: Alert, now: float, late: float = 0) -> bool:
    return to.add(alert, now, alert.time + late)


def sent(by: Dispatch, now: float) -> Message | None:
    """The message that is due, which the receiver takes."""
    message = by.take(now)
    if message is not None:
        by.sent(message, now)
    return message


class Sending(unittest.TestCase):
    def test_a_firing_is_sent_at_once_and_its_end_too(self) -> None:
        queue = dispatch()
        self.assertIsNone(queue.due)
        alert = firing()
        self.assertTrue(add(queue, alert, 100))
        self.assertEqual((queue.due, queue.waiting), (100, 1))
        first = sent(queue, 100)
        self.assertEqual(states(first), ["errors firing"])
        self.assertTrue(add(queue, resolved(alert, NOW + 60), 160))
        second = sent(queue, 160)
        self.assertEqual(states(second), ["errors resolved"])
        assert first is not None and second is not None
        fingerprint = fingerprint_of(alert)
        self.assertEqual((first.id, first.status), (f"{fingerprint}-{NOW}-firing", "firing"))
        self.assertEqual((second.id, second.status), (f"{fingerprint}-{NOW}-resolved", "resolved"))
        self.assertEqual((queue.due, queue.waiting, queue.counts), (None, 0, {("sent", ""): 2}))

    def test_the_end_of_what_was_not_sent_is_not_sent(self) -> None:
        queue = dispatch()
        add(queue, resolved(firing(), NOW + 60), 100)
        self.assertIsNone(queue.due)
        self.assertEqual(queue.counts, {("dropped", "resolved, and its firing was not sent"): 1})

    def test_a_transition_that_is_sent_again_is_not_sent_again(self) -> None:
        queue = dispatch()
        alert = firing()
        for now in (100, 101):
            add(queue, alert, now)
            sent(queue, now)
        self.assertFalse(add(queue, alert, 102))
        self.assertEqual(queue.counts, {("sent", ""): 1})

    def test_held_alerts_are_not_sent_and_their_end_is_the_end(self) -> None:
        queue = dispatch(repeat=10)
        alert = firing()
        self.assertFalse(add(queue, alert._replace(suppressed="muted: night"), 100))
        self.assertIsNone(queue.due)
        add(queue, alert, 101)
        sent(queue, 101)
        add(queue, resolved(alert, NOW + 9)._replace(suppressed="muted: night"), 102)
        self.assertIsNone(queue.due, "a reminder of what is over")
        self.assertEqual(queue.counts["dropped", "suppressed"], 2)

    def test_a_held_firing_changes_nothing_about_what_was_sent(self) -> None:
        queue = dispatch()
        add(queue, firing(), 100)
        sent(queue, 100)
        add(queue, firing(time=NOW + 9)._replace(suppressed="muted: night"), 109)
        add(queue, resolved(firing(), NOW + 20), 120)
        self.assertEqual(states(sent(queue, 120)), ["errors resolved"])

    def test_the_end_of_a_firing_that_was_too_old_does_not_end_the_one_before_once_more(self) -> None:
        queue = dispatch(wait=0, max_age=600)
        add(queue, firing(), 100)
        message = queue.take(100)
        assert message is not None
        queue.retry(message, 100, "HTTP 503")
        for alert in (resolved(firing(), NOW + 1), firing(time=NOW + 2), resolved(firing(time=NOW + 2), NOW + 3)):
            add(queue, alert, 101, late=1000)
        last = sent(queue, 200)
        assert last is not None
        self.assertEqual([(each.alert.started, each.alert.time) for each in last.items], [(NOW, NOW + 1)])

    def test_what_is_kept_of_a_log_is_bounded(self) -> None:
        queue = dispatch()
        add(queue, firing(section=b"x" * 10**6, lines=(b"y" * 10**6,) * 9), 100)
        self.assertLess(len(repr(sent(queue, 100))), 7000)

    def test_old_alerts_are_not_sent_unless_they_end_what_was(self) -> None:
        queue = dispatch(max_age=600)
        alert = firing()
        self.assertFalse(add(queue, alert, 100, late=601))
        add(queue, alert, 100, late=600)
        sent(queue, 100)
        self.assertFalse(add(queue, firing(time=NOW + 50), 150, late=9999))
        self.assertTrue(add(queue, resolved(alert, NOW + 60), 160, late=9999))
        self.assertEqual(states(sent(queue, 160)), ["errors resolved"])
        self.assertEqual(queue.counts["dropped", "too old"], 2)
        self.assertTrue(add(dispatch(max_age=0), alert, 100, late=10**9))

    def test_without_resolved_only_firings_are_sent(self) -> None:
        queue = dispatch(resolved=False, repeat=10)
        alert = firing()
        add(queue, alert, 100)
        add(queue, resolved(alert, NOW + 1), 101)
        self.assertEqual(states(sent(queue, 102)), ["errors firing"], "that it is over is no reason not to tell")
        self.assertIsNone(queue.due)
        add(queue, firing(time=NOW + 9), 109)
        sent(queue, 109)
        add(queue, resolved(firing(time=NOW + 9), NOW + 10), 110)
        self.assertIsNone(queue.due)

    def test_there_is_a_bound_on_what_is_kept_in_mind(self) -> None:
        queue = dispatch()
        with mock.patch("LogsMonitor2000.deliver.dispatch.DELIVERY_ALERTS_MAX", 3):
            for number in range(5):
                add(queue, firing(section=b"/%d" % number), 100)
            add(queue, resolved(firing(section=b"/1"), NOW + 1), 100)
        self.assertEqual(queue.waiting, 3)
        self.assertEqual(queue.counts["dropped", "too many alerts"], 2)


class Grouping(unittest.TestCase):
    def test_alerts_of_one_group_wait_for_each_other(self) -> None:
        queue = dispatch(group_by=("alertname",), wait=30, interval=300)
        add(queue, firing(section=b"/a"), 100)
        add(queue, firing(section=b"/b"), 110)
        add(queue, firing("slow"), 120)
        self.assertIsNone(queue.take(129))
        first = sent(queue, 130)
        self.assertEqual(states(first), ["errors/a firing", "errors/b firing"])
        assert first is not None
        self.assertEqual((first.labels, first.group), ({"alertname": "errors"}, '{alertname="errors"}'))
        self.assertEqual(queue.due, 150)
        self.assertEqual(states(sent(queue, 150)), ["slow firing"])

    def test_what_changes_in_a_group_waits_for_the_interval_but_its_end_does_not(self) -> None:
        queue = dispatch(group_by=("alertname",), interval=300)
        one, two = firing(section=b"/a"), firing(section=b"/b")
        add(queue, one, 100)
        sent(queue, 100)
        add(queue, two, 150)
        self.assertEqual(queue.due, 400)
        self.assertEqual(states(sent(queue, 400)), ["errors/b firing", "errors/a firing"], "what is new comes first")
        add(queue, resolved(one, NOW + 350), 450)
        self.assertEqual(queue.due, 700)
        add(queue, resolved(two, NOW + 351), 451)
        self.assertEqual(queue.due, 450)
        self.assertEqual(states(sent(queue, 451)), ["errors/b resolved", "errors/a resolved"])
        self.assertIsNone(queue.due)

    def test_what_resolves_before_it_is_due_is_not_sent(self) -> None:
        queue = dispatch(wait=30)
        alert = firing()
        add(queue, alert, 100)
        self.assertFalse(add(queue, resolved(alert, NOW + 10), 110))
        self.assertIsNone(queue.due)
        self.assertEqual(queue.counts, {("dropped", "resolved before it was due"): 1})

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
                queue = dispatch(group_by=group_by)
                for alert in alerts:
                    add(queue, alert, 100)
                messages = []
                while (message := sent(queue, 100)) is not None:
                    messages.append(message)
                self.assertEqual(len(messages), groups)
                self.assertEqual(sum(len(message.items) for message in messages), 3)

    def test_an_alert_stays_in_its_group_when_its_severity_changes(self) -> None:
        queue = dispatch(group_by=("severity",))
        add(queue, firing(), 100)
        sent(queue, 100)
        add(queue, resolved(firing(severity="critical"), NOW + 5), 105)
        self.assertEqual(states(sent(queue, 105)), ["errors resolved"])
        self.assertIsNone(queue.due)


class Room(unittest.TestCase):
    """More alerts than a message shows."""

    def test_new_alerts_come_first_and_the_others_are_counted(self) -> None:
        queue = dispatch(room=20, interval=300)
        for number in range(120):
            add(queue, firing(time=NOW + number, section=b"/%03d" % number), 100)
        first = sent(queue, 100)
        assert first is not None
        self.assertEqual(states(first), [f"errors/{number:03d} firing" for number in range(119, 99, -1)])
        self.assertEqual((first.size, first.omission), (120, "and 100 more firing"))
        add(queue, firing(time=NOW + 200, section=b"/late"), 200)
        second = sent(queue, 400)
        assert second is not None
        self.assertEqual(states(second)[:2], ["errors/late firing", "errors/099 firing"])

    def test_an_alert_counts_as_sent_once_a_message_has_shown_it(self) -> None:
        queue = dispatch(room=10, interval=300, repeat=0)
        alerts = [firing(time=NOW + number, section=b"/%02d" % number) for number in range(35)]
        for alert in alerts:
            add(queue, alert, 100)
        shown, ids = [], []
        while queue.due is not None:
            message = sent(queue, queue.due)
            assert message is not None
            shown += [item.alert.group for item in message.items if item.alert.time < NOW + 100]
            ids.append(message.id)
        self.assertEqual(len(ids), 4)
        self.assertEqual(len(set(ids)), 4)
        self.assertEqual({alert.group for alert in alerts}, set(shown))
        self.assertEqual(queue.waiting, 0)

    def test_what_no_message_has_shown_needs_no_end(self) -> None:
        queue = dispatch(room=1, interval=300)
        one, two = firing(time=NOW, section=b"/a"), firing(time=NOW + 1, section=b"/b")
        for alert in (one, two):
            add(queue, alert, 100)
        self.assertEqual(states(sent(queue, 100)), ["errors/b firing"])
        add(queue, resolved(one, NOW + 50), 150)
        self.assertEqual(queue.counts["dropped", "resolved before it was due"], 1)
        add(queue, resolved(two, NOW + 60), 160)
        self.assertEqual(states(sent(queue, 160)), ["errors/b resolved"])
        self.assertIsNone(queue.due)

    def test_what_is_left_over_at_the_end_comes_at_the_pace_of_the_interval(self) -> None:
        outbox = Remembering()
        queue = dispatch(outbox=outbox, room=2, interval=0)
        alerts = [firing(section=b"/%d" % number) for number in range(5)]
        for alert in alerts:
            add(queue, alert, 100)
        while queue.waiting:
            sent(queue, 100)
        queue = dispatch(outbox=outbox, room=2, interval=300)
        queue.restore(150)
        for alert in alerts:
            add(queue, resolved(alert, NOW + 9), 200)
        moments = []
        while queue.due is not None:
            moments.append(queue.due)
            message = sent(queue, queue.due)
            assert message is not None
            self.assertEqual(message.status, "resolved")
        self.assertEqual(moments, [200, 500, 800])

    def test_the_next_run_shows_what_this_one_had_no_room_for(self) -> None:
        outbox = Remembering()
        killed = dispatch(outbox=outbox, room=2, interval=300)
        for number in range(3):
            add(killed, firing(time=NOW + number, section=b"/%d" % number), 100)
        self.assertEqual(states(sent(killed, 100)), ["errors/2 firing", "errors/1 firing"])
        queue = dispatch(outbox=outbox, room=2, interval=300)
        queue.restore(110)
        self.assertEqual(queue.due, 400)
        self.assertEqual(states(sent(queue, 400))[0], "errors/0 firing")


class Reminding(unittest.TestCase):
    def test_what_goes_on_firing_is_sent_again(self) -> None:
        queue = dispatch(repeat=1000)
        alert = firing()
        add(queue, alert, 100)
        messages = [sent(queue, now) for now in (100, 1099, 1100, 2100)]
        self.assertEqual(
            [states(message) for message in messages], [["errors firing"], [], ["errors firing"], ["errors firing"]]
        )
        ids = [message.id for message in messages if message]
        self.assertEqual([each.removeprefix(ids[0]) for each in ids], ["", "-1", "-2"])
        add(queue, resolved(alert, NOW + 9), 2200)
        self.assertEqual(states(sent(queue, 2200)), ["errors resolved"])
        self.assertIsNone(queue.due)

    def test_reminders_never_have_the_id_of_an_earlier_one(self) -> None:
        queue = dispatch(repeat=1000, interval=0)
        one, two = firing(section=b"/a"), firing(section=b"/b")
        add(queue, one, 100)
        ids = [getattr(sent(queue, now), "id", None) for now in (100, 1100)]
        add(queue, two, 1200)
        ids.append(getattr(sent(queue, 1200), "id", None))
        add(queue, resolved(two, NOW + 9), 1300)
        ids += [getattr(sent(queue, now), "id", None) for now in (1300, 2300)]
        self.assertNotIn(None, ids)
        self.assertEqual(len(set(ids)), 5)

    def test_none_if_they_are_off(self) -> None:
        queue = dispatch(repeat=0)
        add(queue, firing(), 100)
        sent(queue, 100)
        self.assertIsNone(queue.due)

    def test_the_end_is_sent_again_for_a_while_where_that_is_wanted(self) -> None:
        queue = dispatch(group_by=(), interval=0, repeat=60, resolved_again=300)
        alert = firing()
        add(queue, alert, 100)
        sent(queue, 100)
        add(queue, resolved(alert, NOW + 9), 110)
        moments = []
        while (due := queue.due) is not None:
            if states(sent(queue, due)) == ["errors resolved"]:
                moments.append(due)
        self.assertEqual(moments, [110, 170, 230, 290, 350])

    def test_news_comes_before_what_is_sent_again(self) -> None:
        queue = dispatch(group_by=(), interval=0, repeat=60, resolved_again=300)
        alert = firing()
        add(queue, alert, 100)
        sent(queue, 100)
        add(queue, resolved(alert, NOW + 9), 110)
        sent(queue, 110)
        again = firing(time=NOW + 20)
        add(queue, again, 120)
        self.assertEqual(states(sent(queue, 120)), ["errors firing"])
        self.assertEqual(states(sent(queue, 500)), ["errors firing"])


class Trouble(unittest.TestCase):
    def test_retries_wait_with_jitter_and_as_long_as_they_are_sent(self) -> None:
        queue = dispatch(seed=3)
        add(queue, firing(), 100)
        now, pauses = 100.0, []
        for _ in range(12):
            message = queue.take(now)
            assert message is not None
            queue.retry(message, now, "HTTP 503")
            due = queue.due
            assert due is not None
            pauses.append(due - now)
            now = due
        for failures, pause in enumerate(pauses):
            self.assertLessEqual(pause, min(60, 2**failures))
        self.assertGreater(max(pauses), 10)
        message = queue.take(now)
        assert message is not None
        queue.retry(message, now, "HTTP 429", 1000)
        self.assertEqual(queue.due, now + 1000)
        self.assertIsNone(queue.take(now + 999))
        sent(queue, now + 1000)
        add(queue, firing("slow"), now + 1000)
        message = queue.take(now + 1000)
        assert message is not None
        queue.retry(message, now + 1000, "HTTP 503")
        assert queue.due is not None
        self.assertLessEqual(queue.due, now + 1001, "success forgets what was before")
        self.assertEqual(queue.counts["retried", "HTTP 503"], 13)

    def test_what_is_refused_is_over_but_its_end_is_sent(self) -> None:
        queue = dispatch(repeat=0)
        alert = firing()
        add(queue, alert, 100)
        message = queue.take(100)
        assert message is not None
        queue.refused(message, 100, "HTTP 404")
        self.assertIsNone(queue.due)
        add(queue, resolved(alert, NOW + 9), 110)
        self.assertEqual(states(sent(queue, 110)), ["errors resolved"])
        self.assertEqual(queue.counts, {("failed", "HTTP 404"): 1, ("sent", ""): 1})

    def test_a_deadline_ends_the_tries(self) -> None:
        queue = dispatch(deadline=100, repeat=0)
        add(queue, firing(), 100)
        now = 100.0
        while (message := queue.take(now)) is not None:
            queue.retry(message, now, "timed out")
            now = now if queue.due is None else queue.due
        self.assertGreaterEqual(now, 200)
        self.assertEqual(queue.counts["failed", "timed out, until the deadline"], 1)
        self.assertEqual(queue.waiting, 0)

    def test_a_newer_state_takes_the_place_of_one_that_fails(self) -> None:
        queue = dispatch(interval=300)
        alert = firing()
        add(queue, alert, 100)
        message = queue.take(100)
        assert message is not None
        queue.retry(message, 100, "HTTP 503")
        add(queue, resolved(alert, NOW + 9), 100.5)
        last = sent(queue, 200)
        assert last is not None
        self.assertEqual(
            [(item.alert.state, item.alert.started, item.alert.time) for item in last.items], [("resolved", NOW, NOW + 9)]
        )
        self.assertIsNone(queue.due)
        self.assertEqual(queue.counts["coalesced", ""], 1)

    def test_a_receiver_that_is_away_for_days_costs_no_more_than_its_alerts(self) -> None:
        queue = dispatch(wait=30, deadline=10**9)
        add(queue, firing(), 0)
        alert = firing()
        message = queue.take(30)
        assert message is not None
        queue.retry(message, 30, "HTTP 503", 3600)
        for number in range(2000):
            alert = resolved(alert, NOW + number) if alert.state == "firing" else firing(time=NOW + number)
            add(queue, alert, 30 + number)
        self.assertEqual(alert.state, "firing")
        self.assertEqual(queue.due, 3630, "what failed does not wait for its group once more")
        last = sent(queue, 3630)
        assert last is not None
        self.assertEqual(last.items[0].alert, alert)
        self.assertEqual(queue.waiting, 0)

    def test_what_happens_while_a_message_is_under_way_is_sent_after_it(self) -> None:
        alert, other = firing(section=b"/a"), firing(section=b"/b", time=NOW + 1)
        for name, happens, then in (
            ("end", [resolved(alert, NOW + 9)], [["errors/a resolved"]]),
            ("end and another", [resolved(alert, NOW + 9), firing(section=b"/a", time=NOW + 10)], [["errors/a firing"]]),
            ("another alert", [other], [["errors/b firing", "errors/a firing"]]),
            ("held end", [resolved(alert, NOW + 9)._replace(suppressed="dry run")], []),
        ):
            for outcome in ("sent", "refused", "retry"):
                with self.subTest(happens=name, outcome=outcome):
                    queue = dispatch(interval=50, repeat=0)
                    add(queue, alert, 100)
                    message = queue.take(100)
                    assert message is not None
                    for each in happens:
                        add(queue, each, 101)
                    if outcome == "sent":
                        queue.sent(message, 102)
                    elif outcome == "refused":
                        queue.refused(message, 102, "HTTP 400")
                    else:
                        queue.retry(message, 102, "HTTP 500")
                    after = []
                    while queue.due is not None:
                        after.append(states(sent(queue, queue.due)))
                    self.assertEqual(after, then)
                    self.assertEqual(queue.waiting, 0)

    def test_one_that_always_fails_does_not_hold_up_the_others(self) -> None:
        queue = dispatch()
        add(queue, firing("poison"), 100)
        for number in range(3):
            add(queue, firing(f"good{number}"), 101)
        now, good = 101.0, []
        for _ in range(7):
            message = queue.take(now)
            assert message is not None
            if message.names == "poison":
                queue.retry(message, now, "HTTP 500")
            else:
                queue.sent(message, now)
                good.append(message.names)
            now = queue.due or now
        self.assertEqual(good, ["good0", "good1", "good2"])

    def test_the_end_of_the_run_makes_news_due_and_asks_once_more(self) -> None:
        queue = dispatch(wait=30, repeat=10, seed=3)
        one = firing("one")
        add(queue, one, 0)
        self.assertIsNotNone(sent(queue, 30))
        add(queue, firing("two"), 35)
        queue.end(36)
        self.assertEqual(states(sent(queue, 36)), ["two firing"])
        self.assertIsNone(queue.due, "reminders are not for the end")
        for after, due in ((None, 100), (50, 150)):
            with self.subTest(after=after):
                queue = dispatch(seed=3)
                add(queue, firing(), 100)
                for _ in range(9):
                    message = queue.take(10_000)
                    assert message is not None
                    queue.retry(message, 100, "HTTP 503", after)
                queue.end(100)
                assert queue.due is not None
                self.assertGreaterEqual(queue.due, due)
                self.assertEqual(queue.take(100) is not None, after is None)


class Restarting(unittest.TestCase):
    def test_what_was_not_sent_is_sent_by_the_next_run(self) -> None:
        outbox = Remembering()
        alert = firing()
        add(dispatch(outbox=outbox, wait=30), alert, 100)
        queue = dispatch(outbox=outbox, wait=30)
        queue.restore(110)
        self.assertEqual(queue.due, 130)
        self.assertEqual(states(sent(queue, 130)), ["errors firing"])

    def test_what_was_under_way_is_sent_again_with_the_same_id(self) -> None:
        outbox = Remembering()
        killed = dispatch(outbox=outbox)
        add(killed, firing(), 100)
        lost = killed.take(100)
        queue = dispatch(outbox=outbox)
        queue.restore(110)
        again = sent(queue, 110)
        assert lost is not None and again is not None
        self.assertEqual(again.id, lost.id)

    def test_its_end_is_sent_even_if_it_resolved_before_it_was_due_again(self) -> None:
        outbox = Remembering()
        killed = dispatch(outbox=outbox, wait=30)
        add(killed, firing(), 100)
        killed.take(130)
        queue = dispatch(outbox=outbox, wait=30)
        queue.restore(50)  # the clock was set back
        add(queue, resolved(firing(), NOW + 9), 51)
        self.assertEqual(states(sent(queue, 51)), ["errors resolved"])

    def test_intervals_and_reminders_go_on(self) -> None:
        outbox = Remembering()
        killed = dispatch(outbox=outbox, interval=300, repeat=1000)
        add(killed, firing(section=b"/a"), 100)
        sent(killed, 100)
        self.assertIsNotNone(sent(killed, 1100))
        queue = dispatch(outbox=outbox, interval=300, repeat=1000)
        queue.restore(1200)
        self.assertEqual(queue.due, 2100)
        add(queue, firing(section=b"/b"), 1201)
        self.assertEqual(queue.due, 1400)
        sent(queue, 1400)
        reminder = sent(queue, 2400)
        assert reminder is not None
        self.assertEqual(reminder.repeats, 2)

    def test_what_no_rule_knows_of_any_more_is_sent_to_be_over(self) -> None:
        outbox = Remembering()
        killed = dispatch(outbox=outbox, interval=0)
        for name in ("kept", "gone"):
            add(killed, firing(name), NOW)
            sent(killed, NOW)
        killed_early = dispatch(outbox=outbox, wait=60)
        killed_early.restore(NOW)
        add(killed_early, firing("never sent"), NOW)
        queue = dispatch(outbox=outbox, interval=0, wait=60)
        queue.restore(NOW + 50)
        queue.reconcile([firing("kept")], NOW + 50)
        last = sent(queue, NOW + 50)
        self.assertEqual(states(last), ["gone resolved"])
        assert last is not None
        self.assertEqual(last.items[0].alert.time, NOW + 50)
        self.assertIsNone(queue.take(NOW + 100))
        self.assertEqual(queue.counts["dropped", "no rule knows it any more"], 1)

    def test_a_restart_with_very_many_alerts_takes_time_in_proportion_and_few_transactions(self) -> None:
        outbox = Remembering()
        count = 9_998
        alerts = [firing(section=b"/%d" % number) for number in range(count)]
        for alert in alerts:
            record = Record(fingerprint_of(alert), alert, sent="firing", is_pending=False)
            outbox.records[record.fingerprint] = record
        for group_by in (("alertname",), None):
            with self.subTest(group_by=group_by):
                queue = dispatch(outbox=outbox, group_by=group_by)
                outbox.saves, begun = 0, time.process_time()
                queue.restore(NOW)
                queue.reconcile(alerts[count // 2 :], NOW)
                add(queue, firing("new"), NOW)
                self.assertEqual(outbox.saves, 2, "one for all that ended, one for the new alert")
                self.assertEqual(queue.waiting, count // 2 + 1)
                self.assertLess(time.process_time() - begun, 20, "about 0.3 s on a quiet machine")
                for alert in alerts[: count // 2]:
                    outbox.records[fingerprint_of(alert)] = Record(fingerprint_of(alert), alert, "firing", False)

    def test_a_long_group_is_recognised_after_a_restart(self) -> None:
        outbox = Remembering()
        alert = firing(section=b"/" + b"x" * 5000)
        killed = dispatch(outbox=outbox)
        add(killed, alert, 100)
        sent(killed, 100)
        queue = dispatch(outbox=outbox)
        queue.restore(110)
        queue.reconcile([alert], 110)
        self.assertEqual(queue.waiting, 0)

    def test_what_cannot_be_read_yet_is_restored_later(self) -> None:
        outbox = Remembering()
        killed = dispatch(outbox=outbox)
        for section in (b"/a", b"/b"):
            add(killed, firing(section=section), 100)
        queue = dispatch(outbox=outbox)
        with mock.patch.object(outbox, "load", return_value=None):
            self.assertFalse(queue.restore(110))
        add(queue, resolved(firing(section=b"/b"), NOW + 1), 120)
        again = firing(time=NOW + 2, section=b"/a")
        add(queue, again, 120)
        self.assertTrue(queue.restore(130))
        message = sent(queue, 130)
        assert message is not None
        self.assertIn(again, [item.alert for item in message.items])


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
        self.queue = self.start()
        self.now = 1000.0
        self.is_over = False
        self.true: dict[str, Alert] = {}  # how each alert is now
        self.known: dict[str, list[Alert]] = defaultdict(list)  # what the receiver was sent
        self.tried: set[str] = set()  # fingerprints of which a firing was

    def start(self) -> Dispatch:
        return dispatch(self.timing, self.outbox, self.rng.randrange(10**6), room=self.rng.choice((1, 2, 10**9)))

    def run(self) -> None:
        for _ in range(self.rng.randrange(80)):
            self.rng.choice((self.transition, self.transition, self.wait, self.work, self.work, self.restart))()
        quiet, self.is_over = self.now + 1000, True
        while (due := self.queue.due) is not None and due <= quiet:
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
        self.queue.add(alert, self.now, self.now)

    def wait(self) -> None:
        self.now += self.rng.choice((0.3, 1, 3, 20, 100))

    def work(self) -> None:
        outcome = self.rng.choice(("sent", "sent", "retry", "refused"))
        for _ in range(self.rng.randrange(4)):
            self.attempt(outcome)

    def restart(self) -> None:
        if self.rng.random() < 0.3:
            self.attempt("killed")
        self.queue = self.start()
        self.queue.restore(self.now)

    def attempt(self, outcome: str) -> None:
        message = self.queue.take(self.now)
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
            self.queue.sent(message, self.now)
        elif outcome == "refused":
            self.queue.refused(message, self.now, "HTTP 400")
        elif outcome == "retry":
            self.queue.retry(message, self.now, "HTTP 503", self.rng.choice((None, None, 40)))

    def check(self) -> None:
        for fingerprint, alert in self.true.items():
            known = self.known[fingerprint]
            moments = [(each.started, each.state == "resolved") for each in known]
            assert moments == sorted(moments), moments
            if alert.state == "firing" or fingerprint in self.tried:
                assert known and known[-1] == alert or self.was_dropped_as_too_early(known, alert), (known, alert)
        assert self.queue.waiting == 0
        if all(alert.state == "resolved" for alert in self.true.values()):
            assert self.queue.due is None and not self.outbox.records and not self.outbox.groups

    def was_dropped_as_too_early(self, known: list[Alert], alert: Alert) -> bool:
        """It came and went again before its group was due, after the receiver knew that the one before was over."""
        return alert.state == "resolved" and (not known or known[-1].state == "resolved")


if __name__ == "__main__":
    unittest.main()
