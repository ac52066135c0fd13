"""`report FILE …`: answers questions about finished logs, in parallel here or on a cluster."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
import os
import sys
import tempfile
import time
from typing import Any

from ..config.option import Option, Seconds, Text, Texts, Whole
from ..config.settings import Settings
from ..errors import InputError, UsageError
from ..limits import JOBS_MAX
from ..pipeline.formats import choice_of
from ..pipeline.lookback import alerts_of
from ..pipeline.wiring import named_files
from ..report.base import Report, State
from ..report.compare import changes
from ..report.engine import jobs_for, run_reports
from ..report.kinds import KINDS, report_class
from ..report.measured import Measured, MeasuredReport, recognised
from ..report.piece import FilePiece, pieces_of
from ..report.traffic import TrafficReport
from ..runtime.clock import Clock, second_named
from ..runtime.signals import Stop
from ..runtime.waiter import Waiter
from ..source.open import STANDARD_INPUT, expanded
from ..text import duration
from .arguments import add_config, add_files, add_help, add_options, settings_of
from .messages import say
from .parser import Group, Parser

USAGE = "[--kind KIND] FILE ... [options]"
EPILOG = "A kind of your own is package.module:Class; --set NAME=VALUE sets its options."
OUTPUTS = ("text", "json", "html", "csv", "svg")


def configure(parser: Parser) -> None:
    group = parser.group("input")
    add_files(group)
    group.add("--folder", kind=Text("DIR", completes="directory"), help="read the files of a folder …")
    group.add("--pattern", kind=Text("GLOB"), help="… whose names match (*)")
    group.add(
        "--kind", kind=Texts("KIND"), help=f"{', '.join(KINDS)}, or module:Class; several in one pass", choices=tuple(KINDS)
    )
    add_options(group, ("log_format", "fields", "client_from", "trusted", "nginx_conf", "time_format"))
    group.add("--since", kind=Text("TIME"), help="only lines from this time on")
    group.add("--until", kind=Text("TIME"), help="only lines before this time; for connections the last second")
    group = parser.group("traffic")
    _add_own(group, report_class("traffic"))
    group.add("--compare", kind=Texts("OLD"), help="also report on OLD, a file or glob, and what changed since")
    add_config(group)
    add_options(group, ("alerts", "buffer_time"))
    group = parser.group("connections")
    _add_own(group, report_class("connections"))
    group.add("--follow", action="store_true", help="report up to now, until a signal ends it …")
    group.add("--sleep_seconds", kind=Seconds("SECONDS", least=1), help="… every so often (3600)")
    group = parser.group("output")
    group.add("--output", kind=Text("FORMAT", words=OUTPUTS), help="text, json, html, csv or svg, as far as a kind has it")
    group.add("--to", kind=Text("FILE", completes="file"), help="write to FILE, all or nothing (standard output)")
    group.add("--set", kind=Texts("NAME=VALUE"), help="an option of a kind of your own")
    group.add("--jobs", kind=Whole("auto|N", auto=True, least=1, most=JOBS_MAX), help="processes; the result is the same")
    group.add("--cluster", kind=Text("ADDRESS"), help="a Dask scheduler: tcp://host:8786, or local:4")
    add_help(parser.group("other"))


def _add_own(group: Group, kind: type[Report]) -> None:
    for option in kind.options:
        group.option(option)


def run(options: Namespace) -> int:
    given = vars(options)
    reports = [_report(kind, given) for kind in given.get("kind", ["traffic"])]
    output = given.get("output", reports[0].outputs[0])
    for report in reports:
        if output not in report.outputs:
            raise UsageError(f"the report {report.name} has no output {output!r}; it has {', '.join(report.outputs)}")
    if len(reports) > 1 and output in ("html", "csv", "svg"):
        raise UsageError(f"--output {output} goes with one --kind")
    if given.get("follow"):
        return _again_and_again(reports, given, output)
    return _report_once(reports, given, output)


def _again_and_again(reports: Sequence[Report], given: dict[str, Any], output: str) -> int:
    """Report now and after each pause, up to the time of the clock, until a signal comes."""
    clock, waiter = Clock(), Waiter()
    stop = Stop(waiter.wake)
    waiter.wake_on_signals()
    pause = given.get("sleep_seconds", 3600)
    while not stop.is_asked:
        for report in reports:
            report.until = int(clock.now())
        due = clock.elapsed() + pause
        _report_once(reports, given, output)
        while not stop.is_asked and (left := due - clock.elapsed()) > 0:
            waiter.wait([], left)
    return stop.exit_status


def _report_once(reports: Sequence[Report], given: dict[str, Any], output: str) -> int:
    """Report on the logs as they are; returns the exit status, 1 where a log could not be read to its end."""
    problems: list[str] = []

    def warn(problem: str) -> None:
        problems.append(problem)
        say(problem)

    with ExitStack() as stack:
        paths = expanded(_names(given))
        pieces = _pieces(paths, stack)
        progress = stack.enter_context(_progress())
        states = _states(reports, pieces, given, progress, warn)
        _add_alerts(reports, given, [piece.path for piece in pieces if piece.start == 0])
        results = [report.result(state) for report, state in zip(reports, states, strict=True)]
        _add_changes(reports, results, given, stack, warn)
        rendered = b"".join(report.render(result, output) for report, result in zip(reports, results, strict=True))
    if given.get("to") in (None, "-"):
        sys.stdout.buffer.write(rendered)
        sys.stdout.buffer.flush()
    else:
        write_whole(given["to"], rendered, paths)
    return 1 if problems else 0


def _pieces(paths: Sequence[str], stack: ExitStack) -> list[FilePiece]:
    """The pieces of the files; what can be read only once is copied first, as it is read more than once."""
    found: list[FilePiece] = []
    for path in paths:
        if path == STANDARD_INPUT or not os.path.isfile(path):
            copy = stack.enter_context(tempfile.NamedTemporaryFile(prefix="logsmonitor2000."))
            for block in FilePiece(path).blocks():
                copy.write(block)
            copy.flush()
            label = "standard input" if path == STANDARD_INPUT else path
            found += [piece._replace(name=label) for piece in pieces_of([copy.name])]
        else:
            found += pieces_of([path])
    return found


def _states(
    reports: Sequence[Report],
    pieces: Sequence[FilePiece],
    given: dict[str, Any],
    progress: Callable[[int, int], None],
    warn: Callable[[str], None],
) -> list[State]:
    """The state of each report. Files whose pieces turn out to depend on each other are read once more, uncut."""
    if given.get("cluster"):
        pieces = [piece._replace(path=os.path.abspath(piece.path)) for piece in pieces]
    cut: Sequence[FilePiece] = pieces
    uncut: frozenset[str] = frozenset()
    while True:
        if any(isinstance(report, MeasuredReport) for report in reports):
            cut = recognised(pieces, choice_of(_settings(given)), warn, uncut=uncut)
        if given.get("cluster"):
            from ..cluster.dask import run_on_cluster

            states = run_on_cluster(reports, cut, given["cluster"], progress, warn)
        else:
            states = run_reports(reports, cut, jobs_for(cut, given.get("jobs")), progress, warn)
        dependent = frozenset(name for state in states if isinstance(state, Measured) for name in state.uncut)
        if dependent <= uncut:
            return states
        uncut |= dependent


def _add_alerts(reports: Sequence[Report], given: dict[str, Any], paths: Sequence[str]) -> None:
    """The alerts that the rules asked for would have raised, for the reports that show them."""
    if "config" in given or given.get("alerts", "off") != "off":
        for report in reports:
            if isinstance(report, TrafficReport):
                settings = _settings(given, looks_back=True).but(files=tuple(paths))
                report.alerts = alerts_of(settings)


def _add_changes(
    reports: Sequence[Report],
    results: Sequence[dict[str, Any]],
    given: dict[str, Any],
    stack: ExitStack,
    warn: Callable[[str], None],
) -> None:
    """What changed since the older logs that were named, in the reports that compare."""
    if "compare" not in given:
        return
    older = _pieces(expanded(given["compare"]), stack)
    for report, result in zip(reports, results, strict=True):
        if isinstance(report, TrafficReport):
            (state,) = _states([report], older, given, lambda done, total: None, warn)
            result["compared"] = changes(result, report.result(state))


def _settings(given: dict[str, Any], *, looks_back: bool = False) -> Settings:
    """The settings of the monitor that a report goes by; how it is shown is its own."""
    return settings_of(Namespace(**{name: value for name, value in given.items() if name != "output"}), looks_back=looks_back)


def _report(kind: str, given: dict[str, Any]) -> Report:
    """The report of a kind, with those of the options that it has."""
    made = report_class(kind)
    own = {option.name: option for option in made.options}
    settings = {name: given[name] for name in own if name in given}
    for text in given.get("set", ()) if kind not in KINDS else ():
        name, equals, value = text.partition("=")
        if not equals or name not in own:
            raise UsageError(f"--set {text}: give NAME=VALUE; the options of {kind} are {', '.join(own) or 'none'}")
        settings[name] = _parsed(own[name], value)
    report = made(settings)
    for bound in ("since", "until"):
        if bound in given:
            setattr(report, bound, second_named(given[bound], "UTC"))
    return report


def _parsed(option: Option, value: str) -> Any:
    try:
        return option.kind.parse(value)
    except ValueError as error:
        raise UsageError(f"--set {option.name} {error}") from None


def _names(given: dict[str, Any]) -> Sequence[str]:
    """What to read: the files that are named, and those of the folder."""
    names = list(given.get("files", ()))
    if "folder" in given:
        from glob import escape

        names.append(os.path.join(escape(given["folder"]), given.get("pattern", "*")))
    elif "pattern" in given:
        raise UsageError("--pattern goes with --folder")
    return named_files(names)


def write_whole(path: str, content: bytes, inputs: Sequence[str]) -> None:
    """Replace the file at `path` by one with `content`, or leave it as it was; never one of `inputs`."""
    real = os.path.realpath(path)
    if real in map(os.path.realpath, inputs):
        raise UsageError(f"--to {path}: is one of the logs that are read")
    folder = os.path.dirname(real) or "."
    try:
        descriptor, unfinished = tempfile.mkstemp(prefix=f".{os.path.basename(real)}.", dir=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            os.chmod(unfinished, 0o666 & ~_umask())
            os.replace(unfinished, real)
        except BaseException:
            with suppress(OSError):
                os.unlink(unfinished)
            raise
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Draws a line on a terminal: how much is done, and how long the rest will take."""
    begun = time.monotonic()
    is_terminal = sys.stderr.isatty()

    def draw(done: int, total: int) -> None:
        took = time.monotonic() - begun
        if is_terminal and took > 0.5:
            left = duration(int(took * (total - done) / done))
            sys.stderr.write(f"\r\x1b[K{100 * done // total}%, {left} left")
            sys.stderr.flush()

    try:
        yield draw
    finally:
        if is_terminal:
            sys.stderr.write("\r\x1b[K")
