"""`check`: all that a run would trip over, each with its line."""

from __future__ import annotations

import os
import re
import unittest

from ..running import in_process
from ..support import TemporaryFiles

WRONG = """\
files = "missing.log"
fields = "tiem=ts"
calculator = ["os:path", "nope:X"]
parser = "x"
nginx_conf = "none.conf"
timezone = "Mars/X"
topp = 5

[[alert]]
name = "errors"
measure = "ratio"
of = { status = "5xx" }
abvoe = 0.05

[[alert]]
name = "slow"
measure = "p95"
above = 1
inhibited_by = ["errors", "x"]

[[mute]]
alerts = ["err*", "cool"]

[[action]]
type = "webhook"
url = "https://localhost/x"
ca_file = "none.pem"
alerts = ["erors"]

[[action]]
type = "webhok"
"""


class Check(TemporaryFiles):
    def check(self, text: str, *more: str) -> tuple[int, list[str]]:
        path = self.path("monitor.toml", text.encode())
        status, out, errors = in_process("check", path, *more)
        self.assertEqual(bool(out), status == 0)
        return status, [line.removeprefix(f"LogsMonitor2000: {path}:") for line in errors.splitlines()]

    def test_all_that_is_wrong_with_a_file_is_told_at_once_with_its_line(self) -> None:
        status, told = self.check(WRONG)
        self.assertEqual(status, 2)
        for line, expected in zip(
            told,
            (
                "7: unknown key 'topp'; did you mean top?",
                "6: timezone is wrong: unknown time zone 'Mars/X'",
                "13: alert 'errors': unknown key 'abvoe'; did you mean above?",
                "19: alert 'slow': inhibited_by names an unknown rule 'x'",
                "22: mute 1: alerts names 'cool', but no alert has that name; there are high_traffic, errors, slow",
                "28: action 'webhook': alerts names 'erors', which is not an alert; there are high_traffic, errors, slow",
                "31: action 'webhok': type must be one of alertmanager, command, email,",
            ),
            strict=True,
        ):
            self.assertEqual(line[: len(expected)], expected)

    def test_and_then_what_only_a_run_would_meet(self) -> None:
        text = WRONG
        for wrong, right in (
            ("topp = 5\n", ""),
            ("Mars/X", "UTC"),
            ("abvoe", "above"),
            (', "x"]', "]"),
            (', "cool"', ""),
            ("erors", "errors"),
            ("webhok", "terminal"),
        ):
            text = text.replace(wrong, right)
        status, told = self.check(text)
        self.assertEqual(status, 2)
        for line, pattern in zip(
            told,
            (
                "5: nginx_conf: .*none.conf: No such file or directory",
                "2: fields: --fields tiem=ts",
                "4: parser: x: cannot be loaded",
                "3: calculator: os:path: is not a StreamCalculator",
                "3: calculator: nope:X: cannot be loaded",
                "23: action 'webhook': .*none.pem: No such file",
            ),
            strict=True,
        ):
            self.assertTrue(re.match(pattern, line), f"{line} is not {pattern}")

    def test_formats(self) -> None:
        for text, message in (
            ('log_format = "combind"', "1: log_format: unknown log format 'combind'; did you mean 'combined'"),
            ("log_format = '%h %l %z'", "1: log_format: "),
            ('log_format = "common"\n[[alert]]\nname = "a"\nmeasure = "p95"\nabove = 1', "1: log_format: .*duration"),
        ):
            with self.subTest(text=text):
                status, (line,) = self.check(text)
                self.assertEqual(status, 2)
                self.assertTrue(re.match(message, line), line)

    def test_a_secret_and_a_certificate_that_are_not_there(self) -> None:
        mail = '[[action]]\ntype = "email"\nhost = "h"\nfrom = "a@b"\nto = "c@d"\nuser = "u"\npassword_file = "pw"\n'
        self.assertEqual(self.check(mail)[1], ["7: action 'email': password_file cannot be read: No such file or directory"])
        self.path("pw", b"s3cret")
        os.chmod(self.path("pw"), 0o600)
        self.assertEqual(self.check(mail), (0, []))
        self.assertIn("bad.pem", self.check(mail + f'ca_file = "{self.path("bad.pem", b"nothing")}"')[1][0])

    def test_nothing_is_opened(self) -> None:
        text = f"""
            files = "missing.log"
            follow = true
            state = "state"
            listen = "127.0.0.1:1"
            [[action]]
            type = "json_lines"
            path = "alerts.jsonl"
            [[action]]
            type = "webhook"
            url = "http://192.0.2.1:1/"
        """
        self.assertEqual(self.check(text), (0, []))
        self.assertEqual(os.listdir(self.directory), ["monitor.toml"])

    def test_what_others_may_read_or_change_is_warned_of(self) -> None:
        path = self.path("monitor.toml", b"")
        os.chmod(path, 0o666)
        status, out, errors = in_process("check", path)
        self.assertEqual((status, out.splitlines()[0]), (0, f"{path}: configuration OK"))
        self.assertEqual(
            errors, f"LogsMonitor2000: warning: {path}: every user can change this configuration; chmod o-w {path}\n"
        )

    def test_a_file_of_rule_tests(self) -> None:
        tests = '[[test]]\nname = "quiet"\nlog = ""\nexpect = []\n'
        path = self.path("rules_test.toml", tests.encode())
        status, out, _ = in_process("check", path)
        self.assertEqual((status, out.splitlines()[-1]), (0, "test quiet"))
        path = self.path("rules_test.toml", (tests + tests.replace("log", "lgo")).encode())
        status, _, errors = in_process("check", path)
        self.assertEqual(status, 2)
        self.assertIn("rules_test.toml:7: test 'quiet': unknown key 'lgo'; did you mean log?", errors)


if __name__ == "__main__":
    unittest.main()
