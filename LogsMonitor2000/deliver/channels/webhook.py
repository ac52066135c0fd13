"""`type = "webhook"`: an HTTP request for each message, in the form that its receiver expects."""

from __future__ import annotations

from collections.abc import Mapping
import re

from ...config.table import Table
from ...runtime.clock import Clock
from ..message import Message
from ..options import Receiver, delivery, header_value, text_table
from ..spec import ActionSpec, AlertFilter, Context
from .base import Channel
from .bodies import BODIES
from .bodies.base import Body
from .fields import to_json
from .http_client import Endpoint, HttpClient, read_endpoint

RESERVED = ("authorization", "content-length", "host", "transfer-encoding")
"""Headers that a table cannot set, in lower case."""


def read(table: Table, name: str, alerts: AlertFilter) -> ActionSpec:
    """`body`, `headers`, and the keys of an endpoint."""
    form = table.text("body", "plain", choices=tuple(BODIES))
    to = read_endpoint(table, is_secret=BODIES[form].url_is_secret)
    headers = text_table(table, "headers")
    for header, value in headers.items():
        if not re.fullmatch(r"[A-Za-z0-9-]+", header) or header.lower() in RESERVED:
            raise table.error("headers", f"cannot hold {header!r}")
        header_value(table, "headers", value)

    def channel(context: Context) -> Channel:
        return Webhook(to, BODIES[form](context.formatter), headers, context.clock)

    where = f"{to}{f' for {form}' if form != 'plain' else ''}"
    return delivery(table, "webhook", name, alerts, Receiver(where, channel))


class Webhook(Channel):
    """Posts each message as `body` renders it. A receiver recognises a repeated one by its `Idempotency-Key`."""

    def __init__(self, to: Endpoint, body: Body, headers: Mapping[str, str] | None = None, clock: Clock | None = None) -> None:
        self._client = HttpClient(to, clock or Clock())
        self._body = body
        self._headers = headers or {}

    def fit(self, message: Message) -> int:
        return self._body.fit(message)

    def send(self, message: Message, timeout: float) -> None:
        headers = {**self._headers, "Content-Type": "application/json", "Idempotency-Key": message.id}
        self._client.post(to_json(self._body.render(message)), headers, timeout)
