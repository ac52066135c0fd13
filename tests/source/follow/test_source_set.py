"""Names and globs: every file is followed once, by whatever and however many names it is reached."""

from __future__ import annotations

from contextlib import chdir
import json
import os
import unittest

from LogsMonitor2000.errors import InputError
from LogsMonitor2000.limits import (
    BUSY_SECONDS,
    GONE_SECONDS,
    GRACE_SECONDS,
    POLL_SECONDS,
    QUIET_POLL_SECONDS_MAX,
    QUIET_POLLS_PER_SECOND,
    RELIST_SECONDS,
    SEARCH_SECONDS,
)
from LogsMonitor2000.source.follow.source_set import SourceSet
from LogsMonitor2000.source.follow.tail import FollowSource

from .following import EIO, FollowCase


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
            self.clock.advance(SEARCH_SECONDS)
            seconds -= SEARCH_SECONDS
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

    def test_a_log_that_comes_when_another_is_given_up_is_read(self) -> None:
        self.write(b"1\n", self.path("a.log"))
        self.follow_all("*.log")
        assert self.set is not None
        os.unlink(self.path("a.log"))
        for _ in range(int((GONE_SECONDS + GRACE_SECONDS) / SEARCH_SECONDS) + 5):
            if os.path.exists(self.path("b.log")):
                break
            gives_up_next = (
                since := self.missing_since()
            ) is not None and self.clock.elapsed() + SEARCH_SECONDS - since >= GONE_SECONDS
            if gives_up_next:
                self.write(b"2\n", self.path("b.log"))
            self.clock.advance(SEARCH_SECONDS)
            arrived = [os.path.basename(source.name) for source in self.set.poll()]
            for self.source in self.set.sources:
                self.new()
        self.source = None
        self.assertEqual((arrived, self.names()), (["b.log"], ["b.log"]))

    def missing_since(self) -> float | None:
        assert self.set is not None
        (source,) = self.set.sources
        assert isinstance(source, FollowSource)
        return source.missing_since

    def test_what_was_named_is_waited_for(self) -> None:
        self.follow_all("a.log")
        self.all_later(GONE_SECONDS + 10)
        self.write(b"1\n", self.path("a.log"))
        self.assertEqual(self.all_later(1), b"1\n")

    def test_a_position_belongs_to_a_file_however_its_name_is_spelled(self) -> None:
        self.write(b"1\n", self.path("a.log"))
        os.mkdir(self.path("sub"))
        os.symlink(".", self.path("link"))
        self.assertEqual(self.follow_all("a.log"), b"1\n")
        with chdir(self.directory):
            for number, name in enumerate(
                ("./a.log", "sub/../a.log", self.path("a.log"), "link/a.log", "*.log", "./*.log", "a.log")
            ):
                assert self.set is not None
                position = self.set.position()
                self.write(b"%d\n" % number, self.path("a.log"))
                self.close_set()
                self.set = SourceSet([name], position=json.loads(json.dumps(position)), environment=self.environment())
                with self.subTest(name=name):
                    self.assertEqual(self.all_new(), b"%d\n" % number)

    def test_a_position_is_kept_over_a_run_without_the_file(self) -> None:
        for name in ("a.log", "b.log"):
            self.write(b"1\n", self.path(name))
        self.assertEqual(self.follow_all("a.log", "b.log"), b"1\n1\n")
        assert self.set is not None
        self.assertEqual(self.follow_all("b.log", position=self.set.position()), b"")
        self.write(b"2\n", self.path("a.log"))
        self.rotate_name("a.log")
        self.write(b"3\n", self.path("a.log"))
        self.assertEqual(self.follow_all("a.log", position=self.set.position()) + self.all_later(), b"2\n3\n")

    def rotate_name(self, name: str) -> None:
        os.rename(self.path(name), self.path(name + ".1"))

    def test_a_file_that_was_renamed_while_it_was_not_followed_is_read_on(self) -> None:
        self.write(b"1\n", self.path("a.log"))
        self.assertEqual(self.follow_all("a.log"), b"1\n")
        assert self.set is not None
        os.rename(self.path("a.log"), self.path("b.log"))
        self.write(b"2\n", self.path("b.log"))
        self.assertEqual(self.follow_all("b.log", position=self.set.position()), b"2\n")

    def test_each_source_is_told_its_part_of_what_was_kept(self) -> None:
        for name in ("a.log", "b.log"):
            self.write(b"1\n", self.path(name))
        self.follow_all("*.log")
        assert self.set is not None
        position = self.set.position()
        parts: dict[str, object] = {}
        for source in self.set.sources:
            source.acknowledge = lambda part, name=source.name: parts.update({os.path.basename(name): part})  # type: ignore[method-assign, misc]
        self.set.acknowledge(position)
        self.assertEqual(parts, {os.path.basename(name): part for name, part in position["files"].items()})  # type: ignore[attr-defined]

    def test_a_directory_is_an_error_that_suggests_a_glob(self) -> None:
        os.mkdir(self.path("logs"))
        with self.assertRaisesRegex(InputError, r"logs: is a directory; .*'.*/logs/\*\.log'"):
            self.follow_all("logs")

    def test_more_logs_than_may_be_open_is_said_once(self) -> None:
        for number in range(9):
            self.write(b"%d\n" % number, self.path(f"{number}.log"))
        self.follow_all("*.log", limit=3)
        assert self.set is not None
        for number in range(9, 12):
            self.write(b"%d\n" % number, self.path(f"{number}.log"))
        self.all_later(2)
        warnings = [warning for source in self.set.sources for warning in source.warnings]
        self.assertEqual(len(warnings), 1, warnings)
        self.assertRegex(warnings[0], "^following 9 files with at most 3 of them open at once, because .* `ulimit -n`")
        self.assertLessEqual(self.files.most_open, 5)

    def test_quiet_files_are_polled_within_a_budget_and_busy_ones_at_every_turn(self) -> None:
        count, turns = 200, 30
        for number in range(count):
            self.write(b"1\n", self.path(f"{number}.log"))
        self.follow_all("*.log")
        assert self.set is not None
        self.clock.advance(BUSY_SECONDS)
        self.all_turns(10)
        calls = self.files.calls
        self.all_turns(turns)
        budget = QUIET_POLLS_PER_SECOND * turns * POLL_SECONDS
        self.assertLess(self.files.calls - calls, 1.2 * budget)
        self.write(b"2\n", self.path("7.log"))
        found = self.all_turns(int(QUIET_POLL_SECONDS_MAX / POLL_SECONDS) + 1)
        self.assertEqual(found, b"2\n")
        for number in range(3, 6):  # it is busy now
            self.write(b"%d\n" % number, self.path("7.log"))
            self.assertEqual(self.all_turns(1), b"%d\n" % number)

    def all_turns(self, turns: int) -> bytes:
        """As a monitor asks: those whose time has come, ten times a second."""
        assert self.set is not None
        found = b""
        for _ in range(turns):
            self.clock.advance(POLL_SECONDS)
            self.set.poll()
            for source in self.set.sources:
                if source.next_poll <= self.clock.elapsed():
                    found += b"".join(source.chunk())
        return found

    def test_a_directory_is_listed_again_only_when_it_has_changed(self) -> None:
        for number in range(3):
            self.write(b"1\n", self.path(f"{number}.log"))
        self.follow_all("*.log")
        self.all_later(2)
        self.files.fail("listdir", EIO)  # if it were called
        self.assertEqual(self.all_later(RELIST_SECONDS / 2), b"")
        self.assertEqual(self.names(), ["0.log", "1.log", "2.log"])
        self.files.fail("listdir", EIO, 0)
        self.write(b"2\n", self.path("3.log"))
        self.assertEqual(self.all_later(1), b"2\n")

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
