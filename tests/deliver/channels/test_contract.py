"""What every channel promises: what is tried again and what is not, that nothing takes longer than it may, that no secret gets out."""

from __future__ import annotations

import time
from typing import Any
import unittest
import unittest.mock

from LogsMonitor2000.deliver.channels.bodies import BODIES
from LogsMonitor2000.deliver.registry import MODULES
from LogsMonitor2000.limits import RESPONSE_BYTES_MAX

from . import receivers
from ..delivering import SECRET, Delivering
from ..making import NASTY, NOW, firing, resolved
from .receivers import HttpReceiver, Receiver, SmtpReceiver, answer

TIMEOUT = 0.15
"""For what never answers; what does may take its time on a machine that is busy."""
PATIENCE = 10
SENT = ("sent", "")
TIMED_OUT = ("retried", "timed out")
LOST = ("retried", "connection lost")
UNCLEAR = ("retried", "no valid answer")

STATUSES = {
    **{status: SENT for status in (200, 201, 202, 204, 299)},
    **{status: ("retried", f"HTTP {status}") for status in (408, 429, 500, 501, 502, 503, 504, 599)},
    **{status: ("failed", f"HTTP {status}") for status in (400, 401, 403, 404, 405, 410, 413, 415, 422, 451)},
    **{status: ("failed", f"HTTP {status}, a redirect") for status in (300, 301, 302, 303, 307, 308)},
}


class Web(Delivering):
    """All that speak HTTP."""

    def receiver(self, *answers: receivers.Answer) -> HttpReceiver:
        receiver = HttpReceiver(*answers)
        self.addCleanup(receiver.close)
        return receiver

    def tables(self, receiver: HttpReceiver, timeout: float = PATIENCE) -> dict[str, str]:
        """A table for each channel, with all the secrets it can have."""
        self.path("url", f"{receiver.url}/{SECRET}".encode())
        common = f'timeout = {timeout}\ntoken_file = "secret"\n'
        tables = {body: f'type = "webhook"\nbody = "{body}"\nurl_file = "url"\n{common}' for body in BODIES}
        return {**tables, "v2": f'type = "alertmanager"\nurl_file = "url"\n{common}'}

    def test_each_status_is_taken_tried_again_or_given_up(self) -> None:
        receiver = self.receiver()
        for name, table in self.tables(receiver).items():
            for status, outcome in STATUSES.items():
                with self.subTest(channel=name, status=status):
                    receiver.answers[:] = [answer(status, b"" if status == 204 else SECRET.encode())]
                    delivery = self.attempted(self.delivery(table))
                    self.assertEqual(delivery.counts, {outcome: 1})
                    self.clock.advance(1)
                    self.assertEqual(delivery.step(), outcome[0] == "retried")
                    if outcome[0] == "retried":
                        self.assertEqual(delivery.counts, {outcome: 1, SENT: 1})
        self.assertEqual(receiver.answers, [])

    def test_whatever_a_server_does_it_is_over_in_time(self) -> None:
        receiver = self.receiver()
        tables = self.tables(receiver, TIMEOUT)
        for behave, outcome in (
            (receivers.hang, TIMED_OUT),
            (receivers.drip, TIMED_OUT),
            (receivers.drip_body, SENT),
            (receivers.endless_body, SENT),
            (receivers.endless_headers, UNCLEAR),
            (receivers.reset, LOST),
            (receivers.nothing, LOST),
            (receivers.nonsense, UNCLEAR),
        ):
            for name in ("plain", "v2"):
                with self.subTest(behave=behave.__name__, channel=name):
                    receiver.answers[:] = [behave]
                    start = time.monotonic()
                    delivery = self.attempted(self.delivery(tables[name]))
                    self.assertLess(time.monotonic() - start, TIMEOUT + 1)
                    self.assertEqual(delivery.counts, {outcome: 1})

    def test_a_body_is_not_read_beyond_its_bound(self) -> None:
        sent = 0

        def pour(connection: receivers.socket.socket) -> None:
            nonlocal sent
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            connection.settimeout(5)
            while True:
                sent += connection.send(b"x" * 4096)

        receiver = self.receiver(pour)
        self.assertEqual(self.attempted(self.delivery(self.tables(receiver)["plain"])).counts, {SENT: 1})
        receiver.close()
        self.assertLess(sent, 100 * RESPONSE_BYTES_MAX, "what the system buffers is more than what is read, but bounded")

    def test_redirects_are_not_followed(self) -> None:
        elsewhere = self.receiver()
        for location in ("file:///etc/passwd", f"{elsewhere.url}/other", "ftp://127.0.0.1/", "//127.0.0.1/", "gopher://x"):
            for status in (301, 302, 307, 308):
                with self.subTest(location=location, status=status):
                    receiver = self.receiver(answer(status, Location=location))
                    delivery = self.attempted(self.delivery(self.tables(receiver)["plain"]))
                    self.assertEqual(delivery.counts, {("failed", f"HTTP {status}, a redirect"): 1})
                    self.assertEqual(len(receiver.requests), 1)
        self.assertEqual(elsewhere.requests, [])

    def test_a_server_that_asks_for_time_gets_it(self) -> None:
        date = "Sun, 13 Sep 2020 12:28:00 GMT"
        for status, after, wait in ((429, "120", 120), (503, "7", 7), (429, "9" * 50, 3600), (429, "soon", 0), (503, date, 0)):
            with self.subTest(status=status, after=after):
                receiver = self.receiver(answer(status, Retry_After=after))
                delivery = self.attempted(self.delivery(self.tables(receiver)["plain"]), firing(time=int(self.clock.now())))
                if wait:
                    self.clock.advance(wait - 0.5)
                    self.assertFalse(delivery.step())
                self.clock.advance(1)
                self.assertTrue(delivery.step())

    def test_no_one_listens(self) -> None:
        receiver = HttpReceiver()
        tables = self.tables(receiver)
        receiver.close()
        for name, table in tables.items():
            with self.subTest(channel=name):
                self.assertEqual(self.attempted(self.delivery(table)).counts, {("retried", "connection refused"): 1})

    def test_no_secret_gets_out(self) -> None:
        receiver = self.receiver()
        for name, table in self.tables(receiver).items():
            for status in (200, 302, 404, 500):
                with self.subTest(channel=name, status=status):
                    receiver.answers[:] = [answer(status, SECRET.encode(), Location=SECRET)]
                    delivery = self.attempted(self.delivery(table))
                    delivery.close()
                    spec = self.spec(table)
                    self.assertIn("<secret>", spec.describe())
                    for text in (self.errors.getvalue(), repr(spec), spec.describe(), repr(delivery.counts)):
                        self.assertNotIn("s3cr3t", text)
                        self.assertNotIn("T0K3N", text)
        head, _ = receiver.requests[0]
        self.assertIn(f"POST /{SECRET}", head)
        self.assertIn(f"Authorization: Bearer {SECRET}\r\n", head)
        self.assertIn(f"Host: 127.0.0.1:{receiver.port}\r\n", head)

    def test_what_a_log_says_forges_no_header(self) -> None:
        receiver = self.receiver()
        alert = firing("errors", NOW, NASTY, lines=(NASTY,), causes=(("source", NASTY, 0.5, True),), condition="status = 5xx")
        for name, table in self.tables(receiver).items():
            with self.subTest(channel=name):
                delivery = self.attempted(self.delivery(table), alert)
                delivery.notify(resolved(alert, NOW + 9))
                delivery.step()
                self.assertEqual(delivery.counts, {SENT: 2})
                for head, body in receiver.requests[-2:]:
                    self.assertNotIn("evil", head)
                    self.assertTrue(body.isascii() and b"\n" not in body and b"\0" not in body)

    def test_proxies_of_the_environment_are_not_used(self) -> None:
        proxy, receiver = self.receiver(), self.receiver()
        with unittest.mock.patch.dict("os.environ", {"http_proxy": proxy.url, "HTTP_PROXY": proxy.url, "all_proxy": proxy.url}):
            self.attempted(self.delivery(self.tables(receiver)["plain"]))
        self.assertEqual((len(proxy.requests), len(receiver.requests)), (0, 1))

    def test_tls_is_checked(self) -> None:
        receiver = HttpReceiver(tls=True)
        self.addCleanup(receiver.close)
        table = f'type = "webhook"\nurl = "{receiver.url}"\ntimeout = {PATIENCE}\n'
        self.assertEqual(self.attempted(self.delivery(table)).counts, {("retried", "certificate not valid"): 1})
        self.assertEqual(receiver.requests, [])
        trusting = f'{table}ca_file = "{receivers.CERTIFICATE}"\n'
        self.assertEqual(self.attempted(self.delivery(trusting)).counts, {SENT: 1})
        elsewhere = trusting.replace("127.0.0.1", "127.0.0.2")  # the receiver is there, but its certificate is not
        self.assertIn(list(self.attempted(self.delivery(elsewhere)).counts)[0][0], ("retried",))

    def test_plain_http_behind_https_fails_in_time(self) -> None:
        receiver = self.receiver(receivers.nonsense)
        table = f'type = "webhook"\nurl = "https://127.0.0.1:{receiver.port}"\ntimeout = {TIMEOUT}'
        ((outcome, reason),) = self.attempted(self.delivery(table)).counts
        self.assertEqual(outcome, "retried")
        self.assertIn(reason, ("TLS failed", "connection lost", "timed out"))


class Smtp(Delivering):
    def receiver(self, **how: str) -> SmtpReceiver:
        receiver = SmtpReceiver(**how)
        self.addCleanup(receiver.close)
        return receiver

    def table(self, receiver: Receiver, encryption: str = "none", timeout: float = PATIENCE) -> str:
        return (
            f'type = "email"\nhost = "127.0.0.1"\nport = {receiver.port}\nencryption = "{encryption}"\ntimeout = {timeout}\n'
            'from = "monitor@example.org"\nto = ["a@example.org", "b@example.org"]\n'
        )

    def test_each_reply_is_taken_tried_again_or_given_up(self) -> None:
        for verb in ("CONNECT", "MAIL", "RCPT", "DATA", "TEXT"):
            for code in (421, 450, 451, 452, 500, 550, 552, 554):
                with self.subTest(verb=verb, code=code):
                    receiver = self.receiver()
                    receiver.replies[verb] = [f"{code} {SECRET}"] * (2 if verb == "RCPT" and code != 421 else 1)
                    delivery = self.attempted(self.delivery(self.table(receiver)))
                    ((outcome, reason),) = delivery.counts
                    self.assertEqual(outcome, "retried" if code < 500 else "failed")
                    if not (verb == "RCPT" and code < 500):
                        self.assertEqual(reason, f"SMTP {code}")
                    self.clock.advance(1)
                    delivery.step()
                    self.assertEqual(len(receiver.mails), 1 if code < 500 else 0)
                    delivery.close()
                    self.assertNotIn("s3cr3t", self.errors.getvalue())

    def test_whatever_a_server_does_it_is_over_in_time(self) -> None:
        for hangs_at in ("EHLO", "MAIL", "DATA"):
            with self.subTest(hangs_at=hangs_at):
                delivery = self.attempted(self.delivery(self.table(self.receiver(hangs_at=hangs_at), timeout=TIMEOUT)))
                self.assertEqual(delivery.counts, {TIMED_OUT: 1})
        for behave, outcome in (
            (receivers.nothing, LOST),
            (receivers.endless_reply, LOST),
            (receivers.reset, LOST),
            (receivers.nonsense, UNCLEAR),
        ):
            with self.subTest(behave=behave.__name__):
                web = HttpReceiver()
                web.converse = behave  # type: ignore[method-assign]
                self.addCleanup(web.close)
                self.assertEqual(self.attempted(self.delivery(self.table(web))).counts, {outcome: 1})
        receiver = self.receiver()
        receiver.close()
        self.assertEqual(self.attempted(self.delivery(self.table(receiver))).counts, {("retried", "connection refused"): 1})

    def test_who_has_got_it_does_not_get_it_again(self) -> None:
        receiver = self.receiver()
        receiver.replies["RCPT"] = ["250 ok", "450 later"]
        delivery = self.attempted(self.delivery(self.table(receiver)))
        self.assertEqual(delivery.counts, {("retried", "a recipient not accepted for now"): 1})
        self.clock.advance(1)
        delivery.step()
        self.assertEqual([recipients for recipients, _ in receiver.mails], [["a@example.org"], ["b@example.org"]])
        self.assertEqual(delivery.counts[SENT], 1)

    def test_one_refused_recipient_of_two_is_sent(self) -> None:
        receiver = self.receiver()
        receiver.replies["RCPT"] = ["250 ok", "550 unknown"]
        delivery = self.attempted(self.delivery(self.table(receiver)))
        self.assertEqual(delivery.counts, {("failed", "SMTP 550"): 1})
        self.assertEqual([recipients for recipients, _ in receiver.mails], [["a@example.org"]])
        self.assertIn("of 2 recipients 1 not accepted", self.errors.getvalue())

    def test_tls_and_a_password(self) -> None:
        login = f'user = "monitor"\npassword_file = "secret"\nca_file = "{receivers.CERTIFICATE}"\n'
        for encryption in ("starttls", "tls"):
            with self.subTest(encryption=encryption):
                receiver = self.receiver(tls=encryption)
                table = self.table(receiver, encryption)
                self.assertEqual(self.attempted(self.delivery(table + login)).counts, {SENT: 1})
                self.assertEqual(len(receiver.mails), 1)
                self.assertTrue(any(line.startswith("AUTH PLAIN") for line in receiver.said))
                spec = self.spec(table + login)
                self.assertNotIn("s3cr3t", repr(spec) + spec.describe())
                strict = self.attempted(self.delivery(table))
                self.assertEqual(strict.counts, {("retried", "certificate not valid"): 1})
        for offers, reply, outcome in (
            ("AUTH", "", ("failed", "the server does not offer STARTTLS, a login or SMTPUTF8")),
            ("STARTTLS AUTH", "535 no", ("failed", "SMTP 535")),
        ):
            with self.subTest(offers=offers, reply=reply):
                receiver = self.receiver(offers=offers)
                receiver.replies["AUTH"] = [reply] if reply else []
                table = self.table(receiver, "starttls")
                self.assertEqual(self.attempted(self.delivery(table + login)).counts, {outcome: 1})
                self.assertEqual(receiver.mails, [])


class Secrets(Delivering):
    """Whatever has a secret shows it in none of the ways in which objects are shown."""

    SECRETS = 'user = "monitor"\npassword_file = "secret"\n'
    TABLES = {
        "alertmanager": (f"url_file = 'url'\n{SECRETS}", "url_file = 'url'\ntoken_file = 'secret'\n"),
        "command": ('command = ["/nowhere/x"]\nenvironment = ["TOKEN"]\n',),
        "email": (f'host = "127.0.0.1"\nport = 1\nfrom = "a@b"\nto = "c@d"\nencryption = "tls"\n{SECRETS}',),
        "json_lines": ('path = "alerts.jsonl"\n',),
        "syslog": ('address = "unix:/nowhere/x"\n',),
        "terminal": ("",),
        "webhook": tuple(
            f"body = '{body}'\nurl_file = 'url'\n{more}"
            for body in BODIES
            for more in (f"user = 'monitor'\npassword_file = 'secret'\n", "token_file = 'secret'\n")
        ),
    }

    def test_no_channel_shows_one(self) -> None:
        self.assertEqual(set(self.TABLES), set(MODULES), "a new channel is tested too")
        self.path("url", f"http://127.0.0.1:1/{SECRET}".encode())
        for kind, texts in self.TABLES.items():
            for text in texts:
                with self.subTest(kind=kind, text=text), unittest.mock.patch.dict("os.environ", {"TOKEN": SECRET}):
                    spec = self.spec(f'type = "{kind}"\n{text}')
                    action: Any = spec.build(self.context())
                    action.threaded = False
                    action.notify(firing())
                    if kind not in ("json_lines", "terminal"):
                        action.step()
                    action.progress(0, 0, 0)
                    action.close()
                    shown = [spec.describe(), repr(spec), self.errors.getvalue(), *insides(action)]
                    self.assertNotIn("s3cr3t", "".join(shown))
                    self.assertGreater(len(shown), 3)

    def test_an_exception_in_a_channel_shows_none(self) -> None:
        self.path("url", f"http://127.0.0.1:1/{SECRET}".encode())
        delivery = self.delivery("type = 'webhook'\nurl_file = 'url'\ntoken_file = 'secret'\n")
        with unittest.mock.patch("socket.getaddrinfo", side_effect=ValueError(SECRET)):
            self.attempted(delivery)
        self.assertEqual(delivery.counts, {("failed", "failed with ValueError"): 1})
        self.assertNotIn("s3cr3t", self.errors.getvalue())


def insides(value: Any, seen: set[int] | None = None) -> list[str]:
    """How `value` and everything of this package that it holds are shown."""
    seen = set() if seen is None else seen
    if id(value) in seen or not (hasattr(value, "__dict__") or isinstance(value, (tuple, list, dict))):
        return []
    seen.add(id(value))
    parts = list(value.values()) if isinstance(value, dict) else list(value) if isinstance(value, (tuple, list)) else []
    if hasattr(value, "__dict__") and type(value).__module__.startswith("LogsMonitor2000"):
        parts += vars(value).values()
    return [repr(value), *(text for part in parts for text in insides(part, seen))]


if __name__ == "__main__":
    unittest.main()
