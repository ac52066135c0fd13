"""The dashboard as an action: events go into the model, and between two reads keys are taken and the screen is drawn.

Reading is never held up: a frame is drawn at most four times a second, and only where something has changed. A finished log stays
on the screen until the user quits; then, as after a signal, the terminal is given back and the summary is printed.
"""

from __future__ import annotations

from ..action.base import Action, Run, Status
from ..event import Alert, BucketClosed, Event, MalformedLine, Notice, Summary
from ..limits import DASHBOARD_FRAME_SECONDS
from ..runtime.clock import Clock
from .model import LiveModel
from .screen import Moment, Screen
from .tty import Tty
from .view import View


class Dashboard(Action):
    """Shows a run on `terminal`. What is to be read after it has been closed, the summary above all, goes to `afterwards`."""

    essential = True
    polls = True
    wants = frozenset({BucketClosed, Alert, Notice, MalformedLine, Summary})

    def __init__(self, terminal: Tty, screen: Screen, afterwards: Action, clock: Clock | None = None) -> None:
        self._terminal = terminal
        self._screen = screen
        self._afterwards = afterwards
        self._clock = clock or Clock()
        self._model = LiveModel()
        self._view = View(self._model)
        self._run: Run | None = None
        self._late_events: list[Event] = []  # for `afterwards`
        self._next = 0.0
        self._drawn: tuple[int, int, tuple[int, int]] | None = None
        self._share: float | None = None
        self._status: Status | None = None  # the last one that was asked for: a run that is over has none

    def start(self, run: Run) -> None:
        self._run = run
        self._view.is_live = run.is_following
        self._terminal.start()
        self._draw()

    def notify(self, event: Event) -> None:
        self._model.add(event)
        if isinstance(event, Summary) or (isinstance(event, Notice) and event.final):
            self._late_events.append(event)

    def progress(self, read: int, total: int, lines: int) -> None:
        self._share = read / total if total else None
        self._step(0.0)
        self.is_done = self._view.is_done

    def close(self) -> None:
        try:
            while self._model.summary is not None and not self._view.is_done and not self._is_stopping():
                self._step(DASHBOARD_FRAME_SECONDS)
        finally:
            self._terminal.close()
        for event in self._late_events:
            self._afterwards.notify(event)
        self._afterwards.close()

    def _is_stopping(self) -> bool:
        return self._run is not None and self._run.is_stopping

    def _step(self, seconds: float) -> None:
        """Take the keys that were pressed, waiting up to `seconds` for one, and draw if it is time to."""
        keys = self._terminal.keys(seconds)
        for key in keys:
            if key == "redraw":
                self._terminal.forget()
            self._view.press(key)
        if self._view.copied is not None:
            self._terminal.copy(self._view.copied)
            self._view.copied = None
        now = self._clock.elapsed()
        if keys or now >= self._next:
            changed = (self._model.version, int(self._clock.now()), self._terminal.size())
            if keys or changed != self._drawn:
                self._drawn = changed
                self._draw()
                self._next = now + DASHBOARD_FRAME_SECONDS

    def _draw(self) -> None:
        if self._run is not None and self._model.summary is None:
            self._status = self._run.status()
        moment = Moment(self._clock.now(), self._status, self._share)
        self._terminal.show(self._screen.draw(self._view, *self._terminal.size(), moment))
