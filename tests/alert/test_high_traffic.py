"""The high-traffic alert as a state machine, given buckets by hand."""

from __future__ import annotations

import unittest

from LogsMonitor2000.alert.high_traffic import HighTrafficCalculator
from LogsMonitor2000.analyze.bucket import Bucket
from LogsMonitor2000.errors import UsageError

from ..reference import DEFAULTS


def alerts(hits: dict[int, int], through: int, window: int = 10, threshold: float = 2.0) -> list[tuple[object, ...]]:
    calculator = HighTrafficCalculator(window, threshold)
    return [tuple(event) for event in calculator.advance([Bucket(t, 1, (), n) for t, n in hits.items()], through)]  # type: ignore


class TestHighTraffic(unittest.TestCase):
    def test_both_transitions_carry_everything(self) -> None:
        self.assertEqual(
            alerts({5: 21, 7: 9}, 30),
            [
                ("high_traffic", "firing", 5, 2.1, 2.0, 10, 5, 2.1, *DEFAULTS),
                ("high_traffic", "resolved", 15, 0.9, 2.0, 10, 5, 3.0, *DEFAULTS),
            ],
        )

    def test_it_fires_only_above_and_recovers_at_the_threshold(self) -> None:
        for hits, states in (
            ({5: 20}, []),
            ({5: 21}, ["firing", "resolved"]),
            ({5: 1, 6: 20, 15: 1}, ["firing", "resolved"]),  # at 15, 21 - 1 + 1 stay above; at 16 all but one leave
            ({5: 1, 6: 20}, ["firing", "resolved"]),  # at 15, exactly 20 are left
        ):
            with self.subTest(hits=hits):
                self.assertEqual([alert[1] for alert in alerts(hits, 100)], states)
        self.assertEqual(alerts({5: 1, 6: 20}, 100)[1][2:4], (15, 2.0))

    def test_it_stays_firing_until_it_is_over(self) -> None:
        self.assertEqual(len(alerts({second: 5 for second in range(100)}, 100)), 1)

    def test_it_fires_again(self) -> None:
        told = alerts({0: 50, 50: 60}, 200)
        self.assertEqual([alert[1:3] for alert in told], [("firing", 0), ("resolved", 10), ("firing", 50), ("resolved", 60)])
        self.assertEqual([alert[6:8] for alert in told], [(0, 5.0), (0, 5.0), (50, 6.0), (50, 6.0)])

    def test_a_window_of_one_second(self) -> None:
        told = alerts({0: 1, 1: 2, 2: 1, 9: 2}, 9, window=1, threshold=1)
        self.assertEqual([alert[1:3] for alert in told], [("firing", 1), ("resolved", 2), ("firing", 9)])

    def test_impossible_arguments(self) -> None:
        for window, threshold in ((0, 1.0), (-1, 1.0), (1, 0.0), (1, -1.0), (1, float("nan"))):
            with self.subTest(window=window, threshold=threshold), self.assertRaises(UsageError):
                HighTrafficCalculator(window, threshold)


if __name__ == "__main__":
    unittest.main()
