"""Settings: plain data that check themselves however they are made."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, replace
import subprocess
import sys
import unittest

from LogsMonitor2000.config.settings import Follow, Reading, Settings, Statistics, options, values_of
from LogsMonitor2000.errors import UsageError

from ..running import environment


class Making(unittest.TestCase):
    def test_the_defaults(self) -> None:
        settings = Settings()
        self.assertEqual((settings.statistics.stats_interval, settings.statistics.seconds), (None, 10))
        self.assertEqual((settings.alerting.high_traffic_interval, settings.alerting.high_traffic_threshold), (120, 10.0))
        self.assertEqual((settings.reading.buffer_time, settings.statistics.top), (2, 3))
        self.assertEqual((settings.output.output, settings.reading.log_format), ("text", "auto"))

    def test_options_go_to_their_concern(self) -> None:
        settings = Settings.of(files=("a.log",), follow=True, state="x", top=5)
        self.assertEqual(settings.reading, Reading(files=("a.log",)))
        self.assertEqual(settings.following, Follow(follow=True, state="x"))
        self.assertEqual(settings.but(top=3).statistics, Statistics())
        with self.assertRaises(TypeError):
            Settings.of(nonsense=1)

    def test_every_option_has_a_name_of_its_own_a_value_and_help(self) -> None:
        self.assertEqual(set(values_of(Settings())), {"files", *options()})
        concerns = [concern.name for concern in fields(Settings)]
        for option in options().values():
            with self.subTest(option.name):
                self.assertNotIn(option.name, set(concerns) - {"output"})
                self.assertTrue(option.help)
                self.assertEqual(values_of(Settings())[option.name], option.default)

    def test_they_are_frozen(self) -> None:
        with self.assertRaises(FrozenInstanceError):
            Settings().reading.buffer_time = 3  # type: ignore[misc]

    def test_they_import_no_reader_of_files_and_no_rule(self) -> None:
        code = "import sys, LogsMonitor2000.config.settings; print(*sys.modules)"
        loaded = {
            name
            for name in subprocess.run(
                [
                    sys.executable,
                    "-S",
                    "-c",
                    "import sys; sys.modules['LogsMonitor2000'] = m = type(sys)('LogsMonitor2000');"
                    f"import importlib.util as u; m.__path__ = [{environment()['PYTHONPATH'].split(':')[0] + '/LogsMonitor2000'!r}]; {code}",
                ],
                capture_output=True,
                text=True,
                env=environment(),
                check=True,
                timeout=30,
            ).stdout.split()
            if name.startswith("LogsMonitor2000.") or name in ("argparse", "tomllib")
        }
        self.assertEqual(
            loaded,
            {
                f"LogsMonitor2000.{name}"
                for name in (
                    "config",
                    "config.address",
                    "config.durations",
                    "config.option",
                    "config.settings",
                    "errors",
                    "limits",
                )
            },
        )


class Refused(unittest.TestCase):
    def test_values_that_cannot_be(self) -> None:
        for values, message in (
            ({"top": 0}, "--top must be at least 1, not 0"),
            ({"stats_interval": -1}, "--stats_interval must be at least 0, not -1"),
            ({"stats_interval": 1.5}, "--stats_interval must be whole seconds, not 1.5"),
            ({"high_traffic_threshold": float("nan")}, "--high_traffic_threshold must be a finite number, not nan"),
            ({"high_traffic_threshold": float("inf")}, "--high_traffic_threshold must be a finite number, not inf"),
            ({"high_traffic_threshold": -1}, "--high_traffic_threshold must be at least 0, not -1"),
            ({"jobs": 65}, "--jobs must be at most 64, not 65"),
            ({"output": "xml"}, "--output must be one of text, json, dashboard, not 'xml'"),
            ({"verbose": 1}, "--verbose must be true or false, not 1"),
            ({"state": "x"}, "--state and --start go with --follow"),
            ({"start": "end"}, "--state and --start go with --follow"),
        ):
            with self.subTest(values=values), self.assertRaises(UsageError) as caught:
                Settings.of(**values)
            self.assertEqual(str(caught.exception), message)

    def test_also_by_replace(self) -> None:
        with self.assertRaisesRegex(UsageError, "--top"):
            replace(Statistics(), top=0)
        with self.assertRaisesRegex(UsageError, "go with --follow"):
            replace(Settings.of(follow=True, state="x"), following=Follow(state="x"))

    def test_zero_turns_off_and_is_no_error(self) -> None:
        settings = Settings.of(stats_interval=0, high_traffic_interval=0, high_traffic_threshold=0, buffer_time=0, max_skew=0)
        self.assertEqual((settings.reading.max_skew, settings.statistics.seconds), (0, 0))
        self.assertFalse(settings.alerting.has_high_traffic)


class Interval(unittest.TestCase):
    def test_it_is_chosen_by_the_span_for_text_about_finished_named_files(self) -> None:
        for values, adapts in (
            ({"files": ("a.log",)}, True),
            ({}, False),
            ({"files": ("a.log", "-")}, False),
            ({"files": ("a.log",), "follow": True}, False),
            ({"files": ("a.log",), "output": "json"}, False),
            ({"files": ("a.log",), "stats_interval": 10}, False),
        ):
            with self.subTest(values=values):
                self.assertIs(Settings.of(**values).adapts_interval, adapts)


if __name__ == "__main__":
    unittest.main()
