"""Tests of rules: how they are written, and what is wrong with them."""

from __future__ import annotations

import unittest

from LogsMonitor2000.alert.reading import read_rules
from LogsMonitor2000.alert.scenario import Moment, Scenario, read_scenarios
from LogsMonitor2000.config.problems import ConfigError
from LogsMonitor2000.config.toml_file import parse_config
from LogsMonitor2000.event import Alert

from ..support import without_lines

RULES = "[[alert]]\nname='errors'\nmeasure='count'\nby=['section']\nabove=1\n[[alert]]\nname='hits'\nmeasure='count'\nabove=1\n"
LINE = "line = '{time}|{iso}|{epoch}|{n}|{other}'"


def scenarios_of(text: str) -> tuple[Scenario, ...]:
    table = parse_config((RULES + text).encode(), "t.toml")
    return read_scenarios(table.tables("test"), read_rules(table.tables("alert")), "UTC")


def told(state: str = "firing", time: int = 10, value: float = 5.0, held: str = "", group: bytes = b"/api") -> Alert:
    return Alert("errors", state, time, value, 1, 60, time, value, (("section", group),), suppressed=held)


class Lines(unittest.TestCase):
    def log_of(self, text: str) -> list[str]:
        return scenarios_of(f"[[test]]\nexpect=[]\n{text}")[0].log.decode().splitlines()

    def test_what_is_filled_in(self) -> None:
        self.assertEqual(
            self.log_of(f"start=1600000000\nlines=[{{{LINE}, seconds=2}}]"),
            [
                "13/Sep/2020:12:26:40 +0000|2020-09-13T12:26:40Z|1600000000|0|{other}",
                "13/Sep/2020:12:26:41 +0000|2020-09-13T12:26:41Z|1600000001|1|{other}",
            ],
        )

    def test_how_many_and_when(self) -> None:
        for text, seconds in (
            ("seconds=3", [0, 1, 2]),
            ("per_second=2, seconds=2", [0, 0, 1, 1]),
            ("per_second=0.5, seconds='5s'", [0, 2, 4]),
            ("per_second=0, seconds=5", []),
            ("seconds=2, start='+1m'", [60, 61]),
            ("seconds=1, start=1600000007", [7]),
            ("per_second=0.1, seconds=30", [0, 10, 20]),
        ):
            with self.subTest(text):
                lines = self.log_of(f"start=1600000000\nlines=[{{line='{{epoch}}', {text}}}]")
                self.assertEqual([int(line) - 1_600_000_000 for line in lines], seconds)

    def test_several_entries_are_one_log_by_time(self) -> None:
        lines = self.log_of("[[test.lines]]\nline='a{n}'\nseconds=3\n[[test.lines]]\nline='b{n}'\nseconds=2\nstart='+1s'")
        self.assertEqual(lines, ["a0", "a1", "b0", "a2", "b1"])

    def test_a_log_as_it_stands_may_be_indented(self) -> None:
        self.assertEqual(self.log_of("log='''\n  a {time}\n  b\n'''"), ["a {time}", "b"])


class Expectations(unittest.TestCase):
    def is_met(self, text: str, alert: Alert) -> bool:
        (scenario,) = scenarios_of(f"[[test]]\nlog=''\nexpect=[{{alert='errors', state='firing', {text}}}]")
        return scenario.expected[0].is_met(alert, 4, scenario.tolerance)

    def test_when_they_are_met(self) -> None:
        for text, alert, is_met in (
            ("time=10", told(), True),
            ("time='+6s'", told(), True),
            ("time='+0.1min'", told(), True),
            ("time='1970-01-01T00:00:10'", told(), True),
            ("time=1970-01-01T01:00:10+01:00", told(), True),
            ("time=1970-01-01T00:00:10", told(), True),
            ("time=11", told(), False),
            ("time=10", told("resolved"), False),
            ("time=10, group={section='/api'}", told(), True),
            ("time=10, group={section='/x'}", told(), False),
            ("time=10, group={section='\\\\xff'}", told(group=b"\xff"), False),
            ("time=10, value=5.04", told(), True),
            ("time=10, value=5.1", told(), False),
            ("time=10", told(held="muted: night"), False),
            ("time=10, held=true", told(held="muted: night"), True),
            ("time=10, held='muted: night'", told(held="muted: night"), True),
            ("time=10, held='dry run'", told(held="muted: night"), False),
            ("time=10, held=true", told(), False),
        ):
            with self.subTest(text, alert=alert):
                self.assertEqual(self.is_met(text, alert), is_met)

    def test_what_is_looked_at(self) -> None:
        hits = told()._replace(name="hits")
        high = told()._replace(name="high_traffic")
        for text, looked_at in (
            ("expect=[]", [told(), hits]),
            ("expect=[]\npending=true", [told("pending"), told(), hits]),
            ("expect=[{alert='hits', state='pending', time=1}]", [told("pending"), told(), hits]),
            ("expect=[]\nonly=['err*']", [told()]),
            ("expect=[]\nonly=['!errors']", [hits, high]),
        ):
            with self.subTest(text):
                (scenario,) = scenarios_of(f"[[test]]\nlog=''\n{text}")
                alerts = [told("pending"), told(), hits, high]
                self.assertEqual([alert for alert in alerts if scenario.is_looked_at(alert)], looked_at)

    def test_an_end_in_a_hundred_years(self) -> None:
        (scenario,) = scenarios_of("[[test]]\nlog=''\nexpect=[]\nend='2126-01-01T00:00:00Z'")
        with self.assertRaises(ConfigError) as caught:
            scenario.end_after(1_700_000_000)
        self.assertIn("end is more than 400 days after the first event", str(caught.exception))
        self.assertEqual(scenario.end_after(4_922_000_000), 4_922_899_200)

    def test_moments(self) -> None:
        self.assertEqual((Moment(5, True).at(10), Moment(5, False).at(10)), (15, 5))


class Wrong(unittest.TestCase):
    def test_what_is_refused(self) -> None:
        expect = "alert='errors', state='firing', time=1"
        for text, message in (
            ("log=''", "t.toml: test 1: expect is missing; expect = [] says that no alert is expected"),
            ("expect=[]", "t.toml: test 1: log is missing: give one of log, file, lines"),
            ("expect=[]\nlog=''\nfile='x'", "t.toml: test 1: log and file cannot both be given: give one of log, file, lines"),
            ("expect=[]\nlog=''\nname='x'\nlogg=1", "t.toml: test 'x': unknown key 'logg'; did you mean log?"),
            ("expect=[]\nfile='/dev/zero'", "file must be a regular file, not '/dev/zero'"),
            ("expect=[]\nlog=''\nend='soon'", "end must be like '+90s' or a time like"),
            ("expect=[]\nlog=''\nend='+soon'", "end must be seconds, or a duration like 90s"),
            ("expect=[]\nlog=''\nstart='+5s'", "start must be a time like"),
            ("expect=[{alert='error', state='firing', time=1}]\nlog=''", "alert must be one of errors, hits, not 'error'"),
            ("expect=[{alert='errors', state='on', time=1}]\nlog=''", "state must be one of firing, resolved, pending"),
            ("expect=[{alert='errors', state='firing'}]\nlog=''", "expect 1: time is missing"),
            (f"expect=[{{{expect}, held=1}}]\nlog=''", "held must be true or the reason, not 1"),
            (f"expect=[{{{expect}, group={{path='/'}}}}]\nlog=''", "group: unknown key 'path'; known are section"),
            ("expect=[{alert='hits', state='firing', time=1, group={}}]\nlog=''", "group cannot be given: hits has no by"),
            (f"expect=[{{{expect}}}]\nlog=''\nonly=['hits']", "only leaves out errors, which is expected"),
            ("expect=[]\nlines=[{line='', per_second=9000, seconds=900}]", "seconds are too many lines: a test has at most"),
            ("expect=[]\nlines=[{line='', per_seconds=9}]", "unknown key 'per_seconds'; did you mean per_second?"),
        ):
            with self.subTest(text), self.assertRaises(ConfigError) as caught:
                scenarios_of(f"[[test]]\n{text}")
            self.assertIn(message, without_lines(str(caught.exception)))


if __name__ == "__main__":
    unittest.main()
