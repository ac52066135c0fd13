"""Files of settings as the command takes them: options, rules and mutes, and what the command line says against them."""

from __future__ import annotations

from contextlib import redirect_stdout
import io
import json
import os
import signal
import unittest

from LogsMonitor2000.command.main import main
from LogsMonitor2000.config.settings import Settings
from LogsMonitor2000.errors import InputError, UsageError
from LogsMonitor2000.pipeline.wiring import build
from LogsMonitor2000.runtime.clock import second_named

from ..logs import START, csv_line
from ..running import Running, command, in_process, settings_from
from ..support import TemporaryFiles, clf_line

RULE = '[[alert]]\nname = "many"\nmeasure = "count"\nwindow = 5\nabove = 10\n'


class ConfigCase(TemporaryFiles):
    def config(self, text: str) -> str:
        return self.path("monitor.toml", text.encode())

    def settings(self, text: str, *options: str) -> Settings:
        return settings_from("--config", self.config(text), *options)


class Options(ConfigCase):
    def test_every_option_may_stand_in_a_file(self) -> None:
        text = """
            files = ["a.log", "/var/log/*.log", "-"]
            log_format = "csv"
            fields = "time=ts"
            client_from = "x_forwarded_for"
            nginx_conf = "nginx.conf"
            follow = true
            start = "end"
            state = "/var/lib/x"
            parser = "m:P"
            stats_interval = 5
            top = 7
            high_traffic_interval = 60
            high_traffic_threshold = 2.5
            alerts = "off"
            calculator = ["m:A", "m:B"]
            buffer_time = 0
            max_skew = 9
            timezone = "UTC"
            output = "json"
            color = "never"
            verbose = true
            jobs = 4
        """
        expected = Settings.of(
            config=os.path.join(self.directory, "monitor.toml"),
            files=(os.path.join(self.directory, "a.log"), "/var/log/*.log", "-"),
            log_format="csv",
            fields="time=ts",
            client_from="x_forwarded_for",
            nginx_conf=os.path.join(self.directory, "nginx.conf"),
            follow=True,
            start="end",
            state="/var/lib/x",
            parser="m:P",
            stats_interval=5,
            top=7,
            high_traffic_interval=60,
            high_traffic_threshold=2.5,
            calculator=("m:A", "m:B"),
            buffer_time=0,
            max_skew=9,
            timezone="UTC",
            output="json",
            color="never",
            verbose=True,
            jobs=4,
        )
        self.assertEqual(self.settings(text), expected)

    def test_the_command_line_wins(self) -> None:
        text = 'files = "a.log"\ntop = 7\nbuffer_time = 9\noutput = "json"\njobs = "auto"\ncalculator = "m:A"'
        settings = self.settings(text, "b.log", "--top", "2", "--output=text", "--calculator", "m:B")
        reading, output = settings.reading, settings.output.output
        self.assertEqual((reading.files, settings.statistics.top, reading.buffer_time, output), (("b.log",), 2, 9, "text"))
        self.assertEqual((reading.jobs, settings.plugins.calculator), (None, ("m:A", "m:B")), "lists are added up")
        self.assertEqual(self.settings(text, "--", "--b.log").reading.files, ("--b.log",))

    def test_files_are_no_options(self) -> None:
        path = self.config('files = ["--follow", "a b.log"]')
        here = os.getcwd()
        os.chdir(self.directory)
        try:
            settings = settings_from("--config", os.path.basename(path))
        finally:
            os.chdir(here)
        self.assertEqual((settings.reading.files, settings.following.follow), (("--follow", "a b.log"), False))

    def test_false_and_a_file_of_nothing(self) -> None:
        self.assertEqual(self.settings("follow = false\nverbose = false").but(config=None), Settings())
        self.assertEqual(self.settings("").but(config=None), Settings())

    def test_wrong(self) -> None:
        for text, message in (
            ("top = 0", "top must be at least 1, not 0"),
            ('top = "many"', "top must be a whole number, not 'many'"),
            ("top = true", "top must be a whole number, not True"),
            ("top = [1, 2]", "top must be a whole number, not [1, 2]"),
            ("top = 2026-01-01", "top must be a whole number, not datetime.date(2026, 1, 1)"),
            ("buffer_time = -1", "buffer_time must be at least 0, not -1"),
            ("buffer_time = 1.5", "buffer_time must be whole seconds, not 1.5"),
            ("high_traffic_threshold = nan", "high_traffic_threshold must be a finite number, not nan"),
            ("jobs = 65", "jobs must be at most 64, not 65"),
            ("follow = 1", "follow must be true or false, not 1"),
            ('verbose = "yes"', "verbose must be true or false, not 'yes'"),
            ("files = 5", "files must be a string or a list of strings, not 5"),
            ("files = [5]", "files must be a string or a list of strings, not [5]"),
            ("calculator = [5]", "calculator must be a string or a list of strings, not [5]"),
            (
                'timezone = "Mars"',
                "timezone is wrong: unknown time zone 'Mars' (give local, UTC, or a name like Europe/Prague)",
            ),
            ("alert = 5", "alert must be written as [[alert]], not 5"),
            ("mute = [5]", "mute must be written as [[mute]]"),
            ('output = "xml"', "output must be one of text, json, dashboard, not 'xml'"),
            ('alerts = "defualt"', "alerts must be off or default, not 'defualt'; did you mean default?"),
            ("topp = 5", "unknown key 'topp'; did you mean top?"),
            ('rules = "x"', "unknown key 'rules'; known are action, alert, alerts, buffer_time"),
        ):
            with self.subTest(text=text), self.assertRaises(UsageError) as caught:
                self.settings(text)
            told = str(caught.exception)
            expected = f"{self.directory}/monitor.toml:1: {message}"
            self.assertEqual(told[: len(expected)], expected)

    def test_what_only_the_whole_can_tell(self) -> None:
        with self.assertRaisesRegex(UsageError, "--state and --start go with --follow"):
            self.settings('state = "x"')
        with self.assertRaises(InputError):
            settings_from("--config", self.path("nowhere.toml"))


class Rules(ConfigCase):
    def test_of_the_file_and_the_default_ones(self) -> None:
        self.assertEqual([rule.name for rule in self.settings(RULE).alerting.rules], ["many"])
        both = self.settings(RULE, "--alerts", "default").alerting.rules
        self.assertEqual([rule.name for rule in both][:2], ["many", "server_errors_critical"])
        self.assertEqual(both[1:], settings_from("--alerts", "default").alerting.rules)
        self.assertEqual(self.settings('alerts = "default"\n' + RULE).alerting.rules, both)
        inhibited = RULE + 'inhibited_by = "unparsed_lines"\n'
        self.assertEqual(self.settings(inhibited, "--alerts", "default").alerting.rules[0].inhibited_by, ("unparsed_lines",))

    def test_a_name_of_the_default_ones_is_taken(self) -> None:
        with self.assertRaisesRegex(
            UsageError, "default.toml:[0-9]+: alert 'silence': name 'silence' is taken by another rule"
        ):
            self.settings(RULE.replace("many", "silence"), "--alerts", "default")

    def test_mutes_are_in_the_zone_of_the_options(self) -> None:
        mute = '[[mute]]\nfrom = "01:00"\nto = "02:00"\n'
        for options, zone in ((["--timezone", "UTC"], "UTC"), (["--timezone", "Europe/Prague"], "Europe/Prague")):
            (found,) = self.settings(mute + RULE, *options).alerting.mutes
            self.assertEqual(str(found.zone), zone)

    def test_check_config(self) -> None:
        path = self.config(RULE + '[[mute]]\nname = "night"\nfrom = "22:00"\nto = "06:00"\n')
        out = io.StringIO()
        with redirect_stdout(out):
            self.assertEqual(main(["check", path]), 0)
        self.assertEqual(
            out.getvalue(),
            f"{path}: configuration OK\n"
            "alert high_traffic: rate above 10.00 hits/s over 120 s (warning)\n"
            "alert many: count above 10 over 5 s (warning)\n"
            "mute night: 22:00 to 06:00 on every day (local time), all alerts\n",
        )

    def test_the_default_ones_are_described(self) -> None:
        out = io.StringIO()
        with redirect_stdout(out):
            self.assertEqual(main(["check", "--alerts", "default"]), 0)
        self.assertEqual(len(out.getvalue().splitlines()), 12)


class Moments(unittest.TestCase):
    def test_what_a_text_means(self) -> None:
        for text, zone, expected in (
            ("1549573860", "UTC", START),
            ("2019-02-07T21:11:00", "UTC", START),
            ("2019-02-07T22:11:00", "Europe/Prague", START),
            ("2019-02-07T22:11:00+01:00", "UTC", START),
            ("2019-02-07 21:11", "UTC", START),
            ("2019-02-07T21:11:00Z", "Europe/Prague", START),
        ):
            with self.subTest(text=text):
                self.assertEqual(second_named(text, zone), expected)
        for text in ("", "now", "-5", "9" * 13, "2019-13-01", "\x00"):
            with self.subTest(text=text), self.assertRaisesRegex(UsageError, "invalid time"):
                second_named(text, "UTC")


class Command(ConfigCase):
    def test_options_without_rules(self) -> None:
        self.path("access.log", csv_line(START) * 3)
        path = self.config('files = "access.log"\nstats_interval = 0\noutput = "json"')
        status, out, errors = in_process("--config", path)
        self.assertEqual((status, errors), (0, ""))
        self.assertEqual([json.loads(line)["event"] for line in out.splitlines()], ["summary"])

    def test_a_mistake_is_one_line(self) -> None:
        path = self.config(RULE + "abov = 3")
        done = command("--config", path, stdin=b"")
        self.assertEqual((done.returncode, done.stdout, done.stderr.count(b"\n")), (2, b"", 1))
        self.assertTrue(
            done.stderr.startswith(f"LogsMonitor2000: {path}:6: alert 'many': unknown key 'abov'; did you".encode())
        )
        for text in (
            b"a = " + b"9" * 10_000,
            b"\xff",
            b"a = [",
            b"\x00",
            b"[[alert]]\nmeasure = 'count'\nabove = 1\nname = 0x" + b"f" * 100,
        ):
            with self.subTest(text=text[:20]), self.assertRaises(UsageError) as caught:
                settings_from("--config", self.path("monitor.toml", text))
            self.assertNotIn("\n", str(caught.exception))

    def test_a_format_that_lacks_what_a_rule_needs_is_refused_unless_it_is_optional(self) -> None:
        rule = '[[alert]]\nname = "slow"\nmeasure = "p95"\nabove = 1\n'
        log = self.path("access.log", clf_line(START) * 3)
        status, _, errors = in_process("--config", self.config(rule), log)
        self.assertEqual(status, 2)
        self.assertIn("has no duration", errors)
        status, _, errors = in_process("--config", self.config(rule + "optional = true"), log)
        self.assertEqual((status, errors), (0, ""))

    def test_worker_processes_tell_the_same(self) -> None:
        garbage = b"garbage \x1b[31m\n"
        lines = [csv_line(START + number // 50, b"/%d" % (number % 7), b"10.0.0.%d" % (number % 9)) for number in range(30_000)]
        lines[20_000:20_000] = [garbage] * 900 + [csv_line(START + 400, status=b"500")] * 900
        log = self.path("access.log", b"".join(lines))
        self.assertGreater(os.path.getsize(log), 1 << 20, "some chunks")
        rules = """
            [[alert]]
            name = "errors"
            measure = "ratio"
            of = {status = "5xx"}
            above = 0.1
            window = 5
            by = "section"
            [[alert]]
            name = "bad"
            measure = "unparsed"
            above = 0.1
            window = 5
            [[alert]]
            name = "clients"
            measure = "distinct"
            field = "source"
            below = 9
            window = 1
        """
        path = self.config(rules)
        outputs = [
            command("--config", path, log, "--output", "json", "--jobs", jobs, "--verbose", PYTHONHASHSEED=jobs).stdout
            for jobs in "12"
        ]
        self.assertEqual(outputs[0], outputs[1])
        alerts = [json.loads(line) for line in outputs[0].splitlines() if b'"alert"' in line]
        names = {alert["name"] for alert in alerts}
        self.assertEqual(names, {"high_traffic", "errors", "bad"} | ({"clients"} & names))

    def test_explain_in_both_outputs(self) -> None:
        lines = [csv_line(START + second) * (20 if second == 20 else 1) for second in range(40)]
        log = self.path("access.log", b"".join(lines))
        rules = RULE + 'by = "section"\nrecover = 3\n' + RULE.replace("many", "late") + "for = 3\n"
        rules += '[[alert]]\nname = "slow"\nmeasure = "ratio"\nabove = 0.5\nwindow = 30\nof = {status = 500}\n'
        rules += '[[alert]]\nname = "never"\nmeasure = "silent"\nat_least = 10\nwhere = {path = "/x"}\n'
        path = self.config(rules)
        expected = [
            "high_traffic: inactive, 0.35 hits/s is not above 10.00 hits/s",
            "many [section=/api]: firing for 2 s, peak 24, 24 is above 3, where it recovers",
            "late: pending for 2 s of 3, 24 is above 10",
            "slow: inactive, no decision: the window is full in 7 s",
            "never: inactive, no events that it measures",
        ]
        for moment in (str(START + 22), "2019-02-07T22:11:22+01:00"):
            with self.subTest(moment=moment):
                arguments = ("explain", moment, log, "--config", path, "--timezone", "UTC")
                said = in_process(*arguments)[1].split("at 2019-02-07T21:11:22+00:00\n")[1].splitlines()
                self.assertEqual([line.strip() for line in said[:5]], expected)
        _, out, _ = in_process("explain", str(START + 22), log, "--config", path, "--output", "json")
        (found,) = [json.loads(line) for line in out.splitlines() if '"explanation"' in line]
        self.assertEqual((found["event"], found["time"], found["lines"]), ("explanation", START + 22, expected))
        status, _, errors = in_process("explain", "noon", log, "--config", path)
        self.assertEqual(status, 2)
        self.assertIn("invalid time 'noon'", errors)

    def test_killed_and_begun_again(self) -> None:
        log, state = self.path("access.log", b"".join(csv_line(START + second) * 4 for second in range(20))), self.path("state")
        path = self.config(RULE + "severity = 'critical'\n" + RULE.replace("many", "never").replace("10", "1000"))
        arguments = ["--config", path, log, "--follow", "--state", state, "--output", "json", "--stats_interval", "0"]
        arguments += ["--high_traffic_interval", "0", "--max_skew", "999999999"]
        with Running(*arguments) as running:
            running.wait_for(b'"firing"')
            running.signal(signal.SIGKILL)
            running.end()
            (fired,) = [json.loads(line) for line in running.out.splitlines()]
        self.assertEqual((fired["name"], fired["time"]), ("many", START + 2))
        with open(log, "ab") as file:
            file.write(csv_line(START + 100))
        with Running(*arguments) as running:
            running.wait_for(b'"resolved"')
            running.signal(signal.SIGTERM)
            self.assertEqual(running.end(), 0)
            *again, resolved, summary = [json.loads(line) for line in running.out.splitlines()]
        self.assertIn(again, ([], [fired]), "told again only where it died before it had noted that")
        self.assertEqual((resolved["name"], resolved["time"], resolved["started"]), ("many", START + 22, START + 2))
        self.assertEqual((resolved["peak"], resolved["severity"]), (20, "critical"))
        self.assertEqual(summary["lines"], 81)


class DefaultSet(TemporaryFiles):
    """What is shipped fires on what it is for, and is quiet otherwise."""

    def fired(self, lines: list[bytes]) -> set[str]:
        log = self.path("access.log", b"".join(lines))
        options = ["--alerts", "default", "--output", "json", "--stats_interval", "0", "--high_traffic_interval", "0"]
        out = io.StringIO()
        monitor = build(settings_from(log, *options), out, io.StringIO())
        monitor.run()
        return {event["name"] for event in map(json.loads, out.getvalue().splitlines()) if event["event"] == "alert"}

    def calm(self, seconds: int = 1300, a_second: int = 4) -> list[bytes]:
        statuses = (b"200",) * 40 + (b"304",) * 5 + (b"301", b"404", b"404", b"401")
        return [
            csv_line(
                START + second, b"/page%d" % (number % 5), b"10.0.0.%d" % (number % 23), statuses[(second * 7 + number) % 49]
            )
            for second in range(seconds)
            for number in range(a_second - second % 2)
        ]

    def with_status(self, status: bytes) -> list[bytes]:
        """Every third line of two minutes has another status."""
        lines = self.calm()
        for number in range(2000, 2500, 2):
            lines[number] = lines[number].replace(b",200,", b",%s," % status)
        return lines

    def test_calm_traffic_is_quiet(self) -> None:
        self.assertEqual(self.fired(self.calm()), set())
        self.assertEqual(self.fired(self.calm(4000, 2)[::40]), set(), "of few events nothing is told")

    def test_disturbances(self) -> None:
        calm = self.calm()
        burst = [csv_line(START + 700 + second) * 20 for second in range(200)]
        slow = [
            clf_line(START + second).rstrip() + b' "-" "x" rt=%s\n' % (b"2.5" if second > 700 else b"0.1")
            for second in range(1300)
            for _ in range(3)
        ]
        gone = [line for line in calm if not START + 700 <= int(line.split(b",")[3]) < START + 1200]
        for name, lines, expected in (
            ("server errors", self.with_status(b"503"), {"server_errors", "server_errors_critical"}),
            ("client errors", self.with_status(b"404"), {"client_errors"}),
            ("unauthorized", self.with_status(b"401"), set()),
            ("redirects", self.with_status(b"302"), {"redirects"}),
            ("garbage", [*calm[:2000], *[b"garbage\n"] * 100, *calm[2000:]], {"unparsed_lines"}),
            ("a burst", [*calm[:2450], *burst, *calm[2450 + 700 :]], {"traffic_spike", "traffic_drop"}),
            ("traffic is gone", gone, {"traffic_drop"}),
            ("slow", slow, {"slow_responses"}),
            ("silent", [*calm, csv_line(START + 6000)], {"traffic_drop", "silence"}),
        ):
            with self.subTest(name):
                self.assertEqual(self.fired(lines), expected)


if __name__ == "__main__":
    unittest.main()
