"""LogsMonitor2000: watches HTTP access logs, shows what the traffic looks like, and raises alerts that can be trusted.

This is the public API. A monitor of your own:

    processor = AnalyticsProcessor([MostCommonCalculator(interval=60), HighTrafficCalculator(threshold=25)])
    monitor = Monitor([open_log("access.log", processor)], processor)
    for event in monitor.events():
        print(event)
"""

import sys

if sys.version_info < (3, 11):  # this module and `__main__` must be valid for old Pythons, or they could not say so
    _needs = "LogsMonitor2000 needs Python 3.11 or newer; %s is Python %d.%d" % ((sys.executable,) + sys.version_info[:2])
    if sys.argv[:1] == ["-m"] or sys.version_info < (3,):  # `python -m` would show a traceback
        sys.exit(_needs)
    raise ImportError(_needs)

from .action.base import Action
from .action.formatter import MessageFormatter
from .action.json_lines import JsonLines
from .action.terminal import TerminalNotifier
from .alert.high_traffic import HighTrafficCalculator
from .analyze.bucket import Bucket
from .analyze.calculator import StreamCalculator
from .analyze.measures.base import Measure
from .analyze.measures.count import Count
from .analyze.measures.sum import Sum
from .analyze.most_common import MostCommonCalculator
from .analyze.processor import AnalyticsProcessor
from .config.settings import Settings
from .errors import FormatError, InputError, MonitorError, UsageError, WorkerError
from .event import Alert, Event, MalformedLine, Notice, Stats, Summary, WebLogEvent
from .parse.base import Malformed, Parser
from .parse.lines.http_log import HTTPLogParser
from .pipeline.monitor import Monitor
from .pipeline.wiring import build, open_log
from .runtime.clock import Clock
from .source.base import Source
from .source.file import FileSource
from .source.pipe import PipeSource
from .version import VERSION as __version__

__all__ = [
    "Action",
    "Alert",
    "AnalyticsProcessor",
    "Bucket",
    "Clock",
    "Count",
    "Event",
    "FileSource",
    "FormatError",
    "HTTPLogParser",
    "HighTrafficCalculator",
    "InputError",
    "JsonLines",
    "Malformed",
    "MalformedLine",
    "Measure",
    "MessageFormatter",
    "Monitor",
    "MonitorError",
    "MostCommonCalculator",
    "Notice",
    "Parser",
    "PipeSource",
    "Settings",
    "Source",
    "Stats",
    "StreamCalculator",
    "Sum",
    "Summary",
    "TerminalNotifier",
    "UsageError",
    "WebLogEvent",
    "WorkerError",
    "__version__",
    "build",
    "open_log",
]
