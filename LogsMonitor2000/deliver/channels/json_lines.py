"""`type = "json_lines"`: events appended to a file that is rotated by size, one JSON object a line.

Lines are written at once and in order, like standard output: a file system accepts that, and with a state directory nothing is
emitted before a snapshot covers it, which makes this at least once too. A line is there whole or not at all: one that a full disk
cuts short is taken back, and one that a crash cut short is ended before the next is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
import io
import os
import stat
from typing import TextIO

from ...action.base import Action
from ...action.formatter import MessageFormatter
from ...action.json_lines import JsonLines
from ...alert.state import AlertState
from ...config.table import Table
from ...event import Alert, Event, Stats, Summary
from ..dispatch import FAILED, SENT
from ..message import fingerprint_of, transition_id
from ..spec import ActionSpec, AlertFilter, Context

KINDS: dict[str, type] = {"alert": Alert, "stats": Stats, "summary": Summary}
"""Events that a file may have."""

APPEND = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


def read(table: Table, name: str, alerts: AlertFilter) -> ActionSpec:
    """`path`, `events`, `max_bytes` and `keep`."""
    path = table.path("path")
    events = table.texts("events", ("alert",))
    for event in events:
        if event not in KINDS:
            raise table.error("events", f"must be of {', '.join(KINDS)}, not {event!r}")
    bytes_max = table.whole("max_bytes", 10 << 20, least=4096)
    keep = table.whole("keep", 5, most=1000)

    def build(context: Context) -> Action:
        return JsonFile(
            name, path, context.errors, context.formatter, alerts.wants, events=events, bytes_max=bytes_max, keep=keep
        )

    return ActionSpec("json_lines", name, f"{name}: json_lines to {path}{alerts}", build)


class JsonFile(Action):
    """Appends events to the file at `path`; alerts have their `id`. Past `bytes_max` the file becomes `path.1`, that `path.2`, up to
    `keep` of them. When the file cannot be written, `errors` says so once; the lines are lost and counted.
    """

    def __init__(
        self,
        name: str,
        path: str,
        errors: TextIO,
        formatter: MessageFormatter,
        is_wanted: Callable[[Alert], bool],
        *,
        events: Collection[str] = ("alert",),
        bytes_max: int = 10 << 20,
        keep: int = 5,
    ) -> None:
        self.name = name
        self.counts: Counter[tuple[str, str]] = Counter()
        self._path = path
        self._errors = errors
        self._is_wanted = is_wanted
        self.wants = frozenset(KINDS[event] for event in events)
        self._bytes_max = bytes_max
        self._keep = keep
        self._line = io.StringIO()
        self._encoder = JsonLines(self._line, errors, formatter)
        self._is_failing = False

    def notify(self, event: Event) -> None:
        if not self.takes(event):
            return
        if isinstance(event, Alert) and (event.state == AlertState.PENDING or not self._is_wanted(event)):
            return
        self._line.seek(0)
        self._line.truncate()
        self._encoder.notify(event)
        line = self._line.getvalue()
        if isinstance(event, Alert):
            line = f'{{"id":"{transition_id(event, fingerprint_of(event))}",{line[1:]}'
        self._append(line.encode())

    def close(self) -> None:
        failed = sum(count for (outcome, _), count in self.counts.items() if outcome == FAILED)
        if failed:
            self._errors.write(f"{self.name}: {failed} lines were not written to {self._path}\n")

    def _append(self, line: bytes) -> None:
        """Open the file for each line: they are few, and a file that was moved away is let go."""
        try:
            with opened(self._path) as descriptor:
                size = os.fstat(descriptor).st_size
                is_full = size > 0 and size + len(line) > self._bytes_max
                if not is_full:
                    append_line(descriptor, size, line)
            if is_full:
                self._rotate()
                with opened(self._path) as descriptor:
                    append_line(descriptor, os.fstat(descriptor).st_size, line)
        except OSError as error:
            self.counts[FAILED, "cannot be written"] += 1
            self._report(True, f"cannot write to {self._path}: {error.strerror or error}")
        else:
            self.counts[SENT, ""] += 1
            self._report(False, f"writing to {self._path} works again")

    def _rotate(self) -> None:
        for number in range(self._keep, 1, -1):
            with suppress(FileNotFoundError):
                os.replace(f"{self._path}.{number - 1}", f"{self._path}.{number}")
        if self._keep:
            os.replace(self._path, f"{self._path}.1")
        else:
            os.remove(self._path)

    def _report(self, is_failing: bool, text: str) -> None:
        if is_failing != self._is_failing:
            self._errors.write(f"{self.name}: {text}\n")
        self._is_failing = is_failing


@contextmanager
def opened(path: str) -> Iterator[int]:
    """A descriptor of the regular file at `path`, to append to; made if need be, and closed once."""
    descriptor = os.open(path, APPEND, 0o640)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "not a regular file")
        yield descriptor
    finally:
        os.close(descriptor)


def append_line(descriptor: int, size: int, line: bytes) -> None:
    """Append `line` to a file of `size` bytes, all of it or nothing. What an earlier crash cut short gets its end first."""
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        line = b"\n" + line
    left = memoryview(line)
    try:
        while left:
            left = left[os.write(descriptor, left) :]
    except OSError:
        with suppress(OSError):
            os.ftruncate(descriptor, size)
        raise
