"""Alerts in a file: every transition, in order; a file that is rotated, one that cannot be written, one that ends within a line."""

from __future__ import annotations

from collections.abc import Callable
import json
import os
import stat
from typing import Any
import unittest
from unittest import mock

from LogsMonitor2000.event import MalformedLine, Notice, Stats, Summary

from ..delivering import Delivering
from ..making import NASTY, NOW, firing, resolved

STATS = Stats(60, 10, 1, 2, [(b"/a", 1)], [(b"10.0.0.1", 1)], {b"2": 1})


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
        written = self.lines()
        self.assertEqual(
            [(each["event"], each["state"], each.get("held")) for each in written],
            [("alert", "firing", None), ("alert", "resolved", None), ("alert", "firing", "dry run")],
        )
        self.assertTrue(written[1]["id"].endswith(f"-{NOW}-resolved"))
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

    def test_trouble_is_reported_and_counted_and_ends_nothing(self) -> None:
        action = self.action()
        path = self.path("log/alerts.jsonl")
        os.mkfifo(path)
        reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        action.notify(firing())
        os.close(reader)
        action.notify(firing())
        os.remove(path)
        action.notify(firing())
        action.close()
        self.assertEqual(
            self.errors.getvalue().splitlines(),
            [
                f"json_lines: cannot write to {path}: not a regular file",
                f"json_lines: writing to {path} works again",
                f"json_lines: 2 lines were not written to {path}",
            ],
        )
        self.assertEqual(action.counts, {("failed", "cannot be written"): 2, ("sent", ""): 1})

    def test_a_short_write_is_completed(self) -> None:
        action, write = self.action(), os.write
        with mock.patch("os.write", side_effect=lambda descriptor, data: write(descriptor, data[:7])):
            action.notify(firing())
        self.assertEqual(len(self.lines()), 1)
        self.assertEqual(action.counts, {("sent", ""): 1})

    def test_what_a_full_disk_cuts_short_is_taken_back(self) -> None:
        action, write = self.action(), os.write
        action.notify(firing(time=NOW))
        room = [9]

        def full(descriptor: int, data: bytes) -> int:
            if not room[0]:
                raise OSError(28, "No space left on device")
            count = write(descriptor, data[: room[0]])
            room[0] -= count
            return count

        with mock.patch("os.write", side_effect=full):
            action.notify(firing(time=NOW + 1))
        action.notify(firing(time=NOW + 2))
        self.assertEqual([each["time"] for each in self.lines()], [NOW, NOW + 2])
        self.assertEqual(action.counts, {("sent", ""): 2, ("failed", "cannot be written"): 1})
        self.assertIn("No space left on device", self.errors.getvalue())

    def test_a_line_is_never_glued_to_what_a_crash_left(self) -> None:
        action, write = self.action(), os.write
        self.path("log/alerts.jsonl", b'{"whole":1}\n{"cut')
        action.notify(firing())
        with open(self.path("log/alerts.jsonl"), "rb") as file:
            whole, cut, line, end = file.read().split(b"\n")
        self.assertEqual((whole, cut, json.loads(line)["time"], end), (b'{"whole":1}', b'{"cut', NOW, b""))
        with (
            mock.patch("os.ftruncate", side_effect=OSError(5, "Input/output error")),
            mock.patch("os.write", side_effect=self.once(write)),
        ):
            action.notify(firing(time=NOW + 1))
        action.notify(firing(time=NOW + 2))
        with open(self.path("log/alerts.jsonl"), "rb") as file:
            self.assertEqual(json.loads(file.read().split(b"\n")[-2])["time"], NOW + 2)

    @staticmethod
    def once(write: Callable[[int, bytes], int]) -> Callable[[int, bytes], int]:
        """Writes five bytes, then fails."""
        is_full = []

        def attempt(descriptor: int, data: bytes) -> int:
            if is_full:
                raise OSError(28, "No space left on device")
            is_full.append(True)
            return write(descriptor, data[:5])

        return attempt

    def test_a_file_that_cannot_be_opened_again_after_its_rotation_is_closed_once(self) -> None:
        action = self.action("max_bytes = 4096")
        while not os.path.exists(self.path("log/alerts.jsonl")) or os.path.getsize(self.path("log/alerts.jsonl")) < 3700:
            action.notify(firing())
        opening, closed, close = [os.open], [], os.close

        def open_once(*arguments: Any) -> int:
            if not opening:
                raise OSError(24, "Too many open files")
            return opening.pop()(*arguments)

        def closing(descriptor: int) -> None:
            closed.append(descriptor)
            close(descriptor)

        with mock.patch("os.open", side_effect=open_once), mock.patch("os.close", side_effect=closing):
            action.notify(firing())
        self.assertEqual(len(closed), 1)
        self.assertEqual(action.counts["failed", "cannot be written"], 1)
        action.notify(firing())
        self.assertEqual(len(self.lines()), 1)


if __name__ == "__main__":
    unittest.main()
