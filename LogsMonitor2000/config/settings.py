"""What a run was asked to do: frozen settings, one dataclass a concern, composed.

Each option is declared once, as a field: its name, default, kind and help (`option.py`). Settings check themselves whenever they
are made, also by `dataclasses.replace`; what cannot be raises a `UsageError`. They are plain data: they read no file, parse no
arguments and build nothing.

    settings = Settings.of(files=("access.log",), follow=True)
    settings.reading.files, settings.following.follow, settings.alerting.high_traffic_threshold
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from ..limits import JOBS_MAX, STATE_SECONDS
from .address import Address
from .option import Flag, Option, Real, Seconds, Text, Texts, Whole, option, option_of

if TYPE_CHECKING:
    from ..alert.mute import Mute
    from ..alert.rule import Rule
    from ..deliver.spec import ActionSpec
    from ..state.history.settings import HistorySettings
    from ..web.settings import HttpSettings

STATS_SECONDS = 10
"""The length of an interval of statistics where it is not chosen by the span of the log."""


class Concern:
    """Some settings that belong together."""

    def __post_init__(self) -> None:
        for declared in fields(self):  # type: ignore[arg-type]
            if (known := option_of(declared)) is not None:
                _check(known, getattr(self, declared.name))


def _check(known: Option, value: Any) -> None:
    if value is None and known.default is None:
        return
    try:
        known.kind.check(value)
    except ValueError as error:
        raise UsageError(f"--{known.name} {error}") from None


@dataclass(frozen=True)
class Reading(Concern):
    """Which logs are read, as what, and which times in them are believed."""

    files: tuple[str, ...] = ()
    log_format: str = option("auto", Text("NAME"), "auto, a name (see: formats), or a definition of nginx or Apache")
    fields: str = option("", Text("FIELD=KEY,..."), "where JSON, LTSV or logfmt has a field: time=ts,status=res.code")
    time_format: str = option("", Text("FORMAT"), "unusual times, in strftime's notation: '%d.%m.%Y %H:%M:%S'")
    client_from: str = option(
        "", Text(words=("x_forwarded_for",), optional=True), "take the client from X-Forwarded-For: the closest untrusted hop"
    )
    trusted: tuple[str, ...] = option((), Texts("NETWORK"), "a proxy that client_from trusts, or a network (private, loopback)")
    nginx_conf: str = option(
        "", Text("FILE", completes="file"), "take the formats, and the logs if none is named, from nginx.conf"
    )
    parser: str | None = option(None, Text("MODULE:CLASS"), "use a parser of your own")
    demo: bool = option(False, Flag(), "read a built-in log of a made-up shop instead of files")
    buffer_time: int = option(2, Seconds("SECONDS", least=0), "how far behind the newest line a line may be")
    max_skew: int | None = option(
        None, Seconds("SECONDS", auto=True, least=0), "how far ahead of the clock a time may be (auto: 1d, 60 with -f)"
    )
    jobs: int | None = option(
        None, Whole("auto|N", auto=True, least=1, most=JOBS_MAX), "worker processes for plain files; auto: as many as pay off"
    )


@dataclass(frozen=True)
class Follow(Concern):
    """Whether logs are read on as they grow, and what is kept: for a restart, and as history, as the table [history] says."""

    follow: bool = option(False, Flag(), "keep reading what is appended, through rotations", short="f")
    start: str = option("begin", Text(words=("begin", "end")), "where following begins in a file without a saved position")
    state: str | None = option(
        None, Text("DIR", completes="directory"), "keep in DIR what a restart needs to resume, and history"
    )
    commit_interval: float = option(
        STATE_SECONDS, Seconds("SECONDS", least=0, whole=False), "how often to commit the state; alerts at once"
    )
    commit_lines: int | None = option(None, Whole("N", auto=True, least=1), "commit it also after N lines (auto: never)")
    history: HistorySettings | None = None


@dataclass(frozen=True)
class Statistics(Concern):
    """What is reported interval by interval."""

    stats_interval: int | None = option(
        None, Seconds("SECONDS", auto=True, least=0), "length of an interval (auto: by the span of the log; 0: off)"
    )
    top: int = option(3, Whole("N", least=1), "how many sections and sources to show")

    @property
    def seconds(self) -> int:
        """The length of an interval where it does not depend on the span of the log; 0 is off."""
        return STATS_SECONDS if self.stats_interval is None else self.stats_interval


@dataclass(frozen=True)
class Alerting(Concern):
    """What is alerted on, and who hears of it: all that a reload replaces."""

    high_traffic_threshold: float = option(10.0, Real("HITS", least=0), "alert above this many requests/s; 0: off")
    high_traffic_interval: int = option(120, Seconds("SECONDS", least=0), "window of that alert; 0: off")
    alerts: str = option("off", Text(words=("off", "default")), "default: add a set of rules that suits most sites")
    rules: tuple[Rule, ...] = ()
    mutes: tuple[Mute, ...] = ()
    actions: tuple[ActionSpec, ...] = ()

    @property
    def has_high_traffic(self) -> bool:
        """Whether the built-in alert is on."""
        return bool(self.high_traffic_interval and self.high_traffic_threshold)


@dataclass(frozen=True)
class Output(Concern):
    """How results are shown."""

    output: str = option("text", Text(words=("text", "json", "dashboard")), "text, one JSON object a line, or full screen")
    timezone: str = option("local", Text("ZONE"), "zone of the times shown: local, UTC, Europe/Prague …")
    color: str = option("auto", Text(words=("auto", "always", "never")), "auto: on a terminal, unless NO_COLOR is set")
    verbose: bool = option(False, Flag(), "say which format was detected, show pending alerts", short="v")


@dataclass(frozen=True)
class Serving(Concern):
    """What is served over HTTP, and to whom: `http` has what the tables [http] and [metrics] of a file say."""

    listen: str | None = option(None, Address("ADDRESS"), "serve metrics, events and an API over HTTP: 127.0.0.1:8000")
    http: HttpSettings | None = None


@dataclass(frozen=True)
class Plugins(Concern):
    """Classes of the user's own that are added to the usual ones."""

    calculator: tuple[str, ...] = option((), Texts("MODULE:CLASS"), "add a calculator of your own")
    action: tuple[str, ...] = option((), Texts("MODULE:CLASS"), "add an action of your own")


@dataclass(frozen=True)
class Settings:
    """All settings of a run. `config` is the file that some of them are from."""

    reading: Reading = field(default_factory=Reading)
    following: Follow = field(default_factory=Follow)
    statistics: Statistics = field(default_factory=Statistics)
    alerting: Alerting = field(default_factory=Alerting)
    output: Output = field(default_factory=Output)
    serving: Serving = field(default_factory=Serving)
    plugins: Plugins = field(default_factory=Plugins)
    config: str | None = None

    def __post_init__(self) -> None:
        if self.reading.demo and (self.reading.files or self.following.follow):
            raise UsageError("--demo reads its own log: it goes with neither files nor --follow")
        if not self.following.follow and (self.following.state is not None or self.following.start != "begin"):
            raise UsageError("--state and --start go with --follow")
        if self.following.state is None and (self.following.commit_interval, self.following.commit_lines) != (
            STATE_SECONDS,
            None,
        ):
            raise UsageError("--commit_interval and --commit_lines go with --state")

    @classmethod
    def of(cls, **values: Any) -> Settings:
        """Settings of the options that are named, whatever concern they belong to; the others have their defaults."""
        return cls().but(**values)

    def but(self, **values: Any) -> Settings:
        """These settings, with the options that are named changed."""
        changed: dict[str, Any] = {}
        for concern in fields(self):
            own = getattr(self, concern.name)
            if isinstance(own, Concern):
                names = [declared.name for declared in fields(own)]  # type: ignore[arg-type]
                given = {name: values.pop(name) for name in names if name in values}
                if given:
                    changed[concern.name] = replace(own, **given)  # type: ignore[type-var]
        return replace(self, **changed, **values)

    @property
    def adapts_interval(self) -> bool:
        """Whether the length of an interval of statistics is chosen by the span of the log: text about finished, named files."""
        is_finished = bool(self.reading.files) and "-" not in self.reading.files and not self.following.follow
        is_finished = is_finished or self.reading.demo
        return self.statistics.stats_interval is None and is_finished and self.output.output == "text"


def options() -> Mapping[str, Option]:
    """Every option, by name."""
    return {known.name: known for known in _options()}


def _options() -> Iterator[Option]:
    for concern in (Reading, Follow, Statistics, Alerting, Output, Serving, Plugins):
        for declared in fields(concern):
            if (known := option_of(declared)) is not None:
                yield known


def values_of(settings: Settings) -> dict[str, Any]:
    """The value of every option in `settings`, and `files`, by name."""
    found: dict[str, Any] = {"files": settings.reading.files}
    for concern in fields(settings):
        own = getattr(settings, concern.name)
        if isinstance(own, Concern):
            known = (option_of(declared) for declared in fields(own))  # type: ignore[arg-type]
            found |= {each.name: getattr(own, each.name) for each in known if each is not None}
    return found
