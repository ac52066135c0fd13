"""The interface of a webhook's body."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from ....action.formatter import MessageFormatter
from ....limits import MESSAGE_ALERTS_MAX
from ...message import Message


class Body(ABC):
    """Turns messages into what a service accepts."""

    url_is_secret = False
    """Whether knowing the URL is all it takes to post: then the URL is a secret."""

    def __init__(self, formatter: MessageFormatter) -> None:
        self.formatter = formatter

    def fit(self, message: Message) -> int:
        """How many items of `message`, from the first on, the body has room for."""
        return MESSAGE_ALERTS_MAX

    @abstractmethod
    def render(self, message: Message) -> dict[str, Any]:
        """The body, all of whose items are shown, as JSON can hold it."""
