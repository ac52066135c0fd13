"""What makes the fast parser faster must make no difference: runs of timestamps, and keys that are known to be short."""

from __future__ import annotations

from random import Random
import unittest

from LogsMonitor2000.limits import KEY_BYTES_MAX
from LogsMonitor2000.parse.blocks import is_short, seconds_of
from LogsMonitor2000.parse.detect import parser_named

from ..logs import LINE_OF, START
from ..support import FAR_FUTURE

KEYS = ["section", "size", "source", "status_class"]


class RunsOfSeconds(unittest.TestCase):
    def test_they_are_what_each_timestamp_gives(self) -> None:
        for seed in range(300):
            rng = Random(seed)
            now, stamps = 100, list["bytes | None"]()
            while len(stamps) < 600:
                now += rng.choice((1, 1, 1, -1, 900))
                stamps += [b"%d" % now] * rng.choice((1, 33, 40, 200))
            for _ in range(rng.choice((0, 0, 1, 5))):
                stamps[rng.randrange(len(stamps))] = rng.choice((None, b"7", b"120"))
            with self.subTest(seed=seed):
                expected = [-1 if stamp is None else int(stamp) for stamp in stamps]
                self.assertEqual(seconds_of(stamps, lambda stamp: -1 if stamp is None else int(stamp)), expected)

    def test_a_second_is_converted_once(self) -> None:
        asked: list[bytes | None] = []

        def second_of(stamp: bytes | None) -> int:
            asked.append(stamp)
            return 0

        seconds_of([b"1"] * 100 + [b"2"] * 300, second_of)
        self.assertEqual(asked, [b"1", b"2"])


class ShortKeys(unittest.TestCase):
    def test_which_patterns_bound_their_keys(self) -> None:
        for pattern, expected in (
            (rb"(?P<source>[^ ]{1,255}+) (?P<section>/[^/ ]{0,511}+)", True),
            (rb"(?P<source>[^ ]{1,255}+) (?P<section>/[^/ ]{0,512}+)", False),
            (rb"(?P<source>[^ ]++) (?P<section>/[^/ ]{0,511}+)", False),
            (rb"(?P<source>[^\]x]{1,99}+) (?P<section>/[^/ ]{0,511}+)", True),
            (rb"(?P<source>[^ ]{1,255}+|.*) (?P<section>/[^/ ]{0,511}+)", False),
            (rb"(?P<section>/[^/ ]{0,511}+)", False),
        ):
            with self.subTest(pattern):
                self.assertEqual(is_short(pattern, KEYS), expected)

    def test_common_formats_do_and_longer_keys_are_parsed_all_the_same(self) -> None:
        for log_format in ("csv", "combined"):
            line_of = LINE_OF[log_format]
            parse = parser_named(log_format).bind(KEYS)
            for source, section, is_short_block in (
                (b"10.0.0.1", b"/a", True),
                (b"s" * 255, b"/" + b"x" * (KEY_BYTES_MAX - 1), True),
                (b"s" * 256, b"/a", False),
                (b"10.0.0.1", b"/" + b"x" * KEY_BYTES_MAX, False),
                (b"s" * 3000, b"/" + b"x" * 5000, False),
            ):
                columns = parse(line_of(START, section + b"/more?x", source) + line_of(START), FAR_FUTURE)
                with self.subTest(log_format=log_format, source=len(source), section=len(section)):
                    self.assertEqual(columns.values["source"], [source, b"10.0.0.1"])
                    self.assertEqual(columns.values["section"], [section, b"/api"])
                    self.assertEqual((columns.is_short, columns.malformed), (is_short_block, 0))


if __name__ == "__main__":
    unittest.main()
