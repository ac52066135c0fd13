"""A program run for each alert: the alert as JSON on its standard input and as `LM2000_*` in its environment, never by a shell."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
import os
import re
import select
import signal
import subprocess
import tempfile
from time import monotonic

from ...action.formatter import MessageFormatter
from ...limits import COMMAND_OUTPUT_BYTES_MAX
from ...text import printable
from ..message import Item, Message
from .base import Channel, Refused, Retry
from .bodies import item_fields, to_json

TEMPORARY_FAILURE = 75
"""EX_TEMPFAIL of sysexits.h, by which a program asks to be run again."""

POLL_SECONDS = 0.05
PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR")
"""What a program gets of the monitor's environment, besides `LC_*`: that may hold secrets of others."""


class Command(Channel):
    """Runs `arguments`; `environment` names further variables to be passed on. Exit status 0 is success."""

    def __init__(self, arguments: Sequence[str], formatter: MessageFormatter, environment: Sequence[str] = ()) -> None:
        self._arguments = arguments
        self._formatter = formatter
        self._passed_on = {*PASSED_ON, *environment}
        self._process: subprocess.Popen[bytes] | None = None

    def send(self, message: Message, timeout: float) -> None:
        ends = monotonic() + timeout
        for item in message.items:
            self._run(item, message, ends)

    def close(self) -> None:
        process = self._process
        if process is not None:
            _kill(process)

    def _run(self, item: Item, message: Message, ends: float) -> None:
        fields = {**item_fields(item, self._formatter), "action": message.receiver, "reminder": message.repeats}
        with tempfile.TemporaryFile() as stdin:
            stdin.write(to_json(fields) + b"\n")
            stdin.seek(0)
            try:
                process = subprocess.Popen(
                    self._arguments,
                    stdin=stdin,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    env=self._environment(item, message),
                    start_new_session=True,  # to be killed with all it starts
                )
            except (OSError, ValueError) as error:
                raise Refused("cannot be run", getattr(error, "strerror", None) or str(error)) from None
        self._process = process
        try:
            output = _read(process, ends)
        finally:
            self._process = None
            assert process.stdout is not None
            process.stdout.close()
        status = process.wait()
        if output is None:
            raise Retry("timed out")
        if status == TEMPORARY_FAILURE:
            raise Retry("asked to be run again")
        if status:
            reason = f"killed by signal {-status}" if status < 0 else f"exit status {status}"
            raise Refused(reason, printable(output.strip().splitlines()[-1]) if output.strip() else "")

    def _environment(self, item: Item, message: Message) -> dict[str, str]:
        alert = item.alert
        about = {
            "ID": item.id,
            "NAME": alert.name,
            "STATE": alert.state,
            "SEVERITY": alert.severity,
            "MESSAGE": self._formatter.alert(alert),
            "TIME": str(alert.time),
            "STARTED": str(alert.started),
            "VALUE": f"{alert.value:g}",
            "THRESHOLD": f"{alert.threshold:g}",
            "PEAK": f"{alert.peak:g}",
            "REMINDER": str(message.repeats),
            **{"GROUP_" + re.sub(r"\W", "_", field.upper(), flags=re.ASCII): printable(value) for field, value in alert.group},
        }
        passed_on = {name: value for name, value in os.environ.items() if name in self._passed_on or name.startswith("LC_")}
        return {**passed_on, **{f"LM2000_{name}": printable(os.fsencode(value)) for name, value in about.items()}}


def _read(process: subprocess.Popen[bytes], ends: float) -> bytes | None:
    """The first of what the program writes until it exits; None if it was killed because its time was over.

    What it leaves running in the background may hold the pipe open; that is not waited for.
    """
    assert process.stdout is not None
    descriptor = process.stdout.fileno()
    os.set_blocking(descriptor, False)
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    output, is_open = b"", True
    while True:
        has_ended = process.poll() is not None
        if not has_ended and monotonic() >= ends:
            _kill(process)
            return None
        if is_open and poll.poll(0 if has_ended else POLL_SECONDS * 1000):
            data = os.read(descriptor, 1 << 16)
            is_open = bool(data)
            output += data[: COMMAND_OUTPUT_BYTES_MAX - len(output)]
        elif not is_open and not has_ended:
            with suppress(subprocess.TimeoutExpired):
                process.wait(POLL_SECONDS)
        if has_ended:
            return output


def _kill(process: subprocess.Popen[bytes]) -> None:
    """With everything it has started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
