"""The actions that send alerts, as the configuration names them; what they have yet to send outlives a reload."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..action.base import Action
from ..deliver.outbox import MemoryOutbox, Outbox

if TYPE_CHECKING:
    from ..deliver.spec import ActionSpec, Context


class Receivers:
    """Builds receivers in `context`. Their outboxes come from `stored`, or where there is no state directory, are kept in memory."""

    def __init__(self, context: Context, stored: Callable[[str], Outbox] | None = None) -> None:
        self._memory: dict[str, MemoryOutbox] = {}
        self._context = context._replace(outbox=stored or self._outbox)
        self.current: list[Action] = []

    def build(self, specs: Sequence[ActionSpec]) -> list[Action]:
        """The receivers of `specs`, which are the current ones then."""
        for outbox in self._memory.values():
            outbox.keeps = False
        self.current = [spec.build(self._context) for spec in specs]
        return self.current

    def hand_over(self) -> None:
        """The current ones are about to be closed, and what they have not sent will be sent by those that are built next."""
        for outbox in self._memory.values():
            outbox.keeps = True

    def _outbox(self, delivery: str) -> Outbox:
        return self._memory.setdefault(delivery, MemoryOutbox())
