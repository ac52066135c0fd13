"""A delivery never holds up its caller, ends in time, and says what it did; and several of them end at the same time."""

from __future__ import annotations

from collections.abc import Sequence
import io
import threading
import time
from typing import Any
import unittest

from LogsMonitor2000.deliver.channels.base import Channel, Refused, Retry
from LogsMonitor2000.deliver.delivery import Delivery
from LogsMonitor2000.deliver.message import Message
from LogsMonitor2000.deliver.outbox import Outbox
from LogsMonitor2000.event import Alert, Notice, Summary
from LogsMonitor2000.testing import ManualClock

from ..running import wait_until
from .making import NOW, dispatch, firing, resolved, states


class Scripted(Channel):
    """Raises the next of `answers`, where that is an exception; takes what comes after the last one."""

    def __init__(self, *answers: Exception | None) -> None:
        self.answers = list(answers)
        self.taken: list[Message] = []
        self.timeouts: list[float] = []
        self.closed = 0

    def send(self, message: Message, timeout: float) -> None:
        self.timeouts.append(timeout)
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        self.taken.append(message)

    def close(self) -> None:
        self.closed += 1


class Hanging(Channel):
    """Takes nothing until it is closed."""

    def __init__(self) -> None:
        self.is_asked, self.is_closed = threading.Event(), threading.Event()

    def send(self, message: Message, timeout: float) -> None:
        self.is_asked.set()
        self.is_closed.wait(20)
        raise Refused("killed by signal 9")

    def close(self) -> None:
        self.is_closed.set()


class ByHand(unittest.TestCase):
    """Without a thread."""

    def delivery(self, channel: Channel, **more: Any) -> Delivery:
        self.clock, self.errors = ManualClock(NOW), more.pop("errors", None) or io.StringIO()
        timing = {key: more.pop(key) for key in list(more) if key in ("wait", "interval", "repeat", "deadline")}
        return Delivery(
            dispatch(**timing, outbox=more.pop("outbox", None)), channel, self.errors, clock=self.clock, threaded=False, **more
        )

    def work(self, delivery: Delivery, seconds: int = 1) -> None:
        for _ in range(seconds):
            while delivery.step():
                pass
            delivery.progress(0, 0, 0)
            self.clock.advance(1)

    def test_what_is_not_to_be_sent_is_not(self) -> None:
        channel = Scripted()
        delivery = self.delivery(channel, is_wanted=lambda alert: alert.severity == "critical")
        for event in (firing(), Notice("x"), firing(severity="critical")._replace(state="pending")):
            delivery.notify(event)
        delivery.notify(firing("b", severity="critical"))
        self.work(delivery)
        self.assertEqual([states(message) for message in channel.taken], [["b firing"]])

    def test_trouble_is_sent_when_it_changes(self) -> None:
        channel = Scripted(*[Retry("HTTP 503")] * 3, Retry("timed out"), None, Refused("HTTP 404", "no \x1b such"))
        delivery = self.delivery(channel)
        delivery.notify(firing())
        self.work(delivery, 60)
        delivery.notify(firing("b", time=int(self.clock.now())))
        self.work(delivery)
        self.assertEqual(
            self.errors.getvalue().splitlines(),
            [
                "test: failing: HTTP 503 (retrying)",
                "test: failing: timed out (retrying)",
                "test: working again",
                "test: failing: HTTP 404 (no \\x1b such)",
            ],
        )
        delivery.close()
        last = self.errors.getvalue().splitlines()[-1]
        self.assertEqual(last, "test: 1 sent, 4 retried (HTTP 503 3 times, timed out once), 1 failed (HTTP 404)")

    def test_a_line_of_progress_is_erased(self) -> None:
        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        delivery = self.delivery(Scripted(Retry("timed out")), errors=Terminal())
        delivery.notify(firing())
        self.work(delivery)
        self.assertEqual(self.errors.getvalue(), "\r\x1b[Ktest: failing: timed out (retrying)\n")

    def test_an_unexpected_exception_is_reported_without_its_text(self) -> None:
        delivery = self.delivery(Scripted(ValueError("the password is s3cr3t")))
        delivery.notify(firing())
        self.work(delivery)
        self.assertEqual(self.errors.getvalue(), "test: failing: failed with ValueError\n")
        self.assertEqual(delivery.counts, {("failed", "failed with ValueError"): 1})

    def test_nothing_to_do_is_nothing_to_say(self) -> None:
        channel = Scripted()
        delivery = self.delivery(channel)
        delivery.progress(1, 2, 3)
        delivery.notify(Summary())
        delivery.close()
        delivery.close()
        self.assertEqual((self.errors.getvalue(), channel.closed), ("", 1))

    def test_the_end_says_what_was_not_sent(self) -> None:
        for keeps, words in ((False, "1 lost, as the run ended"), (True, "1 kept for the next run")):
            with self.subTest(keeps=keeps):
                outbox = Outbox()
                outbox.keeps = keeps
                delivery = self.delivery(Scripted(Retry("timed out")), outbox=outbox)
                old = firing("old", time=NOW - 9999)
                for alert in (firing(), old, resolved(old, NOW - 9000)):
                    delivery.notify(alert)
                self.work(delivery)
                delivery.close()
                self.assertEqual(
                    self.errors.getvalue().splitlines()[-1],
                    "test: 1 retried (timed out), 2 alerts not sent (too old once,"
                    f" resolved, and its firing was not sent once), {words}",
                )

    def test_an_attempt_at_the_end_has_no_more_time_than_is_left(self) -> None:
        channel = Scripted(Retry("timed out"))
        delivery = self.delivery(channel, timeout=10, flush=3, wait=60)
        delivery.notify(firing())
        self.assertFalse(delivery.step())
        delivery.notify(Summary())
        self.work(delivery, 2)
        self.assertEqual(channel.timeouts, [3, 2])
        self.assertEqual(len(channel.taken), 1)

    def test_what_no_rule_knows_of_is_asked_once_the_first_events_are_sent(self) -> None:
        asked = []

        def now_firing() -> list[Alert]:
            asked.append(True)
            return []

        channel = Scripted()
        delivery = self.delivery(channel, firing=now_firing)
        delivery.notify(firing())
        delivery.step()
        self.assertEqual(asked, [])
        self.work(delivery, 2)
        self.assertEqual(len(asked), 1)
        self.assertEqual([states(message) for message in channel.taken], [["errors firing"], ["errors resolved"]])


class WithItsThread(unittest.TestCase):
    def delivery(self, channel: Channel, timing: dict[str, Any] | None = None, **more: Any) -> Delivery:
        delivery = Delivery(dispatch(max_age=0, **(timing or {})), channel, io.StringIO(), **more)
        self.addCleanup(delivery.close)
        return delivery

    def test_it_starts_with_the_first_alert_that_is_to_be_sent(self) -> None:
        channel = Scripted()
        delivery = self.delivery(channel)
        delivery.progress(0, 0, 0)
        delivery.notify(firing()._replace(suppressed="dry run"))
        self.assertIsNone(delivery.thread)
        delivery.notify(firing())
        self.assertTrue(wait_until(lambda: len(channel.taken) == 1))
        delivery.notify(resolved(firing(), NOW + 1))
        self.assertTrue(wait_until(lambda: len(channel.taken) == 2))
        delivery.close()
        assert delivery.thread is not None
        self.assertFalse(delivery.thread.is_alive())

    def test_what_is_due_later_is_sent_later(self) -> None:
        channel = Scripted(Retry("HTTP 503", 0.05))
        delivery = self.delivery(channel, {"wait": 0.05})
        start = time.monotonic()
        delivery.notify(firing())
        self.assertTrue(wait_until(lambda: len(channel.taken) == 1))
        self.assertGreaterEqual(time.monotonic() - start, 0.1)
        self.assertEqual(delivery.counts, {("retried", "HTTP 503"): 1, ("sent", ""): 1})

    def test_a_receiver_that_hangs_holds_up_no_one(self) -> None:
        channel = Hanging()
        delivery = self.delivery(channel, flush=0.1)
        delivery.notify(firing())
        self.assertTrue(channel.is_asked.wait(20))
        start = time.monotonic()
        for number in range(1000):
            delivery.notify(firing(f"alert{number}"))
            delivery.progress(0, 0, 0)
        self.assertLess(time.monotonic() - start, 1)
        start = time.monotonic()
        delivery.close()
        self.assertLess(time.monotonic() - start, 1)
        assert delivery.thread is not None
        delivery.thread.join(20)
        self.assertEqual(delivery.counts["failed", "killed by signal 9"], 0, "what was cut short is still to be sent")

    def test_all_of_them_end_at_the_same_time(self) -> None:
        deliveries = [self.delivery(Hanging(), flush=0.2) for _ in range(4)]
        for delivery in deliveries:
            delivery.notify(firing())
        start = time.monotonic()
        close_like_a_monitor(deliveries)
        self.assertLess(time.monotonic() - start, 1)

    def test_what_waits_is_sent_at_the_end(self) -> None:
        channel = Scripted(Retry("HTTP 503"))
        delivery = self.delivery(channel, {"wait": 1000}, flush=5)
        delivery.notify(firing())
        start = time.monotonic()
        close_like_a_monitor([delivery])
        self.assertEqual(len(channel.taken), 1)
        self.assertLess(time.monotonic() - start, 3)

    def test_a_receiver_that_asks_for_more_time_than_there_is_ends_it_at_once(self) -> None:
        channel = Scripted(Retry("HTTP 429", 1000))
        delivery = self.delivery(channel, flush=5)
        delivery.notify(firing())
        self.assertTrue(wait_until(lambda: delivery.counts["retried", "HTTP 429"] == 1))
        start = time.monotonic()
        close_like_a_monitor([delivery])
        self.assertLess(time.monotonic() - start, 2)


def close_like_a_monitor(deliveries: Sequence[Delivery]) -> None:
    for delivery in deliveries:
        delivery.notify(Summary())
    for delivery in deliveries:
        delivery.close()


if __name__ == "__main__":
    unittest.main()
