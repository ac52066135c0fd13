"""A run that is killed and begun again, over and over, tells what one that is left alone would have told: once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
import json
import os
from random import Random
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from typing import TypeVar
import unittest

from LogsMonitor2000.action.base import Action
from LogsMonitor2000.analyze.digest import Digest
from LogsMonitor2000.analyze.processor import AnalyticsProcessor
from LogsMonitor2000.event import Alert, Event, MalformedLine, Stats, Summary
from LogsMonitor2000.parse.choose import Choice
from LogsMonitor2000.pipeline.followed import Following
from LogsMonitor2000.pipeline.monitor import Monitor
from LogsMonitor2000.pipeline.recogniser import Recogniser
from LogsMonitor2000.pipeline.record import replay
from LogsMonitor2000.runtime.clock import Clock
from LogsMonitor2000.source.follow.environment import Environment
from LogsMonitor2000.source.follow.source_set import SourceSet
from LogsMonitor2000.state.database import Database
from LogsMonitor2000.state.directory import DATABASE, StateDirectory
from LogsMonitor2000.state.journal import Journal
from LogsMonitor2000.testing import ManualClock, ManualWaiter

from ..logs import NOW, START, csv_line, random_log
from ..reference import Options, monitor
from ..running import ROOT, Running, command, environment, numbers, processor_for, wait_until
from ..support import SCALE, TemporaryFiles, read_state

T = TypeVar("T")
STEP = 0.25
FAR = 1_000_000
"""A line that much later closes everything before it."""


class Killed(BaseException):
    """The process dies here. What the monitor does on its way out writes nothing and tells nothing."""


class Fate:
    """Kills when `lives` points of the run have been passed; None never."""

    def __init__(self, lives: int | None = None) -> None:
        self._lives = lives

    def point(self) -> None:
        if self._lives is not None:
            self._lives -= 1
            if self._lives < 0:
                raise Killed


class Record(Action):
    """What a person has seen over all lives. `unnoted` was told but not noted as told: the next life tells it again, first."""

    essential = True

    def __init__(self) -> None:
        self.seen: list[Event] = []
        self.unnoted: list[Event] = []
        self.repeated = 0
        self.fate = Fate()

    def begin(self, fate: Fate) -> None:
        self.repeated = 0
        self.fate = fate

    def notify(self, event: Event) -> None:
        self.fate.point()
        if self.repeated < len(self.unnoted):
            assert event == self.unnoted[self.repeated], (event, self.unnoted)
        else:
            self.seen.append(event)
            if isinstance(event, Summary):
                return  # of this life only
            self.unnoted.append(event)
        self.repeated += 1
        self.fate.point()

    def noted(self) -> None:
        self.unnoted.clear()
        self.repeated = 0


class FatalDatabase(Database):
    """Dies before, in and after transactions. None of them waits for the disk: no machine dies here."""

    def __init__(self, path: str, fate: Fate, record: Record) -> None:
        super().__init__(StateDirectory(path))
        self._fate = fate
        self._record = record

    def run(self, work: Callable[[sqlite3.Connection], T], *, durable: bool = True) -> T:
        def fatal_work(connection: sqlite3.Connection) -> T:
            result = work(connection)
            self._fate.point()
            return result

        self._fate.point()
        result = super().run(fatal_work, durable=False)
        if not durable:  # the note
            self._record.noted()
        self._fate.point()
        return result


class FatalJournal(Journal):
    def __init__(self, database: FatalDatabase, clock: Clock, record: Record) -> None:
        super().__init__(database, clock)
        self._record = record

    def emitted(self) -> None:
        self._record.fate.point()
        super().emitted()
        self._record.fate.point()


class Ticking(Clock):
    """A clock by which each snapshot takes a fifth of a second."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ticks = 0

    def now(self) -> float:
        return self._clock.now()

    def elapsed(self) -> float:
        self._ticks += 1
        return self._clock.elapsed() + self._ticks * 0.2


class Lives(TemporaryFiles):
    """Monitors of `names` in a directory, one after the other; what they tell is in `self.record`."""

    options = Options(stats_interval=5, window=7, threshold=1.5, buffer_time=2, horizon=int(NOW) + 86_400)

    def setUp(self) -> None:
        super().setUp()
        self.fresh()

    is_slow = False
    """Whether snapshots take long, so that what is done to the processor is recorded instead."""
    replayed = 0

    def fresh(self) -> None:
        self.clock = ManualClock(NOW)
        self.record = Record()

    def prepare(self, processor: AnalyticsProcessor, journal: Journal) -> None:
        """What else takes part in the commits of a life."""

    def live(
        self,
        names: Sequence[str],
        state: str,
        step: Callable[[Monitor], None],
        *,
        lives: int | None = None,
        options: Options | None = None,
    ) -> Summary | None:
        """One life: `step` is called at each wait. Returns its summary, None when it was killed."""
        options = options or self.options
        fate = Fate(lives)
        self.record.begin(fate)
        processor = processor_for(options)
        add = processor.add

        def fatal_add(digest: Digest) -> list[Event]:
            fate.point()
            return add(digest)

        processor.add = fatal_add  # type: ignore[method-assign]
        clock = Ticking(self.clock) if self.is_slow else self.clock
        journal = FatalJournal(FatalDatabase(state, fate, self.record), clock, self.record)
        self.prepare(processor, journal)
        found = journal.found
        if found is not None:
            assert processor.restore(found["processor"])
            self.replayed += len(journal.operations)
            try:
                replay(processor, journal.operations)
            except Killed:
                journal.close()
                return None
        sources = SourceSet(names, position=found and found["position"], last_line=False, environment=Environment(self.clock))
        following = Following(sources, Recogniser(processor, Choice(options.log_format)), found and found["inputs"])

        def wait() -> None:
            fate.point()
            step(made)

        waiter = ManualWaiter([], at_end=wait)
        made = Monitor(following, processor, [self.record], journal=journal, skew_max=86_400, clock=self.clock, waiter=waiter)
        try:
            return made.run()
        except Killed:
            return None

    def told(self, kind: type) -> list[Event]:
        return [event for event in self.record.seen if isinstance(event, kind)]


def rotate(path: str) -> None:
    """As logrotate does without `create`: every number goes up by one."""
    for number in range(50, 0, -1):
        if os.path.exists(f"{path}.{number}"):
            os.rename(f"{path}.{number}", f"{path}.{number + 1}")
    if os.path.exists(path):
        os.rename(path, path + ".1")


def append(path: str, data: bytes) -> None:
    with open(path, "ab") as file:
        file.write(data)


class Writing:
    """Appends `log` to `path` in random pieces, with a rotation now and then; no silence is as long as the buffer time.

    Nothing is rotated before there is a snapshot: until then nobody knows what was followed, and a run begins anew.
    """

    def __init__(self, path: str, log: bytes, state: str, clock: ManualClock, rng: Random, silence_max: float) -> None:
        self._path = path
        self._state = state
        self._has_snapshot = False
        self._log = log
        self._clock = clock
        self._rng = rng
        self._silence_max = silence_max
        self._silence = 0.0
        self.written = 0

    @property
    def is_done(self) -> bool:
        return self.written == len(self._log)

    def _is_known(self) -> bool:
        """Whether a run has committed what it follows."""
        self._has_snapshot = self._has_snapshot or read_state(self._state, "SELECT 1 FROM snapshot") is not None
        return self._has_snapshot

    def step(self, alive: bool = True) -> None:
        """Let a moment pass, and write, or not."""
        passed = self._rng.choice((0.05, 0.1, 0.25, 0.4))
        self._clock.advance(passed)
        self._silence = self._silence + passed if alive else 0.0
        if self._rng.random() < 0.3 and self._silence + 0.4 < self._silence_max:
            return
        while not self.is_done:
            size = self._rng.choice((1, 7, 30, 90, 200, 700))
            piece = self._log[self.written : self.written + size]
            append(self._path, piece)
            self.written += len(piece)
            if piece.endswith(b"\n") and self._rng.random() < 0.5 and self._is_known():
                rotate(self._path)
            if b"\n" in piece:
                self._silence = 0.0
                return
            if self._silence + 0.4 < self._silence_max:
                return


class AtRandom(Lives):
    def test_killed_at_any_moment(self) -> None:
        counted = {"killed": 0, "stopped": 0, "repeats": 0, "alerts": 0, "late": 0, "malformed": 0, "replayed": 0}
        for seed in range(int(os.environ.get("TEST_RESTART_SEEDS", 25 * SCALE))):
            with self.subTest(seed=seed):
                self.one_history(seed, counted)
        for what, count in counted.items():  # all that can happen did
            self.assertGreater(count, 10, what)

    def one_history(self, seed: int, counted: dict[str, int]) -> None:
        rng = Random(seed)
        self.fresh()
        self.is_slow = seed % 2 == 1
        options = self.options._replace(
            stats_interval=rng.choice((1, 5, 10)), threshold=rng.choice((0.4, 1.0, 1.5)), buffer_time=rng.choice((1, 2, 3))
        )
        log = random_log(rng, lines_max=120)
        log += b"\n" if log and not log.endswith(b"\n") else b""
        log += csv_line(START + FAR * 1000)
        path, state = self.path(f"{seed}.log"), self.path(f"{seed}.state")
        writing = Writing(path, log, state, self.clock, rng, options.buffer_time)
        summary, silence = None, 0.0
        while summary is None or not writing.is_done or silence < options.stats_interval + options.buffer_time + 1:
            stop_at = rng.choice((None, None, rng.randrange(1, 60)))

            def step(made: Monitor) -> None:
                nonlocal stop_at, silence
                if writing.is_done:
                    self.clock.advance(STEP)
                    silence += STEP
                    if silence >= options.stats_interval + options.buffer_time + 1:
                        made.stop()
                else:
                    writing.step()
                    if stop_at is not None and (stop_at := stop_at - 1) <= 0:
                        made.stop()

            if writing.is_done:
                silence = 0.0  # a new life begins to wait anew
            lives = None if writing.is_done else rng.choice((rng.randrange(20), rng.randrange(300)))
            summary = self.live([path], state, step, lives=lives, options=options)
            counted["killed" if summary is None else "stopped"] += 1
            counted["repeats"] += bool(self.record.unnoted)
            for _ in range(rng.choice((0, 0, 1, 5))):
                writing.step(alive=False)
        expected = monitor([log], options)
        told = [event for event in numbers(self.record.seen) if not isinstance(event, Summary)]
        self.assertEqual(told, expected[:-1])
        self.assertEqual(summary, expected[-1])
        samples = [event for event in self.record.seen if isinstance(event, MalformedLine)]
        self.assertEqual(len({sample.line for sample in samples}), len(samples), "each line once")
        for sample in samples:
            self.assertIn(sample.text, log.split(b"\n")[sample.line - 1])
        counted["alerts"] += len([event for event in told if isinstance(event, Alert)])
        counted["late"] += summary.late
        counted["malformed"] += summary.malformed
        counted["replayed"], self.replayed = counted["replayed"] + self.replayed, 0


class Planned(Lives):
    """Lives whose ends are chosen."""

    def expect_once(self, log: bytes, summary: Summary | None) -> None:
        expected = monitor([log], self.options)
        self.assertEqual(summary, expected[-1])
        told = [event for event in numbers(self.record.seen) if not isinstance(event, Summary)]
        self.assertEqual(told, expected[:-1])

    def steps(self, *steps: Callable[[], object]) -> Callable[[Monitor], None]:
        """Do one of `steps` at each wait, then stop."""
        left = iter(steps)

        def step(made: Monitor) -> None:
            self.clock.advance(STEP)
            if (act := next(left, None)) is not None:
                act()
            else:
                made.stop()

        return step

    def silence(self, seconds: float = 10) -> list[Callable[[], object]]:
        return [lambda: None] * int(seconds / STEP)

    def test_every_point_of_a_short_run(self) -> None:
        """Killed once at each point that a short run passes, or where time is short at every third, then gone on with."""
        log = csv_line(START) * 20 + csv_line(START + 30) + csv_line(START + FAR)
        cuts = [len(csv_line(START)) * number for number in (8, 15)]
        for point in range(0, 200, 3 if SCALE == 1 else 1):
            self.fresh()
            path, state = self.path(f"{point}.log", log[: cuts[0]]), self.path(f"{point}.state")
            self.live([path], state, self.steps(lambda: None))
            todo = [partial(append, path, log[cuts[0] : cuts[1]]), partial(rotate, path), partial(append, path, log[cuts[1] :])]

            def go_on() -> None:
                todo.pop(0)()

            if self.live([path], state, self.steps(*[go_on] * 3, *self.silence()), lives=point) is not None:
                break
            while todo:
                go_on()
            with self.subTest(point=point):
                self.expect_once(log, self.live([path], state, self.steps(*self.silence())))
        self.assertGreater(point, 50)
        self.assertLess(point, 199)

    def test_a_clean_stop_leaves_open_what_is_open(self) -> None:
        log = b"".join(csv_line(START + second) * 2 for second in range(12)) + csv_line(START + FAR)
        path, state = self.path("a.log", b""), self.path("state")
        for begin in range(0, len(log), 137):  # in the middle of seconds, intervals, windows and lines
            append(path, log[begin : begin + 137])
            summary = self.live([path], state, self.steps(lambda: None))
            assert summary is not None
            self.assertEqual(summary.lines, log[: begin + 137].count(b"\n"))
        self.expect_once(log, self.live([path], state, self.steps(*self.silence())))
        self.assertEqual([alert.state for alert in self.record.seen if isinstance(alert, Alert)], ["firing", "resolved"])

    def test_an_alert_that_fires_in_one_life_recovers_in_the_next(self) -> None:
        path, state = self.path("a.log", csv_line(START) * 30), self.path("state")
        self.live([path], state, self.steps(*self.silence(4)))
        (firing,) = self.told(Alert)
        self.live([path], state, self.steps(*self.silence(20)))
        _, resolved = self.told(Alert)
        self.assertEqual((resolved.time, resolved.started), (START + 7, START))  # type: ignore[attr-defined]
        self.assertEqual(firing.time, START)  # type: ignore[attr-defined]
        self.live([path], state, self.steps(*self.silence(20)))
        self.assertEqual(len(self.told(Alert)), 2)

    def test_two_logs_and_one_that_comes(self) -> None:
        names, state = [self.path("*.log")], self.path("state")
        one, two = self.path("1.log", csv_line(START) * 3), self.path("2.log")
        self.live(names, state, self.steps(lambda: append(two, csv_line(START + 1)), *self.silence(1)))
        rotate(one)
        append(one, csv_line(START + 1) * 2)
        append(two, csv_line(START + 2))
        self.live(names, state, self.steps(*self.silence(1)), lives=25)
        summary = self.live(names, state, self.steps(*self.silence(20)))
        assert summary is not None
        self.assertEqual((summary.lines, summary.events, summary.late), (7, 7, 0))
        self.assertEqual([event.hits for event in self.told(Stats)], [7])  # type: ignore[attr-defined]

    def test_what_a_restart_reads_is_not_late(self) -> None:
        """Stopped for an hour while a busy log was written: silence is counted from the new start."""
        path, state = self.path("a.log", csv_line(START)), self.path("state")
        self.live([path], state, self.steps(*self.silence(1)))
        rest = b"".join(csv_line(START + second) for second in range(1, 3600)) + csv_line(START + FAR)
        append(path, rest)
        self.clock.advance(3600)
        self.expect_once(csv_line(START) + rest, self.live([path], state, self.steps(*self.silence())))


class Writer:
    """Appends numbered lines, stamped with the time of day, and rotates, until it is told to stop. It runs in a thread."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.lines = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._is_over.set()
        self._thread.join(10)

    def _write(self) -> None:
        while not self._is_over.wait(0.004):
            count = 1 + self.lines % 5
            now = int(time.time())
            append(self.path, b"".join(csv_line(now, b"/n/%d" % (self.lines + number)) for number in range(count)))
            self.lines += count
            if self.lines % 400 < count:
                rotate(self.path)


class RealProcesses(TemporaryFiles):
    def setUp(self) -> None:
        super().setUp()
        self.log, self.state, self.out = self.path("a.log"), self.path("state"), self.path("out")
        self.arguments = [self.log, "--follow", "--state", self.state, "--output", "json", "--log_format", "csv"]
        self.arguments += ["--stats_interval", "1", "--buffer_time", "1", "--high_traffic_threshold", "0"]

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """The command, its output appended to a file, so that no pipe keeps any of it. Killed when the block ends."""
        with open(self.out, "ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "LogsMonitor2000", *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.PIPE,
                cwd=ROOT,
                env=environment(),
            )
        try:
            yield process
        finally:
            process.kill()
            process.communicate(timeout=10)

    def output(self) -> list[dict[str, object]]:
        if not os.path.exists(self.out):
            return []
        with open(self.out) as file:
            return [json.loads(line) for line in file]

    def stats(self) -> list[dict[str, object]]:
        return [event for event in self.output() if event["event"] == "stats"]

    def hits(self) -> int:
        return sum(event["hits"] for event in self.stats())  # type: ignore[misc]

    def saved(self) -> float:
        """When the snapshot on disk was saved; 0 where there is none."""
        return float(read_state(self.state, "SELECT max(saved) FROM snapshot") or 0)

    def has_noted(self) -> bool:
        """Whether all that is committed is noted as emitted."""
        return not read_state(self.state, "SELECT count(*) FROM pending")

    def test_killed_while_a_log_is_written_and_rotated(self) -> None:
        rng = Random(1)
        may_repeat = False
        append(self.log, csv_line(int(time.time())))
        with self.running():  # until then nobody knows what is followed
            self.assertTrue(wait_until(lambda: self.saved() > 0))
        with Writer(self.log) as writer:
            for _ in range(2 * SCALE):
                before = self.saved()
                with self.running() as process:
                    self.assertTrue(wait_until(lambda: self.saved() > before))
                    time.sleep(rng.uniform(0, 0.4))
                    process.send_signal(signal.SIGKILL)
                    process.wait(10)
                may_repeat = may_repeat or not self.has_noted()
            before = self.saved()
            with self.running() as process:  # a clean stop in between
                self.assertTrue(wait_until(lambda: self.saved() > before))
                process.send_signal(signal.SIGTERM)
                self.assertEqual(process.wait(10), 0)
        lines = writer.lines + 1
        self.assertGreater(lines, 200)
        with self.running() as process:
            wait_until_quiet(self.hits, lines)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(10), 0)
        summary = self.output()[-1]
        self.assertEqual((summary["lines"], summary["malformed"]), (lines, 0))
        told = self.stats()
        if may_repeat:  # killed between the telling and the note: the same again, word by word
            told = list({json.dumps(event): event for event in told}.values())
        times = [event["time"] for event in told]
        self.assertEqual(times, sorted(set(times)), "each interval once, in order")  # type: ignore[type-var]
        self.assertEqual(sum(event["hits"] for event in told), summary["events"])  # type: ignore[misc]
        self.assertEqual(summary["events"], lines - summary["late"])  # type: ignore[operator]

    def test_one_monitor_on_a_state_its_counts_and_its_privacy(self) -> None:
        append(self.log, csv_line(START) * 3)
        with Running(*self.arguments) as run:
            self.assertTrue(wait_until(lambda: self.saved() > 0))
            refused = command(*self.arguments)
            self.assertEqual((refused.returncode, refused.stdout), (2, b""))
            self.assertEqual(refused.stderr.count(b"\n"), 1, refused.stderr)
            self.assertIn(b"locked by another process", refused.stderr)
            run.signal(signal.SIGUSR1)
            run.read_until(lambda: b"a.log: 3 lines" in run.errors)
            self.assertIsNone(run.process.poll())
            run.signal(signal.SIGTERM)
            self.assertEqual(run.end(), 0)
        self.assertEqual(stat.S_IMODE(os.stat(self.state).st_mode), 0o700)
        self.assertEqual(sorted(os.listdir(self.state)), ["lock", "state.sqlite3"])
        for name in os.listdir(self.state):
            self.assertEqual(stat.S_IMODE(os.stat(os.path.join(self.state, name)).st_mode), 0o600, name)

    def test_a_damaged_snapshot_gives_a_warning_and_a_fresh_start(self) -> None:
        append(self.log, csv_line(START) * 3)
        for is_damaged in (False, True):
            with Running(*self.arguments) as run:
                if is_damaged:
                    run.read_until(lambda: b"starting with empty state" in run.errors)
                self.assertTrue(wait_until(lambda: self.saved() > 0))
                run.signal(signal.SIGTERM)
                self.assertEqual(run.end(), 0)
            self.assertEqual(json.loads(run.out.splitlines()[-1])["events"], 3)
            self.assertEqual(run.errors.count(b"starting with empty state"), int(is_damaged), run.errors)
            with open(os.path.join(self.state, DATABASE), "r+b") as file:
                file.truncate(os.path.getsize(file.name) // 2)

    def test_other_settings_go_on_from_the_position(self) -> None:
        append(self.log, csv_line(START) * 3)
        for more, said, lines in (([], b"", 3), (["--buffer_time", "0"], b"other settings", 1)):
            with Running(*self.arguments, *more) as run:
                self.assertTrue(wait_until(lambda: self.saved() > 0))
                run.read_until(lambda: said in run.errors)
                run.signal(signal.SIGTERM)
                self.assertEqual(run.end(), 0)
            self.assertEqual(json.loads(run.out.splitlines()[-1])["lines"], lines)
            append(self.log, csv_line(START + 100))

    def test_a_state_is_for_following(self) -> None:
        append(self.log, csv_line(START))
        refused = command(self.log, "--state", self.state)
        self.assertEqual((refused.returncode, refused.stdout), (2, b""))
        self.assertEqual(refused.stderr.count(b"\n"), 1, refused.stderr)
        self.assertFalse(os.path.exists(self.state))


def wait_until_quiet(hits: Callable[[], int], lines: int, seconds: float = 5) -> None:
    """Until all lines are told of, or for a while: some may be late on a machine that is busy."""
    deadline = time.monotonic() + seconds
    while hits() < lines and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.2)


if __name__ == "__main__":
    unittest.main()
