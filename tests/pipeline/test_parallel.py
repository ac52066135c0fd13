"""Worker processes: results in the order of submission, an end when the parent or a worker dies, nothing left behind."""

from __future__ import annotations

import gc
import json
from multiprocessing import get_all_start_methods
import os
import signal
import subprocess
import sys
import unittest
from unittest import mock

from LogsMonitor2000.analyze.digest import Digester
from LogsMonitor2000.analyze.layouts import Layouts
from LogsMonitor2000.errors import FormatError, InputError, WorkerError
from LogsMonitor2000.event import WebLogEvent
from LogsMonitor2000.parse.base import Parser
from LogsMonitor2000.parse.choose import Choice
from LogsMonitor2000.parse.detect import parser_named
from LogsMonitor2000.parse.registry import LINES, RECORDS
from LogsMonitor2000.pipeline.input import Input
from LogsMonitor2000.pipeline.parallel import ParallelInput, Task, WorkerPool, digest_chunk, splittable
from LogsMonitor2000.pipeline.recogniser import Recogniser
from LogsMonitor2000.source.file import FileSource

from ..logs import START, combined_line, csv_line
from ..reference import Options
from ..running import ROOT, chunks_of_bytes, processor_for, wait_until
from ..support import TemporaryFiles

HORIZON = 1 << 40
LINE = csv_line(START)
OPTIONS = Options(stats_interval=0)


def digester() -> Digester:
    return Digester(parser_named("csv").bind([]), Layouts({1: ()}), 2)


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and waits to be buried does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Pool(TemporaryFiles):
    def setUp(self) -> None:
        super().setUp()
        self.pool = WorkerPool(2, 2)
        self.addCleanup(self.pool.close)

    def test_results_come_in_the_order_of_submission_whoever_made_them(self) -> None:
        with chunks_of_bytes(len(LINE)):
            path = self.path(content=b"".join(csv_line(START + number) for number in range(20)))
            number = self.pool.register(digester())
            tickets = [self.pool.submit(Task(number, path, chunk, HORIZON)) for chunk in range(20)]
            self.assertEqual({ticket.worker for ticket in tickets}, {0, 1})
            self.assertEqual([self.pool.result(ticket).newest for ticket in tickets], [START + chunk for chunk in range(20)])

    def test_an_error_in_a_worker_is_raised_in_the_parent_and_the_worker_goes_on(self) -> None:
        path = self.path(content=LINE)
        number = self.pool.register(digester())
        self.pool.jobs = 1
        bad = self.pool.submit(Task(number, self.path("missing"), 0, HORIZON))
        with self.assertRaisesRegex(InputError, "missing: No such file"):
            self.pool.result(bad)
        self.assertEqual(len(self.pool.processes), 1)

    def test_a_dead_worker_is_an_error_and_not_a_hang(self) -> None:
        path = self.path(content=LINE)
        number = self.pool.register(digester())
        self.pool.result(self.pool.submit(Task(number, path, 0, HORIZON)))
        for process in self.pool.processes:
            process.kill()
            process.join()
        with self.assertRaisesRegex(WorkerError, "a worker process ended unexpectedly"):
            self.pool.result(self.pool.submit(Task(number, path, 0, HORIZON)))

    def test_a_worker_killed_while_it_works(self) -> None:
        fifo = self.path("fifo")
        os.mkfifo(fifo)  # reading it blocks: the worker is at it for as long as the test wants
        number = self.pool.register(digester())
        ticket = self.pool.submit(Task(number, fifo, 0, HORIZON))
        self.pool.processes[ticket.worker].kill()
        with self.assertRaises(WorkerError):
            self.pool.result(ticket)

    def test_closing_ends_the_workers(self) -> None:
        number = self.pool.register(digester())
        self.pool.result(self.pool.submit(Task(number, self.path(content=LINE), 0, HORIZON)))
        processes = self.pool.processes.copy()
        self.pool.close()
        for process in processes:
            process.join(0)
            self.assertEqual(process.exitcode, 0)
        self.pool.close()  # a second time is no error

    def test_workers_do_not_outlive_a_parent_that_was_killed(self) -> None:
        path = self.path(content=LINE)
        code = f"""if True:
            import sys, time
            from tests.pipeline.test_parallel import *
            pool = WorkerPool(2, 2)
            number = pool.register(digester())
            pool.result(pool.submit(Task(number, {path!r}, 0, HORIZON)))
            print(*(process.pid for process in pool.processes), flush=True)
            sys.stdin.read()
        """
        parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert parent.stdout is not None and parent.stdin is not None
        with parent.stdout, parent.stdin:
            workers = [int(pid) for pid in parent.stdout.readline().split()]
            self.assertEqual(len(workers), 2)
            parent.send_signal(signal.SIGKILL)
            parent.wait()
            self.assertTrue(wait_until(lambda: not any(map(alive, workers))))

    def test_workers_ignore_the_signals_that_stop_the_parent(self) -> None:
        with chunks_of_bytes(len(LINE)):
            path = self.path(content=LINE * 2)
            number = self.pool.register(digester())
            for ticket in [self.pool.submit(Task(number, path, 0, HORIZON)) for _ in range(2)]:
                self.pool.result(ticket)  # now both are at work
            for process in self.pool.processes:
                assert process.pid is not None
                os.kill(process.pid, signal.SIGINT)
                os.kill(process.pid, signal.SIGTERM)
            tickets = [self.pool.submit(Task(number, path, 1, HORIZON)) for _ in range(2)]
            self.assertEqual([self.pool.result(ticket).events for ticket in tickets], [1, 1])


class Chunks(TemporaryFiles):
    def test_a_chunk_leaves_nothing_for_the_garbage_collector(self) -> None:
        # A worker makes so few objects that the collector hardly ever runs: a cycle for each chunk would grow for hours.
        path = self.path("access.log", csv_line(START) * 100)
        processor = processor_for(Options())
        digester = Digester(parser_named("csv").bind(processor.layouts.fields), processor.layouts, 2)
        gc.collect()
        gc.disable()
        self.addCleanup(gc.enable)
        digest_chunk(digester, path, 0, 1 << 40)
        self.assertEqual([found for found in gc.get_objects() if isinstance(found, FileSource) and found.name == path], [])


class Inputs(TemporaryFiles):
    def inputs(self, pool: WorkerPool, *paths: str, log_format: str = "auto") -> list[ParallelInput]:
        return [ParallelInput(path, Recogniser(processor_for(OPTIONS), Choice(log_format)), pool) for path in paths]

    def test_only_a_few_chunks_are_digested_ahead(self) -> None:
        with chunks_of_bytes(len(LINE)):
            pool = WorkerPool(2, 2)
            (source,) = self.inputs(pool, self.path(content=LINE * 100))
            self.addCleanup(source.close)
            source.digest(HORIZON, None)
            self.assertLessEqual(source.submitted, 6)

    def test_an_input_may_be_recognised_after_workers_have_started(self) -> None:
        pool = WorkerPool(2, 2)
        one, two = self.inputs(pool, self.path("a", LINE * 3), self.path("b", combined_line(START) * 4))
        self.addCleanup(one.close)
        self.addCleanup(two.close)
        for source, lines in ((one, 3), (two, 4)):
            digest = source.digest(HORIZON, None)
            assert digest is not None
            self.assertEqual(digest.events, lines)

    def test_a_file_that_nothing_fits(self) -> None:
        pool = WorkerPool(2, 2)
        (source,) = self.inputs(pool, self.path("b", b"garbage\n"))
        self.addCleanup(source.close)
        with self.assertRaisesRegex(FormatError, "b: no known"):
            source.digest(HORIZON, None)
        self.assertEqual(pool.processes, [])

    def test_files_without_lines(self) -> None:
        for content in (b"", b"\n", b"\n" * 500):
            with self.subTest(content=content[:5]), chunks_of_bytes(100):
                pool = WorkerPool(2, 2)
                (source,) = self.inputs(pool, self.path(content=content))
                self.assertIsNone(source.digest(HORIZON, None))
                self.assertTrue(source.ended)
                self.assertIsNone(source.digest(HORIZON, None))
                source.close()

    def test_blank_lines_at_the_start_keep_their_numbers(self) -> None:
        with chunks_of_bytes(100):
            pool = WorkerPool(2, 2)
            (source,) = self.inputs(pool, self.path(content=b"\n" * 250 + b"bad\n" + LINE * 2))
            self.addCleanup(source.close)
            lines = []
            while not source.ended:
                digest = source.digest(HORIZON, None)
                lines += [sample.line for sample in source.join(digest)] if digest is not None else []
            self.assertEqual(lines, [251])

    def test_a_line_longer_than_a_chunk(self) -> None:
        with chunks_of_bytes(50):
            content = LINE + b"x" * 400 + b"\n" + LINE
            pool = WorkerPool(2, 2)
            (source,) = self.inputs(pool, self.path(content=content), log_format="csv")
            self.addCleanup(source.close)
            found = [source.digest(HORIZON, None) for _ in range(source.chunks)]
            self.assertEqual(sum(digest.events for digest in found if digest), 2)
            self.assertEqual(sum(digest.malformed for digest in found if digest), 1)
            self.assertIn(None, found)
            self.assertTrue(source.ended)

    def test_progress_and_stopping(self) -> None:
        with chunks_of_bytes(2 * len(LINE)):
            pool = WorkerPool(2, 2)
            (source,) = self.inputs(pool, self.path(content=LINE * 5))
            self.addCleanup(source.close)
            size = 5 * len(LINE)
            self.assertEqual(source.progress(), (0, size))
            source.digest(HORIZON, None)
            self.assertEqual(source.progress(), (2 * len(LINE), size))
            source.stop()
            self.assertTrue(source.ended)
            self.assertEqual(source.progress(), (size, size))


class Unpicklable(Parser):
    """A parser of another author that cannot be sent to another process."""

    def __init__(self) -> None:
        self.read = lambda line: WebLogEvent(int(line))

    def parse_line(self, line: bytes) -> WebLogEvent | None:
        return self.read(line)


class Methods(TemporaryFiles):
    """Workers start by each method there is, and read every format."""

    def test_every_format_is_read_by_workers_of_every_method(self) -> None:
        logs = {row.name: b"\n".join((*row.examples, b"")) for row in (*LINES, *RECORDS) if row.name != "test_results"}
        logs["syslog:combined"] = b"<134>Feb  7 21:11:00 host nginx: " + combined_line(START)
        logs["docker:combined"] = (
            json.dumps({"log": combined_line(START).decode(), "time": "2019-02-07T21:11:00Z"}).encode() + b"\n"
        )
        paths = {name: self.path(f"{number}.log", log) for number, (name, log) in enumerate(logs.items())}
        expected = {name: self.events(Input(FileSource(path), self.recogniser(name))) for name, path in paths.items()}
        self.assertGreater(min(expected.values()), 0)
        for method in get_all_start_methods():
            pool = WorkerPool(1, 2, method)  # type: ignore[arg-type]
            self.addCleanup(pool.close)
            for name, path in paths.items():
                source = ParallelInput(path, self.recogniser(name), pool)
                with self.subTest(method=method, format=name):
                    self.assertEqual(self.events(source), expected[name])
            pool.close()

    def recogniser(self, name: str) -> Recogniser:
        return Recogniser(processor_for(Options(stats_interval=10)), Choice(name))

    def events(self, source: Input) -> int:
        events = 0
        while not source.ended:
            if (digest := source.digest(HORIZON, None)) is not None:
                source.join(digest)
                events += digest.events
        source.source.close()
        return events

    def test_a_parser_that_cannot_be_sent_is_used_here(self) -> None:
        path = self.path(content=b"%d\n" % START * 5)
        pool = WorkerPool(2, 2)
        source = ParallelInput(path, Recogniser(processor_for(Options()), parser=Unpicklable()), pool)
        self.addCleanup(source.close)
        self.assertEqual((self.events(source), pool.processes), (5, []))

    def test_a_parser_that_a_worker_cannot_load_is_an_error_that_says_so(self) -> None:
        pool = WorkerPool(1, 2)
        self.addCleanup(pool.close)
        number = pool.register(Unloadable())  # type: ignore[arg-type]
        assert number is not None
        with self.assertRaisesRegex(WorkerError, "cannot load the parser: no such module"):
            pool.result(pool.submit(Task(number, self.path(content=LINE), 0, HORIZON)))


class Unloadable:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return not_found, ("no such module",)


def not_found(why: str) -> None:
    raise ImportError(why)


class Splittable(TemporaryFiles):
    def test_plain_files_only(self) -> None:
        for name, content, expected in (
            ("plain", LINE, True),
            ("empty", b"", True),
            ("gzip", b"\x1f\x8b\x08", False),
            ("bzip2", b"BZh9", False),
            ("xz", b"\xfd7zXZ\x00", False),
        ):
            with self.subTest(name):
                self.assertEqual(splittable(self.path(name, content)), expected)
        self.assertFalse(splittable(self.directory))
        self.assertFalse(splittable("-"))

    def test_a_file_that_cannot_be_read(self) -> None:
        path = self.path("plain", LINE)
        with mock.patch("builtins.open", side_effect=PermissionError(13, "Permission denied")):
            with self.assertRaisesRegex(InputError, "plain: Permission denied"):
                splittable(path)


if __name__ == "__main__":
    unittest.main()
