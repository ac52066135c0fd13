"""SIGINT and SIGTERM ask a command to end in good order; the second one ends it at once."""

from __future__ import annotations

from collections.abc import Callable
import signal
from types import FrameType

INTERRUPTED = 130
"""The exit status after SIGINT, as shells expect it."""


class Stop:
    """Whether one of the two has arrived; then `then` is called."""

    def __init__(self, then: Callable[[], object]) -> None:
        self._then = then
        self._number: int | None = None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._number = self._number or number
        signal.signal(number, signal.SIG_DFL)
        self._then()

    @property
    def is_asked(self) -> bool:
        return self._number is not None

    @property
    def exit_status(self) -> int:
        return INTERRUPTED if self._number == signal.SIGINT else 0
