"""`explain`: one second, whatever the log does around it."""

from __future__ import annotations

import json
import os
import unittest

from LogsMonitor2000.action.explanation_report import Explainer
from LogsMonitor2000.action.formatter import MessageFormatter
from LogsMonitor2000.event import Alert, Explanation, MalformedLine, Notice, Stats, Summary
from LogsMonitor2000.testing import Collecting

from ..logs import START, csv_line
from ..running import in_process
from ..support import TemporaryFiles

RULES = b"""
high_traffic_interval = 10
high_traffic_threshold = 2
follow = true
state = "state"

[[alert]]
name = "errors"
measure = "count"
where = { status = "5xx" }
by = ["section"]
above = 1
recover = 0
window = 10
for = 2

[[action]]
type = "prometheus"
listen = "the machine that watches"
"""


def log() -> bytes:
    """Twenty seconds with three hits each, the middle one of which is an error."""
    targets = (b"/api/x", b"/report", b"/api/y")
    return b"".join(csv_line(START + n // 3, targets[n % 3], status=b"500" if n % 3 == 1 else b"200") for n in range(60))


class Telling(unittest.TestCase):
    def told(self, *events: object) -> tuple[list[object], bool]:
        collecting = Collecting()
        explainer = Explainer(collecting, 100, MessageFormatter())
        for event in events:
            explainer.notify(event)  # type: ignore[arg-type]
        explainer.close()
        self.assertTrue(collecting.closed)
        return list(collecting.events), explainer.is_done

    def test_only_the_explanation_and_problems_are_told(self) -> None:
        explanation = Explanation(100, ("errors: inactive",))
        problems = [Notice("broken"), MalformedLine("a.log", 1, "why", b"x")]
        others = [Stats(90, 10, 1, 2, [], [], {}), Alert("errors", "firing", 99, 1, 1, 1, 99, 1), Summary(last=100)]
        self.assertEqual(self.told(*problems, *others[:2], explanation, others[2]), ([*problems, explanation], True))

    def test_a_second_that_the_log_does_not_have(self) -> None:
        for event, line, is_done in (
            (Explanation(200, ()), "the log begins later, at 1970-01-01T00:03:20+00:00", True),
            (Summary(first=1, last=99), "the log ends before that, at 1970-01-01T00:01:39+00:00", False),
            (Summary(), "the log has no events", False),
        ):
            with self.subTest(line):
                self.assertEqual(self.told(event), ([Explanation(100, (line,))], is_done))


class Command(TemporaryFiles):
    def setUp(self) -> None:
        super().setUp()
        self.path("rules.toml", RULES)
        self.path(content=log())

    def explain(self, time: str, *more: str) -> str:
        arguments = ("explain", time, "access.log", "--config", "rules.toml", "--timezone", "UTC", *more)
        status, out, errors = in_process(*arguments, cwd=self.directory)
        self.assertEqual((status, errors), (0, ""))
        return out

    def test_a_second_of_each_state(self) -> None:
        for second, lines in (
            (
                0,
                [
                    "high_traffic: inactive, 0.30 hits/s is not above 2.00 hits/s",
                    "errors [section=/report]: inactive, 1 is not above 1",
                ],
            ),
            (
                2,
                [
                    "high_traffic: inactive, 0.90 hits/s is not above 2.00 hits/s",
                    "errors [section=/report]: pending for 1 s of 2, 3 is above 1",
                ],
            ),
            (
                9,
                [
                    "high_traffic: firing for 3 s, peak 3.00 hits/s, 3.00 hits/s is above 2.00 hits/s",
                    "errors [section=/report]: firing for 6 s, peak 10, 10 is above 0, where it recovers",
                ],
            ),
        ):
            with self.subTest(second=second):
                expected = [f"at 2019-02-07T21:11:{second:02d}+00:00", *(f"  {line}" for line in lines)]
                self.assertEqual(self.explain(f"2019-02-07T21:11:{second:02d}"), "".join(line + "\n" for line in expected))

    def test_what_a_file_says_of_following_and_actions_is_for_the_run_that_watches(self) -> None:
        self.explain(str(START))
        self.assertEqual(sorted(os.listdir(self.directory)), ["access.log", "rules.toml"])

    def test_json(self) -> None:
        told = [json.loads(line) for line in self.explain(str(START + 9), "--output", "json").splitlines()]
        self.assertEqual([(event["event"], event["time"]) for event in told], [("explanation", START + 9)])
        rules = told[0]["rules"]
        self.assertEqual(
            [(rule["name"], rule["group"], rule["state"], rule["value"], rule["threshold"]) for rule in rules],
            [("high_traffic", {}, "firing", 3.0, 2.0), ("errors", {"section": "/report"}, "firing", 10, 1)],
        )

    def test_nothing_is_read_behind_that_second(self) -> None:
        lines = [csv_line(START + n) * 100 for n in range(400)]
        self.path(content=b"".join(lines) + b"garbage\n")
        status, _, errors = in_process("explain", str(START), "access.log", "--jobs", "1", cwd=self.directory)
        self.assertEqual((status, errors), (0, ""))

    def test_what_makes_no_sense(self) -> None:
        for arguments, message in (
            (("soon",), "invalid time 'soon'"),
            (("5", "--high_traffic_threshold", "0"), "no alert rules"),
            (("5", "--follow"), "unknown option --follow"),
        ):
            with self.subTest(arguments=arguments):
                status, out, errors = in_process("explain", *arguments, "access.log", cwd=self.directory)
                self.assertEqual((status, out), (2, ""))
                self.assertIn(message, errors)


if __name__ == "__main__":
    unittest.main()
