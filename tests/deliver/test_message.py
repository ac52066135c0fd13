"""Ids, labels and bounds of what is sent; how long to wait before it is sent again."""

from __future__ import annotations

from random import Random
import unittest

from LogsMonitor2000.deliver.backoff import Backoff, retry_after
from LogsMonitor2000.deliver.message import bounded, fingerprint_of, group_key, group_labels, labels_of

from .making import NASTY, NOW, firing, item, message, resolved


class Ids(unittest.TestCase):
    def test_a_fingerprint_is_that_of_name_and_group_and_of_nothing_else(self) -> None:
        alert = firing("errors", NOW, b"/api")
        self.assertRegex(fingerprint_of(alert), r"^[0-9a-f]{16}$")
        same = [
            resolved(alert, NOW + 5),
            alert._replace(severity="critical", value=9.0, peak=8.0),
            alert._replace(started=NOW + 7),
        ]
        for other in same:
            self.assertEqual(fingerprint_of(other), fingerprint_of(alert))
        two = (("section", b"/api"), ("source", b"x"))
        self.assertEqual(fingerprint_of(alert._replace(group=two)), fingerprint_of(alert._replace(group=two[::-1])))
        for other in (firing("errors", NOW, b"/b"), firing("slow", NOW, b"/api"), alert._replace(group=(("source", b"/api"),))):
            self.assertNotEqual(fingerprint_of(other), fingerprint_of(alert))

    def test_the_id_of_a_message(self) -> None:
        one, two = firing(section=b"/a"), firing(section=b"/b")
        self.assertEqual(message(one).id, item(one).id)
        self.assertEqual(message(one, repeats=2).id, item(one).id + "-2")
        self.assertEqual(message(one, two).id, message(two, one).id)
        ids = {message(*alerts).id for alerts in ((one,), (two,), (one, two), (one, resolved(two, NOW)))}
        self.assertEqual(len(ids), 4)


class Labels(unittest.TestCase):
    def test_groups(self) -> None:
        alert = firing("errors", NOW, b"/api", severity="critical")
        self.assertEqual(labels_of(alert), {"alertname": "errors", "severity": "critical", "section": "/api"})
        for group_by, key in (
            (("alertname",), '{alertname="errors"}'),
            (("section", "vhost"), '{section="/api", vhost=""}'),
            ((), "{}"),
            (None, '{alertname="errors", section="/api"}'),
        ):
            with self.subTest(group_by=group_by):
                self.assertEqual(group_key(group_labels(alert, group_by)), key)

    def test_what_is_kept_is_bounded(self) -> None:
        huge = b"x" * 10**6
        alerts = [
            firing("e", NOW, huge + end, lines=(huge,) * 50, causes=(("source", huge, 0.5, True),)) for end in (b"a", b"b")
        ]
        kept = [bounded(alert) for alert in alerts]
        for alert in kept:
            self.assertLess(len(repr(alert)), 7000)
        self.assertNotEqual(kept[0].group, kept[1].group)
        self.assertNotEqual(labels_of(kept[0]), labels_of(kept[1]))
        self.assertEqual(bounded(firing()), firing())

    def test_labels_print(self) -> None:
        for value in labels_of(firing('a"\n', NOW, NASTY)).values():
            self.assertTrue(value.isprintable())


class Waiting(unittest.TestCase):
    def test_full_jitter(self) -> None:
        backoff = Backoff(Random(7))
        pauses = [backoff.failed() for _ in range(3000)]
        for number, pause in enumerate(pauses):
            self.assertLessEqual(pause, min(60, 2**number))
        self.assertTrue(min(pauses[10:]) < 1 and max(pauses) > 59)
        backoff.worked()
        self.assertLessEqual(backoff.failed(), 1)

    def test_what_the_receiver_asks_for_is_the_least_and_bounded(self) -> None:
        backoff = Backoff(Random(7))
        self.assertEqual(backoff.failed(30), 30)
        self.assertEqual(backoff.failed(10**9), 3600)
        self.assertGreater(Backoff(Random(7)).failed(0), 0)

    def test_retry_after(self) -> None:
        for value, seconds in (
            ("120", 120),
            (" 7 ", 7),
            ("0", 0),
            ("Sun, 13 Sep 2020 12:28:40 GMT", 120),
            ("Sun, 13 Sep 2020 12:28:40 -0000", 120),
            ("Sun, 13 Sep 2020 12:00:00 GMT", 0),
            ("soon", None),
            ("-5", None),
            ("1e9", None),
            ("²", None),
            ("", None),
            (None, None),
        ):
            with self.subTest(value=value):
                self.assertEqual(retry_after(value, NOW), seconds)


if __name__ == "__main__":
    unittest.main()
