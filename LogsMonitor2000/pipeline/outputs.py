"""Which actions a run notifies: receivers of alerts, the HTTP server, and what writes to the standard output."""

from __future__ import annotations

from collections.abc import Sequence
import os
from typing import TYPE_CHECKING, TextIO

from ..action.base import Action
from ..action.formatter import MessageFormatter
from ..action.json_lines import JsonLines
from ..action.overview import OverviewNotifier
from ..action.progress import ProgressLine
from ..action.style import Style, width_of
from ..action.summary_text import Advice
from ..action.terminal import TerminalNotifier
from ..analyze.processor import AnalyticsProcessor
from ..config.settings import Settings
from ..runtime.clock import zone_named
from ..text import counted, printable, step
from ..version import VERSION
from .calculators import all_rules
from .classes import load_class

if TYPE_CHECKING:
    from ..state.database import Database
    from .receivers import Receivers


def receivers_of(
    settings: Settings, processor: AnalyticsProcessor, errors: TextIO, database: Database | None
) -> Receivers | None:
    """What builds the receivers, where there are any."""
    return receivers_in(settings, processor, errors, database) if settings.alerting.actions else None


def receivers_in(settings: Settings, processor: AnalyticsProcessor, errors: TextIO, database: Database | None) -> Receivers:
    """What builds receivers, also where there are none yet."""
    from ..deliver.spec import Context  # here, because few runs need it and start-up counts
    from .receivers import Receivers

    context = Context(MessageFormatter(zone_named(settings.output.timezone)), errors, firing=processor.firing)
    if database is None:
        return Receivers(context)
    from ..state.outbox import DeliveryStore

    return Receivers(context, DeliveryStore(database).outbox)


def actions_of(
    settings: Settings, out: TextIO, errors: TextIO, advice: Advice | None, receivers: Sequence[Action]
) -> list[Action]:
    """The actions that a run notifies, in their order; `receivers` are those that send alerts."""
    formatter = MessageFormatter(zone_named(settings.output.timezone))
    actions: list[Action] = [ProgressLine(errors)] if _shows_progress(settings, errors) else []
    actions += receivers  # before what is printed: when no one reads that any more, they must have been notified
    if settings.serving.listen:
        actions.append(_web_action(settings, formatter, errors))
    terminal = output_action(settings, out, errors, formatter, _banner(settings), advice)
    return [*actions, terminal, *(load_class(name, Action) for name in settings.plugins.action)]


def _web_action(settings: Settings, formatter: MessageFormatter, errors: TextIO) -> Action:
    """What serves the run over HTTP."""
    from ..web.action import WebAction  # here, because few runs need it and start-up counts
    from ..web.settings import HttpSettings

    assert settings.serving.listen is not None
    http = settings.serving.http or HttpSettings.of(settings.serving.listen)
    rules = [
        {
            "name": rule.name,
            "severity": rule.severity,
            "condition": rule.condition,
            # What the chart of all hits can draw a line for.
            "rate": f"{rule.threshold:.6g}" if rule.measure == "rate" and not rule.where and not rule.by else "",
        }
        for rule in all_rules(settings)
    ]
    history = None
    if settings.following.state is not None and not (settings.following.history and settings.following.history.off):
        from ..state.history.reader import StoredHistory

        history = StoredHistory(settings.following.state)
    return WebAction(http, formatter, errors, rules=rules, history=history)


def _shows_progress(settings: Settings, errors: TextIO) -> bool:
    return errors.isatty() and not settings.following.follow and settings.output.output != "dashboard"


def output_action(
    settings: Settings,
    out: TextIO,
    errors: TextIO,
    formatter: MessageFormatter,
    banner: str = "",
    advice: Advice | None = None,
) -> Action:
    """What writes events to the standard output."""
    if settings.output.output == "json":
        return JsonLines(out, errors, formatter, verbose=settings.output.verbose)
    if settings.output.output == "dashboard":
        return _dashboard(settings, out, errors, formatter)
    notifier = OverviewNotifier if settings.adapts_interval else TerminalNotifier
    return notifier(
        out,
        errors,
        formatter,
        banner=banner,
        style=Style.of(out, settings.output.color),
        width=width_of(out),
        verbose=settings.output.verbose,
        advice=advice,
    )


def _dashboard(settings: Settings, out: TextIO, errors: TextIO, formatter: MessageFormatter) -> Action:
    """The dashboard, and the summary after it."""
    from ..dashboard.action import Dashboard  # here, because few runs need it and start-up counts
    from ..dashboard.screen import Screen
    from ..dashboard.tty import Tty

    style = Style.of(out, settings.output.color)
    afterwards = TerminalNotifier(out, errors, formatter, style=style, width=width_of(out), is_timed=False)
    terminal = Tty(color=settings.output.color != "never" and not os.environ.get("NO_COLOR"))
    alerting = settings.alerting
    threshold = alerting.high_traffic_threshold if alerting.has_high_traffic else 0.0
    return Dashboard(terminal, Screen(formatter, Style(unicode=terminal.has_unicode), _title(settings), threshold), afterwards)


def _title(settings: Settings) -> str:
    """What the logs are called together."""
    reading = settings.reading
    return "built-in demo" if reading.demo else ", ".join(reading.files or ["standard input"])


def _banner(settings: Settings) -> str:
    inputs = _title(settings)
    seconds = settings.statistics.seconds
    every = f"statistics every {step(seconds)}, " if seconds else "no statistics, "
    alerting = settings.alerting
    alert = "no high-traffic alert"
    if alerting.has_high_traffic:
        alert = f"alert above {alerting.high_traffic_threshold:g} requests/s over {alerting.high_traffic_interval} s"
    rules = f", {counted(len(alerting.rules), 'alert rule')}" if alerting.rules else ""
    every = "" if settings.adapts_interval else every
    return f"LogsMonitor2000 {VERSION}: {printable(os.fsencode(inputs))}\n{every}{alert}{rules}"
