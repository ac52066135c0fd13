"""An HTTP request for each message, in the form that its receiver expects."""

from __future__ import annotations

from collections.abc import Mapping

from ...action.formatter import MessageFormatter
from ..message import Message
from .base import Channel
from .bodies import BODIES, to_json
from .deadline import tls_context
from .http_client import Endpoint, post


class Webhook(Channel):
    """Posts each message as the body called `form` (see `BODIES`). A receiver tells repeats by `Idempotency-Key`."""

    def __init__(self, to: Endpoint, form: str, formatter: MessageFormatter, headers: Mapping[str, str] | None = None) -> None:
        self._to = to
        self._tls = tls_context(to.ca_file) if to.scheme == "https" else None
        self._body = BODIES[form]
        self._formatter = formatter
        self._headers = headers or {}

    def send(self, message: Message, timeout: float) -> None:
        headers = {**self._headers, "Content-Type": "application/json", "Idempotency-Key": message.id}
        post(self._to, to_json(self._body(message, self._formatter)), headers, timeout, self._tls)
