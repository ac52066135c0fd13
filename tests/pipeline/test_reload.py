"""SIGHUP while following: rules, mutes and receivers of the configuration as it is now, and what continues over that."""

from __future__ import annotations

import json
import os
import signal
from typing import Any
import unittest

from LogsMonitor2000.alert.calculator import RuleCalculator
from LogsMonitor2000.alert.high_traffic import built_in_rules
from LogsMonitor2000.alert.kinds import KINDS
from LogsMonitor2000.analyze.most_common import MostCommonCalculator
from LogsMonitor2000.analyze.processor import AnalyticsProcessor
from LogsMonitor2000.event import Alert, Event, Stats
from LogsMonitor2000.parse.choose import Choice
from LogsMonitor2000.pipeline.recogniser import Recogniser
from LogsMonitor2000.pipeline.wiring import open_log
from LogsMonitor2000.testing import PAUSE, ScriptedSource

from ..logs import START, csv_line
from ..running import Running, wait_until
from ..support import TemporaryFiles

RULE = '[[alert]]\nname = "{name}"\nmeasure = "count"\nwhere = {{ section = "/api" }}\nwindow = {window}\nabove = {above}\n'
RECEIVER = '[[action]]\ntype = "json_lines"\nname = "file"\npath = "{path}"\n'


def rule(name: str, above: int, window: int = 1000, **more: str) -> str:
    return RULE.format(name=name, above=above, window=window) + "".join(f"{key} = {value}\n" for key, value in more.items())


class Reloading(TemporaryFiles):
    def setUp(self) -> None:
        super().setUp()
        self.path("access.log", csv_line(START) * 6 + csv_line(START + 1))

    def configure(self, *tables: str) -> str:
        return self.path("monitor.toml", ("high_traffic_interval = 0\n" + "\n".join(tables)).encode())

    def follow(self, *more: str) -> Running:
        arguments = (self.path("access.log"), "--follow", "--config", self.path("monitor.toml"), "--output", "json")
        return Running(*arguments, "--stats_interval", "1", "--max_skew", "999999999", "--buffer_time", "0", *more)

    def append(self, *lines: bytes) -> None:
        with open(self.path("access.log"), "ab") as file:
            file.write(b"".join(lines))

    def reload(self, run: Running, told: str = "configuration reloaded") -> None:
        run.signal(signal.SIGHUP)
        run.read_until(lambda: told.encode() in run.errors)

    def alerts(self, run: Running) -> list[dict[str, Any]]:
        events = [json.loads(line) for line in run.out.splitlines() if line.endswith(b"}")]
        return [event for event in events if event["event"] == "alert"]

    def test_windows_that_still_fit_go_on(self) -> None:
        for more in ((), ("--state", self.path("state"))):
            with self.subTest(more=more):
                self.path("access.log", csv_line(START) * 6 + csv_line(START + 1))
                self.configure(rule("busy", 100))
                with self.follow(*more) as run:
                    run.wait_for(b'"stats"')
                    self.configure(rule("busy", 9), rule("also", 9))
                    self.reload(run, "configuration reloaded: 2 rules, 0 mutes, 0 receivers")
                    self.append(*[csv_line(START + 2)] * 4, csv_line(START + 3))
                    run.wait_for(b'"firing"')
                    run.signal(signal.SIGTERM)
                    self.assertEqual(run.end(), 0)
                told = {alert["name"]: alert for alert in self.alerts(run)}
                # Seven lines of before the reload and four of after it make eleven; a window that measures the same has them all.
                self.assertEqual((told["busy"]["value"], told["busy"]["time"]), (11, START + 2))
                summary = json.loads(run.out.splitlines()[-1])
                self.assertEqual((summary["events"], summary["late"]), (12, 0))

    def test_a_wrong_file_is_reported_and_the_old_one_stays(self) -> None:
        self.configure(rule("busy", 9))
        with self.follow() as run:
            run.wait_for(b'"stats"')
            path = self.configure(rule("busy", 1, abvoe="3"), 'topp = "x"')
            self.reload(run, "configuration not reloaded: the old one stays in force")
            self.assertIn(f"{path}:8: alert 'busy': unknown key 'abvoe'; did you mean above?".encode(), run.errors)
            os.remove(path)
            self.reload(run, "monitor.toml: No such file or directory")
            self.append(*[csv_line(START + 2)] * 4, csv_line(START + 3))
            run.wait_for(b'"firing"')
            run.signal(signal.SIGTERM)
            self.assertEqual(run.end(), 0)
        self.assertEqual([(alert["name"], alert["threshold"]) for alert in self.alerts(run)], [("busy", 9)])

    def test_a_rule_that_a_log_cannot_serve_changes_nothing(self) -> None:
        self.configure(rule("busy", 9))
        with self.follow() as run:
            run.wait_for(b'"stats"')
            self.configure(rule("busy", 1), '[[alert]]\nname = "slow"\nmeasure = "p95"\nabove = 1\n')
            self.reload(run, "configuration not reloaded")
            self.assertIn(b"has no duration", run.errors)
            self.append(*[csv_line(START + 2)] * 4, csv_line(START + 3))
            run.wait_for(b'"firing"')
            run.signal(signal.SIGTERM)
            self.assertEqual(run.end(), 0)
        self.assertEqual([(alert["name"], alert["threshold"]) for alert in self.alerts(run)], [("busy", 9)])

    def test_receivers_change_and_what_has_no_rule_any_more_is_resolved(self) -> None:
        old, new = self.path("old.jsonl"), self.path("new.jsonl")
        self.configure(rule("busy", 3), RECEIVER.format(path=old))
        with self.follow() as run:
            run.wait_for(b'"firing"')
            self.assertTrue(wait_until(lambda: os.path.exists(old)))
            self.configure(rule("other", 9), RECEIVER.format(path=new))
            self.reload(run, "1 rules, 0 mutes, 1 receivers")
            self.append(*[csv_line(START + 2)] * 20, csv_line(START + 3))
            run.wait_for(b'"other"')
            run.signal(signal.SIGTERM)
            self.assertEqual(run.end(), 0)
        with open(new, encoding="utf-8") as file:
            self.assertEqual([json.loads(line)["name"] for line in file], ["other"])

    def test_what_takes_a_restart_is_said(self) -> None:
        self.configure(rule("busy", 9))
        with self.follow() as run:
            run.wait_for(b'"stats"')
            self.configure(rule("busy", 9), *["top = 5"][:0])
            self.path("monitor.toml", b"top = 7\nhigh_traffic_interval = 0\n" + rule("busy", 8).encode())
            self.reload(run, "changed, but only a restart applies it: top")
            run.signal(signal.SIGTERM)
            self.assertEqual(run.end(), 0)

    def test_without_a_configuration_it_is_the_usual_end(self) -> None:
        options = ("--stats_interval", "1", "--buffer_time", "0", "--max_skew", "999999999")
        with Running(self.path("access.log"), "--follow", "--output", "json", *options) as run:
            run.wait_for(b'"stats"')
            run.signal(signal.SIGHUP)
            self.assertEqual(run.end(), -signal.SIGHUP)


class Replacing(unittest.TestCase):
    def events(self, replaces: bool) -> list[Event]:
        """What a processor yields for forty digests, with its rules replaced by the same ones between any two of them."""
        rules = RuleCalculator(built_in_rules(10, 1.2), causes=False)
        processor = AnalyticsProcessor([MostCommonCalculator(10), rules], 0)
        pieces = [csv_line(START + second) * (second % 7 and 1 + second // 10 % 3) for second in range(40)]
        source = ScriptedSource([piece for lines in pieces for piece in (lines, PAUSE) if piece != b""], endless=True)
        stream = open_log(source, processor, log_format="csv")
        events: list[Event] = []
        for _ in range(200):
            if (digest := stream.digest(1 << 40, processor.floor)) is None:
                continue
            stream.join(digest)
            processor.add(digest)
            events += processor.advance(stream.newest or 0)
            if replaces:
                again = RuleCalculator(built_in_rules(10, 1.2), causes=False)
                processor.replace(rules, again)
                rules = again
                stream.rebind(Recogniser(processor, Choice("csv")))
        return events + processor.finish()

    def test_nothing_is_lost_or_counted_twice(self) -> None:
        once = self.events(False)
        self.assertEqual({type(event) for event in once}, {Alert, Stats})
        self.assertEqual(self.events(True), once)


if __name__ == "__main__":
    unittest.main()
