"""Which parser an input is read by: as told (a name, a definition, an nginx configuration), or recognised from its first lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import os
from typing import NamedTuple

from ..errors import FormatError
from .base import BoundParser, Column, Columns, Parser
from .detect import detect, parser_named, sample_of
from .runs import Changes


class Choice(NamedTuple):
    """What was told about the format of the inputs; see the options of the same names. `nginx_conf` is the file's text."""

    log_format: str = "auto"
    fields: Mapping[str, str] = {}
    client_from: str = ""
    nginx_conf: str = ""

    def paths(self) -> tuple[str, ...]:
        """The access logs that the configuration names: what is read when no file is named."""
        if not self.nginx_conf:
            return ()
        from .lines.definitions import nginx_logs

        return tuple(nginx_logs(self.nginx_conf))

    def named(self) -> Parser:
        """The parser that `log_format` names or defines."""
        from .lines.definitions import defined, nginx_formats

        text = self.log_format
        formats = nginx_formats(self.nginx_conf) if self.nginx_conf else {}
        if text in formats:
            from .lines.http_log import HTTPLogParser

            return self._finished(HTTPLogParser(defined(formats[text], text)))
        return self._finished(parser_named(text, self.fields))

    def recognise(self, name: str, blocks: Sequence[bytes], before: str = "") -> tuple[Parser, str] | None:
        """The parser of the input `name` that begins with `blocks`, and why; None while nothing can be told.

        `before` is the name of the format that an earlier run recognised.
        """
        if self.log_format != "auto":
            return self.named(), "as told"
        if before:
            try:
                known = self._replace(log_format=before).named()
                known.otherwise = Changes(before)
                return known, "as before"
            except FormatError:  # the configuration has it no longer
                pass
        if self.nginx_conf and (parser := self._configured(name, sample_of(blocks))) is not None:
            return self._finished(parser), "as --nginx_conf defines it"
        score = detect(name, blocks, self.fields)
        if score is None:
            return None
        parser = self._finished(score.parser)
        parser.otherwise = Changes(parser.name)
        return parser, f"reads {score.read} of its first {score.lines} lines"

    def _configured(self, name: str, lines: Sequence[bytes]) -> Parser | None:
        """The format of a configuration that fits best: the one said to be that file's, if it reads half of the lines."""
        from .lines.definitions import defined, nginx_formats, nginx_logs
        from .lines.http_log import HTTPLogParser

        formats = nginx_formats(self.nginx_conf)
        told = [formats[f] for path, f in nginx_logs(self.nginx_conf).items() if f in formats and _same(path, name)]
        for texts in (told, list(formats.values())):
            parsers = [HTTPLogParser(defined(text, next(n for n, t in formats.items() if t == text))) for text in texts]
            scores = [(parser.try_lines(lines), parser) for parser in parsers]
            if scores:
                (read, count), best = max(scores, key=lambda score: score[0][0])
                if count and read * 2 >= count:
                    return best
        return None

    def _finished(self, parser: Parser) -> Parser:
        if self.client_from:
            from .values.clients import ClientParser

            return ClientParser(parser)
        return parser


def _same(path: str, name: str) -> bool:
    return os.path.basename(path) == os.path.basename(name)


def bind_some(parser: Parser, fields: Sequence[str], needed: frozenset[str]) -> BoundParser:
    """`parser` bound to `fields`, of which those that are not `needed` may be missing and are "-" then."""
    parser.require([field for field in fields if field in needed])
    missing = [field for field in fields if field not in parser.fields and field not in needed]
    if not missing or parser.otherwise is not None:
        return parser.bind(fields)
    return _Filled(parser.bind([field for field in fields if field not in missing]), missing)


class _Filled:
    """A bound parser, with columns added that its format does not have."""

    def __init__(self, parse: BoundParser, missing: Sequence[str]) -> None:
        self.inner = parse
        self._missing = {field: None if field in ("size", "duration") else b"-" for field in missing}

    def __call__(self, block: bytes, horizon: int) -> Columns:
        columns = self.inner(block, horizon)
        absent: dict[str, Column] = {field: [value] * len(columns.seconds) for field, value in self._missing.items()}
        columns.values.update(absent)
        return columns


def mapped_fields(text: str) -> dict[str, str]:
    """`time=ts,status=res.code` → the key of each field; a `FormatError` for what is no field."""
    fields: dict[str, str] = {}
    if not text:
        return fields
    from .records.synonyms import SYNONYMS

    for pair in filter(None, text.split(",")):
        field, equals, key = pair.strip().partition("=")
        if not equals or not key or field not in SYNONYMS:
            raise FormatError(f"--fields {pair}: give FIELD=KEY,…; the fields are {', '.join(SYNONYMS)}")
        fields[field] = key
    return fields
