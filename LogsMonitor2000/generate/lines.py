"""Lines by time: how many there are at each second, and of which requests, written by one writer.

A `Plan` says for each second how many lines are drawn from which pool of requests; a scenario is a plan with an incident in it
(`scenario`). Requests are rendered when they enter a pool, so that a line costs a draw and two concatenations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
import random
from typing import BinaryIO, NamedTuple

from .traffic import Request, Traffic
from .writers import Parts, Writer, writer_for

START = 1_700_000_000
"""When a log begins by default: fixed, so that the same command writes the same log."""

POOL_REQUESTS = 20_000
"""How many requests ordinary traffic is drawn from at a time, at most: rendering them takes a third of a second."""

FRESH_REQUESTS = 500
"""How many of them are drawn anew after each `FRESH_LINES` lines."""

FRESH_LINES = 20_000

Draw = Callable[[random.Random, Traffic], Request]
"""Makes one request of an incident."""


class Share(NamedTuple):
    """`lines` lines of a second, drawn from the pool `pool`; "" is ordinary traffic."""

    pool: str
    lines: int


Plan = Callable[[int], Iterable[Share]]
"""From a number of seconds since the beginning to what is written at that second."""


class Line(NamedTuple):
    """A request and the second at which it was written, for checks of what a log must say."""

    second: int
    request: Request


def steady(rate: float) -> Plan:
    """`rate` lines a second, on average where that is not a whole number."""
    return lambda offset: [Share("", whole_lines(rate, offset))]


def whole_lines(rate: float, offset: int) -> int:
    """How many lines the second `offset` has, so that all together they are `rate` a second."""
    return int(rate * (offset + 1)) - int(rate * offset)


def batches(batch_size: int, interval: int) -> Plan:
    """`batch_size` lines at once, every `interval` seconds."""
    return lambda offset: [] if offset % interval else [Share("", batch_size)]


class LineMaker:
    """Makes the `lines` lines of a plan, in order of time, second after second; the same seed gives the same bytes."""

    def __init__(
        self, writer: Writer, plan: Plan, lines: int, seed: int, start: int, pools: dict[str, Draw] | None = None
    ) -> None:
        self._writer = writer
        self._plan = plan
        self._lines = lines
        self._start = start
        self._traffic = Traffic(seed)
        self._draw = random.Random(seed + 1)
        size = max(1, min(POOL_REQUESTS, lines))
        self._pools: dict[str, list[tuple[Request, Parts]]] = {"": self._rendered(self._traffic.requests(size))}
        for name, draw in (pools or {}).items():
            self._pools[name] = self._rendered(draw(self._draw, self._traffic) for _ in range(max(1, size // 10)))
        self._until_fresh = FRESH_LINES

    def seconds(self, seen: Callable[[Sequence[Line]], object] | None = None) -> Iterator[tuple[int, list[bytes]]]:
        """(second, its lines) until there are as many as asked for; `seen` is called with what each second has."""
        offset, lines = 0, self._lines
        while lines > 0:
            second = self._start + offset
            made: list[bytes] = []
            timestamp = self._writer.timestamp(second)
            for share in self._plan(offset):
                count = min(share.lines, lines)
                drawn = self._draw.choices(self._pools[share.pool], k=count)
                made += [before + timestamp + after for _, (before, after) in drawn]
                if seen is not None:
                    seen([Line(second, request) for request, _ in drawn])
                lines -= count
            if made and self._writer.heading is not None:
                made.insert(0, self._writer.heading(offset))
            yield second, made
            offset += 1
            self._until_fresh -= len(made)
            if self._until_fresh <= 0:
                self._refresh()

    def _rendered(self, requests: Iterable[Request]) -> list[tuple[Request, Parts]]:
        return [(request, self._writer.parts(request)) for request in requests]

    def _refresh(self) -> None:
        """Draw a share of the ordinary requests anew."""
        self._until_fresh = FRESH_LINES
        pool = self._pools[""]
        first = self._draw.randrange(len(pool) - FRESH_REQUESTS)
        pool[first : first + FRESH_REQUESTS] = self._rendered(self._traffic.requests(FRESH_REQUESTS))


def shuffled(seconds: Iterable[tuple[int, list[bytes]]], spread: int, seed: int) -> Iterator[list[bytes]]:
    """Batches of the same lines out of order: none is written more than `spread` seconds of log time before or after another
    that it belongs after or before."""
    draw = random.Random(seed + 2)
    if not spread:
        for _, lines in seconds:
            yield lines
        return
    waiting: dict[int, list[bytes]] = {}  # by the second at which they are written
    due = None
    for second, lines in seconds:
        due = second if due is None else due
        for line, delay in zip(lines, draw.choices(range(spread + 1), k=len(lines))):
            waiting.setdefault(second + delay, []).append(line)
        while due <= second:
            yield _mixed(waiting.pop(due, []), draw)
            due += 1
    for rest in sorted(waiting):
        yield _mixed(waiting[rest], draw)


def _mixed(lines: list[bytes], draw: random.Random) -> list[bytes]:
    draw.shuffle(lines)
    return lines


def write_log(out: BinaryIO, lines: int, rate: float = 200, name: str = "combined", seed: int = 2000) -> None:
    """Write a log of ordinary traffic in the format `name` to `out`; the same arguments give the same bytes everywhere."""
    writer = writer_for(name)
    assert writer is not None, name
    out.write(writer.header)
    for _, made in LineMaker(writer, steady(rate), lines, seed, START).seconds():
        out.write(b"".join(made))
