"""`--listen`, `[http]` and `[metrics]`: what they may say, and that nothing is opened to others by mistake."""

from __future__ import annotations

import os
import unittest

from LogsMonitor2000.config.address import host_and_port
from LogsMonitor2000.config.problems import ConfigError
from LogsMonitor2000.config.toml_file import parse_config
from LogsMonitor2000.errors import InputError, UsageError
from LogsMonitor2000.pipeline.configuration import described, load
from LogsMonitor2000.web.settings import HttpSettings, url_of

from ..deliver.channels.receivers import CERTIFICATE
from ..running import in_process
from ..support import TemporaryFiles, without_lines


class Addresses(unittest.TestCase):
    def test_what_they_may_say(self) -> None:
        for text, expected in (
            ("127.0.0.1:8000", ("127.0.0.1", 8000)),
            ("localhost:0", ("localhost", 0)),
            (":9117", ("127.0.0.1", 9117)),
            ("[::1]:65535", ("::1", 65535)),
            ("[fe80::1%eth0]:80", ("fe80::1%eth0", 80)),
            ("0.0.0.0:80", ("0.0.0.0", 80)),
        ):
            with self.subTest(text=text):
                self.assertEqual(host_and_port(text), expected)
        for text in (
            "",
            "8000",
            "127.0.0.1",
            "::1:8000",
            "127.0.0.1:65536",
            "127.0.0.1:http",
            "a b:1",
            "http://x:1",
            "x:1/",
            "[::1]",
        ):
            with (
                self.subTest(text=text),
                self.assertRaisesRegex(ValueError, "must be an address and a port like 127.0.0.1:8000"),
            ):
                host_and_port(text)

    def test_as_urls(self) -> None:
        for host, is_tls, url in (
            ("127.0.0.1", False, "http://127.0.0.1:80/"),
            ("::1", True, "https://[::1]:80/"),
            ("0.0.0.0", False, "http://127.0.0.1:80/"),
            ("::", False, "http://[::1]:80/"),
        ):
            self.assertEqual(url_of(host, 80, is_tls), url)


class Files(TemporaryFiles):
    def http(self, text: str) -> HttpSettings | None:
        return load({}, self.path("monitor.toml", text.encode())).settings.serving.http

    def test_what_a_file_may_say(self) -> None:
        self.path("token", b"s3cret\n")
        settings = self.http(
            'listen = "0.0.0.0:8443"\n[http]\ntoken_file = "token"\ncert_file = "web.crt"\nkey_file = "web.key"\n'
            'hosts = "logs.example.org"\ncors = ["https://dash.example", "http://[::1]:3000", "*"]\n[metrics]\nsections = 7\n'
        )
        assert settings is not None and settings.token is not None
        self.assertEqual(settings.token.reveal(), "s3cret")
        self.assertEqual(settings.cert_file, os.path.join(self.directory, "web.crt"))
        self.assertEqual((settings.hosts, settings.sections), (("logs.example.org",), 7))
        self.assertEqual(str(settings), "https://127.0.0.1:8443/, with a token")
        self.assertNotIn("s3cret", repr(settings))

    def test_what_it_may_not(self) -> None:
        for text, problem in (
            ('listen = "8000"', "monitor.toml: listen must be an address and a port like 127.0.0.1:8000"),
            ("listen = 8000", "monitor.toml: listen must be a string, not 8000"),
            ('[http]\ncors = ["dash.example"]', "monitor.toml: http: cors must be origins like https://dash.example"),
            ('[http]\nhosts = ["http://x"]', "monitor.toml: http: hosts must be names like logs.example.org"),
            ('[http]\ntoken = "x"', "monitor.toml: http: token is a secret and must not stand here"),
            ('[http]\ntoken_file = "missing"', "monitor.toml: http: token_file cannot be read"),
            ("[http]\nhost = 1", "monitor.toml: http: unknown key 'host'; did you mean hosts?"),
            ("[metrics]\nsections = 0", "monitor.toml: metrics: sections must be at least 1, not 0"),
            ("[metrics]\nsection = 5", "monitor.toml: metrics: unknown key 'section'; did you mean sections?"),
            (
                '[[action]]\ntype = "prometheus"',
                'prometheus is no longer an action: give listen = "127.0.0.1:9117", and sections in',
            ),
        ):
            with self.subTest(text=text), self.assertRaises(ConfigError) as caught:
                self.http(text)
            self.assertIn(problem, without_lines(str(caught.exception)).replace(self.directory + "/", ""))

    def test_without_listen_nothing_is_served(self) -> None:
        self.assertIsNone(self.http("[http]\n[metrics]\n"))

    def test_the_command_wins_over_the_file(self) -> None:
        path = self.path("monitor.toml", b'listen = "127.0.0.1:1"\n[metrics]\nsections = 7\n')
        loaded = load({"listen": ":2"}, path)
        assert loaded.settings.serving.http is not None
        self.assertEqual((loaded.settings.serving.http.port, loaded.settings.serving.http.sections), (2, 7))
        self.assertIn("serves http://127.0.0.1:2/", described(loaded))
        self.assertIsNone(load({}, path, looks_back=True).settings.serving.http)

    def test_others_may_listen_only_with_a_token(self) -> None:
        for host in ("0.0.0.0", "::", "192.0.2.1", "logs.example.org"):
            with (
                self.subTest(host=host),
                self.assertRaisesRegex(UsageError, "give token_file in .http., or listen on 127.0.0.1"),
            ):
                HttpSettings(host)
        status, _, errors = in_process(os.devnull, "--listen", "0.0.0.0:0")
        self.assertEqual((status, errors.count("\n")), (2, 1))
        self.assertIn("other machines could read the logs", errors)

    def test_a_certificate_and_its_key(self) -> None:
        self.assertIsNotNone(HttpSettings(cert_file=CERTIFICATE, key_file=CERTIFICATE).tls())
        self.assertIsNone(HttpSettings().tls())
        with self.assertRaisesRegex(UsageError, "go together"):
            HttpSettings(cert_file=CERTIFICATE)
        for name, content, problem in (("none.pem", None, "No such file"), ("bad.pem", b"x", "not a certificate and its key")):
            path = self.path(name, content) if content is not None else self.path(name)
            with self.subTest(name=name), self.assertRaisesRegex(InputError, f"{name}.*: {problem}"):
                HttpSettings(cert_file=path, key_file=path).tls()


if __name__ == "__main__":
    unittest.main()
