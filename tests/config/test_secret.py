"""Secrets: no way of turning values into text shows one, and a secret that cannot be used whole is refused."""

from __future__ import annotations

from collections.abc import Callable
import copy
import json
import pickle
import traceback
from typing import Any
import unittest

from LogsMonitor2000.config.secret import Secret, read_secret
from LogsMonitor2000.limits import SECRET_BYTES_MAX

from ..support import TemporaryFiles

SECRET: Any = Secret("s3cret")


class Showing(unittest.TestCase):
    def test_it_is_not_a_text(self) -> None:
        self.assertNotIsInstance(SECRET, str)
        self.assertEqual(SECRET.reveal(), "s3cret")

    def test_what_makes_text_of_anything_shows_a_placeholder(self) -> None:
        for text in (
            str(SECRET),
            repr(SECRET),
            f"{SECRET}",
            f"{SECRET!r}",
            f"{SECRET!s:>20}",
            f"{SECRET:^20}",
            "%s" % SECRET,
            "{}".format(SECRET),
            str([SECRET]),
            str({SECRET: SECRET}),
            str(ValueError(SECRET)),
            json.dumps({"token": SECRET}, default=str),
        ):
            with self.subTest(text=text):
                self.assertIn("<secret>", text)
                self.assertNotIn("s3cret", text)

    def test_what_needs_text_fails_without_showing_it(self) -> None:
        operations: tuple[Callable[[], object], ...] = (
            lambda: SECRET + "",
            lambda: "" + SECRET,
            lambda: "".join([SECRET]),
            lambda: SECRET.join(["a", "b"]),
            lambda: json.dumps(SECRET),
            lambda: json.dumps({SECRET: 1}),
            lambda: bytes(SECRET),
            lambda: SECRET[0],
            lambda: list(SECRET),
            lambda: SECRET.encode(),
            lambda: vars(SECRET),
            lambda: pickle.dumps(SECRET),
            lambda: open(SECRET),
            lambda: print("", sep=SECRET),
        )
        for number, operation in enumerate(operations):
            with self.subTest(operation=number), self.assertRaises((TypeError, AttributeError)) as caught:
                operation()
            shown = "".join(traceback.format_exception(caught.exception))
            self.assertNotIn("s3cret", shown)

    def test_secrets_compare_and_copy(self) -> None:
        self.assertEqual(SECRET, Secret("s3cret"))
        self.assertEqual(hash(SECRET), hash(Secret("s3cret")))
        self.assertNotEqual(SECRET, Secret("other"))
        self.assertNotEqual(SECRET, "s3cret")
        self.assertNotEqual(SECRET, Secret("s3cret\udcff"))
        self.assertIs(copy.copy(SECRET), SECRET)
        self.assertIs(copy.deepcopy([SECRET])[0], SECRET)


class Reading(TemporaryFiles):
    def test_white_space_around_it_is_not_part_of_it(self) -> None:
        self.assertEqual(read_secret(self.path("token", b" s3cret \r\n")).reveal(), "s3cret")
        longest = b"x" * SECRET_BYTES_MAX
        self.assertEqual(read_secret(self.path("token", longest)).reveal(), longest.decode())

    def test_what_cannot_be_used_whole_is_refused(self) -> None:
        for content, problem in (
            (b"s3cret" * 1000, "holds more than 4,096 bytes"),
            (b"s3cret\xff", "is not UTF-8"),
            (b" \n", "is empty"),
        ):
            with self.subTest(problem=problem), self.assertRaises(ValueError) as caught:
                read_secret(self.path("token", content))
            self.assertEqual(str(caught.exception), problem)
            self.assertNotIn("s3cret", "".join(traceback.format_exception(caught.exception)))
        with self.assertRaisesRegex(ValueError, "cannot be read: No such file or directory"):
            read_secret(self.path("nowhere"))


if __name__ == "__main__":
    unittest.main()
