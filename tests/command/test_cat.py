"""The real command on real files: `cat`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import chdir, redirect_stderr, redirect_stdout
import gzip
import io
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from LogsMonitor2000.command.main import main

from ..running import environment
from ..support import SCALE

SECONDS_MAX = 10


class Reader:
    """The command as a process; `read` gives what it has printed once that ends with what is expected."""

    def __init__(self, directory: str, *arguments: str, limit: int = 0) -> None:
        command = [sys.executable, "-m", "LogsMonitor2000", "cat", *arguments]
        if limit:
            command = ["/bin/sh", "-c", f'ulimit -n {limit}; exec "$@"', "sh", *command]
        self.process = subprocess.Popen(
            command, cwd=directory, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
        )
        self.printed = b""

    def read(self, length: int) -> bytes:
        """The next `length` bytes, or fewer where they do not come in time."""
        self._fill(lambda: len(self.printed) >= length)
        found, self.printed = self.printed[:length], self.printed[length:]
        return found

    def reads_until(self, ending: bytes) -> bool:
        """Whether what is printed comes to end so in time."""
        self._fill(lambda: self.printed.endswith(ending))
        return self.printed.endswith(ending)

    def _fill(self, enough: Callable[[], bool]) -> None:
        assert self.process.stdout is not None
        until = time.monotonic() + SECONDS_MAX
        while not enough() and (left := until - time.monotonic()) > 0:
            if select.select([self.process.stdout], [], [], left)[0]:
                data = os.read(self.process.stdout.fileno(), 1 << 16)
                if not data:
                    break
                self.printed += data

    def end(self, number: int) -> tuple[bytes, str, int]:
        self.process.send_signal(number)
        return self.rest()

    def rest(self) -> tuple[bytes, str, int]:
        out, errors = self.process.communicate(timeout=SECONDS_MAX)
        return self.printed + out, errors.decode(), self.process.returncode

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


class ReaderCommand(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def start(self, *arguments: str, limit: int = 0) -> Reader:
        reader = Reader(self.directory, *arguments, limit=limit)
        self.addCleanup(reader.close)
        return reader

    def write(self, data: bytes, name: str = "a.log") -> None:
        with open(os.path.join(self.directory, name), "ab") as file:
            file.write(data)

    def rotate(self, ending: str = ".1") -> None:
        os.rename(os.path.join(self.directory, "a.log"), os.path.join(self.directory, "a.log" + ending))

    def check(self, reader: Reader, expected: bytes) -> None:
        self.assertEqual(reader.read(len(expected)), expected)

    def test_without_follow_it_is_a_cat_that_understands_compression(self) -> None:
        self.write(b"\xff1\n2")
        self.write(gzip.compress(b"3\n"), "b.log")
        self.assertEqual(self.start("[ab].log", "a.log").rest(), (b"\xff1\n2\n3\n", "", 0), "each file once")

    def test_a_file_that_is_cut_off_is_printed_as_far_as_it_goes_and_the_status_is_one(self) -> None:
        packed = gzip.compress(b"1\n2\n")
        self.write(packed[:-9], "a.log")
        self.write(b"3\n", "b.log")
        out, errors, status = self.start("a.log", "b.log").rest()
        self.assertEqual((out.split()[-1], status), (b"3", 1))
        self.assertRegex(
            errors, rf"^LogsMonitor2000: a\.log: compressed data is cut off after {len(packed) - 9} bytes; \d bytes of log "
        )

    def test_errors_are_one_line_and_status_two(self) -> None:
        for arguments in (
            ["nothing"],
            ["."],
            ["--state", "x", "a.log"],
            ["--bad"],
            ["--follow", "--state", "/dev/null/x", "a"],
            ["--follow", "."],
        ):
            with self.subTest(arguments):
                out, errors = io.StringIO(), io.StringIO()
                with chdir(self.directory), redirect_stdout(out), redirect_stderr(errors):
                    status = main(["cat", *arguments])
                said = errors.getvalue()
                self.assertEqual((out.getvalue(), status, said.count("\n")), ("", 2, 1), said)

    def test_events_as_json_when_asked_for(self) -> None:
        line = b'10.0.0.1 - - [10/Oct/2000:13:55:36 +0000] "GET /a HTTP/1.1" 200 5\n'
        with open(os.path.join(self.directory, "a.log"), "wb") as file:
            file.write(line + b"bad\n" + line)
        out, errors, status = self.start("a.log", "--output", "json").rest()
        self.assertEqual((out.count(b'"section":"/a"'), status), (2, 0))
        self.assertIn("a.log:2: ", errors)
        self.assertIn("a.log: 1 malformed line", errors)

    def test_wrong_usage_is_the_status_of_the_process(self) -> None:
        out, errors, status = self.start("nothing").rest()
        self.assertEqual((out, status, errors.count("\n")), (b"", 2, 1), errors)

    def test_follow_through_a_rotation_and_report(self) -> None:
        self.write(b"1\n")
        reader = self.start("--follow", "a.log")
        self.check(reader, b"1\n")
        self.write(b"2\n")
        self.rotate()
        self.write(b"3\n")
        self.check(reader, b"2\n3\n")
        self.write(b"4")
        time.sleep(0.3)
        out, errors, status = reader.end(signal.SIGTERM)
        self.assertEqual((out, status), (b"4\n", 0))
        self.assertIn("a.log: 4 lines, 7 bytes, 1 rotations, 0 truncations", errors)

    def test_usr1_reports_while_it_goes_on_and_int_is_130(self) -> None:
        self.write(b"1\n")
        reader = self.start("--follow", "a.log")
        self.check(reader, b"1\n")
        reader.process.send_signal(signal.SIGUSR1)
        assert reader.process.stderr is not None
        self.assertIn(b"a.log: 1 lines", reader.process.stderr.readline())
        self.write(b"2\n")
        self.check(reader, b"2\n")
        self.assertEqual(reader.end(signal.SIGINT)[2], 130)

    def test_a_closed_pipe_ends_it_quietly(self) -> None:
        self.write(b"1\n" * 100_000)
        for arguments in (["a.log"], ["--follow", "a.log"]):
            reader = self.start(*arguments)
            assert reader.process.stdout is not None and reader.process.stderr is not None
            self.check(reader, b"1\n")
            reader.process.stdout.close()
            self.write(b"2\n")
            self.assertEqual(reader.process.wait(SECONDS_MAX), 0)
            self.assertEqual(reader.process.stderr.read(), b"")

    def test_state_over_clean_stops_an_unfinished_line_waits_for_its_end(self) -> None:
        self.write(b"1\n")
        for number, how in enumerate((signal.SIGTERM, signal.SIGINT)):
            reader = self.start("--follow", "--state", "state", "a.log")
            self.check(reader, b"1\n" if number == 0 else b"unfinished\n2\n")
            self.write(b"unfin")
            time.sleep(0.3)
            self.assertEqual(reader.end(how)[0], b"")
            self.write(b"ished\n2\n")

    def test_state_over_a_kill_leaves_no_line_out(self) -> None:
        self.write(b"start\n")
        reader = self.start("--follow", "--state", "state", "a.log")
        self.check(reader, b"start\n")
        time.sleep(0.2)
        reader.end(signal.SIGKILL)
        seen: list[bytes] = []
        number = 0
        for _ in range(3 * SCALE):
            reader = self.start("--follow", "--state", "state", "a.log")
            for _ in range(5):
                self.write(b"".join(b"%05d\n" % n for n in range(number, number + 20)))
                number += 20
                if number % 60 == 0:
                    self.rotate(f"-2024{number:04d}")
                time.sleep(0.05)
            out, _, _ = reader.end(signal.SIGKILL)
            seen += out.split()
        reader = self.start("--follow", "--state", "state", "a.log")
        self.write(b"end\n")
        self.assertTrue(reader.reads_until(b"end\n"))
        seen += reader.end(signal.SIGTERM)[0].split()[:-1]
        self.assertEqual(set(seen), {b"%05d" % n for n in range(number)})

    def test_a_second_reader_of_the_same_state_is_refused(self) -> None:
        self.write(b"1\n")
        self.check(self.start("--follow", "--state", "state", "a.log"), b"1\n")
        out, errors, status = self.start("--follow", "--state", "state", "a.log").rest()
        self.assertEqual((out, status, errors.count("\n")), (b"", 2, 1))

    def test_five_hundred_files_with_few_descriptors(self) -> None:
        for number in range(500):
            self.write(b"%03d\n" % number, f"{number:03d}.log")
        reader = self.start("--follow", "*.log", limit=64)
        self.check(reader, b"".join(b"%03d\n" % number for number in range(500)))
        for number in range(500):
            self.write(b"%03d\n" % number, f"{number:03d}.log")
        self.assertEqual(sorted(reader.read(2000).split()), [b"%03d" % number for number in range(500)])
        self.assertIn("0 errors", reader.end(signal.SIGTERM)[1])

    def test_idle_it_uses_next_to_no_time(self) -> None:
        self.write(b"1\n")
        reader = self.start("--follow", "a.log", "missing.log")
        self.check(reader, b"1\n")
        before = _cpu_seconds(reader.process.pid)
        time.sleep(0.7)
        self.assertLess(_cpu_seconds(reader.process.pid) - before, 0.05)


def _cpu_seconds(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    unittest.main()
