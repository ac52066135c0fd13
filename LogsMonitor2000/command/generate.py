"""`generate`: writes a log made to measure, in any format that has a writer, with an incident in it if asked for."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator
import os
import sys

from ..config.option import Number, Option, Seconds, Text, Whole
from ..errors import UsageError
from ..generate.lines import START, LineMaker, Plan, batches, shuffled
from ..generate.output import Output
from ..generate.scenario import SCENARIOS, Scenario, Truth
from ..generate.writers import Writer, writable, writer_for
from ..runtime.clock import Clock, second_named
from ..runtime.signals import Stop
from ..runtime.waiter import Waiter
from .arguments import add_help
from .parser import Parser

USAGE = "[--format NAME] [--lines N] [--to FILE] [options]"
EPILOG = """\
The same options give the same bytes, but with --live. A scenario's incident begins after a third of the log and ends
after a half of it; --expect FILE writes which alerts it must raise, for the verb test."""

OPTIONS = (
    Option("format", "combined", Text("NAME", words=writable()), "the format to write"),
    Option("lines", 100_000, Whole("N", least=1), "how many lines"),
    Option("rate", 200.0, Number("N", least=0.001, most=10_000_000), "lines a second of log time"),
    Option("scenario", "steady", Text("NAME", words=tuple(SCENARIOS)), "what happens: " + ", ".join(SCENARIOS)),
    Option("shuffle", 0, Seconds("SECONDS", least=0), "write lines up to this much out of order"),
    Option("seed", 2000, Whole("N", least=0), "another seed gives another log"),
    Option("start", "", Text("TIME"), "when it begins: ISO 8601, or seconds since the epoch (2023-11-14T22:13:20Z)"),
)
PACE = (
    Option("batch_size", 1000, Whole("N", least=1), "write so many lines at once …"),
    Option("interval", 0, Seconds("SECONDS", least=0), "… every so often, by the clock, instead of at a rate"),
    Option("max_lines", 0, Whole("N", least=0), "the same as --lines"),
)


def configure(parser: Parser) -> None:
    group = parser.group("log")
    for option in OPTIONS:
        group.option(option)
    group = parser.group("output")
    group.add("--to", kind=Text("FILE", completes="file"), help="append to FILE (standard output)")
    group.add("--rotate_bytes", kind=Whole("N", least=1), help="rotate FILE past this size: FILE.1 is the newest rotated one")
    group.add("--expect", kind=Text("FILE", completes="file"), help="write the alerts that the log must raise, as rule tests")
    group = parser.group("pace")
    group.add("--live", action="store_true", help="begin now, and write each second when it comes")
    for option in PACE:
        group.option(option)
    add_help(parser.group("other"))


def run(options: Namespace) -> int:
    given = {option.name: getattr(options, option.name, option.default) for option in (*OPTIONS, *PACE)}
    live, to, expect = (getattr(options, name, None) for name in ("live", "to", "expect"))
    is_paced = bool(live or given["interval"])
    clock = Clock()
    writer = writer_for(given["format"])
    assert writer is not None
    scenario = SCENARIOS[given["scenario"]]
    _check(scenario, writer, to, expect, given["shuffle"], getattr(options, "rotate_bytes", None))
    lines = given["max_lines"] or given["lines"]
    start = int(clock.now()) if is_paced else second_named(given["start"], "UTC") if given["start"] else START
    plan: Plan = batches(given["batch_size"], given["interval"]) if given["interval"] else _plan(scenario, given["rate"], lines)
    maker = LineMaker(writer, plan, lines, given["seed"], start, scenario.pools)
    truth = Truth(scenario, given["rate"]) if expect else None
    path, out = (None, sys.stdout.buffer) if to in (None, "-") else (to, None)
    output = Output(path, out, writer.header, getattr(options, "rotate_bytes", 0))
    waiter = Waiter()
    stop = Stop(waiter.wake)
    waiter.wake_on_signals()
    try:
        seconds = maker.seconds(None if truth is None else truth.see)
        paced = _paced(seconds, clock, waiter, stop) if is_paced else seconds
        for batch in shuffled(paced, given["shuffle"], given["seed"]):
            if stop.is_asked:
                break
            output.write(batch)
    finally:
        output.close()
        waiter.close()
    if truth is not None and expect is not None and to is not None:
        _write(expect, truth.as_rule_tests(os.path.relpath(to, os.path.dirname(expect) or ".")))
    return stop.exit_status


def _plan(scenario: Scenario, rate: float, lines: int) -> Plan:
    """The scenario's plan, with its incident between a third and a half of the time that the log would take without it."""
    length = lines / rate
    return scenario.plan(rate, int(length / 3), int(length / 2))


def _check(scenario: Scenario, writer: Writer, to: str | None, expect: str | None, shuffle: int, rotate: int | None) -> None:
    if scenario.needs_duration and not writer.has_duration:
        raise UsageError(
            f"--scenario {scenario.name} needs a format with durations, such as timed or json; {writer.name} has none"
        )
    if rotate and to in (None, "-"):
        raise UsageError("--rotate_bytes goes with --to FILE")
    if expect is not None and (to in (None, "-") or rotate or shuffle > 2):
        raise UsageError("--expect goes with --to FILE, without --rotate_bytes, and with a --shuffle of at most 2")


def _paced(
    seconds: Iterable[tuple[int, list[bytes]]], clock: Clock, waiter: Waiter, stop: Stop
) -> Iterator[tuple[int, list[bytes]]]:
    """The same seconds, each when the clock has come to it."""
    for second, lines in seconds:
        while (ahead := second - clock.now()) > 0 and not stop.is_asked:
            waiter.wait([], ahead)
        if stop.is_asked:
            return
        yield second, lines


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
