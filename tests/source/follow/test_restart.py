"""Over a restart every line comes once: the position says where to go on, and content says in which file."""

from __future__ import annotations

import json
import os
import shutil
import unittest

from .following import FollowCase


class Restart(FollowCase):
    def setUp(self) -> None:
        super().setUp()
        self.write(b"one\ntwo\n")
        self.follow()
        self.assertEqual(self.new(), b"one\ntwo\n")

    def restart(self, position: dict[str, object]) -> bytes:
        self.follow(position=json.loads(json.dumps(position)))
        return self.new()

    def test_clean_stop(self) -> None:
        self.write(b"three\n")
        found, position = self.stop()
        self.assertEqual(found, b"three\n")
        self.write(b"four\n")
        self.assertEqual(self.restart(position), b"four\n")

    def test_killed_the_lines_since_the_position_come_again(self) -> None:
        assert self.source is not None
        position = self.source.position()
        self.write(b"three\nfo")
        self.assertEqual(self.new(), b"three\n")
        self.write(b"ur\n")
        self.assertEqual(self.restart(position), b"three\nfour\n")

    def test_killed_before_anything_was_looked_at(self) -> None:
        self.write(b"old\n", self.log + ".1")
        position = self.follow().position()
        self.assertEqual(self.restart(position), b"one\ntwo\n")

    def test_rotated_while_stopped_with_an_unread_rest(self) -> None:
        _, position = self.stop()
        self.write(b"three\n")
        self.rotate()
        self.write(b"four\n")
        self.rotate()
        self.write(b"five\n")
        self.assertEqual(self.restart(position) + self.later(), b"three\nfour\nfive\n")

    def test_rotated_and_compressed_while_stopped(self) -> None:
        for number in range(2):
            with self.subTest(number=number):
                _, position = self.stop()
                lines = [b"three %d\n" % number, b"four %d\n" % number, b"five %d\n" % number]
                for line in lines[:2]:
                    self.write(line)
                    self.rotate()
                    self.compress()
                self.write(lines[2])
                self.assertEqual(self.restart(position) + self.later(), b"".join(lines))

    def test_rotated_and_compressed_with_nothing_unread(self) -> None:
        _, position = self.stop()
        self.rotate()
        self.compress()
        self.write(b"three\n")
        self.assertEqual(self.restart(position) + self.later(), b"three\n")

    def test_copytruncated_while_stopped(self) -> None:
        _, position = self.stop()
        self.write(b"three\n")
        self.copy(self.log + ".1")
        self.overwrite(b"four and so on, longer than it was\n")
        self.assertEqual(self.restart(position) + self.later(), b"three\nfour and so on, longer than it was\n")

    def test_the_inode_reused_by_a_smaller_and_a_larger_file(self) -> None:
        for data in (b"3\n", b"larger than it was before\n", b"exactly as long as before\n"):
            with self.subTest(data=data):
                _, position = self.stop()
                self.overwrite(data)  # what delete and create do on ext4: the same inode, other content
                self.assertEqual(self.restart(position) + self.later(), data)

    def test_an_unterminated_last_line_comes_once(self) -> None:
        self.write(b"three")
        found, position = self.stop()
        self.assertEqual(found, b"three\n")
        self.assertEqual(self.restart(position), b"")
        found, position = self.stop()
        self.assertEqual(found, b"")
        self.write(b"\n")
        self.assertEqual(self.restart(position), b"")
        self.write(b"four\n")
        self.assertEqual(self.new(), b"four\n")

    def test_an_unterminated_last_line_that_has_grown_comes_as_a_whole(self) -> None:
        self.write(b"thr")
        found, position = self.stop()
        self.assertEqual(found, b"thr\n")
        self.write(b"ee\n")
        self.assertEqual(self.restart(position), b"three\n")

    def test_an_unterminated_last_line_waits_if_that_is_wanted(self) -> None:
        self.write(b"thr")
        self.follow(position=self.stop_without_last_line(), last_line=False)
        self.write(b"ee\n")
        self.assertEqual(self.new(), b"three\n")

    def stop_without_last_line(self) -> dict[str, object]:
        assert self.source is not None
        self.follow(position=self.source.position(), last_line=False)
        found, position = self.stop()
        self.assertEqual(found, b"")
        return position

    def test_an_unterminated_last_line_and_a_rotation_while_stopped(self) -> None:
        self.write(b"three")
        _, position = self.stop()
        self.rotate()
        self.write(b"four\n")
        self.assertEqual(self.restart(position) + self.later(), b"four\n")

    def test_the_file_vanished_while_stopped(self) -> None:
        _, position = self.stop()
        os.unlink(self.log)
        self.assertEqual(self.restart(position), b"")
        self.write(b"three\n")
        self.assertEqual(self.later(1), b"three\n")

    def test_a_log_with_a_byte_order_mark(self) -> None:
        self.overwrite(b"\xef\xbb\xbfone\n")
        self.follow()
        self.assertEqual(self.new(), b"one\n")
        _, position = self.stop()
        self.write(b"two\n")
        self.assertEqual(self.restart(position), b"two\n")

    def test_after_a_stop_no_more_than_a_chunk_is_read(self) -> None:
        self.write(b"0123456789\n" * 1_000_000)
        found, position = self.stop()
        self.assertLess(len(found), 5_000_000)
        self.assertEqual(len(found) + len(self.restart(position)), 11_000_000)

    def test_counts_go_on(self) -> None:
        _, position = self.stop()
        self.write(b"three\n")
        self.restart(position)
        self.assertEqual(self.counts()["lines"], 3)

    def test_a_position_that_makes_no_sense_is_no_error(self) -> None:
        for position in (
            {},
            {"marks": 1},
            {"begun": True, "marks": [None, {}, {"device": -1}], "offset": "x", "statistics": []},
        ):
            with self.subTest(position=position):
                self.assertEqual(self.restart(position), b"one\ntwo\n")


if __name__ == "__main__":
    unittest.main()
