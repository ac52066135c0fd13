"""The types of actions: what a table of each may say besides what all of them may."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import re

from ..action.base import Action
from ..config.secret import Secret
from ..config.table import Table
from ..errors import UsageError
from ..web.prometheus import read_prometheus
from .channels.base import Channel
from .channels.http_client import Endpoint, basic_authorization, endpoint
from .dispatch import Timing
from .spec import ActionSpec, Context, Filter, Kind


def _read_endpoint(table: Table, *, is_secret: bool = False) -> Endpoint:
    """The keys of what is reached by HTTP."""
    table.knows("url")
    url = table.text("url") if "url" in table and not is_secret else table.secret("url")
    headers: dict[str, Secret | str] = {}
    user, password, token = table.text("user", None), table.secret("password", None), table.secret("token", None)
    if (user is None) != (password is None):
        raise table.error("user", "and password_file or password_env go together")
    if user is not None and token is not None:
        raise table.error("token", "and user cannot both be given")
    if user is not None:
        headers["Authorization"] = basic_authorization(user, password)
    if token is not None:
        headers["Authorization"] = Secret(f"Bearer {_single_line(table, 'token', token.reveal())}")
    try:
        return endpoint(url, headers, table.path("ca_file", None))
    except UsageError as error:
        raise table.error("url", str(error)) from None


def _single_line(table: Table, key: str, text: str) -> str:
    """`text`, which is going to be in a header."""
    if not (text.isascii() and text.isprintable()):
        raise table.error(key, "must be one line of ASCII")
    return text


def _pairs(table: Table, key: str) -> Mapping[str, str]:
    """The table of texts under `key`."""
    values = table.anything(key, {})
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise table.error(key, "must be a table of texts")
    return values


def _webhook(table: Table) -> Kind:
    from .channels.bodies import BODIES

    form = table.text("body", "plain", choices=tuple(BODIES))
    to = _read_endpoint(table, is_secret=form in ("slack", "discord", "teams"))
    headers = _pairs(table, "headers")
    for header, value in headers.items():
        if not re.fullmatch(r"[A-Za-z0-9-]+", header) or header.lower() in ("authorization", "content-length", "host"):
            raise table.error("headers", f"cannot hold {header!r}")
        _single_line(table, "headers", value)

    def make(context: Context) -> Channel:
        from .channels.webhook import Webhook

        return Webhook(to, form, context.formatter, headers)

    return Kind(f"{to}{f' for {form}' if form != 'plain' else ''}", make)


def _alertmanager(table: Table) -> Kind:
    from ..limits import ALERTMANAGER_RESOLVED_SECONDS

    to = _read_endpoint(table)
    labels = _pairs(table, "labels")
    resend = table.seconds("resend", 60, least=1, most=3600)

    def make(context: Context) -> Channel:
        from .channels.alertmanager import Alertmanager

        return Alertmanager(to, context.formatter, labels, resend, context.clock)

    timing = Timing(group_by=(), interval=0, repeat=resend, resolved_again=ALERTMANAGER_RESOLVED_SECONDS)
    return Kind(str(to), make, timing, ("group_by", "group_wait", "group_interval", "repeat", "resolved"))


def _email(table: Table) -> Kind:
    from .channels.mail import Mailbox

    encryption = table.text("encryption", "starttls", choices=("starttls", "tls", "none"))
    usual = {"starttls": 587, "tls": 465, "none": 25}[encryption]
    sender, recipients = table.text("from"), table.texts("to")
    user, password = table.text("user", ""), table.secret("password", None)
    for key, address in [("from", sender), *(("to", recipient) for recipient in recipients)]:
        if not re.fullmatch(r"[^@\s<>,;:\"()]+@[^@\s<>,;:\"()]+", address) or not address.isprintable():
            raise table.error(key, f"must be an address like alerts@example.org, not {address!r}")
    if not recipients:
        raise table.error("to", "must name somebody")
    if bool(user) != (password is not None):
        raise table.error("user", "and password_file or password_env go together")
    if password is not None and encryption == "none":
        raise table.error("encryption", "must be starttls or tls where there is a password")
    host, port = table.text("host"), table.whole("port", usual, least=1, most=65535)
    box = Mailbox(host, port, sender, recipients, encryption, user, password, table.path("ca_file", None))

    def make(context: Context) -> Channel:
        from .channels.mail import Mail

        return Mail(box, context.formatter, context.clock)

    return Kind(f"{', '.join(recipients)} by {host}:{port} ({encryption})", make)


def _command(table: Table) -> Kind:
    arguments = table.texts("command")
    if not arguments or not all(arguments[:1]) or any("\0" in argument for argument in arguments):
        raise table.error("command", 'must be a list of texts, like ["/usr/local/bin/page", "--loud"]')
    environment = table.texts("environment", ())

    def make(context: Context) -> Channel:
        from .channels.command import Command

        return Command(arguments, context.formatter, environment)

    return Kind(repr(arguments[0]), make, Timing(group_by=None, interval=0, repeat=0), ("group_by", "group_interval"))


def _syslog(table: Table) -> Kind:
    from .channels.syslog import FACILITIES, receiver

    facility = table.text("facility", "daemon", choices=tuple(FACILITIES))
    try:
        to = receiver(table.text("address", "unix:/dev/log"))
    except UsageError as error:
        raise table.error("address", str(error)) from None

    def make(context: Context) -> Channel:
        from .channels.syslog import Syslog

        return Syslog(to, context.formatter, facility)

    return Kind(str(to), make, Timing(group_by=None, interval=0, repeat=0), ("group_by", "group_interval"))


def _terminal(table: Table, name: str, wanted: Filter) -> ActionSpec:
    def make(context: Context) -> Action:
        from .channels.local import TerminalAlerts

        return TerminalAlerts(context.errors, context.formatter, wanted.wants, color=context.color)

    return ActionSpec("terminal", name, f"{name}: terminal{wanted}", wanted, make)


def _json_lines(table: Table, name: str, wanted: Filter) -> ActionSpec:
    from .channels.local import KINDS

    path = table.path("path")
    events = table.texts("events", ("alert",))
    for event in events:
        if event not in KINDS:
            raise table.error("events", f"must be of {', '.join(KINDS)}, not {event!r}")
    bytes_max = table.whole("max_bytes", 10 << 20, least=4096)
    keep = table.whole("keep", 5, most=1000)

    def make(context: Context) -> Action:
        from .channels.local import JsonFile

        return JsonFile(
            name, path, context.errors, context.formatter, wanted.wants, events=events, bytes_max=bytes_max, keep=keep
        )

    return ActionSpec("json_lines", name, f"{name}: json_lines to {path}{wanted}", wanted, make)


def _prometheus(table: Table, name: str, wanted: Filter) -> ActionSpec:
    if wanted != Filter():
        raise table.error("alerts" if wanted.alerts else "severity", "makes no difference to metrics, which are of all alerts")
    spec = read_prometheus(table)
    return ActionSpec("prometheus", name, f"{name}: {spec.describe()}{wanted}", wanted, spec.build)


LOCAL: dict[str, Callable[[Table, str, Filter], ActionSpec]] = {
    "terminal": _terminal,
    "json_lines": _json_lines,
    "prometheus": _prometheus,
}
CHANNELS: dict[str, Callable[[Table], Kind]] = {
    "webhook": _webhook,
    "alertmanager": _alertmanager,
    "email": _email,
    "command": _command,
    "syslog": _syslog,
}
