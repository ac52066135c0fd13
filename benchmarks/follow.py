"""Measure following a log that is being written: `python -m benchmarks.follow --help`.

Rate: another process appends lines at a fixed rate; the highest rate is found that is read without falling behind. Latency: from the
write of lines that make traffic high to the alert on standard output. Idle: processor time with nothing to read. Memory: after
many followed lines against after a tenth of them. Each without and with `--state`. What the monitor has read is what it says on
SIGUSR1. Prints a report in Markdown; progress goes to standard error.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from datetime import datetime, timezone
from functools import cache
import io
from itertools import islice
import json
from math import inf
from multiprocessing import get_context
import os
from pathlib import Path
import platform
import random
import re
import select
import shlex
import signal
from statistics import median
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

from LogsMonitor2000.generate.lines import START, write_log

from .check import monitor_command
from .measure import ROOT
from .run import Promise, number, processor_model, promise_rows, say, table

PARTS = ("rate", "latency", "idle", "memory")
SEED = 2000

POOL_LINES, BLOCK_LINES = 20_000, 200
"""Lines that come again and again, and how many of them have one time stamp and are written at once."""
RATE_DENSE = 200
PAUSE_SECONDS_MIN = 0.005

RATES = (100_000, 200_000, 300_000, 400_000, 500_000, 600_000, 800_000, 1_000_000)
BEHIND_SECONDS_MAX = 1.0
TRIES = 2
"""A rate counts as kept up with when one of so many tries did: other work on the machine can only make it worse."""

BUFFER_SECONDS = 2
ALERT_OPTIONS = ("--high_traffic_interval", "1", "--high_traffic_threshold", "100", "--buffer_time", str(BUFFER_SECONDS))
TRICKLE_SECONDS, PHASE_SECONDS = 0.05, 1.0
ALERT_SECONDS_MAX = 10.0
"""An alert that has not come by then never will."""

SETTLE_SECONDS = 20
"""Files that had news are polled often for a while."""
IDLE_FILES = 1_000
ROTATE_LINES = 1_000_000
ASK_SECONDS = 0.05
PATIENCE_SECONDS = 30.0
"""A monitor that has not said by then what is waited for hangs."""


class Appended(NamedTuple):
    """What was appended to a log, and when the first and the last of it, by the monotonic clock."""

    lines: int
    began: float
    ended: float

    @property
    def rate(self) -> float:
        return self.lines / (self.ended - self.began)


def stamp_of(second: int) -> bytes:
    """The time as a combined log has it."""
    return datetime.fromtimestamp(second, timezone.utc).strftime("%d/%b/%Y:%H:%M:%S +0000").encode()


@cache
def pool() -> list[bytes]:
    """The blocks that come again and again; all their lines have the generator's first time stamp."""
    made = io.BytesIO()
    write_log(made, POOL_LINES, POOL_LINES, "combined", SEED)
    lines = made.getvalue().splitlines(keepends=True)
    return [b"".join(lines[first : first + BLOCK_LINES]) for first in range(0, POOL_LINES, BLOCK_LINES)]


def blocks(rate: int, start: int = START, skip: int = 0) -> Iterator[bytes]:
    """Without end: blocks of `BLOCK_LINES` combined lines, `rate` lines a second of log time; the first `skip` left out."""
    patterns, old, block = pool(), stamp_of(START), skip
    while True:
        yield patterns[block % len(patterns)].replace(old, stamp_of(start + block * BLOCK_LINES // rate))
        block += 1


def append(path: Path, rate: int, seconds: float, log_rate: int) -> Appended:
    """Append `rate` lines a second for so many seconds, or as many as can be; of log time it is `log_rate` a second."""
    count = max(1, int(rate * seconds) // BLOCK_LINES)
    source = blocks(log_rate, skip=1)  # the first one is there already
    block = next(source)  # made before the clock starts
    with path.open("ab", buffering=0) as out:
        began = time.monotonic()
        for done in range(count):
            ahead = done * BLOCK_LINES / rate - (time.monotonic() - began)
            if ahead > PAUSE_SECONDS_MIN:
                time.sleep(ahead)
            out.write(block)
            block = next(source)
        return Appended(count * BLOCK_LINES, began, time.monotonic())


def lines_in_report(line: bytes, path: Path) -> int | None:
    """How many lines the monitor has read of `path`, from what it says on SIGUSR1; None if it says something else."""
    found = re.match(re.escape(os.fsencode(path)) + rb": (\d+) lines, ", line)
    return None if found is None else int(found[1])


def processor_seconds(stat: str) -> float:
    """User and system time, from the text of /proc/PID/stat: the name, in brackets, may hold anything."""
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(status: str) -> int:
    """VmRSS, from the text of /proc/PID/status."""
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS:"))


def kept_up(behind: float | None) -> bool:
    return behind is not None and behind <= BEHIND_SECONDS_MAX


class Monitor:
    """The monitor, following `path`; what it says is read by whoever waits for it. It is killed when the block ends."""

    def __init__(self, path: Path, state: Path | None, *options: str, listen: bool = False) -> None:
        self.path = path
        kept = () if state is None else ("--state", str(state))
        self._process = subprocess.Popen(
            monitor_command(path, "--follow", "--output", "json", "--verbose", *kept, *options),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if listen else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self._unread: dict[int, bytes] = {}
        self._last = b""  # of what it has said

    def __enter__(self) -> Monitor:
        try:
            assert self._process.stderr is not None
            is_known = self._wait(self._process.stderr.fileno(), lambda line: b": format " in line or None, PATIENCE_SECONDS)
            if not is_known:  # it has read the first lines now, and heeds signals
                raise TimeoutError("the monitor does not begin")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def wait_for_lines(self, lines: int, seconds: float = PATIENCE_SECONDS) -> float | None:
        """When it was heard that so many lines were read, by the monotonic clock; None if that was not soon enough."""
        assert self._process.stderr is not None
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._process.send_signal(signal.SIGUSR1)
            read = self._wait(
                self._process.stderr.fileno(),
                lambda line: (lines_in_report(line, self.path) or 0) >= lines or None,
                ASK_SECONDS,
            )
            if read:
                return time.monotonic()
        return None

    def wait_for_alert(self, state: str, seconds: float) -> float | None:
        """When an alert of that state came; None if that was not soon enough."""

        def matches(line: bytes) -> bool | None:
            event = json.loads(line)
            return (event["event"] == "alert" and event["state"] == state) or None

        assert self._process.stdout is not None
        return time.monotonic() if self._wait(self._process.stdout.fileno(), matches, seconds) else None

    def listen(self, seconds: float) -> None:
        """Read what it reports for so long, or it would wait for that."""
        assert self._process.stderr is not None
        self._wait(self._process.stderr.fileno(), lambda line: None, seconds)

    def processor_seconds(self) -> float:
        return processor_seconds(Path(f"/proc/{self._process.pid}/stat").read_text())

    def resident_bytes(self) -> int:
        return resident_bytes(Path(f"/proc/{self._process.pid}/status").read_text())

    def _wait(self, descriptor: int, matches: Callable[[bytes], bool | None], seconds: float) -> bool:
        """Read lines until one matches; False if none did in time."""
        deadline = time.monotonic() + seconds
        while True:
            *lines, self._unread[descriptor] = self._unread.get(descriptor, b"").split(b"\n")
            for place, line in enumerate(lines):
                if matches(line):
                    self._unread[descriptor] = b"\n".join([*lines[place + 1 :], self._unread[descriptor]])
                    return True
            if not select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
                return False
            data = os.read(descriptor, 1 << 16)
            if not data:
                raise EOFError(f"the monitor ended: {self._last.decode(errors='replace')}")
            self._unread[descriptor] += data
            self._last = (self._last + data)[-500:]


def begun(directory: Path, start: int = START) -> Path:
    """A log in the directory, with its first block."""
    path = directory / "access.log"
    path.write_bytes(next(blocks(RATE_DENSE, start)))
    return path


def state_in(directory: Path, keeps: bool) -> Path | None:
    return directory / "state" if keeps else None


# ---- rate


class Offer(NamedTuple):
    """A rate that was offered: what was written, and how long after its last line all was read, None if it never was."""

    rate: int
    appended: Appended
    behind: float | None

    @property
    def read_rate(self) -> float:
        """Lines a second over all the time until they were read: what the reader does at least."""
        appended = self.appended
        return 0.0 if self.behind is None else appended.lines / (appended.ended - appended.began + self.behind)


def offer(writer: Executor, rate: int, seconds: float, log_rate: int, keeps: bool) -> Offer:
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as name:
        directory = Path(name)
        path = begun(directory)
        with Monitor(path, state_in(directory, keeps)) as monitor:
            appended = writer.submit(append, path, rate, seconds, log_rate).result()
            heard = monitor.wait_for_lines(BLOCK_LINES + appended.lines)
            return Offer(rate, appended, None if heard is None else max(0.0, heard - appended.ended))


def highest_rate(writer: Executor, seconds: float, dense: bool, keeps: bool) -> list[Offer]:
    """Offer one rate after the other until one is not kept up with: the better try of each."""
    offers: list[Offer] = []
    for rate in RATES:
        for _ in range(TRIES):
            tried = offer(writer, rate, seconds, RATE_DENSE if dense else rate, keeps)
            behind = "not read to the end" if tried.behind is None else f"{tried.behind:.2f} s behind"
            say(f"rate {rate:,}: written at {tried.appended.rate:,.0f}, {behind}")
            if kept_up(tried.behind):
                break
        offers.append(tried)
        if not kept_up(tried.behind):
            break
    return offers


def sustained(offers: Sequence[Offer]) -> float:
    """The highest rate that was kept up with, as it was really read."""
    return max((tried.read_rate for tried in offers if kept_up(tried.behind)), default=0.0)


def rate_row(name: str, offers: Sequence[Offer]) -> list[str]:
    """The name, the highest rate in thousands a second, and how far behind it was at each."""
    behind = {tried.rate: number(tried.behind) if tried.behind is not None else "never" for tried in offers}
    return [name, f"{sustained(offers) / 1e3:.0f}", *(behind.get(rate, "") for rate in RATES)]


def measure_rate(options: argparse.Namespace) -> list[Promise]:
    rows, promises = [], []
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as writer:
        for keeps in (False, True):
            for dense in (False, True):
                name = ("200 lines a second" if dense else "as written") + with_state(keeps)
                say(name)
                offers = highest_rate(writer, options.seconds, dense, keeps)
                rows.append(rate_row(name, offers))
                promises.append(Promise(f"rate, thousand lines/s, {name}", sustained(offers) / 1e3, 200))
    print(f"Rate: lines appended by another process for {options.seconds:g} s at each rate, and the seconds after the last")
    print(
        f"until all were read. Up to {BEHIND_SECONDS_MAX:g} is kept up with; with --state the answer waits for a snapshot. Read: lines of"
    )
    print("the highest rate kept up with, over all the time until the last one was read.\n")
    print(table(("log time", "read, k/s", *(f"{rate // 1000}k" for rate in RATES)), rows))
    return promises


# ---- latency


def latencies(bursts: int, trickle: bool, keeps: bool) -> list[float]:
    """Seconds from each burst to its alert, without the buffer time.

    With `trickle` a line comes now and then all the time. Log time goes on only with the lines then, in whole seconds, so it is
    taken from the end of the second that the burst is in.
    """
    draw = random.Random(SEED)
    found = []
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as name:
        directory = Path(name)
        path = begun(directory, int(time.time()))
        with (
            Monitor(path, state_in(directory, keeps), *ALERT_OPTIONS, listen=True) as monitor,
            path.open("ab", buffering=0) as out,
        ):
            wait_while_writing(monitor, "resolved", out if trickle else None)
            for burst in range(bursts):
                phase = time.monotonic() + draw.uniform(0, PHASE_SECONDS)
                while (rest := phase - time.monotonic()) > 0:
                    time.sleep(min(rest, TRICKLE_SECONDS))
                    if trickle:
                        out.write(one_line())
                now, wrote = time.time(), time.monotonic()
                out.write(next(blocks(RATE_DENSE, int(now))))
                if (told := wait_while_writing(monitor, "firing", out if trickle else None)) is None:
                    say(f"burst {burst + 1} of {bursts}: no alert")
                    found.append(inf)
                    continue
                since = wrote + int(now) + 1 - now if trickle else wrote
                found.append(told - since - BUFFER_SECONDS)
                say(f"burst {burst + 1} of {bursts}: {found[-1]:.3f} s")
                wait_while_writing(monitor, "resolved", out if trickle else None)
    return found


def one_line() -> bytes:
    return b'10.0.0.1 - - [%s] "GET /api/user HTTP/1.1" 200 512 "-" "-"\n' % stamp_of(int(time.time()))


def wait_while_writing(monitor: Monitor, state: str, out: io.RawIOBase | None) -> float | None:
    """When an alert of that state comes, while a line is written to `out` now and then; None if none does."""
    deadline = time.monotonic() + ALERT_SECONDS_MAX
    while time.monotonic() < deadline:
        if (told := monitor.wait_for_alert(state, TRICKLE_SECONDS)) is not None:
            return told
        if out is not None:
            out.write(one_line())
    return None


def measure_latency(options: argparse.Namespace) -> list[Promise]:
    rows, promises = [], []
    for keeps in (False, True):
        for trickle in (False, True):
            name = (
                "from the end of its second, other lines coming" if trickle else "from the write, then silence"
            ) + with_state(keeps)
            say(name)
            found = latencies(options.bursts, trickle, keeps)
            rows.append([name, *(f"{value:.3f}" for value in (median(found), max(found)))])
            promises.append(Promise(f"latency, worst, s, {name}", max(found), 0.25, at_least=False))
    print(
        f"Latency: from lines that make traffic high to the alert, less the buffer time of {BUFFER_SECONDS} s; inf: it never came."
    )
    print(f"{options.bursts} bursts each; of so few the p99 is the worst.\n")
    print(table(("seconds", "median", "worst"), rows))
    return promises


# ---- idle


def measure_idle(options: argparse.Namespace) -> list[Promise]:
    """Monitors of one file, with and without a state, and of many files that a glob finds, all at the same time."""
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as name:
        path = begun(Path(name), int(time.time()))
        many = Path(name, "many")
        many.mkdir()
        for number in range(IDLE_FILES):
            (many / f"{number}.log").write_bytes(one_line())
        with (
            Monitor(path, None) as plain,
            Monitor(path, Path(name, "state")) as keeping,
            Monitor(many / "*.log", None) as globbing,
        ):
            monitors = {
                "one file": (plain, 0.5),
                "one file, --state": (keeping, 0.5),
                f"{IDLE_FILES:,} files": (globbing, 2.0),
            }
            say(f"idle for {SETTLE_SECONDS} s, then {options.idle_seconds:g} s that count")
            globbing.listen(SETTLE_SECONDS)
            before, began = {key: monitor.processor_seconds() for key, (monitor, _) in monitors.items()}, time.monotonic()
            time.sleep(options.idle_seconds)
            took = time.monotonic() - began
            used = {key: monitor.processor_seconds() - before[key] for key, (monitor, _) in monitors.items()}
    print(f"Idle: processor time while nothing was written for {took:.0f} s, from {SETTLE_SECONDS} s after the start on.\n")
    shares = {key: 100 * seconds / took for key, seconds in used.items()}
    print(table(("following", "s", "% of a core"), [[key, f"{used[key]:.2f}", f"{shares[key]:.2f}"] for key in used]))
    return [Promise(f"idle, % of a core, {key}", shares[key], most, at_least=False) for key, (_, most) in monitors.items()]


# ---- memory


def memory_after(lines: int, keeps: bool) -> dict[int, int]:
    """Resident bytes after a tenth of the lines and after all; the log is rotated now and then, and what is read deleted."""
    sizes: dict[int, int] = {}
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as name:
        directory = Path(name)
        path = begun(directory)
        step = min(ROTATE_LINES, lines // 10) // BLOCK_LINES
        with Monitor(path, state_in(directory, keeps)) as monitor:
            source = blocks(RATE_DENSE, skip=1)
            written = BLOCK_LINES
            while len(sizes) < 2:
                with path.open("ab", buffering=0) as out:
                    for block in islice(source, step):
                        out.write(block)
                written += step * BLOCK_LINES
                if monitor.wait_for_lines(written) is None:
                    raise TimeoutError(f"the monitor has not read {written} lines")
                if written >= (lines if sizes else lines // 10):
                    sizes[written - BLOCK_LINES] = monitor.resident_bytes()
                    say(f"{written:,} lines: {monitor.resident_bytes() / 1e6:.1f} MB")
                os.replace(path, path.with_name(path.name + ".1"))  # the one before goes: it was read
                path.touch()
    return sizes


def measure_memory(options: argparse.Namespace) -> list[Promise]:
    rows, promises = [], []
    for keeps in (False, True):
        say("memory" + with_state(keeps))
        sizes = memory_after(options.lines, keeps)
        few, many = sizes.values()
        rows.append(["one file" + with_state(keeps), f"{few / 1e6:.1f}", f"{many / 1e6:.1f}", number(many / few)])
        promises.append(Promise(f"memory, all lines / a tenth{with_state(keeps)}", many / few, 1.1, at_least=False))
    few_lines, many_lines = sizes
    print(f"Memory: resident set, MB; the log is rotated every {min(ROTATE_LINES, options.lines // 10):,} lines.\n")
    print(table(("following", f"{few_lines:,} lines", f"{many_lines:,} lines", "ratio"), rows))
    return promises


def with_state(keeps: bool) -> str:
    return ", --state" if keeps else ""


MEASURES: Mapping[str, Callable[[argparse.Namespace], list[Promise]]] = {
    "rate": measure_rate,
    "latency": measure_latency,
    "idle": measure_idle,
    "memory": measure_memory,
}


def run(options: argparse.Namespace) -> None:
    """Measure the parts that are asked for and print the report."""
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    print(f"Date: {time.strftime('%Y-%m-%d')}. Machine: {processor_model()}, {cores} cores, load {load:.1f} at the start.")
    print(f"Command: `{shlex.join(('python', '-m', 'benchmarks.follow', *sys.argv[1:]))}`.")
    print(f"Python {platform.python_version()}.\n", flush=True)
    promises: list[Promise] = []
    for part in options.parts or PARTS:
        promises += MEASURES[part](options)
        sys.stdout.flush()
    print(table(("promise", "measured", "target", "reached"), promise_rows(promises)))


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.follow", description="Measure following.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} (default: all)")
    parser.add_argument("--seconds", type=float, default=5, help="of writing at each rate (default: %(default)s)")
    parser.add_argument("--bursts", type=int, default=10, help="whose latency is measured (default: %(default)s)")
    parser.add_argument("--idle_seconds", type=float, default=60, help="of idling (default: %(default)s)")
    parser.add_argument("--lines", type=int, default=10_000_000, help="of the measurement of memory (default: %(default)s)")
    options = parser.parse_args(arguments)
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if options.lines < 10 * BLOCK_LINES:
        parser.error(f"--lines must be at least {10 * BLOCK_LINES}")
    return options


def main() -> None:
    options = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    run(options)


if __name__ == "__main__":
    main()
