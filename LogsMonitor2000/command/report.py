"""`report FILE …`: answers questions about finished logs, in parallel here or on a cluster."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
import os
import sys
import tempfile
import time
from typing import Any

from ..config.option import Option, Seconds, Text, Texts, Whole
from ..errors import InputError, UsageError
from ..limits import JOBS_MAX
from ..pipeline.wiring import named_files
from ..report.base import Report, State
from ..report.engine import jobs_for, run_reports
from ..report.kinds import KINDS, report_class
from ..report.piece import Piece, pieces_of
from ..runtime.clock import Clock, second_named
from ..runtime.signals import Stop
from ..runtime.waiter import Waiter
from ..source.open import expanded
from ..text import duration
from .arguments import add_files, add_help
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
    group.add("--since", kind=Text("TIME"), help="only lines from this time on")
    group.add("--until", kind=Text("TIME"), help="only lines before this time; for connections the last second")
    for kind in KINDS:
        _add_own(parser.group(kind), report_class(kind))
    group = parser.group("again and again")
    group.add("--follow", action="store_true", help="report up to now, until a signal ends it …")
    group.add("--sleep_seconds", kind=Seconds("SECONDS", least=1), help="… every so often (3600)")
    group = parser.group("output")
    group.add("--output", kind=Text("FORMAT", words=OUTPUTS), help="text, json, html, csv or svg, as far as a kind has it")
    group.add("--to", kind=Text("FILE", completes="file"), help="write to FILE, all or nothing (standard output)")
    group.add("--set", kind=Texts("NAME=VALUE"), help="an option of a kind of your own")
    group = parser.group("where")
    group.add("--jobs", kind=Whole("auto|N", auto=True, least=1, most=JOBS_MAX), help="processes; the result is the same")
    group.add("--cluster", kind=Text("ADDRESS"), help="a Dask scheduler: tcp://host:8786, or local:4")
    add_help(parser.group("other"))


def _add_own(group: Group, kind: type[Report]) -> None:
    for option in kind.options:
        group.option(option)


def run(options: Namespace) -> int:
    given = vars(options)
    reports = [_report(kind, given) for kind in given.get("kind", ["connections"])]
    output = given.get("output", reports[0].outputs[0])
    for report in reports:
        if output not in report.outputs:
            raise UsageError(f"the report {report.name} has no output {output!r}; it has {', '.join(report.outputs)}")
    if given.get("follow"):
        return _again_and_again(reports, given, output)
    _report_once(reports, given, output)
    return 0


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


def _report_once(reports: Sequence[Report], given: dict[str, Any], output: str) -> None:
    paths = expanded(_names(given))
    pieces: Sequence[Piece] = pieces_of(paths)
    with _progress() as progress:
        states = _states(reports, pieces, given, progress)
    rendered = b"".join(report.render(report.result(state), output) for report, state in zip(reports, states, strict=True))
    if given.get("to") in (None, "-"):
        sys.stdout.buffer.write(rendered)
        sys.stdout.buffer.flush()
    else:
        write_whole(given["to"], rendered, paths)


def _states(
    reports: Sequence[Report], pieces: Sequence[Piece], given: dict[str, Any], progress: Callable[[int, int], None]
) -> list[State]:
    if given.get("cluster"):
        from ..cluster.dask import run_on_cluster

        return run_on_cluster(reports, [_absolute(piece) for piece in pieces], given["cluster"], progress)
    return run_reports(reports, pieces, jobs_for(pieces, given.get("jobs")), progress)


def _absolute(piece: Any) -> Piece:
    """A piece that means the same file in a process with another working directory."""
    found: Piece = piece._replace(path=os.path.abspath(piece.path))
    return found


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
