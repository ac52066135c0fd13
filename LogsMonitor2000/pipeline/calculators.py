"""The calculators of a run, and the alert rules that one of them evaluates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..alert.high_traffic import HighTrafficCalculator
from ..analyze.calculator import StreamCalculator
from ..analyze.most_common import MostCommonCalculator
from ..analyze.totals import TotalsCalculator
from ..config.settings import Settings
from ..limits import SUMMARY_TOP, TRAFFIC_SECONDS
from .classes import load_class

if TYPE_CHECKING:
    from ..alert.attribution import SampleSource
    from ..alert.rule import Rule


def calculators_of(settings: Settings, samples: SampleSource | None = None) -> list[StreamCalculator]:
    """The calculators that `settings` ask for; alerts take what changed from `samples`, if there are any."""
    return built_in_calculators(settings, samples) + [
        load_class(name, StreamCalculator) for name in settings.plugins.calculator
    ]


def built_in_calculators(settings: Settings, samples: SampleSource | None = None) -> list[StreamCalculator]:
    """The calculators that `settings` ask for, without the user's own classes."""
    calculators: list[StreamCalculator] = []
    top = settings.statistics.top
    if settings.statistics.seconds:
        calculators.append(MostCommonCalculator(settings.statistics.seconds, top))
    summary_top = top if settings.output.output == "json" else max(top, SUMMARY_TOP)
    calculators.append(TotalsCalculator(settings.statistics.seconds, summary_top))
    if (rules := rule_calculator(settings, samples)) is not None:
        calculators.append(rules)
    if settings.serving.listen:
        from ..analyze.publisher import BucketPublisher
        from ..web.metrics import MEASURES

        calculators.append(BucketPublisher(TRAFFIC_SECONDS, MEASURES))
    if settings.output.output == "dashboard":
        from ..analyze.publisher import BucketPublisher
        from ..dashboard.model import MEASURES as DASHBOARD_MEASURES

        calculators.append(BucketPublisher(1, DASHBOARD_MEASURES, late=True))
    return calculators


def rule_calculator(settings: Settings, samples: SampleSource | None = None) -> StreamCalculator | None:
    """What evaluates the alert rules; None where there are none."""
    alerting = settings.alerting
    has_more = bool(alerting.rules or alerting.mutes)
    is_reloadable = settings.following.follow and settings.config is not None
    if has_more or alerting.has_high_traffic and is_reloadable:  # then the built-in alert is one rule among others
        from ..alert.calculator import RuleCalculator  # here, because few runs need it and start-up counts

        return RuleCalculator(all_rules(settings), alerting.mutes, causes=has_more, samples=samples)
    if alerting.has_high_traffic:
        return HighTrafficCalculator(alerting.high_traffic_interval, alerting.high_traffic_threshold)
    return None


def all_rules(settings: Settings) -> tuple[Rule, ...]:
    """The rules, and before them the built-in alert as one, where it is on."""
    from ..alert.high_traffic import built_in_rules

    alerting = settings.alerting
    return *built_in_rules(alerting.high_traffic_interval, alerting.high_traffic_threshold), *alerting.rules
