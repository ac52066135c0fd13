"""A queue as sources: exact through redelivery in any order, repeats in other batches, and restarts at any moment."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
import json
from random import Random
import unittest
from unittest.mock import patch

from LogsMonitor2000.broker.message import Message
from LogsMonitor2000.broker.sources import Delivery, QueueSources
from LogsMonitor2000.broker.url import read_url
from LogsMonitor2000.errors import InputError, UsageError
from LogsMonitor2000.source.base import Source
from LogsMonitor2000.source.open import is_path, open_source

from ..support import TemporaryFiles


class Broker:
    """A queue in memory: what is delivered and not acknowledged is delivered again to the next `Link`."""

    def __init__(self) -> None:
        self.ready: deque[Message] = deque()
        self.unacknowledged: dict[int, Message] = {}
        self.tags = self.connections = 0
        self.rejected: list[str] = []

    def lose_connection(self) -> None:
        self.ready.extendleft(reversed(self.unacknowledged.values()))
        self.unacknowledged.clear()
        self.connections += 1


class Link:
    """A connection to it, as `sources.Consumer` says; `most` messages are delivered before something is acknowledged."""

    name = "amqp://broker/?queue=logs"

    def __init__(self, broker: Broker, most: int = 64) -> None:
        self.broker, self.most = broker, most
        broker.lose_connection()
        self.said = ["connected"]

    def arrived(self) -> list[Delivery]:
        found = []
        while self.broker.ready and len(self.broker.unacknowledged) < self.most:
            self.broker.tags += 1
            message = self.broker.unacknowledged[self.broker.tags] = self.broker.ready.popleft()
            found.append(Delivery(self.broker.connections, self.broker.tags, message))
        return found

    def is_current(self, delivery: Delivery) -> bool:
        return delivery.connection == self.broker.connections

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            if self.is_current(delivery):
                del self.broker.unacknowledged[delivery.tag]

    def reject(self, delivery: Delivery, reason: str) -> None:
        self.broker.rejected.append(reason)
        self.acknowledge([delivery])

    def notices(self) -> list[str]:
        said, self.said = self.said, []
        return said

    def close(self) -> None:
        pass


def lines_of(host: str, count: int) -> list[bytes]:
    return [b"%s line %d %s\n" % (host.encode(), number, b"x" * (number % 7)) for number in range(count)]


class Exactness(unittest.TestCase):
    def test_every_line_counts_once_whatever_happens(self) -> None:
        for seed in range(150):
            with self.subTest(seed=seed):
                self.walk(Random(seed))

    def walk(self, random: Random) -> None:
        """Senders that repeat in other batches, connections that are lost, runs that are killed between any two steps."""
        broker = Broker()
        logs = {host: lines_of(host, random.randrange(1, 60)) for host in ("a", "b", "c")[: random.randrange(1, 4)]}
        sent = {host: 0 for host in logs}  # lines
        known = {host: 0 for host in logs}  # what the sender knows after it was killed
        committed: str | None = None
        kept: list[bytes] = []  # lines that a commit holds
        sources, read = QueueSources(Link(broker, random.randrange(1, 9))), list[bytes]()
        every: list[Source] = []
        for step in range(100_000):
            is_over = all(known[host] == len(lines) for host, lines in logs.items())
            if is_over and not broker.ready and not broker.unacknowledged:
                break
            draw = random.random()
            if draw < 0.4:
                host = random.choice(list(logs))
                lines, start = logs[host], sent[host]
                end = min(len(lines), start + random.randrange(1, 12))
                if end > start:
                    broker.ready.append(Message(host, "/f", "s.0", len(b"".join(lines[:start])), b"".join(lines[start:end])))
                    sent[host] = end
                if random.random() < 0.5:
                    known[host] = sent[host]
                elif random.random() < 0.3:  # killed
                    sent[host] = known[host]
            elif draw < 0.5 and step < 400:
                broker.lose_connection()
                if random.random() < 0.5:
                    random.shuffle(broker.ready)
            elif draw < 0.55 and step < 400:  # killed
                sources, read = QueueSources(Link(broker, random.randrange(1, 9)), json.loads(committed or "{}")), list(kept)
                every = []
            elif draw < 0.85:
                every += sources.poll()
                for source in every:
                    for block in source.chunk(source.offset + random.randrange(1, 200)):
                        read += block.splitlines(keepends=True)
            else:
                position = sources.position()
                committed, kept = json.dumps(position), list(read)
                if random.random() < 0.8 or step >= 400:
                    sources.acknowledge(position)
        self.assertEqual(sorted(read), sorted(line for lines in logs.values() for line in lines))
        self.assertEqual(sources.total().lost_bytes, 0)

    def test_order_is_kept_within_an_input(self) -> None:
        broker = Broker()
        log = lines_of("a", 100)
        for number in range(0, 100, 10):
            broker.ready.append(Message("a", "/f", "s", len(b"".join(log[:number])), b"".join(log[number : number + 10])))
        sources = QueueSources(Link(broker))
        own, source = sources.poll()
        self.assertEqual(b"".join(source.chunk()), b"".join(log))
        self.assertEqual((source.name, own.name), ("a:/f", Link.name))
        self.assertEqual(own.warnings, [f"{Link.name}: connected"])
        self.assertEqual(sources.statistics()["a:/f"].lines, 100)

    def test_repeats_alone_are_acknowledged_without_a_commit(self) -> None:
        broker = Broker()
        message = Message("a", "/f", "s", 0, b"one\n")
        broker.ready.append(message)
        sources = QueueSources(Link(broker, 1))
        source = sources.poll()[1]
        self.assertEqual(list(source.chunk()), [b"one\n"])
        self.assertEqual(len(broker.unacknowledged), 1)
        sources.acknowledge(sources.position())
        for _ in range(5):
            broker.ready.append(message)
            sources.poll()
            self.assertEqual(list(source.chunk()), [])
            self.assertEqual(len(broker.unacknowledged), 0)

    def test_a_commit_is_asked_for_before_the_broker_stops_delivering(self) -> None:
        broker = Broker()
        broker.ready += [Message("", "logs", "", None, b"\n")] * 64
        sources = QueueSources(Link(broker))
        source = sources.poll()[1]
        self.assertFalse(sources.needs_commit)
        list(source.chunk())
        self.assertTrue(sources.needs_commit)
        sources.acknowledge(sources.position())
        self.assertFalse(sources.needs_commit or broker.unacknowledged)

    def test_inputs_are_bounded(self) -> None:
        broker = Broker()
        broker.ready += [Message("a", str(number), "", 0, b"x\n") for number in range(4)]
        with patch("LogsMonitor2000.broker.sources.BROKER_INPUTS_MAX", 3):
            self.assertEqual(len(QueueSources(Link(broker)).poll()), 1 + 3)
        self.assertEqual(broker.rejected, ["the queue has 3 inputs already"])

    def test_a_last_line_without_a_newline_is_a_line(self) -> None:
        broker = Broker()
        broker.ready += [Message("a", "/f", "s", 0, b"one\ntwo"), Message("a", "/f", "s", 7, b"three\n")]
        sources = QueueSources(Link(broker))
        self.assertEqual(b"".join(sources.poll()[1].chunk()), b"one\ntwo\nthree\n")
        self.assertEqual(sources.position()["senders"], [["a", "/f", "s", [[0, 13]]]])

    def test_a_source_ends_after_what_has_arrived(self) -> None:
        broker = Broker()
        broker.ready.append(Message("a", "/f", "s", 0, b"one\n"))
        source = QueueSources(Link(broker)).poll()[1]
        source.stop()
        self.assertEqual((list(source.chunk()), source.ended), ([b"one\n"], True))


class Urls(TemporaryFiles):
    def test_a_url_is_read(self) -> None:
        url = read_url("amqp://logs@[::1]/my%2Fhost?queue=web+logs", {"AMQP_PASSWORD": "s3cret"})
        self.assertEqual((url.host, url.port, url.user, url.vhost, url.queue), ("::1", 5672, "logs", "my/host", "web logs"))
        self.assertEqual((url.password.reveal(), url.dead_letters), ("s3cret", "web logs.dead"))
        self.assertEqual(url.name, "amqp://[::1]:5672/my/host?queue=web logs")
        self.assertNotIn("s3cret", repr(url))
        path = self.path("password", b" file \n")
        url = read_url(f"amqps://host?queue=q&password_file={path}", {"AMQP_PASSWORD": "s3cret"})
        self.assertEqual((url.password.reveal(), url.port, url.vhost, url.is_tls), ("file", 5671, "/", True))

    def test_what_is_wrong_is_said_without_the_password(self) -> None:
        for url, reason in (
            ("amqp://user:s3cret@host/?queue=q", "AMQP_PASSWORD"),
            ("amqp://host", "no queue"),
            ("amqp:///?queue=q", "must be like"),
            ("amqp://host:x/?queue=q", "cannot be read"),
            ("amqp://host/?queue=q&x=1", "'x' is not known"),
            ("amqp://host/?queue=q&password_file=/none/s", "cannot be read"),
            (f"amqp://host/?queue={'q' * 251}", "longer"),
        ):
            with self.subTest(url), self.assertRaisesRegex(UsageError, reason) as caught:
                read_url(url, {})
            self.assertNotIn("s3cret", str(caught.exception))

    def test_a_queue_is_no_path_and_no_single_source(self) -> None:
        self.assertFalse(is_path("amqp://host/?queue=q"))
        with self.assertRaisesRegex(InputError, "--follow and --state") as caught:
            open_source("amqp://user:s3cret@host/?queue=q")
        self.assertNotIn("s3cret", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
