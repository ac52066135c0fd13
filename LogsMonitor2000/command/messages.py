"""What the command says on standard error: one line a message, whatever it holds."""

from __future__ import annotations

import os
import sys

from ..text import printable

NAME = "LogsMonitor2000"


def say(message: str) -> None:
    """Show one message."""
    print(f"{NAME}: {printable(os.fsencode(message))}", file=sys.stderr, flush=True)


def warn(message: str) -> None:
    """Show a message about something that is risky, though not wrong."""
    say(f"warning: {message}")
