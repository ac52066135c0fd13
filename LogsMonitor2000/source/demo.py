"""A made-up access log, so that the first screen needs no file: the same bytes every time, made while they are read.

It shows one morning of a small shop: a deployment whose checkout fails for a while, and later a flood of logins from one
address that raises the high-traffic alert. Addresses are those set aside for documentation (RFC 5737, RFC 3849).
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import accumulate, islice
from math import pi, sin
from random import Random
import sys

from .stream import StreamSource

NAME = "demo"

TARGETS: tuple[tuple[str, str, int, int], ...] = (
    ("GET", "/", 14, 5_200),
    ("GET", "/products", 16, 14_800),
    ("GET", "/products/teapot", 12, 9_300),
    ("GET", "/products/kettle?color=red", 7, 8_900),
    ("GET", "/images/teapot.jpg", 18, 48_000),
    ("GET", "/images/logo.svg", 12, 2_100),
    ("GET", "/api/cart", 8, 640),
    ("POST", "/api/cart", 4, 320),
    ("POST", "/checkout", 3, 1_900),
    ("GET", "/search?q=tea", 5, 7_700),
    ("POST", "/login", 1, 410),
)
"""Method, target, weight, typical size of the response."""

AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/138.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Mobile Safari/604.1",
)


@dataclass(frozen=True)
class Episode:
    """From second `start` for `seconds`: requests of one kind come at `rate` a second, or those of the usual traffic fail."""

    start: int
    seconds: int
    rate: float = 0.0
    method: str = "POST"
    target: str = "/login"
    source: str = "203.0.113.66"
    status: int = 401
    agent: str = "python-requests/2.32"

    def covers(self, second: int) -> bool:
        return self.start <= second < self.start + self.seconds


@dataclass(frozen=True)
class Scenario:
    """A log of `seconds` from `start` (epoch) on, with `rate` requests a second on average and what happens besides."""

    start: int
    seconds: int
    rate: float
    flood: Episode
    failure: Episode
    agents: tuple[str, ...] = AGENTS
    clients: int = 180
    seed: int = 2000


DEMO = Scenario(
    start=1_741_680_000,  # 2025-03-11T08:00:00Z
    seconds=4 * 3600,
    rate=0.8,
    flood=Episode(9_240, 400, rate=13.0),
    failure=Episode(4_500, 900, target="/checkout", status=502),
)

EXAMPLE = Scenario(
    start=1_741_687_200,  # 2025-03-11T10:00:00Z
    seconds=720,
    rate=0.5,
    flood=Episode(300, 125, rate=10.4, agent="curl/8.14"),
    failure=Episode(560, 60, target="/checkout", status=502),
    agents=("Firefox/140.0", "Chrome/138.0", "Safari/604.1"),
    clients=40,
)
"""What `examples/access.log` is: `python -m LogsMonitor2000.source.demo > examples/access.log`."""


def lines(scenario: Scenario) -> Iterator[bytes]:
    """The lines of a scenario, in the combined format, by ascending time."""
    # Only `random()` is used: of all methods it alone gives the same numbers on every version of Python.
    draw = Random(scenario.seed).random
    clients = [_client(number) for number in range(scenario.clients)]
    weights = list(accumulate(weight for _, _, weight, _ in TARGETS))
    for second in range(scenario.seconds):
        stamp = datetime.fromtimestamp(scenario.start + second, timezone.utc).strftime("%d/%b/%Y:%H:%M:%S +0000")
        wave = 1 + 0.35 * sin(2 * pi * second / scenario.seconds - pi / 2)
        for _ in range(int(scenario.rate * wave * 2 * draw() + draw())):
            yield _usual(scenario, second, stamp, draw, clients, weights)
        flood = scenario.flood
        if flood.covers(second):
            for _ in range(int(flood.rate + draw())):
                request = f'"{flood.method} {flood.target} HTTP/1.1" {flood.status} 410'
                yield f'{flood.source} - - [{stamp}] {request} "-" "{flood.agent}"\n'.encode()


def _usual(
    scenario: Scenario, second: int, stamp: str, draw: Callable[[], float], clients: list[str], weights: list[int]
) -> bytes:
    """A line of the usual traffic: few clients make many of the requests."""
    client = int(len(clients) * draw() ** 2)
    method, target, _, typical = TARGETS[bisect(weights, draw() * weights[-1])]
    chance, size = draw(), int(typical * (0.5 + draw()))
    status = 200
    if scenario.failure.covers(second) and target in (scenario.failure.target, "/api/cart") and chance < 0.7:
        status, size = scenario.failure.status, 166
    elif chance < 0.02:
        status, size, target = 404, 153, "/wp-login.php"
    elif chance < 0.08 and method == "GET":
        status, size = 304, 0
    agent = scenario.agents[client % len(scenario.agents)]
    return f'{clients[client]} - - [{stamp}] "{method} {target} HTTP/1.1" {status} {size} "-" "{agent}"\n'.encode()


def _client(number: int) -> str:
    if number % 7 == 3:
        return f"2001:db8::{number:x}"
    return f"{'192.0.2' if number % 2 else '198.51.100'}.{number % 250 + 1}"


class DemoSource(StreamSource):
    """The demo as a source."""

    def __init__(self, scenario: Scenario = DEMO) -> None:
        super().__init__(NAME)
        self._lines = lines(scenario)

    def _read_raw(self, size: int) -> bytes | None:
        return b"".join(islice(self._lines, max(1, size // 256)))


if __name__ == "__main__":
    sys.stdout.buffer.writelines(lines(EXAMPLE))
