"""`type = "email"`: one mail for each message, to all recipients, so that grouping is also what batches them."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate
import re
import smtplib
import socket
import ssl
from typing import BinaryIO, NamedTuple

from ...action.formatter import MessageFormatter
from ...config.secret import Secret
from ...config.table import Table
from ...limits import MESSAGE_ALERTS_MAX, RESPONSE_BYTES_MAX
from ...runtime.clock import Clock
from ..message import Message, fingerprint_text
from ..options import Receiver, delivery
from ..spec import ActionSpec, AlertFilter, Context
from .base import Channel, Refused, Retry
from .deadline import TimeLimit, connect, problem_of, tls_context
from .text import headline, text_of

SUBJECT_MAX = 200
PORTS = {"starttls": 587, "tls": 465, "none": 25}
"""The usual port, by encryption."""


def read(table: Table, name: str, alerts: AlertFilter) -> ActionSpec:
    """`host`, `port`, `encryption`, `from`, `to`, `user`, `password_*` and `ca_file`."""
    encryption = table.text("encryption", "starttls", choices=tuple(PORTS))
    sender, recipients = table.text("from"), table.texts("to")
    user, password = table.text("user", ""), table.secret("password", None)
    for key, address in [("from", sender), *(("to", recipient) for recipient in recipients)]:
        if not re.fullmatch(r"[^@\s<>,;:\"()]+@[^@\s<>,;:\"()]+", address) or not address.isprintable():
            raise table.error(key, f"must be an address like alerts@example.org, not {address!r}")
    if not recipients:
        raise table.error("to", "must hold an address")
    if bool(user) != (password is not None):
        raise table.error("user", "and password_file or password_env go together")
    if password is not None and encryption == "none":
        raise table.error("encryption", "must be starttls or tls where there is a password")
    host, port = table.text("host"), table.whole("port", PORTS[encryption], least=1, most=65535)
    box = Mailbox(host, port, sender, recipients, encryption, user, password, table.path("ca_file", None))

    def channel(context: Context) -> Channel:
        return Mail(box, context.formatter, context.clock)

    where = f"{', '.join(recipients)} by {host}:{port} ({encryption})"
    return delivery(table, "email", name, alerts, Receiver(where, channel))


class Mailbox(NamedTuple):
    """From whom to whom, and by which server. `encryption` is "starttls", "tls" (from the first byte) or "none"."""

    host: str
    port: int
    sender: str
    recipients: tuple[str, ...]
    encryption: str = "starttls"
    user: str = ""
    password: Secret | None = None
    ca_file: str | None = None


class Mail(Channel):
    """A recipient who has received a message does not get it again because another one has not."""

    def __init__(self, box: Mailbox, formatter: MessageFormatter, clock: Clock | None = None) -> None:
        self._box = box
        self._tls = None if box.encryption == "none" else tls_context(box.ca_file)
        self._formatter = formatter
        self._clock = clock or Clock()
        self._message = ""
        self._left: dict[str, str] = {}  # recipients without that message: "" or why they will never get it

    def fit(self, message: Message) -> int:
        return MESSAGE_ALERTS_MAX

    def send(self, message: Message, timeout: float) -> None:
        if message.id != self._message:
            self._message, self._left = message.id, dict.fromkeys(self._box.recipients, "")
        mail = self.compose(message)
        server = _Server(self._box)
        try:
            with TimeLimit(timeout, lambda: server.sock, self._clock) as limit:
                try:
                    self._deliver(server, limit, mail)
                except (smtplib.SMTPException, OSError) as error:
                    if limit.is_over:
                        raise Retry("timed out") from None
                    raise _verdict(error) from None
        finally:
            server.close()
        refusals = [reason for reason in self._left.values() if reason]
        if len(refusals) < len(self._left):
            raise Retry("a recipient not accepted for now")
        if refusals:
            raise Refused(refusals[0], f"of {len(self._box.recipients)} recipients {len(refusals)} not accepted")

    def compose(self, message: Message) -> EmailMessage:
        """The mail; repeats of it have the same `Message-ID`, and those of a group refer to the same one, as a thread."""
        mail = EmailMessage(policy=SMTP)
        domain = self._box.sender.rpartition("@")[2].rstrip(">") or "localhost"
        mail["Subject"] = headline(message)[:SUBJECT_MAX]
        mail["From"] = self._box.sender
        mail["To"] = ", ".join(self._box.recipients)
        mail["Date"] = formatdate(self._clock.now())
        mail["Message-ID"] = f"<{message.id}@{domain}>"
        mail["References"] = f"<{fingerprint_text(message.receiver + message.group)}@{domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        lines = text_of(message, self._formatter)
        mail.set_content("\n".join([*lines, "", f"id {message.id}", ""]))
        return mail

    def _deliver(self, server: _Server, limit: TimeLimit, mail: EmailMessage) -> None:
        box = self._box
        server.dial(limit, self._tls if box.encryption == "tls" else None)
        server.ehlo_or_helo_if_needed()
        if box.encryption == "starttls":
            server.starttls(context=self._tls)
            server.ehlo()
        if box.password is not None:
            server.login(box.user, box.password.reveal())
        recipients = [recipient for recipient, refusal in self._left.items() if not refusal]
        try:
            refused = server.send_message(mail, to_addrs=recipients)
        except smtplib.SMTPRecipientsRefused as error:
            refused = error.recipients  # not of all of them: a server that is closing says so to the first
        else:
            for recipient in set(recipients) - set(refused):
                del self._left[recipient]
        for recipient, (code, _) in refused.items():
            if code >= 500:
                self._left[recipient] = f"SMTP {code}"


class _Server(smtplib.SMTP):
    """Connects within a limit, and never asks the name service for its own name."""

    def __init__(self, box: Mailbox) -> None:
        self.sock: socket.socket | None = None
        super().__init__(local_hostname="localhost")
        self._address = box.host, box.port
        self._host = box.host  # which its certificate must name

    def dial(self, limit: TimeLimit, tls: ssl.SSLContext | None) -> None:
        self.sock = connect(*self._address, limit)
        self.sock.settimeout(limit.left)
        if tls is not None:
            self.sock = tls.wrap_socket(self.sock, server_hostname=self._host)
        self.sock.settimeout(limit.left)
        code, text = self.getreply()
        if code != 220:
            raise smtplib.SMTPConnectError(code, text)

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None and self.sock is not None:
            self.file = _Replies(self.sock.makefile("rb"))
        return super().getreply()


class _Replies:
    """The replies of a server, up to a bound: one of endless lines would be kept in memory until the time is over."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = RESPONSE_BYTES_MAX

    def readline(self, size: int) -> bytes:
        line = self._file.readline(size)
        self._left -= len(line)
        if self._left < 0:
            raise smtplib.SMTPServerDisconnected("reply too long")
        return line

    def close(self) -> None:
        self._file.close()


def _verdict(error: smtplib.SMTPException | OSError) -> Retry | Refused:
    """What an error means. The text of a reply may hold anything and is not shown."""
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return Retry("timed out" if isinstance(error.__context__, TimeoutError) else "connection lost")
    if isinstance(error, smtplib.SMTPResponseException):
        if error.smtp_code < 0:
            return Retry("no valid answer")
        is_passing = 400 <= error.smtp_code < 500
        return Retry(f"SMTP {error.smtp_code}") if is_passing else Refused(f"SMTP {error.smtp_code}")
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return Refused("the server does not offer STARTTLS, a login or SMTPUTF8")
    if isinstance(error, smtplib.SMTPException):
        return Refused("SMTP failed")
    return Retry(problem_of(error))
