"""Whatever happens to a log, in whatever order: every line that can be read is read once, in its order within its generation.

A state machine does at random what writers, logrotate, administrators and crashes do. Every line is numbered. Where something
destroys bytes (truncation, deletion), the reader polls first and its position is saved: what no reader can know is not asked for.

In half of the runs the system is at fault too (`faults`): calls fail, read less, take long; the reader is held up in the middle of
a call while others write and rotate; the clock is set forward and back.

The long run is for when LOGSMONITOR2000_LONG is set.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
import unittest

from LogsMonitor2000.limits import GRACE_SECONDS
from LogsMonitor2000.source.follow.tail import FollowSource
from LogsMonitor2000.testing import ManualClock

from .faults import FaultyFiles
from .following import FollowCase

SEEDS, STEPS = (range(50), 3000) if os.environ.get("LOGSMONITOR2000_LONG") else (range(5), 400)
SEED = os.environ.get("LOGSMONITOR2000_SEED")
KEPT = 8
FAULT_RATE = 0.02
"""The share of calls at which something is wrong."""


class World(FollowCase):
    """The log, its writers and its reader. Complete lines end with a dot."""

    def __init__(self, seed: int, directory: str) -> None:
        super().__init__()
        self.random = random.Random(seed)
        self.directory = directory
        self.clock = ManualClock(time.time())
        self.faulty = FaultyFiles(self.random, self.clock, self.happens_meanwhile)
        self.files = self.faulty
        self.fault_rate = FAULT_RATE * (seed % 2)
        self.is_link = seed % 4 == 3
        self.log = os.path.join(directory, "access.log")
        self.source = None
        self.got: list[bytes] = []
        self.expected: list[bytes] = []
        self.generation_of: dict[bytes, int] = {}
        self.unfinished: list[bytes] = []  # what was left so for good
        self.number = self.generation = self.targets = 0
        self.partial = b""
        self.renamed: tuple[str, int, float] | None = None  # the last one, its generation, when
        self.late = False
        self.actions: list[str] = []
        if self.is_link:
            self.point_elsewhere()
        self.start(None)
        self.saved: tuple[object, int] = self.save()

    # ---- the reader

    def start(self, position: object) -> None:
        assert position is None or isinstance(position, dict)
        self.source = FollowSource(
            self.log,
            position=position,
            environment=self.environment(self.random.choice([1, 2, 100])),
            block_bytes=self.random.choice([16, 100, 4096]),
        )
        self.read()

    def save(self) -> tuple[object, int]:
        assert self.source is not None
        self.saved = (self.source.position(), len(self.got))
        return self.saved

    def read(self) -> None:
        if self.source is not None:
            self.receive(self.new())

    def receive(self, data: bytes) -> None:
        for line in data.splitlines():
            self.assertFalse(line in self.got, f"it came twice: {line!r}")
            self.got.append(line)

    def read_and_save(self, seconds: float = 1) -> None:
        """Before something is destroyed: whatever is being waited for has come, and nothing fails."""
        self.faulty.rate = 0.0
        if self.source is None:
            self.start(self.saved[0])
        self.read()
        self.clock.advance(seconds)
        self.read()
        self.save()

    def do_read(self) -> None:
        self.read()
        self.clock.advance(self.random.choice([0, 0, 0.1, 0.6, 3, GRACE_SECONDS + 1]))
        self.read()

    def happens_meanwhile(self) -> None:
        """While the reader is held up in a call."""
        for action in self.random.choices((self.do_write, self.do_write_partly, self.do_write_late, self.do_rotate), k=3):
            if action != self.do_rotate or not self.is_full:
                action()

    @property
    def is_full(self) -> bool:
        """The next rotation removes the oldest file."""
        return any(os.path.exists(f"{self.log}.{KEPT}{ending}") for ending in ("", ".gz"))

    def do_read_a_little(self) -> None:
        if self.source is not None:
            self.receive(next(self.source.chunk(), b""))

    def do_save(self) -> None:
        if self.source is not None:
            self.save()

    def do_stop(self) -> None:
        if self.source is not None:
            self.source.stop()
            self.read()
            self.save()
            self.close()

    def do_kill(self) -> None:
        if self.source is not None:
            self.close()
            del self.got[self.saved[1] :]

    def do_restart(self) -> None:
        if self.source is None:
            self.start(self.saved[0])

    # ---- the writers

    def line(self, generation: int) -> bytes:
        self.number += 1
        line = b"%06d of %d %s." % (self.number, generation, b"x" * self.random.choice([0, 5, 80]))
        self.expected.append(line)
        self.generation_of[line] = generation
        return line

    def do_write(self) -> None:
        data = b""
        if self.partial:
            rest = b" and its rest."
            whole = self.partial + rest
            self.expected.append(whole)
            self.generation_of[whole] = self.generation
            data, self.partial = rest + b"\n", b""
        for _ in range(self.random.randrange(4)):
            data += self.line(self.generation) + b"\n"
        self.write(data)

    def do_write_partly(self) -> None:
        if not self.partial:
            self.number += 1
            self.partial = b"%06d partly" % self.number
            self.write(self.partial)
        else:
            more = b" more"
            self.partial += more
            self.write(more)

    def do_write_late(self) -> None:
        if self.renamed is not None:
            path, generation, when = self.renamed
            if os.path.exists(path) and self.clock.elapsed() - when < GRACE_SECONDS - 1:
                self.write(self.line(generation) + b"\n", path)

    def next_generation(self, destroyed: bool = False) -> None:
        """An unfinished line that is destroyed may be read or not: a position saved before does not count it."""
        if self.partial and not destroyed:
            self.unfinished.append(self.partial)
        self.partial = b""
        self.generation += 1

    # ---- logrotate and administrators

    def shift(self) -> None:
        if self.is_full:
            self.read_and_save(GRACE_SECONDS + 1)
            for ending in ("", ".gz"):
                if os.path.exists(name := f"{self.log}.{KEPT}{ending}"):
                    os.unlink(name)
        for number in range(KEPT, 0, -1):
            for ending in ("", ".gz"):
                if os.path.exists(name := f"{self.log}.{number}{ending}"):
                    os.rename(name, f"{self.log}.{number + 1}{ending}")

    def do_rotate(self) -> None:
        if self.is_link or not os.path.exists(self.log):
            return
        self.shift()
        os.rename(self.log, self.log + ".1")
        self.renamed = (self.log + ".1", self.generation, self.clock.elapsed()) if not self.partial else None
        self.next_generation()
        if self.random.random() < 0.5:
            self.write(b"")

    def do_rotate_often(self) -> None:
        for _ in range(self.random.randrange(2, 5)):
            self.do_write()
            self.do_rotate()

    def do_compress(self) -> None:
        plain = [number for number in range(1, KEPT + 1) if os.path.exists(f"{self.log}.{number}")]
        if plain:
            self.compress(self.random.choice(plain))
            self.renamed = None

    def do_copytruncate(self) -> None:
        if os.path.exists(self.log) and not self.is_link:
            self.shift()
            self.copy(self.log + ".1")
            os.truncate(self.log, 0)
            self.stamp(self.log)
            self.renamed = None
            self.next_generation()

    def do_truncate(self) -> None:
        if os.path.exists(self.log):
            self.read_and_save()
            os.truncate(self.log, 0)
            self.stamp(self.log)
            self.next_generation(destroyed=True)
            if self.random.random() < 0.5:
                self.do_write()

    def do_delete(self) -> None:
        if os.path.exists(self.log) and not self.is_link:
            self.read_and_save()
            os.unlink(self.log)
            self.next_generation(destroyed=True)
            if self.random.random() < 0.7:
                self.do_write()

    def do_swap_link(self) -> None:
        if self.is_link:
            self.read_and_save()
            self.next_generation(destroyed=True)
            self.point_elsewhere()

    def point_elsewhere(self) -> None:
        self.targets += 1
        target = f"target-{self.targets}"
        self.write(b"", self.path(target))
        os.symlink(target, self.path("new"))
        os.rename(self.path("new"), self.log)

    # ---- the run

    def run_steps(self, steps: int) -> None:
        actions = sorted(name for name in dir(self) if name.startswith("do_"))
        weights = [6 if name in ("do_write", "do_read", "do_restart") else 2 for name in actions]
        for _ in range(steps):
            action = self.random.choices(actions, weights)[0]
            self.faulty.rate = self.fault_rate
            self.actions.append(action)
            getattr(self, action)()
        self.faulty.rate = 0.0
        self.do_restart()
        self.read_and_save()
        self.clock.advance(GRACE_SECONDS + 1)
        self.read()
        self.do_rotate()
        self.do_write()
        for _ in range(4):
            self.clock.advance(GRACE_SECONDS)
            self.read()
        self.do_stop()
        self.check()

    def check(self) -> None:
        self.maxDiff = 1000
        whole = [line for line in self.got if line.endswith(b".")]
        fragments = [line for line in self.got if not line.endswith(b".")]
        missing, extra = sorted(set(self.expected) - set(whole)), sorted(set(whole) - set(self.expected))
        self.assertEqual((missing, extra), ([], []))
        self.assertEqual(set(self.unfinished) - set(fragments), set())
        newest: dict[int, bytes] = {}
        for line in whole:
            generation = self.generation_of[line]
            self.assertGreater(line, newest.get(generation, b""), "out of order")
            newest[generation] = line


class AtRandom(unittest.TestCase):
    def test_every_line_once(self) -> None:
        for seed in [int(SEED)] if SEED else SEEDS:
            with tempfile.TemporaryDirectory() as directory:
                world = World(seed, directory)
                try:
                    world.run_steps(STEPS)
                except Exception as error:
                    world.close()
                    error.add_note(
                        f"seed {seed} (set LOGSMONITOR2000_SEED), after {len(world.actions)} steps: {world.actions[-12:]}, faults: {world.faulty.faults[-5:]}"
                    )
                    raise


if __name__ == "__main__":
    unittest.main()
