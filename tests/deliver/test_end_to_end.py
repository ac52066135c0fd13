"""The command with `[[action]]` tables: a growing log, a receiver that fails, hangs and comes back, a monitor that is killed."""

from __future__ import annotations

from contextlib import closing, suppress
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from typing import Any
import unittest

from LogsMonitor2000.state.directory import DATABASE

from ..logs import csv_line
from ..running import Running, command, environment, in_process, wait_until
from ..support import TemporaryFiles, without_lines
from .channels import receivers
from .channels.receivers import HttpReceiver, answer

FAST = ("--high_traffic_interval", "60", "--high_traffic_threshold", "0.1", "--buffer_time", "0", "--stats_interval", "0")


class Log:
    """A log that is being written, a few minutes behind the clock; `burst` makes the alert fire, `calm` resolve."""

    def __init__(self, path: str, ago: int = 300) -> None:
        self.path = path
        self.second = int(time.time()) - ago
        self.write(csv_line(self.second - 1))

    def write(self, *lines: bytes) -> None:
        with open(self.path, "ab") as file:
            file.write(b"".join(lines))

    def burst(self) -> None:
        self.write(*[csv_line(self.second)] * 30, csv_line(self.second + 1))

    def calm(self) -> None:
        self.second += 70
        self.write(csv_line(self.second), csv_line(self.second + 1))
        self.second += 2


class EndToEnd(TemporaryFiles):
    def setUp(self) -> None:
        super().setUp()
        self.log = Log(self.path("access.log"))
        self.receiver = self.listen()

    def listen(self, *answers: receivers.Answer, port: int = 0) -> HttpReceiver:
        receiver = HttpReceiver(*answers, port=port)
        self.addCleanup(receiver.close)
        return receiver

    def config(self, text: str = "") -> str:
        table = f'[[action]]\ntype = "webhook"\nname = "hook"\nurl = "{self.receiver.url}/alerts"\n{text}'
        return self.path("monitor.toml", table.encode())

    def run_monitor(self, *arguments: str) -> Running:
        return Running(self.log.path, "--follow", "--config", self.path("monitor.toml"), *FAST, *arguments)

    def bodies(self) -> list[Any]:
        return [json.loads(body) for _, body in self.receiver.requests]

    def states(self) -> list[str]:
        return [each["status"] for each in self.bodies()]

    def end(self, monitor: Running) -> str:
        monitor.signal(signal.SIGTERM)
        self.assertEqual(monitor.end(), 0)
        return monitor.errors.decode()

    def test_a_growing_log_and_a_receiver_that_hangs(self) -> None:
        self.config("timeout = 0.3\n[[action]]\ntype = 'terminal'\n")
        self.receiver.answers += [receivers.hang, answer(200)]
        with self.run_monitor() as monitor:
            self.log.burst()
            self.assertTrue(wait_until(lambda: len(self.receiver.requests) >= 2))
            self.assertTrue(wait_until(lambda: b"working again" in self.errors_of(monitor)))
            self.log.calm()
            self.assertTrue(wait_until(lambda: "resolved" in self.states()))
            errors = self.end(monitor)
        bodies = self.bodies()
        self.assertEqual([body["status"] for body in bodies], ["firing"] * (len(bodies) - 1) + ["resolved"])
        self.assertEqual(len({body["id"] for body in bodies}), 2)
        self.assertEqual(bodies[-1]["alerts"][0]["started"], bodies[0]["alerts"][0]["started"])
        self.assertIn("hook: failing: timed out (retrying)\n", errors)
        self.assertIn("hook: working again\n", errors)
        self.assertIn("hook: 2 sent, 1 retried (timed out)\n", errors)
        self.assertIn("High traffic generated an alert", errors)

    def test_a_receiver_that_is_away_and_comes_back(self) -> None:
        self.config()
        self.receiver.close()
        with self.run_monitor() as monitor:
            self.log.burst()
            self.assertTrue(wait_until(lambda: b"connection refused" in self.errors_of(monitor)))
            self.receiver = self.listen(port=self.receiver.port)
            self.assertTrue(wait_until(lambda: len(self.receiver.requests) == 1))
            self.end(monitor)
        self.assertEqual(self.states(), ["firing"])

    def errors_of(self, monitor: Running) -> bytes:
        """What it has said by now."""
        assert monitor.process.stderr is not None
        os.set_blocking(monitor.process.stderr.fileno(), False)
        with suppress(BlockingIOError):
            monitor.errors += os.read(monitor.process.stderr.fileno(), 1 << 16)
        return monitor.errors

    def test_killed_while_it_delivers(self) -> None:
        self.config()
        self.receiver.answers.append(receivers.hang)
        state = ("--state", self.path("state"))
        with self.run_monitor(*state) as monitor:
            self.log.burst()
            self.assertTrue(wait_until(lambda: len(self.receiver.requests) == 1))
            monitor.signal(signal.SIGKILL)
            monitor.end()
        with self.run_monitor(*state) as monitor:
            self.assertTrue(wait_until(lambda: len(self.receiver.requests) == 2))
            self.log.calm()
            self.assertTrue(wait_until(lambda: len(self.receiver.requests) == 3))
            self.end(monitor)
        first, again, last = self.bodies()
        self.assertEqual(again, first)
        self.assertEqual((again["status"], last["status"]), ("firing", "resolved"))
        with self.run_monitor(*state) as monitor:
            self.log.burst()
            self.assertTrue(wait_until(lambda: len(self.receiver.requests) == 4))
            self.end(monitor)
        self.assertEqual(self.states()[3:], ["firing"], "what was sent before is not sent again")

    def test_killed_before_it_delivers(self) -> None:
        self.config("group_wait = '1h'\n")
        state = self.path("state")
        with self.run_monitor("--state", state) as monitor:
            self.log.burst()
            self.assertTrue(wait_until(lambda: self.kept(state) == 1))
            monitor.signal(signal.SIGKILL)
            monitor.end()
        self.assertEqual(self.receiver.requests, [])
        with self.run_monitor("--state", state) as monitor:
            monitor.wait_for(b"statistics")
            self.end(monitor)
        self.assertEqual(self.states(), ["firing"])

    def kept(self, state: str) -> int:
        with suppress(sqlite3.Error), closing(sqlite3.connect(f"file:{state}/{DATABASE}?mode=ro", uri=True)) as database:
            return int(database.execute("SELECT count(*) FROM deliveries").fetchone()[0])
        return 0

    def test_the_end_waits_no_longer_than_it_may_and_keeps_what_is_left(self) -> None:
        self.config("flush = 0.2\n")
        self.receiver.answers += [receivers.hang] * 5
        for arguments, words in (
            ((), "1 lost, as the run ended"),
            (("--state", self.path("state")), "1 kept for the next run"),
        ):
            with self.subTest(arguments=arguments), self.run_monitor(*arguments) as monitor:
                before = len(self.receiver.requests)
                self.log.burst()
                self.assertTrue(wait_until(lambda: len(self.receiver.requests) > before))
                start = time.monotonic()
                errors = self.end(monitor)
                self.assertLess(time.monotonic() - start, 2)
                self.assertIn(words, errors)

    def test_history_is_shown_but_not_sent(self) -> None:
        self.config()
        self.log = Log(self.path("old.log"), 9000)
        self.log.burst()
        self.log.calm()
        done = command(self.log.path, "--config", self.path("monitor.toml"), *FAST)
        self.assertIn(b"High traffic generated an alert", done.stdout)
        self.assertIn(b"hook: 2 alerts not sent (too old once, resolved, and its firing was not sent once)\n", done.stderr)
        self.assertEqual(self.receiver.requests, [])

    def test_no_one_reads_the_output_any_more(self) -> None:
        self.config()
        with self.run_monitor() as monitor:
            monitor.wait_for(b"statistics")
            assert monitor.process.stdout is not None
            monitor.process.stdout.close()
            self.log.burst()
            self.assertEqual(monitor.process.wait(20), 0)
            self.assertEqual(self.errors_of(monitor), b"hook: 1 sent\n")
        self.assertEqual(self.states(), ["firing"], "the alert that no one read is sent all the same")

    def test_with_worker_processes(self) -> None:
        self.config("max_age = 0\n")
        self.log.burst()
        self.log.write(csv_line(self.log.second + 2) * 40_000)
        done = command(self.log.path, "--config", self.path("monitor.toml"), *FAST, "--jobs", "2")
        self.assertEqual((done.returncode, done.stderr), (0, b"hook: 1 sent\n"))

    def test_a_wrong_table_is_wrong_usage(self) -> None:
        self.config("grup_by = []\n")
        status, _, errors = in_process(self.log.path, "--config", self.path("monitor.toml"))
        self.assertEqual(status, 2)
        self.assertIn(
            "monitor.toml: action 'hook': unknown key 'grup_by'; did you mean group_by?",
            without_lines(errors.removeprefix("LogsMonitor2000: ")),
        )

    def test_a_run_without_actions_pays_nothing(self) -> None:
        code = (
            "import sys, io, contextlib; from LogsMonitor2000.command.main import main\n"
            f"with contextlib.redirect_stdout(io.StringIO()): main([{self.log.path!r}])\n"
            "print(*[name for name in sys.modules if 'deliver' in name or name in ('sqlite3', 'ssl', 'http.client', 'tomllib')])"
        )
        done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, env=environment(), timeout=30)
        self.assertEqual(done.stdout.strip(), b"", done.stderr)


if __name__ == "__main__":
    unittest.main()
