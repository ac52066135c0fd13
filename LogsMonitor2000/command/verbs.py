"""The verbs of the command: each is a module of this package, imported when it is asked for.

To add one, write its module and add a line to `VERBS`. The module of a verb has

- `USAGE`, its arguments in one line, and if there is more to say at the end of its help, `EPILOG`;
- `configure(parser)`, which adds its arguments: shared groups of `arguments.py` and its own;
- `run(options)`, which does the work and returns the exit status. What is wrong on the user's side is a `MonitorError`.
"""

from __future__ import annotations

from argparse import Namespace
from importlib import import_module
import re
from typing import NamedTuple, Protocol, cast

from ..config.option import closest
from .parser import Parser

PROGRAM = "logsmonitor2000"


class VerbModule(Protocol):
    """What the module of a verb has."""

    USAGE: str

    def configure(self, parser: Parser) -> None: ...

    def run(self, options: Namespace) -> int: ...


class Verb(NamedTuple):
    """A verb: its name, the module that it is in, and one line of help."""

    name: str
    module: str
    help: str

    def load(self) -> VerbModule:
        """Its module."""
        return cast(VerbModule, import_module(f".{self.module}", __package__))

    def parser(self) -> Parser:
        """The parser of its arguments."""
        module = self.load()
        program = PROGRAM if self is DEFAULT else f"{PROGRAM} {self.name}"
        title = f"{self.help[0].upper()}{self.help[1:]}."
        parser = Parser(program, module.USAGE, title, getattr(module, "EPILOG", ""))
        module.configure(parser)
        return parser


VERBS = (
    Verb("watch", "watch", "show statistics and alerts of logs, finished ones or with --follow live"),
    Verb("backtest", "backtest", "show how often each alert would have fired, also with other thresholds"),
    Verb("explain", "explain", "show the state of each alert at one second, and why"),
    Verb("check", "check", "check a configuration without running it"),
    Verb("test", "rule_tests", "run the tests of alert rules"),
    Verb("formats", "formats", "list the log formats, or show what each makes of a line"),
    Verb("serve", "serve", "answer questions over HTTP from the history in a state directory"),
    Verb("report", "report", "answer questions about finished logs: connections, results of tests"),
    Verb("generate", "generate", "write a log to try things on, with an incident in it if asked for"),
    Verb("cat", "cat", "print the lines of logs as the monitor reads them"),
    Verb("ship", "ship", "publish the lines of logs to a queue of RabbitMQ"),
)
DEFAULT = VERBS[0]

_OVERVIEW = """\
usage: {program} [VERB] [FILE ...] [options]

Watches HTTP access logs: shows what the traffic looks like, and alerts when something is wrong.

verbs (the first argument; without one it is watch):
{verbs}

common options of watch:
{options}

examples:
  {program} access.log                             statistics and alerts of a finished log
  {program} access.log --follow                    the same while it is being written
  {program} '/var/log/nginx/*access*' -f --config monitor.toml
  zcat old.gz | {program} --output json            events for another program
  {program} backtest access.log --alerts default   how often would these alerts have fired?

A file that has the name of a verb is ./test, or -- test. Exit status: 0 at the end of the logs or
after SIGTERM, 130 after Ctrl-C, 2 for wrong usage or a log that cannot be opened, 1 for any other
failure. All options of a verb: {program} VERB --help"""

COMMON = ("follow", "high_traffic_threshold", "stats_interval", "alerts", "config", "timezone", "output", "version", "help")


def verb_named(name: str) -> Verb | None:
    """The verb of that name."""
    return next((verb for verb in VERBS if verb.name == name), None)


def mistyped_verb(word: str) -> str | None:
    """The verb that was probably meant by a word that is not one; None for what looks like a file."""
    if not re.fullmatch(r"[a-z_]{3,12}", word):
        return None
    return closest(word, [verb.name for verb in VERBS])


def overview() -> str:
    """Help on the whole: the verbs, and what is used most."""
    arguments = [each for each in DEFAULT.parser().arguments if each.names and each.names[-1][2:] in COMMON]
    rows = [(", ".join(each.names) + f" {each.metavar}".rstrip(), each.help) for each in arguments]
    return _OVERVIEW.format(
        program=PROGRAM,
        verbs="\n".join(f"  {verb.name:12}{verb.help}" for verb in VERBS),
        options="\n".join(f"  {names:34}{help}" for names, help in rows),
    )
