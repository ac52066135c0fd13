"""The one place where the monitor waits: for something to read, for time to pass, or to be woken by a signal."""

from __future__ import annotations

from collections.abc import Sequence
import os
import select
import signal


class Waiter:
    """Waits on descriptors, interruptible from a signal handler or another thread."""

    def __init__(self) -> None:
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_reader, False)
        os.set_blocking(self._wake_writer, False)
        self._is_woken = self._is_closed = False
        self._wakes_on_signals = False

    def wake_on_signals(self) -> None:
        """Let every signal that has a handler end a wait; for the main thread only.

        Python runs a handler between two steps of its own. One that came when the wait had begun but the system did not know of
        it yet would be noticed when the wait ends, which may be never; this way the system sees it too.
        """
        signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)
        self._wakes_on_signals = True

    def wait(self, descriptors: Sequence[int], seconds: float | None) -> None:
        """Return when one of `descriptors` can be read, after `seconds` (None: never), or once `wake` has been called."""
        poll = select.poll()  # `select.select` knows no descriptor above 1023
        for descriptor in (*descriptors, self._wake_reader):
            poll.register(descriptor, select.POLLIN)
        poll.poll(None if seconds is None else seconds * 1000)
        while self._wakes_on_signals and not self._is_woken:  # the next wait may be a long one again
            try:
                os.read(self._wake_reader, 512)
            except BlockingIOError:
                break

    def wake(self) -> None:
        """End this wait and every later one."""
        self._is_woken = True
        if self._is_closed:
            return
        try:
            os.write(self._wake_writer, b"\0")
        except BlockingIOError:  # the pipe is full of wakes already
            pass

    def close(self) -> None:
        """Release the descriptors; later calls of `wake` do nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._wakes_on_signals:
            signal.set_wakeup_fd(-1)
        os.close(self._wake_reader)
        os.close(self._wake_writer)
