"""Names and globs: every file is followed once, by whatever and however many names it is reached."""

from __future__ import annotations

import json
import os
import unittest

from LogsMonitor2000.limits import GONE_SECONDS, GRACE_SECONDS, LOOK_SECONDS
from LogsMonitor2000.source.follow.source_set import SourceSet

from .following import FollowCase


class Sets(FollowCase):
    def setUp(self) -> None:
        super().setUp()
        self.set: SourceSet | None = None
        self.addCleanup(self.close_set)

    def close_set(self) -> None:
        if self.set is not None:
            self.set.close()

    def follow_all(self, *names: str, position: object = None, start: str = "begin", limit: int = 100) -> bytes:
        self.close_set()
        self.set = SourceSet(
            [self.path(name) for name in names],
            start="end" if start == "end" else "begin",
            position=json.loads(json.dumps(position)),
            environment=self.environment(limit),
        )
        return self.all_new()

    def all_new(self) -> bytes:
        assert self.set is not None
        found = b""
        self.set.poll()
        for self.source in self.set.sources:
            found += self.new()
        self.source = None
        return found

    def all_later(self, seconds: float = GRACE_SECONDS + 1) -> bytes:
        found = b""
        while seconds > 0:
            self.clock.advance(LOOK_SECONDS)
            seconds -= LOOK_SECONDS
            found += self.all_new()
        return found

    def names(self) -> list[str]:
        assert self.set is not None
        return [os.path.basename(source.name) for source in self.set.sources]

    def test_new_matches_are_picked_up_within_a_second_and_read_whole(self) -> None:
        self.write(b"a\n", self.path("a.log"))
        self.assertEqual(self.follow_all("*.log", start="end"), b"")
        self.write(b"b\n", self.path("b.log"))
        self.assertEqual(self.all_later(1), b"b\n")

    def test_one_file_by_two_globs_and_by_name(self) -> None:
        self.write(b"a\n", self.path("a.log"))
        self.assertEqual(self.follow_all("*.log", "a*", "a.log"), b"a\n")
        self.write(b"b\n", self.path("a.log"))
        self.assertEqual(self.all_later(), b"b\n")

    def test_hard_and_symbolic_links_to_one_file(self) -> None:
        self.write(b"a\n", self.path("a.log"))
        os.link(self.path("a.log"), self.path("b.log"))
        os.symlink("a.log", self.path("c.log"))
        self.assertEqual(self.follow_all("*.log"), b"a\n")
        self.write(b"b\n", self.path("b.log"))
        self.assertEqual(self.all_later(), b"b\n")
        self.assertEqual(self.names(), ["a.log"])

    def test_a_hard_link_goes_its_own_way_when_the_log_is_rotated(self) -> None:
        self.write(b"1\n", self.path("a.log"))
        os.link(self.path("a.log"), self.path("b.log"))
        self.assertEqual(self.follow_all("*.log"), b"1\n")
        os.unlink(self.path("a.log"))
        self.write(b"2\n", self.path("a.log"))
        self.write(b"3\n", self.path("b.log"))
        self.assertEqual(sorted(self.all_later().split()), [b"2", b"3"])
        self.write(b"4\n", self.path("b.log"))
        self.assertEqual(self.all_later(), b"4\n")

    def test_a_log_renamed_to_another_matching_name_is_read_on(self) -> None:
        self.write(b"1\n", self.path("a.log"))
        self.assertEqual(self.follow_all("*.log"), b"1\n")
        os.rename(self.path("a.log"), self.path("b.log"))
        self.write(b"2\n", self.path("b.log"))
        self.assertEqual(self.all_later(), b"2\n")
        self.write(b"3\n", self.path("b.log"))
        self.assertEqual(self.all_later(), b"3\n")

    def test_rotated_files_that_match_too_are_read_before_and_never_again(self) -> None:
        self.write(b"1\n", self.log + ".2")
        self.write(b"2\n", self.log + ".1")
        self.write(b"3\n")
        self.compress(2)
        self.assertEqual(self.follow_all("*access*.log*"), b"1\n2\n3\n")
        for number in (4, 5, 6):
            self.rotate()
            self.write(b"%d\n" % number)
            self.assertEqual(self.all_later(), b"%d\n" % number)
            self.compress(2)
            self.assertEqual(self.all_later(), b"")
        self.assertEqual(self.names(), ["access.log"])

    def test_rotated_files_without_the_log_itself(self) -> None:
        self.write(b"1\n", self.log + ".1")
        self.assertEqual(self.follow_all("access.log.*"), b"1\n")
        for number in (2, 3, 4):
            self.write(b"%d\n" % number)
            self.rotate()
            self.assertEqual(self.all_later(10), b"%d\n" % number)

    def test_over_a_restart(self) -> None:
        for name in ("a.log", "b.log"):
            self.write(b"1\n", self.path(name))
        self.assertEqual(self.follow_all("*.log"), b"1\n1\n")
        assert self.set is not None
        position = self.set.position()
        os.rename(self.path("a.log"), self.path("c.log"))
        self.write(b"2\n", self.path("c.log"))
        self.write(b"3\n", self.path("d.log"))
        self.write(b"4\n", self.path("b.log"))
        found = self.follow_all("*.log", position=position, start="end")
        self.assertEqual(sorted((found + self.all_later()).split()), [b"2", b"3", b"4"])

    def test_what_a_glob_found_is_given_up_when_it_is_long_gone(self) -> None:
        self.write(b"1\n", self.path("a.log"))
        self.follow_all("*.log")
        os.unlink(self.path("a.log"))
        self.all_later(GONE_SECONDS + 10)
        self.assertEqual(self.names(), [])
        assert self.set is not None
        self.assertEqual(self.set.gone.lines, 1)
        self.write(b"2\n", self.path("a.log"))
        self.assertEqual(self.all_later(1), b"2\n")
        total = self.set.total()
        self.assertEqual((total.lines, total.bytes), (2, 4))

    def test_what_was_named_is_waited_for(self) -> None:
        self.follow_all("a.log")
        self.all_later(GONE_SECONDS + 10)
        self.write(b"1\n", self.path("a.log"))
        self.assertEqual(self.all_later(1), b"1\n")

    def test_a_fifo_without_a_writer(self) -> None:
        os.mkfifo(self.path("fifo"))
        self.assertEqual(self.follow_all("fifo"), b"")
        for number in range(2):
            self.write(b"%d\n" % number, self.path("fifo"))
            self.assertEqual(self.all_later(1), b"%d\n" % number)

    def test_logs_with_the_same_header_are_two_logs(self) -> None:
        for name in ("a.log", "b.log"):
            self.write(b"# header\n", self.path(name))
        self.assertEqual(self.follow_all("*.log"), b"# header\n# header\n")
        self.write(b"# header\n", self.path("c.log"))
        self.assertEqual(self.all_later(), b"# header\n")


if __name__ == "__main__":
    unittest.main()
