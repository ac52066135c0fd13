"""Tables of actions: what they mean, what is refused, that reading them opens nothing, and that they show no secrets."""

from __future__ import annotations

import os
import socket
import subprocess
import unittest
from unittest import mock

from LogsMonitor2000.config.problems import ConfigError
from LogsMonitor2000.deliver.channels.json_lines import JsonFile
from LogsMonitor2000.deliver.channels.terminal import TerminalAlerts
from LogsMonitor2000.deliver.delivery import Delivery
from LogsMonitor2000.deliver.spec import AlertFilter
from LogsMonitor2000.deliver.timing import Timing

from .delivering import SECRET, Delivering, specs
from .making import firing

ALL = """
[[action]]
type = "terminal"

[[action]]
type = "json_lines"
path = "alerts.jsonl"
events = ["alert", "stats"]
max_bytes = 100000
keep = 2

[[action]]
type = "webhook"
name = "hook"
url = "https://hooks.example.org/x?y=1"
headers = {X-Team = "web"}
user = "monitor"
password_file = "secret"
alerts = ["errors_*", "!errors_test"]
severity = ["critical"]

[[action]]
type = "webhook"
name = "slack"
body = "slack"
url_file = "url"
group_by = ["alertname", "section"]
group_wait = "30s"
group_interval = "1m"
repeat = 0
max_age = "1h"
timeout = 3
deadline = "10m"
flush = 1
resolved = false

[[action]]
type = "alertmanager"
url = "http://[::1]:9093/am/"
labels = {cluster = "a"}
resend = 30

[[action]]
type = "email"
host = "mail.example.org"
from = "monitor@example.org"
to = "web@example.org"
user = "monitor"
password_env = "MAIL_PASSWORD"

[[action]]
type = "command"
command = ["/usr/local/bin/on-flood", "--now"]
alerts = "high_traffic"

[[action]]
type = "syslog"
address = "udp://loghost:5514"
facility = "local0"
"""


class Reading(Delivering):
    def setUp(self) -> None:
        super().setUp()
        self.path("url", f"https://hooks.slack.com/services/{SECRET}\n".encode())
        self.enterContext(mock.patch.dict(os.environ, {"MAIL_PASSWORD": SECRET}))

    def test_each_type_is_described_in_a_line_without_secrets(self) -> None:
        read = specs(ALL, self.path("monitor.toml"))
        self.assertEqual(
            [spec.describe() for spec in read],
            [
                "terminal: terminal",
                f"json_lines: json_lines to {self.path('alerts.jsonl')}",
                "hook: webhook to https://hooks.example.org/x?y=1 (alerts errors_* !errors_test, severity critical)",
                "slack: webhook to https://hooks.slack.com/<secret> for slack",
                "alertmanager: alertmanager to http://[::1]:9093/am/",
                "email: email to web@example.org by mail.example.org:587 (starttls)",
                "command: command to '/usr/local/bin/on-flood' (alerts high_traffic)",
                "syslog: syslog to udp://loghost:5514",
            ],
        )
        self.assertNotIn("s3cr3t", repr(read))
        self.assertEqual([(spec.type, spec.name) for spec in read[2:4]], [("webhook", "hook"), ("webhook", "slack")])

    def test_reading_and_building_opens_nothing(self) -> None:
        with (
            mock.patch.object(socket, "socket", side_effect=AssertionError),
            mock.patch.object(subprocess, "Popen", side_effect=AssertionError),
            mock.patch("sqlite3.connect", side_effect=AssertionError),
        ):
            actions = [spec.build(self.context()) for spec in specs(ALL, self.path("monitor.toml"))]
        self.assertEqual([type(action) for action in actions], [TerminalAlerts, JsonFile, *[Delivery] * 6])
        self.assertEqual(sorted(os.listdir(self.directory)), ["secret", "url"])
        for action in actions:
            action.close()
        self.assertEqual(self.errors.getvalue(), "")

    def test_what_is_usual_for_each_type(self) -> None:
        usual = Timing()
        for text, timing in (
            ('type = "webhook"\nurl = "http://x"', usual),
            ('type = "command"\ncommand = "x"', usual._replace(group_by=None, interval=0, repeat=0)),
            ('type = "syslog"', usual._replace(group_by=None, interval=0, repeat=0)),
            (
                'type = "alertmanager"\nurl = "http://x"\nresend = 30',
                usual._replace(group_by=(), interval=0, repeat=30, resolved_again=300),
            ),
            ('type = "webhook"\nurl = "http://x"\ngroup_by = ["..."]', usual._replace(group_by=None)),
            ('type = "webhook"\nurl = "http://x"\ngroup_by = []\nrepeat = "1d"', usual._replace(group_by=(), repeat=86_400)),
        ):
            with self.subTest(text=text):
                self.assertEqual(self.delivery(text).timing, timing)
        self.assertEqual(usual, Timing(("alertname",), 0, 300, 14_400, 600, 3_600, True, 0))

    def test_what_is_refused(self) -> None:
        hook = 'type = "webhook"\nurl = "http://x"\n'
        post = 'type = "email"\nhost = "h"\nfrom = "a@b"\nto = "c@d"\n'
        self.path("lines", b"a\nb")
        for text, message in (
            ("", "action 1: type is missing"),
            (
                'type = "pager"',
                "type must be one of alertmanager, command, email, json_lines, syslog, terminal, webhook, not 'pager'",
            ),
            (hook + 'name = "a b"', "name must consist of letters, digits and _ . -, not 'a b'"),
            (hook + f"[[action]]\n{hook}", "name 'webhook' is used by two actions; give each its own"),
            (hook + 'severity = "urgent"', "severity must be one of info, warning, error, critical, not 'urgent'"),
            (hook + "grup_wait = 1", "unknown key 'grup_wait'; did you mean group_wait?"),
            (hook + "timeout = 0", "timeout must be at least 0.1, not 0"),
            (hook + "max_age = -1", "max_age must be at least 0, not -1"),
            ('type = "webhook"', "url is missing: give url_file or url_env"),
            (
                'type = "webhook"\nbody = "slack"\nurl = "https://x"',
                "url is a secret and must not stand here: give url_file or url_env",
            ),
            ('type = "webhook"\nurl = "file:///etc/passwd"', "url must begin with http:// or https:// and have a host"),
            ('type = "webhook"\nurl = "ftp://x"', "url must begin with http:// or https://"),
            ('type = "webhook"\nurl = "http://"', "url must begin with http:// or https:// and have a host"),
            ('type = "webhook"\nurl = "http://u:p@x"', "url must not hold a password"),
            ('type = "webhook"\nurl = "http://x:99999"', "url is not a URL"),
            ('type = "webhook"\nurl = "http://x/\\r\\nX: y"', "url must be ASCII without spaces and control characters"),
            ('type = "webhook"\nurl_file = "lines"', "url must be ASCII without spaces and control characters"),
            (hook + 'token_file = "lines"', "token must be one line of ASCII"),
            (hook + 'token = "x"', "token is a secret and must not stand here"),
            (hook + 'user = "u"', "user and password_file or password_env go together"),
            (hook + 'user = "u"\npassword_file = "secret"\ntoken_file = "secret"', "token and user cannot both be given"),
            (hook + 'headers = {X = "a\\nb"}', "headers must be one line of ASCII"),
            (hook + 'headers = {"X: y" = "a"}', "headers cannot hold 'X: y'"),
            (hook + 'headers = {Host = "a"}', "headers cannot hold 'Host'"),
            (hook + "headers = {X = 1}", "headers must be a table whose values are texts"),
            (post + "port = 0", "port must be at least 1, not 0"),
            (post.replace("a@b", "a"), "from must be an address like alerts@example.org, not 'a'"),
            (post.replace("c@d", "c@d, e@f"), "to must be an address like alerts@example.org"),
            (post.replace('"c@d"', "[]"), "to must hold an address"),
            (post + 'user = "u"', "user and password_file or password_env go together"),
            (
                post + 'user = "u"\npassword_file = "secret"\nencryption = "none"',
                "encryption must be starttls or tls where there is a password",
            ),
            ('type = "command"\ncommand = []', 'command must be a list of texts, like ["/usr/local/bin/page", "--loud"]'),
            ('type = "command"\ncommand = ["a\\u0000"]', "command must be a list of texts"),
            ('type = "command"\ncommand = "x"\ngroup_by = []', "unknown key 'group_by'"),
            ('type = "syslog"\naddress = "x"', "address must be like unix:/dev/log, udp://host:514 or tcp://host:601, not 'x'"),
            ('type = "json_lines"', "path is missing"),
            ('type = "json_lines"\npath = "x"\nevents = ["lines"]', "events must be of alert, stats, summary, not 'lines'"),
            ('type = "alertmanager"\nurl = "http://x"\nrepeat = 1', "unknown key 'repeat'"),
        ):
            with self.subTest(text=text), self.assertRaises(ConfigError) as caught:
                specs(f"[[action]]\n{text}", self.path("monitor.toml"))
            self.assertIn(message, str(caught.exception))
            self.assertNotIn("s3cr3t", str(caught.exception))

    def test_a_file_of_authorities_is_read_when_it_is_built(self) -> None:
        self.path("bad.pem", b"no certificate")
        for name, problem in (("missing.pem", "No such file"), ("bad.pem", "certificate")):
            spec = self.spec(f'type = "webhook"\nurl = "https://x"\nca_file = "{name}"')
            with self.subTest(name=name), self.assertRaisesRegex(Exception, f"{name}: .*{problem}"):
                spec.build(self.context())


class Filters(unittest.TestCase):
    def test_names_and_severities(self) -> None:
        for wanted, names in (
            (AlertFilter(), ["errors_api", "errors_test", "slow"]),
            (AlertFilter(("errors_*",)), ["errors_api", "errors_test"]),
            (AlertFilter(("errors_*", "!*_test")), ["errors_api"]),
            (AlertFilter(("!errors_*",)), ["slow"]),
            (AlertFilter(("slow", "errors_test")), ["errors_test", "slow"]),
            (AlertFilter((), ("critical",)), ["slow"]),
            (AlertFilter(("errors_*",), ("critical",)), []),
        ):
            with self.subTest(wanted=wanted):
                alerts = [firing("errors_api"), firing("errors_test"), firing("slow", severity="critical")]
                self.assertEqual([alert.name for alert in alerts if wanted.wants(alert)], names)


if __name__ == "__main__":
    unittest.main()
