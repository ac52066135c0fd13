"""What the command was asked to do: read from its arguments here and nowhere else, and checked when it is made."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from ..errors import UsageError
from ..limits import JOBS_MAX
from ..version import VERSION

if TYPE_CHECKING:  # few runs need them and start-up counts
    from ..alert.mute import Mute
    from ..alert.rule import Rule
    from ..alert.scenario import Scenario

EPILOG = """\
examples:
  python -m LogsMonitor2000 access.log                       statistics and alerts of a finished log
  python -m LogsMonitor2000 access.log --follow              the same as it is being written
  zcat old.gz | python -m LogsMonitor2000 --output json      events for another program

Every option may also be spelled with hyphens. Times in a log are event time; see the README for what each number means.
"""


class _Settings(NamedTuple):
    files: tuple[str, ...] = ()
    log_format: str = "auto"
    fields: str = ""
    client_from: str = ""
    nginx_conf: str = ""
    explain_line: str = ""
    follow: bool = False
    start: str = "begin"
    state: str | None = None
    stats_interval: int = 10
    top: int = 3
    high_traffic_interval: int = 120
    high_traffic_threshold: float = 10.0
    buffer_time: int = 2
    max_skew: int | None = None
    output: str = "text"
    timezone: str = "local"
    color: str = "auto"
    verbose: bool = False
    jobs: int | None = None
    parser: str | None = None
    calculator: tuple[str, ...] = ()
    action: tuple[str, ...] = ()
    config: str | None = None
    check_config: bool = False
    alerts: str = "off"
    explain: str | None = None
    backtest: bool = False
    test_rules: str | None = None
    rules: tuple[Rule, ...] = ()
    mutes: tuple[Mute, ...] = ()
    actions: tuple[Any, ...] = ()
    scenarios: tuple[Scenario, ...] = ()


class Settings(_Settings):
    """Settings that are possible: making impossible ones raises a `UsageError`. None stands for "auto"."""

    __slots__ = ()

    def __new__(cls, *args: object, **kwargs: object) -> Settings:
        self = super().__new__(cls, *args, **kwargs)  # type: ignore[arg-type]
        for name in ("stats_interval", "high_traffic_interval", "high_traffic_threshold", "buffer_time", "max_skew"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < float("inf"):
                raise UsageError(f"--{name} must not be negative or infinite: {value}")
        if self.top < 1:
            raise UsageError(f"--top must be at least 1: {self.top}")
        if self.jobs is not None and not 1 <= self.jobs <= JOBS_MAX:
            raise UsageError(f"--jobs must be auto or 1 to {JOBS_MAX}: {self.jobs}")
        if not self.follow and (self.state is not None or self.start != "begin"):
            raise UsageError("--state and --start go with --follow")
        if self.backtest and (self.follow or self.explain is not None):
            raise UsageError("--backtest reads finished logs and goes with neither --follow nor --explain")
        if self.explain is not None and self.state is not None:
            raise UsageError("--explain does not go with --state, which is for the run that watches")
        return self


def parse_arguments(arguments: Sequence[str]) -> Settings:
    """The settings that a command line asks for; a `UsageError` for what makes no sense."""
    options = list(arguments)
    end = options.index("--") if "--" in options else len(options)  # behind it stand files only
    options, files = [_with_underscores(option) for option in options[:end]], options[end + 1 :]
    given = vars(_parser().parse_intermixed_args(options))
    if given["config"] is not None or given["test_rules"] is not None or given["alerts"] != "off":
        from ..pipeline.configuration import from_config  # here, because few runs need it and start-up counts

        given = from_config(_parser(), options, files)
        files = []
    given["files"] = (*given["files"], *files)
    return Settings(**{name: tuple(value) if isinstance(value, list) else value for name, value in given.items()})


def _with_underscores(argument: str) -> str:
    name, equals, value = argument.partition("=")
    return "--" + name[2:].replace("-", "_") + equals + value if name.startswith("--") else argument


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see --help)")


def _jobs(text: str) -> int | None:
    return None if text == "auto" else int(text)


_jobs.__name__ = "number"  # as argparse calls it in its messages


def _parser() -> argparse.ArgumentParser:
    defaults = _Settings()
    parser = _Parser(
        prog="python -m LogsMonitor2000",
        usage="%(prog)s [FILE ...] [options]",
        description="Watch HTTP access logs: traffic statistics and high-traffic alerts.",
        epilog=EPILOG,
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, max_help_position=34, width=100),
        allow_abbrev=False,
        add_help=False,
    )

    group = parser.add_argument_group("input")
    group.add_argument(
        "files", nargs="*", metavar="FILE", help="paths or quoted globs; - is standard input; .gz, .bz2, .xz too"
    )
    group.add_argument("--follow", action="store_true", help="keep reading what is appended, through rotations")
    group.add_argument("--start", choices=("begin", "end"), help="where following begins (%(default)s)")
    group.add_argument("--state", metavar="DIR", help="keep there what a restart needs to go on where it was")
    group.add_argument(
        "--log_format",
        default="auto",
        metavar="NAME",
        help="auto, a name, a definition like nginx's or Apache's, or list, which shows the names",
    )
    group.add_argument(
        "--fields", metavar="FIELD=KEY,...", help="where JSON, LTSV or logfmt has a field: time=ts,status=res.code"
    )
    group.add_argument("--client_from", choices=("x_forwarded_for",), help="the client is its first hop that is not private")
    group.add_argument("--nginx_conf", metavar="FILE", help="take log formats, and logs if none is named, from a configuration")
    group.add_argument("--explain_line", metavar="LINE", help="show what each format makes of a line, and exit")
    group.add_argument("--parser", metavar="MODULE:CLASS", help="a parser of your own instead")

    group = parser.add_argument_group("statistics and alerts (0 turns them off)")
    group.add_argument("--stats_interval", type=int, metavar="SECONDS", help="length of an interval (%(default)s)")
    group.add_argument("--top", type=int, metavar="N", help="sections and sources shown (%(default)s)")
    group.add_argument("--high_traffic_interval", type=int, metavar="SECONDS", help="the alert's window (%(default)s)")
    group.add_argument("--high_traffic_threshold", type=float, metavar="HITS", help="hits a second (%(default)s)")
    group.add_argument("--alerts", choices=("off", "default"), help="default adds a set of rules (%(default)s)")
    group.add_argument("--explain", metavar="TIME", help="show what each alert was at that second, and why, and exit")
    group.add_argument("--backtest", action="store_true", help="show how often each alert would have fired, and exit")
    group.add_argument("--calculator", action="append", metavar="MODULE:CLASS", help="one of your own, too")

    group = parser.add_argument_group("time")
    group.add_argument("--buffer_time", type=int, metavar="SECONDS", help="how late a line may come (%(default)s)")
    group.add_argument("--max_skew", type=int, metavar="SECONDS", help="how far ahead of the clock (86400; 60 with --follow)")
    group.add_argument("--timezone", metavar="ZONE", help="local, UTC, or a name like Europe/Prague (%(default)s)")

    group = parser.add_argument_group("output")
    group.add_argument("--output", choices=("text", "json"), help="for people, or one JSON object a line (%(default)s)")
    group.add_argument("--color", choices=("auto", "always", "never"), help="auto obeys NO_COLOR (%(default)s)")
    group.add_argument("--action", action="append", metavar="MODULE:CLASS", help="one of your own, too")
    group.add_argument("--verbose", action="store_true", help="say which format was recognised, and why")

    group = parser.add_argument_group("other")
    group.add_argument("--config", metavar="FILE", help="options, alert rules and actions, as TOML")
    group.add_argument("--check_config", action="store_true", help="say what the configuration means, and exit")
    group.add_argument("--test_rules", metavar="FILE", help="run the tests of alert rules in FILE, and exit")
    group.add_argument("--jobs", type=_jobs, metavar="auto|N", help="processes that read (auto: as many as pay off)")
    group.add_argument("--version", action="version", version=f"LogsMonitor2000 {VERSION}")
    group.add_argument("--help", action="help", help="show this and exit")
    parser.set_defaults(**{**defaults._asdict(), "calculator": [], "action": []})
    return parser
