"""What a run with some settings would trip over: all of it is built, short of opening logs and sockets.

What a configuration says has been checked when it was loaded; here it meets the rest: formats, files of certificates, classes by
name. Each error says on which line the setting stands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..action.base import Action
from ..action.formatter import MessageFormatter
from ..analyze.calculator import StreamCalculator
from ..analyze.processor import AnalyticsProcessor
from ..config.problems import ConfigError, Errors
from ..deliver.spec import Context
from ..errors import MonitorError
from ..parse.base import Parser
from ..parse.choose import Choice, checked_networks, mapped_fields
from ..runtime.clock import zone_named
from .calculators import built_in_calculators
from .classes import load_class
from .configuration import Loaded
from .formats import nginx_conf
from .recogniser import Recogniser

T = TypeVar("T")


def check(loaded: Loaded) -> None:
    """Raise a `ConfigError` of all that a run would trip over."""
    settings, errors = loaded.settings, Errors()
    reading = settings.reading

    def built(option: str, make: Callable[[], T]) -> T | None:
        """What `make` makes of the value of an option; None, and an error collected, where that cannot be."""
        with errors:
            try:
                return make()
            except ConfigError:
                raise
            except MonitorError as error:
                raise loaded.error(option, str(error)) from error
        return None

    conf = built("nginx_conf", lambda: nginx_conf(reading.nginx_conf)) or ""
    fields = built("fields", lambda: mapped_fields(reading.fields)) or {}
    trusted = built("trusted", lambda: checked_networks(reading.trusted)) or ()
    choice = Choice(reading.log_format, fields, reading.client_from, conf, trusted, reading.time_format)
    parser: Parser | None = None
    if reading.parser:
        parser = built("parser", lambda: load_class(str(reading.parser), Parser))
    calculators = [built("calculator", lambda: load_class(name, StreamCalculator)) for name in settings.plugins.calculator]
    for name in settings.plugins.action:
        built("action", lambda: load_class(name, Action))
    own = [each for each in calculators if each is not None]
    processor = AnalyticsProcessor([*built_in_calculators(settings), *own], reading.buffer_time)
    if conf or not reading.nginx_conf:  # otherwise the format may be one that is defined there
        built("log_format", lambda: Recogniser(processor, choice, parser))
    context = Context(MessageFormatter(zone_named(settings.output.timezone)))
    for spec, table in zip(settings.alerting.actions, loaded.actions):
        with errors:
            try:
                spec.build(context)
            except MonitorError as error:
                raise ConfigError(f"{table.where}: {error}") from error
    errors.check()
