"""Whether a peer's numbers are the monitor's: speeds compare only where the work does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import json
from pathlib import Path
import subprocess
import sys
from typing import Any

from .measure import ROOT

COMPARED = {"stats": ("time", "hits", "bytes", "sections", "sources", "statuses"), "alert": ("time", "state")}

QUIET = range(300, 600)
"""Seconds of the log of `untidy` without a line: long enough for an alert to recover."""


def monitor_command(log: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "LogsMonitor2000", str(log), "--timezone", "UTC", *options]


def difference(command: Sequence[str], log: Path, kinds: Iterable[str]) -> str | None:
    """The first event of these kinds that the command and the monitor do not have in common; None if there is none."""
    for kind in kinds:
        expected, found = events(monitor_command(log, "--output", "json"), kind), events(command, kind)
        if expected != found:
            pairs = zip(expected + [None], found + [None])
            ours, theirs = next((ours, theirs) for ours, theirs in pairs if ours != theirs)
            return f"{kind}: {theirs} instead of {ours}"
    return None


def events(command: Sequence[str], kind: str) -> list[dict[str, Any] | None]:
    """What the command prints as JSON lines: its events of this kind, with the fields that are compared."""
    output = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True).stdout
    found = [event for event in map(json.loads, output.splitlines()) if event["event"] == kind]
    return [{name: event[name] for name in COMPARED[kind]} for event in found]


def untidy(lines: Sequence[bytes], rate: int) -> list[bytes]:
    """The lines of a log of `rate` lines a second with a long silence, and with lines that come up to 4 s behind their time."""
    kept = [line for number, line in enumerate(lines) if number // rate not in QUIET]
    behind = [(number + (number // 50 % 5 * rate if number % 50 == 0 else 0), line) for number, line in enumerate(kept)]
    return [line for _, line in sorted(behind, key=lambda pair: pair[0])]


def lines_goaccess_read(report: Path) -> int:
    """How many lines GoAccess counted as valid, from its report."""
    return int(json.loads(report.read_text())["general"]["valid_requests"])
