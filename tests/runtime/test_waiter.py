"""Waiting ends with something to read, with time, or with a wake."""

from __future__ import annotations

import fcntl
import os
import resource
import signal
import threading
import time
import unittest

from LogsMonitor2000.runtime.waiter import Waiter


class TestWaiter(unittest.TestCase):
    """A wait that does not end hangs the test; `None` seconds are given so that only the cause in question can end it."""

    def setUp(self) -> None:
        self.waiter = Waiter()
        self.addCleanup(self.waiter.close)
        self.reader, self.writer = os.pipe()
        self.addCleanup(os.close, self.reader)

    def test_something_to_read(self) -> None:
        os.write(self.writer, b"x")
        self.waiter.wait([self.reader], None)
        os.close(self.writer)

    def test_the_end_of_what_is_read(self) -> None:
        os.close(self.writer)
        self.waiter.wait([self.reader], None)

    def test_more_descriptors_than_select_knows(self) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if hard != resource.RLIM_INFINITY and hard < 1100:
            self.skipTest("so many descriptors are not allowed here")
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 1100), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        high = fcntl.fcntl(self.writer, fcntl.F_DUPFD, 1050)
        os.write(high, b"x")
        os.close(high)
        os.close(self.writer)
        high = fcntl.fcntl(self.reader, fcntl.F_DUPFD, 1050)
        self.addCleanup(os.close, high)
        self.waiter.wait([high], None)

    def test_time(self) -> None:
        self.addCleanup(os.close, self.writer)
        self.waiter.wait([self.reader], 0.0)

    def test_a_wake_ends_this_wait_and_every_later_one(self) -> None:
        self.addCleanup(os.close, self.writer)
        thread = threading.Thread(target=self.waiter.wake)
        thread.start()
        self.waiter.wait([self.reader], None)
        thread.join()
        self.waiter.wait([self.reader], None)
        self.waiter.wait([], None)

    def test_a_signal_that_came_just_before(self) -> None:
        """Its handler wakes nobody; what must end the wait is the signal itself, and only this one."""
        self.addCleanup(os.close, self.writer)
        self.addCleanup(signal.signal, signal.SIGUSR2, signal.signal(signal.SIGUSR2, lambda number, frame: None))
        self.waiter.wake_on_signals()
        signal.raise_signal(signal.SIGUSR2)
        self.waiter.wait([self.reader], None)
        begun = time.monotonic()
        self.waiter.wait([self.reader], 0.05)
        self.assertGreaterEqual(time.monotonic() - begun, 0.04)
        signal.raise_signal(signal.SIGUSR2)
        self.waiter.wake()
        self.waiter.wait([self.reader], None)
        self.waiter.wait([self.reader], None)
        self.waiter.close()
        signal.raise_signal(signal.SIGUSR2)

    def test_a_wake_from_a_signal_handler(self) -> None:
        self.addCleanup(os.close, self.writer)
        before = signal.signal(signal.SIGALRM, lambda number, frame: self.waiter.wake())
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        self.waiter.wait([self.reader], None)

    def test_more_wakes_than_fit_the_pipe(self) -> None:
        os.close(self.writer)
        for _ in range(70_000):
            self.waiter.wake()
        self.waiter.wait([], None)


if __name__ == "__main__":
    unittest.main()
