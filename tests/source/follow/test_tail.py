"""Everything that happens to a log while it is followed, one test a situation. No line is lost, none comes twice."""

from __future__ import annotations

import json
import os
import shutil
import unittest

from LogsMonitor2000.limits import GRACE_SECONDS, KNOWN_MAX, LINE_BYTES_MAX, SEARCH_SECONDS
from LogsMonitor2000.source.follow.tail import FollowSource

from .following import EACCES, EIO, ESTALE, FollowCase


class Growing(FollowCase):
    def test_what_is_appended_is_read(self) -> None:
        self.write(b"one\n")
        self.follow()
        self.assertEqual(self.new(), b"one\n")
        self.assertEqual(self.new(), b"")
        self.write(b"two\nthree\n")
        self.assertEqual(self.new(), b"two\nthree\n")

    def test_a_line_written_in_two_parts_is_one_line(self) -> None:
        self.follow()
        self.write(b"hal")
        self.assertEqual(self.new(), b"")
        self.write(b"f\nnext\n")
        self.assertEqual(self.new(), b"half\nnext\n")

    def test_from_the_end_only_what_comes_is_read_and_no_half_line(self) -> None:
        self.write(b"old\nunfin")
        self.follow(start="end")
        self.assertEqual(self.new(), b"")
        self.write(b"ished\nnew\n")
        self.assertEqual(self.new(), b"unfinished\nnew\n")

    def test_a_file_that_comes_later_is_read_whole_even_from_the_end(self) -> None:
        self.follow(start="end")
        self.assertEqual(self.new(), b"")
        self.write(b"one\n")
        self.assertEqual(self.new(), b"one\n")

    def test_a_file_of_one_short_line(self) -> None:
        self.write(b"x\n")
        self.follow()
        self.assertEqual(self.new(), b"x\n")
        self.rotate()
        self.write(b"x\n")
        self.assertEqual(self.new() + self.later(), b"x\n")

    def test_bytes_that_are_no_text_pass_unchanged(self) -> None:
        data = b"crlf\r\n\n\r\nbad \xff\xfe utf-8\nzero \0 byte\n\0\n \n"
        self.write(b"\xef\xbb\xbf" + data)
        self.follow()
        self.assertEqual(self.new(), data)

    def test_a_line_of_ten_megabytes_is_cut_and_counted(self) -> None:
        self.write(b"x" * 10_000_000)
        self.follow()
        self.assertEqual(self.new(), b"")
        self.write(b"\ngood\n")
        found = self.new()
        self.assertEqual(found[LINE_BYTES_MAX:].lstrip(b"x"), b"\ngood\n")
        self.assertLess(len(found), LINE_BYTES_MAX + 100)
        self.assertEqual(self.counts()["long_lines"], 1)
        self.assertEqual(self.counts()["lines"], 2)

    def test_mtime_set_back_changes_nothing(self) -> None:
        self.write(b"one\n")
        self.follow()
        self.new()
        self.write(b"two\n")
        os.utime(self.log, (0, 0))
        self.assertEqual(self.new(), b"two\n")
        os.utime(self.log, (0, 0))
        self.assertEqual(self.new(), b"")

    def test_a_log_of_gzip_is_read_as_what_it_holds(self) -> None:
        self.write(b"one\ntwo\n", self.log + ".1")
        self.compress()
        self.follow(self.log + ".1.gz")
        self.assertEqual(self.new() + self.later(), b"one\ntwo\n")


class Rotation(FollowCase):
    def setUp(self) -> None:
        super().setUp()
        self.write(b"one\n")
        self.follow()
        self.assertEqual(self.new(), b"one\n")

    def test_rename_and_create(self) -> None:
        self.write(b"two\n")
        self.rotate()
        self.write(b"three\n")
        self.assertEqual(self.new(), b"two\nthree\n")
        self.assertEqual(self.later(), b"")
        self.assertEqual(self.counts()["rotations"], 1)

    def test_late_writes_to_the_renamed_file_are_read(self) -> None:
        self.rotate()
        self.write(b"two\n")
        self.assertEqual(self.new(), b"two\n")
        self.write(b"late\n", self.log + ".1")
        self.assertEqual(self.new(), b"late\n")
        self.clock.advance(GRACE_SECONDS - 1)
        self.write(b"later\n", self.log + ".1")
        self.assertEqual(self.new(), b"later\n")

    def test_the_renamed_file_is_let_go_after_its_end_and_a_grace_time(self) -> None:
        self.rotate()
        self.write(b"two\n")
        self.new()
        self.assertEqual(len(self.files.open_now), 2)
        self.later()
        self.assertEqual(len(self.files.open_now), 1)

    def test_what_comes_after_the_grace_time_is_found_at_the_next_rotation(self) -> None:
        self.rotate()
        self.write(b"two\n")
        self.new()
        self.later()
        self.write(b"very late\n", self.log + ".1")
        self.assertEqual(self.later(), b"")
        self.rotate()
        self.assertEqual(self.new() + self.later(), b"very late\n")

    def test_an_unfinished_line_is_never_glued_to_the_next_file(self) -> None:
        self.write(b"unfinished")
        self.assertEqual(self.new(), b"")
        self.rotate()
        self.write(b"next\n")
        self.assertEqual(self.new(), b"next\n")
        self.assertEqual(self.later(), b"unfinished\n")
        self.assertEqual(self.later(), b"")

    def test_an_unfinished_line_may_be_finished_after_the_rotation(self) -> None:
        self.write(b"unfin")
        self.rotate()
        self.write(b"next\n")
        self.assertEqual(self.new(), b"next\n")
        self.write(b"ished\n", self.log + ".1")
        self.assertEqual(self.new() + self.later(), b"unfinished\n")

    def test_four_rotations_in_one_burst_are_read_in_order(self) -> None:
        for number in range(4):
            self.write(b"%d\n" % number)
            self.rotate()
        self.write(b"last\n")
        self.assertEqual(self.new(), b"0\n1\n2\n3\nlast\n")
        self.assertEqual(self.later(), b"")
        self.assertEqual(self.counts()["rotations"], 4)

    def test_four_rotations_in_one_burst_with_dates_in_the_names(self) -> None:
        for number in range(4):
            self.write(b"%d\n" % number)
            os.rename(self.log, f"{self.log}-2024010{number + 1}")
        self.write(b"last\n")
        self.assertEqual(self.new() + self.later(), b"0\n1\n2\n3\nlast\n")

    def test_rotations_in_one_burst_whose_numbers_count_upwards(self) -> None:
        """As log4j2 and logback do: the highest number is the newest."""
        for number in range(1, 5):
            self.write(b"g%d\n" % number)
            os.rename(self.log, f"{self.log}.{number}")
            self.clock.advance(0.01)
        self.write(b"last\n")
        self.assertEqual(self.new() + self.later(), b"g1\ng2\ng3\ng4\nlast\n")

    def test_a_burst_is_read_in_the_order_of_writing_whatever_the_numbers(self) -> None:
        for number in (7, 2, 10, 5):
            self.write(b"g%d\n" % number)
            os.rename(self.log, f"{self.log}.{number}")
            self.clock.advance(0.01)
        self.assertEqual(self.new() + self.later(), b"g7\ng2\ng10\ng5\n")

    def test_a_year_of_rotations_is_not_taken_for_new(self) -> None:
        day = 86_400
        for count, name in ((365, ".%d"), (240, "-2025%04d.gz")):
            with self.subTest(count=count, name=name):
                for number in range(count):
                    path = self.log + name % (number + 100)
                    self.write(b"old %d\n" % number, path)
                    written = self.clock.now() - day * (count - number if "2025" in name else number + 1)
                    os.utime(path, (written, written))
                self.overwrite(b"1\n")
                self.follow()
                self.assertEqual(self.new(), b"1\n")
                for line in (b"2\n", b"3\n"):
                    os.rename(self.log, self.log + ".1") if line == b"2\n" else os.rename(self.log, self.log + ".2")
                    self.write(line)
                    self.assertEqual(self.new() + self.later(), line)
                    _, position = self.stop()
                    self.follow(position=json.loads(json.dumps(position)))
                    self.assertEqual(self.new(), b"")
                    self.assertLess(len(json.dumps(position)), 100_000)

    def test_more_rotations_in_one_burst_than_are_remembered(self) -> None:
        for number in range(KNOWN_MAX + 60):
            self.write(b"%d\n" % number)
            os.rename(self.log, f"{self.log}-2024{number:04d}")
            self.clock.advance(1)
        expected = b"".join(b"%d\n" % number for number in range(KNOWN_MAX + 60))
        self.assertEqual(self.new() + self.later(), expected)
        self.rotate()
        self.write(b"last\n")
        self.assertEqual(self.new() + self.later(), b"last\n")

    def test_the_clock_was_set_back_before_a_burst(self) -> None:
        self.later(1)
        self.clock.step(-3600)
        for number in range(3):
            self.write(b"%d\n" % number)
            self.rotate()
        self.write(b"last\n")
        self.assertEqual(self.new() + self.later(), b"0\n1\n2\nlast\n")

    def test_rotated_and_compressed_in_one_burst(self) -> None:
        for number in range(4):
            self.write(b"%d\n" % number)
            self.rotate()
            self.compress()
        self.write(b"last\n")
        self.assertEqual(self.new() + self.later(), b"0\n1\n2\n3\nlast\n")

    def test_what_is_compressed_later_is_not_read_again(self) -> None:
        for number in range(3):
            self.rotate()
            self.write(b"%d\n" % number)
            self.assertEqual(self.new(), b"%d\n" % number)
            self.later()
            self.compress()
            self.assertEqual(self.later(), b"")

    def test_compressed_with_a_delay(self) -> None:
        found = b""
        for number in range(5):
            self.write(b"%d\n" % number)
            self.rotate()
            if number:
                self.compress(2)
            found += self.new() + (self.later() if number % 2 else b"")
        self.assertEqual(found + self.later(), b"0\n1\n2\n3\n4\n")

    def test_while_a_file_is_being_compressed_its_beginning_is_not_taken_for_a_generation(self) -> None:
        self.rotate()
        self.write(b"two\n")
        self.new()
        self.later()
        shutil.copyfile(self.log + ".1", self.log + ".plain")
        self.compress()
        os.rename(self.log + ".1.gz", self.log + ".2.gz")
        os.rename(self.log + ".plain", self.log + ".2")
        with open(self.log + ".2.gz", "rb+") as packed:
            whole = packed.read()
            packed.truncate(15)
        self.rotate_only_current()
        self.write(b"three\n")
        self.assertEqual(self.new() + self.later(2), b"three\n")
        with open(self.log + ".2.gz", "wb") as packed:
            packed.write(whole)
        os.unlink(self.log + ".2")
        self.assertEqual(self.later(20), b"")

    def rotate_only_current(self) -> None:
        os.rename(self.log, self.log + ".1")

    def test_generations_with_the_same_two_kilobytes_of_header(self) -> None:
        header = b"".join(b"# header line %03d of the same 2 KiB\n" % number for number in range(60))
        self.rotate()
        self.write(header)
        self.assertEqual(self.new(), header)
        self.write(b"a\n")
        self.rotate()
        self.write(header + b"b\n")
        self.assertEqual(self.new(), b"a\n" + header + b"b\n")
        self.rotate()
        self.compress(2)
        self.write(header)
        self.assertEqual(self.new(), header)
        self.later()
        self.rotate()
        self.write(header + b"c\n")
        self.assertEqual(self.new() + self.later(), header + b"c\n")
        self.rotate()
        self.compress(2)
        self.assertEqual(self.new() + self.later(), b"")

    def test_other_logs_beside_it_are_left_alone(self) -> None:
        for name in ("access.log.1.save", "access.logs", "access_ssl.log", "access.log-errors", "access"):
            self.write(b"other\n", self.path(name))
        self.rotate()
        self.write(b"two\n")
        self.assertEqual(self.new() + self.later(), b"two\n")

    def test_a_backup_copy_is_not_read(self) -> None:
        for name in ("access.log.bak", "access.log~"):
            shutil.copyfile(self.log, self.path(name))
        self.write(b"two\n")
        self.rotate()
        self.write(b"three\n")
        self.assertEqual(self.new() + self.later(), b"two\nthree\n")
        self.rotate()
        self.assertEqual(self.new() + self.later(), b"")

    def test_a_slow_reader_loses_nothing_in_three_rotations(self) -> None:
        source = self.follow(block_bytes=8)
        self.overwrite(b"".join(b"a%02d\n" % number for number in range(50)))
        blocks = source.chunk()
        found = next(blocks)
        for letter in b"bcd":
            self.rotate()
            self.write(b"".join(b"%c%02d\n" % (letter, number) for number in range(50)))
        found += b"".join(blocks) + self.new()
        self.assertEqual(found, b"".join(b"%c%02d\n" % (letter, number) for letter in b"abcd" for number in range(50)))

    def test_renamed_without_a_successor_it_is_read_on(self) -> None:
        self.rotate()
        self.write(b"two\n", self.log + ".1")
        self.assertEqual(self.new(), b"two\n")
        self.later()
        self.write(b"three\n", self.log + ".1")
        self.assertEqual(self.later(2), b"three\n")


class Truncation(FollowCase):
    def setUp(self) -> None:
        super().setUp()
        self.write(b"one\ntwo\n")
        self.follow()
        self.assertEqual(self.new(), b"one\ntwo\n")

    def test_refilled_with_less_as_much_and_more(self) -> None:
        for data in (b"small\n", b"equal\n", b"larger by far\nthan it was\n"):
            with self.subTest(data=data):
                self.overwrite(data)
                self.assertEqual(self.new(), data)
        self.assertEqual(self.counts()["truncations"], 3)
        self.assertEqual(self.later(), b"")

    def test_seen_empty_in_between(self) -> None:
        self.overwrite(b"")
        self.assertEqual(self.new(), b"")
        self.write(b"one\n")
        self.assertEqual(self.new() + self.later(), b"one\n")

    def test_an_unfinished_line_is_not_glued_to_the_refill(self) -> None:
        self.write(b"unfinished")
        self.new()
        self.overwrite(b"next\n")
        self.assertEqual(sorted((self.new() + self.later()).split()), [b"next", b"unfinished"])

    def test_copytruncate(self) -> None:
        self.write(b"three\n")
        self.copy(self.log + ".1")
        self.overwrite(b"four\n")
        self.assertEqual(self.new() + self.later(), b"three\nfour\n")
        self.assertEqual(self.counts()["truncations"], 1)
        self.assertEqual(self.counts()["lost_bytes"], 0)

    def test_copytruncate_again_and_again_with_compression(self) -> None:
        found = b""
        for number in range(4):
            self.write(b"%d\n" % number)
            self.rotate_copies()
            self.copy(self.log + ".1")
            self.overwrite(b"")
            self.compress()
            found += self.new() + self.later()
        self.assertEqual(found, b"0\n1\n2\n3\n")

    def rotate_copies(self) -> None:
        for number in range(9, 0, -1):
            if os.path.exists(name := f"{self.log}.{number}.gz"):
                os.rename(name, f"{self.log}.{number + 1}.gz")

    def test_copytruncate_in_the_middle_of_a_line(self) -> None:
        self.write(b"thr")
        self.assertEqual(self.new(), b"")
        self.write(b"ee\n")
        self.copy(self.log + ".1")
        self.overwrite(b"four\n")
        self.assertEqual(self.new() + self.later(), b"three\nfour\n")

    def test_copytruncate_in_the_first_line(self) -> None:
        self.overwrite(b"thr")
        self.assertEqual(self.new(), b"")
        self.write(b"ee\n")
        self.copy(self.log + ".1")
        self.overwrite(b"four\n")
        self.assertEqual(self.new() + self.later(), b"three\nfour\n")

    def test_destroyed_lines_are_counted_when_they_were_seen(self) -> None:
        source = self.follow(block_bytes=8)
        self.overwrite(b"1234567\n" * 10)
        blocks = source.chunk()
        found = next(blocks)
        self.overwrite(b"new\n")
        found += b"".join(blocks) + self.new()
        self.assertEqual(found, b"1234567\nnew\n")
        self.assertEqual(self.counts()["lost_bytes"], 72)

    def test_a_hole_of_zeros_is_a_known_gap(self) -> None:
        with open(self.log, "rb+", buffering=0) as writer:  # does not append
            writer.seek(8)
            os.truncate(self.log, 0)
            writer.write(b"three\n")
            self.assertEqual(self.new(), b"three\n")
            self.assertEqual(self.counts()["lost_bytes"], 8)
            writer.write(b"four\n")
            self.assertEqual(self.new(), b"four\n")

    def test_a_hole_of_gigabytes_costs_no_time(self) -> None:
        with open(self.log, "rb+", buffering=0) as writer:
            writer.truncate(0)
            writer.seek(50 << 30)
            writer.write(b"three\n")
            self.assertEqual(self.new(), b"three\n")
        self.assertEqual(self.counts()["lost_bytes"], 50 << 30)
        _, position = self.stop()
        self.write(b"four\n")
        self.follow(position=position)
        self.assertEqual(self.new(), b"four\n")


class Replacement(FollowCase):
    def setUp(self) -> None:
        super().setUp()
        self.write(b"one\ntwo\n")
        self.follow()
        self.assertEqual(self.new(), b"one\ntwo\n")

    def test_deleted_and_created_again(self) -> None:
        os.unlink(self.log)
        self.write(b"three\n")
        self.assertEqual(self.new() + self.later(), b"three\n")

    def test_created_again_on_the_same_inode(self) -> None:
        for data in (b"3\n", b"equal a\n", b"one\ntwX\nand more\n"):
            with self.subTest(data=data):
                self.follow(position=self.stop()[1])
                self.assertEqual(self.new(), b"")
                before = os.stat(self.log).st_ino
                self.source.close() if self.source else None  # so that the inode is free
                for _ in range(50):
                    os.unlink(self.log)
                    self.write(data)
                    if os.stat(self.log).st_ino == before:
                        break
                self.assertEqual(self.new() + self.later(), data)

    def test_unread_bytes_of_a_deleted_file_are_read(self) -> None:
        self.write(b"three\n")
        os.unlink(self.log)
        self.assertEqual(self.new(), b"three\n")
        self.write(b"four\n")
        self.assertEqual(self.new() + self.later(), b"four\n")

    def test_missing_at_start(self) -> None:
        path = self.path("later.log")
        self.follow(path)
        self.assertEqual(self.new() + self.later(), b"")
        self.write(b"one\n", path)
        self.assertEqual(self.new(), b"one\n")

    def test_the_directory_removed_and_made_again(self) -> None:
        directory = self.path("logs")
        path = os.path.join(directory, "access.log")
        os.mkdir(directory)
        self.write(b"one\n", path)
        self.follow(path)
        self.assertEqual(self.new(), b"one\n")
        self.write(b"two\n", path)
        shutil.rmtree(directory)
        self.assertEqual(self.new(), b"two\n")
        self.assertEqual(self.later(), b"")
        os.mkdir(directory)
        self.write(b"three\n", path)
        self.assertEqual(self.new(), b"three\n")

    def test_a_symbolic_link_pointed_elsewhere(self) -> None:
        link = self.path("current.log")
        os.symlink("access.log", link)
        self.follow(link)
        self.assertEqual(self.new(), b"one\ntwo\n")
        self.write(b"three\n")
        self.write(b"four\n", self.path("other"))
        os.symlink("other", link + ".new")
        os.rename(link + ".new", link)
        self.assertEqual(self.new(), b"three\nfour\n")
        self.write(b"late\n")
        self.assertEqual(self.new() + self.later(), b"late\n")

    def test_an_editors_save_brings_only_what_is_new(self) -> None:
        self.write(b"one\ntwo\nthree\n", self.path("new"))
        os.rename(self.path("new"), self.log)
        self.assertEqual(self.new() + self.later(), b"three\n")
        self.write(b"four\n")
        self.assertEqual(self.new(), b"four\n")

    def test_an_editors_save_that_keeps_a_backup(self) -> None:
        os.rename(self.log, self.log + "~")
        self.write(b"one\ntwo\nthree\n")
        self.assertEqual(self.new() + self.later(), b"three\n")

    def test_a_directory_in_its_place_is_told_once_and_waited_out(self) -> None:
        os.unlink(self.log)
        os.mkdir(self.log)
        self.assertEqual(self.new() + self.later(), b"")
        assert self.source is not None
        self.assertEqual(len(self.source.warnings), 1)
        os.rmdir(self.log)
        self.write(b"three\n")
        self.assertEqual(self.new(), b"three\n")


class Failures(FollowCase):
    def test_any_call_may_fail_once(self) -> None:
        for number in (EIO, ESTALE, EACCES):
            for call in ("stat", "fstat", "open", "pread", "listdir"):
                with self.subTest(call=call, error=os.strerror(number)):
                    self.overwrite(b"one\n")
                    self.follow()
                    self.assertEqual(self.new(), b"one\n")
                    self.files.fail(call, number)
                    self.write(b"two\n")
                    self.rotate()
                    self.write(b"three\n")
                    self.assertEqual(sorted((self.new() + self.later()).split()), [b"three", b"two"])

    def test_an_error_while_reading_is_counted_and_tried_again(self) -> None:
        self.write(b"one\n")
        self.follow()
        self.new()
        for number in (EIO, ESTALE):
            self.files.fail("pread", number)
            self.write(b"two\n")
            self.assertEqual(self.new() + self.new(), b"two\n")
        self.assertEqual(self.counts()["errors"], 2)

    def test_permission_denied_then_granted(self) -> None:
        self.write(b"one\n")
        self.follow()
        self.files.fail("open", EACCES, 10)
        self.assertEqual(self.new() + self.later(3), b"")
        assert self.source is not None
        self.assertEqual(len(self.source.warnings), 1)
        self.assertEqual(self.counts()["errors"], 1)
        self.files.fail("open", EACCES, 0)
        self.assertEqual(self.later(2 * SEARCH_SECONDS), b"one\n")

    def test_nothing_is_read_or_opened_when_nothing_changes(self) -> None:
        self.write(b"one\n")
        os.utime(self.log)
        self.follow()
        self.new()
        self.clock.advance(1)  # until the file's time stamps can be trusted
        self.later()
        before = self.files.calls
        self.clock.advance(1)
        self.new()
        self.assertLessEqual(self.files.calls - before, 2)

    def test_few_descriptors_for_many_files(self) -> None:
        environment = self.environment(limit=5)
        paths = [self.path(f"{number}.log") for number in range(40)]
        sources = [FollowSource(path, environment=environment) for path in paths]
        for turn in range(3):
            for path in paths:
                self.write(b"%d\n" % turn, path)
                if turn == 2:
                    os.rename(path, path + ".1")
                    self.write(b"rotated\n", path)
            for source in sources:
                self.source = source
                self.assertEqual(self.new(), b"%d\n" % turn + b"rotated\n" * (turn == 2))
        for path in paths:
            self.write(b"late\n", path + ".1")
        for source in sources:
            self.source = source
            self.assertEqual(self.new(), b"late\n")
        self.assertLessEqual(self.files.most_open, 8)
        for source in sources:
            source.close()
        self.assertFalse(self.files.open_now)


if __name__ == "__main__":
    unittest.main()
