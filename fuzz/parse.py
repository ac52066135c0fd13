"""Fuzz the parsers: whatever bytes a log is made of, nothing is raised, and the fast parser agrees with the strict one.

    python -m fuzz.parse --seconds 60 [--seed 1]     mutations of the examples of every format
    python -m fuzz.parse --atheris [CORPUS]           guided by coverage (pip install atheris)

What it finds is printed as a line of Python, to become a test.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import random
import sys
import time

from LogsMonitor2000.errors import FormatError
from LogsMonitor2000.parse.base import Malformed, Parser
from LogsMonitor2000.parse.choose import Choice
from LogsMonitor2000.parse.registry import LINES, RECORDS, make_parser
from tests.parse.corpus import mutated

HORIZON = 1 << 40
FIELDS = ("source", "section", "status", "size")


class Disagreement(Exception):
    """The two parsers of a format read a line differently, or one of them raised."""


def check(name: str, parser: Parser, line: bytes) -> None:
    """Read `line` by both parsers of the format `name`."""
    try:
        strict = parser.parse_line(line)
        second = None if strict is None else strict.time
    except Malformed:
        second = None
    fields = [field for field in FIELDS if field in parser.fields]
    columns = parser.bind(fields)(line + b"\n", HORIZON)
    fast = columns.seconds[0] if columns.seconds else None
    if fast != second:
        raise Disagreement(f"{name}: fast {fast}, strict {second}: {line!r}")


def detect(block: bytes) -> None:
    """Detect the format of `block`; that none fits is no error."""
    try:
        Choice().choose("fuzz", [block])
    except FormatError:
        pass


def parsers() -> dict[str, tuple[Parser, list[bytes]]]:
    """Every format that reads single lines, with its examples."""
    found = {}
    for row in (*LINES, *RECORDS):
        parser = make_parser(row.name)
        examples = [example for example in row.examples if b"\n" not in example]
        if parser is not None and examples and not parser.sequential:
            found[row.name] = parser, examples
    return found


def run(seconds: float, seed: int) -> int:
    """Mutate examples for `seconds`; returns how many lines were read."""
    draw = random.Random(seed)
    formats = parsers()
    names = list(formats)
    every = [example for _, examples in formats.values() for example in examples]
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        name = draw.choice(names)
        parser, examples = formats[name]
        line = mutated(draw, examples if draw.random() < 0.8 else every)
        check(name, parser, line)
        if not count % 50:
            detect(b"\n".join(mutated(draw, every) for _ in range(draw.randrange(1, 9))) + b"\n")
        count += 1
    return count


def guided(arguments: Sequence[str]) -> None:
    """The same under atheris: the first byte chooses the format."""
    import atheris  # type: ignore[import-not-found]

    formats = list(parsers().items())

    def one(data: bytes) -> None:
        if len(data) > 1:
            name, (parser, _) = formats[data[0] % len(formats)]
            check(name, parser, data[1:].replace(b"\n", b" "))

    atheris.instrument_all()
    atheris.Setup([sys.argv[0], *arguments], one)
    atheris.Fuzz()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m fuzz.parse", description="Fuzz the parsers.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--atheris", action="store_true", help="let atheris choose the bytes")
    options, rest = parser.parse_known_args()
    if options.atheris:
        guided(rest)
        return
    print(f"{run(options.seconds, options.seed):,} lines, seed {options.seed}: no disagreement, nothing raised")


if __name__ == "__main__":
    main()
