"""Programs run for alerts: what they are given, what their end means, and that nothing of them stays behind."""

from __future__ import annotations

import errno
import json
import os
import threading
import time
import unittest
from unittest import mock

from LogsMonitor2000.action.formatter import MessageFormatter
from LogsMonitor2000.deliver.channels.base import Refused, Retry
from LogsMonitor2000.deliver.channels.command import Command

from ...running import wait_until
from ...support import no_descriptor_left
from ..delivering import SECRET, Delivering
from ..making import NASTY, NOW, firing, message, resolved


def shell(script: str, *arguments: str) -> Command:
    """A command that happens to be a shell; the arguments are its $0, $1, …"""
    return Command(["/bin/sh", "-c", script, *arguments], MessageFormatter())


class Commands(Delivering):
    def script(self, text: str) -> str:
        """A table for a command that runs `text`, which finds the test's directory in `$0`."""
        return f'type = "command"\ncommand = ["/bin/sh", "-c", {json.dumps(text)}, {json.dumps(self.directory)}]\ntimeout = 5'

    def test_it_is_given_the_alert_twice(self) -> None:
        with mock.patch.dict(os.environ, {"SLACK_URL": SECRET, "LC_TIME": "C"}):
            self.attempted(self.delivery(self.script("cat > $0/stdin; env > $0/env")))
        with open(self.path("stdin"), encoding="utf-8") as file:
            given = json.load(file)
        self.assertEqual(
            (given["name"], given["state"], given["started"], given["action"]), ("errors", "firing", NOW, "command")
        )
        with open(self.path("env"), encoding="utf-8") as file:
            variables = dict(line.split("=", 1) for line in file.read().splitlines() if "=" in line)
        self.assertEqual(
            (variables["LM2000_NAME"], variables["LM2000_STATE"], variables["LM2000_TIME"]), ("errors", "firing", str(NOW))
        )
        self.assertEqual(variables["LM2000_ID"], given["id"])
        self.assertEqual(variables["LC_TIME"], "C")
        self.assertNotIn("SLACK_URL", variables)

    def test_further_variables_are_passed_on_by_name(self) -> None:
        with mock.patch.dict(os.environ, {"PAGER_KEY": "k"}):
            table = self.script('test "$PAGER_KEY" = k')
            self.assertEqual(self.attempted(self.delivery(table)).counts, {("failed", "exit status 1"): 1})
            self.assertEqual(self.attempted(self.delivery(table + '\nenvironment = ["PAGER_KEY"]')).counts, {("sent", ""): 1})

    def test_what_a_log_says_is_data(self) -> None:
        alert = firing("errors", NOW, b"$(touch $0/forged) `touch forged` ; touch forged & " + NASTY, lines=(NASTY,))
        delivery = self.attempted(
            self.delivery(self.script('cat > /dev/null; printf %s "$LM2000_GROUP_SECTION" > $0/group')), alert
        )
        delivery.notify(resolved(alert, NOW + 1))
        delivery.step()
        self.assertEqual(delivery.counts, {("sent", ""): 2})
        self.assertEqual(sorted(os.listdir(self.directory)), ["group", "secret"])
        with open(self.path("group"), encoding="utf-8") as file:
            self.assertTrue(file.read().isprintable())

    def test_each_alert_has_its_own_run(self) -> None:
        delivery = self.delivery(self.script("echo $LM2000_ID >> $0/ids"))
        for section in (b"/a", b"/b"):
            delivery.notify(firing(section=section))
        while delivery.step():
            pass
        with open(self.path("ids"), encoding="utf-8") as file:
            self.assertEqual(len(set(file.read().split())), 2)

    def test_how_it_ends(self) -> None:
        for script, outcome in (
            ("exit 0", ("sent", "")),
            ("exit 75", ("retried", "asked to be run again")),
            ("exit 1", ("failed", "exit status 1")),
            ("exit 127", ("failed", "exit status 127")),
            ("kill -9 $$", ("failed", "killed by signal 9")),
            ("yes | head -c 1000000; exit 0", ("sent", "")),
            ("exec 1>&- 2>&-; exit 0", ("sent", "")),
            ("exec 1>&- 2>&-; sleep 0.08", ("sent", "")),
        ):
            with self.subTest(script=script):
                self.assertEqual(self.attempted(self.delivery(self.script(script))).counts, {outcome: 1})
        self.assertEqual(
            self.attempted(self.delivery('type = "command"\ncommand = ["/nowhere/x"]')).counts,
            {("failed", "cannot be started"): 1},
        )
        self.assertIn("failing: cannot be started (No such file or directory)", self.errors.getvalue())

    def test_what_is_of_the_machine_passes(self) -> None:
        for number in (errno.EAGAIN, errno.EMFILE, errno.ENOMEM, errno.ENFILE):
            for place in ("subprocess.Popen", "tempfile.TemporaryFile"):
                with self.subTest(error=errno.errorcode[number], place=place):
                    with mock.patch(place, side_effect=OSError(number, os.strerror(number))):
                        delivery = self.attempted(self.delivery(self.script("exit 0")))
                    reason = f"cannot be started now: {errno.errorcode[number]}"
                    self.assertEqual(delivery.counts, {("retried", reason): 1})
                    self.clock.advance(1)
                    delivery.step()
                    self.assertEqual(delivery.counts[("sent", "")], 1)

    def test_no_descriptor_is_left(self) -> None:
        channel = shell("exit 0")
        with no_descriptor_left(), self.assertRaises(Retry) as caught:
            channel.send(message(), 5)
        self.assertEqual(caught.exception.reason, "cannot be started now: EMFILE")
        channel.send(message(), 5)

    def test_its_last_words_are_shown_where_it_fails(self) -> None:
        self.attempted(self.delivery(self.script("echo first; printf 'no \\033 such pager\\n' >&2; exit 3")))
        self.assertEqual(self.errors.getvalue(), "command: failing: exit status 3 (no \\x1b such pager)\n")

    def test_past_its_time_it_is_killed_with_all_it_started(self) -> None:
        for script in (
            "sleep 20 & echo $! > $0/pid; wait",
            "exec 1>&- 2>&-; echo $$ > $0/pid; sleep 20",
            "echo $$ > $0/pid; yes",
        ):
            with self.subTest(script=script):
                start = time.monotonic()
                with self.assertRaises(Retry) as caught:
                    shell(script, self.directory).send(message(), 0.2)
                self.assertEqual(caught.exception.reason, "timed out")
                self.assertLess(time.monotonic() - start, 2)
                with open(self.path("pid"), encoding="ascii") as file:
                    number = int(file.read())
                self.assertTrue(wait_until(lambda: not is_running(number)))

    def test_what_it_leaves_in_the_background_is_not_waited_for(self) -> None:
        start = time.monotonic()
        shell("sleep 2 & exit 0").send(message(), 10)
        self.assertLess(time.monotonic() - start, 1)

    def test_closing_ends_it(self) -> None:
        channel = shell("sleep 20")
        channel.close()
        timer = threading.Timer(0.1, channel.close)
        timer.start()
        start = time.monotonic()
        with self.assertRaises(Refused) as caught:
            channel.send(message(), 20)
        self.assertEqual(caught.exception.reason, "killed by signal 9")
        self.assertLess(time.monotonic() - start, 2)
        timer.join()


def is_running(number: int) -> bool:
    try:
        with open(f"/proc/{number}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


if __name__ == "__main__":
    unittest.main()
