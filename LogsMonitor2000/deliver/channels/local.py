"""Alerts that stay on this machine: on standard error, and in a file that is rotated by size.

These are written at once, event by event and in order, like standard output: a file system takes that, and with a state directory
nothing is told before it is covered by a snapshot, which makes it at least once here too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from contextlib import suppress
import io
import os
import stat
from typing import TextIO

from ...action.base import Action
from ...action.formatter import MessageFormatter
from ...action.json_lines import JsonLines
from ...action.terminal import BOLD_GREEN, BOLD_RED, RESET
from ...alert.state import AlertState
from ...event import Alert, Event, MalformedLine, Notice
from ..dispatch import FAILED, SENT
from ..message import fingerprint_of, transition_id

KINDS = {"alert": "Alert", "stats": "Stats", "summary": "Summary"}
"""Events that a file may have, and what they are called inside."""


class TerminalAlerts(Action):
    """Writes the alerts that `is_wanted` to `terminal`, in words."""

    wants = frozenset({Alert})

    def __init__(
        self, terminal: TextIO, formatter: MessageFormatter, is_wanted: Callable[[Alert], bool], *, color: bool = False
    ) -> None:
        self._terminal = terminal
        self._formatter = formatter
        self._is_wanted = is_wanted
        self._color = color

    def notify(self, event: Event) -> None:
        if not isinstance(event, Alert) or event.state == AlertState.PENDING or not self._is_wanted(event):
            return
        text = self._formatter.alert(event)
        color = BOLD_RED if event.state == AlertState.FIRING else BOLD_GREEN
        self._terminal.write((f"{color}{text}{RESET}" if self._color else text) + "\n")
        self._terminal.flush()


class JsonFile(Action):
    """Appends events to the file at `path`, one JSON object a line; alerts have their `id`. Past `bytes_max` the file becomes
    `path.1`, that `path.2`, up to `keep` of them. A file that cannot be written is told of on `errors`; its lines are lost and counted.
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
        self._kinds = {KINDS[event] for event in events}
        self._bytes_max = bytes_max
        self._keep = keep
        self._line = io.StringIO()
        self._encoder = JsonLines(self._line, errors, formatter)
        self._is_failing = False

    def notify(self, event: Event) -> None:
        if isinstance(event, (MalformedLine, Notice)) or type(event).__name__ not in self._kinds:
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
            self._errors.write(f"{self.name}: {failed} lines could not be written\n")

    def _append(self, line: bytes) -> None:
        """Open anew for each line: they are few, and whoever moves the file away finds that it was let go."""
        try:
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o640)
            try:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    raise OSError(0, "not a regular file")
                if status.st_size and status.st_size + len(line) > self._bytes_max:
                    self._rotate()
                    os.close(descriptor)
                    descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
                os.write(descriptor, line)
            finally:
                os.close(descriptor)
        except OSError as error:
            self.counts[FAILED, "cannot be written"] += 1
            self._tell_change(True, error.strerror or "cannot be written")
        else:
            self.counts[SENT, ""] += 1
            self._tell_change(False, "written again")

    def _rotate(self) -> None:
        for number in range(self._keep, 1, -1):
            with suppress(FileNotFoundError):
                os.replace(f"{self._path}.{number - 1}", f"{self._path}.{number}")
        if self._keep:
            os.replace(self._path, f"{self._path}.1")
        else:
            os.remove(self._path)

    def _tell_change(self, is_failing: bool, text: str) -> None:
        if is_failing != self._is_failing:
            self._errors.write(f"{self.name}: {text}\n")
        self._is_failing = is_failing
