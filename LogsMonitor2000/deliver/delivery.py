"""An action that tells somebody of alerts without holding up the reading: it takes note of them, and a thread of its own sends.

The thread starts with the first alert there is to tell, long after any worker process was forked. It is the only one that talks to
the receiver; what a person should know is written by the thread that reads, so that lines of text never mix.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
import threading
from typing import TextIO

from ..action.base import Action
from ..alert.state import AlertState
from ..event import Alert, Event, Summary
from ..runtime.clock import Clock
from ..text import printable
from .channels.base import Channel, Refused, Retry
from .dispatch import COALESCED, DROPPED, FAILED, RETRIED, SENT, Dispatch

SLACK_SECONDS = 0.2
"""How much longer than it should the last attempt may take before it is given up."""


class Delivery(Action):
    """Sends the alerts that `is_wanted` by `channel`, as `dispatch` says when.

    `timeout` is for each attempt, `flush` for all there is to do once the run is over, in seconds. `is_firing`, if there is one, says
    whether an alert that an earlier run left firing still has a rule that thinks so. With `threaded` off, `step` must be called.
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
        is_firing: Callable[[Alert], bool] | None = None,
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
        self._is_firing = is_firing
        self.threaded = threaded
        self._thread: threading.Thread | None = None
        self._changed = threading.Condition()  # also guards all that both threads use: dispatch, news, trouble, ends
        self._news: list[str] = []
        self._trouble = ""
        self._ends: float | None = None
        self._has_begun = self._has_reconciled = self._has_given_up = self._is_closed = False

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
            self._begin()
            self._dispatch.add(event, self._now(), self._clock.now())
            self._wake()

    def progress(self, read: int, total: int, lines: int) -> None:
        if not self._has_reconciled:
            self._has_reconciled = True
            with self._changed:
                self._begin()
                if self._is_firing is not None:
                    self._dispatch.reconcile(self._is_firing, self._now())
                self._wake()
        if self._news:
            self._tell()

    def close(self) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        self._end()
        if self._thread is not None:
            assert self._ends is not None
            self._thread.join(max(0.0, self._ends + SLACK_SECONDS - self._now()))
        with self._changed:
            self._has_given_up = True
        self._channel.close()
        with self._changed:
            self._tell()
            report = self._report()
            if not self._thread or not self._thread.is_alive():
                self._dispatch.close()
        if report:
            self._write(f"{self.name}: {report}")

    def step(self) -> bool:
        """Send one message if one is due, and return whether one was."""
        with self._changed:
            message = self._dispatch.take(self._now())
            left = self._timeout if self._ends is None else self._ends - self._now()
        if message is None:
            return False
        problem: Retry | Refused | None = None
        try:
            self._channel.send(message, max(0.001, min(self._timeout, left)))
        except (Retry, Refused) as error:
            problem = error
        except Exception as error:  # what a channel did not think of must not end the thread, nor be shown: it may hold secrets
            problem = Refused(f"failed by {type(error).__name__}")
        with self._changed:
            if problem is not None and self._has_given_up:
                return False  # cut short by `close`: it is still to be told, by the next run if there is one
            if problem is None:
                self._dispatch.sent(message, self._now())
                self._note("")
            elif isinstance(problem, Retry):
                self._dispatch.retry(message, self._now(), problem.reason, problem.after)
                self._note(problem.reason, "trying again")
            else:
                self._dispatch.refused(message, self._now(), problem.reason)
                self._note(problem.reason, problem.detail)
        return True

    def _now(self) -> float:
        """The time of day as it was at the start, going on at the pace of a clock that nobody sets."""
        return self._zero + self._clock.elapsed()

    def _begin(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._dispatch.restore(self._now())

    def _wake(self) -> None:
        """Let the thread see what has changed; start it if it has something to do for the first time."""
        self._news += self._dispatch.warnings()
        if self.threaded and self._thread is None and self._dispatch.due is not None:
            self._thread = threading.Thread(target=self._work, name=f"delivery {self.name}", daemon=True)
            self._thread.start()
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
        """The run is over: from now on there are `flush` seconds for what is still to be told."""
        with self._changed:
            if self._ends is None:
                self._ends = self._now() + self._flush
                self._dispatch.end(self._now())
                self._changed.notify_all()

    def _note(self, trouble: str, detail: str = "") -> None:
        """Tell a person when a receiver begins to fail, fails in another way, or works again."""
        self._news += self._dispatch.warnings()
        if trouble != self._trouble:
            text = f"failing: {trouble}{f' ({detail})' if detail else ''}" if trouble else "working again"
            self._news.append(f"{self.name}: {text}")
        self._trouble = trouble

    def _tell(self) -> None:
        while self._news:
            self._write(self._news.pop(0))

    def _write(self, text: str) -> None:
        erase = "\r\x1b[K" if self._errors.isatty() else ""  # a progress line that may stand there
        self._errors.write(erase + printable(text.encode("utf-8", "surrogateescape")) + "\n")
        self._errors.flush()

    def _report(self) -> str:
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
