"""Folding as intervals come gives what folding all of them at the end gives."""

from __future__ import annotations

from random import Random
import unittest

from LogsMonitor2000.action.folding import STEPS, StatsFolder
from LogsMonitor2000.event import Stats

START = 1_431_857_100


def stats(time: int, hits: int = 1) -> Stats:
    return Stats(time, 10, hits, 7 * hits, [], [], {b"2": hits - 1, b"5": 1})


def shown(times: list[int], step: int) -> int:
    """Rows and gaps of intervals of `step` seconds."""
    starts = sorted({time // step for time in times})
    return len(starts) + sum(1 for before, after in zip(starts, starts[1:]) if after > before + 1)


def steps() -> list[int]:
    return [*STEPS, *(STEPS[-1] << power for power in range(1, 12))]


class Folding(unittest.TestCase):
    def folded(self, times: list[int]) -> StatsFolder:
        folder = StatsFolder()
        for time in times:
            folder.add(stats(time, 1 + time % 5))
        return folder

    def test_the_step_by_the_span_of_a_steady_log(self) -> None:
        for span, step in (
            (31 * 60, 60),
            (48 * 60, 60),
            (49 * 60, 120),
            (3 * 3600, 300),
            (4 * 3600, 300),
            (8 * 3600, 600),
            (86_400, 1800),
            (2 * 86_400, 3600),
            (83 * 3600, 7200),
            (7 * 86_400, 14_400),
            (20 * 86_400, 43_200),
            (40 * 86_400, 86_400),
            (90 * 86_400, 2 * 86_400),
        ):
            with self.subTest(span=span):
                start = 1_431_820_800
                self.assertEqual(self.folded(list(range(start, start + span, min(600, span // 100 // 10 * 10)))).step, step)

    def test_the_shortest_step_that_fits_at_random(self) -> None:
        rng = Random(3)
        for _ in range(60):
            span = 10 ** rng.uniform(3, 8)
            times = sorted(
                {START + int(span * rng.random() ** rng.choice((1, 3))) // 10 * 10 for _ in range(rng.randrange(1, 400))}
            )
            folder = self.folded(times)
            with self.subTest(times=len(times), span=span):
                self.assertEqual(folder.step, next(step for step in steps() if shown(times, step) <= 48))
                expected: dict[int, list[int]] = {}
                for time in times:
                    row = expected.setdefault(time // folder.step * folder.step, [0, 0, 0])
                    hits = 1 + time % 5
                    row[0] += hits
                    row[1] += 7 * hits
                    row[2] += 1
                rows = {start: [row.hits, row.bytes, row.statuses[b"5"]] for start, row in folder.rows().items()}
                self.assertEqual(rows, expected)
                self.assertEqual(list(rows), sorted(rows))

    def test_a_log_of_decades_takes_few_rows(self) -> None:
        folder = StatsFolder()
        most = 0
        for day in range(0, 12_000):
            folder.add(stats(day * 86_400))
            most = max(most, len(folder))
        self.assertLessEqual(most, 240)
        self.assertLessEqual(len(folder.rows()), 48)

    def test_one_time_far_from_the_others_is_one_row_and_a_gap(self) -> None:
        folder = self.folded([0, *range(START, START + 3600, 10)])
        self.assertEqual(folder.step, 120)


if __name__ == "__main__":
    unittest.main()
