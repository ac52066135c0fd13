"""Log time over several live inputs: what is silence, and what only looks like it because the monitor was not looking."""

from __future__ import annotations

from random import Random
import unittest

from LogsMonitor2000.event import Notice, Stats, Summary
from LogsMonitor2000.limits import HELD_UP_SECONDS
from LogsMonitor2000.pipeline.monitor import Monitor
from LogsMonitor2000.pipeline.wiring import open_log
from LogsMonitor2000.testing import Collecting, ManualClock, ManualWaiter

from ..logs import NOW, csv_line
from ..reference import Options
from ..running import STEP, Feed, processor_for
from ..support import SCALE

OPTIONS = Options(stats_interval=5, window=7, threshold=1.5, buffer_time=2)


class HeldUp(Feed):
    """A feed; `pauses` says how long the process is stopped at which of its reads, while the writers go on."""

    def __init__(self, name: str, world: World, pauses: dict[int, float] | None = None) -> None:
        super().__init__(name)
        self._world = world
        self._pauses = pauses or {}
        self._reads = 0

    def _read_raw(self, size: int) -> bytes | None:
        data = super()._read_raw(size)
        self._reads += 1
        self._world.advance(self._pauses.get(self._reads, 0.0))
        return data


class World:
    """A clock, and writers that append what is due whenever it goes on, the monitor stopped or not."""

    def __init__(self) -> None:
        self.clock = ManualClock(NOW)
        self.feeds: list[Feed] = []
        self.plan: list[tuple[float, int, bytes]] = []

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        while self.plan and self.plan[0][0] <= self.clock.elapsed():
            _, number, data = self.plan.pop(0)
            self.feeds[number].push(data)

    def run(self, until: float) -> tuple[Summary, list[Stats]]:
        processor = processor_for(OPTIONS)
        seen = Collecting()

        def step() -> None:
            self.advance(STEP)
            if self.clock.elapsed() >= until:
                monitor.stop()

        waiter = ManualWaiter([], at_end=step)
        inputs = [open_log(feed, processor, log_format="csv") for feed in self.feeds]
        monitor = Monitor(inputs, processor, [seen], follow=True, clock=self.clock, waiter=waiter)
        summary = monitor.run()
        waiter.close()
        return summary, [event for event in seen.events if isinstance(event, Stats)]


def at(elapsed: float) -> bytes:
    """The line of a request at that moment."""
    return csv_line(int(NOW + elapsed))


class Silence(unittest.TestCase):
    def test_two_logs_that_are_appended_to_together(self) -> None:
        """Both have long been silent; the backlog of one must not be late because the other was read first."""
        for inputs in (2, 5):
            world = World()
            world.feeds = [Feed(f"feed{number}") for number in range(inputs)]
            for burst in range(1, 11):
                lines = at(burst * 5 - (4.9 if burst == 1 else 1.0)) * 5 + at(burst * 5 - 0.1) * 5
                world.plan += [(burst * 5.0, number, lines) for number in range(inputs)]
            summary, _ = world.run(60)
            with self.subTest(inputs=inputs):
                self.assertEqual((summary.events, summary.late), (inputs * 100, 0))

    def test_a_stopped_process_does_not_take_its_own_pause_for_silence(self) -> None:
        for seed in range(20 * SCALE):
            rng = Random(seed)
            world = World()
            pauses = [{rng.randrange(20, 60): 6.0, rng.randrange(60, 160): rng.choice((2.5, 30.0))} for _ in range(3)]
            world.feeds = [HeldUp(f"feed{number}", world, pauses[number]) for number in range(3)]
            times = sorted((rng.uniform(0, 100), rng.randrange(3)) for _ in range(1500))
            world.plan = [(time, number, at(time)) for time, number in times]
            summary, _ = world.run(110)
            with self.subTest(seed=seed):
                self.assertEqual((summary.events, summary.late), (1500, 0))

    def test_after_a_pause_silence_is_believed_again(self) -> None:
        """Everything stops for a minute, the writers too; then nothing comes any more, and what is open must close."""
        world = World()
        world.feeds = [HeldUp("feed", world, {40: 60.0})]
        world.plan = [(1.0, 0, at(1.0) * 3)]
        _, stats = world.run(100)
        self.assertEqual([each.hits for each in stats], [3])

    def test_polls_that_are_slow_but_steady_observe_silence(self) -> None:
        world = World()
        world.feeds = [HeldUp("feed", world, dict.fromkeys(range(1, 1000), HELD_UP_SECONDS * 0.7))]
        world.plan = [(1.0, 0, at(1.0) * 3)]
        summary, stats = world.run(40)
        self.assertEqual([each.hits for each in stats], [3])
        self.assertEqual(summary.late, 0)


class SetBack(unittest.TestCase):
    def test_a_clock_that_is_set_back_is_reported_once(self) -> None:
        for back, expected in ((0.0, 0), (1.5, 0), (160.0, 1)):
            world = World()
            world.feeds = [Feed("feed")]
            clock, notices = world.clock, []
            processor = processor_for(OPTIONS)
            steps = [lambda: world.advance(STEP)] * 10
            waiter = ManualWaiter([*steps, lambda: clock.set(clock.now() - back), *steps], at_end=lambda: monitor.stop())
            inputs = [open_log(feed, processor, log_format="csv") for feed in world.feeds]
            monitor = Monitor(inputs, processor, follow=True, clock=clock, waiter=waiter)
            notices = [event.text for event in monitor.events() if isinstance(event, Notice) and "clock" in event.text]
            with self.subTest(back=back):
                self.assertEqual(len(notices), expected)
                if expected:
                    self.assertRegex(
                        notices[0], r"^the clock was set back by 160 s: until \d{4}-[^ ]+\+00:00, new lines are late"
                    )


if __name__ == "__main__":
    unittest.main()
