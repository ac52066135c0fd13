"""What the package exports is exactly what it says it exports."""

from __future__ import annotations

import subprocess
import sys
import types
import unittest

import LogsMonitor2000

from .logs import START, csv_line
from .running import environment


class TestPublicApi(unittest.TestCase):
    def test_all_is_what_is_there(self) -> None:
        # Submodules become attributes once they are imported; everything else that has a public name is exported.
        exported = {
            name
            for name, value in vars(LogsMonitor2000).items()
            if not name.startswith("_") and not isinstance(value, types.ModuleType)
        }
        self.assertEqual(set(LogsMonitor2000.__all__) - {"__version__"}, exported - {"annotations"})
        self.assertIn("__version__", LogsMonitor2000.__all__)

    def test_all_is_without_doubles(self) -> None:
        self.assertEqual(len(LogsMonitor2000.__all__), len(set(LogsMonitor2000.__all__)))

    def test_everything_exported_explains_itself(self) -> None:
        for name in LogsMonitor2000.__all__:
            value = getattr(LogsMonitor2000, name)
            with self.subTest(name=name):
                self.assertTrue(isinstance(value, str) or value.__doc__)

    def test_the_example_of_the_package_runs(self) -> None:
        from LogsMonitor2000 import AnalyticsProcessor, HighTrafficCalculator, Monitor, MostCommonCalculator, open_log
        from LogsMonitor2000.testing import ScriptedSource

        processor = AnalyticsProcessor([MostCommonCalculator(interval=60), HighTrafficCalculator(threshold=25)])
        monitor = Monitor([open_log(ScriptedSource([csv_line(START)]), processor)], processor)
        self.assertEqual([type(event).__name__ for event in monitor.events()], ["Notice", "Stats", "Summary"])

    def test_importing_it_imports_nothing_slow(self) -> None:
        slow = "multiprocessing asyncio zoneinfo bz2 lzma xml email http urllib.request socket".split()
        code = f"import sys, LogsMonitor2000.command.main; print(*sorted(set({slow!r}) & set(sys.modules)))"
        done = subprocess.run(
            [sys.executable, "-S", "-c", code], capture_output=True, env=environment(), timeout=30, check=True
        )
        self.assertEqual(done.stdout.strip(), b"")


if __name__ == "__main__":
    unittest.main()
