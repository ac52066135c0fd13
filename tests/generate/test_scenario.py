"""Incidents raise the alerts that the generator says they must: its slow truth against the engine."""

from __future__ import annotations

import os
import tempfile
import unittest

from LogsMonitor2000.errors import UsageError
from LogsMonitor2000.generate.lines import LineMaker
from LogsMonitor2000.generate.scenario import SCENARIOS, Scenario, Truth
from LogsMonitor2000.generate.writers import writer_for

from ..running import in_process

RATE = 4
EXPECTED = {
    "steady": [],
    "daily": [],
    "flood": ["firing", "resolved"],
    "outage": ["firing", "resolved"],
    "scan": ["firing", "resolved"],
    "slow": ["firing", "resolved"],
    "silence": ["firing", "resolved"],
}


class Scenarios(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, scenario: Scenario, path: str) -> Truth:
        """A log of 9,000 lines with the incident from the fifth minute to the ninth."""
        writer = writer_for("timed")
        assert writer is not None
        truth = Truth(scenario, RATE)
        maker = LineMaker(writer, scenario.plan(RATE, 300, 540), 9000, 5, 1_700_000_000, scenario.pools)
        with open(path, "wb") as file:
            for second, lines in maker.seconds(truth.see):
                file.writelines(lines)
        return truth

    def test_each_raises_what_it_says_and_the_engine_agrees(self) -> None:
        self.assertEqual(set(EXPECTED), set(SCENARIOS))
        for name, scenario in SCENARIOS.items():
            with self.subTest(scenario=name):
                path = os.path.join(self.folder, f"{name}.log")
                truth = self.write(scenario, path)
                self.assertEqual([state for state, _ in truth.transitions()], EXPECTED[name])
                tests = os.path.join(self.folder, f"{name}.toml")
                with open(tests, "w") as file:
                    file.write(truth.as_rule_tests(path))
                self.assertEqual(in_process("test", tests)[::2], (0, ""))

    def test_no_lines_expect_nothing(self) -> None:
        self.assertEqual(list(Truth(SCENARIOS["flood"], RATE).transitions()), [])

    def test_a_path_that_toml_cannot_hold_is_refused(self) -> None:
        with self.assertRaisesRegex(UsageError, "cannot be written"):
            Truth(SCENARIOS["steady"], RATE).as_rule_tests("it's.log")


if __name__ == "__main__":
    unittest.main()
