"""The command: dispatches to a verb, and turns what goes wrong into a message and an exit status."""

from __future__ import annotations

from collections.abc import Sequence
import gc
import io
import os
import sys

from ..errors import MonitorError, UsageError
from ..runtime.signals import INTERRUPTED
from .messages import say
from .parser import Shown
from .verbs import DEFAULT, Verb, mistyped_verb, overview, verb_named

GC_OBJECTS = 100_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status. 0 read to the end or SIGTERM, 130 SIGINT, 2 wrong usage or input, 1 any other failure."""
    _open_standard_streams()
    try:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        # Nothing in the data path makes cycles; with the default of 700 the collector looks for some in every block.
        gc.set_threshold(GC_OBJECTS)
        return _run(sys.argv[1:] if arguments is None else arguments)
    except MonitorError as error:
        for message in error.messages:
            say(message)
        return error.exit_status
    except BrokenPipeError:  # `| head`: no one reads any more
        _discard_output()
        return 0
    except OSError as error:
        say(str(error))
        try:
            sys.stdout.flush()
        except OSError:  # a full disk, perhaps, which has been reported
            _discard_output()
        return 1
    except KeyboardInterrupt:  # before the verb has taken over the signal
        return INTERRUPTED


def _run(arguments: Sequence[str]) -> int:
    first = arguments[0] if arguments else ""
    verb, rest = _dispatched(first, list(arguments))
    try:
        if first in ("-h", "--help"):
            raise Shown(overview())
        return verb.load().run(verb.parser().parse(rest))
    except Shown as text:
        print(text, flush=True)
        return 0


def _dispatched(first: str, arguments: list[str]) -> tuple[Verb, list[str]]:
    """The verb, and its arguments. A first argument that is a verb is the verb; `./watch` or `-- watch` is a file."""
    if (verb := verb_named(first)) is not None:
        return verb, arguments[1:]
    if (close := mistyped_verb(first)) is not None and not os.path.lexists(first):
        raise UsageError(f"{first}: no such file or verb; did you mean {close}? (./{first} is a file in any case)")
    return DEFAULT, arguments


def _open_standard_streams() -> None:
    """Let what goes to a closed stream (`>&-`) be discarded: a log opened later must not get its number, and be written to."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number, inheritable=True)
                os.close(opened)
        if getattr(sys, name) is None and number:
            setattr(sys, name, open(number, "w", encoding="utf-8", errors="backslashreplace", closefd=False))


def _discard_output() -> None:
    """Let what cannot be written go, so that Python does not complain on its way out."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
