"""Timelines that are too large: panes of several seconds, and groups that are forgotten."""

from __future__ import annotations

from collections.abc import Callable
import json
from random import Random
from typing import Any
import unittest

from LogsMonitor2000.alert.contribution import Contribution, Group
from LogsMonitor2000.alert.kinds.amounts import Values
from LogsMonitor2000.alert.kinds.distinct import DistinctValues
from LogsMonitor2000.alert.kinds.events import Events
from LogsMonitor2000.alert.kinds.percentile import BinnedValues
from LogsMonitor2000.alert.kinds.ratio import Shares
from LogsMonitor2000.alert.timeline import Timeline, size_of
from LogsMonitor2000.alert.window import Window
from LogsMonitor2000.event import Notice

from ..logs import START
from ..support import SCALE
from .making import calculator, hits_at, limited, log_line, run


def values(rng: Random) -> dict[Any, int]:
    return {(b"%d" % rng.randrange(50),): rng.randrange(1, 4) for _ in range(3)}


KINDS: tuple[tuple[Contribution, Callable[[Random], Any]], ...] = (
    (Events(), lambda rng: rng.randrange(1, 9)),
    (Shares(), lambda rng: (rng.randrange(5, 9), rng.randrange(5))),
    (Values(field="size"), lambda rng: (rng.randrange(1, 5), rng.randrange(100), rng.randrange(100))),
    (BinnedValues(field="size"), lambda rng: {rng.randrange(20): rng.randrange(1, 5) for _ in range(3)}),
    (DistinctValues(field="path"), values),
)


def seconds_of(rng: Random, draw: Callable[[Random], Any], count: int) -> dict[int, dict[Group, Any]]:
    times = sorted(rng.sample(range(count * 2), count))
    return {time: {(b"g%d" % number,): draw(rng) for number in rng.sample(range(12), rng.randrange(9, 12))} for time in times}


class Panes(unittest.TestCase):
    def test_sums_stay_exact_but_for_the_edge_of_the_window(self) -> None:
        for contribution, draw in KINDS:
            for seed in range(3 * SCALE):
                rng = Random(f"{contribution.name} {seed}")
                seconds, length, delay = seconds_of(rng, draw, 400), 256, rng.choice((0, 0, 100))
                timeline = Timeline(contribution, lambda bucket: {})
                window = Window(timeline, length, delay)
                with self.subTest(contribution.name, seed=seed, delay=delay):
                    for time in range(1_300):
                        if time in seconds:
                            timeline.append(time, seconds[time])
                        window.slide(time)
                        if rng.random() < 0.05 and timeline.width < 4:
                            self.assertEqual(timeline.shrink(), 0)
                        timeline.trim()
                        if time % 50 == 0:
                            self.check(window, seconds, time - delay, length, timeline.width)
                    self.assertEqual((window.groups, timeline.width), ({}, 4))

    def check(self, window: Window, seconds: dict[int, dict[Group, Any]], newest: int, length: int, width: int) -> None:
        """Each group has at least the events of the seconds that are wholly inside, and at most those of a pane more at both ends."""
        for number in range(12):
            group = (b"g%d" % number,)
            inside, around = (
                sum(
                    self.events(deltas[group])
                    for time, deltas in seconds.items()
                    if newest - length + (0 if extra else 1) - extra < time <= newest - margin and group in deltas
                )
                for extra, margin in ((0, width), (width, 0))
            )
            self.assertTrue(inside <= window[group].events <= around, (inside, window[group].events, around))

    def events(self, delta: Any) -> int:
        if isinstance(delta, dict):
            return sum(delta.values())
        return delta[0] if isinstance(delta, tuple) else delta

    def test_what_is_dumped_can_be_loaded(self) -> None:
        for contribution, draw in KINDS:
            rng = Random(contribution.name)
            timeline = Timeline(contribution, lambda bucket: {})
            window = Window(timeline, 1_000)
            for time, deltas in seconds_of(rng, draw, 300).items():
                timeline.append(time, deltas)
                window.slide(time)
            timeline.shrink()
            again = Timeline(contribution, lambda bucket: {})
            resumed = Window(again, 1_000)
            again.load(json.loads(json.dumps(timeline.dump())))
            resumed.resume(timeline.times[-1])
            with self.subTest(contribution.name):
                self.assertEqual((again.times, again.deltas, again.width), (timeline.times, timeline.deltas, timeline.width))
                counts = [{group: each.events for group, each in found.groups.items()} for found in (window, resumed)]
                self.assertEqual(counts[0], counts[1])

    def test_the_size_is_about_what_it_takes(self) -> None:
        rng = Random(1)
        for draw in (draw for _, draw in KINDS):
            small = {(b"g%d" % number,): draw(rng) for number in range(100)}
            large = {(b"g%d" % number + b"x" * 400,): draw(rng) for number in range(100)}
            self.assertGreater(size_of(large), size_of(small) + 100 * 390)
            self.assertGreater(size_of(small), 100 * 150)


class Bounds(unittest.TestCase):
    def test_groups_that_are_forgotten_are_the_lightest(self) -> None:
        timeline = Timeline(Events(), lambda bucket: {})
        window = Window(timeline, 64)
        window.kept.add((b"kept",))
        for time in range(64):
            timeline.append(
                time, {(b"g%d" % number,): number + 1 for number in range(10)} | ({(b"kept",): 1} if not time else {})
            )
            window.slide(time)
        self.assertEqual(timeline.shrink(), 5)
        self.assertEqual({group for group in window.groups}, {(b"kept",), *((b"g%d" % number,) for number in range(5, 10))})
        window.slide(65)
        self.assertTrue({(b"g%d" % number,) for number in range(5)} <= window.touched)
        window.slide(200)
        self.assertEqual(window.groups, {})

    def test_all_windows_of_a_calculator_stay_within_the_bound_and_it_is_said_once(self) -> None:
        rules = [
            {"name": "a", "measure": "count", "window": 3_600, "above": 150, "by": ["source"]},
            {"name": "b", "measure": "ratio", "of": {"status": 500}, "window": 600, "above": 0.9, "by": ["source"]},
        ]
        plain = hits_at({0: 1})[0]
        rng = Random(2)
        lines = [
            plain._replace(second=START + number // 5, source="heavy" if number % 5 == 0 else f"10.0.{rng.randrange(99)}.1")
            for number in range(6_000)
        ]
        with limited(WINDOWS_BYTES_MAX=200_000):
            engine = calculator(rules)
            events = run([[b"".join(map(log_line, lines))]], engine)
            stats = engine.stats()
        self.assertLess(sum(held["bytes"] for name, held in stats.items() if name.startswith("timeline ")), 200_000)
        said = [event.text for event in events if isinstance(event, Notice) and "windows take more than" in event.text]
        self.assertEqual(len(said), len(set(said)))
        self.assertIn("alert a: windows take more than 195.3 KiB: groups are measured to 2 s and more", said)
        self.assertIn("alert b: windows take more than 195.3 KiB: groups with few events are not measured", said)
        fired = [event for event in events if getattr(event, "name", "") == "a" and getattr(event, "state", "") == "firing"]
        self.assertIn((("source", b"heavy"),), [event.group for event in fired])  # type: ignore[attr-defined]


if __name__ == "__main__":
    unittest.main()
