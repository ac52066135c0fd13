"""Which buffer time would have kept late lines, and when the operator is told."""

from __future__ import annotations

import json
from random import Random
import unittest

from LogsMonitor2000.analyze.lateness import LINES_MIN, Lateness
from LogsMonitor2000.limits import LATENESS_SECONDS_EXACT

from ..support import SCALE


def lateness(found: dict[int, int]) -> Lateness:
    made = Lateness()
    made.add(found)
    return made


class TestAdvice(unittest.TestCase):
    def test_up_to_an_hour_all_lines_are_kept(self) -> None:
        for found, advised in (
            ({3: 1}, 3),
            ({3: 10**6, 17: 1}, 17),
            ({3: 10**6, LATENESS_SECONDS_EXACT: 1}, LATENESS_SECONDS_EXACT),
        ):
            with self.subTest(found):
                self.assertEqual(lateness(found).advised, advised)

    def test_beyond_that_999_of_1000_are(self) -> None:
        for found, advised in (
            ({3: 999, 100_000: 1}, 3),
            ({3: 998, 5: 1, 100_000: 1}, 5),
            ({3: 998, 100_000: 2}, 100_000),
            ({100_001: 1}, 100_001),
            ({5000: 1000, 10**9: 1}, 5056),
        ):
            with self.subTest(found):
                self.assertEqual(lateness(found).advised, advised)

    def test_what_it_advises_keeps_as_many_as_it_says(self) -> None:
        for seed in range(30 * SCALE):
            rng = Random(seed)
            late = [int(10 ** rng.uniform(0, rng.choice((2, 4, 9)))) for _ in range(2000)]
            made = Lateness()
            for seconds in late:
                made.add({seconds: 1})
            advised = made.advised
            kept = sum(seconds <= advised for seconds in late)
            with self.subTest(seed=seed, advised=advised):
                self.assertEqual(made.max, max(late))
                self.assertGreaterEqual(kept, 2000 if max(late) <= LATENESS_SECONDS_EXACT else 1998)
                self.assertLess(
                    sum(seconds < advised / 1.02 for seconds in late), 2000 if advised <= LATENESS_SECONDS_EXACT else 1998
                )

    def test_its_memory_is_bounded(self) -> None:
        made = lateness({seconds: 1 for seconds in range(1, 200_000)})
        made.add({seconds: 1 for seconds in range(1, 1 << 39, (1 << 39) // 50_000)})
        self.assertLess(len(made.dump()), LATENESS_SECONDS_EXACT + 64 * 40)


class TestWarning(unittest.TestCase):
    def test_it_comes_once_and_says_what_to_run(self) -> None:
        made = lateness({3: 20, 17: 2})
        warning = made.warning(2000, "monitor --buffer_time {}".format, final=True)
        assert warning is not None
        self.assertEqual(
            warning.text,
            "22 of 2,000 lines (1.1 %) were late, by up to 17 s, and are missing from intervals and alerts;"
            " to keep all of them, run monitor --buffer_time 17",
        )
        self.assertIsNone(made.warning(2000, str, final=True))

    def test_where_no_reasonable_buffer_keeps_them(self) -> None:
        for found, says in (
            ({3: 9999, 90_000: 1}, "; to keep 99.9 % of them, run 3"),
            ({90_000: 1}, "; to keep all of them, sort the log by time or run 90000"),
        ):
            warning = lateness(found).warning(10_000, str, final=True)
            if warning is not None:
                self.assertTrue(warning.text.endswith(says), warning.text)
            else:
                self.assertEqual(found, {90_000: 1})

    def test_only_above_one_percent(self) -> None:
        for late, lines, final, is_given in (
            (10, 1000, True, False),
            (11, 1000, True, True),
            (11, 1000, False, True),
            (LINES_MIN - 1, LINES_MIN - 1, False, False),
            (1, 1, True, True),
            (0, 0, True, False),
        ):
            with self.subTest(late=late, lines=lines, final=final):
                warning = lateness({3: late} if late else {}).warning(lines, str, final=final)
                self.assertEqual(warning is not None, is_given)

    def test_a_restart_changes_nothing(self) -> None:
        made, copy = lateness({3: 20, 10**6: 1}), Lateness()
        copy.load(json.loads(json.dumps(made.dump())))
        self.assertEqual((copy.max, copy.dump()), (made.max, made.dump()))
        self.assertEqual(copy.warning(100, str, final=False), None)
        self.assertIsNotNone(copy.warning(100, str, final=True))
        again = Lateness()
        again.load(json.loads(json.dumps(copy.dump())))
        self.assertIsNone(again.warning(100, str, final=True))


if __name__ == "__main__":
    unittest.main()
