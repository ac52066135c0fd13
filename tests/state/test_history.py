"""What history answers is what going through all lines answers: whatever their order, commits, restarts and kills."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timezone
import os
from random import Random
import sqlite3
import unittest
from unittest import mock

from LogsMonitor2000.alert.state import AlertState
from LogsMonitor2000.analyze.processor import AnalyticsProcessor
from LogsMonitor2000.analyze.totals import TotalsCalculator
from LogsMonitor2000.config.problems import ConfigError
from LogsMonitor2000.config.toml_file import parse_config
from LogsMonitor2000.errors import InputError
from LogsMonitor2000.event import Alert
from LogsMonitor2000.pipeline.monitor import Monitor
from LogsMonitor2000.pipeline.wiring import open_log
from LogsMonitor2000.state.database import Database
from LogsMonitor2000.state.directory import StateDirectory
from LogsMonitor2000.state.history.reader import StoredHistory
from LogsMonitor2000.state.history.recorder import Recorder
from LogsMonitor2000.state.history.settings import DAY, HistorySettings, read_history
from LogsMonitor2000.state.journal import Journal
from LogsMonitor2000.testing import ManualClock
from LogsMonitor2000.web.history import DailyUsage, Durations, Point, TooManyBuckets, Usage

from ..running import numbers
from ..support import SCALE, TemporaryFiles
from ..web.brute_history import BruteHistory, Row
from .test_restart import Lives, append

NOW = 1_795_500_000
"""A Tuesday in November 2026, 02:00 UTC."""


def line(row: Row) -> bytes:
    """The request as nginx's combined format with a duration has it."""
    when = datetime.fromtimestamp(row.time, timezone.utc).strftime("%d/%b/%Y:%H:%M:%S +0000").encode()
    request = b"GET %s/x HTTP/1.1" % row.section
    text = b'10.0.0.1 - %s [%s] "%s" %d %d "-" "curl/8"' % (row.user, when, request, row.status, row.size)
    return text + (b"\n" if row.duration is None else b" %.3f\n" % row.duration)


def rows_at_random(rng: Random, count: int, begin: int, seconds: int, users: int = 5, timed: bool = True) -> list[Row]:
    """Requests in no order."""
    return [
        Row(
            begin + rng.randrange(seconds),
            rng.choice((b"/api", b"/report", b"/%d" % rng.randrange(20))),
            b"user%d" % rng.randrange(users),
            rng.choice((200, 200, 200, 301, 404, 500, 503)),
            rng.randrange(5000),
            round(rng.random() ** 3, 3) if timed else None,
        )
        for _ in range(count)
    ]


class HistoryCase(TemporaryFiles):
    settings = HistorySettings()

    def setUp(self) -> None:
        super().setUp()
        self.state = self.path("state")

    def recorder(self, database: Database) -> Recorder:
        return Recorder(self.settings, lambda alert: f"{alert.name} {alert.state}", database.warnings.append)

    def take(self, recorder: Recorder, rows: Sequence[Row], buffer_time: int = 2) -> None:
        """Let `recorder` collect the rows, read as a log."""
        processor = AnalyticsProcessor([TotalsCalculator()], buffer_time)
        processor.collect(recorder)
        log = self.path("part.log", b"".join(map(line, rows)))
        for _ in Monitor([open_log(log, processor)], processor, clock=ManualClock(NOW + DAY)).events():
            pass

    def record(self, rows: Sequence[Row], rng: Random, buffer_time: int = 2) -> None:
        """Read the rows as logs of random lengths, with a commit after each, and a restart now and then."""
        begin = 0
        database = Database(StateDirectory(self.state))
        recorder = self.recorder(database)
        while begin < len(rows):
            end = begin + rng.choice((1, 20, 300, 1000))
            self.take(recorder, rows[begin:end], buffer_time)
            if rng.random() < 0.3:  # a transaction that fails changes nothing
                with self.assertRaises(sqlite3.OperationalError):
                    database.run(lambda connection: [recorder.write(connection), connection.execute("nonsense")])
            if rng.random() < 0.7 or end >= len(rows):
                database.run(recorder.write, durable=False)
                recorder.committed()
                if rng.random() < 0.2:
                    database.close()
                    database = Database(StateDirectory(self.state))
                    recorder = self.recorder(database)
            begin = end
        database.close()

    def history(self) -> StoredHistory:
        history = StoredHistory(self.state)
        self.addCleanup(history.close)
        return history

    def expect_usage(self, got: DailyUsage | None, wanted: DailyUsage | None) -> None:
        if got is None or wanted is None:
            self.assertEqual(got, wanted)
            return
        self.assertEqual([day for day, _ in got.days], [day for day, _ in wanted.days])
        for one, other in zip([got.total, *(each for _, each in got.days)], [wanted.total, *(each for _, each in wanted.days)]):
            self.expect_close(one, other)

    def expect_close(self, got: Usage, wanted: Usage) -> None:
        self.assertEqual(got[:2], wanted[:2])
        self.expect_numbers(got[2:], wanted[2:])

    def expect_numbers(self, got: Sequence[float | None], wanted: Sequence[float | None]) -> None:
        """The first is a mean, the rest are percentiles."""
        for place, (one, other) in enumerate(zip(got, wanted, strict=True)):
            if one is None or other is None:
                self.assertEqual(one, other)
            elif place == 0:
                self.assertAlmostEqual(one, other, delta=1e-9)
            else:
                self.assertLessEqual(abs(one - other), 0.005 * other + 1e-9)

    def expect_points(self, got: Sequence[Point], wanted: Sequence[Point]) -> None:
        self.assertEqual([each[:4] for each in got], [each[:4] for each in wanted])
        for one, other in zip(got, wanted):
            self.expect_durations(one.durations, other.durations)

    def expect_durations(self, got: Durations | None, wanted: Durations | None) -> None:
        if got is None or wanted is None:
            self.assertEqual(got, wanted)
            return
        self.assertEqual((got.requests, got.max), (wanted.requests, wanted.max))
        self.expect_numbers(got[1:5], wanted[1:5])


class AgainstBruteForce(HistoryCase):
    def test_what_has_no_order(self) -> None:
        for seed in range(3 * SCALE):
            with self.subTest(seed=seed):
                rng = Random(seed)
                self.state = self.path(f"state{seed}")
                span = rng.choice((100, 3000, 90_000, 3 * DAY))
                rows = rows_at_random(rng, 800, NOW - span, span, timed=rng.random() < 0.8)
                if rng.random() < 0.3:
                    rows.sort()
                with mock.patch("LogsMonitor2000.state.history.store.HISTORY_ROWS_FAN", rng.choice((2, 3, 16))):
                    self.record(rows, rng, buffer_time=rng.choice((0, 2, 100)))
                self.expect_all(rows, rng)

    def expect_all(self, rows: Sequence[Row], rng: Random) -> None:
        brute, history = BruteHistory(rows), self.history()
        first = min(row.time for row in rows)
        last = max(row.time for row in rows)
        self.assertEqual(history.span, (first // 10 * 10, last // 10 * 10 + 10))
        for _ in range(12):
            step = rng.choice((60, 120, 600, 3600, 7200, DAY, 7 * DAY))
            since, until = sorted(rng.randrange(first - step, last + step) // step * step for _ in range(2))
            if since >= last - 14 * DAY:
                self.expect_points(history.traffic(since, until, step), brute.traffic(since, until, step))
        recent = (last - 2 * DAY) // 60 * 60 + 60
        self.expect_points(history.traffic(recent, None, 10), brute.traffic(recent, None, 10))
        self.expect_points(history.traffic(None, None, DAY), brute.traffic(None, None, DAY))
        for _ in range(8):
            since, until = sorted(rng.randrange(recent, last + 20) // 10 * 10 for _ in range(2))
            for field in ("section", "user", "status"):
                self.assertEqual(history.top(field, since, until, 5), brute.top(field, since, until, 5))
        for field in ("section", "user", "status"):
            self.assertEqual(history.top(field, None, None, 100), brute.top(field, None, None, 100))
        for user in (None, *(b"user%d" % number for number in range(6))):
            for begin in (None, first // DAY * DAY + DAY, NOW // DAY * DAY + DAY):
                self.expect_usage(history.usage(user, begin), brute.usage(user, begin))

    def test_thirty_days_in_no_order_are_exact_for_each_customer_and_day(self) -> None:
        rng = Random(30)
        rows = rows_at_random(rng, 3000, NOW - 30 * DAY, 30 * DAY, users=50)
        self.record(rows, rng)
        brute, history = BruteHistory(rows), self.history()
        for number in range(50):
            user = b"user%d" % number
            self.expect_usage(history.usage(user, None), brute.usage(user, None))
        self.expect_usage(history.usage(None, None), brute.usage(None, None))
        self.expect_points(history.traffic(None, None, 3600), brute.traffic(None, None, 3600))
        self.assertIsNone(history.usage(b"user50", None))


class Retention(HistoryCase):
    def test_old_narrow_buckets_are_pruned_and_refused(self) -> None:
        rng = Random(1)
        rows = sorted(rows_at_random(rng, 1200, NOW - 20 * DAY, 20 * DAY))
        self.record(rows, rng)
        brute, history = BruteHistory(rows), self.history()
        self.expect_points(history.traffic(None, None, 3600), brute.traffic(None, None, 3600))
        with self.assertRaises(TooManyBuckets) as raised:
            history.traffic(None, None, 60)
        self.assertEqual(raised.exception.step, 3600)
        begin = (NOW - 13 * DAY) // 3600 * 3600
        self.expect_points(history.traffic(begin, None, 60), brute.traffic(begin, None, 60))
        with closing(sqlite3.connect(os.path.join(self.state, "state.sqlite3"))) as connection:
            oldest = dict(connection.execute("SELECT width, min(time) FROM history_part GROUP BY width"))
        last = rows[-1].time
        self.assertGreaterEqual(oldest[10], last - 2 * DAY - 10)
        self.assertGreaterEqual(oldest[60], last - 14 * DAY - 60)
        self.assertEqual(history.top("section", None, None, 9), brute.top("section", None, None, 9))

    def test_past_its_bounds_a_list_knows_by_how_much_it_is_too_low(self) -> None:
        rng = Random(2)
        rows = [Row(NOW, b"/%d" % min(rng.randrange(3000), rng.randrange(3000)), b"-", 200, 1, None) for _ in range(9000)]
        with mock.patch.dict("LogsMonitor2000.limits.HISTORY_VALUES_MAX", {10: 100, 60: 100, 3600: 200, DAY: 500}):
            self.record(rows, rng)
            top = self.history().top("section", None, None, 50)
        wanted = {value: hits for value, hits, _, _ in BruteHistory(rows).top("section", None, None, 10_000).values}
        self.assertEqual(top.total, 9000)
        self.assertGreater(top.error, 0)
        for value, hits, _, _ in top.values:
            self.assertLessEqual(hits, wanted[value])
            self.assertLessEqual(wanted[value] - hits, top.error)


class Users(HistoryCase):
    def test_users_past_the_bound_of_a_day_count_together(self) -> None:
        rows = [Row(NOW + number, b"/", b"user%d" % (number % 7), 200, 1, 0.5) for number in range(70)]
        with mock.patch("LogsMonitor2000.state.history.store.HISTORY_USERS_MAX", 3):
            self.record(rows, Random(1))
        history = self.history()
        found = [usage.total.requests for number in range(7) if (usage := history.usage(b"user%d" % number, None))]
        other = history.usage(b"(other)", None)
        assert other is not None
        self.assertEqual((len(found), set(found), other.total.requests), (3, {10}, 40))


class Alerts(HistoryCase):
    def test_from_start_to_end(self) -> None:
        database = Database(StateDirectory(self.state))
        recorder = self.recorder(database)
        firing = Alert("slow", AlertState.FIRING, 100, 5.0, 4.0, 60, 100, 5.0, (("section", b"/a\x1b"),))
        recorder.collect([firing, Alert("slow", AlertState.PENDING, 90, 5.0, 4.0, 60, 90, 5.0)])
        database.run(recorder.write)
        recorder.committed()
        history = self.history()
        (episode,) = history.alerts(None, None)
        self.assertEqual((episode.name, episode.started, episode.ended, episode.message), ("slow", 100, None, "slow firing"))
        self.assertNotIn("\x1b", episode.group["section"])
        version = history.version
        recorder.collect([firing._replace(state=AlertState.RESOLVED, time=200, peak=9.0)])
        database.run(recorder.write)
        database.close()
        self.assertGreater(history.version, version)
        self.assertEqual([(each.ended, each.peak) for each in history.alerts(150, 300)], [(200, 9.0)])
        self.assertEqual([*history.alerts(201, None), *history.alerts(None, 100)], [])


class Configured(unittest.TestCase):
    def read(self, text: str) -> HistorySettings:
        table = parse_config(text.encode(), "m.toml")
        history = table.table("history")
        settings = read_history([history])
        table.check()
        return settings

    def test_fields_and_retention(self) -> None:
        settings = self.read('[history]\nfields = ["user"]\nkeep = { 10s = "1h", 1h = 1209600 }\n')
        self.assertEqual(settings.fields, ("user",))
        self.assertEqual(dict(settings.keep), {10: 3600, 60: 14 * DAY, 3600: 14 * DAY})

    def test_what_is_wrong(self) -> None:
        for text, message in (
            ('fields = ["color"]', "'color' has no history"),
            ('keep = { 1m = "1h" }', "wider buckets must be kept at least as long"),
            ('keep = { 2m = "1h" }', "2m"),
            ("of = true", "of"),
        ):
            with self.subTest(text=text), self.assertRaisesRegex(ConfigError, message):
                self.read(f"[history]\n{text}\n")


class NoDatabase(HistoryCase):
    def test_a_directory_without_one(self) -> None:
        with self.assertRaisesRegex(InputError, "no history to read"):
            self.history().version


class WhileTheStateCannotBeSaved(HistoryCase):
    def test_what_waits_is_bounded_and_what_is_lost_is_said(self) -> None:
        database = Database(StateDirectory(self.state))
        recorder = self.recorder(database)
        processor = AnalyticsProcessor([TotalsCalculator()])
        processor.collect(recorder)
        rows = [Row(NOW, b"/", b"-", 200, 1, None)] * 10
        log = self.path("a.log", b"".join(map(line, rows)))
        with mock.patch("LogsMonitor2000.state.history.recorder.HISTORY_UNSAVED_MAX", 5):
            for _ in range(2):
                numbers(Monitor([open_log(log, processor)], processor, clock=ManualClock(NOW)).events())
                with self.assertRaises(sqlite3.OperationalError):
                    database.run(lambda connection: [recorder.write(connection), connection.execute("nonsense")])
        database.warnings.clear()
        database.run(recorder.write)
        recorder.committed()
        self.assertIn("history lacks 10 requests, read while the state could not be saved", database.warnings)
        self.assertEqual(self.history().top("section", None, None, 1).total, 10)
        database.close()


class Killed(Lives):
    """Following with rotations and kills at random instants."""

    def prepare(self, processor: AnalyticsProcessor, journal: Journal) -> None:
        recorder = Recorder(HistorySettings(), lambda alert: alert.name, journal.warn)
        processor.collect(recorder)
        journal.join(recorder)

    def test_every_line_counts_once(self) -> None:
        kills = 0
        for seed in range(6 * SCALE):
            rng = Random(seed)
            self.fresh()
            rows = rows_at_random(rng, 150, NOW, 40, users=3)
            log = b"".join(map(line, rows))
            path, state = self.path(f"{seed}.log", b""), self.path(f"{seed}.state")
            written = 0
            summary = None
            while summary is None or written < len(log):

                def step(made: Monitor) -> None:
                    nonlocal written
                    self.clock.advance(rng.choice((0.1, 0.6)))
                    piece = log[written : written + rng.choice((10, 100, 1000))]
                    append(path, piece)
                    written += len(piece)
                    if written == len(log) and not piece:
                        made.stop()

                lives = None if written == len(log) else rng.randrange(150)
                summary = self.live([path], state, step, lives=lives, options=self.options._replace(log_format="timed"))
                self.record.seen.clear()
                self.record.unnoted.clear()
                kills += summary is None
            with closing(StoredHistory(state)) as history:
                self.assertEqual(history.top("section", None, None, 30), BruteHistory(rows).top("section", None, None, 30))
                usage, wanted = history.usage(b"user1", None), BruteHistory(rows).usage(b"user1", None)
                assert usage is not None and wanted is not None
                self.assertEqual(usage.total[:2], wanted.total[:2])
        self.assertGreater(kills, 10)


if __name__ == "__main__":
    unittest.main()
