"""What several tests need: files that are there for one test, sources read to their end, log lines with a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timezone
import os
import re
import resource
import sqlite3
import tempfile
import time
from typing import Any
import unittest

from LogsMonitor2000.source.base import Source
from LogsMonitor2000.state.directory import DATABASE

SCALE = 10 if os.environ.get("LOGSMONITOR2000_LONG") else 1
"""How many times as many cases tests of many cases have: the usual run is to be over soon."""

FAR_FUTURE = 1 << 50
"""A horizon that nothing lies behind."""


class TemporaryFiles(unittest.TestCase):
    """A test case with a directory of its own that is removed behind each test."""

    def setUp(self) -> None:
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def path(self, name: str = "access.log", content: bytes | None = None) -> str:
        """A path in the directory; the file is written when there is `content`."""
        path = os.path.join(self.directory, name)
        if content is not None:
            with open(path, "wb") as file:
                file.write(content)
        return path


def read_state(directory: str, query: str) -> Any:
    """The first value that a query finds in the state kept in `directory`, as another process sees it; None where there is none."""
    try:
        with closing(sqlite3.connect(f"file:{os.path.join(directory, DATABASE)}?mode=ro", uri=True)) as connection:
            row = connection.execute(query).fetchone()
            return None if row is None else row[0]
    except sqlite3.OperationalError:
        return None


def chunks_of(source: Source) -> Iterator[bytes]:
    """Chunk after chunk until the source has ended; a pause is read over. Closes the source."""
    try:
        while not source.ended:
            yield b"".join(source.chunk())
        yield b"".join(source.chunk())  # lines that were ready when the end came
    finally:
        source.close()


def read_all(source: Source) -> bytes:
    """Everything that `source` hands on, to its end."""
    return b"".join(chunks_of(source))


def clf_line(
    second: int, source: bytes = b"10.0.0.1", target: bytes = b"/api/user", status: int = 200, size: bytes = b"512"
) -> bytes:
    """A line of the Common Log Format, with its end."""
    stamp = datetime.fromtimestamp(second, timezone.utc).strftime("%d/%b/%Y:%H:%M:%S +0000").encode()
    return b'%s - - [%s] "GET %s HTTP/1.1" %d %s\n' % (source, stamp, target, status, size)


def quickest(work: Callable[[], object], runs: int = 3) -> float:
    """Seconds of processor time that the quickest of a few runs took: what disturbs a run only ever makes it longer."""
    times = []
    for _ in range(runs):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def without_lines(message: str) -> str:
    """A message about a configuration file without the numbers of lines in it, where a test is about something else."""
    return re.sub(r"^([^:]+):\d+: ", r"\1: ", message, flags=re.MULTILINE)


class no_descriptor_left:
    """The system has no descriptor left for this process, until the block ends or `undo` is called."""

    def __enter__(self) -> None:
        self._before = resource.getrlimit(resource.RLIMIT_NOFILE)
        free = os.dup(0)
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, self._before[1]))

    def __exit__(self, *exception: object) -> None:
        self.undo()

    def undo(self) -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, self._before)
