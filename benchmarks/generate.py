"""Write an access log that is the same on every machine: `python -m benchmarks.generate --help`.

The traffic is made up but shaped like traffic: addresses, targets and user agents follow a Zipf-like law, sizes a log-normal one,
and time advances at a fixed rate (dense: 200 lines a second, sparse: one). The same seed always gives the same bytes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from datetime import datetime, timezone
import random
import sys
from typing import BinaryIO

START = 1_700_000_000
BATCH_LINES = 20_000

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


class Traffic:
    """Pools of everything a request is made of, each with its weights, drawn once from `seed`."""

    def __init__(self, seed: int, clients: int = 5_000, targets: int = 2_000) -> None:
        draw = self.random = random.Random(seed)
        self.clients = [".".join(str(draw.randrange(1, 255)) for _ in range(4)) for _ in range(clients)]
        self.targets = ["/"] + [
            f"/{draw.choice(SECTIONS)}/{draw.choice(LEAVES)}{draw.randrange(1000)}{draw.choice(ENDINGS)}"
            for _ in range(targets - 1)
        ]
        self.agents = [draw.choice(BROWSERS).format(draw.randrange(20, 120)) for _ in range(200)]
        self.referrers = ["-"] * 40 + [f"https://www.example.com{t}" for t in self.targets[:60]]
        self.client_weights = _zipf(clients)
        self.target_weights = _zipf(targets)
        self.agent_weights = _zipf(len(self.agents))

    def requests(self, count: int) -> Iterator[tuple[str, str, str, int, str, str, str]]:
        """`count` tuples of client, method, target, status, size, referrer and user agent."""
        draw = self.random
        statuses = draw.choices(STATUSES, k=count)
        sizes = [str(int(draw.lognormvariate(8, 1.5))) if s != 304 else "-" for s in statuses]
        return zip(
            draw.choices(self.clients, cum_weights=self.client_weights, k=count),
            draw.choices(METHODS, k=count),
            draw.choices(self.targets, cum_weights=self.target_weights, k=count),
            statuses,
            sizes,
            draw.choices(self.referrers, k=count),
            draw.choices(self.agents, cum_weights=self.agent_weights, k=count),
        )


def _zipf(count: int) -> list[float]:
    """Cumulative weights 1, 1 + 1/2, 1 + 1/2 + 1/3 …: the n-th most frequent is n times rarer than the first."""
    total = 0.0
    return [total := total + 1 / rank for rank in range(1, count + 1)]


def write(out: BinaryIO, lines: int, rate: int, log_format: str, seed: int) -> None:
    """Write `lines` lines at `rate` lines a second of log time, as `combined` or `csv`, to `out`."""
    traffic = Traffic(seed)
    if log_format == "csv":
        out.write(b'"remotehost","rfc931","authuser","date","request","status","bytes"\n')
    for first in range(0, lines, BATCH_LINES):
        batch = []
        stamped, stamp = -1, ""
        for number, request in enumerate(traffic.requests(min(BATCH_LINES, lines - first)), first):
            client, method, target, status, size, referrer, agent = request
            second = START + number // rate
            if log_format == "csv":
                size = "0" if size == "-" else size
                batch.append(f'"{client}","-","apache",{second},"{method} {target} HTTP/1.1",{status},{size}\n')
                continue
            if second != stamped:
                stamped = second
                stamp = datetime.fromtimestamp(second, timezone.utc).strftime("%d/%b/%Y:%H:%M:%S +0000")
            batch.append(f'{client} - - [{stamp}] "{method} {target} HTTP/1.1" {status} {size} "{referrer}" "{agent}"\n')
        out.write("".join(batch).encode())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.generate", description="Write a synthetic access log.")
    parser.add_argument("--lines", type=int, default=2_000_000, help="how many (default: %(default)s)")
    parser.add_argument("--rate", type=int, default=200, help="lines a second of log time (default: %(default)s)")
    parser.add_argument("--log_format", choices=("combined", "csv"), default="combined")
    parser.add_argument("--seed", type=int, default=2000)
    options = parser.parse_args()
    write(sys.stdout.buffer, options.lines, options.rate, options.log_format, options.seed)


if __name__ == "__main__":
    main()
