"""Alerts say the same of what changed whether it was sampled from every bucket or from the log read again."""

from __future__ import annotations

import json
from random import Random
from typing import Any
import unittest

from LogsMonitor2000.alert.calculator import RuleCalculator
from LogsMonitor2000.analyze.processor import AnalyticsProcessor
from LogsMonitor2000.event import Alert
from LogsMonitor2000.parse.choose import Choice
from LogsMonitor2000.pipeline.input import Input
from LogsMonitor2000.pipeline.monitor import Monitor
from LogsMonitor2000.pipeline.parallel import ParallelInput
from LogsMonitor2000.pipeline.recogniser import Recogniser
from LogsMonitor2000.pipeline.replay import Replay
from LogsMonitor2000.source.file import FileSource
from LogsMonitor2000.testing import ManualClock, ManualWaiter

from ..alert.making import LOG_FORMAT, calculator, log_line, random_lines, random_rules
from ..logs import NOW, csv_line
from ..running import chunks_of_bytes, in_process
from ..support import FAR_FUTURE, SCALE, TemporaryFiles
from .test_agreement import InlinePool


def alerts_of(paths: list[str], engine: RuleCalculator, replay: Replay | None, is_parallel: bool) -> list[Alert]:
    processor = AnalyticsProcessor([engine], 2)
    recogniser = Recogniser(processor, Choice(LOG_FORMAT))
    pool: Any = InlinePool(2, 2)
    inputs = [
        ParallelInput(path, recogniser, pool, replay) if is_parallel else Input(FileSource(path), recogniser, replay=replay)
        for path in paths
    ]
    waiter = ManualWaiter([])
    try:
        events = list(Monitor(inputs, processor, clock=ManualClock(NOW), skew_max=FAR_FUTURE, waiter=waiter).events())
    finally:
        waiter.close()
    return [event for event in events if isinstance(event, Alert)]


class Replaying(TemporaryFiles):
    maxDiff = None

    def test_the_same_causes_and_lines(self) -> None:
        with_causes = 0
        for seed in range(25 * SCALE):
            rng = Random(seed)
            rules = [rule for rule in random_rules(rng, 4)]
            paths = [
                self.path(f"{number}.log", b"".join(map(log_line, random_lines(rng, 120))))
                for number in range(rng.choice((1, 1, 2)))
            ]
            with chunks_of_bytes(rng.choice((300, 1_500, 1 << 20))):
                eager = alerts_of(paths, calculator(rules), None, False)
                for is_parallel in (False, True):
                    replay = Replay(Choice(LOG_FORMAT), None, 2)
                    engine = RuleCalculator(calculator(rules).rules, samples=replay)
                    with self.subTest(seed=seed, rules=rules, is_parallel=is_parallel):
                        self.assertEqual(alerts_of(paths, engine, replay, is_parallel), eager)
            with_causes += sum(bool(alert.causes) for alert in eager)
        self.assertGreater(with_causes, 20)

    def test_by_the_command_from_a_file_and_from_standard_input(self) -> None:
        rng = Random(7)
        lines = [
            csv_line(1_549_573_860 + second, status=rng.choice((b"200", b"500")), source=b"10.0.0.%d" % rng.randrange(4))
            for second in range(600)
            for _ in range(rng.choice((1, 1, 9)))
        ]
        path = self.path(content=b"".join(lines))
        config = self.path(
            "rules.toml", b"stats_interval = 0\n[[alert]]\nname = 'r'\nmeasure = 'count'\nwindow = 9\nabove = 40\n"
        )
        fifo = self.path("copy.log.gz")
        import gzip

        with gzip.open(fifo, "wb") as file:
            file.write(b"".join(lines))
        outputs = [in_process("--config", config, "--output", "json", log)[1].splitlines() for log in (path, fifo)]
        self.assertEqual(outputs[0], outputs[1])
        self.assertTrue(any(json.loads(line).get("causes") for line in outputs[0]))

    def test_a_format_with_directives_is_sampled_in_order(self) -> None:
        head = b"#Fields: date time c-ip cs-method cs-uri-stem sc-status\n"
        rows = [
            b"2026-01-01 00:%02d:%02d 10.0.0.%d GET /a/%d 200\n" % (second // 60, second % 60, second % 5, second % 3)
            for second in range(300)
            for _ in range(9 if 200 <= second < 220 else 1)
        ]
        swapped = b"#Fields: date time cs-uri-stem cs-method c-ip sc-status\n"
        more = [
            b"2026-01-01 00:%02d:%02d /b GET 10.0.1.1 500\n" % (5 + second // 60, second % 60)
            for second in range(60)
            for _ in "12345678"
        ]
        content = head + b"".join(rows) + swapped + b"".join(more)
        path = self.path(content=content)
        config = self.path(
            "rules.toml", b"stats_interval = 0\n[[alert]]\nname = 'r'\nmeasure = 'count'\nwindow = 9\nabove = 40\n"
        )
        import gzip

        packed = self.path("copy.log.gz", gzip.compress(content))
        with chunks_of_bytes(2_000):
            outputs = [in_process("--config", config, "--output", "json", log)[1].splitlines() for log in (path, packed)]
        self.assertEqual(outputs[0], outputs[1])
        self.assertTrue(any(json.loads(line).get("lines") and "/b" in line for line in outputs[0]))


if __name__ == "__main__":
    unittest.main()
