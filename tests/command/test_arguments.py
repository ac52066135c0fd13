"""What a command line means, and what is said about one that makes no sense."""

from __future__ import annotations

import unittest

from LogsMonitor2000.config.settings import Settings
from LogsMonitor2000.errors import UsageError

from ..running import settings_from


class Arguments(unittest.TestCase):
    def test_none_are_the_defaults(self) -> None:
        self.assertEqual(settings_from(), Settings())

    def test_every_option(self) -> None:
        arguments = """a.log --follow --start end --state x --log_format csv --fields time=ts --client_from x_forwarded_for
            --nginx_conf n --parser m:P --stats_interval 5 --top 7 --high_traffic_interval 60 --high_traffic_threshold 2.5
            --alerts off --calculator m:A --calculator m:B --buffer_time 0 --max_skew 9 --timezone UTC
            --output json --color never --action m:C --verbose --jobs 4 b.log"""
        expected = Settings.of(
            files=("a.log", "b.log"),
            log_format="csv",
            fields="time=ts",
            client_from="x_forwarded_for",
            nginx_conf="n",
            follow=True,
            start="end",
            state="x",
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
        self.assertEqual(settings_from(*arguments.split()), expected)

    def test_short_ones(self) -> None:
        self.assertEqual(settings_from("-f", "-v", "a"), Settings.of(files=("a",), follow=True, verbose=True))
        self.assertEqual(settings_from("-vf", "a"), Settings.of(files=("a",), follow=True, verbose=True))

    def test_durations(self) -> None:
        settings = settings_from(
            "--stats_interval", "1m", "--high_traffic_interval=2h", "--max_skew", "auto", "--buffer_time", "5s"
        )
        self.assertEqual(settings, Settings.of(stats_interval=60, high_traffic_interval=7200, buffer_time=5))

    def test_hyphens_are_underscores(self) -> None:
        for arguments in (
            ["--high-traffic-threshold", "5", "--stats_interval=3"],
            ["--high-traffic-threshold=5", "--stats-interval=3"],
        ):
            with self.subTest(arguments=arguments):
                self.assertEqual(settings_from(*arguments), Settings.of(high_traffic_threshold=5.0, stats_interval=3))

    def test_only_the_name_of_an_option_is_changed(self) -> None:
        zone = settings_from("--timezone=America/Port-au-Prince", "my-file.log").output.timezone
        self.assertEqual(zone, "America/Port-au-Prince")
        self.assertEqual(settings_from("my-file.log").reading.files, ("my-file.log",))

    def test_files_may_stand_anywhere(self) -> None:
        for arguments in (["a", "b", "--top", "2"], ["--top", "2", "a", "b"], ["a", "--top", "2", "b"]):
            with self.subTest(arguments=arguments):
                self.assertEqual(settings_from(*arguments), Settings.of(files=("a", "b"), top=2))

    def test_after_two_hyphens_there_are_files(self) -> None:
        self.assertEqual(settings_from("--top", "2", "--", "--my-log", "-", "--").reading.files, ("--my-log", "-", "--"))

    def test_jobs(self) -> None:
        self.assertIsNone(settings_from("--jobs", "auto").reading.jobs)
        self.assertEqual(settings_from("--jobs", "1").reading.jobs, 1)

    def test_lists_are_not_shared_between_calls(self) -> None:
        settings_from("--calculator", "m:A")
        self.assertEqual(settings_from().plugins.calculator, ())


class Refused(unittest.TestCase):
    def test_values(self) -> None:
        for arguments, message in (
            ("--stats_interval -1", "--stats_interval must be at least 0, not -1"),
            ("--stats_interval 1.5", "--stats_interval must be whole seconds, not 1.5"),
            ("--stats_interval nan", "--stats_interval must be auto, seconds, or a duration like 90s, 5m or 2h, not 'nan'"),
            ("--high_traffic_interval -120", "--high_traffic_interval must be at least 0"),
            ("--high_traffic_interval 5x", "--high_traffic_interval must be seconds, or a duration like 90s"),
            ("--high_traffic_threshold -1", "--high_traffic_threshold must be at least 0, not -1"),
            ("--high_traffic_threshold nan", "--high_traffic_threshold must be a finite number, not nan"),
            ("--high_traffic_threshold inf", "must be a finite number, not inf"),
            ("--high_traffic_threshold 1e999", "must be a finite number, not inf"),
            ("--high_traffic_threshold=-inf", "must be a finite number, not -inf"),
            ("--high_traffic_threshold ten", "--high_traffic_threshold must be a number, not 'ten'"),
            ("--buffer_time -1", "--buffer_time must be at least 0"),
            ("--max_skew -1", "--max_skew must be at least 0"),
            ("--top 0", "--top must be at least 1, not 0"),
            ("--top 1.0", "--top must be a whole number, not '1.0'"),
            ("--jobs 0", "--jobs must be at least 1, not 0"),
            ("--jobs 65", "--jobs must be at most 64, not 65"),
            ("--jobs many", "--jobs must be auto or a whole number, not 'many'"),
            ("--output xml", "--output must be one of text, json, dashboard, not 'xml'"),
            ("--output jsn", "--output must be one of text, json, dashboard, not 'jsn'; did you mean json?"),
            ("--color red", "--color must be one of auto, always, never, not 'red'"),
            ("--top", "--top: expected one argument"),
            ("--nonsense", "unknown option --nonsense (see logsmonitor2000 --help)"),
            ("--timezoen=UTC", "unknown option --timezoen; did you mean --timezone?"),
            ("--high-trafic-threshold 5", "unknown option --high_trafic_threshold; did you mean --high_traffic_threshold?"),
            ("--stats 5", "unknown option --stats"),  # no abbreviations: they would break when options are added
        ):
            with self.subTest(arguments=arguments), self.assertRaises(UsageError) as caught:
                settings_from(*arguments.split())
            self.assertIn(message, str(caught.exception))
            self.assertNotIn("\n", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
