"""The documentation's tables of actions are read as they stand, and what it says arrives is what arrives."""

from __future__ import annotations

import json
import os
from pathlib import Path
import re
import unittest
from unittest import mock

from LogsMonitor2000.action.formatter import MessageFormatter
from LogsMonitor2000.config.toml_file import parse_config
from LogsMonitor2000.deliver.channels.bodies import BODIES
from LogsMonitor2000.deliver.channels.email import Mail, Mailbox
from LogsMonitor2000.deliver.registry import MODULES, read_actions
from LogsMonitor2000.deliver.timing import Timing
from LogsMonitor2000.event import Alert
from LogsMonitor2000.testing import ManualClock

from .delivering import Delivering
from .making import message, resolved

DOCS = Path(__file__).resolve().parent.parent.parent / "docs"
DELIVERY = "\n".join((DOCS / name).read_text(encoding="utf-8") for name in ("delivery.md", "metrics.md"))
FIRING = Alert("high_traffic", "firing", 1549573956, 10.05, 10.0, 120, 1549573956, 10.05)
ENDED = resolved(FIRING, 1549574043)._replace(peak=13.491666666666667)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DELIVERY, re.DOTALL)


class Docs(Delivering):
    def test_its_tables_are_read(self) -> None:
        self.path("slack.url", b"https://hooks.slack.com/services/x")
        self.path("pager.token", b"x")
        with mock.patch.dict(os.environ, {"MAIL_PASSWORD": "x"}):
            read = [read_actions(parse_config(text.encode(), self.path("m.toml")).tables("action")) for text in blocks("toml")]
        self.assertEqual([len(specs) for specs in read], [4, 1, 1, 1, 0])

    def test_its_bodies_are_sent(self) -> None:
        plain, slack = (json.loads(text) for text in blocks("json"))
        self.assertEqual(BODIES["plain"](MessageFormatter()).render(message(FIRING, receiver="hook")), plain)
        self.assertEqual(BODIES["slack"](MessageFormatter()).render(message(FIRING)), slack)
        box = Mailbox("h", 25, "monitor@example.org", ("web@example.org",), "none")
        mail = Mail(box, MessageFormatter(), ManualClock(1549574045)).compose(message(ENDED))
        (shown,) = [text for text in re.findall(r"```\n(Subject.*?)```", DELIVERY, re.DOTALL)]
        head, _, text = shown.partition("\n\n")
        for line in head.splitlines():
            self.assertEqual(mail[line.split(":")[0]], line.partition(": ")[2])
        self.assertTrue(mail.get_content().replace("\r\n", "\n").startswith(text))

    def test_every_type_and_key_is_sent(self) -> None:
        self.assertEqual(set(re.findall(r"^\| `(\w+)` \| [^|]*[a-z]{3} ", DELIVERY, re.MULTILINE)) & {*MODULES}, {*MODULES})
        defaults = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", DELIVERY, re.MULTILINE))
        timing = Timing()
        for key, value in (("group_wait", "0"), ("group_interval", "5 min"), ("max_age", "10 min"), ("deadline", "1 h")):
            self.assertEqual(defaults[key], value)
        self.assertEqual(
            (timing.wait, timing.interval, timing.max_age, timing.deadline, timing.repeat), (0, 300, 600, 3600, 14_400)
        )


if __name__ == "__main__":
    unittest.main()
