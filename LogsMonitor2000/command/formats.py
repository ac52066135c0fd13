"""`formats`: the log formats, or what each of them makes of one line."""

from __future__ import annotations

from argparse import Namespace
import os

from ..parse.choose import mapped_fields
from ..parse.detect import parser_named
from ..parse.explain import explain, list_formats
from .arguments import add_help, add_options, settings_of
from .parser import Parser

USAGE = "[--explain LINE] [options]"


def configure(parser: Parser) -> None:
    group = parser.group("formats")
    group.add(
        "--explain", metavar="LINE", help="show what each format makes of LINE, field by field, or where it stops fitting"
    )
    add_options(group, ("log_format", "fields"))
    add_help(parser.group("other"))


def run(options: Namespace) -> int:
    line = vars(options).get("explain")
    if line is None:
        print("\n".join(list_formats()))
        return 0
    reading = settings_of(options).reading
    named = reading.log_format != "auto"
    others = [parser_named(reading.log_format, mapped_fields(reading.fields))] if named else []
    print("\n".join(explain(os.fsencode(line), others)))
    return 0
