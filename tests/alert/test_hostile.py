"""Logs are written by strangers: whatever they write, rules go on, and nothing of it reaches a terminal raw."""

from __future__ import annotations

import json
from random import Random
import unittest

from LogsMonitor2000.event import Alert

from ..logs import START, csv_line
from ..running import command, in_process
from ..support import TemporaryFiles, quickest
from .making import MEASURES, calculator, hits_at, limited, log_line, random_rule, random_rules, run, states_of, told_of

RULES = """
stats_interval = 0
[[alert]]
name = "a"
measure = "count"
above = 2
by = ["path", "user"]
[[alert]]
name = "b"
measure = "count"
above = 2
by = "source/24/64"
[[alert]]
name = "c"
measure = "distinct"
field = "path"
above = 1000
"""


class Values(TemporaryFiles):
    def test_controls_in_keys(self) -> None:
        config = self.path("monitor.toml", RULES.encode())
        targets = (
            b"/\x00a",
            b"/\x1b[31mred\x1b[0m",
            b"/\xff\xfe",
            b"/a\rb",
            "/\u202egnp.exe".encode(),
            b"/\x9b1m",
            b"/" + b"%00" * 50,
        )
        log = self.path("a.log", b"".join(csv_line(START, target, b"\x1b]0;x\x07") * 3 for target in targets))
        done = command("--config", config, log, "--color", "never", "--timezone", "UTC")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.count(b"warning a ["), len(targets))
        self.assertEqual([byte for byte in set(done.stdout) if byte < 32 and byte != 10 or byte == 127], [])
        self.assertTrue(done.stdout.decode().replace("\n", "").isprintable())
        _, out, _ = in_process("--config", config, log, "--output", "json")
        alerts = [json.loads(line) for line in out.splitlines()][:-1]
        self.assertTrue(out.isascii())
        self.assertEqual(len([alert for alert in alerts if alert["name"] == "a"]), len(targets))

    def test_keys_of_a_megabyte(self) -> None:
        log = [csv_line(START + number, b"/%d" % number + b"x" * ((1 << 20) - 200)) for number in range(4)]
        done = command(
            "--config", self.path("monitor.toml", RULES.replace("above = 2", "above = 0").encode()), stdin=b"".join(log)
        )
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(done.stdout.count(b"warning a ["), 4)
        self.assertLess(len(done.stdout), 6 << 20)

    def test_numbers_that_are_none(self) -> None:
        rules = """
            stats_interval = 0
            [[alert]]
            name = "slow"
            measure = "p99"
            above = 0.5
            window = 1
            [[alert]]
            name = "mean"
            measure = "mean"
            above = 0.5
            window = 1
            [[alert]]
            name = "max"
            measure = "max"
            at_least = 1
            [[alert]]
            name = "large"
            measure = "bytes"
            above = 1
            where = {duration = ">1", status = "5xx"}
        """
        config = self.path("monitor.toml", rules.encode())
        odd = (
            "1e308",
            "-1e308",
            "1e-320",
            "-1",
            '"nan"',
            '"inf"',
            "null",
            '""',
            "[]",
            "{}",
            "9" * 400,
            '"0x5"',
            "true",
            '"1e9999"',
            "NaN",
        )
        line = '{"time":"%d","remote_addr":"h","request":"GET / HTTP/1.1","status":%s,"body_bytes_sent":%s,"request_time":%s}\n'
        log = ""
        for number, value in enumerate(odd):
            log += line % (START + number, "500", "7", value) + line % (START + number, "null", value, value)
        log += line % (START + 100, "200", "1", "0.001")
        done = command("--config", config, "--log_format", "json", "--output", "json", stdin=log.encode())
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn(b"Traceback", done.stderr)
        *alerts, summary = map(json.loads, done.stdout.splitlines())
        self.assertEqual(summary["lines"], 2 * len(odd) + 1)
        for alert in alerts:
            self.assertTrue(0 <= alert["value"] < 1e30, alert)


class Groups(unittest.TestCase):
    def test_a_flood_of_groups_takes_linear_time(self) -> None:
        rules = [
            {"name": "a", "measure": "count", "window": 10, "above": 50, "by": ["source"]},
            {"name": "b", "measure": "new", "window": 10, "at_least": 50, "by": ["source"]},
            {"name": "c", "measure": "leaky_bucket", "capacity": 50, "leak": 1, "by": ["source"]},
            {"name": "d", "measure": "silent", "at_least": 10, "by": ["source"]},
        ]

        def flood(count: int) -> float:
            plain = hits_at({0: 1})[0]
            log = b"".join(
                log_line(plain._replace(second=START + number // 500, source=f"h{number}")) for number in range(count)
            )
            with limited(GROUPS_MAX=1000):
                return quickest(lambda: run([[log]], calculator(rules)), 1)

        self.assertLess(flood(6_000), 8 * flood(1_500) + 0.3)

    def test_a_missing_value_is_a_group(self) -> None:
        """Sizes and durations that are not told among those that are: they need not be comparable."""
        hits = [*hits_at({0: 2, 12: 2}, duration=None), *hits_at({0: 2, 12: 2}, duration=0.5), *hits_at({0: 1, 12: 1}, size=0)]
        for measure in MEASURES:
            if measure != "unparsed":
                rule = random_rule(Random(measure), "r", measure) | {"by": ["duration", "size"]}
                with self.subTest(rule=rule):
                    told_of(hits, rule)
        told = told_of(hits, {"name": "r", "measure": "count", "window": 3, "above": 1, "by": ["duration"]})
        self.assertEqual({name for name, *_ in states_of(told)}, {"r/-", "r/0.5"})

    def test_seconds_far_apart(self) -> None:
        hits = hits_at({0: 3, 10**8: 3, 10**8 + 1: 1, 4 * 10**8: 1})
        for seed in range(10):
            rules = random_rules(Random(seed))
            with self.subTest(seed=seed, rules=rules):
                self.assertLess(quickest(lambda: told_of(hits, *rules), 1), 0.5)

    def test_the_order_of_what_is_told_in_a_second_is_by_rule_and_group(self) -> None:
        hits = [hit for number in range(50) for hit in hits_at({0: 5}, source=f"10.0.0.{number}")]
        rules = [{"name": name, "measure": "count", "window": 5, "above": 1, "by": ["source"]} for name in "ba"]
        told = [alert for alert in told_of(hits[::-1], *rules) if isinstance(alert, Alert)]
        self.assertEqual([alert.name for alert in told], ["b"] * 50 + ["a"] * 50)
        groups = [alert.group for alert in told[:50]]
        self.assertEqual(groups, sorted(groups, key=repr))


if __name__ == "__main__":
    unittest.main()
