"""`ship FILE … --to URL`: publishes the lines of logs to a broker's queue, read as `watch --follow` reads them.

A batch is published, confirmed by the broker, and only then may the position pass it: with `--state` a shipper that is killed at any
moment continues without a gap. What it sends again has the positions of before, by which the monitor at the other end tells it
(`broker.message`). While the broker is away nothing more is read than the batch in hand.

The positions that are sent count what was sent of a file, under a name of the state directory (`sender`). Where the file was truncated,
they begin anew under another name, since what is sent then is not what was sent before.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
import secrets
import signal
import socket
from types import FrameType
from typing import TYPE_CHECKING, Any

from ..config.option import Text
from ..config.settings import Follow
from ..deliver.backoff import Backoff
from ..errors import InputError, UsageError
from ..limits import (
    BROKER_BATCH_BYTES,
    BROKER_NAME_LENGTH_MAX,
    BROKER_RETRY_SECONDS_MAX,
    POLL_SECONDS,
    POSITIONS_MAX,
    STATE_SECONDS,
)
from ..pipeline.wiring import named_files
from ..runtime.clock import Clock
from ..runtime.signals import Stop
from ..runtime.waiter import Waiter
from ..source.base import Source
from ..source.follow.source_set import SourceSet
from ..source.follow.tail import FollowSource
from ..source.open import expanded, is_queue
from ..state.open import open_state
from ..state.snapshot import KeptSnapshot
from .arguments import add_files, add_help, add_options, settings_of
from .messages import say
from .parser import Parser

if TYPE_CHECKING:
    from ..broker.rabbitmq import Publisher

USAGE = "[FILE ...] --to URL [options]"
EPILOG = """\
URL is amqp://user@host:5672/vhost?queue=logs, or amqps: for TLS; the password is in AMQP_PASSWORD, or in the file
that &password_file=PATH names. With --state a run continues where the last one stopped, also after kill -9, and
the monitor counts no line twice; without it, every run sends everything. SIGUSR1 shows how much of each file was read."""


def configure(parser: Parser) -> None:
    group = parser.group("input")
    add_files(group)
    add_options(group, ("follow", "start", "state"))
    group = parser.group("output")
    group.add("--to", kind=Text("URL"), help="the queue to publish to")
    group.add("--host", kind=Text("NAME"), help="the host that the logs are said to be of (this one)")
    group.add("--compress", action="store_true", help="compress the messages with gzip")
    add_help(parser.group("other"))


def run(options: Namespace) -> int:
    to = getattr(options, "to", None)
    if to is None or not is_queue(to):
        raise UsageError("ship needs --to amqp://user@host:5672/vhost?queue=logs")
    host = getattr(options, "host", None) or socket.gethostname()
    if len(host) > BROKER_NAME_LENGTH_MAX:
        raise UsageError(f"--host has more than {BROKER_NAME_LENGTH_MAX:,} characters")
    is_following = bool(getattr(options, "follow", False))
    options.follow = True  # a finished log is read in the same way, to its end
    settings = settings_of(options)
    names = named_files(settings.reading.files)
    from ..broker.rabbitmq import Publisher, read_url  # here, because it is an extra

    publisher = Publisher(read_url(to))
    names = names if is_following else expanded(names)
    outbound = _Outbound(publisher, host, bool(getattr(options, "compress", False)))
    return _Shipper(names, settings.following, outbound, is_following).run()


class _Outbound:
    """Messages on their way: each is tried until the broker has confirmed it, or a signal ends the run."""

    def __init__(self, publisher: Publisher, host: str, compress: bool) -> None:
        self.publisher = publisher
        self.waiter = Waiter()
        self.stop = Stop(self.waiter.wake)
        self.waiter.wake_on_signals()
        self._host = host
        self._compress = compress
        self._backoff = Backoff()
        self._failure = ""

    def send(self, file: str, sender: str, position: int, lines: bytes) -> bool:
        """Whether the broker has it."""
        from ..broker.message import Message, encode
        from ..broker.rabbitmq import FAILURES, reason_of

        message = encode(Message(self._host, file, sender, position, lines), compress=self._compress)
        while True:
            try:
                self.publisher.publish(*message)
            except FAILURES as error:
                if (text := reason_of(error)) != self._failure:
                    say(f"{text}; trying again")
                self._failure = text
            else:
                if self._failure:
                    say("connected again")
                    self._failure = ""
                self._backoff.worked()
                return True
            if self.stop.is_asked:
                return False
            self.waiter.wait([], min(self._backoff.failed(), BROKER_RETRY_SECONDS_MAX))


class _Shipper:
    """Reads and sends, source by source; what was read has been confirmed whenever the position is saved."""

    def __init__(self, names: Sequence[str], following: Follow, outbound: _Outbound, is_following: bool) -> None:
        self._outbound = outbound
        self._is_following = is_following
        self._clock = Clock()
        self._report_is_due = False
        self._state = None if following.state is None else KeptSnapshot(open_state(following.state), "shipper")
        found: Mapping[str, Any] = (self._state.found if self._state is not None else None) or {}
        self._run = secrets.token_hex(8)  # for what cannot be read again
        self._sender: str = found.get("sender") or self._run
        self._sent: dict[str, list[int]] = dict(found.get("sent") or {})
        """By identity: the truncations that were seen, the number of the part, and bytes of it."""
        self._sources = SourceSet(
            names,
            start="end" if following.start == "end" else "begin",
            position=found.get("position"),
            last_line=self._state is None,  # else the next run reads it, once it is complete
        )
        self._unsaved = True
        self._saved = float("-inf")
        self._undelivered = 0

    def run(self) -> int:
        outbound = self._outbound
        signal.signal(signal.SIGUSR1, self._ask_for_report)
        try:
            if self._state is not None and self._state.found is None and not self._save():
                raise InputError(f"{self._state.database.path}: cannot be written, so nothing would be known after a restart")
            idle = 0
            while not outbound.stop.is_asked and not self._sources.ended and (self._is_following or idle < 2):
                is_new = bool(self._sources.poll())
                now = self._clock.elapsed()
                has_sent = [self._ship(source) for source in self._sources.sources if source.next_poll <= now]
                self._show()
                if is_new or self._clock.elapsed() - self._saved >= STATE_SECONDS:
                    self._save()
                self._unsaved |= is_new
                is_open = any(not source.ended for source in self._sources.sources if not isinstance(source, FollowSource))
                idle = 0 if any(has_sent) or is_new or is_open else idle + 1
                if not any(has_sent):
                    outbound.publisher.serve()
                    outbound.waiter.wait([], POLL_SECONDS)
            for source in self._sources.sources:
                source.stop()
                while self._ship(source):
                    pass
            self._save()
            self._show()
            self._report()
        finally:
            self._sources.close()
            outbound.publisher.close()
        return outbound.stop.exit_status or int(self._undelivered > 0)

    def _ship(self, source: Source) -> bool:
        """Send what there is of a source, a batch at most; False when there was nothing, or it could not be sent."""
        if self._undelivered:  # the position must not pass what was not confirmed
            return False
        lines = b"".join(source.chunk(source.offset + BROKER_BATCH_BYTES))
        if not lines:
            return False
        truncations = source.statistics().truncations
        sent = self._sent.get(source.identity)
        if sent is None or sent[0] != truncations:
            sent = self._sent[source.identity] = [truncations, 0 if sent is None else sent[1] + 1, 0]
        sender = self._sender if isinstance(source, FollowSource) else self._run
        if not self._outbound.send(source.identity, f"{sender}.{sent[1]}", sent[2], lines):
            self._undelivered = len(lines)
            return False
        sent[2] += len(lines)
        self._unsaved = True
        return True

    def _save(self) -> bool:
        """Everything up to here is confirmed."""
        self._saved = self._clock.elapsed()
        if self._state is None or self._undelivered or not self._unsaved:
            return True
        # None is ever forgotten, as a log of that name may come back; when there are too many, all begin anew as another sender.
        sender, sent = (self._sender, self._sent) if len(self._sent) <= POSITIONS_MAX else (secrets.token_hex(8), {})
        is_saved = self._state.save({"sender": sender, "position": self._sources.position(), "sent": sent})
        if is_saved:
            self._sender, self._sent, self._unsaved = sender, sent, False
        return is_saved

    def _ask_for_report(self, number: int, frame: FrameType | None) -> None:
        self._report_is_due = True

    def _show(self) -> None:
        """What an operator should know, and the report if it was asked for."""
        for source in self._sources.sources:
            for warning in source.warnings:
                say(warning)
            source.warnings.clear()
        if self._state is not None:
            for warning in self._state.database.warnings:
                say(warning)
            self._state.database.warnings.clear()
        if self._report_is_due:
            self._report_is_due = False
            self._report()

    def _report(self) -> None:
        for path, read in self._sources.statistics().items():
            say(f"{path}: {read}")
        if self._undelivered:
            again = "the next run sends them again" if self._state is not None else "they were not sent"
            say(f"the broker has not confirmed the last {self._undelivered:,} bytes: {again}")
