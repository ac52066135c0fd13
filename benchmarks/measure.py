"""What a command takes: time, memory, and time until it says something."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import os
from pathlib import Path
import subprocess
import time

ROOT = Path(__file__).resolve().parent.parent
SAMPLE_SECONDS = 0.005


def seconds(command: Sequence[str]) -> float:
    """Wall time of the command, its output thrown away; `CalledProcessError` if it fails."""
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def seconds_to_first_byte(command: Sequence[str]) -> float:
    """Wall time until the first byte of the command's standard output."""
    started = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        took = time.perf_counter() - started
        process.stdout.read()
    return took


def peak_memory(command: Sequence[str]) -> int:
    """Most bytes the command and all its descendants had at once.

    It is the sum of their proportional set sizes (PSS: a page that several processes share counts once among them), looked at
    every few milliseconds while the command runs. That slows it down, so it is not done in a run that is timed.
    """
    peak = 0
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, sum(map(_proportional_size, _tree(process.pid))))
            time.sleep(SAMPLE_SECONDS)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return peak


def _tree(pid: int) -> Iterator[int]:
    """`pid` and its descendants; a process that ends meanwhile is left out."""
    yield pid
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split():
                yield from _tree(int(child))
    except OSError:
        pass


def _proportional_size(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0
