"""What is told is covered by a snapshot, and what a snapshot covers is told: once."""

from __future__ import annotations

import errno
import json
import os
from typing import NamedTuple
import unittest
from unittest import mock

from LogsMonitor2000.event import Alert, Event, MalformedLine, Notice, Stats, Summary
from LogsMonitor2000.limits import STATE_SECONDS
from LogsMonitor2000.state.directory import SNAPSHOT, StateDirectory
from LogsMonitor2000.state.journal import KINDS, NOTE, Journal, dump_event, load_event
from LogsMonitor2000.testing import ManualClock

from ..logs import START
from ..support import TemporaryFiles


class Own(NamedTuple):
    """What a calculator of somebody's own may yield."""

    text: str

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
    def setUp(self) -> None:
        super().setUp()
        self.clock = ManualClock()
        self.state = self.path("state")
        self.journal = self.begin()
        self.addCleanup(lambda: self.journal.close())

    def begin(self) -> Journal:
        return Journal(StateDirectory(self.state), self.clock)

    def restart(self) -> Journal:
        """As after a crash: nothing is done but that the lock is let go."""
        self.journal.close()
        self.journal = self.begin()
        return self.journal

    def release(self, *events: Event, run: object = None, has_changed: bool = False, at_once: bool = False) -> list[Event]:
        return self.journal.commit(events, lambda: run, has_changed=has_changed, at_once=at_once)

    def later(self, *events: Event, run: object = None) -> list[Event]:
        """What is released once a snapshot is due."""
        self.clock.advance(STATE_SECONDS)
        return self.release(*events, run=run)

    def on_disk(self) -> bytes:
        with open(os.path.join(self.state, SNAPSHOT), "rb") as file:
            return file.read()


class Releasing(JournalCase):
    def test_nothing_is_released_before_a_snapshot_is_due(self) -> None:
        self.assertEqual(self.release(stats(0)), [stats(0)], "the first one is due")
        written = self.on_disk()
        self.assertEqual(self.release(stats(1)), [])
        self.clock.advance(STATE_SECONDS * 0.9)
        self.assertEqual(self.release(Notice("x"), stats(2)), [])
        self.assertEqual(self.on_disk(), written)
        self.clock.advance(STATE_SECONDS * 0.2)
        self.assertEqual(self.release(stats(3)), [stats(1), Notice("x"), stats(2), stats(3)])
        self.assertNotEqual(self.on_disk(), written)
        self.assertEqual(self.later(), [])

    def test_what_cannot_wait_takes_along_what_came_before(self) -> None:
        for urgent in (ALERT, Summary(1, 1)):
            with self.subTest(urgent=urgent):
                self.later(stats(0))
                self.assertEqual(self.release(stats(1)), [])
                self.assertEqual(self.release(stats(2), urgent, stats(3)), [stats(1), stats(2), urgent, stats(3)])
        self.assertEqual(self.release(stats(4), at_once=True), [stats(4)])

    def test_at_once_with_nothing_to_tell_and_nothing_changed_writes_nothing(self) -> None:
        self.release(at_once=True)
        self.assertEqual(os.listdir(self.state), ["lock"])

    def test_without_a_change_nothing_is_written(self) -> None:
        asked: list[int] = []

        def snapshot() -> object:
            asked.append(1)
            return {}

        for has_changed, expected in ((False, 0), (True, 1), (False, 1)):
            self.clock.advance(2 * STATE_SECONDS)
            self.journal.commit([], snapshot, has_changed=has_changed)
            self.assertEqual(len(asked), expected)
        self.journal.commit([], snapshot, has_changed=True)  # too early, but not forgotten
        self.clock.advance(STATE_SECONDS)
        self.journal.commit([], snapshot)
        self.assertEqual(len(asked), 2)

    def test_the_snapshot_is_of_the_moment_and_covers_what_is_released(self) -> None:
        self.later(stats(0), run={"position": 1})
        self.release(stats(1), run={"position": 2})
        self.assertEqual(self.restart().found, {"position": 1})
        self.assertEqual(self.release(), [stats(0)], "the other one will be read again")

    def test_a_first_run_finds_nothing(self) -> None:
        self.assertIsNone(self.journal.found)
        self.assertEqual(self.journal.notices(), [])
        self.assertEqual(self.journal.report(), [])


class Restarting(JournalCase):
    def test_what_was_not_noted_as_told_is_told_by_the_next_one(self) -> None:
        self.later(stats(0), stats(1))
        self.restart()
        self.assertEqual(self.release(stats(2)), [stats(0), stats(1), stats(2)])
        self.restart()  # it was not noted this time either
        self.assertEqual(self.release(), [stats(0), stats(1), stats(2)])
        self.journal.emitted()
        self.restart()
        self.assertEqual(self.later(), [])

    def test_what_was_noted_as_told_is_not_told_again(self) -> None:
        self.later(stats(0))
        self.journal.emitted()
        self.later(stats(1), run=7)
        self.journal.emitted()
        self.assertEqual(self.restart().found, 7)
        self.assertEqual(self.later(), [])
        self.assertEqual(self.later(stats(2)), [stats(2)])

    def test_of_several_releases_only_what_was_not_noted(self) -> None:
        self.later(stats(0))
        self.journal.emitted()
        self.later(stats(1))
        self.restart()
        self.assertEqual(self.release(stats(2)), [stats(1), stats(2)])

    def test_an_alert_that_was_not_told_does_not_wait(self) -> None:
        self.later(ALERT)
        self.restart()
        self.assertEqual(self.release(), [ALERT])

    def test_a_summary_is_of_its_run_and_not_told_by_the_next(self) -> None:
        self.later(stats(0), Summary(1, 1))
        self.restart()
        self.assertEqual(self.later(), [stats(0)])

    def test_a_note_from_before_damage_swallows_nothing(self) -> None:
        for _ in range(3):
            self.later(stats(0))
            self.journal.emitted()
        with open(os.path.join(self.state, SNAPSHOT), "wb") as file:
            file.write(b"\0" * 100)
        self.assertIsNone(self.restart().found)
        (notice,) = self.journal.notices()
        self.assertIn("starting afresh", notice.text)
        self.assertEqual(self.journal.notices(), [])
        self.assertEqual(self.later(stats(1)), [stats(1)])
        self.restart()
        self.assertEqual(self.release(), [stats(1)])

    def test_a_note_that_is_lost_or_damaged_repeats_but_loses_nothing(self) -> None:
        for damage in (None, b"", b"\0" * 20, b"garbage"):
            self.later(stats(0))
            self.journal.emitted()
            note = os.path.join(self.state, NOTE)
            os.unlink(note)
            if damage is not None:
                with open(note, "wb") as file:
                    file.write(damage)
            self.restart()
            with self.subTest(damage=damage):
                self.assertEqual(self.release(), [stats(0)])
                self.journal.emitted()
                self.restart()
                self.assertEqual(self.release(), [])

    def test_a_snapshot_of_something_else_is_told_of(self) -> None:
        self.journal.close()
        directory = StateDirectory(self.state)
        directory.save({"reader": {}})
        directory.close()
        self.journal = self.begin()
        self.assertIsNone(self.journal.found)
        self.assertEqual([notice.verbose for notice in self.journal.notices()], [False])
        self.assertEqual(self.later(stats(0)), [stats(0)])

    def test_a_kind_of_somebodys_own_is_told_but_not_remembered(self) -> None:
        class Notice(NamedTuple):  # by the name of one of ours
            text: str

            @property
            def order(self) -> tuple[int, int]:
                return 0, 0

        own = [Own("mine"), Notice("theirs")]
        self.assertEqual(self.later(own[0], stats(0), own[1]), [own[0], stats(0), own[1]])
        self.restart()
        self.assertEqual(self.release(), [stats(0)])


class Remembering(JournalCase):
    def test_every_kind_survives(self) -> None:
        self.assertEqual({type(event).__name__ for event in EVENTS}, set(KINDS))
        for event in EVENTS:
            dumped = dump_event(event)
            assert dumped is not None
            loaded = load_event(json.loads(json.dumps(dumped)))
            with self.subTest(event=event):
                self.assertIs(type(loaded), type(event))
                self.assertEqual(loaded, event)
                self.assertEqual(repr(loaded), repr(event), "lists are lists and tuples are tuples")

    def test_they_survive_on_disk_and_in_order(self) -> None:
        self.later(*EVENTS)
        self.restart()
        self.assertEqual(self.release(), EVENTS)

    def test_a_note_is_private(self) -> None:
        self.later(stats(0))
        self.journal.emitted()
        for name in os.listdir(self.state):
            self.assertEqual(os.stat(os.path.join(self.state, name)).st_mode & 0o777, 0o600, name)


class Failing(JournalCase):
    def test_where_nothing_can_be_written_all_is_told_all_the_same(self) -> None:
        said: list[str] = []
        with mock.patch.object(StateDirectory, "_write", side_effect=OSError(errno.ENOSPC, "No space left on device")):
            for number in range(3):
                self.assertEqual(self.later(stats(number)), [stats(number)])
                self.journal.emitted()
                said += [notice.text for notice in self.journal.notices()]
        self.assertEqual(len(said), 1)
        self.assertIn(self.state, said[0])
        self.assertIn("No space left on device", said[0])
        self.assertEqual(self.journal.report(), [f"{self.state}: the state could not be saved 3 times"])
        self.assertEqual(self.later(stats(3), run=1), [stats(3)])
        self.assertEqual(self.restart().found, 1)
        self.assertEqual(self.release(), [stats(3)])

    def test_where_a_snapshot_failed_and_its_note_did_not(self) -> None:
        self.later(stats(0), run="old")
        self.journal.emitted()
        with mock.patch.object(StateDirectory, "_write", side_effect=OSError(errno.ENOSPC, "No space left on device")):
            self.later(stats(1), run="lost")
            self.journal.emitted()
        self.assertEqual(self.restart().found, "old")
        self.assertEqual(self.later(stats(2), run="new"), [stats(2)])
        self.assertEqual(self.restart().found, "new")
        self.assertEqual(self.release(), [stats(2)])

    def test_a_note_that_cannot_be_written_stops_nothing(self) -> None:
        self.later(stats(0))
        with mock.patch("os.pwrite", side_effect=OSError(errno.EROFS, "Read-only file system")):
            self.journal.emitted()
        self.restart()
        self.assertEqual(self.release(), [stats(0)])

    def test_a_person_is_told_what_the_monitor_found(self) -> None:
        self.journal.warn("is odd")
        self.assertEqual(self.journal.notices(), [Notice(f"{self.state}: is odd")])


class TheLock(JournalCase):
    def test_it_is_held_until_closed(self) -> None:
        with self.assertRaisesRegex(Exception, "another monitor"):
            self.begin()
        self.restart()


if __name__ == "__main__":
    unittest.main()
