"""A file system that is slow, fails now and then, and gives less than it was asked for; and a process that is held up meanwhile."""

from __future__ import annotations

from collections.abc import Callable
import errno
import os
import random

from LogsMonitor2000.testing import ManualClock

from .following import FailingFiles

ERRORS = (errno.EIO, errno.EINTR, errno.ESTALE, errno.EMFILE, errno.ENOMEM)


class FaultyFiles(FailingFiles):
    """The real calls. Each fails, lasts, or is cut short with a probability of `rate`, drawn from `draw`.

    A process that is held up (SIGSTOP, a suspended machine, swapping) finds other files and another time when its call returns:
    `meanwhile` does what others do then.
    """

    def __init__(self, draw: random.Random, clock: ManualClock, meanwhile: Callable[[], None]) -> None:
        super().__init__()
        self.rate = 0.0
        self.faults: list[str] = []
        self._draw, self._clock, self._meanwhile = draw, clock, meanwhile

    def _may_fail(self, call: str) -> None:
        super()._may_fail(call)
        if self._draw.random() >= self.rate:
            return
        fault = self._draw.choice(("error", "error", "slow", "pause", "step"))
        self.faults.append(f"{fault} in {call}")
        if fault == "error":
            number = self._draw.choice(ERRORS)
            raise OSError(number, os.strerror(number))
        if fault == "step":
            self._clock.step(self._draw.choice((-3600, -5, -1, 1, 5, 3600)))
            return
        rate, self.rate = self.rate, 0.0
        self._clock.advance(self._draw.choice((0.05, 1, 3)) if fault == "slow" else self._draw.choice((10, 70, 4000)))
        if fault == "pause":
            self._meanwhile()
        self.rate = rate

    def pread(self, descriptor: int, size: int, offset: int) -> bytes:
        data = super().pread(descriptor, size, offset)
        if len(data) > 1 and self._draw.random() < self.rate:
            self.faults.append("short read")
            data = data[: self._draw.randrange(1, len(data))]
        return data
