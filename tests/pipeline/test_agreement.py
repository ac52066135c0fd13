"""The monitor against the reference: the same events for every log, however the bytes come and whoever digests them."""

from __future__ import annotations

from collections.abc import Callable
import gzip
import os
from random import Random
import threading
import time
from typing import Any
import unittest
from unittest import mock

from LogsMonitor2000.analyze.digest import Digest, Digester
from LogsMonitor2000.analyze.processor import AnalyticsProcessor
from LogsMonitor2000.event import Event
from LogsMonitor2000.parse.choose import Choice
from LogsMonitor2000.pipeline.input import Input
from LogsMonitor2000.pipeline.monitor import Monitor
from LogsMonitor2000.pipeline.parallel import ParallelInput, Task, Ticket, WorkerPool, digest_chunk
from LogsMonitor2000.pipeline.recogniser import Recogniser
from LogsMonitor2000.pipeline.wiring import open_log
from LogsMonitor2000.source.file import FileSource
from LogsMonitor2000.source.pipe import PipeSource
from LogsMonitor2000.testing import ManualClock, ManualWaiter, ScriptedSource

from ..logs import LINE_OF, NOW, START, csv_line, random_log
from ..reference import DEFAULTS, Options, monitor
from ..running import chunks_of_bytes, events_of, numbers, processor_for
from ..support import SCALE, TemporaryFiles

HORIZON = int(NOW) + 86_400


def random_options(rng: Random) -> Options:
    return Options(
        log_format=rng.choice(("csv", "combined")),
        stats_interval=rng.choice((0, 1, 5, 5, 7)),
        top=rng.choice((1, 3)),
        window=rng.choice((0, 1, 7, 7, 20)),
        threshold=rng.choice((0.5, 1.0, 1.5, 3.0)),
        buffer_time=rng.choice((0, 1, 2, 3)),
        horizon=HORIZON,
    )


class InlinePool(WorkerPool):
    """A pool without processes: what workers do, done at once."""

    def submit(self, task: Task) -> Ticket:
        number, *what = task
        ticket = Ticket(0)
        ticket.digest = digest_chunk(self.digesters[number], *what)
        return ticket


def events_of_jobs(paths: list[str], options: Options, pool: WorkerPool) -> list[Event]:
    """What a monitor of files tells whose chunks are digested by `pool`."""
    processor = processor_for(options)
    inputs: list[Input] = [ParallelInput(path, Recogniser(processor, Choice(options.log_format)), pool) for path in paths]
    waiter = ManualWaiter([])  # files never make it wait
    try:
        return numbers(Monitor(inputs, processor, clock=ManualClock(NOW), skew_max=86_400, waiter=waiter).events())
    finally:
        waiter.close()


class OneInput(unittest.TestCase):
    def test_random_logs_give_what_the_reference_gives(self) -> None:
        for seed in range(200 * SCALE):
            with self.subTest(seed=seed):
                rng = Random(seed)
                options = random_options(rng)
                log = random_log(rng, options.log_format)
                self.assertEqual(events_of([ScriptedSource([log])], options), monitor([log], options))

    def test_the_defaults_give_what_the_reference_gives(self) -> None:
        rng = Random(7)
        log = b"".join(csv_line(START + second) for second in range(300) for _ in range(rng.choice((5, 9, 10, 11, 14))))
        options = Options(horizon=HORIZON)
        expected = monitor([log], options)
        self.assertTrue(any(event[0] == "high_traffic" for event in expected))
        self.assertEqual(events_of([ScriptedSource([log])], options), expected)

    def test_gaps_of_years_cost_no_time(self) -> None:
        decades = b"".join(csv_line(second) for year in range(40) for second in [year * 31_556_952] * 30)
        options = Options(window=7, threshold=1.5, horizon=HORIZON)
        begun = time.process_time()
        events = events_of([ScriptedSource([decades])], options)
        self.assertLess(time.process_time() - begun, 10)
        self.assertEqual(events, monitor([decades], options))
        self.assertEqual(len([event for event in events if event[0] == "high_traffic"]), 2 * 40 - 1)  # type: ignore[index]


class SeveralInputs(unittest.TestCase):
    def test_random_logs_give_what_the_reference_gives_in_any_order(self) -> None:
        for seed in range(1000, 1000 + 40 * SCALE):
            with self.subTest(seed=seed):
                rng = Random(seed)
                options = random_options(rng)
                logs = [
                    random_log(rng, options.log_format, start=START + rng.choice((0, 0, 5, 60)))
                    for _ in range(rng.choice((2, 3)))
                ]
                expected = monitor(logs, options)
                with chunks_of_bytes(rng.choice((100, 300, 1 << 20))):
                    for order in (logs, logs[::-1]):
                        self.assertEqual(events_of([ScriptedSource([log]) for log in order], options), expected)

    def test_a_second_closes_only_when_every_unfinished_input_has_passed_it(self) -> None:
        options = Options(stats_interval=1, window=0, buffer_time=0, horizon=HORIZON)
        processor = processor_for(options)
        ahead = ScriptedSource([csv_line(START + 100, b"/ahead")], endless=True)
        behind = ScriptedSource([csv_line(START), None, csv_line(START + 1), None, csv_line(START + 2)])
        inputs = [open_log(source, processor, log_format="csv") for source in (ahead, behind)]
        told: list[int] = []
        monitor_ = Monitor(inputs, processor, clock=ManualClock(NOW))
        for event in monitor_.events():
            if event.order[0] and hasattr(event, "interval"):
                told.append(event.order[0] - 1)
                # `ahead` has long passed them all: only `behind` held them open.
                self.assertTrue(behind.ended or (inputs[1].newest or 0) > told[-1])
            if behind.ended:
                monitor_.stop()
        self.assertEqual(told, [START, START + 1, START + 2, START + 100])

    def test_an_input_without_events_holds_nobody_up_once_it_has_ended(self) -> None:
        options = Options(window=7, threshold=1.5, horizon=HORIZON)
        log = csv_line(START) * 20 + csv_line(START + 30)
        for other in (b"", b"\n \n", b"garbage\n"):
            with self.subTest(other=other):
                sources = [ScriptedSource([other]), ScriptedSource([log])]
                self.assertEqual(events_of(sources, options), monitor([other, log], options))


class HoweverTheBytesCome(TemporaryFiles):
    """Block sizes, files, pipes, gzip and worker processes make no difference."""

    def cases(self, count: int) -> list[tuple[int, bytes, Options]]:
        found = []
        for seed in range(2000, 2000 + count):
            rng = Random(seed)
            options = random_options(rng)
            log = b""
            while len(log) < 1000:
                log = random_log(rng, options.log_format)
            found.append((seed, log, options))
        return found

    def test_every_block_size(self) -> None:
        for seed, log, options in self.cases(4):
            path = self.path(content=log)
            expected = monitor([log], options)
            for size in (*range(1, 12), 17, 61, 62, 63, 127, 500, len(log) - 1, len(log), len(log) + 1):
                with self.subTest(seed=seed, block_bytes=size):
                    self.assertEqual(events_of([FileSource(path, block_bytes=size)], options), expected)

    def test_every_chunk_size(self) -> None:
        for seed, log, options in self.cases(6):
            path = self.path(content=log)
            expected = monitor([log], options)
            for size in (1, 2, 50, 99, 250, 1000, len(log), len(log) + 1):
                with self.subTest(seed=seed, chunk_bytes=size), chunks_of_bytes(size):
                    self.assertEqual(events_of([FileSource(path, block_bytes=70)], options), expected)

    def test_chunks_digested_on_their_own(self) -> None:
        for seed, log, options in self.cases(12 * SCALE):
            path = self.path(content=log)
            expected = monitor([log], options)
            for size in (40, 90, 333):
                with self.subTest(seed=seed, chunk_bytes=size), chunks_of_bytes(size):
                    self.assertEqual(events_of_jobs([path], options, InlinePool(2, options.buffer_time)), expected)

    def test_several_files_digested_in_chunks(self) -> None:
        for seed, log, options in self.cases(8 * SCALE):
            other = random_log(Random(-seed), options.log_format)
            paths = [self.path("a.log", log), self.path("b.log", other)]
            expected = monitor([log, other], options)
            with self.subTest(seed=seed), chunks_of_bytes(200):
                pool = InlinePool(2, options.buffer_time)
                self.assertEqual(events_of_jobs(paths, options, pool), expected)

    def test_real_worker_processes(self) -> None:
        for seed, log, options in self.cases(5):
            other = random_log(Random(-seed), options.log_format)
            paths = [self.path("a.log", log), self.path("b.log", other)]
            with self.subTest(seed=seed), chunks_of_bytes(150):
                pool = WorkerPool(2, options.buffer_time)
                self.assertEqual(events_of_jobs(paths, options, pool), monitor([log, other], options))

    def test_late_lines_across_the_border_of_two_chunks(self) -> None:
        # Without knowing the first chunk, the second looks as if it were in order.
        line = len(csv_line(START))
        log = csv_line(START + 50) * 4 + csv_line(START + 40) * 2 + csv_line(START + 51) * 2
        options = Options(window=7, threshold=0.5, buffer_time=3, horizon=HORIZON)
        path = self.path(content=log)
        expected = monitor([log], options)
        self.assertEqual(expected[-1][:7], (8, 6, 0, 2, 10, START + 50, START + 51))
        for borders in range(1, 8):
            digested: list[int] = []

            def counted(digester: Digester, path: str, chunk: int, *rest: Any) -> Digest:
                digested.append(chunk)
                return digest_chunk(digester, path, chunk, *rest)

            with self.subTest(lines_a_chunk=borders), chunks_of_bytes(borders * line):
                with mock.patch("LogsMonitor2000.pipeline.parallel.digest_chunk", counted):
                    pool = WorkerPool(2, options.buffer_time)
                    self.assertEqual(events_of_jobs([path], options, pool), expected)
                # The parent digests over again only the chunk that does not hold: the one that begins with a late line, and,
                # with chunks of one line, the other late one.
                self.assertEqual(digested, {1: [4, 5], 2: [2], 4: [1]}.get(borders, digested))

    def test_file_pipe_and_gzip(self) -> None:
        for seed, log, options in self.cases(8):
            expected = monitor([log], options)
            packed = gzip.compress(log[:500]) + gzip.compress(log[500:])
            for kind, content in (("plain", log), ("gzip", packed)):
                with self.subTest(seed=seed, kind=kind, by="file"):
                    path = self.path(content=content)
                    self.assertEqual(events_of([FileSource(path)], options), expected)
                with self.subTest(seed=seed, kind=kind, by="pipe"):
                    reader, writer = os.pipe()

                    def write() -> None:
                        for start in range(0, len(content), 333):
                            os.write(writer, content[start : start + 333])
                        os.close(writer)

                    thread = threading.Thread(target=write)
                    thread.start()
                    self.assertEqual(events_of([PipeSource("pipe", reader)], options), expected)
                    thread.join()


class BoundedCounters(TemporaryFiles):
    """More distinct keys than a counter may have: the same is forgotten whoever counts."""

    def test_what_is_forgotten_depends_on_nothing_but_the_bytes(self) -> None:
        rng = Random(3)
        lines = []
        for number in range(600):
            heavy = rng.random() < 0.5
            source = b"heavy%d" % rng.randrange(3) if heavy else b"light%d" % number
            lines.append(csv_line(START + number // 100, b"/api", source))
        log = b"".join(lines)
        path = self.path(content=log)

        def processor() -> AnalyticsProcessor:
            from LogsMonitor2000.analyze.measures.count import Count
            from LogsMonitor2000.analyze.most_common import SOURCES, MostCommonCalculator

            small = Count("source", keys_max=20)

            class Small(MostCommonCalculator):
                measures = tuple(small if m == SOURCES else m for m in MostCommonCalculator.measures)

                def evaluate(self, time):  # type: ignore[no-untyped-def]
                    if self._bucket is not None:
                        told.append((time, self._bucket.hits, dict(self._bucket[small])))
                    return ()

            return AnalyticsProcessor([Small(60)])

        def run(make_input: Callable[[AnalyticsProcessor], Input]) -> list[tuple[int, int, dict[bytes, int]]]:
            told.clear()
            chain = processor()
            list(Monitor([make_input(chain)], chain, clock=ManualClock(NOW)).events())
            return told.copy()

        told: list[tuple[int, int, dict[bytes, int]]] = []
        with chunks_of_bytes(4000):
            results = [
                run(lambda chain, size=size: open_log(FileSource(path, block_bytes=size), chain))  # type: ignore[misc]
                for size in (7, 100, 1000, 1 << 17)
            ]
            pieces = [log[start : start + 777] for start in range(0, len(log), 777)]
            pauses = [piece for pair in zip(pieces, [None] * len(pieces)) for piece in pair]
            results.append(run(lambda chain: open_log(ScriptedSource(pauses), chain)))
            results.append(run(lambda chain: ParallelInput(path, Recogniser(chain, Choice("csv")), WorkerPool(2, 2))))
        for result in results[1:]:
            self.assertEqual(result, results[0])
        ((_, hits, sources),) = results[0]
        self.assertEqual(hits, 600)
        self.assertEqual(sum(sources.values()), 600)
        self.assertGreater(sources[b"(other)"], 100)
        for heavy in (b"heavy0", b"heavy1", b"heavy2"):
            exact = log.count(b'"%s"' % heavy)
            self.assertTrue(exact - sources[b"(other)"] // 11 <= sources[heavy] <= exact)


class ExactAlerts(unittest.TestCase):
    """Cases with numbers that can be checked by hand."""

    def alerts(self, hits: dict[int, int], window: int, threshold: float) -> list[tuple[str, int, float, float]]:
        log = b"".join(csv_line(START + second) * count for second, count in hits.items())
        options = Options(stats_interval=0, window=window, threshold=threshold, horizon=HORIZON)
        found = events_of([ScriptedSource([log])], options)[:-1]
        return [(alert.state, alert.time - START, alert.value, alert.peak) for alert in found]  # type: ignore[attr-defined]

    def test_exactly_the_threshold_never_fires(self) -> None:
        self.assertEqual(self.alerts({second: 10 for second in range(1000)}, 120, 10.0), [])

    def test_one_hit_above_the_threshold_fires(self) -> None:
        hits = {second: 10 for second in range(200)}
        hits[150] = 11
        told = self.alerts(hits, 120, 10.0)
        self.assertEqual(told, [("firing", 150, 1201 / 120, 1201 / 120)])
        hits = {second: 10 for second in range(300)} | {150: 11}
        self.assertEqual(self.alerts(hits, 120, 10.0)[1:], [("resolved", 270, 10.0, 1201 / 120)])

    def test_the_divisor_is_the_whole_window_while_it_fills(self) -> None:
        self.assertEqual(self.alerts({0: 20}, 10, 2.0), [])
        self.assertEqual(self.alerts({0: 21}, 10, 2.0), [("firing", 0, 2.1, 2.1)])
        self.assertEqual(self.alerts({second: 3 for second in range(7)}, 10, 2.0), [("firing", 6, 2.1, 2.1)])

    def test_a_burst_then_silence_recovers_at_the_exact_second(self) -> None:
        # 30 hits at second 5 leave a window of 10 at second 15; the line at 100 is what shows that time went on.
        self.assertEqual(self.alerts({5: 30, 100: 1}, 10, 2.0), [("firing", 5, 3.0, 3.0), ("resolved", 15, 0.0, 3.0)])

    def test_silent_seconds_are_evaluated_between_lines(self) -> None:
        # At 12 the 15 hits of second 2 leave, and 15 are left, until they leave too.
        hits = {2: 15, 5: 15, 40: 1}
        self.assertEqual(self.alerts(hits, 10, 2.0), [("firing", 5, 3.0, 3.0), ("resolved", 12, 1.5, 3.0)])

    def test_what_leaves_and_comes_in_the_same_second(self) -> None:
        self.assertEqual(
            self.alerts({0: 30, 10: 30, 20: 30, 30: 1}, 10, 2.0), [("firing", 0, 3.0, 3.0), ("resolved", 30, 0.1, 3.0)]
        )

    def test_fractions(self) -> None:
        self.assertEqual(self.alerts({second: 1 for second in range(0, 100, 3)}, 9, 1 / 3), [])
        self.assertEqual(
            self.alerts({0: 1, 3: 1, 6: 1, 8: 1, 30: 1}, 9, 1 / 3), [("firing", 8, 4 / 9, 4 / 9), ("resolved", 9, 1 / 3, 4 / 9)]
        )

    def test_the_peak_is_the_highest_while_it_lasted(self) -> None:
        told = self.alerts({0: 30, 1: 30, 2: 30, 60: 30, 90: 1}, 10, 2.0)
        self.assertEqual(
            told, [("firing", 0, 3.0, 3.0), ("resolved", 12, 0.0, 9.0), ("firing", 60, 3.0, 3.0), ("resolved", 70, 0.0, 3.0)]
        )


class Order(unittest.TestCase):
    """By event time: the statistics of an interval that ends at `e` come before an alert stamped `e` or later."""

    def told(self, hits: dict[int, int], buffer_time: int = 0) -> list[tuple[str, int]]:
        log = b"".join(csv_line(START + second) * count for second, count in hits.items())
        options = Options(stats_interval=10, window=5, threshold=1.0, buffer_time=buffer_time, horizon=HORIZON)
        found = events_of([ScriptedSource([log])], options)[:-1]
        return [(event[1] if event[0] == "high_traffic" else "stats", event.order[0] - START) for event in found]  # type: ignore[index]

    def test_cases(self) -> None:
        for name, hits, expected in (
            (
                "stats before an alert at the end of their interval",
                {9: 1, 10: 9},
                [("stats", 10), ("firing", 10), ("stats", 20)],
            ),
            (
                "an alert in the last second of an interval before its stats",
                {9: 9, 10: 1},
                [("firing", 9), ("stats", 10), ("stats", 20)],
            ),
            (
                "a recovery in a gap before the stats behind the gap",
                {0: 9, 35: 1},
                [("firing", 0), ("resolved", 5), ("stats", 10), ("stats", 40)],
            ),
            (
                "a recovery after the stats whose interval it ends",
                {5: 9, 35: 1},
                [("firing", 5), ("stats", 10), ("resolved", 10), ("stats", 40)],
            ),
        ):
            for buffer_time in (0, 2):
                with self.subTest(name, buffer_time=buffer_time):
                    self.assertEqual(self.told(hits, buffer_time), expected)

    def test_events_never_go_back_whatever_comes(self) -> None:
        for seed in range(3000, 3000 + 30 * SCALE):
            rng = Random(seed)
            options = random_options(rng)
            logs = [random_log(rng, options.log_format) for _ in range(2)]
            with self.subTest(seed=seed), chunks_of_bytes(150):
                orders = [event.order for event in events_of([ScriptedSource([log]) for log in logs], options)]
                self.assertEqual(orders, sorted(orders))


class Reference(unittest.TestCase):
    """The reference itself, against numbers worked out by hand."""

    def test_a_small_log(self) -> None:
        line_of = LINE_OF["csv"]
        log = line_of(100) * 3 + line_of(98, b"/b") + line_of(97) + b"garbage\n\n" + line_of(103, size=b"-", status=b"404")
        options = Options(stats_interval=5, window=2, threshold=1.0, buffer_time=2)
        self.assertEqual(
            monitor([log], options),
            [
                (95, 5, 1, 100, [(b"/b", 1)], [(b"10.0.0.1", 1)], {b"2": 1}),
                ("high_traffic", "firing", 100, 1.5, 1.0, 2, 100, 1.5, *DEFAULTS),
                ("high_traffic", "resolved", 102, 0.0, 1.0, 2, 100, 1.5, *DEFAULTS),
                (100, 5, 4, 300, [(b"/api", 4)], [(b"10.0.0.1", 4)], {b"2": 3, b"4": 1}),
                (
                    *(7, 5, 1, 1, 3, 98, 103, 500, {b"2": 5, b"4": 1}, ((b"/api", 5), (b"/b", 1)), ((b"10.0.0.1", 6),)),
                    *((1.5, 100, 2), (("high_traffic", 1, 2, False),), {"sections": 2, "sources": 1}),
                ),
            ],
        )


if __name__ == "__main__":
    unittest.main()
