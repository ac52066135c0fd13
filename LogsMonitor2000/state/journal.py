"""What a run remembers, so that the next one goes on where it was: nothing counted twice, nothing told twice, nothing forgotten.

The snapshot holds what was read and what is to be told of it in one file, replaced atomically. Events are told only once a
snapshot covers them; a note of the last telling is made right after it. So after a crash the next run reads again what came
after the snapshot, and tells what the snapshot holds and the note does not: an event is repeated only if the crash came between
its telling and the note, a moment of microseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import os
from typing import Any

from ..event import Alert, Event, MalformedLine, Notice, Stats, Summary
from ..limits import STATE_SECONDS, STATE_SHARE
from ..runtime.clock import Clock
from .directory import StateDirectory

NOTE = "told"
KINDS: dict[str, type[Alert | MalformedLine | Notice | Stats]] = {
    kind.__name__: kind for kind in (Alert, MalformedLine, Notice, Stats)
}


class Journal:
    """Keeps the snapshots of one run in `directory`. `found` is the one that an earlier run left, if any."""

    def __init__(self, directory: StateDirectory, clock: Clock | None = None) -> None:
        self._directory = directory
        self._clock = clock or Clock()
        self._note = os.path.join(directory.path, NOTE)
        self.found: dict[str, Any] | None = None
        self._number = self._last_told()
        self._outbox: list[Event] = []
        self._is_dirty = False
        self._saved = float("-inf")
        self._took = 0.0
        loaded: dict[str, Any] | None = directory.load()
        if loaded is not None and "run" not in loaded:
            self.warn("holds the state of something else; starting afresh")
        elif loaded is not None:
            self.found = loaded["run"]
            if self._number < loaded["number"]:
                self._outbox = [load_event(dumped) for dumped in loaded["outbox"]]
                self._number = loaded["number"]

    def commit(
        self, events: Sequence[Event], snapshot: Callable[[], Any], *, has_changed: bool = False, at_once: bool = False
    ) -> list[Event]:
        """Take note of `events` and of whether there `has_changed` anything else that matters.

        Returns what may be told now, which is nothing until the next snapshot is due; call `emitted` once it was.
        """
        self._outbox += events
        self._is_dirty = self._is_dirty or has_changed or bool(self._outbox)
        is_due = at_once or any(isinstance(event, (Alert, Summary)) for event in self._outbox)
        begun = self._clock.elapsed()
        if not self._is_dirty or not (is_due or begun - self._saved >= max(STATE_SECONDS, STATE_SHARE * self._took)):
            return []
        self._number += 1
        kept = [dumped for event in self._outbox if (dumped := dump_event(event)) is not None]
        self._directory.save({"number": self._number, "run": snapshot(), "outbox": kept})
        self._saved = self._clock.elapsed()
        self._took = self._saved - begun
        self._is_dirty = False
        released, self._outbox = self._outbox, []
        return released

    def emitted(self) -> None:
        """What was released has been told."""
        try:
            descriptor = os.open(self._note, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.pwrite(descriptor, b"%020d" % self._number, 0)
            finally:
                os.close(descriptor)
        except OSError:
            pass  # the same trouble as with the snapshot, which is told of

    def warn(self, text: str) -> None:
        """Tell a person something about what was found."""
        self._directory.warnings.append(f"{self._directory.path}: {text}")

    def notices(self) -> list[Notice]:
        """What a person should know about the directory and has not been told yet."""
        notices = [Notice(warning) for warning in self._directory.warnings]
        self._directory.warnings.clear()
        return notices

    def report(self) -> list[str]:
        """What went wrong, for the end of the run."""
        failures = self._directory.failures
        return [f"{self._directory.path}: the state could not be saved {failures} times"] if failures else []

    def close(self) -> None:
        """Let another run have the directory."""
        self._directory.close()

    def _last_told(self) -> int:
        try:
            with open(self._note, "rb") as file:
                return int(file.read(20))
        except (OSError, ValueError):
            return 0


def dump_event(event: Event) -> list[Any] | None:
    """An event as JSON can hold it; None for kinds of somebody's own, which are told but not remembered."""
    kind = type(event).__name__
    if KINDS.get(kind) is not type(event):
        return None
    return [kind, *(_plain(value) for value in event)]


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"bytes": value.decode("latin-1")}
    if isinstance(value, dict):
        return {"dict": [[_plain(key), _plain(part)] for key, part in value.items()]}
    if isinstance(value, tuple):
        return {"tuple": [_plain(part) for part in value]}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return value


def load_event(dumped: list[Any]) -> Event:
    kind, *values = dumped
    return KINDS[kind](*(_rich(value) for value in values))


def _rich(value: Any) -> Any:
    if isinstance(value, dict):
        if "bytes" in value:
            return value["bytes"].encode("latin-1")
        if "tuple" in value:
            return tuple(_rich(part) for part in value["tuple"])
        return {_rich(key): _rich(part) for key, part in value["dict"]}
    if isinstance(value, list):
        return [_rich(part) for part in value]
    return value
