"""Events as a stream: ids, what a client gets that comes back, and bounds."""

from __future__ import annotations

from random import Random
import unittest

from LogsMonitor2000.web.events import RETRY, EventLog, Subscription


def frames(data: bytes) -> list[tuple[str, str, str]]:
    """(type, id, data) of each event, as a browser reads them."""
    found = []
    for block in data.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and not line.startswith(":"))
        if "data" in fields:
            found.append((fields["event"], fields["id"], fields["data"]))
    return found


def subscribed(log: EventLog, last_id: str = "") -> Subscription:
    return Subscription(log, lambda: {"now": log.next}, last_id)


class Log(unittest.TestCase):
    def test_a_new_client_gets_a_snapshot_and_then_every_event(self) -> None:
        log = EventLog("run")
        log.append("stats", "before")
        reader = subscribed(log)
        first = reader.read()
        self.assertTrue(first.startswith(RETRY))
        self.assertEqual(frames(first), [("snapshot", "run-1", '{"now":2}')])
        self.assertEqual(reader.read(), b"")
        for number in range(3):
            log.append("alert", f"{number}")
        self.assertEqual(frames(reader.read()), [("alert", "run-2", "0"), ("alert", "run-3", "1"), ("alert", "run-4", "2")])
        self.assertEqual(reader.read(), b"")

    def test_one_that_comes_back_gets_what_it_missed(self) -> None:
        log = EventLog("run", count_max=3)
        for number in range(1, 6):
            log.append("stats", f"{number}")
        for last_id, expected in (
            ("run-5", []),
            ("run-4", ["5"]),
            ("run-2", ["3", "4", "5"]),
            *(
                (each, ["snapshot"])
                for each in ("run-1", "run-0", "run-6", "run-99", "other-5", "", "5", "run-", "run--5", "run-x")
            ),
            ("run-\u0663", ["snapshot"]),
        ):
            with self.subTest(last_id=last_id):
                found = [data if name != "snapshot" else name for name, _, data in frames(subscribed(log, last_id).read())]
                self.assertEqual(found, expected)

    def test_the_id_of_a_snapshot_resumes_after_it(self) -> None:
        log = EventLog("run")
        for count in (0, 2):
            for _ in range(count):
                log.append("stats", "x")
            ((_, last_id, _),) = frames(subscribed(log).read())
            log.append("stats", "new")
            self.assertEqual([data for _, _, data in frames(subscribed(log, last_id).read())], ["new"])

    def test_one_that_is_too_slow_gets_a_snapshot(self) -> None:
        log = EventLog("run", count_max=3)
        reader = subscribed(log)
        reader.read()
        for number in range(10):
            log.append("stats", f"{number}")
        self.assertEqual([name for name, _, _ in frames(reader.read())], ["snapshot"])
        log.append("stats", "next")
        self.assertEqual([data for _, _, data in frames(reader.read())], ["next"])

    def test_what_is_kept_and_handed_out_is_bounded_in_bytes(self) -> None:
        log = EventLog("run", bytes_max=10_000)
        for _ in range(100):
            log.append("stats", "x" * 1000)
        found = log.read(log.next - 9)
        assert found is not None
        self.assertLess(len(found[0]), 10_000)
        self.assertIsNone(log.read(log.next - 12))
        part = log.read(log.next - 9, bytes_max=2500)
        assert part is not None
        self.assertEqual(part[1], log.next - 7)
        log.append("alert", "y" * 20_000)
        self.assertEqual(log.read(log.next), (b"", log.next), "one that is larger than all there is room for is not kept")

    def test_whatever_happens_every_reader_sees_all_in_order_or_a_snapshot(self) -> None:
        rng = Random(9)
        log = EventLog("run", count_max=5)
        readers: list[tuple[Subscription, list[int]]] = []
        for step in range(3000):
            if rng.random() < 0.4:
                log.append("stats", str(step))
            if rng.random() < 0.02:
                readers.append((subscribed(log), []))
            for reader, seen in readers:
                if rng.random() < 0.2:
                    for name, last_id, _ in frames(reader.read()):
                        number = int(last_id.rpartition("-")[2])
                        if name == "snapshot":
                            seen.clear()
                        elif seen:
                            self.assertEqual(number, seen[-1] + 1)
                        seen.append(number)


if __name__ == "__main__":
    unittest.main()
