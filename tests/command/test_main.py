"""The command as people run it: exit status, what goes to which stream, signals, closed pipes."""

from __future__ import annotations

import ast
import contextlib
import gc
from glob import glob
import gzip
import io
import json
import os
import signal
import subprocess
import sys
import tracemalloc
from typing import Any
import unittest
from unittest import mock

from LogsMonitor2000.command.main import INTERRUPTED, main

from ..logs import START, csv_line
from ..pipeline.test_parallel import alive
from ..pipeline.test_wiring import OWN
from ..running import ROOT, SECONDS_MAX, Running, command, environment, wait_until
from ..support import TemporaryFiles, clf_line

JSON = ("--output", "json", "--timezone", "UTC")
LINE = csv_line(START)


def summary_of(out: bytes) -> dict[str, Any]:
    """The last object of the JSON output."""
    told = [json.loads(line) for line in out.splitlines()]
    assert told and told[-1]["event"] == "summary", out
    return dict(told[-1])


class InProcess(TemporaryFiles):
    """`main` called as a function: what is refused, and what a short run says."""

    def setUp(self) -> None:
        super().setUp()
        for number in (signal.SIGINT, signal.SIGTERM):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        self.addCleanup(gc.set_threshold, *gc.get_threshold())

    def main(self, *arguments: str) -> tuple[int, str, str]:
        out, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            status = main(arguments)
        return status, out.getvalue(), errors.getvalue()

    def test_a_bomb_costs_time_but_no_memory(self) -> None:
        bomb = gzip.compress(LINE) + gzip.compress(bytes(1 << 20)) * 64 + gzip.compress(b"\n" + LINE)
        self.assertLess(len(bomb), 100_000)  # 64 MB
        once, twice = self.path("once.gz", bomb), self.path("twice.gz", gzip.compress(bomb))
        for path, log_format, status, told in (
            (once, "csv", 0, "3 lines: 2 events, 1 malformed, 0 late"),
            (once, "auto", 2, "once.gz: binary data, not text"),
            (twice, "csv", 1, "twice.gz: no line is of the format csv; compressed twice; decompress it once first"),
            (twice, "auto", 2, "twice.gz: compressed twice; decompress it once first"),
        ):
            tracemalloc.start()
            try:
                done, out, errors = self.main(path, "--log_format", log_format)
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            with self.subTest(path, log_format=log_format):
                self.assertEqual(done, status)
                self.assertIn(told, out + errors)
                self.assertLess(peak, 16 << 20)

    def test_a_named_format_that_reads_no_line_is_an_error_that_says_what_the_log_looks_like(self) -> None:
        for options in ((), ("--jobs", "2")):
            done, out, errors = self.main(self.path("c.log", clf_line(START) * 9), "--log_format", "json", *options)
            with self.subTest(options):
                self.assertEqual(done, 1)
                self.assertIn("9 lines: 0 events, 9 malformed", out)
                self.assertIn("c.log: no line is of the format json; it looks like common: try --log_format common", errors)
        done, _, errors = self.main(self.path("c.log", b"who knows\n"), "--log_format", "json")
        self.assertEqual(done, 1)
        self.assertIn("no known log format fits; first line: who knows", errors)
        for content in (b"", b"\n \n", b"x\n" * 500 + b'{"time":1,"status":200}\n'):
            with self.subTest(content[:9]):
                self.assertEqual(self.main(self.path("c.log", content), "--log_format", "json")[0], 0)

    def test_wrong_usage_and_inputs_are_one_clear_message_and_status_2(self) -> None:
        good = self.path("good.log", LINE)
        for arguments, message in (
            (["--nonsense", good], "unknown option --nonsense (see logsmonitor2000 --help)"),
            (["--high-traffic-threshold", "nan", good], "--high_traffic_threshold must be a finite number, not nan"),
            (["--high-traffic-threshold", "-1", good], "--high_traffic_threshold must be at least 0, not -1"),
            (
                ["--stats_interval", "inf", good],
                "--stats_interval must be auto, seconds, or a duration like 90s, 5m or 2h, not 'inf' (see",
            ),
            (["--log-format", "nonsense", good], "unknown log format 'nonsense'; known: auto, csv"),
            (["--timezone", "Mars/Olympus", good], "unknown time zone 'Mars/Olympus'"),
            (["--calculator", "nowhere:Nothing", good], "nowhere:Nothing: cannot be loaded"),
            ([good, self.path("missing.log")], "missing.log: no such file"),
            ([self.directory], "is a directory"),
        ):
            with self.subTest(arguments=arguments):
                status, out, errors = self.main(*arguments)
                self.assertEqual((status, out), (2, ""))
                self.assertTrue(errors.startswith("LogsMonitor2000: ") and message in errors, errors)
                self.assertEqual(errors.count("\n"), 1)

    def test_a_file_that_no_format_fits(self) -> None:
        path = self.path(content=b"garbage \x1b[31m\nmore of it\n")
        for jobs in ("1", "2"):
            with self.subTest(jobs=jobs):
                status, out, errors = self.main(path, "--jobs", jobs, *JSON)
                self.assertEqual((status, out), (2, ""))
                self.assertTrue(errors.startswith(f"LogsMonitor2000: {path}: no known log format fits"), errors)
                self.assertNotIn("\x1b", errors)

    def test_a_file_that_breaks_off_while_it_is_read(self) -> None:
        path = self.path(content=LINE)
        with mock.patch("LogsMonitor2000.source.stream.StreamSource._fill", side_effect=OSError(5, "Input/output error")):
            status, _, errors = self.main(path)
        self.assertEqual((status, errors.count("\n")), (1, 1))
        self.assertIn("Input/output error", errors)

    def test_compressed_data_that_is_cut_off_is_counted_as_far_as_it_goes(self) -> None:
        packed = gzip.compress(csv_line(START) * 3, mtime=0)
        for name, data, lines in (("whole.gz", packed, 3), ("cut.gz", packed[:-5], 3), ("very.gz", packed[:9], 0)):
            with self.subTest(name):
                path = self.path(name, data)
                status, out, errors = self.main(path, *JSON)
                self.assertEqual((json.loads(out.splitlines()[-1])["lines"], status), (lines, int(name != "whole.gz")))
                self.assertEqual(f"{path}: compressed data is cut off after {len(data)} bytes; " in errors, name != "whole.gz")

    def test_interrupted_before_the_monitor_is_there(self) -> None:
        with mock.patch("LogsMonitor2000.command.watch.build", side_effect=KeyboardInterrupt):
            self.assertEqual(self.main(self.path(content=LINE)), (INTERRUPTED, "", ""))

    def test_logs_of_nothing(self) -> None:
        for content in (b"", b"\n", b" \t\r\n\n", b'"remotehost","rfc931","authuser","date","request","status","bytes"\n'):
            for jobs in ("1", "2"):
                with self.subTest(content=content, jobs=jobs):
                    status, out, errors = self.main(self.path(content=content), "--jobs", jobs, *JSON)
                    self.assertEqual((status, errors), (0, ""))
                    self.assertEqual(out.count("\n"), 1)
                    self.assertEqual(summary_of(out.encode())["lines"], 0)

    def test_everything_off_leaves_the_summary(self) -> None:
        log = self.path(content=LINE * 5000)
        for off in (
            ["--stats_interval", "0", "--high_traffic_interval", "0"],
            ["--stats-interval=0", "--high-traffic-threshold=0"],
        ):
            with self.subTest(off=off):
                _, out, _ = self.main(log, *off, *JSON)
                self.assertEqual([json.loads(line)["event"] for line in out.splitlines()], ["summary"])

    def test_either_can_be_off_alone(self) -> None:
        log = self.path(content=LINE * 5000)
        for off, kinds in (("--stats_interval", ["alert", "summary"]), ("--high_traffic_threshold", ["stats", "summary"])):
            with self.subTest(off=off):
                _, out, _ = self.main(log, off, "0", *JSON)
                self.assertEqual([json.loads(line)["event"] for line in out.splitlines()], kinds)

    def test_verbose_tells_the_format_and_else_there_is_silence(self) -> None:
        log = self.path(content=LINE)
        self.assertEqual(self.main(log)[2], "")
        self.assertIn("access.log: format csv", self.main(log, "--verbose")[2])

    def test_what_a_log_says_never_commands_the_terminal(self) -> None:
        nasty = b"/\x1b[2J\x07\xc2\x9b\xff"
        content = csv_line(START, nasty, b"host\x1b]0;x\x07") * 3 + b"bad \x1b[31m\x08 line\n"
        log = self.path(content=content)
        for output in ("text", "json"):
            with self.subTest(output=output):
                status, out, errors = self.main(log, "--output", output, "--color", "never")
                self.assertEqual(status, 0)
                for text in (out, errors):
                    self.assertTrue(text.replace("\n", "").isprintable(), ascii(text))
                self.assertIn(r"bad \x1b[31m\x08 line", errors)

    def test_a_time_before_the_calendar_does_not_end_the_run(self) -> None:
        log = self.path(content=b'h - - [01/Jan/0001:00:00:00 +2300] "GET / HTTP/1.0" 200 1\n')
        for output in ("text", "json"):
            status, _, errors = self.main(log, "--output", output)
            self.assertEqual((status, errors), (0, ""))


class Command(TemporaryFiles):
    """The real thing, in a process of its own."""

    def test_standard_input(self) -> None:
        for arguments in ((), ("-",), ("-", "-")):
            with self.subTest(arguments=arguments):
                done = command(*arguments, *JSON, stdin=LINE * 3)
                self.assertEqual((done.returncode, done.stderr), (0, b""))
                self.assertEqual(summary_of(done.stdout)["events"], 3)

    def test_compressed_standard_input(self) -> None:
        done = command(*JSON, stdin=gzip.compress(LINE * 3))
        self.assertEqual(summary_of(done.stdout)["events"], 3)

    def test_files_globs_and_doubles(self) -> None:
        for name in "ab":
            self.path(f"{name}.log", csv_line(START) * 2)
        self.path("c.log.gz", gzip.compress(LINE))
        done = command("*.log", "a.log", "./b.log", "c.log.gz", *JSON, cwd=self.directory)
        self.assertEqual((done.returncode, done.stderr, summary_of(done.stdout)["events"]), (0, b"", 5))

    def test_nothing_named_on_a_closed_standard_input(self) -> None:
        done = command("--output", "xml")
        self.assertEqual((done.returncode, done.stdout, done.stderr.count(b"\n")), (2, b"", 1))

    def test_a_file_that_may_not_be_read(self) -> None:
        path = self.path(content=LINE)
        os.chmod(path, 0)
        if os.access(path, os.R_OK):
            self.skipTest("root may read everything")
        done = command(path)
        self.assertEqual((done.returncode, done.stdout), (2, b""))
        self.assertIn(b"Permission denied", done.stderr)
        self.assertEqual(done.stderr.count(b"\n"), 1)

    def test_colour_is_never_in_a_pipe_unless_asked_for(self) -> None:
        path = self.path(content=LINE)
        for color, more, expected in (("auto", {}, False), ("always", {"NO_COLOR": "1"}, True)):
            done = command(path, "--color", color, **more)
            with self.subTest(color=color):
                self.assertEqual(b"\x1b[" in done.stdout, expected)

    def test_own_classes_by_their_names(self) -> None:
        self.path("own_classes.py", OWN.encode())
        arguments = [
            "--parser",
            "own_classes:Semicolons",
            "--calculator",
            "own_classes:Busiest",
            "--action",
            "own_classes:Keeping",
        ]
        done = command(self.path(content=b"100;/a\nbad\n"), *arguments, *JSON, PYTHONPATH=self.directory)
        self.assertEqual((done.returncode, summary_of(done.stdout)["events"]), (0, 1))
        self.assertIn(b"access.log:2: malformed, does not match the format semicolons: bad", done.stderr)

    def test_an_ascii_terminal(self) -> None:
        path = self.path(content=csv_line(START, "/höhe".encode()))
        done = command(path, PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C")
        self.assertEqual(done.returncode, 0)
        self.assertIn(rb"/h\xf6he 1", done.stdout)

    def test_a_reader_that_goes_away_is_no_error(self) -> None:
        path = self.path(content=b"".join(csv_line(START + 10 * number) for number in range(5_000)))
        for output in ("text", "json"):
            with self.subTest(output=output), Running(path, "--output", output) as run:
                run.wait_for(b"\n")
                assert run.process.stdout is not None
                run.process.stdout.close()
                run.process.stdout = None
                self.assertEqual((run.end(), run.errors), (0, b""))

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full here")
    def test_a_full_disk_is_an_error(self) -> None:
        with open("/dev/full", "wb") as full, Running(self.path(content=LINE), *JSON, stdout=full) as run:
            self.assertEqual(run.end(), 1)
        self.assertEqual(run.errors, b"LogsMonitor2000: [Errno 28] No space left on device\n")

    def test_closed_standard_streams_are_no_traceback(self) -> None:
        path = self.path(content=LINE * 3)
        for closed, status in ((">&-", 0), ("2>&-", 0), (">&- 2>&-", 0), ("<&- >&- 2>&-", 0), ("<&-", 0)):
            for output in ("text", "json"):
                with self.subTest(closed=closed, output=output):
                    shell = f'exec "$0" -m LogsMonitor2000 "$@" {closed}'
                    done = subprocess.run(
                        ["/bin/sh", "-c", shell, sys.executable, path, "--output", output],
                        capture_output=True,
                        env=environment(),
                        timeout=SECONDS_MAX,
                    )
                    self.assertEqual((done.returncode, done.stderr), (status, b""))
                    self.assertEqual(bool(done.stdout), ">" not in closed.replace("2>", ""))
        with open(path, "rb") as file:
            self.assertEqual(file.read(), LINE * 3)

    def test_closed_standard_error_of_wrong_usage(self) -> None:
        for closed in ("2>&-", ">&- 2>&-"):
            shell = f'exec "$0" -m LogsMonitor2000 "$@" {closed}'
            arguments = ["/bin/sh", "-c", shell, sys.executable, self.path("missing.log")]
            done = subprocess.run(arguments, capture_output=True, env=environment(), timeout=SECONDS_MAX)
            self.assertEqual((done.returncode, done.stdout, done.stderr), (2, b"", b""))

    def test_an_old_python_is_told_in_one_line_which_it_needs(self) -> None:
        for name in ("__init__", "__main__"):
            with open(os.path.join(ROOT, "LogsMonitor2000", f"{name}.py"), encoding="ascii") as file:
                ast.parse(file.read(), feature_version=(3, 4))
        for python in sorted(glob(os.path.expanduser("~/.pyenv/versions/*/bin/python"))):
            version = os.path.basename(os.path.dirname(os.path.dirname(python)))
            if tuple(map(int, version.split(".")[:2])) < (3, 11):
                with self.subTest(version=version):
                    done = subprocess.run(
                        [python, "-m", "LogsMonitor2000", "x"], capture_output=True, cwd=ROOT, timeout=SECONDS_MAX
                    )
                    self.assertEqual((done.returncode, done.stdout, done.stderr.count(b"\n")), (1, b"", 1), done.stderr)
                    self.assertIn(b"LogsMonitor2000 needs Python 3.11 or newer; ", done.stderr)


class Signals(TemporaryFiles):
    """Ctrl-C gives 130, SIGTERM 0; both after everything was flushed and with the summary."""

    CASES = ((signal.SIGINT, 130), (signal.SIGTERM, 0))

    def test_reading_a_pipe_that_stays_open(self) -> None:
        for number, status in self.CASES:
            with self.subTest(number), Running(*JSON) as run:
                # Twelve seconds close the first interval; that it was told shows that the lines have been read.
                run.write(b"".join(csv_line(START + second) for second in range(14)) + LINE.replace(b"\n", b""))
                run.wait_for(b'"stats"')
                run.signal(number)
                self.assertEqual(run.end(), status)
                self.assertRegex(run.errors, rb"\A1 of 15 lines \(6.67 %\) were late[^\n]*\n\Z")
                summary = summary_of(run.out)
                self.assertEqual((summary["events"], summary["late"]), (14, 1))
                self.assertEqual(run.out.count(b'"stats"'), 2)

    def test_following_a_file(self) -> None:
        for number, status in self.CASES:
            path = self.path(content=csv_line(START) * 2)
            with self.subTest(number), Running(path, "--follow", "--buffer_time", "0", "--stats_interval", "1", *JSON) as run:
                run.wait_for(b'"stats"')
                with open(path, "ab") as file:
                    file.write(csv_line(START + 500) + csv_line(START + 510).replace(b"\n", b""))
                run.wait_for(b'"time":%d' % (START + 500))
                run.signal(number)
                self.assertEqual(run.end(), status)
                self.assertIn(b"access.log: 4 lines, 271 bytes, 0 rotations", run.errors)
                self.assertEqual(run.errors.count(b"\n"), 1)
                summary = summary_of(run.out)
                self.assertEqual((summary["events"], summary["last"]), (4, START + 510))

    def test_with_workers(self) -> None:
        path = self.path("big.log")
        with open(path, "wb") as file:
            for second in range(0, 20_000, 100):
                file.write(b"".join(csv_line(START + second + behind) for behind in range(100)) * 30)
        for number, status in self.CASES:
            with self.subTest(number), Running(path, "--jobs", "2", "--stats_interval", "1", *JSON) as run:
                run.wait_for(b'"stats"')
                run.signal(number)
                self.assertEqual(run.end(), status)
                self.assertRegex(run.errors, rb"\A[\d,]+ of [\d,]+ lines \([\d.]+ %\) were late[^\n]*\n\Z")
                summary = summary_of(run.out)
                self.assertEqual(summary["lines"], summary["events"] + summary["late"])


@unittest.skipUnless(os.path.isdir("/proc/self"), "needs /proc to find the workers")
class Workers(TemporaryFiles):
    def setUp(self) -> None:
        super().setUp()
        # Output that nobody reads holds the run up, so that it is still there when its processes are killed.
        path = self.path("big.log")
        with open(path, "wb") as file:
            for second in range(0, 40_000, 100):
                file.write(b"".join(csv_line(START + second + behind) for behind in range(100)) * 10)
        self.run_ = Running(path, "--jobs", "2", "--stats_interval", "1", "--top", "1", *JSON)
        self.addCleanup(self.run_.__exit__)
        self.run_.wait_for(b'"stats"')
        with open(f"/proc/{self.run_.process.pid}/task/{self.run_.process.pid}/children", encoding="ascii") as file:
            self.workers = [int(pid) for pid in file.read().split()]
        self.assertEqual(len(self.workers), 2)

    def test_a_killed_worker_ends_the_run_with_an_error(self) -> None:
        for pid in self.workers:
            os.kill(pid, signal.SIGKILL)
        self.assertEqual(self.run_.end(), 1)
        self.assertEqual(self.run_.errors, b"LogsMonitor2000: a worker process ended unexpectedly\n")

    def test_workers_do_not_outlive_a_command_that_was_killed(self) -> None:
        self.run_.signal(signal.SIGKILL)
        self.run_.process.wait()
        self.assertTrue(wait_until(lambda: not any(map(alive, self.workers))))


if __name__ == "__main__":
    unittest.main()
