"""What the settings say about formats, and the parser that they name."""

from __future__ import annotations

from ..config.settings import Settings
from ..errors import InputError
from ..limits import CONF_BYTES_MAX
from ..parse.base import Parser
from ..parse.choose import Choice, checked_networks, mapped_fields
from .classes import load_class


def choice_of(settings: Settings) -> Choice:
    """What the settings say about formats."""
    reading = settings.reading
    conf, trusted = nginx_conf(reading.nginx_conf), checked_networks(reading.trusted)
    return Choice(reading.log_format, mapped_fields(reading.fields), reading.client_from, conf, trusted, reading.time_format)


def nginx_conf(path: str) -> str:
    """The text of the nginx configuration at `path`; empty where none is named."""
    if not path:
        return ""
    try:
        with open(path, "rb") as file:
            raw = file.read(CONF_BYTES_MAX + 1)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    if len(raw) > CONF_BYTES_MAX:
        raise InputError(f"{path}: larger than {CONF_BYTES_MAX:,} bytes; not an nginx configuration?")
    return raw.decode("utf-8", "surrogateescape")


def own_parser(settings: Settings) -> Parser | None:
    return load_class(settings.reading.parser, Parser) if settings.reading.parser else None
