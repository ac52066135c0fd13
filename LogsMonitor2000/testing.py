"""Stand-ins for what a test wants in its hand: time, input, waiting, and what came out.

clock = ManualClock()
source = ScriptedSource([b"first line\\n", PAUSE, b"second line\\n"])
seen = Collecting()
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .action.base import Action
from .event import Event
from .runtime.clock import Clock
from .runtime.waiter import Waiter
from .source.stream import StreamSource

PAUSE = None
"""In a script: there is nothing to read now."""


class ManualClock(Clock):
    """Stands still until `advance` is called."""

    def __init__(self, now: float = 1_600_000_000.0) -> None:
        self._now = now
        self._elapsed = 0.0

    def now(self) -> float:
        return self._now

    def elapsed(self) -> float:
        return self._elapsed

    def set(self, now: float) -> None:
        """Set the time of day, as an operator does; `elapsed` continues as before."""
        self._now = now

    def advance(self, seconds: float) -> None:
        self._now += seconds
        self._elapsed += seconds

    def step(self, seconds: float) -> None:
        """The time of day is set forward or back, as NTP or an operator does."""
        self._now += seconds


class ManualWaiter(Waiter):
    """Never waits: each call of `wait` does the next of `steps` instead, and after the last one calls `at_end`."""

    def __init__(self, steps: Iterable[Callable[[], object]], at_end: Callable[[], object] = lambda: None) -> None:
        super().__init__()
        self._steps = iter(steps)
        self.at_end = at_end

    def wait(self, descriptors: Sequence[int], seconds: float | None) -> None:
        next(self._steps, self.at_end)()


class ScriptedSource(StreamSource):
    """Gives the pieces of `script` one after the other, then ends, or with `endless` has nothing more for now."""

    def __init__(self, script: Iterable[bytes | None], name: str = "script", *, endless: bool = False) -> None:
        super().__init__(name)
        self._script = list(script)
        self._endless = endless

    def _read_raw(self, size: int) -> bytes | None:
        if not self._script:
            return None if self._endless else b""
        piece = self._script.pop(0)
        if piece is not None and len(piece) > size:
            self._script.insert(0, piece[size:])
            piece = piece[:size]
        return piece


class Collecting(Action):
    """Keeps every event in `events`."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.closed = False

    def notify(self, event: Event) -> None:
        self.events.append(event)

    def close(self) -> None:
        self.closed = True
