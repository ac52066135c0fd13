"""The man page, made from the parsers: `python -m LogsMonitor2000.command.manual > docs/logsmonitor2000.1`.

A test holds the page in `docs/` to this, so that it has every verb and every option.
"""

from __future__ import annotations

import re
from textwrap import fill

from ..version import VERSION
from .parser import Argument, Parser
from .verbs import DEFAULT, PROGRAM, VERBS, Verb

DESCRIPTION = """\
Watches HTTP access logs: shows what the traffic looks like, interval by interval, and alerts at the exact second at which something is
wrong. It reads finished logs, pipes, and with --follow logs that are still being written, through rotations. The format of each
log is detected from its first lines. Times are those in the log."""

SECTIONS = (
    (
        "EXIT STATUS",
        "0 at the end of the logs, or after SIGTERM; 130 after SIGINT, both after everything has been emitted, the summary included;"
        " 2 for wrong usage, a wrong configuration or a log that cannot be opened; 1 for any other failure.",
    ),
    (
        "SIGNALS",
        "SIGTERM and SIGINT end the run with a summary. While following, SIGUSR1 shows how much of each log was read, and SIGHUP"
        " reloads rules, mutes and receivers from the configuration; a wrong one is reported, and the old one stays in force.",
    ),
    ("ENVIRONMENT", "NO_COLOR: no colors unless asked for. TZ: the local time zone."),
)


def manual() -> str:
    """The page, in the notation of man pages."""
    lines = [
        f'.TH {PROGRAM.upper()} 1 "" "LogsMonitor2000 {VERSION}" "User Commands"',
        ".SH NAME",
        f"{PROGRAM} \\- monitor HTTP access logs",
        ".SH SYNOPSIS",
    ]
    parsers = {verb: verb.parser() for verb in VERBS}
    for parser in parsers.values():
        lines += [".B " + _escaped(parser.prog), _text(_arguments(parser)), ".br"]
    lines += [".SH DESCRIPTION", _text(DESCRIPTION)]
    for verb, parser in parsers.items():
        lines += [f".SH {verb.name.upper()}", _text(f"{verb.help[0].upper()}{verb.help[1:]}."), *_options(verb, parser)]
        if parser.epilog:
            lines += [".PP", _text(" ".join(parser.epilog.split()))]
    for title, text in SECTIONS:
        lines += [f".SH {title}", _text(text)]
    return "\n".join(lines) + "\n"


def _arguments(parser: Parser) -> str:
    return (parser.usage or "").removeprefix(parser.prog).strip()


def _options(verb: Verb, parser: Parser) -> list[str]:
    """The arguments of a verb; those that the default verb has too are described there."""
    shared = [] if verb is DEFAULT else DEFAULT.parser().arguments
    known = [argument for argument in parser.arguments if argument in shared and argument.names]
    lines = [line for argument in parser.arguments if argument not in known for line in _option(argument)]
    if known:
        names = ", ".join(argument.names[-1] for argument in known)
        lines += [".PP", _text(f"As for {DEFAULT.name}: {names}.")]
    return lines


def _option(argument: Argument) -> list[str]:
    names = ", ".join(f"\\fB{_escaped(name)}\\fR" for name in argument.names)
    value = f"\\fI{_escaped(argument.metavar)}\\fR" if argument.metavar else ""
    return [".TP", " ".join(filter(None, (names, value))), _text(argument.help)]


def _text(text: str) -> str:
    """Lines of text, none of which is taken for a request."""
    return re.sub(r"(?m)^([.'])", r"\\&\1", fill(_escaped(text), 120, break_on_hyphens=False))


def _escaped(text: str) -> str:
    """Text without escapes, and without dashes that become typographic."""
    return text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...")


if __name__ == "__main__":
    print(manual(), end="")
