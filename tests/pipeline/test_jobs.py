"""What is said on standard error is the same for every number of jobs: formats, malformed lines, late ones, in the same order."""

from __future__ import annotations

from random import Random
import unittest

from LogsMonitor2000.event import Event, MalformedLine, Notice
from LogsMonitor2000.parse.choose import Choice
from LogsMonitor2000.pipeline.input import Input
from LogsMonitor2000.pipeline.monitor import Monitor
from LogsMonitor2000.pipeline.parallel import ParallelInput, WorkerPool
from LogsMonitor2000.pipeline.recogniser import Recogniser
from LogsMonitor2000.source.file import FileSource
from LogsMonitor2000.testing import ManualClock, ManualWaiter

from ..logs import NOW, random_log
from ..reference import Options
from ..running import chunks_of_bytes, processor_for
from ..support import SCALE, TemporaryFiles
from .test_agreement import InlinePool, random_options


class StandardError(TemporaryFiles):
    def test_it_does_not_depend_on_the_number_of_jobs(self) -> None:
        samples = 0
        for seed in range(60 * SCALE):
            rng = Random(seed)
            options = random_options(rng)
            log_format = rng.choice((options.log_format, "auto"))
            paths = [self.path(f"{seed}.{n}", random_log(rng, options.log_format)) for n in range(rng.choice((1, 2, 3)))]
            with chunks_of_bytes(rng.choice((100, 300, 1000))):
                alone = self.said(paths, options, log_format, None)
                together = self.said(paths, options, log_format, InlinePool(2, options.buffer_time))
            with self.subTest(seed=seed):
                self.assertEqual(together, alone)
            samples += sum(isinstance(event, MalformedLine) for event in alone)
        self.assertGreater(samples, 50)

    def said(self, paths: list[str], options: Options, log_format: str, pool: WorkerPool | None) -> list[Event | str]:
        """The notices and samples of a run, and the error that ends it."""
        processor = processor_for(options)
        recogniser = Recogniser(processor, Choice(log_format))
        inputs = [
            Input(FileSource(path), recogniser) if pool is None else ParallelInput(path, recogniser, pool) for path in paths
        ]
        waiter = ManualWaiter([])
        self.addCleanup(waiter.close)
        said: list[Event | str] = []
        try:
            for event in Monitor(inputs, processor, clock=ManualClock(NOW), skew_max=86_400, waiter=waiter).events():
                if isinstance(event, (MalformedLine, Notice)):
                    said.append(event)
        except Exception as error:
            said.append(str(error))
        return said


if __name__ == "__main__":
    unittest.main()
