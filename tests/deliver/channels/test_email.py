"""Mails: complete, in one thread for each group, and with headers that no log can write."""

from __future__ import annotations

import email
import email.policy
from typing import Any
import unittest

from LogsMonitor2000.action.formatter import MessageFormatter
from LogsMonitor2000.deliver.channels.email import Mail, Mailbox
from LogsMonitor2000.deliver.message import Message
from LogsMonitor2000.testing import ManualClock

from ..making import NASTY, NOW, firing, message, resolved

BOX = Mailbox("127.0.0.1", 25, "monitor@example.org", ("a@example.org", "b@example.org"), "none")


def mail(sent: Message) -> Any:
    """As its reader parses it."""
    composed = Mail(BOX, MessageFormatter(), ManualClock(NOW)).compose(sent)
    return email.message_from_bytes(composed.as_bytes(), policy=email.policy.default)


class Mails(unittest.TestCase):
    def test_its_headers_and_text(self) -> None:
        sent = message(firing("errors", NOW, b"/api", condition="5xx above 5 %"))
        read = mail(sent)
        self.assertEqual(
            (read["Subject"], read["From"], read["To"]), ("FIRING: errors", BOX.sender, "a@example.org, b@example.org")
        )
        self.assertEqual((read["Message-ID"], read["Auto-Submitted"]), (f"<{sent.id}@example.org>", "auto-generated"))
        self.assertEqual(read["Date"], "Sun, 13 Sep 2020 12:26:40 -0000")
        text = read.get_content().replace("\r\n", "\n")
        self.assertIn("(section /api)\n  5xx above 5 %\n", text)
        self.assertIn(f"id {sent.id}", text)

    def test_those_of_a_group_are_a_thread(self) -> None:
        first, last, other = (message(alert) for alert in (firing(), resolved(firing(), NOW + 1), firing("slow")))
        self.assertEqual(mail(first)["References"], mail(last)["References"])
        self.assertNotEqual(mail(first)["References"], mail(other)["References"])
        self.assertEqual(mail(first)["Message-ID"], mail(first)["Message-ID"])
        self.assertNotEqual(mail(first)["Message-ID"], mail(last)["Message-ID"])

    def test_what_a_log_says_is_text(self) -> None:
        alert = firing("x\r\nBcc: everybody@evil\r\n" + "y" * 5000, NOW, NASTY, lines=(NASTY, b".\r\n.\r\nMAIL FROM:<x>"))
        sent = message(alert, firing("é\u2028"))
        raw = Mail(BOX, MessageFormatter()).compose(sent).as_bytes()
        self.assertTrue(all(len(line) <= 998 for line in raw.split(b"\r\n")))
        read = mail(sent)
        self.assertEqual(sorted(read.keys()), sorted(mail(message()).keys()))
        self.assertIsNone(read["Bcc"])
        self.assertNotIn("evil", read["To"])
        self.assertEqual(read.get_content_type(), "text/plain")
        self.assertNotIn("\n.\n", read.get_content().replace("\r\n", "\n"))

    def test_a_great_many_alerts(self) -> None:
        sent = message(*(firing(section=b"/%d" % number) for number in range(150)))
        fit = Mail(BOX, MessageFormatter(), ManualClock(NOW)).fit(sent)
        text = mail(sent.first(fit)).get_content()
        self.assertEqual(text.count("High traffic"), 100)
        self.assertTrue("... and 50 more firing" in text)


if __name__ == "__main__":
    unittest.main()
