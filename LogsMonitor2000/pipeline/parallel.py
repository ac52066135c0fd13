"""Worker processes: a `map` of the digest over the chunks of files.

A worker reads its chunk from the file by itself and sends back the digest, made without knowing what comes before it. The
parent only joins, in the order of the file, and makes a digest over again where it turns out not to hold. A worker is sent each
digester, pickled, before its first task for it, so it does not matter by which method workers start, nor when.

Each worker hangs on one pipe. It ends when the pipe does, so none outlives a parent that was killed; and the parent
sees the pipe end when a worker dies, so it never waits for the dead.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
import os
import pickle
import signal
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ..analyze.digest import Digest, Digester
from ..errors import InputError, WorkerError
from ..limits import CHUNK_BYTES, WORKER_SECONDS_MAX
from ..source.file import FileSource
from .chunk import digest_chunk
from .input import Input
from .recogniser import Recogniser
from .stream import latest

StartMethod = Literal["fork", "spawn", "forkserver"]


if TYPE_CHECKING:
    from .replay import Replay


class Task(NamedTuple):
    """Which digester, the path, the number of the chunk, the horizon, and the directives that the chunk is taken to stand after."""

    digester: int
    path: str
    chunk: int
    horizon: int
    context: bytes = b""


class WorkerPool:
    """`jobs` processes that digest chunks; results come in the order of submission.

    They start, by `method`, with the first task. A forked worker is there at once; where the system cannot fork, it is started anew.
    """

    def __init__(self, jobs: int, buffer_time: int, method: StartMethod | None = None) -> None:
        self.jobs = jobs
        self.buffer_time = buffer_time
        self.inputs = 0
        """How many inputs share the pool."""
        self.processes: list[BaseProcess] = []
        self.digesters: list[Digester] = []
        self._method: StartMethod = method or ("fork" if "fork" in get_all_start_methods() else "spawn")
        self._pickled: list[bytes] = []  # the digesters
        self._pipes: list[Connection] = []
        self._sent: list[set[int]] = []  # which digesters each worker has
        self._busy: list[deque[Ticket]] = []

    def register(self, digester: Digester) -> int | None:
        """The number by which tasks name `digester`; None for one that cannot be sent, because of another author's parser."""
        try:
            self._pickled.append(pickle.dumps(digester))
        except Exception:  # whatever the objects in it raise
            return None
        self.digesters.append(digester)
        return len(self.digesters) - 1

    def submit(self, task: Task) -> Ticket:
        """Give the task to the worker that has the least to do."""
        if not self._pipes:
            self._start()
        worker = min(range(self.jobs), key=lambda number: len(self._busy[number]))
        ticket = Ticket(worker)
        pipe, sent = self._pipes[worker], self._sent[worker]
        try:
            if task.digester not in sent:
                pipe.send((task.digester, self._pickled[task.digester]))
                sent.add(task.digester)
            pipe.send(task)
        except OSError as error:
            raise WorkerError("a worker process ended unexpectedly") from error
        self._busy[worker].append(ticket)
        return ticket

    def result(self, ticket: Ticket) -> Digest:
        """Wait for the digest that `ticket` stands for."""
        while ticket.digest is None:
            for pipe in wait(self._pipes):  # every worker that is done, so that none is blocked by a full pipe
                assert isinstance(pipe, Connection)
                try:
                    answer = pipe.recv()
                except (EOFError, OSError) as error:
                    raise WorkerError("a worker process ended unexpectedly") from error
                if isinstance(answer, Exception):
                    raise answer
                self._busy[self._pipes.index(pipe)].popleft().digest = answer
        digest, ticket.digest = ticket.digest, None
        return digest

    def _start(self) -> None:
        context: Any = get_context(self._method)  # whose stub lacks `Process`
        for _ in range(self.jobs):
            ours, theirs = context.Pipe()
            inherited = [*self._pipes, ours] if self._method == "fork" else []
            process: BaseProcess = context.Process(target=_work, args=(theirs, inherited), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self.processes.append(process)
            self._sent.append(set())
            self._busy.append(deque())

    def close(self) -> None:
        """Let the workers go: each ends with its pipe, at the latest when what it is doing is done."""
        for pipe in self._pipes:
            pipe.close()
        for process in self.processes:
            process.join(WORKER_SECONDS_MAX)
            process.kill()
        self._pipes.clear()
        self.processes.clear()


class Ticket:
    """Stands for a digest that a worker is going to send."""

    def __init__(self, worker: int) -> None:
        self.worker = worker
        self.digest: Digest | None = None


def _work(pipe: Connection, inherited: Sequence[Connection]) -> None:
    """A worker's life: digesters and tasks in, digests out, until the pipe ends. Signals are the parent's business."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    for connection in inherited:  # else this worker would keep its own and its siblings' pipes open
        connection.close()
    digesters: dict[int, Digester | Exception] = {}
    while True:
        try:
            received = pipe.recv()
            if isinstance(received, Task):
                pipe.send(_answer(digesters[received.digester], received))
            else:
                number, pickled = received
                try:
                    digesters[number] = pickle.loads(pickled)
                except Exception as error:  # its module cannot be imported here
                    digesters[number] = WorkerError(f"a worker process cannot load the parser: {error}")
        except (EOFError, OSError):
            os._exit(0)


def _answer(digester: Digester | Exception, task: Task) -> Digest | Exception:
    if isinstance(digester, Exception):
        return digester
    try:
        return digest_chunk(digester, task.path, task.chunk, task.horizon, task.context)
    except Exception as error:
        return error


class ParallelInput(Input):
    """A plain file whose chunks are digested by workers, a few ahead of where the monitor is."""

    def __init__(self, path: str, recogniser: Recogniser, pool: WorkerPool, replay: Replay | None = None) -> None:
        super().__init__(FileSource(path), recogniser, replay=replay)
        self._pool = pool
        self._number: int | None = None
        self._size = os.stat(path).st_size
        self.chunks = -(-self._size // CHUNK_BYTES)
        self.submitted = 0
        """Chunks given to the pool so far."""
        self._joined = 0
        self._is_examined = False  # also of an empty file it is said which format it is read in
        self._tickets: deque[Ticket] = deque()
        pool.inputs += 1

    @property
    def ended(self) -> bool:
        return self._joined == self.chunks and self._is_examined

    def _recognise(self) -> bool:
        if self._first.digester is None:
            if not self._first.recognise():
                self._joined = self.chunks  # there are only blank lines
                return False
            assert self._first.digester is not None
            self._number = self._pool.register(self._first.digester)
            self._first.blocks.clear()  # all chunks are read again, the first one too
            self.source.close()
        return True

    def digest(self, horizon: int, floor: int | None) -> Digest | None:
        is_known, self._is_examined = self._recognise(), True
        if self.ended or not is_known:
            return None
        digester = self._first.digester
        assert digester is not None
        newest = latest(self.newest, floor)
        if digester.sequential or self._number is None:
            digest = digest_chunk(digester, self.name, self._joined, horizon, self._directives, newest)
            return self._step(digest, horizon, newest)
        ahead = max(1, -(-2 * self._pool.jobs // self._pool.inputs))
        while self.submitted < self.chunks and len(self._tickets) <= ahead:
            self._tickets.append(self._pool.submit(Task(self._number, self.name, self.submitted, horizon, self._directives)))
            self.submitted += 1
        digest = self._pool.result(self._tickets.popleft())
        if digest.holds_after(newest, self._pool.buffer_time, self._directives):
            digest.join(newest)
        else:
            digest = digest_chunk(digester, self.name, self._joined, horizon, self._directives, newest)
        return self._step(digest, horizon, newest)

    def _step(self, digest: Digest, horizon: int, newest: int | None) -> Digest | None:
        digest.chunk = self._joined
        self._joined += 1
        self._note(digest, horizon, newest)
        return digest if digest.line_count else None

    def stop(self) -> None:
        self._joined, self._is_examined = self.chunks, True

    def close(self) -> None:
        super().close()
        self._pool.close()

    def progress(self) -> tuple[int, int] | None:
        return min(self._joined * CHUNK_BYTES, self._size), self._size


def splittable(path: str) -> bool:
    """Whether `path` is a file that can be read in pieces: regular and not compressed."""
    from ..source.decompress import compression_of

    try:
        if not os.path.isfile(path):
            return False
        with open(path, "rb") as file:
            return compression_of(file.read(6)) is None
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
