"""What is emitted is covered by a commit, and what a commit covers is emitted: once."""

from __future__ import annotations

from collections.abc import Sequence
import os
import sqlite3
from typing import Any, NamedTuple
import unittest

from LogsMonitor2000.event import Alert, Event, MalformedLine, Notice, Stats, Summary
from LogsMonitor2000.limits import RECORDED_BYTES_MIN, RESUMED_MAX, STATE_SECONDS, STATE_SHARE
from LogsMonitor2000.runtime.clock import Clock
from LogsMonitor2000.serialize import EventCodec
from LogsMonitor2000.state.directory import DATABASE
from LogsMonitor2000.state.journal import Journal
from LogsMonitor2000.state.open import open_state
from LogsMonitor2000.testing import ManualClock

from ..logs import START
from ..support import TemporaryFiles


class Own(NamedTuple):
    """What another author's calculator may yield."""

    text: str
    pairs: tuple[tuple[bytes, float], ...] = ()

    @property
    def order(self) -> tuple[int, int]:
        return 1, 1


def stats(number: int) -> Stats:
    sections, sources = [(b"/\xff\x00", 2), (b"(other)", 1)], [(b"10.0.0.1", 3)]
    return Stats(START + number, 1, 3, 1 << 60, sections, sources, {b"2": 2, b"\xfe": 1})


ALERT = Alert("high_traffic", "firing", START, 20 / 7, 0.1, 7, START - 3, 1e300)
EVENTS: list[Event] = [
    stats(0),
    ALERT,
    MalformedLine("a\udcff.log", 3, "structure", bytes(range(256))),
    Notice("\udcfe is \N{SNOWMAN}", verbose=True),
    Notice(""),
    Stats(START, 10, 0, 0, [], [], {}),
]


class JournalCase(TemporaryFiles):
    codec = EventCodec()

    def setUp(self) -> None:
        super().setUp()
        self.clock = ManualClock()
        self.state = self.path("state")
        self.journal = self.begin()
        self.addCleanup(lambda: self.journal.close())

    def begin(self, **options: Any) -> Journal:
        return Journal(open_state(self.state, self.clock), self.clock, self.codec, **options)

    def restart(self, **options: Any) -> Journal:
        """As after a crash: nothing is done but that the directory is released."""
        self.journal.close()
        self.journal = self.begin(**options)
        return self.journal

    def commit(self, *events: Event, run: dict[str, Any] | None = None, lines: int = 0, at_once: bool = False) -> list[Event]:
        return self.journal.commit(events, lambda: (run or {}).get("windows"), lambda: run or {}, lines=lines, at_once=at_once)

    def later(self, *events: Event, run: dict[str, Any] | None = None) -> list[Event]:
        """What is released once a commit is due."""
        self.clock.advance(STATE_SECONDS)
        return self.commit(*events, run=run)

    def saved(self) -> list[tuple[object, ...]]:
        return self.journal.database.read("SELECT * FROM snapshot")

    def locked(self) -> sqlite3.Connection:
        """Another process that keeps the database locked."""
        other = sqlite3.connect(os.path.join(self.state, DATABASE), isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN IMMEDIATE")
        return other


class Releasing(JournalCase):
    def test_nothing_is_released_before_a_commit_is_due(self) -> None:
        self.assertEqual(self.commit(stats(0)), [stats(0)], "the first one is due")
        written = self.saved()
        self.assertEqual(self.commit(stats(1)), [])
        self.clock.advance(STATE_SECONDS * 0.9)
        self.assertEqual(self.commit(Notice("x"), stats(2)), [])
        self.assertEqual(self.saved(), written)
        self.clock.advance(STATE_SECONDS * 0.2)
        self.assertEqual(self.commit(stats(3)), [stats(1), Notice("x"), stats(2), stats(3)])
        self.assertNotEqual(self.saved(), written)
        self.assertEqual(self.later(), [])

    def test_what_cannot_wait_takes_along_what_came_before(self) -> None:
        for urgent in (ALERT, Summary(1, 1)):
            with self.subTest(urgent=urgent):
                self.later(stats(0))
                self.assertEqual(self.commit(stats(1)), [])
                self.assertEqual(self.commit(stats(2), urgent, stats(3)), [stats(1), stats(2), urgent, stats(3)])
        self.assertEqual(self.commit(stats(4), at_once=True), [stats(4)])

    def test_a_pending_alert_can_wait(self) -> None:
        self.later(stats(0))
        self.assertEqual(self.commit(ALERT._replace(state="pending")), [])

    def test_after_so_many_lines_a_commit_is_due(self) -> None:
        self.restart(lines=100, interval=3600)
        self.commit(lines=1)
        for lines, expected in ((60, []), (39, []), (1, [stats(0)] * 3), (99, []), (1, [stats(0)] * 2)):
            self.assertEqual(self.commit(stats(0), lines=lines), expected)

    def test_without_a_change_nothing_is_written(self) -> None:
        asked: list[int] = []

        def snapshot() -> dict[str, Any]:
            asked.append(1)
            return {}

        for lines, expected in ((0, 0), (1, 1), (0, 1)):
            self.clock.advance(2 * STATE_SECONDS)
            self.journal.commit([], snapshot, dict, lines=lines)
            self.assertEqual(len(asked), expected)
        self.journal.commit([], snapshot, dict, lines=1)  # too early, but not forgotten
        self.clock.advance(STATE_SECONDS)
        self.journal.commit([], snapshot, dict)
        self.assertEqual(len(asked), 2)

    def test_the_snapshot_is_of_the_moment_and_covers_what_is_released(self) -> None:
        self.later(stats(0), run={"position": 1})
        self.commit(stats(1), run={"position": 2})
        self.assertEqual(self.restart().found, {"processor": None, "position": 1})
        self.assertEqual(self.commit(), [stats(0)], "the other one will be read again")

    def test_a_snapshot_is_handed_out_for_acknowledgement_once_it_is_committed(self) -> None:
        self.later(run={"position": 1})
        self.assertIsNone(self.journal.take_committed(), "nothing had changed")
        self.later(stats(0), run={"position": 1})
        self.assertEqual(self.journal.take_committed(), {"position": 1})
        self.assertIsNone(self.journal.take_committed())
        other = self.locked()
        self.later(stats(0), run={"position": 2})
        self.assertIsNone(self.journal.take_committed())
        other.execute("COMMIT")
        self.later(stats(0), run={"position": 3})
        self.assertEqual(self.journal.take_committed(), {"position": 3})

    def test_a_first_run_finds_nothing(self) -> None:
        self.assertIsNone(self.journal.found)
        self.assertEqual(self.journal.notices(), [])
        self.assertEqual(self.journal.report(), [])


class Restarting(JournalCase):
    def test_what_was_not_noted_as_emitted_is_emitted_by_the_next_run(self) -> None:
        self.later(stats(0), stats(1))
        self.restart()
        self.assertEqual(self.commit(stats(2)), [stats(0), stats(1), stats(2)])
        self.restart()  # it was not noted this time either
        self.assertEqual(self.commit(), [stats(0), stats(1), stats(2)])
        self.journal.emitted()
        self.restart()
        self.assertEqual(self.later(), [])

    def test_what_was_noted_as_emitted_is_not_emitted_again(self) -> None:
        self.later(stats(0))
        self.journal.emitted()
        self.later(stats(1), run={"n": 7})
        self.journal.emitted()
        self.assertEqual(self.restart().found, {"processor": None, "n": 7})
        self.assertEqual(self.later(), [])
        self.assertEqual(self.later(stats(2)), [stats(2)])

    def test_of_several_commits_only_what_was_not_noted(self) -> None:
        self.later(stats(0))
        self.journal.emitted()
        self.later(stats(1))
        self.restart()
        self.assertEqual(self.commit(stats(2)), [stats(1), stats(2)])

    def test_an_alert_that_was_not_emitted_does_not_wait(self) -> None:
        self.later(ALERT)
        self.restart()
        self.assertEqual(self.commit(), [ALERT])

    def test_a_summary_is_of_its_run_and_not_emitted_by_the_next(self) -> None:
        self.later(stats(0), Summary(1, 1))
        self.restart()
        self.assertEqual(self.later(), [stats(0)])

    def test_a_snapshot_that_is_not_as_it_was_written_is_set_aside(self) -> None:
        for damage in ("UPDATE snapshot SET value = '[1]'", "UPDATE pending SET event = '[]'", "DROP TABLE pending"):
            self.later(stats(0), run={"n": 1})
            self.journal.database.read(damage)
            self.restart()
            with self.subTest(damage):
                self.assertIsNone(self.journal.found)
                (notice,) = self.journal.notices()
                self.assertIn("starting with empty state", notice.text)
                self.assertEqual(self.journal.notices(), [])
                self.assertEqual(self.later(stats(1), run={"n": 2}), [stats(1)])
                self.assertEqual(self.restart().found, {"processor": None, "n": 2})

    def test_resuming_says_from_where_and_how_old_the_snapshot_is(self) -> None:
        self.later(stats(0), run={"n": 1})
        self.clock.advance(200)
        self.restart().report_resuming({f"{number}.log": 1233 for number in range(RESUMED_MAX + 2)})
        texts = [notice.text for notice in self.journal.notices()]
        self.assertRegex(texts[0], r"resuming from the snapshot of 20\d\d-\d\d-\d\dT[\d:]+\+00:00, 3 min 20 s old$")
        self.assertIn("resuming 0.log at line 1,234", texts[1])
        self.assertIn("resuming 2 more inputs", texts[-1])
        self.assertEqual(len(texts), RESUMED_MAX + 2)


class Kinds(JournalCase):
    codec = EventCodec([Own])

    def test_every_type_survives_in_order(self) -> None:
        events = [*EVENTS, Own("mine", ((b"\xff", 0.5),))]
        self.later(*events)
        self.restart()
        loaded = self.commit()
        self.assertEqual(loaded, events)
        self.assertEqual([type(event) for event in loaded], [type(event) for event in events])
        self.assertEqual(repr(loaded), repr(events), "lists are lists and tuples are tuples")

    def test_a_type_that_is_not_declared_is_emitted_but_not_kept(self) -> None:
        class Notice(NamedTuple):  # by the name of one of ours
            text: str

            @property
            def order(self) -> tuple[int, int]:
                return 0, 0

        own: list[Event] = [Own("object", object()), Notice("theirs")]  # type: ignore[arg-type]
        self.assertEqual(self.later(own[0], stats(0), own[1]), [own[0], stats(0), own[1]])
        self.restart()
        self.assertEqual(self.commit(), [stats(0)])

    def test_a_type_that_is_no_longer_declared_is_not_imported_by_its_name(self) -> None:
        self.later(Own("mine"))
        self.codec = EventCodec()
        self.restart()
        self.assertEqual(self.commit(), [])
        self.assertIn("starting with empty state", self.journal.notices()[0].text)

    def test_only_named_tuples_can_be_declared(self) -> None:
        for kind in (int, tuple, dict):
            with self.subTest(kind=kind), self.assertRaises(TypeError):
                EventCodec([kind])


class Noting:
    """A participant that writes the texts of the notices into a table of its own."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.commits = 0

    def collect(self, events: Sequence[Event]) -> None:
        self.texts += [event.text for event in events if isinstance(event, Notice)]

    def write(self, connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE IF NOT EXISTS noted (text)")
        connection.executemany("INSERT INTO noted VALUES (?)", [(text,) for text in self.texts])

    def committed(self) -> None:
        self.texts.clear()
        self.commits += 1


class Participants(JournalCase):
    def test_they_write_in_the_same_transaction(self) -> None:
        noting = Noting()
        self.journal.join(noting)
        self.later(Notice("a"), run={"n": 1})
        other = self.locked()
        self.later(Notice("b"), run={"n": 2})
        self.journal.emitted()
        self.assertEqual(noting.texts, ["b"])
        other.execute("COMMIT")
        self.journal.database.read("CREATE TRIGGER full BEFORE INSERT ON noted BEGIN SELECT RAISE(ABORT, 'no room'); END")
        self.later(Notice("c"), run={"n": 3})
        self.assertEqual(self.restart().found, {"processor": None, "n": 1}, "the snapshot was rolled back with it")
        self.journal.database.read("DROP TRIGGER full")
        self.journal.join(noting)
        self.later(Notice("d"), run={"n": 4})
        self.assertEqual(
            self.journal.database.read("SELECT text FROM noted"),
            [(text,) for text in "abcd"],
            "each once, though some were repeated",
        )
        self.assertEqual(noting.texts, [])


class Ticking(Clock):
    """A clock that takes a moment to look at: what is done between two looks takes longer than a large snapshot may."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ticks = 0

    def now(self) -> float:
        return self._clock.now()

    def elapsed(self) -> float:
        self._ticks += 1
        return self._clock.elapsed() + self._ticks * STATE_SECONDS / STATE_SHARE * 1.2


class Recording(JournalCase):
    """The snapshot takes long, so it is written seldom, and what was done to the processor in between."""

    def begin(self, **options: Any) -> Journal:
        return Journal(open_state(self.state, self.clock), Ticking(self.clock), self.codec, **options)

    def whole(self) -> int:
        return int(str(self.journal.database.read("SELECT value FROM snapshot WHERE name = 'run'")[0][0]).split(":")[1][:-1])

    def test_an_alert_is_committed_with_what_was_recorded(self) -> None:
        self.later(run={"windows": 0})
        self.commit(ALERT, run={"windows": 1, "position": 1})
        self.assertTrue(self.journal.is_recording)
        for number in range(3):
            self.journal.record(["add", number])
            self.assertEqual(self.commit(ALERT, run={"windows": 2, "position": 2 + number}), [ALERT])
            self.journal.emitted()
        self.assertEqual(self.whole(), 1, "the snapshot was not written again")
        self.restart()
        self.assertEqual(self.journal.found, {"processor": 1, "windows": 2, "position": 4})
        self.assertEqual(self.journal.operations, [["add", number] for number in range(3)])
        self.assertFalse(self.journal.is_recording)
        self.commit(ALERT, run={"windows": 3})
        self.assertEqual(self.whole(), 3, "the first snapshot of a run is whole, and replaces all before")
        self.assertEqual(self.restart().operations, [])

    def test_a_whole_one_is_written_at_the_end_and_when_there_is_much_to_replay(self) -> None:
        self.commit(ALERT, run={"windows": 1})
        self.journal.record(["add", 1])
        self.journal.commit([], lambda: 2, dict, at_once=True, whole=True)
        self.assertEqual((self.whole(), self.restart().operations), (2, []))
        self.commit(ALERT, run={"windows": 3})
        self.journal.record(["add", "x" * RECORDED_BYTES_MIN])
        self.commit(ALERT, run={"windows": 4})
        self.assertEqual((self.whole(), self.restart().operations), (4, []))

    def test_a_processor_that_has_become_another_is_committed_as_a_whole(self) -> None:
        self.commit(ALERT, run={"windows": 1})
        self.journal.record(["add", 1])
        self.journal.stop_recording()
        self.commit(ALERT, run={"windows": 2})
        self.assertEqual((self.whole(), self.restart().operations), (2, []))

    def test_what_could_not_be_committed_is_committed_later(self) -> None:
        self.commit(ALERT, run={"windows": 1})
        other = self.locked()
        for number in range(2):
            self.journal.record(["add", number])
            self.commit(ALERT, run={"windows": 2})
        other.execute("COMMIT")
        self.journal.record(["add", 2])
        self.commit(ALERT, run={"windows": 3})
        self.assertEqual((self.whole(), self.restart().operations), (1, [["add", number] for number in range(3)]))

    def test_after_a_whole_one_that_failed_nothing_is_recorded_on_its_ground(self) -> None:
        self.commit(ALERT, run={"windows": 1})
        self.restart()
        other = self.locked()
        self.commit(ALERT, run={"windows": 2})
        other.execute("COMMIT")
        self.assertFalse(self.journal.is_recording, "nothing was recorded since the snapshot on disk")
        self.commit(ALERT, run={"windows": 3})
        self.assertEqual(self.whole(), 3)


class Failing(JournalCase):
    def test_where_nothing_can_be_written_all_is_emitted_all_the_same(self) -> None:
        self.later(stats(0), run={"n": 0})
        self.journal.emitted()
        other = self.locked()
        said: list[str] = []
        for number in range(3):
            self.assertEqual(self.later(stats(number)), [stats(number)])
            said += [notice.text for notice in self.journal.notices()]
        self.assertEqual(len(said), 1)
        self.assertIn(f"{self.state}/{DATABASE}: cannot save the state (database is locked)", said[0])
        self.assertEqual(self.journal.report(), [f"{self.state}/{DATABASE}: the state could not be saved 3 times"])
        other.execute("COMMIT")
        self.assertEqual(self.later(stats(3), run={"n": 1}), [stats(3)])
        self.assertIn("is being saved again", self.journal.notices()[0].text)
        self.assertEqual(self.restart().found, {"processor": None, "n": 1})
        self.assertEqual(self.commit(), [stats(3)])

    def test_a_note_that_cannot_be_written_repeats_but_loses_nothing(self) -> None:
        self.later(stats(0))
        other = self.locked()
        self.journal.emitted()
        other.execute("COMMIT")
        self.restart()
        self.assertEqual(self.commit(), [stats(0)])

    def test_a_note_is_made_up_for_by_the_next_commit(self) -> None:
        self.later(stats(0))
        other = self.locked()
        self.journal.emitted()
        other.execute("COMMIT")
        self.later(stats(1))
        self.restart()
        self.assertEqual(self.commit(), [stats(1)])

    def test_the_operator_hears_what_the_monitor_found(self) -> None:
        self.journal.warn("is odd")
        self.assertEqual(self.journal.notices(), [Notice(f"{self.state}/{DATABASE}: is odd")])


if __name__ == "__main__":
    unittest.main()
