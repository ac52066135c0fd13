"""`test RULES_TEST`: runs tests of alert rules, each by itself, and shows the difference between expected and actual alerts."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence
import sys
from typing import Any, NamedTuple, TextIO

from ..action.formatter import MessageFormatter
from ..action.json_lines import alert_fields
from ..alert.scenario import Expected, Scenario
from ..config.problems import ConfigError
from ..config.settings import Settings
from ..errors import InputError, UsageError
from ..event import Alert, MalformedLine, Summary
from ..pipeline.configuration import Loaded, load_tests
from ..pipeline.lookback import rehearsal
from ..runtime.clock import zone_named
from ..source.open import open_source
from ..testing import ScriptedSource
from ..text import printable
from .arguments import add_help, add_options, given_values
from .parser import Parser

USAGE = "RULES_TEST [options]"
EPILOG = """\
RULES_TEST holds the lines of small logs, and the alerts that each must raise. Exit status: 0 if all
tests pass, 1 if one fails, 2 if the file is wrong."""


class Pair(NamedTuple):
    """An expected transition and the actual one; None for one that is missing or unexpected."""

    expected: Expected | None
    actual: Alert | None
    is_met: bool = False


class Outcome(NamedTuple):
    """What came of a test."""

    pairs: tuple[Pair, ...]
    first: int
    problems: tuple[str, ...]
    """What was wrong with the log itself."""

    @property
    def is_ok(self) -> bool:
        return all(pair.is_met for pair in self.pairs)


def configure(parser: Parser) -> None:
    group = parser.group("tests")
    group.add("tests", metavar="RULES_TEST", help="a TOML file with [[test]] tables", completes="file")
    add_options(group, ("alerts", "timezone", "output"))
    add_help(parser.group("other"))


def run(options: Namespace) -> int:
    loaded = load_tests(given_values(options), options.tests)
    return 0 if run_tests(loaded, sys.stdout) else 1


def run_tests(loaded: Loaded, out: TextIO) -> bool:
    """Run the tests that were `loaded`, a line each on `out`; returns whether all passed."""
    settings = loaded.settings
    formatter = MessageFormatter(zone_named(settings.output.timezone))
    is_json = settings.output.output == "json"
    failed = 0
    for scenario in loaded.scenarios:
        outcome = run_test(settings, scenario)
        failed += not outcome.is_ok
        lines = [_json(scenario, outcome, formatter)] if is_json else list(_lines(scenario, outcome, formatter))
        out.write("".join(line + "\n" for line in lines))
        out.flush()
    if not is_json:
        count = len(loaded.scenarios)
        out.write(f"{count} test{'s' if count != 1 else ''}, " + (f"{failed} failed\n" if failed else "all ok\n"))
    return not failed


def run_test(settings: Settings, scenario: Scenario) -> Outcome:
    """One test, with alerts that know nothing of the others."""
    try:
        source = ScriptedSource([scenario.log], "log") if scenario.path is None else open_source(scenario.path)
        processor, monitor = rehearsal(settings, source)
        events = list(monitor.events())
    except (UsageError, InputError) as error:
        raise ConfigError(f"{scenario.where}: {error}") from error
    summary = processor.counts()
    first = summary.first or 0
    end = None if summary.first is None else scenario.end_after(first)
    if end is not None:
        events += processor.advance(end + processor.buffer_time + 1)
    actual = [event for event in events if isinstance(event, Alert) and scenario.is_looked_at(event)]
    malformed = next((event for event in events if isinstance(event, MalformedLine)), None)
    return Outcome(compare(scenario, actual, first), first, tuple(_problems(summary, malformed, processor.buffer_time)))


def compare(scenario: Scenario, actual: Sequence[Alert], first: int) -> tuple[Pair, ...]:
    """Each expected transition beside the actual one, by time: exact matches first, then the closest."""
    left, pairs, unmet = list(actual), [], []
    for expected in scenario.expected:
        met = next((alert for alert in left if expected.is_met(alert, first, scenario.tolerance)), None)
        if met is None:
            unmet.append(expected)
        else:
            left.remove(met)
            pairs.append(Pair(expected, met, True))
    for expected in unmet:
        time = expected.time.at(first)
        close = min((alert for alert in left if expected.is_of(alert)), key=lambda alert: abs(alert.time - time), default=None)
        if close is not None:
            left.remove(close)
        pairs.append(Pair(expected, close))
    pairs += [Pair(None, alert) for alert in left]
    return tuple(sorted(pairs, key=lambda pair: pair.actual.time if pair.actual is not None else _due(pair, first)))


def _due(pair: Pair, first: int) -> int:
    assert pair.expected is not None
    return pair.expected.time.at(first)


def _problems(summary: Summary, malformed: MalformedLine | None, buffer_time: int) -> Iterator[str]:
    if summary.first is None:
        yield "no event in the log"
    if malformed is not None:
        yield f"{summary.malformed:,} malformed, as line {malformed.line}: {malformed.reason}: {printable(malformed.text)}"
    if summary.late:
        yield f"{summary.late:,} late, by up to {summary.lateness_max} s (buffer_time is {buffer_time})"


def _lines(scenario: Scenario, outcome: Outcome, formatter: MessageFormatter) -> Iterator[str]:
    if outcome.is_ok:
        yield f"ok      {scenario.name}"
        return
    yield f"FAILED  {scenario.name} (- expected, + actual)"
    for problem in outcome.problems:
        yield f"  lines: {problem}"
    for expected, actual, is_met in outcome.pairs:
        if expected is not None:
            yield _line(
                " " if is_met else "-", expected.time.at(outcome.first), outcome.first, _expectation(expected), formatter
            )
        if actual is not None and not is_met:
            yield _line("+", actual.time, outcome.first, _transition(actual, expected), formatter)


def _line(mark: str, second: int, first: int, text: str, formatter: MessageFormatter) -> str:
    since = second - first
    return f"  {mark} {'+' if since >= 0 else '-'}{abs(since)}s".ljust(13) + f"{formatter.time(second)}  {text}"


def _expectation(expected: Expected) -> str:
    suppressed = f", {'suppressed' if expected.suppressed is True else expected.suppressed}" if expected.suppressed else ""
    value = f", value {expected.value:.6g}" if expected.value is not None else ""
    return f"{expected.alert}{_group(expected.group or ())} {expected.state}{value}{suppressed}"


def _transition(actual: Alert, instead_of: Expected | None) -> str:
    """A transition in the words of an expectation; the value only where one was expected, or none of it was."""
    group = tuple((label, printable(value)) for label, value in actual.group)
    value = f", value {actual.value:.6g}" if instead_of is None or instead_of.value is not None else ""
    return f"{actual.name}{_group(group)} {actual.state}{value}{', ' + actual.suppressed if actual.suppressed else ''}"


def _group(pairs: Sequence[tuple[str, str]]) -> str:
    return f" [{', '.join(f'{label}={value}' for label, value in pairs)}]" if pairs else ""


def _json(scenario: Scenario, outcome: Outcome, formatter: MessageFormatter) -> str:
    import json  # here, because only this output needs it

    def fields(pair: Pair) -> dict[str, Any]:
        expected: dict[str, Any] | None = None
        if pair.expected is not None:
            expected = {**pair.expected._asdict(), "time": pair.expected.time.at(outcome.first)}
            expected["held"] = expected.pop("suppressed")
            if pair.expected.group is not None:
                expected["group"] = dict(pair.expected.group)
        return {"expected": expected, "told": None if pair.actual is None else alert_fields(pair.actual, formatter)}

    wrong = [fields(pair) for pair in outcome.pairs if not pair.is_met]
    event = {"event": "test", "name": scenario.name, "ok": outcome.is_ok, "wrong": wrong, "problems": outcome.problems}
    return json.dumps(event, separators=(",", ":"))
