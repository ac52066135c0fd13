"""Logs that arrive as syslog: `syslog+udp://HOST:PORT`, `syslog+tcp://HOST:PORT`, `syslog+unix:///PATH`.

Each message is one line; its header (RFC 5424 or 3164) is left for the parser, whose format `syslog:NAME` reads it. What nginx sends with
`access_log syslog:server=…` and rsyslog with `omfwd` arrives like this. Nothing can be read twice, so there is no position.

UDP has no back-pressure: when the receive buffer is full, the kernel drops datagrams. It counts them, and so they are reported as lost.
At a Unix socket few messages may wait (`net.unix.max_dgram_qlen`, often 10); what senders such as nginx drop then is not counted.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
import errno
import os
import selectors
import socket
import stat
from urllib.parse import urlsplit

from ..errors import InputError
from ..limits import BLOCK_BYTES, SYSLOG_BUFFER_BYTES_MAX, SYSLOG_CONNECTIONS_MAX, SYSLOG_RECEIVE_BUFFER_BYTES
from .base import Source
from .frames import StreamFrames, line_of
from .lines import LineFramer
from .statistics import ReadStatistics

DATAGRAM_BYTES_MAX = 65_535
UNIX_QUEUE_LENGTH_MIN = 512
"""With fewer, a thousand messages a second do not fit between two polls."""


class SyslogSource(Source):
    """Lines of messages that arrive at a socket; concrete ones receive."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._framer = LineFramer()
        self._statistics = ReadStatistics()
        self._stopping = False

    @property
    def offset(self) -> int:
        return self._framer.offset

    def statistics(self) -> ReadStatistics:
        return self._statistics

    def stop(self) -> None:
        """Take what has arrived, and end."""
        self._stopping = True

    def _take(self, room: int) -> bytes:
        lines = self._framer.take(room)
        self._statistics.lines += lines.count(b"\n")
        self._statistics.bytes += len(lines)
        return lines

    def _fill(self) -> bool:
        lines = self._receive() or (self._finish() if self._stopping else b"")
        if lines:
            self._framer.feed(lines)
        self.ended = self._stopping and not lines
        return bool(lines)

    def _finish(self) -> bytes:
        """Lines that are not complete and never will be."""
        return b""

    @abstractmethod
    def _receive(self) -> bytes:
        """Whole lines of messages that have arrived, about `BLOCK_BYTES` at most; empty when there are none now."""


class DatagramSource(SyslogSource):
    """UDP, or a Unix socket of datagrams as /dev/log is one. `address` is as `socket.bind` takes it."""

    def __init__(self, url: str, family: int, address: tuple[str, int] | str) -> None:
        super().__init__(url)
        self._path = address if isinstance(address, str) else None
        with _reported(url):
            if self._path is not None:
                _remove_stale(self._path)
            self._socket = socket.socket(family, socket.SOCK_DGRAM)
            _ask_for_buffer(self._socket)
            try:
                self._socket.bind(address)
            except OSError:
                self._socket.close()
                raise
        self._socket.setblocking(False)
        self._drops = _Drops(self._socket) if self._path is None else None
        if self._path is not None and (length := _unix_queue_length()) < UNIX_QUEUE_LENGTH_MIN:
            self._warn(
                f"the system lets no more than {length} messages wait at a Unix socket, and senders drop what is beyond that; "
                f"set net.unix.max_dgram_qlen to {UNIX_QUEUE_LENGTH_MIN}, or let them use UDP or TCP"
            )

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that it is bound to."""
        host, port = self._socket.getsockname()[:2]
        return host, port

    def fileno(self) -> int | None:
        return self._socket.fileno()

    def _receive(self) -> bytes:
        lines: list[bytes] = []
        size = 0
        while size < BLOCK_BYTES:
            try:
                message = self._socket.recv(DATAGRAM_BYTES_MAX)
            except (BlockingIOError, InterruptedError):
                break
            except OSError as error:
                self._statistics.errors += 1
                self._warn(f"{error.strerror or error}")
                break
            lines.append(line_of(message))
            size += len(message)
        if self._drops is not None and (lost := self._drops.new()):
            self._note_lost(lost)
        return b"".join(lines)

    def _note_lost(self, count: int) -> None:
        """Reported at first, and then whenever the number has doubled."""
        before = self._statistics.lost_messages
        self._statistics.lost_messages += count
        if self._statistics.lost_messages.bit_length() > before.bit_length():
            self._warn(
                f"the kernel dropped {self._statistics.lost_messages:,} messages since the start, because its receive buffer was full; "
                "raise net.core.rmem_max, or let the senders use TCP"
            )

    def close(self) -> None:
        self._socket.close()
        if self._path is not None:
            _unlink(self._path)


class TcpSource(SyslogSource):
    """Any number of senders at a time, each with a framing of its own."""

    def __init__(self, url: str, family: int, address: tuple[str, int]) -> None:
        super().__init__(url)
        with _reported(url):
            self._socket = socket.create_server(address, family=family, backlog=SYSLOG_CONNECTIONS_MAX)
        self._socket.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)
        self._senders: dict[socket.socket, StreamFrames] = {}  # the one that was silent for longest first

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that it listens on."""
        host, port = self._socket.getsockname()[:2]
        return host, port

    def fileno(self) -> int | None:
        return self._selector.fileno() if isinstance(self._selector, selectors.EpollSelector) else None

    def _receive(self) -> bytes:
        lines: list[bytes] = []
        size = 0
        while size < BLOCK_BYTES and (ready := self._selector.select(0)):
            for key, _ in ready:
                assert isinstance(key.fileobj, socket.socket)
                lines.append(self._accept() if key.fileobj is self._socket else self._read(key.fileobj))
                size += len(lines[-1])
        return b"".join(lines)

    def _accept(self) -> bytes:
        """Let a sender in; returns the last line of the one that had to go for it."""
        last_line = b""
        if len(self._senders) >= SYSLOG_CONNECTIONS_MAX:
            last_line = self._end(next(iter(self._senders)))
        try:
            sender, _ = self._socket.accept()
        except OSError as error:  # out of descriptors, or the sender has gone
            if error.errno in (errno.EMFILE, errno.ENFILE) and self._senders:
                last_line += self._end(next(iter(self._senders)))
            return last_line
        sender.setblocking(False)
        self._senders[sender] = StreamFrames()
        self._selector.register(sender, selectors.EVENT_READ)
        return last_line

    def _finish(self) -> bytes:
        return b"".join([self._end(sender) for sender in list(self._senders)])

    def _read(self, sender: socket.socket) -> bytes:
        frames = self._senders.get(sender)
        if frames is None:  # ended in the same turn
            return b""
        try:
            data = sender.recv(BLOCK_BYTES)
        except (BlockingIOError, InterruptedError):
            return b""
        except OSError:
            data = b""
        if not data:
            return self._end(sender)
        self._senders[sender] = self._senders.pop(sender)
        long_messages = frames.long_messages
        lines = frames.feed(data)
        self._statistics.long_lines += frames.long_messages - long_messages
        if frames.is_broken:
            self._statistics.errors += 1
            self._warn("a sender with octet counting sent a message without its length; closed its connection")
            lines += self._end(sender)
        elif sum(each.waiting_bytes for each in self._senders.values()) > SYSLOG_BUFFER_BYTES_MAX:
            lines += self._end(max(self._senders, key=lambda each: self._senders[each].waiting_bytes))
        return lines

    def _end(self, sender: socket.socket) -> bytes:
        """Close a connection; returns its last line."""
        line, lost = self._senders.pop(sender).finish()
        self._statistics.lost_bytes += lost
        self._selector.unregister(sender)
        sender.close()
        return line

    def stop(self) -> None:
        super().stop()
        if self._socket.fileno() >= 0:
            self._selector.unregister(self._socket)
            self._socket.close()

    def close(self) -> None:
        for sender in list(self._senders):
            self._end(sender)
        self._selector.close()
        self._socket.close()


class _Drops:
    """How many datagrams the kernel has dropped at a socket, from /proc/net/udp; never any where there is no such file."""

    def __init__(self, bound: socket.socket) -> None:
        self._path = "/proc/net/udp6" if bound.family == socket.AF_INET6 else "/proc/net/udp"
        self._inode = b" %d " % os.fstat(bound.fileno()).st_ino
        self._counted = 0

    def new(self) -> int:
        """Since it was last asked."""
        try:
            with open(self._path, "rb") as file:
                found = next((line for line in file if self._inode in line), None)
        except OSError:
            return 0
        total = int(found.split()[-1]) if found is not None else self._counted
        new, self._counted = total - self._counted, total
        return max(0, new)


def _unix_queue_length() -> int:
    try:
        with open("/proc/sys/net/unix/max_dgram_qlen", "rb") as file:
            return int(file.read())
    except (OSError, ValueError):
        return UNIX_QUEUE_LENGTH_MIN  # not known to be fewer


def open_syslog(url: str) -> Source:
    """The source that listens at `url`. Raises `InputError`."""
    parts = urlsplit(url)
    if parts.scheme == "syslog+unix":
        if parts.netloc or not parts.path or parts.query:
            raise InputError(f"{url}: must be syslog+unix:///PATH")
        return DatagramSource(url, socket.AF_UNIX, parts.path)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or port is None or parts.path not in ("", "/") or parts.query or parts.username:
        raise InputError(f"{url}: must be {parts.scheme}://HOST:PORT, for example {parts.scheme}://127.0.0.1:5514")
    with _reported(url):
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    bound = (str(address[0]), int(address[1]))
    return (DatagramSource if parts.scheme == "syslog+udp" else TcpSource)(url, family, bound)


@contextmanager
def _reported(url: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"{url}: cannot listen: {error.strerror or error}") from error


def _ask_for_buffer(bound: socket.socket) -> None:
    """Room for bursts: as much as the system allows."""
    for option in (getattr(socket, "SO_RCVBUFFORCE", 33), socket.SO_RCVBUF):  # the former is for root
        try:
            bound.setsockopt(socket.SOL_SOCKET, option, SYSLOG_RECEIVE_BUFFER_BYTES)
            return
        except OSError:
            continue


def _remove_stale(path: str) -> None:
    """A socket on which no process listens is left from an earlier run; anything else at `path` is an error."""
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise FileExistsError(errno.EEXIST, "the path exists and is not a socket")
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            _unlink(path)
            return
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass
