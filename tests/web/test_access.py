"""Who may ask: hosts, methods, tokens, origins."""

from __future__ import annotations

import base64
import unittest

from LogsMonitor2000.config.address import is_loopback
from LogsMonitor2000.config.secret import Secret
from LogsMonitor2000.web.access import Access
from LogsMonitor2000.web.http import Request


def request(method: str = "GET", path: str = "/", **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method, path, "", {"host": "127.0.0.1", **named}, True)


def status(access: Access, asked: Request) -> int:
    """200 stands for a request that is let through."""
    answer = access.check(asked)
    return 200 if answer is None else answer.status


class Hosts(unittest.TestCase):
    def test_addresses_and_names_that_are_meant(self) -> None:
        access = Access("127.0.0.1", ["logs.example.org"])
        for host, expected in (
            ("127.0.0.1", 200),
            ("127.0.0.1:8000", 200),
            ("127.0.0.1:9", 200),  # a tunnel
            ("localhost", 200),
            ("LOCALHOST:8000", 200),
            ("localhost.:8000", 200),
            ("[::1]:8000", 200),
            ("[::1]", 200),
            ("::1", 200),
            ("192.0.2.7:8000", 200),  # no name that could be made to resolve to another address
            ("logs.example.org:443", 200),
            ("Logs.Example.Org.", 200),
            ("evil.example", 421),
            ("evil.example:8000", 421),
            ("127.0.0.1.evil.example", 421),
            ("localhost.evil.example", 421),
            ("evil.example@127.0.0.1", 421),
            ("", 421),
            ("[::1", 200),
            ("[evil]:8000", 421),
            ("a:b:c", 421),
        ):
            with self.subTest(host=host):
                self.assertEqual(status(access, request(host=host)), expected)

    def test_the_message_says_what_to_do_and_is_bounded(self) -> None:
        answer = Access("127.0.0.1").check(request(host="x" * 5000))
        assert answer is not None
        self.assertIn(b"hosts = [", answer.body)
        self.assertLess(len(answer.body), 300)

    def test_a_client_without_one(self) -> None:
        self.assertEqual(status(Access("127.0.0.1"), Request("GET", "/", "", {}, False)), 200)


class Methods(unittest.TestCase):
    def test_only_those_that_change_nothing(self) -> None:
        access = Access("127.0.0.1")
        for method, expected in (("GET", 200), ("HEAD", 200), ("OPTIONS", 204), ("POST", 405), ("DELETE", 405), ("TRACE", 405)):
            with self.subTest(method=method):
                self.assertEqual(status(access, request(method)), expected)
                answer = access.check(request(method))
                if answer is not None:
                    self.assertIn(("Allow", "GET, HEAD, OPTIONS"), answer.headers)


class Tokens(unittest.TestCase):
    ACCESS = Access("0.0.0.0", token=Secret("s3cret:with:colons"))

    def test_by_bearer_or_as_a_password(self) -> None:
        basic = base64.b64encode(b"anyone:s3cret:with:colons").decode()
        for value, expected in (
            ("Bearer s3cret:with:colons", 200),
            ("bearer  s3cret:with:colons ", 200),
            (f"Basic {basic}", 200),
            (f"BASIC {basic}", 200),
            ("Bearer wrong", 401),
            ("Bearer", 401),
            ("Basic " + base64.b64encode(b"anyone:wrong").decode(), 401),
            ("Basic " + base64.b64encode(b"anyone").decode(), 401),
            ("Basic not base64!", 401),
            ("Basic \xff", 401),
            ("s3cret:with:colons", 401),
            ("Digest s3cret:with:colons", 401),
            ("", 401),
        ):
            with self.subTest(value=value):
                self.assertEqual(status(self.ACCESS, request(authorization=value)), expected)
        answer = self.ACCESS.check(request())
        assert answer is not None
        self.assertIn("WWW-Authenticate", dict(answer.headers))
        self.assertNotIn(b"s3cret", answer.body)

    def test_a_probe_needs_none(self) -> None:
        self.assertEqual(status(self.ACCESS, request(path="/healthz")), 200)
        self.assertEqual(status(self.ACCESS, request(path="/healthz/")), 401)

    def test_it_is_asked_for_after_the_host(self) -> None:
        self.assertEqual(status(self.ACCESS, request(host="evil.example")), 421)


class Origins(unittest.TestCase):
    def test_none_may_read_unless_they_are_named(self) -> None:
        page = {"origin": "https://dash.example"}
        for cors, allowed in (
            ((), None),
            (("https://other",), None),
            (("https://dash.example",), "https://dash.example"),
            (("*",), "*"),
        ):
            with self.subTest(cors=cors):
                access = Access("127.0.0.1", cors=cors)
                self.assertEqual(dict(access.headers(request(**page))).get("Access-Control-Allow-Origin"), allowed)
                asked = request("OPTIONS", access_control_request_method="GET", **page)
                answer = access.check(asked)
                assert answer is not None
                self.assertEqual(dict(answer.headers).get("Access-Control-Allow-Origin"), allowed)
                self.assertEqual("Access-Control-Allow-Methods" in dict(answer.headers), allowed is not None)
        self.assertEqual(Access("127.0.0.1").headers(request(**page)), ())


class Loopback(unittest.TestCase):
    def test_what_only_this_machine_reaches(self) -> None:
        for host, expected in (
            *((each, True) for each in ("127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST")),
            *((each, False) for each in ("0.0.0.0", "::", "192.0.2.1", "example.org", "localhost.example.org", "")),
        ):
            with self.subTest(host=host):
                self.assertEqual(is_loopback(host), expected)


if __name__ == "__main__":
    unittest.main()
