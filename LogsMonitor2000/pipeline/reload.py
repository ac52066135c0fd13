"""SIGHUP while following: rules, mutes and receivers become those of the configuration as it is now.

Windows and alerts whose rule still measures the same continue, and a receiver takes over what one of its name had yet to send. All
of the configuration is checked first: if anything is wrong with it, that is reported and everything stays as it was. Other settings
than these take effect after a restart; where they have changed, that is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from ..analyze.calculator import StreamCalculator
from ..config.settings import Alerting, Settings, options, values_of
from ..errors import MonitorError
from ..event import Notice
from .checking import check
from .configuration import Loaded
from .followed import Following
from .monitor import Monitor
from .receivers import Receivers
from .recogniser import Recogniser


class Reloader:
    """Reloads the configuration that `read` reads; `settings` are those that the run has now."""

    def __init__(
        self,
        settings: Settings,
        read: Callable[[], Loaded],
        following: Following,
        receivers: Receivers,
        rules: StreamCalculator | None,
        rules_of: Callable[[Settings], StreamCalculator | None],
        recogniser_of: Callable[[], Recogniser],
    ) -> None:
        self._settings = settings
        self._read = read
        self._following = following
        self._receivers = receivers
        self._rules = rules
        self._rules_of = rules_of
        self._recogniser_of = recogniser_of

    def __call__(self, monitor: Monitor) -> Iterator[Notice]:
        """Reload; returns what there is to report."""
        try:
            loaded = self._read()
            check(loaded)
            self._swap_rules(monitor, loaded.settings)
        except MonitorError as error:
            for message in error.messages:
                yield Notice(message)
            yield Notice("configuration not reloaded: the old one stays in force")
            return
        self._receivers.hand_over()
        try:
            monitor.exchange(self._receivers.current, lambda: self._receivers.build(loaded.settings.alerting.actions))
        except MonitorError as error:  # what was right when it was checked
            yield Notice(str(error))
        yield from map(Notice, loaded.warnings)
        yield from self._unchanged(loaded.settings)
        self._settings = replace(self._settings, alerting=loaded.settings.alerting)
        alerting = loaded.settings.alerting
        counts = (len(alerting.rules), "rules"), (len(alerting.mutes), "mutes"), (len(alerting.actions), "receivers")
        yield Notice("configuration reloaded: " + ", ".join(f"{count} {what}" for count, what in counts))

    def _swap_rules(self, monitor: Monitor, settings: Settings) -> None:
        """Put the new rules in the place of the old ones, also in what the inputs measure."""
        rules = self._rules_of(replace(self._settings, alerting=settings.alerting))
        monitor.processor.replace(self._rules, rules)
        try:
            self._following.rebind(self._recogniser_of())
        except MonitorError:  # a log lacks a field that a rule needs
            monitor.processor.replace(rules, self._rules)
            raise
        self._rules = rules

    def _unchanged(self, settings: Settings) -> Iterator[Notice]:
        """What has changed in the file and is not reloaded."""
        reloaded = {name for name in options() if hasattr(Alerting, name)}
        before, after = values_of(self._settings), values_of(settings)
        names = [name for name, value in after.items() if name not in reloaded and value != before[name]]
        if names:
            yield Notice(f"changed, but only a restart applies it: {', '.join(names)}")
