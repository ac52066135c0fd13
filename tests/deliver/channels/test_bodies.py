"""Bodies: complete, within the limits of each service, and with nothing from a log that could be markup or a mention."""

from __future__ import annotations

import json
import unittest

from LogsMonitor2000.action.formatter import MessageFormatter
from LogsMonitor2000.deliver.channels.alertmanager import label_name
from LogsMonitor2000.deliver.channels.bodies import BODIES, discord_text, fitted, headline, rfc3339, slack_text, to_json
from LogsMonitor2000.event import Alert

from ..making import NASTY, NOW, firing, message, resolved

FORMATTER = MessageFormatter()
ALERT = firing("errors", NOW, b"/api", severity="critical", measure="ratio", condition="5xx above 5 %")


def many(count: int, **more: object) -> list[Alert]:
    return [firing(section=b"/%d" % number, lines=(b"a line " * 20,) * 5, **more) for number in range(count)]


def texts_in(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [text for part in parts for text in texts_in(part)]


class Plain(unittest.TestCase):
    def test_all_there_is_to_know(self) -> None:
        told = message(ALERT, resolved(firing("errors", NOW - 60), NOW), receiver="hook", repeats=2)
        body = json.loads(to_json(BODIES["plain"](told, FORMATTER)))
        self.assertEqual(body["id"], told.id)
        self.assertEqual((body["action"], body["status"], body["reminder"], body["truncated"]), ("hook", "firing", 2, 0))
        first, second = body["alerts"]
        self.assertEqual(first["id"], f"{first['fingerprint']}-{NOW}-firing")
        self.assertEqual((first["group"], first["severity"], first["started"]), ({"section": "/api"}, "critical", NOW))
        self.assertNotIn("ended", first)
        self.assertEqual((second["state"], second["started"], second["ended"]), ("resolved", NOW - 60, NOW))

    def test_numbers_that_are_none(self) -> None:
        body = json.loads(
            to_json(BODIES["plain"](message(ALERT._replace(value=float("nan"), peak=float("inf"), time=9)), FORMATTER))
        )
        self.assertEqual((body["alerts"][0]["value"], body["alerts"][0]["peak"]), (None, None))


class AlertmanagerForm(unittest.TestCase):
    def test_version_4(self) -> None:
        body = BODIES["alertmanager"](
            message(ALERT, resolved(firing(severity="critical"), NOW + 60), receiver="hook"), FORMATTER
        )
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
        body = BODIES["slack"](message(ALERT), FORMATTER)
        self.assertEqual(body["text"], "FIRING: errors")
        (attachment,) = body["attachments"]
        self.assertEqual((attachment["color"], attachment["mrkdwn_in"]), ("danger", []))
        self.assertIn("(section /api)", attachment["text"])
        self.assertEqual(BODIES["slack"](message(resolved(ALERT, NOW)), FORMATTER)["attachments"][0]["color"], "good")

    def test_causes_and_lines_are_shown(self) -> None:
        alert = ALERT._replace(causes=(("source", b"10.0.0.9", 0.87, True), ("path", b"/x", 0.5, False)), lines=(b"GET /x",))
        content = BODIES["slack"](message(alert), FORMATTER)["attachments"][0]["text"].splitlines()
        self.assertEqual(content[2:], ["  source 10.0.0.9: 87% of the change, new", "  path /x: 50% of the change", "  GET /x"])

    def test_nothing_from_a_log_is_markup_or_a_mention(self) -> None:
        alert = firing("e", NOW, NASTY, lines=(NASTY,), condition="<!here>", causes=(("source", NASTY, 0.5, True),))
        told = message(alert)
        slack = json.dumps(BODIES["slack"](told, FORMATTER))
        self.assertNotIn("<", slack)
        self.assertNotIn(">", slack)
        discord = BODIES["discord"](told, FORMATTER)
        self.assertEqual(discord["allowed_mentions"], {"parse": []})
        self.assertNotIn("@everyone", discord["content"])
        self.assertNotRegex(discord["content"].replace("\\\\", ""), r"(?<!\\)[<>*_`~|\[\]()]")
        teams = json.loads(json.dumps(BODIES["teams"](told, FORMATTER)))
        for block in teams["attachments"][0]["content"]["body"]:
            self.assertEqual(block["type"], "RichTextBlock")
            for run in block["inlines"]:
                self.assertEqual(run["type"], "TextRun")
                self.assertTrue(run["text"].isprintable())
        for form in BODIES.values():
            text = to_json(form(told, FORMATTER))
            self.assertTrue(text.isascii())
            if form is not BODIES["plain"]:  # which is data, for programs
                for shown in texts_in(json.loads(text)):
                    self.assertTrue(shown.replace("\n", "").replace("\u200b", "").isprintable(), shown)

    def test_limits_of_the_services(self) -> None:
        told = message(*many(500))
        self.assertLessEqual(len(BODIES["discord"](told, FORMATTER)["content"]), 2000)
        self.assertLessEqual(len(BODIES["slack"](told, FORMATTER)["attachments"][0]["text"]), 4000)
        self.assertLessEqual(len(json.dumps(BODIES["teams"](told, FORMATTER))), 28_000)
        for name in ("plain", "alertmanager"):
            body = BODIES[name](told, FORMATTER)
            self.assertEqual(len(body["alerts"]), 100)
            self.assertEqual(body.get("truncated", body.get("truncatedAlerts")), 400)
            self.assertLess(len(to_json(body)), 1 << 20)

    def test_cutting_never_cuts_an_escape(self) -> None:
        lines = ["<" * 10, ">" * 10, "&" * 10]
        for limit in range(30, 160):
            text = fitted(lines, slack_text, limit)
            self.assertLessEqual(len(text), limit)
            for part in text.splitlines():
                self.assertTrue(part.startswith("...") or part in [slack_text(line) for line in lines], text)
        self.assertEqual(discord_text("a*b_`c` @x"), "a\\*b\\_\\`c\\` @\u200bx")


if __name__ == "__main__":
    unittest.main()
