"""`type = "command"`: a program run for each alert, which it gets as JSON on standard input and as `LM2000_*` in its environment.

It is started directly and not by a shell, in a session of its own so that it can be killed with everything it has started.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
import errno
import os
import re
import select
import signal
import subprocess
import tempfile

from ...action.formatter import MessageFormatter
from ...config.table import Table
from ...limits import COMMAND_OUTPUT_BYTES_MAX
from ...runtime.clock import Clock
from ...text import printable
from ..message import Item, Message
from ..options import EACH_ALERT, Receiver, delivery
from ..spec import ActionSpec, AlertFilter, Context
from .base import Channel, Refused, Retry
from .fields import item_fields, to_json

TEMPORARY_FAILURE = 75
"""EX_TEMPFAIL of sysexits.h, by which a program asks to be run again."""

POLL_SECONDS = 0.05
PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR")
"""What a program gets of the monitor's environment, besides `LC_*`: the rest may hold secrets of other receivers."""

TRANSIENT = {
    *(
        errno.EAGAIN,
        errno.ENOMEM,
        errno.EMFILE,
        errno.ENFILE,
        errno.EINTR,
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EIO,
        errno.ETXTBSY,
    ),
}
"""Errors at starting a program that are of the machine and pass: no process, memory, descriptor or disk space is left."""


def read(table: Table, name: str, alerts: AlertFilter) -> ActionSpec:
    """`command` and `environment`."""
    arguments = table.texts("command")
    if not arguments or not arguments[0] or any("\0" in argument for argument in arguments):
        raise table.error("command", 'must be a list of texts, like ["/usr/local/bin/page", "--loud"]')
    environment = table.texts("environment", ())

    def channel(context: Context) -> Channel:
        return Command(arguments, context.formatter, environment, context.clock)

    receiver = Receiver(repr(arguments[0]), channel, EACH_ALERT, ("group_by", "group_interval"))
    return delivery(table, "command", name, alerts, receiver)


class Command(Channel):
    """Runs `arguments`; `environment` names further variables to be passed on. Exit status 0 is success."""

    def __init__(
        self, arguments: Sequence[str], formatter: MessageFormatter, environment: Sequence[str] = (), clock: Clock | None = None
    ) -> None:
        self._arguments = arguments
        self._formatter = formatter
        self._passed_on = {*PASSED_ON, *environment}
        self._clock = clock or Clock()
        self._process: subprocess.Popen[bytes] | None = None

    def send(self, message: Message, timeout: float) -> None:
        ends = self._clock.elapsed() + timeout
        for item in message.items:
            self._run(item, message, ends)

    def close(self) -> None:
        process = self._process
        if process is not None:
            _kill(process)

    def _run(self, item: Item, message: Message, ends: float) -> None:
        process = self._start(item, message)
        self._process = process
        try:
            output = self._output_of(process, ends)
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

    def _start(self, item: Item, message: Message) -> subprocess.Popen[bytes]:
        fields = {**item_fields(item, self._formatter), "action": message.receiver, "reminder": message.repeats}
        try:
            with tempfile.TemporaryFile() as stdin:
                stdin.write(to_json(fields) + b"\n")
                stdin.seek(0)
                return subprocess.Popen(
                    self._arguments,
                    stdin=stdin,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    env=self._environment(item, message),
                    start_new_session=True,
                )
        except OSError as error:
            if error.errno in TRANSIENT:
                raise Retry(f"cannot be started now: {errno.errorcode[error.errno]}") from None
            raise Refused("cannot be started", error.strerror or str(error)) from None

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

    def _output_of(self, process: subprocess.Popen[bytes], ends: float) -> bytes | None:
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
            if not has_ended and self._clock.elapsed() >= ends:
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
