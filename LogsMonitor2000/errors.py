"""What can go wrong, as one tree; the exit status of the command follows from the branch.

    MonitorError
    ├── UsageError          wrong settings: exit status 2
    │   └── FormatError     no format fits the input, or it lacks a field that is asked for
    ├── MisfitError         a named format reads no line of an input: exit status 1
    ├── InputError          an input that cannot be opened: exit status 2
    └── WorkerError         a worker process died: exit status 1

A bad *line* is not in this tree: it is data, counted and sampled (`Malformed` in `parse.base` never leaves the parser).
"""

from __future__ import annotations


class MonitorError(Exception):
    """Base of all errors that the monitor raises on purpose; its text is one line for the operator."""

    exit_status = 1

    @property
    def messages(self) -> tuple[str, ...]:
        """What to show of it, a line each."""
        return (str(self),)


class UsageError(MonitorError):
    """The settings make no sense; nothing has been read."""

    exit_status = 2


class FormatError(UsageError):
    """The format of an input is not known, or does not have a field that a calculator asks for."""


class MisfitError(MonitorError):
    """A log was read to its end, and no line of it is of the format that was named."""


class InputError(MonitorError):
    """An input cannot be opened or read as what it claims to be."""

    exit_status = 2


class WorkerError(MonitorError):
    """A worker process ended before its work did."""
