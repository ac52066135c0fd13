"""Deliveries as a file of settings asks for them, driven by hand: no thread, and a clock that stands still."""

from __future__ import annotations

import io
from typing import Any

from LogsMonitor2000.action.formatter import MessageFormatter
from LogsMonitor2000.config.toml_file import parse_config
from LogsMonitor2000.deliver.delivery import Delivery
from LogsMonitor2000.deliver.registry import read_actions
from LogsMonitor2000.deliver.spec import ActionSpec, Context
from LogsMonitor2000.event import Alert
from LogsMonitor2000.testing import ManualClock

from ..support import TemporaryFiles
from .making import NOW, firing

SECRET = "s3cr3t/T0K3N"


def specs(text: str, path: str = "monitor.toml") -> tuple[ActionSpec, ...]:
    """The actions that the text of a file asks for."""
    table = parse_config(text.encode(), path)
    actions = read_actions(table.tables("action"))
    table.finish()
    return actions


class Delivering(TemporaryFiles):
    """A test case with a clock, a stream of errors, and files that hold secrets."""

    def setUp(self) -> None:
        super().setUp()
        self.clock = ManualClock(NOW)
        self.errors = io.StringIO()
        self.path("secret", SECRET.encode() + b"\n")

    def spec(self, text: str) -> ActionSpec:
        (spec,) = specs(f"[[action]]\n{text}", self.path("monitor.toml"))
        return spec

    def context(self, **more: Any) -> Context:
        return Context(MessageFormatter(), self.errors, clock=self.clock, **more)

    def delivery(self, text: str, **more: Any) -> Delivery:
        """The action that the lines of a table ask for."""
        action = self.spec(text).build(self.context(**more))
        assert isinstance(action, Delivery)
        action.threaded = False
        self.addCleanup(action.close)
        return action

    def attempted(self, delivery: Delivery, *alerts: Alert) -> Delivery:
        """`delivery`, notified of `alerts`, after one attempt."""
        for alert in alerts or (firing(),):
            delivery.notify(alert)
        delivery.step()
        delivery.progress(0, 0, 0)
        return delivery
