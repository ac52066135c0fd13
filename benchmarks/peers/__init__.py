"""The tools that the monitor is measured against, as a table. The scripts beside it say what work they do."""

from __future__ import annotations

from pathlib import Path
import subprocess
from typing import NamedTuple

HERE = Path(__file__).resolve().parent


class Peer(NamedTuple):
    """A tool. In its commands `{log}` stands for the input, `{out}` for a file it may write, `{python}` and `{here}` for themselves."""

    name: str
    does: str
    command: tuple[str, ...]
    version: tuple[str, ...]
    """Prints the version in its first line, and fails where the tool is not installed."""
    yields: tuple[str, ...] = ()
    """What it prints as the monitor does with `--output json`, so that the two can be compared: kinds of events."""

    def command_for(self, log: Path, python: str, out: Path) -> list[str]:
        return [part.format(log=log, python=python, here=HERE, out=out) for part in self.command]

    def version_found(self, python: str) -> str | None:
        """The version installed; None without one."""
        command = [part.format(python=python) for part in self.version]
        try:
            result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        return (result.stdout + result.stderr).strip().splitlines()[0].rstrip(".")


PEERS = (
    Peer("wc -l", "counts lines: the floor", ("wc", "-l", "{log}"), ("wc", "--version")),
    Peer(
        "mawk",
        "the same counts, lateness and alert; does not check lines",
        ("mawk", "-f", "{here}/mawk.awk", "{log}"),
        ("mawk", "-W", "version"),
        ("stats", "alert"),
    ),
    Peer(
        "mawk, checking lines",
        "the same, and skips malformed lines",
        ("mawk", "-v", "check=1", "-f", "{here}/mawk.awk", "{log}"),
        ("mawk", "-W", "version"),
        ("stats", "alert"),
    ),
    Peer(
        "GoAccess",
        "its whole report",
        ("goaccess", "{log}", "--no-global-config", "--log-format=COMBINED", "-o", "{out}", "--no-progress"),
        ("goaccess", "--version"),
    ),
    Peer(
        "DuckDB, two threads",
        "the same counts; no alert, no lateness",
        ("{python}", "{here}/duckdb_counts.py", "{log}"),
        ("{python}", "-c", "import duckdb; print('DuckDB', duckdb.__version__)"),
        ("stats",),
    ),
    Peer(
        "Polars, two threads",
        "the same counts; no alert, no lateness",
        ("{python}", "{here}/polars_counts.py", "{log}"),
        ("{python}", "-c", "import polars; print('Polars', polars.__version__)"),
        ("stats",),
    ),
)
