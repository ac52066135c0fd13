"""Measure the monitor and its peers on the same log: `python -m benchmarks.run --help`.

Everything runs in turn (A B C A B C …), so that what else the machine does hits all alike; the median counts. The input is
written first, so it comes from the page cache. What is measured is wall time from start to exit, output thrown away.
Prints a report in Markdown; progress goes to standard error.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
import os
from pathlib import Path
import platform
import shlex
from statistics import median
import sys
import tempfile
import time
from typing import NamedTuple

from LogsMonitor2000.generate.lines import write_log

from . import check, measure
from .check import monitor_command
from .peers import PEERS, Peer

RATE_DENSE, RATE_SPARSE = 200, 1
RATE_CHECKED = 20
LINES_CHECKED = 20_000
LINES_SMALL = 100
START_UPS = 20
SEED = 2000

ONE, TWO, SPARSE, CSV = "one process", "two processes", "one process, sparse log", "one process, CSV"
REFERENCE = "mawk"


class Job(NamedTuple):
    """Something that is timed."""

    name: str
    command: Sequence[str]
    lines: int


class Promise(NamedTuple):
    """A number the project promises; `value` is None where what it takes is not installed."""

    text: str
    value: float | None
    target: float
    at_least: bool = True

    @property
    def kept(self) -> bool | None:
        if self.value is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown: the first column of names, the others of numbers."""
    widths = [max(map(len, column)) for column in zip(header, *rows)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    padded = [
        [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))] for row in (header, *rows)
    ]
    return "".join(f"| {' | '.join(row)} |\n" for row in (padded[0], rule, *padded[1:]))


def ratio(numerator: float | None, denominator: float | None) -> float | None:
    """None if either is missing."""
    return numerator / denominator if numerator and denominator else None


def number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB" if size >= 1e6 else "< 1 MB"


def promises(
    speeds: Mapping[str, float], memory: Mapping[str, int], memory_twice: Mapping[str, int], start_up: float
) -> list[Promise]:
    """What the project promises. Speeds are lines a second by the name of the job; memory is bytes, of the larger of one and two processes."""
    speed = speeds.get
    return [
        Promise("one process / mawk", ratio(speed(ONE), speed(REFERENCE)), 2.2),
        Promise("one process / GoAccess", ratio(speed(ONE), speed("GoAccess")), 20),
        Promise("two processes / mawk", ratio(speed(TWO), speed(REFERENCE)), 3.5),
        Promise("two processes / DuckDB, two threads", ratio(speed(TWO), speed("DuckDB, two threads")), 1.7),
        Promise("peak memory, MB", max(memory[ONE], memory[TWO]) / 1e6, 120, at_least=False),
        Promise("peak memory, twice the lines, MB", max(memory_twice.values()) / 1e6, 120, at_least=False),
        Promise("sparse / dense", ratio(speed(SPARSE), speed(ONE)), 0.35),
        Promise("CSV / combined", ratio(speed(CSV), speed(ONE)), 1.3),
        Promise("start to first output / `python3 -c pass`", start_up, 3, at_least=False),
    ]


def speed_rows(jobs: Sequence[Job], times: Mapping[str, Sequence[float]], memory: Mapping[str, int]) -> list[list[str]]:
    """Rows of the table of speeds, in million lines a second."""
    speeds = {job.name: [job.lines / seconds / 1e6 for seconds in times[job.name]] for job in jobs}
    reference = median(speeds[REFERENCE]) if REFERENCE in speeds else None
    return [
        [
            job.name,
            *map(number, (median(speeds[job.name]), min(speeds[job.name]), max(speeds[job.name]))),
            number(ratio(median(speeds[job.name]), reference)),
            megabytes(memory[job.name]),
        ]
        for job in jobs
    ]


def promise_rows(all_promises: Sequence[Promise]) -> list[list[str]]:
    words = {True: "yes", False: "NO", None: "not measured"}
    return [
        [promise.text, number(promise.value), f"{'>=' if promise.at_least else '<='} {promise.target:g}", words[promise.kept]]
        for promise in all_promises
    ]


def written(path: Path, lines: int, rate: int, log_format: str = "combined") -> Path:
    with path.open("wb") as out:
        write_log(out, lines, rate, log_format, SEED)
    return path


def check_peers(peers: Sequence[Peer], python: str, directory: Path) -> list[str]:
    """One sentence on each peer whose numbers can be compared with the monitor's."""
    tidy = written(directory / "tidy.log", LINES_CHECKED, RATE_CHECKED)
    untidy = directory / "untidy.log"
    untidy.write_bytes(b"".join(check.untidy(tidy.read_bytes().splitlines(keepends=True), RATE_CHECKED)))
    sentences = []
    for peer in peers:
        if not peer.yields:
            continue
        log = untidy if "alert" in peer.yields else tidy  # without lateness there is nothing to compare in an untidy log
        wrong = check.difference(peer.command_for(log, python, directory / "out"), log, peer.yields)
        kinds = " and ".join(peer.yields)
        sentences.append(f"{peer.name}: " + (f"DIFFERS: {wrong}" if wrong else f"same {kinds} as the monitor ({log.stem} log)"))
    return sentences


def time_in_turn(jobs: Sequence[Job], runs: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {job.name: [] for job in jobs}
    for run in range(runs):
        for job in jobs:
            say(f"run {run + 1} of {runs}: {job.name}")
            times[job.name].append(measure.seconds(job.command))
    return times


def start_up_ratio(log: Path) -> tuple[float, float]:
    """Seconds to the monitor's first output, and the interpreter's bare start and end: medians of many, in turn."""
    monitor, bare = [], []
    for _ in range(START_UPS):
        monitor.append(measure.seconds_to_first_byte(monitor_command(log)))
        bare.append(measure.seconds([sys.executable, "-c", "pass"]))
    return median(monitor), median(bare)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def processor_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.processor())


def run(lines: int, runs: int, python: str, directory: Path) -> None:
    """Do it all and print the report."""
    versions = {peer: peer.version_found(python) for peer in PEERS}
    present = [peer for peer, version in versions.items() if version]
    load = os.getloadavg()[0]

    say("checking that the peers count the same")
    sentences = check_peers(present, python, directory)

    say("writing the input")
    dense = written(directory / "dense.log", lines, RATE_DENSE)
    twice = written(directory / "twice.log", 2 * lines, RATE_DENSE)
    sparse = written(directory / "sparse.log", lines, RATE_SPARSE)
    csv = written(directory / "dense.csv", lines, RATE_DENSE, "csv")
    small = written(directory / "small.log", LINES_SMALL, RATE_DENSE)
    report = directory / "goaccess.json"

    jobs = [
        Job(ONE, monitor_command(dense, "--jobs", "1"), lines),
        Job(TWO, monitor_command(dense, "--jobs", "2"), lines),
        *(Job(peer.name, peer.command_for(dense, python, report), lines) for peer in present),
        Job(SPARSE, monitor_command(sparse, "--jobs", "1"), lines),
        Job(CSV, monitor_command(csv, "--jobs", "1"), lines),
    ]
    times = time_in_turn(jobs, runs)
    say("memory")
    memory = {job.name: measure.peak_memory(job.command) for job in jobs}
    memory_twice = {
        name: measure.peak_memory(monitor_command(twice, "--jobs", count)) for name, count in ((ONE, "1"), (TWO, "2"))
    }
    if report.exists():
        sentences.append(f"GoAccess: read {check.lines_goaccess_read(report):,} of {lines:,} lines")
    say("start-up")
    first_byte, bare = start_up_ratio(small)

    speeds = {job.name: job.lines / median(times[job.name]) for job in jobs}
    kept = promises(speeds, memory, memory_twice, first_byte / bare)

    cores = len(os.sched_getaffinity(0))
    print(f"Date: {time.strftime('%Y-%m-%d')}. Machine: {processor_model()}, {cores} cores, load {load:.1f} at the start.")
    command = shlex.join(("python", "-m", "benchmarks.run", *sys.argv[1:]))
    print(f"Command: `{command}`.")
    print(f"Python {platform.python_version()}; " + "; ".join(dict.fromkeys(v for v in versions.values() if v)) + ".")
    absent = [peer.name for peer, version in versions.items() if not version]
    if absent:
        print(f"Not installed, left out: {'; '.join(absent)}.")
    print(f"\n{lines:,} lines, {dense.stat().st_size / lines:.0f} bytes each (combined); {runs} runs in turn.\n")
    print(table(("million lines/s", "median", "min", "max", "/ mawk", "peak memory"), speed_rows(jobs, times, memory)))
    print("Peak memory: largest sum of the proportional set sizes (PSS) of all processes, sampled in a run of its own.\n")
    print(table(("promise", "measured", "target", "reached"), promise_rows(kept)))
    print(f"Start-up: {first_byte * 1e3:.0f} ms to the first output, {bare * 1e3:.0f} ms for `python3 -c pass`.\n")
    for peer in present:
        print(f"- {peer.name}: {peer.does}.")
    print("\nChecked:\n\n" + "\n".join(f"- {sentence}." for sentence in sentences))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description="Measure the monitor and its peers.")
    parser.add_argument("--lines", type=int, default=2_000_000, help="of each input (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="of each tool (default: %(default)s)")
    parser.add_argument("--python", default=sys.executable, metavar="PATH", help="interpreter that has DuckDB and Polars")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as directory:
        run(options.lines, options.runs, options.python, Path(directory))


if __name__ == "__main__":
    main()
