"""What a run commits, so that the next one continues where it was: nothing counted twice, nothing emitted twice, nothing lost.

A commit is one transaction: the snapshot of the run, the events that follow from it, and what others keep (history, deliveries).
Events are emitted only after the commit that covers them; that they were is noted right after. So after a crash the next run reads
again what came after the last commit, and emits what was committed and not noted: an event is repeated only if the crash came
between its emission and the note, a moment of microseconds.

Where the snapshot is large (windows of hours over many groups are megabytes), it is written seldom, and a commit holds only what was
done to the processor since: an alert need not wait for megabytes. Replayed on the snapshot, that leads to the same state.

Events of another author's calculator are part of this if the calculator declares their types (`StreamCalculator.yields`); of others
it is only true that they are emitted once, and not at all if the crash comes before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timezone
import json
import sqlite3
from typing import Any, Protocol

from ..alert.state import AlertState
from ..event import Alert, Event, Notice, Summary
from ..limits import RECORDED_BYTES_MIN, RESUMED_MAX, STATE_SECONDS, STATE_SHARE
from ..runtime.clock import Clock
from ..serialize import EventCodec
from ..text import duration
from .database import Database
from .snapshot import encoded, load
from .snapshot import write as write_snapshot

RUN, STREAMS = "run", "streams"
"""The names of the snapshots: of the processor (and in old ones, of all), and of the streams."""


class Participant(Protocol):
    """Something that keeps rows of its own in the database, changed in the same transactions as the snapshot."""

    def collect(self, events: Sequence[Event]) -> None:
        """These events are about to be committed, each for the first time."""

    def write(self, connection: sqlite3.Connection) -> None:
        """Write all that has changed since `committed` was last called: the transactions in between have failed.

        The same transaction writes the positions of what is read, so what has been read up to these is what belongs into it.
        """

    def committed(self) -> None:
        """What `write` wrote is durable."""


class Journal:
    """The commits of one run to `database`, at most every `interval` seconds, or as soon as `lines` lines have been read.

    `found` is the snapshot that an earlier run left, if any: what its processor and its streams remembered. `operations` are what was
    done to the processor after that, and `saved` is when the last commit was, in seconds since the epoch.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock | None = None,
        codec: EventCodec | None = None,
        *,
        interval: float = STATE_SECONDS,
        lines: int | None = None,
    ) -> None:
        self.database = database
        self.found: dict[str, Any] | None = None
        self.operations: list[list[Any]] = []
        self.saved = 0.0
        self.is_recording = False
        """Whether what is done to the processor is to be recorded."""
        self._clock = clock or Clock()
        self._codec = codec or EventCodec()
        self._interval = interval
        self._lines_max = lines
        self._participants: list[Participant] = []
        self._waiting: list[Event] = []  # for the commit that covers them
        self._recorded: list[str] = []  # since the last commit
        self._recorded_bytes = 0  # since the last whole snapshot
        self._whole_bytes = 0  # of that
        self._lines = 0  # read since the last commit
        self._is_dirty = self._is_emitting = False
        self._began = self._whole_began = float("-inf")  # when the last commit did, and the last of a whole snapshot
        self._took = 0.0  # the latter
        self._committed: dict[str, Any] | None = None
        self._load()
        self._repeated = len(self._waiting)  # events at its start that the last run has committed, but perhaps not emitted

    def join(self, participant: Participant) -> None:
        """Let `participant` write in each transaction from now on."""
        self._participants.append(participant)

    def record(self, operation: list[Any]) -> None:
        """This is about to be done to the processor."""
        self._recorded.append(_text(operation))
        self._recorded_bytes += len(self._recorded[-1])

    def stop_recording(self) -> None:
        """The processor has become another: what was recorded of it means nothing, so the next commits are whole."""
        self.is_recording = False
        self._recorded.clear()

    def commit(
        self,
        events: Sequence[Event],
        processor: Callable[[], Any],
        streams: Callable[[], dict[str, Any]],
        *,
        lines: int = 0,
        at_once: bool = False,
        whole: bool = False,
    ) -> list[Event]:
        """Take note of `events` and of `lines` more lines read, and commit if that is due, or `at_once`, if anything has changed.

        `processor` and `streams` make snapshots of those; with `whole`, the former is asked for however large it is. Returns what may
        be emitted now, which is nothing until the next commit; call `emitted` once it was. Where the commit fails, everything is
        emitted all the same.
        """
        self._waiting += events
        self._lines += lines
        self._is_dirty = self._is_dirty or lines > 0 or at_once or bool(self._waiting)
        begun = self._clock.elapsed()
        if not self._is_dirty or not (at_once or self._is_due(begun)):
            return []
        for participant in self._participants:
            participant.collect(self._waiting[self._repeated :])
        self._repeated = 0
        is_whole = whole or not self.is_recording or self._is_whole_due(begun)
        is_written = self._write(streams(), _text(processor()) if is_whole else None)
        self._began = begun
        if is_whole:
            self._whole_began, self._took = begun, self._clock.elapsed() - begun
            if is_written:  # else what is recorded still continues an earlier one
                self.is_recording = STATE_SHARE * self._took > self._interval
        self._is_dirty, self._lines = False, 0
        self._is_emitting = bool(self._waiting)
        released, self._waiting = self._waiting, []
        return released

    def emitted(self) -> None:
        """What `commit` returned has been emitted."""
        if not self._is_emitting:
            return
        self._is_emitting = False

        def note(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM pending")

        with suppress(sqlite3.Error, OSError):  # which the database reports
            self.database.run(note, durable=False)

    def take_committed(self) -> dict[str, Any] | None:
        """The snapshot of the last commit, once: what it covers may be acknowledged. None if none succeeded since."""
        committed, self._committed = self._committed, None
        return committed

    def warn(self, text: str) -> None:
        """Report something about the state to the operator."""
        self.database.warnings.append(f"{self.database.path}: {text}")

    def report_resuming(self, lines: Mapping[str, int]) -> None:
        """Report how old the snapshot is, and after which of its `lines` each input resumes, by name."""
        age = duration(max(0, round(self._clock.now() - self.saved)))
        saved = datetime.fromtimestamp(self.saved, timezone.utc).isoformat(timespec="seconds")
        self.warn(f"resuming from the snapshot of {saved}, {age} old")
        for name, line_count in list(lines.items())[:RESUMED_MAX]:
            self.warn(f"resuming {name} at line {line_count + 1:,}")
        if len(lines) > RESUMED_MAX:
            self.warn(f"resuming {len(lines) - RESUMED_MAX:,} more inputs")

    def notices(self) -> list[Notice]:
        """What the operator should know about the state, each notice once."""
        notices = [Notice(warning) for warning in self.database.warnings]
        self.database.warnings.clear()
        return notices

    def report(self) -> list[str]:
        """What went wrong, for the end of the run."""
        failures = self.database.failures
        return [f"{self.database.path}: the state could not be saved {failures} times"] if failures else []

    def close(self) -> None:
        """Release the state to another run."""
        self.database.close()

    def _is_due(self, now: float) -> bool:
        if any(isinstance(event, Summary) or is_urgent(event) for event in self._waiting):
            return True
        if self._lines_max is not None and self._lines >= self._lines_max:
            return True
        return now - self._began >= self._interval

    def _is_whole_due(self, now: float) -> bool:
        """Whether a whole snapshot may be taken, as that takes a small share of the time, or must be, as there is much to replay."""
        return now - self._whole_began >= STATE_SHARE * self._took or self._recorded_bytes > max(
            self._whole_bytes, RECORDED_BYTES_MIN
        )

    def _write(self, streams: dict[str, Any], whole: str | None) -> bool:
        """Commit a snapshot of the streams, with a `whole` one of the processor, or with what was recorded; False if it fails."""
        dumped = [dumped for event in self._waiting if (dumped := self._codec.dump(event)) is not None]
        now = self._clock.now()

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM pending")  # all that was committed before has been emitted by now
            connection.executemany("INSERT INTO pending (event) VALUES (?)", [(_text(event),) for event in dumped])
            write_snapshot(connection, STREAMS, encoded(streams), now)
            if whole is None:
                connection.executemany("INSERT INTO operation (value) VALUES (?)", [(each,) for each in self._recorded])
            else:
                connection.execute("DELETE FROM operation")
                write_snapshot(connection, RUN, f'{{"processor":{whole}}}', now)
            for participant in self._participants:
                participant.write(connection)

        try:
            self.database.run(write)
        except (sqlite3.Error, OSError):
            return False  # which the database reports
        for participant in self._participants:
            participant.committed()
        self._committed = streams
        self._recorded.clear()
        if whole is not None:
            self._whole_bytes, self._recorded_bytes = len(whole), 0
        return True

    def _load(self) -> None:
        """Read what an earlier run left; a database in which it makes no sense is set aside."""
        try:
            run, streams = load(self.database, RUN), load(self.database, STREAMS)
            if run is not None:
                self.found = run.content | ({} if streams is None else streams.content)
                self.saved = run.saved if streams is None else streams.saved
            for (value,) in self.database.read("SELECT value FROM operation ORDER BY number"):
                self.operations.append(json.loads(str(value)))
            for (event,) in self.database.read("SELECT event FROM pending ORDER BY number"):
                self._waiting.append(self._codec.load(json.loads(str(event))))
        except (sqlite3.DatabaseError, ValueError, RecursionError) as error:
            self.found, self._waiting, self.operations = None, [], []
            self.database.discard(str(error))


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def is_urgent(event: Event) -> bool:
    """Whether an event is not to wait for the next regular commit: an alert that fires or resolves."""
    return isinstance(event, Alert) and event.state != AlertState.PENDING
