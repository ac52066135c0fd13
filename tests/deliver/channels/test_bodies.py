"""Bodies: complete, within the limits of each service, and with nothing from a log that could be markup or a mention."""

from __future__ import annotations

import json
from typing import Any
import unittest

from LogsMonitor2000.action.formatter import MessageFormatter
from LogsMonitor2000.deliver.channels.alertmanager import label_name
from LogsMonitor2000.deliver.channels.bodies import BODIES
from LogsMonitor2000.deliver.channels.bodies.discord import escaped as discord_text
from LogsMonitor2000.deliver.channels.bodies.slack import escaped as slack_text
from LogsMonitor2000.deliver.channels.fields import rfc3339, to_json
from LogsMonitor2000.deliver.channels.text import clipped, headline
from LogsMonitor2000.deliver.message import Message
from LogsMonitor2000.event import Alert

from ..making import NASTY, NOW, firing, message, resolved

FORMATTER = MessageFormatter()
ALERT = firing("errors", NOW, b"/api", severity="critical", measure="ratio", condition="5xx above 5 %")


def many(count: int, **more: object) -> list[Alert]:
    return [firing(section=b"/%d" % number, lines=(b"a line " * 20,) * 5, **more) for number in range(count)]


def rendered(form: str, sent: Message) -> Any:
    """What `sent` is sent as, with as many of its alerts as there is room for."""
    rendering = BODIES[form](FORMATTER)
    return rendering.render(sent.first(rendering.fit(sent)))


def texts_in(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for part in parts for text in texts_in(part)]


class Plain(unittest.TestCase):
    def test_all_there_is_to_know(self) -> None:
        sent = message(ALERT, resolved(firing("errors", NOW - 60), NOW), receiver="hook", repeats=2)
        body = json.loads(to_json(rendered("plain", sent)))
        self.assertEqual(body["id"], sent.id)
        self.assertEqual((body["action"], body["status"], body["reminder"], body["truncated"]), ("hook", "firing", 2, 0))
        first, second = body["alerts"]
        self.assertEqual(first["id"], f"{first['fingerprint']}-{NOW}-firing")
        self.assertEqual((first["group"], first["severity"], first["started"]), ({"section": "/api"}, "critical", NOW))
        self.assertNotIn("ended", first)
        self.assertEqual((second["state"], second["started"], second["ended"]), ("resolved", NOW - 60, NOW))

    def test_numbers_that_are_none(self) -> None:
        body = json.loads(to_json(rendered("plain", message(ALERT._replace(value=float("nan"), peak=float("inf"), time=9)))))
        self.assertEqual((body["alerts"][0]["value"], body["alerts"][0]["peak"]), (None, None))


class AlertmanagerForm(unittest.TestCase):
    def test_version_4(self) -> None:
        sent = message(ALERT, resolved(firing(severity="critical"), NOW + 60), receiver="hook")
        body = rendered("alertmanager", sent)
        self.assertEqual(
            {
                key: body[key]
                for key in ("version", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels", "externalURL")
            },
            {
                **{"version": "4", "groupKey": '{alertname="errors"}', "truncatedAlerts": 0, "status": "firing"},
                **{"receiver": "hook", "groupLabels": {"alertname": "errors"}, "externalURL": ""},
            },
        )
        self.assertEqual(body["commonLabels"], {"alertname": "errors", "severity": "critical"})
        first, second = body["alerts"]
        self.assertEqual(first["labels"], {"alertname": "errors", "severity": "critical", "section": "/api"})
        self.assertEqual(
            (first["status"], first["startsAt"], first["endsAt"]), ("firing", "2020-09-13T12:26:40Z", "0001-01-01T00:00:00Z")
        )
        self.assertEqual((second["status"], second["endsAt"]), ("resolved", "2020-09-13T12:27:40Z"))
        self.assertEqual(first["annotations"]["condition"], "5xx above 5 %")
        self.assertEqual(first["annotations"]["value"], "0.5")

    def test_times_without_a_date(self) -> None:
        self.assertEqual(rfc3339(10**15), "9999-12-31T23:59:59Z")

    def test_names_of_labels(self) -> None:
        for name, label in (("section", "section"), ("status-class", "status_class"), ("5xx", "_5xx"), ("", "_"), ("é", "_")):
            with self.subTest(name=name):
                self.assertEqual(label_name(name), label)


class Chats(unittest.TestCase):
    def test_headlines(self) -> None:
        self.assertEqual(headline(message(ALERT)), "FIRING: errors")
        self.assertEqual(headline(message(ALERT, repeats=2)), "FIRING: errors, reminder 2")
        self.assertEqual(headline(message(resolved(ALERT, NOW), resolved(firing(), NOW))), "RESOLVED: errors (2 alerts)")

    def test_slack(self) -> None:
        body = rendered("slack", message(ALERT))
        self.assertEqual(body["text"], "FIRING: errors")
        (attachment,) = body["attachments"]
        self.assertEqual((attachment["color"], attachment["mrkdwn_in"]), ("danger", []))
        self.assertIn("(section /api)", attachment["text"])
        self.assertEqual(rendered("slack", message(resolved(ALERT, NOW)))["attachments"][0]["color"], "good")

    def test_causes_and_lines_are_shown(self) -> None:
        alert = ALERT._replace(causes=(("source", b"10.0.0.9", 0.87, True), ("path", b"/x", 0.5, False)), lines=(b"GET /x",))
        content = rendered("slack", message(alert))["attachments"][0]["text"].splitlines()
        self.assertEqual(content[2:], ["  source 10.0.0.9: 87% of the change, new", "  path /x: 50% of the change", "  GET /x"])

    def test_nothing_from_a_log_is_markup_or_a_mention(self) -> None:
        alert = firing("e", NOW, NASTY, lines=(NASTY,), condition="<!here>", causes=(("source", NASTY, 0.5, True),))
        sent = message(alert)
        slack = json.dumps(rendered("slack", sent))
        self.assertNotIn("<", slack)
        self.assertNotIn(">", slack)
        discord = rendered("discord", sent)
        self.assertEqual(discord["allowed_mentions"], {"parse": []})
        self.assertNotIn("@everyone", discord["content"])
        self.assertNotRegex(discord["content"].replace("\\\\", ""), r"(?<!\\)[<>*_`~|\[\]()]")
        teams = json.loads(json.dumps(rendered("teams", sent)))
        for block in teams["attachments"][0]["content"]["body"]:
            self.assertEqual(block["type"], "RichTextBlock")
            for run in block["inlines"]:
                self.assertEqual(run["type"], "TextRun")
                self.assertTrue(run["text"].isprintable())
        for form in BODIES:
            text = to_json(rendered(form, sent))
            self.assertTrue(text.isascii())
            for shown in texts_in(json.loads(text)):
                self.assertTrue(shown.replace("\n", "").replace("\u200b", "").isprintable(), shown)

    def test_limits_of_the_services(self) -> None:
        sent = message(*many(500))
        self.assertLessEqual(len(rendered("discord", sent)["content"]), 2000)
        self.assertLessEqual(len(rendered("slack", sent)["attachments"][0]["text"]), 4000)
        self.assertLessEqual(len(json.dumps(rendered("teams", sent))), 28_000)
        for name in ("plain", "alertmanager"):
            body = rendered(name, sent)
            self.assertEqual(len(body["alerts"]), 100)
            self.assertEqual(body.get("truncated", body.get("truncatedAlerts")), 400)
            self.assertLess(len(to_json(body)), 1 << 20)

    def test_what_is_not_shown_is_counted_in_words(self) -> None:
        sent = message(*many(120), *(resolved(alert, NOW + 9) for alert in many(3)))
        for form in ("slack", "discord", "teams"):
            with self.subTest(form=form):
                fit = BODIES[form](FORMATTER).fit(sent)
                self.assertLess(fit, 120)
                last = [text for text in texts_in(rendered(form, sent)) if "more firing" in text][0].splitlines()[-1]
                self.assertEqual(last.replace("\\", ""), f"... and {120 - fit} more firing, 3 more resolved")
                shown = json.dumps(rendered(form, sent))
                self.assertTrue(all(f"/{number}" in shown for number in range(fit)), "each alert that counts as shown is")

    def test_one_alert_is_always_shown(self) -> None:
        hostile = b"\x01\x02*_`<>&" * 40
        alert = firing("e" * 3000, NOW, hostile, lines=(hostile * 20,) * 5, causes=(("source", hostile, 0.5, True),) * 3)
        sent = message(alert, *many(5))
        for form, limit in (("slack", 4000), ("discord", 2000), ("teams", 28_000)):
            with self.subTest(form=form):
                fit = BODIES[form](FORMATTER).fit(sent)
                texts = texts_in(rendered(form, sent))
                self.assertTrue(any("eee" in text for text in texts))
                self.assertEqual(any(f"and {6 - fit} more firing" in text for text in texts), fit < 6)
                if form != "teams":
                    self.assertLessEqual(max(len(text) for text in texts), limit)

    def test_cutting_never_cuts_an_escape(self) -> None:
        lines = ["<" * 10, ">" * 30, "&" * 10, "... and 3 more"]
        for limit in range(60, 260):
            text = clipped(lines, slack_text, limit)
            self.assertLessEqual(len(text), limit)
            self.assertTrue(text.startswith("&lt;") and text.endswith("... and 3 more"), text)
            self.assertRegex(text.replace("&lt;", "").replace("&gt;", "").replace("&amp;", ""), r"^[…\n]*\.\.\. and 3 more$")
        self.assertEqual(discord_text("a*b_`c` @x"), "a\\*b\\_\\`c\\` @\u200bx")


if __name__ == "__main__":
    unittest.main()
