"""What is kept on disk: whole, private, apart for each delivery; through locks, full disks, damage, and rows of other versions."""

from __future__ import annotations

from collections.abc import Callable
import json
import os
from random import Random
import sqlite3
import stat
import threading
import time
from typing import TypeVar
import unittest

from LogsMonitor2000.deliver.message import fingerprint_of
from LogsMonitor2000.deliver.outbox import Changes, GroupRecord, Outbox, Record
from LogsMonitor2000.deliver.stored import StoredOutbox
from LogsMonitor2000.event import Alert
from LogsMonitor2000.serialize import EventCodec
from LogsMonitor2000.state.database import Database
from LogsMonitor2000.state.directory import DATABASE
from LogsMonitor2000.state.open import open_state
from LogsMonitor2000.state.outbox import DeliveryStore

from ..support import TemporaryFiles
from .making import NASTY, NOW, dispatch, firing, resolved

T = TypeVar("T")


def kept(*records: Record, group: GroupRecord | None = None) -> Changes:
    changes = Changes()
    for record in records:
        changes.keep(record)
    if group is not None:
        changes.keep_group(group)
    return changes


class Faulty:
    """A store that fails as long as there is a `fault`."""

    path = "state.sqlite3"

    def __init__(self, store: DeliveryStore) -> None:
        self._store = store
        self.fault: Exception | None = None
        self.tries = 0

    def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self.tries += 1
        if self.fault is not None:
            raise self.fault
        return self._store.run(work)


class OutboxTest(TemporaryFiles):
    state: Database | None = None

    def store(self) -> DeliveryStore:
        """What deliveries share in a new process; the one before is over."""
        if self.state is not None:
            self.state.close()
        self.state = open_state(self.path("state"))
        self.addCleanup(self.state.close)
        return DeliveryStore(self.state)

    def outbox(self, delivery: str = "slack") -> Outbox:
        """The outbox as a new process finds it."""
        return self.store().outbox(delivery)

    def database(self) -> sqlite3.Connection:
        database = sqlite3.connect(self.path(f"state/{DATABASE}"), isolation_level=None, timeout=0)
        self.addCleanup(database.close)
        return database

    def found(self, delivery: str = "slack") -> list[str]:
        """The fingerprints that are saved."""
        rows = self.database().execute("SELECT fingerprint FROM deliveries WHERE delivery=? ORDER BY 1", (delivery,))
        return [fingerprint for (fingerprint,) in rows]


class Keeping(OutboxTest):
    def test_records_come_back_as_they_were(self) -> None:
        alert = firing("errors", NOW, NASTY, lines=(NASTY,), causes=(("source", b"\xff", 0.5, True),))
        records = [
            Record("a1", alert, since=100.5),
            Record("b2", resolved(alert, NOW + 9), sent="firing", is_pending=True, is_final=True, until=7.25),
        ]
        outbox = self.outbox()
        self.assertEqual(outbox.load(), ([], []))
        outbox.save(kept(*records, group=GroupRecord("{}", 5.5, 3)))
        outbox.save(kept(Record("c3", alert)))
        forgotten = Changes()
        forgotten.forget("c3")
        forgotten.forget_group("{other}")
        outbox.save(forgotten)
        outbox.close()
        self.assertEqual(self.outbox().load(), (records, [GroupRecord("{}", 5.5, 3)]))
        self.assertEqual(self.outbox("other").load(), ([], []))
        self.assertEqual(self.outbox().warnings, [])

    def test_later_changes_win(self) -> None:
        record, group = Record("a1", firing()), GroupRecord("{}", 1.0)
        changes, forgotten = kept(record, group=group), Changes()
        forgotten.forget("a1")
        forgotten.forget_group("{}")
        changes.add(forgotten)
        self.assertEqual((changes.records, changes.groups), ({}, {}))
        changes.add(kept(record, group=group))
        self.assertEqual((changes.forgotten, changes.forgotten_groups), (set(), set()))
        self.assertEqual((bool(changes), bool(Changes())), (True, False))

    def test_threads_and_deliveries_share_it(self) -> None:
        store = self.store()
        outboxes = [store.outbox(name) for name in ("a", "b", "c")]
        for outbox in outboxes:
            outbox.load()

        def write(outbox: Outbox) -> None:
            for number in range(5):
                outbox.save(kept(Record(str(number), firing())))

        threads = [threading.Thread(target=write, args=(outbox,)) for outbox in outboxes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for name in ("a", "b", "c"):
            self.assertEqual(len(self.found(name)), 5)
        self.assertEqual([outbox.warnings for outbox in outboxes], [[], [], []])

    def test_ten_thousand_alerts_are_loaded_and_closed_within_a_second(self) -> None:
        outbox = self.outbox()
        outbox.load()
        alerts = [firing(section=b"/%d" % number) for number in range(9_999)]
        outbox.save(kept(*(Record(fingerprint_of(alert), alert, "firing", False) for alert in alerts)))
        outbox.close()
        begun = time.process_time()
        queue = dispatch(outbox=self.outbox(), max_age=0)
        queue.restore(NOW)
        queue.reconcile([], NOW)
        queue.add(firing("new"), NOW, NOW)
        self.assertLess(time.process_time() - begun, 30, "about 0.6 s on a quiet machine")
        self.assertEqual(queue.waiting, 10_000)

    def test_none_keeps_nothing(self) -> None:
        outbox = Outbox()
        outbox.save(kept(Record("a1", firing()), group=GroupRecord("{}", 5.5)))
        outbox.retry()
        self.assertEqual((outbox.load(), outbox.keeps), (([], []), False))
        outbox.close()


class Trouble(OutboxTest):
    def test_what_was_noted_while_the_disk_was_full_is_written_when_there_is_room(self) -> None:
        store = Faulty(self.store())
        outbox = StoredOutbox(store, "slack")
        outbox.load()
        outbox.save(kept(Record("before", firing())))
        store.fault = sqlite3.OperationalError("database or disk is full")
        for number in range(3):
            outbox.save(kept(Record(f"during{number}", firing())))
        forgotten = Changes()
        forgotten.forget("before")
        forgotten.forget("during2")
        outbox.save(forgotten)
        self.assertEqual(self.found(), ["before"])
        store.fault = None
        outbox.retry()
        self.assertEqual(self.found(), ["during0", "during1"])
        self.assertEqual(
            outbox.warnings,
            [
                "state.sqlite3: cannot save pending alerts (database or disk is full); retrying",
                "state.sqlite3: pending alerts are saved again",
            ],
        )
        outbox.close()

    def test_nothing_unsaved_is_not_tried(self) -> None:
        store = Faulty(self.store())
        outbox = StoredOutbox(store, "slack")
        outbox.load()
        tries = store.tries
        outbox.retry()
        self.assertEqual(store.tries, tries)
        outbox.close()

    def test_what_was_never_saved_is_said_at_the_end(self) -> None:
        store = Faulty(self.store())
        outbox = StoredOutbox(store, "slack")
        outbox.load()
        store.fault = OSError(5, "Input/output error")
        outbox.save(kept(Record("a1", firing())))
        outbox.close()
        self.assertEqual(outbox.warnings[-1], "state.sqlite3: changes of 1 alerts of slack were not saved")

    def test_a_foreign_lock_is_not_waited_for(self) -> None:
        outbox = self.outbox()
        outbox.load()
        other = self.database()
        other.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        for number in range(50):
            outbox.save(kept(Record(str(number), firing())))
        self.assertLess(time.monotonic() - begun, 1)
        self.assertIn("database is locked", outbox.warnings[0])
        other.execute("ROLLBACK")
        outbox.retry()
        self.assertEqual(len(self.found()), 50)


class Rows(OutboxTest):
    """Rows that something else wrote."""

    ALERT = EventCodec().dump(firing("errors", NOW, b"/a", lines=(b"x",), causes=(("source", b"y", 0.5, True),)))

    def insert(self, *values: object) -> None:
        self.database().execute("INSERT INTO deliveries VALUES (?,?,?,?,?,?,?,?)", values)

    def setUp(self) -> None:
        super().setUp()
        outbox = self.outbox()
        outbox.load()
        outbox.save(kept(Record("good", firing())))
        outbox.close()

    def alert(self, **changes: object) -> str:
        assert self.ALERT is not None
        values = list(self.ALERT)
        for name, value in changes.items():
            values[1 + Alert._fields.index(name)] = value
        return json.dumps(values)

    def test_those_that_cannot_be_read_are_set_aside_one_by_one(self) -> None:
        rows: list[tuple[object, ...]] = [
            *(
                ("slack", f"x{number}", alert, "", 1, 0, 0.0, 0.0)
                for number, alert in enumerate(
                    (
                        '["Notice", "not an alert", false]',
                        '["Alert", "too short"]',
                        json.dumps([*json.loads(self.alert()), "a field of a newer version"]),
                        '["Thing", 1]',
                        "[]",
                        "{}",
                        "null",
                        "not JSON",
                        "[" * 100_000,
                        '"' + "x" * 200_000 + '"',
                        self.alert(name=5),
                        self.alert(state="on fire"),
                        self.alert(time=1.5),
                        self.alert(time=10**400),
                        self.alert(time=True),
                        self.alert(value="high"),
                        self.alert(group={"tuple": [["section", "text"]]}),
                        self.alert(group=7),
                        self.alert(causes={"tuple": [{"tuple": ["a", {"bytes": "b"}, "c", True]}]}),
                        self.alert(lines={"tuple": ["text"]}),
                        self.alert(lines={"bytes": "\u2028"}),
                        self.alert(severity=None),
                        b"\xff\xfe",
                        None,
                        7,
                    )
                )
            ),
            ("slack", "told", self.alert(), "perhaps", 1, 0, 0.0, 0.0),
            ("slack", "since", self.alert(), "", 1, 0, "yesterday", 0.0),
            ("slack", "until", self.alert(), "", 1, 0, 0.0, float("inf")),
            ("slack", b"blob", self.alert(), "", 1, 0, 0.0, 0.0),
        ]
        for row in rows:
            self.insert(*row)
        self.insert("other", "x0", "not JSON", "", 1, 0, 0.0, 0.0)
        outbox = self.outbox()
        loaded = outbox.load()
        assert loaded is not None
        self.assertEqual([record.fingerprint for record in loaded[0]], ["good"])
        self.assertEqual(
            outbox.warnings,
            [
                f"{self.path('state')}/{DATABASE}: {len(rows)} pending alerts of slack are not readable by this version; "
                "they are set aside in the table 'rejected_deliveries'"
            ],
        )
        database = self.database()
        self.assertEqual(database.execute("SELECT count(*) FROM rejected_deliveries").fetchone(), (len(rows),))
        self.assertEqual(database.execute("SELECT count(*) FROM deliveries").fetchone(), (2,))
        self.assertEqual(self.outbox().warnings, [], "said once")

    def test_rows_changed_at_random_never_cost_a_sound_one(self) -> None:
        rng = Random(11)
        for number in range(300):
            text = bytearray(self.alert().encode())
            for _ in range(rng.randrange(3)):
                text[rng.randrange(len(text))] = rng.randrange(32, 127)
            states = [rng.choice(("", "firing", "firing", 1, None)), rng.choice((0, 1, "x")), rng.choice((0, None)), 0.0, 0.0]
            self.insert("slack", f"r{number}", text.decode(), *states)
        queue = dispatch(outbox=self.outbox(), max_age=0)
        self.assertTrue(queue.restore(NOW))
        queue.reconcile([], NOW)
        shown = 0
        while (message := queue.take(NOW + 10**7)) is not None:
            repr(message)
            queue.sent(message, NOW + 10**7)
            shown += len(message.items)
            if not queue.waiting:
                break
        self.assertGreater(shown, 0)

    def test_groups_that_make_no_sense_are_as_if_there_had_been_no_message(self) -> None:
        database = self.database()
        for row in (("slack", "a", "x", 1), ("slack", "b", 1.0, -1), ("slack", "c", None, None), ("slack", "d", 1.0, 2)):
            database.execute("INSERT INTO delivery_groups VALUES (?,?,?,?)", row)
        loaded = self.outbox().load()
        assert loaded is not None
        self.assertEqual(loaded[1], [GroupRecord("d", 1.0, 2)])


if __name__ == "__main__":
    unittest.main()
