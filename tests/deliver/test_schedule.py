"""The schedule: what is due first, and that what is rescheduled again and again costs no more than its keys."""

from __future__ import annotations

from random import Random
import unittest

from LogsMonitor2000.deliver.schedule import Schedule


class Order(unittest.TestCase):
    def test_it_agrees_with_a_plain_table(self) -> None:
        rng = Random(2)
        schedule, table, number = Schedule(), dict[str, tuple[float, int]](), 0
        for _ in range(5000):
            key, now = f"k{rng.randrange(20)}", float(rng.randrange(50))
            action = rng.randrange(4)
            if action == 0:
                schedule.remove(key)
                table.pop(key, None)
            elif action == 1:
                first = min(table, key=lambda each: table[each], default=None)
                expected = first if first is not None and table[first][0] <= now else None
                self.assertEqual(schedule.pop(now), expected)
                if expected is not None:
                    del table[expected]
            else:
                number += 1
                schedule.put(key, now)
                table[key] = now, number
            self.assertEqual(schedule.next, min(table.values())[0] if table else None)
            self.assertEqual(schedule.due(key), table[key][0] if key in table else None)

    def test_what_is_rescheduled_for_days_costs_no_more_than_its_keys(self) -> None:
        schedule = Schedule()
        for number in range(10_000):
            schedule.put(f"k{number % 3}", number)
        self.assertLess(len(schedule), 200)
        self.assertEqual([schedule.pop(1e9) for _ in range(4)], ["k1", "k2", "k0", None])


if __name__ == "__main__":
    unittest.main()
