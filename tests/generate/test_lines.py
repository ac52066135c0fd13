"""Generated lines: the same for the same seed, as many as planned at each second, and shuffled no further than asked for."""

from __future__ import annotations

from collections import Counter
import hashlib
import io
import unittest

from LogsMonitor2000.generate.lines import START, LineMaker, Plan, batches, shuffled, steady, write_log
from LogsMonitor2000.generate.writers import writer_for


def maker(plan: Plan, lines: int, name: str = "connections", seed: int = 3) -> LineMaker:
    writer = writer_for(name)
    assert writer is not None
    return LineMaker(writer, plan, lines, seed, START)


class Lines(unittest.TestCase):
    def test_the_same_seed_gives_the_same_bytes(self) -> None:
        digests = [
            hashlib.sha256(b"".join(line for _, lines in maker(steady(50), 3000, "combined", seed).seconds() for line in lines))
            for seed in (1, 1, 2)
        ]
        self.assertEqual(digests[0].digest(), digests[1].digest())
        self.assertNotEqual(digests[0].digest(), digests[2].digest())

    def test_bytes_do_not_depend_on_the_machine_or_the_version_of_python(self) -> None:
        for name, digest in (
            ("combined", "74bcc6a44e131f57a51ed24410eba4a1091a2d89d79634d45749a1d9a0afbddb"),
            ("csv", "60973efc9a1c174e203495777adc195975601e3c628f3c6db35b2169451b9c99"),
        ):
            with self.subTest(format=name):
                out = io.BytesIO()
                write_log(out, 3000, name=name, seed=1)
                self.assertEqual(hashlib.sha256(out.getvalue()).hexdigest(), digest)

    def test_rates_below_and_between_whole_numbers(self) -> None:
        for rate, expected in ((0.25, [0, 0, 0, 1, 0, 0, 0, 1]), (1.5, [1, 2, 1, 2, 1, 2, 1]), (3, [3, 3, 3, 1])):
            with self.subTest(rate=rate):
                seconds = list(maker(steady(rate), sum(expected)).seconds())
                self.assertEqual([len(lines) for _, lines in seconds], expected)
                self.assertEqual([second for second, _ in seconds], list(range(START, START + len(expected))))

    def test_batches_come_every_so_often(self) -> None:
        seconds = list(maker(batches(10, 3), 25).seconds())
        self.assertEqual([(second - START, len(lines)) for second, lines in seconds if lines], [(0, 10), (3, 10), (6, 5)])

    def test_shuffling_loses_nothing_and_keeps_within_its_spread(self) -> None:
        for spread in (0, 1, 5, 40):
            with self.subTest(spread=spread):
                batches_ = list(shuffled(maker(steady(20), 2000).seconds(), spread, 3))
                lines = [line for batch in batches_ for line in batch]
                plain = [line for _, lines in maker(steady(20), 2000).seconds() for line in lines]
                self.assertEqual(Counter(lines), Counter(plain))
                newest = 0
                for line in lines:
                    second = int(line.split()[0])
                    self.assertLessEqual(newest - second, spread)
                    newest = max(newest, second)
                self.assertEqual(lines == plain, not spread)

    def test_a_long_log_draws_new_requests(self) -> None:
        made = maker(steady(5000), 60_000, "common")
        lines = [line.partition(b'"')[2] for _, lines in made.seconds() for line in lines]
        self.assertNotEqual(set(lines[:20_000]) | set(lines[40_000:]), set(lines[:20_000]))

    def test_every_second_of_test_results_is_an_iteration(self) -> None:
        blocks = [b"".join(lines) for _, lines in maker(steady(2), 4, "test_results").seconds()]
        self.assertEqual([block.splitlines()[0] for block in blocks], [b"# Iteration 1", b"# Iteration 2"])
        self.assertEqual([block.count(b"# Result: ") for block in blocks], [2, 2])


if __name__ == "__main__":
    unittest.main()
