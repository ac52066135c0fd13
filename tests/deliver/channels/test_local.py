"""Alerts on standard error and in a file: every transition, in order; a file that is rotated, and one that cannot be written."""

from __future__ import annotations

import io
import json
import os
import stat
from typing import Any
import unittest

from LogsMonitor2000.event import MalformedLine, Notice, Stats, Summary

from ..delivering import Delivering
from ..making import NASTY, NOW, firing, resolved

STATS = Stats(60, 10, 1, 2, [(b"/a", 1)], [(b"10.0.0.1", 1)], {b"2": 1})


class Terminal(Delivering):
    def test_alerts_that_pass(self) -> None:
        for color, text in ((False, "High traffic"), (True, "\x1b[1;31mHigh traffic")):
            with self.subTest(color=color):
                self.errors = io.StringIO()
                action = self.spec('type = "terminal"\nalerts = "errors"').build(self.context(color=color))
                old = firing(time=9)
                for event in (
                    old,
                    resolved(old, 10),
                    firing("slow"),
                    old._replace(state="pending"),
                    STATS,
                    Notice("x"),
                    Summary(),
                ):
                    action.notify(event)
                action.close()
                first, second = self.errors.getvalue().splitlines()
                self.assertTrue(first.startswith(text), first)
                self.assertIn("back to normal", second)


class Files(Delivering):
    def action(self, more: str = "") -> Any:
        return self.spec(f'type = "json_lines"\npath = "log/alerts.jsonl"\n{more}').build(self.context())

    def setUp(self) -> None:
        super().setUp()
        os.mkdir(self.path("log"))

    def lines(self, name: str = "alerts.jsonl") -> list[Any]:
        with open(self.path(f"log/{name}"), encoding="ascii") as file:
            return [json.loads(line) for line in file]

    def test_every_transition_with_its_id(self) -> None:
        action = self.action()
        alert = firing("errors", NOW, NASTY)
        for event in (
            alert,
            resolved(alert, NOW + 1),
            alert._replace(suppressed="dry run"),
            alert._replace(state="pending"),
            STATS,
            Summary(),
        ):
            action.notify(event)
        action.close()
        told = self.lines()
        self.assertEqual(
            [(each["event"], each["state"], each.get("held")) for each in told],
            [("alert", "firing", None), ("alert", "resolved", None), ("alert", "firing", "dry run")],
        )
        self.assertTrue(told[1]["id"].endswith(f"-{NOW}-resolved"))
        self.assertEqual(action.counts, {("sent", ""): 3})
        self.assertEqual(stat.S_IMODE(os.stat(self.path("log/alerts.jsonl")).st_mode) & 0o137, 0)
        self.assertEqual(self.errors.getvalue(), "")

    def test_other_events_where_they_are_wanted(self) -> None:
        action = self.action('events = ["stats", "summary"]')
        for event in (firing(), STATS, Notice("x"), MalformedLine("log", 1, "bad", b"x"), Summary()):
            action.notify(event)
        self.assertEqual([each["event"] for each in self.lines()], ["stats", "summary"])

    def test_it_is_rotated_by_size(self) -> None:
        for keep in (0, 1, 3):
            with self.subTest(keep=keep):
                action = self.action(f"max_bytes = 4096\nkeep = {keep}")
                for number in range(100):
                    action.notify(firing(time=NOW + number))
                names = ["alerts.jsonl", *(f"alerts.jsonl.{number}" for number in range(1, keep + 1))]
                self.assertEqual(sorted(os.listdir(self.path("log"))), names)
                times = [each["time"] for name in reversed(names) for each in self.lines(name)]
                self.assertEqual(times, list(range(NOW + 100 - len(times), NOW + 100)))
                for name in names:
                    self.assertLessEqual(os.path.getsize(self.path(f"log/{name}")), 4096)
                    os.remove(self.path(f"log/{name}"))

    def test_what_is_there_is_appended_to_and_may_be_moved_away(self) -> None:
        self.path("log/alerts.jsonl", b'{"state":"old"}\n')
        action = self.action()
        action.notify(firing())
        os.rename(self.path("log/alerts.jsonl"), self.path("log/moved"))
        action.notify(firing(time=NOW + 1))
        self.assertEqual([each["state"] for each in self.lines("moved")], ["old", "firing"])
        self.assertEqual(len(self.lines()), 1)

    def test_trouble_is_told_and_counted_and_ends_nothing(self) -> None:
        action = self.action()
        os.mkfifo(self.path("log/alerts.jsonl"))
        reader = os.open(self.path("log/alerts.jsonl"), os.O_RDONLY | os.O_NONBLOCK)
        action.notify(firing())
        os.close(reader)
        action.notify(firing())
        os.remove(self.path("log/alerts.jsonl"))
        action.notify(firing())
        action.close()
        self.assertEqual(
            self.errors.getvalue().splitlines(),
            ["json_lines: not a regular file", "json_lines: written again", "json_lines: 2 lines could not be written"],
        )
        self.assertEqual(action.counts, {("failed", "cannot be written"): 2, ("sent", ""): 1})


if __name__ == "__main__":
    unittest.main()
