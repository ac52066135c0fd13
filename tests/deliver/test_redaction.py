"""Secrets in URLs are masked in what leaves the machine, and nothing else is."""

from __future__ import annotations

from random import Random
import time
import unittest

from LogsMonitor2000.deliver.message import bounded
from LogsMonitor2000.deliver.redaction import Redactor

from .delivering import Delivering
from .making import firing

MASKED = (
    ("GET /reset?token=s3cret HTTP/1.1", "GET /reset?token=*** HTTP/1.1"),
    ("/a?user=5&Password=s3cret&x=1", "/a?user=5&Password=***&x=1"),
    ("/a?access_token=s3cret#top", "/a?access_token=***#top"),
    ("/a?apiKey=s3cret;session=abc", "/a?apiKey=***;session=***"),
    ("/a?x-api-key=s3cret", "/a?x-api-key=***"),
    ("/a?user[password]=s3cret", "/a?user[password]=***"),
    ("/a?user%5Bpassword%5D=s3cret&b=2", "/a?user%5Bpassword%5D=***&b=2"),
    ("/oauth?code=4/P7q7W91&state=xyz", "/oauth?code=***&state=xyz"),
    ("/a;jsessionid=1234567", "/a;jsessionid=***"),
    ("/a?PHPSESSID=1234567", "/a?PHPSESSID=***"),
    ("/login?next=%2Freset%3Ftoken%3Ds3cret%26x%3D1", "/login?next=%2Freset%3Ftoken%3D***%26x%3D1"),
    (r'{"path":"/a?x=1\u0026token=s3cret\u0026y=2"}', r'{"path":"/a?x=1\u0026token=***\u0026y=2"}'),
    (r'{"path":"/a?token=s3\"cret"}', r'{"path":"/a?token=***\"cret"}'),
    ("2026-01-01 GET /login token=s3cret&x=1 443", "2026-01-01 GET /login token=***&x=1 443"),
    ('query="key=s3cret" status=200', 'query="key=***" status=200'),
    ("/a?token=s3cret&token=again", "/a?token=***&token=***"),
    ("/a?sig=a%2Bb%3D&x=1", "/a?sig=***&x=1"),
)
LEFT = (
    "GET /reset?monkey=1&keyword=shoes&zipcode=12345&author=me HTTP/1.1",
    "/token=x/y",
    "/a?token=&x=1",
    "/a?token",
    "code=404 key_count=7",
    "/tokens?page=2",
    "",
)


class Masking(unittest.TestCase):
    def test_values_of_secret_parameters(self) -> None:
        for text, masked in MASKED:
            with self.subTest(text=text):
                self.assertEqual(Redactor()(text.encode()), masked.encode())
                self.assertEqual(Redactor()(masked.encode()), masked.encode(), "masking twice changes nothing")

    def test_what_only_looks_alike_is_left(self) -> None:
        for text in LEFT:
            with self.subTest(text=text):
                self.assertEqual(Redactor()(text.encode()), text.encode())

    def test_the_list_is_the_users(self) -> None:
        self.assertEqual(Redactor(["iban"])(b"/a?iban=DE1&token=x"), b"/a?iban=***&token=x")
        self.assertEqual(Redactor([])(b"/a?token=x"), b"/a?token=x")

    def test_hostile_lines_take_time_in_proportion(self) -> None:
        redact = Redactor()
        for unit in (b"?", b"&token", b"?a=", b"%3", b"?token=%2", b"&" + b"a" * 100, b"[%5B", b"\\u0026", b'="', b"?token=\\"):
            begun = time.process_time()
            redact(unit * (200_000 // len(unit)))
            self.assertLess(time.process_time() - begun, 20, unit)

    def test_any_bytes_are_taken(self) -> None:
        rng = Random(3)
        for _ in range(300):
            redacted = Redactor()(rng.randbytes(200) + b"?token=s3cret " + rng.randbytes(50))
            self.assertNotIn(b"s3cret", redacted)


class Leaving(Delivering):
    def test_everything_from_the_log_is_masked(self) -> None:
        line = b"GET /reset?token=s3cret HTTP/1.1"
        alert = firing(section=line, lines=(line,), causes=(("target", line, 0.5, False),))
        self.assertNotIn("s3cret", repr(bounded(alert, Redactor())))
        self.assertIn("s3cret", repr(bounded(alert)))

    def test_each_delivery_masks_what_its_table_says(self) -> None:
        line = b"GET /reset?token=s3cret&iban=DE12 HTTP/1.1"
        for more, shown in (
            ("", "token=***&iban=DE12"),
            ('mask = ["iban"]', "token=s3cret&iban=***"),
            ("mask = []", "s3cret&iban=DE12"),
        ):
            with self.subTest(more=more):
                table = f'type = "command"\ncommand = ["/bin/sh", "-c", "cat > $0", "{self.path("got")}"]\ntimeout = 5\n{more}'
                self.attempted(self.delivery(table), firing(lines=(line,)))
                with open(self.path("got"), encoding="utf-8") as file:
                    self.assertIn(shown, file.read())


if __name__ == "__main__":
    unittest.main()
