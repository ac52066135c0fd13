"""The command: arguments in, exit status out."""

from __future__ import annotations

from collections.abc import Sequence
import gc
import io
import os
import signal
import sys

from ..config.settings import Settings, parse_arguments
from ..errors import MonitorError
from ..pipeline.wiring import build
from ..runtime.signals import INTERRUPTED, Stop
from ..text import printable

GC_OBJECTS = 100_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status. 0 read to the end or SIGTERM, 130 SIGINT, 2 wrong usage or input, 1 any other failure."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        return _run(sys.argv[1:] if arguments is None else arguments)
    except MonitorError as error:
        print(f"LogsMonitor2000: {printable(os.fsencode(str(error)))}", file=sys.stderr)
        return error.exit_status
    except BrokenPipeError:  # `| head`: nobody reads any more
        _discard_output()
        return 0
    except OSError as error:
        print(f"LogsMonitor2000: {error}", file=sys.stderr)
        try:
            sys.stdout.flush()
        except OSError:  # a full disk, perhaps, which has been told
            _discard_output()
        return 1
    except KeyboardInterrupt:  # before the monitor has taken over the signal
        return INTERRUPTED


def _discard_output() -> None:
    """Let what cannot be written go, so that Python does not complain on its way out."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _run(arguments: Sequence[str]) -> int:
    # Nothing in the data path makes cycles; with the default of 700 the collector looks for some in every block.
    gc.set_threshold(GC_OBJECTS)
    settings = parse_arguments(arguments)
    if settings.log_format == "list" or settings.explain_line:
        return _tell_of_formats(settings)
    if settings.check_config:
        return _check_config(settings)
    if settings.scenarios:
        from .rule_tests import run_tests

        return 0 if run_tests(settings, sys.stdout) else 1
    monitor = build(settings, sys.stdout, sys.stderr)
    stop = Stop(monitor.stop)
    monitor.wake_on_signals()
    signal.signal(signal.SIGUSR1, lambda number, frame: monitor.request_report())
    monitor.run()
    return stop.exit_status


def _check_config(settings: Settings) -> int:
    from ..pipeline.configuration import described

    print("\n".join([f"{settings.test_rules or settings.config or 'the command line'}: is right", *described(settings)]))
    return 0


def _tell_of_formats(settings: Settings) -> int:
    from ..parse.choose import mapped_fields
    from ..parse.detect import parser_named
    from ..parse.explain import explain, list_formats

    if settings.log_format == "list":
        print("\n".join(list_formats()))
        return 0
    named = settings.log_format != "auto"
    others = [parser_named(settings.log_format, mapped_fields(settings.fields))] if named else []
    print("\n".join(explain(os.fsencode(settings.explain_line), others)))
    return 0
