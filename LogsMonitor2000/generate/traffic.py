"""Requests that look like traffic: clients, targets and user agents follow a Zipf-like law, sizes a log-normal one.

Drawing seven fields for each line would cost more than writing it. So requests are drawn into a pool, rendered once, and lines are
drawn from the pool; a share of it is drawn anew again and again, so that a long log does not repeat itself.
"""

from __future__ import annotations

from collections.abc import Iterator
import random
from typing import NamedTuple

SECTIONS = (
    "api images static login report search pages products cart checkout users blog docs admin health metrics feed media assets help"
).split()
LEAVES = "index list view edit item detail summary photo banner main style app logo user create status".split()
ENDINGS = ("", ".html", ".png", ".css", ".js", "?page=2", "?id=4711&sort=asc", "/comments")
BROWSERS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.{} Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0",
    "Mozilla/5.0 (compatible; Googlebot/2.{}; +http://www.google.com/bot.html)",
    "curl/7.{}.0",
)
METHODS = ("GET", "GET", "GET", "GET", "GET", "GET", "GET", "POST", "HEAD", "PUT")
STATUSES = (200,) * 80 + (301,) * 4 + (304,) * 6 + (404,) * 6 + (403, 500, 502, 503)
SITES = ("www.example.com", "shop.example.com", "api.example.com")


class Request(NamedTuple):
    """What a line says, but for its time. A `size` of None is written as `-` where the format allows it; `duration` is in seconds."""

    source: str
    user: str
    vhost: str
    method: str
    target: str
    protocol: str
    status: int
    size: int | None
    referrer: str
    agent: str
    duration: float


class Traffic:
    """What requests are made of, each part with its weights, drawn once from `seed`: the same seed gives the same requests."""

    def __init__(self, seed: int, clients: int = 5_000, targets: int = 2_000) -> None:
        draw = self.random = random.Random(seed)
        self.clients = [".".join(str(draw.randrange(1, 255)) for _ in range(4)) for _ in range(clients)]
        self.targets = ["/"] + [
            f"/{draw.choice(SECTIONS)}/{draw.choice(LEAVES)}{draw.randrange(1000)}{draw.choice(ENDINGS)}"
            for _ in range(targets - 1)
        ]
        self.agents = [draw.choice(BROWSERS).format(draw.randrange(20, 120)) for _ in range(200)]
        self.users = ["-"] * 60 + [f"cust_{number}" for number in range(1, 51)]
        self.referrers = ["-"] * 40 + [f"https://www.example.com{target}" for target in self.targets[:60]]
        self._client_weights = _zipf(clients)
        self._target_weights = _zipf(targets)
        self._agent_weights = _zipf(len(self.agents))

    def requests(self, count: int) -> Iterator[Request]:
        """`count` requests of ordinary traffic."""
        draw = self.random
        statuses = draw.choices(STATUSES, k=count)
        sizes = [None if status == 304 else int(draw.lognormvariate(8, 1.5)) for status in statuses]
        return map(
            Request,
            draw.choices(self.clients, cum_weights=self._client_weights, k=count),
            draw.choices(self.users, k=count),
            draw.choices(SITES, cum_weights=(8, 11, 12), k=count),
            draw.choices(METHODS, k=count),
            draw.choices(self.targets, cum_weights=self._target_weights, k=count),
            draw.choices(("HTTP/1.1", "HTTP/2.0"), k=count),
            statuses,
            sizes,
            draw.choices(self.referrers, k=count),
            draw.choices(self.agents, cum_weights=self._agent_weights, k=count),
            [round(draw.lognormvariate(-2.5, 0.8), 3) for _ in range(count)],
        )


def _zipf(count: int) -> list[float]:
    """Cumulative weights 1, 1 + 1/2, 1 + 1/2 + 1/3 …: the n-th most frequent is n times rarer than the first."""
    total = 0.0
    return [total := total + 1 / rank for rank in range(1, count + 1)]
