"""The parser of an input: as named (a format, a definition, an nginx configuration), or detected from its first lines.

Here alone a parser is given what reads other formats (`drift`) and what finds the client behind proxies (`client`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import os
from typing import NamedTuple

from ..errors import FormatError, MisfitError
from .base import BoundParser, FormatDrift, Parser
from .columns import Column, Columns, absent_value
from .detect import detect, misfit, parser_named, sample_of
from .drift import Drift
from .plausibility import doubts


class Chosen(NamedTuple):
    """The parser of an input, and why. `drift` reads other formats, where the format was detected.

    `misfit` is raised when the input ends without an event: a named format does not read its first lines. `doubts` is what is
    implausible about a detected format, in words.
    """

    parser: Parser
    why: str
    drift: FormatDrift | None = None
    misfit: MisfitError | None = None
    doubts: Sequence[str] = ()

    @property
    def name(self) -> str:
        return self.parser.name

    def bind(self, fields: Sequence[str], needed: frozenset[str]) -> BoundParser:
        """The parser bound to `fields`, of which those that are not `needed` may be missing and are "-" then."""
        return bind_some(self.parser, fields, needed, self.drift)


class Choice(NamedTuple):
    """What the settings say about the format of the inputs; see the options of the same names. `nginx_conf` is the file's text."""

    log_format: str = "auto"
    fields: Mapping[str, str] = {}
    client_from: str = ""
    nginx_conf: str = ""
    trusted: Sequence[str] = ()
    time_format: str = ""

    def paths(self) -> tuple[str, ...]:
        """The access logs that the configuration names: what is read when no file is named."""
        if not self.nginx_conf:
            return ()
        from .lines.nginx_conf import nginx_logs  # here, as those below, because few runs need it and start-up counts

        return tuple(nginx_logs(self.nginx_conf))

    def named(self) -> Parser:
        """The parser that `log_format` names or defines."""
        from .lines.definitions import defined
        from .lines.nginx_conf import nginx_formats

        text = self.log_format
        formats = nginx_formats(self.nginx_conf) if self.nginx_conf else {}
        if text in formats:
            from .lines.http_log import HTTPLogParser

            return self._finished(HTTPLogParser(defined(formats[text], text, self.time_format)))
        return self._finished(parser_named(text, self.fields, self.time_format))

    def choose(self, name: str, blocks: Sequence[bytes], before: str = "") -> Chosen | None:
        """The parser of the input `name` that begins with `blocks`; None while there are only blank lines.

        `before` is the name of the format that an earlier run detected.
        """
        if self.log_format != "auto":
            parser = self.named()
            return Chosen(parser, "as named", misfit=misfit(name, parser, sample_of(blocks), self.fields))
        if before:
            try:
                return Chosen(self._replace(log_format=before).named(), "as before", Drift(before))
            except FormatError:  # the configuration does not define it any more
                pass
        if self.nginx_conf and (configured := self._configured(name, sample_of(blocks))) is not None:
            return Chosen(self._finished(configured), "as --nginx_conf defines it")
        score = detect(name, blocks, self.fields, self.time_format)
        if score is None:
            return None
        parser = self._finished(score.parser)
        why = f"reads {score.read} of its first {score.lines} lines"
        return Chosen(parser, why, Drift(parser.name), doubts=doubts(score.parser, sample_of(blocks)))

    def _configured(self, name: str, lines: Sequence[bytes]) -> Parser | None:
        """The format of a configuration that fits best: the one that it has for this file, if that reads half of the lines."""
        from .lines.definitions import defined
        from .lines.http_log import HTTPLogParser
        from .lines.nginx_conf import nginx_formats, nginx_logs

        formats = nginx_formats(self.nginx_conf)
        own = [f for path, f in nginx_logs(self.nginx_conf).items() if f in formats and _same(path, name)]
        for names in (own, list(formats)):
            parsers = [HTTPLogParser(defined(formats[f], f, self.time_format)) for f in names]
            scores = [(parser.try_lines(lines), parser) for parser in parsers]
            if scores:
                (read, count), best = max(scores, key=lambda score: score[0][0])
                if count and read * 2 >= count:
                    return best
        return None

    def _finished(self, parser: Parser) -> Parser:
        if self.client_from:
            from .client import ClientParser

            return ClientParser(parser, self.trusted)
        return parser


def _same(path: str, name: str) -> bool:
    return os.path.basename(path) == os.path.basename(name)


def bind_some(parser: Parser, fields: Sequence[str], needed: frozenset[str], drift: FormatDrift | None = None) -> BoundParser:
    """`parser` bound to `fields`, of which those that are not `needed` may be missing and are "-" then."""
    parser.require([field for field in fields if field in needed])
    if drift is not None:
        return parser.bind(fields, drift)
    missing = [field for field in fields if field not in parser.fields and field not in needed]
    if not missing:
        return parser.bind(fields)  # a parser of one's own may know no drift
    return _Filled(parser.bind([field for field in fields if field not in missing]), missing)


class _Filled:
    """A bound parser, with columns added that its format does not have."""

    def __init__(self, parse: BoundParser, missing: Sequence[str]) -> None:
        self.inner = parse
        self._missing = {field: absent_value(field) for field in missing}

    def __call__(self, block: bytes, horizon: int) -> Columns:
        columns = self.inner(block, horizon)
        absent: dict[str, Column] = {field: [value] * len(columns.seconds) for field, value in self._missing.items()}
        columns.values.update(absent)
        return columns


def mapped_fields(text: str) -> dict[str, str]:
    """`time=ts,status=res.code` → the key of each field; a `FormatError` for an unknown field."""
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


def checked_networks(texts: Sequence[str]) -> tuple[str, ...]:
    """Trusted proxies as `Choice.trusted` takes them; a `FormatError` for what is not an address or network."""
    if not texts:
        return ()
    from .values.clients import networks  # here, because few runs need it and start-up counts

    found = tuple(filter(None, (part.strip() for text in texts for part in text.split(","))))
    networks(found)
    return found
