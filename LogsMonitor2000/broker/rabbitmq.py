"""RabbitMQ by `pika` (extra `rabbitmq`): a consumer for `sources`, and a publisher for the verb `ship`.

A connection must be served while its user is busy, or the broker takes it for dead; so the consumer has a thread of its own, which alone
touches it. It connects again after every failure, with backoff. It asks to be the queue's only consumer: positions are kept
by one monitor, and a second one would not know what the first has read. Messages that cannot be read go to the queue `QUEUE.dead`, with the
reason in a header, before they are acknowledged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import logging
from queue import Empty, SimpleQueue
import ssl
import threading
from typing import Any, TypeVar

from ..deliver.backoff import Backoff
from ..errors import InputError, UsageError
from ..limits import BROKER_HEARTBEAT_SECONDS, BROKER_PREFETCH, BROKER_RETRY_SECONDS_MAX, BROKER_TIMEOUT_SECONDS
from .message import PoisonError, decode
from .sources import Delivery, QueueSources
from .url import QueueUrl, read_url

try:
    import pika
    from pika.exceptions import AMQPChannelError, AMQPConnectionError, AMQPError, ChannelClosedByBroker
except ImportError as error:
    raise UsageError('a queue needs the package "pika": pip install "LogsMonitor2000[rabbitmq]"') from error

__all__ = ["FAILURES", "Publisher", "RabbitConsumer", "open_queue", "read_url", "reason_of"]

T = TypeVar("T")

FAILURES = (AMQPError, OSError)
"""What a connection raises when it has failed."""

TURN_SECONDS = 0.05
NOT_FOUND = 404
CLOSE_SECONDS = 10.0

logging.getLogger("pika").setLevel(logging.CRITICAL)  # what matters is reported by the monitor


def open_queue(url: QueueUrl, position: Mapping[str, object] | None) -> QueueSources:
    """The sources of the queue, which continue at `position`."""
    return QueueSources(RabbitConsumer(url), position)


class RabbitConsumer:
    """A `sources.Consumer`, connected by its own thread from now on until `close`."""

    def __init__(self, url: QueueUrl, backoff: Backoff | None = None) -> None:
        self.name = url.name
        self._url = url
        self._backoff = backoff or Backoff()
        self._parameters = _parameters(url)
        self._connection = 0  # the number of the one in use; 0 while there is none
        self._connections = 0
        self._arrived: SimpleQueue[Delivery] = SimpleQueue()
        self._acknowledged: SimpleQueue[Delivery] = SimpleQueue()
        self._rejected: SimpleQueue[tuple[Delivery, str]] = SimpleQueue()
        self._notices: SimpleQueue[str] = SimpleQueue()
        self._poison: list[tuple[int, Any, bytes, str]] = []
        self._dead_letters = 0
        self._failure = ""
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rabbitmq", daemon=True)
        self._thread.start()

    # ---- for the monitor's thread

    def arrived(self) -> list[Delivery]:
        return _drained(self._arrived)

    def is_current(self, delivery: Delivery) -> bool:
        return delivery.connection == self._connection

    def acknowledge(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            self._acknowledged.put(delivery)

    def reject(self, delivery: Delivery, reason: str) -> None:
        self._rejected.put((delivery, reason))

    def notices(self) -> list[str]:
        return _drained(self._notices)

    def close(self) -> None:
        self._closing.set()
        self._thread.join(CLOSE_SECONDS)

    # ---- its own thread

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._consume()
            except Exception as error:  # whatever it is: a thread that ended would read nothing any more, in silence
                self._connection = 0
                text = reason_of(error)
                if text != self._failure:
                    self._notices.put(f"{text}; trying again")
                self._failure = text
                self._closing.wait(min(self._backoff.failed(), BROKER_RETRY_SECONDS_MAX))

    def _consume(self) -> None:
        with pika.BlockingConnection(self._parameters) as connection:
            channel = connection.channel()
            channel.basic_qos(prefetch_count=BROKER_PREFETCH)
            channel = _declared(connection, channel, self._url.queue)
            channel.basic_qos(prefetch_count=BROKER_PREFETCH)
            self._poison.clear()  # of the connection before
            self._connections += 1
            self._connection = self._connections
            channel.basic_consume(self._url.queue, self._deliver, exclusive=True)
            self._backoff.worked()
            self._notices.put("connected again" if self._failure else "connected")
            self._failure = ""
            while not self._closing.is_set():
                connection.process_data_events(TURN_SECONDS)
                if not channel.consumer_tags:
                    raise ConnectionError("the queue was deleted")
                self._settle(connection, channel)
            self._settle(connection, channel)
            self._connection = 0

    def _deliver(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        tag: int = method.delivery_tag
        try:
            message = decode(properties.headers, properties.content_encoding, body, self._url.queue)
        except PoisonError as error:
            self._poison.append((tag, properties, body, str(error)))
        else:
            self._arrived.put(Delivery(self._connection, tag, message))

    def _settle(self, connection: Any, channel: Any) -> None:
        """Acknowledge what may be, and move poison away."""
        for delivery in _drained(self._acknowledged):
            if delivery.connection == self._connection:
                channel.basic_ack(delivery.tag)
        for delivery, reason in _drained(self._rejected):
            if delivery.connection == self._connection:
                message = delivery.message
                headers = {"host": message.host, "file": message.file, "sender": message.sender, "position": message.position}
                properties = pika.BasicProperties(headers=headers if message.position is not None else {})
                self._poison.append((delivery.tag, properties, message.lines, reason))
        if self._poison:
            self._bury(connection, channel)

    def _bury(self, connection: Any, channel: Any) -> None:
        poison, self._poison = self._poison, []
        grave = _declared(connection, connection.channel(), self._url.dead_letters)
        grave.confirm_delivery()
        for tag, properties, body, reason in poison:
            given = (properties.headers or {}).items()
            properties.headers = {**{name: value for name, value in given if isinstance(value, (str, int))}, "reason": reason}
            properties.delivery_mode = 2
            properties.expiration = None
            properties.user_id = None  # the broker refuses another one than ours
            grave.basic_publish("", self._url.dead_letters, body, properties, mandatory=True)
            channel.basic_ack(tag)
            self._dead_letters += 1
            if self._dead_letters & (self._dead_letters - 1) == 0:  # at first, and then whenever the number has doubled
                self._notices.put(
                    f"messages that cannot be read, now in the queue {self._url.dead_letters}: {self._dead_letters:,}; the last one: {reason}"
                )
        grave.close()


class Publisher:
    """Publishes to a queue by one connection after the other; each call raises one of `FAILURES` while the broker is away."""

    def __init__(self, url: QueueUrl) -> None:
        self._url = url
        self._parameters = _parameters(url)
        self._connection: Any = None
        self._channel: Any = None

    def publish(self, headers: Mapping[str, Any], encoding: str | None, body: bytes) -> None:
        """Returns when the broker has confirmed that it keeps the message."""
        if self._channel is None:
            self._connect()
        properties = pika.BasicProperties(headers=dict(headers), content_encoding=encoding, delivery_mode=2)
        try:
            self._channel.basic_publish("", self._url.queue, body, properties, mandatory=True)
        except FAILURES:
            self.close()
            raise

    def serve(self) -> None:
        """Answer the broker's heartbeats; to be called every few seconds."""
        if self._connection is not None:
            try:
                self._connection.process_data_events(0)
            except FAILURES:
                self.close()  # the next message will tell

    def close(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        try:
            if connection is not None and connection.is_open:
                connection.close()
        except FAILURES:
            pass  # it is gone either way

    def _connect(self) -> None:
        self._connection = pika.BlockingConnection(self._parameters)
        try:
            self._channel = _declared(self._connection, self._connection.channel(), self._url.queue)
            self._channel.confirm_delivery()
        except FAILURES:
            self.close()
            raise


def reason_of(error: Exception) -> str:
    """In one line, for an operator."""
    if isinstance(error, AMQPChannelError) and len(error.args) > 1:
        return f"the broker refuses: {error.args[1]}"
    inner = error
    while isinstance(inner, AMQPConnectionError) and inner.args and isinstance(inner.args[0], Exception):
        inner = inner.args[0]
    text = " ".join(str(inner).split()) or type(inner).__name__
    return f"no connection to the broker ({text[:300]})"


def _declared(connection: Any, channel: Any, queue: str) -> Any:
    """A channel, once the queue is there: as it is, else durable."""
    try:
        channel.queue_declare(queue, passive=True)
    except ChannelClosedByBroker as error:
        if error.reply_code != NOT_FOUND:
            raise
        channel = connection.channel()
        channel.queue_declare(queue, durable=True)
    return channel


def _parameters(url: QueueUrl) -> Any:
    options = None
    if url.is_tls:
        try:
            options = pika.SSLOptions(ssl.create_default_context(cafile=url.ca_file), url.host)
        except OSError as error:
            raise InputError(f"ca_file {url.ca_file}: {error.strerror or error}") from None
    return pika.ConnectionParameters(
        host=url.host,
        port=url.port,
        virtual_host=url.vhost,
        credentials=pika.PlainCredentials(url.user, url.password.reveal()),
        ssl_options=options,
        heartbeat=BROKER_HEARTBEAT_SECONDS,
        socket_timeout=BROKER_TIMEOUT_SECONDS,
        stack_timeout=BROKER_TIMEOUT_SECONDS,
        blocked_connection_timeout=BROKER_TIMEOUT_SECONDS,
        client_properties={"connection_name": "LogsMonitor2000"},
    )


def _drained(queue: SimpleQueue[T]) -> list[T]:
    found: list[T] = []
    while True:
        try:
            found.append(queue.get_nowait())
        except Empty:
            return found
