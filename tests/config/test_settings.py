"""Settings: what a command line means, and which ones are refused."""

from __future__ import annotations

import contextlib
import io
import unittest

from LogsMonitor2000.config.settings import VERSION, Settings, parse_arguments
from LogsMonitor2000.errors import UsageError


class Arguments(unittest.TestCase):
    def test_none_are_the_defaults(self) -> None:
        self.assertEqual(parse_arguments([]), Settings())
        defaults = Settings()
        self.assertEqual(
            (defaults.stats_interval, defaults.high_traffic_interval, defaults.high_traffic_threshold), (10, 120, 10.0)
        )
        self.assertEqual((defaults.buffer_time, defaults.top, defaults.output, defaults.log_format), (2, 3, "text", "auto"))

    def test_every_option(self) -> None:
        arguments = """a.log --follow --log_format csv --parser m:P --stats_interval 5 --top 7 --high_traffic_interval 60
            --high_traffic_threshold 2.5 --calculator m:A --calculator m:B --buffer_time 0 --max_skew 9 --timezone UTC
            --output json --color never --action m:C --verbose --jobs 4 b.log"""
        expected = Settings(
            files=("a.log", "b.log"),
            log_format="csv",
            follow=True,
            stats_interval=5,
            top=7,
            high_traffic_interval=60,
            high_traffic_threshold=2.5,
            buffer_time=0,
            max_skew=9,
            output="json",
            timezone="UTC",
            color="never",
            verbose=True,
            jobs=4,
            parser="m:P",
            calculator=("m:A", "m:B"),
            action=("m:C",),
        )
        self.assertEqual(parse_arguments(arguments.split()), expected)

    def test_hyphens_are_underscores(self) -> None:
        for arguments in (
            ["--high-traffic-threshold", "5", "--stats_interval=3"],
            ["--high-traffic-threshold=5", "--stats-interval=3"],
        ):
            with self.subTest(arguments=arguments):
                self.assertEqual(parse_arguments(arguments), Settings(high_traffic_threshold=5.0, stats_interval=3))

    def test_only_the_name_of_an_option_is_changed(self) -> None:
        self.assertEqual(
            parse_arguments(["--timezone=America/Port-au-Prince", "my-file.log"]).timezone, "America/Port-au-Prince"
        )
        self.assertEqual(parse_arguments(["my-file.log"]).files, ("my-file.log",))

    def test_files_may_stand_anywhere(self) -> None:
        for arguments in (["a", "b", "--top", "2"], ["--top", "2", "a", "b"], ["a", "--top", "2", "b"]):
            with self.subTest(arguments=arguments):
                self.assertEqual(parse_arguments(arguments), Settings(files=("a", "b"), top=2))

    def test_behind_two_hyphens_stand_files(self) -> None:
        self.assertEqual(parse_arguments(["--top", "2", "--", "--my-log", "-"]).files, ("--my-log", "-"))

    def test_jobs(self) -> None:
        self.assertIsNone(parse_arguments(["--jobs", "auto"]).jobs)
        self.assertEqual(parse_arguments(["--jobs", "1"]).jobs, 1)

    def test_lists_are_not_shared_between_calls(self) -> None:
        parse_arguments(["--calculator", "m:A"])
        self.assertEqual(parse_arguments([]).calculator, ())


class Refused(unittest.TestCase):
    def test_values(self) -> None:
        for arguments, message in (
            ("--stats_interval -1", "--stats_interval must not be negative"),
            ("--stats_interval 1.5", "--stats_interval: invalid int value: '1.5'"),
            ("--stats_interval nan", "invalid int value"),
            ("--high_traffic_interval -120", "--high_traffic_interval must not be negative"),
            ("--high_traffic_threshold -1", "--high_traffic_threshold must not be negative"),
            ("--high_traffic_threshold nan", "--high_traffic_threshold must not be negative or infinite: nan"),
            ("--high_traffic_threshold inf", "infinite: inf"),
            ("--high_traffic_threshold 1e999", "infinite: inf"),
            ("--high_traffic_threshold=-inf", "--high_traffic_threshold must not be negative"),
            ("--high_traffic_threshold ten", "invalid float value: 'ten'"),
            ("--buffer_time -1", "--buffer_time must not be negative"),
            ("--max_skew -1", "--max_skew must not be negative"),
            ("--top 0", "--top must be at least 1: 0"),
            ("--jobs 0", "--jobs must be auto or 1 to 64: 0"),
            ("--jobs 65", "--jobs must be auto or 1 to 64: 65"),
            ("--jobs many", "--jobs: invalid number value: 'many'"),
            ("--output xml", "--output: invalid choice: 'xml'"),
            ("--color red", "--color: invalid choice: 'red'"),
            ("--top", "--top: expected one argument"),
            ("--nonsense", "unrecognized arguments: --nonsense"),
            ("--stats 5", "unrecognized arguments: --stats"),  # no abbreviations: they would break when options are added
        ):
            with self.subTest(arguments=arguments), self.assertRaises(UsageError) as caught:
                parse_arguments(arguments.split())
            self.assertIn(message, str(caught.exception))
            self.assertNotIn("\n", str(caught.exception))

    def test_made_in_code_too(self) -> None:
        with self.assertRaisesRegex(UsageError, "--top"):
            Settings(top=0)

    def test_zero_turns_off_and_is_no_error(self) -> None:
        settings = Settings(stats_interval=0, high_traffic_interval=0, high_traffic_threshold=0, buffer_time=0, max_skew=0)
        self.assertEqual(settings.max_skew, 0)


class Help(unittest.TestCase):
    def shown(self, argument: str) -> str:
        out = io.StringIO()
        with contextlib.redirect_stdout(out), self.assertRaises(SystemExit) as caught:
            parse_arguments([argument])
        self.assertEqual(caught.exception.code, 0)
        return out.getvalue()

    def test_it_names_every_option(self) -> None:
        text = self.shown("--help")
        for name in Settings._fields:
            if name in ("rules", "mutes", "actions", "scenarios"):  # which only a file can tell
                continue
            with self.subTest(option=name):
                self.assertIn({"files": "FILE", "actions": "--config"}.get(name, f"--{name}"), text)
        self.assertLessEqual(max(map(len, text.splitlines())), 120)

    def test_version(self) -> None:
        self.assertEqual(self.shown("--version"), f"LogsMonitor2000 {VERSION}\n")


if __name__ == "__main__":
    unittest.main()
