"""Hands events to the actions that want them, and keeps the run alive when one of these fails.

An action that raises is reported, counted, and after several failures in a row switched off: an alert must reach the other
receivers whatever one action does. Only where an action is `essential`, as the one that writes the output is, its error ends the run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from operator import methodcaller
from types import TracebackType

from ..action.base import Action, Run
from ..event import Event, Notice
from ..limits import ACTION_FAILURES_MAX


class _Guarded:
    """An action and its failures: in all, and in a row by what it was asked to do."""

    def __init__(self, action: Action) -> None:
        self.action = action
        self.failures = 0
        self.in_a_row: Counter[str] = Counter()
        self.is_off = False
        self.is_done = False

    @property
    def name(self) -> str:
        """What messages call it: its own name, or its class."""
        name = getattr(self.action, "name", None)
        return name if isinstance(name, str) and name else type(self.action).__name__


class Emitter:
    """The actions of one run, from `start` to the end of the `with` block, when all of them are closed."""

    def __init__(self, actions: Sequence[Action]) -> None:
        self._guarded = [_Guarded(action) for action in actions]
        self._takers: dict[type[Event], list[_Guarded]] = {}

    @property
    def is_done(self) -> bool:
        """Whether an action has what the run was for."""
        return any(guarded.is_done for guarded in self._guarded)

    def start(self, run: Run) -> None:
        """The run begins."""
        for guarded in self._guarded:
            self._call(guarded, "start", lambda action: action.start(run))

    def exchange(self, old: Sequence[Action], build: Callable[[], Sequence[Action]], run: Run) -> None:
        """Close the actions `old`, and let those that `build` makes after that take their place."""
        leaving = [guarded for guarded in self._guarded if guarded.action in old]
        for guarded in leaving:
            self._call(guarded, "close", methodcaller("close"))
        self._guarded = [guarded for guarded in self._guarded if guarded not in leaving]
        self._takers.clear()
        arriving = [_Guarded(action) for action in build()]
        self._guarded = arriving + self._guarded
        for guarded in arriving:
            self._call(guarded, "start", lambda action: action.start(run))

    def emit(self, event: Event) -> None:
        """Notify the actions that take events of this type."""
        kind = type(event)
        if kind not in self._takers:
            self._takers[kind] = [guarded for guarded in self._guarded if guarded.action.takes(event)]
        for guarded in self._takers[kind]:
            if not guarded.is_off:
                self._call(guarded, "notify", lambda action: action.notify(event))

    def progress(self, read: int, total: int, lines: int) -> None:
        """Report to the actions how far reading has come."""

        def progress(action: Action) -> None:
            action.progress(read, total, lines)
            guarded.is_done = action.is_done

        for guarded in self._guarded:
            if not guarded.is_off:
                self._call(guarded, "progress", progress)

    def __enter__(self) -> Emitter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Close every action, the essential ones last, so that they can still report that another one failed."""
        others = [guarded for guarded in self._guarded if not guarded.action.essential]
        steps: list[Callable[[], None]] = [partial(self._call, guarded, "close", methodcaller("close")) for guarded in others]
        steps.append(self._report_totals)
        steps += [guarded.action.close for guarded in self._guarded if guarded.action.essential]
        fatal: Exception | None = None
        for step in steps:
            try:
                step()
            except Exception as problem:  # the others are closed all the same
                fatal = fatal or problem
        if fatal is not None and error is None:
            raise fatal

    def _call(self, guarded: _Guarded, what: str, call: Callable[[Action], None]) -> None:
        """Let the action do `what`."""
        if guarded.action.essential:
            call(guarded.action)
            return
        try:
            call(guarded.action)
        except Exception as error:
            problem = self._count_failure(guarded, what, error)
            if problem:
                self._report(guarded, problem)
        else:
            guarded.in_a_row[what] = 0

    def _count_failure(self, guarded: _Guarded, what: str, error: Exception) -> str:
        """Count it; returns what there is to report: the first failure, and the one that switches the action off."""
        guarded.failures += 1
        guarded.in_a_row[what] += 1
        problem = f"action {guarded.name}: {what} failed: {type(error).__name__}: {error}"
        if guarded.in_a_row[what] >= ACTION_FAILURES_MAX and not guarded.is_off:
            guarded.is_off = True
            return f"{problem}; switched off after {guarded.in_a_row[what]} failures in a row"
        if what == "close":
            return problem
        return f"{problem}; the run continues" if guarded.failures == 1 else ""

    def _report_totals(self) -> None:
        for guarded in self._guarded:
            if guarded.failures > 1:
                self._report(guarded, f"action {guarded.name}: failed {guarded.failures} times")

    def _report(self, failed: _Guarded, text: str) -> None:
        """Notify the other actions. One that fails on this is reported in turn, until it is switched off."""
        reports = [(failed, text)]
        while reports:
            failed, text = reports.pop(0)
            notice = Notice(text)
            for guarded in self._guarded:
                if guarded is failed or guarded.is_off or not guarded.action.takes(notice):
                    continue
                try:
                    guarded.action.notify(notice)
                except Exception as error:
                    if guarded.action.essential:
                        raise
                    if problem := self._count_failure(guarded, "notify", error):
                        reports.append((guarded, problem))
