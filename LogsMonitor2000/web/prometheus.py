"""`/metrics`, for Prometheus to look at.

[[action]]
type = "prometheus"
listen = "127.0.0.1:9117"   # the default: nobody else's machine
sections = 100              # that have series of their own
"""

from __future__ import annotations

from collections.abc import Mapping
import re
import threading
from typing import TYPE_CHECKING, NamedTuple

from ..action.base import Action, Run
from ..config.table import Table
from ..deliver.spec import ActionSpec, AlertFilter, Context
from ..event import Alert, BucketClosed, Event, Summary
from ..limits import SECTIONS_MAX
from ..runtime.clock import Clock

if TYPE_CHECKING:
    from .server import Reply

LISTEN = "127.0.0.1:9117"
ADDRESS = re.compile(r"(?:\[([^]]+)\]|([^:\[\]]+)):(\d{1,5})")


class PrometheusSpec(NamedTuple):
    """A checked table of settings."""

    host: str = "127.0.0.1"
    port: int = 9117
    sections: int = 100

    def describe(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/metrics, of at most {self.sections} sections"

    def build(self, context: Context) -> Action:
        """The action; the address is taken now, and an `InputError` if it cannot be."""
        return PrometheusAction(self.host, self.port, self.sections, context.clock)


def read_prometheus(table: Table, name: str, alerts: AlertFilter) -> ActionSpec:
    """`listen` and `sections`."""
    if alerts != AlertFilter():
        raise table.error("alerts" if alerts.alerts else "severity", "does not apply to metrics, which are of all alerts")
    match = ADDRESS.fullmatch(listen := table.text("listen", LISTEN))
    if match is None or int(match[3]) > 65_535:
        raise table.error("listen", f"must be an address and a port like {LISTEN!r} or '[::1]:9117', not {listen!r}")
    sections = table.whole("sections", 100, least=1, most=SECTIONS_MAX)
    spec = PrometheusSpec(match[1] or match[2], int(match[3]), sections)
    return ActionSpec("prometheus", name, f"{name}: {spec.describe()}", spec.build)


class PrometheusAction(Action):
    """Shows at `/metrics` what it is told of and what it finds when it asks the run; one reader more or less is all the same to it.

    The server's thread begins with the first progress: by then the worker processes, if there are any, are usually there.
    """

    wants = frozenset({Alert, BucketClosed})

    def __init__(self, host: str = "127.0.0.1", port: int = 9117, sections: int = 100, clock: Clock | None = None) -> None:
        from ..source.statistics import ReadStatistics
        from .metrics import Metrics  # here, because few runs need them and start-up counts
        from .server import Server

        self._clock = clock or Clock()
        self._metrics = Metrics(sections, self._clock)
        self._summary, self._read = Summary(), ReadStatistics()
        self._run: Run | None = None
        self._actions: tuple[Action, ...] = ()  # of the run; those that deliver let any thread read their counts
        self._is_serving = False
        self._lock = threading.Lock()  # of everything above, which the server's thread reads
        self._server = Server(host, port, self._answer)

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return self._server.address

    def start(self, run: Run) -> None:
        with self._lock:
            self._run, self._actions = run, run.actions
            for alert in run.status().firing:
                self._metrics.know(alert)
        self._look(run)

    def notify(self, event: Event) -> None:
        with self._lock:
            self._metrics.add(event)

    def progress(self, read: int, total: int, lines: int) -> None:
        if self._run is not None:
            self._look(self._run)
        if not self._is_serving:
            self._is_serving = True
            self._server.start()

    def close(self) -> None:
        self._server.close()

    def _look(self, run: Run) -> None:
        summary, read, *_ = run.status()
        with self._lock:
            self._summary, self._read = summary, read

    def _answer(self, path: str) -> Reply:
        """In the server's thread. What takes time, putting it into words, is done without the lock."""
        from .exposition import CONTENT_TYPE, exposition
        from .server import Reply

        if path != "/metrics":
            return Reply(404, b"there is only /metrics\n")
        with self._lock:
            families = self._metrics.families(self._summary, self._read, self._deliveries(), self._server.replies)
        return Reply(200, exposition(families), CONTENT_TYPE)

    def _deliveries(self) -> dict[str, dict[tuple[str, str], int]]:
        """What the actions that deliver have counted: those that have a name and counts by outcome and reason."""
        found = {}
        for action in self._actions:
            name, counts = getattr(action, "name", None), getattr(action, "counts", None)
            if isinstance(name, str) and isinstance(counts, Mapping):
                found[name] = dict(counts)  # at once, since other threads count on
        return found
