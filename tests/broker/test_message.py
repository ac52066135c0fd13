"""The format of a message, and the ranges by which repeats are told."""

from __future__ import annotations

import gzip
from random import Random
from typing import Any
import unittest
from unittest.mock import patch

from LogsMonitor2000.broker.ledger import Key, Ledger, Ranges
from LogsMonitor2000.broker.message import Message, PoisonError, decode, encode

HEADERS = {"host": "web1", "file": "/var/log/access.log", "position": 0}


class Format(unittest.TestCase):
    def test_what_is_encoded_is_decoded(self) -> None:
        random = Random(1)
        for _ in range(200):
            lines = b"".join(
                random.randbytes(random.randrange(80)).replace(b"\n", b"") + b"\n" for _ in range(random.randrange(9))
            )
            message = Message("web1", "/a.log", random.choice(("", "s.0")), random.randrange(1 << 62), lines)
            self.assertEqual(decode(*encode(message, compress=random.random() < 0.5), "logs"), message)

    def test_without_headers_it_is_of_the_queue_or_of_the_name_in_its_first_line(self) -> None:
        for body, file, lines in (
            (b"1.1.1.1 - - x\n", "logs", b"1.1.1.1 - - x\n"),
            (b"test_7\n1.1.1.1 - - x\n", "test_7", b"1.1.1.1 - - x\n"),
            (b"test_7\r\na b\n", "test_7", b"a b\n"),
            (b"test_7\n", "logs", b"test_7\n"),
            (b"", "logs", b""),
            (b'{"a":1}\nb\n', "logs", b'{"a":1}\nb\n'),
        ):
            with self.subTest(body=body):
                self.assertEqual(decode(None, None, body, "logs"), Message("", file, "", None, lines))

    def test_poison_says_what_is_wrong(self) -> None:
        packed = gzip.compress(b"a\n" * 100)
        cases: list[tuple[dict[str, Any] | None, str | None, bytes, str]] = [
            (None, "gzip", b"no gzip", "not gzip"),
            (None, "gzip", packed[:-4], "cut off"),
            (None, "gzip", packed + b"x", "follows"),
            (None, "gzip", gzip.compress(b"a" * 3_000_000), "unpacked"),
            (None, None, b"a" * 3_000_000, "more than"),
            (None, "zstd", b"", "neither"),
            ({"host": "a"}, None, b"", "only host"),
            (HEADERS | {"position": -1}, None, b"", "position"),
            (HEADERS | {"position": True}, None, b"", "position"),
            (HEADERS | {"position": "7"}, None, b"", "position"),
            (HEADERS | {"host": ""}, None, b"", "host"),
            (HEADERS | {"file": b"\xff"}, None, b"", "file"),
            (HEADERS | {"file": "a" * 2_000}, None, b"", "file"),
            (HEADERS | {"sender": 7}, None, b"", "sender"),
        ]
        for headers, encoding, body, reason in cases:
            with self.subTest(reason=reason, headers=headers), self.assertRaisesRegex(PoisonError, reason):
                decode(headers, encoding, body, "logs")


class WhatWasRead(unittest.TestCase):
    def test_ranges_are_a_set_of_numbers(self) -> None:
        for seed in range(300):
            random = Random(seed)
            ranges, reference = Ranges(), set[int]()
            for _ in range(random.randrange(40)):
                start = random.randrange(60)
                end = start + random.randrange(12)
                missing = {number for first, last in ranges.missing(start, end) for number in range(first, last)}
                self.assertEqual(missing, set(range(start, end)) - reference, seed)
                if random.random() < 0.6:
                    self.assertEqual(ranges.add(start, end), 0)
                    reference.update(range(start, end))
            rows = ranges.as_json()
            self.assertEqual({number for start, end in rows for number in range(start, end)}, reference, seed)
            self.assertTrue(all(one[1] < other[0] for one, other in zip(rows, rows[1:])), "as few as possible")

    def test_past_the_limit_the_oldest_gap_is_given_up_and_counted(self) -> None:
        with patch("LogsMonitor2000.broker.ledger.BROKER_RANGES_MAX", 2):
            ranges = Ranges()
            self.assertEqual([ranges.add(0, 10), ranges.add(20, 30), ranges.add(45, 50)], [0, 0, 10])
            self.assertEqual(ranges.as_json(), [[0, 30], [45, 50]])

    def test_a_ledger_is_restored(self) -> None:
        ledger, one, other = Ledger(), Key("a", "/f", "s"), Key("b", "/f", "s")
        ledger.add(one, 0, 10)
        ledger.add(other, 5, 7)
        again = Ledger(ledger.as_json())
        self.assertEqual(again.missing(one, 0, 12), [(10, 12)])
        self.assertEqual(again.missing(other, 0, 12), [(0, 5), (7, 12)])
        self.assertEqual((ledger.changed_at(one), ledger.changed_at(other), again.changed_at(one)), (1, 2, 0))

    def test_the_sender_that_was_silent_for_longest_is_forgotten(self) -> None:
        with patch("LogsMonitor2000.broker.ledger.BROKER_SENDERS_MAX", 2):
            ledger, keys = Ledger(), [Key("", "", sender) for sender in "abc"]
            for key in (keys[0], keys[1], keys[0], keys[2]):
                ledger.add(key, 0, 1)
            self.assertEqual([ledger.missing(key, 0, 1) for key in keys], [[], [(0, 1)], []])


if __name__ == "__main__":
    unittest.main()
