"""`test`: tests of rules as the command runs them."""

from __future__ import annotations

import gzip
import json
import unittest

from ..logs import START, csv_line
from ..running import in_process
from ..support import TemporaryFiles, without_lines

RULES = """
high_traffic_interval = 2
high_traffic_threshold = 3
timezone = "UTC"
follow = true

[[alert]]
name = "errors"
measure = "count"
where = { status = "5xx" }
by = ["section"]
window = 10
above = 2
for = 1
"""

LINES = """
start = 1549573860
lines = [
  { line = '"10.0.0.1","-","apache",{epoch},"GET /api/{n} HTTP/1.0",500,100', per_second = 2, seconds = 5 },
]
"""

FIRING = "{ alert = 'errors', state = 'firing', time = '+2s' }"
RESOLVED = "{ alert = 'errors', state = 'resolved', time = '+13s' }"


class RuleTests(TemporaryFiles):
    def run_file(self, text: str, *more: str) -> tuple[int, str, str]:
        self.path("monitor.toml", RULES.encode())
        self.path("rules_test.toml", ("config = 'monitor.toml'\n" + text).encode())
        return in_process("test", self.path("rules_test.toml"), *more)

    def test_what_is_right(self) -> None:
        text = f"[[test]]\n{LINES}\nname = 'errors'\nend = '+1min'\nexpect = [{FIRING}, {RESOLVED}]\n"
        text += f"[[test]]\n{LINES}\nexpect = [{FIRING}]\n"
        self.assertEqual(self.run_file(text), (0, "ok      errors\nok      test 2\n2 tests, all ok\n", ""))

    def test_the_difference_of_what_is_wrong(self) -> None:
        text = f"""[[test]]
            {LINES}
            name = "wrong"
            end = "+20s"
            expect = [
              {FIRING},
              {{ alert = "errors", state = "resolved", time = "+12s", group = {{ section = "/api" }} }},
              {{ alert = "errors", state = "firing", time = 1549573880, held = true, value = 3 }},
            ]"""
        self.assertEqual(
            self.run_file(text),
            (
                1,
                "FAILED  wrong (- expected, + actual)\n"
                "    +2s      2019-02-07T21:11:02+00:00  errors firing\n"
                "  - +12s     2019-02-07T21:11:12+00:00  errors [section=/api] resolved\n"
                "  + +13s     2019-02-07T21:11:13+00:00  errors [section=/api] resolved\n"
                "  - +20s     2019-02-07T21:11:20+00:00  errors firing, value 3, suppressed\n"
                "1 test, 1 failed\n",
                "",
            ),
        )

    def test_what_nobody_expected(self) -> None:
        status, out, _ = self.run_file(f"[[test]]\n{LINES}\nname = 'x'\npending = true\nexpect = []\nend = '+10s'")
        self.assertEqual(status, 1)
        self.assertEqual(
            out.splitlines()[1:3],
            [
                "  + +1s      2019-02-07T21:11:01+00:00  errors [section=/api] pending, value 4",
                "  + +2s      2019-02-07T21:11:02+00:00  errors [section=/api] firing, value 6",
            ],
        )

    def test_tests_do_not_know_of_each_other(self) -> None:
        text = f"[[test]]\n{LINES}\nexpect = [{FIRING}]\n" * 3
        self.assertEqual(self.run_file(text)[0], 0)

    def test_the_built_in_alert_is_looked_at_where_it_is_named(self) -> None:
        busy = LINES.replace("per_second = 2", "per_second = 4")
        told = "{ alert = 'high_traffic', state = 'firing', time = '+1s', value = 4 }"
        for expect in (f"[{told}, {FIRING.replace('+2', '+1')}]", f"[{told}]\nonly = ['high*']"):
            with self.subTest(expect):
                done = self.run_file(f"[[test]]\n{busy}\nexpect = {expect}")
                self.assertEqual(done[:2], (0, "ok      test 1\n1 test, all ok\n"))

    def test_a_log_of_its_own_file(self) -> None:
        self.path("sample.log.gz", gzip.compress(b"".join(csv_line(START + n, status=b"503") for n in range(5))))
        text = f"[[test]]\nfile = 'sample.log.gz'\nexpect = [{FIRING.replace('+2', '+3')}]"
        self.assertEqual(self.run_file(text)[0], 0)

    def test_what_is_wrong_with_the_log_is_told_where_a_test_fails(self) -> None:
        log = (csv_line(START + 9) + b'"10.0.0.1","-","apache",yesterday,"GET / HTTP/1.0",200,1\n' + csv_line(START)).decode()
        status, out, _ = self.run_file(f"[[test]]\nlog = '''\n{log}'''\nexpect = [{FIRING}]")
        self.assertEqual(status, 1)
        self.assertIn("  lines: 1 malformed, as line 2: ", out)
        self.assertIn("  lines: 1 late, by up to 9 s (buffer_time is 2)", out)
        self.assertIn("  lines: no event in the log", self.run_file(f"[[test]]\nlog=''\nexpect=[{FIRING}]")[1])

    def test_json(self) -> None:
        status, out, _ = self.run_file(f"[[test]]\n{LINES}\nexpect = [{FIRING}, {RESOLVED}]", "--output", "json")
        self.assertEqual(status, 1)
        (test,) = [json.loads(line) for line in out.splitlines()]
        self.assertEqual((test["event"], test["name"], test["ok"]), ("test", "test 1", False))
        self.assertEqual([(wrong["expected"]["time"], wrong["told"]) for wrong in test["wrong"]], [(START + 13, None)])

    def test_a_wrong_file(self) -> None:
        for text, message in (
            ("", "rules_test.toml: has no [[test]]"),
            ("[[test]]\nexpect=[]\nlog='nonsense'", "rules_test.toml: test 1: log: no known log format fits"),
            ("[[test]]\nexpect=[]\nfile='none.log'", "none.log: No such file"),
            (
                "[[test]]\nexpect=[]\nlog=''\n[[alert]]\nname='errors'\nmeasure='count'\nabove=1",
                "'errors' is taken by another rule",
            ),
            ("top = 0\n[[test]]\nexpect=[]\nlog=''", "top must be at least 1"),
        ):
            with self.subTest(text):
                status, out, errors = self.run_file(text)
                self.assertEqual((status, out), (2, ""))
                self.assertIn(message, without_lines(errors.removeprefix("LogsMonitor2000: ")))
                self.assertEqual(errors.count("\n"), 1)


if __name__ == "__main__":
    unittest.main()
