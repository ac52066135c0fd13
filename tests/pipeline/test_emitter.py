"""Who is notified of what, and what becomes of an action that raises."""

from __future__ import annotations

from typing import NamedTuple
import unittest

from LogsMonitor2000.action.base import Action, Run, Status
from LogsMonitor2000.analyze.bucket import Bucket
from LogsMonitor2000.event import Alert, BucketClosed, Event, Notice, Stats, Summary
from LogsMonitor2000.limits import ACTION_FAILURES_MAX
from LogsMonitor2000.pipeline.emitter import Emitter
from LogsMonitor2000.source.statistics import ReadStatistics
from LogsMonitor2000.testing import Collecting

STATS = Stats(0, 10, 1, 1, [], [], {})
ALERT = Alert("high_traffic", "firing", 0, 20.0, 10.0, 120, 0, 20.0)
CLOSED = BucketClosed(Bucket(0, 5))


class Own(NamedTuple):
    """An event of another author's calculator."""

    text: str

    @property
    def order(self) -> tuple[int, int]:
        return 1, 1


class Standing:
    """A run that has not begun."""

    actions: tuple[Action, ...] = ()

    def status(self) -> Status:
        return Status(Summary(), ReadStatistics(), (), ())


class Failing(Collecting):
    """Raises at the calls that `at` names, in `notify` only for events that `fails` picks."""

    def __init__(self, *at: str, essential: bool = False, every: int = 1) -> None:
        super().__init__()
        self.essential = essential
        self.calls: list[str] = []
        self._at = at
        self._every = every

    def _fail(self, what: str) -> None:
        self.calls.append(what)
        if what in self._at and self.calls.count(what) % self._every == 0:
            raise RuntimeError(f"in {what}")

    def start(self, run: Run) -> None:
        self._fail("start")

    def notify(self, event: Event) -> None:
        self._fail("notify")
        super().notify(event)

    def progress(self, read: int, total: int, lines: int) -> None:
        self._fail("progress")

    def close(self) -> None:
        super().close()
        self._fail("close")


class Output(Failing):
    """Essential, as what writes the output is."""

    def __init__(self, *at: str) -> None:
        super().__init__(*at, essential=True)

    @property
    def said(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Notice)]


def run(actions: list[Action], events: list[Event], progress: int = 0) -> None:
    with Emitter(actions) as emitter:
        emitter.start(Standing())
        for event in events:
            emitter.emit(event)
        for _ in range(progress):
            emitter.progress(0, 0, 0)


class Wanting(unittest.TestCase):
    def test_an_action_is_notified_of_the_types_it_wants(self) -> None:
        events: list[Event] = [STATS, ALERT, CLOSED, Own("x"), Notice("y")]
        for wants, expected in (
            (None, [STATS, ALERT, Own("x"), Notice("y")]),
            (frozenset({Alert}), [ALERT]),
            (frozenset({BucketClosed, Own}), [CLOSED, Own("x")]),
            (frozenset(), []),
        ):
            seen = Collecting()
            seen.wants = wants
            run([seen], events)
            with self.subTest(wants=wants):
                self.assertEqual(seen.events, expected)


class Raising(unittest.TestCase):
    def test_one_that_always_raises_is_reported_and_switched_off(self) -> None:
        failing, seen, output = Failing("notify"), Collecting(), Output()
        events: list[Event] = [STATS] * (ACTION_FAILURES_MAX + 10)
        run([failing, seen, output], events)
        self.assertEqual(failing.calls.count("notify"), ACTION_FAILURES_MAX)
        self.assertEqual([event for event in seen.events if event == STATS], events, "the others lose nothing")
        problem = "action Failing: notify failed: RuntimeError: in notify"
        switched_off = f"{problem}; switched off after {ACTION_FAILURES_MAX} failures in a row"
        total = f"action Failing: failed {ACTION_FAILURES_MAX} times"
        self.assertEqual(output.said, [f"{problem}; the run continues", switched_off, total])
        self.assertTrue(failing.closed, "it is closed all the same")

    def test_one_that_raises_now_and_then_stays(self) -> None:
        failing, output = Failing("notify", every=2), Output()
        run([failing, output], [STATS] * 40)
        self.assertEqual((failing.calls.count("notify"), len(failing.events)), (40, 20))
        self.assertEqual(output.said[1:], ["action Failing: failed 20 times"])

    def test_success_at_one_thing_does_not_hide_failure_at_another(self) -> None:
        failing, output = Failing("progress"), Output()
        with Emitter([failing, output]) as emitter:
            for _ in range(10):
                emitter.emit(STATS)
                emitter.progress(0, 0, 0)
        self.assertEqual(failing.calls.count("progress"), ACTION_FAILURES_MAX)
        self.assertIn("switched off", output.said[1])

    def test_one_that_raises_at_start_or_close(self) -> None:
        for at in ("start", "close"):
            failing, seen, output = Failing(at), Collecting(), Output()
            run([failing, seen, output], [STATS])
            with self.subTest(at=at):
                self.assertTrue(output.said[0].startswith(f"action Failing: {at} failed: RuntimeError: in {at}"), output.said)
                self.assertEqual(len(output.said), 1)
                self.assertTrue(seen.closed and output.closed)
                self.assertIn(STATS, failing.events)

    def test_two_that_raise_do_not_report_each_other_for_ever(self) -> None:
        one, two, output = Failing("notify"), Failing("notify"), Output()
        run([one, two, output], [STATS] * 20)
        self.assertEqual(len(output.said), 6, output.said)

    def test_what_is_essential_ends_the_run_and_everything_is_closed(self) -> None:
        for at in ("start", "notify", "progress", "close"):
            seen, output, failing = Collecting(), Output(at), Failing("close")
            with self.subTest(at=at), self.assertRaisesRegex(RuntimeError, f"in {at}"):
                run([failing, output, seen], [STATS], progress=1)
            self.assertTrue(seen.closed and output.closed and failing.closed)

    def test_an_interruption_is_no_failure(self) -> None:
        class Interrupting(Action):
            def notify(self, event: Event) -> None:
                raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            run([Interrupting()], [STATS])

    def test_an_action_is_called_by_its_name_where_it_has_one(self) -> None:
        failing, output = Failing("notify"), Output()
        failing.name = "pager"  # type: ignore[attr-defined]
        run([failing, output], [STATS])
        self.assertTrue(output.said[0].startswith("action pager: "), output.said)


if __name__ == "__main__":
    unittest.main()
