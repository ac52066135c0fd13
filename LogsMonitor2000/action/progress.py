"""A progress line on the terminal for long reads; it is erased before anything else is written."""

from __future__ import annotations

from typing import TextIO

from ..event import Event
from ..runtime.clock import Clock
from ..text import duration
from .base import Action

FIRST_SECONDS = 0.5
"""A shorter read needs no progress line."""

REDRAW_SECONDS = 0.2
ERASE = "\r\x1b[K"


class ProgressLine(Action):
    """Draws on `terminal`. It must be notified before the actions that write to the same terminal."""

    def __init__(self, terminal: TextIO, clock: Clock | None = None) -> None:
        self._terminal = terminal
        self._clock = clock or Clock()
        self._started = self._clock.elapsed()
        self._next = self._started + FIRST_SECONDS
        self._drawn = False

    def notify(self, event: Event) -> None:
        self._erase()

    def progress(self, read: int, total: int, lines: int) -> None:
        now = self._clock.elapsed()
        if now < self._next or not total:
            return
        self._next = now + REDRAW_SECONDS
        took = now - self._started
        left = f", {duration(int(took * (total - read) / read))} left" if read else ""
        self._terminal.write(f"{ERASE}{100 * read // total}%, {lines / took:,.0f} lines/s{left}")
        self._terminal.flush()
        self._drawn = True

    def close(self) -> None:
        self._erase()

    def _erase(self) -> None:
        if self._drawn:
            self._terminal.write(ERASE)
            self._terminal.flush()
            self._drawn = False
