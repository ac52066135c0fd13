"""The one place where the monitor waits: for something to read, for time to pass, or to be woken by a signal."""

from __future__ import annotations

import os
import select
from collections.abc import Sequence


class Waiter:
    """Waits on descriptors, interruptible from a signal handler or another thread."""

    def __init__(self) -> None:
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_reader, False)
        os.set_blocking(self._wake_writer, False)
        self._is_closed = False

    def wait(self, descriptors: Sequence[int], seconds: float | None) -> None:
        """Return when one of `descriptors` can be read, after `seconds` (None: never), or once `wake` has been called."""
        poll = select.poll()  # `select.select` knows no descriptor above 1023
        for descriptor in (*descriptors, self._wake_reader):
            poll.register(descriptor, select.POLLIN)
        poll.poll(None if seconds is None else seconds * 1000)

    def wake(self) -> None:
        """End this wait and every later one."""
        if self._is_closed:
            return
        try:
            os.write(self._wake_writer, b"\0")
        except BlockingIOError:  # the pipe is full of wakes already
            pass

    def close(self) -> None:
        """Nobody waits any more."""
        if self._is_closed:
            return
        self._is_closed = True
        os.close(self._wake_reader)
        os.close(self._wake_writer)
