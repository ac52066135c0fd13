"""The monitor reads streams of digests, wherever these were made."""

from __future__ import annotations

from random import Random
import unittest

from LogsMonitor2000.analyze.digest import Digest
from LogsMonitor2000.event import MalformedLine
from LogsMonitor2000.pipeline.input import Input
from LogsMonitor2000.pipeline.monitor import Monitor
from LogsMonitor2000.pipeline.stream import DigestStream, latest
from LogsMonitor2000.pipeline.wiring import open_log
from LogsMonitor2000.testing import ManualClock, ManualWaiter, ScriptedSource

from ..logs import NOW, random_log
from ..reference import Options
from ..running import numbers, processor_for
from ..support import FAR_FUTURE, SCALE

OPTIONS = Options(stats_interval=5, window=7, threshold=1.5, buffer_time=2, log_format="csv")


class Elsewhere(DigestStream):
    """The digests of a log that another process has read."""

    def __init__(self, name: str, log: bytes) -> None:
        super().__init__(name)
        processor = processor_for(OPTIONS)
        source = open_log(ScriptedSource([log]), processor, log_format="csv")
        self._digests: list[tuple[Digest, list[MalformedLine]]] = []
        while not source.ended:
            if (digest := source.digest(FAR_FUTURE, None)) is not None:
                self._digests.append((digest, source.join(digest)))

    @property
    def ended(self) -> bool:
        return not self._digests

    def digest(self, horizon: int, floor: int | None) -> Digest | None:
        return self._digests[0][0] if self._digests else None

    def join(self, digest: Digest) -> list[MalformedLine]:
        _, samples = self._digests.pop(0)
        self.newest = latest(self.newest, digest.newest)
        self.line_count += digest.line_count
        return samples

    def stop(self) -> None:
        self._digests.clear()


class Streams(unittest.TestCase):
    def test_digests_made_elsewhere_are_merged_like_any_others(self) -> None:
        events = 0
        for seed in range(20 * SCALE):
            rng = Random(seed)
            logs = [random_log(rng, "csv", lines_max=80) for _ in range(2)]
            with self.subTest(seed=seed):
                here = self.events([ScriptedSource([log], f"log{n}") for n, log in enumerate(logs)])
                mixed = self.events([ScriptedSource([logs[0]], "log0"), Elsewhere("log1", logs[1])])
                self.assertEqual(mixed, here)
            events += len(here)
        self.assertGreater(events, 100)

    def events(self, logs: list[ScriptedSource | Elsewhere]) -> list[object]:
        processor = processor_for(OPTIONS)
        streams: list[DigestStream] = [
            log if isinstance(log, DigestStream) else open_log(log, processor, log_format="csv") for log in logs
        ]
        waiter = ManualWaiter([])
        self.addCleanup(waiter.close)
        monitor = Monitor(streams, processor, clock=ManualClock(NOW), skew_max=FAR_FUTURE, waiter=waiter)
        return list(numbers(monitor.events()))

    def test_what_a_stream_need_not_say(self) -> None:
        stream = Elsewhere("elsewhere", b"")
        self.assertEqual((stream.notices(), stream.read_bytes, stream.progress(), stream.fileno()), ([], 0, None, None))
        self.assertEqual((stream.snapshot(), stream.identity, stream.next_poll, stream.misfit), (None, "elsewhere", 0.0, None))
        stream.restore(None)
        stream.close()
        self.assertIsInstance(open_log(ScriptedSource([]), processor_for(OPTIONS)), Input)

    def test_latest(self) -> None:
        for seconds, expected in (((), None), ((None,), None), ((None, 3, 2), 3), ((0, None), 0)):
            with self.subTest(seconds=seconds):
                self.assertEqual(latest(*seconds), expected)


if __name__ == "__main__":
    unittest.main()
