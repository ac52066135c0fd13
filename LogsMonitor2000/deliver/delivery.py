"""An action that sends alerts without holding up the reading: it accepts them, and a thread of its own sends them.

The thread starts with the first alert that is to be sent, long after any worker process was forked. It alone talks to the receiver;
messages for the user are written by the thread that reads, so that lines of text never mix.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
import threading
from typing import TextIO

from ..action.base import Action
from ..alert.state import AlertState
from ..event import Alert, Event, Summary
from ..limits import SAVE_AGAIN_SECONDS
from ..runtime.clock import Clock
from ..text import printable
from .channels.base import Channel, Refused, Retry
from .dispatch import COALESCED, DROPPED, FAILED, RETRIED, SENT, Dispatch
from .message import Message
from .timing import Timing

SLACK_SECONDS = 0.2
"""How much longer than it should the last attempt may take before it is given up."""


class Delivery(Action):
    """Sends the alerts that `is_wanted` by `channel`, as `dispatch` says when.

    `timeout` is for each attempt, `flush` for everything there is to do once the run is over, in seconds. `firing`, if there is one,
    gives the alerts that fire now: alerts of an earlier run that are not among them are sent as resolved. With `threaded` off, the
    caller calls `step`.
    """

    wants = frozenset({Alert, Summary})

    def __init__(
        self,
        dispatch: Dispatch,
        channel: Channel,
        errors: TextIO,
        is_wanted: Callable[[Alert], bool] = lambda alert: True,
        *,
        timeout: float = 10,
        flush: float = 5,
        clock: Clock | None = None,
        firing: Callable[[], Iterable[Alert]] | None = None,
        threaded: bool = True,
    ) -> None:
        self.name = dispatch.receiver
        self._dispatch = dispatch
        self._channel = channel
        self._errors = errors
        self._is_wanted = is_wanted
        self._timeout = timeout
        self._flush = flush
        self._clock = clock or Clock()
        self._zero = self._clock.now() - self._clock.elapsed()
        self._firing = firing
        self.threaded = threaded
        self.thread: threading.Thread | None = None
        """The thread that sends, from the first alert that is to be sent."""
        self._changed = threading.Condition()  # also guards all that both threads use: dispatch, reports, problem, ends
        self._reports: list[str] = []  # for the user
        self._problem = ""
        self._ends: float | None = None
        self._next_try = 0.0  # to save what could not be saved
        self._is_restored = self._is_reconciled = self._has_given_up = self._is_closed = False

    @property
    def timing(self) -> Timing:
        """When what is sent."""
        return self._dispatch.timing

    @property
    def counts(self) -> Counter[tuple[str, str]]:
        """How often what happened, by outcome (see `dispatch.SENT` and the others) and reason."""
        with self._changed:
            return self._dispatch.counts.copy()

    def notify(self, event: Event) -> None:
        if isinstance(event, Summary):
            self._end()
        if not isinstance(event, Alert) or event.state == AlertState.PENDING or not self._is_wanted(event):
            return
        with self._changed:
            self._restore()
            self._dispatch.add(event, self._now(), self._clock.now())
            self._wake()

    def progress(self, read: int, total: int, lines: int) -> None:
        if not self._is_reconciled or self._clock.elapsed() >= self._next_try:
            self._next_try = self._clock.elapsed() + SAVE_AGAIN_SECONDS
            with self._changed:
                self._restore()
                if self._is_restored and not self._is_reconciled:
                    self._is_reconciled = True
                    if self._firing is not None:
                        self._dispatch.reconcile(self._firing(), self._now())
                self._dispatch.save_again()
                self._wake()
        if self._reports:
            self._write_reports()

    def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        self._end()
        if self.thread is not None:
            assert self._ends is not None
            self.thread.join(max(0.0, self._ends + SLACK_SECONDS - self._now()))
        with self._changed:
            self._has_given_up = True
        self._channel.close()
        with self._changed:
            if not self.thread or not self.thread.is_alive():
                self._dispatch.close()
            self._reports += self._dispatch.warnings()
            self._write_reports()
            summary = self._summary()
        if summary:
            self._write(f"{self.name}: {summary}")

    def step(self) -> bool:
        """Send one message if one is due, and return whether one was."""
        with self._changed:
            message = self._dispatch.take(self._now())
            left = self._timeout if self._ends is None else self._ends - self._now()
        if message is None:
            return False
        problem = self._attempt(message, max(0.001, min(self._timeout, left)))
        with self._changed:
            if problem is not None and self._has_given_up:
                return False  # cut short by `close`: still to be sent, by the next run if there is one
            if problem is None:
                self._dispatch.sent(message, self._now())
                self._note("")
            elif isinstance(problem, Retry):
                self._dispatch.retry(message, self._now(), problem.reason, problem.after)
                self._note(problem.reason, "retrying")
            else:
                self._dispatch.refused(message, self._now(), problem.reason)
                self._note(problem.reason, problem.detail)
        return True

    def _attempt(self, message: Message, seconds: float) -> Retry | Refused | None:
        """Send `message`; why it was not accepted, if it was not. What an exception says is not shown: it may hold secrets."""
        try:
            self._channel.send(message, seconds)
        except (Retry, Refused) as error:
            return error
        except (OSError, MemoryError) as error:  # of the machine and not of the message: no descriptor, no memory
            return Retry(f"failed with {type(error).__name__}")
        except Exception as error:  # what a channel did not expect must not end the thread
            return Refused(f"failed with {type(error).__name__}")
        return None

    def _now(self) -> float:
        """The time of day as it was at the start, going on at the pace of a clock that is never set."""
        return self._zero + self._clock.elapsed()

    def _restore(self) -> None:
        if not self._is_restored:
            self._is_restored = self._dispatch.restore(self._now())

    def _wake(self) -> None:
        """Let the thread see what has changed; start it if it has something to do for the first time."""
        self._reports += self._dispatch.warnings()
        if self.threaded and self.thread is None and self._dispatch.due is not None:
            thread = threading.Thread(target=self._work, name=f"delivery {self.name}", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the system has none left for now; the next call tries again
                return
            self.thread = thread
        self._changed.notify_all()

    def _work(self) -> None:
        while True:
            self.step()
            with self._changed:
                due, now = self._dispatch.due, self._now()
                if self._ends is not None and (due is None or max(due, now) >= self._ends):
                    return
                if due is None or due > now:
                    self._changed.wait(None if due is None else due - now)

    def _end(self) -> None:
        """The run is over: from now on there are `flush` seconds for what is still to be sent."""
        with self._changed:
            if self._ends is None:
                self._ends = self._now() + self._flush
                self._dispatch.end(self._now())
                self._changed.notify_all()

    def _note(self, problem: str, detail: str = "") -> None:
        """Report when a receiver begins to fail, fails in another way, or works again."""
        self._reports += self._dispatch.warnings()
        if problem != self._problem:
            text = f"failing: {problem}{f' ({detail})' if detail else ''}" if problem else "working again"
            self._reports.append(f"{self.name}: {text}")
        self._problem = problem

    def _write_reports(self) -> None:
        while self._reports:
            self._write(self._reports.pop(0))

    def _write(self, text: str) -> None:
        erase = "\r\x1b[K" if self._errors.isatty() else ""  # a progress line that may stand there
        self._errors.write(erase + printable(text.encode("utf-8", "surrogateescape")) + "\n")
        self._errors.flush()

    def _summary(self) -> str:
        """`3 sent, 2 retried (HTTP 503 twice), 1 failed (HTTP 404)`; "" if there was nothing to do."""
        parts = []
        for outcome in (SENT, RETRIED, FAILED, COALESCED, DROPPED):
            reasons = {reason: count for (each, reason), count in self._dispatch.counts.items() if each == outcome}
            if not reasons:
                continue
            named = [f"{reason} {times(count)}" if len(reasons) > 1 else reason for reason, count in reasons.items() if reason]
            words = "alerts not sent" if outcome == DROPPED else outcome
            parts.append(f"{sum(reasons.values())} {words}" + (f" ({', '.join(named)})" if named else ""))
        if waiting := self._dispatch.waiting:
            parts.append(f"{waiting} {'kept for the next run' if self._dispatch.keeps else 'lost, as the run ended'}")
        return ", ".join(parts)


def times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
